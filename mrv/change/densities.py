"""Densities: what forest and non-forest look like to an index, published or trained by the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.change.published import table_rows
from mrv.errors import PlanError

if TYPE_CHECKING:
    from mrv.plan import EvidenceTable, MonitoringPlan


@dataclass(frozen=True, slots=True)
class Density:
    """In integers of the index: dB × 100 or NDVI × 10⁴."""

    shift: int
    """Mean of non-forest less mean of forest."""
    spread: int
    """Standard deviation of non-forest."""
    floor: int
    """Smallest standard deviation of forest."""


def density_of(entry: EvidenceTable) -> Density:
    """The densities that a plan names for one index.

    Raises:
        PlanError: No such density, or one of another index.
    """
    if entry.trained is not None:
        return Density(entry.trained.shift, entry.trained.spread, entry.trained.floor)
    rows = {row["id"]: row for row in table_rows("densities")}
    row = rows.get(entry.density or "")
    if row is None or row["index"] != entry.index:
        fit = ", ".join(name for name, one in rows.items() if one["index"] == entry.index) or "none"
        raise PlanError(
            f"no density {entry.density} of {entry.index}", code="plan.density", field="method.change.evidence",
            hint=f"published for {entry.index}: {fit}; or give [method.change.evidence.trained]",
        )  # fmt: skip
    return Density(int(row["shift"]), int(row["spread"]), int(row["floor"]))


def check_densities(plan: MonitoringPlan) -> None:
    """Refuse a plan whose densities are not there.

    Raises:
        PlanError: Names what is there.
    """
    for entry in getattr(plan.method.change, "evidence", ()):
        density_of(entry)
