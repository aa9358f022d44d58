from __future__ import annotations

import numpy as np
import pytest

from mrv.change.change_kinds import (
    ACCRETION,
    DIRECTIONS,
    EROSION,
    NOTHING,
    OTHER_GAIN,
    OTHER_LOSS,
    POND,
    change_kinds,
    open_water,
)
from mrv.errors import MRVError

ROWS, COLS = np.mgrid[0:100, 0:100]


def turned(y, x, half_long, half_short, degrees):
    """A rectangle around a point."""
    angle = np.deg2rad(degrees)
    u = (COLS - x) * np.cos(angle) + (ROWS - y) * np.sin(angle)
    v = (ROWS - y) * np.cos(angle) - (COLS - x) * np.sin(angle)
    return (abs(u) <= half_long) & (abs(v) <= half_short)


def coast() -> np.ndarray:
    """Forest from row 20 on, water above; no other land at the border."""
    return np.where(ROWS >= 20, 1, 2).astype(np.uint8)


def kind_of(mask) -> set[int]:
    after = np.where(mask, 2, coast()).astype(np.uint8)
    lost = mask & (coast() == 1)
    kinds = change_kinds(coast(), after)
    assert not kinds[~lost].any()
    return set(np.unique(kinds[lost]).tolist())


@pytest.mark.parametrize("degrees", range(0, 90, 5))
@pytest.mark.parametrize(("long", "short"), [(8, 8), (10, 6), (14, 5)])
def test_rectangles_turned_any_way_are_ponds(degrees, long, short):
    assert kind_of(turned(60, 50, long, short, degrees)) == {POND}


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        ((ROWS >= 20) & (ROWS < 23), EROSION),
        ((ROWS >= 20) & (ROWS < 24) & (COLS > 30) & (COLS < 60), EROSION),
        ((ROWS >= 20) & (ROWS - 2 * np.sin(COLS / 6) < 23), EROSION),
        ((ROWS >= 20) & (ROWS < 40) & (COLS >= 40) & (COLS < 60), POND),
        ((ROWS - 60) ** 2 + (COLS - 50) ** 2 <= 144, OTHER_LOSS),
        ((ROWS >= 50) & (ROWS < 70) & (COLS >= 40) & (COLS - 40 < ROWS - 49), OTHER_LOSS),
        ((ROWS == 60) & (COLS > 30) & (COLS < 60), OTHER_LOSS),
        ((ROWS >= 60) & (ROWS < 63) & (COLS > 30) & (COLS < 34), OTHER_LOSS),
        (((ROWS == 60) | (COLS == 50)) & (ROWS > 40) & (ROWS < 80) & (COLS > 30) & (COLS < 70), OTHER_LOSS),
    ],
    ids=["strip", "bay", "wavy strip", "pond with a side at the water", "disc", "triangle", "road", "too small", "cross"],
)
def test_shapes(mask, kind):
    assert kind_of(mask) == {kind}


def test_an_islet_that_goes_is_erosion_and_one_that_comes_is_accretion():
    sea = np.full((40, 40), 2, np.uint8)
    islet = sea.copy()
    islet[15:25, 18:27] = 1
    assert set(np.unique(change_kinds(islet, sea))) == {NOTHING, EROSION}
    assert set(np.unique(change_kinds(sea, islet))) == {NOTHING, ACCRETION}


def test_accretion_is_erosion_backwards_and_a_filled_pond_is_other_gain():
    eroded = np.where((ROWS < 24) | turned(60, 50, 8, 8, 20), 2, 1).astype(np.uint8)
    lost, gained = change_kinds(coast(), eroded), change_kinds(eroded, coast())
    assert ((lost == EROSION) == (gained == ACCRETION)).all()
    assert ((lost == POND) == (gained == OTHER_GAIN)).all()
    assert (lost == EROSION).any()
    assert (lost == POND).any()


def test_the_water_mask_decides_which_side_is_the_sea():
    """Forest between sea above and land below, both at the border: a strip off the landward side is no erosion."""
    before = np.where((ROWS >= 20) & (ROWS < 70), 1, 2).astype(np.uint8)
    after = np.where((ROWS >= 70) | (ROWS < 20) | (ROWS >= 66), 2, before).astype(np.uint8)
    assert EROSION in change_kinds(before, after)
    assert set(np.unique(change_kinds(before, after, water=ROWS < 20))) == {NOTHING, OTHER_LOSS}


def test_water_inside_the_forest_is_not_open():
    before = coast()
    before[50:60, 50:60] = 2
    assert open_water(before)[10, 10]
    assert not open_water(before)[55, 55]


def test_directions_have_whole_lengths_and_leave_no_gap():
    assert all(a * a + b * b == n * n for a, b, n in DIRECTIONS)
    angles = sorted(np.rad2deg(np.arctan2(b, a)) for a, b, _ in DIRECTIONS if a)
    gaps = np.diff([*angles, 90.0])
    assert gaps.max() <= 6


def test_nodata_is_no_change_and_shapes_must_agree():
    before = coast()
    assert not change_kinds(before, np.zeros_like(before)).any()
    with pytest.raises(MRVError) as caught:
        change_kinds(before, before[1:])
    assert caught.value.error_code == "extent.shape"
    with pytest.raises(MRVError):
        change_kinds(before, before, water=np.zeros((2, 2), bool))
