"""The statement: what is computed, as integers and decimal strings; a pure function of plan, inputs and code."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from mrv.checks import Check, decide
from mrv.errors import StatementError
from mrv.misfit import misfit
from mrv.sections import (
    AbsentInput,
    AuthorisationSection,
    ClaimSection,
    ConclusionSection,
    FindingSection,
    GateSection,
    GridSection,
    InputSection,
    MethodSection,
    ObservationSection,
    PeriodSection,
    ProjectSection,
    SceneSection,
    Section,
    Text,
)
from mrv.sections.activity import ActivitySection
from mrv.sections.quantities import (
    BiomassSection,
    FactorSection,
    GrowthInterval,
    GrowthSection,
    ProgrammeSection,
    QuantitiesSection,
    StockSection,
    UncertaintySection,
)
from mrv.units import sha256_json


class Statement(Section):
    """What a run computed. Equal plan, inputs and code give equal bytes."""

    schema_: Annotated[Literal["mrv.statement/2"], Field(alias="schema")]
    """Version of this format."""
    project: ProjectSection
    """The project."""
    period: PeriodSection
    """The monitoring period."""
    claim: ClaimSection
    """The claim."""
    method: MethodSection
    """The method."""
    grid: GridSection
    """The window."""
    inputs: list[InputSection]
    """Tables the project gave."""
    evidence: list[SceneSection]
    """Every scene found."""
    observation: ObservationSection
    """The observation record."""
    activity: ActivitySection
    """Activity data."""
    factors: list[FactorSection]
    """Emission factors."""
    biomass: BiomassSection | None
    """What the plots say; null without plots."""
    stocks: list[StockSection]
    """Carbon densities."""
    growth: list[GrowthSection]
    """The growth curve."""
    growth_intervals: list[GrowthInterval]
    """Stock of standing forest by year, with its interval."""
    quantities: QuantitiesSection
    """Tonnes."""
    uncertainty: UncertaintySection
    """Uncertainty."""
    programme: ProgrammeSection
    """The programme."""
    authorisation: AuthorisationSection | None
    """What the registry says; null without an extract."""
    gates: list[GateSection]
    """Plausibility gates."""
    conclusion: ConclusionSection
    """Computed conclusion."""
    findings: list[FindingSection]
    """Findings about the data."""
    absent: list[AbsentInput]
    """Inputs that are missing."""
    not_verified: list[Text]
    """What is not verified here."""

    def as_json(self) -> dict[str, Any]:
        """The statement as signed."""
        return self.model_dump(by_alias=True)

    def digest(self) -> str:
        """``sha256(JCS(statement))``: the same for every honest run."""
        return sha256_json(self.as_json())


def parse_statement(value: dict[str, Any]) -> Statement:
    """A statement from its JSON form.

    Raises:
        StatementError: Names the field that is wrong.
    """
    try:
        return Statement.model_validate(value)
    except ValidationError as error:
        found = misfit(error, Statement)
        hint = f"the file is damaged, or of another version; there: {found.hint}"
        raise StatementError(found.message, code="statement.schema", field=found.field or None, hint=hint) from error


def check_statement(value: dict[str, Any]) -> list[Check]:
    """Put every question to a statement that its own tables can answer.

    Args:
        value: The statement as signed.

    Returns:
        Checks ``statement.schema``, ``statement.arithmetic.*`` and ``statement.gates``; never raises on a bad one.
    """
    from mrv.rules.arithmetic import check_arithmetic
    from mrv.rules.gates import check_gates

    try:
        statement = parse_statement(value)
    except StatementError as error:
        return [decide("statement.schema", ok=False, detail=str(error))]
    checks = [decide("statement.schema", ok=True, detail="mrv.statement/2"), *check_arithmetic(statement)]
    # A plan that is none is the only answer of the arithmetic, and the gates could not read it either.
    return checks if checks[-1].code == "statement.arithmetic.plan" else checks + check_gates(statement)
