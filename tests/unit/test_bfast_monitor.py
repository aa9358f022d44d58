from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.plain_season import DAYS, HISTORY, OF_ANOTHER_KIND, TIMES, basis_of, forest_block, plain_monitor, scanty_block

from mrv.change.bfast_monitor import BfastMonitor, MonitorRules
from mrv.errors import PlanError, SourceError
from mrv.kernels.mosum import middle_networks


def monitor(**changes):
    return BfastMonitor(MonitorRules(**changes), DAYS, HISTORY)


def same(a, b):
    names = ("break_day", "magnitude", "break_index", "history_start")
    return all((getattr(a, name) == getattr(b, name)).all() for name in names)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"window": 0.5, "level": 0.01},
        {"window": 1.0, "period": 2},
        {"harmonics": 1},
        {"harmonics": 2, "trend": False, "min_history": 6},
        {"process": "cusum"},
        {"process": "cusum", "level": 0.10, "harmonics": 1, "trend": False},
        {"history": "ROC"},
        {"history": "ROC", "process": "cusum", "harmonics": 2},
    ],
    ids=str,
)
def test_every_pixel_is_that_of_a_plain_reading_of_the_papers(changes):
    one = monitor(**changes)
    index = scanty_block()
    found, rules = one.block(index), one.rules
    basis = basis_of(1970 + DAYS / 365.25, HISTORY, rules.harmonics, rules.trend)
    broken = 0
    for row, col in np.ndindex(index.shape[1:]):
        number, magnitude, margin = plain_monitor(
            index[:, row, col], basis, HISTORY, minimum=rules.min_history, critical=rules.critical, window=rules.share,
            roc=rules.critical_history or None,
        )  # fmt: skip
        if margin < 1e-9:
            continue  # within rounding of the boundary two solvers may differ
        assert found.break_index[row, col] == number
        assert found.break_day[row, col] == (DAYS[number] if number >= 0 else number + 1)
        wanted = np.clip(magnitude, -32767, 32767)
        assert abs(found.magnitude[row, col] - wanted) <= 1.01 + 1e-4 * abs(wanted)
        broken += number >= 0
    assert 20 < broken < 280


def test_long_monitoring_meets_the_rising_boundary():
    days = np.arange(0, 16 * 230, 16).astype(np.int32)
    one = BfastMonitor(MonitorRules(harmonics=1, trend=False), days, 46)
    index = forest_block((230, 9, 31), seed=2, history=60, clouds=0.3)
    found, basis = one.block(index), basis_of(1970 + days / 365.25, 46, 1, trend=False)
    for row, col in np.ndindex(index.shape[1:]):
        number, _, margin = plain_monitor(index[:, row, col], basis, 46, minimum=10, critical=one.rules.critical)
        assert found.break_index[row, col] == number or margin < 1e-9


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("history", ["all", "ROC"])
def test_threads_and_blocks_do_not_show(threads, history):
    index, one = forest_block((TIMES, 31, 33), seed=9, history=HISTORY), monitor(history=history)
    whole = one.block(index)
    assert same(whole, one.block(index, threads=threads))
    part = one.block(np.ascontiguousarray(index[:, 7:9, 3:20]))
    assert (part.break_day == whole.break_day[7:9, 3:20]).all()
    assert (part.magnitude == whole.magnitude[7:9, 3:20]).all()


def test_a_view_of_a_cube_is_as_good_as_a_copy():
    index = forest_block((TIMES, 20, 20), seed=4, history=HISTORY)
    assert same(monitor().block(index[:, ::2, 5:]), monitor().block(np.ascontiguousarray(index[:, ::2, 5:])))


@pytest.mark.parametrize("shape", [(0, 5), (1, 1), (16, 16), (1, 257)])
def test_blocks_of_any_size(shape):
    index = forest_block((TIMES, *shape), seed=6, history=HISTORY)
    found = monitor().block(index)
    assert found.break_day.shape == shape
    assert found.break_day.dtype == np.int32
    assert found.magnitude.dtype == found.break_index.dtype == np.int16


def test_flat_series_do_not_break_and_a_step_of_one_unit_does():
    index = np.full((TIMES, 1, 2), 7000, np.int16)
    index[80:, 0, 1] -= 2
    found = monitor().block(index)
    assert found.break_day[0, 0] == 0
    assert found.break_index[0, 1] >= 80
    assert found.magnitude.tolist() == [[0, -2]]


def test_the_ends_of_the_scale():
    index = np.full((TIMES, 1, 4), -32767, np.int16)
    index[:, 0, 1] = 32767
    index[::2, 0, 2] = 32767
    index[80:, 0, 3] = 32767
    found = monitor().block(index)
    assert found.break_day[0, :2].tolist() == [0, 0]
    assert found.break_index[0, 3] == 80
    assert found.magnitude[0, 3] == 32767


def test_nothing_after_the_history_is_no_break():
    index = forest_block((TIMES, 2, 2), seed=8, history=HISTORY)
    index[HISTORY:] = -32768
    found = monitor().block(index)
    assert (found.break_day == 0).all()
    assert (found.magnitude == 0).all()


def test_the_middle_of_any_values_lands_in_the_middle():
    networks, counts = middle_networks(41)
    rng = np.random.default_rng(0)
    for half in range(21):
        values = 2 * half + 1
        rows = rng.integers(-50, 50, (values, 200))
        wanted = np.sort(rows, axis=0)
        for low, high in networks[half, : counts[half]]:
            rows[[low, high]] = np.minimum(rows[low], rows[high]), np.maximum(rows[low], rows[high])
        assert (rows[half] == wanted[half]).all()
        assert half == 0 or (rows[half - 1] == wanted[half - 1]).all()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"harmonics": 4}, "change.rules"),
        ({"harmonics": 0}, "change.rules"),
        ({"min_history": 8}, "change.rules"),
        ({"process": "sum"}, "change.rules"),
        ({"history": "BP"}, "change.rules"),
        ({"window": 0.3}, "change.critical"),
        ({"level": 0.5}, "change.critical"),
        ({"period": 3}, "change.critical"),
        ({"history": "ROC", "history_level": 0.2}, "change.critical"),
    ],
)
def test_rules_that_cannot_be_followed_are_refused(changes, code):
    with pytest.raises(PlanError) as refused:
        MonitorRules(**changes)
    assert refused.value.error_code == code


def test_scenes_that_cannot_be_monitored_are_refused():
    rules = MonitorRules()
    for code, make in {
        "change.days": lambda: BfastMonitor(rules, DAYS[::-1].copy(), HISTORY),
        "change.history": lambda: BfastMonitor(rules, DAYS, 9),
    }.items():
        with pytest.raises(SourceError) as refused:
            make()
        assert refused.value.error_code == code
    with pytest.raises(SourceError) as refused:
        BfastMonitor(rules, DAYS, HISTORY, np.linspace(2010, 2020, TIMES - 1))
    assert refused.value.error_code == "change.days"


@pytest.mark.parametrize("index", OF_ANOTHER_KIND)
def test_blocks_of_another_kind_are_refused(index):
    with pytest.raises(SourceError) as refused:
        monitor().block(index)
    assert refused.value.error_code == "change.block"


CHECKED = """
import numpy as np
from support.plain_season import forest_block
from mrv.change.bfast_monitor import BfastMonitor, MonitorRules
from mrv.change.ewma import EwmaMonitor, EwmaRules
days = np.arange(0, 16 * 90, 16).astype(np.int32)
index = forest_block((90, 3, 100), seed=3, history=46)
index[:, 0, 0] = -32768
index[46:, 0, 1] = -32768
for rules in (MonitorRules(), MonitorRules(process="cusum", harmonics=1), MonitorRules(history="ROC")):
    found.append(int(BfastMonitor(rules, days, 46).block(index).break_index.sum()))
found.append(int(EwmaMonitor(EwmaRules(), days, 46).block(index).break_index.sum()))
"""


@pytest.mark.slow
def test_no_kernel_reaches_past_an_array():
    here: dict[str, list[int]] = {"found": []}
    exec(CHECKED, here)
    path = os.pathsep.join([str(Path(__file__).parents[1]), *(entry for entry in sys.path if entry)])
    run = subprocess.run(
        [sys.executable, "-c", f"found = []{CHECKED}print(found)"], capture_output=True, text=True, check=False,
        env=os.environ | {"NUMBA_BOUNDSCHECK": "1", "PYTHONPATH": path},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == str(here["found"])
