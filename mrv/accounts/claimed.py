"""Claimed: what the project states beside its evidence: reference level, leakage, prior credits, risk, authorisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.accounts.baseline import Leakage, LevelRow, ReferenceLevel, parse_leakage, parse_reference_level
from mrv.carbon.pools import fluxes
from mrv.errors import PlanError
from mrv.programme.credits import PriorCredit, RiskReport, parse_prior_credits, parse_risk_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.inputs import Inputs
    from mrv.plan import Claim, MonitoringPlan
    from mrv.programme.authorisation import RegistryExtract


@dataclass(frozen=True)
class Claimed:
    """The project's statements, parsed; None where it makes none."""

    level: ReferenceLevel | None = None
    """Reference level."""
    leakage: Leakage | None = None
    """Leakage."""
    prior: tuple[PriorCredit, ...] | None = None
    """Credited before; empty where nothing was, None where that is not stated."""
    risk: RiskReport | None = None
    """Risk report."""
    extract: RegistryExtract | None = None
    """Registry extract."""

    def level_rows(self, years: Iterable[int]) -> tuple[LevelRow, ...]:
        """Rows of the reference level; none without one.

        Raises:
            PlanError: A year has no row.
        """
        return self.level.for_years(years) if self.level else ()

    def leakage_rows(self, years: Iterable[int]) -> tuple[LevelRow, ...]:
        """Rows of leakage; none without.

        Raises:
            PlanError: A year has no row.
        """
        return self.leakage.for_years(years) if self.leakage else ()


def read_claimed(plan: MonitoringPlan, claim: Claim, inputs: Inputs) -> Claimed:
    """Parse whatever there is.

    Raises:
        PlanError: Names file, place and remedy; every year since the project's start needs its row.
    """
    from mrv.programme.authorisation import parse_registry_extract  # a check has no extract to parse

    found = Claimed(
        level=parse_reference_level(inputs["reference_level.csv"]) if "reference_level.csv" in inputs else None,
        leakage=parse_leakage(inputs["leakage.toml"]) if "leakage.toml" in inputs else None,
        prior=parse_prior_credits(inputs["prior_credits.csv"]).rows if "prior_credits.csv" in inputs else None,
        risk=parse_risk_report(inputs["risk_report.toml"]) if "risk_report.toml" in inputs else None,
        extract=parse_registry_extract(inputs["registry_extract.json"]) if "registry_extract.json" in inputs else None,
    )
    years = range(plan.project.start.year, claim.end.year + 1)
    _removals_on_both_sides(plan, found.level_rows(years), years)
    found.leakage_rows(years)
    return found


def _removals_on_both_sides(plan: MonitoringPlan, rows: Iterable[LevelRow], years: Iterable[int]) -> None:
    """What grows anyway is no benefit: a project that counts growth or soil uptake states the baseline's, if only as 0."""
    rows = tuple(rows)
    if not rows or all(flux.kind == "emission" for flux in fluxes(plan)):
        return
    if missing := sorted(set(years) - {row.year for row in rows if row.flow == "removals"}):
        raise PlanError(
            f"no removals of {missing[0]}, but the project counts the growth or soil uptake of standing forest",
            code="reference-level.removals-missing", file="reference_level.csv", field=f"year {missing[0]}",
            hint="state what the land would have taken up without the project; nothing is a row of 0 with its document",
        )  # fmt: skip
