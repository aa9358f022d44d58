"""Interpreter error: the bias it makes, the correction, its variance, and when it is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.activity.estimators import DesignStratum, estimate
from mrv.activity.interpreters import ErrorRates, corrected_area, rates_from_gold
from mrv.errors import PlanError
from mrv.uncertainty.confidence import limits
from mrv.uncertainty.intervals import Z90, interval

F = Fraction
CLASSES = ("loss", "other")
FIVE = ErrorRates(CLASSES, ((F(95, 100), F(5, 100)), (F(5, 100), F(95, 100))), None)
ONE_STRATUM = [DesignStratum("all", 10**10, 10**6, 1000)]


def test_five_percent_of_label_error_turns_two_percent_of_loss_into_six_point_eight():
    reported = F(2, 100) * F(95, 100) + F(98, 100) * F(5, 100)
    assert reported == F("0.068")
    made = corrected_area(ONE_STRATUM, [{"loss": 68, "other": 932}], "loss", FIVE)
    assert made.reported_m2 == F("0.068") * 10**10
    assert made.estimate.area_m2 == F("0.02") * 10**10


def test_the_correction_costs_variance():
    counts = [{"loss": 68, "other": 932}]
    plain = estimate(ONE_STRATUM, [68], fpc=False)
    stated = corrected_area(ONE_STRATUM, counts, "loss", FIVE)
    gold = rates_from_gold(
        {("loss", "loss"): 95, ("loss", "other"): 5, ("other", "loss"): 10, ("other", "other"): 190}, CLASSES
    )
    drawn = corrected_area(ONE_STRATUM, counts, "loss", gold)
    # Two classes: the variance of the reported share over (1 − 2 × 5 %)².
    assert stated.sampling_variance_m4 == plain.variance_m4 / F(9, 10) ** 2
    assert stated.rates_variance_m4 == 0
    assert drawn.estimate.area_m2 == stated.estimate.area_m2
    assert drawn.sampling_variance_m4 == stated.sampling_variance_m4
    # By hand: (P₁² e₁(1 − e₁)/(n₁ − 1) + P₂² e₂(1 − e₂)/(n₂ − 1)) / 0.9².
    by_hand = (F(2, 100) ** 2 * F(95 * 5, 100**2) / 99 + F(98, 100) ** 2 * F(19, 400) / 199) / F(9, 10) ** 2 * 10**20
    assert drawn.rates_variance_m4 == by_hand
    assert drawn.estimate.variance_m4 == drawn.sampling_variance_m4 + by_hand


def test_perfect_interpreters_change_nothing():
    perfect = ErrorRates(CLASSES, ((F(1), F(0)), (F(0), F(1))), None)
    made = corrected_area(ONE_STRATUM, [{"loss": 68, "other": 932}], "loss", perfect)
    assert made.estimate == estimate(ONE_STRATUM, [68], fpc=False)


def test_corrected_classes_add_up_to_the_whole():
    classes = ("loss", "gain", "stable")
    rates = ErrorRates(
        classes, ((F(9, 10), F(0), F(1, 10)), (F(1, 20), F(9, 10), F(1, 20)), (F(1, 50), F(1, 50), F(48, 50))), None
    )
    strata = [DesignStratum("change", 10**8, 10**5, 100), DesignStratum("stable", 10**9, 10**6, 300)]
    counts = [{"loss": 60, "gain": 10, "stable": 30}, {"loss": 10, "gain": 5, "stable": 285}]
    areas = [corrected_area(strata, counts, name, rates).estimate.area_m2 for name in classes]
    assert sum(areas) == 11 * 10**8


@given(
    st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=3, max_size=3),
    st.lists(st.integers(1, 50), min_size=3),
)
def test_the_inverse_undoes_the_error(noise, shares):
    """Expected reports of known true areas come back as those areas, whatever the (diagonally dominant) rates."""
    classes = ("a", "b", "c")
    rows = [[F(n + (200 if i == j else 0)) for j, n in enumerate(row)] for i, row in enumerate(noise)]
    rates = ErrorRates(classes, tuple(tuple(x / sum(row) for x in row) for row in rows), None)
    true = shares[:3]
    reported = [sum(true[i] * rates.rates[i][j] for i in range(3)) for j in range(3)]
    inverse = rates.inverse()
    assert [sum(inverse[i][j] * reported[j] for j in range(3)) for i in range(3)] == true


def simulate(replicates, *, gold_units, seed=20180607):
    """Samples of a four-stratum world with 2 % of loss, labels wrong at 5 % either way.

    Returns:
        Reported and corrected shares, and how often either 90 % interval holds the truth.
    """
    rng = np.random.default_rng(seed)
    weights, sampled, truth = (0.02, 0.03, 0.60, 0.35), (100, 100, 300, 200), (0.70, 0.10, 0.004, 0.00343)
    true = sum(w * p for w, p in zip(weights, truth, strict=True))
    strata = [DesignStratum(str(h), round(w * 10**10), 10**8, n) for h, (w, n) in enumerate(zip(weights, sampled, strict=True))]
    z = np.array([-float(Z90), float(Z90)])
    found, covered = [], np.zeros(2)
    for _ in range(replicates):
        hits = [int(rng.binomial(n, p * 0.95 + (1 - p) * 0.05)) for n, p in zip(sampled, truth, strict=True)]
        right = [int(rng.binomial(gold_units, 0.95)) for _ in CLASSES]
        gold = rates_from_gold(
            {
                ("loss", "loss"): right[0], ("loss", "other"): gold_units - right[0],
                ("other", "other"): right[1], ("other", "loss"): gold_units - right[1],
            },
            CLASSES,
        )  # fmt: skip
        made = corrected_area(strata, [{"loss": k, "other": n - k} for k, n in zip(hits, sampled, strict=True)], "loss", gold)
        plain = estimate(strata, hits, fpc=False)
        found.append((float(plain.area_m2) / 1e10, float(made.estimate.area_m2) / 1e10))
        for which, shape in enumerate((plain.shape, made.estimate.shape)):
            low, high = limits(shape, z) / 1e10
            covered[which] += low <= true <= high
    return true, np.array(found), covered / replicates


def test_bias_and_coverage_with_and_without_the_correction():
    true, found, covered = simulate(400, gold_units=300)
    reported, corrected = found.mean(axis=0)
    error = found[:, 1].std() / 400**0.5
    assert true == pytest.approx(0.0206, abs=5e-4)
    assert reported == pytest.approx(0.068, abs=0.002)
    assert abs(corrected - true) < 3 * error
    assert covered[0] < 0.05
    assert covered[1] > 0.86


@pytest.mark.slow
def test_coverage_of_the_corrected_area_in_full():
    for gold_units in (100, 300, 1000):
        true, found, covered = simulate(2000, gold_units=gold_units)
        print(gold_units, true, found.mean(axis=0), found.std(axis=0), covered)
        assert abs(found[:, 1].mean() - true) < 3 * found[:, 1].std() / 2000**0.5
        assert 0.88 <= covered[1] <= 0.925


def test_an_area_corrected_below_nought_keeps_its_sign_and_its_limits_do_not():
    made = corrected_area(ONE_STRATUM, [{"loss": 30, "other": 970}], "loss", FIVE)
    limits_m2 = interval(made.estimate.shape)
    assert made.estimate.area_m2 == F(-2, 90) * 10**10
    assert 0 == limits_m2.low <= limits_m2.high < 10**9


@pytest.mark.parametrize(
    "rows",
    [
        ((F(95, 100), F(4, 100)), (F(5, 100), F(95, 100))),
        ((F(105, 100), F(-5, 100)), (F(5, 100), F(95, 100))),
        ((F(1), F(0)),),
        ((F(1), F(0), F(0)), (F(0), F(1), F(0))),
    ],
    ids=["adds up to .99", "negative", "one row", "three columns"],
)
def test_rates_that_are_no_probabilities_are_refused(rows):
    with pytest.raises(PlanError) as caught:
        ErrorRates(CLASSES, rows, None)
    assert caught.value.error_code == "reference.probabilities"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("error", "refused"), [(F(1, 2), True), (F(46, 100), True), (F(45, 100), False), (F(5, 100), False)], ids=str
)
def test_labels_near_a_coin_toss_are_refused(error, refused):
    rates = ErrorRates(CLASSES, ((1 - error, error), (error, 1 - error)), None)
    if not refused:
        assert rates.inverse()
        return
    with pytest.raises(PlanError) as caught:
        corrected_area(ONE_STRATUM, [{"loss": 500, "other": 500}], "loss", rates)
    assert caught.value.error_code == "reference.singular"


@pytest.mark.parametrize(
    ("gold", "code"),
    [
        ({("loss", "loss"): 5}, "reference.gold"),
        ({("loss", "loss"): 5, ("other", "other"): 1}, "activity.one-unit"),
        ({("loss", "loss"): 5, ("other", "other"): 9, ("fire", "loss"): 1}, "reference.gold"),
        ({("loss", "loss"): 5, ("loss", "other"): -1, ("other", "other"): 9}, "reference.gold"),
    ],
    ids=["no other", "one other", "unknown class", "negative"],
)
def test_gold_units_that_are_refused(gold, code):
    with pytest.raises(PlanError) as caught:
        rates_from_gold(gold, CLASSES)
    assert caught.value.error_code == code


@pytest.mark.parametrize("target", ["loss", "fire"])
def test_a_class_without_rates_is_refused(target):
    with pytest.raises(PlanError) as caught:
        corrected_area(ONE_STRATUM, [{"loss": 60, "fire": 8, "other": 932}], target, FIVE)
    assert (caught.value.error_code, caught.value.field) == ("reference.class", "fire")
