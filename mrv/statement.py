"""The statement: what is computed, as integers and decimal strings; a pure function of plan, inputs and code."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mrv.checks import Check, decide
from mrv.errors import StatementError
from mrv.units import JSON_INT_MAX, DateStr, DecimalStr, Digest, sha256_json

Int = Annotated[int, Field(ge=-JSON_INT_MAX, le=JSON_INT_MAX)]
Count = Annotated[int, Field(ge=0, le=JSON_INT_MAX)]
Text = Annotated[str, Field(max_length=2000)]
Stratum = Literal["tree-cover loss", "buffer around loss", "stable forest", "stable non-forest"]
Pool = Literal["above-ground biomass", "below-ground biomass", "biomass after loss"]
GateStatus = Literal["passed", "failed", "not assessed"]
Conclusion = Literal["unmodified", "qualified", "adverse", "disclaimer"]
STRATUM_NAMES: tuple[Stratum, ...] = get_args(Stratum)
MapName = Literal["break_day", "confidence", "clear_count", "stratum"]
MAP_NAMES: tuple[MapName, ...] = get_args(MapName)
MAPPED_AREA = "mapped area, not an estimate"
INDICATIVE = "indicative, not creditable"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


class ProjectSection(_Section):
    """The project and its area."""

    id: str
    """Identifier of the plan."""
    name: Text
    """Name of the plan."""
    country: str
    """ISO 3166-1 alpha-2."""
    simulated: bool
    """True where the world is made, not measured."""
    boundary_digest: Digest
    """sha256 of the boundary file."""
    area_m2: Count
    """Geodesic area of the pixels whose centre lies in the boundary, m²."""
    pixels: Count
    """How many those are."""


class PeriodSection(_Section):
    """The monitoring period."""

    name: str
    """Name in the plan."""
    start: DateStr
    """First day."""
    end: DateStr
    """Last day."""


class ClaimedVintage(_Section):
    """A claim for one vintage year."""

    year: Count
    """Vintage."""
    t_co2e: Count
    """Claimed tonnes."""


class ClaimSection(_Section):
    """What the project claims."""

    vintages: list[ClaimedVintage]
    """By year."""
    article6: Literal["none", "authorised"]
    """Article 6 use claimed."""
    assurance: Literal["none", "limited", "reasonable"]
    """Agreed level of assurance."""


class MethodSection(_Section):
    """How it was computed."""

    plan: dict[str, Any]
    """The whole plan."""
    plan_digest: Digest
    """sha256 of its canonical JSON."""
    method_digest: Digest
    """The same without the claims."""
    code_digest: Digest
    """sha256 over the code and tables of the rooms that compute."""
    area_formula: str
    """Formula of the geodesic pixel area."""


class GridSection(_Section):
    """The window."""

    crs: str
    """Coordinate reference system."""
    shape: Annotated[list[Count], Field(min_length=2, max_length=2)]
    """Rows, columns."""
    transform: Annotated[list[DecimalStr], Field(min_length=6, max_length=6)]
    """Affine coefficients a b c d e f."""


class BandDigest(_Section):
    """One band of one scene on the window."""

    band: str
    """Role of the band in the plan."""
    pixels: Digest
    """Pixel digest."""


class SceneSection(_Section):
    """One scene: what was read, how it was scaled, whether it was used."""

    id: Text
    """STAC item id."""
    source: str
    """Source of the plan."""
    date: DateStr
    """Day of acquisition, or the reference day of a layer."""
    processing_baseline: str | None
    """As the item states it."""
    offset_dn: Int
    """Offset added to digital numbers."""
    offset_rule: Literal["metadata", "declared", "none"]
    """Who says so: the item's baseline, the plan for items without one, or nobody needs to (not reflectance)."""
    offset_check: GateStatus
    """Empirical check of the offset on dark vegetation."""
    dark_dn: Int | None
    """1st percentile of the blue band over clear forest, digital number."""
    clear_px: Count
    """Clear pixels on forest in the window."""
    median_index: Int | None
    """Median index over them, × 10⁴."""
    status: Literal["used", "history", "off season", "too cloudy", "index step", "layer"]
    """``used`` and ``history`` scenes entered the detector; the others did not, and this is why."""
    bands: list[BandDigest]
    """What was read."""


class ObservationSection(_Section):
    """The observation record."""

    first: DateStr
    """First scene used."""
    last: DateStr
    """Last scene used."""
    record_days: Count
    """Days from first to last."""
    scenes_available: Count
    """Scenes found."""
    scenes_used: Count
    """Scenes that entered the detector."""
    longest_gap_days: Count
    """Longest gap between used scenes."""
    clear_min: Count
    """Fewest clear observations of a forest pixel of the project."""
    clear_median: Count
    """Their median."""
    clear_max: Count
    """Most."""
    unmonitored_px: Count
    """Forest pixels of the project with too short a history."""


class StratumArea(_Section):
    """Area of one stratum at the end of the period."""

    stratum: Stratum
    """Which."""
    pixels: Count
    """Pixels."""
    area_m2: Count
    """Geodesic area, m²."""
    se_m2: Count | None
    """Standard error of an estimate; null for a mapped area."""
    ci90_m2: list[Count] | None
    """90 % interval of an estimate; null for a mapped area."""


class LossArea(_Section):
    """Tree-cover loss mapped in one year."""

    year: Count
    """Year of the first anomalous observation."""
    pixels: Count
    """Pixels."""
    area_m2: Count
    """Geodesic area, m²."""
    mean_confidence_percent: Count | None
    """Mean share of anomalous observations after the break, %; null without loss."""
    undated_pixels: Count
    """Pixels first anomalous in the year's first scene: they may have been lost in the year before."""


class MapDigest(_Section):
    """A map this statement was computed with."""

    name: MapName
    """Which."""
    pixels: Digest
    """Pixel digest."""


class ActivitySection(_Section):
    """Activity data."""

    label: Literal["mapped area, not an estimate"]
    """What the areas are."""
    estimator: Literal["none"]
    """Design-based estimator."""
    frame_digest: Digest | None
    """Frozen sampling frame."""
    strata: list[StratumArea]
    """Strata at the end of the period; they add up to the project area."""
    loss: list[LossArea]
    """Loss by year, from the project's start to the end of the period."""
    maps: list[MapDigest]
    """The maps."""


class FactorSection(_Section):
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
    verified: bool
    """Whether the number was checked against the publication."""
    overridden: bool
    """Whether the plan gives another value than the table."""


class StockSection(_Section):
    """Carbon density of one pool."""

    pool: Pool
    """Which."""
    state: Literal["before", "after"]
    """Before or after loss."""
    t_c_ha: DecimalStr
    """t C / ha."""


class GrowthSection(_Section):
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


class VintageQuantity(_Section):
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


class Step(_Section):
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


class QuantitiesSection(_Section):
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


class Contribution(_Section):
    """Share of one factor in the variance of Approach 1."""

    factor: str
    """Factor id."""
    variance_percent: DecimalStr
    """Share, %."""


class UncertaintySection(_Section):
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


class WorkedExample(_Section):
    """A programme's arithmetic on the indicative tonnes; not a quantity of this statement."""

    label: Literal["worked example, not a quantity"]
    """What it is."""
    text_verified: bool
    """Whether the programme's text was read."""
    steps: list[Step]
    """Steps."""


class ProgrammeSection(_Section):
    """The crediting programme."""

    id: str
    """Which."""
    text_verified: bool
    """Whether its text was read when its rules were written."""
    worked_example: WorkedExample | None
    """Outside the quantities."""


class GateSection(_Section):
    """One plausibility gate."""

    id: str
    """Gate."""
    status: GateStatus
    """Outcome; *not assessed* is never *passed*."""
    measured: Text
    """What it measured."""
    limit: Text
    """Its limit."""


class ConclusionSection(_Section):
    """Computed conclusion, after ISO 14064-3; the opinion belongs to the human verifier."""

    computed: Conclusion
    """Which."""
    basis: list[Text]
    """Why."""


class FindingSection(_Section):
    """A typed finding about the data."""

    code: str
    """Stable code."""
    item: Text
    """What it concerns."""
    value: Text
    """What was found."""


class AbsentInput(_Section):
    """An input the project does not give."""

    input: str
    """Which."""
    consequence: Text
    """What follows."""
    remedy: Text
    """How to get there."""


class Statement(_Section):
    """What a run computed. Equal plan, inputs and code give equal bytes."""

    schema_: Annotated[Literal["mrv.statement/1"], Field(alias="schema")]
    """Version of this format."""
    project: ProjectSection
    """The project."""
    period: PeriodSection
    """The monitoring period."""
    claim: ClaimSection
    """The claim."""
    method: MethodSection
    """The method."""
    grid: GridSection
    """The window."""
    evidence: list[SceneSection]
    """Every scene found."""
    observation: ObservationSection
    """The observation record."""
    activity: ActivitySection
    """Activity data."""
    factors: list[FactorSection]
    """Emission factors."""
    stocks: list[StockSection]
    """Carbon densities."""
    growth: list[GrowthSection]
    """The growth curve."""
    quantities: QuantitiesSection
    """Tonnes."""
    uncertainty: UncertaintySection
    """Uncertainty."""
    programme: ProgrammeSection
    """The programme."""
    gates: list[GateSection]
    """Plausibility gates."""
    conclusion: ConclusionSection
    """Computed conclusion."""
    findings: list[FindingSection]
    """Findings about the data."""
    absent: list[AbsentInput]
    """Inputs that are missing."""
    not_verified: list[Text]
    """What is not verified here."""

    def as_json(self) -> dict[str, Any]:
        """The statement as signed."""
        return self.model_dump(by_alias=True)

    def digest(self) -> str:
        """``sha256(JCS(statement))``: the same for every honest run."""
        return sha256_json(self.as_json())


def parse_statement(value: dict[str, Any]) -> Statement:
    """A statement from its JSON form.

    Raises:
        StatementError: Names the field that is wrong.
    """
    try:
        return Statement.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise StatementError(
            first["msg"],
            code="statement.schema",
            field=".".join(str(part) for part in first["loc"]),
            hint="the file is damaged, or of another version",
        ) from error


def check_statement(value: dict[str, Any]) -> list[Check]:
    """Put every question to a statement that its own tables can answer.

    Args:
        value: The statement as signed.

    Returns:
        Checks ``statement.schema``, ``statement.arithmetic.*`` and ``statement.gates``; never raises on a bad one.
    """
    from mrv.arithmetic import check_arithmetic, plan_fault
    from mrv.gates import check_gates

    try:
        statement = parse_statement(value)
    except StatementError as error:
        return [decide("statement.schema", ok=False, detail=str(error))]
    checks = [decide("statement.schema", ok=True, detail="mrv.statement/1"), *check_arithmetic(statement)]
    return checks if plan_fault(statement) else checks + check_gates(statement)
