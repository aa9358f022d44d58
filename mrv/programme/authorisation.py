"""Authorisation: what a registry says of Article 6 and of labels, on a day. Its absence is never a yes.

References:
    Decision 2/CMA.3, annex: authorised uses, first transfer, corresponding adjustment.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from mrv.errors import PlanError
from mrv.misfit import misfit
from mrv.nesting import check_nesting
from mrv.plan.base import MAX_CLAIM_T, Slug, Table
from mrv.units import DateStr, Digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

MAX_BYTES = 1 << 20
_Year = Annotated[int, Field(ge=1900, le=2200)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class _Part(Table):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Article6(_Part):
    """A letter of authorisation, as the registry records it."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    """Host party, ISO 3166-1 alpha-2."""
    uses: Annotated[list[Literal["NDC", "IMP", "OP"]], Field(min_length=1)]
    """Authorised for nationally determined contributions, international mitigation purposes, other purposes."""
    quantity_t: Annotated[int, Field(ge=0, le=MAX_CLAIM_T)]
    """Authorised in all, t CO2e."""
    vintages: Annotated[list[_Year], Field(min_length=1)]
    """Authorised years."""
    corresponding_adjustment: Literal["none", "pledged", "reported"]
    """Whether the host party will adjust, or has reported that it did."""
    document: Digest
    """The letter."""

    @model_validator(mode="after")
    def _once(self) -> Self:
        for name in ("uses", "vintages"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"an entry of {name} occurs twice")
        return self


class CCP(_Part):
    """The Core Carbon Principles label."""

    claimed: bool
    """The project's units are to carry it."""
    methods: list[_Name]
    """Methods on the list that day, as programme ids of the plan."""
    document: Digest
    """The list."""


class RegistryExtract(_Part):
    """``registry_extract.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)

    schema_: Annotated[Literal["mrv.registry-extract/1"], Field(alias="schema")]
    """Version of this format."""
    registry: _Name
    """Who says so."""
    as_of: DateStr
    """On which day."""
    project: Slug
    """Identifier of the project in the plan."""
    article6: Article6 | None
    """Null: the registry knows of no authorisation."""
    ccp: CCP | None
    """Null: nothing is said of the label."""

    def authorisation_shortfalls(self, project: str, issuable_t: Mapping[int, int]) -> tuple[str, ...]:
        """Why Article 6 use of these tonnes is not covered; nothing where it is.

        Args:
            project: Identifier in the plan.
            issuable_t: Tonnes for that use, by vintage.
        """
        found = [] if project == self.project else [f"the extract is of project {self.project}, not {project}"]
        letter = self.article6
        if letter is None:
            return (*found, "no authorisation by a host party")
        if outside := sorted(year for year, tonnes in issuable_t.items() if tonnes and year not in letter.vintages):
            found.append(f"vintage {', '.join(map(str, outside))} is not authorised")
        if (total := sum(issuable_t.values())) > letter.quantity_t:
            found.append(f"{total} t are more than the {letter.quantity_t} t authorised")
        if letter.corresponding_adjustment == "none":
            found.append("no corresponding adjustment")
        return tuple(found)

    def label_shortfalls(self, programme: str) -> tuple[str, ...]:
        """Why the CCP label is claimed without ground; nothing where it is not claimed or the method is listed.

        Args:
            programme: Programme id of the plan.
        """
        if self.ccp is None or not self.ccp.claimed or programme in self.ccp.methods:
            return ()
        return (f"{programme} is not on the list of CCP methods of {self.as_of}",)


def parse_registry_extract(data: bytes, *, file: str = "registry_extract.json") -> RegistryExtract:
    """Read ``registry_extract.json``: strict, closed, no member twice, no float.

    Args:
        data: UTF-8 JSON.
        file: Name in messages.

    Raises:
        PlanError: ``registry-extract.*``.
    """

    def refuse(message: str, reason: str, field: str, hint: str) -> NoReturn:
        raise PlanError(message, code=f"registry-extract.{reason}", file=file, field=field, hint=hint)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            refuse("occurs twice", "duplicate", next(name for name in names if names.count(name) > 1), "keep one of them")
        return value

    def number(token: str) -> NoReturn:
        refuse(f"{token:.40} is no integer", "float", "number", "quantities are whole tonnes")

    if len(data) > MAX_BYTES:
        refuse(f"{len(data)} bytes", "size", "file", f"at most {MAX_BYTES} bytes are read")
    try:
        text = data.decode("utf-8")
        check_nesting(text)
        value = json.loads(text, object_pairs_hook=members, parse_float=number, parse_constant=number)
        return RegistryExtract.model_validate(value)
    except ValidationError as error:
        found = misfit(error, RegistryExtract)
        refuse(found.message, "unknown-field" if found.unknown else "field", found.field or "file", found.hint)
    except (ValueError, RecursionError) as error:
        refuse(f"not JSON: {error}", "json", "file", "save as JSON, UTF-8 without byte order mark")
