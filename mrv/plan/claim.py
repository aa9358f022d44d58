"""What a project claims for one period."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mrv.plan.base import MAX_CLAIM_T, Slug, Table
from mrv.units import Period


class Claim(Table):
    """What the project claims for one period."""

    period: Slug
    """Name of the monitoring period."""
    start: date
    """First day, a 1 January."""
    end: date
    """Last day, a 31 December."""
    vintages: dict[
        Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")], Annotated[int, Field(strict=True, ge=0, le=MAX_CLAIM_T)]
    ]
    """Claimed t CO2e per vintage year."""
    article6: Literal["none", "authorised"] = "none"
    """Use under Article 6 claimed."""
    assurance: Literal["none", "limited", "reasonable"] = "none"
    """Agreed level of assurance."""

    @model_validator(mode="after")
    def _inside(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"ends ({self.end}) before it starts ({self.start})")
        if (self.start.month, self.start.day, self.end.month, self.end.day) != (1, 1, 12, 31):
            raise ValueError("vintages are calendar years: start on 1 January and end on 31 December")
        if stray := sorted(set(self.vintages) - {str(year) for year in Period(self.start, self.end).years}):
            raise ValueError(f"vintage {', '.join(stray)} lies outside the period")
        return self
