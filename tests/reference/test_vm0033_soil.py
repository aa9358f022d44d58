"""VM0033 v2.1 (4 September 2023), soil: the methodology's own equations and the soil cores of Térraba-Sierpe."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from mrv.carbon.soil import (
    Deposit,
    allochthonous_deduction,
    allochthonous_percent,
    default_flux_t_co2_ha_yr,
    mangrove_allochthonous_percent,
    methane_t_co2e_ha_yr,
)
from mrv.carbon.soil_cores import core_stock, parse_cores
from mrv.carbon.soil_loss import eroded_emitted_percent
from mrv.carbon.tables import load_table

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "mangrove-plots-terraba-sierpe"


@pytest.mark.parametrize(
    ("cover", "printed"), [("10", "0"), ("15", "0"), ("32.5", "-2.6767"), ("50", "-5.3533"), ("80", "-5.3533")]
)
def test_vm0033_equation_33_soil_default_by_cover(cover, printed):
    assert abs(default_flux_t_co2_ha_yr(Fraction(cover)) - Fraction(printed)) <= Fraction(1, 20_000)


def test_vm0033_equation_33_control_a_default_at_any_cover():
    """The failure it guards against: −1.46 t C claimed for a planting at a tenth of cover."""
    assert default_flux_t_co2_ha_yr(Fraction(10)) != Fraction("-1.46") * Fraction(44, 12)


def test_vm0033_equation_33_uses_44_over_12():
    """3.67 would give −5.3582."""
    assert default_flux_t_co2_ha_yr(Fraction(50)) == Fraction("-1.46") * Fraction(44, 12)


def test_vm0033_equations_38_39_79_allochthonous_deduction():
    """A soil of 8 % carbon of which 6 % is its own: a quarter of the uptake came from elsewhere."""
    percent = allochthonous_percent(Fraction(8), Fraction(6))
    assert percent == 25
    found = allochthonous_deduction(default_flux_t_co2_ha_yr(Fraction(80)), percent, Deposit(scenario="project"))
    assert found.flux_t_co2_ha_yr == Fraction("-1.46") * Fraction(44, 12) * Fraction(3, 4)
    assert found.t_co2_ha_yr == Fraction("-1.46") * Fraction(44, 12) / 4


def test_vm0033_equations_40_43_mangrove_organic_matter():
    """%C 5 → %OM (5 − 2.8857) / 0.415 = 5.09470; own (5.09470 − 1.5) / 0.985 = 3.64944; back 4.40022 % C; 11.9956 %."""
    assert float(mangrove_allochthonous_percent(Fraction(5))) == pytest.approx(11.9956, abs=5e-5)


@pytest.mark.parametrize(("ppt", "t_ch4"), [("18.1", "0.011"), ("19.9", "0.011"), ("20", "0.0056"), ("35", "0.0056")])
def test_vm0033_equations_60_61_methane_by_salinity(ppt, t_ch4):
    assert methane_t_co2e_ha_yr(Fraction(ppt), gwp=Fraction(28)) == Fraction(t_ch4) * 28


@pytest.mark.parametrize(
    ("environment", "percent"),
    [
        ("normal marine", 80), ("deltaic fluidized muds", 80), ("oxygen depletion", 53),
        ("small mountainous rivers", 39), ("extreme accumulation", 49),
    ],
)  # fmt: skip
def test_vm0033_equations_51_to_54_eroded_carbon(environment, percent):
    assert eroded_emitted_percent(environment, baseline_erodes_more=True) == percent


def test_vm0033_equation_55_unconnected_erosion():
    assert eroded_emitted_percent(None, baseline_erodes_more=True) == 0
    assert eroded_emitted_percent(None, baseline_erodes_more=False) == 100


def rows(name):
    if not SHARED.is_dir():
        pytest.skip("the Térraba-Sierpe plots are not on this machine")
    with (SHARED / f"Cifuentes_and_Torres_2024_{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def terraba_cores():
    lines = ["core,cluster,stratum,top_cm,bottom_cm,bulk_density_g_cm3,carbon_fraction"]
    lines += [
        f"{row['core_id']},{row['core_id'].rpartition('_')[0]},{row['site_id']},{row['depth_min']},{row['depth_max']},"
        f"{row['dry_bulk_density']},{row['fraction_carbon']}"
        for row in rows("depthseries")
    ]
    return parse_cores("\n".join(lines).encode())


def test_terraba_sierpe_soil_carbon_stock_of_140_cores():
    """The deposited column is bulk density × fraction × thickness to 100 cm: all 140 agree to the digits of a double."""
    stated = {f"{row['site_id']}_{row['transect_id']}_{row['plot_id']}": row["soil_carbon_stock"] for row in rows("plots")}
    cores = terraba_cores()
    assert len(cores) == len(stated) == 140
    for core in cores:
        assert float(core_stock(core).t_c_ha) == pytest.approx(float(stated[core.name]), rel=1e-12)


def test_terraba_sierpe_control_percent_for_fraction_and_30_cm():
    core = terraba_cores()[0]
    whole = core_stock(core).t_c_ha
    assert core_stock(core, to_cm=Fraction(30)).t_c_ha < whole / 2
    assert core_stock(core, to_cm=Fraction(30)).complete


def test_terraba_sierpe_design_and_depth():
    """28 transects in 4 sites; every core is 0–15–30–50–100 cm, as deep as the corer: to 1 m complete, to 3 m not."""
    cores = terraba_cores()
    assert len({core.cluster for core in cores}) == 28
    assert len({core.stratum for core in cores}) == 4
    assert {core.depth_cm for core in cores} == {Fraction(100)}
    assert {row["core_length_flag"] for row in rows("cores")} == {"core depth limited by length of corer"}
    deep = [core_stock(core, to_cm=Fraction(300)) for core in cores]
    assert not any(stock.complete for stock in deep)
    assert {stock.findings[0][0] for stock in deep} == {"soil.short-core"}
    assert all(stock.t_c_ha == core_stock(core).t_c_ha for stock, core in zip(deep, cores, strict=True))


def test_terraba_sierpe_mean_stock_is_far_below_the_ipcc_default():
    """318.6 t C/ha to 1 m (cores 141–593) against a default of 386 (351–424): the interval of a global mean is not a site's."""
    cores = terraba_cores()
    mean = float(sum(core_stock(core).t_c_ha for core in cores) / len(cores))
    stated = [float(row["soil_carbon_stock"]) for row in rows("plots")]
    assert mean == pytest.approx(sum(stated) / 140, rel=1e-12)
    assert mean == pytest.approx(318.598, abs=5e-4)
    default = load_table("ipcc_mangrove")["soil.mangrove"]
    assert mean < float(default.low)
