"""Harmonic models of a tile of pixels at once: one pass over the dates, the pixels side by side in the innermost loop.

Every array here ends in the pixels of a tile, so that the compiler works on many pixels in one instruction and never has to
re-order a sum: a pixel's bits are those of a loop over its dates alone.  Float32 with neither ``fastmath`` nor contraction.
Where divisors are kept above zero, NumPy's error model spares the branch that would keep a loop from working on many.
The mask is one array of weights for all features.  The normal matrix of two harmonics needs 9 sums instead of 15:
products of sines and cosines are sines and cosines again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]

TILE = 256
"""Pixels of a tile: its features of some hundred dates stay in a core's second cache."""
COEFFICIENTS = 5
"""Mean, and cosine and sine of two harmonics."""
SUMS = 9
"""Waves whose sums make the normal matrix."""
BLOCK = 4
"""Dates that are added up at a time."""
_QUANTUM = float(2**20)
_ZERO, _HALF, _ONE, TINY = np.float32(0), np.float32(0.5), np.float32(1), np.float32(1e-6)


def year_waves(days: NDArray[np.int32]) -> F4:
    """One, then cosine and sine of four harmonics of the year, rounded to 2⁻²⁰ so that the library's cosine does not matter.

    Args:
        days: Days since 1970-01-01 (time,).

    Returns:
        float32 (time, 9); the first 5 columns are the model's basis.
    """
    angle = 2 * np.pi * (days.astype(np.float64) / 365.25)
    columns = [np.ones(len(days))]
    for order in range(1, 5):
        columns += [np.cos(order * angle), np.sin(order * angle)]
    return (np.rint(np.stack(columns, axis=1) * _QUANTUM) / _QUANTUM).astype(np.float32)


def history_waves(waves: F4, history: int) -> F4:
    """The waves of the history alone, zeros after it, padded to whole blocks of dates; for :func:`fit_tile`.

    Args:
        waves: Of all dates (time, 9).
        history: Leading dates that are history.
    """
    padded = np.zeros((-(-history // BLOCK) * BLOCK, SUMS), np.float32)
    padded[:history] = waves[:history]
    return padded


def tile_scratch(features: int, times: int) -> tuple[F4, F4, F4, F4, F4, F4, F4]:
    """Room for one tile: features, weights, coefficients, scatter; sums, matrix, step.

    Args:
        features: Linear combinations of bands that are fitted.
        times: Dates, at least as many as the padded history has.
    """
    size = features * COEFFICIENTS

    def room(*shape: int) -> F4:
        return np.zeros((*shape, TILE), np.float32)

    return (
        room(features, times), room(times), room(size), room(features + 1),
        room(SUMS + size + BLOCK), room(COEFFICIENTS * (COEFFICIENTS + 1) // 2), room(size),
    )  # fmt: skip


@njit(nogil=True)
def load_tile(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], first: int, count: int, weights: F4, offset: F4, values: F4, weight: F4
) -> None:
    """Features of a tile: each a weighted sum of the bands, three bands at a time.

    Args:
        bands: Reflectance × 10⁴ (time, band, pixel), any number where not clear.
        clear: What counts (time, pixel).
        first: First pixel of the tile.
        count: Its pixels, at most :data:`TILE`.
        weights: (feature, band).
        offset: Taken off (feature, time).
        values: Out (feature, time, TILE).
        weight: Out (time, TILE), 1 where clear.
    """
    # Slices, not offsets: with an offset in the index the compiler does not vectorise.
    last, roles = first + count, bands.shape[1]
    for t in range(bands.shape[0]):
        for f in range(weights.shape[0]):
            row, start = values[f, t], -offset[f, t]
            for p in range(count):
                row[p] = start
            for b in range(0, roles - roles % 3, 3):
                w0, w1, w2 = weights[f, b], weights[f, b + 1], weights[f, b + 2]
                b0, b1, b2 = bands[t, b, first:last], bands[t, b + 1, first:last], bands[t, b + 2, first:last]
                for p in range(count):
                    row[p] += (w0 * np.float32(b0[p]) + w1 * np.float32(b1[p])) + w2 * np.float32(b2[p])
            for b in range(roles - roles % 3, roles):
                w0, b0 = weights[f, b], bands[t, b, first:last]
                for p in range(count):
                    row[p] += w0 * np.float32(b0[p])
        counted, seen = weight[t], clear[t, first:last]
        for p in range(count):
            counted[p] = np.float32(seen[p])


@njit(nogil=True)
def _accumulate(values: F4, weight: F4, waves: F4, count: int, sums: F4) -> None:
    """Weighted sums of the 9 waves, and of each feature times the 5 of the basis; four dates at a time."""
    features = values.shape[0]
    masked = sums[SUMS + COEFFICIENTS * features :]
    sums[: SUMS + COEFFICIENTS * features] = _ZERO
    for t in range(0, waves.shape[0], BLOCK):
        w0, w1, w2, w3 = weight[t], weight[t + 1], weight[t + 2], weight[t + 3]
        for m in range(SUMS):
            a0, a1, a2, a3 = waves[t, m], waves[t + 1, m], waves[t + 2, m], waves[t + 3, m]
            row = sums[m]
            for p in range(count):
                row[p] += (a0 * w0[p] + a1 * w1[p]) + (a2 * w2[p] + a3 * w3[p])
        for f in range(features):
            for i in range(BLOCK):
                target, value, counted = masked[i], values[f, t + i], weight[t + i]
                for p in range(count):
                    target[p] = counted[p] * value[p]
            v0, v1, v2, v3 = masked[0], masked[1], masked[2], masked[3]
            for k in range(COEFFICIENTS):
                a0, a1, a2, a3 = waves[t, k], waves[t + 1, k], waves[t + 2, k], waves[t + 3, k]
                row = sums[SUMS + COEFFICIENTS * f + k]
                for p in range(count):
                    row[p] += (a0 * v0[p] + a1 * v1[p]) + (a2 * v2[p] + a3 * v3[p])


@njit(nogil=True)
def _fill(sums: F4, features: int, per_coefficient: np.float32, ridge: np.float32, count: int, matrix: F4, step: F4) -> None:
    """The normal matrix (lower triangle, by rows) and the right sides; a harmonic too few observations bear is left out."""
    for p in range(count):
        n = sums[0, p]
        c1, s1, c2, s2 = sums[1, p], sums[2, p], sums[3, p], sums[4, p]
        c3, s3, c4, s4 = sums[5, p], sums[6, p], sums[7, p], sums[8, p]
        one = _ONE if n >= per_coefficient * np.float32(3) else _ZERO
        two = _ONE if n >= per_coefficient * np.float32(5) else _ZERO
        pad1, pad2 = ridge + (_ONE - one), ridge + (_ONE - two)
        matrix[0, p] = n + TINY
        matrix[1, p], matrix[2, p] = c1 * one, _HALF * (n + c2) * one + pad1
        matrix[3, p], matrix[4, p], matrix[5, p] = s1 * one, _HALF * s2 * one, _HALF * (n - c2) * one + pad1
        matrix[6, p], matrix[7, p], matrix[8, p] = c2 * two, _HALF * (c1 + c3) * two, _HALF * (s3 - s1) * two
        matrix[9, p] = _HALF * (n + c4) * two + pad2
        matrix[10, p], matrix[11, p], matrix[12, p] = s2 * two, _HALF * (s3 + s1) * two, _HALF * (c1 - c3) * two
        matrix[13, p], matrix[14, p] = _HALF * s4 * two, _HALF * (n - c4) * two + pad2
        for f in range(features):
            base, right = COEFFICIENTS * f, SUMS + COEFFICIENTS * f
            step[base, p] = sums[right, p]
            step[base + 1, p], step[base + 2, p] = sums[right + 1, p] * one, sums[right + 2, p] * one
            step[base + 3, p], step[base + 4, p] = sums[right + 3, p] * two, sums[right + 4, p] * two


@njit(nogil=True, error_model="numpy")
def _solve(matrix: F4, step: F4, features: int, count: int) -> None:
    """Cholesky of every pixel's matrix side by side, then its right sides in place."""
    for j in range(COEFFICIENTS):
        pivot = matrix[j * (j + 1) // 2 + j]
        for k in range(j):
            left = matrix[j * (j + 1) // 2 + k]
            for p in range(count):
                pivot[p] -= left[p] * left[p]
        for p in range(count):
            pivot[p] = np.sqrt(max(pivot[p], TINY))
        for i in range(j + 1, COEFFICIENTS):
            entry = matrix[i * (i + 1) // 2 + j]
            for k in range(j):
                left, right = matrix[i * (i + 1) // 2 + k], matrix[j * (j + 1) // 2 + k]
                for p in range(count):
                    entry[p] -= left[p] * right[p]
            for p in range(count):
                entry[p] /= pivot[p]
    for f in range(features):
        for way in range(2):
            for turn in range(COEFFICIENTS):
                i = turn if way == 0 else COEFFICIENTS - 1 - turn
                value, pivot = step[COEFFICIENTS * f + i], matrix[i * (i + 1) // 2 + i]
                for k in range(0 if way == 0 else i + 1, i if way == 0 else COEFFICIENTS):
                    factor = matrix[i * (i + 1) // 2 + k] if way == 0 else matrix[k * (k + 1) // 2 + i]
                    other = step[COEFFICIENTS * f + k]
                    for p in range(count):
                        value[p] -= factor[p] * other[p]
                for p in range(count):
                    value[p] /= pivot[p]


@njit(nogil=True)
def subtract_model(values: F4, waves: F4, model: F4, first: int, last: int, count: int) -> None:
    """Take the model off the features of the dates ``first`` to ``last``.

    Args:
        values: (feature, time, TILE), in place.
        waves: (time, 9).
        model: (5 · feature, TILE).
        first: First date.
        last: One after the last.
        count: Pixels.
    """
    for f in range(values.shape[0]):
        b0, b1, b2 = model[COEFFICIENTS * f], model[COEFFICIENTS * f + 1], model[COEFFICIENTS * f + 2]
        b3, b4 = model[COEFFICIENTS * f + 3], model[COEFFICIENTS * f + 4]
        for t in range(first, last):
            row, c1, s1, c2, s2 = values[f, t], waves[t, 1], waves[t, 2], waves[t, 3], waves[t, 4]
            for p in range(count):
                row[p] -= (b0[p] + (c1 * b1[p] + s1 * b2[p])) + (c2 * b3[p] + s2 * b4[p])


@njit(nogil=True, error_model="numpy")
def _scatter(values: F4, weight: F4, history: int, per_coefficient: np.float32, floor: F4, count: int, sigma: F4) -> None:
    """Residual standard deviations, and in the last row the number of observations."""
    features = values.shape[0]
    seen = sigma[features]
    seen[:] = _ZERO
    for t in range(history):
        counted = weight[t]
        for p in range(count):
            seen[p] += counted[p]
    for f in range(features):
        spread = sigma[f]
        spread[:] = _ZERO
        for t in range(history):
            row, counted = values[f, t], weight[t]
            for p in range(count):
                spread[p] += counted[p] * row[p] * row[p]
        for p in range(count):
            size = np.float32(5) if seen[p] >= per_coefficient * np.float32(5) else _ONE
            size = np.float32(3) if size == _ONE and seen[p] >= per_coefficient * np.float32(3) else size
            spread[p] = max(np.sqrt(spread[p] / max(seen[p] - size, _ONE)), floor[f])


@njit(nogil=True)
def _screen(
    values: F4, clear: NDArray[np.bool_], first: int, history: int, sigma: F4, cut: np.float32, count: int, weight: F4
) -> None:
    """Count an observation of the history only if every feature is within ``cut`` standard deviations of the model."""
    for t in range(history):
        counted, seen = weight[t], clear[t, first : first + count]
        for p in range(count):
            counted[p] = np.float32(seen[p])
        for f in range(values.shape[0]):
            row, spread = values[f, t], sigma[f]
            for p in range(count):
                counted[p] = counted[p] if abs(row[p]) <= cut * spread[p] else _ZERO


@njit(nogil=True)
def fit_tile(
    clear: NDArray[np.bool_], first: int, count: int, history: int, waves: F4, padded: F4, rounds: int, cut: np.float32,
    per_coefficient: np.float32, ridge: np.float32, floor: F4, values: F4, weight: F4, model: F4, sigma: F4,
    sums: F4, matrix: F4, step: F4,
) -> None:  # fmt: skip
    """Fit the history of a tile, screening what lies off the model between the rounds.

    Each round fits what the one before left over, so that a round costs one pass and the model is the sum of the steps.
    Afterwards ``values`` of the history are residuals; those after it are untouched (:func:`subtract_model`).

    Args:
        clear: (time, pixel).
        first: First pixel of the tile.
        count: Its pixels.
        history: Leading dates that are history.
        waves: (time, 9).
        padded: The history's waves (:func:`history_waves`).
        rounds: Fits; a screening lies between two.
        cut: Screening, standard deviations.
        per_coefficient: Observations that each coefficient needs; with fewer a harmonic is left out.
        ridge: Added to the diagonal of the harmonics, observations: keeps a gap in the seasons from bending the curve.
        floor: Smallest standard deviation (feature,).
        values: Features (feature, time, TILE), as :func:`load_tile` gives them; in place.
        weight: (time, TILE); out: what was counted.
        model: Out (5 · feature, TILE).
        sigma: Out (feature + 1, TILE): residual standard deviations, then the number of observations.
        sums: Scratch, like the next two.
        matrix: Scratch.
        step: Scratch.

    References:
        Zhu & Woodcock 2014, RSE 144:152–171, §3.2 (harmonic models of the history, fewer harmonics with fewer
        observations); the screening stands in for its Tmask.
    """
    features = values.shape[0]
    model[:] = _ZERO
    for turn in range(rounds):
        _accumulate(values, weight, padded, count, sums)
        _fill(sums, features, per_coefficient, ridge, count, matrix, step)
        _solve(matrix, step, features, count)
        for i in range(COEFFICIENTS * features):
            total, part = model[i], step[i]
            for p in range(count):
                total[p] += part[p]
        subtract_model(values, waves, step, 0, history, count)
        _scatter(values, weight, history, per_coefficient, floor, count, sigma)
        if turn < rounds - 1:
            _screen(values, clear, first, history, sigma, cut, count, weight)
