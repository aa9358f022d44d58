"""EWMA control chart of the residuals of a season-trend model (Brooks et al. 2014), a series or a tile of pixels at a time.

The history is fitted, screened by a Shewhart chart and fitted again; the chart starts at zero and runs through the history.
Float32 decides for a tile, unless a residual or the chart comes so near one of its limits that rounding could: such a pixel
goes through the float64 of :func:`chart_series`, whose breaks all pixels therefore have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from mrv.kernels.season_tile import NODATA, TILE, copy_tile, fit_scratch, fit_tile, residual_row
from mrv.kernels.season_trend import MOST_COEFFICIENTS
from mrv.kernels.series_monitor import LEAST_VARIANCE, NO_BREAK_INDEX, UNMONITORED_INDEX, fit_series, level_of, residual_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F4 = NDArray[np.float32]
    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]

CHART = ("screen", "memory", "limit", "outlier")
"""Names of the entries of ``chart``: Shewhart limit of the history, weight of a new residual, control limit, and what counts
as no observation after the history; all but the weight in standard deviations."""
SCREEN, WEIGHT, LIMIT, OUTLIER = range(len(CHART))
NEAR = np.float32(2e-4)
"""What comes this near a limit, as a share of it, is decided in float64."""
_ZERO, _ONE, _FAR, _VARIANCE = np.float32(0), np.float32(1), np.float32(3e38), np.float32(LEAST_VARIANCE)
_REACH = 32767.0


@njit(nogil=True)
def _sigma(variance: float, count: int, size: int) -> float:
    """Standard deviation of residuals about zero; the chart's is not corrected for the coefficients."""
    return float(np.sqrt(max(variance * (count - size) / count, LEAST_VARIANCE)))


@njit(nogil=True)
def chart_series(y: I2, basis: F8, history: int, minimum: int, chart: F8, matrix: F8, beta: F8) -> tuple[int, float]:
    """Chart one series in float64.

    Args:
        y: Index × 10⁴ (time,), ``NODATA`` where not seen; what the screening leaves out becomes so.
        basis: (time, coefficients).
        history: Leading dates that are history.
        minimum: Fewest observations of the screened history.
        chart: See :data:`CHART`.
        matrix: Scratch (coefficients, coefficients).
        beta: Scratch (coefficients,).

    Returns:
        (index of the first date on or beyond the control limit, or −1 without, or −2 where the history is too short or its
        chart ends beyond the limit; the chart at the break or at the end, index × 10⁴).

    References:
        Brooks et al. 2014, IEEE TGRS 52:3316–3332, §II.C–D (Shewhart screening, EWMA, its limits for long series).
    """
    size, level, variance, count = basis.shape[1], 0, -1.0, 0
    for turn in range(2):
        count, level = level_of(y, 0, history)
        if count < minimum:
            return UNMONITORED_INDEX, 0.0
        variance = fit_series(y, basis, 0, history, level, matrix, beta)
        if variance < 0.0:
            return UNMONITORED_INDEX, 0.0
        if turn == 0:
            widest = chart[SCREEN] * _sigma(variance, count, size)
            for t in range(history):
                if y[t] != NODATA and abs(residual_of(y, basis, level, beta, t)) > widest:
                    y[t] = NODATA
    sigma, weight, process = _sigma(variance, count, size), chart[WEIGHT], 0.0
    limit = chart[LIMIT] * sigma * np.sqrt(weight / (2.0 - weight))
    for t in range(history):
        if y[t] != NODATA:
            process = (1.0 - weight) * process + weight * residual_of(y, basis, level, beta, t)
    if abs(process) > limit:
        return UNMONITORED_INDEX, process
    for t in range(history, y.shape[0]):
        if y[t] != NODATA:
            residual = residual_of(y, basis, level, beta, t)
            if abs(residual) <= chart[OUTLIER] * sigma:
                process = (1.0 - weight) * process + weight * residual
                if abs(process) >= limit:
                    return t, process
    return NO_BREAK_INDEX, process


def chart_scratch(history: int, times: int) -> tuple[Any, ...]:
    """Room for one tile and one thread; for :func:`chart_block`."""
    return (
        fit_scratch(history), np.zeros((times, TILE), np.int16), np.zeros(TILE, np.int16), np.zeros(TILE, np.int32),
        np.zeros((MOST_COEFFICIENTS + 1, TILE), np.float32), np.zeros((9, TILE), np.float32),
    )  # fmt: skip


@njit(nogil=True)
def _spread(squares: F4, observations: F4, sigma: F4) -> None:
    for p in range(TILE):
        sigma[p] = np.sqrt(max(squares[p] / max(observations[p], _ONE), _VARIANCE))


@njit(nogil=True)
def _screen(
    tile: I2, history: int, single: F4, model: F4, level: I2, cut: np.float32, sigma: F4, residual: F4, near: F4
) -> None:
    """Forget what of the history is beyond ``cut`` standard deviations; how near the limit any observation came."""
    near[:] = _FAR
    for t in range(history):
        row = tile[t]
        residual_row(row, single[t], model, level, residual)
        for p in range(TILE):
            over = abs(residual[p]) - cut * sigma[p]
            near[p] = min(near[p], abs(over)) if row[p] != NODATA else near[p]
        for p in range(TILE):
            row[p] = row[p] if abs(residual[p]) <= cut * sigma[p] else NODATA
    for p in range(TILE):
        near[p] /= cut * sigma[p]


@njit(nogil=True)
def _run(
    tile: I2, history: int, single: F4, model: F4, level: I2, chart: F4, sigma: F4, residual: F4, process: F4, limit: F4,
    step: F4, near: F4, found: I4,
) -> None:  # fmt: skip
    """The chart of a tile; ``found`` is the date of the break, as many as there are dates without one, −1 where unstable."""
    times, kept, weight, outlier = tile.shape[0], _ONE - chart[WEIGHT], chart[WEIGHT], chart[OUTLIER]
    factor = chart[LIMIT] * np.sqrt(weight / (np.float32(2) - weight))
    process[:] = _ZERO
    found[:] = np.int32(times)
    for p in range(TILE):
        limit[p] = factor * sigma[p]
    for t in range(times):
        row, date = tile[t], np.int32(t)
        residual_row(row, single[t], model, level, residual)
        if t < history:
            for p in range(TILE):
                process[p] = kept * process[p] + weight * residual[p] if row[p] != NODATA else process[p]
            continue
        if t == history:
            for p in range(TILE):
                over = abs(process[p]) - limit[p]
                near[p] = min(near[p], abs(over) / limit[p])
                found[p] = np.int32(-1) if over > _ZERO else found[p]
        for p in range(TILE):
            off = abs(residual[p]) - outlier * sigma[p]
            seen = row[p] != NODATA and date < found[p]
            near[p] = min(near[p], abs(off) / limit[p]) if seen else near[p]
            step[p] = weight if seen and off <= _ZERO else _ZERO
        for p in range(TILE):
            moved = (_ONE - step[p]) * process[p] + step[p] * residual[p]
            over = abs(moved) - limit[p]
            near[p] = min(near[p], abs(over) / limit[p]) if step[p] > _ZERO else near[p]
            found[p] = date if step[p] > _ZERO and over >= _ZERO else found[p]
            process[p] = moved


@njit(nogil=True)
def chart_block(
    index: I2, begin: int, end: int, days: I4, history: int, basis: F8, padded: F4, single: F4, table: F4, pair: I4,
    pair_factor: F4, minimum: int, chart: F8, scratch: tuple[Any, ...], out_day: I4, out_process: I2, out_index: I2,
) -> int:  # fmt: skip
    """Fit, screen and chart every pixel, and give the break of :func:`chart_series`.

    Args:
        index: As in :func:`mrv.kernels.mosum.monitor_block`, like all up to ``pair_factor``.
        begin: First pixel.
        end: One after the last.
        days: (time,).
        history: Leading dates that are history.
        basis: (time, coefficients).
        padded: The history's, in whole bytes.
        single: All dates', in whole blocks of four.
        table: Products of its columns.
        pair: (entries, 2).
        pair_factor: (entries, 2).
        minimum: Fewest observations of the screened history.
        chart: See :data:`CHART`.
        scratch: One thread's.
        out_day: int32 (pixel,): day of the break; 0 none; −1 history too short or its chart beyond the limit.
        out_process: int16 (pixel,): the chart at the break or at the end, × 10⁴, rounded.
        out_index: int16 (pixel,): which date the break is; −1 none, −2 not monitored.

    Returns:
        How many pixels went through float64.
    """
    fitting, tile, level, found, model, rows = scratch
    observations, sound, sigma, residual, near = rows[0], rows[1], rows[2], rows[3], rows[4]
    process, limit, step, first_sound = rows[5], rows[6], rows[7], rows[8]
    times, coefficients, again = index.shape[0], basis.shape[1], 0
    matrix, beta, y = np.zeros((coefficients, coefficients)), np.zeros(coefficients), np.zeros(times, np.int16)
    few = chart.astype(np.float32)
    for first in range(begin, end, TILE):
        copy_tile(index, first, end, tile)
        fit_tile(tile, history, padded, table, pair, pair_factor, fitting, level, observations, model, first_sound)
        _spread(model[coefficients], observations, sigma)
        for p in range(TILE):
            first_sound[p] = first_sound[p] if observations[p] >= minimum else _ONE
        _screen(tile, history, single, model, level, few[SCREEN], sigma, residual, near)
        fit_tile(tile, history, padded, table, pair, pair_factor, fitting, level, observations, model, sound)
        _spread(model[coefficients], observations, sigma)
        _run(tile, history, single, model, level, few, sigma, residual, process, limit, step, near, found)
        for p in range(min(TILE, end - first)):
            i = first + p
            date, value = NO_BREAK_INDEX, float(process[p])
            if first_sound[p] == _ZERO or (observations[p] >= minimum and (sound[p] == _ZERO or not near[p] > NEAR)):
                again += 1
                for t in range(times):
                    y[t] = index[t, i]
                date, value = chart_series(y, basis, history, minimum, chart, matrix, beta)
            elif observations[p] < minimum or found[p] < 0:
                date = UNMONITORED_INDEX
            elif found[p] < times:
                date = found[p]
            out_index[i] = date
            out_day[i] = days[date] if date >= 0 else date + 1
            out_process[i] = int(min(max(np.rint(value), -_REACH), _REACH)) if date > UNMONITORED_INDEX else 0
    return again
