"""Mapped areas where confidence splits the loss."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.activity.confidence_strata import CONFIDENCE_STRATA, StrataRules, confidence_strata
from mrv.activity.mapped import measure_change
from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOW, NON_FOREST, OUTSIDE
from mrv.areas import total_m2
from mrv.change.change_map import ChangeMap, GainMap
from mrv.kernels.steps import CLEARING
from mrv.units import Period, epoch_day

START, END = date(2019, 1, 1), date(2021, 12, 31)
DAY = epoch_day(date(2020, 6, 1))


def measured(day, confidence, forest, inside, rules, gain=None):
    change = ChangeMap(day, confidence, np.full(day.shape, 20, np.uint16), gain=gain)
    return measure_change(
        change, forest, inside, np.full(day.shape, 10**8, np.int64), scene_days=np.array([DAY], np.int32), since=START,
        period=Period(START, END), minimum_px=1, buffer_px=0, rules=rules,
    )  # fmt: skip


@given(st.integers(0, 2**32 - 1), st.integers(1, 100), st.integers(1, 4), st.integers(0, 2))
@settings(deadline=None, max_examples=50)
def test_they_are_those_of_the_strata_and_add_up(seed, high, unit, buffer_px):
    rng = np.random.default_rng(seed)
    shape = (13, 17)
    day = np.where(rng.random(shape) < 0.3, rng.integers(epoch_day(START) - 300, epoch_day(END) + 300, shape), 0)
    confidence = rng.integers(1, 101, shape).astype(np.uint8) * (day > 0).astype(np.uint8)
    forest, inside = rng.random(shape) < 0.8, rng.random(shape) < 0.9
    rules = StrataRules(high_percent=high, minimum_px=unit, minimum_gain_px=unit, buffer_px=buffer_px, gain_percent=None)
    found = measured(day.astype(np.int32), confidence, forest, inside, rules)
    whole = confidence_strata(
        day.astype(np.int32), np.full(shape, CLEARING), confidence, forest, np.ones(shape, bool), start=START, end=END,
        rules=rules,
    )  # fmt: skip
    assert (found.strata == np.where(inside, whole.strata, OUTSIDE)).all()
    assert found.names == {code: name for code, name in CONFIDENCE_STRATA.items() if code != GAIN}
    assert sum(found.pixels.values()) == inside.sum()
    lost = np.isin(found.strata, (LOSS, LOW))
    assert ((found.years > 0) == lost).all()
    assert sum(row.pixels for row in found.loss) == lost.sum() == found.pixels[LOSS] + found.pixels[LOW]
    assert found.forest_m2 == total_m2(np.full(shape, 10**8, np.int64), inside & forest)


def test_a_clump_may_reach_out_of_the_project():
    """As a patch may where loss is one stratum: what lies across the boundary counts for its size and its confidence."""
    day, inside = np.zeros((3, 6), np.int32), np.zeros((3, 6), bool)
    day[1, 1:4], inside[:, :2] = DAY, True
    confidence = np.array([0, 20, 90, 90, 0, 0], np.uint8) * np.ones((3, 1), np.uint8)
    rules = StrataRules(high_percent=80, minimum_px=3, buffer_px=1, gain_percent=None)
    found = measured(day, confidence, np.ones((3, 6), bool), inside, rules)
    assert found.pixels == {LOSS: 1, LOW: 0, BUFFER: 5, FOREST: 0, NON_FOREST: 0}
    assert found.strata[1, 1] == LOSS
    assert found.loss[1].confidence_percent == 20, "the mean is of the pixels in the project"


@pytest.mark.parametrize(("gain_percent", "pixels"), [(None, 0), (60, 4), (90, 0)])
def test_gain_is_where_the_detector_saw_it_outside_the_forest(gain_percent, pixels):
    shape = (6, 8)
    forest, inside = np.zeros(shape, bool), np.ones(shape, bool)
    forest[:, 4:] = True
    gained, lost = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    gained[2:4, 3:6] = DAY  # half of it in forest, where nothing can be gained
    gained[0, 0] = DAY  # too small a clump
    gained[5, 1:3] = epoch_day(END) + 1
    gained[2:4, 2] = DAY
    lost[5, 6:8] = DAY
    gain = GainMap(gained, np.where(gained > 0, 70, 0).astype(np.uint8))
    rules = StrataRules(high_percent=80, gain_percent=gain_percent, minimum_px=2, minimum_gain_px=2, buffer_px=0)
    found = measured(lost, np.where(lost > 0, 95, 0).astype(np.uint8), forest, inside, rules, gain)
    assert (found.strata == GAIN).sum() == found.pixels.get(GAIN, 0) == pixels
    assert (GAIN in found.names) == (gain_percent is not None)
    assert (found.strata[5, 6:8] == LOSS).all()
    assert found.loss[1].pixels == 2, "gain is no loss"
    assert found.forest_m2 == 24 * 100
