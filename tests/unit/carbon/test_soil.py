from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.refusals import refused

from mrv.carbon.soil import (
    Deposit,
    SoilMethod,
    allochthonous_deduction,
    allochthonous_percent,
    default_flux_t_co2_ha_yr,
    mangrove_allochthonous_percent,
    methane_difference_t_co2e_ha_yr,
    methane_t_co2e_ha_yr,
    one_method,
)
from mrv.carbon.soil_cores import Core, Layer, core_stock, parse_cores
from mrv.carbon.soil_loss import Conversion, soil_loss
from mrv.errors import PlanError

GWP = Fraction(28)
UPTAKE = Fraction(-5)


@given(st.fractions(0, 100), st.fractions(0, 100))
def test_more_cover_never_takes_up_less(a, b):
    low, high = sorted((a, b))
    assert 0 >= default_flux_t_co2_ha_yr(low) >= default_flux_t_co2_ha_yr(high) >= Fraction("-1.46") * Fraction(44, 12)


@pytest.mark.parametrize("cover", ["-1", "100.1", "1000"])
def test_a_cover_that_is_no_percentage_is_refused(cover):
    assert refused(default_flux_t_co2_ha_yr, Fraction(cover)) == "soil.cover"


@pytest.mark.parametrize(
    ("flux", "deposit", "rule"),
    [
        (Fraction(5), Deposit(scenario="project"), "not an uptake"),
        (Fraction(0), Deposit(scenario="project"), "not an uptake"),
        (UPTAKE, Deposit(scenario="project", autochthonous_only=True), "autochthonous"),
        (UPTAKE, Deposit(scenario="project", organic_layer_cm=Fraction("10.1")), "organic soil"),
        (UPTAKE, Deposit(scenario="project", organic_layer_cm=Fraction(5), mineral_sedimentation=False), "sedimentation"),
        (UPTAKE, Deposit(scenario="project", after_start=False), "before the project"),
        (UPTAKE, Deposit(scenario="project", would_have_returned=True), "return"),
    ],
)
def test_exceptions_from_the_allochthonous_deduction(flux, deposit, rule):
    found = allochthonous_deduction(flux, Fraction(40), deposit)
    assert (found.t_co2_ha_yr, found.flux_t_co2_ha_yr) == (0, flux)
    assert rule in found.rule


@pytest.mark.parametrize(
    "deposit",
    [
        Deposit(scenario="project"),
        Deposit(scenario="project", organic_layer_cm=Fraction(10)),
        Deposit(scenario="project", organic_layer_cm=Fraction(5)),
        Deposit(scenario="baseline", would_have_returned=True),
    ],
)
def test_beside_each_exception_the_deduction_is_owed(deposit):
    found = allochthonous_deduction(UPTAKE, Fraction(40), deposit)
    assert (found.rule, found.t_co2_ha_yr, found.flux_t_co2_ha_yr) == ("applied", -2, -3)


def test_no_organic_layer_is_no_exception_without_sedimentation():
    deposit = Deposit(scenario="project", organic_layer_cm=Fraction(0), mineral_sedimentation=False)
    assert allochthonous_deduction(UPTAKE, Fraction(40), deposit).rule == "applied"


def test_the_project_owes_a_share_and_the_baseline_may_leave_it():
    assert refused(allochthonous_deduction, UPTAKE, None, Deposit(scenario="project")) == "soil.allochthonous"
    found = allochthonous_deduction(UPTAKE, None, Deposit(scenario="baseline"))
    assert (found.t_co2_ha_yr, found.flux_t_co2_ha_yr) == (0, UPTAKE)
    assert "conservatively" in found.rule


@pytest.mark.parametrize("percent", ["-1", "101"])
def test_a_share_that_is_no_percentage_is_refused(percent):
    assert refused(allochthonous_deduction, UPTAKE, Fraction(percent), Deposit(scenario="project")) == "soil.allochthonous"


@given(st.fractions(0, 100))
def test_a_deduction_never_makes_an_uptake_larger_or_turns_it(percent):
    found = allochthonous_deduction(UPTAKE, percent, Deposit(scenario="project"))
    assert UPTAKE <= found.flux_t_co2_ha_yr <= 0


@pytest.mark.parametrize(("soil", "own"), [("5", "6"), ("0", "0"), ("5", "-1")])
def test_a_part_larger_than_its_whole_is_refused(soil, own):
    assert refused(allochthonous_percent, Fraction(soil), Fraction(own)) == "soil.allochthonous"


@pytest.mark.parametrize("carbon", ["1", "2.8857", "3.5", "50"])
def test_the_mangrove_equation_has_an_end(carbon):
    """Below 2.8857 % carbon it gives negative organic matter; at 3.5 % no more than the sediment brings."""
    assert refused(mangrove_allochthonous_percent, Fraction(carbon)) == "soil.allochthonous"


def test_richer_soils_hold_less_of_the_sediments_carbon():
    found = [mangrove_allochthonous_percent(Fraction(carbon)) for carbon in (4, 6, 10, 20, 40)]
    assert found == sorted(found, reverse=True)
    assert all(0 < percent < 100 for percent in found)


@pytest.mark.parametrize("ppt", ["0", "5", "18"])
def test_no_methane_default_in_fresh_and_brackish_water(ppt):
    assert refused(methane_t_co2e_ha_yr, Fraction(ppt), gwp=GWP) == "soil.methane"


def test_two_defaults_make_no_reduction():
    wrong = {"baseline_ppt": Fraction(19), "project_ppt": Fraction(25), "gwp": GWP}
    assert refused(methane_difference_t_co2e_ha_yr, **wrong) == "soil.methane-difference"
    same = methane_difference_t_co2e_ha_yr(baseline_ppt=Fraction(25), project_ppt=Fraction(30), gwp=GWP)
    more = methane_difference_t_co2e_ha_yr(baseline_ppt=Fraction(25), project_ppt=Fraction(19), gwp=GWP)
    assert (same, more) == (0, Fraction("0.0054") * 28)


def loss(**changes):
    given = {"kind": "drainage", "exposed_t_c_ha": Fraction(100), "emitted_percent": Fraction(80), "years": 4} | changes
    return soil_loss(Conversion(**given), present_t_c_ha=Fraction(120))


def test_a_loss_spread_evenly():
    found = loss()
    assert found.t_co2_ha_by_year == (20 * Fraction(44, 12),) * 4
    assert found.findings == ()


def test_a_rate_runs_until_the_carbon_is_gone_and_says_so():
    found = loss(rate_t_c_ha_yr=Fraction(30))
    assert [value / Fraction(44, 12) for value in found.t_co2_ha_by_year] == [30, 30, 20, 0]
    assert found.findings[0][0] == "soil.loss-clamped"


def test_a_slow_rate_is_not_clamped():
    found = loss(rate_t_c_ha_yr=Fraction("7.9"))
    assert found.findings == ()
    assert sum(found.t_co2_ha_by_year) == 4 * Fraction("7.9") * Fraction(44, 12)


@given(st.fractions(0, 120), st.fractions(0, 100), st.fractions(0, 200), st.integers(1, 40))
def test_no_more_is_lost_than_is_exposed_and_emitted(exposed, percent, rate, years):
    found = loss(exposed_t_c_ha=exposed, emitted_percent=percent, rate_t_c_ha_yr=rate, years=years)
    assert sum(found.t_co2_ha_by_year) <= exposed * percent / 100 * Fraction(44, 12)
    assert all(value >= 0 for value in found.t_co2_ha_by_year)
    assert bool(found.findings) == (rate * years > exposed * percent / 100)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"exposed_t_c_ha": Fraction(121)}, "soil.loss-beyond-stock"),
        ({"exposed_t_c_ha": Fraction(-1)}, "soil.loss"),
        ({"emitted_percent": Fraction(101)}, "soil.loss"),
        ({"emitted_percent": Fraction(-1)}, "soil.loss"),
        ({"rate_t_c_ha_yr": Fraction(-1)}, "soil.loss"),
        ({"years": 0}, "soil.loss"),
    ],
)
def test_impossible_losses_are_refused(changes, code):
    assert refused(loss, **changes) == code


def test_one_method_a_pool_stratum_and_scenario():
    entries = [
        SoilMethod("soil", "fringe", "project", "cores"),
        SoilMethod("soil", "fringe", "baseline", "vm0033-default"),
        SoilMethod("soil", "basin", "project", "vm0033-default"),
        SoilMethod("soil", "fringe", "project", "cores"),
    ]
    assert one_method(entries)["soil", "fringe", "project"] == "cores"
    assert refused(one_method, [*entries, SoilMethod("soil", "fringe", "project", "vm0033-default")]) == "soil.two-methods"


CSV = """core,cluster,stratum,top_cm,bottom_cm,bulk_density_g_cm3,carbon_fraction
c1,t1,fringe,0,15,0.5,0.1
c1,t1,fringe,15,50,0.4,0.2
c2,t1,fringe,0,120,1,0.05
"""


def test_stock_of_a_core_by_hand():
    """15 · 0.5 · 0.1 · 100 + 35 · 0.4 · 0.2 · 100 = 75 + 280."""
    first, second = parse_cores(CSV.encode())
    found = core_stock(first, to_cm=Fraction(50))
    assert (found.t_c_ha, found.depth_cm, found.complete, found.method) == (355, 50, True, "measured")
    assert found.findings == ()
    # A layer that crosses a metre counts to a metre.
    assert core_stock(second).t_c_ha == 500
    assert (first.cluster, first.stratum) == ("t1", "fringe")


def test_a_short_core_is_not_stretched_in_silence():
    core = parse_cores(CSV.encode())[0]
    plain, asked = core_stock(core), core_stock(core, extend="deepest-layer")
    assert (plain.t_c_ha, plain.depth_cm, plain.complete) == (355, 50, False)
    assert plain.findings[0] == ("soil.short-core", "c1: 50 of 100 cm")
    assert (asked.t_c_ha, asked.extrapolated_t_c_ha, asked.complete, asked.method) == (755, 400, True, "deepest-layer")
    assert asked.findings[0][0] == "soil.extrapolated"


def test_extending_a_long_core_adds_nothing():
    core = parse_cores(CSV.encode())[1]
    assert core_stock(core, extend="deepest-layer") == core_stock(core)


@pytest.mark.parametrize(("given", "code"), [({"to_cm": Fraction(0)}, "soil.depth"), ({"extend": "guess"}, "soil.extend")])
def test_bad_requests_are_refused(given, code):
    core = Core("c", "t", "s", (Layer(Fraction(0), Fraction(10), Fraction(1), Fraction("0.1")),))
    assert refused(core_stock, core, **given) == code


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("c1,t1,fringe,15,50", "c1,t1,fringe,20,50", "soil.core-layers", "line 3, top_cm"),
        ("c1,t1,fringe,15,50", "c1,t1,fringe,10,50", "soil.core-layers", "line 3, top_cm"),
        ("c1,t1,fringe,0,15", "c1,t1,fringe,1,15", "soil.core-layers", "line 2, top_cm"),
        ("c1,t1,fringe,15,50", "c1,t2,fringe,15,50", "soil.core", "line 3"),
        ("c1,t1,fringe,15,50", "c1,t1,basin,15,50", "soil.core", "line 3"),
        ("c2,t1", ",t1", "soil.core", "line 4"),
        ("0.5,0.1\n", "0.5,10\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "500,0.1\n", "soil.core", "line 2, bulk_density_g_cm3"),
        ("0.5,0.1\n", "0,0.1\n", "soil.core", "line 2, bulk_density_g_cm3"),
        ("0.5,0.1\n", "0.5,-0.1\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "0.5,\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "0.5,NA\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "0.5,nan\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "0.5,1/10\n", "soil.core", "line 2, carbon_fraction"),
        ("0.5,0.1\n", "0.5\n", "soil.core", "line 2, carbon_fraction"),
        ("fringe,0,15", "fringe,0,-15", "soil.core", "line 2, bottom_cm"),
        ("carbon_fraction", "carbon_percent", "soil.core", None),
    ],
)
def test_bad_cores_are_refused(old, new, code, field):
    with pytest.raises(PlanError) as caught:
        parse_cores(CSV.replace(old, new, 1).encode())
    assert (caught.value.error_code, caught.value.field, caught.value.file) == (code, field, "soil_cores.csv")
    assert caught.value.hint


@pytest.mark.parametrize("data", [b"", b"core\n", b"\xff\xfe"])
def test_no_table_is_refused(data):
    assert refused(parse_cores, data) == "soil.core"


def test_the_order_of_layers_in_the_file_does_not_matter():
    head, *body = CSV.strip().splitlines()
    assert parse_cores("\n".join([head, *body[::-1]]).encode()) == parse_cores(CSV.encode())
