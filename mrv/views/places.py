"""Places: where pixels of a result lie, how large they are on the ground, and where the project's edge runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.pipeline import Result


def outline(inside: NDArray[np.bool_]) -> tuple[NDArray[np.float64], ...]:
    """Rings along the pixel edges around a mask (y, x): (column, row) of corners, holes too."""
    from rasterio.features import shapes

    found = shapes(inside.astype(np.uint8), mask=inside)
    return tuple(np.array(ring, np.float64) for shape, _ in found for ring in shape["coordinates"])


def lonlat(result: Result, row: float, col: float) -> tuple[float, float]:
    """Longitude and latitude, degrees, of a place of the window (0, 0 is its north-west corner)."""
    from pyproj import Transformer

    affine = result.grid.affine  # north-up: the grid makes no other
    to_lonlat = Transformer.from_crs(result.statement.grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_lonlat.transform(affine.c + affine.a * col, affine.f + affine.e * row)
    return float(lon), float(lat)


def pixel_size_m(result: Result) -> tuple[float, float]:
    """Width and height of the pixel in the middle of the window, m on the ground where the grid is in degrees."""
    from pyproj import CRS, Geod

    affine = result.grid.affine
    if not CRS.from_user_input(result.statement.grid.crs).is_geographic:
        return abs(affine.a), abs(affine.e)
    rows, cols = result.grid.shape
    lon, lat = lonlat(result, rows / 2, cols / 2)
    geod = Geod(ellps="WGS84")
    wide = geod.inv(lon, lat, lon + affine.a, lat)[2]
    high = geod.inv(lon, lat, lon, lat + abs(affine.e))[2]
    return float(wide), float(high)
