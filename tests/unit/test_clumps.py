from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mrv.kernels.clumps import EIGHT, at_least, clumps, depth_from, grow_within, touched
from mrv.kernels.morphology import dilate


def mask_of(seed, density=0.4):
    return np.random.default_rng(seed).random((17, 23)) < density


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_clumps_against_flooding(seed, pixels):
    mask = mask_of(seed)
    labels, sizes = clumps(mask)
    assert ((labels > 0) == mask).all()
    assert sizes.sum() == mask.sum()
    assert sizes[0] == 0
    for label in range(1, len(sizes)):
        seed_of = np.zeros_like(mask)
        seed_of[tuple(np.argwhere(labels == label)[0])] = True
        assert (grow_within(seed_of, mask, mask.size) == (labels == label)).all()
    kept = at_least(mask, pixels)
    assert (kept == (mask & (sizes[labels] >= pixels))).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_depth_against_the_chessboard_distance(seed, most):
    mask = mask_of(seed, 0.05)
    if mask.any():
        distance = ndimage.distance_transform_cdt(~mask, "chessboard")
        assert (depth_from(mask, most) == np.minimum(distance, most + 1)).all()
    assert (depth_from(np.zeros_like(mask), most) == most + 1).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_touched_is_a_dilation_by_one(seed):
    mask = mask_of(seed, 0.1)
    assert (touched(mask) == dilate(mask, 1)).all()
    assert (touched(mask) == ndimage.binary_dilation(mask, EIGHT)).all()


def test_growing_stays_inside():
    mask = np.zeros((5, 9), bool)
    mask[2, 1:8] = True
    mask[2, 5] = False
    seed = np.zeros_like(mask)
    seed[2, 1] = True
    assert np.flatnonzero(grow_within(seed, mask, 2)[2]).tolist() == [1, 2, 3]
    assert np.flatnonzero(grow_within(seed, mask, 99)[2]).tolist() == [1, 2, 3, 4]
    assert not grow_within(~mask, mask, 0).any()
