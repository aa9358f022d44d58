"""What every table of a plan is made of; written, like sections, without postponed annotations."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]
Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
MAX_CLAIM_T = 10**12
DayOfYear = Annotated[int, Field(strict=True, ge=1, le=366)]
MAX_DIGITS = 30
"""Digits before and after the point: an exponent beyond would fill the memory when the plan is written out to be signed."""


class Table(BaseModel):
    """A closed, frozen table."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # built once, inside the plan

    @model_validator(mode="after")
    def _written_out(self) -> Self:
        for value in _decimals(list(self.__dict__.values())):
            exponent = value.as_tuple().exponent
            if value.adjusted() >= MAX_DIGITS or not isinstance(exponent, int) or exponent < -MAX_DIGITS:
                raise ValueError(f"a number needs more than {MAX_DIGITS} digits before or after the point")
        return self


def _decimals(value: Any) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _decimals(item)
