"""Pools and fluxes, declared as data: what a hectare of activity does to each pool, as products of factors.

A flux is ``sign × area × Π factors``.  Loss takes the stock that stood at the end of the year before, standing forest adds
one year of growth, so that stocks and fluxes balance: the growth curve's step from one year to the next is the sum of
the year's fluxes (tested).  Exact fractions here; the Monte Carlo draws the same products.

References:
    IPCC 2006 V4 Eq. 2.4 (gain–loss), 2.5 (stock difference), 2.8b, 2.15–2.16; GPG for degradation as loss of a share of
    biomass by intensity.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mrv.units import KG_PER_M2_T_HA, KG_PER_T, M2_PER_HA, round_half_even

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mrv.plan import MonitoringPlan

Kind = Literal["emission", "removal"]
LOSS, STANDING = "loss", "standing"
"""Activities: forest lost in a year; forest since the project's start that stands, undegraded, at its end."""
AFTER_LOSS = "biomass after loss"
METHANE = "methane"
KG_PER_M2_T_CO2E_HA = Fraction(KG_PER_T, M2_PER_HA)
LOST_STOCK = "lost_stock"
"""Role: stock of the area lost or degraded over the mean stock; 1, with an interval."""
GROWS = {"agb": "growth", "bgb": "bgb_growth"}
"""Stocks that grow, and the role of their yearly growth."""


def degradation_of(intensity: str) -> str:
    """Activity: forest degraded in a year to an intensity."""
    return f"degradation:{intensity}"


def loss_after(intensity: str) -> str:
    """Activity: forest lost in a year that had been degraded before (part of the year's loss)."""
    return f"loss after degradation:{intensity}"


def degraded_share(intensity: str) -> str:
    """Role: share of biomass that degradation of an intensity takes."""
    return f"degraded:{intensity}"


@dataclass(frozen=True, slots=True)
class Flux:
    """What one activity does to one pool."""

    activity: str
    """Activity whose area it multiplies."""
    pool: str
    """Pool."""
    kind: Kind
    """Emission, or removal."""
    sign: int
    """+1 to the atmosphere, −1 from it."""
    roles: tuple[str, ...]
    """Factors multiplied."""
    co2e: bool = False
    """The product is t CO2e/ha already, not t C/ha."""

    @property
    def kg_per_m2(self) -> Fraction:
        """Mass on one m²: kg CO2e for one unit of the product."""
        return self.sign * (KG_PER_M2_T_CO2E_HA if self.co2e else KG_PER_M2_T_HA)

    def products(self, age: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The product, and what its stock has grown by since it was measured.

        Args:
            age: Years from the stock's reference year to the end of the year before.

        Yields:
            Multiplier and roles.
        """
        yield 1, self.roles
        for stock, growth in GROWS.items():
            if stock in self.roles and age:
                yield age, tuple(growth if role == stock else role for role in self.roles)


def fluxes(plan: MonitoringPlan) -> tuple[Flux, ...]:
    """Every flux of a plan, in a fixed order.

    Args:
        plan: Its pools, factors and reference classes.
    """
    return (*_loss(plan), *_degradation(plan), *_standing(plan))


def biomass_products(plan: MonitoringPlan) -> dict[str, tuple[str, ...]]:
    """Living biomass by pool as a product of roles, t C/ha."""
    below = {"root-shoot": ("agb", "root_shoot", "carbon_fraction"), "allometry": ("bgb", "carbon_fraction")}
    method = plan.method_of("below-ground biomass")
    products: dict[str, tuple[str, ...]] = {"above-ground biomass": ("agb", "carbon_fraction")}
    if method is not None:
        products["below-ground biomass"] = below[method]
    return products


def _loss(plan: MonitoringPlan) -> Iterator[Flux]:
    for pool, roles in biomass_products(plan).items():
        yield Flux(LOSS, pool, "emission", 1, (*roles, *_of_lost(plan)))
    yield Flux(LOSS, AFTER_LOSS, "emission", -1, ("after_biomass", "after_carbon_fraction"))
    for pool, role in (("dead wood", "dead_wood"), ("litter", "litter")):
        if plan.method_of(pool):
            yield Flux(LOSS, pool, "emission", 1, (role,))
    if plan.method_of("soil organic carbon") == "stock-loss":
        yield Flux(LOSS, "soil organic carbon", "emission", 1, ("soil", "soil_lost"))
    if plan.method_of("harvested wood products"):
        yield Flux(LOSS, "harvested wood products", "emission", -1, ("agb", "carbon_fraction", "wood_stored"))


def _of_lost(plan: MonitoringPlan) -> tuple[str, ...]:
    """A few patches are not the mean forest: where plots measure it, its spread among them is drawn."""
    return (LOST_STOCK,) if plan.method_of("above-ground biomass") == "plots" else ()


def _degradation(plan: MonitoringPlan) -> Iterator[Flux]:
    for intensity in plan.factors.degradation:
        share = degraded_share(intensity)
        for pool, roles in biomass_products(plan).items():
            yield Flux(degradation_of(intensity), pool, "emission", 1, (*roles, *_of_lost(plan), share))
            # What degradation took cannot be lost again.
            yield Flux(loss_after(intensity), pool, "emission", -1, (*roles, *_of_lost(plan), share))
        if plan.method_of("harvested wood products"):  # … nor sawn
            wood = ("agb", "carbon_fraction", "wood_stored", share)
            yield Flux(loss_after(intensity), "harvested wood products", "emission", 1, wood)


def _standing(plan: MonitoringPlan) -> Iterator[Flux]:
    if grows(plan):
        for pool, roles in biomass_products(plan).items():
            yield Flux(STANDING, pool, "removal", -1, tuple(GROWS.get(role, role) for role in roles))
    if plan.method_of("soil organic carbon") in {"factor", "vm0033-default"}:
        yield Flux(STANDING, "soil organic carbon", "removal", -1, ("soil_accumulation",))
    if plan.factors.methane is not None:
        yield Flux(STANDING, METHANE, "emission", 1, ("methane",), co2e=True)


def grows(plan: MonitoringPlan) -> bool:
    """Whether standing forest grows: by plots measured twice, or by a factor."""
    return plan.factors.growth is not None or plan.method_of("above-ground biomass") == "plots"


def product(values: Mapping[str, Fraction], roles: tuple[str, ...]) -> Fraction:
    """Product of factors; a growth that nobody measured is zero."""
    result = Fraction(1)
    for role in roles:
        result *= values.get(role, Fraction(0)) if role in GROWS.values() else values[role]
    return result


def flux_kg(flux: Flux, area_m2: int, values: Mapping[str, Fraction], *, age: int) -> int:
    """Kilograms of CO2 equivalent of a flux over an area, rounded once; positive to the atmosphere.

    Args:
        flux: The flux.
        area_m2: Area of its activity in the year, m².
        values: Central values by role.
        age: Years from the stock's reference year to the end of the year before.
    """
    return round_half_even(area_m2 * flux.kg_per_m2 * _per_m2(flux, values, age))


def side(flux: Flux, values: Mapping[str, Fraction], *, age: int) -> Kind:
    """Side that a flux counts on in a year: a standing forest whose stock shrinks emits.

    Args:
        flux: The flux.
        values: Central values by role.
        age: As for :func:`flux_kg`.
    """
    return "emission" if flux.kind == "removal" and _per_m2(flux, values, age) < 0 else flux.kind


def _per_m2(flux: Flux, values: Mapping[str, Fraction], age: int) -> Fraction:
    return sum((count * product(values, roles) for count, roles in flux.products(age)), Fraction(0))


@dataclass(frozen=True, slots=True)
class Flow:
    """One flux of one year."""

    year: int
    """Year."""
    activity: str
    """Activity."""
    pool: str
    """Pool."""
    kind: Kind
    """Emission or removal."""
    area_m2: int
    """Area of the activity, m²."""
    kg_co2e: int
    """kg CO2e, positive to the atmosphere."""


def flows(
    plan: MonitoringPlan, areas_m2: Mapping[tuple[str, int], int], values: Mapping[str, Fraction], *, reference_year: int
) -> tuple[Flow, ...]:
    """Every flux of every year.

    Args:
        plan: The plan.
        areas_m2: Area by (activity, year), m²; a flux whose activity has none is left out.
        values: Central values by role.
        reference_year: Year at whose end the stock per hectare was what the factors say.
    """
    years = sorted({year for _, year in areas_m2})
    return tuple(
        Flow(year, flux.activity, flux.pool, side(flux, values, age=year - 1 - reference_year),
             areas_m2[flux.activity, year],
             flux_kg(flux, areas_m2[flux.activity, year], values, age=year - 1 - reference_year))
        for year in years
        for flux in fluxes(plan)
        if (flux.activity, year) in areas_m2
    )  # fmt: skip
