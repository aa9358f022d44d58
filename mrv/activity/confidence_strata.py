"""Strata of a change map by its confidence, from integer layers: loss of high and of low confidence, buffer, gain, stable.

Breaks of one year and one direction that touch (eight neighbours) are a clump.  A clump below the minimum mapping unit is
dropped: its forest is stable, or buffer where it lies beside loss that is kept.  The others are of one confidence each, the
lower median of their pixels'.  Years are never merged: a patch cut in two years is two clumps, dated as they are.

The layers that come out, put in again, give the same strata.  Clumps do not stop at chunks, so a whole window is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from mrv.activity.frame import ConfidenceSplit
from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOW, NON_FOREST, strata_map
from mrv.errors import SourceError
from mrv.kernels.clumps import clumps
from mrv.kernels.steps import CLEARING, DEGRADATION, NOTHING
from mrv.kernels.steps import GAIN as GAINED
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from mrv.plan import MonitoringPlan

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int32]

CONFIDENCE_STRATA = {
    LOSS: "tree-cover loss, high confidence",
    LOW: "tree-cover loss, low confidence",
    BUFFER: "buffer around loss",
    FOREST: "stable forest",
    NON_FOREST: "stable non-forest",
    GAIN: "gain of forest",
}
"""Codes of the strata map; 0 lies outside the project area."""


@dataclass(frozen=True)
class StrataRules:
    """What can change the answer."""

    high_percent: int = 80
    """Confidence from which a clump of loss is of high confidence."""
    least_percent: int = 1
    """Confidence below which a clump is dropped; 1 drops none that has any."""
    gain_percent: int | None = 50
    """Confidence below which a clump of gain is dropped; None drops all gain."""
    minimum_px: int = 1
    """Minimum mapping unit of a clump of loss, pixels."""
    minimum_gain_px: int = 1
    """… of gain."""
    buffer_px: int = 2
    """Width of the buffer around loss, pixels; it takes forest only."""

    def __post_init__(self) -> None:
        for name in ("high_percent", "least_percent", "gain_percent"):
            if not 0 <= (getattr(self, name) or 0) <= 100:
                raise self._refusal(name, "give a percentage")
        for name, low in (("minimum_px", 1), ("minimum_gain_px", 1), ("buffer_px", 0)):
            if getattr(self, name) < low:
                raise self._refusal(name, f"give a number of pixels from {low} on")

    @classmethod
    def of(cls, plan: MonitoringPlan) -> Self | None:
        """The plan's rules; None where loss is one stratum."""
        table = plan.method.activity.confidence
        if table is None:
            return None
        unit = table.minimum_clump_px or plan.project.forest.minimum_mapping_unit_px
        return cls(
            high_percent=table.high_percent, gain_percent=table.gain_percent, minimum_px=unit, minimum_gain_px=unit,
            buffer_px=plan.method.activity.buffer_px,
        )  # fmt: skip

    @property
    def names(self) -> dict[int, str]:
        """Strata by code, without gain where all of it is dropped."""
        return {code: name for code, name in CONFIDENCE_STRATA.items() if code != GAIN or self.gain_percent is not None}

    @property
    def frozen(self) -> ConfidenceSplit:
        """As a frame writes them."""
        return ConfidenceSplit(
            high_percent=self.high_percent, minimum_px=self.minimum_px, buffer_px=self.buffer_px, gain_percent=self.gain_percent
        )

    def _refusal(self, name: str, hint: str) -> SourceError:
        return SourceError(f"{name} is {getattr(self, name)}", code="strata.rules", field=name, hint=hint)


@dataclass(frozen=True)
class ConfidenceStrata:
    """The strata, and the layers as they were used."""

    strata: NDArray[np.uint8]
    """Strata map (y, x), codes as :data:`CONFIDENCE_STRATA`, 0 outside."""
    years: Ints
    """Year of loss or gain, 0 where none is kept (y, x)."""
    break_day: Ints
    """Days since 1970-01-01 of the breaks that are kept, else 0."""
    kinds: NDArray[np.uint8]
    """Their classes, else 0."""
    confidence: NDArray[np.uint8]
    """Confidence of their clump in percent, else 0."""


def confidence_strata(
    break_day: Ints,
    kinds: NDArray[np.integer],
    confidence: NDArray[np.integer],
    forest: Bools,
    inside: Bools,
    *,
    start: date,
    end: date,
    rules: StrataRules | None = None,
) -> ConfidenceStrata:
    """Strata of a window.

    Loss is a clearing or a degradation of forest; gain is a gain outside it.  A recovery is no loss, and no forest is gained
    where there was forest.

    Args:
        break_day: Days since 1970-01-01, 0 or less where nothing broke (y, x).
        kinds: Class of each break (y, x), as :mod:`mrv.kernels.steps` numbers them.
        confidence: Percent (y, x).
        forest: Forest at the start (y, x).
        inside: Project area (y, x); breaks outside count for nothing.
        start: First day that counts.
        end: Last day.
        rules: The rules.

    Raises:
        SourceError: Shapes that differ, a class that is none, or a confidence that is no percentage.
    """
    rules = rules or StrataRules()
    _check(break_day, kinds, confidence, forest, inside)
    counts = inside & (break_day >= max(epoch_day(start), 1)) & (break_day <= epoch_day(end))
    lost = counts & forest & np.isin(kinds, (CLEARING, DEGRADATION))
    gained = counts & ~forest & (kinds == GAINED) & (rules.gain_percent is not None)
    years = np.zeros(break_day.shape, np.int32)
    days = np.unique(break_day[lost | gained])
    of_days = np.array([from_epoch_day(int(day)).year for day in days], np.int32)
    chosen = lost | gained
    years[chosen] = of_days[np.searchsorted(days, break_day[chosen])] if len(days) else 0
    by_clump = np.zeros(break_day.shape, np.uint8)
    kept = np.zeros(break_day.shape, np.bool_)
    for mask, minimum, least in (
        (lost, rules.minimum_px, rules.least_percent),
        (gained, rules.minimum_gain_px, rules.gain_percent or 0),
    ):
        for year in np.unique(years[mask]):
            here, level = _by_clump(mask & (years == year), confidence, minimum, least)
            kept |= here
            by_clump[here] = level[here]
    years = np.where(kept, years, 0).astype(np.int32)
    strata = strata_map(years * lost, forest, inside, rules.buffer_px, gain=kept & gained)
    strata[(strata == LOSS) & (by_clump < rules.high_percent)] = LOW
    return ConfidenceStrata(
        strata, years, np.where(kept, break_day, 0).astype(np.int32), np.where(kept, kinds, NOTHING).astype(np.uint8), by_clump
    )


def _check(break_day: Ints, kinds: NDArray[np.integer], confidence: NDArray[np.integer], forest: Bools, inside: Bools) -> None:
    layers = {"kinds": kinds, "confidence": confidence, "forest": forest, "inside": inside}
    for name, layer in layers.items():
        if layer.shape != break_day.shape:
            raise SourceError(
                f"{name} has {layer.shape} pixels, break_day {break_day.shape}", code="strata.shape", field=name,
                hint="give all layers on one grid",
            )  # fmt: skip
    for name, layer, most in (("kinds", kinds, GAINED), ("confidence", confidence, 100)):
        broken = layer[break_day > 0]
        if broken.size and not (int(broken.min()) >= 0 and int(broken.max()) <= most):
            raise SourceError(f"{name} outside 0–{most}", code="strata.codes", field=name, hint="give the detector's layers")


def _by_clump(mask: Bools, confidence: NDArray[np.integer], minimum: int, least: int) -> tuple[Bools, NDArray[np.uint8]]:
    """Clumps of a mask that are large and sure enough, and the lower median of the confidence in each (y, x)."""
    labels, sizes = clumps(mask)
    median = lower_medians(labels[mask], confidence[mask], len(sizes))
    good = (sizes >= minimum) & (median >= least)
    good[0] = False
    return good[labels], median[labels]


def lower_medians(labels: Ints, values: NDArray[np.integer], count: int) -> NDArray[np.uint8]:
    """Of the *n* values of each label the one of rank (n + 1) // 2.

    Args:
        labels: Labels (n,).
        values: 0–255 (n,).
        count: One more than the greatest label.

    Returns:
        uint8 (count,), 0 for labels without a value.
    """
    order = np.lexsort((values, labels))
    sizes = np.bincount(labels, minlength=count)
    first = np.cumsum(sizes) - sizes
    medians = np.zeros(count, np.uint8)
    there = sizes > 0
    medians[there] = values[order][(first + (sizes - 1) // 2)[there]]
    return medians
