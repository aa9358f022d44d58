"""How many units to sample, and how to share them among strata: whole numbers that add up, never above what there is.

References:
    Olofsson et al. 2014, Remote Sens Environ 148:42, Eq. 13 and section 5.1.2 (allocation); Cochran 1977, Sampling
    Techniques, Eq. 5.25 (sample size), 5.26 (Neyman); Olofsson et al. 2020, Remote Sens Environ 236:111492 (the buffer
    stratum: a strip around mapped change, where omissions gather).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mrv.equations import round_up, sqrt_fraction
from mrv.errors import PlanError

BUFFER_FLOOR = 50
"""Units that a stratum of rare change or its buffer gets at least (Olofsson et al. 2014 section 5.1.2: 50 to 100)."""


@dataclass(frozen=True, slots=True)
class PlannedStratum:
    """A stratum before the draw."""

    name: str
    """Name."""
    area_m2: int
    """Geodesic area, m²."""
    units: int
    """N_h, units."""
    expected: Fraction
    """Share of it expected to be the target class, as a guess from earlier work; 0 to 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.expected <= 1 or min(self.area_m2, self.units) < 0:
            raise PlanError(
                f"{self.units} units on {self.area_m2} m² with an expected share of {self.expected}",
                code="sample.expected",
                field=self.name,
                hint="area and units are not negative, a share lies between 0 and 1",
            )

    @property
    def spread(self) -> Fraction:
        """Standard deviation S_h of the indicator of the target class."""
        return sqrt_fraction(self.expected * (1 - self.expected))


def sample_size(
    weights: Sequence[Fraction], users: Sequence[Fraction], target_se: Fraction, *, units: int | None = None
) -> int:
    """Units needed for a standard error of overall accuracy.

    Args:
        weights: Share W_h of each stratum in the area; they add up to one.
        users: User's accuracy U_h expected in each.
        target_se: Standard error S(O) wanted.
        units: N, for the finite-population term; left out where N is large.

    Raises:
        PlanError: ``sample.size``.

    References:
        Olofsson et al. 2014 Eq. 13: (Σ W_h S_h)² / (S(O)² + Σ W_h S_h² / N), S_h = √(U_h (1 − U_h)).
    """
    if len(weights) != len(users) or sum(weights) != 1 or min(weights) < 0 or target_se <= 0:
        raise PlanError(
            f"weights {[str(weight) for weight in weights]}, target {target_se}",
            code="sample.size",
            hint="one weight and one accuracy a stratum, weights that add up to 1, a target above 0",
        )
    if not all(0 <= share <= 1 for share in users):
        raise PlanError("an accuracy lies outside 0 to 1", code="sample.size", field="users", hint="give shares, not percent")
    spreads = [sqrt_fraction(share * (1 - share)) for share in users]
    first = sum((weight * spread for weight, spread in zip(weights, spreads, strict=True)), Fraction(0))
    second = sum((weight * spread * spread for weight, spread in zip(weights, spreads, strict=True)), Fraction(0))
    return round_up(first * first / (target_se * target_se + (second / units if units else 0)))


def sample_size_for_area(strata: Sequence[PlannedStratum], target_se_m2: Fraction) -> int:
    """Units needed, under Neyman's allocation, for a standard error of the target class's area.

    Args:
        strata: Strata with their expected shares.
        target_se_m2: Standard error wanted, m².

    Raises:
        PlanError: ``sample.size``.

    References:
        Cochran 1977 Eq. 5.25 with W_h in m²: (Σ A_h S_h)² / (V + Σ A_h² S_h² / N_h).
    """
    if target_se_m2 <= 0:
        raise PlanError(f"a standard error of {target_se_m2} m²", code="sample.size", hint="give a target above 0")
    first = sum((stratum.area_m2 * stratum.spread for stratum in strata), Fraction(0))
    finite = sum(((stratum.area_m2 * stratum.spread) ** 2 / stratum.units for stratum in strata if stratum.units), Fraction(0))
    return round_up(first * first / (target_se_m2**2 + finite))


def expected_standard_error_m2(strata: Sequence[PlannedStratum], sampled: Sequence[int]) -> Fraction:
    """Standard error of the target class's area that an allocation should give, m².

    Args:
        strata: Strata with their expected shares.
        sampled: n_h.

    Raises:
        PlanError: ``sample.size`` where a stratum with area has none.

    References:
        Cochran 1977 Eq. 5.7 (with the finite-population correction).
    """
    variance = Fraction(0)
    for stratum, count in zip(strata, sampled, strict=True):
        if stratum.area_m2 and count < 1:
            raise PlanError("no unit", code="sample.size", field=stratum.name, hint="a stratum with area needs units")
        if stratum.area_m2:
            variance += (stratum.area_m2 * stratum.spread) ** 2 * (1 - Fraction(count, stratum.units)) / count
    return sqrt_fraction(variance)


def equal(strata: Sequence[PlannedStratum], n: int, *, floor: int = 2) -> tuple[int, ...]:
    """The same number in each stratum; see :func:`apportion`."""
    return apportion(strata, n, [Fraction(1) if stratum.units else Fraction(0) for stratum in strata], floor=floor)


def proportional(strata: Sequence[PlannedStratum], n: int, *, floor: int = 2) -> tuple[int, ...]:
    """By number of units, small strata raised to a floor; see :func:`apportion`."""
    return apportion(strata, n, [Fraction(stratum.units) for stratum in strata], floor=floor)


def neyman(strata: Sequence[PlannedStratum], n: int, *, floor: int = 2) -> tuple[int, ...]:
    """By A_h S_h of the target class, which makes its variance smallest; see :func:`apportion`.

    A stratum expected to have none of the class gets the floor, not nothing: that none is there is what is to be shown.

    Raises:
        PlanError: ``sample.expected`` where no stratum has an expected share between 0 and 1.
    """
    weights = [stratum.area_m2 * stratum.spread for stratum in strata]
    if not any(weights):
        raise PlanError(
            "every stratum is expected to be all or none of the target class",
            code="sample.expected",
            hint="give the share of each stratum that you expect to find changed",
        )
    return apportion(strata, n, weights, floor=floor)


def apportion(strata: Sequence[PlannedStratum], n: int, weights: Sequence[Fraction], *, floor: int = 2) -> tuple[int, ...]:
    """Whole units by weight that add up to ``n``, each at least the floor and at most N_h.

    Strata that fall below the floor or above N_h are set there and the rest share what is left, until none does; the
    whole units left over go to the largest remainders, the earlier stratum first.

    Args:
        strata: Strata.
        n: Units in all.
        weights: Weight of each, not negative.
        floor: Units that each stratum gets at least (all of its units where it has fewer).

    Raises:
        PlanError: ``sample.size``: ``n`` is below what the floors need or above what there is.
    """
    low = [min(max(floor, 0), stratum.units) for stratum in strata]
    high = [stratum.units for stratum in strata]
    if not sum(low) <= n <= sum(high) or min(weights, default=Fraction(0)) < 0:
        raise PlanError(
            f"{n} units cannot be shared: the strata need {sum(low)} at least and have {sum(high)}",
            code="sample.size",
            field="n",
            hint=f"give {sum(low)} to {sum(high)}, or a lower floor",
        )
    shares = _between(n, weights, low, high)
    whole = [share.numerator // share.denominator for share in shares]
    order = sorted(range(len(shares)), key=lambda h: (whole[h] - shares[h], h))
    for h in order[: n - sum(whole)]:
        whole[h] += 1
    return tuple(whole)


def _between(n: int, weights: Sequence[Fraction], low: Sequence[int], high: Sequence[int]) -> list[Fraction]:
    """Shares ∝ weights that add up to n, held between low and high.

    Each round fixes the side on which the clamps weigh more, as in water filling; at least one stratum is fixed a round.
    """
    shares: list[Fraction | None] = [None] * len(weights)
    while free := [h for h, share in enumerate(shares) if share is None]:
        left = n - sum((share for share in shares if share is not None), Fraction(0))
        weight = sum((weights[h] for h in free), Fraction(0))
        # Without weight left, what remains is shared by the room there is.
        fair = {h: left * (weights[h] / weight if weight else Fraction(high[h], sum(high[k] for k in free) or 1)) for h in free}
        lack = sum((max(low[h] - fair[h], Fraction(0)) for h in free), Fraction(0))
        excess = sum((max(fair[h] - high[h], Fraction(0)) for h in free), Fraction(0))
        if lack == excess == 0:
            return [fair[h] if share is None else share for h, share in enumerate(shares)]
        for h in free:
            if lack >= excess and fair[h] <= low[h]:
                shares[h] = Fraction(low[h])
            elif excess >= lack and fair[h] >= high[h]:
                shares[h] = Fraction(high[h])
    return [share for share in shares if share is not None]
