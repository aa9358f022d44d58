"""``bayes-fusion/1`` as its documentation says it, in plain Python, one pixel at a time."""

from __future__ import annotations

import numpy as np
from scipy import stats

NODATA = -32768


def plain_probability(series, history, sensor, *, lowest, highest, fewest):
    """Conditional probabilities of non-forest of one sensor's observations; None where unseen."""
    past = [float(v) for v in series[:history] if v != NODATA]
    if len(past) < fewest:
        return [None] * len(series)
    middle = np.median(past)
    spread = max(1.4826 * np.median([abs(v - middle) for v in past]), sensor.floor)
    kept = [v for v in past if abs(v - middle) <= sensor.cut * spread]
    if len(kept) < fewest:
        return [None] * len(series)
    mean, sigma = np.mean(kept), max(np.std(kept, ddof=1), sensor.floor)
    out = []
    for value in series:
        if value == NODATA:
            out.append(None)
            continue
        between = sorted([mean, mean + sensor.shift])
        at = min(max(float(value), between[0]), between[1])
        forest, other = stats.norm.pdf(at, mean, sigma), stats.norm.pdf(at, mean + sensor.shift, sensor.spread)
        share = round(1024 * other / (other + forest)) if other + forest > 0 else (1024 if at != mean else 0)
        out.append(min(max(share, round(1024 * lowest)), round(1024 * highest)) / 1024)
    return out


def bayes(prior, likelihood):
    return prior * likelihood / (prior * likelihood + (1 - prior) * (1 - likelihood))


def plain_fusion(dated, *, start, chi, within=0):
    """``(break day, day of confirmation, confidence, class)`` of one pixel.

    Args:
        dated: ``(day, probability or None)`` in order.
    """
    seen = [(day, chance) for day, chance in dated if chance is not None]
    if not seen:
        return -1, 0, 0, 0
    flag, belief, before = None, 0.0, 0.5
    for day, chance in seen:
        if flag is not None:
            belief = bayes(belief, chance)
            if belief < 0.5 or (within and day - flag > within and belief < chi):
                flag = None
        if flag is None and day >= start and chance >= 0.5:
            belief = bayes(before, chance)
            flag = day if belief >= 0.5 else None
        before = chance
        if flag is not None and belief >= chi:
            return flag, day, int(100 * belief), 2
    return (flag, 0, int(100 * belief), 1) if flag is not None else (0, 0, 0, 0)
