"""Breaks of a block of pixels, tile by tile: fit, screen, ring, search; at once, or fitted once and decided as scenes come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from mrv.kernels.steps import (
    CLEARING,
    DEGRADATION,
    GAIN,
    R_BARE,
    R_CLEARING,
    R_LIMIT,
    RECOVERY,
    UNMONITORED,
    UNSEEN,
    find_step,
    ring,
    screen_haze,
)
from mrv.kernels.tile_fit import TILE, fit_tile, load_tile, subtract_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.kernels.tile_fit import F4

    Bools = NDArray[np.bool_]
    I4 = NDArray[np.int32]
    F8 = NDArray[np.float64]

LOSS, HAZE = 0, 1
"""Features."""
DAY, SINCE, CLASS, MAGNITUDE, CONFIDENCE, RECOVERED, COUNT = range(7)
"""Rows of the result."""
RESULT_ROWS = 7
LAST_YEAR = 365
FIT = ("rounds", "cut", "per_coefficient", "ridge", "haze_below", "haze_above", "tint")
"""Names of the entries of ``fit``, in order; of the fit and of the screening."""
ROUNDS, CUT, PER_COEFFICIENT, RIDGE, HAZE_BELOW, HAZE_ABOVE, TINT = range(len(FIT))


@njit(nogil=True)
def _residuals(
    bands: NDArray[np.int16], clear: Bools, weights: F4, offset: F4, waves: F4, padded: F4, history: int, fit: F4, floor: F4,
    first: int, count: int, scratch: tuple[F4, ...],
) -> None:  # fmt: skip
    """Fit one tile and leave its residuals and what counts of them in the scratch."""
    values, weight, model, sigma, sums, matrix, step = scratch
    load_tile(bands, clear, first, count, weights, offset, values, weight)
    fit_tile(
        clear, first, count, history, waves, padded, int(fit[ROUNDS]), fit[CUT], fit[PER_COEFFICIENT], fit[RIDGE], floor,
        values, weight, model, sigma, sums, matrix, step,
    )  # fmt: skip
    subtract_model(values, waves, model, history, clear.shape[0], count)
    screen_haze(
        values[LOSS], values[HAZE], history, clear.shape[0], sigma[HAZE], fit[HAZE_BELOW], fit[HAZE_ABOVE], fit[TINT], count,
        weight,
    )  # fmt: skip


@njit(nogil=True)
def monitor_block(
    bands: NDArray[np.int16], clear: Bools, weights: F4, offset: F4, days: I4, waves: F4, padded: F4, history: int, fit: F4,
    floor: F4, rules: F8, minimum: int, window: int, fewest: int, confidence: NDArray[np.uint8], forest_level: float,
    scratch: tuple[F4, ...], out: I4,
) -> None:  # fmt: skip
    """Say of every pixel whether, when and how it broke: :func:`fit_block` and :func:`decide_block` without the state between.

    Args:
        bands: Reflectance × 10⁴ (time, band, pixel).
        clear: (time, pixel).
        weights: Loss and haze, from bands (2, band).
        offset: Taken off loss and haze (2, time).
        days: Days since 1970-01-01 (time,).
        waves: (time, 9).
        padded: The history's waves.
        history: Leading dates that are history.
        fit: See :data:`FIT`.
        floor: Smallest standard deviations (2,).
        rules: See :data:`~mrv.kernels.steps.RULES`.
        minimum: Fewest observations of the history.
        window: Days of a step.
        fewest: Observations of a step.
        confidence: Percent by quarter of a standard error, from 0.
        forest_level: The loss index of closed forest.
        scratch: As :func:`~mrv.kernels.tile_fit.tile_scratch` gives it.
        out: int32 (7, pixel), rows as in :func:`decide_block`.
    """
    values, weight, model, sigma, _, _, _ = scratch
    last, room = np.zeros(TILE, np.int32), _search_room(clear.shape[0])
    for first in range(0, clear.shape[1], TILE):
        count = min(TILE, clear.shape[1] - first)
        _residuals(bands, clear, weights, offset, waves, padded, history, fit, floor, first, count, scratch)
        _last_counted(weight, history, count, last)
        _decide_tile(
            days, waves, history, values[LOSS, history:], weight[history:], sigma, model[0], last, rules, minimum, window,
            fewest, confidence, forest_level, first, count, room, out,
        )  # fmt: skip


@njit(nogil=True)
def fit_block(
    bands: NDArray[np.int16], clear: Bools, weights: F4, offset: F4, waves: F4, padded: F4, history: int, fit: F4, floor: F4,
    scratch: tuple[F4, ...], out_model: F4, out_sigma: F4, out_last: I4, out_residual: F4, out_counted: Bools,
) -> None:  # fmt: skip
    """Fit every pixel's history and give the residuals of what comes after it; the state that monitoring starts from.

    Args:
        bands: As in :func:`monitor_block`, like all up to ``scratch``.
        clear: (time, pixel).
        weights: (2, band).
        offset: (2, time).
        waves: (time, 9).
        padded: The history's waves.
        history: Leading dates that are history.
        fit: See :data:`FIT`.
        floor: (2,).
        scratch: One tile's.
        out_model: (10, pixel).
        out_sigma: (3, pixel).
        out_last: Last counted date of the history (pixel,), −1 without.
        out_residual: Of the loss index (time − history, pixel).
        out_counted: What counts (time − history, pixel).
    """
    values, weight, model, sigma, _, _, _ = scratch
    for first in range(0, clear.shape[1], TILE):
        last = min(first + TILE, clear.shape[1])
        count = last - first
        _residuals(bands, clear, weights, offset, waves, padded, history, fit, floor, first, count, scratch)
        _last_counted(weight, history, count, out_last[first:last])
        for i in range(out_model.shape[0]):
            out_model[i, first:last] = model[i, :count]
        for i in range(out_sigma.shape[0]):
            out_sigma[i, first:last] = sigma[i, :count]
        for t in range(history, clear.shape[0]):
            out_residual[t - history, first:last] = values[LOSS, t, :count]
            row, counted = weight[t], out_counted[t - history, first:last]
            for p in range(count):
                counted[p] = row[p] > 0


@njit(nogil=True)
def _last_counted(weight: F4, history: int, count: int, last: I4) -> None:
    last[:] = -1
    for t in range(history):
        row = weight[t]
        for p in range(count):
            last[p] = t if row[p] > 0 else last[p]


@njit(nogil=True)
def residual_of_scene(
    bands: NDArray[np.int16], clear: Bools, weights: F4, offset: F4, wave: F4, model: F4, sigma: F4, fit: F4,
    scratch: tuple[F4, ...], out_residual: NDArray[np.float32], out_counted: NDArray[np.bool_],
) -> None:  # fmt: skip
    """The residual of one more scene from a state, bit for bit as :func:`fit_block` would have given it.

    Args:
        bands: (1, band, pixel).
        clear: (1, pixel).
        weights: (2, band).
        offset: (2, time).
        wave: Of the scene's day (1, 9).
        model: State (10, pixel).
        sigma: State (3, pixel).
        fit: See :data:`FIT`.
        scratch: One tile's, of one date.
        out_residual: (pixel,).
        out_counted: (pixel,).
    """
    values, weight, tile_model, tile_sigma = scratch[0], scratch[1], scratch[2], scratch[3]
    for first in range(0, clear.shape[1], TILE):
        last = min(first + TILE, clear.shape[1])
        count = last - first
        load_tile(bands, clear, first, count, weights, offset, values, weight)
        for i in range(model.shape[0]):
            tile_model[i, :count] = model[i, first:last]
        for i in range(sigma.shape[0]):
            tile_sigma[i, :count] = sigma[i, first:last]
        subtract_model(values, wave, tile_model, 0, 1, count)
        screen_haze(
            values[LOSS], values[HAZE], 0, 1, tile_sigma[HAZE], fit[HAZE_BELOW], fit[HAZE_ABOVE], fit[TINT], count, weight
        )
        out_residual[first:last] = values[LOSS, 0, :count]
        for p in range(count):
            out_counted[first + p] = weight[0, p] > 0


@njit(nogil=True)
def decide_block(
    days: I4, waves: F4, history: int, residual: F4, counted: Bools, sigma: F4, level: NDArray[np.float32], last: I4, rules: F8,
    minimum: int, window: int, fewest: int, confidence: NDArray[np.uint8], forest_level: float, out: I4,
) -> None:  # fmt: skip
    """Say of every pixel whether, when and how it broke, from a state.

    Args:
        days: Days since 1970-01-01 of all dates (time,).
        waves: (time, 9).
        history: Leading dates that are history.
        residual: State (time − history, pixel).
        counted: State (time − history, pixel).
        sigma: State (3, pixel).
        level: State: mean of the loss index in the history (pixel,).
        last: State (pixel,).
        rules: See :data:`~mrv.kernels.steps.RULES`.
        minimum: Fewest observations of the history.
        window: Days of a step.
        fewest: Observations of a step.
        confidence: Percent by quarter of a standard error, from 0.
        forest_level: The loss index of closed forest.
        out: int32 (7, pixel): day of the first observation of the break (0 none, −1 not monitored), day of the last one
            before it, class, height in percent of a full clearing, confidence in percent, share of the height that is back
            in the last year in percent, observations counted.
    """
    times, pixels = residual.shape
    tile, weight = np.zeros((times, TILE), np.float32), np.zeros((times, TILE), np.float32)
    spread, middle, room = np.ones((3, TILE), np.float32), np.zeros(TILE, np.float32), _search_room(times)
    for first in range(0, pixels, TILE):
        end = min(first + TILE, pixels)
        count = end - first
        for t in range(times):
            tile[t, :count] = residual[t, first:end]
            row, seen = weight[t], counted[t, first:end]
            for p in range(count):
                row[p] = np.float32(seen[p])
        for i in range(3):
            spread[i, :count] = sigma[i, first:end]
        middle[:count] = level[first:end]
        _decide_tile(
            days, waves, history, tile, weight, spread, middle, last[first:end], rules, minimum, window, fewest, confidence,
            forest_level, first, count, room, out,
        )  # fmt: skip


@njit(nogil=True)
def _search_room(times: int) -> tuple[Any, ...]:
    """Scratch of the search: CUSUMs; days and ends; waves, values, heights, scores; running sums."""
    return (
        np.zeros((6, TILE), np.float32), np.zeros((2, times), np.int32), np.zeros((5, times)), np.zeros((8, times + 1)),
    )  # fmt: skip


@njit(nogil=True)
def _decide_tile(
    days: I4, waves: F4, history: int, residual: F4, weight: F4, sigma: F4, level: NDArray[np.float32], last: I4, rules: F8,
    minimum: int, window: int, fewest: int, confidence: NDArray[np.uint8], forest_level: float, first: int, count: int,
    room: tuple[Any, ...], out: I4,
) -> None:  # fmt: skip
    alarms, dates, numbers, total = room
    seen_days, ends = dates[0], dates[1]
    wave, value, heights, scores = numbers[:2], numbers[2], numbers[3], numbers[4]
    most, least, seen = alarms[2], alarms[3], alarms[5]
    times = residual.shape[0]
    ring(residual, weight, 0, sigma[LOSS], rules, count, alarms[0], alarms[1], most, least, alarms[4])
    seen[:] = 0
    for t in range(times):
        row = weight[t]
        for p in range(count):
            seen[p] += row[p]
    for p in range(count):
        out[:, first + p] = 0
        past = sigma[2, p]
        if past < minimum:
            out[DAY, first + p] = UNMONITORED
            continue
        out[COUNT, first + p] = np.int32(past) + np.int32(seen[p])
        if max(most[p], least[p]) < rules[R_LIMIT]:
            continue
        n = 0
        for t in range(times):
            if weight[t, p] > 0:
                seen_days[n], value[n] = days[history + t], residual[t, p]
                wave[0, n], wave[1, n] = waves[history + t, 1], waves[history + t, 2]
                n += 1
        for sign in (1.0, -1.0):
            if (most[p] if sign > 0 else least[p]) < rules[R_LIMIT]:
                continue
            k, height, score = find_step(
                seen_days, wave, value, n, sign, float(sigma[LOSS, p]), rules, window, fewest, heights, scores, ends, total
            )
            if k >= 0:
                before = seen_days[k - 1] if k > 0 else days[last[p]]
                day = _first_hazy(days, history, residual, p, before, seen_days[k], sign, height)
                opened = float(level[p]) - forest_level
                _write(out[:, first + p], seen_days, value, n, k, day, before, sign, height, score, opened, rules, confidence)
                break


@njit(nogil=True)
def _first_hazy(days: I4, history: int, residual: F4, p: int, before: int, day: int, sign: float, height: float) -> int:
    """The first hazy observation before a step that already shows more than half of it; the step's own day without one."""
    found = day
    for t in range(residual.shape[0] - 1, -1, -1):
        when = days[history + t]
        if when <= before:
            break
        if when < day and residual[t, p] != UNSEEN:
            if sign * residual[t, p] <= 0.5 * height:
                break
            found = when
    return found


@njit(nogil=True)
def _write(
    out: I4, days: I4, value: F8, count: int, k: int, day: int, before: int, sign: float, height: float,
    score: float, opened: float, rules: F8, confidence: NDArray[np.uint8],
) -> None:  # fmt: skip
    out[DAY], out[SINCE] = day, before
    if sign > 0:
        out[CLASS] = CLEARING if height >= rules[R_CLEARING] else DEGRADATION
    else:
        out[CLASS] = GAIN if opened >= rules[R_BARE] else RECOVERY
    out[MAGNITUDE] = np.int32(np.floor(100.0 * height + 0.5))
    out[CONFIDENCE] = confidence[min(int(4.0 * score), confidence.shape[0] - 1)]
    left, n = 0.0, 0
    for j in range(count - 1, k - 1, -1):
        if days[count - 1] - days[j] >= LAST_YEAR:
            break
        left += sign * value[j]
        n += 1
    back = np.floor(100.0 * (1.0 - left / n / height) + 0.5)
    out[RECOVERED] = np.int32(min(max(back, 0.0), 100.0))
