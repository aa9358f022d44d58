"""Season-trend monitoring as the papers say it, in plain NumPy, one pixel at a time, with NumPy's own solver."""

from __future__ import annotations

import numpy as np

NODATA = -32768
HISTORY, TIMES = 60, 110
DAYS = np.cumsum(np.random.default_rng(1).integers(5, 25, TIMES)).astype(np.int32) + 17000
"""Scenes of the detectors' tests."""


def scanty_block():
    """A block of those scenes; some pixels are never seen, some hardly in the history."""
    index = forest_block((TIMES, 13, 23), seed=5, history=HISTORY)
    index[:, 0, :3] = NODATA
    index[: HISTORY - 12, 1, :] = NODATA
    return index


OF_ANOTHER_KIND = (
    np.zeros((TIMES, 2, 2), np.float32), np.zeros((TIMES, 2, 2), np.uint16), np.zeros((TIMES - 1, 2, 2), np.int16),
    np.zeros((TIMES, 4), np.int16),
)  # fmt: skip
"""Blocks that no detector takes."""


def basis_of(years, history, harmonics, trend):
    years = np.asarray(years, float)
    columns = [np.ones(len(years))]
    for order in range(1, harmonics + 1):
        columns += [np.cos(2 * np.pi * order * years), np.sin(2 * np.pi * order * years)]
    if trend:
        columns.append(years - years[:history].mean())
    return np.stack(columns, axis=1)


def stable_from(x, y, critical):
    """Number of leading observations that a CUSUM of recursive residuals, backwards, leaves out."""
    size = x.shape[1]
    back_x, back_y, rests = x[::-1], y[::-1], []
    for r in range(size, len(y)):
        past, now = back_x[:r], back_x[r]
        beta = np.linalg.lstsq(past, back_y[:r], rcond=None)[0]
        spread = 1 + now @ np.linalg.pinv(past.T @ past) @ now
        rests.append((back_y[r] - now @ beta) / np.sqrt(spread))
    process = np.cumsum(rests) / (np.std(rests, ddof=1) * np.sqrt(len(rests)))
    bound = critical * (1 + 2 * np.arange(1, len(rests) + 1) / len(rests))
    beyond = np.flatnonzero(np.abs(process) > bound)
    return len(y) - (size + beyond[0]) if len(beyond) else 0


def plain_monitor(y, basis, history, *, minimum, critical, window=0.25, roc=None):
    """``(index of the break, −1 or −2; magnitude; margin)``: OLS-MOSUM, or OLS-CuSum with a window of 0."""
    seen = np.flatnonzero(y != NODATA)
    past, ahead = seen[seen < history], seen[seen >= history]
    if roc is not None and len(past) > basis.shape[1] + 1:
        past = past[stable_from(basis[past], y[past].astype(float), roc) :]
    n = len(past)
    if n < minimum:
        return -2, 0.0, np.inf
    beta = np.linalg.lstsq(basis[past], y[past].astype(float), rcond=None)[0]
    rests = y[past] - basis[past] @ beta
    sigma = max(np.sqrt(rests @ rests / (n - basis.shape[1])), np.sqrt(1 / 12))
    later = y[ahead] - basis[ahead] @ beta
    every = np.concatenate([rests, later])
    grown = np.arange(n + 1, len(every) + 1) / n
    if window:
        width = int(window * n)
        sums = np.array([every[i - width : i].sum() for i in range(n + 1, len(every) + 1)])
        bound = critical * np.sqrt(2 * np.where(grown > np.e, np.log(grown), 1))
    else:
        sums = np.cumsum(later)
        bound = np.sqrt(grown * (grown - 1) * (critical**2 + np.log(grown / (grown - 1))))
    process = np.abs(sums) / (sigma * np.sqrt(n))
    beyond = np.flatnonzero(process > bound)
    margin = np.abs(process - bound).min() if len(process) else np.inf
    magnitude = float(np.median(later)) if len(later) else 0.0
    return (int(ahead[beyond[0]]) if len(beyond) else -1), magnitude, margin


def plain_chart(y, basis, history, *, minimum, weight, limit, screen, outlier):
    """``(index of the break, −1 or −2; the chart there)`` of an EWMA chart after Shewhart screening."""
    y = y.astype(float)
    y[y == NODATA] = np.nan
    for turn in range(2):
        past = np.flatnonzero(np.isfinite(y[:history]))
        if len(past) < minimum:
            return -2, 0.0
        beta = np.linalg.lstsq(basis[past], y[past], rcond=None)[0]
        rests = y - basis @ beta
        sigma = max(np.sqrt(np.mean(rests[past] ** 2)), np.sqrt(1 / 12))
        if turn == 0:
            y[:history][np.abs(rests[:history]) > screen * sigma] = np.nan
    chart, bound = 0.0, limit * sigma * np.sqrt(weight / (2 - weight))
    for t in past:
        chart += weight * (rests[t] - chart)
    if abs(chart) > bound:
        return -2, chart
    for t in range(history, len(y)):
        if np.isfinite(y[t]) and abs(rests[t]) <= outlier * sigma:
            chart += weight * (rests[t] - chart)
            if abs(chart) >= bound:
                return t, chart
    return -1, chart


def forest_block(shape, *, seed, history, clouds=0.4, noise=250.0):
    """int16 (time, y, x) × 10⁴: season and trend, clouds, missed haze, and a step in a third of the pixels."""
    rng = np.random.default_rng(seed)
    times, rows, cols = shape
    t = np.arange(times)[:, None, None]
    level, swing = rng.uniform(4000, 8500, (rows, cols)), rng.uniform(0, 1500, (rows, cols))
    values = level + swing * np.cos(2 * np.pi * t / 23 + rng.uniform(0, 6, (rows, cols))) + rng.uniform(-4, 4, (rows, cols)) * t
    step = np.where(rng.random((rows, cols)) < 0.33, rng.integers(history, times, (rows, cols)), times)
    values = values - np.where(t >= step, rng.uniform(200, 4000, (rows, cols)), 0) + rng.normal(0, noise, shape)
    values -= np.where(rng.random(shape) < 0.02, rng.uniform(500, 5000, shape), 0)
    out = np.rint(values).clip(-10000, 10000).astype(np.int16)
    out[rng.random(shape) < clouds] = NODATA
    return out
