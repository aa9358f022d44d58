"""Strata by confidence: what holds for any layers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mrv.activity.confidence_strata import (
    CONFIDENCE_STRATA,
    ConfidenceStrata,
    StrataRules,
    confidence_strata,
    lower_medians,
)
from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOW, NON_FOREST, OUTSIDE, strata_map
from mrv.errors import MRVError
from mrv.units import epoch_day

START, END = date(2019, 1, 1), date(2021, 12, 31)
EIGHT = np.ones((3, 3), bool)


def layers(seed: int, shape=(24, 21), density=0.35):
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.integers(0, 4, (8, 7)), np.ones((3, 3), int))
    day = rng.choice([epoch_day(date(year, month, 3)) for year in (2018, 2019, 2020, 2021, 2022) for month in (2, 9)], shape)
    broken = (rng.random(shape) < density) | (blocks == 0)
    day = np.where(broken, np.where(rng.random(shape) < 0.5, day, epoch_day(date(2020, 5, 5))), rng.integers(-1, 1, shape))
    kinds, confidence = rng.integers(0, 5, shape).astype(np.uint8), rng.integers(0, 101, shape).astype(np.uint8)
    forest, inside = blocks != 3, ndimage.binary_erosion(np.ones(shape, bool), iterations=int(rng.integers(0, 3)))
    return day.astype(np.int32), kinds, confidence, forest, inside


rules_of_any_kind = st.builds(
    StrataRules,
    high_percent=st.integers(0, 100),
    least_percent=st.integers(0, 60),
    gain_percent=st.integers(0, 100),
    minimum_px=st.integers(1, 6),
    minimum_gain_px=st.integers(1, 6),
    buffer_px=st.integers(0, 3),
)


def run(parts, rules) -> ConfidenceStrata:
    return confidence_strata(*parts, start=START, end=END, rules=rules)


@given(st.integers(0, 2**32 - 1), rules_of_any_kind)
@settings(max_examples=60, deadline=None)
def test_every_pixel_is_in_one_stratum_and_none_but_gain_is_change_outside_the_forest(seed, rules):
    parts = layers(seed)
    found = run(parts, rules)
    *_, forest, inside = parts
    assert ((found.strata == OUTSIDE) == ~inside).all()
    assert set(np.unique(found.strata)) <= {OUTSIDE, *CONFIDENCE_STRATA}
    assert set(np.unique(found.strata[inside & ~forest])) <= {GAIN, NON_FOREST}
    assert set(np.unique(found.strata[inside & forest])) <= {LOSS, LOW, BUFFER, FOREST}
    changed = np.isin(found.strata, (LOSS, LOW, GAIN))
    assert ((found.years > 0) == changed).all()
    assert ((found.break_day > 0) == changed).all()


@given(st.integers(0, 2**32 - 1), rules_of_any_kind)
@settings(max_examples=60, deadline=None)
def test_clumps_keep_the_mapping_unit_one_year_and_one_confidence(seed, rules):
    parts = layers(seed)
    day, _, confidence, _, _ = parts
    found = run(parts, rules)
    changed = found.years > 0
    assert ((found.break_day[changed] >= epoch_day(START)) & (found.break_day[changed] <= epoch_day(END))).all()
    assert (found.break_day[changed] == day[changed]).all(), "a kept break keeps its day"
    for year in (2019, 2020, 2021):
        for codes, unit, least in (
            ((LOSS, LOW), rules.minimum_px, rules.least_percent),
            ((GAIN,), rules.minimum_gain_px, rules.gain_percent),
        ):
            labels, count = ndimage.label(np.isin(found.strata, codes) & (found.years == year), EIGHT)
            for clump in range(1, count + 1):
                mask = labels == clump
                assert mask.sum() >= unit
                assert len(np.unique(found.strata[mask])) == 1
                middle = sorted(confidence[mask].tolist())[(int(mask.sum()) - 1) // 2]
                assert set(found.confidence[mask].tolist()) == {middle}
                assert middle >= least
                if codes != (GAIN,):
                    assert (found.strata[mask][0] == LOSS) == (middle >= rules.high_percent)


@given(st.integers(0, 2**32 - 1), rules_of_any_kind)
@settings(max_examples=60, deadline=None)
def test_its_own_layers_give_the_same_strata(seed, rules):
    parts = layers(seed)
    first = run(parts, rules)
    again = run((first.break_day, first.kinds, first.confidence, *parts[3:]), rules)
    for name in ("strata", "years", "break_day", "kinds", "confidence"):
        assert (getattr(again, name) == getattr(first, name)).all(), name


@given(st.integers(0, 2**32 - 1), rules_of_any_kind)
@settings(max_examples=30, deadline=None)
def test_nothing_depends_on_how_the_window_lies_or_was_put_together(seed, rules):
    parts = layers(seed)
    whole = run(parts, rules).strata
    turned = run(tuple(np.ascontiguousarray(part[::-1].T) for part in parts), rules).strata
    assert (turned == whole[::-1].T).all()
    chunked = tuple(np.concatenate([part[:5], part[5:17], part[17:]]) for part in parts)
    assert (run(chunked, rules).strata == whole).all()
    gap = rules.buffer_px + 2
    pair = tuple(np.pad(part, ((0, 0), (0, part.shape[1] + gap)), constant_values=0) for part in parts)
    for both, part in zip(pair, parts, strict=True):
        both[:, part.shape[1] + gap :] = part
    assert (run(pair, rules).strata[:, : whole.shape[1]] == whole).all(), "what does not touch does not matter"


def test_years_that_touch_are_not_merged():
    shape = (6, 10)
    day = np.zeros(shape, np.int32)
    day[2, 2:4], day[2, 4:6] = epoch_day(date(2019, 6, 1)), epoch_day(date(2020, 6, 1))
    parts = (day, np.full(shape, 1, np.uint8), np.full(shape, 90, np.uint8), np.ones(shape, bool), np.ones(shape, bool))
    two = run(parts, StrataRules(minimum_px=2))
    assert two.years[2, 2:6].tolist() == [2019, 2019, 2020, 2020]
    assert not run(parts, StrataRules(minimum_px=3)).years.any(), "four pixels in two years are no patch of four"


def test_low_and_high_beside_each_other_share_a_buffer():
    shape = (9, 20)
    day, confidence = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
    day[4, 3:6] = day[4, 12:15] = epoch_day(date(2019, 6, 1))
    confidence[4, 3:6], confidence[4, 12:15] = (40, 79, 100), (40, 80, 100)
    parts = (day, np.full(shape, 2, np.uint8), confidence, np.ones(shape, bool), np.ones(shape, bool))
    found = run(parts, StrataRules(high_percent=80, buffer_px=1))
    assert (found.strata[4, 3:6] == LOW).all()
    assert (found.strata[4, 12:15] == LOSS).all()
    assert (found.strata == BUFFER).sum() == 2 * (3 * 5 - 3)
    # As strata.strata_map draws them, but for the two names of loss.
    plain = strata_map(found.years, parts[3], parts[4], 1)
    assert (np.where(found.strata == LOW, LOSS, found.strata) == plain).all()


def test_recovery_and_gain_in_forest_are_no_change():
    shape = (3, 3)
    day = np.full(shape, epoch_day(date(2020, 1, 1)), np.int32)
    sure, all_of = np.full(shape, 100, np.uint8), np.ones(shape, bool)
    cases = (3, True, FOREST), (4, True, FOREST), (4, False, GAIN), (1, False, NON_FOREST), (0, True, FOREST)
    for kind, forest, expected in cases:
        found = run((day, np.full(shape, kind, np.uint8), sure, all_of & forest, all_of), StrataRules())
        assert (found.strata == expected).all()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 100)), max_size=60))
@settings(deadline=None)
def test_lower_medians(pairs):
    labels, values = (np.array([pair[i] for pair in pairs], np.int32) for i in (0, 1))
    found = lower_medians(labels, values, 6)
    for label in range(6):
        mine = sorted(values[labels == label].tolist())
        assert found[label] == (mine[(len(mine) - 1) // 2] if mine else 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kinds": np.zeros((2, 2), np.uint8)}, "strata.shape"),
        ({"kinds": np.full((24, 21), 9, np.uint8)}, "strata.codes"),
        ({"confidence": np.full((24, 21), 101, np.uint8)}, "strata.codes"),
    ],
)
def test_bad_layers_are_refused(change, code):
    names = ("break_day", "kinds", "confidence", "forest", "inside")
    parts = dict(zip(names, layers(1), strict=True)) | change
    with pytest.raises(MRVError) as caught:
        confidence_strata(**parts, start=START, end=END)
    assert caught.value.error_code == code
    assert caught.value.hint
    assert caught.value.field


@pytest.mark.parametrize("wrong", [{"high_percent": 101}, {"least_percent": -1}, {"minimum_px": 0}, {"buffer_px": -1}])
def test_bad_rules_are_refused(wrong):
    with pytest.raises(MRVError) as caught:
        StrataRules(**wrong)
    assert caught.value.error_code == "strata.rules"
