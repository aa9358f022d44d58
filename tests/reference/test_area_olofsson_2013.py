"""Olofsson et al. 2013, Remote Sensing of Environment 129:122–131, example 1: the figures that its rounding leaves alone.

The counts and the printed figures are as the R package mapaccuracy 0.1.2 and PyMapAccuracy quote them.  The paper's area
(45,651 ha) is its proportion rounded to .026 times the total; unrounded it is 45,112.4 ha.
"""

from __future__ import annotations

from fractions import Fraction

import pytest

from mrv.activity.accuracy import matrix_sample
from mrv.activity.estimators import DesignStratum

CLASSES = ("deforestation", "stable forest", "non-forest")
COUNTS = ((97, 0, 3), (3, 279, 18), (2, 1, 97))
HECTARES = (22_353, 1_122_543, 610_228)


@pytest.fixture
def sample():
    strata = [DesignStratum(c, ha * 10_000, ha * 11, sum(row)) for c, ha, row in zip(CLASSES, HECTARES, COUNTS, strict=True)]
    return matrix_sample(strata, CLASSES, COUNTS, CLASSES, fpc=False)


def test_olofsson_2013_eq_11_standard_error_of_the_proportion(sample):
    assert abs(sample.area("deforestation").standard_error_m2 / 10_000 / sum(HECTARES) - Fraction(".00613")) <= Fraction("5e-6")


def test_olofsson_2013_eq_12_standard_error_of_the_area(sample):
    assert round(sample.area("deforestation").standard_error_m2 / 10_000) == 10_751


def test_olofsson_2013_eq_10_area_unrounded(sample):
    assert abs(sample.area("deforestation").area_m2 / 10_000 - Fraction("45112.4")) < Fraction("0.05")
    assert round(Fraction(".026") * sum(HECTARES)) not in {45_112, 45_651}


def test_olofsson_2013_eq_16_overall_accuracy(sample):
    assert abs(sample.overall().value - Fraction(".944")) <= Fraction(".0005")
    assert abs(sample.overall().value - Fraction(473, 500)) > Fraction(".001")
