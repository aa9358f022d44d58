"""Plausibility: the magnitudes that the gate of that name bounds, from a statement's tables."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.units import kg_co2e

if TYPE_CHECKING:
    from mrv.statement import Statement


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
