"""Arithmetic: a statement's numbers recomputed from its own tables, with nothing but integers and fractions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.carbon.stock import Densities, densities, growth_rows, stock_rows
from mrv.carbon.tables import ROLES, factors_for
from mrv.checks import Check, decide
from mrv.equations import percentage_speaks
from mrv.errors import PlanError
from mrv.findings import findings
from mrv.plan import plan_from_json
from mrv.programme.art_trees import worked_example
from mrv.programme.steps import MISSING, TEXT_VERIFIED, scope_limitation
from mrv.scope import ABSENT, NOT_VERIFIED
from mrv.sections import MAP_NAMES, STRATUM_NAMES
from mrv.uncertainty.approach1 import Interval, emission_uncertainty
from mrv.units import decimal_str, kg_co2e

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mrv.statement import Statement


def check_arithmetic(statement: Statement) -> list[Check]:
    """Recompute what can be recomputed from the tables alone (a Monte Carlo cannot: ``mrv replay`` does).

    Returns:
        One check a table, ``statement.arithmetic.<table>``.
    """
    fault = plan_fault(statement)
    if fault is not None:  # every other question reads the plan
        return [decide("statement.arithmetic.plan", ok=False, detail=fault)]
    checks = []
    for name, question in _QUESTIONS.items():
        try:
            wrong = list(question(statement))
        except (ArithmeticError, KeyError, ValueError, TypeError, IndexError, RuntimeError, AttributeError) as error:
            wrong = [f"cannot be recomputed: {error!r}"]
        checks.append(decide(f"statement.arithmetic.{name}", ok=not wrong, detail="; ".join(wrong) or "recomputed"))
    return checks


def plan_fault(statement: Statement) -> str | None:
    """Why the embedded plan is none that this package would run, or None."""
    try:
        factors_for(plan_from_json(statement.method.plan).factors)
    except PlanError as error:
        return str(error)
    return None


def _differs(what: str, stated: object, computed: object) -> Iterator[str]:
    if stated == computed:
        return
    if isinstance(stated, list) and isinstance(computed, list):
        # The first row that differs says enough.
        if len(stated) != len(computed):
            yield f"{what}: {len(stated)} rows stated, {len(computed)} recomputed"
            return
        stated, computed = next((a, b) for a, b in zip(stated, computed, strict=True) if a != b)
    yield f"{what}: stated {stated}, recomputed {computed}"


def _plan(s: Statement) -> Iterator[str]:
    known = plan_from_json(s.method.plan)
    yield from _differs("plan", s.method.plan, known.as_json())
    yield from _differs("plan digest", s.method.plan_digest, known.digest())
    yield from _differs("method digest", s.method.method_digest, known.method_digest())
    claim = next((claim for claim in known.claim if claim.period == s.period.name), None)
    if claim is None:
        yield f"the plan has no claim for period {s.period.name}"
        return
    yield from _differs("period", (s.period.start, s.period.end), (str(claim.start), str(claim.end)))
    yield from _differs("claimed vintages", [(v.year, v.t_co2e) for v in s.claim.vintages],
                        [(int(year), t) for year, t in sorted(claim.vintages.items())])  # fmt: skip
    yield from _differs("claim", (s.claim.article6, s.claim.assurance), (claim.article6, claim.assurance))
    project = (s.project.id, s.project.name, s.project.country, s.project.simulated)
    table = known.project
    yield from _differs("project", project, (table.id, table.name, table.country, table.simulated))
    yield from _differs("area formula", s.method.area_formula, known.grid.area_formula)
    yield from _differs("grid", s.grid.crs, known.grid.crs)
    yield from _differs("GWP set", s.quantities.gwp, known.factors.gwp)
    yield from _differs("generator", s.uncertainty.generator, known.random.generator)
    yield from _differs("programme", s.programme.id, known.programme.id)


def _observation(s: Statement) -> Iterator[str]:
    days = [date.fromisoformat(scene.date) for scene in s.evidence if scene.status in {"used", "history"}]
    yield from _differs("scenes used", s.observation.scenes_used, len(days))
    names = [(scene.source, scene.id) for scene in s.evidence]
    yield from _differs("scenes listed twice", len(names) - len(set(names)), 0)
    layers = [scene.source for scene in s.evidence if scene.status == "layer"]
    covers = [source["id"] for source in s.method.plan["sources"] if source["role"] == "tree-cover"]
    yield from _differs("layers", layers, covers)
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
    yield from _differs("strata", [row.stratum for row in strata], list(STRATUM_NAMES))
    yield from _differs("maps", [row.name for row in s.activity.maps], list(MAP_NAMES))
    errors = [row.stratum for row in strata if row.se_m2 is not None or row.ci90_m2 is not None]
    yield from _differs("standard errors of a mapped area", errors, [])
    yield from _differs("pixels", s.project.pixels, sum(row.pixels for row in strata))
    # Each area is rounded once, on its own: sums agree within half a square metre a part.
    if abs(s.project.area_m2 - sum(row.area_m2 for row in strata)) > (len(strata) + 1) // 2:
        yield f"strata add up to {sum(row.area_m2 for row in strata)} m², the project has {s.project.area_m2}"
    lost = strata[0]
    yield from _differs("pixels lost", lost.pixels, sum(row.pixels for row in s.activity.loss))
    if abs(lost.area_m2 - sum(row.area_m2 for row in s.activity.loss)) > (len(s.activity.loss) + 1) // 2:
        yield f"loss by year adds up to {sum(row.area_m2 for row in s.activity.loss)} m², the stratum has {lost.area_m2}"
    start = int(s.method.plan["project"]["start"][:4])
    years = list(range(start, int(s.period.end[:4]) + 1))
    yield from _differs("years of loss", [row.year for row in s.activity.loss], years)


def _densities(s: Statement) -> Densities:
    return densities(factors_for(plan_from_json(s.method.plan).factors))


def _factors(s: Statement) -> Iterator[str]:
    known = factors_for(plan_from_json(s.method.plan).factors)
    yield from _differs("factors", [row.model_dump() for row in s.factors], [known[role].as_row() for role in ROLES])


def _stocks(s: Statement) -> Iterator[str]:
    stock = _densities(s)
    yield from _differs("densities", [row.model_dump() for row in s.stocks], stock_rows(stock))
    standing = sum(row.area_m2 for row in s.activity.strata if row.stratum != "stable non-forest")
    growth = growth_rows(stock, standing_m2=standing, loss_m2={row.year: row.area_m2 for row in s.activity.loss})
    yield from _differs("growth curve", [row.model_dump() for row in s.growth], growth)


def _quantities(s: Statement) -> Iterator[str]:
    per_ha = _densities(s).emission
    emitted = {row.year: kg_co2e(row.area_m2, per_ha) for row in s.activity.loss}
    first, last = int(s.period.start[:4]), int(s.period.end[:4])
    q = s.quantities
    yield from _differs("vintages", [v.year for v in q.vintages], list(range(first, last + 1)))
    for vintage in q.vintages:
        yield from _differs(f"project emissions {vintage.year}", vintage.project_kg, emitted[vintage.year])
        # No reference level, leakage or removals are read, so whatever stands there was invented.
        rest = (vintage.baseline_kg, vintage.leakage_kg, vintage.gross_benefit_kg, vintage.reductions_kg, vintage.removals_kg)
        yield from _differs(f"baseline, leakage and benefit {vintage.year}", rest, (None,) * len(rest))
    yield from _differs("period", q.period_project_kg, sum(v.project_kg for v in q.vintages))
    yield from _differs("cumulative", q.cumulative_project_kg, sum(emitted.values()))
    yield from _differs("prior credits", (q.cumulative_credited_t, q.prior_attestations), (0, []))
    steps = scope_limitation(MISSING)
    yield from _differs("steps", [row.model_dump() for row in q.steps], [asdict(step) for step in steps])
    yield from _differs("issuable", q.issuable_t, steps[-1].result)


def _uncertainty(s: Statement) -> Iterator[str]:
    u = s.uncertainty
    known = factors_for(plan_from_json(s.method.plan).factors)
    intervals = {role: Interval(factor.value, factor.low, factor.high) for role, factor in known.items()}
    result = emission_uncertainty(intervals)
    half = None if result.half_width_percent is None else decimal_str(result.half_width_percent, places=4)
    yield from _differs("Approach 1", u.approach1_half_width_percent, half)
    shares = [(known[role].id, decimal_str(result.variance_percent[role], places=4)) for role in ROLES]
    yield from _differs("contributions", [(c.factor, c.variance_percent) for c in u.contributions], shares)
    yield from _differs("half-width", u.hw90_kg, (u.q95_kg - u.q05_kg) // 2)
    if not u.q05_kg <= u.q95_kg:
        yield "the 5th percentile lies above the 95th"
    percent = decimal_str(Fraction(100 * u.hw90_kg, u.mean_kg), places=4) if percentage_speaks(u.mean_kg, u.hw90_kg) else None
    yield from _differs("half-width percent", u.hw90_percent, percent)
    yield from _differs("draws", u.draws, s.method.plan["random"]["draws"])


def _programme(s: Statement) -> Iterator[str]:
    yield from _differs("programme text", s.programme.text_verified, TEXT_VERIFIED[s.programme.id])
    example, wanted = s.programme.worked_example, s.method.plan["programme"]["worked_example"]
    yield from _differs(
        "worked example", example is not None, wanted and min(s.quantities.period_project_kg, s.uncertainty.mean_kg) > 0
    )
    if example is not None:
        yield from _differs("worked example's text", example.text_verified, TEXT_VERIFIED["art-trees-2.0"])
        u = s.uncertainty
        steps = worked_example(s.quantities.period_project_kg, mean_kg=u.mean_kg, half_width_90_kg=u.hw90_kg)
        yield from _differs("worked example", [row.model_dump() for row in example.steps], [asdict(step) for step in steps])


def _words(s: Statement) -> Iterator[str]:
    yield from _differs("absent", [(row.input, row.consequence, row.remedy) for row in s.absent], list(ABSENT))
    yield from _differs("not verified", s.not_verified, list(NOT_VERIFIED))
    yield from _differs("findings", [row.model_dump() for row in s.findings], [row.model_dump() for row in findings(s)])
    yield from _differs("frame", s.activity.frame_digest, None)


_QUESTIONS: dict[str, Callable[[Statement], Iterator[str]]] = {
    "plan": _plan,
    "observation": _observation,
    "areas": _areas,
    "factors": _factors,
    "stocks": _stocks,
    "quantities": _quantities,
    "uncertainty": _uncertainty,
    "programme": _programme,
    "words": _words,
}
