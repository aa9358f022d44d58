"""From evidence to statement: a pure function of plan, boundary, pixels and code.

:func:`compute` is read from top to bottom; it is the only place where the rooms meet.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv import compute as place
from mrv.activity.strata import ActivityData, measure
from mrv.areas import pixel_areas_mm2, total_m2
from mrv.carbon.tables import factors_for
from mrv.change.harmonic_monitor import ChangeMap, Model, detect
from mrv.change.screening import SceneView, Screened, screen, view_scene
from mrv.compose import compose, evidence_sections, layer_section, observation_section, project_section
from mrv.cube import Layer, Reader, build_cube
from mrv.errors import PlanError, SourceError
from mrv.grid import grid_for, inside
from mrv.sources.radiometry import decide_offset
from mrv.units import Period, epoch_day, from_epoch_day, sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.plan import Claim, MonitoringPlan
    from mrv.project import Boundary
    from mrv.sources.items import Scene
    from mrv.sources.store import Store
    from mrv.statement import Statement

_NOT_COMPUTING = frozenset({
    "attest", "charts.py", "cli.py", "curves.py", "differences.py", "explain.py", "page.py", "progress.py",
    "provenance.py", "replay.py", "report.py", "run.py", "views.py",
})  # fmt: skip
"""What can change without changing any statement."""


@dataclass(frozen=True)
class Result:
    """A statement, and what a person may want to look at beside it."""

    statement: Statement
    """The statement."""
    grid: GeoBox
    """The window."""
    reader: Reader
    """Reads tiles of the evidence."""
    layers: tuple[Layer, ...]
    """Optical scenes, in time order."""
    screened: Screened
    """Which of them were used."""
    model: Model
    """The detector, set up for the scenes used."""
    change: ChangeMap
    """What it found."""
    activity: ActivityData
    """Strata."""
    forest: NDArray[np.bool_]
    """Forest at the start."""
    inside: NDArray[np.bool_]
    """Project area."""

    @property
    def used(self) -> tuple[Layer, ...]:
        """Scenes that entered the detector."""
        return used_layers(self.layers, self.screened)

    @property
    def maps(self) -> dict[str, NDArray[Any]]:
        """Maps that the statement names by digest."""
        return _maps(self.change, self.activity)


def compute(
    plan: MonitoringPlan,
    claim: Claim,
    boundary: Boundary,
    scenes: Sequence[Scene],
    *,
    store: Store,
    where: str = "local",
    chunk: int = 256,
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Verify one period from evidence.

    Args:
        plan: The plan.
        claim: The claim; its period is verified.
        boundary: The project area.
        scenes: Evidence; their pixels are in ``store``.
        store: The store.
        where: Where Dask runs; changes nothing in the result.
        chunk: Edge of a chunk, pixels; changes nothing either.
        progress: Told the name of each stage.

    Raises:
        MRVError: A typed refusal of whichever room cannot go on.
    """
    grid = grid_for(plan.grid, boundary)
    area = inside(grid, boundary)
    if not area.any():
        raise PlanError(
            "no pixel has its centre in the boundary", code="boundary.empty", file=boundary.name, field="geometry",
            hint="the project area is smaller than a pixel, or its coordinates are wrong",
        )  # fmt: skip
    period = Period(claim.start, claim.end)
    optical, cover = _split(plan, scenes, period)
    with place.running(where):
        progress("check evidence")
        _verify(store, scenes)
        reader = _reader(plan, grid, store)
        forest = _forest(plan, reader, cover)
        progress("screen scenes")
        offsets = [decide_offset(scene, _radiometry(plan)) for scene in optical]
        layers = tuple(
            Layer(epoch_day(scene.day), scene.bands, offset.offset_dn) for scene, offset in zip(optical, offsets, strict=True)
        )
        views = _views(reader, layers, forest)
        screened = screen(
            [layer.day for layer in layers], views, rules=plan.method.observation, start=plan.project.start,
            forest_px=int(forest.sum()),
        )  # fmt: skip
        progress("detect change")
        _observed(plan, claim, layers, screened)
        model = _model(plan, layers, screened)
        change = detect(build_cube(reader, used_layers(layers, screened), chunk=chunk), model)
    progress("measure")
    areas = pixel_areas_mm2(grid)
    activity = measure(
        change, forest, area, areas, scene_days=model.days, since=plan.project.start, period=period,
        minimum_px=plan.project.forest.minimum_mapping_unit_px, buffer_px=plan.method.activity.buffer_px,
    )  # fmt: skip
    statement = compose(
        plan, claim,
        project=project_section(plan, boundary, area_m2=total_m2(areas, area), pixels=int(area.sum())),
        grid=grid, code_digest=code_digest(),
        evidence=[*evidence_sections(plan, optical, offsets, views, screened), layer_section(cover)],
        observation=observation_section(layers, screened, change, forest & area, activity),
        activity=activity, maps=_maps(change, activity), factors=factors_for(plan.factors),
        seed=_seed(plan, boundary, scenes),
    )  # fmt: skip
    return Result(statement, grid, reader, layers, screened, model, change, activity, forest, area)


def used_layers(layers: Sequence[Layer], screened: Screened) -> tuple[Layer, ...]:
    """The scenes that entered the detector."""
    return tuple(layer for layer, state in zip(layers, screened.status, strict=True) if state in {"used", "history"})


def _split(plan: MonitoringPlan, scenes: Sequence[Scene], period: Period) -> tuple[list[Scene], Scene]:
    optical_id, cover_id = plan.source("optical").id, plan.source("tree-cover").id
    optical = sorted(
        (scene for scene in scenes if scene.source == optical_id and scene.day <= period.end),
        key=lambda scene: (scene.day, scene.id),
    )
    if not any(scene.day in period for scene in optical):
        have = f"scenes run from {optical[0].day} to {optical[-1].day}" if optical else "there are no scenes"
        raise SourceError(
            f"no scene in the period {period}",
            code="source.period",
            field="claim",
            hint=f"{have}: check the claim's dates",
        )
    for one, two in pairwise(optical):
        if one.day == two.day:
            raise SourceError(
                f"{one.id} and {two.id} are of the same day",
                code="source.same-day",
                file=two.id,
                field=f"sources.{optical_id}",
                hint="one acquisition under two ids counts twice: keep one tile and one processing of each day",
            )
    covers = [scene for scene in scenes if scene.source == cover_id]
    if len(covers) != 1:
        raise SourceError(
            f"{len(covers)} tree-cover layers, one is needed",
            code="source.tree-cover",
            field=f"sources.{cover_id}",
            hint="name a collection with one layer, or narrow sources.first",
        )
    return optical, covers[0]


def _observed(plan: MonitoringPlan, claim: Claim, layers: Sequence[Layer], screened: Screened) -> None:
    """Every year of the period needs as many usable scenes as a break needs anomalies: unseen is not unharmed."""
    need = plan.method.change.consecutive
    for year in Period(claim.start, claim.end).years:
        states = [s for layer, s in zip(layers, screened.status, strict=True) if from_epoch_day(layer.day).year == year]
        if states.count("used") < need:
            told = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "none at all"
            raise SourceError(
                f"{year} has {states.count('used')} usable scenes, {need} are needed (scenes: {told})",
                code="source.unobserved",
                field=f"claim {claim.period}",
                hint="wait for more scenes or shorten the period; steps of the whole forest's index are its loss or a wrong "
                "offset: look at those scenes",
            )


def _verify(store: Store, scenes: Sequence[Scene]) -> None:
    """Recompute every pixel digest, many at once."""
    import dask

    digests = sorted({digest for scene in scenes for digest in scene.bands.values()})
    lots = [digests[first : first + 64] for first in range(0, len(digests), 64)]
    dask.compute(*(dask.delayed(_verify_lot, pure=False)(store, lot) for lot in lots))


def _verify_lot(store: Store, digests: list[str]) -> None:
    for digest in digests:
        store.verify_pixels(digest)


def _radiometry(plan: MonitoringPlan) -> Any:
    return plan.source("optical").radiometry


def _reader(plan: MonitoringPlan, grid: GeoBox, store: Store) -> Reader:
    return Reader(store, grid, plan.grid, plan.method.observation, Fraction(_radiometry(plan).scale))


def _forest(plan: MonitoringPlan, reader: Reader, cover: Scene) -> NDArray[np.bool_]:
    whole = (slice(0, reader.grid.shape[0]), slice(0, reader.grid.shape[1]))
    percent = reader.band(Layer(0, cover.bands, 0), "tree_cover", whole)
    forest: NDArray[np.bool_] = (percent >= ceil(plan.project.forest.min_cover_percent)) & (percent <= 100)
    if not forest.any():
        raise SourceError(
            f"no pixel of the window has {plan.project.forest.min_cover_percent} % tree cover",
            code="activity.no-forest",
            file=cover.id,
            field="project.forest.min_cover_percent",
            hint="check the boundary and the tree-cover layer",
        )
    return forest


def _views(reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_]) -> list[SceneView]:
    import dask

    lots = [layers[first : first + 16] for first in range(0, len(layers), 16)]
    found = dask.compute(*(dask.delayed(_view_lot, pure=False)(reader, lot, forest) for lot in lots))
    return [view for lot in found for view in lot]


def _view_lot(reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_]) -> list[SceneView]:
    return [view_scene(reader, layer, forest) for layer in layers]


def _model(plan: MonitoringPlan, layers: Sequence[Layer], screened: Screened) -> Model:
    kept = [
        (layer.day, shift)
        for layer, state, shift in zip(layers, screened.status, screened.shift, strict=True)
        if state in {"used", "history"}
    ]
    return Model(
        rules=plan.method.change,
        days=np.array([day for day, _ in kept], np.int32),
        shift=np.array([shift for _, shift in kept], np.int16),
        history=sum(state == "history" for state in screened.status),
    )


def _maps(change: ChangeMap, activity: ActivityData) -> dict[str, NDArray[Any]]:
    return {
        "break_day": change.break_day,
        "confidence": change.confidence,
        "clear_count": change.clear_count,
        "stratum": activity.strata,
    }


def _seed(plan: MonitoringPlan, boundary: Boundary, scenes: Sequence[Scene]) -> str:
    inputs = sorted({boundary.digest, *(digest for scene in scenes for digest in scene.bands.values())})
    return sha256_bytes("\n".join([plan.digest(), *inputs]).encode())


@cache
def code_digest() -> str:
    """sha256 over the sorted (path, sha256) of the code and tables of the rooms that compute."""
    root = files("mrv")
    rows: list[str] = []

    def walk(folder: Any, prefix: str) -> None:
        for entry in folder.iterdir():
            name = f"{prefix}{entry.name}"
            if name in _NOT_COMPUTING or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                walk(entry, f"{name}/")
            elif name.endswith((".py", ".csv")):
                rows.append(f"{name} {hashlib.sha256(entry.read_bytes()).hexdigest()}")

    walk(root, "")
    return sha256_bytes("\n".join(sorted(rows)).encode())
