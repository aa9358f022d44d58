"""The producers' draws again: two pseudo-random generators, and the points that they give on the shipped maps.

Their scripts (globalmangrovewatch/gmw_jaxa_sar_change_analysis, ``10_acc_assess/14_create_acc_pts/create_acc_pts.py`` and
``16_additional_pts/create_chng_acc_pts.py``) call RSGISLib with seed 42 for every site.  Its sources
(``RSGISGenAccuracyPoints.cpp``, ``RSGISSampleImage.cpp``) say how a pixel is drawn: for ``acc_ref`` column and row are C's
``rand()`` modulo the raster's size, kept where the map has a class; for ``acc_chng`` an index into the list of the frame's
pixels comes from ``boost::uniform_int`` over a Mersenne Twister.  Written here from that description.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING

import numpy as np
from gmw_data import NODATA, lattice_class

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gmw_data import Codes, Points, Raster
    from numpy.typing import NDArray

SEED = 42
DRAWN = 500
_WORD = 2**32


def c_rand(seed: int) -> Iterator[int]:
    """``rand()`` of the GNU C library after ``srand(seed)`` (its additive feedback generator of degree 31)."""
    state = [seed]
    for _ in range(30):
        state.append(16807 * state[-1] % (2**31 - 1))
    last = deque(state + state[:3], maxlen=34)
    for at in range(310 + 2**62):
        last.append((last[-3] + last[-31]) % _WORD)
        if at >= 310:
            yield last[-1] >> 1


def mersenne(seed: int) -> Iterator[int]:
    """32-bit words of MT19937 seeded with one integer."""
    generator = np.random.MT19937()
    generator._legacy_seeding(seed)  # noqa: SLF001 - init_genrand(seed), which no public call gives
    while True:
        yield from (int(word) for word in generator.random_raw(4096))


def uniform_int(words: Iterator[int], high: int) -> int:
    """An integer of 0 … high, as Boost takes it from 32-bit words: whole buckets, the rest rejected."""
    bucket, rest = divmod(_WORD - 1, high + 1)
    bucket += rest == high
    while (value := next(words) // bucket) > high:
        pass
    return value


def drawn_corners(raster: Raster, change: Codes) -> list[tuple[int, int, int]]:
    """Row, column and class of the pixels whose corners an ``acc_ref`` frame draws, in order, repeats included."""
    classes, words = lattice_class(raster, change), c_rand(SEED)
    drawn: list[tuple[int, int, int]] = []
    rows, cols = change.shape
    while len(drawn) < DRAWN:
        col, row = next(words) % cols, next(words) % rows
        if (code := int(classes[row, col])) != NODATA:
            drawn.append((row, col, code))
    return drawn


def drawn_pixels(frame: NDArray[np.bool_]) -> set[tuple[int, int]]:
    """Row and column of the pixels that an ``acc_chng`` frame draws: 500 indices, a pixel drawn twice counts once."""
    rows, cols = np.nonzero(frame)
    words, found, kept = mersenne(SEED), set(), 0
    while kept < DRAWN:
        if (index := uniform_int(words, len(rows))) < len(rows):
            found.add((int(rows[index]), int(cols[index])))
            kept += 1
    return found


def corners_reproduced(points: Points, raster: Raster, change: Codes) -> tuple[int, int]:
    """Points, and points with their recorded class, that are among the corners drawn again."""
    again = Counter(
        (round(raster.west + col * raster.step, 6), round(raster.north - row * raster.step, 6), code)
        for row, col, code in drawn_corners(raster, change)
    )
    places = Counter((lon, lat) for lon, lat, _ in again.elements())
    with_class = Counter(zip(points.lon.tolist(), points.lat.tolist(), points.at_sampling.tolist(), strict=True))
    without = Counter(zip(points.lon.tolist(), points.lat.tolist(), strict=True))
    return sum((without & places).values()), sum((with_class & again).values())


def pixels_reproduced(points: Points, raster: Raster, frame: NDArray[np.bool_]) -> int:
    """Points whose pixel is among those drawn again from a frame."""
    rows, cols = points.position(raster)
    return len(set(zip(rows.astype(int).tolist(), cols.astype(int).tolist(), strict=True)) & drawn_pixels(frame))
