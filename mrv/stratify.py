"""Stratify: the strata map of a period, made as a run makes it, without the tables that a run needs besides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from mrv.change.extent_maps import ExtentChange
from mrv.observe.fused import Fused
from mrv.observe.observe import observe
from mrv.observe.window import window_of
from mrv.run import fetch_scenes, read_fetched, search_scenes
from mrv.sources.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.observe.survey import Survey
    from mrv.plan import Claim
    from mrv.project import Project


@dataclass(frozen=True)
class Stratified:
    """A strata map, and the scenes it came from."""

    strata: NDArray[np.uint8]
    """Codes (y, x); 0 outside the project area."""
    names: dict[int, str]
    """Strata by code."""
    grid: GeoBox
    """The window."""
    optical: Survey | None
    """Optical scenes to look at; None where there were none."""


def stratify(
    project: Project,
    claim: Claim,
    *,
    where: str | None,
    progress: Callable[[str, int, int], None],
) -> Stratified:
    """Search, fetch and observe: the strata map of a period, as a run makes it.

    Args:
        project: The project.
        claim: The claim of the period.
        where: Where Dask runs; None takes the settings'.
        progress: Told stage, done and total.

    Raises:
        MRVError: What would refuse a run.
    """
    progress("search", 0, 0)
    scenes = read_fetched(fetch_scenes(project, search_scenes(project, claim), progress=progress)).scenes
    window, stages = window_of(project.plan, project.boundary), count(1)
    seen, detail = observe(
        project.plan, claim, scenes, window=window, store=Store(project.store_folder),
        where=where or project.settings.where, chunk=project.settings.chunk,
        progress=lambda stage: progress(stage, next(stages), 0),
    )  # fmt: skip
    shown = None if isinstance(detail, ExtentChange) else detail.optical if isinstance(detail, Fused) else detail.survey
    return Stratified(seen.activity.strata, seen.activity.names, window.grid, shown)
