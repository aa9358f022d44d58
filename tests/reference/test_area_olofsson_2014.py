"""Olofsson et al. 2014, Remote Sensing of Environment 148:42–57: Tables 8 and 9 and Eq. 13.

Counts are the paper's; areas and half-widths are recomputed from them to the digits shown, without finite-population
correction at z = 1.96 and with it at z = 1.959964.  Tolerance: half a unit of the last digit.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from mrv.activity.accuracy import matrix_sample
from mrv.activity.allocation import sample_size
from mrv.activity.estimators import DesignStratum, estimate
from mrv.uncertainty.intervals import interval

CLASSES = ("deforestation", "gain", "stable forest", "stable non-forest")
COUNTS = ((66, 0, 5, 4), (0, 55, 8, 12), (1, 0, 153, 11), (2, 1, 9, 313))
PIXELS = (200_000, 150_000, 3_200_000, 6_450_000)
M2_PER_PIXEL, M2_PER_HA = 900, 10_000

#               area ha, half-width ha (no FPC, 1.96), (FPC, 1.959964), UA, PA, half-width of PA
TABLE = {
    "deforestation": ("21157.762", "6157.634", "6157.318", ".8800", ".7487", ".2133"),
    "gain": ("11686.154", "3755.826", "3755.552", ".7333", ".8472", ".2544"),
    "stable forest": ("285769.930", "15509.836", "15509.132", ".9273", ".9345", ".0343"),
    "stable non-forest": ("581386.154", "16281.656", "16280.917", ".9631", ".9616", ".0184"),
}


def strata(pixels=PIXELS, m2=M2_PER_PIXEL):
    return [DesignStratum(name, n * m2, n, sum(row)) for name, n, row in zip(CLASSES, pixels, COUNTS, strict=True)]


def sample(*, fpc):
    return matrix_sample(strata(), CLASSES, COUNTS, CLASSES, fpc=fpc)


def printed(value, told):
    """The value, rounded to the digits of the text, is the text."""
    return abs(Fraction(value) - Fraction(told)) <= Fraction(1, 2 * 10 ** len(told.partition(".")[2]))


@pytest.mark.parametrize("name", CLASSES)
def test_olofsson_2014_table_8_areas(name):
    assert printed(sample(fpc=False).area(name).area_m2 / M2_PER_HA, TABLE[name][0])


@pytest.mark.parametrize("name", CLASSES)
def test_olofsson_2014_table_8_half_widths_without_fpc(name):
    area = sample(fpc=False).area(name)
    wald = interval(area.shape, z=Fraction("1.96"), method="wald")
    assert printed(area.standard_error_m2 * Fraction("1.96") / M2_PER_HA, TABLE[name][1])
    assert printed(wald.half_width / M2_PER_HA, TABLE[name][1])


@pytest.mark.parametrize("name", CLASSES)
def test_olofsson_2014_table_8_half_widths_with_fpc(name):
    half = sample(fpc=True).area(name).standard_error_m2 * Fraction("1.959964") / M2_PER_HA
    assert printed(half, TABLE[name][2])
    assert not printed(half, TABLE[name][1])


@pytest.mark.parametrize("name", CLASSES)
def test_olofsson_2014_table_9_accuracies(name):
    for fpc in (False, True):
        mine = sample(fpc=fpc)
        assert printed(mine.users(name).value, TABLE[name][3])
        assert printed(mine.producers(name).value, TABLE[name][4])
        assert printed(mine.producers(name).standard_error * Fraction("1.96"), TABLE[name][5])


def test_olofsson_2014_table_9_overall_accuracy():
    overall = sample(fpc=False).overall()
    assert printed(overall.value, ".94651")
    assert printed(overall.standard_error * Fraction("1.96"), ".01848")


def test_olofsson_2014_control_unweighted_overall_accuracy_is_another_number():
    right, units = sum(COUNTS[i][i] for i in range(4)), sum(map(sum, COUNTS))
    assert printed(Fraction(right, units), ".91719")
    assert not printed(sample(fpc=False).overall().value, ".91719")


def test_olofsson_2014_control_weights_of_sample_sizes_give_the_unweighted_accuracy():
    wrong = matrix_sample(strata([sum(row) for row in COUNTS]), CLASSES, COUNTS, CLASSES, fpc=False)
    assert printed(wrong.overall().value, ".91719")


def test_olofsson_2014_control_pixels_are_not_hectares():
    pixels = estimate(strata(m2=1), [row[0] for row in COUNTS], fpc=False).area_m2
    assert printed(pixels, "235086.247")
    assert printed(pixels * M2_PER_PIXEL / M2_PER_HA, TABLE["deforestation"][0])
    assert not printed(pixels, TABLE["deforestation"][0])


@pytest.mark.parametrize("misprint", [".23", ".01"])
def test_olofsson_2014_control_no_half_width_is_the_misprint(misprint):
    mine = sample(fpc=False)
    shares = [mine.overall(), *map(mine.users, CLASSES), *map(mine.producers, CLASSES)]
    assert not any(printed(share.standard_error * Fraction("1.96"), misprint) for share in shares)


def test_olofsson_2014_half_widths_at_the_two_misprints():
    mine = sample(fpc=False)
    assert printed(mine.producers("gain").standard_error * Fraction("1.96"), ".25")
    assert printed(mine.producers("stable non-forest").standard_error * Fraction("1.96"), ".02")


def test_olofsson_2014_control_transposed_digits_of_the_standard_error():
    assert not printed(sample(fpc=False).area("deforestation").standard_error_m2 / M2_PER_PIXEL, "34097")


def test_olofsson_2014_standard_error_in_pixels():
    assert printed(sample(fpc=False).area("deforestation").standard_error_m2 / M2_PER_PIXEL, "34907")


def test_olofsson_2014_eq_13_sample_size():
    weights = [Fraction(text) for text in ("0.02", "0.015", "0.32", "0.645")]
    users = [Fraction(text) for text in ("0.7", "0.6", "0.9", "0.95")]
    assert sample_size(weights, users, Fraction("0.01")) == 641
    assert sample_size(weights, users, Fraction("0.01"), units=10_000_000) == 641
    assert sample_size(weights, users, Fraction("0.01"), units=10_000) < 641
