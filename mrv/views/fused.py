"""Fused views: pictures of what the fusion had to look at, and the probability of forest of single pixels."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.activity.strata import LOST
from mrv.kernels.decibels import NODATA
from mrv.units import epoch_day, from_epoch_day
from mrv.views.optical import (
    NO_PICTURE,
    STRIP_ROWS,
    OpticalViews,
    choose,
    composite,
    good_year,
    lower_median,
    pixel_series,
    season_gap,
    stretch,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.cube import Layer
    from mrv.observe.fused import Fused
    from mrv.observe.radar_survey import RadarSurvey
    from mrv.pipeline import Result


def look_fused(result: Result, fused: Fused) -> OpticalViews:
    """Everything the fusion can show.

    Args:
        result: A result of the fusion whose store can still be read.
        fused: How it came to it.
    """
    strata, change, model = result.activity.strata, fused.change, fused.model
    start, end = (date.fromisoformat(text) for text in (result.statement.period.start, result.statement.period.end))
    survey = fused.optical or fused.surveys[0]
    history, monitored = survey.used[: survey.history], survey.used[survey.history :]
    period = [layer for layer in monitored if epoch_day(start) <= layer.day <= epoch_day(end)]
    first, last = good_year(history), good_year(period or monitored)
    before, after, picture = _pictures(result, fused, first, last)
    gap = season_gap(model.days, epoch_day(start))
    return OpticalViews(
        before=before,
        after=after,
        before_dates=tuple(from_epoch_day(layer.day) for layer in first),
        after_dates=tuple(from_epoch_day(layer.day) for layer in last),
        clear_count=change.clear_count,
        series=tuple(
            pixel_series(result, fused.curve(row, col), model.days, change, kind=kind, row=row, col=col)
            for kind, (row, col) in choose(strata, change.break_day, change.confidence, since=epoch_day(start)).items()
        ),
        history_end=from_epoch_day(int(model.days[max(model.history - 1, 0)])),
        anomaly=model.anomaly,
        season_gap=gap,
        gap_loss_px=int((np.isin(strata, LOST) & (change.break_day == epoch_day(gap[1]))).sum()),
        picture=picture,
    )


def _pictures(
    result: Result, fused: Fused, first: Sequence[Layer], last: Sequence[Layer]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Literal["true colour", "radar backscatter"]]:
    if fused.optical is not None:
        reader, shape = fused.optical.reader, result.grid.shape
        before, after = stretch(composite(reader, shape, first), composite(reader, shape, last))
        return before, after, "true colour"
    before, after = _greys(*(_median(fused.radar[0], result.grid.shape, layers) for layers in (first, last)))
    return before, after, "radar backscatter"


def _median(survey: RadarSurvey, shape: tuple[int, int], layers: Sequence[Layer]) -> NDArray[np.int16]:
    """Median of unfiltered images, dB × 100 (y, x), strip by strip."""
    out = np.full(shape, NODATA, np.int16)
    for top in range(0, shape[0] if layers else 0, STRIP_ROWS):
        tile = slice(top, min(top + STRIP_ROWS, shape[0])), slice(0, shape[1])
        out[tile[0]] = lower_median(np.stack([survey.backscatter.image(layer, tile) for layer in layers]))
    return out


def _greys(*images: NDArray[np.int16]) -> tuple[NDArray[np.uint8], ...]:
    """Backscatter as greys that compare: black at the 2nd percentile of both, white at the 98th."""
    seen = np.concatenate([image[image != NODATA] for image in images])
    low, high = np.percentile(seen, (2, 98)) if seen.size else (0.0, 1.0)
    span = max(float(high - low), 1.0)
    greys = (
        np.where(image == NODATA, NO_PICTURE, np.rint(255 * np.clip((image - low) / span, 0, 1))).astype(np.uint8)
        for image in images
    )
    return tuple(np.repeat(grey[:, :, np.newaxis], 3, axis=2) for grey in greys)
