"""Gates: what refuses arithmetic that is signed and wrong; functions of the statement's own tables.

Run when the statement is built and again by ``mrv check``.  Each says what it measured and its limit; an input that is
absent is *not assessed*, never *passed*.  Overlap and already-attested serials are checks of the registry, not gates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.checks import Check, decide
from mrv.rules.account_gates import authorisation, buffer, claim, permanence, uncertainty
from mrv.rules.evidence_gates import continuity, dual_evidence, loss_disagrees
from mrv.rules.gate import limited
from mrv.rules.integrity import input_integrity
from mrv.rules.plausibility import plausibility
from mrv.sections import ConclusionSection

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.sections import Conclusion, GateSection
    from mrv.statement import Statement

CAPS: frozenset[str] = frozenset({"continuity", "dual evidence"})
"""Gates whose failure qualifies a conclusion; the failure of any other makes it adverse."""
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
    scope = limited(statement)
    if scope:
        return ConclusionSection(
            computed="disclaimer", basis=[f"scope limitation: {scope}", *basis, *gaps], creditable_t=0
        )  # fmt: skip
    basis += [f"gate {gate.id} not assessed: {gate.measured}" for gate in unknown]
    if not statement.programme.text_verified:
        basis.append(f"the text of {statement.programme.id} was not read when its rules were written")
    computed: Conclusion = "qualified" if basis else "unmodified"
    if any(gate.id not in CAPS for gate in failed) or (statement.activity.sample and loss_disagrees(statement)[0]):
        computed = "adverse"
    issuable = 0 if computed == "adverse" else statement.quantities.issuable_t
    return ConclusionSection(computed=computed, basis=[*basis, *gaps] or ["every gate passed"], creditable_t=issuable)


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
