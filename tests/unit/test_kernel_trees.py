from __future__ import annotations

import numpy as np
import pytest

from mrv.kernels.trees import FAR, nearest_squared, score_trees

# Two trees: x0 ≤ 5 → 10, else (x1 ≤ −2 → 20, else 30); and a tree that is one leaf of 7.
TREES = {
    "roots": np.array([0, 5]),
    "feature": np.array([0, -1, 1, -1, -1, -1], dtype=np.int32),
    "threshold": np.array([5, 0, -2, 0, 0, 0]),
    "left": np.array([1, -1, 3, -1, -1, -1]),
    "right": np.array([2, -1, 4, -1, -1, -1]),
    "value": np.array([0, 10, 0, 20, 30, 7]),
}


def walk(pixel):
    """The same trees, written out."""
    first = 10 if pixel[0] <= 5 else (20 if pixel[1] <= -2 else 30)
    return first + 7


@pytest.mark.parametrize("pixel", [(5, 0), (6, -2), (6, -1), (-9, 9), (2**24 - 1, -(2**24) + 1)])
def test_a_pixel_at_the_threshold_goes_left(pixel):
    assert score_trees(np.array([pixel], dtype=np.int32), *TREES.values())[0] == walk(pixel)


def test_all_pixels_are_scored_as_one_by_one():
    pixels = np.random.default_rng(0).integers(-20, 20, (500, 2)).astype(np.int32)
    assert score_trees(pixels, *TREES.values()).tolist() == [walk(pixel) for pixel in pixels]
    assert score_trees(pixels[:0], *TREES.values()).shape == (0,)


def test_distances_are_those_of_brute_force():
    rng = np.random.default_rng(1)
    pixels, points = rng.integers(-999, 999, (60, 5)).astype(np.int32), rng.integers(-999, 999, (40, 5))
    weights = np.array([3, 0, 17, 1, 250])
    expected = (((pixels[:, None, :] - points[None]) * weights) ** 2).sum(axis=2).min(axis=1)
    assert nearest_squared(pixels, points, weights).tolist() == expected.tolist()


def test_far_pixels_do_not_overflow():
    pixel = np.full((1, 64), 2**24 - 1, dtype=np.int32)
    got = nearest_squared(pixel, np.full((1, 64), -(2**24) + 1), np.full(64, 2**24 - 1))
    assert got[0] == 64 * int(FAR) ** 2 > 0
