"""BFAST Monitor on the series that its package publishes with its results (Verbesselt et al. 2012; R package bfast 1.6)."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from mrv.change.bfast_monitor import BfastMonitor, MonitorRules, composite_years
from mrv.change.critical_values import critical_value
from mrv.errors import PlanError
from mrv.kernels.series_monitor import fit_series, level_of, residual_of

SOM = Path(os.environ.get("MRV_SOM", Path(__file__).parents[3] / "shared" / "data" / "som.csv"))
if not SOM.exists():
    pytest.skip("the series `som` of the R package bfast is not here: name it by MRV_SOM", allow_module_level=True)
LINES = SOM.read_text(encoding="utf-8").splitlines()
ROWS = list(csv.DictReader(line for line in LINES if not line.startswith("#")))
YEARS = composite_years(2000, 4, len(ROWS), 23)
HISTORY = next(i for i, row in enumerate(ROWS) if (row["year"], row["composite"]) == ("2010", "13"))
DAYS = np.rint((YEARS - 1970) * 365.25).astype(np.int32)

PUBLISHED = {
    "ndvi_a": {
        "start": (2000, 4), "n": 237, "intercept": 0.3906913721, "trend": 0.0001376278, "r2": 0.520570, "sigma": 0.08415,
        "cosine": (0.0034256312, 0.0479024139, 0.0152613429), "sine": (-0.0092576950, -0.1071534760, -0.0200069655),
        "break": (2011, 3),
    },
    "ndvi_b": {
        "start": (2007, 19), "n": 63, "intercept": 0.403786818, "trend": 0.000517089, "r2": 0.434615, "sigma": 0.09437,
        "cosine": (-0.058053468, 0.040185053, -0.007416574), "sine": (-0.062640841, -0.048084840, 0.002732460),
        "break": (2010, 22),
    },
}  # fmt: skip


def series(column):
    return np.array([int(row[column] or -32768) for row in ROWS], np.int16)


def composite(index):
    return int(ROWS[index]["year"]), int(ROWS[index]["composite"])


@pytest.mark.parametrize("column", PUBLISHED)
def test_the_stable_history_and_the_break_are_the_published_ones(column):
    monitor = BfastMonitor(MonitorRules(history="ROC"), DAYS, HISTORY, YEARS)
    found = monitor.block(series(column)[:, None, None])
    assert composite(found.history_start[0, 0]) == PUBLISHED[column]["start"]
    assert composite(found.break_index[0, 0]) == PUBLISHED[column]["break"]
    assert found.break_day[0, 0] == DAYS[found.break_index[0, 0]]


@pytest.mark.parametrize("column", PUBLISHED)
def test_the_model_has_the_published_coefficients(column):
    y, published = series(column), PUBLISHED[column]
    start = next(i for i in range(len(ROWS)) if composite(i) == published["start"])
    basis = BfastMonitor(MonitorRules(), DAYS, HISTORY, YEARS).model.basis
    count, level = level_of(y, start, HISTORY)
    assert count == published["n"]
    matrix, beta = np.zeros((8, 8)), np.zeros(8)
    variance = fit_series(y, basis, start, HISTORY, level, matrix, beta)
    a_step = basis[1, 7] - basis[0, 7]
    assert beta[7] * a_step / 1e4 == pytest.approx(published["trend"], abs=6e-11 if column == "ndvi_a" else 6e-10)
    intercept = (level + beta[0] + beta[7] * (basis[0, 7] - a_step)) / 1e4
    assert intercept == pytest.approx(published["intercept"], abs=1e-9)
    assert beta[1:7:2] / 1e4 == pytest.approx(published["cosine"], abs=1e-9)
    assert beta[2:7:2] / 1e4 == pytest.approx(published["sine"], abs=1e-9)
    assert np.sqrt(variance) / 1e4 == pytest.approx(published["sigma"], abs=6e-6)
    seen = [t for t in range(start, HISTORY) if y[t] != -32768]
    rests = np.array([residual_of(y, basis, level, beta, t) for t in seen])
    spread = y[seen].astype(float) - y[seen].mean()
    assert 1 - (rests @ rests) / (spread @ spread) == pytest.approx(published["r2"], abs=6e-7)


def test_all_the_history_of_the_stable_series_gives_the_same_break_in_tiles():
    found = BfastMonitor(MonitorRules(), DAYS, HISTORY, YEARS).block(series("ndvi_a")[:, None, None])
    assert composite(found.break_index[0, 0]) == PUBLISHED["ndvi_a"]["break"]


@pytest.mark.parametrize(
    ("process", "level", "more", "value"),
    [
        ("mosum", 0.05, {"window": 0.25, "period": 10}, 1.34182451),
        ("cusum", 0.01, {}, 3.368214),
        ("cusum", 0.05, {}, 2.795483),
        ("cusum", 0.10, {}, 2.500278),
        ("reverse-cusum", 0.05, {}, 0.9478982),
    ],
)
def test_published_critical_values(process, level, more, value):
    assert critical_value(process, level, **more) == pytest.approx(value, abs=1e-6)


def test_a_level_that_nobody_tabulated_is_refused():
    with pytest.raises(PlanError) as refused:
        critical_value("mosum", 0.07, window=0.25, period=10)
    assert refused.value.error_code == "change.critical"


@pytest.mark.slow
@pytest.mark.parametrize("window", [0.25, 0.5, 1.0])
def test_the_tabulated_mosum_values_come_out_of_the_limit_process(window):
    """W°(t) − W°(t − h) over the boundary, on a grid: a grid sees a little less than the line does."""
    rng, step, runs, most = np.random.default_rng(8), 1 / 200, 4000, 10
    grid = np.arange(1, most * 200 + 1) * step
    highest = np.empty(runs)
    for run in range(runs):
        walk = np.concatenate([[0.0], np.cumsum(rng.normal(0, np.sqrt(step), len(grid)))])
        bridge = walk[1:] - grid * walk[200]
        width, ahead = round(window * 200), np.arange(200, len(grid))
        before = np.where(ahead - width >= 0, bridge[ahead - width], 0.0)
        bound = np.sqrt(2 * np.where(grid[ahead] > np.e, np.log(grid[ahead]), 1.0))
        highest[run] = np.max(np.abs(bridge[ahead] - before) / bound)
    assert np.quantile(highest, 0.95) == pytest.approx(critical_value("mosum", 0.05, window=window, period=10), rel=0.05)
