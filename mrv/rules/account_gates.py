"""Account gates: what is claimed, deducted, kept back and authorised, held against the accounts."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.pools import METHANE
from mrv.rules.gate import gate, limited
from mrv.sections.activity import MAPPED_AREA
from mrv.units import KG_PER_T, decimal_str

if TYPE_CHECKING:
    from mrv.sections import GateSection
    from mrv.statement import Statement

NO_DEDUCTION = frozenset({"ipcc-only"})
"""Programmes that deduct nothing for uncertainty."""


def claim(statement: Statement) -> GateSection:
    """Claimed tonnes above issuable tonnes; no tolerance. The chance that the benefit reaches the claim stands beside it."""
    claimed = {vintage.year: vintage.t_co2e for vintage in statement.claim.vintages}
    issuable = {vintage.year: vintage.issuable_t for vintage in statement.quantities.vintages}
    over = sorted(year for year, t in claimed.items() if t > issuable.get(year, 0))
    chance = statement.uncertainty.confidence_in_claim_percent
    return gate(
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
        return gate("uncertainty", ok=None, measured="mapped area has no error estimate", limit=limit)
    if left is None:
        benefit = sum((v.gross_benefit_kg or 0) - (v.leakage_kg or 0) for v in statement.quantities.vintages)
        if statement.programme.id in NO_DEDUCTION or limited(statement) or benefit <= 0:
            none = "the programme deducts nothing, or nothing is creditable"
            return gate("uncertainty", ok=None, measured=none, limit=limit)
        return gate("uncertainty", ok=False, measured="no percentage can be had, so nothing is left", limit=limit)
    return gate(
        "uncertainty", ok=0 < Fraction(left) <= 1,
        measured=f"{statement.programme.uncertainty_percent or 'no'} % by the programme's rule, {left} of the benefit is left",
        limit=limit,
    )  # fmt: skip


def permanence(statement: Statement) -> GateSection:
    """A loss event above the programme's threshold, or a reversal: less net benefit than was credited."""
    q, limit = statement.quantities, "stock lost in the period ≤ the risk report's threshold; cumulative benefit ≥ credited"
    if q.risk is None:
        return gate("permanence", ok=None, measured="no risk report", limit=limit)
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
    return gate(
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
        return gate("buffer", ok=None, measured="no risk report", limit="buffer = risk rating")
    return gate(
        "buffer", ok=Fraction(risk.buffer_percent) == Fraction(risk.risk_rating_percent),
        measured=f"buffer {risk.buffer_percent} %", limit=f"= risk rating {risk.risk_rating_percent} %",
    )  # fmt: skip


def authorisation(statement: Statement) -> GateSection:
    """Article 6 use without authorisation or corresponding adjustment, or the CCP label for a method not on its list."""
    limit = "Article 6 use only with authorisation and corresponding adjustment; the label only for a listed method"
    extract, wanted = statement.authorisation, statement.claim.article6 == "authorised"
    if extract is None:
        return gate("authorisation", ok=None, measured="no registry extract", limit=limit)
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
    return gate("authorisation", ok=not short, measured=f"{told} (registry, {extract.as_of})", limit=limit)
