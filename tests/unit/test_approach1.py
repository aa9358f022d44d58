from __future__ import annotations

from fractions import Fraction
from math import hypot
from types import SimpleNamespace

import pytest

from mrv.uncertainty.approach1 import Interval, approach1_percent, emission_uncertainty
from mrv.units import decimal_str


def interval(value, percent):
    value = Fraction(value)
    return Interval(value, value * (1 - Fraction(percent) / 100), value * (1 + Fraction(percent) / 100))


def factors(agb=20, ratio=30, fraction=5, after=75, after_fraction=5, left="13.6"):
    return {
        "agb": interval(130, agb), "root_shoot": interval("0.23", ratio), "carbon_fraction": interval("0.48", fraction),
        "after_biomass": interval(left, after), "after_carbon_fraction": interval("0.47", after_fraction),
    }  # fmt: skip


def test_against_the_formula_in_floating_point():
    whole_tree = 30 * 0.23 / 1.23
    before, left = 130 * 1.23 * 0.48, 13.6 * 0.47
    above = hypot(20, whole_tree, 5)
    expected = hypot(before * above, left * hypot(75, 5)) / (before - left)
    assert float(emission_uncertainty(factors()).half_width_percent) == pytest.approx(expected, rel=1e-9)


def test_shares_add_up_and_name_the_largest():
    shares = emission_uncertainty(factors()).variance_percent
    assert sum(shares.values()) == 100
    assert max(shares, key=shares.get) == "agb"


def test_without_uncertainty_there_is_none():
    result = emission_uncertainty(factors(0, 0, 0, 0, 0))
    assert result.half_width_percent == 0
    assert set(result.variance_percent.values()) == {0}


def test_an_emission_of_zero_has_no_percentage():
    same = factors()
    same["agb"], same["root_shoot"] = interval(10, 10), interval(1, 0)
    same["carbon_fraction"] = interval("0.5", 0)
    same["after_biomass"], same["after_carbon_fraction"] = interval(20, 10), interval("0.5", 0)
    assert emission_uncertainty(same).half_width_percent is None


def test_the_ratio_enters_as_one_plus_r():
    low = emission_uncertainty(factors(0, 50, 0, 0, 0, left="0.000001")).half_width_percent
    assert float(low) == pytest.approx(50 * 0.23 / 1.23, rel=1e-6)


def row(value, low, high):
    return SimpleNamespace(value=value, low=low, high=high)


ROWS = {
    "agb": row("130", "104", "156"), "root_shoot": row("0.23", "0.161", "0.299"),
    "carbon_fraction": row("0.48", "0.456", "0.504"),
    "after_biomass": row("13.6", "3.4", "23.8"), "after_carbon_fraction": row("0.47", "0.4465", "0.4935"),
}  # fmt: skip


def test_the_signed_string_is_the_same_number():
    assert approach1_percent(ROWS) == decimal_str(emission_uncertainty(factors()).half_width_percent, places=4)


def test_roots_measured_with_the_stems_have_no_approach_1():
    """Approach 1 takes its inputs as independent; plots measure stems and roots on the same trees."""
    assert approach1_percent({**ROWS, "bgb": row("30", "20", "40")}) is None


def test_other_factors_do_not_enter():
    more = {**ROWS, "growth": row("4", "1", "9"), "degraded:light": row("1", "0", "1")}
    assert approach1_percent(more) == approach1_percent(ROWS)


def test_a_total_of_zero_has_no_percentage_as_a_string_either():
    same = {**ROWS, "agb": row("0", "0", "0"), "after_biomass": row("0", "0", "0")}
    assert approach1_percent(same) is None


@pytest.mark.parametrize("missing", sorted(ROWS))
def test_a_missing_factor_is_an_error(missing):
    with pytest.raises(KeyError):
        approach1_percent({role: value for role, value in ROWS.items() if role != missing})
