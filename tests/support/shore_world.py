"""A mangrove shore of known change, seen through maps with known faults: for the extent project.

Water lies to the west, forest east of column 14 of the rasters.  In 2020 three things happen: the shore falls back by three
pixels (``ERODED``), a pond is dug (``POND``), and forest grows out into the water (``GROWN``).  In 2021 another pond follows
(``LATE``).  ``noisy`` adds what no forest did: the shore lies a pixel back in some maps (``WANDERS``), two patches are misread,
one of them in the last map alone (``MISREAD``, ``MISREAD_LAST``), and single pixels flicker.
"""

from __future__ import annotations

import numpy as np

from mrv.kernels.morphology import dilate
from support.tiny_project import RASTER

SHORE = 14
ERODED = slice(8, 18), slice(SHORE, SHORE + 3)
POND = slice(22, 27), slice(22, 28)
GROWN = slice(24, 31), slice(SHORE - 3, SHORE)
LATE = slice(10, 15), slice(24, 29)
WANDERS = slice(20, 24), slice(SHORE, SHORE + 1)
MISREAD = slice(27, 30), slice(18, 21)
MISREAD_LAST = slice(18, 20), slice(20, 23)


def area_px(place: tuple[slice, slice]) -> int:
    """Pixels of a place."""
    return (place[0].stop - place[0].start) * (place[1].stop - place[1].start)


def truth(year: int) -> np.ndarray:
    """1 forest, 2 other (y, x) of the rasters."""
    found = np.full((RASTER, RASTER), 2, np.uint8)
    found[:, SHORE:] = 1
    if year >= 2020:
        found[ERODED] = found[POND] = 2
        found[GROWN] = 1
    if year >= 2021:
        found[LATE] = 2
    return found


def noisy(year: int) -> np.ndarray:
    """The same as a publisher might map it."""
    found = truth(year)
    # Away from real change: what touches it is part of its patch.
    flicker = (np.random.default_rng(year).random(found.shape) < 0.02) & ~dilate(truth(2021) != truth(2019), 2)
    found[flicker] = 3 - found[flicker]
    if year in {2018, 2020, 2021}:
        found[WANDERS] = 2
    if year >= 2020:
        found[MISREAD] = 2
    if year >= 2021:
        found[MISREAD_LAST] = 2
    return found
