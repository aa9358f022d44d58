"""Design-based estimators: against populations enumerated whole, against each other, and what they refuse."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import pytest

from mrv.activity.accuracy import AccuracySample, matrix_sample
from mrv.activity.estimators import DesignStratum, covariance, estimate, post_stratified, ratio, total
from mrv.errors import PlanError
from mrv.uncertainty.intervals import Z90, interval

ONE = Fraction(1)
POPULATIONS = (("aab", 30), ("abbbc", 50))
"""Two strata of 3 and 5 labelled units of 10 m²."""


def every_sample(sizes=(2, 3)):
    """Every stratified sample without replacement, with its strata."""
    strata = [
        DesignStratum(f"s{h}", area, len(labels), n)
        for h, ((labels, area), n) in enumerate(zip(POPULATIONS, sizes, strict=True))
    ]
    for picks in product(*(combinations(labels, n) for (labels, _), n in zip(POPULATIONS, sizes, strict=True))):
        yield strata, [Counter(pick) for pick in picks]


def mean(values):
    values = list(values)
    return sum(values, Fraction(0)) / len(values)


def test_estimate_and_variance_are_unbiased_over_every_sample():
    """Stehman 2014 Eq. 3 and 25: the mean over all samples is the truth, the mean of V̂ the variance of Â."""
    made = [estimate(strata, [row["b"] for row in rows], fpc=True) for strata, rows in every_sample()]
    areas = [one.area_m2 for one in made]
    assert mean(areas) == 10 * (1 + 3)
    assert mean(one.variance_m4 for one in made) == mean((area - 40) ** 2 for area in areas)
    # The control: without the correction the variance is too large.
    plain = [estimate(strata, [row["b"] for row in rows], fpc=False) for strata, rows in every_sample()]
    assert mean(one.variance_m4 for one in plain) > mean(one.variance_m4 for one in made)


def test_covariance_is_unbiased_over_every_sample():
    pairs = [
        (
            estimate(strata, [row["a"] for row in rows], fpc=True).area_m2,
            estimate(strata, [row["b"] for row in rows], fpc=True).area_m2,
            covariance(strata, [0, 0], [row["a"] for row in rows], [row["b"] for row in rows], fpc=True),
        )
        for strata, rows in every_sample()
    ]
    truth = mean(a * b for a, b, _ in pairs) - mean(a for a, _, _ in pairs) * mean(b for _, b, _ in pairs)
    assert mean(told for _, _, told in pairs) == truth < 0


def test_covariance_with_itself_is_the_variance():
    strata = [DesignStratum("a", 1000, 500, 40), DesignStratum("b", 9000, 4500, 60)]
    hits = [30, 3]
    assert covariance(strata, hits, hits, hits, fpc=True) == estimate(strata, hits, fpc=True).variance_m4


def test_variance_of_a_sum_of_two_years_needs_the_covariance():
    """A fixed panel: no unit is lost twice, so the sum of years is the union, with the union's variance."""
    strata = [DesignStratum("change", 1000, 500, 50), DesignStratum("rest", 99_000, 49_500, 300)]
    first, second = [20, 2], [18, 1]
    one, two = (estimate(strata, hits, fpc=True) for hits in (first, second))
    both = estimate(strata, [a + b for a, b in zip(first, second, strict=True)], fpc=True)
    shared = covariance(strata, [0, 0], first, second, fpc=True)
    assert one.variance_m4 + two.variance_m4 + 2 * shared == both.variance_m4
    assert one.variance_m4 + two.variance_m4 != both.variance_m4


def test_ratio_and_its_variance_by_hand():
    """Stehman 2014 Eq. 28 written out with s²_y, s²_x, s_xy."""
    strata = [DesignStratum("a", 400, 40, 5), DesignStratum("b", 600, 60, 4)]
    units = [[(1, 1), (0, 1), (0, 0), (1, 1), (0, 0)], [(0, 1), (0, 0), (1, 1), (0, 0)]]
    counts = [Counter(rows) for rows in units]
    labels = {pair for rows in units for pair in rows}
    made = ratio(strata, counts, {x: Fraction(x[0]) for x in labels}, {x: Fraction(x[1]) for x in labels}, fpc=True)

    def spread(xs, ys):
        n = len(xs)
        return sum((x - Fraction(sum(xs), n)) * (y - Fraction(sum(ys), n)) for x, y in zip(xs, ys, strict=True)) / (n - 1)

    top = sum(s.area_m2 * Fraction(sum(y for y, _ in rows), s.sampled) for s, rows in zip(strata, units, strict=True))
    base = sum(s.area_m2 * Fraction(sum(x for _, x in rows), s.sampled) for s, rows in zip(strata, units, strict=True))
    r, variance = top / base, Fraction(0)
    for s, rows in zip(strata, units, strict=True):
        y, x = [y for y, _ in rows], [x for _, x in rows]
        inner = spread(y, y) + r * r * spread(x, x) - 2 * r * spread(x, y)
        variance += s.area_m2**2 * (1 - Fraction(s.sampled, s.units)) * inner / s.sampled
    assert made.shape.value == r
    assert made.shape.variance == variance / base**2


def test_ratio_of_nothing_is_none():
    strata = [DesignStratum("a", 400, 40, 5)]
    assert ratio(strata, [{"x": 5}], {"x": Fraction(0)}, {"x": Fraction(0)}, fpc=True) is None


def test_post_stratified_variance_by_simulation():
    """Cochran 1977 Eq. 5A.42 against the variance over random samples; the formula of a stratified design is smaller."""
    import numpy as np

    rng = np.random.default_rng(5)
    sizes, n = (2000, 8000), 60
    cells = rng.multivariate_hypergeometric([1200, 800, 160, 7840], n, 200_000)
    sampled = cells[:, ::2] + cells[:, 1::2]
    kept = (sampled > 1).all(axis=1)
    areas = (np.array(sizes) * cells[kept][:, ::2] / sampled[kept]).sum(axis=1)
    told, stratified = [], []
    for row in cells[kept][:300]:
        strata = [DesignStratum(str(h), sizes[h], sizes[h], int(row[2 * h] + row[2 * h + 1])) for h in (0, 1)]
        hits = [int(row[0]), int(row[2])]
        told.append(float(post_stratified(strata, hits, fpc=True).variance_m4))
        stratified.append(float(estimate(strata, hits, fpc=True).variance_m4))
    assert areas.mean() == pytest.approx(1360, rel=0.002)
    assert np.mean(told) == pytest.approx(areas.var(), rel=0.04)
    assert np.mean(stratified) < np.mean(told)


def test_weights_are_areas_not_units():
    """Geodesic areas: pixels of one count, two areas."""
    wide = [DesignStratum("a", 1000, 100, 10), DesignStratum("b", 3000, 100, 10)]
    assert estimate(wide, [0, 5], fpc=False).area_m2 == 1500


def test_total_of_scores_is_linear():
    strata = [DesignStratum("a", 1000, 100, 10), DesignStratum("b", 3000, 100, 10)]
    rows = [{"x": 3, "y": 7}, {"x": 8, "y": 2}]
    double = total(strata, rows, {"x": Fraction(2), "y": Fraction(0)}, fpc=True)
    once = estimate(strata, [3, 8], fpc=True)
    assert (double.area_m2, double.variance_m4) == (2 * once.area_m2, 4 * once.variance_m4)


def test_a_census_has_no_variance_and_an_interval_of_no_width():
    census = estimate([DesignStratum("a", 1000, 4, 4)], [3], fpc=True)
    limits = interval(census.shape)
    assert (census.area_m2, census.variance_m4, limits.low, limits.high) == (750, 0, 750, 750)
    assert estimate([DesignStratum("a", 1000, 4, 4)], [3], fpc=False).variance_m4 > 0
    assert estimate([DesignStratum("a", 1000, 1, 1)], [1], fpc=True).area_m2 == 1000


@pytest.mark.parametrize("hits", [0, 40])
def test_one_stratum_of_one_answer_has_an_interval_with_width(hits):
    made = estimate([DesignStratum("a", 1000, 10_000, 40)], [hits], fpc=True)
    limits = interval(made.shape)
    assert made.variance_m4 == 0
    assert limits.high - limits.low > 30
    assert limits.low <= made.area_m2 <= limits.high


def test_a_stratum_without_area_is_left_out():
    some = DesignStratum("a", 1000, 100, 10)
    assert estimate([some, DesignStratum("gone", 0, 0, 0)], [4, 0], fpc=True) == estimate([some], [4], fpc=True)


@pytest.mark.parametrize(
    ("stratum", "hits", "code"),
    [
        ((1000, 100, 0), 0, "activity.no-unit"),
        ((1000, 100, 1), 1, "activity.one-unit"),
        ((1000, 100, 10), 11, "activity.counts"),
        ((1000, 100, 10), -1, "activity.counts"),
        ((0, 0, 0), 0, "activity.counts"),
    ],
)
@pytest.mark.parametrize("fpc", [True, False])
def test_estimates_that_are_refused(stratum, hits, code, fpc):
    with pytest.raises(PlanError) as caught:
        estimate([DesignStratum("thin", *stratum)], [hits], fpc=fpc)
    assert caught.value.error_code == code
    assert caught.value.hint


@pytest.mark.parametrize("numbers", [(1000, 5, 6), (-1, 5, 2), (1000, 0, 0), (0, 5, 2), (1000, 5, -1)])
def test_strata_that_are_refused(numbers):
    with pytest.raises(PlanError) as caught:
        DesignStratum("odd", *numbers)
    assert (caught.value.error_code, caught.value.field) == ("activity.stratum", "odd")


def test_counts_for_another_number_of_strata_are_refused():
    strata = [DesignStratum("a", 1000, 100, 10)]
    for call in (
        lambda: estimate(strata, [1, 2], fpc=True),
        lambda: covariance(strata, [1], [1, 2], [1], fpc=True),
        lambda: matrix_sample(strata, ["a"], [[1, 2], [3, 4]], ["a", "b"], fpc=True),
        lambda: matrix_sample(strata, ["a"], [[10]], ["a", "b"], fpc=True),
    ):
        with pytest.raises(PlanError) as caught:
            call()
        assert caught.value.error_code == "activity.counts"


def test_covariance_refuses_more_units_with_both_labels_than_with_one():
    with pytest.raises(PlanError) as caught:
        covariance([DesignStratum("a", 1000, 100, 10)], [5], [4], [6], fpc=True)
    assert caught.value.error_code == "activity.counts"


def accuracy(rows, fpc=True):
    strata = tuple(DesignStratum(str(h), 1000, 1000, sum(row.values())) for h, row in enumerate(rows))
    return AccuracySample(strata, tuple(rows), fpc)


def test_a_class_that_is_nowhere():
    sample = accuracy([{("loss", "loss"): 8, ("loss", "forest"): 2}, {("forest", "forest"): 30}])
    assert sample.users("gain") is None
    assert sample.producers("gain") is None
    assert sample.area("gain").area_m2 == 0
    assert interval(sample.area("gain").shape).high > 0


def test_a_perfect_score_still_has_an_interval():
    sample = accuracy([{("loss", "loss"): 10}, {("forest", "forest"): 30}])
    users = sample.users("loss")
    limits = interval(users.shape, z=Z90)
    assert users.value == limits.high == 1
    assert users.standard_error == 0
    assert Fraction(7, 10) < limits.low < Fraction(9, 10)


def test_accuracies_are_shares():
    sample = accuracy([{("loss", "loss"): 8, ("loss", "forest"): 2}, {("forest", "forest"): 29, ("forest", "loss"): 1}])
    for share in (sample.overall(), sample.users("loss"), sample.producers("loss"), sample.cell_share("loss", "loss")):
        limits = interval(share.shape)
        assert 0 <= limits.low < share.value < limits.high <= 1
    cells = [sample.cell_share(m, r).value for m in ("loss", "forest") for r in ("loss", "forest")]
    assert sum(cells) == ONE


def test_an_accuracy_sample_with_wrong_counts_is_refused():
    with pytest.raises(PlanError) as caught:
        AccuracySample((DesignStratum("a", 1000, 100, 10),), ({("a", "a"): 9},), fpc=True)
    assert caught.value.error_code == "activity.counts"


@pytest.mark.parametrize("name", ["loss", "forest", "nothing"])
def test_an_accuracy_without_its_error_is_the_same_share(name):
    strata = [DesignStratum("a", 20_000, 200, 60), DesignStratum("b", 70_000, 700, 90)]
    sample = matrix_sample(strata, ["loss", "forest"], [[50, 10], [2, 88]], ["loss", "forest"], fpc=True)
    for whole, alone in (
        (sample.users(name), sample.users_value(name)),
        (sample.producers(name), sample.producers_value(name)),
    ):
        assert alone == (None if whole is None else whole.value)
