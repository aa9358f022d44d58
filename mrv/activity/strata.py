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
    from datetime import date

    from numpy.typing import NDArray

    from mrv.change.harmonic_monitor import ChangeMap

OUTSIDE, LOSS, BUFFER, FOREST, NON_FOREST = 0, 1, 2, 3, 4
STRATA = {
    LOSS: "tree-cover loss",
    BUFFER: "buffer around loss",
    FOREST: "stable forest",
    NON_FOREST: "stable non-forest",
}
"""Codes of the strata map; 0 lies outside the project area."""
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
    """Strata map (y, x), codes as :data:`STRATA`."""
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
    from scipy import ndimage

    days = change.break_day
    lost = forest & (days >= epoch_day(start)) & (days <= epoch_day(end))
    labels, _ = ndimage.label(lost, EIGHT_NEIGHBOURS)
    lost &= np.bincount(labels.ravel())[labels] >= minimum_px
    years = np.zeros(days.shape, np.int32)
    for day in np.unique(days[lost]):
        years[lost & (days == day)] = from_epoch_day(int(day)).year
    return years


def strata_map(
    years: NDArray[np.int32], forest: NDArray[np.bool_], inside: NDArray[np.bool_], buffer_px: int
) -> NDArray[np.uint8]:
    """Strata of the window.

    Args:
        years: Year of loss, 0 without (y, x).
        forest: Forest at the start.
        inside: Project area.
        buffer_px: Width of the buffer around loss; it takes forest only.

    Returns:
        uint8 (y, x), codes as :data:`STRATA`.
    """
    lost = years > 0
    strata = np.where(forest, FOREST, NON_FOREST).astype(np.uint8)
    strata[forest & dilate(lost, buffer_px)] = BUFFER
    strata[lost] = LOSS
    strata[~inside] = OUTSIDE
    return strata


def measure(
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
    """Activity data at the end of a period.

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
    strata = strata_map(years, forest, inside, buffer_px)
    masks: dict[int, Any] = {code: strata == code for code in STRATA}
    yearly, first_scenes = [], _first_of_years(scene_days)
    for year in range(since.year, period.end.year + 1):
        mask = masks[LOSS] & (years == year)
        count = int(mask.sum())
        confidence = int(change.confidence[mask].sum(dtype=np.int64)) // count if count else None
        undated = int((mask & (change.break_day == first_scenes.get(year, 0))).sum())
        weak = int((mask & (change.confidence <= WEAK_PERCENT)).sum())
        yearly.append(YearOfLoss(year, count, total_m2(areas_mm2, mask), confidence, weak, undated))
    return ActivityData(
        strata=strata,
        pixels={code: int(mask.sum()) for code, mask in masks.items()},
        area_m2={code: total_m2(areas_mm2, mask) for code, mask in masks.items()},
        loss=tuple(yearly),
        unmonitored_px=int((inside & forest & (change.break_day == -1)).sum()),
    )


def _first_of_years(scene_days: NDArray[np.int32]) -> dict[int, int]:
    firsts: dict[int, int] = {}
    for day in scene_days:
        firsts.setdefault(from_epoch_day(int(day)).year, int(day))
    return firsts
