"""The twin of ``matched-step/1`` gives the CPU's integers, and on the way its bits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.host_device import OPTIONS, HostDevice, made_device

from mrv.change import matched_step
from mrv.change.loss_filter import LossFilter, calibrate_on, scene_shift
from mrv.change.matched_step import StepModel, StepRules
from mrv.kernels.cuda import device as devices
from mrv.kernels.step_monitor import CLASS, DAY
from mrv.kernels.steps import UNMONITORED
from mrv.simulate.reflectance import BANDS, HISTORY, REGIMES, reflectance_cube

SINGLES = -5
"""Position of the residuals and weights among the arguments."""


def on(device, model, bands, clear):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matched_step, "open_device", lambda: device)
        return model.block(bands, clear, gpu=True)


def same(device, model, bands, clear):
    """The CPU's integers, after the device has given the same."""
    want = model.block(bands, clear)
    np.testing.assert_array_equal(on(device, model, bands, clear), want)
    return want


def bits_of_the_search(device, model, bands, clear):
    """Residuals and counts since the history, by the CPU and by the device."""
    state, (times, _, *shape) = model.fit(bands, clear), bands.shape
    on(device, model, bands, clear)
    singles = device.kept(SINGLES).reshape(3, -1, *shape)[:, model.history : times].reshape(3, times - model.history, -1)
    return (state.residual, state.counted), (singles[0], singles[2] > 0)


def calibrated(cube, *, shifted):
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    flat = cube.bands.reshape(*cube.bands.shape[:2], -1), cube.clear.reshape(len(cube.days), -1)
    return StepModel(StepRules(), loss_filter, cube.days, HISTORY, scene_shift(*flat, history=HISTORY) if shifted else None)


@pytest.fixture(scope="module")
def cube():
    return reflectance_cube(seed=11, size=64)


@pytest.fixture(scope="module")
def model(cube):
    return calibrated(cube, shifted=True)


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(("name", "seed"), [("usual", 1), ("cloud 70 %", 2), ("noise × 2", 3), ("phenology", 4)])
def test_worlds(device, name, seed, shifted):
    world = reflectance_cube(REGIMES[name], seed=seed, size=64)
    found = same(device, calibrated(world, shifted=shifted), world.bands, world.clear)
    assert (found[CLASS] > 0).sum() > 100
    assert len(np.unique(found[CLASS])) >= 4


def test_residuals_have_the_same_bits(device, cube, model):
    (residual, counted), (twin_residual, twin_counted) = bits_of_the_search(device, model, cube.bands, cube.clear)
    np.testing.assert_array_equal(twin_residual.view(np.int32), residual.view(np.int32))
    np.testing.assert_array_equal(twin_counted, counted)


@pytest.mark.skipif(
    not Path("/proc/cpuinfo").exists() or " fma " not in Path("/proc/cpuinfo").read_text(encoding="utf-8"),
    reason="this processor cannot contract a multiplication and an addition",
)
def test_a_contraction_would_be_seen(cube, model):
    made_device("host")
    contracted = HostDevice((*(option for option in OPTIONS if "contract" not in option), "-mfma", "-ffp-contract=fast"))
    (residual, _), (other, _) = bits_of_the_search(contracted, model, cube.bands, cube.clear)
    assert (other.view(np.int32) != residual.view(np.int32)).mean() > 0.1


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 95), (1, 97), (3, 43), (16, 16), (1, 257)])
def test_any_number_of_pixels(device, model, cube, rows, cols):
    wide = np.tile(cube.bands[:, :, :rows], 5)[..., :cols], np.tile(cube.clear[:, :rows], 5)[..., :cols]
    same(device, model, *wide)


def test_no_pixel(device, model, cube):
    same(device, model, cube.bands[..., :0, :3], cube.clear[..., :0, :3])


def test_lots_that_the_device_holds_one_at_a_time(device, model, cube, monkeypatch):
    monkeypatch.setattr(devices, "ROOM", 2**20)
    before = device.launches
    same(device, model, cube.bands[..., :9, :50], cube.clear[..., :9, :50])
    assert device.launches - before > 3


RNG = np.random.default_rng(7)
EXTREME = RNG.integers(-32768, 32768, (138, 6, 5, 40)).astype(np.int16)
SEEN = RNG.random((138, 5, 40)) < 0.6
HOSTILE = {
    "all cloudy": (EXTREME, np.zeros_like(SEEN)),
    "no cloud": (EXTREME, np.ones_like(SEEN)),
    "noise from end to end": (EXTREME, SEEN),
    "the lowest number": (np.full_like(EXTREME, -32768), SEEN),
    "nothing": (np.zeros_like(EXTREME), SEEN),
    "two values": (np.where(EXTREME > 0, 32767, -32768).astype(np.int16), SEEN),
    "ties": ((EXTREME // 8000 * 500).astype(np.int16), SEEN),
    "cloudy history": (EXTREME // 20, SEEN & (np.arange(138) >= HISTORY - 4)[:, None, None]),
    "history alone": (EXTREME // 20, SEEN & (np.arange(138) < HISTORY)[:, None, None]),
    "a step up": ((EXTREME // 200 + 3000 * (np.arange(138) > 90)[:, None, None, None]).astype(np.int16), SEEN),
    "one date in three": ((EXTREME // 200 - 3000 * (np.arange(138) % 3 == 0)[:, None, None, None]).astype(np.int16), SEEN),
}  # fmt: skip


@pytest.mark.parametrize(("bands", "clear"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_blocks(device, model, bands, clear):
    same(device, model, bands, clear)


@pytest.mark.parametrize("times", [HISTORY, HISTORY + 1, HISTORY + 2, HISTORY + 3, HISTORY + 8])
def test_few_dates_after_the_history(device, model, cube, times):
    short = replace(model, days=cube.days[:times], shift=model.shift[:times])
    same(device, short, cube.bands[:times], cube.clear[:times])


@pytest.mark.parametrize("roles", [1, 2, 3, 4, 5, 6])
def test_any_number_of_bands(device, model, cube, roles):
    loss_filter = replace(model.filter, bands=BANDS[:roles], weights=model.filter.weights[:, :roles].copy())
    part = replace(model, filter=loss_filter, shift=None)
    same(device, part, cube.bands[:, :roles], cube.clear)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), times=st.integers(12, 90), past=st.floats(0.1, 1), minimum=st.sampled_from([0, 1, 6, 12]),
    clouds=st.floats(0, 1), spread=st.sampled_from([1, 30, 300, 5000, 32767]), noise=st.sampled_from([1e-4, 0.02, 0.3]),
    rounds=st.integers(1, 4), height=st.integers(-20000, 20000),
)  # fmt: skip
def test_any_series(device, seed, times, past, minimum, clouds, spread, noise, rounds, height):
    rng = np.random.default_rng(seed)
    history = max(minimum, 1, int(past * times))
    days = np.sort(rng.choice(np.arange(15000, 15000 + 8 * times), times, replace=False)).astype(np.int32)
    values = rng.integers(-spread, spread + 1, (times, 2, 3, 33)) + rng.integers(-9000, 9000, (1, 2, 3, 33))
    values += height * (np.arange(times)[:, None, None, None] >= rng.integers(0, times + 1, (3, 33)))
    bands, clear = values.clip(-32768, 32767).astype(np.int16), rng.random((times, 3, 33)) >= clouds
    weights = np.array([[1e-4, -7e-5], [3e-5, 6e-5]], np.float32)
    loss_filter = LossFilter(("red", "nir"), weights, noise=noise, forest_level=0.05, tint=0.125)
    found = same(device, StepModel(StepRules(min_history=minimum, rounds=rounds), loss_filter, days, history), bands, clear)
    seen = clear[:history].sum(axis=0)
    assert (found[DAY][seen < minimum] == UNMONITORED).all()


def test_a_division_by_zero_is_refused_as_on_the_cpu(device):
    days = np.arange(17000, 17000 + 16 * 60, 16, dtype=np.int32)
    noiseless = LossFilter(("red",), np.array([[1e-4], [0.0]], np.float32), noise=0.0, forest_level=0.05, tint=0.0)
    model = StepModel(StepRules(), noiseless, days, 40)
    bands, clear = np.zeros((60, 1, 1, 5), np.int16), np.ones((60, 1, 5), np.bool_)
    bands[45:, 0, 0, 3] = 6000
    with pytest.raises(ZeroDivisionError):
        model.block(bands, clear)
    with pytest.raises(ZeroDivisionError):
        on(device, model, bands, clear)
