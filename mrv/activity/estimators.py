"""Design-based estimators for a stratified random sample whose strata need not be classes of any map.

Everything is a total of scores: an indicator of a class for its area, a linearised residual for a ratio, a row of an
inverted error matrix for a corrected area.  :func:`total` estimates any of them, with its variance and the skewness that
its interval needs, in exact fractions from counts.  Weights are geodesic stratum areas; the finite-population correction
counts units.

References:
    Stehman 2014, Int J Remote Sens 35:4923, Eq. 3, 14, 25–28; Olofsson et al. 2014, Remote Sens Environ 148:42,
    Eq. 9–11 (the case of strata = map classes); Cochran 1977, Sampling Techniques, Eq. 5.52–5.57, 5A.42, section 6.11.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from mrv.activity.parts import Part, checked, summed
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError

if TYPE_CHECKING:
    from mrv.uncertainty.intervals import Shape

L = TypeVar("L", bound=Hashable)


@dataclass(frozen=True, slots=True)
class DesignStratum:
    """A stratum of the frozen frame."""

    name: str
    """Name."""
    area_m2: int
    """Geodesic area, m²."""
    units: int
    """N_h, units in the frame."""
    sampled: int
    """n_h, units drawn without replacement and interpreted."""

    def __post_init__(self) -> None:
        if min(self.area_m2, self.units, self.sampled) < 0 or self.sampled > self.units:
            raise PlanError(
                f"{self.sampled} of {self.units} units on {self.area_m2} m²",
                code="activity.stratum",
                field=self.name,
                hint="area and units are not negative, and no more units are sampled than there are",
            )
        if (self.area_m2 == 0) != (self.units == 0):
            raise PlanError(
                f"{self.units} units on {self.area_m2} m²",
                code="activity.stratum",
                field=self.name,
                hint="a stratum has both units and area, or neither",
            )


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated total; an area in m² where the scores are indicators."""

    shape: Shape
    """Value, variance, skewness and bounds: what an interval is made of."""
    fpc: bool
    """Finite-population correction applied."""

    @property
    def area_m2(self) -> Fraction:
        """The estimate, m²."""
        return self.shape.value

    @property
    def variance_m4(self) -> Fraction:
        """Its variance, m⁴."""
        return self.shape.variance

    @property
    def standard_error_m2(self) -> Fraction:
        """Its standard error, m², rounded down at the twelfth decimal."""
        return sqrt_fraction(self.shape.variance)


def estimate(strata: Sequence[DesignStratum], hits: Sequence[int], *, fpc: bool) -> Estimate:
    """Area of a class: Σ A_h p̂_h.

    Args:
        strata: Design strata.
        hits: Units of the class in each.
        fpc: Apply the finite-population correction 1 − n_h/N_h.

    Raises:
        PlanError: ``activity.counts`` (hits do not fit the strata), ``activity.no-unit``, ``activity.one-unit``.

    References:
        Stehman 2014 Eq. 3, 14, 25; Olofsson et al. 2014 Eq. 9–11.
    """
    _same_length(strata, hits)
    counts = [{True: hit, False: stratum.sampled - hit} for stratum, hit in zip(strata, hits, strict=True)]
    return total(strata, counts, {True: Fraction(1), False: Fraction(0)}, fpc=fpc)


def total(
    strata: Sequence[DesignStratum], counts: Sequence[Mapping[L, int]], score: Mapping[L, Fraction], *, fpc: bool
) -> Estimate:
    """Area-weighted total of a score over all units.

    Args:
        strata: Design strata.
        counts: Units by label in each; a label with 0 units is one the stratum could have had.
        score: Score of each label.
        fpc: Apply the finite-population correction.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.
    """
    return Estimate(summed(parts(strata, counts, score, fpc=fpc)), fpc)


def parts(
    strata: Sequence[DesignStratum], counts: Sequence[Mapping[L, int]], score: Mapping[L, Fraction], *, fpc: bool
) -> list[Part]:
    """The strata of positive area as independent parts of a total, checked.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.
    """
    _same_length(strata, counts)
    made: list[Part] = []
    for stratum, row in zip(strata, counts, strict=True):
        if min(row.values(), default=0) < 0 or sum(row.values()) != stratum.sampled:
            raise PlanError(
                f"counts {list(row.values())} are not those of {stratum.sampled} units",
                code="activity.counts",
                field=stratum.name,
                hint="counts are not negative and add up to the units sampled in the stratum",
            )
        fraction = Fraction(stratum.sampled, stratum.units) if fpc and stratum.units else Fraction(0)
        if stratum.area_m2:
            made.append(Part(stratum.name, Fraction(stratum.area_m2), fraction, [(score[x], n) for x, n in row.items()]))
    return made


def covariance(
    strata: Sequence[DesignStratum], both: Sequence[int], first: Sequence[int], second: Sequence[int], *, fpc: bool
) -> Fraction:
    """Covariance of two areas estimated from the same units, m⁴: two classes, or two years of a fixed panel.

    Args:
        strata: Design strata.
        both: Units with both labels in each stratum.
        first: Units with the first label.
        second: Units with the second label.
        fpc: Apply the finite-population correction.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.

    References:
        Cochran 1977 Theorem 2.3, stratum by stratum; s_xy of Stehman 2014 Eq. 28.
    """
    for counts in (both, first, second):
        _same_length(strata, counts)
    result = Fraction(0)
    for stratum, joint, one, two in zip(strata, both, first, second, strict=True):
        either = {(1, 1): joint, (1, 0): one - joint, (0, 1): two - joint, (0, 0): stratum.sampled - one - two + joint}
        score = dict.fromkeys(either, Fraction(0)) | {(1, 1): Fraction(1)}
        for piece in parts([stratum], [either], score, fpc=fpc):
            checked([piece])
            if not piece.census:
                product = joint - Fraction(one * two, stratum.sampled)
                result += piece.weight**2 * (1 - piece.fraction) * product / (stratum.sampled - 1) / stratum.sampled
    return result


def ratio(
    strata: Sequence[DesignStratum],
    counts: Sequence[Mapping[L, int]],
    numerator: Mapping[L, Fraction],
    denominator: Mapping[L, Fraction],
    *,
    fpc: bool,
) -> Estimate | None:
    """Combined ratio of two totals, Ŷ/X̂, linearised; None where X̂ is zero.

    Args:
        strata: Design strata.
        counts: Units by label in each.
        numerator: y of each label.
        denominator: x of each label.
        fpc: Apply the finite-population correction.

    Returns:
        The ratio (no unit), with bounds 0 and 1 where every label has 0 ≤ y ≤ x.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.

    References:
        Stehman 2014 Eq. 27–28; Cochran 1977 section 6.11.
    """
    value = ratio_value(strata, counts, numerator, denominator)
    if value is None:
        return None
    base = _value(strata, counts, denominator)
    residual = {label: (numerator[label] - value * denominator[label]) / base for label in denominator}
    shape = total(strata, counts, residual, fpc=fpc).shape
    share = all(0 <= numerator[label] <= denominator[label] for label in denominator)
    low, high = (Fraction(0), Fraction(1)) if share else (value + shape.low, value + shape.high)
    return Estimate(replace(shape, value=value, smooth_value=value + shape.smooth_value, low=low, high=high), fpc)


def ratio_value(
    strata: Sequence[DesignStratum],
    counts: Sequence[Mapping[L, int]],
    numerator: Mapping[L, Fraction],
    denominator: Mapping[L, Fraction],
) -> Fraction | None:
    """The ratio of :func:`ratio` alone, without its error, which costs ten times as much; None where X̂ is zero.

    Args:
        strata: Design strata.
        counts: Units by label in each.
        numerator: y of each label.
        denominator: x of each label.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.
    """
    base = _value(strata, counts, denominator)
    return _value(strata, counts, numerator) / base if base else None


def _value(strata: Sequence[DesignStratum], counts: Sequence[Mapping[L, int]], score: Mapping[L, Fraction]) -> Fraction:
    """An estimated total without its error."""
    return sum((piece.total for piece in checked(parts(strata, counts, score, fpc=False))), Fraction(0))


def post_stratified(strata: Sequence[DesignStratum], hits: Sequence[int], *, fpc: bool) -> Estimate:
    """Area of a class from a *simple random* sample sorted afterwards into strata of known area.

    Args:
        strata: Post-strata: known areas and units, and the sampled units that happened to fall in each.
        hits: Units of the class in each.
        fpc: Apply the finite-population correction n/N.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``. Cochran asks for some 20 units in each.

    References:
        Cochran 1977 Eq. 5A.42: (1 − f)/n Σ W_h s_h² + 1/n² Σ (1 − W_h) s_h².
    """
    plain = estimate(strata, hits, fpc=False)
    n, whole = sum(stratum.sampled for stratum in strata), sum(stratum.area_m2 for stratum in strata)
    kept = 1 - Fraction(n, sum(stratum.units for stratum in strata)) if fpc else Fraction(1)
    variance = Fraction(0)
    for stratum, hit in zip(strata, hits, strict=True):
        if stratum.area_m2:
            share = Fraction(stratum.area_m2, whole)
            spread = Fraction(hit * (stratum.sampled - hit), stratum.sampled * (stratum.sampled - 1))
            variance += whole * whole * spread * (kept * share / n + (1 - share) / (n * n))
    smooth = max(variance, plain.shape.smooth_variance)
    return Estimate(replace(plain.shape, variance=variance, smooth_variance=smooth), fpc)


def _same_length(strata: Sequence[DesignStratum], counts: Sequence[object]) -> None:
    if len(strata) != len(counts):
        raise PlanError(
            f"counts for {len(counts)} strata, the design has {len(strata)}",
            code="activity.counts",
            hint="give one count a design stratum, in its order",
        )
