"""From pixels to activity data: the detector and its strata."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mrv.plan.base import Table
from mrv.plan.evidence import MergeTable, ObservationTable, RecordTable
from mrv.plan.extents import ExtentChangeTable
from mrv.plan.fusion import ROLE_OF_INDEX, FusionTable, RadarTable

BandRole = Literal["blue", "green", "red", "nir", "swir1", "swir2"]
STEP_OBSERVATIONS = 3
"""Fewest observations of a step in ``matched-step/1``."""


class ChangeTable(Table):
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


class StepTable(Table):
    """Steps of a loss index matched to all bands; what is not named here is fixed by the method's version."""

    detector: Literal["matched-step/1"]
    """Method, by name and version."""
    bands: Annotated[tuple[BandRole, ...], Field(min_length=2)]
    """Bands of the loss index, by role."""
    min_history: Annotated[int, Field(strict=True, ge=6)] = 12
    """Fewest history observations; with fewer the pixel is not monitored."""
    min_confidence_percent: Annotated[int, Field(strict=True, ge=0, le=99)] = 70
    """A loss counts from this confidence."""
    min_loss_percent: Annotated[int, Field(strict=True, ge=1, le=100)] = 4
    """Smallest loss sought, percent of a full clearing."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.bands)) < len(self.bands):
            raise ValueError("each band occurs once")
        return self


class ConfidenceTable(Table):
    """Strata of loss by the detector's confidence, clump by clump; breaks of one year that touch are a clump."""

    high_percent: Annotated[int, Field(strict=True, ge=1, le=100)]
    """Confidence from which a clump of loss is of high confidence (its pixels' lower median); below, of low confidence."""
    minimum_clump_px: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    """Fewest pixels of a clump, not below the minimum mapping unit of the forest definition; absent: that unit."""
    gain_percent: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    """Confidence from which a clump of gain is a stratum; absent: gain is none."""


class ActivityTable(Table):
    """Strata of the change map."""

    buffer_px: Annotated[int, Field(strict=True, ge=0, le=64)]
    """Buffer stratum around loss, pixels."""
    confidence: ConfidenceTable | None = None
    """Strata of loss by confidence; absent: loss is one stratum."""


class MethodTable(Table):
    """From pixels to activity data."""

    observation: ObservationTable | None = None
    """Which observations count; for optical sources."""
    record: RecordTable | None = None
    """What the record must be; for extent maps, and for radar alone."""
    radar: RadarTable | None = None
    """Which radar images count; for radar sources."""
    change: Annotated[ChangeTable | StepTable | FusionTable | ExtentChangeTable, Field(discriminator="detector")]
    """The detector."""
    activity: ActivityTable
    """The strata."""

    @model_validator(mode="after")
    def _matched(self) -> Self:
        optical, radar = self.is_optical, self.is_radar
        if (self.observation is not None, self.record is not None) != (optical, not optical):
            raise ValueError(f"{self.change.detector} needs [method.{'observation' if optical else 'record'}], and it alone")
        if isinstance(self.change, FusionTable) and self.merges:
            raise ValueError(
                f"{self.change.detector} has no use for [method.observation.merge]: each sensor has its own history"
            )
        if (self.radar is not None) != radar:
            raise ValueError(f"{self.change.detector} {'needs' if radar else 'has no use for'} [method.radar]")
        if (fault := self._unsplit()) is not None:
            raise ValueError(f"activity.confidence: {fault}")
        return self

    def _unsplit(self) -> str | None:
        """Why the detector's map cannot be stratified as asked, or None."""
        change, table = self.change, self.activity.confidence
        if table is None:
            return None
        if isinstance(change, ExtentChangeTable):
            return f"{change.detector} gives no confidence"
        if table.gain_percent is not None and not isinstance(change, StepTable):
            return f"gain_percent is given, but {change.detector} maps no gain"
        name, least = _least_confidence(change)
        if table.high_percent <= least:
            return f"high_percent is {table.high_percent}, but no loss below {name}, {least}, is mapped"
        return None

    @property
    def is_optical(self) -> bool:
        """Whether the detector reads optical scenes."""
        return "optical" in self.monitors

    @property
    def merge(self) -> MergeTable | None:
        """How scenes of several sources, or several of one day, become one series; None where they do not."""
        return None if self.observation is None else self.observation.merge

    @property
    def merges(self) -> bool:
        """Whether they do."""
        return self.merge is not None

    @property
    def harmonises(self) -> bool:
        """Whether their sensors are harmonised."""
        return self.merge is not None and self.merge.harmonise != "none"

    @property
    def is_radar(self) -> bool:
        """Whether the detector reads radar images."""
        return "radar" in self.monitors

    @property
    def monitors(self) -> tuple[Literal["optical", "radar"], ...]:
        """Roles of the scenes that the detector monitors; none where it compares extent maps."""
        if isinstance(self.change, ExtentChangeTable):
            return ()
        if isinstance(self.change, FusionTable):
            return tuple(dict.fromkeys(ROLE_OF_INDEX[entry.index] for entry in self.change.evidence))
        return ("optical",)

    @property
    def extent_rules(self) -> ExtentChangeTable | None:
        """Rules of extent maps; None for optical sources."""
        return self.change if isinstance(self.change, ExtentChangeTable) else None

    @property
    def lays_steps_aside(self) -> bool:
        """Whether a step between versions of extent maps is measured and laid aside."""
        return isinstance(self.change, ExtentChangeTable) and self.change.version_step is not None

    @property
    def scenes_needed(self) -> int:
        """Usable scenes that each year of a period needs for a loss to be seen."""
        if isinstance(self.change, ChangeTable):
            return self.change.consecutive
        if isinstance(self.change, FusionTable):
            return self.change.observations
        return STEP_OBSERVATIONS if isinstance(self.change, StepTable) else 1

    @property
    def continuity(self) -> RecordTable:
        """What the record must be."""
        rules = self.observation or self.record
        assert rules is not None
        return rules

    @property
    def optical(self) -> ObservationTable:
        """Rules of optical observations.

        Raises:
            ValueError: The plan has none.
        """
        if self.observation is None:
            raise ValueError("the plan has no optical source")
        return self.observation


def _least_confidence(change: ChangeTable | StepTable | FusionTable) -> tuple[str, int]:
    """The rule below which a detector maps no loss, and its value in percent."""
    if isinstance(change, StepTable):
        return "min_confidence_percent", change.min_confidence_percent
    return ("chi", int(100 * change.chi)) if isinstance(change, FusionTable) else ("consecutive", 0)
