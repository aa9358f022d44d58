"""A forger who owns a trusted key: alters a statement, lets whatever he can compute follow from it, and signs again."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mrv.activity.accuracy_rows import CLASSES, accuracy_of
from mrv.activity.cohort import GAIN, START
from mrv.activity.commitment import seed_for
from mrv.activity.estimate import area_rows, design_strata, events_of
from mrv.carbon.pools import LOSS, degradation_of, loss_after
from mrv.carbon.stock import growth_intervals, growth_rows, stock_rows
from mrv.equations import percentage_speaks
from mrv.errors import StatementError
from mrv.inputs import seed_of
from mrv.plan import plan_from_json
from mrv.programme.rows import programme_row, worked_example
from mrv.rules import arithmetic
from mrv.rules.findings import findings
from mrv.rules.gates import check_gates, conclude, evaluate
from mrv.rules.scope import absent
from mrv.rules.tables import Tables
from mrv.statement import parse_statement
from mrv.uncertainty.approach1 import approach1_percent
from mrv.units import decimal_str, sha256_json

SLOW = ("factors", "quantities", "programme", "uncertainty", "sample")
"""The questions that take longest come last, in this order."""


def caught(value: Any) -> str | None:
    """The first check that fails, or None: the same questions as ``check_statement``, stopped early."""
    try:
        statement = parse_statement(value)
    except StatementError:
        return "statement.schema"
    if arithmetic.plan_fault(statement):
        return "statement.arithmetic.plan"
    tables = Tables(statement)
    for name in (*(name for name in arithmetic.QUESTIONS if name not in SLOW), *SLOW):
        if arithmetic.ask(name, tables).status != "holds":
            return f"statement.arithmetic.{name}"
    return next((check.code for check in check_gates(statement) if check.status != "holds"), None)


def resign(value: dict[str, Any]) -> dict[str, Any]:
    """Let digests, seed, findings, gates and the conclusion follow from the altered tables (in place)."""
    plan = value["method"]["plan"]
    value["method"]["plan_digest"] = sha256_json(plan)
    value["method"]["method_digest"] = sha256_json({key: item for key, item in plan.items() if key != "claim"})
    digests = [value["project"]["boundary_digest"], *(row["digest"] for row in value["inputs"])]
    digests += [band["pixels"] for scene in value["evidence"] for band in scene["bands"]]
    value["uncertainty"]["seed"] = seed_of(value["method"]["plan_digest"], digests)
    value["findings"] = [row.model_dump() for row in findings(parse_statement(value))]
    value["gates"] = [row.model_dump() for row in evaluate(parse_statement(value))]
    value["conclusion"] = conclude(parse_statement(value)).model_dump()
    return value


def rebuild(value: dict[str, Any]) -> dict[str, Any]:
    """Let every table that can be computed follow from those that cannot, then sign again (in place)."""
    _observed(value)
    if value["activity"]["sample"] is not None:
        _sampled(value)
    if value["biomass"] is not None:
        agb = next(row for row in value["factors"] if row["role"] == "agb")
        value["biomass"]["agb_kg_ha"] = round(1000 * float(agb["value"]))
    later = value["period"]["start"][:4] > value["method"]["plan"]["project"]["start"][:4]
    value["absent"] = absent({row["name"] for row in value["inputs"]}, later=later)
    s = parse_statement(value)
    tables = Tables(s)
    for row in value["uncertainty"]["drawn"]:
        row["hw90_kg"] = (row["q95_kg"] - row["q05_kg"]) // 2
        speaks = percentage_speaks(row["mean_kg"], row["hw90_kg"])
        percent = Fraction(100 * row["hw90_kg"], row["mean_kg"]) if speaks else None
        row["hw90_percent"] = None if percent is None else decimal_str(percent, places=4)
    value["uncertainty"]["approach1_half_width_percent"] = approach1_percent({row.role: row for row in s.factors})
    value["stocks"] = stock_rows(tables.plan, tables.values)
    value["growth"] = growth_rows(tables.plan, tables.areas_m2, tables.values, reference_year=s.quantities.stock_year)
    value["growth_intervals"] = growth_intervals(value["growth"], value["growth_intervals"])
    value["quantities"], issued = Tables(parse_statement(value)).amounts
    example = worked_example(tables.plan, value["quantities"]["period_project_kg"], value["uncertainty"]["drawn"])
    value["programme"] = {**programme_row(tables.plan, issued), "worked_example": example}
    return resign(value)


def _observed(value: dict[str, Any]) -> None:
    rows = value["activity"]["loss"]
    pixels, area = sum(row["pixels"] for row in rows), sum(row["area_m2"] for row in rows)
    lost = value["activity"]["strata"][0]
    if lost["pixels"] != pixels or abs(lost["area_m2"] - area) > len(rows):
        lost.update(pixels=pixels, area_m2=area)
    value["project"]["pixels"] = sum(row["pixels"] for row in value["activity"]["strata"])
    whole = sum(row["area_m2"] for row in value["activity"]["strata"])
    if abs(value["project"]["area_m2"] - whole) > 2:
        value["project"]["area_m2"] = whole


def _sampled(value: dict[str, Any]) -> None:
    a, plan = value["activity"], plan_from_json(value["method"]["plan"])
    assert plan.reference is not None
    a["sample"]["seed"] = seed_for(a["sample"]["frame_digest"], a["sample"]["beacon"])
    years = sorted({row["year"] for row in a["loss"]})
    design = design_strata(a["sample"]["strata"])
    hits = {(row["activity"], row["year"]): row["hits"] for row in a["estimates"]}
    gold = a["sample"]["gold"] and a["sample"]["gold"]["counts"]
    a["estimates"] = area_rows(
        design, hits, events_of(plan.reference.intensities, years), method=plan.reference.interval, gold=gold
    )
    counts = []
    for i, row in enumerate(a["sample"]["strata"]):
        start = hits[START, years[0] - 1][i]
        lost, gained = (sum(hits[kind, year][i] for year in years) for kind in (LOSS, GAIN))
        names = plan.reference.intensities
        kept = sum(hits[degradation_of(n), y][i] - hits[loss_after(n), y][i] for n in names for y in years)
        counts.append([lost, kept, gained, start - lost - kept, row["responded"] - start - gained])
    assert len(CLASSES) == 5
    if min(min(row) for row in counts) >= 0:
        a["accuracy"] = accuracy_of(design, counts)
