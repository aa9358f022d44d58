"""IPCC 2006 V1 ch. 3, Approach 1, and what a net of two noisy numbers is worth."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mrv.equations import absolute_sum_percent, product_percent, sum_percent
from mrv.units import CO2_PER_C


def test_ipcc_2006_eq_3_1_product_10_and_20_percent():
    assert round(float(product_percent(Fraction(10), Fraction(20))), 4) == 22.3607


def test_ipcc_2006_eq_3_2_sum_of_signed_terms():
    terms = ((Fraction(100), Fraction(10)), (Fraction(200), Fraction(20)), (Fraction(-50), Fraction(30)))
    assert round(float(sum_percent(*terms)), 4) == 17.5499


def test_ipcc_2006_eq_3_2_denominator_is_not_the_sum_of_absolute_values():
    terms = ((Fraction(100), Fraction(10)), (Fraction(200), Fraction(20)), (Fraction(-50), Fraction(30)))
    assert round(float(absolute_sum_percent(*terms)), 4) == 12.5357  # must fail as Eq. 3.2


def test_44_over_12_is_exact_and_3_67_overstates_by_0_09_percent():
    assert Fraction(44, 12) == CO2_PER_C
    assert round(float((Fraction("3.67") / CO2_PER_C - 1) * 100), 2) == 0.09


@pytest.mark.parametrize(("rule", "percent"), [(sum_percent, 128), (absolute_sum_percent, 14)], ids=["net", "vm0033-2.1"])
def test_net_of_100_and_80_each_within_20_percent(rule, percent):
    assert round(rule((Fraction(100), Fraction(20)), (Fraction(-80), Fraction(20)))) == percent


def test_net_of_100_and_80_simulated_says_128_and_not_14():
    """A half-width is a multiple of a standard deviation, so any normal draw shows the same ratio."""
    rng = np.random.default_rng(1)
    net = rng.normal(100, 20 / 1.645, 400_000) - rng.normal(80, 16 / 1.645, 400_000)
    low, high = np.quantile(net, [0.05, 0.95])
    assert abs((high - low) / 2 / net.mean() * 100 - 128) < 1.5
