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
LANES = 64
"""Vectors side by side in the innermost loops; sums are kept by lane and added up in the order of the lanes."""


@njit(nogil=True)
def concentrate(vectors: F8, start: F8, quantile: float, consistency: float, rounds: int) -> F8:
    """Covariance about zero, again and again of the vectors within a quantile of the one before.

    Args:
        vectors: (size, n).
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
    size, number = vectors.shape
    covariance, lower = start.copy(), np.zeros((size, size))
    solved, distance, counted = np.zeros((size, LANES)), np.zeros(LANES), np.zeros(LANES)
    total, kept = np.zeros((size * (size + 1) // 2, LANES)), np.zeros(LANES)
    for _ in range(rounds):
        if not _factor(covariance, lower):
            return np.zeros((size, size))
        total[:], kept[:] = 0.0, 0.0
        for first in range(0, number, LANES):
            count = min(LANES, number - first)
            _distances(vectors, first, count, lower, solved, distance)
            for p in range(count):
                counted[p] = 1.0 if distance[p] <= quantile else 0.0
                kept[p] += counted[p]
            _add_products(vectors, first, count, counted, total)
        number_kept = _added(kept)
        if number_kept <= size:
            return np.zeros((size, size))
        for i in range(size):
            for j in range(i + 1):
                covariance[i, j] = _added(total[i * (i + 1) // 2 + j]) / number_kept * consistency
                covariance[j, i] = covariance[i, j]
    return covariance


@njit(nogil=True)
def _factor(covariance: F8, lower: F8) -> bool:
    """Cholesky's lower factor; False where the matrix is as good as singular."""
    for j in range(len(covariance)):
        for i in range(j, len(covariance)):
            left = covariance[i, j]
            for k in range(j):
                left -= lower[i, k] * lower[j, k]
            if i == j:
                if left <= 1e-12 * covariance[j, j] or left <= 0.0:
                    return False
                lower[j, j] = np.sqrt(left)
            else:
                lower[i, j] = left / lower[j, j]
    return True


@njit(nogil=True)
def _distances(vectors: F8, first: int, count: int, lower: F8, solved: F8, distance: F8) -> None:
    """Squared Mahalanobis distances of a few vectors, side by side."""
    distance[:] = 0.0
    for i in range(len(vectors)):
        row, left, pivot = vectors[i, first : first + count], solved[i], lower[i, i]
        for p in range(count):
            left[p] = row[p]
        for k in range(i):
            factor, other = lower[i, k], solved[k]
            for p in range(count):
                left[p] -= factor * other[p]
        for p in range(count):
            left[p] /= pivot
            distance[p] += left[p] * left[p]


@njit(nogil=True)
def _add_products(vectors: F8, first: int, count: int, counted: F8, total: F8) -> None:
    """Add the products of the components of what counts (lower triangle by rows, lane)."""
    for i in range(len(vectors)):
        one = vectors[i, first : first + count]
        for j in range(i + 1):
            other, sums = vectors[j, first : first + count], total[i * (i + 1) // 2 + j]
            for p in range(count):
                sums[p] += counted[p] * (one[p] * other[p])


@njit(nogil=True)
def _added(lanes: F8) -> float:
    """The sum in order."""
    out = 0.0
    for p in range(len(lanes)):
        out += lanes[p]
    return out
