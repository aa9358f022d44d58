"""World Bank OpenMRV, Analysis of sample data (Olofsson 2021), section 3: Colombia; the buffer is no reference class."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mrv.activity.accuracy import matrix_sample
from mrv.activity.estimators import DesignStratum

STRATA = ("forest", "non-forest", "disturbance", "buffer")
REFERENCES = STRATA[:3]
COUNTS = ((271, 3, 1), (6, 193, 1), (2, 1, 27), (23, 0, 7))
WEIGHTS = ("0.551", "0.407", "0.0137", "0.0287")
WHOLE_M2 = 1_140_000_000_000
EXPECTED = {
    # share, SE, user's, producer's; printed in the tutorial
    "forest": (".57811", ".0067520", ".985", ".939"),
    "non-forest": (".39922", ".0063466", ".965", ".984"),
    "disturbance": (".02307", ".0037174", ".900", ".535"),
}


@pytest.fixture
def sample():
    # The tutorial's weights add up to 1.0004; areas are taken as they are, shares of the nominal whole.
    strata = [
        DesignStratum(name, int(Fraction(w) * WHOLE_M2), 10**9, sum(row))
        for name, w, row in zip(STRATA, WEIGHTS, COUNTS, strict=True)
    ]
    return matrix_sample(strata, STRATA, COUNTS, REFERENCES, fpc=False)


def near(value, told):
    return abs(value - Fraction(told)) <= Fraction(1, 2 * 10 ** len(told.partition(".")[2]))


@pytest.mark.parametrize("name", REFERENCES)
def test_openmrv_colombia_areas(sample, name):
    area = sample.area(name)
    assert near(area.area_m2 / WHOLE_M2, EXPECTED[name][0])
    assert near(area.standard_error_m2 / WHOLE_M2, EXPECTED[name][1])


@pytest.mark.parametrize("name", REFERENCES)
def test_openmrv_colombia_accuracies(sample, name):
    assert near(sample.users(name).value, EXPECTED[name][2])
    assert near(sample.producers(name).value, EXPECTED[name][3])


def test_openmrv_colombia_overall_accuracy(sample):
    right = sum(sample.cell_share(name, name).value for name in REFERENCES)
    assert right == sample.overall().value
    assert near(right * sum(map(Fraction, WEIGHTS)), ".948")


def test_openmrv_colombia_control_the_text_says_231_for_023(sample):
    assert not near(sample.area("disturbance").area_m2 / WHOLE_M2, ".231")


def test_openmrv_colombia_control_a_buffer_pooled_with_the_forest_is_another_estimate(sample):
    merged = [[271 + 23, 3, 1 + 7], *COUNTS[1:3]]
    strata = [
        DesignStratum(name, int(w * WHOLE_M2), 10**9, sum(row))
        for name, w, row in zip(REFERENCES, (Fraction("0.5797"), Fraction("0.407"), Fraction("0.0137")), merged, strict=True)
    ]
    pooled = matrix_sample(strata, REFERENCES, merged, REFERENCES, fpc=False).area("disturbance")
    # Seven omissions of the narrow buffer weighted as if they stood for the whole forest: 28 % more.
    assert near(pooled.area_m2 / WHOLE_M2, ".02957")
