"""Window: the plan's pixels over a boundary, which of them are the project, and how large each is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mrv.areas import pixel_areas_mm2
from mrv.errors import PlanError
from mrv.grid import grid_for, inside

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.plan import MonitoringPlan
    from mrv.project import Boundary


@dataclass(frozen=True)
class Window:
    """Where a project is observed."""

    grid: GeoBox
    """The plan's window."""
    inside: NDArray[np.bool_]
    """Project area (y, x)."""

    @cached_property
    def areas_mm2(self) -> NDArray[np.int64]:
        """Geodesic pixel areas (y, x)."""
        return pixel_areas_mm2(self.grid)


def window_of(plan: MonitoringPlan, boundary: Boundary) -> Window:
    """The window of a project.

    Raises:
        PlanError: No pixel has its centre in the boundary.
    """
    grid = grid_for(plan.grid, boundary)
    area = inside(grid, boundary)
    if not area.any():
        raise PlanError(
            "no pixel has its centre in the boundary", code="boundary.empty", file=boundary.name, field="geometry",
            hint="the project area is smaller than a pixel, or its coordinates are wrong",
        )  # fmt: skip
    return Window(grid, area)
