"""Maps: what was mapped, on the plan's window, for looking at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.strata import GAIN
from mrv.change.extent_maps import ExtentChange
from mrv.views.optical import OpticalViews, look_scenes
from mrv.views.places import lonlat, outline, pixel_size_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.pipeline import Result


@dataclass(frozen=True)
class AsCame:
    """Change of extent maps as they came, beside what was counted; years (y, x), 0 without."""

    loss_year: NDArray[np.int32]
    """Loss of the maps as they came."""
    gain_year: NDArray[np.int32]
    """Gain of the maps as they came."""
    counted_gain_year: NDArray[np.int32]
    """Gain that was counted."""


@dataclass(frozen=True)
class Views:
    """Maps of one result, and what its scenes show where it has any; rasters are (y, x) on the plan's window."""

    statement_digest: str
    """Statement these pictures belong to."""
    crs: str
    """Coordinate reference system of the window."""
    pixel_m: float
    """Width of a pixel on the ground, metres."""
    pixel_high_m: float
    """Height of a pixel, metres; other than the width where the grid is in degrees."""
    centre: tuple[float, float]
    """Longitude and latitude of the window's centre, degrees."""
    outline: tuple[NDArray[np.float64], ...]
    """Rings around the project's pixels: (column, row) of pixel corners (n, 2)."""
    loss_year: NDArray[np.int32]
    """Year of loss inside the loss stratum; 0 elsewhere."""
    strata: NDArray[np.uint8]
    """Strata, codes as ``names``; 0 outside the project."""
    names: dict[int, str]
    """Strata by code."""
    gain_year: NDArray[np.int32] | None = None
    """Year of gain, 0 without; None where the detector maps none."""
    as_came: AsCame | None = None
    """Change of extent maps as they came; None where change was read from them as they came."""
    kinds: NDArray[np.uint8] | None = None
    """Kinds of change, codes of the map ``change_kind``; None where they are not told apart."""
    optical: OpticalViews | None = None
    """What the scenes show; None where extent maps were compared."""

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """Row and column of the pixels whose curves are shown."""
        return tuple((pixel.row, pixel.col) for pixel in self.optical.series) if self.optical else ()


def look(result: Result) -> Views:
    """Everything there is to look at.

    Args:
        result: A result; where it monitored scenes, its store must still be readable.
    """
    rows, cols = result.grid.shape
    wide, high = pixel_size_m(result)
    return Views(
        statement_digest=result.statement.digest(),
        crs=result.statement.grid.crs,
        pixel_m=wide,
        pixel_high_m=high,
        centre=lonlat(result, rows / 2, cols / 2),
        outline=outline(result.inside),
        loss_year=result.activity.years,
        strata=result.activity.strata,
        names=result.activity.names,
        gain_year=result.maps.get("gain_year"),
        as_came=_as_came(result),
        kinds=result.maps.get("change_kind"),
        optical=_scenes(result),
    )


def _as_came(result: Result) -> AsCame | None:
    maps, strata = result.maps, result.activity.strata
    if "mapped_loss_year" not in maps:
        return None
    counted = np.where(strata == GAIN, maps["gain_year"], 0).astype(np.int32)
    return AsCame(maps["mapped_loss_year"], maps["mapped_gain_year"], counted)


def _scenes(result: Result) -> OpticalViews | None:
    return None if isinstance(result.detail, ExtentChange) else look_scenes(result, result.detail)
