"""Backscatter: a radar source's images read from the store as dB × 100, filtered for speckle, tile by tile and lazily."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.radar import alos_mask, by_geometry, despeckle
from mrv.change.radar_screening import refuse_decibels
from mrv.cube import pieces
from mrv.kernels.decibels import NODATA, amplitude_decibels, decibels_of_power
from mrv.kernels.speckle import BRIGHTEST
from mrv.plan.evidence import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.cube import Layer, Reader
    from mrv.plan import RadarLayer
    from mrv.sources.geometry import Geometry

Tile = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Backscatter:
    """Reads one polarisation of a radar source."""

    reader: Reader
    """Where tiles come from."""
    rules: RadarLayer
    """How numbers become backscatter."""
    band: str
    """Polarisation."""

    def image(self, layer: Layer, tile: Tile) -> NDArray[np.int16]:
        """One image, unfiltered.

        Args:
            layer: The image.
            tile: Rows and columns of the grid.

        Returns:
            dB × 100 (y, x), ``NODATA``.
        """
        if not self.rules.is_mosaic:
            return decibels_of_power(self._power(layer, tile))
        assert self.rules.calibration_db is not None
        amplitude, mask = self.reader.band(layer, self.band, tile), self.reader.band(layer, MASK, tile)
        ground = alos_mask(amplitude, mask, masked=self.rules.masked_codes or ())
        return np.where(ground, amplitude_decibels(self.rules.calibration_db)[amplitude], NODATA).astype(np.int16)

    def series(self, layers: Sequence[Layer], geometries: Sequence[Geometry | None], tile: Tile) -> NDArray[np.int16]:
        """All images of a tile, filtered within each geometry; the same whatever the tile.

        Args:
            layers: Images, in time order.
            geometries: From where each was taken.
            tile: Rows and columns of the grid.

        Returns:
            dB × 100 (time, y, x), ``NODATA``.
        """
        half = (self.rules.speckle_window_px or 1) // 2
        if half == 0:
            return np.stack([self.image(layer, tile) for layer in layers])
        (rows, cols), shape = tile, self.reader.grid.shape
        wide = (
            slice(max(0, rows.start - half), min(shape[0], rows.stop + half)),
            slice(max(0, cols.start - half), min(shape[1], cols.stop + half)),
        )
        power = np.stack([self._power(layer, wide) for layer in layers])
        top, left = rows.start - wide[0].start, cols.start - wide[1].start
        out = np.empty((len(layers), rows.stop - rows.start, cols.stop - cols.start), np.int16)
        for where in by_geometry(geometries).values():
            filtered = despeckle(power[where], half=half)
            out[where] = decibels_of_power(filtered[:, top : top + out.shape[1], left : left + out.shape[2]])
        return out

    def _power(self, layer: Layer, tile: Tile) -> NDArray[np.float32]:
        """Linear power; NaN where there is none, and where it is too bright to be an echo."""
        stored = self.reader.band(layer, self.band, tile)
        refuse_decibels(stored, item=layer.bands[self.band])
        with np.errstate(invalid="ignore"):
            good = (stored > 0) & (stored <= BRIGHTEST)
        return np.where(good, stored, np.float32(np.nan))


def stack(backscatter: Backscatter, layers: Sequence[Layer], geometries: Sequence[Geometry | None], *, chunk: int) -> Any:
    """The lazy series of the whole window.

    Args:
        backscatter: Where it comes from.
        layers: Images, in time order.
        geometries: From where each was taken.
        chunk: Edge of a chunk, pixels.

    Returns:
        Dask array of int16 (time, y, x), dB × 100.
    """
    import dask.array as da

    rows, cols = (tuple(pieces(size, chunk)) for size in backscatter.reader.grid.shape)
    return da.map_blocks(
        _block, dtype=np.int16, chunks=((len(layers),), rows, cols), meta=np.empty((0, 0, 0), np.int16),
        backscatter=backscatter, layers=tuple(layers), geometries=tuple(geometries),
    )  # fmt: skip


def _block(
    *, backscatter: Backscatter, layers: tuple[Layer, ...], geometries: tuple[Geometry | None, ...], block_info: Any = None
) -> NDArray[np.int16]:
    (_, _), (top, bottom), (left, right) = block_info[None]["array-location"]
    return backscatter.series(layers, geometries, (slice(top, bottom), slice(left, right)))
