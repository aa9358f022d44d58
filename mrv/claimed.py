"""Claimed: what the project states beside its evidence: reference level, leakage, prior credits, risk, authorisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.baseline import Leakage, LevelRow, ReferenceLevel, parse_leakage, parse_reference_level
from mrv.programme.authorisation import RegistryExtract, parse_registry_extract
from mrv.programme.credits import PriorCredit, PriorCredits, RiskReport, parse_prior_credits, parse_risk_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.inputs import Inputs
    from mrv.plan import Claim, MonitoringPlan


@dataclass(frozen=True)
class Claimed:
    """The project's statements, parsed; None where it makes none."""

    level: ReferenceLevel | None = None
    """Reference level."""
    leakage: Leakage | None = None
    """Leakage."""
    prior: tuple[PriorCredit, ...] = ()
    """Credited before."""
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
    prior = parse_prior_credits(inputs["prior_credits.csv"]) if "prior_credits.csv" in inputs else PriorCredits(())
    found = Claimed(
        level=parse_reference_level(inputs["reference_level.csv"]) if "reference_level.csv" in inputs else None,
        leakage=parse_leakage(inputs["leakage.toml"]) if "leakage.toml" in inputs else None,
        prior=prior.rows,
        risk=parse_risk_report(inputs["risk_report.toml"]) if "risk_report.toml" in inputs else None,
        extract=parse_registry_extract(inputs["registry_extract.json"]) if "registry_extract.json" in inputs else None,
    )
    years = range(plan.project.start.year, claim.end.year + 1)
    found.level_rows(years)
    found.leakage_rows(years)
    return found
