"""Steps in residual series: an alarm over all pixels of a tile, and an exact search in those that it rings for.

The alarm is a two-sided CUSUM of clipped residuals, cheap and too sensitive on purpose.  The search fits a step from every
date on by generalised least squares: noise of the pixel, a season that may differ from the model's for one year, and a level
that may drift.  What a year's odd weather explains is no step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.kernels.tile_fit import F4

    F8 = NDArray[np.float64]

UNSEEN = np.float32(-1e9)
"""Residual of an observation under cloud."""
UNMONITORED, NO_BREAK = np.int32(-1), np.int32(0)
NOTHING, CLEARING, DEGRADATION, RECOVERY, GAIN = range(5)
"""Classes of a break."""
BACK, LOOK = 12, 20
"""Observations before and after the first that qualifies, among which the date is sought."""
RULES = (
    "alarm_delta", "alarm_limit", "alarm_clip", "drift", "season", "certain", "possible", "least", "share", "clearing", "bare",
)  # fmt: skip
"""Names of the entries of ``rules``, in order."""
R_DELTA, R_LIMIT, R_CLIP, R_DRIFT, R_SEASON, R_CERTAIN, R_POSSIBLE, R_LEAST, R_SHARE, R_CLEARING, R_BARE = range(len(RULES))
_ZERO, _ONE = np.float32(0), np.float32(1)


@njit(nogil=True)
def screen_haze(
    loss: F4, haze: F4, first: int, last: int, sigma: NDArray[np.float32], below: np.float32, above: np.float32,
    tint: np.float32, count: int, weight: F4,
) -> None:  # fmt: skip
    """Do not count an observation whose haze lies off the model: missed cloud above, missed shadow below.

    What haze alone would do to the loss index is taken off such an observation, which then serves to date a step, though not
    to find one.  Where nothing was seen the loss index becomes :data:`UNSEEN`.

    Args:
        loss: Residual of the loss index (time, TILE), in place.
        haze: Residual of the haze feature (time, TILE).
        first: First date.
        last: One after the last.
        sigma: Standard deviation of the haze feature (TILE,).
        below: Limit below, standard deviations.
        above: Limit above.
        tint: Loss index per haze.
        count: Pixels.
        weight: (time, TILE), in place.
    """
    for t in range(first, last):
        row, value, counted = haze[t], loss[t], weight[t]
        for p in range(count):
            inside = (row[p] > -below * sigma[p]) & (row[p] < above * sigma[p])
            corrected = value[p] if inside else value[p] - tint * row[p]
            value[p] = corrected if counted[p] > _ZERO else UNSEEN
            counted[p] = counted[p] if inside else _ZERO


@njit(nogil=True)
def ring(
    residual: F4, weight: F4, first: int, sigma: NDArray[np.float32], rules: F8, count: int, up: NDArray[np.float32],
    down: NDArray[np.float32], most: NDArray[np.float32], least: NDArray[np.float32], inverse: NDArray[np.float32],
) -> None:  # fmt: skip
    """The highest value that either side of the CUSUM reaches.

    Args:
        residual: Of the loss index (time, TILE).
        weight: 1 where counted (time, TILE).
        first: First date monitored.
        sigma: Standard deviation (TILE,).
        rules: See :data:`RULES`.
        count: Pixels.
        up: Scratch (TILE,).
        down: Scratch.
        most: Out (TILE,): towards loss.
        least: Out (TILE,): towards gain.
        inverse: Scratch.

    References:
        Page 1954, Biometrika 41:100–115; clipping bounds what one missed cloud can add.
    """
    delta, clip, drift = np.float32(rules[R_DELTA]), np.float32(rules[R_CLIP]), np.float32(rules[R_DRIFT])
    for p in range(count):
        up[p], down[p], most[p], least[p] = _ZERO, _ZERO, _ZERO, _ZERO
        inverse[p] = _ONE / max(sigma[p], drift)
    for t in range(first, residual.shape[0]):
        row, counted = residual[t], weight[t]
        for p in range(count):
            z, shift = counted[p] * min(max(row[p] * inverse[p], -clip), clip), counted[p] * delta
            up[p] = max(up[p] + z - shift, _ZERO)
            down[p] = max(down[p] - z - shift, _ZERO)
            most[p], least[p] = max(most[p], up[p]), max(least[p], down[p])


@njit(nogil=True)
def _sums(wave: F8, value: F8, count: int, total: F8) -> None:
    """Running sums of 1, cosine, sine, their products, the value, and its products: (8, count + 1)."""
    for i in range(8):
        total[i, 0] = 0.0
    for j in range(count):
        c, s, r = wave[0, j], wave[1, j], value[j]
        total[0, j + 1] = total[0, j] + c
        total[1, j + 1] = total[1, j] + s
        total[2, j + 1] = total[2, j] + c * c
        total[3, j + 1] = total[3, j] + s * s
        total[4, j + 1] = total[4, j] + c * s
        total[5, j + 1] = total[5, j] + r
        total[6, j + 1] = total[6, j] + r * c
        total[7, j + 1] = total[7, j] + r * s


@njit(nogil=True)
def _fit_step(total: F8, k: int, end: int, variance: float, season: float, drift: float) -> tuple[float, float]:
    """Height of a step from observation ``k`` to ``end``, and how many standard errors it is."""
    prior = 1.0 / (season * season)
    c, s = total[0, end] - total[0, k], total[1, end] - total[1, k]
    cc, ss, cs = total[2, end] - total[2, k], total[3, end] - total[3, k], total[4, end] - total[4, k]
    r, rc, rs = total[5, end] - total[5, k], total[6, end] - total[6, k], total[7, end] - total[7, k]
    a11, a22, a12 = cc / variance + prior, ss / variance + prior, cs / variance
    b1, b2 = c / variance, s / variance
    determinant = a11 * a22 - a12 * a12
    x1, x2 = (a22 * b1 - a12 * b2) / determinant, (a11 * b2 - a12 * b1) / determinant
    information = (end - k) / variance - (b1 * x1 + b2 * x2)
    height = (r / variance - (rc * x1 + rs * x2) / variance) / information
    return height, height / np.sqrt(1.0 / information + drift * drift)


@njit(nogil=True)
def find_step(
    days: NDArray[np.int32], wave: F8, value: F8, count: int, sign: float, sigma: float, rules: F8, window: int, fewest: int,
    heights: F8, scores: F8, ends: NDArray[np.int32], total: F8,
) -> tuple[int, float, float]:  # fmt: skip
    """The first step of one pixel's residuals, dated by least squares.

    A step qualifies at the first observation from which its height is ``certain`` standard errors (a window of at most
    ``window`` days, at least ``fewest`` observations) and which itself shows ``share`` of that height.  The date is then
    the one, among the neighbours that nearly qualify, that leaves the least squares.  Without any that is certain, the
    most significant possible one is given.

    Args:
        days: Of the observations counted (n,).
        wave: Cosine and sine of the year at them (2, n).
        value: Residuals (n,).
        count: n.
        sign: 1 for loss, −1 for gain.
        sigma: Standard deviation of the residuals.
        rules: See :data:`RULES`.
        window: Days.
        fewest: Observations.
        heights: Scratch (n,), like the next three.
        scores: Scratch.
        ends: Scratch.
        total: Scratch (8, n + 1).

    Returns:
        (observation, height, standard errors), height positive for either sign; (−1, 0, 0) where nothing is possible.
    """
    _sums(wave, value, count, total)
    variance, end, first = sigma * sigma, 0, -1
    best, highest = -1, rules[R_POSSIBLE]
    for k in range(count - fewest + 1):
        while end < count and days[end] - days[k] <= window:
            end += 1
        ends[k], heights[k], scores[k] = end, 0.0, 0.0
        if end - k < fewest or sign * value[k] <= 0.0:
            continue
        height, score = _fit_step(total, k, end, variance, rules[R_SEASON], rules[R_DRIFT])
        heights[k], scores[k] = sign * height, sign * score
        if heights[k] < rules[R_LEAST] or sign * value[k] < rules[R_SHARE] * heights[k]:
            continue
        if scores[k] >= rules[R_CERTAIN] and first < 0:
            first = k
        if scores[k] > highest:
            best, highest = k, scores[k]
        if first >= 0 and k >= first + LOOK:
            break
    if first < 0:
        return (best, heights[best], scores[best]) if best >= 0 else (-1, 0.0, 0.0)
    start, stop, most = max(first - BACK, 0), ends[first], -np.inf
    best = first
    for k in range(start, min(first + LOOK, count - fewest + 1)):
        if scores[k] >= 0.75 * rules[R_CERTAIN] and heights[k] >= rules[R_LEAST] and k < stop:
            level = sign * heights[k]
            left = level * (2.0 * (total[5, stop] - total[5, k]) - level * (stop - k))
            if left > most:
                best, most = k, left
    return best, heights[best], scores[best]
