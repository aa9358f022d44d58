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

from mrv.cube import NODATA, SCALE, ndvi
from mrv.units import from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.cube import Layer, Reader
    from mrv.plan import ObservationTable

Status = Literal["used", "history", "off season", "too cloudy", "index step"]
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


def view_scene(reader: Reader, layer: Layer, forest: NDArray[np.bool_]) -> SceneView:
    """Histogram one scene over the forest, strip by strip.

    Args:
        reader: Where tiles come from.
        layer: The scene.
        forest: Forest pixels of the window (y, x).
    """
    index_bins = np.zeros(2 * SCALE + 1, np.int64)
    blue_bins = np.zeros(_DN_BINS, np.int64)
    for top in range(0, forest.shape[0], STRIP_ROWS):
        tile = (slice(top, min(top + STRIP_ROWS, forest.shape[0])), slice(0, forest.shape[1]))
        red, nir = (reader.reflectance(layer, role, tile) for role in ("red", "nir"))
        index = ndvi(red, nir, reader.clear(layer, tile))
        seen = forest[tile] & (index != NODATA)
        index_bins += np.bincount(index[seen].astype(np.int64) + SCALE, minlength=2 * SCALE + 1)
        blue = np.clip(reader.band(layer, "blue", tile)[seen].astype(np.int64), 0, _DN_BINS - 1)
        blue_bins += np.bincount(blue, minlength=_DN_BINS)
    clear = int(index_bins.sum())
    return SceneView(
        clear_px=clear,
        median_index=order_statistic(index_bins, (clear - 1) // 2) - SCALE if clear else None,
        dark_dn=order_statistic(blue_bins, (clear - 1) // 100) if clear >= MIN_DARK_PX else None,
    )


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
