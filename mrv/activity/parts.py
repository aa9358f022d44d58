"""Independent parts of an estimated total: their moments, and the shape of the total that an interval needs.

A part is one stratum of a design, or one row of gold units: scores counted in a simple random sample without replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from mrv.errors import PlanError
from mrv.uncertainty.intervals import MOST_NOISE, Shape

HALF = Fraction(1, 2)
"""Units of both scores that the rivals of the signed interval add to each stratum (Jeffreys)."""
SMOOTHING = Fraction(1, 4)
"""Units of the extreme score that the skewness of the signed interval adds to each stratum. Chosen by experiment
(``benchmarks/interval_coverage.py``): less falls short where an omission is rare, more is too wide where there is none."""


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
        return self.weight * _moment(self.scores)

    @property
    def variance(self) -> Fraction:
        """Variance of :attr:`total`, unbiased."""
        if self.census:
            return Fraction(0)
        n = self.sampled
        spread = _moment(self.scores, 2, _moment(self.scores)) * n / (n - 1)
        return self.weight**2 * (1 - self.fraction) * spread / n


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
    falling = [piece for piece in pieces if _mostly_high(piece)]
    rising = [piece for piece in pieces if not _mostly_high(piece)]
    whole = _shape(pieces, offset, bounds)
    if not (rising and falling):
        return whole
    return replace(whole, rising=_shape(rising, Fraction(0), None), falling=_shape(falling, Fraction(0), None))


def _mostly_high(piece: Part) -> bool:
    """Whether the mean lies nearer the highest score: what is rare there, if anything is, pulls down."""
    scores = [score for score, _ in piece.scores]
    return 2 * _moment(piece.scores) > min(scores) + max(scores)


def _shape(pieces: Sequence[Part], offset: Fraction, bounds: tuple[Fraction, Fraction] | None) -> Shape:
    value = sum((piece.total for piece in pieces), offset)
    variance = sum((piece.variance for piece in pieces), Fraction(0))
    smooth = [_smoothed(piece, down=HALF, up=HALF) for piece in pieces]
    down = _skewness([_smoothed(piece, down=SMOOTHING, up=Fraction(0)) for piece in pieces])
    up = _skewness([_smoothed(piece, down=Fraction(0), up=SMOOTHING) for piece in pieces])
    low, high = bounds or (
        sum((piece.weight * min(score for score, _ in piece.scores) for piece in pieces), offset),
        sum((piece.weight * max(score for score, _ in piece.scores) for piece in pieces), offset),
    )
    return Shape(
        value=value,
        variance=variance,
        skew_down=down,
        skew_up=max(down, up),
        noise=_noise(pieces),
        smooth_value=sum((mean for mean, _, _ in smooth), offset),
        smooth_variance=sum((second for _, second, _ in smooth), Fraction(0)),
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


def _moment(scores: Sequence[tuple[Fraction, int | Fraction]], power: int = 1, centre: Fraction = Fraction(0)) -> Fraction:
    seen = [(score, count) for score, count in scores if count]
    size = sum(count for _, count in seen)
    return sum((count * (score - centre) ** power for score, count in seen), Fraction(0)) / size


def _smoothed(piece: Part, *, down: Fraction, up: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Mean, variance and skewness of a part after ``down`` units of its lowest and ``up`` of its highest score.

    The skewness is the covariance of estimate and variance: the third cumulant, but for the correction that it has for a
    finite population.
    """
    scores: list[tuple[Fraction, int | Fraction]] = [*piece.scores]
    scores += [(min(score for score, _ in piece.scores), down), (max(score for score, _ in piece.scores), up)]
    n, kept = piece.sampled, 1 - piece.fraction
    mean = _moment(scores)
    second = piece.weight**2 * kept * _moment(scores, 2, mean) / n
    third = piece.weight**3 * kept**2 * _moment(scores, 3, mean) / (n * n)
    return piece.weight * mean, second, third


def _skewness(cumulants: Sequence[tuple[Fraction, Fraction, Fraction]]) -> Fraction:
    variance = sum((second for _, second, _ in cumulants), Fraction(0))
    return sum((third for _, _, third in cumulants), Fraction(0)) / variance if variance else Fraction(0)


def _noise(pieces: Sequence[Part]) -> Fraction:
    """1 / ν = (Var V̂ − Cov(Â, V̂)² / V) / 2V²: what the estimate itself does not tell of the error of its variance."""
    plain = [_smoothed(piece, down=Fraction(0), up=Fraction(0)) for piece in pieces]
    variance = sum((second for _, second, _ in plain), Fraction(0))
    if not variance:
        return Fraction(0)
    spread = Fraction(0)
    for piece in pieces:
        n, mean = piece.sampled, _moment(piece.scores)
        flat = _moment(piece.scores, 4, mean) - _moment(piece.scores, 2, mean) ** 2
        spread += piece.weight**4 * (1 - piece.fraction) ** 3 * flat / n**3
    shared = sum((third for _, _, third in plain), Fraction(0)) ** 2 / variance
    return min(max(spread - shared, Fraction(0)) / (2 * variance * variance), MOST_NOISE)
