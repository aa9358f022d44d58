"""What every table of a plan is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Number = Annotated[Decimal, Field(allow_inf_nan=False)]
Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(ge=0, le=100, allow_inf_nan=False)]
MAX_CLAIM_T = 10**12
DayOfYear = Annotated[int, Field(strict=True, ge=1, le=366)]


class Table(BaseModel):
    """A closed, frozen table."""

    model_config = ConfigDict(frozen=True, extra="forbid")
