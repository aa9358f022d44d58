"""Design matrices of season-trend models, and the tables of masks that make their normal matrices.

A pixel's normal matrix depends on nothing but which of the history's dates it has.  Eight dates have 256 masks, and a table
holds the sums of every mask; adding the 9 sums of a pixel's 9 bytes replaces some thousand products.  Products of sines and
cosines are sines and cosines again, so 21 sums make the 36 entries of a model of three harmonics and a trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]
    F8 = NDArray[np.float64]
    I4 = NDArray[np.int32]

MOST_HARMONICS = 3
MOST_COEFFICIENTS = 2 + 2 * MOST_HARMONICS
MASK_BITS = 8
"""Dates of a mask."""
SUMS = 24
"""Sums of a mask, at most 21, in whole vectors."""
MASK_STEP = 3
"""Bytes of masks that are looked up together."""
_QUANTUM = float(2**32)


def season_trend(years: F8, history: int, harmonics: int, *, trend: bool) -> F8:
    """Design matrix: one, cosine and sine of each harmonic of the year, and the trend, from −1 to 1 over the history.

    Rounded to 2⁻³², so that the library's cosine does not matter.

    Args:
        years: Decimal years of the dates (time,), ascending.
        history: Leading dates that are history, at least 2.
        harmonics: Pairs of cosine and sine.
        trend: Whether there is a trend.

    Returns:
        (time, 1 + 2 · harmonics + trend).

    References:
        Verbesselt et al. 2012, RSE 123:98–108, Eq. 1; the scale of the trend does not change the fit.
    """
    angle = 2 * np.pi * years.astype(np.float64)
    columns = [np.ones(len(years))]
    for order in range(1, harmonics + 1):
        columns += [np.cos(order * angle), np.sin(order * angle)]
    if trend:
        first, last = years[0], years[history - 1]
        columns.append(2 * (years - first) / (last - first) - 1)
    return np.rint(np.stack(columns, axis=1) * _QUANTUM) / _QUANTUM


def mask_bytes(dates: int) -> int:
    """Bytes of a mask of some dates, in whole steps of :func:`sum_products`."""
    return -(-dates // (MASK_BITS * MASK_STEP)) * MASK_STEP


@dataclass(frozen=True)
class Products:
    """How each entry of the normal matrix comes from two sums, and the sums of every mask."""

    table: F4
    """(bytes of the history, 256, sums): what the dates of a mask add."""
    pair: I4
    """(entries, 2): which two sums make an entry of the lower triangle, by rows."""
    factor: F4
    """(entries, 2): what each is multiplied by."""


def products(basis: F8, years: F8, history: int, harmonics: int) -> Products:
    """The table of masks of one list of dates.

    Args:
        basis: As :func:`season_trend` gives it.
        years: Decimal years (time,).
        history: Leading dates that are history.
        harmonics: Pairs of cosine and sine.
    """
    trend = basis.shape[1] > 1 + 2 * harmonics
    waves = season_trend(years, history, 2 * harmonics, trend=False)[:history]
    sums = [waves]
    if trend:
        slope = basis[:history, -1:]
        sums += [slope, slope * slope, slope * basis[:history, 1:-1]]
    rows = np.concatenate(sums, axis=1)
    padded = np.zeros((mask_bytes(history) * MASK_BITS, SUMS))
    padded[:history, : rows.shape[1]] = rows
    table = np.zeros((mask_bytes(history), 1 << MASK_BITS, SUMS))
    for bit in range(MASK_BITS):
        table[:, 1 << bit : 2 << bit] = table[:, : 1 << bit] + padded[bit::MASK_BITS, None, :]
    pairs, factors = _entries(harmonics, trend=trend)
    return Products(table.astype(np.float32), np.array(pairs, np.int32), np.array(factors, np.float32))


def _entries(harmonics: int, *, trend: bool) -> tuple[list[tuple[int, int]], list[tuple[float, float]]]:
    """Sums and factors of the lower triangle: cos a cos b = ½ cos(a − b) + ½ cos(a + b), and so on."""

    def cosine(order: int) -> int:
        return 2 * abs(order) - 1 if order else 0

    pairs, factors = [], []
    for i in range(1 + 2 * harmonics):
        for j in range(i + 1):
            a, b = (i + 1) // 2, (j + 1) // 2
            if j == 0:
                pair, factor = (i, 0), (1.0, 0.0)
            elif i % 2 == j % 2:
                pair, factor = (cosine(a - b), cosine(a + b)), (0.5, 0.5 if i % 2 else -0.5)
            elif a == b:
                pair, factor = (2 * (a + b), 0), (0.5, 0.0)
            else:
                pair, factor = (2 * (a + b), 2 * (a - b)), (0.5, 0.5 if i % 2 == 0 else -0.5)
            pairs.append(pair)
            factors.append(factor)
    if trend:
        base = 1 + 4 * harmonics
        pairs += [(base, 0)] + [(base + 2 + i, 0) for i in range(2 * harmonics)] + [(base + 1, 0)]
        factors += [(1.0, 0.0)] * (2 + 2 * harmonics)
    return pairs, factors
