"""AR-TOOL14 04.2, Appendix 2: discounts of U, its worked example, and the unit slip that was published."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from support.accounts import accounts, risk, vintage
from support.published_failures import UNIT_SLIP, subtracted_as_tonnes

from mrv.equations import ar_tool14_discount
from mrv.programme.accounts import Spread
from mrv.programme.ar_tool14 import discount_kg, issue

BANDS = [("0", 0), ("0.10", 0), ("0.1001", 25), ("0.15", 25), ("0.1501", 50), ("0.20", 50), ("0.2001", 75), ("0.30", 75),
         ("0.3001", 100), ("2", 100)]  # fmt: skip


@pytest.mark.parametrize(("uncertainty", "percent_of_u"), BANDS, ids=[f"u-{row[0]}" for row in BANDS])
def test_ar_tool14_table_1(uncertainty, percent_of_u):
    assert ar_tool14_discount(Fraction(uncertainty)) == Fraction(percent_of_u, 100) * Fraction(uncertainty)


def test_ar_tool14_worked_example_60_plus_minus_9():
    """60 ± 9: U 15 %, discount 25 % × 9 = 2.25; baseline 62.25, project 57.75."""
    assert discount_kg(Spread(60_000, 9_000)) == 2_250
    removed = accounts(vintage(2020, project=(0, -60)), half_widths=(0, 15), risk=risk("0", "0"))
    assert issue(removed).steps[1].result == 57_750
    forgone = accounts(vintage(2020, baseline=(0, -60), project=(0, -200)), half_widths=(15, 0), risk=risk("0", "0"))
    assert issue(forgone).steps[0].result == -62_250
    assert issue(forgone).issuable_t == 137


def test_ar_tool14_the_published_unit_slip_over_credits_by_28_8_percent():
    assert UNIT_SLIP.discount == 0
    assert round(float(100 * UNIT_SLIP.over_credit), 1) == 28.8


def test_ar_tool14_at_29_8_percent_ours_leaves_77_65_percent():
    assert 1 - ar_tool14_discount(UNIT_SLIP.uncertainty) == Fraction("0.7765")
    case = accounts(vintage(2020, project=(0, -10_000)), risk=risk("0", "0"))
    assert issue(case).issuable_t == 10_000
    assert issue(replace(case, project=Spread(-10_000_000, 2_980_000))).issuable_t == 7_765


def test_ar_tool14_percent_given_for_the_fraction_is_another_answer():
    """29.8 for 0.298 lands in the last band and leaves nothing: a slip this way cannot over-credit."""
    assert 1 - ar_tool14_discount(Fraction("29.8")) < 0


def test_ar_tool14_the_fraction_subtracted_from_tonnes_is_another_answer():
    assert round(float(subtracted_as_tonnes(Fraction(10_000), Fraction("0.298"))), 2) == 9999.78
