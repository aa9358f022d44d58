"""Moments of a stratum by sums of integers are those of the definition."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from mrv.activity.parts import _moments

SCORES = st.lists(
    st.tuples(
        st.fractions(-3, 3, max_denominator=12), st.integers(0, 300) | st.fractions(0, 2, max_denominator=4)
    ),
    min_size=1, max_size=4,
).filter(lambda scores: any(count for _, count in scores))  # fmt: skip


@given(SCORES)
def test_moments_are_those_of_the_definition(scores):
    size = Fraction(sum(count for _, count in scores))
    mean = sum((score * count for score, count in scores), Fraction(0)) / size
    central = [sum((count * (score - mean) ** power for score, count in scores), Fraction(0)) / size for power in (2, 3, 4)]
    assert _moments(scores, 4) == [mean, *central]
    assert _moments(scores, 1) == [mean]
