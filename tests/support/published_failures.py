"""Arithmetic that was published, signed and wrong (a VM0033 example of a signing platform), as numbers that gates are tried on.

Each is a case of a document whose signature holds and whose number does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class StockAsFlow:
    """A mature stock entered as the change of every year."""

    stock_t_ha: Fraction = Fraction("53.59")
    area_ha: int = 6_524
    years: int = 40
    stated_t: int = 2_860_000
    own_total_t: int = 65_710_000

    @property
    def yearly_rate_t_ha(self) -> Fraction:
        """What the example's own total means per hectare and year, t CO2e."""
        return Fraction(self.own_total_t, self.area_ha * self.years)

    @property
    def stock_once_t(self) -> Fraction:
        """The stock, gained once, t (of the stock's own unit)."""
        return self.stock_t_ha * self.area_ha

    @property
    def stock_every_year_t(self) -> Fraction:
        """The same entered as every year's change."""
        return self.stock_once_t * self.years


@dataclass(frozen=True, slots=True)
class BufferBelowOrAboveRating:
    """A buffer that is not the risk rating."""

    buffer_percent: int = 13
    risk_rating_percent: int = 12


@dataclass(frozen=True, slots=True)
class UnclampedFactor:
    """1 − error + allowable, without the clamp to 1."""

    error: Fraction = Fraction(10, 100)
    allowable: Fraction = Fraction(20, 100)

    @property
    def factor(self) -> Fraction:
        """1.10: more credits than benefit."""
        return 1 - self.error + self.allowable


@dataclass(frozen=True, slots=True)
class UnitSlip:
    """A discount that never fires: U is a fraction, its bands are read as percent."""

    uncertainty: Fraction = Fraction("0.298")

    @property
    def discount(self) -> Fraction:
        """Their discount of the mean."""
        for top, share in ((10, 0), (15, 25), (20, 50), (30, 75)):
            if self.uncertainty <= top:  # 0.298 ≤ 10: always the first band
                return Fraction(share, 100) * self.uncertainty
        return self.uncertainty

    @property
    def over_credit(self) -> Fraction:
        """Credits beyond what 75 % of U leaves, as a fraction."""
        right = 1 - Fraction(75, 100) * self.uncertainty
        return (1 - self.discount) / right - 1


def subtracted_as_tonnes(mean_t: Fraction, uncertainty: Fraction) -> Fraction:
    """The other misuse of the table: the fraction taken off the tonnes as if it were tonnes."""
    return mean_t - Fraction(75, 100) * uncertainty


STOCK_AS_FLOW, BUFFER, UNCLAMPED, UNIT_SLIP = StockAsFlow(), BufferBelowOrAboveRating(), UnclampedFactor(), UnitSlip()
