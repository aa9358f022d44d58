"""Gates: what refuses arithmetic that is signed and wrong; functions of the statement's own tables.

Run when the statement is built and again by ``mrv check``.  Each says what it measured and its limit; an input that is
absent is *not assessed*, never *passed*.  Overlap and already-attested serials are checks of the registry, not gates.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.checks import Check, decide
from mrv.sections import ConclusionSection, GateSection
from mrv.units import M2_PER_HA

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.sections import GateStatus
    from mrv.statement import Statement

DAYS_PER_YEAR = Decimal("365.25")


def continuity(statement: Statement) -> GateSection:
    """Record shorter than the plan allows (three years at least), or a gap longer than it allows."""
    seen, rules = statement.observation, statement.method.plan["method"]["observation"]
    years = max(3, int(rules["min_record_years"]))
    need, gap = int(years * DAYS_PER_YEAR), int(rules["max_gap_days"])
    ok = seen.record_days >= need and seen.longest_gap_days <= gap
    return GateSection(
        id="continuity",
        status="passed" if ok else "failed",
        measured=f"record {seen.record_days} days, longest gap {seen.longest_gap_days} days",
        limit=f"record ≥ {need} days, gap ≤ {gap} days",
    )


def dual_evidence(statement: Statement) -> GateSection:
    """No ground data: fails, and caps the conclusion."""
    absent = {entry.input for entry in statement.absent}
    missing = sorted(absent & {"plots", "reference sample"})
    return GateSection(
        id="dual evidence",
        status="failed" if missing else "not assessed",
        measured="no " + ", no ".join(missing) if missing else "agreement is not computed by this version",
        limit="ground data and satellite agree within their intervals",
    )


def input_integrity(statement: Statement) -> GateSection:
    """A used scene whose dark vegetation contradicts its offset, an offset nobody could check, or steps in a row.

    A single scene off the others is haze and is left out.  Several in a row would be the loss of the whole forest, which
    leaving them out would hide.
    """
    used = [scene for scene in statement.evidence if scene.status in {"used", "history"}]
    steps, longest = 0, int(statement.method.plan["method"]["change"]["consecutive"])
    run = 0
    for scene in statement.evidence:
        if scene.status in {"used", "history", "index step"}:
            run = run + 1 if scene.status == "index step" else 0
            steps = max(steps, run)
    failed = [scene.id for scene in used if scene.offset_check == "failed"]
    unknown = sum(scene.offset_check == "not assessed" for scene in used)
    stepped = steps >= longest
    status: GateStatus = "failed" if failed or stepped else ("not assessed" if unknown or not used else "passed")
    return GateSection(
        id="input integrity",
        status=status,
        measured=f"{len(used)} scenes used, {len(failed)} contradict their offset, {unknown} not assessed"
        + (f": {failed[0]}" if failed else "")
        + f"; {steps} scenes left out in a row for a step of the whole forest",
        limit=f"every offset agrees with dark vegetation; fewer than {longest} steps in a row, for more are no haze but the "
        "forest or its radiometry",
    )


def plausibility(statement: Statement) -> GateSection:
    """Emission above the ecosystem's ceiling, a pool entered twice, or years that do not add up."""
    ceiling = Decimal(statement.method.plan["factors"]["ceiling_t_co2e_ha_yr"])
    area_ha = Decimal(statement.project.area_m2) / M2_PER_HA
    worst = max((abs(v.project_kg) for v in statement.quantities.vintages), default=0)
    rate = Decimal(worst) / 1000 / area_ha if area_ha else Decimal(0)
    pools = [(stock.pool, stock.state) for stock in statement.stocks]
    twice = len(set(pools)) < len(pools)
    total = sum(v.project_kg for v in statement.quantities.vintages)
    adds_up = total == statement.quantities.period_project_kg
    ok = area_ha > 0 and rate <= ceiling and not twice and adds_up
    return GateSection(
        id="plausibility",
        status="passed" if ok else "failed",
        measured=f"at most {rate:.3f} t CO2e/ha/yr; {'a pool twice' if twice else 'no pool twice'}; "
        f"years {'add up' if adds_up else 'do not add up'}",
        limit=f"≤ {ceiling} t CO2e/ha/yr (the plan's own ceiling); each pool once; sum of years = period",
    )


def claim(statement: Statement) -> GateSection:
    """Claimed tonnes above issuable tonnes; no tolerance."""
    claimed = sum(vintage.t_co2e for vintage in statement.claim.vintages)
    issuable = statement.quantities.issuable_t
    return GateSection(
        id="claim",
        status="passed" if claimed <= issuable else "failed",
        measured=f"{claimed} t claimed",
        limit=f"≤ {issuable} t issuable",
    )


def _unassessed(name: str, measured: str, limit: str) -> Callable[[Statement], GateSection]:
    def gate(_: Statement) -> GateSection:
        return GateSection(id=name, status="not assessed", measured=measured, limit=limit)

    gate.__doc__ = f"{name}: {measured}."
    return gate


GATES: tuple[Callable[[Statement], GateSection], ...] = (
    continuity,
    dual_evidence,
    input_integrity,
    plausibility,
    claim,
    _unassessed("uncertainty", "mapped area has no error estimate", "the programme's limit"),
    _unassessed("permanence", "no prior attestation and no risk report", "cumulative benefit ≥ amount credited"),
    _unassessed("buffer", "no risk report", "buffer = risk rating"),
    _unassessed("authorisation", "no registry extract", "Article 6 use only with authorisation"),
)
"""In the order they are signed."""


def evaluate(statement: Statement) -> list[GateSection]:
    """Every gate's section."""
    return [gate(statement) for gate in GATES]


def conclude(statement: Statement) -> ConclusionSection:
    """The computed conclusion, from the gates.

    A mapped area, the only kind this version makes, is a scope limitation: no conclusion can be formed whatever the gates
    say, so it is a disclaimer.  Failed gates are listed as its basis.
    """
    failed = [gate for gate in statement.gates if gate.status == "failed"]
    basis = [f"gate {gate.id} failed: {gate.measured}; limit {gate.limit}" for gate in failed]
    basis += [f"{entry.input} absent: {entry.consequence}" for entry in statement.absent]
    basis.insert(0, f"scope limitation: {statement.activity.label}")
    return ConclusionSection(computed="disclaimer", basis=basis)


def check_gates(statement: Statement) -> list[Check]:
    """Whether the signed gates and conclusion are those its tables give."""
    same = evaluate(statement) == list(statement.gates)
    concluded = conclude(statement) == statement.conclusion
    return [
        decide("statement.gates", ok=same, detail="the gates follow from the tables" if same else "gates were altered"),
        decide(
            "statement.conclusion",
            ok=concluded,
            detail=statement.conclusion.computed if concluded else "the conclusion does not follow from the gates",
        ),
    ]
