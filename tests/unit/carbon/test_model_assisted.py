from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import SEED

from mrv.carbon.biomass import Learner, train
from mrv.carbon.model_assisted import MapMean, PlotPair, difference, map_mean, regression
from mrv.carbon.plot_design import Unit
from mrv.errors import PlanError


def pairs(plots, maps, clusters=None, weights=None):
    clusters = clusters or [str(i) for i in range(len(plots))]
    weights = weights or [1] * len(plots)
    return [
        PlotPair(Unit("s", c, Fraction(w)), Fraction(int(y)), int(m))
        for y, m, c, w in zip(plots, maps, clusters, weights, strict=True)
    ]


def flat(kg_ha):
    return MapMean(weighted_sum=kg_ha * 10, area_mm2=10, pixels=1)


def test_the_maps_mean_is_weighted_by_area_and_exact():
    kg = np.array([[10, 20], [30, 10**6]])
    area = np.array([[100_000_000_000, 50_000_000_000], [1, 7]])
    forest = np.array([[True, True], [True, False]])
    got = map_mean(kg, area, forest)
    assert got.weighted_sum == 10 * 10**11 + 20 * 5 * 10**10 + 30
    assert got.area_mm2 == 150_000_000_001
    assert got.pixels == 3


def test_a_sum_beyond_64_bits_is_kept():
    shape = (3000, 8)
    got = map_mean(np.full(shape, 2_000_000), np.full(shape, 10**11), np.ones(shape, dtype=bool))
    assert got.weighted_sum == 24_000 * 2_000_000 * 10**11 > 2**63


@pytest.mark.parametrize(
    ("kg", "area", "forest", "code"),
    [(1, 1, False, "biomass.empty"), (2**40, 2**40, True, "biomass.range"), (1, -1, True, "biomass.range")],
)
def test_maps_that_cannot_be_summed_are_refused(kg, area, forest, code):
    with pytest.raises(PlanError) as caught:
        map_mean(np.full((2, 2), kg), np.full((2, 2), area), np.full((2, 2), forest))
    assert caught.value.error_code == code


def test_difference_is_the_map_and_the_mean_residual():
    got = difference(flat(100), pairs([110, 90, 130], [100, 100, 100]), predictions="external")
    assert got.value_kg_ha == 110
    assert got.correction_kg_ha == 10
    assert got.variance == Fraction(400, 3)
    assert (got.df, got.slope) == (2, 1)
    low, high = got.interval(Fraction(9, 10))
    assert float(high - low) / 2 == pytest.approx(2.91998558 * (400 / 3) ** 0.5, rel=1e-6)


def test_a_perfect_map_leaves_no_variance_and_a_useless_one_the_plots_alone():
    plots = [50, 80, 20, 95, 60]
    assert difference(flat(61), pairs(plots, plots), predictions="external").variance == 0
    got = regression(flat(70), pairs(plots, [9, 3, 9, 3, 5]), predictions="external")
    assert got.plot_variance > 0
    same = difference(flat(70), pairs(plots, [7] * 5), predictions="external")
    assert same.variance == same.plot_variance


def test_regression_is_the_weighted_line_at_the_maps_mean():
    rng = np.random.default_rng(2)
    maps, weights = rng.integers(20, 300, 40), rng.integers(1, 6, 40)
    plots = 3 * maps + rng.integers(-40, 40, 40)
    got = regression(flat(150), pairs(plots, maps, weights=list(map(int, weights))), predictions="external")
    slope, intercept = np.polyfit(maps, plots, 1, w=np.sqrt(weights))
    assert float(got.slope) == pytest.approx(slope, rel=1e-9)
    assert float(got.value_kg_ha) == pytest.approx(intercept + 150 * slope, rel=1e-9)
    assert got.df == 38


def test_in_sample_predictions_are_refused():
    for estimator in (difference, regression):
        with pytest.raises(PlanError) as caught:
            estimator(flat(1), pairs([1, 2, 3], [1, 2, 4]), predictions="in-sample")
        assert caught.value.error_code == "biomass.in-sample"


@pytest.mark.parametrize(
    ("estimator", "plots", "maps", "clusters", "code"),
    [
        (difference, [1, 2], [1, 1], ["a", "a"], "plots.one-cluster"),
        (regression, [1, 2], [1, 2], ["a", "b"], "plots.one-cluster"),
        (regression, [1, 2, 3], [4, 4, 4], ["a", "b", "c"], "biomass.constant"),
    ],
)
def test_too_little_is_refused(estimator, plots, maps, clusters, code):
    with pytest.raises(PlanError) as caught:
        estimator(flat(1), pairs(plots, maps, clusters), predictions="external")
    assert caught.value.error_code == code


def test_draws_carry_the_sample_and_the_plots_allometry():
    got = difference(flat(1000), pairs([1100, 900, 1300, 1000], [1000] * 4), predictions="external")
    exact = np.full(20_000, got.plot_mean_kg_ha, dtype=np.int64)
    alone = got.draws(exact, seed=SEED, name="forest")
    low, high = got.interval(Fraction(9, 10))
    assert np.quantile(alone, [0.05, 0.95]) == pytest.approx([float(low), float(high)], rel=0.02)
    doubled = got.draws(2 * exact, seed=SEED, name="forest")
    assert np.abs(doubled - 2 * alone).max() <= 1
    assert not np.array_equal(got.draws(exact, seed=SEED, name="other"), alone)
    empty = difference(flat(0), pairs([0, 0], [0, 0]), predictions="external")
    with pytest.raises(PlanError) as caught:
        empty.draws(exact, seed=SEED, name="forest")
    assert caught.value.error_code == "biomass.zero"


def population(seed=11, clusters=400, per=5):
    """A forest of clusters whose map features explain half of the biomass."""
    rng = np.random.default_rng(seed)
    features = rng.integers(0, 4000, (clusters * per, 4))
    level = np.repeat(rng.normal(0, 15_000, clusters), per)
    truth = 50_000 + 15 * features[:, 0] + level + rng.normal(0, 15_000, clusters * per)
    return features, np.maximum(truth, 0).astype(np.int64), np.repeat(np.arange(clusters), per)


def sampled(features, truth, cluster, seed, *, clusters=30):
    """Honest and blind estimates of one cluster sample: out-of-fold residuals, and those of plots the forest has seen."""
    drawn = np.random.default_rng(seed).choice(cluster.max() + 1, clusters, replace=False)
    at = np.flatnonzero(np.isin(cluster, drawn))
    ids = [str(c) for c in cluster[at]]
    area = np.ones((len(truth), 1), dtype=np.int64)
    for folds in (5, 1):
        how = Learner("random-forest", trees=25, min_leaf=1)
        model = train(features[at], truth[at], names=["a", "b", "c", "d"], clusters=ids, folds=folds, learner=how)
        maps = model.predict(features[at]) if folds == 1 else model.out_of_fold(features[at], ids)
        of_map = map_mean(model.predict(features)[:, None], area, area.astype(bool))
        yield difference(of_map, pairs(truth[at], maps, ids), predictions="external")


def test_in_sample_residuals_of_a_forest_understate_the_variance():
    pytest.importorskip("sklearn")
    world = population()
    honest, blind = zip(*(sampled(*world, seed) for seed in range(100, 103)), strict=True)
    assert np.mean([float(e.variance) for e in blind]) < 0.35 * np.mean([float(e.variance) for e in honest])


@pytest.mark.slow
def test_the_cross_fitted_interval_covers_and_the_in_sample_one_does_not():
    pytest.importorskip("sklearn")
    world = population()
    truth = Fraction(int(world[1].sum()), len(world[1]))
    honest, blind = zip(*(sampled(*world, seed) for seed in range(1000, 1150)), strict=True)
    inside = [
        np.mean([low <= truth <= high for low, high in (e.interval(Fraction(9, 10)) for e in own)]) for own in (honest, blind)
    ]
    # 150 samples: two standard errors are 5 points.
    assert 0.85 <= inside[0] <= 0.96
    assert inside[1] < 0.75
    errors = [float(e.value_kg_ha - truth) for e in honest]
    assert abs(np.mean(errors)) < 2 * np.std(errors) / 150**0.5
    assert np.mean([float(e.variance) for e in honest]) == pytest.approx(np.var(errors), rel=0.3)
