"""From activity data to tonnes: factors, pools, plots, random numbers, programme."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mrv.plan.base import Percent, Positive, Slug, Table

Pool = Literal[
    "above-ground biomass",
    "below-ground biomass",
    "dead wood",
    "litter",
    "soil organic carbon",
    "harvested wood products",
]
PoolMethod = Literal["factor", "plots", "root-shoot", "allometry", "stock-loss", "vm0033-default"]
_METHODS: dict[Pool, frozenset[PoolMethod]] = {
    "above-ground biomass": frozenset({"factor", "plots"}),
    "below-ground biomass": frozenset({"root-shoot", "allometry"}),
    "dead wood": frozenset({"factor"}),
    "litter": frozenset({"factor"}),
    "soil organic carbon": frozenset({"stock-loss", "factor", "vm0033-default"}),
    "harvested wood products": frozenset({"factor"}),
}


class OverrideInterval(Table):
    """The interval of a factor whose value the plan overrides."""

    low: Positive
    """Lower end, 95 %."""
    high: Positive
    """Upper end."""
    source: str
    """Where value and interval come from."""


class FactorsTable(Table):
    """Emission factors, by id in the tables of :mod:`mrv.carbon`."""

    table: Slug | Annotated[tuple[Slug, ...], Field(min_length=1)]
    """Table of factors, or several."""
    agb: str
    """Above-ground biomass of the forest, t d.m./ha; where plots measure it, the published value they are compared with."""
    root_shoot: str
    """Ratio of below-ground to above-ground biomass."""
    carbon_fraction: str
    """Carbon fraction of woody biomass."""
    after_biomass: str
    """Total biomass standing after loss, t d.m./ha."""
    after_carbon_fraction: str
    """Carbon fraction of that biomass."""
    growth: str | None = None
    """Yearly growth of above-ground biomass of standing forest, t d.m./ha/yr; absent and without plots: none is counted."""
    dead_wood: str | None = None
    """Dead wood, t C/ha."""
    litter: str | None = None
    """Litter, t C/ha."""
    soil: str | None = None
    """Soil organic carbon to 1 m, t C/ha."""
    soil_lost: str | None = None
    """Share of it lost on conversion, t C/t C."""
    soil_accumulation: str | None = None
    """Yearly accumulation of soil carbon under standing forest, t C/ha/yr."""
    methane: str | None = None
    """Methane of standing forest, t CO2e/ha/yr, under ``gwp``."""
    wood_stored: str | None = None
    """Share of above-ground carbon lost that goes to long-lived products, t C/t C."""
    degradation: dict[Slug, str] = Field(default_factory=dict)
    """Share of biomass lost by intensity of degradation, t d.m./t d.m.; an intensity without one is excluded and reported."""
    ceiling_t_co2e_ha_yr: Annotated[Decimal, Field(gt=0, le=10_000, allow_inf_nan=False)]
    """Plausibility: net emission or removal per hectare of project area and year that the ecosystem cannot exceed."""
    gwp: Literal["AR5-100", "AR6-100"] = "AR5-100"
    """Set of global warming potentials."""
    overrides: dict[str, Positive] = Field(default_factory=dict)
    """Other values for factors of the table, by id; each becomes a finding.  The interval is scaled with them, or …"""
    override_intervals: dict[str, OverrideInterval] = Field(default_factory=dict)
    """… given, by id."""

    @model_validator(mode="after")
    def _intervals_hold(self) -> Self:
        for name, interval in self.override_intervals.items():
            value = self.overrides.get(name)
            if value is None or not interval.low <= value <= interval.high:
                raise ValueError(f"the interval of {name} needs a value in factors.overrides, between low and high")
        return self

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return (self.table,) if isinstance(self.table, str) else self.table


class PoolTable(Table):
    """How one pool is counted."""

    pool: Pool
    """Which."""
    method: PoolMethod
    """How; one method a pool."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.method not in _METHODS[self.pool]:
            raise ValueError(f"{self.pool} is counted by {' or '.join(sorted(_METHODS[self.pool]))}, not {self.method}")
        return self


DEFAULT_POOLS = (
    PoolTable(pool="above-ground biomass", method="factor"),
    PoolTable(pool="below-ground biomass", method="root-shoot"),
)


class BiomassTable(Table):
    """Field plots (``plots.csv``, ``trees.csv``) and how they become t d.m./ha."""

    design: Literal["probability", "purposive"]
    """How the plots were chosen; a purposive choice gives a model-based estimate and never an unmodified conclusion."""
    above_ground: Slug
    """Allometry of above-ground biomass."""
    below_ground: Slug | None = None
    """Allometry of below-ground biomass; absent: the root-to-shoot ratio."""
    alternatives: tuple[Slug, ...] = ()
    """Other above-ground equations that might have been chosen: model choice as a component of uncertainty."""
    estimator: Literal["expansion", "difference"] = "expansion"
    """Of the mean: by the plots alone, or assisted by the source of role biomass."""


class SoilTable(Table):
    """What VM0033's default of soil carbon accumulation needs."""

    cover_percent: Percent
    """Vegetation cover of the standing forest, %."""
    organic: bool
    """Organic soil: no allochthonous deduction."""
    carbon_percent: Percent | None = None
    """Soil carbon content, %."""
    autochthonous_percent: Percent | None = None
    """Autochthonous part of it, % of soil mass."""


class RandomTable(Table):
    """The Monte Carlo."""

    generator: Literal["philox4x64/1"]
    """Bit generator and the version of our mapping to distributions."""
    draws: Annotated[int, Field(strict=True, ge=1000, le=1_000_000)]
    """Number of draws."""


class ProgrammeTable(Table):
    """Crediting programme."""

    id: Literal["ipcc-only", "art-trees-2.0", "vm0033-2.1", "ar-tool14"]
    """Its rules; ``ipcc-only`` credits nothing."""
    net_at_year_100_t: Annotated[int, Field(strict=True)] | None = None
    """Net benefit 100 years after the start, t CO2e, a declared projection: the cap of VM0033 Eq. 86."""
    worked_example: bool = False
    """Show the ART TREES 2.0 uncertainty step on the indicative tonnes, outside the quantities."""
