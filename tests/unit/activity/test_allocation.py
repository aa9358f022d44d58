"""Sample sizes and allocations."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.activity import allocation as al
from mrv.activity.allocation import PlannedStratum
from mrv.errors import PlanError

F = Fraction
STRATA = (
    PlannedStratum("loss", 2_000_000, 20_000, F("0.85")),
    PlannedStratum("buffer", 3_000_000, 30_000, F("0.15")),
    PlannedStratum("stable forest", 60_000_000, 600_000, F("0.005")),
    PlannedStratum("non-forest", 35_000_000, 350_000, F("0.001")),
)


def test_equal_shares_add_up_earlier_first():
    assert al.equal(STRATA, 402) == (101, 101, 100, 100)


def test_proportional_with_a_floor():
    shares = al.proportional(STRATA, 640, floor=al.BUFFER_FLOOR)
    assert shares[:2] == (50, 50)
    assert sum(shares) == 640
    # What is left goes 600 : 350.
    assert shares[2:] == (341, 199)


def test_proportional_without_a_floor_is_by_units():
    assert al.proportional(STRATA, 1000, floor=0) == (20, 30, 600, 350)


def test_neyman_beats_the_others_and_every_neighbour():
    """No move of one unit between two strata makes the expected variance smaller, but for rounding."""
    shares = al.neyman(STRATA, 600)
    best = al.expected_standard_error_m2(STRATA, shares)
    assert best < al.expected_standard_error_m2(STRATA, al.equal(STRATA, 600))
    assert best < al.expected_standard_error_m2(STRATA, al.proportional(STRATA, 600))
    for a, b in product(range(4), repeat=2):
        moved = list(shares)
        moved[a] += 2
        moved[b] -= 2
        assert a == b or al.expected_standard_error_m2(STRATA, moved) > best


def test_neyman_gives_a_stratum_expected_empty_its_floor():
    strata = (*STRATA[:3], PlannedStratum("non-forest", 35_000_000, 350_000, F(0)))
    assert al.neyman(strata, 500, floor=75)[3] == 75


def test_sample_size_for_an_area_is_what_neyman_needs():
    target = F(200_000)
    n = al.sample_size_for_area(STRATA, target)
    reached = al.expected_standard_error_m2(STRATA, al.neyman(STRATA, n, floor=0))
    assert target * F(98, 100) < reached < target * F(101, 100)
    assert al.expected_standard_error_m2(STRATA, al.neyman(STRATA, n // 2, floor=0)) > target * F(13, 10)


def test_a_stratum_never_gets_more_than_it_has():
    tiny = (PlannedStratum("tiny", 900, 9, F(1, 2)), *STRATA[1:])
    assert al.equal(tiny, 300)[0] == 9
    assert al.equal(tiny, 300, floor=50)[0] == 9
    assert sum(al.equal(tiny, 300)) == 300


@given(
    units=st.lists(st.integers(0, 5000), min_size=1, max_size=6),
    weights=st.lists(st.integers(0, 1000), min_size=6, max_size=6),
    floor=st.integers(0, 60),
    place=st.fractions(0, 1),
)
def test_apportionments_add_up_within_their_bounds(units, weights, floor, place):
    strata = [PlannedStratum(str(h), n * 100, n, F(1, 3)) for h, n in enumerate(units)]
    low, high = sum(min(floor, n) for n in units), sum(units)
    n = low + int(place * (high - low))
    shares = al.apportion(strata, n, [F(w) for w in weights[: len(units)]], floor=floor)
    assert sum(shares) == n
    assert all(min(floor, count) <= share <= count for share, count in zip(shares, units, strict=True))


@pytest.mark.parametrize("n", [7, 1_000_001])
def test_a_size_that_cannot_be_shared_is_refused(n):
    with pytest.raises(PlanError) as caught:
        al.equal(STRATA, n)
    assert caught.value.error_code == "sample.size"
    assert "give 8 to 1000000" in caught.value.hint


def test_neyman_without_a_guess_is_refused():
    flat = [PlannedStratum(s.name, s.area_m2, s.units, F(0)) for s in STRATA]
    with pytest.raises(PlanError) as caught:
        al.neyman(flat, 100)
    assert caught.value.error_code == "sample.expected"


@pytest.mark.parametrize("expected", [F(-1, 10), F(85), F(11, 10)])
def test_a_share_outside_nought_to_one_is_refused(expected):
    with pytest.raises(PlanError) as caught:
        PlannedStratum("loss", 100, 10, expected)
    assert (caught.value.error_code, caught.value.field) == ("sample.expected", "loss")


@pytest.mark.parametrize(
    ("weights", "users", "target"),
    [
        ((".5", ".4"), (".9", ".9"), ".01"),
        ((".5", ".5"), (".9",), ".01"),
        ((".5", ".5"), (".9", ".9"), "0"),
        ((".5", ".5"), ("90", ".9"), ".01"),
        (("1.5", "-.5"), (".9", ".9"), ".01"),
    ],
)
def test_sample_sizes_that_are_refused(weights, users, target):
    with pytest.raises(PlanError) as caught:
        al.sample_size([F(w) for w in weights], [F(u) for u in users], F(target))
    assert caught.value.error_code == "sample.size"


def test_targets_and_allocations_that_are_refused():
    with pytest.raises(PlanError):
        al.sample_size_for_area(STRATA, F(0))
    with pytest.raises(PlanError):
        al.expected_standard_error_m2(STRATA, (10, 10, 10, 0))
