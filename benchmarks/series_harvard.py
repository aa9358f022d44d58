"""A row of 300 Landsat pixels at Harvard Forest, 1984 to 2014: what two detectors find where nothing says what happened.

The training polygons are classes of land cover, not of change, and none of their pixels lies on the row that the series
cover; so there is no accuracy here.  What the data allow: how often a break is found at all, in pixels whose own summers
never show an opening, and whether the two detectors agree.  The first of these is circular and only an upper bound of sorts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.ccdc import Ccdc, CcdcRules
from mrv.change.loss_filter import calibrate
from mrv.change.matched_step import StepModel, StepRules
from mrv.kernels.steps import CLEARING, DEGRADATION
from mrv.units import epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ROLES = ("blue", "green", "red", "nir", "swir1", "swir2")
EPOCH = 719_163
ROW = 50
"""Row of the 300 × 300 grid that the series are of."""
SUMMER = (160, 250)
CLOSED = 0.75
"""Median summer NDVI below which a year is open."""
START = date(1992, 1, 1)
"""End of the history of ``matched-step/1``."""


@dataclass(frozen=True)
class Row:
    """The series."""

    days: NDArray[np.int32]
    bands: NDArray[np.int16]
    """(time, band, pixel)."""
    clear: NDArray[np.bool_]
    """(time, pixel)."""

    def lowest_summer(self) -> NDArray[np.float64]:
        """Lowest of the yearly median summer NDVI (pixel,)."""
        date64 = self.days.astype("datetime64[D]")
        year = date64.astype("datetime64[Y]")
        doy = (date64 - year).astype(np.int64)
        nir, red = (self.bands[:, ROLES.index(role)].astype(np.float64) for role in ("nir", "red"))
        ndvi = np.where(self.clear, (nir - red) / np.maximum(nir + red, 1), np.nan)
        lowest = np.full(self.clear.shape[1], np.inf)
        for one in np.unique(year):
            inside = (year == one) & (doy >= SUMMER[0]) & (doy <= SUMMER[1])
            seen = (~np.isnan(ndvi[inside])).sum(axis=0) >= 2
            lowest[seen] = np.minimum(lowest[seen], np.nanmedian(ndvi[inside][:, seen], axis=0))
        return lowest


def read_row(folder: Path) -> Row:
    """Read the cached row; band 8 is fmask (0 clear, 1 water)."""
    with np.load(folder / "p013r030_r50_n423_b8.npz") as stored:
        cube, days = stored["Y"], (stored["dates"] - EPOCH).astype(np.int32)
    clear = (cube[7] <= 1) & ((cube[:6] > 0) & (cube[:6] < 10_000)).all(axis=0)
    return Row(days, np.ascontiguousarray(cube[:6].transpose(1, 0, 2)), clear)


def labelled(folder: Path) -> int:
    """Training pixels on the row."""
    import rasterio

    with rasterio.open(folder / "hf_training.tif") as raster:
        return int((raster.read(1)[ROW] > 0).sum())


def table(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Breaks of both detectors."""
    row = read_row(folder)
    closed = row.lowest_summer() >= CLOSED
    start = epoch_day(START)
    bands, clear = np.ascontiguousarray(row.bands[:, :, None]), np.ascontiguousarray(row.clear[:, None])
    ccdc = Ccdc(CcdcRules(), ROLES).block(bands, clear, row.days)
    first = ccdc.break_day(first=start)[0]
    history = int(np.searchsorted(row.days, start))
    found = calibrate(row.bands, row.clear, row.days, roles=ROLES, history=history)
    steps = StepModel(StepRules(), found, row.days, history).block(bands, clear)[:, 0]
    loss = np.isin(steps[2], (CLEARING, DEGRADATION)) & (steps[0] > 0)
    both = (first > 0) & loss
    years = (first[first > 0].astype("datetime64[D]")).astype("datetime64[Y]").astype(str)
    out = {
        "pixels": len(closed), "labelled_pixels_on_the_row": labelled(folder), "always_closed": int(closed.sum()),
        "ccdc/1": {"breaks": int((first > 0).sum()), "in_always_closed": int(((first > 0) & closed).sum()),
                   "years": dict(zip(*(part.tolist() for part in np.unique(years, return_counts=True)), strict=True))},
        "matched-step/1": {"losses": int(loss.sum()), "in_always_closed": int((loss & closed).sum()),
                           "clearings": int((steps[2] == CLEARING).sum())},
        "both": int(both.sum()),
        "both_within_a_year": int((both & (np.abs(first - steps[0]) <= 366)).sum()),
    }  # fmt: skip
    tell(f"  {out['labelled_pixels_on_the_row']} of {out['pixels']} pixels of the row are labelled; no class is a change")
    tell(f"  from {START}: ccdc/1 {out['ccdc/1']}; matched-step/1 {out['matched-step/1']}")
    tell(f"  always closed {out['always_closed']}; both {out['both']}, within a year {out['both_within_a_year']}")
    return out
