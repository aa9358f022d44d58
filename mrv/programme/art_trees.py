"""ART TREES 2.0: the uncertainty adjustment, as a worked example on tonnes that are not creditable.

The constants are t(.70) and t(.95) at 10,000 degrees of freedom, as quoted by secondary sources; the standard's own text
was not read, and every statement says so.
"""

from __future__ import annotations

from fractions import Fraction

from mrv.equations import round_up, trees_uncertainty_adjustment
from mrv.programme.steps import Step
from mrv.units import decimal_str


def worked_example(emission_kg: int, *, mean_kg: int, half_width_90_kg: int) -> tuple[Step, ...]:
    """UAdj on an emission and its 90 % half-width, as if it were a gross reduction.

    Args:
        emission_kg: kg CO2e, above zero.
        mean_kg: Mean of the draws, above zero.
        half_width_90_kg: Half-width of their 90 % interval.

    Returns:
        Two steps: the adjustment rounded up to whole kilograms and capped at the base, and what it leaves.
    """
    share = Fraction(half_width_90_kg, mean_kg)
    factor = trees_uncertainty_adjustment(share)
    adjustment = min(round_up(emission_kg * factor), emission_kg)
    left = emission_kg - adjustment
    return (
        Step(
            "ART TREES 2.0 UAdj = 0.524417 × HW90 / 1.645006, HW90 as a fraction of the draws' mean; rounded up, capped at 1",
            emission_kg,
            f"HW90 {decimal_str(share, places=6)}, UAdj {decimal_str(factor, places=6)}",
            adjustment,
            "kg CO2e",
        ),
        Step("base less adjustment", emission_kg, f"{adjustment} kg", left, "kg CO2e"),
    )
