"""Units, periods and digests: integers out, decimals as strings, never a float in a signed document."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

import rfc8785
from pydantic import AfterValidator, StringConstraints

M2_PER_HA = 10_000
MM2_PER_M2 = 1_000_000
KG_PER_T = 1_000
CO2_PER_C = Fraction(44, 12)
"""Mass of CO2 per mass of carbon; exact (3.67 overstates by 0.09 %)."""
KG_PER_M2_T_HA = CO2_PER_C * KG_PER_T / M2_PER_HA
"""kg CO2e on one m² for 1 t C/ha."""
EPOCH = date(1970, 1, 1)
JSON_INT_MAX = 2**53 - 1

DECIMAL_PATTERN = r"^(0|-?(0|[1-9][0-9]*)\.[0-9]*[1-9]|-?[1-9][0-9]*)$"
DecimalStr = Annotated[str, StringConstraints(pattern=DECIMAL_PATTERN, max_length=40)]
"""A normalised decimal: no exponent, no trailing zeros, no ``-0``."""
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""``sha256:`` and 64 lower-case hexadecimal digits."""
DateStr = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    AfterValidator(lambda text: str(date.fromisoformat(text))),
]
"""A calendar day, ``YYYY-MM-DD``."""


def decimal_str(value: Decimal | int | Fraction, *, places: int | None = None) -> str:
    """A number as the normalised decimal string that is signed.

    Args:
        value: The number. A ``Fraction`` needs ``places``.
        places: Round half to even to this many decimals first.

    Raises:
        ValueError: Not finite, or a fraction without ``places``.
    """
    if isinstance(value, Fraction) and places is None:
        raise ValueError("a fraction is rounded to a stated number of places")
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    if places is not None:
        # By integers: the decimal context would round to 28 digits on the way.
        digits = str(abs(scaled := round_half_even(Fraction(value) * 10**places))).rjust(places + 1, "0")
        text = ("-" if scaled < 0 else "") + digits[: len(digits) - places] + "." + digits[len(digits) - places :]
    else:
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def round_half_even(value: Fraction) -> int:
    """The nearest integer, ties to even."""
    return round(value)


def kg_co2e(area_m2: int, carbon_t_ha: Fraction) -> int:
    """Kilograms of CO2 equivalent in a carbon density over an area, rounded once.

    Args:
        area_m2: Area, m².
        carbon_t_ha: Carbon density, t C / ha; positive where carbon leaves for the atmosphere.
    """
    return round_half_even(Fraction(area_m2, M2_PER_HA) * carbon_t_ha * CO2_PER_C * KG_PER_T)


def sha256_bytes(data: bytes) -> str:
    """``sha256:<hex>`` of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def sha256_json(value: Any) -> str:
    """``sha256:<hex>`` of a JSON value's canonical form (RFC 8785)."""
    return sha256_bytes(rfc8785.dumps(value))


def epoch_day(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def from_epoch_day(day: int) -> date:
    """The date that is ``day`` days after 1970-01-01."""
    return EPOCH + timedelta(days=int(day))


def utc_now() -> str:
    """The time now, ``…Z``, whole seconds. Provenance only: the statement never sees a clock."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A monitoring period: whole days, both ends included."""

    start: date
    """First day."""
    end: date
    """Last day."""

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"period ends ({self.end}) before it starts ({self.start})")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return f"{self.start}/{self.end}"

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years the period touches: its vintages."""
        return tuple(range(self.start.year, self.end.year + 1))


_SLUG = re.compile(r"[^A-Za-z0-9._-]+")


def slug(text: str) -> str:
    """A name safe in a file path."""
    return _SLUG.sub("-", text).strip("-.") or "x"
