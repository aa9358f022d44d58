"""What no change of scale, order or cloud may do to a monitored pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_season import forest_block

from mrv.change.bfast_monitor import BfastMonitor, MonitorRules
from mrv.change.ewma import EwmaMonitor, EwmaRules

HISTORY, TIMES = 46, 92
DAYS = np.arange(17000, 17000 + 16 * TIMES, 16).astype(np.int32)
DETECTORS = {
    "mosum": BfastMonitor(MonitorRules(), DAYS, HISTORY),
    "cusum": BfastMonitor(MonitorRules(process="cusum"), DAYS, HISTORY),
    "roc": BfastMonitor(MonitorRules(history="ROC", harmonics=1), DAYS, HISTORY),
    "ewma": EwmaMonitor(EwmaRules(), DAYS, HISTORY),
}
SEEDS, NAMES = st.integers(0, 2**32 - 1), st.sampled_from(sorted(DETECTORS))


def integers(name, index):
    found = DETECTORS[name].block(index)
    return found.break_day, found.break_index, found.process if name == "ewma" else found.magnitude


def made(seed, clouds=0.4):
    return forest_block((TIMES, 3, 100), seed=seed, history=HISTORY, clouds=clouds)


@settings(max_examples=25, deadline=None)
@given(SEEDS, NAMES, st.integers(-20000, 20000))
def test_a_constant_changes_no_bit(seed, name, constant):
    index = made(seed)
    moved = np.where(index == -32768, index, index.astype(np.int32) + constant).astype(np.int16)
    for a, b in zip(integers(name, index), integers(name, moved), strict=True):
        assert (a == b).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, NAMES)
def test_pixels_do_not_know_their_neighbours(seed, name):
    index, order = made(seed), np.random.default_rng(seed).permutation(300)
    shuffled = index.reshape(TIMES, 300)[:, order].reshape(index.shape)
    for a, b in zip(integers(name, index), integers(name, shuffled), strict=True):
        assert (a.ravel()[order] == b.ravel()).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, NAMES)
def test_what_is_hidden_after_the_break_does_not_move_it(seed, name):
    index = made(seed)
    day, number, _ = integers(name, index)
    hidden = np.where((number >= 0) & (np.arange(TIMES)[:, None, None] > number), -32768, index).astype(np.int16)
    again, _, _ = integers(name, hidden)
    assert (again == day).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, NAMES)
def test_a_break_is_an_observation_after_the_history(seed, name):
    index = made(seed, clouds=0.6)
    day, number, _ = integers(name, index)
    broken = number >= 0
    assert ((day > 0) == broken).all()
    assert (number[broken] >= HISTORY).all()
    rows, cols = np.nonzero(broken)
    assert (index[number[broken], rows, cols] != -32768).all()
    assert (day[broken] == DAYS[number[broken]]).all()


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from(["mosum", "cusum", "ewma"]))
def test_upside_down_breaks_at_the_same_dates(seed, name):
    index = made(seed)
    turned = np.where(index == -32768, index, -index).astype(np.int16)
    for a, b in zip(integers(name, index)[:2], integers(name, turned)[:2], strict=True):
        assert (a == b).mean() > 0.999
