"""Radar screening: what each image shows of the forest as a whole, and whether the detector may use it.

Like the optical screening, but within a geometry: images of two orbits lie on two levels.  Rain wets a whole forest and
raises its backscatter, so an image is shifted by as much as its forest median departs from the history's of its geometry;
one that departs too far is left out.  A geometry with too few history images has no mean to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.radar import DB_SCALE
from mrv.change.screening import STRIP_ROWS, Screened, order_statistic
from mrv.errors import SourceError
from mrv.kernels.decibels import LOWEST, NODATA
from mrv.units import from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from mrv.change.screening import Status
    from mrv.plan import RadarTable
    from mrv.sources.geometry import Geometry

_BINS = 65_536


@dataclass(frozen=True, slots=True)
class RadarView:
    """What one image shows of the forest in the window."""

    seen_px: int
    """Forest pixels with a value."""
    median_db: int | None
    """Their median, dB × 100 (the lower of two middle values); None without any."""


def view_image(image: Callable[[tuple[slice, slice]], NDArray[np.int16]], forest: NDArray[np.bool_]) -> RadarView:
    """Histogram one image over the forest, strip by strip.

    Args:
        image: Gives dB × 100 of a tile, unfiltered.
        forest: Forest pixels of the window (y, x).
    """
    bins = np.zeros(_BINS, np.int64)
    for top in range(0, forest.shape[0], STRIP_ROWS):
        tile = (slice(top, min(top + STRIP_ROWS, forest.shape[0])), slice(0, forest.shape[1]))
        decibels = image(tile)
        bins += np.bincount(decibels[forest[tile] & (decibels != NODATA)].astype(np.int64) - LOWEST, minlength=_BINS)
    seen = int(bins.sum())
    return RadarView(seen, order_statistic(bins, (seen - 1) // 2) + LOWEST if seen else None)


def screen_images(
    days: Sequence[int],
    geometries: Sequence[Geometry | None],
    views: Sequence[RadarView],
    *,
    rules: RadarTable,
    min_history: int,
    start: date,
    forest_px: int,
) -> Screened:
    """Decide every image of a source.

    Args:
        days: Days since 1970-01-01, ascending.
        geometries: From where each was taken; None for mosaics, which are all of one kind.
        views: What each shows.
        rules: The plan's radar rules.
        min_history: Fewest history images of a geometry.
        start: First day of the project: images before it are history.
        forest_px: Forest pixels of the window.
    """
    status: list[Status] = ["used"] * len(days)
    shift = [0] * len(days)
    for geometry in dict.fromkeys(geometries):
        own = [k for k, other in enumerate(geometries) if other == geometry]
        medians = {}
        for k in own:
            median, past = views[k].median_db, from_epoch_day(days[k]) < start
            if median is None or views[k].seen_px * 100 < rules.min_seen_percent * forest_px:
                status[k] = "too little seen"
            else:
                status[k], medians[k] = "history" if past else "used", median
        history = sorted(median for k, median in medians.items() if status[k] == "history")
        reference = history[(len(history) - 1) // 2] if history else 0
        kept = [k for k in medians if abs(medians[k] - reference) <= rules.max_shift_db * DB_SCALE]
        enough = sum(status[k] == "history" for k in kept) >= min_history
        for k, median in medians.items():
            if not enough:
                status[k] = "no history"
            elif k in kept:
                shift[k] = median - reference
            else:
                status[k] = "index step"
    return Screened(tuple(status), tuple(shift), None)


def refuse_decibels(pixels: NDArray[np.floating], *, item: str) -> None:
    """Refuse an image of decibels that is said to be of power.

    Args:
        pixels: As stored, of a tile.
        item: Its id, for the message.

    Raises:
        SourceError: Most of its numbers are those of decibels.
    """
    with np.errstate(invalid="ignore"):
        numbers, negative = int((pixels > -_LEAST_DB).sum()), int(((pixels > -_LEAST_DB) & (pixels < 0)).sum())
    if 2 * negative > numbers:
        raise SourceError(
            f"{negative} of {numbers} numbers are negative", code="radar.scale", file=item, field="sources.radar.quantity",
            hint="gamma0-power is linear; these look like decibels",
        )  # fmt: skip


_LEAST_DB = 100.0
"""Below −100 dB lies no echo: what is lower stands for nodata."""
