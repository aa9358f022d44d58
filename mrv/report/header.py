"""Header: the conclusion in words, and the figures a reader wants first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.page import Html, hectares, join, number, tag, tonnes
from mrv.report.parts import (
    benefit_kg,
    between,
    drawn,
    emitted_kg,
    estimated_loss,
    is_mapped,
    mapped_loss_m2,
    period_years,
    removed_kg,
)

if TYPE_CHECKING:
    from mrv.statement import Statement

VERDICTS = {
    "disclaimer": (
        "DISCLAIMER: no conclusion can be formed",
        "The evidence cannot say whether the claim holds. That is no finding against the project; no tonne is issuable.",
    ),
    "adverse": ("ADVERSE: the claim does not hold", "The evidence was enough to form a conclusion, and it is no."),
    "qualified": ("QUALIFIED: the claim holds, except for what is named below", "Read the basis before relying on it."),
    "unmodified": ("UNMODIFIED: nothing was found against the claim", "Every gate that could be assessed passed."),
}
_FEW_YEARS = 3


def header(s: Statement) -> Html:
    """Title, conclusion, and the whole story in a paragraph."""
    headline, words = VERDICTS[s.conclusion.computed]
    simulated = tag("p", tag("strong", "SIMULATED"), " This world is made, not measured: no such forest exists.",
                    class_="simulated", role="note")  # fmt: skip
    return join([
        simulated if s.project.simulated else "",
        tag("p", f"Verification report · {s.project.kind} carbon from {_sources(s)}", class_="kind"),
        tag("h1", s.project.name),
        tag("p", f"{s.project.id} · {s.project.country} · period {s.period.name}, {s.period.start} to {s.period.end}",
            class_="sub"),
        tag("div", tag("p", headline, class_="verdict"), tag("p", words), tag("p", _story(s)),
            tag("p", tag("b", s.activity.label), tag("b", s.quantities.label), class_="labels"),
            class_=f"banner {s.conclusion.computed}", role="region", aria_label="Computed conclusion"),
        tag("p", "Computed by a program after ISO 14064-3. The opinion and the level of assurance belong to a human "
            f"verifier; assurance agreed in the plan: {s.claim.assurance}. This page is not signed: see ",
            tag("a", "how to check it", href="#check"), ".", class_="small"),
    ])  # fmt: skip


def _sources(s: Statement) -> str:
    parts = ["satellite", *([] if is_mapped(s) else ["a reference sample"]), "plots" if s.biomass else "published factors"]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _story(s: Statement) -> str:
    q, emitted, removed, benefit = s.quantities, emitted_kg(s), removed_kg(s), benefit_kg(s)
    area, mapped = hectares(s.project.area_m2), hectares(mapped_loss_m2(s))
    span = f"From {s.period.start} to {s.period.end}"
    if is_mapped(s):
        told = [f"{span}, {mapped} ha of tree-cover loss were mapped in a project area of {area} ha."]
    else:
        lost = hectares(sum(row.area_m2 for row in estimated_loss(s)))
        units = sum(row.responded for row in s.activity.sample.strata) if s.activity.sample else 0
        source = f"estimated from {number(units)} interpreted units of a probability sample, where the map shows {mapped} ha"
        told = [f"{span}, {lost} ha of forest were lost in a project area of {area} ha: {source}."]
    stock = f"stocks measured on {s.biomass.plots} plots" if s.biomass else "the factors below"
    grown = f", and {tonnes(-removed)} t removed by what grew" if removed else ""
    told.append(f"With {stock} that is {tonnes(emitted)} t CO₂e emitted{grown}.")
    if benefit is not None:
        told.append(f"Against the reference level{_less(s)} the net benefit is {tonnes(benefit)} t.")
    told.append(_end(s, q.issuable_t, q.buffer_t))
    return " ".join(told)


def _less(s: Statement) -> str:
    return ", less leakage," if any(row.leakage_kg for row in s.quantities.vintages) else ""


def _end(s: Statement, issuable: int, buffer: int) -> str:
    claimed = number(sum(vintage.t_co2e for vintage in s.claim.vintages))
    held = f", after {number(buffer)} t for the buffer" if buffer else ""
    credit = s.conclusion.creditable_t
    none = "" if credit == issuable else f" {'Nothing' if not credit else number(credit) + ' t'} may be credited."
    return f"{claimed} t are claimed; the programme's steps come to {number(issuable)} t{held}.{none}"


def figures_section(s: Statement) -> Html:
    """The key figures as cards."""
    kg, q, benefit = s.quantities.period_project_kg, s.quantities, benefit_kg(s)
    cards = [
        ("Project area", f"{hectares(s.project.area_m2)} ha", f"{number(s.project.area_m2)} m², geodesic"),
        _loss(s),
        _stock(s),
        ("Project emissions less removals" if removed_kg(s) else "Project emissions", f"{tonnes(kg)} t CO₂e",
         f"{number(kg)} kg signed{_range(s, 'project')}"),
    ]  # fmt: skip
    if benefit is not None:
        cards.append(("Net benefit", f"{tonnes(benefit)} t CO₂e", f"{number(benefit)} kg{_range(s, 'net benefit')}"))
    claimed = sum(v.t_co2e for v in s.claim.vintages)
    cards += [
        ("Claimed", f"{number(claimed)} t CO₂e", _claimed(s)),
        (
            "Creditable",
            f"{number(s.conclusion.creditable_t)} t CO₂e",
            f"{number(q.issuable_t)} t by the programme's steps ({s.programme.id}); conclusion {s.conclusion.computed}",
        ),
    ]
    if q.risk is not None:
        cards.append(
            ("Buffer", f"{number(q.buffer_t)} t CO₂e", f"{q.risk.buffer_percent} %, rating {q.risk.risk_rating_percent} %")
        )
    four = " four" if len(cards) in {4, 7, 8} else ""
    return tag("dl", *(tag("div", tag("dt", a), tag("dd", b), tag("dd", c)) for a, b, c in cards), class_=f"cards{four}")


def _loss(s: Statement) -> tuple[str, str, str]:
    mapped = mapped_loss_m2(s)
    if is_mapped(s):
        return "Tree-cover loss", f"{hectares(mapped)} ha", f"{number(mapped)} m²; {s.activity.label}"
    rows = estimated_loss(s)
    if len(rows) <= _FEW_YEARS:
        each = "; ".join(f"{row.year}: {hectares(row.area_m2)} ({between(row.ci90_m2)})" for row in rows)
        note = f"estimated, 90 % interval: {each}; mapped {hectares(mapped)} ha"
    else:
        note = f"estimated over {len(period_years(s))} years, each with its interval below; mapped {hectares(mapped)} ha"
    return "Forest lost", f"{hectares(sum(row.area_m2 for row in rows))} ha", note


def _stock(s: Statement) -> tuple[str, str, str]:
    agb = next(row for row in s.factors if row.role == "agb")
    span = f"{_one(agb.low)} to {_one(agb.high)}"
    if s.biomass is None:
        return "Above-ground biomass", f"{_one(agb.value)} t d.m./ha", f"published factor, {span} ({agb.interval})"
    note = f"{s.biomass.label}: {s.biomass.plots} plots in {s.biomass.clusters} clusters; 95 % of draws {span}"
    return "Above-ground biomass", f"{_one(agb.value)} t d.m./ha", note


def _one(text: str) -> str:
    return f"{float(text):.1f}"


def _range(s: Statement, quantity: str) -> str:
    row = drawn(s, quantity)
    if row is None:
        return ""
    told = f"; 90 % of draws {tonnes(row.q05_kg, 0)} to {tonnes(row.q95_kg, 0)} t"
    return told + (", from the factors alone" if is_mapped(s) else "")


def _claimed(s: Statement) -> str:
    chance = s.uncertainty.confidence_in_claim_percent
    reached = f"; the net benefit reaches it in {chance} % of draws" if chance is not None else ""
    return f"Article 6: {s.claim.article6}{reached}"
