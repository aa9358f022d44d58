"""Mapped areas: the change map's strata at the end of a period, their areas, and the loss of each year.

Without a probability sample the areas are mapped, not estimated: no standard error, nothing creditable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.confidence_strata import confidence_strata
from mrv.activity.strata import EXTENT_STRATA, GAIN, LOST, NON_FOREST, OUTSIDE, STRATA, clumped, loss_years, strata_map
from mrv.areas import total_m2
from mrv.kernels.steps import CLEARING
from mrv.kernels.steps import GAIN as GAINED
from mrv.units import Period, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from mrv.activity.confidence_strata import StrataRules
    from mrv.change.change_map import ChangeMap
    from mrv.change.extent_maps import ExtentChange

WEAK_PERCENT = 50


@dataclass(frozen=True, slots=True)
class YearOfLoss:
    """Tree-cover loss of one year."""

    year: int
    """Year of the first anomalous observation."""
    pixels: int
    """Pixels."""
    area_m2: int
    """Geodesic area."""
    confidence_percent: int | None
    """Mean confidence, rounded down; None without loss."""
    weak_px: int
    """Pixels with a confidence of 50 % or less: half of what followed the break was normal."""
    undated_px: int
    """Pixels first anomalous in the year's first scene: they may have been lost in the year before."""


@dataclass(frozen=True)
class ActivityData:
    """Mapped areas."""

    strata: NDArray[np.uint8]
    """Strata map (y, x), codes as ``names``."""
    names: dict[int, str]
    """Strata by code."""
    years: NDArray[np.int32]
    """Year of loss in the strata of loss, 0 elsewhere (y, x)."""
    pixels: dict[int, int]
    """Pixels by stratum."""
    area_m2: dict[int, int]
    """Geodesic area by stratum."""
    loss: tuple[YearOfLoss, ...]
    """Loss by year, from the project's start to the period's end."""
    unmonitored_px: int
    """Forest pixels of the project that could not be monitored (they count as stable forest)."""

    @property
    def forest_m2(self) -> int:
        """Area that was forest at the project's start, m²: the sum of its strata's."""
        return sum(area for code, area in self.area_m2.items() if code not in (NON_FOREST, GAIN))


def measure_change(
    change: ChangeMap,
    forest: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    areas_mm2: NDArray[np.int64],
    *,
    scene_days: NDArray[np.int32],
    since: date,
    period: Period,
    minimum_px: int,
    buffer_px: int,
    rules: StrataRules | None = None,
) -> ActivityData:
    """Activity data of a break map at the end of a period.

    Args:
        change: The change map (y, x).
        forest: Forest at the project's start.
        inside: Project area.
        areas_mm2: Geodesic pixel areas.
        scene_days: Days of the scenes that the detector used, ascending.
        since: The project's first day.
        period: The monitoring period.
        minimum_px: Minimum mapping unit.
        buffer_px: Width of the buffer stratum.
        rules: How confidence splits the strata, in the place of the last two; None: loss is one stratum.
    """
    if rules is None:
        names, years = STRATA, loss_years(change, forest, start=since, end=period.end, minimum_px=minimum_px)
        strata = strata_map(years, forest, inside, buffer_px)
    else:
        names, (strata, years) = rules.names, _by_confidence(change, forest, inside, since, period.end, rules)
    first_scenes = _first_of_years(scene_days)

    def row(year: int, mask: NDArray[np.bool_]) -> YearOfLoss:
        count = int(mask.sum())
        confidence = int(change.confidence[mask].sum(dtype=np.int64)) // count if count else None
        undated = int((mask & (change.break_day == first_scenes.get(year, 0))).sum())
        weak = int((mask & (change.confidence <= WEAK_PERCENT)).sum())
        return YearOfLoss(year, count, total_m2(areas_mm2, mask), confidence, weak, undated)

    return _activity(
        strata, names, years, areas_mm2, row, since=since, period=period,
        unmonitored=inside & forest & (change.break_day == -1),
    )  # fmt: skip


def _by_confidence(
    change: ChangeMap, forest: NDArray[np.bool_], inside: NDArray[np.bool_], start: date, end: date, rules: StrataRules
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Strata by confidence, and years of change (y, x).

    A clump may reach out of the project, as a patch may; what lies across the boundary counts for its size.
    """
    day, confidence = change.break_day, change.confidence
    kinds = np.full(day.shape, CLEARING, np.uint8)
    if change.gain is not None:
        gained = ~forest & (change.gain.day > 0)
        day, confidence = np.where(gained, change.gain.day, day), np.where(gained, change.gain.confidence, confidence)
        kinds[gained] = GAINED
    whole = np.ones(forest.shape, np.bool_)
    found = confidence_strata(day, kinds, confidence, forest, whole, start=start, end=end, rules=rules)
    return np.where(inside, found.strata, OUTSIDE).astype(np.uint8), found.years


def extent_loss_years(change: ExtentChange, minimum_px: int) -> NDArray[np.int32]:
    """Year of loss that counts, of forest at the start and in patches of the minimum mapping unit; 0 without (y, x)."""
    return clumped(change.loss_year * change.forest_at_start, minimum_px)


def extent_gain_years(change: ExtentChange) -> NDArray[np.int32]:
    """Year of gain that counts: a later map holds it, and the pixel was no forest at the start; 0 without (y, x)."""
    years: NDArray[np.int32] = change.gain_year * (~change.unconfirmed_gain & ~change.forest_at_start)
    return years


def measure_extents(
    change: ExtentChange,
    inside: NDArray[np.bool_],
    areas_mm2: NDArray[np.int64],
    *,
    since: date,
    period: Period,
    minimum_px: int,
    buffer_px: int,
) -> ActivityData:
    """Activity data of extent epochs at the end of a period.

    Loss that no later map holds yet is counted, as *weak*; loss between epochs more than a year apart is *undated*.  Gain
    that no later map holds is not counted.

    Args:
        change: Change since the baseline epoch (y, x).
        inside: Project area.
        areas_mm2: Geodesic pixel areas.
        since: The project's first day.
        period: The monitoring period.
        minimum_px: Minimum mapping unit.
        buffer_px: Width of the buffer stratum.
    """
    years, gain = extent_loss_years(change, minimum_px), extent_gain_years(change) > 0

    def row(year: int, mask: NDArray[np.bool_]) -> YearOfLoss:
        undated = int((mask & (change.loss_since < year - 1)).sum())
        weak = int((mask & change.unconfirmed_loss).sum())
        return YearOfLoss(year, int(mask.sum()), total_m2(areas_mm2, mask), None, weak, undated)

    return _activity(
        strata_map(years, change.forest_at_start, inside, buffer_px, gain=gain), EXTENT_STRATA, years, areas_mm2, row,
        since=since, period=period, unmonitored=inside & change.unobserved,
    )  # fmt: skip


def _activity(
    strata: NDArray[np.uint8],
    names: dict[int, str],
    years: NDArray[np.int32],
    areas_mm2: NDArray[np.int64],
    row: Callable[[int, NDArray[np.bool_]], YearOfLoss],
    *,
    since: date,
    period: Period,
    unmonitored: NDArray[np.bool_],
) -> ActivityData:
    masks: dict[int, Any] = {code: strata == code for code in names}
    lost = np.isin(strata, LOST)
    return ActivityData(
        strata=strata,
        names=names,
        years=years * lost,
        pixels={code: int(mask.sum()) for code, mask in masks.items()},
        area_m2={code: total_m2(areas_mm2, mask) for code, mask in masks.items()},
        loss=tuple(row(year, lost & (years == year)) for year in range(since.year, period.end.year + 1)),
        unmonitored_px=int(unmonitored.sum()),
    )


def _first_of_years(scene_days: NDArray[np.int32]) -> dict[int, int]:
    firsts: dict[int, int] = {}
    for day in scene_days:
        firsts.setdefault(from_epoch_day(int(day)).year, int(day))
    return firsts
