"""Season-trend monitoring of one series at a time in float64: the definition that the tile kernels are held to.

Every sum runs in the order written; no BLAS, no LAPACK.  The whole part of the history's mean is taken off first, so that
adding a constant to a series changes no bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from mrv.kernels.harmonic import NODATA, solve_spd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]

NO_BREAK_INDEX, UNMONITORED_INDEX = -1, -2
LEAST_VARIANCE = 1.0 / 12.0
"""Of an index in whole numbers: a residual cannot be known better than its rounding."""
REACH = 32767.0
"""Of a residual in a median."""
NOTHING = 1e-9
"""What is rotated in from here on."""


@njit(nogil=True)
def level_of(y: I2, start: int, history: int) -> tuple[int, int]:
    """Observations of the history, and the whole part of their mean."""
    count, total = 0, 0
    for t in range(start, history):
        if y[t] != NODATA:
            count += 1
            total += y[t]
    return count, (total // count if count > 0 else 0)


@njit(nogil=True)
def fit_series(y: I2, basis: F8, start: int, history: int, level: int, matrix: F8, beta: F8) -> float:
    """Least squares over the dates ``start`` to ``history``.

    Args:
        y: Index × 10⁴ (time,), ``NODATA`` where not seen.
        basis: (time, coefficients).
        start: First date of the history.
        history: One after its last.
        level: Taken off every value.
        matrix: Scratch (coefficients, coefficients).
        beta: Out (coefficients,).

    Returns:
        Residual variance (n − K degrees of freedom), at least :data:`LEAST_VARIANCE`; −1 where singular.
    """
    size, count = basis.shape[1], 0
    matrix[:] = 0.0
    beta[:] = 0.0
    for t in range(start, history):
        if y[t] != NODATA:
            count += 1
            value = float(y[t] - level)
            for i in range(size):
                beta[i] += basis[t, i] * value
                for j in range(i + 1):
                    matrix[i, j] += basis[t, i] * basis[t, j]
    if count <= size or not solve_spd(matrix, beta, size):
        return -1.0
    total = 0.0
    for t in range(start, history):
        if y[t] != NODATA:
            residual = residual_of(y, basis, level, beta, t)
            total += residual * residual
    return float(max(total / (count - size), LEAST_VARIANCE))


@njit(nogil=True)
def residual_of(y: I2, basis: F8, level: int, beta: F8, t: int) -> float:
    """Residual of date ``t``, index × 10⁴."""
    fitted = 0.0
    for i in range(basis.shape[1]):
        fitted += basis[t, i] * beta[i]
    return float(y[t] - level) - fitted


@njit(nogil=True)
def stable_start(y: I2, basis: F8, history: int, critical: float, triangle: F8, scale: F8, theta: F8, row: F8, sums: F8) -> int:
    """First date of the stable history: after the last date at which the CUSUM of the history, backwards in time, crosses.

    Recursive residuals come out of rotating one observation after the other into a triangle (square-root-free Givens).

    Args:
        y: Index × 10⁴ (time,).
        basis: (time, coefficients).
        history: One after the history's last date.
        critical: Of the CUSUM of recursive residuals.
        triangle: Scratch (coefficients, coefficients), like all that follow.
        scale: (coefficients,).
        theta: (coefficients,).
        row: (coefficients,).
        sums: (history + 1,).

    References:
        Pesaran & Timmermann 2002, J. Empirical Finance 9:495–510 (reverse-ordered CUSUM); Brown, Durbin & Evans 1975, JRSS B
        37:149–192, Eq. 2 and 8 (recursive residuals, boundary); Gentleman 1973, J. Inst. Maths Applics 12:329–336 (rotations).
    """
    size = basis.shape[1]
    count, level = level_of(y, 0, history)
    if count <= size + 1:
        return 0
    triangle[:] = 0.0
    scale[:] = 0.0
    theta[:] = 0.0
    seen, kept, mean = 0, 0, 0.0
    for t in range(history - 1, -1, -1):
        if y[t] == NODATA:
            continue
        seen += 1
        rest, weight = _rotate_in(float(y[t] - level), basis[t], triangle, scale, theta, row)
        if seen > size:
            sums[kept] = rest * np.sqrt(weight)
            mean += sums[kept]
            kept += 1
    mean /= kept
    spread = 0.0
    for i in range(kept):
        spread += (sums[i] - mean) * (sums[i] - mean)
    limit = critical * np.sqrt(max(spread / (kept - 1), LEAST_VARIANCE)) * np.sqrt(float(kept))
    total = 0.0
    for i in range(kept):
        total += sums[i]
        if abs(total) > limit * (1.0 + 2.0 * (i + 1) / kept):
            return int(_date_before_end(y, history, size + i)) + 1
    return 0


@njit(nogil=True)
def _rotate_in(value: float, x: F8, triangle: F8, scale: F8, theta: F8, row: F8) -> tuple[float, float]:
    """Rotate an observation in; what is left of its value, and the weight of that."""
    size, weight = x.shape[0], 1.0
    row[:] = x[:]
    for i in range(size):
        if weight == 0.0 or abs(row[i]) < NOTHING:
            continue
        head = row[i]
        grown = scale[i] + weight * head * head
        cosine, sine = scale[i] / grown, weight * head / grown
        weight *= cosine
        scale[i] = grown
        for k in range(i + 1, size):
            below = row[k]
            row[k] = below - head * triangle[i, k]
            triangle[i, k] = cosine * triangle[i, k] + sine * below
        below = value
        value = below - head * theta[i]
        theta[i] = cosine * theta[i] + sine * below
    return value, weight


@njit(nogil=True)
def _date_before_end(y: I2, history: int, back: int) -> int:
    """The date of the observation ``back`` observations before the history's last one."""
    t = history
    while back >= 0:
        t -= 1
        if y[t] != NODATA:
            back -= 1
    return t


@njit(nogil=True)
def watch_series(
    y: I2, basis: F8, start: int, history: int, level: int, beta: F8, spread: float, window: int, factor: F8, residuals: F8
) -> tuple[int, int]:
    """Follow the process of one series past its history.

    Args:
        y: Index × 10⁴ (time,).
        basis: (time, coefficients).
        start: First date of the history.
        history: One after its last.
        level: Taken off every value.
        beta: (coefficients,).
        spread: σ √n, what the process is divided by.
        window: Observations of a moving sum; 0 for a cumulative one.
        factor: Boundary by observation past the history.
        residuals: Scratch (time,).

    Returns:
        (index of the first date beyond the boundary or :data:`NO_BREAK_INDEX`; median of the residuals past the history, ×
        10⁴, rounded half up).
    """
    kept = 0
    for t in range(start, history):
        if y[t] != NODATA:
            residuals[kept] = residual_of(y, basis, level, beta, t)
            kept += 1
    process = 0.0
    for i in range(kept - window, kept):
        process += residuals[i]
    found, past = NO_BREAK_INDEX, kept
    for t in range(history, y.shape[0]):
        if y[t] != NODATA:
            residuals[kept] = residual_of(y, basis, level, beta, t)
            process += residuals[kept]
            if window > 0:
                process -= residuals[kept - window]
            if found == NO_BREAK_INDEX and abs(process) > factor[kept - past] * spread:
                found = t
            kept += 1
    return found, middle_of(residuals[past:kept])


@njit(nogil=True)
def middle_of(residuals: F8) -> int:
    """Median of residuals rounded to whole numbers, rounded half up; 0 of none."""
    count = residuals.shape[0]
    if count == 0:
        return 0
    whole = np.empty(count, np.int64)
    for i in range(count):
        whole[i] = int(min(max(np.rint(residuals[i]), -REACH), REACH))
    whole.sort()
    return int((whole[(count - 1) // 2] + whole[count // 2] + 1) >> 1)


@njit(nogil=True)
def monitor_series(
    y: I2, basis: F8, history: int, minimum: int, share: float, factor: F8, roc: float, room: tuple[F8, ...]
) -> tuple[int, int, int]:
    """Fit one series' history and monitor it.

    Args:
        y: Index × 10⁴ (time,), ``NODATA`` where not seen.
        basis: (time, coefficients).
        history: Leading dates that are history.
        minimum: Fewest observations of the (stable) history, more than coefficients.
        share: Window of the moving sum as a share of the history's observations; 0 for a cumulative sum.
        factor: Boundary (observations of the history, observation past it).
        roc: Critical value of the reverse-ordered CUSUM; 0 takes all the history.
        room: As :func:`series_room` gives it.

    Returns:
        (index of the break, or :data:`NO_BREAK_INDEX`, or :data:`UNMONITORED_INDEX`; magnitude × 10⁴; first date of the
        history that was fitted).

    References:
        Verbesselt et al. 2012, RSE 123:98–108, §2.1–2.3; Zeileis et al. 2005, J. Appl. Econometrics 20:99–121, Eq. 8–11
        (OLS-based processes and boundaries); Leisch, Hornik & Kuan 2000, Econometric Theory 16:835–854 (moving estimates).
    """
    matrix, vectors, series = room
    start = 0
    if roc > 0.0:
        start = stable_start(y, basis, history, roc, matrix, vectors[0], vectors[1], vectors[2], series)
    count, level = level_of(y, start, history)
    if count < minimum:
        return UNMONITORED_INDEX, 0, start
    beta = vectors[0]
    variance = fit_series(y, basis, start, history, level, matrix, beta)
    if variance < 0.0:
        return UNMONITORED_INDEX, 0, start
    spread = np.sqrt(variance) * np.sqrt(float(count))
    found, middle = watch_series(y, basis, start, history, level, beta, spread, int(share * count), factor[count], series)
    return found, middle, start


@njit(nogil=True)
def series_room(times: int, size: int) -> tuple[F8, F8, F8]:
    """Scratch of :func:`monitor_series` for series of ``times`` dates and models of ``size`` coefficients."""
    return np.zeros((size, size)), np.zeros((3, size)), np.zeros(times + 1)
