"""Stehman 2014, International Journal of Remote Sensing 35:4923–4939: the numerical example, strata that are not the map.

The forty units are those that the R package mapaccuracy 0.1.2 gives as the paper's example, the figures those it and
PyMapAccuracy quote from pages 4932–4936.  One is reproduced by neither: the standard error of producer's accuracy of B,
.114 in the paper, is .1165 by its own Eq. 28.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

from mrv.activity.accuracy import AccuracySample
from mrv.activity.estimators import DesignStratum

MAPPED = "AAAAAAABBBABBBBBBBBBBBCCCCCCBBDDDDDDDDDD"
REFERENCE = "AAAAACBABCABBBBBAABBCCCCCDDBBADDDDDDDCCB"
UNITS = (40_000, 30_000, 20_000, 10_000)


@pytest.fixture
def sample():
    strata = tuple(DesignStratum(name, n * 900, n, 10) for name, n in zip("ABCD", UNITS, strict=True))
    pairs = list(zip(MAPPED, REFERENCE, strict=True))
    return AccuracySample(strata, tuple(Counter(pairs[h * 10 : h * 10 + 10]) for h in range(4)), fpc=True)


def near(value, told):
    return abs(value - Fraction(told)) <= Fraction(1, 2 * 10 ** len(told.partition(".")[2]))


@pytest.mark.parametrize(("name", "share", "error"), [("A", ".35", ".082"), ("C", ".20", ".064")])
def test_stehman_2014_area(sample, name, share, error):
    whole = sum(UNITS) * 900
    assert near(sample.area(name).area_m2 / whole, share)
    assert near(sample.area(name).standard_error_m2 / whole, error)


def test_stehman_2014_overall_accuracy(sample):
    assert near(sample.overall().value, ".63")
    assert near(sample.overall().standard_error, ".085")


def test_stehman_2014_users_accuracy(sample):
    assert near(sample.users("B").value, ".574")
    assert near(sample.users("B").standard_error, ".125")


def test_stehman_2014_producers_accuracy(sample):
    assert near(sample.producers("B").value, ".794")
    assert near(sample.producers("B").standard_error, ".1165")


def test_stehman_2014_cell_of_the_error_matrix(sample):
    assert near(sample.cell_share("B", "C").value, ".08")


def test_stehman_2014_control_printed_error_of_producers_accuracy_is_not_eq_28(sample):
    assert not near(sample.producers("B").standard_error, ".114")


def test_stehman_2014_control_strata_taken_for_map_classes_give_other_areas():
    # Weighting by the new map's classes instead of the design strata: the mistake the paper is about.
    counts = Counter(zip(MAPPED, REFERENCE, strict=True))
    totals = Counter(MAPPED)
    share = sum(
        Fraction(n, sum(UNITS)) * Fraction(counts[name, "A"], totals[name]) for name, n in zip("ABCD", UNITS, strict=True)
    )
    assert not near(share, ".35")
