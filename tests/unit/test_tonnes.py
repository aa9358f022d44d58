"""From areas, factors and what is claimed to a programme's accounts, on numbers that a person can add up."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from support.tiny_project import PLAN

from mrv.accounts.baseline import Leakage, LevelRow, ReferenceLevel
from mrv.accounts.claimed import Claimed
from mrv.accounts.tonnes import Told, find_spread, level_kg, level_rows, loss_kg_per_ha, quantities, vintage_rows
from mrv.carbon.pools import LOSS, STANDING, flows
from mrv.errors import PlanError
from mrv.plan import plan_from_json
from mrv.programme.accounts import Spread
from mrv.programme.credits import PriorCredit, RiskReport
from mrv.sections.quantities import CREDITABLE, INDICATIVE

DOCUMENT = "sha256:" + "ab" * 32
VALUES = {
    "agb": Fraction(100), "root_shoot": Fraction(1, 2), "carbon_fraction": Fraction(1, 2), "after_biomass": Fraction(10),
    "after_carbon_fraction": Fraction(2, 5),
}  # fmt: skip
GROWING = VALUES | {"growth": Fraction(4)}
PER_HA = Fraction(71 * 44, 12) * 1000  # 50 + 25 − 4 t C/ha
AREAS = {
    (LOSS, 2020): 10_000, (STANDING, 2020): 0, (LOSS, 2021): 20_000, (STANDING, 2021): 0,
}  # fmt: skip


def plan(**changes):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["programme"] = {"id": "vm0033-2.1"}
    value["factors"] |= changes
    return plan_from_json(value)


def row(year, quantity, *, flow="emissions", unit="t CO2e", se="0"):
    return LevelRow(year, flow, Decimal(quantity), unit, Decimal(se), "by hand", DOCUMENT)


RISK = RiskReport(Decimal(10), Decimal(10), Decimal(5), DOCUMENT, date(2022, 1, 1))
LEVEL = ReferenceLevel((row(2020, 1000), row(2021, 1000), row(2022, 7)))
LEAKAGE = Leakage((row(2020, 10), row(2021, 10)))
FULL = Claimed(LEVEL, LEAKAGE, (), RISK)


def told(*, years=(2020, 2021), claimed=FULL, areas=AREAS, **changes):
    base = Told(plan(), years, areas, VALUES, 2019, claimed, estimated=True)
    return replace(base, **changes)


def sure(_quantity, _span):
    """Draws without error: a mean, and nothing beside it."""
    return Spread(1, 0)


def test_a_hectare_of_loss_by_hand():
    assert loss_kg_per_ha(plan(), VALUES, year=2020, stock_year=2019) == PER_HA
    later = loss_kg_per_ha(plan(growth="x"), GROWING, year=2022, stock_year=2019)
    assert later - PER_HA == Fraction(2 * 3 * 44, 12) * 1000  # two years of 2 + 1 t C/ha


def test_a_hectare_of_the_reference_level_is_a_hectare_of_the_project():
    """One factor for both sides: as many hectares in both cancel to the kilogram."""
    lost = flows(plan(), {(LOSS, 2021): 20_000, (STANDING, 2021): 0}, VALUES, reference_year=2019)
    level = level_kg(plan(), row(2021, "2", unit="ha"), VALUES, stock_year=2019)
    assert level == pytest.approx(sum(flow.kg_co2e for flow in lost), abs=2)
    assert level_kg(plan(), row(2021, "2.5"), VALUES, stock_year=2019) == 2500


def test_rows_are_those_since_the_start_to_the_last_year():
    rows = level_rows(plan(), (row(2019, 5), *LEVEL.rows), VALUES, stock_year=2019, last_year=2021)
    assert [(found["year"], found["kg_co2e"]) for found in rows] == [(2020, 1_000_000), (2021, 1_000_000)]


def test_vintages_keep_reductions_and_removals_apart():
    found = flows(plan(growth="x"), {**AREAS, (STANDING, 2020): 10_000, (STANDING, 2021): 10_000}, GROWING, reference_year=2019)
    level = level_rows(plan(), (row(2020, 1000), row(2020, -5, flow="removals"), row(2021, 0)), VALUES, stock_year=2019,
                       last_year=2021)  # fmt: skip
    one, two = vintage_rows(found, years=(2020, 2021), reference_level=level, leakage=(), has_level=True, has_leakage=False,
                            issuable_t={2020: 3})  # fmt: skip
    grown = round(2 * Fraction(44, 12) * 1000) + round(Fraction(44, 12) * 1000)
    assert one["project_removals_kg"] == -grown
    assert (one["baseline_emissions_kg"], one["baseline_removals_kg"]) == (1_000_000, -5_000)
    assert one["reductions_kg"] == 1_000_000 - one["project_emissions_kg"]
    assert one["removals_kg"] == grown - 5_000
    assert one["gross_benefit_kg"] == one["reductions_kg"] + one["removals_kg"]
    assert (one["leakage_kg"], one["issuable_t"], two["issuable_t"]) == (None, 3, 0)


def test_a_project_by_hand():
    found, issued = quantities(told(), sure)
    one, two = round(PER_HA), round(2 * PER_HA)
    assert [v["project_emissions_kg"] for v in found["vintages"]] == pytest.approx([one, two], abs=2)
    net = 2_000_000 - found["cumulative_project_kg"] - 20_000
    assert found["cumulative_benefit_kg"] == net
    assert issued is not None
    assert found["label"] == CREDITABLE
    assert found["buffer_t"] == -(-net // 10_000)
    assert found["issuable_t"] == sum(v["issuable_t"] for v in found["vintages"])
    assert net // 1000 - 2 <= found["issuable_t"] + found["buffer_t"] <= net // 1000


def test_a_second_period_counts_from_the_start_and_not_again():
    """The first year's benefit was accounted for: the second period issues what the second year adds."""
    both, _ = quantities(told(), sure)
    second, _ = quantities(told(years=(2021,)), sure)
    assert second["cumulative_project_kg"] == both["cumulative_project_kg"]
    assert second["period_project_kg"] == both["vintages"][1]["project_emissions_kg"]
    added = 1_000_000 - second["period_project_kg"] - 10_000
    assert second["issuable_t"] + second["buffer_t"] == pytest.approx(added / 1000, abs=1)


def test_what_was_credited_is_not_credited_again():
    once, _ = quantities(told(), sure)
    prior = (PriorCredit(DOCUMENT, 2021, once["issuable_t"], once["buffer_t"]),)
    again, _ = quantities(told(claimed=replace(FULL, prior=prior)), sure)
    assert (again["issuable_t"], again["label"]) == (0, INDICATIVE)
    assert again["cumulative_credited_t"] == once["issuable_t"]


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"estimated": False}, "reference sample"), ({"claimed": replace(FULL, level=None)}, "reference level"),
        ({"claimed": replace(FULL, leakage=None)}, "leakage"), ({"claimed": replace(FULL, risk=None)}, "risk report"),
    ],
)  # fmt: skip
def test_without_evidence_there_is_one_step_and_no_tonne(changes, missing):
    found, issued = quantities(told(**changes), sure)
    assert issued is None
    assert (found["issuable_t"], found["buffer_t"], found["label"]) == (0, 0, INDICATIVE)
    (step,) = found["steps"]
    assert missing in step["input"]
    assert found["vintages"][0]["project_emissions_kg"] > 0  # shown all the same


def test_no_reference_level_is_no_benefit_and_not_a_benefit_of_zero():
    found, _ = quantities(told(claimed=replace(FULL, level=None)), sure)
    assert found["cumulative_benefit_kg"] is None
    assert {found["vintages"][0][name] for name in ("gross_benefit_kg", "reductions_kg", "removals_kg")} == {None}


def test_a_negative_net_issues_nothing_and_says_so():
    found, issued = quantities(told(claimed=replace(FULL, level=ReferenceLevel((row(2020, 1), row(2021, 1))))), sure)
    assert issued is not None
    assert issued.carried_forward_kg < 0
    assert (found["issuable_t"], found["label"]) == (0, INDICATIVE)
    assert found["cumulative_benefit_kg"] < 0


def test_a_year_without_a_row_is_refused():
    with pytest.raises(PlanError) as caught:
        quantities(told(claimed=replace(FULL, level=ReferenceLevel((row(2020, 1),)))), sure)
    assert caught.value.error_code == "reference-level.year-missing"
    assert caught.value.hint


def test_leakage_that_helps_is_refused():
    """No parser gives it; a forged statement may."""
    with pytest.raises(PlanError) as caught:
        quantities(told(claimed=replace(FULL, leakage=Leakage((row(2020, -5), row(2021, 5))))), sure)
    assert caught.value.error_code == "programme.leakage"


def test_a_quantity_that_was_not_drawn_has_no_spread():
    rows = [{"quantity": "project", "span": "period", "mean_kg": 5, "hw90_kg": 2}]
    assert find_spread(rows, "project", "period") == Spread(5, 2)
    assert find_spread(rows, "project", "cumulative") == Spread(0, 0)


def test_the_uncertainty_that_is_deducted_is_that_of_the_whole_time():
    """VM0033 Eq. 91 is cumulative: the spread asked for is that since the project's start."""
    asked = []

    def spread(quantity, span):
        asked.append((quantity, span))
        return Spread(0, 0)

    quantities(told(), spread)
    assert {("baseline", "cumulative"), ("project", "cumulative"), ("gross emissions", "period")} <= set(asked)
