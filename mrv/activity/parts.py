"""Independent parts of an estimated total: their moments, and the shape of the total that an interval needs.

A part is one stratum of a design, or one row of gold units: scores counted in a simple random sample without replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from mrv.errors import PlanError
from mrv.uncertainty.intervals import MOST_NOISE, Shape

HALF = Fraction(1, 2)
"""Units of both scores that the rivals of the signed interval add to each stratum (Jeffreys)."""
SMOOTHING = Fraction(1, 4)
"""Units of the extreme score that the skewness of the signed interval adds to each stratum. Chosen by experiment
(``benchmarks/interval_coverage.py``): less falls short where an omission is rare, more is too wide where there is none."""
_Cumulants = tuple[Fraction, Fraction, Fraction]
"""Mean, variance and skewness of what a part adds to a total."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one stratum (or another independent sample) adds to a total."""

    name: str
    """Name."""
    weight: Fraction
    """What its mean score is multiplied by: its area, m²."""
    fraction: Fraction
    """Share of the population in the sample that the variance is corrected for; 0 without correction."""
    scores: Sequence[tuple[Fraction, int]]
    """Score and number of units with it; a score that is possible but was not seen has 0."""

    @property
    def sampled(self) -> int:
        """n_h."""
        return sum(count for _, count in self.scores)

    @property
    def census(self) -> bool:
        """Every unit of the population is in the sample, and the variance is corrected for it."""
        return self.fraction == 1

    @property
    def total(self) -> Fraction:
        """Weight times mean score."""
        return self.weight * _moments(self.scores, 1)[0]


def summed(pieces: Sequence[Part], *, offset: Fraction = Fraction(0), bounds: tuple[Fraction, Fraction] | None = None) -> Shape:
    """Independent parts added up.

    Args:
        pieces: At least one.
        offset: A constant added to the total.
        bounds: Smallest and largest total possible; by default what the scores allow.

    Raises:
        PlanError: ``activity.no-unit``, ``activity.one-unit``, ``activity.counts`` (no part at all).
    """
    checked(pieces)
    told = [_told(piece) for piece in pieces]
    falling = [one for one in told if one.mostly_high]
    rising = [one for one in told if not one.mostly_high]
    whole = _shape(told, offset, bounds)
    if not (rising and falling):
        return whole
    return replace(whole, rising=_shape(rising, Fraction(0), None), falling=_shape(falling, Fraction(0), None))


class _Told(NamedTuple):
    """What one part tells the shape of a total, computed once for the whole and for the side that it is on."""

    total: Fraction
    variance: Fraction
    low: Fraction
    high: Fraction
    mostly_high: bool
    """The mean lies nearer the highest score: what is rare there, if anything is, pulls down."""
    smooth: _Cumulants
    down: _Cumulants
    up: _Cumulants
    plain: _Cumulants
    spread: Fraction
    """Variance of the variance that is estimated."""


def _told(piece: Part) -> _Told:
    weight, n, scores = piece.weight, piece.sampled, [score for score, _ in piece.scores]
    low, high, none = min(scores), max(scores), Fraction(0)
    rate = weight * (1 - piece.fraction) / n
    to_total = (weight, weight * rate, weight * rate * rate)

    def smoothed(down: Fraction, up: Fraction) -> _Cumulants:
        """After ``down`` units of the lowest and ``up`` of the highest score."""
        return _scaled(_moments([*piece.scores, (low, down), (high, up)], 3), to_total)

    mean, second, third, fourth = _moments(piece.scores, 4)
    plain = _scaled((mean, second, third), to_total)
    return _Told(
        total=plain[0],
        variance=none if piece.census else plain[1] * n / (n - 1),
        low=weight * low,
        high=weight * high,
        mostly_high=2 * mean > low + high,
        smooth=smoothed(HALF, HALF),
        down=smoothed(SMOOTHING, none),
        up=smoothed(none, SMOOTHING),
        plain=plain,
        spread=weight * rate**3 * (fourth - second**2),
    )


def _shape(told: Sequence[_Told], offset: Fraction, bounds: tuple[Fraction, Fraction] | None) -> Shape:
    down, up = _skewness([one.down for one in told]), _skewness([one.up for one in told])
    low, high = bounds or (sum((one.low for one in told), offset), sum((one.high for one in told), offset))
    return Shape(
        value=sum((one.total for one in told), offset),
        variance=sum((one.variance for one in told), Fraction(0)),
        skew_down=down,
        skew_up=max(down, up),
        noise=_noise(told),
        smooth_value=sum((one.smooth[0] for one in told), offset),
        smooth_variance=sum((one.smooth[1] for one in told), Fraction(0)),
        low=low,
        high=high,
    )


def checked(pieces: Sequence[Part]) -> Sequence[Part]:
    """Refuse a stratum whose variance cannot be estimated; a census has none to estimate."""
    if not pieces:
        raise PlanError("nothing was sampled", code="activity.counts", hint="a frame has at least one stratum with area")
    for piece in pieces:
        if piece.sampled == 0:
            raise PlanError(
                "no unit was sampled here",
                code="activity.no-unit",
                field=piece.name,
                hint="sample the stratum, or merge it with another before the draw",
            )
        if piece.sampled == 1 and not piece.census:
            raise PlanError(
                "one unit has no variance",
                code="activity.one-unit",
                field=piece.name,
                hint="sample at least two units, or collapse the stratum with a similar one chosen without its labels",
            )
    return pieces


def _moments(scores: Sequence[tuple[Fraction, int | Fraction]], most: int) -> list[Fraction]:
    """Mean of the scores, then their central moments of powers 2 to ``most``: sums of integers, one fraction in the end."""
    unit = lcm(*(score.denominator for score, _ in scores))
    part = lcm(*(count.denominator for _, count in scores))
    seen = [(int(score * unit), int(count * part)) for score, count in scores if count]
    size, first = sum(count for _, count in seen), sum(count * score for score, count in seen)
    apart = [(score * size - first, count) for score, count in seen]
    central = (sum(count * far**power for far, count in apart) for power in range(2, most + 1))
    return [
        Fraction(first, size * unit),
        *(Fraction(raw, size * (size * unit) ** power) for power, raw in enumerate(central, start=2)),
    ]


def _scaled(moments: Sequence[Fraction], to_total: tuple[Fraction, Fraction, Fraction]) -> _Cumulants:
    """Moments of the scores as cumulants of the total.

    The skewness is the covariance of estimate and variance: the third cumulant, but for the correction that it has for a
    finite population.
    """
    return moments[0] * to_total[0], moments[1] * to_total[1], moments[2] * to_total[2]


def _skewness(cumulants: Sequence[_Cumulants]) -> Fraction:
    variance = sum((second for _, second, _ in cumulants), Fraction(0))
    return sum((third for _, _, third in cumulants), Fraction(0)) / variance if variance else Fraction(0)


def _noise(told: Sequence[_Told]) -> Fraction:
    """1 / ν = (Var V̂ − Cov(Â, V̂)² / V) / 2V²: what the estimate itself does not tell of the error of its variance."""
    variance = sum((one.plain[1] for one in told), Fraction(0))
    if not variance:
        return Fraction(0)
    spread = sum((one.spread for one in told), Fraction(0))
    shared = sum((one.plain[2] for one in told), Fraction(0)) ** 2 / variance
    return min(max(spread - shared, Fraction(0)) / (2 * variance * variance), MOST_NOISE)
