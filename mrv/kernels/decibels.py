"""Decibels × 100 of linear power and of amplitudes, by comparison with exact thresholds and never by a logarithm.

A value belongs to the integer ``k`` with ``10^((k − ½) / 1000) ≤ power < 10^((k + ½) / 1000)``: half a hundredth rounds up.
The thresholds are computed once, in decimal arithmetic of 60 digits, and rounded up to the next float64, so the comparison
answers for a float what it would for the real number.  No machine's logarithm has a say.  A threshold of power has an odd
number over 2,000 for exponent and is irrational: no float lies on one, so there are no ties.  An amplitude can lie on one
only where its calibration is given to half a hundredth of a decibel; it then counts as the upper.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from math import inf, nextafter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOWEST, HIGHEST = -32_767, 32_767
"""Least and most, dB × 100; what lies beyond is clipped."""
NODATA = np.int16(-32_768)
AMPLITUDES = 65_536
_DIGITS = 60
_SLACK = Decimal("1e-30")
"""Nearer than this to a whole number a threshold of 60 digits is that number."""


@cache
def power_thresholds() -> NDArray[np.float64]:
    """Least float64 of each integer from ``LOWEST + 1`` to ``HIGHEST``, ascending."""
    with localcontext() as context:
        context.prec = _DIGITS
        step, value = Decimal(10) ** (Decimal(1) / 1000), Decimal(10) ** (Decimal(2 * LOWEST + 1) / 2000)
        rows = []
        for _ in range(LOWEST + 1, HIGHEST + 1):
            nearest = float(value)
            rows.append(nearest if Decimal(nearest) >= value else nextafter(nearest, inf))
            value *= step
    return np.array(rows, np.float64)


def decibels_of_power(power: NDArray[np.floating]) -> NDArray[np.int16]:
    """Linear power as dB × 100.

    Args:
        power: Any shape, float32 or float64; not finite or not above 0 is nodata.

    Returns:
        int16 of the same shape, :data:`NODATA` where there is none.
    """
    value = np.asarray(power, np.float64)
    seen = np.isfinite(value) & (value > 0)
    found = np.searchsorted(power_thresholds(), np.where(seen, value, 1.0), side="right") + LOWEST
    return np.where(seen, found, NODATA).astype(np.int16)


@cache
def amplitude_decibels(calibration_db: Decimal) -> NDArray[np.int16]:
    """20 · log10(DN) + calibration as dB × 100, of every digital number of 16 bits.

    Args:
        calibration_db: Calibration factor, dB, within ±200.

    Returns:
        int16 (65,536,); :data:`NODATA` at 0.
    """
    with localcontext() as context:
        context.prec = _DIGITS
        shift = 100 * calibration_db
        # DN reaches k where 2000 · log10(DN) + shift ≥ k − ½.
        first = int((shift + Decimal("0.5")).to_integral_value(rounding="ROUND_FLOOR")) + 1
        step, value = Decimal(10) ** (Decimal(1) / 2000), Decimal(10) ** ((first - Decimal("0.5") - shift) / 2000)
        least = []
        while value < AMPLITUDES:
            whole = value.to_integral_value()
            least.append(int(whole if abs(value - whole) < _SLACK else value.to_integral_value(rounding="ROUND_CEILING")))
            value *= step
    found = np.searchsorted(np.array(least), np.arange(AMPLITUDES), side="right") + first - 1
    found[0] = NODATA
    return found.astype(np.int16)
