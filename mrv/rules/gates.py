"""Gates: what refuses arithmetic that is signed and wrong; functions of the statement's own tables.

Run when the statement is built and again by ``mrv check``.  Each says what it measured and its limit; an input that is
absent is *not assessed*, never *passed*.  Overlap and already-attested serials are checks of the registry, not gates.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from mrv.accounts.tonnes import CREDITABLE_WITH
from mrv.carbon.pools import METHANE
from mrv.checks import Check, decide
from mrv.equations import sqrt_fraction
from mrv.plan import STEP_OBSERVATIONS
from mrv.rules.plausibility import broken_sum, mature_kg, standing_kg, two_years_kg, yearly_kg, yearly_removal_kg
from mrv.sections import ConclusionSection, GateSection
from mrv.sections.activity import GAINED, MAPPED_AREA
from mrv.units import KG_PER_T, M2_PER_HA, decimal_str

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mrv.sections import Conclusion, GateStatus, SceneSection
    from mrv.statement import Statement

DAYS_PER_YEAR = Decimal("365.25")
Z99 = Fraction("2.575829")
"""Standard normal quantile of 0.995: disagreement is called at 99 %, so that sampling alone seldom is one."""
STOCK_SHARE = Fraction(1, 2)
"""A yearly change of half a mature stock is a stock entered as a change: no forest regrows in two years."""
NO_DEDUCTION = frozenset({"ipcc-only"})
"""Programmes that deduct nothing for uncertainty."""
CAPS: frozenset[str] = frozenset({"continuity", "dual evidence"})
"""Gates whose failure qualifies a conclusion; the failure of any other makes it adverse."""


def _gate(name: str, *, ok: bool | None, measured: str, limit: str) -> GateSection:
    status: GateStatus = "not assessed" if ok is None else "passed" if ok else "failed"
    return GateSection(id=name, status=status, measured=measured, limit=limit)


def continuity(statement: Statement) -> GateSection:
    """Record shorter than the plan allows (three years at least), or a gap longer than it allows, also at the period's end."""
    method = statement.method.plan["method"]
    seen, rules = statement.observation, method.get("observation") or method["record"]
    years = max(3, int(rules["min_record_years"]))
    need, gap = int(years * DAYS_PER_YEAR), int(rules["max_gap_days"])
    silent = (date.fromisoformat(statement.period.end) - date.fromisoformat(seen.last)).days
    return _gate(
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
        return _gate("dual evidence", ok=False, measured="no " + ", no ".join(missing), limit=limit)
    if statement.biomass is not None and statement.biomass.label == "model-based":
        return _gate("dual evidence", ok=False, measured="the plots are no probability sample", limit=limit)
    disagree, told = _loss_disagrees(statement)
    apart, also = _stock_disagrees(statement)
    return _gate("dual evidence", ok=not (disagree or apart), measured=f"{told}; {also}", limit=limit)


def _loss_disagrees(s: Statement) -> tuple[bool, str]:
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


def input_integrity(statement: Statement) -> GateSection:
    """A used scene whose dark vegetation contradicts its offset, an offset nobody could check, or steps in a row.

    A single scene off the others is haze and is left out.  Several in a row would be the loss of the whole forest, which
    leaving them out would hide.
    """
    change = statement.method.plan["method"]["change"]
    if change["detector"] == "extent-epochs/1":
        if "version_step" in change:
            return _versions(statement, int(change["version_step"]["most_px"]))
        return _gate(
            "input integrity", ok=None, measured=f"{statement.observation.scenes_used} classified maps, no reflectance",
            limit="every offset agrees with dark vegetation",
        )  # fmt: skip
    scenes = [scene for scene in statement.evidence if scene.status in {"used", "history"}]
    used = [scene for scene in scenes if scene.offset_rule != "none"]  # radar is calibrated by its publisher
    steps, longest = _steps_in_a_row(statement), int(change.get("consecutive", STEP_OBSERVATIONS))
    failed = [scene.id for scene in used if scene.offset_check == "failed"]
    wrong = [told for told in (_unmonitored(statement), _not_green(used)) if told]
    unknown = sum(scene.offset_check == "not assessed" for scene in used)
    return _gate(
        "input integrity",
        ok=False if failed or wrong or steps >= longest else None if unknown or not used else True,
        measured=f"{len(scenes)} scenes used, {_radar_words(len(scenes) - len(used))}{len(failed)} contradict their offset, "
        f"{unknown} not assessed"
        + (f": {failed[0]}" if failed else "")
        + f"; {steps} scenes left out in a row for a step of the whole forest"
        + "".join(f"; {told}" for told in wrong),
        limit=f"every offset agrees with dark vegetation; fewer than {longest} steps in a row, for more are no haze but the "
        "forest or its radiometry",
    )


def _unmonitored(s: Statement) -> str | None:
    """That a detector sees less than half of the forest: what it maps stratifies nothing."""
    forest = sum(row.pixels for row in s.activity.strata if row.stratum not in {"stable non-forest", GAINED})
    blind = s.observation.unmonitored_px
    return f"{blind} of {forest} forest pixels not monitored, more than half" if 2 * blind > forest else None


def _not_green(used: Sequence[SceneSection]) -> str | None:
    """That the forest of the history is not green: its bands are swapped, or it is no forest."""
    medians = sorted(scene.median_index for scene in used if scene.status == "history" and scene.median_index is not None)
    middle = medians[(len(medians) - 1) // 2] if medians else 0
    return (
        f"the forest's median NDVI in the history is {middle} × 10⁻⁴: are red and near infrared swapped?"
        if middle < 0
        else None
    )


def _versions(statement: Statement, most_px: int) -> GateSection:
    """Maps of one version, or steps between versions that end within the rings looked at."""
    found = statement.activity.extents
    if found is None:
        raise ValueError("the plan asks for an account of extent maps, and there is none")
    versions = list(dict.fromkeys(str(row.version) for row in found.epochs))
    steps = [f"{row.year} {row.width_px} px wide" for row in found.version_steps]
    return _gate(
        "input integrity",
        ok=all(row.width_px < most_px for row in found.version_steps),
        measured=f"{len(found.epochs)} classified maps, version {', '.join(versions)}"
        + (f"; step of {', '.join(steps)}, laid aside" if steps else ""),
        limit=f"the version of every map known; a step between versions ends within the {most_px} px looked at, for what lies "
        "beyond would be counted as change",
    )


def _steps_in_a_row(s: Statement) -> int:
    """Most scenes of one series in a row that were left out for a step of the whole forest; scenes merged by day are one."""
    merges = s.observation.merged is not None
    series: dict[str, list[SceneSection]] = {}
    for scene in s.evidence:
        if scene.status in {"used", "history", "index step"}:
            series.setdefault("" if merges else scene.source, []).append(scene)
    most = 0
    for scenes in series.values():
        run = 0
        for _, same in groupby(sorted(scenes, key=lambda one: (one.date, one.id)), lambda one: one.date if merges else one.id):
            run = run + 1 if all(one.status == "index step" for one in same) else 0
            most = max(most, run)
    return most


def _radar_words(images: int) -> str:
    return f"{images} of them radar, " if images else ""


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
    return _gate(
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


def claim(statement: Statement) -> GateSection:
    """Claimed tonnes above issuable tonnes; no tolerance. The chance that the benefit reaches the claim stands beside it."""
    claimed = {vintage.year: vintage.t_co2e for vintage in statement.claim.vintages}
    issuable = {vintage.year: vintage.issuable_t for vintage in statement.quantities.vintages}
    over = sorted(year for year, t in claimed.items() if t > issuable.get(year, 0))
    chance = statement.uncertainty.confidence_in_claim_percent
    return _gate(
        "claim",
        ok=not over and sum(claimed.values()) <= statement.quantities.issuable_t,
        measured=f"{sum(claimed.values())} t claimed"
        + (f", more than issuable in {over[0]}" if over else "")
        + (f"; the net benefit reaches the claim in {chance} % of draws" if chance is not None else ""),
        limit=f"≤ {statement.quantities.issuable_t} t issuable, in each vintage and in all",
    )


def uncertainty(statement: Statement) -> GateSection:
    """Nothing left by the programme's uncertainty, a factor outside 0 to 1, or a benefit without a percentage."""
    limit = "a deduction leaves 0 to 1 of the benefit, and more than nothing"
    left = statement.programme.factor_left
    if statement.activity.label == MAPPED_AREA:
        return _gate("uncertainty", ok=None, measured="mapped area has no error estimate", limit=limit)
    if left is None:
        benefit = sum((v.gross_benefit_kg or 0) - (v.leakage_kg or 0) for v in statement.quantities.vintages)
        if statement.programme.id in NO_DEDUCTION or _limited(statement) or benefit <= 0:
            none = "the programme deducts nothing, or nothing is creditable"
            return _gate("uncertainty", ok=None, measured=none, limit=limit)
        return _gate("uncertainty", ok=False, measured="no percentage can be had, so nothing is left", limit=limit)
    return _gate(
        "uncertainty", ok=0 < Fraction(left) <= 1,
        measured=f"{statement.programme.uncertainty_percent or 'no'} % by the programme's rule, {left} of the benefit is left",
        limit=limit,
    )  # fmt: skip


def permanence(statement: Statement) -> GateSection:
    """A loss event above the programme's threshold, or a reversal: less net benefit than was credited."""
    q, limit = statement.quantities, "stock lost in the period ≤ the risk report's threshold; cumulative benefit ≥ credited"
    if q.risk is None:
        return _gate("permanence", ok=None, measured="no risk report", limit=limit)
    first = int(statement.period.start[:4])
    before = [row.kg_co2e for row in statement.growth_intervals if row.year == first - 1]
    # Methane is emitted, but no stock is lost by it.
    lost = sum(row.kg_co2e for row in q.flows if row.year >= first and row.kind == "emission" and row.pool != METHANE)
    end = next((row.kg_co2e for row in statement.growth_intervals if row.year == int(statement.period.end[:4])), 0)
    stock = before[0] if before else end + lost
    percent = Fraction(100 * lost, stock) if stock > 0 else Fraction(100 if lost > 0 else 0)
    event = percent > Fraction(q.risk.loss_event_threshold_percent)
    credited = KG_PER_T * sum(row.t_co2e + row.buffer_t for row in q.prior)
    benefit = q.cumulative_benefit_kg
    # Without credits there is nothing to reverse: a negative net is carried forward by the programme's steps.
    short = max(0, credited - benefit) if benefit is not None and credited else 0
    tonnes = -(-short // KG_PER_T)
    none = "; no reversal" if benefit is not None else "; without a reference level a reversal cannot be told"
    consequence = f"; a reversal of {tonnes} t, to be cancelled from the buffer" if tonnes else none
    return _gate(
        "permanence",
        ok=False if event or tonnes else None if benefit is None else True,
        measured=f"{decimal_str(percent, places=2)} % of the stock lost in the period"
        + (" (a loss event; its emissions are in the project's already)" if event else "") + consequence,
        limit=f"≤ {q.risk.loss_event_threshold_percent} % of the stock; cumulative benefit ≥ {credited // KG_PER_T} t credited "
        "and buffered",
    )  # fmt: skip


def buffer(statement: Statement) -> GateSection:
    """A buffer that is not the risk rating."""
    risk = statement.quantities.risk
    if risk is None:
        return _gate("buffer", ok=None, measured="no risk report", limit="buffer = risk rating")
    return _gate(
        "buffer", ok=Fraction(risk.buffer_percent) == Fraction(risk.risk_rating_percent),
        measured=f"buffer {risk.buffer_percent} %", limit=f"= risk rating {risk.risk_rating_percent} %",
    )  # fmt: skip


def authorisation(statement: Statement) -> GateSection:
    """Article 6 use without authorisation or corresponding adjustment, or the CCP label for a method not on its list."""
    limit = "Article 6 use only with authorisation and corresponding adjustment; the label only for a listed method"
    extract, wanted = statement.authorisation, statement.claim.article6 == "authorised"
    if extract is None:
        return _gate("authorisation", ok=None, measured="no registry extract", limit=limit)
    short = [] if extract.project == statement.project.id else [f"the extract is of project {extract.project}"]
    if wanted:
        # What was credited before of those vintages came out of the same quantity.
        total = statement.quantities.issuable_t + sum(
            row.t_co2e for row in statement.quantities.prior if row.vintage in extract.vintages
        )
        if extract.quantity_t is None:
            short.append("no authorisation by a host party")
        elif total > extract.quantity_t:
            short.append(f"{total} t are more than the {extract.quantity_t} t authorised")
        if outside := [v.year for v in statement.quantities.vintages if v.issuable_t and v.year not in extract.vintages]:
            short.append(f"vintage {outside[0]} is not authorised")
        if extract.corresponding_adjustment == "none":
            short.append("no corresponding adjustment")
    if extract.label_claimed and statement.programme.id not in extract.label_methods:
        short.append(f"label claimed, but {statement.programme.id} is not on its list")
    told = "; ".join(short) or ("authorised" if wanted else "no Article 6 use claimed")
    return _gate("authorisation", ok=not short, measured=f"{told} (registry, {extract.as_of})", limit=limit)


GATES: tuple[Callable[[Statement], GateSection], ...] = (
    continuity, dual_evidence, input_integrity, plausibility, claim, uncertainty, permanence, buffer, authorisation,
)  # fmt: skip
"""In the order they are signed."""


def evaluate(statement: Statement) -> list[GateSection]:
    """Every gate's section."""
    return [gate(statement) for gate in GATES]


def conclude(statement: Statement) -> ConclusionSection:
    """The computed conclusion, from the gates.

    A mapped area, or a benefit that nothing can be credited for want of an input, is a scope limitation: no conclusion can be
    formed whatever the gates say, so it is a disclaimer.  Else a failed gate makes it adverse (continuity, plots that are
    absent, purposive or unlike the published factor: qualified), and so do a map and a sample that deny each other's loss; a
    gate that could not be assessed, or a programme whose text was not read, qualifies it.
    """
    failed = [gate for gate in statement.gates if gate.status == "failed"]
    unknown = [gate for gate in statement.gates if gate.status == "not assessed"]
    basis = [f"gate {gate.id} failed: {gate.measured}; limit {gate.limit}" for gate in failed]
    gaps = [f"{entry.input} absent: {entry.consequence}" for entry in statement.absent]
    limited = _limited(statement)
    if limited:
        return ConclusionSection(
            computed="disclaimer", basis=[f"scope limitation: {limited}", *basis, *gaps], creditable_t=0
        )  # fmt: skip
    basis += [f"gate {gate.id} not assessed: {gate.measured}" for gate in unknown]
    if not statement.programme.text_verified:
        basis.append(f"the text of {statement.programme.id} was not read when its rules were written")
    computed: Conclusion = "qualified" if basis else "unmodified"
    if any(gate.id not in CAPS for gate in failed) or (statement.activity.sample and _loss_disagrees(statement)[0]):
        computed = "adverse"
    issuable = 0 if computed == "adverse" else statement.quantities.issuable_t
    return ConclusionSection(computed=computed, basis=[*basis, *gaps] or ["every gate passed"], creditable_t=issuable)


def _limited(s: Statement) -> str | None:
    if s.activity.label == MAPPED_AREA:
        return s.activity.label
    short = [entry.input for entry in s.absent if entry.input in CREDITABLE_WITH]
    return f"nothing can be credited without {', '.join(short)}" if short else None


def check_gates(statement: Statement) -> list[Check]:
    """Whether the signed gates and conclusion are those its tables give."""
    try:
        same, concluded = evaluate(statement) == list(statement.gates), conclude(statement) == statement.conclusion
    except (ArithmeticError, LookupError, ValueError, TypeError, RuntimeError, AttributeError) as error:
        return [decide("statement.gates", ok=False, detail=f"the gates cannot be computed: {error!r}")]
    return [
        decide("statement.gates", ok=same, detail="the gates follow from the tables" if same else "gates were altered"),
        decide(
            "statement.conclusion",
            ok=concluded,
            detail=statement.conclusion.computed if concluded else "the conclusion does not follow from the gates",
        ),
    ]
