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


def absolute_sum_percent(*terms: tuple[Fraction, Fraction]) -> Fraction | None:
    """Uncertainty of several sources, % of the sum of their absolute values: √Σ(U·E)² / Σ|E|.

    Unlike :func:`sum_percent`, opposite signs do not cancel in the denominator: 100 ± 20 % and −80 ± 20 % give 14 %, where
    the net of 20 is uncertain by 128 % (VM0033 2.1, §8.5.2: "denominators must be expressed in absolute values").

    Args:
        terms: Pairs of a signed quantity and its uncertainty in percent.

    Returns:
        Percent, or None where every quantity is zero.

    References:
        VM0033 2.1 Eq. 87, 89 (sources of one stratum), 91 (baseline and project, up to year t).
    """
    whole = sum((abs(quantity) for quantity, _ in terms), Fraction(0))
    if whole == 0:
        return None
    return sqrt_fraction(sum(((quantity * percent) ** 2 for quantity, percent in terms), Fraction(0))) / whole


def area_weighted_percent(*strata: tuple[Fraction, Fraction]) -> Fraction | None:
    """Uncertainty across strata, weighted by area and not by emission: √Σ(U·A)² / ΣA.

    Args:
        strata: Pairs of an area (any unit, ≥ 0) and an uncertainty in percent.

    Returns:
        Percent, or None without area.

    References:
        VM0033 2.1 Eq. 88, 90.
    """
    return absolute_sum_percent(*strata)


def allowed_uncertainty_factor(error: Fraction, allowable: Fraction) -> Fraction:
    """What is left after a deduction of the uncertainty beyond the allowable: min(1, 1 − error + allowable), never below 0.

    Without the clamp an error of 10 % would pay 1.10 of the benefit.

    Args:
        error: Uncertainty, as a fraction.
        allowable: 0.20 at 90 % or 0.30 at 95 % confidence.

    References:
        VM0033 2.1 Eq. 92, with "where this precision level is met, no deduction must result".
    """
    return max(Fraction(0), min(Fraction(1), 1 - error + allowable))


AR_TOOL14_BANDS = tuple((Fraction(top, 100), Fraction(share, 100)) for top, share in ((10, 0), (15, 25), (20, 50), (30, 75)))
"""Upper end of each band of U as a fraction, and the share of U that is discounted."""


def ar_tool14_discount(uncertainty: Fraction) -> Fraction:
    """Discount of a mean, as a fraction of the mean: a share of its uncertainty U, never of the tonnes.

    Args:
        uncertainty: U as a *fraction* of the mean (0.15, not 15): half-width of the 90 % interval over the mean.

    References:
        AR-TOOL14 04.2, Appendix 2, Table 1.
    """
    share = next((share for top, share in AR_TOOL14_BANDS if uncertainty <= top), Fraction(1))
    return share * uncertainty
