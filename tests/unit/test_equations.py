from __future__ import annotations

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.equations import (
    above_ground_carbon,
    below_ground_carbon,
    half_width_percent,
    percentage_speaks,
    product_percent,
    round_up,
    sqrt_fraction,
    sum_percent,
    trees_uncertainty_adjustment,
)


def test_stocks():
    assert above_ground_carbon(Fraction(120), Fraction("0.47")) == Fraction("56.4")
    assert below_ground_carbon(Fraction(120), Fraction("0.23"), Fraction("0.47")) == Fraction("12.972")


def test_ipcc_product_pin():
    assert round(float(product_percent(Fraction(10), Fraction(20))), 4) == 22.3607


def test_ipcc_sum_pin_has_signed_terms_over_the_absolute_sum():
    terms = [(Fraction(100), Fraction(10)), (Fraction(200), Fraction(20)), (Fraction(-50), Fraction(30))]
    assert round(float(sum_percent(*terms)), 4) == 17.5499
    assert sum_percent(*((-q, p) for q, p in terms)) == sum_percent(*terms)


def test_the_sum_of_opposites_has_no_percentage():
    assert sum_percent((Fraction(5), Fraction(10)), (Fraction(-5), Fraction(10))) is None
    assert sum_percent() is None


@pytest.mark.parametrize(
    ("half_width", "adjustment"),
    [(5, ".0159397"), (10, ".0318793"), (15, ".0478190"), (20, ".0637587"), (30, ".0956380"), (50, ".1593967")],
)
def test_art_trees_pins(half_width, adjustment):
    assert abs(trees_uncertainty_adjustment(Fraction(half_width, 100)) - Fraction(adjustment)) <= Fraction(1, 2 * 10**7)


@given(st.fractions(min_value=0, max_value=10**9))
@settings(deadline=None)
def test_square_roots_are_rounded_down(value):
    root = sqrt_fraction(value)
    assert root * root <= value < (root + Fraction(1, 10**12)) ** 2
    assert abs(float(root) - sqrt(float(value))) < 1e-6


@given(st.fractions(min_value=-(10**6), max_value=10**6))
@settings(deadline=None)
def test_round_up_never_rounds_down(value):
    assert value <= round_up(value) < value + 1


def test_half_width():
    assert half_width_percent(Fraction(100), Fraction(80), Fraction(120)) == 20
    assert half_width_percent(Fraction(100), Fraction(50), Fraction(250)) == 100


@pytest.mark.parametrize(
    ("mean", "half", "speaks"), [(0, 0, False), (-5, 1, False), (1, 9, True), (1, 10, False), (100, 999, True)]
)
def test_a_percentage_of_nearly_nothing_says_nothing(mean, half, speaks):
    assert percentage_speaks(mean, half) is speaks
