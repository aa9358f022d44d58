"""IPCC Approach 1: propagation of error for the emission of a hectare of loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.equations import half_width_percent, product_percent, sum_percent
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Interval:
    """A factor reduced to what Approach 1 needs."""

    value: Fraction
    """Central value."""
    low: Fraction
    """Lower end, 95 %."""
    high: Fraction
    """Upper end, 95 %."""

    @property
    def percent(self) -> Fraction:
        """Half-width, %."""
        return half_width_percent(self.value, self.low, self.high) if self.value else Fraction(0)


@dataclass(frozen=True, slots=True)
class Propagated:
    """What Approach 1 gives."""

    half_width_percent: Fraction | None
    """95 % half-width, % of the central value; None where that is zero."""
    variance_percent: dict[str, Fraction]
    """Share of each role in the variance, %."""


def emission_uncertainty(factors: dict[str, Interval]) -> Propagated:
    """Approach 1 for ``agb (1 + root_shoot) carbon_fraction − after_biomass after_carbon_fraction``.

    Args:
        factors: Intervals by role. The ratio enters as 1 + R, whose half-width is that of R.

    References:
        IPCC 2006 V1 ch. 3 Eq. 3.1 (product), 3.2 (sum).
    """
    agb, ratio, fraction = factors["agb"], factors["root_shoot"], factors["carbon_fraction"]
    after, after_fraction = factors["after_biomass"], factors["after_carbon_fraction"]
    whole_tree = half_width_percent(1 + ratio.value, 1 + ratio.low, 1 + ratio.high)
    before = agb.value * (1 + ratio.value) * fraction.value
    left = after.value * after_fraction.value
    total = sum_percent(
        (before, product_percent(agb.percent, whole_tree, fraction.percent)),
        (-left, product_percent(after.percent, after_fraction.percent)),
    )
    squares = {
        "agb": (before * agb.percent) ** 2,
        "root_shoot": (before * whole_tree) ** 2,
        "carbon_fraction": (before * fraction.percent) ** 2,
        "after_biomass": (left * after.percent) ** 2,
        "after_carbon_fraction": (left * after_fraction.percent) ** 2,
    }
    whole = sum(squares.values(), Fraction(0))
    return Propagated(total, {role: 100 * part / whole if whole else Fraction(0) for role, part in squares.items()})


def approach1_percent(factors: Mapping[str, Any]) -> str | None:
    """95 % half-width of the biomass that a hectare of loss emits, %, as a statement lists it.

    Args:
        factors: Factors by role, each with ``value``, ``low`` and ``high``.

    Returns:
        None where the total is zero, or where roots are measured with the stems: their errors are not independent.
    """
    if "bgb" in factors:
        return None
    intervals = {role: Interval(Fraction(f.value), Fraction(f.low), Fraction(f.high)) for role, f in factors.items()}
    half = emission_uncertainty(intervals).half_width_percent
    return None if half is None else decimal_str(half, places=4)
