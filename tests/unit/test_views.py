from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odc.geo.geobox import GeoBox
from support.extent_project import extent_project
from support.run_tiny import run_tiny

from mrv.activity.strata import BUFFER, FOREST, LOSS, NON_FOREST
from mrv.errors import UsageError
from mrv.kernels.looks import NODATA
from mrv.units import epoch_day
from mrv.views import look
from mrv.views.optical import choose
from mrv.views.pictures import NO_PICTURE, lower_median, stretch
from mrv.views.places import outline, pixel_size_m

START = epoch_day(date(2020, 1, 1))


@pytest.fixture(scope="module")
def views(tiny_result):
    return look(tiny_result.result)


def test_the_views_belong_to_the_statement(views, tiny_result):
    assert views.statement_digest == tiny_result.result.statement.digest()
    assert (views.crs, views.pixel_m, views.pixel_high_m) == ("EPSG:32634", 10.0, 10.0)
    assert views.names == tiny_result.result.activity.names
    assert views.marks == tuple((pixel.row, pixel.col) for pixel in views.optical.series)


def test_before_is_the_last_year_of_history_and_after_the_last_of_the_period(views):
    assert {day.year for day in views.optical.before_dates} == {2019}
    assert {day.year for day in views.optical.after_dates} == {2021}
    assert views.optical.history_end == date(2019, 9, 12)
    assert views.optical.before.dtype == views.optical.after.dtype == np.uint8
    assert views.optical.before.shape == views.optical.after.shape == (*views.strata.shape, 3)


def test_a_clearing_brightens_from_before_to_after(views):
    lost = views.strata == LOSS
    assert views.optical.after[lost].mean() > views.optical.before[lost].mean() + 50
    still = views.strata == FOREST
    assert abs(views.optical.after[still].mean() - views.optical.before[still].mean()) < 10


def test_years_of_loss_are_those_of_the_loss_stratum(views, tiny_result):
    assert ((views.loss_year > 0) == (views.strata == LOSS)).all()
    wanted = {row.year: row.pixels for row in tiny_result.result.activity.loss}
    assert {year: int((views.loss_year == year).sum()) for year in wanted} == wanted


def test_curves_are_what_the_detector_saw(views, tiny_result):
    model = tiny_result.result.optical.model
    by_kind = {series.kind: series for series in views.optical.series}
    assert set(by_kind) == {"loss", "weakest loss", "stable forest"}
    for series in views.optical.series:
        assert series.days is model.days
        assert series.observed.shape == series.fitted.shape == series.threshold.shape == model.days.shape
        change = tiny_result.result.optical.change
        assert np.isfinite(series.observed).sum() == change.clear_count[series.row, series.col]
        monitored = series.anomalous[model.history :]
        if series.break_date is None:
            assert not (monitored[:-1] & monitored[1:]).any()
            continue
        first = int(np.searchsorted(series.days, epoch_day(series.break_date)))
        assert series.anomalous[first]
        assert not series.anomalous[model.history : first].any()
        assert series.last_clear < series.break_date
        assert series.confidence_percent == change.confidence[series.row, series.col]


def test_the_pixel_of_a_loss_lies_where_the_world_was_cleared(views, tiny_result):
    loss = next(series for series in views.optical.series if series.kind == "loss")
    assert tiny_result.tiny.break_day[loss.row, loss.col] == epoch_day(loss.break_date)
    west, south, east, north = tiny_result.project.boundary.geometry.bounds
    assert west < loss.lon < east
    assert south < loss.lat < north


def test_loss_in_the_first_scene_of_the_period_is_counted(views):
    before, after = views.optical.season_gap
    assert before < date(2021, 1, 1) <= after
    assert views.optical.gap_loss_px == int(((views.strata == LOSS) & (views.loss_year == 2021)).sum()) * (
        after == date(2021, 6, 14)
    )


def test_two_looks_are_equal(views, tiny_result):
    again = look(tiny_result.result)
    assert (again.optical.before == views.optical.before).all()
    assert [(s.kind, s.row, s.col) for s in again.optical.series] == [(s.kind, s.row, s.col) for s in views.optical.series]


def scene_of_losses():
    strata = np.full((8, 9), FOREST, np.uint8)
    strata[0] = NON_FOREST
    strata[2:5, 2:5], strata[6, 6], strata[6, 7] = LOSS, LOSS, LOSS
    strata[5, :] = BUFFER
    days, confidence = np.zeros(strata.shape, np.int32), np.zeros(strata.shape, np.uint8)
    days[2:5, 2:5], confidence[2:5, 2:5] = START + 100, 100
    days[6, 6:8], confidence[6, 6:8] = START + 20, 37
    return strata, days, confidence


def test_choice_is_confident_then_early_then_inside_a_patch():
    found = choose(*scene_of_losses(), since=START)
    assert found["loss"] == (3, 3)
    assert found["weakest loss"] == (6, 6)
    assert found["stable forest"] == (3, 5)


def test_older_losses_stand_in_where_the_period_has_none():
    strata, days, confidence = scene_of_losses()
    assert choose(strata, days, confidence, since=START + 1000)["loss"] == (3, 3)
    nothing = np.full((3, 3), NON_FOREST, np.uint8)
    assert choose(nothing, np.zeros((3, 3), np.int32), np.zeros((3, 3), np.uint8), since=START) == {}


def test_a_pixel_that_could_not_be_monitored_is_no_example_of_stability():
    strata = np.full((1, 2), FOREST, np.uint8)
    days = np.array([[-1, 0]], np.int32)
    assert choose(strata, days, np.zeros((1, 2), np.uint8), since=START) == {"stable forest": (0, 1)}


@given(arrays(np.int16, (5, 2, 3), elements=st.sampled_from([int(NODATA), -10, 0, 7, 8, 900])))
def test_the_median_leaves_nodata_out(stack):
    found = lower_median(stack)
    for index in np.ndindex(found.shape):
        series = sorted(int(value) for value in stack[(slice(None), *index)] if value != NODATA)
        assert found[index] == (series[(len(series) - 1) // 2] if series else NODATA)


def test_haze_is_taken_off_and_nodata_is_grey():
    rng = np.random.default_rng(1)
    ground = rng.integers(100, 2000, (30, 30, 3)).astype(np.int16)
    hazy = ground + np.array([50, 150, 400], np.int16)
    ground[0, 0] = hazy[0, 0] = NODATA
    clear, veiled = stretch(ground, hazy)
    assert (clear == veiled).all()
    assert (clear[0, 0] == NO_PICTURE).all()
    assert clear[1:].max() == 255
    empty = np.full((2, 2, 3), NODATA)
    assert (stretch(empty, empty)[0] == NO_PICTURE).all()


def test_the_outline_runs_along_pixel_edges_and_around_holes():
    inside = np.zeros((6, 6), np.bool_)
    inside[1:5, 2:6] = True
    inside[2, 3] = False
    rings = outline(inside)
    assert len(rings) == 2
    assert {(float(x), float(y)) for x, y in rings[0]} == {(2, 1), (2, 5), (6, 5), (6, 1)}
    assert {(float(x), float(y)) for x, y in rings[1]} == {(3, 2), (4, 2), (4, 3), (3, 3)}


def test_extent_maps_give_maps_and_no_scenes(tmp_path):
    run = run_tiny(extent_project(tmp_path))
    views = look(run.result)
    assert views.optical is None
    assert views.marks == ()
    assert views.gain_year is not None
    assert {int(year) for year in np.unique(views.gain_year)} == {0, 2020}
    assert ((views.loss_year > 0) == (views.strata == LOSS)).all()
    assert set(np.unique(views.strata)) <= {0, *views.names}
    assert "gain of forest" in views.names.values()
    with pytest.raises(UsageError, match="extent maps"):
        _ = run.result.optical


@pytest.mark.parametrize(("lat", "wide"), [(0.0, 27.83), (60.0, 13.96)])
def test_a_pixel_in_degrees_is_as_wide_as_the_ground(lat, wide):
    """0.00025° of the WGS 84 ellipsoid: 27.83 m along the equator; along a meridian 27.64 m there and 27.85 m at 60° N."""
    grid = GeoBox((4, 4), Affine(0.00025, 0, 10, 0, -0.00025, lat + 0.0005), "EPSG:4326")
    result = SimpleNamespace(grid=grid, statement=SimpleNamespace(grid=SimpleNamespace(crs="EPSG:4326")))
    found = pixel_size_m(result)
    assert found == pytest.approx((wide, 27.64 if lat == 0 else 27.85), abs=0.01)
