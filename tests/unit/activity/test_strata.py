from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from support.tiny_project import CLEARINGS, LOSS_PX

from mrv.activity.mapped import measure_change
from mrv.activity.strata import BUFFER, FOREST, LOSS, NON_FOREST, OUTSIDE, STRATA, loss_years, strata_map
from mrv.areas import total_m2
from mrv.change.change_map import ChangeMap
from mrv.units import Period, epoch_day

START, END = date(2019, 1, 1), date(2020, 12, 31)
DAYS = (-1, 0, epoch_day(START) - 1, epoch_day(START), epoch_day(date(2019, 12, 31)), epoch_day(date(2020, 1, 1)),
        epoch_day(END), epoch_day(END) + 1)  # fmt: skip
SCENES = np.array(DAYS[2:], np.int32)
SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 12))


def change_map(days):
    days = np.asarray(days, np.int32)
    return ChangeMap(days, np.where(days > 0, 80, 0).astype(np.uint8), np.full(days.shape, 20, np.uint16))


@st.composite
def worlds(draw):
    shape = draw(SHAPES)
    days = draw(hnp.arrays(np.int32, shape, elements=st.sampled_from(DAYS)))
    forest, inside = (draw(hnp.arrays(bool, shape)) for _ in range(2))
    return days, forest, inside, draw(st.integers(1, 5)), draw(st.integers(0, 3))


def patches(mask):
    """Eight-connected patches by flood fill."""
    left = {tuple(map(int, at)) for at in np.argwhere(mask)}
    while left:
        edge, patch = [left.pop()], set()
        while edge:
            r, c = edge.pop()
            patch.add((r, c))
            near = {(r + i, c + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
            left -= near
            edge += near
        yield patch


@given(worlds())
@settings(deadline=None, max_examples=120)
def test_the_minimum_mapping_unit_against_a_flood_fill(world):
    days, forest, _, minimum, _ = world
    found = loss_years(change_map(days), forest, start=START, end=END, minimum_px=minimum)
    lost = forest & (days >= epoch_day(START)) & (days <= epoch_day(END))
    expected = np.zeros(days.shape, int)
    for patch in patches(lost):
        if len(patch) >= minimum:
            for at in patch:
                expected[at] = 2019 if days[at] <= epoch_day(date(2019, 12, 31)) else 2020
    assert (found == expected).all()


@given(worlds())
@settings(deadline=None, max_examples=120)
def test_the_strata_partition_the_project_area(world):
    days, forest, inside, minimum, buffer_px = world
    change = change_map(days)
    areas = np.arange(1, days.size + 1, dtype=np.int64).reshape(days.shape) * 12_345_678
    found = measure_change(
        change, forest, inside, areas, scene_days=SCENES, since=START, period=Period(date(2020, 1, 1), END), minimum_px=minimum,
        buffer_px=buffer_px,
    )  # fmt: skip
    strata = found.strata
    assert set(np.unique(strata)) <= {OUTSIDE, *STRATA}
    assert ((strata == OUTSIDE) == ~inside).all()
    assert sum(found.pixels.values()) == inside.sum()
    assert abs(sum(found.area_m2.values()) - total_m2(areas, inside)) <= 2
    assert not (np.isin(strata, (LOSS, BUFFER, FOREST)) & ~forest).any()
    assert not ((strata == NON_FOREST) & forest).any()
    assert [row.year for row in found.loss] == [2019, 2020]
    assert sum(row.pixels for row in found.loss) == found.pixels[LOSS]
    for row in found.loss:
        assert (row.confidence_percent is None) == (row.pixels == 0)
        first = DAYS[3] if row.year == 2019 else DAYS[5]
        assert row.undated_px == ((strata == LOSS) & (days == first)).sum()
    assert found.unmonitored_px == (inside & forest & (days == -1)).sum()
    years = loss_years(change, forest, start=START, end=END, minimum_px=minimum)
    near = ndimage.binary_dilation(years > 0, np.ones((2 * buffer_px + 1,) * 2, bool))
    assert ((strata == BUFFER) == (inside & forest & near & (years == 0))).all()


def test_diagonal_pixels_are_one_patch_whatever_their_years():
    days = np.zeros((4, 4), np.int32)
    for at, day in (((0, 0), DAYS[3]), ((1, 1), DAYS[6]), ((2, 2), DAYS[4])):
        days[at] = day
    forest = np.ones((4, 4), bool)
    found = loss_years(change_map(days), forest, start=START, end=END, minimum_px=3)
    assert [found[i, i] for i in range(4)] == [2019, 2020, 2019, 0]
    assert not loss_years(change_map(days), forest, start=START, end=END, minimum_px=4).any()


def test_a_patch_may_reach_out_of_the_project():
    """The mapping unit is a property of the ground: what lies across the boundary counts for it, not for the area."""
    days = np.zeros((3, 4), np.int32)
    days[1, :3] = DAYS[4]
    inside = np.zeros((3, 4), bool)
    inside[:, 0] = True
    found = measure_change(
        change_map(days), np.ones((3, 4), bool), inside, np.full((3, 4), 10**8, np.int64),
        scene_days=SCENES, since=START, period=Period(START, END), minimum_px=3, buffer_px=1,
    )  # fmt: skip
    assert found.pixels == {LOSS: 1, BUFFER: 2, FOREST: 0, NON_FOREST: 0}


def test_without_loss():
    empty = np.zeros((3, 3), np.int32)
    found = measure_change(
        change_map(empty), np.ones((3, 3), bool), np.ones((3, 3), bool), np.full((3, 3), 10**8, np.int64),
        scene_days=SCENES, since=START, period=Period(START, END), minimum_px=1, buffer_px=2,
    )  # fmt: skip
    assert found.pixels == {LOSS: 0, BUFFER: 0, FOREST: 9, NON_FOREST: 0}
    assert found.area_m2[FOREST] == 900
    assert all(row.confidence_percent is None and row.area_m2 == 0 for row in found.loss)


def test_the_mean_confidence_is_rounded_down():
    days = np.full((1, 3), DAYS[4], np.int32)
    change = ChangeMap(days, np.array([[100, 100, 99]], np.uint8), np.zeros((1, 3), np.uint16))
    found = measure_change(
        change, np.ones((1, 3), bool), np.ones((1, 3), bool), np.ones((1, 3), np.int64), scene_days=SCENES, since=START,
        period=Period(START, END), minimum_px=1, buffer_px=0,
    )  # fmt: skip
    assert found.loss[0].confidence_percent == 99


@given(worlds())
@settings(deadline=None, max_examples=40)
def test_a_buffer_of_nothing_is_nothing(world):
    days, forest, inside, minimum, _ = world
    years = loss_years(change_map(days), forest, start=START, end=END, minimum_px=minimum)
    assert not (strata_map(years, forest, inside, 0) == BUFFER).any()


def test_the_tiny_clearings_are_found(tiny_result):
    activity = tiny_result.result.activity
    assert {row.year: row.pixels for row in activity.loss} == LOSS_PX
    assert (tiny_result.result.optical.change.break_day == tiny_result.tiny.break_day)[tiny_result.tiny.forest].all()
    assert len(CLEARINGS) == 3
    assert activity.pixels[LOSS] == sum(LOSS_PX.values())
    assert sum(activity.pixels.values()) == 24 * 24


@pytest.mark.parametrize("period_end", [date(2019, 6, 30), END])
def test_loss_after_the_period_does_not_count(period_end):
    days = np.full((2, 2), epoch_day(date(2020, 7, 1)), np.int32)
    found = loss_years(change_map(days), np.ones((2, 2), bool), start=START, end=period_end, minimum_px=1)
    assert found.any() == (period_end == END)
