from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from mrv.carbon.tables import ROLES, factors_for, load_table
from mrv.errors import PlanError
from mrv.plan import FactorsTable


def table(**changes):
    return FactorsTable(**{
        "table": "ipcc_tier1", "agb": "agb.temperate-mountain.eurasia.gt20",
        "root_shoot": "root-shoot.temperate-broadleaf.75-150",
        "carbon_fraction": "carbon-fraction.wood.temperate-broadleaf",
        "after_biomass": "biomass-after.grassland.cool-temperate-wet",
        "after_carbon_fraction": "carbon-fraction.herbaceous", "ceiling_t_co2e_ha_yr": 40, **changes,
    })  # fmt: skip


def test_every_row_is_sound():
    rows = load_table("ipcc_tier1")
    for name, row in rows.items():
        assert row.id == name
        assert 0 < row.low <= row.value <= row.high, name
        assert row.distribution in {"normal", "lognormal-mean-preserved"}, name
        assert row.source, name
        assert row.unit, name
        assert row.interval, name


def test_a_value_is_verified_only_when_value_and_interval_are():
    rows = load_table("ipcc_tier1")
    assert rows["carbon-fraction.wood.default"].verified
    assert not rows["carbon-fraction.wood.temperate-broadleaf"].verified
    assert not rows["agb.temperate-mountain.eurasia.gt20"].verified


def test_numbers_are_exact():
    assert load_table("ipcc_tier1")["carbon-fraction.wood.default"].value == Fraction(47, 100)


def test_roles():
    assert tuple(factors_for(table())) == tuple(ROLES)


def test_an_override_scales_its_interval_and_is_marked():
    agb = factors_for(table(overrides={"agb.temperate-mountain.eurasia.gt20": Decimal(260)}))["agb"]
    assert (agb.value, agb.low, agb.high) == (260, 40, 1200)
    assert agb.overridden
    assert not agb.verified
    assert agb.source == "monitoring plan"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"table": "none"}, "factors.table", "factors.table"),
        ({"agb": "agb.moon"}, "factors.unknown", "factors.agb"),
        ({"overrides": {"agb.moon": Decimal(1)}}, "factors.unused", "factors.overrides"),
        ({"overrides": {"carbon-fraction.wood.default": Decimal("0.5")}}, "factors.unused", "factors.overrides"),
    ],
)
def test_bad_tables_are_refused(changes, code, field):
    with pytest.raises(PlanError) as caught:
        factors_for(table(**changes))
    assert (caught.value.error_code, caught.value.field) == (code, field)
    assert caught.value.hint
