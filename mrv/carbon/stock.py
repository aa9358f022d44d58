"""Carbon densities by pool, before and after loss of tree cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.equations import above_ground_carbon, below_ground_carbon

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
