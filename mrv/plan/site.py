"""Who and where: the project, its forest definition, its grid."""

import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from mrv.plan.base import Number, Percent, Positive, Slug, Table

GEOGRAPHIC = "EPSG:4326"
"""The one geographic CRS that a grid may have: longitude and latitude on WGS 84, x first."""


class ForestDefinition(Table):
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


_JOINERS = "\u200c\u200d"
"""Persian and Indic names are spelled with them."""


def _shown_as_written(text: str) -> str:
    """Whoever reads a name reads all of it, in its order."""
    hidden = (letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"} and letter not in _JOINERS)
    strange = next(hidden, None)
    if strange is not None:
        name = unicodedata.name(strange, "a control character")
        raise ValueError(f"holds U+{ord(strange):04X} ({name}), which is not seen: take it out")
    return text


class ProjectTable(Table):
    """Who and where."""

    id: Slug
    """Stable identifier of the project."""
    name: Annotated[str, AfterValidator(_shown_as_written)]
    """Name a person reads."""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """ISO 3166-1 alpha-2."""
    start: date
    """First day of the project; history ends the day before, monitoring starts here."""
    boundary: str = "boundary.geojson"
    """File of the project area, relative to the plan."""
    kind: Literal["forest", "mangrove"] = "forest"
    """What grows there."""
    simulated: bool = False
    """True for a made world; every output then says so."""
    forest: ForestDefinition
    """The forest definition."""


class GridTable(Table):
    """The grid of pixels. Rasters must lie on it: nothing is resampled."""

    crs: Annotated[str, StringConstraints(pattern=r"^EPSG:[0-9]{4,6}$")]
    """Coordinate reference system of the grid: projected, metres, or EPSG:4326, degrees."""
    resolution_m: Positive | None = None
    """Edge of a pixel of a projected grid, m."""
    resolution_deg: Positive | None = None
    """Edge of a pixel of the geographic grid EPSG:4326, degrees."""
    anchor_x: Number
    """x of any pixel's left edge, in units of the CRS."""
    anchor_y: Number
    """y of any pixel's upper edge, in units of the CRS."""
    margin_px: Annotated[int, Field(strict=True, ge=0, le=256)] = 4
    """Pixels read around the project area, so that masks and buffers do not end at its edge."""
    area_formula: Literal["authalic-shoelace/1"]
    """Geodesic pixel area; see :mod:`mrv.areas`."""

    @model_validator(mode="after")
    def _one_resolution(self) -> Self:
        if (self.resolution_m is None) == (self.resolution_deg is None):
            raise ValueError("give exactly one of resolution_m and resolution_deg")
        if (self.resolution_deg is None) == (self.crs == GEOGRAPHIC):
            raise ValueError(f"{GEOGRAPHIC} goes with resolution_deg, any other CRS is projected and goes with resolution_m")
        return self

    @property
    def resolution(self) -> Decimal:
        """Edge of a pixel, in units of the CRS."""
        edge = self.resolution_m if self.resolution_deg is None else self.resolution_deg
        assert edge is not None
        return edge
