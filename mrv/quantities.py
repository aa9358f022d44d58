"""Quantities: the sections that say how many tonnes, from which factors, and how sure."""

from __future__ import annotations

from typing import Literal

from mrv.sections import Count, Int, Section, Text
from mrv.units import DecimalStr, Digest

Pool = Literal["above-ground biomass", "below-ground biomass", "biomass after loss"]
INDICATIVE = "indicative, not creditable"


class FactorSection(Section):
    """One emission factor used."""

    id: str
    """Id in the table."""
    value: DecimalStr
    """Central value."""
    low: DecimalStr
    """Lower end of its interval."""
    high: DecimalStr
    """Upper end."""
    interval: Text
    """What the interval is."""
    distribution: str
    """Distribution drawn."""
    unit: str
    """Unit of the value."""
    source: Text
    """Publication and table."""
    note: Text
    """What its reader should know."""
    verified: bool
    """Whether the number was checked against the publication."""
    overridden: bool
    """Whether the plan gives another value than the table."""


class StockSection(Section):
    """Carbon density of one pool."""

    pool: Pool
    """Which."""
    state: Literal["before", "after"]
    """Before or after loss."""
    t_c_ha: DecimalStr
    """t C / ha."""


class GrowthSection(Section):
    """Stock of one stratum and pool at the end of a year: one point of the growth curve."""

    year: Count
    """Year."""
    stratum: Literal["forest", "lost"]
    """Standing forest, or area lost since the start."""
    pool: Pool
    """Pool."""
    area_m2: Count
    """Area, m²."""
    kg_co2e: Count
    """Stock, kg CO2 equivalent."""


class VintageQuantity(Section):
    """Quantities of one year, kg CO2e, positive to the atmosphere."""

    year: Count
    """Vintage."""
    baseline_kg: Int | None
    """Baseline emissions B; null without a reference level."""
    project_kg: Int
    """Project emissions P."""
    leakage_kg: Int | None
    """Leakage L; null where not given."""
    gross_benefit_kg: Int | None
    """B − P; null without B."""
    reductions_kg: Int | None
    """Part of the benefit that is avoided emissions."""
    removals_kg: Int | None
    """Part that is removals."""


class Step(Section):
    """One step of a programme."""

    equation: Text
    """Section and equation."""
    base: Int
    """What it starts from."""
    input: Text
    """What enters."""
    result: Int
    """What comes out."""
    unit: Literal["kg CO2e", "t CO2e"]
    """Unit of base and result."""


class QuantitiesSection(Section):
    """Tonnes."""

    label: Literal["indicative, not creditable"]
    """What they are."""
    gwp: str
    """Set of global warming potentials."""
    vintages: list[VintageQuantity]
    """The period's years."""
    period_project_kg: Int
    """Project emissions of the period."""
    cumulative_project_kg: Int
    """Project emissions since the project's start."""
    cumulative_credited_t: Count
    """Credited by prior attestations."""
    prior_attestations: list[Digest]
    """Those attestations."""
    steps: list[Step]
    """The programme's ordered steps to issuable tonnes."""
    issuable_t: Count
    """Issuable tonnes."""


class Contribution(Section):
    """Share of one factor in the variance of Approach 1."""

    factor: str
    """Factor id."""
    variance_percent: DecimalStr
    """Share, %."""


class UncertaintySection(Section):
    """Uncertainty of the period's project emissions per mapped area; the area's own is not known."""

    scope: Literal["factors only; the mapped area has no error estimate"]
    """What is covered."""
    approach1_half_width_percent: DecimalStr | None
    """IPCC Approach 1, 95 % half-width as % of the central value; null near zero."""
    generator: str
    """Bit generator and mapping."""
    seed: Digest
    """sha256(plan digest ‖ input digests)."""
    draws: Count
    """Monte Carlo draws."""
    mean_kg: Int
    """Mean."""
    q05_kg: Int
    """5th percentile."""
    q95_kg: Int
    """95th percentile."""
    hw90_kg: Int
    """(q95 − q05) / 2."""
    mean_se_kg: Int
    """Monte Carlo standard error of the mean."""
    hw90_percent: DecimalStr | None
    """hw90_kg as % of mean_kg; null where the mean is near zero."""
    contributions: list[Contribution]
    """Which factor to improve first."""


class WorkedExample(Section):
    """A programme's arithmetic on the indicative tonnes; not a quantity of this statement."""

    label: Literal["worked example, not a quantity"]
    """What it is."""
    text_verified: bool
    """Whether the programme's text was read."""
    steps: list[Step]
    """Steps."""


class ProgrammeSection(Section):
    """The crediting programme."""

    id: str
    """Which."""
    text_verified: bool
    """Whether its text was read when its rules were written."""
    worked_example: WorkedExample | None
    """Outside the quantities."""
