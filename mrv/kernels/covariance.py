"""Covariance of vectors of which some are foreign: concentration on the nine tenths that lie closest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]

MAX_SIZE = 6
ROUNDS = 8
QUANTILE = np.array([2.705543, 4.60517, 6.251389, 7.77944, 9.236357, 10.644641])
"""χ² of 1 to 6 degrees of freedom that nine tenths do not exceed."""
CONSISTENCY = np.array([1.605097, 1.343802, 1.254391, 1.207586, 1.17821, 1.157792])
"""By what the covariance of those nine tenths falls short in a normal population."""


@njit(nogil=True)
def concentrate(vectors: F8, start: F8, quantile: float, consistency: float, rounds: int) -> F8:
    """Covariance about zero, again and again of the vectors within a quantile of the one before.

    Args:
        vectors: (n, size).
        start: First covariance (size, size), positive definite.
        quantile: Largest squared distance that counts.
        consistency: Factor on the covariance of what counts.
        rounds: How often.

    Returns:
        (size, size); zeros where too few vectors count or they are linearly dependent.

    References:
        Rousseeuw & Van Driessen 1999, Technometrics 41:212–223 (concentration steps); Croux & Haesbroeck 1999,
        J. Multivariate Anal. 71:161–190 (consistency factor).
    """
    number, size = vectors.shape
    covariance, lower, solved = start.copy(), np.zeros((size, size)), np.zeros(size)
    for _ in range(rounds):
        for j in range(size):
            for i in range(j, size):
                left = covariance[i, j]
                for k in range(j):
                    left -= lower[i, k] * lower[j, k]
                if i == j:
                    if left <= 1e-12 * covariance[j, j] or left <= 0.0:
                        return np.zeros((size, size))
                    lower[j, j] = np.sqrt(left)
                else:
                    lower[i, j] = left / lower[j, j]
        total, kept = np.zeros((size, size)), 0
        for n in range(number):
            distance = 0.0
            for i in range(size):
                left = vectors[n, i]
                for k in range(i):
                    left -= lower[i, k] * solved[k]
                solved[i] = left / lower[i, i]
                distance += solved[i] * solved[i]
            if distance <= quantile:
                kept += 1
                for i in range(size):
                    for j in range(size):
                        total[i, j] += vectors[n, i] * vectors[n, j]
        if kept <= size:
            return np.zeros((size, size))
        for i in range(size):
            for j in range(size):
                covariance[i, j] = total[i, j] / kept * consistency
    return covariance
