"""Drive a tiny project through search, fetch and compute, without the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.tiny_project import TinyProject


@dataclass(frozen=True, repr=False)
class TinyRun:
    """A run, opened up."""

    tiny: TinyProject
    project: Any
    grid: Any
    store: Any
    items: Any
    fetched: Any
    result: Any

    def __iter__(self) -> Any:
        return iter((self.tiny, self.project, self.fetched, self.result))

    def again(self, *, where: str = "none", chunk: int = 17, period: str | None = None) -> Any:
        """Compute once more from the same evidence."""
        from mrv.pipeline import compute

        return compute(
            self.project.plan, self.project.plan.claim_for(period), self.project.boundary, self.fetched.scenes,
            store=self.store, inputs=self.project.inputs, where=where, chunk=chunk,
        )  # fmt: skip


def search_tiny(tiny: TinyProject, *, period: str | None = None) -> tuple[Any, Any, Any]:
    """``(project, grid, items)`` of a search."""
    from mrv.grid import grid_for, window_bbox
    from mrv.sources.stac import search

    project = tiny.load()
    grid = grid_for(project.plan.grid, project.boundary)
    items = search(
        project.plan, project.settings.sources, bbox=window_bbox(grid),
        last=project.plan.claim_for(period).end, base=project.folder,
    )  # fmt: skip
    return project, grid, items


def fetch_tiny(tiny: TinyProject, *, period: str | None = None, **options: Any) -> tuple[Any, ...]:
    """``(project, grid, items, store, fetched)``."""
    from mrv.sources.fetch import fetch
    from mrv.sources.store import Store

    project, grid, items = search_tiny(tiny, period=period)
    store = Store(project.store_folder)
    return project, grid, items, store, fetch(project.plan, items, grid=grid, store=store, **options)


def run_tiny(tiny: TinyProject, *, period: str | None = None, where: str = "none", chunk: int = 17) -> TinyRun:
    """Search, fetch and compute."""
    from mrv.pipeline import compute

    project, grid, items, store, fetched = fetch_tiny(tiny, period=period)
    result = compute(
        project.plan, project.plan.claim_for(period), project.boundary, fetched.scenes, store=store,
        inputs=project.inputs, where=where, chunk=chunk,
    )  # fmt: skip
    return TinyRun(tiny, project, grid, store, items, fetched, result)
