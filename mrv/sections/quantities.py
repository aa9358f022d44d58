"""Quantities: the sections that say how many tonnes, from which factors, and how sure."""

from typing import Annotated, Literal

from pydantic import Field

from mrv.sections import Count, FindingSection, Int, Section, Text
from mrv.units import DateStr, DecimalStr, Digest

INDICATIVE = "indicative, not creditable"
CREDITABLE = "issuable by the programme's rules"
SCOPE_MAPPED = "factors only; the mapped area has no error estimate"
SCOPE_ESTIMATED = "areas, factors, plots, reference level and leakage, as far as each is given"


class FactorSection(Section):
    """One emission factor used."""

    role: str
    """What it is used as."""
    id: str
    """Id in the table, or what measured it."""
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


class StockComponent(Section):
    """Part of the standard error of a mean stock measured by plots."""

    component: Text
    """Which."""
    se_kg_ha: Count
    """Standard error, kg d.m./ha."""


class BiomassSection(Section):
    """Above-ground biomass by plots."""

    label: Literal["design-based", "model-assisted", "model-based"]
    """What the estimate is: model-based where the plots are no probability sample."""
    plots: Count
    """Plots of the first visit."""
    clusters: Count
    """Primary sampling units."""
    strata: Count
    """Design strata of the plots."""
    trees: Count
    """Trees of the first visit."""
    visits: Count
    """Visits."""
    reference_year: Count
    """Year of the first visit."""
    agb_kg_ha: Count
    """Mean above-ground biomass at the first visit, kg d.m./ha."""
    components: list[StockComponent]
    """Parts of its standard error."""
    map_mean_kg_ha: Count | None
    """Mean of the biomass map over the forest; null without one."""
    findings: list[FindingSection]
    """Remarks about plots and trees."""


class StockSection(Section):
    """Carbon density of one pool."""

    pool: Text
    """Which."""
    state: Literal["before", "after", "a year"]
    """Of standing forest, after loss, or gained by standing forest in a year."""
    t_c_ha: DecimalStr
    """t C / ha."""


class GrowthSection(Section):
    """Stock of one stratum and pool at the end of a year: one point of the growth curve."""

    year: Count
    """Year."""
    stratum: Literal["forest", "degraded", "lost"]
    """Standing forest, degraded forest, or area lost since the start."""
    pool: Text
    """Pool."""
    area_m2: Count
    """Area, m²."""
    kg_co2e: Int
    """Stock, kg CO2 equivalent."""


class GrowthInterval(Section):
    """Stock of all pools at the end of a year, with its interval."""

    year: Count
    """Year."""
    kg_co2e: Int
    """Stock, kg CO2 equivalent."""
    ci90_kg: Annotated[list[Int], Field(min_length=2, max_length=2)]
    """5th and 95th percentile of the draws."""


class FlowSection(Section):
    """One flux of one year."""

    year: Count
    """Year."""
    activity: Text
    """Activity."""
    pool: Text
    """Pool."""
    kind: Literal["emission", "removal"]
    """Which side it counts on."""
    area_m2: Count
    """Area of the activity, m²."""
    kg_co2e: Int
    """Positive to the atmosphere."""


class LevelSection(Section):
    """One row of the reference level or of leakage, as given, and in kg."""

    year: Count
    """Year."""
    flow: Literal["emissions", "removals"]
    """Which side."""
    quantity: DecimalStr
    """As given."""
    se: DecimalStr
    """Its standard error, as given."""
    unit: Literal["t CO2e", "ha"]
    """Unit of both; hectares are multiplied by the project's own emission factors."""
    method: Text
    """How it was made."""
    document: Digest
    """Document it comes from."""
    kg_co2e: Int
    """Positive to the atmosphere."""


class VintageQuantity(Section):
    """Quantities of one year, kg CO2e, positive to the atmosphere."""

    year: Count
    """Vintage."""
    baseline_emissions_kg: Int | None
    """Baseline emissions; null without a reference level."""
    baseline_removals_kg: Int | None
    """Baseline removals, negative."""
    project_emissions_kg: Int
    """Project emissions."""
    project_removals_kg: Int
    """Project removals, negative."""
    leakage_kg: Int | None
    """Leakage; null where not given."""
    gross_benefit_kg: Int | None
    """B − P; null without B."""
    reductions_kg: Int | None
    """Part of the benefit that is avoided emissions."""
    removals_kg: Int | None
    """Part that is removals."""
    issuable_t: Count
    """Issuable tonnes of the vintage."""


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


class PriorSection(Section):
    """Tonnes credited before."""

    attestation: Digest
    """Attestation."""
    vintage: Count
    """Year."""
    t_co2e: Count
    """Credited, t."""
    buffer_t: Count
    """Put into the buffer, t."""


class RiskSection(Section):
    """The risk report."""

    risk_rating_percent: DecimalStr
    """Overall rating, %."""
    buffer_percent: DecimalStr
    """Buffer deducted, %."""
    loss_event_threshold_percent: DecimalStr
    """Share of stock whose loss is a loss event, %."""
    document: Digest
    """Document."""
    as_of: DateStr
    """Its date."""


class QuantitiesSection(Section):
    """Tonnes."""

    label: Literal["indicative, not creditable", "issuable by the programme's rules"]
    """What they are."""
    gwp: str
    """Set of global warming potentials."""
    stock_year: Count
    """Year at whose end the stock per hectare was what the factors say."""
    flows: list[FlowSection]
    """Every flux of every year since the project's start."""
    reference_level: list[LevelSection]
    """Reference level, years since the project's start; empty without one."""
    leakage: list[LevelSection]
    """Leakage."""
    vintages: list[VintageQuantity]
    """The period's years."""
    period_project_kg: Int
    """Project emissions and removals of the period."""
    cumulative_project_kg: Int
    """The same since the project's start."""
    cumulative_benefit_kg: Int | None
    """Net benefit B − P − L since the project's start; null without a reference level."""
    prior: list[PriorSection]
    """Credited before."""
    cumulative_credited_t: Count
    """Credited by prior attestations."""
    risk: RiskSection | None
    """Risk report."""
    steps: list[Step]
    """The programme's ordered steps to issuable tonnes."""
    buffer_t: Count
    """Tonnes into the buffer."""
    issuable_t: Count
    """Issuable tonnes."""


class Contribution(Section):
    """What one component contributes to the variance of the period's result."""

    component: str
    """Component."""
    variance_percent: DecimalStr
    """Variance with this component drawn alone, % of the whole."""


class DrawnQuantity(Section):
    """A quantity of the period or since the project's start, by Monte Carlo."""

    quantity: Literal["project", "baseline", "leakage", "net benefit", "gross emissions"]
    """Which."""
    span: Literal["period", "cumulative"]
    """Over which years."""
    mean_kg: Int
    """Mean."""
    q05_kg: Int
    """5th percentile."""
    q95_kg: Int
    """95th percentile."""
    hw90_kg: Count
    """(q95 − q05) / 2."""
    mean_se_kg: Count
    """Monte Carlo standard error of the mean."""
    hw90_percent: DecimalStr | None
    """hw90_kg as % of mean_kg; null where the mean is near or below zero."""


class UncertaintySection(Section):
    """Uncertainty."""

    scope: Text
    """What is covered."""
    approach1_half_width_percent: DecimalStr | None
    """IPCC Approach 1 for the biomass emitted by a hectare of loss: 95 % half-width, %; null near zero."""
    generator: str
    """Bit generator and mapping."""
    seed: Digest
    """sha256(plan digest ‖ input digests)."""
    draws: Count
    """Monte Carlo draws."""
    drawn: list[DrawnQuantity]
    """Quantities."""
    contributions: list[Contribution]
    """Which component to improve first."""
    confidence_in_claim_percent: DecimalStr | None
    """Share of draws whose net benefit reaches the claim; null without a reference level."""


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
    uncertainty_percent: DecimalStr | None
    """The programme's own percentage; null where nothing is creditable."""
    uncertainty_numerator: Text
    """What it divides."""
    uncertainty_denominator: Text
    """By what."""
    factor_left: DecimalStr | None
    """Share of the net benefit that the uncertainty adjustment leaves; null without one."""
    notes: list[Text]
    """What was not assessed, or is quoted and not read."""
    worked_example: WorkedExample | None
    """Outside the quantities."""
