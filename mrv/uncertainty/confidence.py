"""Confidence distributions in arrays: draws of an area whose 5 % and 95 % points are the signed limits.

:func:`limits` is the twin of :func:`mrv.uncertainty.intervals.limit` over a vector of ``z``: elementwise + − × ÷ √ only
(``logit`` also exp, quantised), so that the draws are the same on every machine.  :func:`bootstrap` has no formula: it
resamples each stratum with random numbers of the pinned generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import PlanError
from mrv.uncertainty.intervals import Interval, Method, Shape, effective_size
from mrv.uncertainty.montecarlo import quantise, uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

BOOTSTRAP = "rao-wu/1"
"""Version of the bootstrap: what a statement that signs it names."""


def limits(shape: Shape, z: Vector, *, method: Method = "score") -> Vector:
    """Points of the confidence distribution.

    Args:
        shape: The estimate.
        z: Standard normal quantiles, any shape.
        method: Which interval.

    Returns:
        Array of the shape of ``z``, in the estimate's unit.

    Raises:
        PlanError: ``interval.method``.
    """
    z = np.asarray(z, np.float64)
    value, low, high = float(shape.value), float(shape.low), float(shape.high)
    if method == "wald":
        return np.asarray(value + z * np.sqrt(float(shape.variance)), np.float64)
    if method == "score":
        raw = _score(shape, z)
    elif method in {"wilson", "logit"}:
        size = effective_size(shape)
        raw = np.full_like(z, value) if size is None or size <= 0 else (_wilson if method == "wilson" else _logit)(shape, z)
        raw = np.where(z >= 0, np.maximum(raw, value), np.minimum(raw, value))
    else:
        raise PlanError(f"no interval {method}", code="interval.method", hint="score, wilson, logit or wald")
    return np.minimum(np.maximum(raw, low), high)


def _score(shape: Shape, z: Vector) -> Vector:
    if shape.rising is None or shape.falling is None:
        return _one_way(shape, z)
    sign = np.where(z >= 0, 1.0, -1.0)
    steps = [np.maximum(sign * (_one_way(part, z) - float(part.value)), 0.0) for part in (shape.rising, shape.falling)]
    moved: Vector = sign * np.sqrt(steps[0] * steps[0] + steps[1] * steps[1])
    return float(shape.value) + moved


def _one_way(shape: Shape, z: Vector) -> Vector:
    variance = float(shape.variance)
    skew = np.where(z >= 0, float(shape.skew_up), float(shape.skew_down))
    t = z + (z * z * z + z) * (float(shape.noise) / 4.0)
    root = np.sqrt(variance + skew * skew * (t * t + 2.0) / 12.0)
    spent = t * skew / 2.0 + root < 0
    edge = -variance / np.where(spent, skew, 1.0)
    return float(shape.value) + np.where(spent, edge, skew * (2.0 * t * t + 1.0) / 6.0 + t * root)


def _wilson(shape: Shape, z: Vector) -> Vector:
    width = float(shape.high - shape.low)
    p = min(max(float((shape.value - shape.low) / (shape.high - shape.low)), 0.0), 1.0)
    size = float(effective_size(shape) or 0)
    root = np.sqrt(p * (1 - p) / size + z * z / (4.0 * size * size))
    return float(shape.low) + width * (p + z * z / (2.0 * size) + z * root) / (1.0 + z * z / size)


def _logit(shape: Shape, z: Vector) -> Vector:
    centre = shape.value if shape.low < shape.value < shape.high else shape.smooth_value
    above, below = centre - shape.low, shape.high - centre
    if above <= 0 or below <= 0:
        return np.full_like(z, float(shape.value))
    step = np.sqrt(float(shape.smooth_variance)) * float((above + below) / (above * below))
    # exp differs in its last bit between machines: its mantissa is rounded to 32 bits.
    mantissa, exponent = np.frexp(np.exp(np.clip(z * step, -500.0, 500.0)))
    odds = float(above / below) * np.ldexp(quantise(mantissa), exponent)
    return float(shape.low) + float(above + below) * odds / (1.0 + odds)


def bootstrap(
    weights: Sequence[int], sampled: Sequence[int], hits: Sequence[int], *, seed: str, draws: int
) -> NDArray[np.int64]:
    """Bootstrap totals of a stratified sample of hits, sorted, rounded to whole units of the weights.

    Each stratum resamples n_h − 1 of its n_h units with replacement, which gives the unbiased variance.

    Args:
        weights: Areas A_h, m².
        sampled: n_h, at least 2.
        hits: Units of the class.
        seed: ``sha256:<hex>``.
        draws: How many.

    Raises:
        PlanError: ``activity.one-unit``, ``activity.counts``.

    References:
        Rao & Wu 1988, JASA 83:231 (resampling n_h − 1 in each stratum). Strata without hits stay without: prefer ``score``.
    """
    if not len(weights) == len(sampled) == len(hits) or any(not 0 <= k <= n for n, k in zip(sampled, hits, strict=True)):
        raise PlanError("hits do not fit the sample", code="activity.counts", hint="0 ≤ hits ≤ sampled in each stratum")
    if min(sampled, default=0) < 2:
        raise PlanError("one unit has no variance", code="activity.one-unit", hint="at least two units a stratum")
    totals = np.zeros(draws, np.int64)
    for h, (weight, n, k) in enumerate(zip(weights, sampled, hits, strict=True)):
        steps = np.searchsorted(_binomial_steps(n - 1, Fraction(k, n)), uniforms(seed, f"bootstrap/{h}", draws), side="right")
        totals += np.rint(steps * (weight / (n - 1))).astype(np.int64)
    return np.sort(totals)


def bootstrap_interval(ordered: NDArray[np.int64], *, z: Fraction, tail: Fraction = Fraction(1, 20)) -> Interval:
    """Percentile interval of sorted bootstrap totals (inverse of the empirical distribution).

    Args:
        ordered: Sorted totals.
        z: Standard normal quantile that the tail stands for; it is only recorded.
        tail: Probability left out at each end.
    """
    n = len(ordered)
    low, high = (-(-n * share.numerator // share.denominator) - 1 for share in (tail, 1 - tail))
    return Interval("bootstrap", z, Fraction(int(ordered[max(low, 0)])), Fraction(int(ordered[high])))


def _binomial_steps(n: int, p: Fraction) -> Vector:
    """Distribution function of a binomial at 0 … n − 1, exact and rounded down to 2⁻⁵³."""
    top, bottom, total = p.numerator, p.denominator, 0
    steps = np.empty(n, np.float64)
    for k in range(n):
        total += comb(n, k) * top**k * (bottom - top) ** (n - k)
        steps[k] = (total * 2**53 // bottom**n) * 2.0**-53
    return steps
