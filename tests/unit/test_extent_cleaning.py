from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.change.extent_cleaning import CleaningRules, clean_stack, majority
from mrv.change.version_step import StepRules, measure_step, version_noise
from mrv.errors import MRVError

RIM = CleaningRules(persist=2, minimum_px=3, rim_px=1, rim_persist=99)


def pixel(codes: str, rules: CleaningRules) -> str:
    stack = np.array([int(code) for code in codes], np.uint8).reshape(-1, 1, 1)
    return "".join(map(str, clean_stack(stack, rules).states.ravel().tolist()))


def shore(at: float, shape=(60, 80)) -> np.ndarray:
    """Forest below a wavy shore around a row, so that all directions are there."""
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.where(rows >= at + 4 * np.sin(cols / 9.0), 1, 2).astype(np.uint8)


def islands(shift: float = 0.0, size: int = 120) -> np.ndarray:
    """Round islands, the whole map moved right and down by a part of a pixel."""
    rows, cols = np.mgrid[0:size, 0:size].astype(float) - shift
    land = np.zeros((size, size), bool)
    for y, x, radius in ((30, 30, 17), (30, 88, 13), (85, 35, 14), (84, 84, 22)):
        land |= (rows - y) ** 2 + (cols - x) ** 2 <= radius**2
    return np.where(land, 1, 2).astype(np.uint8)


@pytest.mark.parametrize(
    ("codes", "rules", "expected"),
    [
        ("1112111", CleaningRules(persist=2), "1111111"),
        ("1122111", CleaningRules(persist=2), "1122111"),
        ("1122111", CleaningRules(persist=3), "1111111"),
        ("1112222", CleaningRules(persist=3), "1112222"),
        ("1111112", CleaningRules(persist=2), "1111112"),
        ("1111112", CleaningRules(persist=2, last_loss=False), "1111111"),
        ("2222221", CleaningRules(persist=2, last_gain=False), "2222222"),
        ("2222211", CleaningRules(persist=2, last_gain=False), "2222211"),
        ("2111111", CleaningRules(persist=2), "2111111"),
        ("2111111", CleaningRules(persist=2, settle=2), "1111111"),
        ("2011111", CleaningRules(persist=2, settle=2), "1011111"),
        ("1102022", CleaningRules(persist=2), "1102022"),
        ("1102011", CleaningRules(persist=2), "1101011"),
        ("0011222", CleaningRules(persist=2), "0011222"),
        ("0000000", CleaningRules(persist=2), "0000000"),
        ("1121121", CleaningRules(window=3), "1111111"),
    ],
)
def test_flicker_in_time(codes, rules, expected):
    assert pixel(codes, rules) == expected


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_rules_that_ask_nothing_change_nothing(seed):
    stack = np.random.default_rng(seed).integers(0, 3, (6, 9, 8)).astype(np.uint8)
    found = clean_stack(stack, CleaningRules())
    assert (found.states == stack).all()
    assert not found.pending.any()


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 4), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_cleaning_is_a_stack_of_the_same_maps_turned_with_the_window(seed, persist, minimum, rim):
    rng = np.random.default_rng(seed)
    stack = np.where(rng.random((5, 12, 10)) < 0.15, rng.integers(0, 3, (5, 12, 10)), rng.integers(1, 3, (12, 10))).astype(
        np.uint8
    )
    rules = CleaningRules(persist=persist, minimum_px=minimum, rim_px=rim, rim_persist=persist + 1)
    whole = clean_stack(stack, rules).states
    turned = clean_stack(np.ascontiguousarray(stack[:, ::-1].transpose(0, 2, 1)), rules).states
    assert (turned == whole[:, ::-1].transpose(0, 2, 1)).all()
    assert ((whole == 0) == (stack == 0)).all()
    # Swapping forest and other swaps the answer: the rules are the same both ways.
    swapped = clean_stack(np.where(stack == 0, 0, 3 - stack).astype(np.uint8), rules).states
    assert (swapped == np.where(whole == 0, 0, 3 - whole)).all()


def test_majority_of_valid_maps_ties_stay():
    stack = np.array([1, 2, 1, 0, 2, 2], np.uint8).reshape(-1, 1, 1)
    assert majority(stack, 3).ravel().tolist() == [1, 1, 1, 0, 2, 2]
    assert (majority(stack, 1) == stack).all()


def test_specks_below_the_mapping_unit_are_no_change_and_lines_of_corners_are_one_patch():
    stack = np.ones((4, 20, 20), np.uint8)
    stack[1:, 2, 2] = stack[1:, 10, 10] = stack[1:, 11, 11] = stack[1:, 12, 12] = 2
    found = clean_stack(stack, CleaningRules(persist=2, minimum_px=3)).states
    assert found[-1, 2, 2] == 1
    assert (found[1:, [10, 11, 12], [10, 11, 12]] == 2).all()


def test_a_patch_that_grows_past_the_unit_is_dated_by_its_first_maps():
    stack = np.ones((5, 10, 10), np.uint8)
    stack[1:, 4, 4], stack[2:, 4, 5], stack[3:, 4, 6] = 2, 2, 2
    states = clean_stack(stack, CleaningRules(persist=2, minimum_px=3)).states
    assert [int((one == 2).sum()) for one in states] == [0, 1, 2, 3, 3]


def test_a_wandering_rim_vanishes_and_a_clearing_behind_it_stays_with_its_own_rim():
    maps = [shore(20), shore(21), shore(20), shore(21), shore(21)]
    maps = [one.copy() for one in maps]
    for one in maps[2:]:
        one[20:36, 30:40] = 2
    found = clean_stack(np.stack(maps), RIM)
    lost = (found.states[0] == 1) & (found.states[-1] == 2)
    assert lost[20:36, 30:40][(maps[0][20:36, 30:40] == 1)].all()
    outside = lost.copy()
    outside[18:38, 28:42] = False
    assert not outside.any(), "the rim of the shore is not carried along by the clearing"
    assert (found.pending == 2).any(), "it is told that the last map shows less forest"


def test_erosion_of_a_pixel_a_year_remains_whole():
    """Truth: the shore recedes by 6 pixels in 6 years."""
    stack = np.stack([shore(20 + year) for year in range(7)] + [shore(26)])
    states = clean_stack(stack, RIM).states
    truth = [int((stack[0] == 1).sum() - (one == 1).sum()) for one in stack]
    found = [int((stack[0] == 1).sum() - (one == 1).sum()) for one in states]
    assert found[5:] == truth[5:]
    assert all(abs(a - b) <= 80 for a, b in zip(found, truth, strict=True)), "never behind by more than a pixel"


def test_erosion_of_two_pixels_that_stops_remains_and_of_one_waits_for_its_years():
    stack = np.stack([shore(20), shore(20), *[shore(22)] * 5])
    assert (clean_stack(stack, RIM).states == stack).all()
    once = np.stack([shore(20), shore(20), *[shore(21)] * 5])
    assert (clean_stack(once, RIM).states == once[0]).all()
    patient = CleaningRules(persist=2, minimum_px=3, rim_px=1, rim_persist=4)
    assert (clean_stack(once, patient).states == once).all(), "what persists is a change, dated when it came"


# ── a version step is not a change ───────────────────────────────────────────


@pytest.mark.parametrize("shift", [0.5, 1.0, -1.0])
def test_a_version_step_is_not_a_change(shift):
    """The whole map lies half a pixel or one pixel off from the fifth map on: truth is no change."""
    stack = np.stack([islands()] * 4 + [islands(shift)] * 4)
    assert (stack[3] != stack[4]).sum() > 100, "must-fail control: the raw maps differ"
    found = clean_stack(stack, CleaningRules(persist=2), versions=["v2"] * 4 + ["v3"] * 4)
    assert (found.states == found.states[0]).all()
    assert (found.states[0] == stack[-1]).all(), "the earlier maps are given the later edge"
    assert not found.pending.any()
    step = found.steps[0]
    assert step.width_px >= 1
    assert step.symmetric_px > 4 * abs(step.net_px), "loss on one side is balanced by gain on the other"


def test_a_shift_of_one_epoch_vanishes_without_versions():
    for shift in (0.5, 1.0):
        stack = np.stack([islands()] * 3 + [islands(shift)] + [islands()] * 3)
        assert (clean_stack(stack, CleaningRules(persist=2)).states == stack[0]).all()


def test_a_version_that_grows_the_forest_everywhere_is_a_net_shift():
    grown = (islands() == 1) | (islands(0.5) == 1)
    from mrv.kernels.morphology import dilate

    after = np.where(dilate(grown, 1), 1, 2).astype(np.uint8)
    step = measure_step(islands(), after)
    assert step.width_px in {1, 2}
    assert step.symmetric_px == 0
    assert 800 <= step.shift_millipixels <= 2200
    back = measure_step(after, islands())
    assert back.net_px == -step.net_px or back.net_px < 0


def test_a_real_change_at_the_step_remains():
    """A clearing of 12 × 12 and a coast that falls back by 6 pixels on one island, in the year of the new version."""
    after = islands(1.0)
    after[78:90, 78:90] = 2
    rows, cols = np.mgrid[0:120, 0:120]
    eroded = ((rows - 30) ** 2 + (cols - 30) ** 2 <= 19**2) & (cols > 41)
    after[eroded] = 2
    stack = np.stack([islands()] * 4 + [after] * 4)
    found = clean_stack(stack, CleaningRules(persist=2), versions=["v2"] * 4 + ["v3"] * 4).states
    lost = (found[3] == 1) & (found[4] == 2)
    assert lost[78:90, 78:90].all()
    assert (lost & eroded).sum() >= 0.9 * ((stack[0] == 1) & eroded).sum()
    elsewhere = lost.copy()
    elsewhere[74:94, 74:94] = False
    elsewhere[:52, :52] &= False
    assert not elsewhere.any()


def test_a_change_that_waits_for_its_second_map_is_none_of_the_step():
    """A shore that fell back by 3 pixels in the last map of a version; the next lies a pixel further: the 3 stay there."""
    before, after, late = islands(), islands(), islands(1.0)
    rows, cols = np.mgrid[0:120, 0:120]
    bay = ((rows - 84) ** 2 + (cols - 84) ** 2 <= 22**2) & ((rows - 84) ** 2 + (cols - 84) ** 2 > 19**2)
    after[bay] = late[bay] = 2
    late[((rows - 84) ** 2 + (cols - 85) ** 2 > 19**2) & (cols > 50) & (rows > 50)] = 2
    stack = np.stack([before, before, after, late, late])
    found = clean_stack(stack, CleaningRules(persist=2), versions=["v2"] * 3 + ["v3"] * 2)
    lost = (found.states[1] == 1) & (found.states[2] == 2)
    assert found.steps[0].width_px == 1
    assert lost[bay].mean() > 0.8, "laid aside is what the step took there, no more"
    assert not lost[~bay].any()
    assert (found.states[2] == found.states[3]).all(), "nothing at the step"


def test_erosion_within_both_versions_remains():
    """4 pixels in the years of one version, a step of one pixel seawards, 4 pixels in those of the next: 7 or 8 remain."""
    stack = np.stack([shore(20), shore(22), shore(24), shore(24), shore(23), shore(23), shore(25), shore(27), shore(27)])
    found = clean_stack(stack, CleaningRules(persist=2), versions=["v2"] * 4 + ["v3"] * 5).states
    lost = int((found[0] == 1).sum()) - int((found[-1] == 1).sum())
    assert 7 * 80 <= lost <= 8 * 80
    assert (found[3] == found[5]).all(), "nothing at the step"
    counted = [int((a == 1).sum()) - int((b == 1).sum()) for a, b in pairwise(found)]
    assert counted[3] == counted[4] == 0


def test_without_a_step_between_versions_nothing_is_laid_aside():
    """The same map under another name, and one cleared bay: less than the share of the edge."""
    after = islands()
    after[20:30, 40:48] = 2
    step = measure_step(islands(), after)
    assert step.width_px == 0
    assert step.net_px == step.symmetric_px == step.shift_millipixels == 0
    assert not version_noise(islands(), after, 0).any()
    stack = np.stack([islands()] * 2 + [after] * 2)
    assert (clean_stack(stack, CleaningRules(), versions=["a", "a", "b", "b"]).states == stack).all()


def test_a_small_step_is_told_by_its_balance_and_small_erosion_is_not_one():
    """A tenth of the edge lost and a tenth gained, against a tenth lost alone."""
    rng = np.random.default_rng(3)
    before, both = islands(), islands()
    from mrv.kernels.morphology import dilate

    forest, other = before == 1, before == 2
    both[forest & dilate(other, 1) & (rng.random(before.shape) < 0.1)] = 2
    alone = both.copy()
    both[other & dilate(forest, 1) & (rng.random(before.shape) < 0.1)] = 1
    assert measure_step(before, both).width_px == 1
    assert measure_step(before, alone).width_px == 0


def test_few_pixels_of_edge_tell_no_share():
    before = np.full((20, 20), 2, np.uint8)
    before[8:12, 8:12] = 1
    after = np.roll(before, 1, axis=1)
    assert measure_step(before, after).width_px == 0
    assert measure_step(before, after, StepRules(fewest_px=4)).width_px >= 1


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: CleaningRules(persist=0), "extent.rules"),
        (lambda: CleaningRules(window=2), "extent.rules"),
        (lambda: CleaningRules(rim_px=-1), "extent.rules"),
        (lambda: clean_stack(np.ones((2, 2), np.uint8), CleaningRules()), "extent.shape"),
        (lambda: clean_stack(np.full((2, 2, 2), 3, np.uint8), CleaningRules()), "extent.codes"),
        (lambda: clean_stack(np.ones((2, 2, 2), np.uint8), CleaningRules(), versions=["a"]), "extent.versions"),
        (lambda: measure_step(np.ones((2, 2), np.uint8), np.ones((2, 3), np.uint8)), "extent.shape"),
    ],
)
def test_bad_input_is_refused(call, code):
    with pytest.raises(MRVError) as caught:
        call()
    assert caught.value.error_code == code
    assert caught.value.hint
    assert caught.value.field
