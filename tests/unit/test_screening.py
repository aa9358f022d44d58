from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_project import CLOUD, DAYS, HAZE, OFF_SEASON

from mrv.change.screening import NOWHERE, Points, SceneView, order_statistic, screen, view_scene
from mrv.plan import ObservationTable
from mrv.units import epoch_day

RULES = ObservationTable(
    masked_classes=(0, 9), dilation_px=0, season_start_doy=100, season_end_doy=280, min_clear_percent=50, max_shift=1500,
    max_gap_days=300,
)  # fmt: skip
START = date(2020, 1, 1)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
@settings(deadline=None)
def test_order_statistics_against_sort(values):
    bins = np.bincount(values, minlength=31)
    for rank, expected in enumerate(np.sort(values)):
        assert order_statistic(bins, rank) == expected


def decide(*scenes, forest_px=100):
    """Scenes are (day, clear pixels, median)."""
    days = [epoch_day(date.fromisoformat(day)) for day, _, _ in scenes]
    views = [SceneView(clear, median, 200) for _, clear, median in scenes]
    return screen(days, views, rules=RULES, start=START, forest_px=forest_px)


def test_statuses_and_shifts():
    found = decide(
        ("2019-01-05", 100, 8000), ("2019-06-01", 100, 8000), ("2019-06-11", 100, 8200), ("2019-06-21", 49, 8000),
        ("2019-07-01", 50, 8100), ("2019-07-11", 0, None), ("2019-12-31", 100, 8000), ("2020-04-09", 100, 8000),
        ("2020-06-01", 100, 6600), ("2020-06-02", 100, 6599), ("2020-06-03", 100, 9600), ("2020-06-04", 100, 9601),
    )  # fmt: skip
    assert found.reference == 8100
    assert found.status == (
        "off season", "history", "history", "too cloudy", "history", "too cloudy", "off season", "used", "used",
        "index step", "used", "index step",
    )  # fmt: skip
    assert found.shift == (0, -100, 100, 0, 0, 0, 0, -100, -1500, 0, 1500, 0)


def test_the_season_is_by_day_of_year_both_ends_included():
    found = decide(("2019-04-09", 100, 8000), ("2019-04-10", 100, 8000), ("2019-10-07", 100, 8000), ("2019-10-08", 100, 8000))
    assert found.status == ("off season", "history", "history", "off season")


def test_leap_years_keep_the_day_of_year():
    assert decide(("2020-04-08", 100, 8000), ("2020-04-09", 100, 8000)).status == ("off season", "used")


def test_the_first_day_of_the_project_is_not_history():
    rules = RULES.model_copy(update={"season_start_doy": 1, "season_end_doy": 366})
    days = [epoch_day(date(2019, 12, 31)), epoch_day(START)]
    found = screen(days, [SceneView(9, 1, None)] * 2, rules=rules, start=START, forest_px=9)
    assert found.status == ("history", "used")


def test_without_history_there_is_no_reference():
    found = decide(("2020-06-01", 100, 8000), ("2020-06-11", 100, 100))
    assert found.reference is None
    assert found.shift == (0, 0)


def test_a_history_scene_can_step_too():
    found = decide(("2019-06-01", 100, 8000), ("2019-06-11", 100, 8000), ("2019-06-21", 100, 5000))
    assert found.status == ("history", "history", "index step")


def test_no_scenes():
    assert screen([], [], rules=RULES, start=START, forest_px=5).status == ()


def test_views_of_the_tiny_project_against_sort(tiny_result):
    result = tiny_result.result
    whole = (slice(0, 30), slice(0, 30))
    for layer, day in zip(result.optical.survey.layers, DAYS, strict=True):
        view = view_scene(result.optical.survey.reader, layer, result.forest, NOWHERE)[0]
        red, nir = (result.optical.survey.reader.reflectance(layer, role, whole).astype(int) for role in ("red", "nir"))
        seen = result.forest & result.optical.survey.reader.clear(layer, whole)
        index = np.sort(((nir - red)[seen] * 10_000) // (nir + red)[seen])
        blue = np.sort(result.optical.survey.reader.band(layer, "blue", whole)[seen])
        assert view.clear_px == seen.sum()
        if day == CLOUD:
            assert (view.clear_px, view.median_index, view.dark_dn) == (0, None, None)
        else:
            assert view.median_index == index[(len(index) - 1) // 2]
            assert view.dark_dn == blue[(len(blue) - 1) // 100]


def test_dark_vegetation_needs_a_hundred_pixels(tiny_result):
    result = tiny_result.result
    few = result.forest & (np.cumsum(result.forest).reshape(30, 30) <= 99)
    assert view_scene(result.optical.survey.reader, result.optical.survey.layers[0], few, NOWHERE)[0].dark_dn is None
    more = result.forest & (np.cumsum(result.forest).reshape(30, 30) <= 100)
    assert view_scene(result.optical.survey.reader, result.optical.survey.layers[0], more, NOWHERE)[0].dark_dn is not None


@pytest.mark.parametrize("rows", [1, 7, 30])
def test_strips_do_not_show(tiny_result, monkeypatch, rows):
    result = tiny_result.result
    whole = view_scene(result.optical.survey.reader, result.optical.survey.layers[3], result.forest, NOWHERE)[0]
    monkeypatch.setattr("mrv.change.screening.STRIP_ROWS", rows)
    assert view_scene(result.optical.survey.reader, result.optical.survey.layers[3], result.forest, NOWHERE)[0] == whole


@pytest.mark.parametrize("strip", [1, 7, 512])
def test_values_at_points_are_those_of_the_whole_scene(tiny_result, monkeypatch, strip):
    reader, layer = tiny_result.result.optical.survey.reader, tiny_result.result.optical.survey.layers[3]
    monkeypatch.setattr("mrv.change.screening.STRIP_ROWS", strip)
    points = Points(np.array([0, 0, 6, 7, 29]), np.array([3, 29, 0, 12, 29]), ("nir", "green"))
    _, found = view_scene(reader, layer, tiny_result.result.forest, points)
    whole = (slice(0, 30), slice(0, 30))
    for values, role in zip(found.bands, points.roles, strict=True):
        assert values.tolist() == reader.reflectance(layer, role, whole)[points.rows, points.cols].tolist()
    assert found.clear.tolist() == reader.clear(layer, whole)[points.rows, points.cols].tolist()


def test_the_tiny_scenes(tiny_result):
    found = dict(zip(DAYS, tiny_result.result.optical.survey.screened.status, strict=True))
    assert found[OFF_SEASON] == "off season"
    assert found[HAZE] == "index step"
    assert found[CLOUD] == "too cloudy"
    rest = {day: status for day, status in found.items() if day not in {OFF_SEASON, HAZE, CLOUD}}
    assert rest == {day: "history" if day.year < 2020 else "used" for day in rest}
