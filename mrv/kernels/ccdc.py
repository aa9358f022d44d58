"""Continuous change detection of one pixel at a time: segments of LASSO models over all bands, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from mrv.kernels.season_fit import COEFFICIENTS, YEAR, lasso, predict, season_scale, variogram
from mrv.kernels.season_screen import tmask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    Days = NDArray[np.int32]

RULES = ("penalty", "change", "outlier", "tmask", "refit", "least", "apart")
"""Names of the entries of ``rules``, in order."""
R_PENALTY, R_CHANGE, R_OUTLIER, R_TMASK, R_REFIT, R_LEAST, R_APART = range(len(RULES))
COUNTS = ("conse", "initial", "per_coefficient")
"""Names of the entries of ``counts``, in order."""
C_CONSE, C_INITIAL, C_PER = range(len(COUNTS))
S_START, S_END, S_BREAK, S_COUNT, S_PERCENT = range(5)
SEGMENT_ROWS = 5
"""First and last day of the model, day of the break (0 none), observations, percent of the confirming run seen."""


@njit(nogil=True)
def _remove(days: Days, x: F8, y: F8, at: int, n: int) -> None:
    """Take an observation out."""
    for t in range(at, n - 1):
        days[t] = days[t + 1]
        for j in range(COEFFICIENTS):
            x[t, j] = x[t + 1, j]
        for b in range(y.shape[1]):
            y[t, b] = y[t + 1, b]


@njit(nogil=True)
def _distance(x: F8, y: F8, t: int, detect: NDArray[np.int64], beta: F8, scale: F8) -> float:
    """Sum over the detecting bands of the squared departure in units of ``scale``."""
    total = 0.0
    for k in range(len(detect)):
        b = detect[k]
        part = (y[t, b] - predict(x, beta[b], t)) / scale[b]
        total += part * part
    return total


@njit(nogil=True)
def _stable(days: Days, x: F8, y: F8, first: int, i: int, detect: NDArray[np.int64], beta: F8, scale: F8, limit: float) -> bool:
    """Whether slope, first and last departure of an initial model are within what no change explains."""
    total = 0.0
    for k in range(len(detect)):
        b = detect[k]
        part = abs(y[first, b] - predict(x, beta[b], first)) + abs(y[i, b] - predict(x, beta[b], i))
        part = (part + abs(beta[b, 1]) * (days[i] - days[first]) / YEAR) / scale[b]
        total += part * part
    return total <= limit


@njit(nogil=True)
def _size(count: int, per: int) -> int:
    """Coefficients that so many observations bear."""
    if count < 6 * per:
        return 4
    return 6 if count < 8 * per else 8


@njit(nogil=True)
def _save(
    days: Days, first: int, last: int, broke: int, percent: int, x: F8, y: F8, beta: F8, rmse: F8, run: int, slot: int,
    segment: NDArray[np.int32], model: NDArray[np.float32], spread: NDArray[np.float32], size: NDArray[np.float32],
) -> None:  # fmt: skip
    """Write a segment: its days, model and, where it broke, the median departure of the run of ``run`` observations."""
    segment[slot, S_START], segment[slot, S_END] = days[first], days[last]
    segment[slot, S_BREAK], segment[slot, S_COUNT] = days[broke] if broke >= 0 else 0, last - first + 1
    segment[slot, S_PERCENT] = percent
    for b in range(y.shape[1]):
        spread[slot, b] = np.float32(rmse[b])
        for j in range(COEFFICIENTS):
            model[slot, b, j] = np.float32(beta[b, j])
        size[slot, b] = np.float32(0)
        if broke >= 0 and run > 0:
            left = np.empty(run)
            for k in range(run):
                left[k] = y[broke + k, b] - predict(x, beta[b], broke + k)
            ordered = np.sort(left)
            size[slot, b] = np.float32(0.5 * (ordered[(run - 1) // 2] + ordered[run // 2]))


@njit(nogil=True)
def _screen_window(
    days: Days, x: F8, y: F8, first: int, i: int, n: int, counts: NDArray[np.int64], screen: NDArray[np.int64], limit: F8,
    odd: NDArray[np.bool_],
) -> tuple[int, int]:  # fmt: skip
    """Screen the initial window with the run that follows it, and take what is odd out of it.

    Returns:
        Last observation of the window and number of observations afterwards; −1 first where too few or too short a time
        remain, and then nothing is taken out.
    """
    tmask(days, x, y, first, i + counts[C_CONSE] + 1, screen, limit, odd)
    kept, least, most = 0, i, first
    for t in range(first, i + 1):
        if not odd[t]:
            kept += 1
            least, most = min(least, t), max(most, t)
    if kept < counts[C_INITIAL] or days[most] - days[least] < YEAR:
        return -1, n
    for t in range(i, first - 1, -1):
        if odd[t]:
            _remove(days, x, y, t, n)
            n -= 1
    return first + kept - 1, n


@njit(nogil=True)
def _look_back(
    days: Days, x: F8, y: F8, first: int, broke: int, i: int, n: int, conse: int, detect: NDArray[np.int64], beta: F8,
    scale: F8, rules: F8,
) -> tuple[int, int, int]:  # fmt: skip
    """Take earlier observations, back to the last break, into a new model until they leave it.

    Returns:
        First and last observation of the model, and number of observations.
    """
    k = first - 1
    while k >= broke:
        lowest, shown = np.inf, _distance(x, y, k, detect, beta, scale)
        for step in range(min(conse, k - broke + 1)):
            lowest = min(lowest, _distance(x, y, k - step, detect, beta, scale))
        if lowest > rules[R_CHANGE]:
            break
        if shown > rules[R_OUTLIER]:
            _remove(days, x, y, k, n)
            n, i, first = n - 1, i - 1, first - 1
        else:
            first = k
        k -= 1
    return first, i, n


@njit(nogil=True)
def segments(
    days: Days, x: F8, y: F8, n: int, detect: NDArray[np.int64], screen: NDArray[np.int64], rules: F8,
    counts: NDArray[np.int64], segment: NDArray[np.int32], model: NDArray[np.float32], spread: NDArray[np.float32],
    size: NDArray[np.float32],
) -> int:  # fmt: skip
    """Follow one pixel's clear observations.

    Args:
        days: Days of its clear observations (time,), ascending; changed, for outliers are taken out.
        x: Basis (time, 8); changed.
        y: Bands (time, band); changed.
        n: Observations.
        detect: Bands that detect.
        screen: Bands that screen the initial window.
        rules: See :data:`RULES`.
        counts: See :data:`COUNTS`.
        segment: Out (segment, 5): :data:`SEGMENT_ROWS`.
        model: Out (segment, band, 8).
        spread: Out (segment, band).
        size: Out (segment, band): median departure of the run that confirmed the break.

    Returns:
        Number of segments.

    References:
        Zhu & Woodcock 2014, RSE 144:152–171, §3.2 to 3.4; initial window, stability, outliers and the scatter of the nearest
        season as in Zhu et al. 2015, RSE 162:67–83, §3.
    """
    conse, per, bands = counts[C_CONSE], counts[C_PER], y.shape[1]
    noise, beta, rmse, scale = np.empty(bands), np.zeros((bands, COEFFICIENTS)), np.empty(bands), np.empty(bands)
    work, odd, limit = np.empty((12 + bands, COEFFICIENTS)), np.zeros(max(n, 1), np.bool_), np.empty(len(screen))
    run = np.zeros(conse)
    variogram(days, y, n, rules[R_APART], rules[R_LEAST], noise)
    for k in range(len(screen)):
        limit[k] = rules[R_TMASK] * noise[screen[k]]
    found, first, broke, i, trained, span, fitted, fit_size = 0, 0, 0, counts[C_INITIAL] - 1, False, 0, 0, 4
    while i + conse < n and found < segment.shape[0]:
        if not trained:
            last = -1
            if i - first + 1 >= counts[C_INITIAL] and days[i] - days[first] >= YEAR:
                last, n = _screen_window(days, x, y, first, i, n, counts, screen, limit, odd)
            if last < 0:
                i += 1
                continue
            i = last
            lasso(x, y, first, i + 1, 4, rules[R_PENALTY], work, beta, rmse)
            np.maximum(rmse, noise, scale)
            if not _stable(days, x, y, first, i, detect, beta, scale, rules[R_CHANGE]):
                first, i = first + 1, i + 1
                continue
            trained, span = True, 0
            first, i, n = _look_back(days, x, y, first, broke, i, n, conse, detect, beta, scale, rules)
        count, fresh = i - first + 1, span == 0 or i - first + 1 <= 8 * per
        if fresh or days[i] - days[first] >= rules[R_REFIT] * span:
            fit_size, span, fitted = _size(count, per), days[i] - days[first], i + 1
            lasso(x, y, first, fitted, fit_size, rules[R_PENALTY], work, beta, rmse)
        if fresh:
            np.maximum(rmse, noise, scale)
        else:
            season_scale(days, x, y, first, fitted, i + conse, per * fit_size, fit_size, beta, noise, scale)
        for k in range(0 if fresh else conse - 1, conse):
            run[k] = _distance(x, y, i + 1 + k, detect, beta, scale)
        if run.min() > rules[R_CHANGE]:
            _save(days, first, i, i + 1, 100, x, y, beta, rmse, conse, found, segment, model, spread, size)
            found, first, broke, trained, i = found + 1, i + 1, i + 1, False, i + 1
        elif run[0] > rules[R_OUTLIER]:
            _remove(days, x, y, i + 1, n)
            n -= 1
        else:
            i += 1
        run[: conse - 1] = run[1:].copy()
    if trained and found < segment.shape[0]:
        late = 0
        while late < conse - 1 and run[conse - 2 - late] > rules[R_CHANGE]:
            late += 1
        broke = n - late if late > 0 else -1
        _save(
            days, first, n - 1 - late, broke, 100 * late // conse, x, y, beta, rmse, late, found, segment, model, spread, size
        )
        found += 1
    return found


@njit(nogil=True)
def ccdc_block(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], days: Days, basis: F8, detect: NDArray[np.int64],
    screen: NDArray[np.int64], rules: F8, counts: NDArray[np.int64], found: NDArray[np.int32],
    segment: NDArray[np.int32], model: NDArray[np.float32], spread: NDArray[np.float32], size: NDArray[np.float32],
) -> None:  # fmt: skip
    """Segments of a block of pixels.

    Args:
        bands: Reflectance × 10⁴ (time, band, pixel).
        clear: What counts (time, pixel).
        days: Days since 1970-01-01 (time,), ascending; a day once.
        basis: One, years since 1970-01-01, three harmonics (time, 8).
        detect: Bands that detect.
        screen: Bands that screen the initial window.
        rules: See :data:`RULES`.
        counts: See :data:`COUNTS`.
        found: Out (pixel,): segments.
        segment: Out (pixel, segment, 5).
        model: Out (pixel, segment, band, 8).
        spread: Out (pixel, segment, band).
        size: Out (pixel, segment, band).
    """
    times, roles = bands.shape[0], bands.shape[1]
    when, x, y = np.empty(times, np.int32), np.empty((times, COEFFICIENTS)), np.empty((times, roles))
    for p in range(bands.shape[2]):
        n = 0
        for t in range(times):
            if clear[t, p]:
                when[n] = days[t]
                for j in range(COEFFICIENTS):
                    x[n, j] = basis[t, j]
                for b in range(roles):
                    y[n, b] = bands[t, b, p]
                n += 1
        found[p] = segments(when, x, y, n, detect, screen, rules, counts, segment[p], model[p], spread[p], size[p])
