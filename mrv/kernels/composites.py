"""Exact composites: the lower median of what was seen in each slot of time, such as a season of a year.

A tile of pixels is sorted side by side by a network of comparisons, the same for every pixel; missing values sort last.

References:
    Batcher 1968, Proc. AFIPS Spring Joint Computer Conf. 32:307–314 (odd-even merge sort).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]

MISSING = np.int16(-32768)
"""Nodata."""
_LAST = np.int16(32767)
_TILE = 512


def sorting_network(rows: int) -> I4:
    """Pairs of rows to compare and exchange, in order, that sort so many rows (pair, 2)."""
    pairs: list[tuple[int, int]] = []
    p = 1
    while p < rows:
        k = p
        while k >= 1:
            for j in range(k % p, rows - k, 2 * k):
                pairs += [
                    (i + j, i + j + k) for i in range(min(k, rows - j - k)) if (i + j) // (2 * p) == (i + j + k) // (2 * p)
                ]
            k //= 2
        p *= 2
    return np.array(pairs, np.int32).reshape(-1, 2)


def slots_of_seasons(days: NDArray[np.int32], seasons: tuple[tuple[int, int], ...]) -> tuple[I4, tuple[tuple[int, int], ...]]:
    """Which season of which year each date belongs to.

    Args:
        days: Days since 1970-01-01 (time,).
        seasons: First and last month of each season, both in it; one that ends before it begins runs over New Year and belongs
            to the year in which it ends.

    Returns:
        Slot of each date (time,), −1 in no season; and year and season (from 0) of each slot, ascending.
    """
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    years, month = 1970 + months // 12, months % 12 + 1
    found = []
    for year, at in zip(years.tolist(), month.tolist(), strict=True):
        for number, (first, last) in enumerate(seasons):
            if first <= at <= last or (last < first and (at >= first or at <= last)):
                found.append((year + (last < first and at >= first), number))
                break
        else:
            found.append((0, -1))
    names = tuple(sorted({one for one in found if one[1] >= 0}))
    place = {name: slot for slot, name in enumerate(names)}
    return np.array([place.get(one, -1) for one in found], np.int32), names


def median_composite(values: I2, clear: NDArray[np.bool_], slots: I4, count: int) -> tuple[I2, I2]:
    """Lower median by slot: of *n* clear values the one of rank (n + 1) // 2, so always a value that was seen.

    Args:
        values: Index or reflectance × 10⁴ (time, pixel), above −32768 and below 32767 where clear.
        clear: What counts (time, pixel).
        slots: Slot of each date, −1 for none (time,).
        count: Slots.

    Returns:
        Medians (slot, pixel), int16, −32768 where nothing was clear; and clear values by slot and pixel, int16.
    """
    out = np.full((count, values.shape[1]), MISSING, np.int16)
    seen = np.zeros((count, values.shape[1]), np.int16)
    for slot in range(count):
        rows = np.flatnonzero(slots == slot).astype(np.int32)
        if len(rows):
            _median_of_rows(values, clear, rows, sorting_network(len(rows)), out[slot], seen[slot])
    return out, seen


@njit(nogil=True)
def _median_of_rows(values: I2, clear: NDArray[np.bool_], rows: I4, network: I4, out: I2, seen: I2) -> None:
    pixels, count = values.shape[1], len(rows)
    tile = np.empty((count, _TILE), np.int16)
    for first in range(0, pixels, _TILE):
        size = min(_TILE, pixels - first)
        last, number = first + size, seen[first : first + size]
        for r in range(count):
            row, mask, to = values[rows[r], first:last], clear[rows[r], first:last], tile[r]
            for p in range(size):
                good = np.int16(mask[p]) & np.int16(row[p] != MISSING)
                number[p] += good
                to[p] = row[p] if good else _LAST
        for pair in range(len(network)):
            low, high = tile[network[pair, 0]], tile[network[pair, 1]]
            for p in range(size):
                a, b = low[p], high[p]
                low[p], high[p] = min(a, b), max(a, b)
        for p in range(size):
            if number[p] > 0:
                out[first + p] = tile[(number[p] - 1) // 2, p]
