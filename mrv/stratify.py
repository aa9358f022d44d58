"""Stratify: the strata map of a period, made as a run makes it, without the tables that a run needs besides."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from mrv import compute as place
from mrv.areas import pixel_areas_mm2
from mrv.grid import grid_for, inside
from mrv.observe.extents import observe_extents
from mrv.observe.optical import observe_optical
from mrv.observe.scenes import verify_pixels
from mrv.plan import ChangeTable
from mrv.run import fetch_scenes, read_fetched, search_scenes
from mrv.sources.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.observe.optical import Optical
    from mrv.plan import Claim
    from mrv.project import Project


@dataclass(frozen=True)
class Stratified:
    """A strata map, and the scenes it came from."""

    strata: NDArray[np.uint8]
    """Codes (y, x); 0 outside the project area."""
    grid: GeoBox
    """The window."""
    optical: Optical | None
    """Scenes to look at; None where extent maps were compared."""


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
    grid, store, stages = grid_for(project.plan.grid, project.boundary), Store(project.store_folder), count(1)
    shared: dict[str, Any] = {
        "grid": grid, "area": inside(grid, project.boundary), "areas_mm2": pixel_areas_mm2(grid), "store": store,
        "progress": lambda stage: progress(stage, next(stages), 0),
    }  # fmt: skip
    with place.running(where or project.settings.where):
        verify_pixels(store, scenes)
        if isinstance(project.plan.method.change, ChangeTable):
            seen, optical = observe_optical(project.plan, claim, scenes, chunk=project.settings.chunk, **shared)
            return Stratified(seen.activity.strata, grid, optical)
        return Stratified(observe_extents(project.plan, claim, scenes, **shared)[0].activity.strata, grid, None)
