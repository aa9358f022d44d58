from __future__ import annotations

from datetime import date

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr

from mrv.change.harmonic_monitor import Model, detect
from mrv.errors import SourceError
from mrv.plan import ChangeTable
from mrv.units import epoch_day

RULES = ChangeTable(
    detector="harmonic-monitor/1", index="ndvi", harmonics=1, observations_per_coefficient=3, min_history=5,
    threshold_sigma=3, sigma_floor=200, consecutive=3,
)  # fmt: skip
DAYS = np.array([epoch_day(date(2017 + n // 8, 4, 1)) + 25 * (n % 8) for n in range(40)], np.int32)


def model(history=20, shift=None, **changes):
    rules = RULES.model_copy(update=changes)
    return Model(rules, DAYS, np.zeros(40, np.int16) if shift is None else shift, history)


def series(shape=(40, 13, 11), cut=28, seed=3):
    rng = np.random.default_rng(seed)
    values = 8000 + rng.normal(0, 120, shape)
    values[cut:, 4:8, 2:6] -= 4000
    values[rng.random(shape) < 0.15] = -32768
    return np.rint(values).astype(np.int16)


def cube(values, chunk):
    chunks = (len(values), chunk, chunk)
    return xr.Dataset({"ndvi": (("time", "y", "x"), da.from_array(values, chunks=chunks))})


def same(a, b):
    return all((getattr(a, name) == getattr(b, name)).all() for name in ("break_day", "confidence", "clear_count"))


@pytest.mark.parametrize("chunk", [1, 5, 13])
@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_chunks_and_schedulers_do_not_show(chunk, scheduler):
    values = series()
    with dask.config.set(scheduler=scheduler):
        assert same(detect(cube(values, chunk), model()), detect(cube(values, 1000), model()))


def test_the_clearing_is_found_where_it_is_and_when_it_was_seen():
    values = series()
    found = detect(cube(values, 6), model())
    cleared = np.zeros((13, 11), bool)
    cleared[4:8, 2:6] = True
    assert ((found.break_day > 0) == cleared).all()
    for row, col in np.argwhere(cleared):
        first = next(t for t in range(28, 40) if values[t, row, col] != -32768)
        assert found.break_day[row, col] == DAYS[first]
    assert (found.clear_count == (values != -32768).sum(axis=0)).all()
    assert (found.break_day.dtype, found.confidence.dtype, found.clear_count.dtype) == (np.int32, np.uint8, np.uint16)
    assert found.break_day.flags.c_contiguous


def test_a_shift_of_every_scene_is_taken_off():
    values, rng = series(), np.random.default_rng(9)
    shift = rng.integers(-1400, 1400, 40).astype(np.int16)
    moved = np.where(values == -32768, values, values + shift[:, None, None]).astype(np.int16)
    assert same(detect(cube(moved, 6), model(shift=shift)), detect(cube(values, 6), model()))


def test_a_shift_keeps_nodata_and_does_not_wrap():
    values = np.full((40, 1, 1), -32768, np.int16)
    values[0] = -10_000
    values[1] = 10_000
    found = model(shift=np.full(40, 20_000, np.int16)).normalise(values)
    assert found[0, 0, 0] == -30_000
    assert found[1, 0, 0] == -10_000
    assert (found[2:] == -32768).all()


def test_no_pixel_without_a_history_is_monitored():
    values = series()
    values[:20, 0, 0] = -32768
    assert detect(cube(values, 6), model()).break_day[0, 0] == -1


def test_too_few_scenes_of_history_are_refused():
    with pytest.raises(SourceError) as caught:
        detect(cube(series(), 6), model(history=4))
    assert caught.value.error_code == "change.history"
    assert caught.value.field == "method.change.min_history"
    assert caught.value.hint


def test_a_history_of_everything_finds_nothing():
    assert not (detect(cube(series(), 6), model(history=40)).break_day > 0).any()


def test_the_picture_is_what_monitoring_saw():
    values = series()
    centre, limit = model().fitted(values[:, 5, 3])
    assert centre.shape == limit.shape == (40,)
    assert ((centre - limit) >= 3 * 200 - 1e-6).all()
    seen = values[:, 5, 3] != -32768
    below = seen & (values[:, 5, 3] < limit)
    assert below[28:][seen[28:]].all()
    assert not below[20:28].any()


def test_refitting_marks_the_first_date_of_each_later_year():
    marks = model(refit_yearly=True).refit
    years = (DAYS.astype("datetime64[D]")).astype("datetime64[Y]").astype(int)
    assert [int(t) for t in np.flatnonzero(marks)] == [8, 16, 24, 32]
    assert len(set(years)) == 5
    assert not model(refit_yearly=False).refit.any()


def test_refitting_changes_nothing_about_a_clear_cut():
    values = series()
    one, other = (detect(cube(values, 6), model(refit_yearly=yearly)) for yearly in (False, True))
    assert (one.break_day == other.break_day).all()
