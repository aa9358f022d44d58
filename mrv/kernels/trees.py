"""Scoring of decision trees and distances to training points, on integers alone: the same sums on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF = np.int32(-1)
"""Feature of a node that is a leaf."""
FAR = np.int64(2**28)
"""Weighted differences are cut here, so that 64 squares stay within 63 bits."""


@njit(nogil=True)
def score_trees(
    features: NDArray[np.int32],
    roots: NDArray[np.int64],
    feature: NDArray[np.int32],
    threshold: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    value: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Sum of the leaves that each pixel falls into, over all trees.

    Args:
        features: int32 (pixels, features).
        roots: Node of each tree's root (trees,).
        feature: Feature each node asks for, −1 in a leaf (nodes,).
        threshold: A pixel at or below goes left (nodes,).
        left: Node to the left (nodes,).
        right: Node to the right (nodes,).
        value: Leaf value, scaled (nodes,).

    Returns:
        int64 (pixels,).
    """
    total = np.zeros(features.shape[0], dtype=np.int64)
    # A tree stays in the cache while all pixels pass it.
    for tree in range(roots.shape[0]):
        for pixel in range(features.shape[0]):
            node = roots[tree]
            while feature[node] >= 0:
                node = left[node] if features[pixel, feature[node]] <= threshold[node] else right[node]
            total[pixel] += value[node]
    return total


@njit(nogil=True)
def nearest_squared(features: NDArray[np.int32], points: NDArray[np.int64], weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Squared weighted distance of each pixel to the nearest training point.

    Args:
        features: int32 (pixels, features), at most 64 features.
        points: Training points, unweighted (points, features).
        weights: Integer weight of each feature (features,).

    Returns:
        int64 (pixels,).
    """
    nearest = np.empty(features.shape[0], dtype=np.int64)
    for pixel in range(features.shape[0]):
        best = np.int64(2**62)
        for point in range(points.shape[0]):
            total = np.int64(0)
            for j in range(features.shape[1]):
                apart = (np.int64(features[pixel, j]) - points[point, j]) * weights[j]
                apart = min(max(apart, -FAR), FAR)
                total += apart * apart
                if total >= best:
                    break
            best = min(best, total)
        nearest[pixel] = best
    return nearest
