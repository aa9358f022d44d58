"""Intervals of an area (or of any mean of bounded scores) from a stratified sample, in exact fractions.

Each interval is a confidence distribution: :func:`limit` gives the bound at any standard normal ``z``, so that the two
ends of an interval and the draws of a Monte Carlo come from one function.

``score`` is the one to sign.  A sum over strata with rare hits in a big one is as skewed as a Poisson count, and Wald's
interval, which knows no skewness, falls short on the upper side.  The variance of the estimate grows with the quantity
itself at the rate λ = κ₃ / V (third cumulant over variance; W(1 − 2p)/n for one stratum), so the score test of a value
``A`` compares its distance to √(V + λ(A − Â)); corrected for its own skewness and solved for ``A`` it is::

    A(z) = Â + λ(2t² + 1)/6 + t √(V + λ²(t² + 2)/12),    t = z + (z³ + z)/4ν

Skewness of opposite signs would cancel in λ: forest, say, has rare misses where it is mapped and rare hits where it is
not.  Parts that are skewed upwards and parts that are skewed downwards are therefore bounded apart, and the distances of their
limits added in quadrature (variance recovery), as for a difference of two rates.

For one Poisson count (V = λ²k, ν = ∞) it is (z/2 + √(k + z²/12 + 1/6))², Bartlett's corrected score.  ν are the degrees of
freedom of what λ leaves unexplained of the error of V (none for one stratum); t is the Student quantile to order 1/ν.
Strata without hits are smoothed for λ alone, never for the estimate or its variance.
``benchmarks/interval_coverage.py`` is how this was chosen.

References:
    Bartlett 1953, Biometrika 40:306 (score corrected for skewness); Gart & Nam 1988, Biometrics 44:323 (for binomial
    parameters); Zou & Donner 2008, Stat Med 27:1693 (variance recovery); Cai 2005, J Stat Plan Inference 131:63 (why a
    one-sided limit needs it); Satterthwaite 1946, Biometrics Bull 2:110 (ν); Abramowitz & Stegun 1964, 26.7.5 (t from z);
    Wilson 1927, JASA 22:209;
    Korn & Graubard 1998, Survey Methodology 24:193 (effective sample size).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal

from mrv.equations import round_up, sqrt_fraction
from mrv.errors import PlanError

Method = Literal["score", "wilson", "logit", "wald"]
AnyMethod = Literal["score", "wilson", "logit", "wald", "bootstrap"]
METHODS: tuple[Method, ...] = ("score", "wilson", "logit", "wald")
Z90 = Fraction("1.6448536269514722")
"""Standard normal quantile of 0.95: two-sided 90 %, the signed level."""
Z95 = Fraction("1.959963984540054")
"""Standard normal quantile of 0.975: two-sided 95 %, the level of published half-widths."""
MOST_NOISE = Fraction(1, 5)
"""Where fewer than five degrees of freedom are left, the expansion of t is not used any further."""
_ROOT_PLACES = 18
_EXP_DIGITS = 40
_CERTAIN = Fraction(700)
_EXP_PLACES = 24


@dataclass(frozen=True, slots=True)
class Shape:
    """What an interval needs to know of an estimate, in the estimate's unit."""

    value: Fraction
    """Estimate, never smoothed."""
    variance: Fraction
    """Its variance, never smoothed."""
    skew_down: Fraction
    """κ₃ / V below the estimate, strata smoothed with units of their lowest score."""
    skew_up: Fraction
    """κ₃ / V above the estimate, strata smoothed with units of their highest score; not below ``skew_down``."""
    noise: Fraction
    """1 / ν, of the error of the variance that the skewness does not explain; at most :data:`MOST_NOISE`."""
    smooth_value: Fraction
    """Estimate after half a unit of both is added; for ``wilson`` and ``logit`` only."""
    smooth_variance: Fraction
    """Variance after half a unit of both is added; for ``wilson`` and ``logit`` only."""
    low: Fraction
    """Smallest value possible."""
    high: Fraction
    """Largest value possible."""
    rising: Shape | None = None
    """The parts that are skewed upwards (rare hits), where others are skewed downwards; for ``score`` only."""
    falling: Shape | None = None
    """The parts that are skewed downwards (rare misses); both are given, or neither."""

    def __post_init__(self) -> None:
        if self.low > self.high or self.variance < 0 or self.smooth_variance < 0 or self.skew_down > self.skew_up:
            raise PlanError(
                "an interval needs low ≤ high, variances that are not negative, and skewness that does not fall",
                code="interval.shape",
                hint="build the shape with an estimator of mrv.activity",
            )

    def scaled(self, factor: Fraction) -> Shape:
        """The same estimate in another unit: every value times a factor above zero."""
        if factor <= 0:
            raise PlanError(f"a unit is not changed by {factor}", code="interval.shape", hint="a factor above zero")
        return Shape(
            value=self.value * factor,
            variance=self.variance * factor * factor,
            skew_down=self.skew_down * factor,
            skew_up=self.skew_up * factor,
            noise=self.noise,
            smooth_value=self.smooth_value * factor,
            smooth_variance=self.smooth_variance * factor * factor,
            low=self.low * factor,
            high=self.high * factor,
            rising=self.rising and self.rising.scaled(factor),
            falling=self.falling and self.falling.scaled(factor),
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """Two limits of one confidence distribution."""

    method: AnyMethod
    """Which; ``bootstrap`` has no formula and comes from :mod:`mrv.uncertainty.confidence`."""
    z: Fraction
    """Standard normal quantile of the upper limit; the lower has −z."""
    low: Fraction
    """Lower limit."""
    high: Fraction
    """Upper limit."""

    @property
    def half_width(self) -> Fraction:
        """Half of the distance between the limits."""
        return (self.high - self.low) / 2

    @property
    def outward(self) -> tuple[int, int]:
        """The limits as integers, rounded away from each other."""
        return self.low.numerator // self.low.denominator, round_up(self.high)


def interval(shape: Shape, *, z: Fraction = Z90, method: Method = "score") -> Interval:
    """Limits at −z and z.

    Args:
        shape: The estimate.
        z: Standard normal quantile above 0 (:data:`Z90`, :data:`Z95`).
        method: Which interval.

    Raises:
        PlanError: ``interval.method`` (unknown), ``interval.z`` (not above 0).
    """
    if z <= 0:
        raise PlanError(f"an interval needs z above 0, not {z}", code="interval.z", hint="1.6448536… is 90 %, 1.959964… 95 %")
    return Interval(method, z, limit(shape, -z, method=method), limit(shape, z, method=method))


def limit(shape: Shape, z: Fraction, *, method: Method = "score") -> Fraction:
    """The confidence distribution's point at a standard normal ``z``; never falls as ``z`` grows.

    Args:
        shape: The estimate.
        z: Standard normal quantile, any sign.
        method: Which interval.

    Raises:
        PlanError: ``interval.method``.
    """
    if method == "score":
        raw = _score(shape, z)
    elif method == "wald":
        raw = shape.value + z * _root(shape.variance)
    elif method == "wilson":
        raw = _outside(shape, z, _wilson(shape, z))
    elif method == "logit":
        raw = _outside(shape, z, _logit(shape, z))
    else:
        raise PlanError(f"no interval {method}", code="interval.method", hint=f"one of {', '.join(METHODS)}")
    return raw if method == "wald" else min(max(raw, shape.low), shape.high)


def _score(shape: Shape, z: Fraction) -> Fraction:
    if shape.rising is None or shape.falling is None:
        return _one_way(shape, z)
    sign = 1 if z >= 0 else -1
    steps = [max(sign * (_one_way(part, z) - part.value), Fraction(0)) for part in (shape.rising, shape.falling)]
    return shape.value + sign * _root(sum((step * step for step in steps), Fraction(0)))


def _one_way(shape: Shape, z: Fraction) -> Fraction:
    t = z + (z**3 + z) * shape.noise / 4
    skew = shape.skew_up if z >= 0 else shape.skew_down
    root = _root(shape.variance + skew * skew * (t * t + 2) / 12)
    if t * skew / 2 + root < 0:
        # Beyond the value at which no variance is left.
        return shape.value - shape.variance / skew
    return shape.value + skew * (2 * t * t + 1) / 6 + t * root


def _wilson(shape: Shape, z: Fraction) -> Fraction:
    width, size = shape.high - shape.low, effective_size(shape)
    if size is None or size <= 0:
        return shape.value
    p = min(max((shape.value - shape.low) / width, Fraction(0)), Fraction(1))
    shrunk = 1 + z * z / size
    centre = p + z * z / (2 * size)
    return shape.low + width * (centre + z * _root(p * (1 - p) / size + z * z / (4 * size * size))) / shrunk


def effective_size(shape: Shape) -> Fraction | None:
    """Units of a simple random sample with the same (smoothed) variance; None where there is none (a census)."""
    above, below = shape.smooth_value - shape.low, shape.high - shape.smooth_value
    return above * below / shape.smooth_variance if shape.smooth_variance else None


def _logit(shape: Shape, z: Fraction) -> Fraction:
    centre = shape.value if shape.low < shape.value < shape.high else shape.smooth_value
    above, below = centre - shape.low, shape.high - centre
    if not shape.smooth_variance or above <= 0 or below <= 0:
        return shape.value
    odds = above / below * _exp(z * _root(shape.smooth_variance) * (above + below) / (above * below))
    return shape.low + (above + below) * odds / (1 + odds)


def _outside(shape: Shape, z: Fraction, raw: Fraction) -> Fraction:
    # Where the centre is smoothed (no hits at all) a limit must not pass the estimate.
    return max(raw, shape.value) if z >= 0 else min(raw, shape.value)


def _root(value: Fraction) -> Fraction:
    return sqrt_fraction(value, places=_ROOT_PLACES)


def _exp(value: Fraction) -> Fraction:
    # Decimal's exp is rounded correctly, so it is the same everywhere; odds of e^700 are certainty, and e^(10^7) overflows.
    value = min(value, _CERTAIN)
    with localcontext(prec=_EXP_DIGITS):
        power = (Decimal(value.numerator) / Decimal(value.denominator)).exp()
    return Fraction(round(Fraction(power) * 10**_EXP_PLACES), 10**_EXP_PLACES)
