"""Doubt: how sure the quantities are, which component to improve first, and the factors they rest on."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.page import Html, join, number, percent, table, tag, tonnes
from mrv.report.parts import Range, bar, benefit_kg, emitted_kg, is_mapped, label, pill, ranges, removed_kg

if TYPE_CHECKING:
    from mrv.sections.quantities import DrawnQuantity
    from mrv.statement import Statement

NOT_COVERED_MAPPED = (
    "Not covered: errors of the map (missed and false loss), the date of loss, degradation, and whether the default "
    "factors suit this forest. The true uncertainty is larger."
)
NAMES = {
    "project": "Project",
    "baseline": "Baseline",
    "leakage": "Leakage",
    "net benefit": "Net benefit",
    "gross emissions": "Gross emissions",
}
ORDER = ("baseline", "project", "gross emissions", "leakage", "net benefit")


def uncertainty_section(s: Statement) -> Html:
    """Drawn quantities with their intervals, and components by what they contribute."""
    u = s.uncertainty
    rows = sorted((row for row in u.drawn if row.span == "period"), key=lambda row: ORDER.index(row.quantity))
    since = sorted((row for row in u.drawn if row.span == "cumulative"), key=lambda row: ORDER.index(row.quantity))
    longer = int(s.period.start[:4]) > int(s.method.plan["project"]["start"][:4])
    goal = "the net benefit" if benefit_kg(s) is not None else "project emissions"
    return join([
        label("Covers the " + u.scope if is_mapped(s) else "Covers " + u.scope),
        tag("p", NOT_COVERED_MAPPED if is_mapped(s) else _not_covered(s)),
        tag("figure", ranges([_range(s, row) for row in rows if row.quantity != "gross emissions" or removed_kg(s)],
                             "Quantities of the period with their 90 % intervals, t CO₂e."),
            tag("figcaption", "The period, t CO₂e, around zero: bar from the 5th to the 95th percentile of the draws, line "
                "at their mean, diamond at the signed value. A shared factor is drawn once for all of them, so they move "
                "together.")),
        table("Monte Carlo, period", *_drawn(rows), figures=range(1, 7)),
        tag("details", tag("summary", "Since the project's start"),
            table("Monte Carlo, since the project's start", *_drawn(since), figures=range(1, 7))) if longer else "",
        _contributions(s, goal),
        tag("p", f"IPCC Approach 1 (2006 V1 Eq. 3.1, 3.2) for the biomass that a hectare of loss emits: 95 % half-width "
            f"{percent(u.approach1_half_width_percent)}."),
        tag("p", f"{number(u.draws)} draws of {u.generator}, seed {u.seed}.", class_="small digest"),
    ])  # fmt: skip


def _not_covered(s: Statement) -> str:
    sample = s.activity.sample
    labels = "" if sample is not None and sample.gold is not None else "errors of the interpreters, "
    plots = "" if s.biomass is None else "errors of position of the plots, "
    return (
        f"Not covered: {labels}{plots}whether the published factors that remain suit this forest, whether the baseline is "
        "right, and what the findings name as left out."
    )


def _signed(s: Statement, quantity: str) -> int | None:
    rows = s.quantities.vintages
    if quantity == "project":
        return s.quantities.period_project_kg
    if quantity == "gross emissions":
        return emitted_kg(s)
    if quantity == "baseline":
        return sum((row.baseline_emissions_kg or 0) + (row.baseline_removals_kg or 0) for row in rows)
    return sum(row.leakage_kg or 0 for row in rows) if quantity == "leakage" else benefit_kg(s)


def _range(s: Statement, row: DrawnQuantity) -> Range:
    mark = _signed(s, row.quantity)
    return Range(
        name=NAMES[row.quantity], low=row.q05_kg, middle=row.mean_kg, high=row.q95_kg, mark=mark,
        words=f"{tonnes(row.q05_kg)} to {tonnes(row.q95_kg)} t" + ("" if mark is None else f"; signed {tonnes(mark)}"),
    )  # fmt: skip


def _drawn(rows: list[DrawnQuantity]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    head = (
        "Quantity, kg CO₂e",
        "5th percentile",
        "Mean",
        "95th percentile",
        "90 % half-width",
        "of the mean",
        "Error of the mean",
    )
    return head, [
        (NAMES[row.quantity], number(row.q05_kg), number(row.mean_kg), number(row.q95_kg), number(row.hw90_kg),
         percent(row.hw90_percent), f"± {number(row.mean_se_kg)}")
        for row in rows
    ]  # fmt: skip


def _contributions(s: Statement, goal: str) -> Html:
    ranked = sorted(s.uncertainty.contributions, key=lambda row: (-Decimal(row.variance_percent), row.component))
    rows = [(row.component, bar(row.variance_percent), f"{Decimal(row.variance_percent):.2f}") for row in ranked]
    head = ("Component", "", "%")
    return table(
        f"Which component to improve first: share of the variance of {goal} with it drawn alone", head, rows, figures=(2,)
    )


def factors_section(s: Statement) -> Html:
    """Every factor with its interval and source."""
    rows = [
        (f.role.replace("_", " "), f.id, f.value, f"{f.low} to {f.high}", f.unit, f.interval, f.distribution, _source(f.source),
         pill("yes" if f.verified else "no", good=f.verified), "yes" if f.overridden else "no", f.note)
        for f in s.factors
    ]  # fmt: skip
    read = sum(f.verified for f in s.factors)
    head = ("Used as", "Factor", "Value", "Interval", "Unit", "Interval is", "Distribution", "Source", "Verified",
            "Changed in plan", "Note")  # fmt: skip
    measured = " A factor from plots is verified in that its table is an input with its digest." if s.biomass else ""
    return table("Factors used", head, rows, figures=(2, 3)) + tag(
        "p", f"Verified says whether the number was checked against the publication itself: {read} of "
        f"{len(s.factors)} were.{measured}", class_="small",
    )  # fmt: skip


def _source(text: str) -> Html:
    return tag("span", text, class_="digest" if "sha256:" in text else None)
