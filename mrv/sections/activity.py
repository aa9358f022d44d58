"""Activity sections: mapped areas, the reference sample, and the areas estimated from it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from mrv.sections import Count, Int, Section, Text
from mrv.sections.extents import ExtentsSection
from mrv.units import DateStr, DecimalStr, Digest

Stratum = Literal[
    "tree-cover loss",
    "tree-cover loss, high confidence",
    "tree-cover loss, low confidence",
    "buffer around loss",
    "stable forest",
    "stable non-forest",
    "gain of forest",
]
LOST: tuple[Stratum, ...] = ("tree-cover loss", "tree-cover loss, high confidence", "tree-cover loss, low confidence")
"""Strata of loss."""
MapName = Literal[
    "break_day",
    "confidence",
    "clear_count",
    "stratum",
    "loss_year",
    "gain_year",
    "last_clear_day",
    "loss_percent",
    "back_percent",
    "mapped_loss_year",
    "mapped_gain_year",
    "change_kind",
    "confirmed_day",
]
DETECTOR_MAPS: dict[str, tuple[MapName, ...]] = {
    "harmonic-monitor/1": ("break_day", "confidence", "clear_count", "stratum"),
    "matched-step/1": (
        "break_day",
        "confidence",
        "clear_count",
        "last_clear_day",
        "loss_percent",
        "back_percent",
        "stratum",
    ),
    "bayes-fusion/1": ("break_day", "confidence", "clear_count", "confirmed_day", "stratum"),
    "extent-epochs/1": ("loss_year", "gain_year", "stratum"),
}
"""Maps that each detector makes."""
MAPS_AS_CAME: tuple[MapName, ...] = ("mapped_loss_year", "mapped_gain_year")
"""Maps besides, where change was read from other maps than came: change of those that came."""
MAP_OF_KINDS: MapName = "change_kind"
"""The map besides, where kinds of change are told apart."""
DETECTOR_STRATA: dict[str, tuple[Stratum, ...]] = {
    "harmonic-monitor/1": ("tree-cover loss", "buffer around loss", "stable forest", "stable non-forest"),
    "matched-step/1": ("tree-cover loss", "buffer around loss", "stable forest", "stable non-forest"),
    "bayes-fusion/1": ("tree-cover loss", "buffer around loss", "stable forest", "stable non-forest"),
    "extent-epochs/1": ("tree-cover loss", "buffer around loss", "stable forest", "stable non-forest", "gain of forest"),
}
"""Strata that each detector's map has, in order, where loss is one of them."""
GAINED: Stratum = "gain of forest"
SPLIT_STRATA: tuple[Stratum, ...] = (*LOST[1:], "buffer around loss", "stable forest", "stable non-forest")
"""Strata where confidence splits the loss; the gain of forest comes after them."""
MAPPED_AREA = "mapped area, not an estimate"
ESTIMATED_AREA = "estimate from a probability sample"


def strata_of(method: Mapping[str, Any]) -> tuple[Stratum, ...]:
    """Strata of a plan's map, in order.

    Args:
        method: The plan's table ``method``, as signed.
    """
    split = method["activity"].get("confidence")
    if split is None:
        return DETECTOR_STRATA[method["change"]["detector"]]
    return (*SPLIT_STRATA, GAINED) if "gain_percent" in split else SPLIT_STRATA


class StratumArea(Section):
    """Area of one stratum at the end of the period."""

    stratum: Stratum
    """Which."""
    pixels: Count
    """Pixels."""
    area_m2: Count
    """Geodesic area, m²."""


class LossArea(Section):
    """Tree-cover loss mapped in one year."""

    year: Count
    """Year of the first anomalous observation."""
    pixels: Count
    """Pixels."""
    area_m2: Count
    """Geodesic area, m²."""
    mean_confidence_percent: Count | None
    """Mean share of anomalous observations after the break, %; null without loss."""
    weak_pixels: Count
    """Pixels with a confidence of 50 % or less."""
    undated_pixels: Count
    """Pixels first anomalous in the year's first scene: they may have been lost in the year before."""


class SampleStratum(Section):
    """A design stratum and what was drawn from it."""

    stratum: Text
    """Name in the frozen frame."""
    units: Count
    """N_h, pixels."""
    area_m2: Count
    """Geodesic area, m²."""
    drawn: Count
    """n_h, units drawn without replacement."""
    responded: Count
    """Units that were interpreted in every year."""


class GoldSection(Section):
    """Units that an expert read as well: error rates of the interpreters."""

    expert: Text
    """Whose readings are held true."""
    classes: list[Text]
    """What became of a unit since the project's start."""
    counts: list[list[Count]]
    """Units by true (rows) and reported class."""


class SampleSection(Section):
    """The reference sample, from the frozen frame to the interval that is signed."""

    frame_digest: Digest
    """Frozen sampling frame; what was committed before the draw."""
    map_digest: Digest
    """Pixel digest of the strata map it was frozen from."""
    beacon: Text
    """Public value drawn after the commitment."""
    beacon_source: Text
    """Where it comes from."""
    committed_at: DateStr
    """Day the frame's digest was published, as stated."""
    beacon_at: DateStr
    """Day of the beacon, a later one, as stated."""
    seed: Digest
    """sha256(frame digest ‖ line feed ‖ beacon)."""
    response_design: Text
    """How a unit got its label."""
    non_response: Text
    """Rule for units that could not be interpreted."""
    gold: GoldSection | None
    """What the areas are corrected for interpreters' errors with; null: such errors are in the numbers."""
    fpc: bool
    """Finite-population correction applied."""
    interval: Literal["score", "wilson", "logit"]
    """Interval that is signed."""
    z: DecimalStr
    """Normal quantile of the 90 % intervals."""
    strata: list[SampleStratum]
    """Design strata."""


class AreaEstimate(Section):
    """Area of one activity in one year."""

    activity: Text
    """Activity."""
    year: Count
    """Year."""
    hits: list[Count]
    """Units of the activity in each design stratum, as interpreted."""
    reported_m2: Count
    """Area by the labels as they are; the same as ``area_m2`` where nothing is corrected."""
    area_m2: Count
    """Estimate, m²."""
    se_m2: Count
    """Standard error, m²."""
    ci90_m2: Annotated[list[Count], Field(min_length=2, max_length=2)]
    """90 % interval that is signed."""
    wald90_m2: Annotated[list[Int], Field(min_length=2, max_length=2)]
    """Wald's 90 % interval, for comparison."""


class ClassAccuracy(Section):
    """Accuracy of one class of the map."""

    reference_class: Text
    """Class."""
    users: DecimalStr | None
    """User's accuracy; null where nothing was mapped."""
    producers: DecimalStr | None
    """Producer's accuracy; null where nothing is there."""


class AccuracySection(Section):
    """The error matrix, design strata against reference classes over the period, and what follows."""

    classes: list[Text]
    """Reference classes, columns."""
    counts: list[list[Count]]
    """Units by design stratum (rows, in the order of the sample's strata) and reference class."""
    overall: DecimalStr
    """Overall accuracy, area-weighted."""
    overall_se: DecimalStr
    """Its standard error."""
    by_class: list[ClassAccuracy]
    """By class."""


class MapDigest(Section):
    """A map this statement was computed with."""

    name: MapName
    """Which."""
    pixels: Digest
    """Pixel digest."""


class ActivitySection(Section):
    """Activity data."""

    label: Literal["mapped area, not an estimate", "estimate from a probability sample"]
    """What the areas are that enter the quantities."""
    estimator: Literal["none", "stehman-2014"]
    """Design-based estimator."""
    strata: list[StratumArea]
    """Strata of the map at the end of the period; they add up to the project area."""
    loss: list[LossArea]
    """Loss mapped by year, from the project's start to the end of the period."""
    maps: list[MapDigest]
    """The maps."""
    sample: SampleSection | None
    """The reference sample."""
    estimates: list[AreaEstimate]
    """Areas estimated from it, by year and activity."""
    accuracy: AccuracySection | None
    """Accuracy of the map at the end of the period."""
    extents: ExtentsSection | None = None
    """Extent maps as they came beside what was made of them; absent where the plan makes nothing of them."""

    @field_validator("extents", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        # One statement has one form: what is absent is left out, never null.
        if value is None:
            raise ValueError("left out where there is none")
        return value

    @model_serializer(mode="wrap")
    def _without_absent(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        if self.extents is None:
            del found["extents"]
        return found
