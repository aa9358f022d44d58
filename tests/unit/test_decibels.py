from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import inf, nextafter

import numpy as np
import pytest

from mrv.kernels.decibels import HIGHEST, LOWEST, NODATA, amplitude_decibels, decibels_of_power, power_thresholds


def reaches(power: float, k: int) -> bool:
    """Whether 1000 · log10(power) ≥ k − ½, in whole numbers: power^2000 against 10^(2k − 1)."""
    exact, exponent = Fraction(power), 2 * k - 1
    above, below = exact.numerator**2000, exact.denominator**2000
    return above >= below * 10**exponent if exponent >= 0 else above * 10**-exponent >= below


@pytest.mark.parametrize("k", [LOWEST + 1, -23_017, -4151, -1150, -700, -1, 0, 1, 2, 999, 1000, 3000, HIGHEST])
def test_a_threshold_is_the_least_float_that_reaches_it(k):
    least = float(power_thresholds()[k - LOWEST - 1])
    assert reaches(least, k)
    assert not reaches(nextafter(least, 0), k)
    assert decibels_of_power(np.array([nextafter(least, 0), least, nextafter(least, inf)])).tolist() == [k - 1, k, k]


def test_float32_is_decided_as_its_exact_value():
    rng = np.random.default_rng(1)
    power = (10 ** rng.uniform(-4, 1, 200)).astype(np.float32)
    found = decibels_of_power(power)
    for value, k in zip(power.tolist(), found.tolist(), strict=True):
        assert reaches(value, k)
        assert not reaches(value, k + 1)


def test_it_is_the_rounded_logarithm():
    power = (10 ** np.random.default_rng(2).uniform(-6, 3, 100_000)).astype(np.float32)
    assert np.array_equal(decibels_of_power(power), np.rint(1000 * np.log10(power.astype(np.float64))).astype(np.int16))


def test_thresholds_ascend_over_the_whole_range():
    found = power_thresholds()
    assert len(found) == HIGHEST - LOWEST
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize("value", [0.0, -0.0, -1.0, np.nan, np.inf, -np.inf, -32768.0])
def test_what_is_no_power_is_nodata(value):
    assert decibels_of_power(np.array([value, 1.0], np.float32)).tolist() == [NODATA, 0]


def test_beyond_the_range_it_is_clipped_and_never_nodata():
    assert decibels_of_power(np.array([1e-300, 1e300])).tolist() == [LOWEST, HIGHEST]


@pytest.mark.parametrize("dn", [1, 2, 3, 316, 1000, 3000, 14_125, 65_535])
def test_jaxas_amplitudes_are_exact(dn):
    """DN^4000 against 10^(2k − 1 + 16,600): 20 · log10(DN) − 83.0 ≥ (k − ½) / 100."""
    k = int(amplitude_decibels(Decimal("-83.0"))[dn])
    assert dn**4000 >= 10 ** (2 * k - 1 + 16_600)
    assert dn**4000 < 10 ** (2 * k + 1 + 16_600)


def test_an_amplitude_on_a_tie_rounds_up():
    found = amplitude_decibels(Decimal("-83.005"))
    assert found[[1, 10, 100, 1000, 10_000]].tolist() == [-8300, -6300, -4300, -2300, -300]


def test_no_amplitude_is_nodata_and_the_rest_never_falls():
    found = amplitude_decibels(Decimal(-83))
    assert found[0] == NODATA
    assert (np.diff(found[1:]) >= 0).all()
    assert len(found) == 65_536
