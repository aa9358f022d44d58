"""Arithmetic: a statement's numbers recomputed from its own tables, with nothing but integers and fractions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mrv.carbon.tables import factors_for
from mrv.change.bandpass import check_sensors
from mrv.change.densities import check_densities
from mrv.checks import Check, decide
from mrv.errors import MRVError
from mrv.plan import plan_from_json
from mrv.rules.accounts import programme_faults, quantity_faults, spread_faults
from mrv.rules.areas import area_faults, estimate_faults
from mrv.rules.consistency import claim_faults, grid_faults, plot_faults, record_faults, sample_faults, seed_faults
from mrv.rules.draws import draw_faults
from mrv.rules.findings import findings
from mrv.rules.record import observation_faults, plan_faults
from mrv.rules.scenes import scene_faults
from mrv.rules.scope import absent, not_verified
from mrv.rules.stocks import factor_faults, stock_faults
from mrv.rules.tables import Tables, differs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mrv.statement import Statement


def check_arithmetic(statement: Statement) -> list[Check]:
    """Recompute what can be recomputed from the tables alone (a Monte Carlo cannot: ``mrv replay`` does).

    Returns:
        One check a table, ``statement.arithmetic.<table>``.
    """
    fault = plan_fault(statement)
    if fault is not None:  # every other question reads the plan
        return [decide("statement.arithmetic.plan", ok=False, detail=fault)]
    tables = Tables(statement)
    return [ask(name, tables) for name in QUESTIONS]


def ask(name: str, tables: Tables) -> Check:
    """Put one question to a statement whose plan is a plan; never raises on a bad one.

    Args:
        name: Table asked about.
        tables: The statement's tables.
    """
    try:
        wrong = list(QUESTIONS[name](tables))
    except (ArithmeticError, KeyError, ValueError, TypeError, IndexError, RuntimeError, AttributeError, MRVError) as error:
        wrong = [f"cannot be recomputed: {error!r}"]
    return decide(f"statement.arithmetic.{name}", ok=not wrong, detail="; ".join(wrong) or "recomputed")


def plan_fault(statement: Statement) -> str | None:
    """Why the embedded plan is none that this package would run, or None."""
    try:
        plan = plan_from_json(statement.method.plan)
        factors_for(plan.factors)
        check_densities(plan)
        check_sensors(plan)
    except MRVError as error:
        return str(error)
    return None


def _words(tables: Tables) -> Iterator[str]:
    s, plan = tables.statement, tables.plan
    monitors, later = plan.method.monitors, plan.is_later(date.fromisoformat(s.period.start))
    yield from differs("absent", [row.model_dump() for row in s.absent], absent(tables.names, later=later))
    yield from differs("not verified", s.not_verified, not_verified(tables.names, monitors=monitors))
    yield from differs("findings", [row.model_dump() for row in s.findings], [row.model_dump() for row in findings(s)])


QUESTIONS: dict[str, Callable[[Tables], Iterator[str]]] = {
    "plan": plan_faults,
    "seed": lambda t: seed_faults(t.statement),
    "grid": lambda t: grid_faults(t.statement, t.plan),
    "scenes": lambda t: scene_faults(t.statement, t.plan),
    "observation": observation_faults,
    "record": lambda t: record_faults(t.statement),
    "areas": area_faults,
    "sample": estimate_faults,
    "cohort": lambda t: sample_faults(t.statement, t.plan, list(t.years)),
    "plots": lambda t: plot_faults(t.statement, t.plan),
    "factors": factor_faults,
    "stocks": stock_faults,
    "stated": lambda t: claim_faults(t.statement),
    "quantities": quantity_faults,
    "uncertainty": spread_faults,
    "draws": lambda t: draw_faults(t.statement, t.plan),
    "programme": programme_faults,
    "words": _words,
}
"""Every question, by the table it asks about, in the order they are answered."""
