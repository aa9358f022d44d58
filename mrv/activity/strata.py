"""Activity data: strata of the change map and their areas.

Without a probability sample the areas are mapped, not estimated: no standard error, nothing creditable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.areas import total_m2
from mrv.kernels.morphology import dilate
from mrv.units import Period, epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from numpy.typing import NDArray

    from mrv.change.change_map import ChangeMap
    from mrv.change.extent_maps import ExtentChange

OUTSIDE, LOSS, BUFFER, FOREST, NON_FOREST, GAIN = 0, 1, 2, 3, 4, 5
STRATA = {
    LOSS: "tree-cover loss",
    BUFFER: "buffer around loss",
    FOREST: "stable forest",
    NON_FOREST: "stable non-forest",
}
"""Codes of a strata map; 0 lies outside the project area."""
EXTENT_STRATA = {**STRATA, GAIN: "gain of forest"}
"""The same where the map shows gain as well."""
WEAK_PERCENT = 50
EIGHT_NEIGHBOURS = np.ones((3, 3), np.bool_)


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
    """Year of loss in the loss stratum, 0 elsewhere (y, x)."""
    pixels: dict[int, int]
    """Pixels by stratum."""
    area_m2: dict[int, int]
    """Geodesic area by stratum."""
    loss: tuple[YearOfLoss, ...]
    """Loss by year, from the project's start to the period's end."""
    unmonitored_px: int
    """Forest pixels of the project that could not be monitored (they count as stable forest)."""


def loss_years(change: ChangeMap, forest: NDArray[np.bool_], *, start: date, end: date, minimum_px: int) -> NDArray[np.int32]:
    """Year of loss of every pixel, 0 without.

    Patches (eight neighbours, whatever their years) below the minimum mapping unit are dropped.

    Args:
        change: The change map.
        forest: Forest at the start (y, x).
        start: First day that counts.
        end: Last day.
        minimum_px: Minimum mapping unit, pixels.

    Returns:
        int32 (y, x).
    """
    days = change.break_day
    lost = forest & (days >= epoch_day(start)) & (days <= epoch_day(end))
    years = np.zeros(days.shape, np.int32)
    for day in np.unique(days[lost]):
        years[lost & (days == day)] = from_epoch_day(int(day)).year
    return _clumped(years, minimum_px)


def _clumped(years: NDArray[np.int32], minimum_px: int) -> NDArray[np.int32]:
    """Without patches (eight neighbours, whatever their years) of fewer pixels."""
    from scipy import ndimage

    labels, _ = ndimage.label(years > 0, EIGHT_NEIGHBOURS)
    kept: NDArray[np.int32] = years * (np.bincount(labels.ravel())[labels] >= minimum_px)
    return kept


def strata_map(
    years: NDArray[np.int32],
    forest: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    buffer_px: int,
    *,
    gain: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Strata of the window.

    Args:
        years: Year of loss, 0 without (y, x).
        forest: Forest at the start.
        inside: Project area.
        buffer_px: Width of the buffer around loss; it takes forest only.
        gain: Where forest was gained; None where the map shows no gain.

    Returns:
        uint8 (y, x), codes as :data:`STRATA`.
    """
    lost = years > 0
    strata = np.where(forest, FOREST, NON_FOREST).astype(np.uint8)
    if gain is not None:
        strata[~forest & gain] = GAIN
    strata[forest & dilate(lost, buffer_px)] = BUFFER
    strata[lost] = LOSS
    strata[~inside] = OUTSIDE
    return strata


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
    """
    years = loss_years(change, forest, start=since, end=period.end, minimum_px=minimum_px)
    first_scenes = _first_of_years(scene_days)

    def row(year: int, mask: NDArray[np.bool_]) -> YearOfLoss:
        count = int(mask.sum())
        confidence = int(change.confidence[mask].sum(dtype=np.int64)) // count if count else None
        undated = int((mask & (change.break_day == first_scenes.get(year, 0))).sum())
        weak = int((mask & (change.confidence <= WEAK_PERCENT)).sum())
        return YearOfLoss(year, count, total_m2(areas_mm2, mask), confidence, weak, undated)

    return _activity(
        strata_map(years, forest, inside, buffer_px), STRATA, years, areas_mm2, row, since=since, period=period,
        unmonitored=inside & forest & (change.break_day == -1),
    )  # fmt: skip


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
    years = _clumped(change.loss_year * change.forest_at_start, minimum_px)
    gain = (change.gain_year > 0) & ~change.unconfirmed_gain & ~change.forest_at_start

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
    return ActivityData(
        strata=strata,
        names=names,
        years=years * masks[LOSS],
        pixels={code: int(mask.sum()) for code, mask in masks.items()},
        area_m2={code: total_m2(areas_mm2, mask) for code, mask in masks.items()},
        loss=tuple(row(year, masks[LOSS] & (years == year)) for year in range(since.year, period.end.year + 1)),
        unmonitored_px=int(unmonitored.sum()),
    )


def _first_of_years(scene_days: NDArray[np.int32]) -> dict[int, int]:
    firsts: dict[int, int] = {}
    for day in scene_days:
        firsts.setdefault(from_epoch_day(int(day)).year, int(day))
    return firsts
