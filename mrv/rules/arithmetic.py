"""Arithmetic: a statement's numbers recomputed from its own tables, with nothing but integers and fractions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mrv.accounts.baseline import Leakage, LevelRow, ReferenceLevel
from mrv.accounts.claimed import Claimed
from mrv.accounts.tonnes import Told, find_spread, quantities
from mrv.activity.accuracy_rows import accuracy_of
from mrv.activity.cohort import FATES
from mrv.activity.commitment import seed_for
from mrv.activity.estimate import ESTIMATOR, area_rows, areas_of, design_strata, events_of
from mrv.carbon.pools import LOSS, LOST_STOCK, STANDING
from mrv.carbon.soil_factor import soil_factor
from mrv.carbon.stock import growth_rows, stock_rows
from mrv.carbon.tables import factors_for
from mrv.change.bandpass import check_sensors
from mrv.change.densities import check_densities
from mrv.checks import Check, decide
from mrv.equations import percentage_speaks
from mrv.errors import MRVError
from mrv.plan import MonitoringPlan, plan_from_json
from mrv.programme.credits import PriorCredit, RiskReport
from mrv.programme.rows import programme_row, worked_example
from mrv.rules.consistency import claim_faults, grid_faults, plot_faults, record_faults, sample_faults, seed_faults
from mrv.rules.draws import draw_faults
from mrv.rules.extents import extent_faults, maps_named
from mrv.rules.findings import findings
from mrv.rules.merged import merged_section
from mrv.rules.scenes import scene_faults
from mrv.rules.scope import absent, not_verified
from mrv.sections.activity import ESTIMATED_AREA, LOST, MAPPED_AREA, strata_of
from mrv.uncertainty.approach1 import approach1_percent
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mrv.activity.cohort import Event
    from mrv.programme.steps import Issuance
    from mrv.sections.quantities import LevelSection
    from mrv.statement import Statement

MEASURED = frozenset({"agb", "bgb", "growth", "bgb_growth", LOST_STOCK})
"""Roles that plots fill; their values are replayed, not recomputed from the tables."""


def check_arithmetic(statement: Statement) -> list[Check]:
    """Recompute what can be recomputed from the tables alone (a Monte Carlo cannot: ``mrv replay`` does).

    Returns:
        One check a table, ``statement.arithmetic.<table>``.
    """
    fault = plan_fault(statement)
    if fault is not None:  # every other question reads the plan
        return [decide("statement.arithmetic.plan", ok=False, detail=fault)]
    return [ask(name, statement) for name in _QUESTIONS]


def ask(name: str, statement: Statement) -> Check:
    """Put one question to a statement whose plan is a plan; never raises on a bad one.

    Args:
        name: Table asked about.
        statement: The statement.
    """
    try:
        wrong = list(_QUESTIONS[name](statement))
    except (ArithmeticError, KeyError, ValueError, TypeError, IndexError, RuntimeError, AttributeError, MRVError) as error:
        wrong = [f"cannot be recomputed: {error!r}"]
    return decide(f"statement.arithmetic.{name}", ok=not wrong, detail="; ".join(wrong) or "recomputed")


def plan_fault(statement: Statement) -> str | None:
    """Why the embedded plan is none that this package would run, or None."""
    try:
        plan = plan_from_json(statement.method.plan)
        factors_for(plan.factors)
        check_densities(plan)
        check_sensors(plan)
    except MRVError as error:
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
    if isinstance(stated, dict) and isinstance(computed, dict) and set(stated) == set(computed):
        name = next(name for name in stated if stated[name] != computed[name])
        yield from _differs(f"{what}, {name}", stated[name], computed[name])
        return
    yield f"{what}: stated {stated}, recomputed {computed}"


def _plan_of(s: Statement) -> MonitoringPlan:
    return plan_from_json(s.method.plan)


def _years(s: Statement) -> range:
    return range(int(s.method.plan["project"]["start"][:4]), int(s.period.end[:4]) + 1)


def _names(s: Statement) -> set[str]:
    return {row.name for row in s.inputs}


def _plan(s: Statement) -> Iterator[str]:
    known = _plan_of(s)
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
    project = (s.project.id, s.project.name, s.project.country, s.project.kind, s.project.simulated)
    table = known.project
    yield from _differs("project", project, (table.id, table.name, table.country, table.kind, table.simulated))
    yield from _differs("area formula", s.method.area_formula, known.grid.area_formula)
    yield from _differs("grid", s.grid.crs, known.grid.crs)
    yield from _differs("generator", s.uncertainty.generator, known.random.generator)
    names = [row.name for row in s.inputs]
    yield from _differs("inputs", names, sorted(set(names)))


def _observation(s: Statement) -> Iterator[str]:
    plan = _plan_of(s)
    seen = {"used", "history"} if plan.method.monitors else {"layer"}
    detector = [source.id for source in plan.monitored]
    days = [date.fromisoformat(e.date) for e in s.evidence if e.status in seen and e.source in detector]
    yield from _differs("scenes used", s.observation.scenes_used, len(days))
    yield from _differs("merged", s.observation.merged, merged_section(plan, s.evidence))
    names = [(scene.source, scene.id) for scene in s.evidence]
    yield from _differs("scenes listed twice", len(names) - len(set(names)), 0)
    single = [*_sources(s, "tree-cover"), *_sources(s, "biomass")]
    yield from _differs("layers", [e.source for e in s.evidence if e.status == "layer" and e.source not in detector], single)
    yield from _differs("scenes available", s.observation.scenes_available, sum(e.source in detector for e in s.evidence))
    if days:
        yield from _differs("first", s.observation.first, min(days).isoformat())
        yield from _differs("last", s.observation.last, max(days).isoformat())
        yield from _differs("record", s.observation.record_days, (max(days) - min(days)).days)
        gap = max(((b - a).days for a, b in pairwise(sorted(days))), default=0)
        yield from _differs("longest gap", s.observation.longest_gap_days, gap)


def _sources(s: Statement, role: str) -> list[str]:
    return [source["id"] for source in s.method.plan["sources"] if source["role"] == role]


def _areas(s: Statement) -> Iterator[str]:
    strata, method = s.activity.strata, s.method.plan["method"]
    yield from _differs("strata", [row.stratum for row in strata], list(strata_of(method)))
    yield from _differs("maps", [row.name for row in s.activity.maps], maps_named(_plan_of(s)))
    yield from _differs("pixels", s.project.pixels, sum(row.pixels for row in strata))
    # Each area is rounded once, on its own: sums agree within half a square metre a part.
    if abs(s.project.area_m2 - sum(row.area_m2 for row in strata)) > (len(strata) + 1) // 2:
        yield f"strata add up to {sum(row.area_m2 for row in strata)} m², the project has {s.project.area_m2}"
    lost = [row for row in strata if row.stratum in LOST]
    yield from _differs("pixels lost", sum(row.pixels for row in lost), sum(row.pixels for row in s.activity.loss))
    lost_m2 = sum(row.area_m2 for row in lost)
    if abs(lost_m2 - sum(row.area_m2 for row in s.activity.loss)) > (len(s.activity.loss) + len(lost)) // 2:
        yield f"loss by year adds up to {sum(row.area_m2 for row in s.activity.loss)} m², its strata have {lost_m2}"
    yield from _differs("years of loss", [row.year for row in s.activity.loss], list(_years(s)))
    yield from extent_faults(s, _plan_of(s), _years(s))


def _sample(s: Statement) -> Iterator[str]:
    a, table, given = s.activity, _plan_of(s).reference, "reference.csv" in _names(s)
    yield from _differs("sample", a.sample is not None, given)
    yield from _differs("label", a.label, ESTIMATED_AREA if given else MAPPED_AREA)
    yield from _differs("estimator", a.estimator, ESTIMATOR if given else "none")
    if a.sample is None or table is None:
        yield from _differs("estimates without a sample", (a.sample, a.estimates, a.accuracy), (None, [], None))
        return
    signed = (a.sample.interval, a.sample.response_design, a.sample.fpc)
    yield from _differs("interval and response design", signed, (table.interval, table.response_design, True))
    rows = [row.model_dump() for row in a.sample.strata]
    total = sum(row["area_m2"] for row in rows)
    if abs(total - s.project.area_m2) > (len(rows) + 1) // 2:
        yield f"design strata add up to {total} m², the project has {s.project.area_m2}"
    if any(not 0 <= row["responded"] <= row["drawn"] <= row["units"] for row in rows):
        yield "a stratum has more units interpreted than drawn, or more drawn than it has"
    design = design_strata(rows)
    hits: dict[Event, list[int]] = {(row.activity, row.year): row.hits for row in a.estimates}
    gold = a.sample.gold
    yield from _differs("expert", gold and gold.expert, table.expert)
    if gold is not None:
        yield from _differs("fates", gold.classes, list(FATES))
    counts = None if gold is None else gold.counts
    wanted = area_rows(design, hits, events_of(table.intensities, list(_years(s))), method=table.interval, gold=counts)
    if a.sample.committed_at >= a.sample.beacon_at:
        yield f"the beacon of {a.sample.beacon_at} was known when the frame was committed, {a.sample.committed_at}"
    yield from _differs("seed of the draw", a.sample.seed, seed_for(a.sample.frame_digest, a.sample.beacon))
    yield from _differs("estimates", [row.model_dump() for row in a.estimates], wanted)
    if a.accuracy is None:
        yield "no error matrix"
        return
    counted = [sum(row) for row in a.accuracy.counts]
    yield from _differs("units in the error matrix", counted, [row["responded"] for row in rows])
    yield from _differs("accuracy", a.accuracy.model_dump(), accuracy_of(design, a.accuracy.counts))


def _factors(s: Statement) -> Iterator[str]:
    plan = _plan_of(s)
    known = {**factors_for(plan.factors), **soil_factor(plan)}
    published = known["agb"]
    if plan.biomass is not None:
        known = {**known, "agb_published": published}
    # A growth that nobody measured is the plan's published one, plots or not.
    measured = [row.role for row in s.factors if row.id.startswith("plots.")]
    stated = {row.role: row.model_dump() for row in s.factors if row.role not in measured}
    published_of = {role: factor.as_row(role) for role, factor in known.items() if role not in measured}
    yield from _differs("factors", stated, published_of)
    need = {"agb", LOST_STOCK} if plan.biomass is not None else set()
    if not need <= set(measured) <= (MEASURED if need else set()) or len({row.role for row in s.factors}) < len(s.factors):
        yield f"measured factors {measured} are not those of plots"
    source = {row.digest for row in s.inputs if row.name == "plots.csv"}
    for row in s.factors:
        if row.role in measured and row.source not in {f"plots.csv {digest}" for digest in source}:
            yield f"{row.role} is said to come from {row.source}"


def _values(s: Statement) -> dict[str, Fraction]:
    return {row.role: Fraction(row.value) for row in s.factors}


def _activity_areas(s: Statement) -> dict[tuple[str, int], int]:
    years = list(_years(s))
    if s.activity.sample is not None:
        return areas_of([row.model_dump() for row in s.activity.estimates], years)
    standing = sum(row.area_m2 for row in s.activity.strata if row.stratum not in {"stable non-forest", "gain of forest"})
    found: dict[tuple[str, int], int] = {}
    for row in s.activity.loss:
        standing -= row.area_m2
        found[LOSS, row.year], found[STANDING, row.year] = row.area_m2, standing
    return found


def _stocks(s: Statement) -> Iterator[str]:
    plan, values = _plan_of(s), _values(s)
    yield from _differs("densities", [row.model_dump() for row in s.stocks], stock_rows(plan, values))
    growth = growth_rows(plan, _activity_areas(s), values, reference_year=s.quantities.stock_year)
    yield from _differs("growth curve", [row.model_dump() for row in s.growth], growth)
    yield from _differs("years of the growth curve", [row.year for row in s.growth_intervals], list(_years(s)))
    for row in s.growth_intervals:
        whole = sum(part["kg_co2e"] for part in growth if (part["year"], part["stratum"]) == (row.year, "forest"))
        yield from _differs(f"stock {row.year}", row.kg_co2e, whole)
        if row.ci90_kg[0] > row.ci90_kg[1]:
            yield f"the interval of the stock {row.year} is upside down"
    year = s.biomass.reference_year if s.biomass else plan.project.start.year - 1
    yield from _differs("year of the stock", s.quantities.stock_year, year)


def claimed_of(s: Statement) -> Claimed:
    """What the project states, from the statement's own tables."""
    q, names = s.quantities, _names(s)
    return Claimed(
        level=ReferenceLevel(tuple(_level(row) for row in q.reference_level)) if "reference_level.csv" in names else None,
        leakage=Leakage(tuple(_level(row) for row in q.leakage)) if "leakage.toml" in names else None,
        prior=tuple(PriorCredit(**row.model_dump()) for row in q.prior) if "prior_credits.csv" in names else None,
        risk=None if q.risk is None else RiskReport(
            Decimal(q.risk.risk_rating_percent), Decimal(q.risk.buffer_percent), Decimal(q.risk.loss_event_threshold_percent),
            q.risk.document, date.fromisoformat(q.risk.as_of),
        ),
    )  # fmt: skip


def _level(row: LevelSection) -> LevelRow:
    return LevelRow(row.year, row.flow, Decimal(row.quantity), row.unit, Decimal(row.se), row.method, row.document)


def _amounts(s: Statement) -> tuple[dict[str, Any], Issuance | None]:
    years = tuple(range(int(s.period.start[:4]), int(s.period.end[:4]) + 1))
    told = Told(
        plan=_plan_of(s), years=years, areas_m2=_activity_areas(s), values=_values(s), stock_year=s.quantities.stock_year,
        claimed=claimed_of(s), estimated=s.activity.sample is not None,
    )  # fmt: skip
    rows = [row.model_dump() for row in s.uncertainty.drawn]
    return quantities(told, lambda quantity, span: find_spread(rows, quantity, span))


def _quantities(s: Statement) -> Iterator[str]:
    wanted, _ = _amounts(s)
    yield from _differs("quantities", s.quantities.model_dump(), wanted)
    given = {"risk_report.toml": s.quantities.risk is not None, "registry_extract.json": s.authorisation is not None}
    for name, there in given.items():
        yield from _differs(name, there, name in _names(s))
    if s.quantities.prior and "prior_credits.csv" not in _names(s):
        yield "prior credits are listed, but prior_credits.csv is no input"


def _uncertainty(s: Statement) -> Iterator[str]:
    u, plan = s.uncertainty, _plan_of(s)
    factors = {row.role: row for row in s.factors}
    yield from _differs("Approach 1", u.approach1_half_width_percent, approach1_percent(factors))
    for row in u.drawn:
        name = f"{row.quantity} of the {row.span}"
        yield from _differs(f"half-width, {name}", row.hw90_kg, (row.q95_kg - row.q05_kg) // 2)
        speaks = percentage_speaks(row.mean_kg, row.hw90_kg)
        percent = decimal_str(Fraction(100 * row.hw90_kg, row.mean_kg), places=4) if speaks else None
        yield from _differs(f"half-width percent, {name}", row.hw90_percent, percent)
    claimed = claimed_of(s)
    kinds = ["project", "gross emissions"]
    kinds += ["baseline"] if claimed.level else []
    kinds += ["leakage"] if claimed.leakage else []
    kinds += ["net benefit"] if claimed.level else []
    wanted = [(kind, span) for span in ("period", "cumulative") for kind in kinds]
    yield from _differs("drawn quantities", [(row.quantity, row.span) for row in u.drawn], wanted)
    yield from _differs("draws", u.draws, plan.random.draws)
    yield from _differs("confidence in the claim", u.confidence_in_claim_percent is not None, claimed.level is not None)


def _programme(s: Statement) -> Iterator[str]:
    plan = _plan_of(s)
    _, issued = _amounts(s)
    rows = [row.model_dump() for row in s.uncertainty.drawn]
    wanted = {
        **programme_row(plan, issued),
        "worked_example": worked_example(plan, s.quantities.period_project_kg, rows),
    }
    yield from _differs("programme", s.programme.model_dump(), wanted)


def _words(s: Statement) -> Iterator[str]:
    plan = _plan_of(s)
    monitors, later = plan.method.monitors, plan.is_later(date.fromisoformat(s.period.start))
    yield from _differs("absent", [row.model_dump() for row in s.absent], absent(_names(s), later=later))
    yield from _differs("not verified", s.not_verified, not_verified(_names(s), monitors=monitors))
    yield from _differs("findings", [row.model_dump() for row in s.findings], [row.model_dump() for row in findings(s)])


_QUESTIONS: dict[str, Callable[[Statement], Iterator[str]]] = {
    "plan": _plan,
    "seed": seed_faults,
    "grid": lambda s: grid_faults(s, _plan_of(s)),
    "scenes": lambda s: scene_faults(s, _plan_of(s)),
    "observation": _observation,
    "record": record_faults,
    "areas": _areas,
    "sample": _sample,
    "cohort": lambda s: sample_faults(s, _plan_of(s), list(_years(s))),
    "plots": lambda s: plot_faults(s, _plan_of(s)),
    "factors": _factors,
    "stocks": _stocks,
    "stated": claim_faults,
    "quantities": _quantities,
    "uncertainty": _uncertainty,
    "draws": lambda s: draw_faults(s, _plan_of(s)),
    "programme": _programme,
    "words": _words,
}
