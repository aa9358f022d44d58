"""How the interpreted reference sample is read, and which interval of its areas is signed."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from mrv.plan.base import Slug, Table

ClassRole = Annotated[str, StringConstraints(pattern=r"^(forest|non-forest|degraded:[a-z0-9-]{1,32})$")]
"""What a label means: forest, degraded forest of an intensity, or neither."""


class ReferenceTable(Table):
    """The reference sample (``frame.json``, ``sample.json``, ``reference.csv``)."""

    interval: Literal["score", "wilson", "logit"]
    """Interval of the areas that is signed; Wald's is printed beside it."""
    response_design: str
    """How a unit gets its label: imagery, rule of decision, who."""
    classes: Annotated[dict[Slug, ClassRole], Field(min_length=2)]
    """Label in ``reference.csv`` → what it means."""
    expert: str | None = None
    """Interpreter of ``interpreters.csv`` whose readings are held true: areas are then corrected for the error rates of the
    others."""

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        roles = set(self.classes.values())
        if "non-forest" not in roles or "forest" not in roles:
            raise ValueError("the classes need at least one forest and one non-forest label")
        return self

    @property
    def intensities(self) -> tuple[str, ...]:
        """Intensities of degradation, in order."""
        return tuple(sorted({role.partition(":")[2] for role in self.classes.values() if role.startswith("degraded:")}))
