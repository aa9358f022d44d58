"""Harmonic history fit and monitoring of one pixel's series at a time, the same bits on every machine.

Float64 with neither ``fastmath`` nor ``parallel``: every sum runs in the order written.  No BLAS, no LAPACK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODATA = np.int16(-32768)
UNMONITORED = np.int32(-1)
"""Break day of a pixel whose history is too short."""
NO_BREAK = np.int32(0)
SCREEN_SIGMA = 2.5
"""History observations further below the model are left out of it (undetected cloud and shadow)."""
MAD_TO_SIGMA = 1.4826
SCREEN_ROUNDS = 4
CONFIRMATION = 8
"""Observations after a break whose anomalies make its confidence."""
_BASIS_QUANTUM = float(2**20)


def harmonic_basis(days: NDArray[np.int32], harmonics: int) -> NDArray[np.float64]:
    """Intercept and harmonics of the year, rounded to 2⁻²⁰ so that the library's cosine does not matter.

    Args:
        days: Days since 1970-01-01 (time,).
        harmonics: Pairs of cosine and sine.

    Returns:
        (time, 1 + 2 · harmonics).
    """
    angle = 2 * np.pi * (days.astype(np.float64) / 365.25)
    columns = [np.ones(len(days))]
    for order in range(1, harmonics + 1):
        columns += [np.cos(order * angle), np.sin(order * angle)]
    return np.rint(np.stack(columns, axis=1) * _BASIS_QUANTUM) / _BASIS_QUANTUM


@njit(nogil=True)
def solve_spd(matrix: NDArray[np.float64], vector: NDArray[np.float64], size: int) -> bool:
    """Solve a positive definite system in place by Cholesky; False where it is singular."""
    for j in range(size):
        for i in range(j, size):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if total <= 1e-9:
                    return False
                matrix[j, j] = np.sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    for i in range(size):
        for k in range(i):
            vector[i] -= matrix[i, k] * vector[k]
        vector[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            vector[i] -= matrix[k, i] * vector[k]
        vector[i] /= matrix[i, i]
    return True


@njit(nogil=True)
def _fit(
    y: NDArray[np.int16],
    keep: NDArray[np.bool_],
    basis: NDArray[np.float64],
    size: int,
    matrix: NDArray[np.float64],
    beta: NDArray[np.float64],
) -> int:
    """Least squares over the kept observations; count of them, 0 where singular."""
    count = 0
    for i in range(size):
        beta[i] = 0.0
        for j in range(size):
            matrix[i, j] = 0.0
    for t in range(y.shape[0]):
        if keep[t]:
            count += 1
            for i in range(size):
                beta[i] += basis[t, i] * y[t]
                for j in range(i + 1):
                    matrix[i, j] += basis[t, i] * basis[t, j]
    return count if solve_spd(matrix, beta, size) else 0


@njit(nogil=True)
def _predict(basis: NDArray[np.float64], beta: NDArray[np.float64], size: int, t: int) -> float:
    total = 0.0
    for i in range(size):
        total += basis[t, i] * beta[i]
    return total


@njit(nogil=True)
def _screen_by_median(y: NDArray[np.int16], history: int, floor: float, keep: NDArray[np.bool_]) -> int:
    """Keep the history within 2.5 robust standard deviations (median, MAD) below its median; count of what is kept.

    Of an even count both medians are the lower middle value.

    Least squares cannot screen a short history: two missed clouds among eight observations hide in their own scatter.
    """
    seen = np.empty(history, np.float64)
    count = 0
    for t in range(y.shape[0]):
        keep[t] = t < history and y[t] != NODATA
        if keep[t]:
            seen[count] = y[t]
            count += 1
    if count == 0:
        return 0
    seen = np.sort(seen[:count])
    median = seen[(count - 1) // 2]
    deviation = np.sort(np.abs(seen - median))[(count - 1) // 2]
    lowest = median - SCREEN_SIGMA * max(MAD_TO_SIGMA * deviation, floor)
    count = 0
    for t in range(history):
        keep[t] = keep[t] and y[t] >= lowest
        count += keep[t]
    return count


@njit(nogil=True)
def fit_history(
    y: NDArray[np.int16],
    basis: NDArray[np.float64],
    history: int,
    per_coefficient: int,
    minimum: int,
    floor: float,
    keep: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    beta: NDArray[np.float64],
) -> tuple[int, float]:
    """Fit the stable history of one pixel, dropping observations far below it, and give its size and scatter.

    Fewer harmonics are fitted where the history is short (Zhu & Woodcock 2014, §3.2: by number of observations).

    Returns:
        (coefficients fitted, residual standard deviation ≥ floor); (0, 0) with too short a history.
    """
    count = _screen_by_median(y, history, floor, keep)
    if count < minimum:
        return 0, 0.0
    size = basis.shape[1]
    while size > 1 and count < per_coefficient * size:
        size -= 2
    sigma = floor
    for _ in range(SCREEN_ROUNDS):
        count = _fit(y, keep, basis, size, matrix, beta)
        if count == 0:
            return 0, 0.0
        total = 0.0
        for t in range(history):
            if keep[t]:
                residual = y[t] - _predict(basis, beta, size, t)
                total += residual * residual
        sigma = max(np.sqrt(total / max(count - size, 1)), floor)
        dropped = 0
        for t in range(history):
            if keep[t] and y[t] - _predict(basis, beta, size, t) < -SCREEN_SIGMA * sigma:
                dropped += 1
        if dropped == 0 or count - dropped < minimum:
            break
        for t in range(history):
            if keep[t] and y[t] - _predict(basis, beta, size, t) < -SCREEN_SIGMA * sigma:
                keep[t] = False
    return size, sigma


@njit(nogil=True)
def scan(
    y: NDArray[np.int16],
    basis: NDArray[np.float64],
    refit: NDArray[np.bool_],
    history: int,
    per_coefficient: int,
    minimum: int,
    sigmas: float,
    floor: float,
    consecutive: int,
    keep: NDArray[np.bool_],
    matrix: NDArray[np.float64],
    beta: NDArray[np.float64],
    model: NDArray[np.float64],
    limit: NDArray[np.float64],
) -> int:
    """Fit one pixel, monitor it, and note the model and limit in force at every date.

    At a date marked in ``refit`` the model is fitted again on all that came before, unless anomalies are being counted:
    a history too short for harmonics at first gains them as it grows (Zhu & Woodcock 2014, §3.3).  From a break on, the
    model stays as it was.

    Returns:
        Index of the first anomaly of the break; −1 without; −2 with too short a history.
    """
    size, sigma = fit_history(y, basis, history, per_coefficient, minimum, floor, keep, matrix, beta)
    if size == 0:
        return -2
    run, first, broken = 0, -1, False
    trial = np.zeros_like(beta)
    for t in range(y.shape[0]):
        if refit[t] and t > history and run == 0 and not broken:
            new_size, new_sigma = fit_history(y, basis, t, per_coefficient, minimum, floor, keep, matrix, trial)
            if new_size > 0:  # else too few are left within reach of the median: the model stays
                size, sigma = new_size, new_sigma
                beta[:size] = trial[:size]
        model[t] = _predict(basis, beta, size, t)
        limit[t] = model[t] - sigmas * sigma
        if t < history or broken or y[t] == NODATA:
            continue
        if y[t] < limit[t]:
            if run == 0:
                first = t
            run += 1
            broken = run == consecutive
        else:
            run = 0
    return first if broken else -1


@njit(nogil=True)
def monitor(
    series: NDArray[np.int16],
    days: NDArray[np.int32],
    basis: NDArray[np.float64],
    refit: NDArray[np.bool_],
    history: int,
    per_coefficient: int,
    minimum: int,
    sigmas: float,
    floor: float,
    consecutive: int,
    out_day: NDArray[np.int32],
    out_confidence: NDArray[np.uint8],
    out_clear: NDArray[np.uint16],
) -> None:
    """Find the first break of every pixel after its history.

    Args:
        series: int16 (time, y, x), index × 10⁴, ``NODATA`` where not clear; time ascending.
        days: int32 (time,), days since 1970-01-01.
        basis: float64 (time, coefficients).
        refit: bool (time,): fit again before this date.
        history: Number of leading observations that are history.
        per_coefficient: History observations a coefficient needs.
        minimum: Fewest history observations.
        sigmas: An observation is anomalous this many standard deviations below the model.
        floor: Smallest standard deviation.
        consecutive: Anomalies in a row that make a break.
        out_day: int32 (y, x): day of the first of them; ``NO_BREAK``; ``UNMONITORED``.
        out_confidence: uint8 (y, x): percentage of anomalies among the first 8 observations from the break on.
        out_clear: uint16 (y, x): clear observations.

    References:
        Verbesselt et al. 2012, RSE 123:98–108 (stable history, monitoring); Zhu & Woodcock 2014, RSE 144:152–171
        (consecutive anomalies scaled by the model's scatter, model updated as observations come).
    """
    times, rows, cols = series.shape
    size = basis.shape[1]
    matrix, beta = np.zeros((size, size)), np.zeros(size)
    model, limit = np.zeros(times), np.zeros(times)
    keep = np.zeros(times, np.bool_)
    y = np.zeros(times, np.int16)
    for row in range(rows):
        for col in range(cols):
            clear = 0
            for t in range(times):
                y[t] = series[t, row, col]
                clear += y[t] != NODATA
            out_clear[row, col] = clear
            out_confidence[row, col] = 0
            first = scan(
                y, basis, refit, history, per_coefficient, minimum, sigmas, floor, consecutive, keep, matrix, beta, model, limit
            )
            if first < 0:
                out_day[row, col] = NO_BREAK if first == -1 else UNMONITORED
                continue
            out_day[row, col] = days[first]
            seen, anomalous = 0, 0
            for t in range(first, times):
                if y[t] != NODATA and seen < CONFIRMATION:
                    seen += 1
                    anomalous += y[t] < limit[t]
            out_confidence[row, col] = (100 * anomalous) // seen


@njit(nogil=True)
def model_series(
    y: NDArray[np.int16],
    basis: NDArray[np.float64],
    refit: NDArray[np.bool_],
    history: int,
    per_coefficient: int,
    minimum: int,
    sigmas: float,
    floor: float,
    consecutive: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The model and the limit of one pixel (time,) at every date, as monitoring saw them; arguments as :func:`monitor`.

    Returns:
        Two float64 (time,); zeros where the history is too short.
    """
    size = basis.shape[1]
    model, limit = np.zeros(y.shape[0]), np.zeros(y.shape[0])
    scan(
        y,
        basis,
        refit,
        history,
        per_coefficient,
        minimum,
        sigmas,
        floor,
        consecutive,
        np.zeros(y.shape[0], np.bool_),
        np.zeros((size, size)),
        np.zeros(size),
        model,
        limit,
    )
    return model, limit
