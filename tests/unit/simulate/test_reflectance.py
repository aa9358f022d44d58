"""The cube of reflectance that detectors are held against."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mrv.simulate.reflectance import BANDS, HISTORY, REGIMES, reflectance_cube

SHARED = Path(__file__).parents[4] / "shared" / "bench" / "make_cube.py"


@pytest.fixture(scope="module")
def cube():
    return reflectance_cube(seed=3, size=64)


def test_the_same_seed_gives_the_same_cube(cube):
    again = reflectance_cube(seed=3, size=64)
    assert all((getattr(cube, name) == getattr(again, name)).all() for name in ("bands", "clear", "break_day", "severity"))


def test_a_tenth_breaks_after_the_history(cube):
    broken = cube.break_day > 0
    assert 0.09 < broken.mean() < 0.11
    assert cube.break_day[broken].min() >= cube.days[HISTORY + 2]
    assert (cube.severity[~broken] == 0).all()
    assert cube.severity[broken].min() >= 0.12


def test_a_break_takes_green_away(cube):
    broken = cube.severity > 0.5
    nir, after = cube.bands[:, BANDS.index("nir")], cube.days[:, None, None] >= cube.break_day
    clear = cube.clear & broken
    assert nir[clear & after].mean() < nir[clear & ~after].mean() - 400


def test_the_index_is_nan_under_cloud(cube):
    assert (np.isnan(cube.index) == ~cube.clear).all()


def test_regimes_are_harsher_each_in_its_own_way():
    share = {name: reflectance_cube(regime, seed=4, size=48).clear.mean() for name, regime in REGIMES.items()}
    assert share["cloud 70 %"] < 0.4
    assert share["usual"] > 0.5
    assert share["noise × 2"] == share["usual"] == share["phenology"]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared benchmark's generator is not here")
def test_it_is_the_shared_benchmark_s_cube(cube, tmp_path):
    subprocess.run(
        [sys.executable, str(SHARED), "64", "3"], env=os.environ | {"MRV_BENCH_DATA": f"{tmp_path}/"}, check=True,
        capture_output=True,
    )  # fmt: skip
    truth = np.load(tmp_path / "truth.npz")
    assert (np.load(tmp_path / "bands_i16.npy") == cube.bands).all()
    assert ((np.load(tmp_path / "qa_u8.npy") == 0) == cube.clear).all()
    assert (truth["break_day"] == cube.break_day).all()
    assert (truth["severity"] == cube.severity).all()
