"""ART TREES 2.0: Eq. 10 and 11, and the chain from Olofsson's deforestation to an adjustment."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import t as student
from support.accounts import accounts, risk, vintage

from mrv.equations import UADJ_SCALE, UADJ_Z90, product_percent, sqrt_fraction, trees_uncertainty_adjustment
from mrv.programme.accounts import Spread
from mrv.programme.art_trees import TEXT_VERIFIED, issue
from mrv.units import CO2_PER_C

TABLE = [(5, "0.0159397"), (10, "0.0318793"), (15, "0.0478190"), (20, "0.0637587"), (30, "0.0956380"), (50, "0.1593967")]
MAPPED = (200_000, 150_000, 3_200_000, 6_450_000)
DEFORESTED, DRAWN = (66, 0, 1, 2), (75, 75, 165, 325)
HECTARES = 900_000


def olofsson_2014():
    """Area of deforestation, ha, and its standard error, from the counts of Table 8 (no FPC)."""
    whole = sum(MAPPED)
    weights = [Fraction(px, whole) for px in MAPPED]
    shares = [Fraction(n, of) for n, of in zip(DEFORESTED, DRAWN, strict=True)]
    area = HECTARES * sum(w * p for w, p in zip(weights, shares, strict=True))
    variance = sum(w * w * p * (1 - p) / (n - 1) for w, p, n in zip(weights, shares, DRAWN, strict=True))
    return area, HECTARES * sqrt_fraction(variance, places=15)


@pytest.mark.parametrize(("half_width", "adjustment"), TABLE, ids=[f"hw-{row[0]}-percent" for row in TABLE])
def test_trees_2_0_eq_11_uadj(half_width, adjustment):
    assert round(trees_uncertainty_adjustment(Fraction(half_width, 100)), 7) == Fraction(adjustment)


@pytest.mark.parametrize(("half_width", "adjustment"), TABLE)
def test_trees_2_0_eq_11_of_percent_instead_of_a_fraction_is_caught(half_width, adjustment):
    assert trees_uncertainty_adjustment(Fraction(half_width)) > 10 * Fraction(adjustment)


@pytest.mark.parametrize(
    ("constant", "probability"), [(UADJ_SCALE, 0.70), (UADJ_Z90, 0.95)], ids=["0.524417-is-t-70", "1.645006-is-t-95"]
)
def test_trees_2_0_constants_are_student_at_10_000_degrees_of_freedom(constant, probability):
    assert round(student.ppf(probability, 10_000), 6) == float(constant)
    assert round(student.ppf(probability, 9_000), 6) != float(constant)


def test_trees_2_0_text_is_quoted_and_not_read():
    assert TEXT_VERIFIED is False


def test_trees_2_0_chain_from_olofsson_2014_deforestation():
    area, se = olofsson_2014()
    assert round(float(area), 3) == 21157.762
    tonnes = area * (Fraction("205.8") + Fraction("48.3")) * CO2_PER_C
    assert round(tonnes) == 19_712_687
    z90 = Fraction("1.644854")
    half = product_percent(100 * z90 * se / area, Fraction("4.5"))
    assert round(float(half), 3) == 24.835
    assert round(float(trees_uncertainty_adjustment(half / 100)), 5) == 0.07917


def test_trees_2_0_chain_by_monte_carlo():
    """Independent of Approach 1: the 90 % half-width of a million products."""
    area, se = (float(value) for value in olofsson_2014())
    rng = np.random.default_rng(7)
    draws = rng.normal(area, se, 1_000_000) * rng.normal(254.1, 254.1 * 0.045 / 1.644854, 1_000_000) * 44 / 12
    low, high = np.quantile(draws, [0.05, 0.95])
    assert 100 * (high - low) / 2 / draws.mean() == pytest.approx(24.835, abs=0.06)


def test_trees_2_0_issues_the_chain():
    """Reductions of 19,712,687 t, HW90 24.835 %: UNC by Eq. 10 and 11, then leakage and a buffer by hand."""
    year = vintage(2020, baseline=(20_712_687, 0), project=(1_000_000, 0), leakage=100_000)
    got = issue(accounts(year, gross=Spread(10**9, 248_350_000), risk=risk(buffer="5")))
    unc_kg = -(-19_712_687_000 * Fraction("0.524417") * Fraction("0.24835") // Fraction("1.645006"))
    buffer_t = -(-19_712_687 * 5 // 100)
    left = (19_712_687_000 - unc_kg - 100_000_000) // 1000 - buffer_t
    assert (got.issuable_t, got.buffer_t) == (left, buffer_t) == (17_066_352, 985_635)
    assert round(float(1 - got.factor), 5) == 0.07917
    assert got.uncertainty.percent == Fraction("24.835")
