"""Fusion: which evidence ``bayes-fusion/1`` combines, and by what rules."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mrv.plan.base import Percent, Slug, Table

Probability = Annotated[Decimal, Field(gt=0, lt=1, allow_inf_nan=False)]
Bound = Annotated[Decimal, Field(ge=Decimal("0.001"), le=Decimal("0.999"), allow_inf_nan=False)]
"""What one observation may say at most: they are held in 1,024ths, and none of them is certainty."""
Level = Annotated[int, Field(strict=True, ge=1, le=20_000)]
ROLE_OF_INDEX: dict[str, Literal["optical", "radar"]] = {
    "ndvi": "optical", "vv": "radar", "vh": "radar", "hh": "radar", "hv": "radar",
}  # fmt: skip
"""Role of the source that gives an index."""


class DensityTable(Table):
    """Densities of forest and non-forest that the project trained itself, in integers of the index (dB × 100, NDVI × 10⁴)."""

    shift: Annotated[int, Field(strict=True, ge=-20_000, le=20_000)]
    """Mean of non-forest less mean of forest; negative where clearing lowers the index."""
    spread: Level
    """Standard deviation of non-forest."""
    floor: Level
    """Smallest standard deviation of forest: a short history may lie on its mean by chance."""
    reason: Annotated[str, Field(min_length=1)]
    """What they were trained on."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.shift == 0:
            raise ValueError("a shift of 0 tells forest from nothing")
        return self


class EvidenceTable(Table):
    """One index of one source."""

    source: Slug
    """Source of the plan."""
    index: Literal["ndvi", "vv", "vh", "hh", "hv"]
    """Index, or polarisation: a role of the source's bands."""
    density: Slug | None = None
    """Published densities, by id in the table of :mod:`mrv.change.densities` …"""
    trained: DensityTable | None = None
    """… or the project's own."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.density is None) == (self.trained is None):
            raise ValueError("give exactly one of density and trained")
        return self


class FusionTable(Table):
    """Evidence of all sensors, combined observation by observation in order of time."""

    detector: Literal["bayes-fusion/1"]
    """Method, by name and version."""
    evidence: Annotated[tuple[EvidenceTable, ...], Field(min_length=1)]
    """What is combined; of one day, in this order."""
    chi: Probability
    """Posterior probability of non-forest from which a flagged change is confirmed, and counts."""
    lowest: Bound = Decimal("0.1")
    """One observation's probability is held at this or more …"""
    highest: Bound = Decimal("0.9")
    """… and at this or less: no one observation decides."""
    min_history: Annotated[int, Field(strict=True, ge=2, le=500)] = 5
    """Fewest history observations of a pixel; with fewer the sensor says nothing there."""
    within_days: Annotated[int, Field(strict=True, ge=0, le=3_660)] = 0
    """Days within which a flagged change is confirmed or dropped; 0 for no limit."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.lowest < Decimal("0.5") < self.highest:
            raise ValueError("lowest lies below 0.5 and highest above it")
        if self.chi <= Decimal("0.5"):
            raise ValueError("chi lies above 0.5")
        if len({entry.source for entry in self.evidence}) < len(self.evidence):
            raise ValueError("each source gives one index: bands of one image share their noise and would count it twice")
        return self

    @property
    def observations(self) -> int:
        """Fewest observations, each as sure as one may be, that confirm a change in what was surely forest."""
        odds, ratio = _odds(self.lowest), _odds(self.highest)
        count = 0
        while odds < _odds(self.chi):
            odds, count = odds * ratio, count + 1
        return count


class RadarTable(Table):
    """Which radar images are used."""

    min_seen_percent: Percent
    """Images with values over less of the forest are left out, %."""
    max_shift_db: Annotated[Decimal, Field(gt=0, le=20, allow_inf_nan=False)]
    """Images whose forest median departs this much from the history's of their geometry are left out, dB."""


def _odds(probability: Decimal) -> Fraction:
    return Fraction(probability) / (1 - Fraction(probability))
