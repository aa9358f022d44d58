"""Factor tables: each value with its interval, distribution, unit, source, and whether it was checked.

A published table is never edited: ``mrv check`` compares a statement's factors with the table that its plan names, so a
correction is a new table with a new name.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mrv.errors import PlanError
from mrv.units import decimal_str

if TYPE_CHECKING:
    from mrv.plan import FactorsTable

ROLES = {
    "agb": "t d.m./ha",
    "root_shoot": "t d.m./t d.m.",
    "carbon_fraction": "t C/t d.m.",
    "after_biomass": "t d.m./ha",
    "after_carbon_fraction": "t C/t d.m.",
}
"""The roles a plan fills with factor ids, and the unit each needs."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One emission factor."""

    id: str
    """Id in its table."""
    value: Fraction
    """Central value."""
    low: Fraction
    """Lower end of the interval."""
    high: Fraction
    """Upper end."""
    interval: str
    """What the interval is."""
    distribution: str
    """``normal`` or ``lognormal-mean-preserved``."""
    unit: str
    """Unit."""
    source: str
    """Publication and table."""
    note: str
    """What its reader should know."""
    verified: bool
    """Value and interval were both checked against the publication or its reference code."""
    overridden: bool = False
    """The plan gives another value; the interval is scaled with it."""

    def as_row(self) -> dict[str, Any]:
        """The factor as a statement lists it."""
        row = asdict(self)
        return row | {name: decimal_str(row[name], places=9) for name in ("value", "low", "high")}


def load_table(name: str) -> dict[str, Factor]:
    """A table of factors by id.

    Raises:
        PlanError: No such table.
    """
    path = files("mrv.carbon") / "tables" / f"{name}.csv"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise PlanError(
            f"no factor table {name}", code="factors.table", field="factors.table", hint="tables: ipcc_tier1"
        ) from error
    return {row["id"]: _factor(row) for row in csv.DictReader(lines)}


def _factor(row: dict[str, str]) -> Factor:
    return Factor(
        id=row["id"],
        value=Fraction(row["value"]),
        low=Fraction(row["low"]),
        high=Fraction(row["high"]),
        interval=row["interval"],
        distribution=row["distribution"],
        unit=row["unit"],
        source=row["source"],
        note=row["note"],
        verified=row["value_verified"] == row["interval_verified"] == "yes",
    )


def factors_for(plan: FactorsTable) -> dict[str, Factor]:
    """The factors a plan names, by role, with its overrides applied.

    Raises:
        PlanError: An id that is not in the table, or an override of a factor that is not used.
    """
    table = load_table(plan.table)
    chosen: dict[str, Factor] = {}
    for role, unit in ROLES.items():
        name = getattr(plan, role)
        if name not in table:
            raise PlanError(
                f"no factor {name} in table {plan.table}",
                code="factors.unknown",
                field=f"factors.{role}",
                hint=f"ids: {', '.join(sorted(table))}",
            )
        if table[name].unit != unit:
            raise PlanError(
                f"{name} is in {table[name].unit}, not {unit}",
                code="factors.role",
                field=f"factors.{role}",
                hint="name a factor of that unit",
            )
        chosen[role] = _override(table[name], plan)
    if stray := sorted(set(plan.overrides) - {factor.id for factor in chosen.values()}):
        raise PlanError(
            f"{stray[0]} is not used by this plan", code="factors.unused", field="factors.overrides", hint="remove it"
        )
    return chosen


def _override(factor: Factor, plan: FactorsTable) -> Factor:
    if factor.id not in plan.overrides:
        return factor
    value = Fraction(plan.overrides[factor.id])
    ratio = value / factor.value
    return Factor(
        id=factor.id,
        value=value,
        low=factor.low * ratio,
        high=factor.high * ratio,
        interval=f"{factor.interval}, scaled to the plan's value",
        distribution=factor.distribution,
        unit=factor.unit,
        source="monitoring plan",
        note="",
        verified=False,
        overridden=True,
    )
