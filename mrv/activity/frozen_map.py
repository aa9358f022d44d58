"""The frozen strata map: ``frame_strata.tif`` held against its frame, and a frame made from a map."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from mrv.activity.frame import MAP_FILE, Frame, FrameGrid
from mrv.areas import pixel_areas_mm2, total_m2
from mrv.errors import PlanError
from mrv.sources.store import pixel_digest
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

OUTSIDE = 0


def read_map(data: bytes, *, file: str = MAP_FILE) -> tuple[NDArray[np.uint8], GeoBox]:
    """Decode a strata map.

    Args:
        data: Bytes of a GeoTIFF of one uint8 band.
        file: Its name in messages.

    Returns:
        Codes (y, x) and their grid.

    Raises:
        PlanError: ``frame.map``: not such a raster.
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.io import MemoryFile

    hint = f"restore the {MAP_FILE} that mrv sample wrote"
    if not data:
        raise PlanError("is empty", code="frame.map", file=file, hint=hint)
    try:
        with rasterio.Env(GDAL_PAM_ENABLED="NO"), MemoryFile(data) as memory, memory.open(driver="GTiff") as source:
            if source.count != 1 or source.dtypes[0] != "uint8" or source.crs is None:
                told = f"{source.count} bands of {source.dtypes[0]}, CRS {source.crs}"
                raise PlanError(f"{told}; not one georeferenced band of uint8", code="frame.map", file=file, hint=hint)
            return source.read(1), GeoBox(source.shape, source.transform, str(source.crs))
    except RasterioError as error:
        raise PlanError(f"cannot be decoded: {error}", code="frame.map", file=file, hint=hint) from error


def grid_section(grid: GeoBox) -> FrameGrid:
    """A grid as a frame writes it."""
    numbers = [decimal_str(Decimal(repr(float(value)))) for value in tuple(grid.affine)[:6]]
    rows, cols = grid.shape
    return FrameGrid(crs=str(grid.crs), shape=(int(rows), int(cols)), transform=tuple(numbers))


def grid_of(frame: Frame) -> GeoBox:
    """The grid that a frame names."""
    section = frame.grid
    return GeoBox(section.shape, Affine(*(float(number) for number in section.transform)), section.crs)


def stratum_sizes(strata: NDArray[np.uint8], grid: GeoBox) -> dict[int, tuple[int, int]]:
    """Pixels and geodesic area (m²) of every code of a map but 0.

    Args:
        strata: Strata map (y, x).
        grid: Its grid.
    """
    areas = pixel_areas_mm2(grid)
    masks = {int(code): strata == code for code in np.unique(strata) if code != OUTSIDE}
    return {code: (int(mask.sum()), total_m2(areas, mask)) for code, mask in masks.items()}


def check_map(
    frame: Frame, strata: NDArray[np.uint8], grid: GeoBox, *, inside: NDArray[np.bool_] | None = None, file: str = MAP_FILE
) -> None:
    """Hold a map against its frame.

    Args:
        frame: The frame.
        strata: Decoded strata map (y, x).
        grid: Its grid.
        inside: Project area (y, x), where the frame must be one of today's project area; None leaves that open.
        file: Name of the map in messages.

    Raises:
        PlanError: ``frame.grid``, ``frame.map`` (pixels changed), ``frame.strata`` (a code without a stratum, or the reverse),
            ``frame.units`` (N_h), ``frame.area`` (A_h), ``frame.boundary`` (strata and project area are not the same pixels).
    """
    hint = "restore frame and map as they were committed"
    if grid_section(grid) != frame.grid:
        raise PlanError("lies on another grid than its frame says", code="frame.grid", file=file, field="grid", hint=hint)
    if pixel_digest(strata, grid) != frame.map:
        raise PlanError("its pixels are not the ones that the frame names", code="frame.map", file=file, field="map", hint=hint)
    _check_counts(frame, stratum_sizes(strata, grid), file)
    if inside is not None and not np.array_equal(inside, strata != OUTSIDE):
        stray = int((inside != (strata != OUTSIDE)).sum())
        raise PlanError(
            f"{stray} pixels are project area and not in the frame, or the reverse", code="frame.boundary", file=file,
            hint="the boundary changed after the frame was frozen: restore it, or design a new frame and sample",
        )  # fmt: skip


def _check_counts(frame: Frame, found: Mapping[int, tuple[int, int]], file: str) -> None:
    if stray := sorted(set(found) ^ {stratum.code for stratum in frame.strata}):
        raise PlanError(
            f"code {stray[0]} is in the map or in the frame, not in both", code="frame.strata", file=file, field="strata",
            hint="every pixel of the project area belongs to one stratum",
        )  # fmt: skip
    for stratum in frame.strata:
        units, area_m2 = found[stratum.code]
        for name, told, real in (("units", stratum.units, units), ("area", stratum.area_m2, area_m2)):
            if told != real:
                raise PlanError(
                    f"the frame says {told}, the map has {real}", code=f"frame.{name}", file=file,
                    field=f"strata.{stratum.name}.{'units' if name == 'units' else 'area_m2'}",
                    hint="design the frame again with mrv sample",
                )  # fmt: skip
