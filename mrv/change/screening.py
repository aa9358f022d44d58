"""Screening: what each scene shows of the forest as a whole, and whether the detector may use it.

The forest's median index in each scene is both a screen and a reference: a scene far off the history's median is haze,
shadow or a wrong offset and is left out; a scene near it is shifted onto it, which takes phenology and atmosphere out of
every series (Hamunyela et al. 2016, RSE 172:126–138, spatial context).  Medians come from whole-scene histograms of
integers: exact, whatever the chunks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.cube import SCALE, ndvi, scaled
from mrv.kernels.looks import NODATA
from mrv.units import from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.cube import Layer, Reader
    from mrv.plan import ObservationTable

Status = Literal["used", "history", "off season", "too cloudy", "too little seen", "no history", "index step"]
STRIP_ROWS = 512
MIN_DARK_PX = 100
_DN_BINS = 65_536


@dataclass(frozen=True, slots=True)
class SceneView:
    """What one scene shows of the forest in the window."""

    clear_px: int
    """Clear forest pixels."""
    median_index: int | None
    """Their median index × 10⁴ (the lower of two middle values); None without any."""
    dark_dn: int | None
    """1st percentile of their blue digital numbers; None with fewer than 100."""


@dataclass(frozen=True, slots=True)
class Points:
    """Pixels that a detector is calibrated on, in row order."""

    rows: NDArray[np.int64]
    """Rows of the window (pixel,)."""
    cols: NDArray[np.int64]
    """Columns."""
    roles: tuple[str, ...]
    """Bands read there."""


@dataclass(frozen=True, slots=True)
class PointValues:
    """What one scene shows of them."""

    bands: NDArray[np.int16]
    """Reflectance × 10⁴ (band, pixel)."""
    clear: NDArray[np.bool_]
    """Clear ground (pixel,)."""


NOWHERE = Points(np.empty(0, np.int64), np.empty(0, np.int64), ())
"""For a detector that needs no calibration."""


def view_scene(reader: Reader, layer: Layer, forest: NDArray[np.bool_], points: Points) -> tuple[SceneView, PointValues]:
    """Histogram one scene over the forest, strip by strip, and keep its values at some points.

    Decoding is most of the work, and is done once for both.

    Args:
        reader: Where tiles come from.
        layer: The scene, or the scenes of one day; those have no digital numbers in common, so nothing dark is told of them.
        forest: Forest pixels of the window (y, x).
        points: Where, and in which bands.
    """
    read, level = (reader.reflectance, _as_read) if layer.others else (reader.band, scaled)
    index_bins = np.zeros(2 * SCALE + 1, np.int64)
    blue_bins = np.zeros(_DN_BINS, np.int64)
    values = PointValues(np.empty((len(points.roles), len(points.rows)), np.int16), np.empty(len(points.rows), np.bool_))
    for top in range(0, forest.shape[0], STRIP_ROWS):
        end = min(top + STRIP_ROWS, forest.shape[0])
        tile = (slice(top, end), slice(0, forest.shape[1]))
        numbers = {role: read(layer, role, tile) for role in dict.fromkeys(("red", "nir", "blue", *points.roles))}
        clear = reader.clear(layer, tile)
        index = ndvi(level(layer, "red", numbers["red"]), level(layer, "nir", numbers["nir"]), clear)
        seen = forest[tile] & (index != NODATA)
        index_bins += np.bincount(index[seen].astype(np.int64) + SCALE, minlength=2 * SCALE + 1)
        blue = np.clip(numbers["blue"][seen].astype(np.int64), 0, _DN_BINS - 1)
        blue_bins += np.bincount(blue, minlength=_DN_BINS)
        first, last = np.searchsorted(points.rows, (top, end))
        at = (points.rows[first:last] - top, points.cols[first:last])
        values.clear[first:last] = clear[at]
        for band, role in enumerate(points.roles):
            values.bands[band, first:last] = level(layer, role, numbers[role][at])
    seen_px = int(index_bins.sum())
    view = SceneView(
        clear_px=seen_px,
        median_index=order_statistic(index_bins, (seen_px - 1) // 2) - SCALE if seen_px else None,
        dark_dn=order_statistic(blue_bins, (seen_px - 1) // 100) if seen_px >= MIN_DARK_PX and not layer.others else None,
    )
    return view, values


def _as_read(_: Layer, __: str, values: NDArray[np.int16]) -> NDArray[np.int16]:
    return values


def order_statistic(bins: NDArray[np.int64], rank: int) -> int:
    """The bin that holds the value of a rank (from 0)."""
    return int(np.searchsorted(np.cumsum(bins), rank, side="right"))


@dataclass(frozen=True, slots=True)
class Screened:
    """Which scenes the detector uses, and by how much each is shifted."""

    status: tuple[Status, ...]
    """By scene."""
    shift: tuple[int, ...]
    """Index × 10⁴ to take off, by scene; 0 where not used."""
    reference: int | None
    """Median index of the history, × 10⁴; None without a history."""


def screen(
    days: Sequence[int], views: Sequence[SceneView], *, rules: ObservationTable, start: date, forest_px: int
) -> Screened:
    """Decide every scene.

    Args:
        days: Days since 1970-01-01, ascending.
        views: What each scene shows.
        rules: The plan's observation rules.
        start: First day of the project: scenes before it are history.
        forest_px: Forest pixels of the window.
    """
    first: list[Status] = [_season(day, view, rules, start, forest_px) for day, view in zip(days, views, strict=True)]
    medians = sorted(
        view.median_index
        for state, view in zip(first, views, strict=True)
        if state == "history" and view.median_index is not None
    )
    if not medians:
        return Screened(tuple(first), (0,) * len(first), None)
    reference = medians[(len(medians) - 1) // 2]
    status, shift = [], []
    for state, view in zip(first, views, strict=True):
        delta = (view.median_index if view.median_index is not None else reference) - reference
        stepped = state in {"used", "history"} and abs(delta) > rules.max_shift
        status.append("index step" if stepped else state)
        shift.append(delta if status[-1] in {"used", "history"} else 0)
    return Screened(tuple(status), tuple(shift), reference)


def _season(day: int, view: SceneView, rules: ObservationTable, start: date, forest_px: int) -> Status:
    when = from_epoch_day(day)
    if not rules.season_start_doy <= when.timetuple().tm_yday <= rules.season_end_doy:
        return "off season"
    if view.median_index is None or view.clear_px * 100 < rules.min_clear_percent * forest_px:
        return "too cloudy"
    return "history" if when < start else "used"
