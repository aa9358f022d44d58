"""Factor tables: each value with its interval, distribution, unit, source, and whether it was checked.

A published table is never edited: ``mrv check`` compares a statement's factors with the table that its plan names, so a
correction is a new table with a new name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.committed import committed_names, committed_rows
from mrv.errors import PlanError
from mrv.units import decimal_str

if TYPE_CHECKING:
    from mrv.plan import FactorsTable

_COLUMNS = (
    "id", "quantity", "value", "low", "high", "interval", "distribution", "unit", "source", "value_verified",
    "interval_verified", "note",
)  # fmt: skip
_OTHERS = frozenset({"allometries", "wood_density"})
"""Tables of this room that hold no factors."""
ROLES = {
    "agb": "t d.m./ha",
    "root_shoot": "t d.m./t d.m.",
    "carbon_fraction": "t C/t d.m.",
    "after_biomass": "t d.m./ha",
    "after_carbon_fraction": "t C/t d.m.",
}
"""The roles every plan fills with factor ids, and the unit each needs."""
OPTIONAL_ROLES = {
    "growth": "t d.m./ha/yr",
    "dead_wood": "t C/ha",
    "litter": "t C/ha",
    "soil": "t C/ha",
    "soil_lost": "t C/t C",
    "soil_accumulation": "t C/ha/yr",
    "methane": "t CO2e/ha/yr",
    "wood_stored": "t C/t C",
}
"""The roles a plan may fill."""
DEGRADED_UNIT = "t d.m./t d.m."
"""Unit of the share of biomass that degradation takes."""


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

    def as_row(self, role: str) -> dict[str, Any]:
        """The factor as a statement lists it, under the role it fills."""
        row = asdict(self)
        return {"role": role, **row} | {name: decimal_str(row[name], places=9) for name in ("value", "low", "high")}


def load_table(name: str) -> dict[str, Factor]:
    """A table of factors by id.

    Raises:
        PlanError: No such table.
    """
    if name not in table_names():
        raise PlanError(
            f"no factor table {name}", code="factors.table", field="factors.table", hint=f"tables: {', '.join(table_names())}"
        )
    return {row["id"]: _factor(row) for row in committed_rows("mrv.carbon", name, _COLUMNS)}


def table_names() -> list[str]:
    """Names of the factor tables."""
    return [name for name in committed_names("mrv.carbon") if name not in _OTHERS]


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


def named_factors(plan: FactorsTable) -> dict[str, tuple[str, str]]:
    """Role → (factor id, unit) of every factor a plan names."""
    named = {role: (getattr(plan, role), unit) for role, unit in {**ROLES, **OPTIONAL_ROLES}.items()}
    named |= {f"degraded:{intensity}": (name, DEGRADED_UNIT) for intensity, name in plan.degradation.items()}
    return {role: (name, unit) for role, (name, unit) in named.items() if name is not None}


def factors_for(plan: FactorsTable) -> dict[str, Factor]:
    """The factors a plan names, by role, with its overrides applied.

    Raises:
        PlanError: An id that is in no table or in two, a unit that does not fit, or an override of a factor not used.
    """
    table = _joined(plan.tables)
    chosen: dict[str, Factor] = {}
    for role, (name, unit) in named_factors(plan).items():
        field = f"factors.{role.replace('degraded:', 'degradation.')}"
        if name not in table:
            raise PlanError(
                f"no factor {name} in {' or '.join(plan.tables)}",
                code="factors.unknown",
                field=field,
                hint=f"ids: {', '.join(sorted(table))}",
            )
        if table[name].unit != unit:
            raise PlanError(
                f"{name} is in {table[name].unit}, not {unit}",
                code="factors.role",
                field=field,
                hint="name a factor of that unit",
            )
        chosen[role] = _override(table[name], plan)
    if stray := sorted(set(plan.overrides) - {factor.id for factor in chosen.values()}):
        raise PlanError(
            f"{stray[0]} is not used by this plan", code="factors.unused", field="factors.overrides", hint="remove it"
        )
    return chosen


def _joined(names: tuple[str, ...]) -> dict[str, Factor]:
    joined: dict[str, Factor] = {}
    for name in names:
        table = load_table(name)
        if both := sorted(set(joined) & set(table)):
            raise PlanError(
                f"{both[0]} is in two of the tables", code="factors.two-tables", field="factors.table",
                hint="name the table that is meant",
            )  # fmt: skip
        joined |= table
    return joined


def _override(factor: Factor, plan: FactorsTable) -> Factor:
    if factor.id not in plan.overrides:
        return factor
    value = Fraction(plan.overrides[factor.id])
    given = plan.override_intervals.get(factor.id)
    if given is not None:
        return replace(
            factor, value=value, low=Fraction(given.low), high=Fraction(given.high), interval="95 % by the plan",
            source=f"monitoring plan: {given.source}", note="", verified=False, overridden=True,
        )  # fmt: skip
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
