"""The model of one pixel's seasons: the LASSO of a segment, the noise of its bands, and the scatter of a season.

Float64 with neither ``fastmath`` nor ``parallel``: every sum runs in the order written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]

YEAR = 365.25
COEFFICIENTS = 8
"""Intercept, slope a year, cosine and sine of three harmonics."""
_SWEEPS, _CLOSE = 4000, 1e-6


@njit(nogil=True)
def _standardise(x: F8, y: F8, first: int, last: int, size: int, mean: F8, scale: F8, gram: F8, moment: F8, middle: F8) -> None:
    """Means and deviations of the predictors, their correlations, and the bands' moments with them; divided by n."""
    n, bands = last - first, y.shape[1]
    for j in range(1, size):
        total = 0.0
        for t in range(first, last):
            total += x[t, j]
        mean[j] = total / n
        total = 0.0
        for t in range(first, last):
            total += (x[t, j] - mean[j]) * (x[t, j] - mean[j])
        scale[j] = np.sqrt(total / n)
    for b in range(bands):
        total = 0.0
        for t in range(first, last):
            total += y[t, b]
        middle[b] = total / n
    for j in range(1, size):
        for k in range(1, j + 1):
            total = 0.0
            for t in range(first, last):
                total += (x[t, j] - mean[j]) * (x[t, k] - mean[k])
            both = scale[j] * scale[k]
            gram[j, k] = total / (n * both) if both > 0.0 else 0.0
            gram[k, j] = gram[j, k]
        for b in range(bands):
            total = 0.0
            for t in range(first, last):
                total += (x[t, j] - mean[j]) * (y[t, b] - middle[b])
            moment[b, j] = total / (n * scale[j]) if scale[j] > 0.0 else 0.0


@njit(nogil=True)
def lasso(x: F8, y: F8, first: int, last: int, size: int, penalty: float, work: F8, beta: F8, rmse: F8) -> None:
    """Fit the observations ``first`` to ``last`` (exclusive), all bands, by coordinate descent.

    Args:
        x: Basis (time, 8).
        y: Bands (time, band).
        first: First observation.
        last: One after the last.
        size: Coefficients; those beyond are 0.
        penalty: λ of ½ n⁻¹ ‖y − Xβ‖² + λ ‖β‖₁ with predictors of unit variance and a free intercept, in the bands' unit.
        work: Scratch (12 + band, 8).
        beta: Out (band, 8).
        rmse: Out (band,): √(squares / (n − size)).

    References:
        Tibshirani 1996, JRSS B 58:267–288; Friedman, Hastie & Tibshirani 2010, J. Stat. Softw. 33(1), eq. 5 (coordinate
        descent on standardised predictors); in CCDC with λ = 20 since Zhu et al. 2015, RSE 162:67–83.
    """
    bands = y.shape[1]
    mean, scale, gram, moment = work[0], work[1], work[2:10], work[12 : 12 + bands]
    middle = rmse
    _standardise(x, y, first, last, size, mean, scale, gram, moment, middle)
    for b in range(bands):
        coefficient = beta[b]
        for j in range(COEFFICIENTS):
            coefficient[j] = 0.0
        for _ in range(_SWEEPS):
            moved = 0.0
            for j in range(1, size):
                pull = moment[b, j]
                for k in range(1, size):
                    if k != j:
                        pull -= gram[j, k] * coefficient[k]
                new = max(pull - penalty, 0.0) + min(pull + penalty, 0.0)
                moved = max(moved, abs(new - coefficient[j]))
                coefficient[j] = new
            if moved < _CLOSE:
                break
        coefficient[0] = middle[b]
        for j in range(1, size):
            coefficient[j] = coefficient[j] / scale[j] if scale[j] > 0.0 else 0.0
            coefficient[0] -= coefficient[j] * mean[j]
    for b in range(bands):
        squares = 0.0
        for t in range(first, last):
            left = y[t, b] - predict(x, beta[b], t)
            squares += left * left
        rmse[b] = np.sqrt(squares / max(last - first - size, 1))


@njit(nogil=True)
def predict(x: F8, coefficient: F8, t: int) -> float:
    """The model's value at an observation."""
    total = 0.0
    for j in range(COEFFICIENTS):
        total += x[t, j] * coefficient[j]
    return total


@njit(nogil=True)
def _modal_gap(days: NDArray[np.int32], n: int, lag: int) -> int:
    """Most frequent gap between observations ``lag`` apart, the smallest of several."""
    gap = np.empty(n - lag, np.int64)
    for t in range(n - lag):
        gap[t] = days[t + lag] - days[t]
    ordered, best, most, same = np.sort(gap), 0, 0, 0
    for t in range(len(ordered)):
        same = same + 1 if t > 0 and ordered[t] == ordered[t - 1] else 1
        if same > most:
            best, most = ordered[t], same
    return best


@njit(nogil=True)
def variogram(days: NDArray[np.int32], y: F8, n: int, apart: float, least: float, noise: F8) -> None:
    """Median absolute difference, by band, of observations more than ``apart`` days from each other.

    The lag is the first whose most frequent gap is that long; consecutive observations where no lag is.

    Args:
        days: Days (time,).
        y: Bands (time, band).
        n: Observations.
        apart: Days.
        least: Smallest noise.
        noise: Out (band,).

    References:
        Brown et al. 2020, RSE 238:111356 (LCMAP's CCDC), whose first-order variogram leaves nearer pairs out.
    """
    noise[:] = least
    if n < 2:
        return
    lag = 1
    while lag < n and _modal_gap(days, n, lag) <= apart:
        lag += 1
    shortest = apart if lag < n else 0.0
    lag = lag if lag < n else 1
    step = np.empty(n)
    for b in range(y.shape[1]):
        count = 0
        for t in range(n - lag):
            if days[t + lag] - days[t] > shortest:
                step[count] = abs(y[t + lag, b] - y[t, b])
                count += 1
        ordered = np.sort(step[:count])
        noise[b] = max(0.5 * (ordered[(count - 1) // 2] + ordered[count // 2]), least)


@njit(nogil=True)
def season_scale(
    days: NDArray[np.int32],
    x: F8,
    y: F8,
    first: int,
    last: int,
    at: int,
    wanted: int,
    size: int,
    beta: F8,
    noise: F8,
    scale: F8,
) -> None:
    """Scatter of the ``wanted`` observations of the model (``first`` to ``last``) that are nearest in the season to ``at``.

    Args:
        days: Days (time,).
        x: Basis (time, 8).
        y: Bands (time, band).
        first: First observation of the model.
        last: One after its last.
        at: The observation whose season is meant.
        wanted: Observations.
        size: Coefficients.
        beta: Model (band, 8).
        noise: Smallest scatter (band,).
        scale: Out (band,).
    """
    n = last - first
    apart = np.empty(n)
    for t in range(n):
        gap = np.float64(days[first + t] - days[at])
        apart[t] = abs(np.rint(gap / YEAR) * YEAR - gap)
    chosen = np.argsort(apart, kind="mergesort")[: min(wanted, n)]
    for b in range(y.shape[1]):
        squares = 0.0
        for k in range(len(chosen)):
            left = y[first + chosen[k], b] - predict(x, beta[b], first + chosen[k])
            squares += left * left
        scale[b] = max(np.sqrt(squares / max(len(chosen) - size, 1)), noise[b])
