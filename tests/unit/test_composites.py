from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.kernels.composites import MISSING, median_composite, slots_of_seasons, sorting_network


@pytest.mark.parametrize("rows", range(1, 14))
def test_the_network_sorts_every_pattern_of_zeros_and_ones(rows):
    """Knuth's zero-one principle: a network that sorts these sorts everything."""
    patterns = (np.arange(2**rows)[:, None] >> np.arange(rows)) & 1
    for low, high in sorting_network(rows).tolist():
        assert low < high
        a, b = patterns[:, low].copy(), patterns[:, high].copy()
        patterns[:, low], patterns[:, high] = np.minimum(a, b), np.maximum(a, b)
    assert (np.diff(patterns, axis=1) >= 0).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_against_sorting(seed, times, count):
    rng = np.random.default_rng(seed)
    values = rng.integers(-32767, 32767, (times, 37)).astype(np.int16)
    clear = rng.random((times, 37)) < 0.6
    slots = rng.integers(-1, count, times).astype(np.int32)
    found, seen = median_composite(values, clear, slots, count)
    for slot in range(count):
        for p in range(37):
            mine = sorted(values[(slots == slot) & clear[:, p], p].tolist())
            assert seen[slot, p] == len(mine)
            assert found[slot, p] == (mine[(len(mine) - 1) // 2] if mine else MISSING)


def test_tiles_and_missing_values_do_not_matter():
    rng = np.random.default_rng(3)
    values = rng.integers(0, 10_000, (9, 1500)).astype(np.int16)
    clear = rng.random(values.shape) < 0.7
    slots = np.zeros(9, np.int32)
    whole, _ = median_composite(values, clear, slots, 1)
    cuts = [slice(a, a + 131) for a in range(0, 1500, 131)]
    parts = np.concatenate([median_composite(values[:, cut], clear[:, cut], slots, 1)[0] for cut in cuts], axis=1)
    assert (whole == parts).all()
    blank = np.where(clear, values, MISSING)
    assert (median_composite(blank, np.ones_like(clear), slots, 1)[0] == whole).all()


def test_seasons_and_one_over_new_year():
    days = np.array(["2019-12-31", "2020-01-15", "2020-06-01", "2020-08-31", "2020-09-01", "2020-12-01"], "datetime64[D]")
    slots, names = slots_of_seasons(days.astype(np.int32), ((6, 8), (12, 2)))
    assert names == ((2020, 0), (2020, 1), (2021, 1))
    assert slots.tolist() == [1, 1, 0, 0, -1, 2]
