"""Published equations on exact fractions: what the computing rooms apply and what the arithmetic check applies again."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

UADJ_SCALE = Fraction("0.524417")
UADJ_Z90 = Fraction("1.645006")


def above_ground_carbon(agb_t_ha: Fraction, carbon_fraction: Fraction) -> Fraction:
    """Carbon in above-ground biomass, t C/ha (IPCC 2006 V4 Eq. 2.8b, one stratum)."""
    return agb_t_ha * carbon_fraction


def below_ground_carbon(agb_t_ha: Fraction, root_shoot: Fraction, carbon_fraction: Fraction) -> Fraction:
    """Carbon in below-ground biomass, t C/ha (IPCC 2006 V4 Eq. 2.8b, one stratum)."""
    return agb_t_ha * root_shoot * carbon_fraction


def half_width_percent(value: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """Half of an interval as a percentage of its central value."""
    return (high - low) / 2 / value * 100


def sqrt_fraction(value: Fraction, *, places: int = 12) -> Fraction:
    """Square root of a fraction ≥ 0, rounded down to ``places`` decimals; exact integers all the way."""
    scale = 10 ** (2 * places)
    return Fraction(isqrt(value.numerator * scale // value.denominator), 10**places)


def product_percent(*percent: Fraction) -> Fraction:
    """Uncertainty of a product, % (IPCC 2006 V1 Eq. 3.1)."""
    return sqrt_fraction(sum((part * part for part in percent), Fraction(0)))


def sum_percent(*terms: tuple[Fraction, Fraction]) -> Fraction | None:
    """Uncertainty of a sum of signed terms, % of its absolute value (IPCC 2006 V1 Eq. 3.2).

    Args:
        terms: Pairs of a signed quantity and its uncertainty in percent.

    Returns:
        Percent, or None where the sum is zero.
    """
    total = abs(sum((quantity for quantity, _ in terms), Fraction(0)))
    if total == 0:
        return None
    squares = sum((quantity * quantity * percent * percent for quantity, percent in terms), Fraction(0))
    return sqrt_fraction(squares) / total


def trees_uncertainty_adjustment(half_width_90: Fraction) -> Fraction:
    """Uncertainty adjustment factor of ART TREES 2.0 from a 90 % half-width given as a fraction of the mean."""
    return UADJ_SCALE * half_width_90 / UADJ_Z90


def round_up(value: Fraction) -> int:
    """Smallest integer not below: deductions round up."""
    return -(-value.numerator // value.denominator)


def percentage_speaks(mean_kg: int, half_width_kg: int) -> bool:
    """Whether a percentage of a mean says anything: the mean is positive and above a tenth of its half-width."""
    return mean_kg > 0 and mean_kg * 10 > half_width_kg
