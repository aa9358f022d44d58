"""MonitoringPlan: ``plan.toml`` read, frozen, and as it is signed."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from mrv.errors import PlanError
from mrv.misfit import misfit
from mrv.plan.accounts import (
    DEFAULT_POOLS,
    BiomassTable,
    FactorsTable,
    PoolTable,
    ProgrammeTable,
    RandomTable,
    SoilTable,
)
from mrv.plan.base import Table
from mrv.plan.claim import Claim
from mrv.plan.evidence import Role, Source
from mrv.plan.fusion import ROLE_OF_INDEX, FusionTable
from mrv.plan.method import MethodTable, StepTable
from mrv.plan.reference import ReferenceTable
from mrv.plan.site import GridTable, ProjectTable
from mrv.regular_file import read_regular
from mrv.units import decimal_str, sha256_json

_DETECTORS = frozenset({"harmonic-monitor/1", "matched-step/1", "bayes-fusion/1", "extent-epochs/1"})


MAX_BYTES = 1 << 20
"""Of ``plan.toml``."""


class MonitoringPlan(Table):
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
    reference: ReferenceTable | None = None
    """The reference sample; absent: areas are mapped, not estimated."""
    factors: FactorsTable
    """Emission factors."""
    pools: tuple[PoolTable, ...] = DEFAULT_POOLS
    """Carbon pools counted, and how."""
    biomass: BiomassTable | None = None
    """Field plots."""
    soil: SoilTable | None = None
    """For VM0033's soil default."""
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
        self._sources_coherent()
        self._pools_coherent()
        split, unit = self.method.activity.confidence, self.project.forest.minimum_mapping_unit_px
        if split is not None and split.minimum_clump_px is not None and split.minimum_clump_px < unit:
            raise ValueError(f"method.activity.confidence.minimum_clump_px is below the minimum mapping unit, {unit}")
        if "simulated" in self.factors.tables and not self.project.simulated:
            raise ValueError("the factors of the table simulated are true in made worlds alone")
        early = [c.period for c in self.claim if c.start < self.project.start]
        if early:
            raise ValueError(f"claim {early[0]} starts before the project ({self.project.start})")
        ordered = sorted(self.claim, key=lambda claim: claim.start)
        for one, two in pairwise(ordered):
            if two.start <= one.end:
                raise ValueError(f"claims {one.period} and {two.period} overlap")
        return self

    def _sources_coherent(self) -> None:
        change, roles = self.method.change, [source.role for source in self.sources]
        fused = isinstance(change, FusionTable)
        need: tuple[Role, ...] = (*self.method.monitors, "tree-cover") if self.method.monitors else ("extent",)
        for role in need:
            several = (fused and role in {"optical", "radar"}) or (self.method.merges and role == "optical")
            if roles.count(role) != 1 and not (several and role in roles):
                how = ", or [method.observation.merge] to make one series of several" if roles.count("optical") > 1 else ""
                raise ValueError(f"exactly one source of role {role} is needed for {change.detector}{how}")
        if stray := sorted(set(roles) - {*need, "biomass"}):
            raise ValueError(f"{change.detector} has no use for a source of role {stray[0]}")
        self._optical_coherent()
        if (rules := self.method.extent_rules) is not None and rules.kinds is not None:
            classes = self.source("extent").extent
            if (rules.kinds.water == "class") != (classes is not None and classes.water is not None):
                raise ValueError('method.change.kinds.water is "class" where sources.extent.water names codes, else "border"')
        if isinstance(change, FusionTable):
            self._evidence_coherent(change)
        if roles.count("biomass") > 1:
            raise ValueError("at most one source of role biomass")

    def _optical_coherent(self) -> None:
        bands = self.method.change.bands if isinstance(self.method.change, StepTable) else ()
        for source in (source for source in self.sources if source.role == "optical"):
            if lacking := sorted(set(bands) - set(source.bands)):
                raise ValueError(f"method.change.bands names {lacking[0]}, which the optical source {source.id} does not have")
            if (source.sensor is not None) != self.method.harmonises:
                verb = "needs" if self.method.harmonises else "is not harmonised, and has no use for"
                raise ValueError(f"source {source.id} {verb} sensor")

    def _evidence_coherent(self, change: FusionTable) -> None:
        known = {source.id: source for source in self.sources}
        for entry in change.evidence:
            source, role = known.get(entry.source), ROLE_OF_INDEX[entry.index]
            if source is None or source.role != role:
                raise ValueError(f"evidence {entry.index} needs a source of role {role}; {entry.source} is none")
            if role == "radar" and entry.index not in source.bands:
                raise ValueError(f"evidence {entry.index} is no band of source {entry.source}")
        named = {entry.source for entry in change.evidence}
        if idle := [source.id for source in self.sources if source.role in {"optical", "radar"} and source.id not in named]:
            raise ValueError(f"source {idle[0]} gives no evidence")

    def _pools_coherent(self) -> None:
        counted = [entry.pool for entry in self.pools]
        if twice := [pool for pool in counted if counted.count(pool) > 1]:
            raise ValueError(f"pool {twice[0]} is counted by two methods")
        if "above-ground biomass" not in counted:
            raise ValueError("above-ground biomass is a pool of every plan")
        for entry in self.pools:
            if (lacking := self._lacking(entry)) is not None:
                raise ValueError(f"pool {entry.pool} by {entry.method} needs {lacking}")
        if self.biomass is not None and self.method_of("above-ground biomass") != "plots":
            raise ValueError("[biomass] is given, but above-ground biomass is not counted by plots: two methods for one pool")
        if self.biomass is not None and self.biomass.estimator == "difference" and not self.has("biomass"):
            raise ValueError("the difference estimator needs a source of role biomass")

    def _lacking(self, entry: PoolTable) -> str | None:
        factors, biomass = self.factors, self.biomass
        needs = {
            ("above-ground biomass", "plots"): ("[biomass]", biomass),
            ("below-ground biomass", "allometry"): ("biomass.below_ground", biomass and biomass.below_ground),
            ("dead wood", "factor"): ("factors.dead_wood", factors.dead_wood),
            ("litter", "factor"): ("factors.litter", factors.litter),
            ("soil organic carbon", "stock-loss"): ("factors.soil and factors.soil_lost", factors.soil and factors.soil_lost),
            ("soil organic carbon", "factor"): ("factors.soil_accumulation", factors.soil_accumulation),
            ("soil organic carbon", "vm0033-default"): ("[soil] and factors.soil_accumulation",
                                                         self.soil and factors.soil_accumulation),
            ("harvested wood products", "factor"): ("factors.wood_stored", factors.wood_stored),
        }  # fmt: skip
        name, given = needs.get((entry.pool, entry.method), ("", True))
        return None if given else name

    def method_of(self, pool: str) -> str | None:
        """How a pool is counted; None where it is not."""
        return next((entry.method for entry in self.pools if entry.pool == pool), None)

    def has(self, role: Role) -> bool:
        """Whether there is a source of a role."""
        return any(source.role == role for source in self.sources)

    def source(self, role: Role) -> Source:
        """The source of a role."""
        return next(source for source in self.sources if source.role == role)

    @property
    def monitored(self) -> tuple[Source, ...]:
        """Sources of the scenes or maps that the detector looks at."""
        return tuple(source for source in self.sources if source.role in (self.method.monitors or ("extent",)))

    @property
    def scenes_needed(self) -> int:
        """Usable scenes that each year of a period needs; of a mosaic a year, that one."""
        mosaics = all(source.radar is not None and source.radar.is_mosaic for source in self.monitored)
        return 1 if mosaics else self.method.scenes_needed

    def is_later(self, start: date) -> bool:
        """Whether a period that starts then is not the project's first."""
        return start.year > self.project.start.year

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
        found = misfit(error, MonitoringPlan, branches=_DETECTORS)
        raise PlanError(
            found.message,
            code="plan.unknown-field" if found.unknown else "plan.field",
            file=file,
            field=found.field or "plan",
            hint=found.hint,
        ) from error


def load_plan(path: Path) -> MonitoringPlan:
    """Read ``plan.toml``; numbers stay exact decimals.

    Raises:
        PlanError: The file is absent, not TOML, or holds a field that is wrong.
    """
    import tomllib  # a check reads no file of a project

    try:
        value = tomllib.loads(read_regular(path, MAX_BYTES).decode(), parse_float=Decimal)
    except FileNotFoundError as error:
        raise PlanError("no such file", file=path, code="plan.missing", hint="a project folder needs plan.toml") from error
    except OSError as error:
        raise PlanError(f"cannot be read: {error.strerror}", file=path, code="plan.missing", hint="check the path") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"not TOML: {error}", file=path, code="plan.syntax", hint="correct the line named") from error
    return plan_from_json(value, file=path)
