"""Accounts: what every programme starts from, in whole kg CO2e.

Positive goes to the atmosphere, so removals are negative and a benefit is baseline less project less leakage.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.errors import PlanError
from mrv.units import KG_PER_T

if TYPE_CHECKING:
    from mrv.programme.credits import PriorCredit, RiskReport


def _refuse(message: str, code: str, field: str, hint: str) -> None:
    raise PlanError(message, code=f"programme.{code}", field=field, hint=hint)


@dataclass(frozen=True, slots=True)
class Vintage:
    """One year of the monitoring period."""

    year: int
    """Calendar year."""
    baseline_emissions_kg: int
    """≥ 0."""
    baseline_removals_kg: int
    """≤ 0."""
    project_emissions_kg: int
    """≥ 0."""
    project_removals_kg: int
    """≤ 0."""
    leakage_kg: int = 0
    """≥ 0: leakage that helps is never credited."""
    non_stock_benefit_kg: int = 0
    """The part of the net benefit that is no change of a carbon stock: methane, nitrous oxide, fuel."""

    def __post_init__(self) -> None:
        signs = (("emissions_kg", 1), ("removals_kg", -1))
        for name, sign in ((f"{side}_{flow}", sign) for side in ("baseline", "project") for flow, sign in signs):
            if sign * getattr(self, name) < 0:
                _refuse(
                    f"{getattr(self, name)} kg has the wrong sign",
                    "sign",
                    f"{self.year} {name}",
                    "positive goes to the atmosphere: emissions ≥ 0, removals ≤ 0",
                )
        if self.leakage_kg < 0:
            _refuse(
                f"leakage of {self.leakage_kg} kg", "leakage", f"{self.year} leakage_kg", "leakage that helps is not credited"
            )

    @property
    def baseline_kg(self) -> int:
        """Net baseline."""
        return self.baseline_emissions_kg + self.baseline_removals_kg

    @property
    def project_kg(self) -> int:
        """Net project."""
        return self.project_emissions_kg + self.project_removals_kg

    @property
    def reductions_kg(self) -> int:
        """Emissions avoided."""
        return self.baseline_emissions_kg - self.project_emissions_kg

    @property
    def removals_kg(self) -> int:
        """Removals beyond the baseline's, as a benefit."""
        return self.baseline_removals_kg - self.project_removals_kg

    @property
    def gross_kg(self) -> int:
        """Reductions plus removals: B − P."""
        return self.baseline_kg - self.project_kg

    @property
    def net_kg(self) -> int:
        """B − P − L."""
        return self.gross_kg - self.leakage_kg


@dataclass(frozen=True, slots=True)
class Totals:
    """From the project's start to the day before the period."""

    baseline_kg: int = 0
    """Net baseline."""
    project_kg: int = 0
    """Net project."""
    leakage_kg: int = 0
    """Leakage, ≥ 0."""

    @property
    def net_kg(self) -> int:
        """B − P − L."""
        return self.baseline_kg - self.project_kg - self.leakage_kg


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and 90 % half-width of a quantity's Monte Carlo draws."""

    mean_kg: int
    """Mean of the draws."""
    half_width_90_kg: int
    """(q95 − q05) / 2."""

    def __post_init__(self) -> None:
        if self.half_width_90_kg < 0:
            _refuse(f"half-width of {self.half_width_90_kg} kg", "half-width", "half_width_90_kg", "give (q95 − q05) / 2")


@dataclass(frozen=True, slots=True)
class Accounts:
    """A project's accounts for one monitoring period."""

    vintages: tuple[Vintage, ...]
    """The period's years, consecutive."""
    baseline: Spread
    """Baseline since the project's start."""
    project: Spread
    """Project since the project's start."""
    gross: Spread
    """Gross emissions of the period, whose percentage ART TREES applies to reductions and removals."""
    net: Spread
    """Net benefit of the period; recorded, no programme deducts by it."""
    before: Totals = Totals()
    """Totals up to the period; zeros in the first."""
    prior: tuple[PriorCredit, ...] = ()
    """Credited before, by attestation and vintage."""
    risk: RiskReport | None = None
    """Risk report; without one no buffer can be set, and nothing is issued."""
    net_at_year_100_kg: int | None = None
    """Net benefit 100 years after the start, a declared projection (VM0033 Eq. 86)."""

    def __post_init__(self) -> None:
        years = [vintage.year for vintage in self.vintages]
        if not years or any(two != one + 1 for one, two in pairwise(years)):
            _refuse(f"years {years}", "years", "vintages", "give every calendar year of the period once, in order")

    def total_kg(self, name: str) -> int:
        """Sum of a quantity of :class:`Vintage` over the period.

        Args:
            name: Its attribute, such as ``net_kg``.
        """
        return sum(int(getattr(vintage, name)) for vintage in self.vintages)

    def cumulative_kg(self, name: str) -> int:
        """The same since the project's start, for a quantity of :class:`Totals`.

        Args:
            name: Its attribute.
        """
        return int(getattr(self.before, name)) + self.total_kg(name)

    @property
    def stock_benefit_kg(self) -> int:
        """Net benefit of the period that is a change of carbon stocks."""
        return self.total_kg("net_kg") - self.total_kg("non_stock_benefit_kg")

    def credited_kg(self, year: int | None = None) -> int:
        """Tonnes credited and put into the buffer before, in kg.

        Args:
            year: Of this vintage; None: of the vintages before the period.
        """
        first = self.vintages[0].year
        rows = [row for row in self.prior if (row.vintage == year if year is not None else row.vintage < first)]
        return KG_PER_T * sum(row.t_co2e + row.buffer_t for row in rows)

    @property
    def credited_within_kg(self) -> int:
        """Credited before, of vintages of this period or later: the same year is never credited twice."""
        first = self.vintages[0].year
        return KG_PER_T * sum(row.t_co2e + row.buffer_t for row in self.prior if row.vintage >= first)
