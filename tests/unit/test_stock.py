from __future__ import annotations

import tomllib
from decimal import Decimal
from fractions import Fraction

from support.tiny_project import PLAN

from mrv.carbon.pools import AFTER_LOSS, LOSS, STANDING, degradation_of
from mrv.carbon.stock import densities, growth_intervals, growth_rows, stock_rows
from mrv.plan import plan_from_json

AGB, BGB, SOIL = "above-ground biomass", "below-ground biomass", "soil organic carbon"
VALUES = {
    role: Fraction(value)
    for role, value in {
        "agb": "130", "root_shoot": "0.23", "carbon_fraction": "0.48", "after_biomass": "13.6",
        "after_carbon_fraction": "0.47",
    }.items()
}  # fmt: skip


def plan(**factors):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["factors"] |= factors
    if "soil_accumulation" in factors:
        value["pools"] = [
            {"pool": AGB, "method": "factor"}, {"pool": BGB, "method": "root-shoot"}, {"pool": SOIL, "method": "factor"}
        ]  # fmt: skip
    return plan_from_json(value)


def test_densities_by_hand():
    assert densities(plan(), VALUES) == {
        (AGB, "before"): Fraction("62.4"), (BGB, "before"): Fraction("14.352"), (AFTER_LOSS, "after"): Fraction("6.392"),
    }  # fmt: skip


def test_growth_is_told_by_pool():
    found = densities(plan(growth="x"), VALUES | {"growth": Fraction(2)})
    assert (found[AGB, "a year"], found[BGB, "a year"]) == (Fraction("0.96"), Fraction("0.2208"))


def test_rows_are_decimal_strings():
    rows = stock_rows(plan(), VALUES)
    assert [(row["pool"], row["state"], row["t_c_ha"]) for row in rows] == [
        (AGB, "before", "62.4"), (BGB, "before", "14.352"), (AFTER_LOSS, "after", "6.392"),
    ]  # fmt: skip


def test_the_curve_of_a_hectare_by_hand():
    area = {(LOSS, 2020): 10_000, (STANDING, 2020): 20_000, (LOSS, 2021): 0, (STANDING, 2021): 20_000}
    rows = growth_rows(plan(growth="x"), area, VALUES | {"growth": Fraction(2)}, reference_year=2019)
    by = {(row["year"], row["stratum"], row["pool"]): (row["area_m2"], row["kg_co2e"]) for row in rows}
    assert by[2020, "forest", AGB] == (20_000, round(2 * Fraction("63.36") * 44 / 12 * 1000))
    assert by[2021, "forest", AGB] == (20_000, round(2 * Fraction("64.32") * 44 / 12 * 1000))
    assert by[2020, "lost", AFTER_LOSS] == by[2021, "lost", AFTER_LOSS] == (10_000, round(Fraction("6.392") * 44 / 12 * 1000))
    assert {stratum for _, stratum, _ in by} == {"forest", "lost"}


def test_soil_without_a_stock_enters_with_what_it_gained():
    area = {(LOSS, 2020): 0, (STANDING, 2020): 10_000}
    rows = growth_rows(
        plan(soil_accumulation="x"), area, VALUES | {"soil_accumulation": Fraction(1)}, reference_year=2018
    )  # two years
    assert next(row["kg_co2e"] for row in rows if row["pool"] == SOIL and row["stratum"] == "forest") == round(2 * 44_000 / 12)


def test_degraded_forest_without_a_factor_still_stands():
    """Its area is estimated and its emission left out: then its stock must not vanish from the curve either."""
    area = {(LOSS, 2020): 0, (degradation_of("light"), 2020): 10_000, (STANDING, 2020): 20_000}
    rows = growth_rows(plan(), area, VALUES, reference_year=2019)
    (row,) = [row for row in rows if row["stratum"] == "degraded" and row["pool"] == AGB]
    assert (row["area_m2"], row["kg_co2e"]) == (10_000, 228_800)


def test_degraded_forest_keeps_what_the_factor_leaves():
    values = VALUES | {"degraded:light": Fraction(1, 4)}
    area = {(LOSS, 2020): 0, (degradation_of("light"), 2020): 10_000, (STANDING, 2020): 20_000}
    rows = growth_rows(plan(degradation={"light": "x"}), area, values, reference_year=2019)
    (row,) = [row for row in rows if row["stratum"] == "degraded" and row["pool"] == AGB]
    assert row["kg_co2e"] == 171_600


def test_intervals_stand_beside_the_standing_forest_alone():
    rows = [
        {"year": 2020, "stratum": "forest", "pool": AGB, "area_m2": 1, "kg_co2e": 5},
        {"year": 2020, "stratum": "forest", "pool": BGB, "area_m2": 1, "kg_co2e": 2},
        {"year": 2020, "stratum": "lost", "pool": AFTER_LOSS, "area_m2": 1, "kg_co2e": 9},
    ]
    assert growth_intervals(rows, [{"year": 2020, "ci90_kg": [1, 9]}]) == [{"year": 2020, "kg_co2e": 7, "ci90_kg": [1, 9]}]
