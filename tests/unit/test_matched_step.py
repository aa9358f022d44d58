"""The step detector on worlds and series whose truth is known."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.change.loss_filter import LossFilter, calibrate, calibrate_on, clearing, endmembers
from mrv.change.matched_step import StepModel, StepRules
from mrv.errors import SourceError
from mrv.kernels.step_monitor import CLASS, CONFIDENCE, COUNT, DAY, MAGNITUDE, RECOVERED, SINCE
from mrv.kernels.steps import CLEARING, DEGRADATION, GAIN, NOTHING, RECOVERY, UNMONITORED
from mrv.simulate.reflectance import BANDS, HISTORY, ReflectanceCube, reflectance_cube

ONE_BAND = LossFilter(("red",), np.array([[1e-4], [0.0]], np.float32), noise=0.02, forest_level=0.05, tint=0.0)
DAYS = np.arange(17_000, 17_000 + 16 * 120, 16, dtype=np.int32)
PAST = 60


@pytest.fixture(scope="module")
def cube() -> ReflectanceCube:
    return reflectance_cube(seed=5, size=96)


@pytest.fixture(scope="module")
def model(cube: ReflectanceCube) -> StepModel:
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    return StepModel(StepRules(), loss_filter, cube.days, HISTORY)


def series(level: float, step: float, at: int, *, back: int | None = None, noise: float = 0.01, seed: int = 1) -> np.ndarray:
    """One pixel of one band: an index with a season, noise, and a step from date ``at`` (to ``back``)."""
    rng = np.random.default_rng(seed)
    value = level + 0.03 * np.cos(2 * np.pi * DAYS / 365.25) + noise * rng.standard_normal(len(DAYS))
    value[at:back] += step
    return np.rint(1e4 * value).astype(np.int16).reshape(-1, 1, 1, 1)


def run(bands: np.ndarray, clear: np.ndarray | None = None, **rules: float) -> np.ndarray:
    seen = np.ones((len(DAYS), *bands.shape[2:]), np.bool_) if clear is None else clear
    return StepModel(replace(StepRules(), **rules), ONE_BAND, DAYS, PAST).block(bands, seen)[:, 0, 0]  # type: ignore[arg-type]


class TestOnePixel:
    def test_a_clearing_has_its_day_height_and_class(self) -> None:
        found = run(series(0.05, 0.6, 80))
        assert found[[DAY, SINCE, CLASS]].tolist() == [DAYS[80], DAYS[79], CLEARING]
        assert abs(found[MAGNITUDE] - 60) <= 2
        assert found[CONFIDENCE] == 99
        assert found[RECOVERED] <= 2
        assert found[COUNT] == len(DAYS) or found[COUNT] > 0.9 * len(DAYS)

    def test_a_small_loss_is_degradation(self) -> None:
        assert run(series(0.05, 0.2, 80))[CLASS] == DEGRADATION

    def test_what_grows_back_is_reported_with_its_share(self) -> None:
        found = run(series(0.05, 0.6, 70, back=96))
        assert (found[DAY], found[RECOVERED] >= 95) == (DAYS[70], True)

    @pytest.mark.parametrize(("level", "kind"), [(0.85, GAIN), (0.35, RECOVERY)])
    def test_greening_is_gain_on_bare_ground_and_recovery_elsewhere(self, level: float, kind: int) -> None:
        assert run(series(level, -0.3, 80))[CLASS] == kind

    def test_nothing_is_nothing(self) -> None:
        assert run(series(0.05, 0.0, 80))[[DAY, CLASS, MAGNITUDE, CONFIDENCE]].tolist() == [0, NOTHING, 0, 0]

    def test_one_missed_cloud_is_no_break(self) -> None:
        bands = series(0.05, 0.0, 80)
        bands[85] += 6000
        assert run(bands)[CLASS] == NOTHING

    def test_a_year_with_an_odd_season_is_no_break(self) -> None:
        bands = series(0.05, 0.0, 80).astype(np.int32)
        year = slice(70, 93)
        bands[year, 0, 0, 0] += np.rint(500 * np.cos(2 * np.pi * DAYS[year] / 365.25)).astype(np.int32)
        assert run(bands.astype(np.int16))[CONFIDENCE] < 50

    def test_a_break_behind_clouds_lies_between_since_and_day(self) -> None:
        clear = np.ones((len(DAYS), 1, 1), np.bool_)
        clear[78:84] = False
        found = run(series(0.05, 0.6, 80), clear)
        assert found[[SINCE, DAY]].tolist() == [DAYS[77], DAYS[84]]

    def test_too_short_a_history_is_not_monitored(self) -> None:
        clear = np.ones((len(DAYS), 1, 1), np.bool_)
        clear[:55] = False
        assert run(series(0.05, 0.6, 80), clear)[DAY] == UNMONITORED

    def test_too_few_observations_after_it_are_no_break(self) -> None:
        assert run(series(0.05, 0.6, len(DAYS) - 2))[CLASS] == NOTHING

    @settings(max_examples=25, deadline=None)
    @given(at=st.integers(PAST + 2, len(DAYS) - 8), step=st.floats(0.25, 0.8), seed=st.integers(0, 50))
    def test_a_clear_step_is_dated_exactly(self, at: int, step: float, seed: int) -> None:
        assert run(series(0.05, step, at, seed=seed))[DAY] == DAYS[at]


class TestOneWorld:
    def test_it_finds_what_broke_and_little_else(self, cube: ReflectanceCube, model: StepModel) -> None:
        found = model.block(cube.bands, cube.clear)
        loss = ((found[CLASS] == CLEARING) | (found[CLASS] == DEGRADATION)) & (found[CONFIDENCE] >= 70)
        hit = loss & (cube.break_day > 0) & (found[DAY] >= cube.break_day - 16)
        strong = (cube.break_day > 0) & (cube.severity >= 0.3)
        assert hit.sum() / loss.sum() >= 0.98
        assert (hit & strong).sum() / strong.sum() >= 0.98
        assert (loss & (cube.break_day == 0)).mean() <= 0.001

    def test_scene_by_scene_gives_the_same_integers_as_all_at_once(self, cube: ReflectanceCube, model: StepModel) -> None:
        whole = model.block(cube.bands, cube.clear)
        early = HISTORY + 3
        state = replace(model, days=cube.days[:early]).fit(cube.bands[:early], cube.clear[:early])
        for t in range(early, len(cube.days)):
            state = state.extend(int(cube.days[t]), cube.bands[t], cube.clear[t])
        np.testing.assert_array_equal(state.decide(), whole)

    def test_pieces_give_the_same_integers_as_the_whole(self, cube: ReflectanceCube, model: StepModel) -> None:
        whole = model.block(cube.bands, cube.clear)
        for rows, columns in ((slice(0, 7), slice(0, 96)), (slice(30, 61), slice(11, 12)), (slice(95, 96), slice(3, 90))):
            part = model.block(cube.bands[:, :, rows, columns], cube.clear[:, rows, columns])
            np.testing.assert_array_equal(part, whole[:, rows, columns])

    def test_what_lies_under_cloud_does_not_matter(self, cube: ReflectanceCube, model: StepModel) -> None:
        part = (slice(None), slice(None), slice(0, 20), slice(0, 20))
        bands, clear = cube.bands[part].copy(), cube.clear[:, :20, :20]
        before = model.block(bands, clear)
        bands[~np.broadcast_to(clear[:, None], bands.shape)] = -32768
        np.testing.assert_array_equal(model.block(bands, clear), before)

    def test_the_filter_is_one_for_a_clearing_and_its_haze_blind_to_it(self, model: StepModel) -> None:
        loss, haze = model.filter.weights.astype(float)
        assert loss @ clearing(BANDS) == pytest.approx(1, abs=1e-5)
        assert haze @ clearing(BANDS) == pytest.approx(0, abs=1e-3)
        assert haze @ (endmembers(BANDS)["cloud"] - 0.55 * endmembers(BANDS)["gv"]) == pytest.approx(1, abs=1e-5)
        assert model.filter.noise < 0.03


SCRIPT = """
import hashlib, numpy as np
from mrv.change.loss_filter import calibrate
from mrv.change.matched_step import StepModel, StepRules
from mrv.simulate.reflectance import BANDS, HISTORY, reflectance_cube
c = reflectance_cube(seed=6, size=40)
flat = c.bands.reshape(138, 6, -1)[..., ::3].copy(), c.clear.reshape(138, -1)[:, ::3].copy()
f = calibrate(*flat, c.days, roles=BANDS, history=HISTORY)
m = StepModel(StepRules(), f, c.days, HISTORY)
found = m.block(c.bands, c.clear)
assert (m.fit(c.bands, c.clear).decide() == found).all()
print(f.weights.tobytes().hex(), f.tint, hashlib.sha256(found.tobytes()).hexdigest(), (found[2] > 0).sum())
"""


def child(**setting: str) -> str:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | setting
    return subprocess.run([sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True).stdout


def test_a_crippled_processor_and_checked_bounds_give_the_same_integers() -> None:
    plain = child()
    assert child(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="", NUMBA_BOUNDSCHECK="1") == plain
    assert int(plain.rsplit(maxsplit=1)[-1]) > 100


class TestRefusals:
    def test_a_short_history(self) -> None:
        with pytest.raises(SourceError, match="5 usable scenes before the project starts, 6 are needed"):
            StepModel(StepRules(), ONE_BAND, DAYS, 5)

    def test_more_history_than_scenes(self) -> None:
        with pytest.raises(SourceError, match="7 of 6 scenes are history"):
            StepModel(StepRules(), ONE_BAND, np.arange(6, dtype=np.int32), 7)

    def test_days_out_of_order(self) -> None:
        with pytest.raises(SourceError, match="do not ascend"):
            StepModel(StepRules(), ONE_BAND, DAYS[::-1].copy(), PAST)

    def test_two_scenes_of_one_day(self) -> None:
        with pytest.raises(SourceError, match="do not ascend"):
            StepModel(StepRules(), ONE_BAND, np.sort(np.append(DAYS, DAYS[-1])), PAST)

    def test_shapes_that_do_not_belong_together(self) -> None:
        with pytest.raises(SourceError, match="for 120 days and 1 bands"):
            StepModel(StepRules(), ONE_BAND, DAYS, PAST).block(
                np.zeros((120, 2, 1, 1), np.int16), np.ones((120, 1, 1), np.bool_)
            )

    def test_reflectance_as_floats(self) -> None:
        with pytest.raises(SourceError, match="bands are float64"):
            StepModel(StepRules(), ONE_BAND, DAYS, PAST).block(np.zeros((120, 1, 1, 1)), np.ones((120, 1, 1), np.bool_))

    def test_a_scene_before_the_last_one(self, cube: ReflectanceCube, model: StepModel) -> None:
        state = model.fit(cube.bands[..., :4, :4], cube.clear[..., :4, :4])
        with pytest.raises(SourceError, match="do not ascend"):
            state.extend(int(cube.days[-1]), cube.bands[-1, :, :4, :4], cube.clear[-1, :4, :4])

    @pytest.mark.parametrize("shape", [(2, 4, 4), (8, 4, 4), (None, 4, 3), (None, 5, 4)])
    def test_a_scene_of_another_shape(
        self, cube: ReflectanceCube, model: StepModel, shape: tuple[int | None, int, int]
    ) -> None:
        state = model.fit(cube.bands[..., :4, :4], cube.clear[..., :4, :4])
        bands = np.zeros((shape[0] or len(model.filter.bands), *shape[1:]), np.int16)
        with pytest.raises(SourceError) as caught:
            state.extend(int(cube.days[-1]) + 5, bands, np.ones(shape[1:], np.bool_))
        assert caught.value.error_code == "change.shape"

    def test_a_scene_of_floats(self, cube: ReflectanceCube, model: StepModel) -> None:
        state = model.fit(cube.bands[..., :4, :4], cube.clear[..., :4, :4])
        with pytest.raises(SourceError, match="bands are float64"):
            state.extend(int(cube.days[-1]) + 5, cube.bands[-1, :, :4, :4].astype(float), cube.clear[-1, :4, :4])

    def test_a_band_without_endmembers(self) -> None:
        with pytest.raises(SourceError, match="no endmember has a band rededge"):
            clearing(["red", "rededge"])

    def test_a_sample_too_small_to_calibrate(self, cube: ReflectanceCube) -> None:
        few = cube.bands.reshape(138, 6, -1)[:, :, :1].copy(), cube.clear.reshape(138, -1)[:, :1].copy()
        with pytest.raises(SourceError, match="observations beyond the model's"):
            calibrate(*few, cube.days, roles=BANDS, history=HISTORY)

    def test_two_bands_with_the_same_values(self, cube: ReflectanceCube) -> None:
        bands = cube.bands.reshape(138, 6, -1)[:, [2, 2], ::7].copy()
        clear = cube.clear.reshape(138, -1)[:, ::7].copy()
        with pytest.raises(SourceError, match="linearly dependent"):
            calibrate(bands, clear, cube.days, roles=["red", "nir"], history=HISTORY)
