"""The twin of ``harmonic-monitor/1`` gives the CPU's integers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_season import forest_block

from mrv.change import harmonic_monitor
from mrv.change.harmonic_monitor import Model
from mrv.kernels.cuda import device as devices
from mrv.kernels.harmonic import NODATA, UNMONITORED
from mrv.plan import ChangeTable
from mrv.simulate.reflectance import HISTORY, REGIMES, reflectance_cube

DAYS = np.arange(17000, 17000 + 16 * 138, 16, dtype=np.int32)


def set_up(days=DAYS, history=HISTORY, **rules):
    table = ChangeTable(**{
        "detector": "harmonic-monitor/1", "index": "ndvi", "harmonics": 2, "min_history": 6, "threshold_sigma": Decimal(3),
        "sigma_floor": 300, "consecutive": 3,
    } | rules)  # fmt: skip
    return Model(table, days, np.zeros(len(days), np.int16), history)


def on(device, model, index):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harmonic_monitor, "open_device", lambda: device)
        return model.block(index, gpu=True)


def same(device, model, index):
    """The CPU's integers, after the device has given the same."""
    want = model.block(index)
    np.testing.assert_array_equal(on(device, model, index), want)
    return want


@pytest.mark.parametrize("harmonics", [0, 1, 2])
@pytest.mark.parametrize(("name", "seed"), [("usual", 1), ("cloud 70 %", 2), ("noise × 2", 3), ("phenology", 4)])
def test_worlds(device, name, seed, harmonics):
    world = reflectance_cube(REGIMES[name], seed=seed, size=48)
    index = np.where(world.clear, np.rint(np.nan_to_num(world.index) * 10_000), NODATA).astype(np.int16)
    found = same(device, set_up(world.days, harmonics=harmonics), index)
    assert (found[0] > 0).sum() > 50
    assert len(np.unique(found[1])) > 3


RULES: list[dict[str, object]] = [
    {}, {"refit_yearly": False}, {"observations_per_coefficient": 12}, {"sigma_floor": 1}, {"consecutive": 12},
    {"threshold_sigma": Decimal("0.1")}, {"min_history": 40},
]  # fmt: skip


@pytest.mark.parametrize("changes", RULES, ids=str)
def test_rules(device, changes):
    same(device, set_up(**changes), forest_block((138, 13, 31), seed=3, history=HISTORY))


def test_a_shift_of_each_scene(device):
    model = set_up()
    shift = np.random.default_rng(1).integers(-400, 400, len(DAYS)).astype(np.int16)
    shifted = Model(model.rules, DAYS, shift, HISTORY)
    same(device, shifted, forest_block((138, 13, 31), seed=4, history=HISTORY))


@pytest.mark.parametrize(("rows", "cols"), [(0, 3), (1, 1), (1, 95), (1, 97), (3, 43), (16, 16), (1, 257)])
def test_any_number_of_pixels(device, rows, cols):
    same(device, set_up(), forest_block((138, 16, 257), seed=5, history=HISTORY)[:, :rows, :cols])


def test_lots_that_the_device_holds_one_at_a_time(device, monkeypatch):
    monkeypatch.setattr(devices, "ROOM", 2**16)
    before = device.launches
    same(device, set_up(), forest_block((138, 13, 40), seed=6, history=HISTORY))
    assert device.launches - before > 3


RNG = np.random.default_rng(8)
NOISE = RNG.integers(-32767, 32768, (138, 5, 40)).astype(np.int16)
HOSTILE = {
    "nothing clear": np.full_like(NOISE, NODATA),
    "noise from end to end": NOISE,
    "the lowest number": np.full_like(NOISE, -32767),
    "the highest number": np.full_like(NOISE, 32767),
    "two values": np.where(NOISE > 0, 32767, -32767).astype(np.int16),
    "ties": (NOISE // 8000 * 800).astype(np.int16),
    "one clear": np.where(np.arange(138)[:, None, None] == 4, NOISE, NODATA).astype(np.int16),
    "a clear history alone": np.where(np.arange(138)[:, None, None] < HISTORY, NOISE, NODATA).astype(np.int16),
    "a cloudy history": np.where(np.arange(138)[:, None, None] >= HISTORY - 5, NOISE // 20, NODATA).astype(np.int16),
    "every other": np.where(np.arange(138)[:, None, None] % 2, NOISE // 20, NODATA).astype(np.int16),
}


@pytest.mark.parametrize("floor", [1, 300])
@pytest.mark.parametrize("index", HOSTILE.values(), ids=HOSTILE)
def test_hostile_blocks(device, index, floor):
    same(device, set_up(sigma_floor=floor, min_history=3, observations_per_coefficient=2), index)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), times=st.integers(4, 90), past=st.floats(0, 1), clouds=st.floats(0, 1),
    spread=st.sampled_from([0, 1, 300, 5000, 32767]), drop=st.integers(-20000, 20000), harmonics=st.integers(0, 2),
    each=st.integers(2, 8), minimum=st.integers(3, 9), floor=st.sampled_from([1, 250]), run=st.integers(2, 5),
    sigmas=st.sampled_from(["0.5", "2", "3.3"]), refit=st.booleans(),
)  # fmt: skip
def test_any_series(
    device, seed, times, past, clouds, spread, drop, harmonics, each, minimum, floor, run, sigmas, refit
):  # fmt: skip
    rng = np.random.default_rng(seed)
    history = int(past * times)
    days = np.sort(rng.choice(np.arange(15000, 15000 + 20 * times), times, replace=False)).astype(np.int32)
    values = rng.integers(-spread, spread + 1, (times, 3, 33)) + rng.integers(-9000, 9000, (1, 3, 33))
    values += drop * (np.arange(times)[:, None, None] >= rng.integers(0, times + 1, (3, 33)))
    index = values.clip(-32767, 32767).astype(np.int16)
    index[rng.random(index.shape) < clouds] = NODATA
    model = set_up(
        days, history, harmonics=harmonics, observations_per_coefficient=each, min_history=minimum, sigma_floor=floor,
        consecutive=run, threshold_sigma=Decimal(sigmas), refit_yearly=refit,
    )  # fmt: skip
    found = same(device, model, index)
    seen = (index[:history] != NODATA).sum(axis=0)
    assert (found[0][seen < minimum] == UNMONITORED).all()
