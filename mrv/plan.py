"""MonitoringPlan: the attested method and the claim. All that can change the answer, and nothing that cannot."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from mrv.errors import PlanError
from mrv.units import Period, decimal_str, sha256_json

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]
Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
MAX_CLAIM_T = 10**12
DayOfYear = Annotated[int, Field(strict=True, ge=1, le=366)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ForestDefinition(_Table):
    """What counts as forest, and what as its loss."""

    min_area_ha: Positive
    """Smallest patch that is forest, ha."""
    min_cover_percent: Percent
    """Tree cover at or above which a pixel is forest, %."""
    min_height_m: Positive
    """Height trees reach at maturity, m (declared; not measured here)."""
    minimum_mapping_unit_px: Annotated[int, Field(strict=True, ge=1, le=10_000)]
    """Smallest mapped patch of loss, pixels (eight neighbours); smaller ones are dropped."""
    unstocking_rule: str
    """How temporary unstocking is told from deforestation."""


class ProjectTable(_Table):
    """Who and where."""

    id: Slug
    """Stable identifier of the project."""
    name: str
    """Name a person reads."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """ISO 3166-1 alpha-2."""
    start: date
    """First day of the project; history ends the day before, monitoring starts here."""
    boundary: str = "boundary.geojson"
    """File of the project area, relative to the plan."""
    simulated: bool = False
    """True for a made world; every output then says so."""
    forest: ForestDefinition
    """The forest definition."""


class GridTable(_Table):
    """The grid of pixels. Rasters must lie on it: nothing is resampled."""

    crs: Annotated[str, StringConstraints(pattern=r"^EPSG:[0-9]{4,6}$")]
    """Coordinate reference system of the grid; projected, metres."""
    resolution_m: Positive
    """Edge of a pixel, m."""
    anchor_x: Number
    """x of any pixel's left edge, m."""
    anchor_y: Number
    """y of any pixel's upper edge, m."""
    margin_px: Annotated[int, Field(strict=True, ge=0, le=256)] = 4
    """Pixels read around the project area, so that masks and buffers do not end at its edge."""
    area_formula: Literal["authalic-shoelace/1"]
    """Geodesic pixel area; see :mod:`mrv.areas`."""


class Radiometry(_Table):
    """How digital numbers become reflectance when the metadata does not say."""

    scale: Annotated[Decimal, Field(ge=Decimal("0.000001"), le=1, allow_inf_nan=False)]
    """Reflectance per digital number."""
    unknown_baseline_offset_dn: Annotated[int, Field(strict=True)] | None = None
    """Offset declared for items without a processing baseline; absent: such items are refused."""
    reason: str = ""
    """Why that offset is right."""
    dark_limit_dn: Annotated[int, Field(strict=True, gt=0)] = 1000
    """Empirical check: an offset of +1000 DN leaves no vegetation darker than this."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.unknown_baseline_offset_dn is not None and not self.reason:
            raise ValueError("a declared offset needs its reason")
        return self


class Source(_Table):
    """One collection of rasters."""

    id: Slug
    """Name of the source in this plan; settings give its address."""
    role: Literal["optical", "tree-cover"]
    """What it is for."""
    collection: str
    """STAC collection."""
    bands: dict[Slug, Slug]
    """Role of a band (``red``, ``nir``, ``classification``, ``tree_cover`` …) → asset key."""
    radiometry: Radiometry | None = None
    """For optical sources."""
    first: date | None = None
    """First day searched; absent: no lower limit."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        need = {"optical": {"red", "nir", "blue", "green", "classification"}, "tree-cover": {"tree_cover"}}[self.role]
        if missing := sorted(need - set(self.bands)):
            raise ValueError(f"a source of role {self.role} needs bands {', '.join(missing)}")
        if self.role == "optical" and self.radiometry is None:
            raise ValueError("an optical source needs [sources.radiometry]")
        return self


class ObservationTable(_Table):
    """Which observations are used."""

    masked_classes: tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...]
    """Scene classification codes that are not clear ground."""
    dilation_px: Annotated[int, Field(strict=True, ge=0, le=32)]
    """Masked pixels grow by this many pixels (square)."""
    season_start_doy: DayOfYear
    """First day of the growing season used."""
    season_end_doy: DayOfYear
    """Last day of the growing season used."""
    min_clear_percent: Percent
    """Scenes with less of the forest clear are left out, %."""
    max_shift: Annotated[int, Field(strict=True, gt=0, le=20_000)]
    """Scenes whose forest median index departs this much from the history's are left out (index × 10⁴)."""
    max_gap_days: Annotated[int, Field(strict=True, gt=0)]
    """Longest gap between used scenes, days; off season counts."""
    min_record_years: Annotated[int, Field(strict=True, ge=1)] = 3
    """Shortest satellite record, years."""

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if self.season_end_doy <= self.season_start_doy:
            raise ValueError("the season ends before it starts; a season across New Year is not supported")
        return self


class ChangeTable(_Table):
    """The change detector."""

    detector: Literal["harmonic-monitor/1"]
    """Method, by name and version."""
    index: Literal["ndvi"]
    """Spectral index monitored."""
    harmonics: Annotated[int, Field(strict=True, ge=0, le=2)]
    """Harmonics of the year in the history model, where the history holds enough observations."""
    observations_per_coefficient: Annotated[int, Field(strict=True, ge=2, le=12)] = 6
    """History observations each coefficient needs; with fewer the model drops harmonics."""
    refit_yearly: bool = True
    """Fit the model again at the start of each later year, on all observations before, until a break."""
    min_history: Annotated[int, Field(strict=True, ge=3)]
    """Fewest history observations; with fewer the pixel is not monitored."""
    threshold_sigma: Annotated[Decimal, Field(gt=0, le=20, allow_inf_nan=False)]
    """An observation is anomalous below the model by this many residual standard deviations …"""
    sigma_floor: Annotated[int, Field(strict=True, gt=0, le=5_000)]
    """… each at least this (index × 10⁴)."""
    consecutive: Annotated[int, Field(strict=True, ge=2, le=12)]
    """Anomalies in a row that make a break."""


class ActivityTable(_Table):
    """Strata of the change map."""

    buffer_px: Annotated[int, Field(strict=True, ge=0, le=64)]
    """Buffer stratum around loss, pixels."""


class MethodTable(_Table):
    """From pixels to activity data."""

    observation: ObservationTable
    """Which observations count."""
    change: ChangeTable
    """The detector."""
    activity: ActivityTable
    """The strata."""


class FactorsTable(_Table):
    """Emission factors, by id in the tables of :mod:`mrv.carbon`."""

    table: Slug
    """Table of factors."""
    agb: str
    """Above-ground biomass of the forest, t d.m./ha."""
    root_shoot: str
    """Ratio of below-ground to above-ground biomass."""
    carbon_fraction: str
    """Carbon fraction of woody biomass."""
    after_biomass: str
    """Total biomass standing after loss, t d.m./ha."""
    after_carbon_fraction: str
    """Carbon fraction of that biomass."""
    ceiling_t_co2e_ha_yr: Annotated[Decimal, Field(gt=0, le=10_000, allow_inf_nan=False)]
    """Plausibility: gross emission per hectare of project area and year that the ecosystem cannot exceed."""
    gwp: Literal["AR5-100", "AR6-100"] = "AR5-100"
    """Set of global warming potentials (only CO2 is counted here)."""
    overrides: dict[str, Positive] = {}
    """Other values for factors of the table, by id; each becomes a finding."""


class RandomTable(_Table):
    """The Monte Carlo."""

    generator: Literal["philox4x64/1"]
    """Bit generator and the version of our mapping to distributions."""
    draws: Annotated[int, Field(strict=True, ge=1000, le=1_000_000)]
    """Number of draws."""


class ProgrammeTable(_Table):
    """Crediting programme."""

    id: Literal["ipcc-only", "art-trees-2.0"]
    """Its rules; ``ipcc-only`` credits nothing."""
    worked_example: bool = False
    """Show the ART TREES 2.0 uncertainty step on the indicative tonnes, outside the quantities."""


class Claim(_Table):
    """What the project claims for one period."""

    period: Slug
    """Name of the monitoring period."""
    start: date
    """First day, a 1 January."""
    end: date
    """Last day, a 31 December."""
    vintages: dict[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")], Annotated[int, Field(strict=True, ge=0, le=MAX_CLAIM_T)]
    ]
    """Claimed t CO2e per vintage year."""
    article6: Literal["none", "authorised"] = "none"
    """Use under Article 6 claimed."""
    assurance: Literal["none", "limited", "reasonable"] = "none"
    """Agreed level of assurance."""

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"ends ({self.end}) before it starts ({self.start})")
        if (self.start.month, self.start.day, self.end.month, self.end.day) != (1, 1, 12, 31):
            raise ValueError("vintages are calendar years: start on 1 January and end on 31 December")
        if stray := sorted(set(self.vintages) - {str(year) for year in Period(self.start, self.end).years}):
            raise ValueError(f"vintage {', '.join(stray)} lies outside the period")
        return self


class MonitoringPlan(_Table):
    """``plan.toml``: frozen, closed, signed inside every statement."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Annotated[Literal["mrv.plan/1"], Field(alias="schema")]
    """Version of this format."""
    project: ProjectTable
    """Who and where."""
    grid: GridTable
    """The grid."""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """Rasters used."""
    method: MethodTable
    """From pixels to activity data."""
    factors: FactorsTable
    """Emission factors."""
    random: RandomTable
    """Monte Carlo."""
    programme: ProgrammeTable
    """Crediting programme."""
    claim: Annotated[tuple[Claim, ...], Field(min_length=1)]
    """Claims, one a period."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for name, values in (("source id", [s.id for s in self.sources]), ("period", [c.period for c in self.claim])):
            if len(set(values)) < len(values):
                raise ValueError(f"each {name} occurs once")
        for role in ("optical", "tree-cover"):
            if sum(s.role == role for s in self.sources) != 1:
                raise ValueError(f"exactly one source of role {role} is needed")
        early = [c.period for c in self.claim if c.start < self.project.start]
        if early:
            raise ValueError(f"claim {early[0]} starts before the project ({self.project.start})")
        ordered = sorted(self.claim, key=lambda claim: claim.start)
        for one, two in pairwise(ordered):
            if two.start <= one.end:
                raise ValueError(f"claims {one.period} and {two.period} overlap")
        return self

    def source(self, role: Literal["optical", "tree-cover"]) -> Source:
        """The source of a role."""
        return next(source for source in self.sources if source.role == role)

    def claim_for(self, period: str | None) -> Claim:
        """The claim of a named period, or of the last one.

        Raises:
            PlanError: No such period.
        """
        if period is None:
            return max(self.claim, key=lambda claim: claim.end)
        for claim in self.claim:
            if claim.period == period:
                return claim
        known = ", ".join(claim.period for claim in self.claim)
        raise PlanError(f"no claim for period {period}", code="plan.period", field="claim", hint=f"periods: {known}")

    def as_json(self) -> dict[str, Any]:
        """The plan as signed: decimals and dates as strings, absent values left out."""
        signed: dict[str, Any] = _signable(self.model_dump(by_alias=True, exclude_none=True))
        return signed

    def digest(self) -> str:
        """Digest of the whole plan."""
        return sha256_json(self.as_json())

    def method_digest(self) -> str:
        """Digest of the plan without its claims."""
        return sha256_json({key: value for key, value in self.as_json().items() if key != "claim"})


def _signable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _signable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_signable(item) for item in value]
    if isinstance(value, Decimal):
        return decimal_str(value)
    return value.isoformat() if isinstance(value, date) else value


def plan_from_json(value: dict[str, Any], *, file: object = None) -> MonitoringPlan:
    """A plan from its JSON form, as TOML gives it or as a statement embeds it.

    Raises:
        PlanError: Names the field and what is wrong with it.
    """
    try:
        return MonitoringPlan.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "plan"
        unknown = first["type"] == "extra_forbidden"
        raise PlanError(
            "unknown field" if unknown else first["msg"].removeprefix("Value error, "),
            code="plan.unknown-field" if unknown else "plan.field",
            file=file,
            field=field,
            hint="remove it, or check its spelling" if unknown else "correct the field",
        ) from error


def load_plan(path: Path) -> MonitoringPlan:
    """Read ``plan.toml``; numbers stay exact decimals.

    Raises:
        PlanError: The file is absent, not TOML, or holds a field that is wrong.
    """
    try:
        with path.open("rb") as file:
            value = tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError as error:
        raise PlanError("no such file", file=path, code="plan.missing", hint="a project folder needs plan.toml") from error
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", file=path, code="plan.missing", hint="check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"not TOML: {error}", file=path, code="plan.syntax", hint="correct the line named") from error
    return plan_from_json(value, file=path)
