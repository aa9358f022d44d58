from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from mrv.change.radar_screening import RadarView, refuse_decibels, screen_images, view_image
from mrv.errors import SourceError
from mrv.plan import RadarTable
from mrv.sources.geometry import Geometry
from mrv.units import epoch_day

ONE, OTHER = Geometry(33, "ascending"), Geometry(141, "descending")
RULES = RadarTable(min_seen_percent=Decimal(50), max_shift_db=Decimal(3))
START = date(2020, 1, 1)
NODATA = -32_768


def screened(rows, **options):
    """Rows of ``(day from the start, geometry, median, seen)``."""
    days = [epoch_day(START) + row[0] for row in rows]
    views = [RadarView(row[3], row[2]) for row in rows]
    rules = {"rules": RULES, "min_history": 3, "start": START, "forest_px": 100, **options}
    return screen_images(days, [row[1] for row in rows], views, **rules)


HISTORY = [(-60, ONE, -700, 100), (-48, ONE, -720, 100), (-36, ONE, -690, 100)]


def test_an_image_is_shifted_onto_its_own_history():
    found = screened([*HISTORY, (0, ONE, -750, 100), (12, ONE, -600, 100)])
    assert found.status == ("history",) * 3 + ("used",) * 2
    assert found.shift == (0, -20, 10, -50, 100)


def test_each_geometry_has_its_own_level():
    other = [(day, OTHER, median - 250, seen) for day, _, median, seen in HISTORY]
    rows = sorted([*HISTORY, *other, (6, OTHER, -950, 100)], key=lambda row: (row[0], row[1]))
    found = screened(rows)
    assert set(found.status) == {"history", "used"}
    assert found.shift[-1] == 0


def test_a_geometry_without_history_is_left_out():
    found = screened([*HISTORY, (0, OTHER, -700, 100), (12, ONE, -700, 100)])
    assert found.status[3:] == ("no history", "used")


def test_a_step_of_the_whole_forest_is_left_out():
    found = screened([*HISTORY, (0, ONE, -1001, 100), (12, ONE, -1000, 100)])
    assert found.status[3:] == ("index step", "used")
    assert found.shift[3] == 0


def test_an_image_that_sees_too_little_counts_for_nothing():
    rows = [*HISTORY, (-24, ONE, -100, 49), (-12, ONE, None, 0), (0, ONE, -700, 50)]
    found = screened(rows)
    assert found.status[3:] == ("too little seen", "too little seen", "used")
    assert found.shift[3:] == (0, 0, 0)


def test_history_that_steps_does_not_count_as_history():
    found = screened([(-60, ONE, -700, 100), (-48, ONE, -700, 100), (-36, ONE, 0, 100), (0, ONE, -700, 100)])
    assert set(found.status) == {"no history"}


def test_mosaics_are_one_geometry():
    found = screened([(day, None, median, seen) for day, _, median, seen in HISTORY] + [(5, None, -700, 100)])
    assert found.status[-1] == "used"


def test_a_view_is_the_lower_median_of_the_forest():
    decibels = np.array([[-700, -900, NODATA], [-800, 30, 40]], np.int16)
    forest = np.array([[1, 1, 1], [1, 0, 1]], bool)
    assert view_image(lambda tile: decibels[tile], forest) == RadarView(4, -800)
    assert view_image(lambda tile: np.full(decibels.shape, NODATA, np.int16)[tile], forest) == RadarView(0, None)


def test_decibels_said_to_be_power_are_refused():
    with pytest.raises(SourceError) as caught:
        refuse_decibels(np.array([-7.0, -11.5, 0.5, np.nan, -32_768.0], np.float32), item="S1")
    assert (caught.value.error_code, caught.value.file) == ("radar.scale", "S1")


@pytest.mark.parametrize("values", [[0.2, 0.1, -32_768.0], [np.nan], [0.2, -0.001, 0.1], [-32_768.0]])
def test_power_with_holes_and_noise_is_not(values):
    refuse_decibels(np.array(values, np.float32), item="S1")
