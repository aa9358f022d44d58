"""The grid: one GeoBox from the plan and the boundary, and which of its pixels are project area."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from mrv.errors import PlanError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from mrv.plan import GridTable
    from mrv.project import Boundary

MAX_PIXELS = 2**31 - 1


def project_geometry(boundary: Boundary, crs: str) -> BaseGeometry:
    """The boundary in the grid's CRS; edges are densified first, for a straight line there is not one here."""
    from pyproj import Transformer
    from pyproj.exceptions import CRSError
    from shapely import segmentize, transform

    try:
        to_grid = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    except CRSError as error:
        raise PlanError(
            f"no such CRS: {crs}", code="grid.crs", field="grid.crs", hint="give an EPSG code that exists"
        ) from error
    return transform(segmentize(boundary.geometry, 0.001), to_grid.transform, interleaved=False)


def window_bbox(grid: GeoBox) -> tuple[float, float, float, float]:
    """West, south, east, north of a window, degrees."""
    from pyproj import Transformer

    bounds = grid.boundingbox
    to_lonlat = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True)
    west, south, east, north = to_lonlat.transform_bounds(*bounds.bbox)
    return west, south, east, north


def grid_for(table: GridTable, boundary: Boundary) -> GeoBox:
    """The plan's window: the pixels that cover the boundary, and a margin.

    Args:
        table: The plan's grid, in metres or in degrees.
        boundary: The project area.

    Returns:
        A north-up GeoBox whose pixel edges lie on the plan's anchor.

    Raises:
        PlanError: The window holds no pixel or too many.
    """
    left, bottom, right, top = project_geometry(boundary, table.crs).bounds
    res, x0, y0 = Fraction(table.resolution), Fraction(table.anchor_x), Fraction(table.anchor_y)
    col0, col1 = floor((Fraction(left) - x0) / res), ceil((Fraction(right) - x0) / res)
    row0, row1 = floor((y0 - Fraction(top)) / res), ceil((y0 - Fraction(bottom)) / res)
    margin = table.margin_px
    shape = (row1 - row0 + 2 * margin, col1 - col0 + 2 * margin)
    if shape[0] * shape[1] > MAX_PIXELS:
        raise PlanError(
            f"the window would be {shape[0]} × {shape[1]} pixels",
            code="grid.size",
            file=boundary.name,
            hint="check the boundary and the grid's resolution; verify a large project in parts",
        )
    origin_x, origin_y = x0 + (col0 - margin) * res, y0 - (row0 - margin) * res
    return GeoBox(shape, Affine(float(res), 0.0, float(origin_x), 0.0, -float(res), float(origin_y)), table.crs)


def coarsen(grid: GeoBox, table: GridTable, ratio: int) -> tuple[GeoBox, int, int]:
    """The window of a band whose pixels are ``ratio`` grid pixels wide, grown outward to whole pixels.

    Returns:
        Its GeoBox, and the row and column of the grid's first pixel inside it, in grid pixels.
    """
    res, x0, y0 = Fraction(table.resolution), Fraction(table.anchor_x), Fraction(table.anchor_y)
    col = round((Fraction(grid.affine.c) - x0) / res)
    row = round((y0 - Fraction(grid.affine.f)) / res)
    col0, row0 = col // ratio, row // ratio
    col1, row1 = -(-(col + grid.shape[1]) // ratio), -(-(row + grid.shape[0]) // ratio)
    size = res * ratio
    affine = Affine(float(size), 0.0, float(x0 + col0 * size), 0.0, -float(size), float(y0 - row0 * size))
    return GeoBox((row1 - row0, col1 - col0), affine, table.crs), row - row0 * ratio, col - col0 * ratio


def inside(grid: GeoBox, boundary: Boundary) -> NDArray[np.bool_]:
    """Which pixels are project area: those whose centre lies in the boundary.

    Returns:
        Boolean mask (y, x).
    """
    from rasterio.features import geometry_mask

    geometry: Any = project_geometry(boundary, f"EPSG:{grid.crs.to_epsg()}")
    mask: NDArray[np.bool_] = geometry_mask(
        [geometry], out_shape=tuple(grid.shape), transform=grid.affine, invert=True, all_touched=False
    )
    return mask
