"""Arithmetic that was published, signed and wrong, through the product's own functions: the gate that refuses each.

Each case is tried on a statement that passes every gate; the same statement without the defect passes again.
"""

from __future__ import annotations

import copy
from fractions import Fraction

import pytest
from support.accounts import accounts, vintage
from support.forger import caught, resign
from support.published_failures import BUFFER, STOCK_AS_FLOW, UNCLAMPED, UNIT_SLIP

from mrv.equations import allowed_uncertainty_factor, ar_tool14_discount
from mrv.programme import ar_tool14, vm0033
from mrv.rules.gates import conclude, evaluate
from mrv.statement import parse_statement
from mrv.units import CO2_PER_C, KG_PER_T, kg_co2e

CARBON_FRACTION = Fraction("0.451")


@pytest.fixture
def full(full_result):
    return copy.deepcopy(full_result.result.statement.as_json())


def gates(value):
    return {row.id: row for row in evaluate(parse_statement(value))}


def failed(value):
    return sorted(name for name, row in gates(value).items() if row.status == "failed")


def example(full, yearly_kg):
    """The published project on its 6,524 ha: a mature stock of 53.59 t d.m./ha, and a removal of each year."""
    area = STOCK_AS_FLOW.area_ha * 10_000
    full["project"]["area_m2"] = area
    for row in full["factors"]:
        if row["role"] == "agb_published":
            row.update(value="53.59", low="20", high="200")
        if row["role"] == "root_shoot":
            row["value"] = "0"
        if row["role"] == "carbon_fraction":
            row["value"] = str(float(CARBON_FRACTION))
    q = full["quantities"]
    q["flows"] = [
        {"year": row["year"], "activity": "standing", "pool": "above-ground biomass", "kind": "removal", "area_m2": area,
         "kg_co2e": -yearly_kg} for row in q["vintages"]
    ]  # fmt: skip
    q["reference_level"], q["leakage"] = [], []
    for row in q["vintages"]:
        row |= {"baseline_emissions_kg": 0, "baseline_removals_kg": 0, "leakage_kg": 0, "project_emissions_kg": 0,
                "project_removals_kg": -yearly_kg, "gross_benefit_kg": yearly_kg, "reductions_kg": 0,
                "removals_kg": yearly_kg, "issuable_t": yearly_kg // KG_PER_T}  # fmt: skip
    years = len(q["vintages"])
    q["period_project_kg"] = q["cumulative_project_kg"] = -years * yearly_kg
    q["cumulative_benefit_kg"], q["issuable_t"] = years * yearly_kg, sum(row["issuable_t"] for row in q["vintages"])
    full["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "10000"  # the widest that a plan may declare
    return full


STOCK_KG = kg_co2e(STOCK_AS_FLOW.area_ha * 10_000, STOCK_AS_FLOW.stock_t_ha * CARBON_FRACTION)


def test_vm0033_example_mature_stock_as_every_years_change(full):
    found = gates(example(full, STOCK_KG))["plausibility"]
    assert found.status == "failed"
    assert "largest yearly removal 100 % of the mature stock" in found.measured


def test_vm0033_example_its_own_total_is_beyond_every_ceiling(full):
    """65.71 Mt over 40 years are 251.8 t CO2e/ha/yr: also the plan's own ceiling refuses them."""
    value = example(full, int(STOCK_AS_FLOW.yearly_rate_t_ha * STOCK_AS_FLOW.area_ha * KG_PER_T))
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "40"
    found = gates(value)["plausibility"]
    assert found.status == "failed"
    assert found.measured.startswith("at most 251.801 t CO2e/ha/yr")


def test_vm0033_example_without_the_defect(full):
    """The same stock grown over forty years passes, under a ceiling that the ecosystem knows."""
    value = example(full, STOCK_KG // STOCK_AS_FLOW.years)
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "40"
    assert gates(value)["plausibility"].status == "passed"


def test_vm0033_example_stated_total_is_not_the_sum_of_its_years(full):
    value = example(full, STOCK_KG // STOCK_AS_FLOW.years)
    value["quantities"]["issuable_t"] = STOCK_AS_FLOW.stated_t
    for row in value["quantities"]["vintages"]:
        row["issuable_t"] = STOCK_AS_FLOW.own_total_t // 2
    found = gates(value)["plausibility"]
    assert found.status == "failed"
    assert "years do not add up to the issuable" in found.measured


def test_vm0033_example_buffer_13_rating_12(full):
    assert failed(full) == []
    full["quantities"]["risk"].update(
        buffer_percent=str(BUFFER.buffer_percent), risk_rating_percent=str(BUFFER.risk_rating_percent)
    )
    assert failed(full) == ["buffer"]
    assert gates(full)["buffer"].limit == "= risk rating 12 %"
    assert conclude(parse_statement(resign(full))).computed == "adverse"
    full["quantities"]["risk"]["buffer_percent"] = "12"
    assert failed(full) == []


def test_vm0033_example_uncertainty_factor_without_clamp(full):
    """10 % error, 20 % allowable: the factor is 1, never 1.10."""
    assert Fraction(11, 10) == UNCLAMPED.factor
    assert allowed_uncertainty_factor(UNCLAMPED.error, UNCLAMPED.allowable) == 1
    issued = vm0033.issue(accounts(vintage(2024, baseline=(1000, 0)), half_widths=(10, 0)))
    assert (issued.uncertainty.percent, issued.factor, issued.issuable_t + issued.buffer_t) == (10, 1, 1000)
    full["programme"]["factor_left"] = "1.1"
    assert failed(full) == ["uncertainty"]
    full["programme"]["factor_left"] = "1"
    assert failed(full) == []


def test_vm0033_example_credits_without_clamp_are_caught_however_signed(full):
    """1.10 × the credits in the last steps, the gates and the conclusion computed anew: the steps are computed again."""
    q = full["quantities"]
    for row in q["vintages"]:
        row["issuable_t"] = row["issuable_t"] * 11 // 10
    q["issuable_t"] = q["steps"][-1]["result"] = q["steps"][-1]["base"] = sum(row["issuable_t"] for row in q["vintages"])
    assert failed(resign(full)) == []  # no gate can know it …
    assert caught(full) == "statement.arithmetic.quantities"  # … and the arithmetic does


def test_ar_tool14_example_discount_that_never_fires(full):
    """U = 29.8 % read as 0.298 %: no discount, 28.8 % more credits than 75 % of U leaves."""
    right, slipped = ar_tool14_discount(UNIT_SLIP.uncertainty), UNIT_SLIP.discount
    assert (right, slipped) == (Fraction(75, 100) * Fraction("0.298"), 0)
    assert round(float(UNIT_SLIP.over_credit), 3) == 0.288
    one = accounts(vintage(2024, project=(0, -1_000_000)), half_widths=(0, 0))
    two = accounts(vintage(2024, project=(0, -1_000_000)), half_widths=(0, Fraction("29.8")))
    without, with_it = (ar_tool14.issue(found) for found in (one, two))
    credited = [issued.issuable_t + issued.buffer_t for issued in (without, with_it)]
    assert credited == [1_000_000, 776_500]
    assert Fraction(credited[0], credited[1]) - 1 == pytest.approx(float(UNIT_SLIP.over_credit))
    # In a statement: the claim of what the slip would give is more than what is issuable.
    total = full["quantities"]["issuable_t"]
    vintages = full["quantities"]["vintages"]
    full["claim"]["vintages"] = [{"year": row["year"], "t_co2e": row["issuable_t"] * 1288 // 1000} for row in vintages]
    assert failed(full) == ["claim"]
    full["claim"]["vintages"] = [{"year": row["year"], "t_co2e": row["issuable_t"]} for row in vintages]
    assert failed(full) == []
    assert sum(row["t_co2e"] for row in full["claim"]["vintages"]) == total


def test_the_examples_carbon_is_in_its_own_units():
    """53.59 t d.m./ha on 6,524 ha are 578,000 t CO2e once; the example states 2.86 Mt and sums to 65.71 Mt."""
    assert round(STOCK_KG / KG_PER_T / 1000) == round(float(STOCK_AS_FLOW.stock_once_t * CARBON_FRACTION * CO2_PER_C) / 1000)


def test_the_stated_total_is_not_its_own_total():
    assert STOCK_AS_FLOW.stated_t != STOCK_AS_FLOW.own_total_t
    assert round(STOCK_AS_FLOW.own_total_t / STOCK_AS_FLOW.stated_t, 2) == 22.98


def test_a_stock_entered_every_year_is_forty_stocks():
    assert STOCK_AS_FLOW.stock_every_year_t / STOCK_AS_FLOW.stock_once_t == 40
    assert STOCK_AS_FLOW.stock_every_year_t * CO2_PER_C < STOCK_AS_FLOW.own_total_t
    assert STOCK_AS_FLOW.stock_once_t * CO2_PER_C < STOCK_AS_FLOW.stated_t
