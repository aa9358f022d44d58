"""Optical views: what a detector of scenes saw, as pictures before and after and as curves of single pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.activity.strata import FOREST, LOST
from mrv.observe.radar_survey import RadarSurvey
from mrv.units import epoch_day, from_epoch_day
from mrv.views.pictures import colours, greys
from mrv.views.places import lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.change.change_map import Anomaly
    from mrv.cube import Layer
    from mrv.observe.fused import Fused
    from mrv.observe.optical import Optical
    from mrv.pipeline import Result

Kind = Literal["loss", "weakest loss", "stable forest"]
MIN_SCENES = 3
"""Fewest scenes of a year that make a composite."""


@dataclass(frozen=True)
class PixelSeries:
    """One pixel through time, as the detector sees it."""

    kind: Kind
    """Why it was chosen."""
    row: int
    """Row of the window."""
    col: int
    """Column of the window."""
    lon: float
    """Longitude of its centre, degrees (EPSG:4326)."""
    lat: float
    """Latitude of its centre, degrees."""
    days: NDArray[np.int32]
    """Days since 1970-01-01 of the scenes used (time,)."""
    index: str
    """Name of the index."""
    observed: NDArray[np.float64]
    """Index × 10⁴ less the scene's shift (time,); NaN where not clear."""
    fitted: NDArray[np.float64]
    """Model at every scene, × 10⁴ (time,)."""
    threshold: NDArray[np.float64]
    """Observations below it are anomalous, × 10⁴ (time,)."""
    break_date: date | None
    """First anomalous observation; None without a break."""
    last_clear: date | None
    """Last clear observation before the break."""
    confidence_percent: int
    """Share of anomalies among the first 8 observations from the break on; not a probability."""

    @property
    def anomalous(self) -> NDArray[np.bool_]:
        """Clear observations below the threshold (time,)."""
        below: NDArray[np.bool_] = self.observed < self.threshold
        return below


@dataclass(frozen=True)
class OpticalViews:
    """Pictures and curves of a run that monitored scenes; rasters are (y, x) on the plan's window."""

    before: NDArray[np.uint8]
    """Picture before the project (y, x, 3); the same stretch as ``after``."""
    after: NDArray[np.uint8]
    """Picture at the end of the period (y, x, 3)."""
    before_dates: tuple[date, ...]
    """Scenes in ``before``."""
    after_dates: tuple[date, ...]
    """Scenes in ``after``."""
    clear_count: NDArray[np.uint16]
    """Clear observations used."""
    series: tuple[PixelSeries, ...]
    """A loss, the weakest loss and a stable pixel, as far as there are such."""
    history_end: date
    """Last scene of the history."""
    anomaly: Anomaly
    """What the detector calls an anomaly."""
    season_gap: tuple[date, date]
    """Last scene before the period and first scene in it."""
    gap_loss_px: int
    """Loss pixels first anomalous in that first scene: they may have been lost before the period."""
    picture: Literal["true colour", "radar backscatter"] = "true colour"
    """What the pictures are made of."""


def look_scenes(result: Result, detail: Optical | Fused) -> OpticalViews:
    """Everything that a detector of scenes can show.

    Args:
        result: A result whose store can still be read.
        detail: How the detector came to it.
    """
    strata, change, model, survey = result.activity.strata, detail.change, detail.model, detail.pictured
    start, end = (epoch_day(date.fromisoformat(text)) for text in (result.statement.period.start, result.statement.period.end))
    history, monitored = survey.used[: survey.history], survey.used[survey.history :]
    period = [layer for layer in monitored if start <= layer.day <= end]
    first, last = good_year(history), good_year(period or monitored)
    shape, gap = result.grid.shape, season_gap(model.days, start)
    if radar := isinstance(survey, RadarSurvey):
        before, after = greys(survey, shape, first, last)
    else:
        before, after = colours(survey.reader, shape, first, last)
    return OpticalViews(
        before=before,
        after=after,
        before_dates=tuple(from_epoch_day(layer.day) for layer in first),
        after_dates=tuple(from_epoch_day(layer.day) for layer in last),
        clear_count=change.clear_count,
        series=tuple(
            _series(result, detail, kind, row, col)
            for kind, (row, col) in choose(strata, change.break_day, change.confidence, since=start).items()
        ),
        history_end=from_epoch_day(int(model.days[max(model.history - 1, 0)])),
        anomaly=model.anomaly,
        season_gap=gap,
        gap_loss_px=int((np.isin(strata, LOST) & (change.break_day == epoch_day(gap[1]))).sum()),
        picture="radar backscatter" if radar else "true colour",
    )


def choose(
    strata: NDArray[np.uint8], break_day: NDArray[np.int32], confidence: NDArray[np.uint8], *, since: int
) -> dict[Kind, tuple[int, int]]:
    """Pixels worth a curve, the same in every run.

    Args:
        strata: Strata (y, x).
        break_day: Days since 1970-01-01 (y, x).
        confidence: Percent (y, x).
        since: First day of the period; losses before it are taken only where the period has none.

    Returns:
        Row and column: the earliest of the most confident losses, the least confident loss, and the stable forest
        pixel nearest the middle of the project.
    """
    lost = np.isin(strata, LOST)
    recent = lost & (break_day >= since)
    rows, cols = np.nonzero(recent if recent.any() else lost)
    days, trust = break_day[rows, cols], confidence[rows, cols].astype(np.int64)
    found: dict[Kind, tuple[int, int]] = {}
    if rows.size:
        best = np.lexsort((cols, rows, -_company(lost)[rows, cols], days, -trust))[0]
        found["loss"] = int(rows[best]), int(cols[best])
        worst = np.lexsort((cols, rows, days, trust))[0]
        if worst != best:
            found["weakest loss"] = int(rows[worst]), int(cols[worst])
    rows, cols = np.nonzero((strata == FOREST) & (break_day == 0))
    if rows.size:
        middle = np.argwhere(strata > 0).mean(axis=0)
        away = (rows - middle[0]) ** 2 + (cols - middle[1]) ** 2
        nearest = np.lexsort((cols, rows, away))[0]
        found["stable forest"] = int(rows[nearest]), int(cols[nearest])
    return found


def good_year(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Scenes of the latest year that has enough of them, else all."""
    for year in sorted({from_epoch_day(layer.day).year for layer in layers}, reverse=True):
        chosen = tuple(layer for layer in layers if from_epoch_day(layer.day).year == year)
        if len(chosen) >= MIN_SCENES:
            return chosen
    return tuple(layers)


def _series(result: Result, detail: Optical | Fused, kind: Kind, row: int, col: int) -> PixelSeries:
    curve, days, change = detail.curve(row, col), detail.model.days, detail.change
    day, seen = int(change.break_day[row, col]), np.isfinite(curve.observed)
    lon, lat = lonlat(result, row + 0.5, col + 0.5)
    earlier = days[seen & (days < day)]
    return PixelSeries(
        kind=kind, row=row, col=col, lon=lon, lat=lat, days=days,
        index=curve.name, observed=curve.observed, fitted=curve.fitted, threshold=curve.threshold,
        break_date=from_epoch_day(day) if day > 0 else None,
        last_clear=from_epoch_day(int(earlier[-1])) if earlier.size else None,
        confidence_percent=int(change.confidence[row, col]),
    )  # fmt: skip


def season_gap(days: NDArray[np.int32], start: int) -> tuple[date, date]:
    """The scenes on either side of a day."""
    split = int(np.searchsorted(days, start))
    return from_epoch_day(int(days[max(split - 1, 0)])), from_epoch_day(int(days[min(split, len(days) - 1)]))


def _company(lost: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of each pixel's eight neighbours are lost."""
    wide = np.pad(lost, 1).astype(np.int64)
    rows, cols = lost.shape
    return sum(
        (wide[y : y + rows, x : x + cols] for y in range(3) for x in range(3)), np.zeros(lost.shape, np.int64)
    ) - lost.astype(np.int64)
