"""Intervals: exact values, the twin in arrays, order in z, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from mrv.activity.estimators import DesignStratum, estimate
from mrv.errors import PlanError
from mrv.uncertainty import confidence
from mrv.uncertainty.intervals import METHODS, Z90, Z95, Interval, Shape, interval, limit

F = Fraction


def one_stratum(hits, n):
    return estimate([DesignStratum("all", 1, 10**9, n)], [hits], fpc=False).shape


@st.composite
def shapes(draw):
    """Estimates of one to four strata."""
    sampled = draw(st.lists(st.integers(2, 400), min_size=1, max_size=4))
    hits = [draw(st.integers(0, n)) for n in sampled]
    areas = [draw(st.integers(1, 10**9)) for _ in sampled]
    strata = [DesignStratum(str(h), a, 10**6, n) for h, (a, n) in enumerate(zip(areas, sampled, strict=True))]
    return estimate(strata, hits, fpc=draw(st.booleans())).shape


def test_quantiles_are_normal():
    assert float(Z90) == pytest.approx(norm.ppf(0.95), abs=1e-15)
    assert float(Z95) == pytest.approx(norm.ppf(0.975), abs=1e-15)


@pytest.mark.parametrize("count", [0, 1, 4, 30])
@pytest.mark.parametrize("z", [F(-1), F(1, 2), Z90])
def test_score_is_bartletts_for_a_poisson_count(count, z):
    """A Poisson count k has V = k, λ = 1 (upwards at k = 0): (z/2 + √(k + z²/12 + 1/6))², not below 0."""
    shape = Shape(
        value=F(count), variance=F(count), skew_down=F(1), skew_up=F(1), noise=F(0), smooth_value=F(count),
        smooth_variance=F(count), low=F(0), high=F(10**6),
    )  # fmt: skip
    root = float(z) / 2 + (count + float(z) ** 2 / 12 + 1 / 6) ** 0.5
    assert float(limit(shape, z)) == pytest.approx(max(root, 0) ** 2, abs=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 10, 20, 40, 100])
def test_score_of_a_poisson_count_lies_between_jeffreys_and_mid_p(count):
    """Both exact limits computed by scipy; they are nearly the same from five hits on."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, poisson

    shape = Shape(F(count), F(count), F(1), F(1), F(0), F(count), F(count), F(0), F(1000))
    for z, tail in ((-Z90, 0.05), (Z90, 0.95)):
        mid_p = brentq(lambda mu, tail=tail: poisson.sf(count, mu) + poisson.pmf(count, mu) / 2 - tail, 1e-6, 400)
        jeffreys = chi2.ppf(tail, 2 * count + 1) / 2
        assert min(mid_p, jeffreys) < float(limit(shape, z)) < max(mid_p, jeffreys)


def test_one_stratum_leaves_no_noise_and_two_do():
    assert one_stratum(7, 100).noise == 0
    two = estimate([DesignStratum("a", 5, 99, 20), DesignStratum("b", 1, 99, 20)], [4, 17], fpc=False).shape
    assert two.noise > 0


@pytest.mark.parametrize(("hits", "n"), [(7, 100), (1, 50), (49, 50), (200, 400)])
def test_wilson_of_one_stratum_against_scipy(hits, n):
    """The effective size is Jeffreys-smoothed, n + 1 nearly; with the size itself it is Wilson's."""
    shape = one_stratum(hits, n)
    unsmoothed = replace(shape, smooth_value=shape.value, smooth_variance=shape.value * (1 - shape.value) / n)
    told = binomtest(hits, n).proportion_ci(0.90, method="wilson")
    mine = interval(unsmoothed, method="wilson")
    assert (float(mine.low), float(mine.high)) == pytest.approx((told.low, told.high), abs=1e-12)
    assert float(interval(shape, method="wilson").high) == pytest.approx(told.high, abs=0.01)


def test_wald_and_logit_by_hand():
    shape = one_stratum(10, 100)
    half = float(Z95) * (0.09 / 99) ** 0.5
    wald = interval(shape, z=Z95, method="wald")
    assert (float(wald.low), float(wald.high)) == pytest.approx((0.1 - half, 0.1 + half), abs=1e-12)
    smooth = 10.5 / 101 * 90.5 / 101 / 100
    step = np.exp(float(Z95) * smooth**0.5 / 0.09) / 9
    assert float(interval(shape, z=Z95, method="logit").high) == pytest.approx(step / (1 + step), abs=1e-12)


def test_wald_is_not_clipped_so_that_its_failure_shows():
    assert interval(one_stratum(1, 100), method="wald").low < 0
    assert interval(one_stratum(1, 100)).low > 0


def test_limits_do_not_depend_on_the_decimal_context():
    shape = one_stratum(10, 100)
    told = [interval(shape, method=method) for method in METHODS]
    with localcontext(prec=5, rounding="ROUND_UP"):
        assert +Decimal("1.234567") == Decimal("1.2346")
        assert [interval(shape, method=method) for method in METHODS] == told


@pytest.mark.parametrize("method", ["score", "wilson", "logit"])
@pytest.mark.parametrize("hits", [0, 40])
def test_no_hits_and_all_hits_have_width(method, hits):
    made = interval(one_stratum(hits, 40), method=method)
    assert made.half_width > F(1, 100)
    assert 0 <= made.low <= F(hits, 40) <= made.high <= 1


def test_wald_without_hits_has_none():
    """The control: the interval that the others replace."""
    assert interval(one_stratum(0, 40), method="wald").half_width == 0


def test_rare_omissions_widen_the_upper_side():
    strata = [DesignStratum("loss", 20, 10**6, 75), DesignStratum("forest", 600, 10**6, 165)]
    none = estimate(strata, [66, 0], fpc=False).shape
    score, wald = interval(none), interval(none, method="wald")
    assert score.high - none.value > 3 * (wald.high - none.value)
    assert none.value - score.low < F(3, 2) * (none.value - wald.low)


@given(shapes(), st.sampled_from(METHODS), st.lists(st.fractions(-4, 4), min_size=2, max_size=6, unique=True))
def test_limits_never_fall_and_stay_within_bounds(shape, method, points):
    made = [limit(shape, z, method=method) for z in sorted(points)]
    assert made == sorted(made)
    if method != "wald":
        assert all(shape.low <= one <= shape.high for one in made)


@given(shapes(), st.sampled_from(METHODS))
def test_intervals_hold_the_estimate(shape, method):
    made = interval(shape, method=method)
    assert made.low <= shape.value <= made.high


def test_odds_beyond_all_numbers_are_certainty():
    shape = Shape(F(1), F(0), F(0), F(0), F(0), F(44487805, 14), F(8221141076735655, 392), F(0), F(88975584))
    for z, wanted in ((F(3), 88975584), (F(-3), 0)):
        assert float(limit(shape, z, method="logit")) == pytest.approx(wanted, abs=1e-6)
        assert confidence.limits(shape, np.array([float(z)]), method="logit")[0] == pytest.approx(wanted, abs=1)


@settings(deadline=None)
@given(shapes(), st.sampled_from(METHODS))
def test_the_twin_in_arrays_gives_the_same(shape, method):
    z = [F(-3), -Z95, -Z90, F(-1, 3), F(0), F(1, 7), Z90, Z95, F(3)]
    theirs = confidence.limits(shape, np.array([float(one) for one in z]), method=method)
    scale = float(shape.high)
    for one, other in zip(z, theirs, strict=True):
        assert float(limit(shape, one, method=method)) == pytest.approx(other, rel=1e-8, abs=1e-8 * scale)


def test_draws_have_the_signed_limits_as_their_five_and_ninety_five_percent_points():
    from mrv.uncertainty.montecarlo import normal_quantile

    shape = estimate([DesignStratum("a", 10**7, 10**5, 80), DesignStratum("b", 10**9, 10**7, 300)], [70, 3], fpc=True).shape
    even = (np.arange(100_000) + 0.5) / 100_000
    draws = confidence.limits(shape, normal_quantile(even))
    signed = interval(shape)
    assert np.quantile(draws, 0.05) == pytest.approx(float(signed.low), rel=1e-4)
    assert np.quantile(draws, 0.95) == pytest.approx(float(signed.high), rel=1e-4)


@given(shapes(), st.integers(2, 1000))
def test_another_unit_is_the_same_interval(shape, factor):
    small, large = interval(shape), interval(shape.scaled(F(factor)))
    assert float(small.high * factor) == pytest.approx(float(large.high), rel=1e-9)


def test_outward_rounding():
    assert Interval("score", Z90, F(-5, 2), F(7, 3)).outward == (-3, 3)
    assert Interval("score", Z90, F(2), F(3)).outward == (2, 3)


def test_bootstrap_is_the_exact_binomial():
    """One stratum: frequencies of the bootstrap are those of a binomial of n − 1 units."""
    ordered = confidence.bootstrap([90], [10], [3], seed="sha256:" + "0" * 64, draws=40_000)
    told = np.bincount(ordered // 10, minlength=10) / 40_000
    exact = [comb(9, k) * 0.3**k * 0.7 ** (9 - k) for k in range(10)]
    assert told == pytest.approx(exact, abs=0.01)
    assert (np.diff(ordered) >= 0).all()


def test_bootstrap_variance_is_the_estimators():
    strata = [DesignStratum("a", 10**6, 10**5, 60), DesignStratum("b", 10**7, 10**6, 200)]
    made = estimate(strata, [50, 8], fpc=False)
    ordered = confidence.bootstrap([10**6, 10**7], [60, 200], [50, 8], seed="sha256:" + "1" * 64, draws=20_000)
    assert ordered.mean() == pytest.approx(float(made.area_m2), rel=0.01)
    assert ordered.std() == pytest.approx(float(made.standard_error_m2), rel=0.03)
    percentile = confidence.bootstrap_interval(ordered, z=Z90)
    assert percentile.low == int(ordered[999])
    assert percentile.high == int(ordered[18_999])


def test_bootstrap_is_pinned():
    """Another generator, mapping or order of draws would change statements that sign it."""
    ordered = confidence.bootstrap([1000, 30_000], [50, 300], [45, 2], seed="sha256:" + "2" * 64, draws=200)
    again = confidence.bootstrap([1000, 30_000], [50, 300], [45, 2], seed="sha256:" + "2" * 64, draws=200)
    other = confidence.bootstrap([1000, 30_000], [50, 300], [45, 2], seed="sha256:" + "3" * 64, draws=200)
    assert ordered.tolist() == again.tolist() != other.tolist()
    assert (int(ordered[0]), int(ordered[100]), int(ordered[199]), int(ordered.sum())) == (816, 1079, 1520, 221539)


@pytest.mark.parametrize(("sampled", "hits"), [([1], [0]), ([10], [11]), ([10, 5], [3]), ([], [])])
def test_bootstraps_that_are_refused(sampled, hits):
    with pytest.raises(PlanError) as caught:
        confidence.bootstrap([100] * len(sampled), sampled, hits, seed="sha256:0", draws=10)
    assert caught.value.error_code in {"activity.counts", "activity.one-unit"}


def test_unknown_methods_and_levels_are_refused():
    shape = one_stratum(3, 10)
    for call, code in (
        (lambda: limit(shape, Z90, method="exact"), "interval.method"),
        (lambda: confidence.limits(shape, np.zeros(1), method="exact"), "interval.method"),
        (lambda: interval(shape, z=F(0)), "interval.z"),
        (lambda: interval(shape, z=F(-1)), "interval.z"),
        (lambda: shape.scaled(F(0)), "interval.shape"),
        (lambda: replace(shape, variance=F(-1)), "interval.shape"),
        (lambda: replace(shape, low=F(2)), "interval.shape"),
        (lambda: replace(shape, skew_down=shape.skew_up + 1), "interval.shape"),
    ):
        with pytest.raises(PlanError) as caught:
            call()
        assert caught.value.error_code == code
