"""Account rules: quantities, half-widths and the programme's steps, recomputed; questions of ``mrv check``."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.equations import percentage_speaks
from mrv.programme.rows import programme_row, worked_example
from mrv.rules.tables import differs
from mrv.uncertainty.approach1 import approach1_percent
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.rules.tables import Tables


def quantity_faults(tables: Tables) -> Iterator[str]:
    """Tonnes follow from areas, factors and what the project states."""
    s = tables.statement
    wanted, _ = tables.amounts
    yield from differs("quantities", s.quantities.model_dump(), wanted)
    given = {"risk_report.toml": s.quantities.risk is not None, "registry_extract.json": s.authorisation is not None}
    for name, there in given.items():
        yield from differs(name, there, name in tables.names)
    if s.quantities.prior and "prior_credits.csv" not in tables.names:
        yield "prior credits are listed, but prior_credits.csv is no input"


def spread_faults(tables: Tables) -> Iterator[str]:
    """Half-widths and percentages follow from the percentiles; what has to be drawn was."""
    s, u, plan = tables.statement, tables.statement.uncertainty, tables.plan
    factors = {row.role: row for row in s.factors}
    yield from differs("Approach 1", u.approach1_half_width_percent, approach1_percent(factors))
    for row in u.drawn:
        name = f"{row.quantity} of the {row.span}"
        yield from differs(f"half-width, {name}", row.hw90_kg, (row.q95_kg - row.q05_kg) // 2)
        speaks = percentage_speaks(row.mean_kg, row.hw90_kg)
        percent = decimal_str(Fraction(100 * row.hw90_kg, row.mean_kg), places=4) if speaks else None
        yield from differs(f"half-width percent, {name}", row.hw90_percent, percent)
    claimed = tables.claimed
    kinds = ["project", "gross emissions"]
    kinds += ["baseline"] if claimed.level else []
    kinds += ["leakage"] if claimed.leakage else []
    kinds += ["net benefit"] if claimed.level else []
    wanted = [(kind, span) for span in ("period", "cumulative") for kind in kinds]
    yield from differs("drawn quantities", [(row.quantity, row.span) for row in u.drawn], wanted)
    yield from differs("draws", u.draws, plan.random.draws)
    yield from differs("confidence in the claim", u.confidence_in_claim_percent is not None, claimed.level is not None)


def programme_faults(tables: Tables) -> Iterator[str]:
    """The programme's steps follow from the tonnes and their half-widths."""
    s, plan = tables.statement, tables.plan
    _, issued = tables.amounts
    rows = [row.model_dump() for row in s.uncertainty.drawn]
    wanted = {
        **programme_row(plan, issued),
        "worked_example": worked_example(plan, s.quantities.period_project_kg, rows),
    }
    yield from differs("programme", s.programme.model_dump(), wanted)
