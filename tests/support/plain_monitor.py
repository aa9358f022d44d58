"""``harmonic-monitor/1`` as its documentation says it, in plain Python, one pixel at a time, with NumPy's own solver."""

from __future__ import annotations

import numpy as np

NODATA = -32768


def plain_fit(series, past, basis, per_coefficient, minimum, floor):
    """``(coefficients, sigma, closest)`` of a history, or ``(None, 0, closest)``.

    ``closest`` is how near any decision came to its limit: within rounding of it two implementations may differ.
    """
    values = sorted(series[t] for t in past)
    if not values:
        return None, 0.0, np.inf
    median = values[(len(values) - 1) // 2]
    mad = sorted(abs(v - median) for v in values)[(len(values) - 1) // 2]
    lowest = median - 2.5 * max(1.4826 * mad, floor)
    closest = min(abs(v - lowest) for v in values)
    kept = [t for t in past if series[t] >= lowest]
    if len(kept) < minimum:
        return None, 0.0, closest
    size = basis.shape[1]
    while size > 1 and len(kept) < per_coefficient * size:
        size -= 2
    for _ in range(4):
        x, y = basis[kept, :size], np.array([series[t] for t in kept], float)
        if np.linalg.cond(x) > 50:
            closest = 0.0  # hardly determined: proves nothing
        beta, *_ = np.linalg.lstsq(x, y, rcond=None)
        rest = y - x @ beta
        sigma = max(np.sqrt(float(rest @ rest) / max(len(kept) - size, 1)), floor)
        closest = min(closest, *np.abs(rest + 2.5 * sigma))
        low = [t for t, r in zip(kept, rest, strict=True) if r < -2.5 * sigma]
        if not low or len(kept) - len(low) < minimum:
            break
        kept = [t for t in kept if t not in low]
    return beta, sigma, closest


def plain_monitor(series, days, basis, refit, history, *, per_coefficient, minimum, sigmas, floor, consecutive):
    """Break day (−1 unmonitored, 0 none), confidence, clear count, and how close any decision was."""
    seen = [t for t in range(len(series)) if series[t] != NODATA]
    rules = (basis, per_coefficient, minimum, floor)
    beta, sigma, closest = plain_fit(series, [t for t in seen if t < history], *rules)
    if beta is None:
        return -1, 0, len(seen), closest
    odd: dict[int, bool] = {}
    run: list[int] = []
    for t in range(history, len(series)):
        if refit[t] and t > history and not run:
            again, scatter, near = plain_fit(series, [s for s in seen if s < t], *rules)
            closest = min(closest, near)
            if again is None:
                closest = 0.0  # a test of its own
            else:
                beta, sigma = again, scatter
        if series[t] == NODATA:
            continue
        distance = series[t] - float(basis[t, : len(beta)] @ beta) + sigmas * sigma
        closest = min(closest, abs(distance))
        odd[t] = distance < 0
        if len(run) < consecutive:
            run = [*run, t] if odd[t] else []
    if len(run) < consecutive:
        return 0, 0, len(seen), closest
    after = [t for t in seen if t >= run[0]][:8]
    return int(days[run[0]]), 100 * sum(odd[t] for t in after) // len(after), len(seen), closest
