"""VM0033 2.1 §8.5: uncertainty (Eq. 87–92), cap (Eq. 86), credits and buffer (Eq. 93–94)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from support.accounts import accounts, prior, risk, vintage
from support.published_failures import UNCLAMPED

from mrv.equations import absolute_sum_percent, allowed_uncertainty_factor, area_weighted_percent
from mrv.programme.accounts import Spread
from mrv.programme.vm0033 import ALLOWABLE, TEXT_VERIFIED, error_percent, issue


def with_error(percent, *, confidence=90):
    return allowed_uncertainty_factor(Fraction(percent, 100), ALLOWABLE[confidence])


@pytest.mark.parametrize(("error", "left"), [(10, 1000), (20, 1000), (35, 850)], ids=["10", "20", "35"])
def test_vm0033_eq_92_ner_1000_at_error_percent(error, left):
    assert 1000 * with_error(error) == left


@pytest.mark.parametrize(("error", "left"), [(10, 1000), (30, 1000), (35, 950)])
def test_vm0033_eq_92_at_95_percent_confidence_allows_30(error, left):
    assert 1000 * with_error(error, confidence=95) == left


def test_vm0033_eq_92_without_the_clamp_pays_1_10():
    assert UNCLAMPED.factor == Fraction("1.10")  # the published failure
    assert allowed_uncertainty_factor(UNCLAMPED.error, UNCLAMPED.allowable) == 1


@pytest.mark.parametrize("error", [121, 500])
def test_vm0033_eq_92_never_pays_a_negative_amount(error):
    assert with_error(error) == 0


def test_vm0033_eq_87_one_stratum():
    """√((10·100)² + (20·50)²) / 150 = 9.428 %."""
    assert round(float(absolute_sum_percent((Fraction(100), Fraction(10)), (Fraction(50), Fraction(20)))), 4) == 9.4281


def test_vm0033_eq_87_signs_do_not_cancel_in_the_denominator():
    one = absolute_sum_percent((Fraction(100), Fraction(10)), (Fraction(-50), Fraction(20)))
    assert one == absolute_sum_percent((Fraction(100), Fraction(10)), (Fraction(50), Fraction(20)))


def test_vm0033_eq_88_is_weighted_by_area():
    """A large, certain stratum and a small, uncertain one: √((5·900)² + (50·100)²) / 1000 = 6.727 %."""
    assert round(float(area_weighted_percent((Fraction(900), Fraction(5)), (Fraction(100), Fraction(50)))), 4) == 6.7268


def test_vm0033_eq_88_by_emission_would_be_another_number():
    assert round(float(absolute_sum_percent((Fraction(10), Fraction(5)), (Fraction(90), Fraction(50)))), 4) != 6.7268


def test_vm0033_eq_91_of_100_and_80_is_14_percent():
    got = error_percent(accounts(vintage(2020, baseline=(100, 0), project=(0, -80)), half_widths=(20, 20)))
    assert round(float(got), 2) == 14.23


@pytest.mark.parametrize(("error", "issued"), [(10, 1000), (20, 1000), (35, 850)])
def test_vm0033_eq_93_issues_ner_1000_at_error_percent(error, issued):
    """All of the benefit on one side, so that NER_ERROR is that side's own percentage."""
    got = issue(accounts(vintage(2020, project=(0, -1000)), half_widths=(0, error), risk=risk(buffer="0", rating="0")))
    assert (got.issuable_t, got.buffer_t) == (issued, 0)
    assert got.uncertainty.percent == error


def test_vm0033_eq_94_buffer_is_on_stock_change_only():
    """NER 1000 t of which 100 t is methane avoided: buffer 10 % of 900 t."""
    got = issue(accounts(vintage(2020, baseline=(100, 0), project=(0, -900), non_stock=100)))
    assert (got.issuable_t, got.buffer_t) == (910, 90)


def test_vm0033_eq_94_buffer_is_of_the_unadjusted_stock():
    got = issue(accounts(vintage(2020, project=(0, -1000)), half_widths=(0, 35)))
    assert (got.issuable_t, got.buffer_t) == (750, 100)


def test_vm0033_eq_85_leakage_is_inside_ner():
    """Leakage before the uncertainty factor: (1000 − 100) × 0.85, not 1000 × 0.85 − 100."""
    got = issue(accounts(vintage(2020, project=(0, -1000), leakage=100), half_widths=(0, 35), risk=risk("0", "0")))
    assert got.issuable_t == 765


def test_vm0033_eq_86_caps_at_year_100():
    year = vintage(2020, project=(0, -1000))
    capped = issue(accounts(year, net_at_year_100_kg=600_000, risk=risk("0", "0")))
    assert capped.issuable_t == 600
    assert not any("Eq. 86" in note for note in capped.notes)
    free = issue(accounts(year, risk=risk("0", "0")))
    assert free.issuable_t == 1000
    assert any("Eq. 86 was not assessed" in note for note in free.notes)


def test_vm0033_eq_86_what_was_accounted_for_is_capped_too():
    got = issue(accounts(vintage(2021, project=(0, -1000)), before=(0, -2000, 0), net_at_year_100_kg=1_500_000))
    assert (got.issuable_t, got.carried_forward_kg) == (0, 0)


def test_vm0033_eq_93_second_period_is_the_difference_of_cumulative_totals():
    first = accounts(vintage(2020, project=(0, -1000)), half_widths=(0, 35))
    one = issue(first)
    second = accounts(
        vintage(2021, project=(0, -500)),
        before=(0, -1000, 0),
        half_widths=(0, 35),
        prior=(prior(2020, one.issuable_t, one.buffer_t),),
    )
    two = issue(second)
    assert one.issuable_t + one.buffer_t == 850
    assert two.issuable_t + two.buffer_t == 425
    assert (one.issuable_t + two.issuable_t, one.buffer_t + two.buffer_t) == (1275 - 150, 150)


def test_vm0033_eq_92_more_uncertainty_later_takes_back_what_was_paid():
    """1000 t were credited at 20 %; at 60 % only 60 % of 1500 t stand, less than was credited: nothing, carried forward."""
    got = issue(
        accounts(vintage(2021, project=(0, -500)), before=(0, -1000, 0), half_widths=(0, 60), prior=(prior(2020, 900, 100),))
    )
    assert (got.issuable_t, got.carried_forward_kg) == (0, -100_000)


def test_vm0033_eq_91_without_a_denominator_issues_nothing():
    case = accounts(vintage(2020, project=(0, -1000)))
    got = issue(replace(case, project=Spread(0, 5_000)))
    assert got.uncertainty.percent is None
    assert got.issuable_t == 0


def test_vm0033_text_was_read():
    assert TEXT_VERIFIED is True
