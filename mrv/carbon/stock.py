"""Stocks: carbon density of each pool, and the growth curve."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.carbon.pools import (
    AFTER_LOSS,
    GROWS,
    LOSS,
    STANDING,
    biomass_products,
    degradation_of,
    degraded_share,
    loss_after,
    product,
)
from mrv.units import KG_PER_M2_T_HA, decimal_str, round_half_even

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mrv.plan import MonitoringPlan

SOIL, WOOD = "soil organic carbon", "harvested wood products"
STILL = {"dead wood": "dead_wood", "litter": "litter", SOIL: "soil"}
"""Pools whose stock a factor gives, and the factor's role."""


def densities(plan: MonitoringPlan, values: Mapping[str, Fraction]) -> dict[tuple[str, str], Fraction]:
    """Carbon density by (pool, state), t C/ha, exact; the state ``a year`` is what standing forest gains in one.

    Args:
        plan: Its pools.
        values: Central values by role.

    References:
        IPCC 2006 V4 Eq. 2.8b.
    """
    living = biomass_products(plan)
    found = {(pool, "before"): product(values, roles) for pool, roles in living.items()}
    found |= {(pool, "before"): values[role] for pool, role in STILL.items() if plan.method_of(pool) and role in values}
    found[AFTER_LOSS, "after"] = values["after_biomass"] * values["after_carbon_fraction"]
    for pool, roles in living.items():
        if growth := product(values, tuple(GROWS.get(role, role) for role in roles)):
            found[pool, "a year"] = growth
    if plan.method_of(SOIL) in {"factor", "vm0033-default"}:
        found[SOIL, "a year"] = values["soil_accumulation"]
    return found


def stock_rows(plan: MonitoringPlan, values: Mapping[str, Fraction]) -> list[dict[str, Any]]:
    """Densities by pool and state, as a statement lists them."""
    return [
        {"pool": pool, "state": state, "t_c_ha": decimal_str(value, places=6)}
        for (pool, state), value in densities(plan, values).items()
    ]


def growth_rows(
    plan: MonitoringPlan,
    areas_m2: Mapping[tuple[str, int], int],
    values: Mapping[str, Fraction],
    *,
    reference_year: int,
) -> list[dict[str, Any]]:
    """The growth curve: stock at the end of each year by pool, of standing, degraded and lost forest.

    Its step from one year to the next is minus the year's CO2 fluxes, but for the growth of degraded forest, which is
    not counted.  Soil enters with its stock where the plan gives one, else with what it has gained.

    Args:
        plan: The plan.
        areas_m2: Area by (activity, year), m².
        values: Central values by role.
        reference_year: Year at whose end the stock per hectare was what the factors say.
    """
    density = densities(plan, values)
    pools = list(dict.fromkeys(pool for pool, state in density if state != "after"))
    lost: defaultdict[str, Fraction] = defaultdict(Fraction)
    degraded = {intensity: _Degraded(share) for intensity, share in _shares(plan, areas_m2, values).items()}
    lost_m2, rows = 0, []

    def stock(pool: str, year: int) -> Fraction:
        age = year - reference_year
        return density.get((pool, "before"), Fraction(0)) + age * density.get((pool, "a year"), Fraction(0))

    for year in sorted({year for activity, year in areas_m2 if activity == STANDING}):
        gone = areas_m2[LOSS, year]
        lost_m2 += gone
        for pool, per_ha in _retained(plan, values, density, stock, year - 1):
            lost[pool] += gone * per_ha
        for intensity, part in degraded.items():
            again = areas_m2.get((loss_after(intensity), year), 0)
            if plan.method_of(WOOD):
                lost[WOOD] -= again * stock("above-ground biomass", year - 1) * values["wood_stored"] * part.share
            part.lose(again)
            part.gain(areas_m2.get((degradation_of(intensity), year), 0), {pool: stock(pool, year - 1) for pool in pools}, plan)
        for pool in pools:
            standing = areas_m2[STANDING, year]
            rows.append(_row(year, "forest", pool, standing, standing * stock(pool, year)))
        for part in degraded.values():
            rows += [_row(year, "degraded", pool, part.area_m2, part.held[pool]) for pool in pools]
        rows += [_row(year, "lost", pool, lost_m2, held) for pool, held in lost.items()]
    return rows


def _shares(
    plan: MonitoringPlan, areas_m2: Mapping[tuple[str, int], int], values: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """Share of biomass taken by intensity; where no factor gives one, nothing is counted as taken: the forest still stands."""
    seen = sorted({activity.partition(":")[2] for activity, _ in areas_m2 if activity.startswith(degradation_of(""))})
    shares = {intensity: values[degraded_share(intensity)] for intensity in plan.factors.degradation}
    return shares | {intensity: Fraction(0) for intensity in seen if intensity not in shares}


class _Degraded:
    """Forest degraded to one intensity, as it accumulates."""

    def __init__(self, share: Fraction) -> None:
        self.share = share
        self.area_m2 = 0
        self.held: defaultdict[str, Fraction] = defaultdict(Fraction)

    def gain(self, area_m2: int, stocks: Mapping[str, Fraction], plan: MonitoringPlan) -> None:
        self.area_m2 += area_m2
        for pool, per_ha in stocks.items():
            self.held[pool] += area_m2 * per_ha * (1 - self.share if pool in biomass_products(plan) else 1)

    def lose(self, area_m2: int) -> None:
        left = Fraction(self.area_m2 - area_m2, self.area_m2) if self.area_m2 else Fraction(0)
        self.area_m2 -= area_m2
        for pool in self.held:
            self.held[pool] *= left


def _retained(
    plan: MonitoringPlan, values: Mapping[str, Fraction], density: Mapping[tuple[str, str], Fraction], stock: Any, year: int
) -> Iterator[tuple[str, Fraction]]:
    """What a hectare lost after ``year`` still holds, t C/ha."""
    yield AFTER_LOSS, density[AFTER_LOSS, "after"]
    if plan.method_of(SOIL):
        taken = values["soil"] * values["soil_lost"] if plan.method_of(SOIL) == "stock-loss" else 0
        yield SOIL, stock(SOIL, year) - taken
    if plan.method_of(WOOD):
        yield WOOD, stock("above-ground biomass", year) * values["wood_stored"]


def _row(year: int, stratum: str, pool: str, area_m2: int, t_c_ha_m2: Fraction) -> dict[str, Any]:
    kg = round_half_even(t_c_ha_m2 * KG_PER_M2_T_HA)
    return {"year": year, "stratum": stratum, "pool": pool, "area_m2": area_m2, "kg_co2e": kg}


def growth_intervals(growth: list[dict[str, Any]], drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stock of standing forest by year beside its interval."""
    standing: dict[int, int] = {}
    for row in growth:
        if row["stratum"] == "forest":
            standing[row["year"]] = standing.get(row["year"], 0) + row["kg_co2e"]
    return [{"year": row["year"], "kg_co2e": standing[row["year"]], "ci90_kg": row["ci90_kg"]} for row in drawn]
