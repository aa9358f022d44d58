"""The cube: scenes of the store as one lazy Dataset (time, y, x) of integers on the plan's grid.

Reflectance is kept as integers × 10⁴, an index as int16 × 10⁴; ``NODATA`` marks what is not clear ground.  Every
variable is a Dask array of NumPy blocks that hold all dates of a tile; a block reads its own window of each file, with
a rim as wide as the mask's dilation, so that chunk sizes change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import StoreError
from mrv.grid import coarsen
from mrv.kernels.looks import HIGHEST, LOWEST, NODATA, adjust, merge_looks
from mrv.kernels.morphology import dilate
from mrv.sources.store import open_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.change.bandpass import Line
    from mrv.plan import GridTable, MaskTable, ObservationTable, Radiometry
    from mrv.sources.store import Store

SCALE = 10_000
"""Integers of reflectance or index per unit."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How digital numbers become reflectance."""

    scale: Fraction
    """Reflectance per digital number."""
    offset: Fraction
    """Added to it."""
    nodata_dn: int
    """Digital number without a value."""

    @classmethod
    def of(cls, radiometry: Radiometry) -> Calibration:
        """As the plan has it."""
        return cls(Fraction(radiometry.scale), Fraction(radiometry.reflectance_offset or 0), radiometry.nodata_dn or 0)

    def reflectance(self, dn: NDArray[Any], offset_dn: int) -> NDArray[np.int16]:
        """Reflectance × 10⁴, rounded; ``NODATA`` where there is no value.

        Args:
            dn: Digital numbers.
            offset_dn: Added to them.
        """
        wide = dn.astype(np.int64)
        slope, offset = self.scale * SCALE, self.offset * SCALE
        below = slope.denominator * offset.denominator
        exact = (wide + offset_dn) * (slope.numerator * offset.denominator) + offset.numerator * slope.denominator
        rounded = (2 * exact + below) // (2 * below)
        return np.where(wide == self.nodata_dn, NODATA, np.clip(rounded, LOWEST, HIGHEST)).astype(np.int16)


@dataclass(frozen=True, slots=True)
class Layer:
    """One scene as the cube needs it, or the scenes of one day that are one observation."""

    day: int
    """Days since 1970-01-01."""
    bands: dict[str, str]
    """Role of a band → pixel digest."""
    offset_dn: int
    """Added to digital numbers."""
    calibration: Calibration | None = None
    """How they become reflectance; None for layers that are not."""
    lines: Mapping[str, Line] = field(default_factory=dict)
    """Role of a band → how its reflectance is brought to the reference sensor's; empty: as it is."""
    mask: MaskTable | None = None
    """What of its classification is not clear ground; None: what the reader's rules say."""
    others: tuple[Layer, ...] = ()
    """Further scenes of that day, merged with this one."""

    @property
    def looks(self) -> tuple[Layer, ...]:
        """Every scene of the observation, this one first."""
        return (self, *self.others)


def masked(classification: NDArray[Any], rules: ObservationTable | MaskTable) -> NDArray[np.bool_]:
    """What a scene classification does not call clear ground.

    Args:
        classification: Codes or bit fields.
        rules: Codes and bits that are not clear.
    """
    bits = sum(1 << bit for bit in rules.masked_bits or ())
    codes: NDArray[np.bool_] = np.isin(classification, rules.masked_classes)
    flagged: NDArray[np.bool_] = (classification.astype(np.int64) & bits) != 0
    return codes | flagged


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads tiles of layers from a store, on the grid, whatever the native pixel size of a band."""

    store: Store
    """Where pixels are."""
    grid: GeoBox
    """The plan's window."""
    table: GridTable
    """The plan's grid."""
    observation: ObservationTable | None
    """Masking rules; None for layers that are not reflectance."""

    def band(self, layer: Layer, role: str, tile: tuple[slice, slice]) -> NDArray[Any]:
        """Digital numbers of a tile, coarser bands repeated onto the grid; of a merged observation, its first scene's.

        Args:
            layer: The scene.
            role: Role of the band.
            tile: Rows and columns of the grid.

        Returns:
            Integers (y, x) in the band's own dtype.

        Raises:
            StoreError: The band is not in the store.
        """
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        rows, cols = tile
        path = self.store.pixels_path(layer.bands[role])
        try:
            with open_tiff(path) as source:
                ratio = round(source.transform.a / float(self.table.resolution))
                _, row, col = coarsen(self.grid, self.table, ratio)
                first_row, first_col = (row + rows.start) // ratio, (col + cols.start) // ratio
                last_row, last_col = -(-(row + rows.stop) // ratio), -(-(col + cols.stop) // ratio)
                window = Window(first_col, first_row, last_col - first_col, last_row - first_row)
                native: NDArray[Any] = source.read(1, window=window)
        except RasterioError as error:
            raise StoreError(f"cannot be read: {error}", code="store.absent", file=path, hint="fetch it again") from error
        if ratio > 1:
            native = np.repeat(np.repeat(native, ratio, axis=0), ratio, axis=1)
        top, left = row + rows.start - first_row * ratio, col + cols.start - first_col * ratio
        return native[top : top + rows.stop - rows.start, left : left + cols.stop - cols.start]

    def clear(self, layer: Layer, tile: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Clear ground of a tile: in any of its scenes not masked, and not within the dilation of what is.

        Returns:
            Boolean (y, x).
        """
        seen: NDArray[np.bool_] = np.logical_or.reduce([self._clear(look, tile) for look in layer.looks])
        return seen

    def _clear(self, layer: Layer, tile: tuple[slice, slice]) -> NDArray[np.bool_]:
        assert self.observation is not None
        rim = self.observation.dilation_px
        rows, cols = tile
        wide = (
            slice(max(0, rows.start - rim), min(self.grid.shape[0], rows.stop + rim)),
            slice(max(0, cols.start - rim), min(self.grid.shape[1], cols.stop + rim)),
        )
        grown = dilate(masked(self.band(layer, "classification", wide), layer.mask or self.observation), rim)
        top, left = rows.start - wide[0].start, cols.start - wide[1].start
        return ~grown[top : top + rows.stop - rows.start, left : left + cols.stop - cols.start]

    def reflectance(self, layer: Layer, role: str, tile: tuple[slice, slice]) -> NDArray[np.int16]:
        """Reflectance × 10⁴ of a tile, rounded, harmonised and merged; ``NODATA`` where there is none.

        Returns:
            int16 (y, x).
        """
        values = [scaled(look, role, self.band(look, role, tile)) for look in layer.looks]
        if len(values) == 1:
            return values[0]
        return merge_looks(np.stack(values), np.stack([self._clear(look, tile) for look in layer.looks]))


def scaled(layer: Layer, role: str, numbers: NDArray[Any]) -> NDArray[np.int16]:
    """Digital numbers of one scene as reflectance × 10⁴, rounded and harmonised; ``NODATA`` where there is none.

    Args:
        layer: The scene.
        role: Role of the band.
        numbers: Digital numbers, of any shape.
    """
    assert layer.calibration is not None
    values = layer.calibration.reflectance(numbers, layer.offset_dn)
    line = layer.lines.get(role)
    return values if line is None else adjust(values, line.slope, line.offset)


def ndvi(red: NDArray[np.int16], nir: NDArray[np.int16], clear: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Normalised difference vegetation index × 10⁴, rounded down; ``NODATA`` where not clear or undefined.

    Args:
        red: Reflectance × 10⁴.
        nir: Reflectance × 10⁴, of the same shape.
        clear: Clear ground.
    """
    total = nir.astype(np.int32) + red
    usable = clear & (red != NODATA) & (nir != NODATA) & (total > 0)
    value = (nir.astype(np.int32) - red) * SCALE // np.where(usable, total, 1)
    return np.where(usable, np.clip(value, -SCALE, SCALE), NODATA).astype(np.int16)


def build_cube(
    reader: Reader, layers: Sequence[Layer], *, chunk: int, roles: Sequence[str] = ("blue", "green", "red", "nir")
) -> xr.Dataset:
    """The lazy cube.

    Args:
        reader: Where tiles come from.
        layers: Scenes, in time order.
        chunk: Edge of a chunk, pixels.
        roles: Bands beside red and near infrared.

    Returns:
        Dataset with dims (time, y, x): a variable a band (int16 reflectance × 10⁴), ``clear`` (bool),
        ``ndvi`` (int16 × 10⁴, ``NODATA`` where not clear); ``time`` in days since 1970-01-01.
    """
    import dask.array as da
    import xarray as xr

    def lazy(kind: str, dtype: Any) -> Any:
        rows, cols = (tuple(pieces(size, chunk)) for size in reader.grid.shape)
        return da.map_blocks(
            _block, kind, dtype, dtype=dtype, chunks=((len(layers),), rows, cols), meta=np.empty((0, 0, 0), dtype),
            reader=reader, layers=tuple(layers),
        )  # fmt: skip

    dims = ("time", "y", "x")
    arrays = {role: lazy(role, np.int16) for role in dict.fromkeys((*roles, "red", "nir"))}
    arrays["clear"] = lazy("clear", np.bool_)
    arrays["ndvi"] = da.map_blocks(ndvi, arrays["red"], arrays["nir"], arrays["clear"], dtype=np.int16)
    rows, cols = reader.grid.shape
    affine = reader.grid.affine
    return xr.Dataset(
        {name: (dims, array) for name, array in arrays.items()},
        coords={
            "time": np.array([layer.day for layer in layers], np.int32),
            "y": affine.f + affine.e * (np.arange(rows) + 0.5),
            "x": affine.c + affine.a * (np.arange(cols) + 0.5),
        },
        attrs={"crs": str(reader.grid.crs)},
    )


def pieces(size: int, chunk: int) -> list[int]:
    """Edges of chunks that fill a size."""
    return [min(chunk, size - first) for first in range(0, size, chunk)]


def _block(kind: str, dtype: Any, *, reader: Reader, layers: tuple[Layer, ...], block_info: Any = None) -> NDArray[Any]:
    (_, _), (top, bottom), (left, right) = block_info[None]["array-location"]
    tile = (slice(top, bottom), slice(left, right))
    out = np.empty((len(layers), bottom - top, right - left), dtype)
    for index, layer in enumerate(layers):
        out[index] = reader.clear(layer, tile) if kind == "clear" else reader.reflectance(layer, kind, tile)
    return out
