"""A biased map cannot bias the mean: what the estimators keep whatever the map."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from hypothesis import assume, given
from hypothesis import strategies as st

from mrv.carbon.model_assisted import MapMean, PlotPair, difference, regression
from mrv.carbon.plot_design import Unit

KG = st.integers(0, 900_000)
PLOTS = st.lists(st.tuples(KG, KG, st.integers(1, 50)), min_size=4, max_size=25)


def pairs(rows, bend=lambda kg: kg):
    return [PlotPair(Unit("s", str(i), Fraction(w)), Fraction(y), bend(m)) for i, (y, m, w) in enumerate(rows)]


def of_map(mean):
    return MapMean(weighted_sum=mean, area_mm2=1, pixels=1)


@given(PLOTS, KG, st.integers(-10_000, 10_000))
def test_a_constant_bias_of_the_map_changes_nothing(rows, mean, shift):
    straight = difference(of_map(mean), pairs(rows), predictions="external")
    biased = difference(of_map(mean + shift), pairs(rows, lambda kg: kg + shift), predictions="external")
    assert biased.value_kg_ha == straight.value_kg_ha
    assert biased.variance == straight.variance


@given(PLOTS, KG)
def test_regression_does_not_care_for_the_maps_scale_or_offset(rows, mean):
    assume(len({m for _, m, _ in rows}) > 1)
    straight = regression(of_map(mean), pairs(rows), predictions="external")
    bent = regression(of_map(2 * mean + 100), pairs(rows, lambda kg: 2 * kg + 100), predictions="external")
    assert bent.value_kg_ha == straight.value_kg_ha
    assert bent.variance == straight.variance
    assert bent.slope == straight.slope / 2


@given(st.lists(st.tuples(KG, KG), min_size=5, max_size=8))
def test_over_all_samples_the_difference_estimator_of_a_map_times_two_plus_100_is_the_truth(forest):
    """Every sample of three of the population, once: the mean of the estimates is the population's mean, exactly."""
    n = len(forest)
    truth = Fraction(sum(y for y, _ in forest), n)
    biased = [2 * m + 100 for _, m in forest]
    mean = MapMean(weighted_sum=sum(biased), area_mm2=n, pixels=n)
    estimates = [
        difference(mean, pairs([(forest[i][0], biased[i], 1) for i in drawn]), predictions="external").value_kg_ha
        for drawn in combinations(range(n), 3)
    ]
    assert sum(estimates) / len(estimates) == truth
    # The control that must fail: the map alone.
    assume(Fraction(sum(m for _, m in forest), n) != (truth - 100) / 2)
    assert mean.kg_ha != truth
