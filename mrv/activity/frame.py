"""The frozen sampling frame: what may be drawn, how, and how it will be interpreted (``mrv.frame/1``).

``frame.json`` is canonical JSON (RFC 8785) without floats, so the digest of the file is the digest of the frame.  That digest
is published before anybody knows which units are drawn; :mod:`mrv.activity.commitment` turns it and a later public value
into the seed.  Beside it lies ``frame_strata.tif``, the strata map that the units are pixels of; :mod:`mrv.activity.frozen_map`
holds it against the frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import rfc8785
from pydantic import Field, StringConstraints

from mrv.sections import Count, Section
from mrv.units import DateStr, DecimalStr, Digest, sha256_bytes

FRAME_FILE = "frame.json"
MAP_FILE = "frame_strata.tif"
MAX_BYTES = 1 << 20

Role = Annotated[str, StringConstraints(pattern=r"^(forest|non-forest|degraded:[a-z0-9-]{1,32})$")]
"""What a label means: forest, forest degraded at an intensity, or not forest."""
Positive = Annotated[int, Field(ge=1, le=2**53 - 1)]
Named = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class FramePeriod(Section):
    """The period whose change map stratifies."""

    name: Named
    """Name in the plan."""
    start: DateStr
    """First day."""
    end: DateStr
    """Last day."""


class FrameGrid(Section):
    """The grid whose pixels are the units."""

    crs: Named
    """Coordinate reference system."""
    shape: Annotated[tuple[Positive, ...], Field(min_length=2, max_length=2)]
    """Rows, columns."""
    transform: Annotated[tuple[DecimalStr, ...], Field(min_length=6, max_length=6)]
    """Affine coefficients a b c d e f; the decimals name the binary numbers exactly."""


class FrameStratum(Section):
    """One design stratum."""

    code: Annotated[int, Field(ge=1, le=255)]
    """Code in the strata map; 0 lies outside the project area."""
    name: Named
    """Name."""
    units: Positive
    """N_h: pixels."""
    area_m2: Positive
    """A_h: geodesic area, m²."""
    sample: Count
    """n_h: units to draw, without replacement."""
    inclusion: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,16}/[1-9][0-9]{0,15}$")]
    """Inclusion probability of each unit, ``n_h/N_h``."""


class ConfidenceSplit(Section):
    """How confidence split the loss of the strata map, where it did."""

    high_percent: Annotated[int, Field(ge=1, le=100)]
    """Confidence from which a clump of loss is of high confidence, %."""
    minimum_px: Positive
    """Fewest pixels of a clump."""
    buffer_px: Count
    """Width of the buffer around loss, pixels."""
    gain_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """Confidence from which a clump of gain is a stratum, %; absent: gain is none."""


class Allocation(Section):
    """How the sample was shared among the strata."""

    rule: Literal["neyman", "equal", "proportional"]
    """Rule."""
    n: Positive
    """Units in all."""
    floor: Count
    """Fewest units a stratum (all of a smaller one)."""
    expected: dict[Named, DecimalStr]
    """Share of the target class expected in each stratum, by name; empty where the rule needs none."""


class LabelClass(Section):
    """One label an interpreter may give."""

    label: Named
    """As written in ``reference.csv``."""
    role: Role
    """What it means."""


class NonResponse(Section):
    """What is done with units that could not be interpreted."""

    rule: Literal["refuse", "missing at random within the stratum"]
    """Refuse the sample, or estimate each stratum from the units that were interpreted."""
    max_percent: Annotated[int, Field(ge=0, le=50)]
    """Largest share of a stratum's units that may be missing, %."""


class Frame(Section):
    """The frame."""

    schema_: Annotated[Literal["mrv.frame/1"], Field(alias="schema")]
    """Version of this format."""
    project: Named
    """Project id."""
    period: FramePeriod
    """Period of the strata map."""
    grid: FrameGrid
    """Grid of the strata map."""
    map: Digest
    """Pixel digest of the strata map."""
    strata: Annotated[tuple[FrameStratum, ...], Field(min_length=1, max_length=255)]
    """Design strata, by code; together they are the project area."""
    confidence: ConfidenceSplit | None = None
    """How confidence split the loss; absent: it did not."""
    allocation: Allocation
    """How n was shared."""
    draw: Literal["draw/1"]
    """How units are drawn; see :mod:`mrv.activity.draw`."""
    replacement: Literal["none"]
    """A drawn unit is never exchanged for another."""
    response_design: Prose
    """What the interpreter sees and decides."""
    classes: Annotated[tuple[LabelClass, ...], Field(min_length=2, max_length=32)]
    """Labels, in the order of the plan."""
    label_years: Annotated[tuple[Annotated[int, Field(ge=1900, le=9999)], ...], Field(min_length=2, max_length=100)]
    """Years to interpret: the state at the end of each; the first is the year before the first vintage."""
    non_response: NonResponse
    """What is done with units that could not be interpreted."""

    def encoded(self) -> bytes:
        """The bytes of ``frame.json``; what is absent is left out."""
        return rfc8785.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    def digest(self) -> str:
        """What is committed to: ``sha256:`` of those bytes."""
        return sha256_bytes(self.encoded())

    @property
    def sample_sizes(self) -> dict[int, int]:
        """n_h by code."""
        return {stratum.code: stratum.sample for stratum in self.strata}

    @property
    def roles(self) -> dict[str, str]:
        """Role by label."""
        return {entry.label: entry.role for entry in self.classes}

    def stratum(self, code: int) -> FrameStratum:
        """The stratum of a code."""
        return next(stratum for stratum in self.strata if stratum.code == code)


@dataclass(frozen=True, slots=True)
class Unit:
    """One drawn unit: a pixel of the frame's grid."""

    row: int
    """Row, from the north."""
    col: int
    """Column, from the west."""
    stratum: int
    """Code of its design stratum."""

    @property
    def id(self) -> str:
        """Its name, which says where it is and not what: ``r00067c00037``."""
        return f"r{self.row:05d}c{self.col:05d}"


@dataclass(frozen=True, slots=True)
class PlacedUnit:
    """A drawn unit and its centre."""

    unit: Unit
    """The unit."""
    lon: str
    """Longitude of its centre, degrees (EPSG:4326), 7 decimals."""
    lat: str
    """Latitude of its centre, degrees, 7 decimals."""
