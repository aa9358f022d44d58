"""The screen of one pixel's observations: a robust fit of its seasons, and what lies far off it (Tmask).

Float64 with neither ``fastmath`` nor ``parallel``: every sum runs in the order written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from mrv.kernels.harmonic import solve_spd
from mrv.kernels.season_fit import YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]

_TURNS, _TUNE = 5, 4.685
_QUANTUM = 2.0**20


@njit(nogil=True)
def _weighted(basis: F8, value: F8, weight: F8, n: int, matrix: F8, beta: F8) -> bool:
    """Weighted least squares with five predictors."""
    for i in range(5):
        beta[i] = 0.0
        for j in range(5):
            matrix[i, j] = 0.0
    for t in range(n):
        for i in range(5):
            beta[i] += weight[t] * basis[t, i] * value[t]
            for j in range(i + 1):
                matrix[i, j] += weight[t] * basis[t, i] * basis[t, j]
    solved: bool = solve_spd(matrix, beta, 5)
    return solved


@njit(nogil=True)
def _leverage(basis: F8, n: int, spare: F8) -> None:
    """√(1 − hat value) of each observation, by Cholesky of the normal matrix."""
    lower, vector = np.zeros((5, 5)), np.empty(5)
    for t in range(n):
        for i in range(5):
            for j in range(i + 1):
                lower[i, j] += basis[t, i] * basis[t, j]
    for j in range(5):
        for i in range(j, 5):
            total = lower[i, j]
            for k in range(j):
                total -= lower[i, k] * lower[j, k]
            lower[i, j] = np.sqrt(max(total, 1e-9)) if i == j else total / lower[j, j]
    for t in range(n):
        hat = 0.0
        for i in range(5):
            vector[i] = basis[t, i]
            for k in range(i):
                vector[i] -= lower[i, k] * vector[k]
            vector[i] /= lower[i, i]
            hat += vector[i] * vector[i]
        spare[t] = np.sqrt(max(1.0 - hat, 1e-4))


@njit(nogil=True)
def tmask(
    days: NDArray[np.int32], x: F8, y: F8, first: int, last: int, bands: NDArray[np.int64], limit: F8,
    odd: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Mark the observations that a robust fit of a band with a year's and the window's own period leaves far off.

    Args:
        days: Days (time,).
        x: Basis (time, 8).
        y: Bands (time, band).
        first: First observation.
        last: One after the last.
        bands: Which bands screen.
        limit: Largest departure in each of them.
        odd: Out (time,), from ``first`` on.

    References:
        Zhu & Woodcock 2014, RSE 152:217–234 (Tmask), with the departure two-sided in both bands; bisquare
        weights after Holland & Welsch 1977, with the leverage in the residuals' scale.
    """
    n = last - first
    years = np.ceil((days[last - 1] - days[first]) / YEAR)
    basis, value, weight = np.empty((n, 5)), np.empty(n), np.empty(n)
    spare, left, matrix, beta = np.empty(n), np.empty(n), np.empty((5, 5)), np.empty(5)
    for t in range(n):
        angle = 2.0 * np.pi / YEAR / years * days[first + t]
        basis[t, 0], basis[t, 1], basis[t, 2] = 1.0, x[first + t, 2], x[first + t, 3]
        basis[t, 3], basis[t, 4] = np.rint(np.cos(angle) * _QUANTUM) / _QUANTUM, np.rint(np.sin(angle) * _QUANTUM) / _QUANTUM
        odd[first + t] = False
    if years == 1.0:
        # The window's period is the year's: one pair of waves is enough.
        for t in range(n):
            basis[t, 3], basis[t, 4] = x[first + t, 4], x[first + t, 5]
    _leverage(basis, n, spare)
    for k in range(len(bands)):
        for t in range(n):
            value[t], weight[t] = y[first + t, bands[k]], 1.0
        solved = _weighted(basis, value, weight, n, matrix, beta)
        for _ in range(_TURNS):
            if not solved:
                break
            for t in range(n):
                left[t] = value[t] - _five(basis, beta, t)
                weight[t] = abs(left[t] / spare[t])
            ordered = np.sort(weight)
            tail = n - 4
            spread = max(0.5 * (ordered[4 + (tail - 1) // 2] + ordered[4 + tail // 2]) / 0.6745, 1e-6)
            for t in range(n):
                part = weight[t] / (spread * _TUNE)
                weight[t] = (1.0 - part * part) ** 2 if part < 1.0 else 0.0
            solved = _weighted(basis, value, weight, n, matrix, beta)
        for t in range(n):
            if solved and abs(value[t] - _five(basis, beta, t)) > limit[k]:
                odd[first + t] = True


@njit(nogil=True)
def _five(basis: F8, beta: F8, t: int) -> float:
    total = 0.0
    for i in range(5):
        total += basis[t, i] * beta[i]
    return total
