"""Plausibility: the gate, and the magnitudes that it bounds, from a statement's tables."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.rules.gate import gate
from mrv.units import KG_PER_T, M2_PER_HA, decimal_str, kg_co2e

if TYPE_CHECKING:
    from mrv.sections import GateSection
    from mrv.statement import Statement

STOCK_SHARE = Fraction(1, 2)
"""A yearly change of half a mature stock is a stock entered as a change: no forest regrows in two years."""


def plausibility(statement: Statement) -> GateSection:
    """A rate above the ecosystem's ceiling, a stock entered as a yearly change, a pool twice, years that do not add up."""
    ceiling = Decimal(statement.method.plan["factors"]["ceiling_t_co2e_ha_yr"])
    area_ha = Decimal(statement.project.area_m2) / M2_PER_HA
    worst = max(yearly_kg(statement).values(), default=0)
    rate = Decimal(worst) / KG_PER_T / area_ha if area_ha else Decimal(0)
    mature, whole = mature_kg(statement), standing_kg(statement)
    change = max(yearly_removal_kg(statement).values(), default=0)
    gone = two_years_kg(statement)
    stocked = change >= STOCK_SHARE * mature if change else False
    pools = [(stock.pool, stock.state) for stock in statement.stocks]
    counted = [entry["pool"] for entry in statement.method.plan["pools"]]
    twice = len(set(pools)) < len(pools) or len(set(counted)) < len(counted)
    short = broken_sum(statement)
    return gate(
        "plausibility",
        ok=area_ha > 0 and rate <= ceiling and not stocked and gone <= whole and not twice and not short,
        measured=f"at most {rate:.3f} t CO2e/ha/yr; largest yearly removal {_percent(change, mature)} of the mature stock, "
        f"largest emission of two years {_percent(gone, whole)} of all that stands; "
        f"{'a pool twice' if twice else 'no pool twice'}; years {f'do not add up to {short}' if short else 'add up'}",
        limit=f"≤ {ceiling} t CO2e/ha/yr (the plan's own ceiling); removal in a year < "
        f"{decimal_str(100 * STOCK_SHARE, places=0)} % of the mature stock; no more emitted in two years than stands; "
        "each pool once; sum of years = period = cumulative",
    )


def _percent(part: int, whole: Fraction) -> str:
    return f"{decimal_str(100 * part / whole, places=1)} %" if whole else "without"


def broken_sum(s: Statement) -> str | None:
    """Total that is not the sum of its years, or None."""
    q = s.quantities
    given = [v.gross_benefit_kg - (v.leakage_kg or 0) for v in q.vintages if v.gross_benefit_kg is not None]
    first, flows = int(s.period.start[:4]), sum(flow.kg_co2e for flow in q.flows)
    earlier = (
        sum(row.kg_co2e for row in q.reference_level if row.year < first)
        - sum(flow.kg_co2e for flow in q.flows if flow.year < first)
        - sum(row.kg_co2e for row in q.leakage if row.year < first)
    )
    totals = {
        "the period's": q.period_project_kg == sum(v.project_emissions_kg + v.project_removals_kg for v in q.vintages),
        "the cumulative": q.cumulative_project_kg == flows,
        "the net benefit": q.cumulative_benefit_kg is None or q.cumulative_benefit_kg == earlier + sum(given),
        "the issuable": q.issuable_t == sum(v.issuable_t for v in q.vintages),
    }
    return next((name for name, same in totals.items() if not same), None)


def yearly_kg(s: Statement) -> dict[str, int]:
    """Magnitudes that the ceiling bounds, by what and when: project, baseline and benefit of every year since the start."""
    found: dict[str, int] = {}
    for (year, kind), kg in project_kg(s).items():
        found[f"project {kind} {year}"] = abs(kg)
    for v in s.quantities.vintages:
        found[f"project {v.year}"] = max(abs(v.project_emissions_kg), abs(v.project_removals_kg))
        if v.gross_benefit_kg is not None:
            found[f"benefit {v.year}"] = abs(v.gross_benefit_kg)
    for row in s.quantities.reference_level:
        found[f"{row.flow} of the baseline {row.year}"] = abs(row.kg_co2e)
    return found


def project_kg(s: Statement) -> dict[tuple[int, str], int]:
    """Project emissions and removals by year since the project's start."""
    found: dict[tuple[int, str], int] = {}
    for flow in s.quantities.flows:
        found[flow.year, flow.kind] = found.get((flow.year, flow.kind), 0) + flow.kg_co2e
    return found


def standing_kg(s: Statement) -> Fraction:
    """All carbon that the project area would hold if all of it were forest, kg CO2e: what can be emitted once."""
    whole = sum(kg_co2e(s.project.area_m2, Fraction(row.t_c_ha)) for row in s.stocks if row.state == "before")
    return max(Fraction(whole), mature_kg(s))


def two_years_kg(s: Statement) -> int:
    """Largest emission of two years in a row, of project or baseline: a forest is lost once."""
    project = {year: kg for (year, kind), kg in project_kg(s).items() if kind == "emission"}
    baseline = {row.year: row.kg_co2e for row in s.quantities.reference_level if row.flow == "emissions"}
    return max((side[year] + side.get(year + 1, 0) for side in (project, baseline) for year in side), default=0)


def mature_kg(s: Statement) -> Fraction:
    """Living biomass of the whole project area at the published density, kg CO2e."""
    rows = {row.role: row for row in s.factors}
    published = rows.get("agb_published", rows["agb"])
    density = Fraction(published.value) * (1 + Fraction(rows["root_shoot"].value)) * Fraction(rows["carbon_fraction"].value)
    return Fraction(kg_co2e(s.project.area_m2, density))


def yearly_removal_kg(s: Statement) -> dict[int, int]:
    """Largest removal of each year that project, baseline or benefit claims, kg CO2e."""
    found = {year: -kg for (year, kind), kg in project_kg(s).items() if kind == "removal"}
    for v in s.quantities.vintages:
        found[v.year] = max(found.get(v.year, 0), -v.project_removals_kg, v.removals_kg or 0)
    for row in s.quantities.reference_level:
        found[row.year] = max(found.get(row.year, 0), -row.kg_co2e)
    return found
