"""Soil factor: VM0033's default accumulation at a plan's cover, less the carbon that came from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.tables import Factor, factors_for

if TYPE_CHECKING:
    from mrv.plan import MonitoringPlan, SoilTable

_PLACES = 6
_ORGANIC_CM = Fraction(11)
"""A surface layer above 10 cm, as :class:`mrv.plan.SoilTable` declares an organic soil."""


def soil_factor(plan: MonitoringPlan) -> dict[str, Factor]:
    """The accumulation that a plan may count, by role; nothing where it counts none by the default.

    Raises:
        PlanError: The allochthonous share is owed and missing.
    """
    if plan.method_of("soil organic carbon") != "vm0033-default":
        return {}
    table, whole = plan.soil, factors_for(plan.factors)["soil_accumulation"]
    assert table is not None
    share = soil_share(table)
    note = f"{float(share):.6f} of the default: cover {table.cover_percent} %, less allochthonous carbon"
    return {
        "soil_accumulation": replace(
            whole, value=whole.value * share, low=whole.low * share, high=whole.high * share, note=note
        )
    }


def soil_share(table: SoilTable) -> Fraction:
    """Share of the default accumulation that a plan's soil may count.

    References:
        VM0033 v2.1 Eq. 33 (cover), 38 and 39 (allochthonous carbon).
    """
    from mrv.carbon.soil import (
        COVER_FULL,
        Deposit,
        allochthonous_deduction,
        allochthonous_percent,
        default_flux_t_co2_ha_yr,
    )

    at_cover = default_flux_t_co2_ha_yr(Fraction(table.cover_percent))
    percent = None
    if table.carbon_percent is not None and table.autochthonous_percent is not None:
        percent = allochthonous_percent(Fraction(table.carbon_percent), Fraction(table.autochthonous_percent))
    deposit = Deposit(scenario="project", organic_layer_cm=_ORGANIC_CM if table.organic else Fraction(0))
    left = allochthonous_deduction(at_cover, percent, deposit).flux_t_co2_ha_yr
    return Fraction(round(left / default_flux_t_co2_ha_yr(COVER_FULL) * 10**_PLACES), 10**_PLACES)
