"""Optical views: what the optical detector saw, as pictures before and after and as curves of single pixels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.activity.strata import FOREST, LOST
from mrv.cube import NODATA
from mrv.units import epoch_day, from_epoch_day
from mrv.views.places import lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.change.change_map import Anomaly, ChangeMap, Curve
    from mrv.cube import Layer, Reader
    from mrv.pipeline import Result

Kind = Literal["loss", "weakest loss", "stable forest"]
STRIP_ROWS = 512
MIN_SCENES = 3
"""Fewest scenes of a year that make a composite."""
NO_PICTURE = np.uint8(236)
"""Grey where no scene of a composite was clear."""
GAMMA = 0.65
"""Below 1 lifts the dark tones of forest."""


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


def look_optical(result: Result) -> OpticalViews:
    """Everything the optical detector can show.

    Args:
        result: A result of the optical detector whose store can still be read.
    """
    optical, strata = result.optical, result.activity.strata
    history, monitored = optical.used[: optical.model.history], optical.used[optical.model.history :]
    start, end = (date.fromisoformat(text) for text in (result.statement.period.start, result.statement.period.end))
    period = [layer for layer in monitored if epoch_day(start) <= layer.day <= epoch_day(end)]
    first, last = good_year(history), good_year(period or monitored)
    shape = result.grid.shape
    before, after = stretch(composite(optical.reader, shape, first), composite(optical.reader, shape, last))
    gap = season_gap(optical.model.days, epoch_day(start))
    change = optical.change
    return OpticalViews(
        before=before,
        after=after,
        before_dates=tuple(from_epoch_day(layer.day) for layer in first),
        after_dates=tuple(from_epoch_day(layer.day) for layer in last),
        clear_count=change.clear_count,
        series=tuple(
            _series(result, kind, row, col)
            for kind, (row, col) in choose(strata, change.break_day, change.confidence, since=epoch_day(start)).items()
        ),
        history_end=from_epoch_day(history[-1].day),
        anomaly=optical.model.anomaly,
        season_gap=gap,
        gap_loss_px=int((np.isin(strata, LOST) & (change.break_day == epoch_day(gap[1]))).sum()),
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


def stretch(*composites: NDArray[np.int16]) -> tuple[NDArray[np.uint8], ...]:
    """Reflectance as colours that compare: haze is taken off each, then one stretch serves all images and bands.

    Args:
        composites: int16 (y, x, 3), reflectance × 10⁴, ``NODATA`` where nothing was clear.

    Returns:
        uint8 of the same shapes: 0 at each image's own 2nd percentile of a band, full at the 98th of everything.

    References:
        Chavez 1988, RSE 24:459–479 (dark-object subtraction).
    """
    seen = [(image != NODATA).all(axis=2) for image in composites]
    lifted = [
        image - (np.percentile(image[mask], 2, axis=0) if mask.any() else 0.0)
        for image, mask in zip(composites, seen, strict=True)
    ]
    values = np.concatenate([image[mask].ravel() for image, mask in zip(lifted, seen, strict=True)])
    span = max(float(np.percentile(values, 98)), 1.0) if values.size else 1.0
    return tuple(
        np.where(mask[..., np.newaxis], np.rint(255 * np.clip(image / span, 0, 1) ** GAMMA), NO_PICTURE).astype(np.uint8)
        for image, mask in zip(lifted, seen, strict=True)
    )


def lower_median(stack: NDArray[np.int16]) -> NDArray[np.int16]:
    """Median over time of int16 (time, y, x) without ``NODATA``; of two middle values the lower."""
    ordered = np.sort(stack, axis=0)  # NODATA is the lowest value there is
    clear = (stack != NODATA).sum(axis=0)
    rank = stack.shape[0] - clear + (clear - 1) // 2
    middle: NDArray[np.int16] = np.take_along_axis(ordered, rank[np.newaxis], axis=0)[0]
    return middle


def good_year(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Scenes of the latest year that has enough of them, else all."""
    for year in sorted({from_epoch_day(layer.day).year for layer in layers}, reverse=True):
        chosen = tuple(layer for layer in layers if from_epoch_day(layer.day).year == year)
        if len(chosen) >= MIN_SCENES:
            return chosen
    return tuple(layers)


def composite(reader: Reader, shape: tuple[int, int], layers: Sequence[Layer]) -> NDArray[np.int16]:
    """Median reflectance × 10⁴ of the clear observations (y, x, red green blue), ``NODATA``, strip by strip."""
    rows, cols = shape
    out = np.full((rows, cols, 3), NODATA, np.int16)
    for top in range(0, rows if layers else 0, STRIP_ROWS):
        tile = slice(top, min(top + STRIP_ROWS, rows)), slice(0, cols)
        clear = [reader.clear(layer, tile) for layer in layers]
        for band, role in enumerate(("red", "green", "blue")):
            values = [
                np.where(seen, reader.reflectance(layer, role, tile), NODATA) for layer, seen in zip(layers, clear, strict=True)
            ]
            out[tile[0], :, band] = lower_median(np.stack(values))
    return out


def _series(result: Result, kind: Kind, row: int, col: int) -> PixelSeries:
    tile, reader = (slice(row, row + 1), slice(col, col + 1)), result.optical.reader
    used, model = result.optical.used, result.optical.model
    roles = [role for role in used[0].bands if role != "classification"]
    bands = {role: np.stack([reader.reflectance(layer, role, tile) for layer in used])[:, 0, 0] for role in roles}
    curve = model.curve(bands, np.stack([reader.clear(layer, tile) for layer in used])[:, 0, 0])
    return pixel_series(result, curve, model.days, result.optical.change, kind=kind, row=row, col=col)


def pixel_series(
    result: Result, curve: Curve, days: NDArray[np.int32], change: ChangeMap, *, kind: Kind, row: int, col: int
) -> PixelSeries:
    """One pixel's curve with its place and its break.

    Args:
        result: The result.
        curve: As the detector sees the pixel.
        days: Of the scenes used.
        change: What the detector found.
        kind: Why the pixel was chosen.
        row: Row of the window.
        col: Column of the window.
    """
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
