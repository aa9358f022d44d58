r"""Draw: simple random sampling without replacement in each stratum of the frozen map (``draw/1``).

Every pixel of the grid has one permanent random number: pixel (row, col) of a grid with C columns has the 64-bit word number
``row · C + col`` of the raw output of Philox4x64-10, keyed by the first 16 bytes (little-endian) of
SHA-256(``<seed>\ndraw/1``), its 256-bit counter starting at 1.  In each stratum the n_h pixels with the smallest numbers are
drawn; of two equal numbers the earlier pixel is the smaller.  So a larger n_h keeps every unit of the smaller sample, and
neither chunks nor platform nor the other strata matter.

The sheet lists the units by SHA-256(``<seed>\norder\n<unit>``), which knows nothing of the stratum; by the permanent numbers
the rare strata would come last.

References:
    Salmon et al. 2011, *Parallel random numbers: as easy as 1, 2, 3*, SC '11 (Philox). Ohlsson 1995, *Coordination of samples
    using permanent random numbers*, in Cox et al., Business Survey Methods, ch. 9 (sequential simple random sampling).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.frame import PlacedUnit, Unit
from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

METHOD = "draw/1"
WORDS = 4
"""Words that one value of the counter gives."""
STRIP_PX = 1 << 22


def permanent_numbers(seed: str, first: int, count: int) -> NDArray[np.uint64]:
    """Permanent random numbers of pixels in row order.

    Args:
        seed: ``sha256:<hex>``.
        first: Number of the first pixel, ``row · columns + col``.
        count: How many.

    Returns:
        uint64 (count,).
    """
    key = int.from_bytes(hashlib.sha256(f"{seed}\n{METHOD}".encode()).digest()[:16], "little")
    skipped = first % WORDS  # NumPy counts up before it gives the first word: counter 0 starts at block 1
    words: NDArray[np.uint64] = np.random.Philox(key=key, counter=first // WORDS).random_raw(count + skipped)
    return words[skipped:]


def draw(strata: NDArray[np.uint8], sizes: Mapping[int, int], seed: str, *, strip_px: int = STRIP_PX) -> tuple[Unit, ...]:
    """Draw the sample.

    Args:
        strata: Frozen strata map (y, x).
        sizes: n_h by code of stratum.
        seed: ``sha256:<hex>``.
        strip_px: Pixels looked at together; changes nothing in the result.

    Returns:
        Units in the order of the sheet.

    Raises:
        PlanError: A stratum has fewer pixels than are to be drawn.
    """
    best = {code: (np.empty(0, np.uint64), np.empty(0, np.int64)) for code in sizes}
    flat = strata.reshape(-1)
    for first in range(0, flat.size, strip_px):
        strip = flat[first : first + strip_px]
        numbers = permanent_numbers(seed, first, strip.size)
        for code, size in sizes.items():
            at = np.flatnonzero(strip == code)
            kept, places = best[code]
            best[code] = _smallest(np.concatenate([kept, numbers[at]]), np.concatenate([places, at + first]), size)
    units = []
    for code, (_, places) in best.items():
        if places.size < sizes[code]:
            raise PlanError(
                f"{places.size} pixels, {sizes[code]} are to be drawn", code="frame.allocation", field=f"stratum {code}",
                hint="the map is not the one that the frame was made from",
            )  # fmt: skip
        width = strata.shape[1]
        units += [Unit(int(place) // width, int(place) % width, code) for place in places]
    return tuple(sorted(units, key=lambda unit: hashlib.sha256(f"{seed}\norder\n{unit.id}".encode()).digest()))


def _smallest(
    numbers: NDArray[np.uint64], places: NDArray[np.int64], size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The smallest numbers, ascending; of equals the earlier place, for places come ascending among equals."""
    if numbers.size > size > 0:
        near = numbers <= np.partition(numbers, size - 1)[size - 1]
        numbers, places = numbers[near], places[near]
    order = np.argsort(numbers, kind="stable")[:size]
    return numbers[order], places[order]


def locate(units: Sequence[Unit], grid: GeoBox) -> tuple[PlacedUnit, ...]:
    """The units with their centres.

    Args:
        units: Units.
        grid: The frame's grid, north-up.
    """
    from pyproj import Transformer

    affine = grid.affine
    xs = [affine.c + affine.a * (unit.col + 0.5) for unit in units]
    ys = [affine.f + affine.e * (unit.row + 0.5) for unit in units]
    lons, lats = Transformer.from_crs(str(grid.crs), "EPSG:4326", always_xy=True).transform(xs, ys)
    return tuple(PlacedUnit(unit, f"{lon:.7f}", f"{lat:.7f}") for unit, lon, lat in zip(units, lons, lats, strict=True))
