"""The twins of ``bfast-monitor/1`` give the CPU's integers, magnitudes of float32 included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_season import forest_block

from mrv.change import bfast_monitor
from mrv.change.bfast_monitor import BfastMonitor, MonitorRules
from mrv.kernels.cuda import device as devices
from mrv.kernels.season_tile import NODATA
from mrv.simulate.reflectance import HISTORY, REGIMES, reflectance_cube

PAST, TIMES = 46, 92
DAYS = np.arange(17000, 17000 + 16 * TIMES, 16, dtype=np.int32)
PROCESSES = {
    "mosum": {}, "cusum": {"process": "cusum"}, "ROC": {"history": "ROC"}, "cusum, ROC": {"process": "cusum", "history": "ROC"},
}  # fmt: skip
each_process = pytest.mark.parametrize("rules", PROCESSES.values(), ids=PROCESSES)


def set_up(rules, days=DAYS, history=PAST):
    return BfastMonitor(MonitorRules(**rules), days, history)


def integers(found):
    return np.stack([found.break_day, found.magnitude, found.break_index, found.history_start])


def same(device, monitor, index):
    """The CPU's integers, after the device has given the same."""
    want = integers(monitor.block(index))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bfast_monitor, "open_device", lambda: device)
        got = integers(monitor.block(index, gpu=True))
    np.testing.assert_array_equal(got, want)
    return want


@each_process
@pytest.mark.parametrize(("name", "seed"), [("usual", 1), ("cloud 70 %", 2), ("noise × 2", 3)])
def test_worlds(device, name, seed, rules):
    world = reflectance_cube(REGIMES[name], seed=seed, size=48)
    index = np.where(world.clear, np.rint(np.nan_to_num(world.index) * 10_000), NODATA).astype(np.int16)
    found = same(device, set_up(rules, world.days, HISTORY), index)
    assert (found[0] > 0).sum() > 50
    assert len(np.unique(found[1])) > 50


@each_process
@pytest.mark.parametrize("trend", [False, True])
@pytest.mark.parametrize("harmonics", [1, 2, 3])
def test_models(device, rules, harmonics, trend):
    monitor = set_up(rules | {"harmonics": harmonics, "trend": trend})
    same(device, monitor, forest_block((TIMES, 9, 31), seed=5, history=PAST, clouds=0.6))


@each_process
@pytest.mark.parametrize(("rows", "cols"), [(0, 3), (1, 1), (1, 95), (1, 97), (1, 257)])
def test_any_number_of_pixels(device, rules, rows, cols):
    same(device, set_up(rules), forest_block((TIMES, 2, 257), seed=6, history=PAST)[:, :rows, :cols])


def test_lots_that_the_device_holds_one_at_a_time(device, monkeypatch):
    monkeypatch.setattr(devices, "ROOM", 2**17)
    before = device.launches
    same(device, set_up({}), forest_block((TIMES, 13, 40), seed=7, history=PAST))
    assert device.launches - before > 3


RNG = np.random.default_rng(9)
NOISE = RNG.integers(-32767, 32768, (TIMES, 5, 40)).astype(np.int16)
WHEN = np.arange(TIMES)[:, None, None]
HOSTILE = {
    "nothing clear": np.full_like(NOISE, NODATA),
    "noise from end to end": NOISE,
    "the lowest number": np.full_like(NOISE, -32767),
    "the highest number": np.full_like(NOISE, 32767),
    "two values": np.where(NOISE > 0, 32767, -32767).astype(np.int16),
    "ties": (NOISE // 8000 * 800).astype(np.int16),
    "a clear history alone": np.where(WHEN < PAST, NOISE // 20, NODATA).astype(np.int16),
    "a cloudy history": np.where(WHEN >= PAST - 9, NOISE // 20, NODATA).astype(np.int16),
    "a season unseen": np.where(WHEN % 23 > 9, NOISE // 20, NODATA).astype(np.int16),
    "one after the history": np.where(WHEN <= PAST, NOISE // 20, NODATA).astype(np.int16),
    "a step of one": np.broadcast_to(500 + (WHEN > 60), NOISE.shape).astype(np.int16),
}


@each_process
@pytest.mark.parametrize("index", HOSTILE.values(), ids=HOSTILE)
def test_hostile_blocks(device, rules, index):
    same(device, set_up(rules), index)


@each_process
def test_no_date_after_the_history(device, rules):
    same(device, set_up(rules, DAYS[:PAST]), forest_block((TIMES, 3, 40), seed=8, history=PAST)[:PAST])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), times=st.integers(20, 110), past=st.floats(0.3, 0.99), clouds=st.floats(0, 0.95),
    spread=st.sampled_from([0, 1, 300, 5000, 32767]), drop=st.integers(-20000, 20000), harmonics=st.integers(1, 3),
    trend=st.booleans(), process=st.sampled_from(["mosum", "cusum"]), history=st.sampled_from(["all", "ROC"]),
    window=st.sampled_from([0.25, 0.5, 1.0]),
)  # fmt: skip
def test_any_series(device, seed, times, past, clouds, spread, drop, harmonics, trend, process, history, window):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(15000, 15000 + 20 * times), times, replace=False)).astype(np.int32)
    values = rng.integers(-spread, spread + 1, (times, 3, 33)) + rng.integers(-9000, 9000, (1, 3, 33))
    values += drop * (np.arange(times)[:, None, None] >= rng.integers(0, times + 1, (3, 33)))
    index = values.clip(-32767, 32767).astype(np.int16)
    index[rng.random(index.shape) < clouds] = NODATA
    rules = {"harmonics": harmonics, "trend": trend, "process": process, "history": history, "window": window}
    same(device, set_up(rules, days, max(10, int(past * times))), index)
