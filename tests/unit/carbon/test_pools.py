"""Fluxes against a slow calculation in floats, and against the growth curve: nothing is lost or made on the way."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_project import PLAN

from mrv.carbon.pools import (
    AFTER_LOSS,
    LOSS,
    LOST_STOCK,
    METHANE,
    STANDING,
    degradation_of,
    degraded_share,
    flows,
    fluxes,
    loss_after,
    product,
)
from mrv.carbon.stock import growth_rows
from mrv.plan import plan_from_json

AGB, BGB, SOIL, WOOD = "above-ground biomass", "below-ground biomass", "soil organic carbon", "harvested wood products"
INTENSITIES = ("light", "heavy")
CO2, HA = 44 / 12, 10_000.0
YEARS = (2020, 2021, 2022)
SOIL_METHODS = (None, "stock-loss", "factor", "vm0033-default")


@cache
def plan_of(*, below="root-shoot", soil=None, dead=False, litter=False, wood=False, methane=False, growth=True, degraded=()):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    pools = [{"pool": AGB, "method": "factor"}]
    if below == "allometry":
        value["biomass"] = {"design": "probability", "above_ground": "chave-2014-eq4", "below_ground": "komiyama-2005-below"}
        pools[0]["method"] = "plots"
    if below:
        pools.append({"pool": BGB, "method": below})
    optional = {"dead wood": dead, "litter": litter, WOOD: wood}
    pools += [{"pool": pool, "method": "factor"} for pool, counted in optional.items() if counted]
    if soil:
        pools.append({"pool": SOIL, "method": soil})
        value["soil"] = {"cover_percent": 60, "organic": True}
    roles = ("dead_wood", "litter", "soil", "soil_lost", "soil_accumulation", "wood_stored")
    value["factors"] |= dict.fromkeys(roles, "x") | ({"growth": "x"} if growth else {}) | ({"methane": "x"} if methane else {})
    value["factors"]["degradation"] = dict.fromkeys(degraded, "x")
    return plan_from_json({**value, "pools": pools})


CHOICES = st.fixed_dictionaries(
    {
        "below": st.sampled_from(["root-shoot", "allometry", None]), "soil": st.sampled_from(SOIL_METHODS),
        "dead": st.booleans(), "litter": st.booleans(), "wood": st.booleans(), "methane": st.booleans(),
        "growth": st.booleans(), "degraded": st.sampled_from([(), ("light",), INTENSITIES]),
    }
)  # fmt: skip
SIZES = {
    "agb": (0, 600), "bgb": (0, 200), "root_shoot": (0, 2), "carbon_fraction": (0, 1), "after_biomass": (0, 60),
    "after_carbon_fraction": (0, 1), "growth": (-9, 30), "bgb_growth": (-3, 9), "dead_wood": (0, 40), "litter": (0, 9),
    "soil": (0, 500), "soil_lost": (0, 1), "soil_accumulation": (0, 4), "methane": (0, 3), "wood_stored": (0, 1),
    "degraded:light": (0, 1), "degraded:heavy": (0, 1),
}  # fmt: skip
VALUES = st.fixed_dictionaries({role: st.integers(1000 * low, 1000 * high).map(lambda n: Fraction(n, 1000))
                                for role, (low, high) in SIZES.items()})  # fmt: skip
AREA = st.integers(0, 10**9)


@st.composite
def areas(draw, *, mapped=False, refilled=False):
    """Areas by (activity, year): a forest that is lost, degraded and lost after that, and what still stands."""
    left, found, held = draw(st.integers(10**9, 10**10)), {}, dict.fromkeys(INTENSITIES, 0)
    for year in YEARS:
        fresh = draw(st.integers(0, left // 4))
        again = {name: draw(st.integers(0, held[name])) if refilled else 0 for name in INTENSITIES}
        found[LOSS, year] = fresh + sum(again.values())
        left -= fresh
        if not mapped:
            for name in INTENSITIES:
                area = draw(st.integers(0, left // 4))
                found[degradation_of(name), year], found[loss_after(name), year] = area, again[name]
                held[name] += area - again[name]
                left -= area
        found[STANDING, year] = left
    return found


def start_of(area):
    """The forest that stood before the first year."""
    first = YEARS[0]
    return area[STANDING, first] + area[LOSS, first] + sum(area.get((degradation_of(n), first), 0) for n in INTENSITIES)


def told(choices, plan, values):
    """Values as a statement has them: what the plan does not measure is absent."""
    drop = set() if choices["growth"] else {"growth"} if plan.method_of(AGB) != "plots" else set()
    drop |= {"bgb", "bgb_growth"} if choices["below"] != "allometry" else set()
    measured = {LOST_STOCK: Fraction(1)} if plan.method_of(AGB) == "plots" else {}
    return {role: value for role, value in values.items() if role not in drop} | measured


def slow(choices, values, area, *, reference_year):
    """Tonnes of CO2e a year by one hectare at a time, in floats, with nothing of the product's declarations."""
    v = {role: float(value) for role, value in values.items()}
    cf, ratio = v["carbon_fraction"], v["root_shoot"]
    grown = v.get("growth", 0.0)

    def living(age):
        above = v["agb"] + age * grown
        below = {None: 0.0, "root-shoot": above * ratio, "allometry": v.get("bgb", 0) + age * v.get("bgb_growth", 0)}
        return above * cf, below[choices["below"]] * cf

    found = {}
    for year in YEARS:
        age = year - 1 - reference_year
        above, below = living(age)
        gone = area[LOSS, year] / HA
        carbon = gone * (above + below - v["after_biomass"] * v["after_carbon_fraction"])
        carbon += gone * (v["dead_wood"] * choices["dead"] + v["litter"] * choices["litter"])
        carbon += gone * (v["soil"] * v["soil_lost"] if choices["soil"] == "stock-loss" else 0)
        carbon -= gone * (above * v["wood_stored"] if choices["wood"] else 0)
        for name in choices["degraded"]:
            thinned, after = (area.get((kind(name), year), 0) / HA for kind in (degradation_of, loss_after))
            carbon += (thinned - after) * v[degraded_share(name)] * (above + below)
            if choices["wood"]:
                carbon += after * v[degraded_share(name)] * above * v["wood_stored"]
        more, under = living(age + 1)[0] - above, living(age + 1)[1] - below
        stands = area[STANDING, year] / HA
        carbon -= stands * (more + under)
        carbon -= stands * (v["soil_accumulation"] if choices["soil"] in {"factor", "vm0033-default"} else 0)
        found[year] = (1000 * carbon * CO2, 1000 * stands * v["methane"] if choices["methane"] else 0.0)
    return found


@given(CHOICES, VALUES, areas(refilled=True), st.integers(2010, 2023))
@settings(deadline=None, max_examples=100)
def test_fluxes_are_those_of_a_slow_calculation(choices, values, area, reference_year):
    plan = plan_of(**choices)
    values = told(choices, plan, values)
    found = flows(plan, area, values, reference_year=reference_year)
    expected = slow(choices, values, area, reference_year=reference_year)
    for year in YEARS:
        co2 = sum(flow.kg_co2e for flow in found if flow.year == year and flow.pool != METHANE)
        methane = sum(flow.kg_co2e for flow in found if flow.year == year and flow.pool == METHANE)
        size = sum(abs(flow.kg_co2e) for flow in found if flow.year == year) + 1
        assert co2 == pytest.approx(expected[year][0], abs=20 + 1e-9 * size)
        assert methane == pytest.approx(expected[year][1], abs=1 + 1e-9 * size)


def steps(plan, values, area, reference_year):
    """What the growth curve gains in each year, kg."""
    rows = growth_rows(plan, area, values, reference_year=reference_year)
    before = growth_rows(
        plan, {(LOSS, YEARS[0] - 1): 0, (STANDING, YEARS[0] - 1): start_of(area)}, values, reference_year=reference_year
    )
    total = {year: sum(row["kg_co2e"] for row in (*before, *rows) if row["year"] == year) for year in (YEARS[0] - 1, *YEARS)}
    return {year: total[year] - total[year - 1] for year in YEARS}, len(rows)


def balance(choices, values, area, reference_year):
    """Largest kilograms by which a year's step is not minus its CO2 fluxes, beyond half a kilogram a rounded row."""
    plan = plan_of(**choices)
    values = told(choices, plan, values)
    gained, rounded = steps(plan, values, area, reference_year)
    found = flows(plan, area, values, reference_year=reference_year)
    moved = {year: sum(f.kg_co2e for f in found if f.year == year and f.pool != METHANE) for year in YEARS}
    return max(abs(gained[year] + moved[year]) for year in YEARS) - rounded - len(found)


@given(CHOICES, VALUES, areas(), st.integers(2010, 2023))
@settings(deadline=None, max_examples=100)
def test_the_growth_curve_steps_by_its_fluxes(choices, values, area, reference_year):
    """Growth, soil, dead wood, litter and wood products; degradation of what then stays degraded."""
    assert balance(choices, values, area, reference_year) <= 0


@given(CHOICES, VALUES, areas(mapped=True), st.integers(2010, 2023))
@settings(deadline=None, max_examples=60)
def test_mapped_areas_balance_too(choices, values, area, reference_year):
    assert balance({**choices, "degraded": ()}, values, area, reference_year) <= 0


@given(CHOICES, VALUES, areas(refilled=True), st.integers(2010, 2023))
@settings(deadline=None, max_examples=100)
def test_degraded_forest_that_is_lost_balances_where_nothing_grows(choices, values, area, reference_year):
    still = dict.fromkeys(("growth", "bgb_growth", "soil_accumulation"), Fraction(0))
    assert balance(choices, values | still, area, reference_year) <= 0


def one(**values):
    base = {"agb": 100, "root_shoot": 0.5, "carbon_fraction": 0.5, "growth": 4}
    base |= {"after_biomass": 10, "after_carbon_fraction": 0.4}
    return {role: Fraction(str(value)) for role, value in (base | values).items()}


def test_a_hectare_by_hand():
    found = flows(plan_of(), {(LOSS, 2020): 10_000, (STANDING, 2020): 20_000}, one(), reference_year=2019)
    by = {(flow.activity, flow.pool): flow.kg_co2e for flow in found}
    assert by[LOSS, AGB] == round(50 * 44 / 12 * 1000)
    assert by[LOSS, BGB] == round(25 * 44 / 12 * 1000)
    assert by[LOSS, AFTER_LOSS] == -round(4 * 44 / 12 * 1000)
    assert by[STANDING, AGB] == -round(2 * 2 * 44 / 12 * 1000)
    assert {flow.kind for flow in found if flow.activity == LOSS} == {"emission"}


def test_later_loss_takes_what_has_grown():
    early, late = (
        sum(f.kg_co2e for f in flows(plan_of(), {(LOSS, year): 10_000}, one(), reference_year=2019)) for year in (2020, 2025)
    )
    assert late - early == pytest.approx(5 * 4 * 1.5 * 0.5 * 44 / 12 * 1000, abs=2)


@pytest.mark.parametrize(("growth", "kind"), [("4", "removal"), ("0", "removal"), ("-4", "emission")])
def test_a_standing_forest_that_shrinks_emits(growth, kind):
    found = flows(plan_of(), {(LOSS, 2020): 0, (STANDING, 2020): 10_000}, one(growth=growth), reference_year=2019)
    standing = [flow for flow in found if flow.activity == STANDING]
    assert {flow.kind for flow in standing} == {kind}
    assert all((flow.kg_co2e > 0) == (kind == "emission") for flow in standing if flow.kg_co2e)


def test_methane_is_no_carbon_stock():
    plan = plan_of(methane=True)
    area = {(LOSS, 2020): 0, (STANDING, 2020): 10_000}
    (row,) = [flow for flow in flows(plan, area, one(methane="0.5"), reference_year=2019) if flow.pool == METHANE]
    assert (row.kind, row.kg_co2e) == ("emission", 500)


def test_a_growth_nobody_measured_is_zero_and_another_missing_factor_is_an_error():
    assert product({}, ("growth",)) == 0
    with pytest.raises(KeyError):
        product({}, ("agb",))


def test_each_flux_is_declared_once():
    for soil in SOIL_METHODS:
        found = fluxes(plan_of(soil=soil, dead=True, litter=True, wood=True, methane=True, degraded=INTENSITIES))
        keys = [(flux.activity, flux.pool) for flux in found]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("broken", [LOSS, STANDING, AFTER_LOSS])
def test_the_balance_notices_a_flux_left_out(monkeypatch, broken):
    """Must fail: without one of its fluxes the growth curve does not step by the rest."""
    import mrv.carbon.pools as module

    whole = module.fluxes
    monkeypatch.setattr(
        module, "fluxes", lambda plan: tuple(flux for flux in whole(plan) if broken not in {flux.activity, flux.pool})
    )
    choices = {"below": "root-shoot", "soil": None, "dead": True, "litter": False, "wood": False, "methane": False,
               "growth": True, "degraded": ()}  # fmt: skip
    area = {(LOSS, year): 10**8 for year in YEARS} | {(STANDING, year): 10**9 - n * 10**8 for n, year in enumerate(YEARS, 1)}
    assert balance(choices, one(dead_wood=3), area, 2019) > 0
