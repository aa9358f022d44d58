from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.change.extent_maps import ExtentChange, classify, detect
from mrv.errors import MRVError

YEARS = (2015, 2016, 2017, 2018, 2019, 2020)


def one(codes: str, years=YEARS, baseline=2015) -> dict[str, int]:
    """One pixel's maps, ``1`` forest, ``2`` other, ``0`` nodata."""
    stack = np.array([int(code) for code in codes], np.uint8).reshape(-1, 1, 1)
    found = detect(stack, years, baseline=baseline)
    return {field.name: getattr(found, field.name)[0, 0].item() for field in fields(found)}


def plain(codes, years, baseline) -> dict[str, int]:
    """The rule once more, for one pixel, in words: an oracle."""
    seen = [(year, code) for year, code in zip(years, codes, strict=True) if code]
    found = {
        "forest_at_start": False, "loss_year": 0, "loss_since": 0, "gain_year": 0, "gain_since": 0, "unconfirmed_loss": False,
        "unconfirmed_gain": False, "flicker": 0, "repeated": False, "unobserved": True,
    }  # fmt: skip
    if not seen:
        return found
    state = start = None
    previous = None
    for at, (year, code) in enumerate(seen):
        if state is None:
            state = code
        elif code != state:
            last = at + 1 == len(seen)
            if not last and seen[at + 1][1] == state:
                found["flicker"] += year > baseline
            else:
                state = code
                name = "gain" if code == 1 else "loss"
                if year > baseline and start is not None:
                    if found[f"{name}_year"]:
                        found["repeated"] = True
                    else:
                        found |= {f"{name}_year": year, f"{name}_since": previous, f"unconfirmed_{name}": last}
        if year <= baseline:
            start = state
        previous = year
    found["forest_at_start"] = start == 1
    found["unobserved"] = start is None or seen[-1][0] <= baseline
    return found


CASES = {
    "stable forest": ("111111", {"forest_at_start": True, "loss_year": 0, "gain_year": 0, "flicker": 0}),
    "stable other": ("222222", {"forest_at_start": False, "loss_year": 0, "gain_year": 0}),
    "a loss that holds": ("111222", {"loss_year": 2018, "loss_since": 2017, "unconfirmed_loss": False}),
    "a gain that holds": ("222211", {"gain_year": 2019, "gain_since": 2018, "unconfirmed_gain": False}),
    "one epoch of loss is flicker": ("112111", {"loss_year": 0, "gain_year": 0, "flicker": 1, "forest_at_start": True}),
    "one epoch of gain is flicker": ("221222", {"loss_year": 0, "gain_year": 0, "flicker": 1}),
    "a loss in the last epoch is unconfirmed": ("111112", {"loss_year": 2020, "unconfirmed_loss": True}),
    "a gain in the last epoch is unconfirmed": ("222221", {"gain_year": 2020, "unconfirmed_gain": True}),
    "loss then regrowth": ("122211", {"loss_year": 2016, "gain_year": 2019, "repeated": False}),
    "a second loss is told": ("122112", {"loss_year": 2016, "gain_year": 2018, "repeated": True, "unconfirmed_loss": False}),
    "nodata is skipped": ("110022", {"loss_year": 2019, "loss_since": 2016}),
    "nodata does not hold a change": ("111200", {"loss_year": 2018, "unconfirmed_loss": True}),
    "nodata between flicker": ("112010", {"loss_year": 0, "flicker": 1}),
    "held across nodata": ("112002", {"loss_year": 2017, "unconfirmed_loss": False}),
    "never seen": ("000000", {"unobserved": True, "forest_at_start": False, "loss_year": 0}),
    "not seen at the start": ("011222", {"unobserved": True, "loss_year": 0, "forest_at_start": False}),
    "not seen after the start": ("100000", {"unobserved": True, "loss_year": 0}),
    "alternation": ("121212", {"flicker": 2, "loss_year": 2020, "unconfirmed_loss": True}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_rule(name):
    codes, expected = CASES[name]
    found = one(codes)
    assert {key: found[key] for key in expected} == expected
    assert found == plain([int(code) for code in codes], YEARS, 2015)


def test_without_the_rule_flicker_would_be_two_changes():
    """Must-fail control: differencing neighbours counts a loss and a gain where nothing happened."""
    codes = [1, 1, 2, 1, 1, 1]
    differences = sum(a != b for a, b in pairwise(codes))
    assert differences == 2
    assert one("112111")["loss_year"] == one("112111")["gain_year"] == 0


def test_history_before_the_baseline_sets_the_state_but_counts_nothing():
    found = one("122211", baseline=2017)
    assert not found["forest_at_start"]
    assert (found["loss_year"], found["gain_year"], found["gain_since"]) == (0, 2019, 2018)
    # Flicker in the baseline map itself is seen through its neighbours.
    assert one("112111", baseline=2017)["forest_at_start"]
    assert one("112111", baseline=2017)["flicker"] == 0


def test_a_change_across_a_long_gap_is_dated_by_both_of_its_maps():
    found = one("1122", years=(1996, 2007, 2015, 2016), baseline=1996)
    assert (found["loss_since"], found["loss_year"]) == (2007, 2015)


def test_the_baseline_may_lie_between_epochs():
    assert one("1122", years=(1996, 2007, 2015, 2016), baseline=2012)["loss_year"] == 2015


@given(st.lists(st.integers(0, 2), min_size=2, max_size=9), st.data())
@settings(max_examples=200, deadline=None)
def test_against_the_rule_in_words(codes, data):
    years = data.draw(st.lists(st.integers(1990, 2030), min_size=len(codes), max_size=len(codes), unique=True).map(sorted))
    baseline = data.draw(st.integers(years[0], years[-1] - 1))
    found = one("".join(map(str, codes)), tuple(years), baseline)
    assert found == plain(codes, years, baseline)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_pixel_does_not_know_its_neighbours(seed):
    stack = np.random.default_rng(seed).integers(0, 3, (6, 4, 5)).astype(np.uint8)
    whole = detect(stack, YEARS, baseline=2016)
    part = detect(stack[:, 1:3, 2:5], YEARS, baseline=2016)
    for field in fields(ExtentChange):
        assert (getattr(whole, field.name)[1:3, 2:5] == getattr(part, field.name)).all(), field.name


def test_net_change_is_the_difference_of_the_followed_maps():
    """Forest at the start − first losses + first gains = forest at the end, where nothing repeats."""
    stack = np.random.default_rng(7).integers(1, 3, (6, 60, 60)).astype(np.uint8)
    found = detect(stack, YEARS, baseline=2015)
    once = ~found.repeated
    end = found.forest_at_start.astype(int) - (found.loss_year > 0) + (found.gain_year > 0)
    assert set(np.unique(end[once])) <= {0, 1}
    # The last map is the state, for a disagreement there is an (unconfirmed) change.
    assert (end[once] == (stack[-1][once] == 1)).all()


def test_integers_of_the_declared_types():
    found = detect(np.ones((2, 3, 4), np.uint8), (2019, 2020), baseline=2019)
    kinds = {field.name: getattr(found, field.name).dtype for field in fields(found)}
    assert kinds["loss_year"] == kinds["gain_since"] == np.int32
    assert kinds["forest_at_start"] == kinds["unobserved"] == np.bool_
    assert all(getattr(found, field.name).shape == (3, 4) for field in fields(found))


def test_codes_are_classified_and_all_others_are_nodata():
    values = np.array([[0, 1, 2], [3, 10, 255]], np.int16)
    assert classify(values, forest=(1, 10), other=(2, 0)).tolist() == [[2, 1, 2], [0, 1, 0]]
    assert classify(values, forest=(1,), other=(2,)).dtype == np.uint8


@pytest.mark.parametrize(
    ("values", "forest", "other"),
    [([[1, 2]], (1, 2), (2,)), ([[256]], (1,), (2,)), ([[-1]], (1,), (2,))],
)
def test_codes_that_mean_nothing_are_refused(values, forest, other):
    with pytest.raises(MRVError) as caught:
        classify(np.array(values, np.int32), forest=forest, other=other)
    assert caught.value.error_code == "extent.codes"
    assert caught.value.hint


GOOD = np.ones((3, 2, 2), np.uint8)
BAD = {
    "a year short": (GOOD, (2018, 2019), 2018, "shape"),
    "two dimensions": (GOOD[0], (2018, 2019), 2018, "shape"),
    "floats": (GOOD.astype(float), (2018, 2019, 2020), 2018, "shape"),
    "signed": (GOOD.astype(np.int8), (2018, 2019, 2020), 2018, "shape"),
    "descending": (GOOD, (2020, 2019, 2018), 2019, "years"),
    "one year twice": (GOOD, (2018, 2018, 2020), 2018, "years"),
    "year 0": (GOOD, (0, 2018, 2020), 2018, "years"),
    "unclassified": (GOOD * 3, (2018, 2019, 2020), 2018, "codes"),
    "nothing before the start": (GOOD, (2018, 2019, 2020), 2017, "baseline"),
    "nothing after it": (GOOD, (2018, 2019, 2020), 2020, "baseline"),
    "no map": (GOOD[:0], (), 2020, "baseline"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_stacks_are_refused(name):
    stack, years, baseline, reason = BAD[name]
    with pytest.raises(MRVError) as caught:
        detect(stack, years, baseline=baseline)
    assert caught.value.error_code == f"extent.{reason}"
    assert caught.value.hint
