"""``ccdc/1`` beside published outputs: coefficients of another implementation, and break dates of LCMAP's.

One pixel comes with the segments of the authors' own program (days counted from year 0, thermal band in hundredths of a degree
Celsius); which version and which settings made them is not said.  LCMAP's program was run once, outside this project, on the
same files; its dates are in :data:`LCMAP`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.ccdc import Ccdc, CcdcRules, Segments, ccdc_basis
from mrv.kernels.season_fit import COEFFICIENTS, YEAR, lasso

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ROLES = ("blue", "green", "red", "nir", "swir1", "swir2", "thermal")
EPOCH = 719_163
"""Proleptic Gregorian ordinal of 1970-01-01."""
YEAR_ZERO = 366
"""What the authors' day numbers are ahead of ordinals."""
JULIAN = 1_721_425
"""What the Julian days of one file are ahead of ordinals."""
LCMAP = {
    "test_3657_3610_observations.csv": (727_731, 731_419, 733_859, 735_011),
    "sample_1.csv": (),
    "sample_2.csv": (),
    "pycold_spectral_336_3980_obs.csv": (735_040,),
}
"""File → ordinals of the confirmed breaks that lcmap-pyccd 2021.7.19 finds (NumPy 1.24, scikit-learn 1.2)."""
SAME = 0.5
"""Departure of curves that are the same, reflectance × 10⁴."""
NEAR = 32
"""Days within which two break dates are the same: two revisits."""


@dataclass(frozen=True)
class Pixel:
    """One pixel's series."""

    days: NDArray[np.int32]
    bands: NDArray[np.int16]
    """(time, band); thermal in hundredths of a degree Celsius."""
    clear: NDArray[np.bool_]


def read_pixel(path: Path) -> Pixel:
    """Read a series: day, six reflectances × 10⁴, kelvin × 10, mask (0 clear, 1 water)."""
    table = np.loadtxt(path, delimiter=",")[:, :9].astype(np.int64)
    _, first = np.unique(table[:, 0], return_index=True)
    table = table[first]
    days = table[:, 0] - (JULIAN if table[0, 0] > 2_000_000 else 0) - EPOCH
    bands = table[:, 1:8].copy()
    bands[:, 6] = bands[:, 6] * 10 - 27_315
    clear = (table[:, 8] < 2) & ((bands[:, :6] > 0) & (bands[:, :6] < 10_000)).all(axis=1)
    clear &= (bands[:, 6] > -9320) & (bands[:, 6] < 7070)
    return Pixel(days.astype(np.int32), np.clip(bands, -32_000, 32_000).astype(np.int16), clear)


def detected(pixel: Pixel, rules: CcdcRules) -> Segments:
    """Segments of a pixel."""
    block = np.ascontiguousarray(pixel.bands[:, :, None, None])
    return Ccdc(rules, ROLES).block(block, pixel.clear[:, None, None], pixel.days)


def breaks(found: Segments) -> list[int]:
    """Ordinals of the confirmed breaks of a block of one pixel."""
    confirmed = found.breaks()[0, 0]
    return [int(day) + EPOCH for day in found.segment[0, 0, confirmed, 2]]


@dataclass(frozen=True)
class Published:
    """A segment of the authors' program."""

    first: int
    """Days since 1970-01-01."""
    last: int
    coefficients: NDArray[np.float64]
    """(8, band), in its own day numbers."""

    @property
    def size(self) -> int:
        """Coefficients fitted, as the zeros tell."""
        used = 8 if (self.coefficients[6:] != 0).any() else 6
        return used if (self.coefficients[4:] != 0).any() else 4

    def curve(self, days: NDArray[np.int32]) -> NDArray[np.float64]:
        """Its model at some days (time, band)."""
        when = days.astype(np.float64) + EPOCH + YEAR_ZERO
        angle = 2 * np.pi * when / YEAR
        waves = [wave(order * angle) for order in (1, 2, 3) for wave in (np.cos, np.sin)]
        basis = np.column_stack([np.ones_like(when), when, *waves])
        return np.asarray(basis @ self.coefficients)


def read_published(path: Path) -> list[Published]:
    """The segments that last longer than a day."""
    rows = np.loadtxt(path, delimiter=",")
    found = []
    for top in range(0, len(rows), COEFFICIENTS):
        first, last = (int(day) - YEAR_ZERO - EPOCH for day in rows[top, :2])
        if last > first:
            found.append(Published(first, last, rows[top : top + COEFFICIENTS, 2:]))
    return found


def refitted(pixel: Pixel, one: Published) -> tuple[tuple[int, ...], NDArray[np.float64]]:
    """How near our LASSO comes to a published curve, given observations that the published fit may have had.

    A published model is that of its last fit, which may be older than its segment's end, and it left odd observations out,
    without saying which.  So every last observation is tried, with none, one or (in series of less than 50, where one does
    not do) two left out.  To agree in six bands by chance is not possible: a fit is right to a fraction or not at all.

    Returns:
        Observations fitted and left out, and the largest departure of the curves by band over the segment.
    """
    inside = pixel.clear & (pixel.days >= one.first) & (pixel.days <= one.last)
    days, y = pixel.days[inside], pixel.bands[inside].astype(np.float64)
    x, curve, size = ccdc_basis(days), one.curve(days), len(ROLES)
    beta, rmse, work = np.zeros((size, COEFFICIENTS)), np.empty(size), np.empty((12 + size, COEFFICIENTS))
    best, nearest = (0, 0), np.full(size, np.inf)
    for out in range(3 if len(days) < 50 else 2):
        for last in range(12 + out, len(days) + 1):
            for gone in combinations(range(last), out):
                kept = np.setdiff1d(np.arange(last), gone)
                lasso(x[kept], y[kept], 0, len(kept), one.size, 20.0, work, beta, rmse)
                apart = np.abs(x @ beta.T - curve).max(axis=0)
                if apart[:6].max() < nearest[:6].max():
                    best, nearest = (len(kept), out), apart
        if nearest[:6].max() < SAME:
            break
    return best, nearest


def table(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Agreement of coefficients, segments and breaks."""
    name = "test_3657_3610_observations.csv"
    pixel = read_pixel(folder / name)
    published = read_published(folder / "test_3657_3610_coefficients.csv")
    fits = []
    for one in published:
        (count, gone), apart = refitted(pixel, one)
        fits.append({
            "first": one.first + EPOCH, "last": one.last + EPOCH, "coefficients": one.size,
            "observations": count, "left_out": gone,
            "largest_departure": [round(float(value), 2) for value in apart],
        })  # fmt: skip
        tell(
            f"  published {one.first + EPOCH}–{one.last + EPOCH}, {one.size} coefficients: curve within "
            f"{max(apart[:6]):.2f} (reflectance × 10⁴) when fitted to {count} observations, {gone} left out"
        )
    same = sum(max(fit["largest_departure"][:6]) < SAME for fit in fits)
    tell(f"  {same} of {len(fits)} published models are reproduced within {SAME}")
    out: dict[str, Any] = {"published_fits": fits, "reproduced": same, "breaks": {}}
    ends = [one.last + EPOCH for one in published[:-1]]
    for path, wanted in LCMAP.items():
        mine = breaks(detected(read_pixel(folder / path), CcdcRules()))
        same = sum(any(abs(day - other) <= NEAR for other in mine) for day in wanted)
        out["breaks"][path] = {"ccdc/1": mine, "lcmap-pyccd": list(wanted), "same": same}
        tell(f"  {path:34s} ccdc/1 {mine} lcmap-pyccd {list(wanted)}")
    mine = breaks(detected(pixel, CcdcRules()))
    same = sum(any(abs(day - end) <= NEAR for day in mine) for end in ends)
    out["published_ends"] = {"ends": ends, "same": same}
    tell(f"  ends of published segments {ends}: {same} of {len(ends)} within {NEAR} days of a break of ccdc/1")
    return out
