"""Bayesian updating of the probability of non-forest, one pixel's observations at a time, from all sensors in order.

Two steps.  Each observation becomes a conditional probability of non-forest in 1,024ths, an integer.  The exponential in it
is our own, made of sums and products alone, because a library's last bit depends on the machine and could tip a tie.  Then
the updates are products and quotients, the same everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from mrv.kernels.harmonic import NODATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]

UNSEEN = np.int16(-1)
PARTS = 1024
"""Parts of a probability."""
UNMONITORED = np.int32(-1)
NONE, LOW, HIGH = 0, 1, 2
ROWS = 4
"""Break day, day of confirmation, confidence percent, class."""
_LOG2_HIGH, _LOG2_LOW, _PER_LOG2 = 0.693147180369123816490, 1.90821492927058770002e-10, 1.44269504088896338700
"""ln 2 in two parts, the first with its last 32 bits 0 so that a multiple of it is exact, and 1 / ln 2."""
_FARTHEST = 700.0
"""exp of more would overflow; probabilities are decided long before."""


@njit(nogil=True)
def exponential(x: float) -> float:
    """exp(x) within a few units of the last place, by sums and products in a fixed order: the same bits everywhere.

    Args:
        x: Held within ±700.

    References:
        Cody & Waite 1980, Software Manual for the Elementary Functions, chapter 6 (the reduction of the argument).
    """
    x = min(max(x, -_FARTHEST), _FARTHEST)
    twos = np.floor(x * _PER_LOG2 + 0.5)
    rest = (x - twos * _LOG2_HIGH) - twos * _LOG2_LOW
    total = 1.0
    for k in range(14, 0, -1):
        total = 1.0 + rest * total / k
    factor = 2.0 if twos > 0 else 0.5
    for _ in range(int(abs(twos))):
        total *= factor
    return total


@njit(nogil=True)
def _history(
    index: NDArray[np.int16], p: int, history: int, cut: float, fewest: int, floor: float, values: F8
) -> tuple[int, float, float]:
    """Number, mean and standard deviation of a pixel's history, screened once about its median."""
    count = 0
    for t in range(history):
        if index[t, p] != NODATA:
            values[count] = index[t, p]
            count += 1
    if count < fewest:
        return count, 0.0, floor
    ordered = np.sort(values[:count])
    middle = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
    distance = np.sort(np.abs(ordered - middle))
    spread = max(1.4826 * 0.5 * (distance[(count - 1) // 2] + distance[count // 2]), floor)
    total, squares, kept = 0.0, 0.0, 0
    for k in range(count):
        if abs(values[k] - middle) <= cut * spread:
            total += values[k]
            kept += 1
    if kept < fewest:
        return kept, 0.0, floor
    mean = total / kept
    for k in range(count):
        if abs(values[k] - middle) <= cut * spread:
            squares += (values[k] - mean) * (values[k] - mean)
    return kept, mean, max(np.sqrt(squares / max(kept - 1, 1)), floor)


@njit(nogil=True)
def non_forest(
    index: NDArray[np.int16], history: int, rules: F8, fewest: int, lowest: int, highest: int, out: NDArray[np.int16]
) -> None:
    """Conditional probability of non-forest of each observation.

    Gaussian densities: forest with the mean and deviation of the pixel's history, non-forest at ``shift`` from that mean.
    A value beyond either mean counts as that mean, so that the probability falls steadily from one to the other even
    where the deviations differ.

    Args:
        index: Deseasonalised index (time, pixel), ``NODATA``.
        history: Leading observations that are history.
        rules: Shift of non-forest from forest, its standard deviation, smallest standard deviation of forest, and how many
            deviations from the median an observation of the history counts (4,).
        fewest: Observations of the history that are needed.
        lowest: Bounds of the probability, in :data:`PARTS` …
        highest: … both included.
        out: (time, pixel); :data:`UNSEEN` where nothing was seen or the history is too short.

    References:
        Reiche et al. 2015, Remote Sensing 7(5):4973–4996: P(NF|x) = f_NF(x) / (f_NF(x) + f_F(x)), held within 0.1 and 0.9.
    """
    shift, spread_non, floor, cut = rules[0], rules[1], rules[2], rules[3]
    values = np.empty(max(history, 1))
    for p in range(index.shape[1]):
        count, mean, spread = _history(index, p, history, cut, fewest, floor, values)
        for t in range(index.shape[0]):
            if index[t, p] == NODATA or count < fewest:
                out[t, p] = UNSEEN
                continue
            away = (np.float64(index[t, p]) - mean) / shift
            away = min(max(away, 0.0), 1.0) * shift
            forest, other = away / spread, (away - shift) / spread_non
            odds = exponential(0.5 * (other * other - forest * forest)) * spread_non / spread
            part = int(np.rint(PARTS / (1.0 + odds)))
            out[t, p] = min(max(part, lowest), highest)


@njit(nogil=True)
def posterior(prior: float, likelihood: float) -> float:
    """Bayes' rule with the likelihood of non-forest against that of forest (Reiche et al. 2015)."""
    yes = prior * likelihood
    return yes / (yes + (1.0 - prior) * (1.0 - likelihood))


@njit(nogil=True)
def update(
    days: NDArray[np.int32], part: NDArray[np.int16], start: int, chi: float, within: int, out: NDArray[np.int32]
) -> None:
    """Flag, update, confirm or drop.

    Args:
        days: Days since 1970-01-01 (time,), not descending: sensors may share a day.
        part: Conditional probability of non-forest in :data:`PARTS` (time, pixel), :data:`UNSEEN`.
        start: First day on which a change may be flagged.
        chi: Posterior from which a flagged change is confirmed.
        within: Days within which it must be, or it is dropped; 0 for no limit.
        out: Break day, day of confirmation, confidence in percent rounded down, class (4, pixel).

    References:
        Reiche et al. 2015, Remote Sensing 7(5):4973–4996; Reiche et al. 2018, RSE 204:147–161; the limit of 90
        days is of Reiche et al. 2021, ERL 16:024005.
    """
    for p in range(part.shape[1]):
        flagged, chance, before, monitored = -1, 0.0, 0.5, False
        out[0, p], out[1, p], out[2, p], out[3, p] = 0, 0, 0, NONE
        for t in range(part.shape[0]):
            if part[t, p] == UNSEEN:
                continue
            monitored = True
            likelihood = np.float64(part[t, p]) / PARTS
            if flagged >= 0:
                chance = posterior(chance, likelihood)
                late = within > 0 and days[t] - days[flagged] > within
                if chance < 0.5 or (late and chance < chi):
                    flagged = -1
            if flagged < 0 and days[t] >= start and likelihood >= 0.5:
                flagged, chance = t, posterior(before, likelihood)
                if chance < 0.5:
                    flagged = -1
            before = likelihood
            if flagged >= 0 and chance >= chi:
                out[1, p], out[3, p] = days[t], HIGH
                break
        if flagged >= 0:
            out[0, p], out[2, p] = days[flagged], np.int32(np.floor(100.0 * chance))
            if out[3, p] == NONE:
                out[3, p] = LOW
        if not monitored:
            out[0, p] = UNMONITORED
