"""Evidence gates: whether the record is long enough, and whether ground and satellite tell the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.equations import sqrt_fraction
from mrv.rules.gate import gate

if TYPE_CHECKING:
    from mrv.sections import GateSection
    from mrv.statement import Statement

DAYS_PER_YEAR = Decimal("365.25")
Z99 = Fraction("2.575829")
"""Standard normal quantile of 0.995: disagreement is called at 99 %, so that sampling alone seldom is one."""


def continuity(statement: Statement) -> GateSection:
    """Record shorter than the plan allows (three years at least), or a gap longer than it allows, also at the period's end."""
    method = statement.method.plan["method"]
    seen, rules = statement.observation, method.get("observation") or method["record"]
    years = max(3, int(rules["min_record_years"]))
    need, gap = int(years * DAYS_PER_YEAR), int(rules["max_gap_days"])
    silent = (date.fromisoformat(statement.period.end) - date.fromisoformat(seen.last)).days
    return gate(
        "continuity",
        ok=seen.record_days >= need and max(seen.longest_gap_days, silent) <= gap,
        measured=f"record {seen.record_days} days, longest gap {seen.longest_gap_days} days, {silent} days unseen at the end",
        limit=f"record ≥ {need} days, gap ≤ {gap} days",
    )


def dual_evidence(statement: Statement) -> GateSection:
    """No ground data, none by a probability design, or ground and satellite that disagree beyond their intervals."""
    missing = [entry.input for entry in statement.absent if entry.input in {"plots", "reference sample"}]
    limit = "plots and reference sample by a probability design; map within 99 % of the estimate, plots within the published"
    if missing:
        return gate("dual evidence", ok=False, measured="no " + ", no ".join(missing), limit=limit)
    if statement.biomass is not None and statement.biomass.label == "model-based":
        return gate("dual evidence", ok=False, measured="the plots are no probability sample", limit=limit)
    disagree, told = loss_disagrees(statement)
    apart, also = _stock_disagrees(statement)
    return gate("dual evidence", ok=not (disagree or apart), measured=f"{told}; {also}", limit=limit)


def loss_disagrees(s: Statement) -> tuple[bool, str]:
    """Loss since the project's start: mapped against estimated."""
    mapped = sum(row.area_m2 for row in s.activity.loss)
    rows = [row for row in s.activity.estimates if row.activity == "loss"]
    estimated = sum(row.area_m2 for row in rows)
    # Yearly losses of one panel exclude each other, so their variances add up to no less than the sum's.
    se = sqrt_fraction(Fraction(sum(row.se_m2**2 for row in rows)))
    slack = max(Z99 * se, max((Fraction(row.ci90_m2[1] - row.area_m2) for row in rows), default=Fraction(0)))
    told = f"loss mapped {mapped} m², estimated {estimated} ± {int(slack)} m²"
    return abs(mapped - estimated) > slack, told


def _stock_disagrees(s: Statement) -> tuple[bool, str]:
    """Above-ground biomass: plots against the published factor that the plan names, 95 % intervals."""
    rows = {row.role: row for row in s.factors}
    published = rows.get("agb_published")
    if published is None:
        return False, "no plots"
    here, there = rows["agb"], published
    apart = Fraction(here.low) > Fraction(there.high) or Fraction(here.high) < Fraction(there.low)
    return apart, f"plots {here.low} to {here.high}, published {there.low} to {there.high} t d.m./ha"
