"""Factor tables against the numbers published: IPCC 2006, 2013 Wetlands Supplement, 2019 Refinement."""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files

import pytest

from mrv.carbon.tables import load_table
from mrv.units import CO2_PER_C

TABLES = ("ipcc_mangrove", "ipcc_2006_2019")
PUBLISHED = {
    "ipcc_2006_table_4.3_carbon_fraction": ("ipcc_2006_2019", "carbon-fraction.wood.default", "0.47", True),
    "ipcc_2006_carbon_fraction_of_litter": ("ipcc_2006_2019", "carbon-fraction.litter", "0.37", True),
    "ipcc_2013_table_4.2_mangrove_carbon_fraction": ("ipcc_mangrove", "carbon-fraction.mangrove", "0.451", True),
    "ipcc_2013_table_4.5_mangrove_root_shoot_wet": ("ipcc_mangrove", "root-shoot.mangrove.tropical-wet", "0.49", True),
    "ipcc_2013_table_4.5_mangrove_root_shoot_dry": ("ipcc_mangrove", "root-shoot.mangrove.tropical-dry", "0.29", True),
    "ipcc_2013_table_4.5_mangrove_root_shoot_subtropical": ("ipcc_mangrove", "root-shoot.mangrove.subtropical", "0.96", True),
    "ipcc_2013_table_4.3_mangrove_biomass_wet": ("ipcc_mangrove", "agb.mangrove.tropical-wet", "192", False),
    "ipcc_2013_table_4.3_mangrove_biomass_dry": ("ipcc_mangrove", "agb.mangrove.tropical-dry", "92", False),
    "ipcc_2013_table_4.3_mangrove_biomass_subtropical": ("ipcc_mangrove", "agb.mangrove.subtropical", "75", False),
    "ipcc_2013_table_4.11_mangrove_soil": ("ipcc_mangrove", "soil.mangrove", "386", False),
    "ipcc_2013_table_4.11_mangrove_soil_organic": ("ipcc_mangrove", "soil.mangrove.organic", "471", False),
    "ipcc_2013_table_4.11_mangrove_soil_mineral": ("ipcc_mangrove", "soil.mangrove.mineral", "286", False),
    "ipcc_2013_table_4.12_rewetting": ("ipcc_mangrove", "soil-accumulation.mangrove.rewetting", "1.62", False),
    "ipcc_2013_table_4.13_drainage": ("ipcc_mangrove", "soil-drainage.mangrove", "7.9", False),
    "ipcc_2019_table_4.4_rainforest_africa_gt125": (
        "ipcc_2006_2019",
        "root-shoot.tropical-rainforest.africa.gt125",
        "0.532",
        True,
    ),
    "ipcc_2019_table_4.4_rainforest_americas": ("ipcc_2006_2019", "root-shoot.tropical-rainforest.americas", "0.221", True),
    "ipcc_2019_table_4.4_rainforest_asia_le125": ("ipcc_2006_2019", "root-shoot.tropical-rainforest.asia.le125", "0.207", True),
    "ipcc_2019_table_4.4_rainforest_asia_gt125": ("ipcc_2006_2019", "root-shoot.tropical-rainforest.asia.gt125", "0.212", True),
    "ipcc_2019_table_4.4_moist_africa": ("ipcc_2006_2019", "root-shoot.tropical-moist.africa", "0.232", True),
    "ipcc_2019_table_4.4_moist_americas": ("ipcc_2006_2019", "root-shoot.tropical-moist.americas", "0.284", True),
}


def raw(table):
    text = (files("mrv.carbon") / "tables" / f"{table}.csv").read_text(encoding="utf-8")
    import csv

    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_value(name):
    table, factor, value, verified = PUBLISHED[name]
    assert load_table(table)[factor].value == Fraction(value)
    row = next(row for row in raw(table) if row["id"] == factor)
    assert (row["value_verified"] == "yes") is verified


def test_ipcc_2013_mangrove_carbon_fraction_interval():
    factor = load_table("ipcc_mangrove")["carbon-fraction.mangrove"]
    assert (factor.low, factor.high) == (Fraction("0.429"), Fraction("0.471"))
    assert not factor.verified


@pytest.mark.parametrize("table", TABLES)
def test_every_row_is_sound(table):
    rows = raw(table)
    assert len({row["id"] for row in rows}) == len(rows)
    assert rows[0].keys() == raw("ipcc_tier1")[0].keys()
    for row, factor in zip(rows, load_table(table).values(), strict=True):
        assert 0 <= factor.low <= factor.value <= factor.high, factor.id
        assert factor.distribution in {"normal", "lognormal-mean-preserved"}
        assert factor.distribution == "normal" or factor.low > 0
        assert all(row[name] for name in ("quantity", "interval", "unit", "source"))
        assert row["value_verified"] in {"yes", "no"}
        assert row["interval_verified"] in {"yes", "no"}
        assert row["interval_verified"] == "no" or row["value_verified"] == "yes"
        # What was not checked, or has no interval, says so where its reader looks.
        assert factor.verified or row["note"] or factor.id == "carbon-fraction.wood.temperate-broadleaf"
        assert factor.low < factor.high or "constant" in row["note"] or factor.value == 0


def test_a_constant_never_counts_as_verified():
    for table in TABLES:
        assert not [factor.id for factor in load_table(table).values() if factor.low == factor.high and factor.verified]


def test_a_row_of_two_tables_is_the_same_row():
    """Editions are not mixed: what two tables share, they share to the letter."""
    first = {row["id"]: row for row in raw("ipcc_tier1")}
    assert [row["id"] for row in raw("ipcc_2006_2019") if row["id"] in first and row != first[row["id"]]] == []


def test_44_over_12_and_not_3_67():
    assert Fraction(44, 12) == CO2_PER_C
    assert float(100 * (Fraction("3.67") / CO2_PER_C - 1)) == pytest.approx(0.09, abs=0.005)


def test_uptake_is_positive_in_the_tables():
    """Draws are cut at zero: a factor below zero would vanish. The flux carries the sign."""
    assert all(factor.value >= 0 for table in TABLES for factor in load_table(table).values())
