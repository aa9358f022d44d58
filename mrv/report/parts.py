"""Parts that several sections draw: labels, verdicts, bars, ranges, steps; and the years of a statement."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.page import Html, hectares, number, table, tag
from mrv.sections.activity import MAPPED_AREA

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mrv.sections.activity import AreaEstimate
    from mrv.sections.quantities import DrawnQuantity, Step
    from mrv.statement import Statement


def label(words: str) -> Html:
    """A label that nothing on the page may outshine."""
    return tag("p", tag("b", words), class_="labels")


def pill(words: str, *, good: bool | None) -> Html:
    """A verdict: good, bad, or unknown."""
    return tag("span", words, class_=f"pill {'unknown' if good is None else 'good' if good else 'bad'}")


def bar(percent: str | Decimal) -> Html:
    """A share as a bar; the number stands beside it."""
    wide = min(max(Decimal(percent), Decimal(0)), Decimal(100))
    return tag("span", class_="share", style=f"width:{wide:.2f}%")


def steps_table(caption: str, steps: list[Step]) -> Html:
    """A programme's ordered steps."""
    rows = [
        (step.equation, number(step.base), step.input, number(step.result), step.unit.replace(" ", "\u00a0")) for step in steps
    ]
    return table(caption, ("Equation", "Base", "Input", "Result", "Unit"), rows, figures=(1, 3))


@dataclass(frozen=True)
class Range:
    """One line of :func:`ranges`; all lines share a unit."""

    name: str
    """What it is."""
    low: int
    """Start of the bar."""
    middle: int
    """Line in the bar."""
    high: int
    """End of the bar."""
    mark: int | None
    """Diamond; None draws none."""
    words: str
    """The numbers, as text beside it."""


def ranges(rows: Sequence[Range], alt: str) -> Html:
    """Intervals below each other on one axis that holds zero.

    Args:
        rows: Lines.
        alt: What a person who cannot see it is told; the numbers stand beside every line besides.
    """
    values = [0, *(value for row in rows for value in (row.low, row.middle, row.high, row.mark) if value is not None)]
    low, span = min(values), max(max(values) - min(values), 1)

    def at(value: int) -> str:
        return f"{2 + 96 * (value - low) / span:.2f}%"

    def line(row: Range) -> Html:
        parts = [
            tag("span", class_="zero", style=f"left:{at(0)}"),
            tag("span", class_="ninety", style=f"left:{at(row.low)};width:calc({at(row.high)} - {at(row.low)})"),
            tag("span", class_="mean", style=f"left:{at(row.middle)}"),
        ]
        if row.mark is not None:
            parts.append(tag("span", class_="central", style=f"left:{at(row.mark)}"))
        return tag(
            "div", tag("b", row.name), tag("div", *parts, class_="span", aria_hidden="true"), tag("span", row.words),
            role="listitem",
        )  # fmt: skip

    return tag("div", *(line(row) for row in rows), class_="ranges", role="list", aria_label=alt)


def between(interval_m2: Sequence[int]) -> str:
    """An interval of areas, in hectares."""
    return f"{hectares(interval_m2[0])} to {hectares(interval_m2[1])}"


def is_mapped(s: Statement) -> bool:
    """Whether the areas are mapped, not estimated."""
    return s.activity.label == MAPPED_AREA


def period_years(s: Statement) -> range:
    """Years of the period."""
    return range(int(s.period.start[:4]), int(s.period.end[:4]) + 1)


def mapped_loss_m2(s: Statement) -> int:
    """Loss mapped in the period, m²."""
    return sum(row.area_m2 for row in s.activity.loss if row.year in period_years(s))


def estimated_loss(s: Statement) -> list[AreaEstimate]:
    """Loss estimated for each year of the period; degraded forest that was lost is in it as another activity."""
    return [row for row in s.activity.estimates if row.activity == "loss" and row.year in period_years(s)]


def emitted_kg(s: Statement) -> int:
    """Project emissions of the period."""
    return sum(row.project_emissions_kg for row in s.quantities.vintages)


def removed_kg(s: Statement) -> int:
    """Project removals of the period, negative."""
    return sum(row.project_removals_kg for row in s.quantities.vintages)


def benefit_kg(s: Statement) -> int | None:
    """Net benefit of the period: B − P − L, L as far as given; None without a reference level."""
    rows = s.quantities.vintages
    if any(row.gross_benefit_kg is None for row in rows):
        return None
    return sum((row.gross_benefit_kg or 0) - (row.leakage_kg or 0) for row in rows)


def drawn(s: Statement, quantity: str, span: str = "period") -> DrawnQuantity | None:
    """A drawn quantity; None where it was not drawn."""
    rows: Iterable[DrawnQuantity] = s.uncertainty.drawn
    return next((row for row in rows if (row.quantity, row.span) == (quantity, span)), None)
