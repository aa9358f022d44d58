"""Observations made comparable by library call: one a day, one sensor's scale.

What ``[method.observation.merge]`` does to a plan's scenes, done to arrays.
A detector counts observations in a row, so two looks of one overpass (overlapping tiles, two processings) must not count
twice, and a sensor that is brighter than another must not make a step when it joins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.change.bandpass import lines_of
from mrv.errors import SourceError
from mrv.kernels.looks import adjust, merge_looks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


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
        merged[at] = merge_looks(bands[own], np.broadcast_to(clear[own][:, None], bands[own].shape))
        seen[at] = clear[own].any(axis=0)
    return unique.astype(np.int32), merged, seen


def harmonise(bands: NDArray[np.int16], *, roles: Sequence[str], sensor: str) -> NDArray[np.int16]:
    """Reflectance of a sensor brought to Landsat 8/9's bands; theirs and HLS's are left as they are.

    Args:
        bands: Reflectance × 10⁴ (…, band, y, x), ``NODATA``.
        roles: Of the bands.
        sensor: ``landsat-8``, ``landsat-9``, ``hls``, ``sentinel-2a`` or ``sentinel-2b``.

    Returns:
        int16 of the same shape: ⌊slope · value + offset + ½⌋, in integers.

    Raises:
        MRVError: A sensor or a band without coefficients.
    """
    lines = lines_of(sensor, field="sensor")
    if not lines:
        return bands
    out = bands.copy()
    for at, role in enumerate(roles):
        if role not in lines:
            raise SourceError(
                f"no bandpass coefficients of {role} of {sensor}", code="change.sensor", field="roles",
                hint=f"{sensor} has {', '.join(lines)}",
            )  # fmt: skip
        out[..., at, :, :] = adjust(bands[..., at, :, :], lines[role].slope, lines[role].offset)
    return out
