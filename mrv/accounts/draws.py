"""Draws: the Monte Carlo of a statement, assembled from areas, factors, plots, reference level and leakage.

One draw of a component serves every place it enters: the project's emission factor and a reference level given in hectares
share it, all years share it.  Rows of a reference level that come from one document share one error.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.accounts.tonnes import find_spread
from mrv.carbon.pools import LOSS, LOST_STOCK, STANDING, Flux, biomass_products, fluxes, side
from mrv.carbon.stock import STILL
from mrv.uncertainty.contributions import contributions
from mrv.uncertainty.montecarlo import draw_factor, normal_quantile, uniforms
from mrv.uncertainty.propagation import Component, Term, combine, index, propagate, spread
from mrv.units import KG_PER_M2_T_HA, KG_PER_T, M2_PER_HA, decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mrv.accounts.baseline import LevelRow
    from mrv.accounts.claimed import Claimed
    from mrv.accounts.ground import Ground
    from mrv.carbon.tables import Factor
    from mrv.plan import MonitoringPlan
    from mrv.programme.accounts import Spread
    from mrv.uncertainty.propagation import Group

EMISSIONS, REMOVALS, BASELINE, LEAKAGE, STOCK = "project emissions", "project removals", "baseline", "leakage", "stock"
NET = {BASELINE: 1, EMISSIONS: -1, REMOVALS: -1, LEAKAGE: -1}
"""Net benefit: baseline less project less leakage."""


@dataclass(frozen=True)
class Drawn:
    """What a Monte Carlo gives a statement."""

    rows: list[dict[str, Any]]
    """Quantities with their intervals."""
    contributions: list[dict[str, str]]
    """Components by what they contribute."""
    growth: list[dict[str, Any]]
    """Stock of standing forest by year, with its interval."""
    claim_percent: str | None
    """Share of draws whose net benefit reaches the claim, %."""

    def spread(self, quantity: str, span: str) -> Spread:
        """Mean and half-width of a row."""
        return find_spread(self.rows, quantity, span)


def draw(plan: MonitoringPlan, ground: Ground, claimed: Claimed, *, years: Sequence[int], claim_t: int, seed: str) -> Drawn:
    """Draw every quantity of a period and since the project's start.

    Args:
        plan: The plan.
        ground: Areas and factors with their draws.
        claimed: Reference level and leakage.
        years: The period's years.
        claim_t: Claimed tonnes.
        seed: Seed of the statement.
    """
    count = plan.random.draws
    every = range(plan.project.start.year, years[-1] + 1)
    levels = [row for row in claimed.level_rows(every) if row.se or row.quantity]
    leaks = [row for row in claimed.leakage_rows(every) if row.se or row.quantity]
    components = index([
        *ground.components,
        *_factors(ground.factors, {component.name for component in ground.components}, seed, count),
        *_levels(levels, BASELINE, seed, count),
        *_levels(leaks, LEAKAGE, seed, count),
    ])  # fmt: skip
    terms = [
        *(term for year in every for term in _project(plan, ground, year)),
        *(term for row in levels for term in _level(plan, row, BASELINE, ground.stock_year, components)),
        *(term for row in leaks for term in _level(plan, row, LEAKAGE, ground.stock_year, components)),
    ]
    groups = propagate(terms, components)
    has = claimed.level is not None
    rows = [
        _row(quantity, span, _sum(groups, {**weights}, chosen, count))
        for span, chosen in (("period", years), ("cumulative", every))
        for quantity, weights in _quantities(has, claimed.leakage is not None)
    ]
    target = NET if has else {EMISSIONS: 1, REMOVALS: 1}
    net = _sum(groups, target, years, count)
    stock = propagate([term for year in every for term in _stock(plan, ground, year)], components)
    return Drawn(
        rows=rows,
        contributions=_contributions(terms, components, _signed(groups, target, years)),
        growth=[_growth(year, stock[STOCK, str(year)]) for year in every],
        claim_percent=decimal_str(Fraction(100 * int((net >= claim_t * KG_PER_T).sum()), count), places=2) if has else None,
    )


def _quantities(has_level: bool, has_leakage: bool) -> Iterator[tuple[str, dict[str, int]]]:
    yield "project", {EMISSIONS: 1, REMOVALS: 1}
    yield "gross emissions", {EMISSIONS: 1}
    if has_level:
        yield "baseline", {BASELINE: 1}
    if has_leakage:
        yield "leakage", {LEAKAGE: 1}
    if has_level:
        yield "net benefit", NET


def _sum(
    groups: Mapping[Group, NDArray[np.int64]], weights: Mapping[str, int], years: Iterable[int], count: int
) -> NDArray[np.int64]:
    chosen = _signed(groups, weights, years)
    if not chosen:
        return np.zeros(count, np.int64)
    return np.broadcast_to(combine(groups, chosen), (count,))


def _signed(groups: Iterable[Group], weights: Mapping[str, int], years: Iterable[int]) -> dict[Group, int]:
    wanted = {(account, str(year)): sign for year in years for account, sign in weights.items()}
    return {group: wanted[group] for group in groups if group in wanted}


def _row(quantity: str, span: str, values: NDArray[np.int64]) -> dict[str, Any]:
    found = spread(values)
    return {
        "quantity": quantity, "span": span, "mean_kg": found.mean, "q05_kg": found.q05, "q95_kg": found.q95,
        "hw90_kg": found.half_width_90, "mean_se_kg": found.mean_se,
        "hw90_percent": None if found.percent is None else decimal_str(found.percent, places=4),
    }  # fmt: skip


def _growth(year: int, values: NDArray[np.int64]) -> dict[str, Any]:
    found = spread(values)
    return {"year": year, "ci90_kg": [found.q05, found.q95]}


def _factors(factors: Mapping[str, Factor], measured: set[str], seed: str, count: int) -> Iterator[Component]:
    for role, factor in factors.items():
        if role not in measured:
            yield Component(role, factor.value, draw_factor(factor, seed, count), factor.id)


def _levels(rows: Sequence[LevelRow], account: str, seed: str, count: int) -> Iterator[Component]:
    for row in rows:
        z = normal_quantile(uniforms(seed, f"{account} {row.document}", count))
        scale = KG_PER_T if row.unit == "t CO2e" else M2_PER_HA
        values = np.rint((float(row.quantity) + z * float(row.se)) * scale).astype(np.int64)
        yield Component(_name(row, account), Fraction(row.quantity) * scale, values,
                        "reference level" if account == BASELINE else "leakage")  # fmt: skip


def _name(row: LevelRow, account: str) -> str:
    return f"{account} {row.flow} {row.year}"


def _level(
    plan: MonitoringPlan, row: LevelRow, account: str, stock_year: int, components: Mapping[str, Component]
) -> Iterator[Term]:
    group = (account, str(row.year))
    if row.unit == "t CO2e":
        yield Term(group, _name(row, account), (), Fraction(1))
        return
    for flux in fluxes(plan):
        if flux.activity == LOSS:
            # A level is a mean over many years and places: the spread of this period's few patches is not its own.
            mean = replace(flux, roles=tuple(role for role in flux.roles if role != LOST_STOCK))
            yield from _terms(group, _name(row, account), mean, row.year - 1 - stock_year, components)


def _project(plan: MonitoringPlan, ground: Ground, year: int) -> Iterator[Term]:
    known = {component.name for component in ground.components} | set(ground.factors)
    values, age = {role: factor.value for role, factor in ground.factors.items()}, year - 1 - ground.stock_year
    for flux in fluxes(plan):
        if (flux.activity, year) in ground.areas:
            group = (EMISSIONS if side(flux, values, age=age) == "emission" else REMOVALS, str(year))
            yield from _terms(group, area_name(flux.activity, year), flux, age, known)


def _terms(group: Group, activity: str, flux: Flux, age: int, known: Iterable[str]) -> Iterator[Term]:
    for times, roles in flux.products(age):
        if set(roles) <= set(known):  # a growth that nobody measured is zero
            yield Term(group, activity, roles, abs(flux.kg_per_m2) * abs(times), flux.sign * (1 if times > 0 else -1))


def _stock(plan: MonitoringPlan, ground: Ground, year: int) -> Iterator[Term]:
    group, area, age = (STOCK, str(year)), area_name(STANDING, year), year - ground.stock_year
    known = {component.name for component in ground.components} | set(ground.factors)
    for pool, roles in biomass_products(plan).items():
        yield from _terms(group, area, Flux(STANDING, pool, "removal", 1, roles), age, known)
    for pool, role in STILL.items():
        if plan.method_of(pool) and role in known:
            yield Term(group, area, (role,), KG_PER_M2_T_HA)
    if plan.method_of("soil organic carbon") in {"factor", "vm0033-default"} and age:
        yield Term(group, area, ("soil_accumulation",), KG_PER_M2_T_HA * abs(age), 1 if age > 0 else -1)


def area_name(activity: str, year: int) -> str:
    """Name of an area's component."""
    return f"area {activity} {year}"


def _contributions(
    terms: Sequence[Term], components: Mapping[str, Component], weights: Mapping[Group, int]
) -> list[dict[str, str]]:
    if not weights:
        return []
    entering = [term for term in terms if term.group in weights]
    found = contributions(entering, components, weights)
    return [
        {"component": row.label, "variance_percent": decimal_str(row.one_at_a_time_percent, places=4)} for row in found.rows
    ]
