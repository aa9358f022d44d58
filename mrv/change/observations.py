"""Observations made comparable before a detector sees them: one a day, one sensor's scale.

A detector counts observations in a row, so two looks of one overpass (overlapping tiles, two processings) must not count
twice, and a sensor that is brighter than another must not make a step when it joins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.change.published import table_rows
from mrv.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SLOPE_SCALE, OFFSET_SCALE = 10_000, 10_000


def merge_days(
    days: NDArray[np.int32], bands: NDArray[np.int16], clear: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.bool_]]:
    """One observation a day: of several, the mean of those that are clear, rounded down.

    Args:
        days: Days since 1970-01-01 (time,), ascending, repeated where a day has several acquisitions.
        bands: Reflectance × 10⁴ (time, band, y, x).
        clear: What counts (time, y, x).

    Returns:
        The same three with each day once.

    Raises:
        SourceError: Days that do not ascend.
    """
    if np.any(np.diff(days) < 0):
        raise SourceError(
            "the days of the scenes do not ascend", code="change.days", field="days", hint="sort the scenes by day first"
        )
    unique, first, count = np.unique(days, return_index=True, return_counts=True)
    if len(unique) == len(days):
        return days, bands, clear
    merged, seen = bands[first].copy(), clear[first].copy()
    for at in np.flatnonzero(count > 1):
        own = slice(int(first[at]), int(first[at] + count[at]))
        number = clear[own].sum(axis=0)
        total = np.where(clear[own][:, None], bands[own], 0).sum(axis=0, dtype=np.int64)
        merged[at] = np.where(number > 0, total // np.maximum(number, 1), bands[own][0])
        seen[at] = number > 0
    return unique.astype(np.int32), merged, seen


def harmonise(bands: NDArray[np.int16], *, roles: Sequence[str], sensor: str) -> NDArray[np.int16]:
    """Sentinel-2 reflectance brought to Landsat 8/9's bands; Landsat 8/9 and HLS are left as they are.

    Args:
        bands: Reflectance × 10⁴ (…, band, y, x).
        roles: Of the bands.
        sensor: ``landsat-8``, ``landsat-9``, ``hls``, ``sentinel-2a`` or ``sentinel-2b``.

    Returns:
        int16 of the same shape: ⌊slope · value + offset + ½⌋, in integers.

    Raises:
        SourceError: A sensor or a band without coefficients.

    References:
        Claverie et al. 2018, RSE 219:145–161 (bandpass adjustment of HLS); the coefficients are its user
        guide's, not verified in the source.
    """
    if sensor in {"landsat-8", "landsat-9", "hls"}:
        return bands
    table = _bandpass()
    out = bands.copy()
    for at, role in enumerate(roles):
        if (sensor, role) not in table:
            known = ", ".join(sorted({name for name, _ in table} | {"landsat-8", "landsat-9", "hls"}))
            raise SourceError(
                f"no bandpass adjustment for {role} of {sensor}", code="change.sensor", field="sources",
                hint=f"sensors: {known}",
            )  # fmt: skip
        slope, offset = table[sensor, role]
        value = bands[..., at, :, :].astype(np.int64) * slope + offset
        out[..., at, :, :] = np.clip((2 * value + SLOPE_SCALE) // (2 * SLOPE_SCALE), -SLOPE_SCALE, 3 * SLOPE_SCALE)
    return out


def _bandpass() -> dict[tuple[str, str], tuple[int, int]]:
    """(sensor, role) → slope × 10⁴ and offset × 10⁸."""
    return {
        (row["sensor"], row["role"]): (
            round(float(row["slope"]) * SLOPE_SCALE),
            round(float(row["offset"]) * SLOPE_SCALE * OFFSET_SCALE),
        )
        for row in table_rows("bandpass")
    }
