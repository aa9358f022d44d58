"""Looks: observations of several sensors, or several of a day, made one: bandpass adjusted and merged, in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NODATA = np.int16(-32768)
SLOPE_SCALE, OFFSET_SCALE = 10_000, 100_000_000
"""Integers per unit of a slope, and of an offset: the offset has the scale of slope × reflectance."""
LOWEST, HIGHEST = -10_000, 30_000
"""Reflectance × 10⁴ is held between these, as when it is made from digital numbers."""


def adjust(values: NDArray[np.int16], slope: int, offset: int) -> NDArray[np.int16]:
    """Reflectance of one band brought to another bandpass: ⌊slope · value + offset + ½⌋; no value stays none.

    Args:
        values: Reflectance × 10⁴, ``NODATA``; any shape.
        slope: × 10⁴.
        offset: Reflectance × 10⁸.
    """
    wide = values.astype(np.int64) * slope + offset
    adjusted = np.clip((2 * wide + SLOPE_SCALE) // (2 * SLOPE_SCALE), LOWEST, HIGHEST)
    return np.where(values == NODATA, NODATA, adjusted).astype(np.int16)


def merge_looks(values: NDArray[np.int16], clear: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Several looks at the same ground as one: the mean of those that are clear and have a value, rounded down.

    Args:
        values: Of one band (look, …), ``NODATA``.
        clear: What counts, of the same shape.

    Returns:
        Of one look's shape: the first look's value where none counts.
    """
    counts = clear & (values != NODATA)
    number = counts.sum(axis=0)
    total = np.where(counts, values, 0).sum(axis=0, dtype=np.int64)
    merged: NDArray[np.int16] = np.where(number > 0, total // np.maximum(number, 1), values[0]).astype(np.int16)
    return merged
