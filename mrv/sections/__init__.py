"""Sections: the closed models a statement is made of.

Models are written without ``from __future__ import annotations``: pydantic would compile the text of every field again.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from mrv.units import JSON_INT_MAX, DateStr, DecimalStr, Digest

Int = Annotated[int, Field(ge=-JSON_INT_MAX, le=JSON_INT_MAX)]
Count = Annotated[int, Field(ge=0, le=JSON_INT_MAX)]
Text = Annotated[str, Field(max_length=2000)]
GateStatus = Literal["passed", "failed", "not assessed"]
Conclusion = Literal["unmodified", "qualified", "adverse", "disclaimer"]


class Section(BaseModel):
    """A part of a statement: closed, frozen, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)


def _left_out(value: dict[str, Any], *names: str) -> dict[str, Any]:
    """A section's signed form without those of the fields that have no value."""
    return {name: one for name, one in value.items() if one is not None or name not in names}


class ProjectSection(Section):
    """The project and its area."""

    id: str
    """Identifier of the plan."""
    name: Text
    """Name of the plan."""
    country: str
    """ISO 3166-1 alpha-2."""
    kind: Literal["forest", "mangrove"]
    """What grows there."""
    simulated: bool
    """True where the world is made, not measured."""
    boundary_digest: Digest
    """sha256 of the boundary file."""
    area_m2: Count
    """Geodesic area of the pixels whose centre lies in the boundary, m²."""
    pixels: Count
    """How many those are."""


class PeriodSection(Section):
    """The monitoring period."""

    name: str
    """Name in the plan."""
    start: DateStr
    """First day."""
    end: DateStr
    """Last day."""


class ClaimedVintage(Section):
    """A claim for one vintage year."""

    year: Count
    """Vintage."""
    t_co2e: Count
    """Claimed tonnes."""


class ClaimSection(Section):
    """What the project claims."""

    vintages: list[ClaimedVintage]
    """By year."""
    article6: Literal["none", "authorised"]
    """Article 6 use claimed."""
    assurance: Literal["none", "limited", "reasonable"]
    """Agreed level of assurance."""


class MethodSection(Section):
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


class GridSection(Section):
    """The window."""

    crs: str
    """Coordinate reference system."""
    shape: Annotated[list[Count], Field(min_length=2, max_length=2)]
    """Rows, columns."""
    transform: Annotated[list[DecimalStr], Field(min_length=6, max_length=6)]
    """Affine coefficients a b c d e f."""


class BandDigest(Section):
    """One band of one scene on the window."""

    band: str
    """Role of the band in the plan."""
    pixels: Digest
    """Pixel digest."""


class GeometrySection(Section):
    """From where a radar image was taken."""

    relative_orbit: Annotated[int, Field(ge=1, le=175)]
    """Number in the repeat cycle."""
    direction: Literal["ascending", "descending"]
    """The pass."""


class SceneSection(Section):
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
    """Clear pixels on forest in the window; of a radar image, forest pixels with a value."""
    median_index: Int | None
    """Median index over them, × 10⁴; of a radar image, median backscatter, dB × 100."""
    status: Literal["used", "history", "off season", "too cloudy", "too little seen", "no history", "index step", "layer"]
    """``used`` and ``history`` scenes entered the detector; the others did not, and this is why."""
    bands: list[BandDigest]
    """What was read."""
    geometry: GeometrySection | None = None
    """From where a radar image was taken; left out of the signed form where there is none."""
    sensor: Text | None = None
    """Whose bands they are; left out where the plan harmonises nothing.  The median is that of harmonised bands."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _left_out(write(self), "geometry", "sensor")


class BandpassSection(Section):
    """One band of one sensor, brought to the reference's."""

    sensor: Text
    """Whose."""
    role: str
    """Role of the band in the plan."""
    band: str
    """The publisher's name of the band that the coefficients are of."""
    slope: DecimalStr
    """Times reflectance …"""
    offset: DecimalStr
    """… plus this is the reference's reflectance."""
    source: str
    """Where they come from."""
    verified: bool
    """Whether they were read there."""


class MergedSection(Section):
    """How scenes of several sources, or several of one day, became one series."""

    harmonise: Literal["hls-bandpass/1", "none"]
    """As the plan has it."""
    same_day: Literal["mean-of-clear/1"]
    """As the plan has it."""
    observations: Count
    """Days with a scene that was used: what the detector counts."""
    shared_days: Count
    """Those of them with more than one."""
    bandpass: list[BandpassSection]
    """What was applied, by sensor and band; nothing to sensors that are the reference."""


class ObservationSection(Section):
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
    merged: MergedSection | None = None
    """How several became one series; left out where the plan does not merge."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return _left_out(write(self), "merged")


class InputSection(Section):
    """A table the project gave."""

    name: str
    """File name."""
    digest: Digest
    """sha256 of its bytes."""


class AuthorisationSection(Section):
    """What the registry said of Article 6 and of labels, on a day."""

    registry: Text
    """Who."""
    as_of: DateStr
    """On which day."""
    project: Text
    """Of which project."""
    quantity_t: Count | None
    """Authorised, t CO2e; null without an authorisation."""
    vintages: list[Count]
    """Authorised years."""
    corresponding_adjustment: Literal["none", "pledged", "reported"] | None
    """Whether the host party adjusts; null without an authorisation."""
    label_claimed: bool
    """Whether the Core Carbon Principles label is claimed."""
    label_methods: list[Text]
    """Methods on its list that day."""


class GateSection(Section):
    """One plausibility gate."""

    id: str
    """Gate."""
    status: GateStatus
    """Outcome; *not assessed* is never *passed*."""
    measured: Text
    """What it measured."""
    limit: Text
    """Its limit."""


class ConclusionSection(Section):
    """Computed conclusion, after ISO 14064-3; the opinion belongs to the human verifier."""

    computed: Conclusion
    """Which."""
    basis: list[Text]
    """Why."""
    creditable_t: Count
    """What may be credited: the issuable tonnes, and none where the conclusion is adverse or a disclaimer."""


class FindingSection(Section):
    """A typed finding about the data."""

    code: str
    """Stable code."""
    item: Text
    """What it concerns."""
    value: Text
    """What was found."""


class AbsentInput(Section):
    """An input the project does not give."""

    input: str
    """Which."""
    consequence: Text
    """What follows."""
    remedy: Text
    """How to get there."""
