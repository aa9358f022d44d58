"""Carbon densities by pool, before and after loss of tree cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.equations import above_ground_carbon, below_ground_carbon
from mrv.units import decimal_str, kg_co2e

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from mrv.carbon.tables import Factor


@dataclass(frozen=True, slots=True)
class Densities:
    """Carbon densities, t C/ha, exact."""

    above_ground: Fraction
    """Above-ground biomass of the forest."""
    below_ground: Fraction
    """Below-ground biomass of the forest."""
    after: Fraction
    """All biomass standing after loss."""

    @property
    def before(self) -> Fraction:
        """All pools of the forest."""
        return self.above_ground + self.below_ground

    @property
    def emission(self) -> Fraction:
        """Stock before less stock after: what a hectare of loss emits."""
        return self.before - self.after


def densities(factors: Mapping[str, Factor]) -> Densities:
    """Densities from the factors of a plan, by role.

    References:
        IPCC 2006 V4 Eq. 2.8b (stock), 2.15–2.16 (change on conversion; Tier 1: the difference is emitted in the
        year of the loss).
    """
    agb, fraction = factors["agb"].value, factors["carbon_fraction"].value
    return Densities(
        above_ground=above_ground_carbon(agb, fraction),
        below_ground=below_ground_carbon(agb, factors["root_shoot"].value, fraction),
        after=above_ground_carbon(factors["after_biomass"].value, factors["after_carbon_fraction"].value),
    )


def stock_rows(stock: Densities) -> list[dict[str, Any]]:
    """Densities by pool and state, as a statement lists them."""
    pools = (
        ("above-ground biomass", "before", stock.above_ground),
        ("below-ground biomass", "before", stock.below_ground),
        ("biomass after loss", "after", stock.after),
    )
    return [{"pool": pool, "state": state, "t_c_ha": decimal_str(value, places=6)} for pool, state, value in pools]


def growth_rows(stock: Densities, *, standing_m2: int, loss_m2: Mapping[int, int]) -> list[dict[str, Any]]:
    """Stock at the end of each year; Tier 1 has no growth of standing forest, so the curve falls with its area.

    Args:
        stock: Densities.
        standing_m2: Forest at the project's start, m².
        loss_m2: Loss by year, ascending, m².
    """
    rows, lost = [], 0
    for year, area in loss_m2.items():
        lost += area
        for stratum, pool, covered, density in (
            ("forest", "above-ground biomass", standing_m2 - lost, stock.above_ground),
            ("forest", "below-ground biomass", standing_m2 - lost, stock.below_ground),
            ("lost", "biomass after loss", lost, stock.after),
        ):
            kg = kg_co2e(covered, density)
            rows.append({"year": year, "stratum": stratum, "pool": pool, "area_m2": covered, "kg_co2e": kg})
    return rows
