"""Arithmetic: a statement's numbers recomputed from its own tables, with nothing but integers and fractions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.checks import Check, decide
from mrv.equations import above_ground_carbon, below_ground_carbon, percentage_speaks
from mrv.programme.art_trees import worked_example
from mrv.uncertainty.approach1 import Interval, emission_uncertainty
from mrv.units import decimal_str, kg_co2e, sha256_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mrv.statement import FactorSection, Statement

ROLES = ("agb", "root_shoot", "carbon_fraction", "after_biomass", "after_carbon_fraction")


def check_arithmetic(statement: Statement) -> list[Check]:
    """Recompute what can be recomputed from the tables alone (a Monte Carlo cannot: ``mrv replay`` does).

    Returns:
        One check a table, ``statement.arithmetic.<table>``.
    """
    checks = []
    for name, question in _QUESTIONS.items():
        try:
            wrong = list(question(statement))
        except (ArithmeticError, KeyError, ValueError, TypeError, IndexError) as error:
            wrong = [f"cannot be recomputed: {error!r}"]
        checks.append(decide(f"statement.arithmetic.{name}", ok=not wrong, detail="; ".join(wrong) or "recomputed"))
    return checks


def _differs(what: str, stated: object, computed: object) -> Iterator[str]:
    if stated != computed:
        yield f"{what}: stated {stated}, recomputed {computed}"


def _plan(s: Statement) -> Iterator[str]:
    plan = s.method.plan
    yield from _differs("plan digest", s.method.plan_digest, sha256_json(plan))
    unclaimed = {key: value for key, value in plan.items() if key != "claim"}
    yield from _differs("method digest", s.method.method_digest, sha256_json(unclaimed))
    claims = [claim for claim in plan["claim"] if claim["period"] == s.period.name]
    yield from _differs("claims for the period", 1, len(claims))
    yield from _differs("period", (s.period.start, s.period.end), (claims[0]["start"], claims[0]["end"]))
    stated = {str(vintage.year): vintage.t_co2e for vintage in s.claim.vintages}
    yield from _differs("claimed vintages", stated, claims[0]["vintages"])
    yield from _differs("project id", s.project.id, plan["project"]["id"])
    yield from _differs("simulated", s.project.simulated, plan["project"]["simulated"])


def _observation(s: Statement) -> Iterator[str]:
    days = [date.fromisoformat(scene.date) for scene in s.evidence if scene.status in {"used", "history"}]
    yield from _differs("scenes used", s.observation.scenes_used, len(days))
    available = sum(scene.status != "layer" for scene in s.evidence)
    yield from _differs("scenes available", s.observation.scenes_available, available)
    if days:
        yield from _differs("first", s.observation.first, min(days).isoformat())
        yield from _differs("last", s.observation.last, max(days).isoformat())
        yield from _differs("record", s.observation.record_days, (max(days) - min(days)).days)
        gap = max(((b - a).days for a, b in pairwise(sorted(days))), default=0)
        yield from _differs("longest gap", s.observation.longest_gap_days, gap)


def _areas(s: Statement) -> Iterator[str]:
    strata = s.activity.strata
    yield from _differs("pixels", s.project.pixels, sum(row.pixels for row in strata))
    # Each area is rounded once, on its own: sums agree within half a square metre a part.
    if abs(s.project.area_m2 - sum(row.area_m2 for row in strata)) > (len(strata) + 1) // 2:
        yield f"strata add up to {sum(row.area_m2 for row in strata)} m², the project has {s.project.area_m2}"
    lost = next(row for row in strata if row.stratum == "tree-cover loss")
    yield from _differs("pixels lost", lost.pixels, sum(row.pixels for row in s.activity.loss))
    if abs(lost.area_m2 - sum(row.area_m2 for row in s.activity.loss)) > (len(s.activity.loss) + 1) // 2:
        yield f"loss by year adds up to {sum(row.area_m2 for row in s.activity.loss)} m², the stratum has {lost.area_m2}"
    start = int(s.method.plan["project"]["start"][:4])
    years = list(range(start, int(s.period.end[:4]) + 1))
    yield from _differs("years of loss", [row.year for row in s.activity.loss], years)


def _factor(s: Statement, role: str) -> FactorSection:
    name = s.method.plan["factors"][role]
    return next(factor for factor in s.factors if factor.id == name)


def _densities(s: Statement) -> dict[str, Fraction]:
    agb, ratio, fraction, after, after_fraction = (Fraction(_factor(s, role).value) for role in ROLES)
    return {
        "above-ground biomass": above_ground_carbon(agb, fraction),
        "below-ground biomass": below_ground_carbon(agb, ratio, fraction),
        "biomass after loss": above_ground_carbon(after, after_fraction),
    }


def _factors(s: Statement) -> Iterator[str]:
    yield from _differs("factors", {f.id for f in s.factors}, {s.method.plan["factors"][role] for role in ROLES})
    for name, value in s.method.plan["factors"].get("overrides", {}).items():
        factor = next(f for f in s.factors if f.id == name)
        yield from _differs(f"override of {name}", factor.value, value)
        yield from _differs(f"{name} marked as overridden", factor.overridden, True)
    for factor in s.factors:
        if not Decimal(factor.low) <= Decimal(factor.value) <= Decimal(factor.high):
            yield f"{factor.id} lies outside its interval"


def _stocks(s: Statement) -> Iterator[str]:
    density = _densities(s)
    stated = {stock.pool: stock.t_c_ha for stock in s.stocks}
    yield from _differs("densities", stated, {pool: decimal_str(value, places=6) for pool, value in density.items()})
    standing = sum(row.area_m2 for row in s.activity.strata if row.stratum != "stable non-forest")
    for row in s.growth:
        lost = sum(loss.area_m2 for loss in s.activity.loss if loss.year <= row.year)
        area = lost if row.stratum == "lost" else standing - lost
        yield from _differs(f"{row.stratum} area {row.year}", row.area_m2, area)
        yield from _differs(f"{row.pool} {row.year}", row.kg_co2e, kg_co2e(row.area_m2, density[row.pool]))


def _quantities(s: Statement) -> Iterator[str]:
    density = _densities(s)
    per_ha = density["above-ground biomass"] + density["below-ground biomass"] - density["biomass after loss"]
    emitted = {row.year: kg_co2e(row.area_m2, per_ha) for row in s.activity.loss}
    first, last = int(s.period.start[:4]), int(s.period.end[:4])
    q = s.quantities
    yield from _differs("vintages", [v.year for v in q.vintages], list(range(first, last + 1)))
    for vintage in q.vintages:
        yield from _differs(f"project emissions {vintage.year}", vintage.project_kg, emitted[vintage.year])
        benefit = None if vintage.baseline_kg is None else vintage.baseline_kg - vintage.project_kg
        yield from _differs(f"gross benefit {vintage.year}", vintage.gross_benefit_kg, benefit)
    yield from _differs("period", q.period_project_kg, sum(v.project_kg for v in q.vintages))
    yield from _differs("cumulative", q.cumulative_project_kg, sum(emitted.values()))
    yield from _differs("issuable", q.issuable_t, q.steps[-1].result)
    for before, after in pairwise(q.steps):
        yield from _differs(f"base of {after.equation}", after.base, before.result)


def _uncertainty(s: Statement) -> Iterator[str]:
    u = s.uncertainty
    intervals = {
        role: Interval(Fraction(f.value), Fraction(f.low), Fraction(f.high))
        for role, f in ((role, _factor(s, role)) for role in ROLES)
    }
    result = emission_uncertainty(intervals)
    half = None if result.half_width_percent is None else decimal_str(result.half_width_percent, places=4)
    yield from _differs("Approach 1", u.approach1_half_width_percent, half)
    shares = [(_factor(s, role).id, decimal_str(result.variance_percent[role], places=4)) for role in ROLES]
    stated = sorted((c.factor, c.variance_percent) for c in u.contributions)
    yield from _differs("contributions", stated, sorted(shares))
    yield from _differs("half-width", u.hw90_kg, (u.q95_kg - u.q05_kg) // 2)
    if not u.q05_kg <= u.q95_kg:
        yield "the 5th percentile lies above the 95th"
    percent = decimal_str(Fraction(100 * u.hw90_kg, u.mean_kg), places=4) if percentage_speaks(u.mean_kg, u.hw90_kg) else None
    yield from _differs("half-width percent", u.hw90_percent, percent)
    yield from _differs("draws", u.draws, s.method.plan["random"]["draws"])


def _programme(s: Statement) -> Iterator[str]:
    example = s.programme.worked_example
    if example is None:
        return
    steps = worked_example(s.quantities.period_project_kg, s.uncertainty.hw90_kg)
    stated = [(e.equation, e.base, e.input, e.result, e.unit) for e in example.steps]
    yield from _differs("worked example", stated, [(t.equation, t.base, t.input, t.result, t.unit) for t in steps])


_QUESTIONS: dict[str, Callable[[Statement], Iterator[str]]] = {
    "plan": _plan,
    "observation": _observation,
    "areas": _areas,
    "factors": _factors,
    "stocks": _stocks,
    "quantities": _quantities,
    "uncertainty": _uncertainty,
    "programme": _programme,
}
