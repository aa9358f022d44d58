"""The arithmetic of the published example, which gates must refuse."""

from __future__ import annotations

from fractions import Fraction

from support.published_failures import BUFFER, STOCK_AS_FLOW, UNCLAMPED, UNIT_SLIP

from mrv.units import CO2_PER_C


def test_the_stated_total_is_not_its_own_total():
    assert STOCK_AS_FLOW.stated_t != STOCK_AS_FLOW.own_total_t
    assert round(STOCK_AS_FLOW.own_total_t / STOCK_AS_FLOW.stated_t, 2) == 22.98


def test_the_yearly_rate_is_beyond_any_forest():
    assert round(float(STOCK_AS_FLOW.yearly_rate_t_ha), 1) == 251.8


def test_a_stock_entered_every_year_is_forty_stocks():
    assert STOCK_AS_FLOW.stock_every_year_t / STOCK_AS_FLOW.stock_once_t == 40
    assert STOCK_AS_FLOW.stock_every_year_t * CO2_PER_C < STOCK_AS_FLOW.own_total_t
    assert STOCK_AS_FLOW.stock_once_t * CO2_PER_C < STOCK_AS_FLOW.stated_t


def test_the_rest():
    assert BUFFER.buffer_percent != BUFFER.risk_rating_percent
    assert Fraction(11, 10) == UNCLAMPED.factor
    assert UNIT_SLIP.over_credit > Fraction(28, 100)
