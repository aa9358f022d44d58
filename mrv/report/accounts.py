"""Accounts: stocks, flows, quantities, what would have been, and the programme's steps."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.page import Html, bullets, hectares, join, number, table, tag, tonnes
from mrv.report.parts import is_mapped, label, period_years, steps_table

if TYPE_CHECKING:
    from mrv.sections.quantities import FlowSection, LevelSection, WorkedExample
    from mrv.statement import Statement

LOSS = "loss"
STATES = {"before": "Standing forest", "after": "After loss", "a year": "Gained by standing forest in a year"}


def tonnes_section(s: Statement) -> Html:
    """Stocks per hectare, flows by year and activity, quantities by vintage."""
    q = s.quantities
    return join([
        label(q.label),
        _stocks(s),
        tag("p", _explained(s)),
        _flows(s),
        _quantities(s),
    ])  # fmt: skip


def _stocks(s: Statement) -> Html:
    """A pool a line, its states across."""
    found = {(row.pool, str(row.state)): row.t_c_ha for row in s.stocks}
    states = [state for state in STATES if any(row.state == state for row in s.stocks)]
    rows = [(pool, *(found.get((pool, state), "") for state in states)) for pool in dict.fromkeys(row.pool for row in s.stocks)]
    head = ("Pool", *(f"{STATES[state]}, t C/ha" for state in states))
    return table("Stocks, carbon by pool", head, rows, figures=range(1, len(head)))


def _explained(s: Statement) -> str:
    before, after = (
        sum((Decimal(r.t_c_ha) for r in s.stocks if r.state == state), Decimal(0)) for state in ("before", "after")
    )
    words = (
        f"A hectare lost emits {before:f} − {after:f} = {before - after:f} t C/ha; times 44/12 it is CO₂e "
        f"({s.quantities.gwp}). All of it counts in the year of loss; kilograms are rounded once and signed."
    )
    if any(row.state == "a year" for row in s.stocks):
        words += (
            f" Standing forest grows: the stock is that of the end of {s.quantities.stock_year}, and what is lost later had "
            "grown till then."
        )
    return words


def _flows(s: Statement) -> Html:
    """One line a year and activity, pools across; emissions and removals apart."""
    flows = s.quantities.flows
    pools = list(dict.fromkeys(row.pool for row in flows))
    keys = list(dict.fromkeys((row.year, row.activity, row.kind) for row in flows))
    there = {(row.year, row.activity, row.kind) for row in flows if row.area_m2 or row.kg_co2e}
    keys = [key for key in keys if key in there or key[1] == LOSS]
    period = period_years(s)

    def line(year: int, activity: str, kind: str) -> tuple[object, ...]:
        rows = [row for row in flows if (row.year, row.activity, row.kind) == (year, activity, kind)]
        area = rows[0].area_m2
        total = sum(row.kg_co2e for row in rows)
        name = year if year in period else f"{year} (before the period)"
        cells = (next((number(row.kg_co2e) for row in rows if row.pool == pool), "") for pool in pools)
        return name, activity, kind, hectares(area), *cells, number(total), tonnes(total)

    def total(words: str, chosen: list[FlowSection]) -> tuple[object, ...]:
        by_pool = (number(sum(row.kg_co2e for row in chosen if row.pool == pool)) for pool in pools)
        kg = sum(row.kg_co2e for row in chosen)
        return words, "", "", "", *by_pool, number(kg), tonnes(kg)

    rows = [line(*one) for one in keys]
    rows.append(total("Period", [row for row in flows if row.year in period]))
    rows.append(total("Since project start", list(flows)))
    head = ("Year", "Activity", "Kind", "ha", *(f"{pool.capitalize()}, kg" for pool in pools), "= kg CO₂e", "t CO₂e")
    area = "mapped area" if is_mapped(s) else "estimated area"
    return table(
        f"Project emissions and removals: {area} to kilograms of CO₂e, by year, activity and pool", head, rows,
        figures=range(3, len(head)), foot=2,
    )  # fmt: skip


def _quantities(s: Statement) -> Html:
    names = ("baseline_emissions_kg", "baseline_removals_kg", "project_emissions_kg", "project_removals_kg", "leakage_kg",
             "gross_benefit_kg", "reductions_kg", "removals_kg")  # fmt: skip
    head = ("Vintage", "Baseline emissions", "Baseline removals", "Project emissions", "Project removals", "Leakage L",
            "Gross benefit B − P", "of it reductions", "of it removals", "Issuable, t")  # fmt: skip
    rows = [
        (v.year, *(number(getattr(v, name)) for name in names), number(v.issuable_t)) for v in s.quantities.vintages
    ]  # fmt: skip
    return table("Quantities by vintage, kg CO₂e, positive to the atmosphere", head, rows, figures=range(1, 10))


def levels_section(s: Statement) -> Html:
    """Reference level and leakage, as given and in kg; empty where neither is given."""
    q = s.quantities
    if not q.reference_level and not q.leakage:
        return Html()
    parts: list[object] = [
        tag("p", "Stated by the project, each row with its own error and the digest of its document. Whether a baseline is "
            "right is not verified here. Hectares of loss are multiplied by the project's own emission factor, so that "
            "both sides share its error."),
    ]  # fmt: skip
    for caption, rows in (("Reference level", q.reference_level), ("Leakage", q.leakage)):
        parts.append(_levels(caption, rows) if rows else tag("p", f"{caption}: not given."))
    return join(parts)


def _levels(caption: str, rows: list[LevelSection]) -> Html:
    cells = [
        (row.year, row.flow, f"{row.quantity} ± {row.se}".replace("-", "−"), row.unit, number(row.kg_co2e), row.method,
         tag("span", row.document[:15] + "…", title=row.document, class_="digest"))
        for row in rows
    ]  # fmt: skip
    head = ("Year", "Flow", "As given ± SE", "Unit", "kg CO₂e", "Method", "Document")
    return table(caption, head, cells, figures=(2, 4))


def programme_section(s: Statement) -> Html:
    """The ordered steps, what came before, and the risk report."""
    q, p = s.quantities, s.programme
    deducted = (
        "" if p.factor_left is None else f" Its uncertainty rule leaves {100 * Decimal(p.factor_left):.2f} % of the net benefit"
    )
    if deducted and p.uncertainty_percent is not None:
        deducted += (
            f": {Decimal(p.uncertainty_percent):.2f} % uncertainty, which is {p.uncertainty_numerator}, divided by "
            f"{p.uncertainty_denominator}"
        )
    read = "was read when its rules were written." if p.text_verified else "was not read when its rules were written."
    parts: list[object] = [
        tag("p", f"Programme {p.id}; its text {read}{deducted + '.' if deducted else ''}"),
        steps_table(f"Programme {p.id}: steps to issuable tonnes", q.steps),
        tag("p", "Issuable: ", tag("strong", f"{number(q.issuable_t)} t CO₂e"), f". Into the buffer: {number(q.buffer_t)} "
            f"t. Credited before: {number(q.cumulative_credited_t)} t.", class_="result"),
    ]  # fmt: skip
    if q.risk is not None:
        parts.append(tag("p", f"Risk report of {q.risk.as_of}: rating {q.risk.risk_rating_percent} %, buffer "
            f"{q.risk.buffer_percent} %, loss event above {q.risk.loss_event_threshold_percent} % of the stock."))  # fmt: skip
    if q.prior:
        rows = [
            (tag("span", row.attestation, class_="digest"), row.vintage, number(row.t_co2e), number(row.buffer_t))
            for row in q.prior
        ]
        parts.append(table("Credited before", ("Attestation", "Vintage", "t CO₂e", "Buffer, t"), rows, figures=(1, 2, 3)))
    if p.notes:
        parts += [tag("p", tag("b", "What the programme leaves open here")), bullets(list(p.notes))]
    return join(parts)


def example_section(example: WorkedExample | None) -> Html:
    """A programme's arithmetic outside the quantities; empty without one."""
    if example is None:
        return Html()
    read = "was read" if example.text_verified else "was not read: the constants come from secondary sources"
    return tag(
        "div", label(example.label),
        tag("p", "A programme's arithmetic on the indicative tonnes above, to show what it would do. Nothing here is "
            f"claimed, issuable or part of the quantities. The programme's own text {read}."),
        steps_table("Worked example, not a quantity", example.steps), class_="example",
    )  # fmt: skip
