"""Verdicts: gates, what is missing, findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.page import Html, table, tag
from mrv.report.parts import pill

if TYPE_CHECKING:
    from mrv.statement import Statement

GATE_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "not assessed": "? not assessed"}


def gates_section(s: Statement) -> Html:
    """Every gate with what it measured and its limit."""
    good = {"passed": True, "failed": False, "not assessed": None}
    rows = [(g.id, pill(GATE_MARKS[g.status], good=good[g.status]), g.measured, g.limit) for g in s.gates]
    return table("Plausibility gates", ("Gate", "Outcome", "Measured", "Limit"), rows) + tag(
        "p", "Not assessed is never passed: the input is missing.", class_="small"
    )


def missing_section(s: Statement) -> Html:
    """Inputs the project does not give."""
    rows = [(row.input, row.consequence, row.remedy) for row in s.absent]
    found = table("Inputs the project does not give", ("Missing", "So", "To get there"), rows)
    return found if rows else tag("p", "Nothing: every input was given.")


def findings_section(s: Statement) -> Html:
    """Typed findings about the data."""
    found = table("Findings", ("Code", "Concerns", "Found"), [(f.code, f.item, f.value) for f in s.findings])
    return found if s.findings else tag("p", "None.")
