"""``mangrove-extent/1``: where mangroves stand, from a year of optical scenes at whatever tide; integers only.

Water between and over the crowns takes near infrared away, and short-wave infrared sooner, so that a single scene's greenness
and its Mangrove Vegetation Index, |NIR − G| / |SWIR1 − G|, follow the tide.  Greenness falls with the water, whatever its level
was: each pixel is therefore judged in the greenest part of its clear observations, those of its lowest water, and is mangrove
where most of them say so.  Where every overpass meets high water no scene saw the pixel dry, and the extent shrinks.

References:
    Baloloy, Blanco, Sta. Ana & Nadaoka 2020, ISPRS J. Photogramm. Remote Sens. 166:95-117 (the index; abstract read).
    Neri, Baloloy & Blanco 2021, ISPRS Archives XLVI-4/W6-2021:235 (abstract read): its thresholds vary with place and tide.
    That the greenest observations are those of low water is the idea of maximum spectral index composites (Jia et al. 2021,
    Remote Sens. Environ. 255:112285; not read).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.extent_maps import FOREST, NODATA, OTHER
from mrv.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    I2 = NDArray[np.int16]
    Bools = NDArray[np.bool_]

MVI_SCALE, NDVI_SCALE = 1_000, 10_000


@dataclass(frozen=True)
class MangroveRules:
    """What can change the answer. The two thresholds are the place's own: fit them there, none is universal."""

    min_mvi: int
    """Smallest Mangrove Vegetation Index, × 1000."""
    min_ndvi: int
    """Smallest NDVI, × 10⁴: over bare mud the index divides by almost nothing."""
    driest_percent: int = 40
    """Share of a pixel's clear observations, the greenest, that are judged."""
    fewest: int = 5
    """Clear observations below which a pixel has no value."""

    def __post_init__(self) -> None:
        bounds = {"min_mvi": (0, 1_000_000), "min_ndvi": (0, NDVI_SCALE), "driest_percent": (1, 100), "fewest": (1, 10_000)}
        for field in fields(self):
            low, high = bounds[field.name]
            if not low <= int(getattr(self, field.name)) <= high:
                raise SourceError(
                    f"{field.name} is {getattr(self, field.name)}", code="mangrove.rules", field=field.name,
                    hint=f"give a whole number from {low} to {high}",
                )  # fmt: skip


def mangrove_extent(green: I2, red: I2, nir: I2, swir1: I2, clear: Bools, rules: MangroveRules) -> NDArray[np.uint8]:
    """The extent in a span of time, such as a year.

    Args:
        green: Reflectance × 10⁴ (time, y, x).
        red: The same.
        nir: The same.
        swir1: The same, 1.6 µm.
        clear: Clear observations (time, y, x); water is clear.
        rules: The rules.

    Returns:
        uint8 (y, x): 1 mangrove, 2 other, 0 too few clear observations; what ``extent-epochs/1`` takes.

    Raises:
        SourceError: Shapes or types that differ.
    """
    _check(clear, green=green, red=red, nir=nir, swir1=swir1)
    g, r, n, s = (band.astype(np.int64) for band in (green, red, nir, swir1))
    usable = clear & (n + r > 0)
    greenness = NDVI_SCALE * (n - r) // np.where(usable, n + r, 1)
    # Without a division: |NIR − G| / |SWIR1 − G| ≥ t, also where the two are equal.
    says = (MVI_SCALE * abs(n - g) >= rules.min_mvi * abs(s - g)) & (n > g) & (greenness >= rules.min_ndvi)
    judged = greenest(greenness, usable, rules.driest_percent)
    votes, voters = (judged & says).sum(axis=0), judged.sum(axis=0)
    known = usable.sum(axis=0) >= rules.fewest
    return np.where(known, np.where(2 * votes > voters, FOREST, OTHER), NODATA).astype(np.uint8)


def greenest(greenness: NDArray[np.int64], usable: Bools, percent: int) -> Bools:
    """The greenest share of each pixel's usable observations, rounded up; of equals the later (time, y, x).

    Args:
        greenness: NDVI (time, y, x).
        usable: What counts.
        percent: Share, 1 to 100.
    """
    lowest = np.iinfo(np.int64).min
    order = np.argsort(np.where(usable, greenness, lowest), axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(len(order), dtype=order.dtype)[:, None, None], axis=0)
    wanted = -(-usable.sum(axis=0) * percent // 100)
    chosen: Bools = usable & (rank >= len(order) - wanted)
    return chosen


def _check(clear: Bools, **bands: I2) -> None:
    if clear.dtype != np.bool_ or clear.ndim != 3:
        raise SourceError(f"clear is {clear.dtype} of shape {clear.shape}", code="mangrove.shape", field="clear",
                          hint="give booleans (time, y, x)")  # fmt: skip
    for name, band in bands.items():
        if band.dtype != np.int16 or band.shape != clear.shape:
            raise SourceError(
                f"{name} is {band.dtype} of shape {band.shape}, clear has {clear.shape}", code="mangrove.shape", field=name,
                hint="give reflectance × 10⁴ as int16 (time, y, x), all on one grid",
            )  # fmt: skip
