"""Evidence a plan asks for: sources of rasters and which observations count."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mrv.plan.base import DayOfYear, Percent, Slug, Table


class Radiometry(Table):
    """How digital numbers become reflectance when the metadata does not say."""

    scale: Annotated[Decimal, Field(ge=Decimal("0.000001"), le=1, allow_inf_nan=False)]
    """Reflectance per digital number."""
    reflectance_offset: Annotated[Decimal, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None
    """Added to the scaled number (Landsat Collection 2: −0.2); absent: nothing."""
    nodata_dn: Annotated[int, Field(strict=True, ge=-32_768, le=65_535)] | None = None
    """Digital number without a value; absent: 0."""
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


class MaskTable(Table):
    """What of a source's classification is not clear ground."""

    masked_classes: tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...] = ()
    """Codes that are not."""
    masked_bits: tuple[Annotated[int, Field(strict=True, ge=0, le=15)], ...] | None = None
    """Bits that are set where ground is not clear."""

    @model_validator(mode="after")
    def _masks(self) -> Self:
        if not self.masked_classes and not self.masked_bits:
            raise ValueError("a mask names classes or bits")
        return self


MapYear = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
"""Year that a map describes."""
MapVersion = Annotated[str, StringConstraints(pattern=r"^[!-~]([ -~]{0,62}[!-~])?$")]
"""As the publisher writes it."""


class ExtentClasses(Table):
    """Codes of a classified map; every other code is nodata."""

    forest: Annotated[tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...], Field(min_length=1)]
    """Codes that are forest (mangrove)."""
    other: Annotated[tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...], Field(min_length=1)]
    """Codes that are not."""
    water: Annotated[tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...], Field(min_length=1)] | None = None
    """Codes among them that are water; absent: the maps class none."""
    versions: (
        Annotated[dict[Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")], MapVersion], Field(min_length=1)] | None
    ) = None
    """Year of a map → version of the algorithm that made it, where the items do not state it."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if both := sorted(set(self.forest) & set(self.other)):
            raise ValueError(f"code {both[0]} is both forest and other")
        if stray := sorted(set(self.water or ()) - set(self.other)):
            raise ValueError(f"code {stray[0]} is water, but not among the other codes")
        return self


class BiomassLayer(Table):
    """How the numbers of a biomass map are read."""

    scale: Annotated[Decimal, Field(gt=0, le=100, allow_inf_nan=False)]
    """Above-ground biomass per digital number, t d.m./ha; negative numbers and the raster's nodata are no value."""


POLARISATIONS = ("vv", "vh", "hh", "hv")
"""Roles of a radar source's bands."""
MASK = "mask"
"""Role of the band that says what a mosaic shows."""
MOSAIC_CODES = frozenset({0, 50, 100, 150, 255})
"""JAXA's mask: nothing seen, water, layover, shadow, land."""


class RadarLayer(Table):
    """How the numbers of a radar source become backscatter γ0."""

    quantity: Literal["gamma0-power", "gamma0-amplitude"]
    """``gamma0-power``: linear γ0 in float32, images with a geometry (Sentinel-1 RTC); ``gamma0-amplitude``: digital numbers
    of 16 bits whose square is γ0, yearly mosaics with a mask (PALSAR, PALSAR-2)."""
    calibration_db: Annotated[Decimal, Field(ge=-200, le=0, allow_inf_nan=False)] | None = None
    """Of amplitudes: γ0 in dB = 20 · log10(DN) + this (JAXA's mosaics: −83.0)."""
    masked_codes: tuple[Annotated[int, Field(strict=True)], ...] | None = None
    """Of amplitudes: codes of the mask that are not ground (nothing seen 0, water 50, layover 100, shadow 150)."""
    speckle_window_px: Annotated[int, Field(strict=True, ge=1, le=15)] | None = None
    """Of power: edge of the speckle filter's window, odd; 1 filters nothing."""

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        power = self.quantity == "gamma0-power"
        needs = {"speckle_window_px": power, "calibration_db": not power, "masked_codes": not power}
        for name, needed in needs.items():
            if (getattr(self, name) is not None) != needed:
                raise ValueError(f"{self.quantity} {'needs' if needed else 'has no use for'} {name}")
        if self.speckle_window_px is not None and self.speckle_window_px % 2 == 0:
            raise ValueError("speckle_window_px is odd: a pixel lies in the middle of its window")
        if unknown := sorted(set(self.masked_codes or ()) - MOSAIC_CODES):
            raise ValueError(f"masked code {unknown[0]}: the mask has {', '.join(map(str, sorted(MOSAIC_CODES)))}")
        if set(self.masked_codes or ()) == MOSAIC_CODES:
            raise ValueError("every code is masked: nothing is left to see")
        return self

    @property
    def is_mosaic(self) -> bool:
        """Whether an item is a year's mosaic, not an image."""
        return self.quantity == "gamma0-amplitude"


Role = Literal["optical", "radar", "tree-cover", "extent", "biomass"]
_BANDS: dict[Role, frozenset[str]] = {
    "optical": frozenset({"red", "nir", "blue", "green", "classification"}),
    "radar": frozenset(),
    "tree-cover": frozenset({"tree_cover"}),
    "extent": frozenset({"extent"}),
    "biomass": frozenset({"agb"}),
}
_OWN_TABLE: dict[Role, str] = {"optical": "radiometry", "radar": "radar", "extent": "extent", "biomass": "biomass"}


class Source(Table):
    """One collection of rasters."""

    id: Slug
    """Name of the source in this plan; settings give its address."""
    role: Role
    """What it is for."""
    collection: str
    """STAC collection."""
    bands: dict[Slug, Slug]
    """Role of a band (``red``, ``nir``, ``classification``, ``tree_cover`` …) → asset key."""
    radiometry: Radiometry | None = None
    """For optical sources."""
    mask: MaskTable | None = None
    """Of an optical source whose classification is another than ``[method.observation]`` is written for, in its place."""
    radar: RadarLayer | None = None
    """For radar sources."""
    extent: ExtentClasses | None = None
    """For classified extent maps, one item an epoch."""
    biomass: BiomassLayer | None = None
    """For a map of above-ground biomass."""
    sensor: Slug | None = None
    """Of an optical source that is harmonised: whose bands they are, by id in the table ``bandpass``, or ``platform``: each
    item's own."""
    first: date | None = None
    """First day searched; absent: no lower limit."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := sorted(_BANDS[self.role] - set(self.bands)):
            raise ValueError(f"a source of role {self.role} needs bands {', '.join(missing)}")
        own = _OWN_TABLE.get(self.role)
        for name in ("radiometry", "radar", "extent", "biomass"):
            if (getattr(self, name) is not None) != (name == own):
                verb = "needs" if name == own else "has no use for"
                raise ValueError(f"a source of role {self.role} {verb} [sources.{name}]")
        if self.radar is not None:
            self._radar_bands(self.radar)
        for name in ("sensor", "mask"):
            if getattr(self, name) is not None and self.role != "optical":
                raise ValueError(f"a source of role {self.role} has no use for {name}")
        return self

    def _radar_bands(self, radar: RadarLayer) -> None:
        if not set(self.bands) & set(POLARISATIONS):
            raise ValueError(f"a source of role radar needs one of the bands {', '.join(POLARISATIONS)}")
        if (MASK in self.bands) != radar.is_mosaic:
            raise ValueError(f"a source of {radar.quantity} {'needs' if radar.is_mosaic else 'has no use for'} the band {MASK}")
        if stray := sorted(set(self.bands) - {*POLARISATIONS, MASK}):
            raise ValueError(f"a source of role radar has no use for the band {stray[0]}")

    @property
    def is_image_radar(self) -> bool:
        """Whether it gives radar images, each of one geometry."""
        return self.radar is not None and not self.radar.is_mosaic


class RecordTable(Table):
    """What the satellite record must be, whatever its kind."""

    max_gap_days: Annotated[int, Field(strict=True, gt=0)]
    """Longest gap between used scenes, days; off season counts."""
    min_record_years: Annotated[int, Field(strict=True, ge=1)] = 3
    """Shortest satellite record, years."""


PLATFORM = "platform"
"""Sensor of a source whose items each state their own."""


class MergeTable(Table):
    """How scenes of several optical sources, or several of one day, become one series."""

    harmonise: Literal["hls-bandpass/1", "none"]
    """``hls-bandpass/1``: every band is brought to Landsat 8/9's by published coefficients; ``none``: nothing is adjusted, and
    a finding says so."""
    same_day: Literal["mean-of-clear/1"]
    """Scenes of one day are one observation: at each pixel the mean of those that are clear, rounded down."""


class ObservationTable(RecordTable):
    """Which optical observations are used."""

    masked_classes: tuple[Annotated[int, Field(strict=True, ge=0, le=255)], ...]
    """Scene classification codes that are not clear ground."""
    masked_bits: tuple[Annotated[int, Field(strict=True, ge=0, le=15)], ...] | None = None
    """Bits of the classification that are set where ground is not clear (Landsat QA_PIXEL, HLS Fmask)."""
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
    merge: MergeTable | None = None
    """How several become one series; absent: one source, and one scene a day."""

    @model_validator(mode="after")
    def _upright(self) -> Self:
        if self.season_end_doy <= self.season_start_doy:
            raise ValueError("the season ends before it starts; a season across New Year is not supported")
        return self
