"""Stock rules: factors, densities and the growth curve, recomputed; questions of ``mrv check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.carbon.pools import LOST_STOCK
from mrv.carbon.soil_factor import soil_factor
from mrv.carbon.stock import growth_rows, stock_rows
from mrv.carbon.tables import factors_for
from mrv.rules.tables import differs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.rules.tables import Tables

MEASURED = frozenset({"agb", "bgb", "growth", "bgb_growth", LOST_STOCK})
"""Roles that plots fill; their values are replayed, not recomputed from the tables."""


def factor_faults(tables: Tables) -> Iterator[str]:
    """Every factor is the published one that the plan names, or measured in plots."""
    s, plan = tables.statement, tables.plan
    known = {**factors_for(plan.factors), **soil_factor(plan)}
    published = known["agb"]
    if plan.biomass is not None:
        known = {**known, "agb_published": published}
    # A growth that nobody measured is the plan's published one, plots or not.
    measured = [row.role for row in s.factors if row.id.startswith("plots.")]
    stated = {row.role: row.model_dump() for row in s.factors if row.role not in measured}
    published_of = {role: factor.as_row(role) for role, factor in known.items() if role not in measured}
    yield from differs("factors", stated, published_of)
    need = {"agb", LOST_STOCK} if plan.biomass is not None else set()
    if not need <= set(measured) <= (MEASURED if need else set()) or len({row.role for row in s.factors}) < len(s.factors):
        yield f"measured factors {measured} are not those of plots"
    source = {row.digest for row in s.inputs if row.name == "plots.csv"}
    for row in s.factors:
        if row.role in measured and row.source not in {f"plots.csv {digest}" for digest in source}:
            yield f"{row.role} is said to come from {row.source}"


def stock_faults(tables: Tables) -> Iterator[str]:
    """Densities and growth follow from factors and areas."""
    s = tables.statement
    plan, values = tables.plan, tables.values
    yield from differs("densities", [row.model_dump() for row in s.stocks], stock_rows(plan, values))
    growth = growth_rows(plan, tables.areas_m2, values, reference_year=s.quantities.stock_year)
    yield from differs("growth curve", [row.model_dump() for row in s.growth], growth)
    yield from differs("years of the growth curve", [row.year for row in s.growth_intervals], list(tables.years))
    for row in s.growth_intervals:
        whole = sum(part["kg_co2e"] for part in growth if (part["year"], part["stratum"]) == (row.year, "forest"))
        yield from differs(f"stock {row.year}", row.kg_co2e, whole)
        if row.ci90_kg[0] > row.ci90_kg[1]:
            yield f"the interval of the stock {row.year} is upside down"
    year = s.biomass.reference_year if s.biomass else plan.project.start.year - 1
    yield from differs("year of the stock", s.quantities.stock_year, year)
