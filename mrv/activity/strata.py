"""Strata of a change map: their codes, the clumps that count as loss, and the buffer around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.kernels.morphology import dilate
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from mrv.change.change_map import ChangeMap

OUTSIDE, LOSS, BUFFER, FOREST, NON_FOREST, GAIN, LOW = range(7)
LOST = (LOSS, LOW)
"""Strata of loss; the second holds loss of low confidence, where the plan tells it apart."""
STRATA = {
    LOSS: "tree-cover loss",
    BUFFER: "buffer around loss",
    FOREST: "stable forest",
    NON_FOREST: "stable non-forest",
}
"""Codes of a strata map; 0 lies outside the project area."""
EXTENT_STRATA = {**STRATA, GAIN: "gain of forest"}
"""The same where the map shows gain as well."""
EIGHT_NEIGHBOURS = np.ones((3, 3), np.bool_)


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
    return clumped(years, minimum_px)


def clumped(years: NDArray[np.int32], minimum_px: int) -> NDArray[np.int32]:
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
