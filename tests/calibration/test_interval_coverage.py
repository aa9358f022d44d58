"""Coverage of the intervals of an area, summed exactly over tables of counts, in worlds fixed beforehand.

The worlds and the vectorised twin are those of ``benchmarks/interval_coverage.py``; the twin is checked against the product.
"""

from __future__ import annotations

import importlib.util
import sys
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import hypergeom

from mrv.activity.estimators import DesignStratum, estimate
from mrv.uncertainty.intervals import interval


def _benchmark():
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "interval_coverage.py"
    spec = importlib.util.spec_from_file_location("benchmark_coverage", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = _benchmark()


def named(worlds):
    return pytest.mark.parametrize("world", worlds, ids=lambda world: world.name)


@named(bench.FREQUENT)
def test_signed_interval_covers_ninety_percent(world):
    assert world.omissions >= 5
    told = bench.exact(world, "score")
    assert 89 <= told["coverage"] <= 91
    # Each side alone, for what is claimed one-sidedly.
    assert told["too_high"] < 5.5
    assert told["too_low"] < 5.5


@named(bench.RARE)
def test_signed_interval_with_rare_omissions(world):
    told = bench.exact(world, "score")
    assert told["coverage"] >= 88
    assert told["too_high"] < 6
    assert told["too_low"] < 6


def test_control_wald_fails_where_the_signed_interval_holds():
    rare = {world.name: bench.exact(world, "wald") for world in bench.RARE}
    assert rare["0.6 % of 165"]["coverage"] < 72
    assert rare["0.3 % of 300"]["coverage"] < 84
    frequent = [bench.exact(world, "wald") for world in bench.FREQUENT]
    # Where it covers nearly enough it is by two wrongs: misses below are twice those above and more.
    assert all(told["too_low"] > 6 and told["too_low"] > 1.4 * told["too_high"] for told in frequent)


def test_control_a_normal_interval_of_another_level_is_noticed(monkeypatch):
    monkeypatch.setattr(bench, "Z", 1.5)
    assert not any(89 <= bench.exact(world, "score")["coverage"] <= 91 for world in bench.FREQUENT)


@named(bench.FREQUENT + bench.RARE)
def test_the_estimate_is_unbiased_and_the_benchmark_computes_what_the_product_does(world):
    assert abs(bench.bias(world)) < 0.001
    assert bench.check(world, count=6) < 1e-9


def test_sums_agree_with_a_simulation():
    world = bench.RARE[1]
    for method in ("score", "wald"):
        assert bench.simulated(world, method)["coverage"] == pytest.approx(bench.exact(world, method)["coverage"], abs=1.5)


def test_a_finite_population_needs_its_correction():
    """Two strata sampled by 30 and 40 %: hypergeometric counts, summed exactly, with the product's own functions."""
    units, sampled, true = (150, 700), (45, 280), (120, 21)
    covered = {True: 0.0, False: 0.0}
    chances = [hypergeom(n, k, s).pmf for n, k, s in zip(units, true, sampled, strict=True)]
    for first, second in product(range(28, 45), range(22)):
        chance = chances[0](first) * chances[1](second)
        if chance < 1e-7:
            continue
        for fpc in covered:
            strata = [DesignStratum(str(h), n * 100, n, s) for h, (n, s) in enumerate(zip(units, sampled, strict=True))]
            limits = interval(estimate(strata, (first, second), fpc=fpc).shape)
            covered[fpc] += chance * (limits.low <= 100 * sum(true) <= limits.high)
    assert 0.88 <= covered[True] <= 0.93
    assert covered[False] > 0.95


@pytest.mark.slow
@named(bench.FREQUENT + bench.RARE)
def test_ten_thousand_samples_a_world(world):
    """By simulation; four standard errors of it (1.2 points) are left to chance."""
    told = bench.simulated(world, "score")
    assert bench.REPLICATES >= 10_000
    assert told["coverage"] == pytest.approx(bench.exact(world, "score")["coverage"], abs=1.2)
    assert bench.check(world) < 1e-9


@pytest.mark.slow
@named([bench.FREQUENT[0], bench.RARE[2]])
def test_two_thousand_samples_through_the_product(world):
    rng = np.random.default_rng(bench.SEED)
    true, covered = Fraction(world.true_share) * bench.WHOLE_M2, 0
    for _ in range(2000):
        hits = tuple(int(rng.binomial(n, p)) for n, p in zip(world.sampled, world.truth, strict=True))
        limits = interval(bench.product_estimate(world, hits).shape)
        covered += limits.low <= true <= limits.high
    assert covered / 20 == pytest.approx(bench.exact(world, "score")["coverage"], abs=2.7)


@pytest.mark.slow
def test_no_world_of_the_sweep_falls_below_eighty_eight():
    coverage = [bench.exact(world, "score")["coverage"] for world in bench.sweep()]
    assert len(coverage) == 504
    assert min(coverage) >= 88


@pytest.mark.slow
def test_worlds_held_out():
    told = [bench.exact(world, "score", left_out=1e-5) for world in bench.held_out()]
    assert sum(89 <= one["coverage"] <= 91 for one in told) >= 0.9 * len(told)
    assert min(one["coverage"] for one in told) >= 89
