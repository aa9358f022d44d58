"""Shared shapes of signed documents: closed models, instants, digests, and how a refusal reads.

References:
    Times are RFC 3339 in ``Z`` and whole seconds, so that comparing the strings compares the times.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from mrv.attest import strict_json
from mrv.errors import AttestationError

_INSTANT = r"^[0-9]{4}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"
_CODES = {"extra_forbidden": "schema.extra", "missing": "schema.missing"}


def _calendar(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Instant = Annotated[str, Field(pattern=_INSTANT), AfterValidator(_calendar)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[01][0-9]-[0-3][0-9]$"), AfterValidator(_calendar)]
Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Uri = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$", max_length=2048)]
Line = Annotated[str, Field(min_length=1, max_length=4096)]


class Closed(BaseModel):
    """A closed, strict, frozen model: an unknown member or a wrong type is a refusal, never a coercion."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
        defer_build=True,  # a nested model is built once, inside the one that is used
    )

    remedy: ClassVar[str] = "write it in the one shape that is read: every member, no other, each of its own type"
    """What a person does about a value of another shape."""

    @classmethod
    def of(cls, value: Any) -> Self:
        """The model of a plain JSON value.

        Raises:
            AttestationError: ``json.*`` or ``schema.*``, with the path of the first fault as its field.
        """
        return cls.of_checked(strict_json.canonical(value))

    @classmethod
    def of_checked(cls, data: bytes) -> Self:
        """The model of JSON text that :func:`mrv.attest.strict_json.loads` has read.

        Raises:
            AttestationError: ``schema.*``, with the path of the first fault as its field.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise _refusal(error, cls.remedy) from error

    @classmethod
    def read(cls, data: bytes) -> dict[str, Any]:
        """A document of this shape, as a plain JSON value.

        Args:
            data: Its bytes, from anybody.

        Raises:
            AttestationError: ``json.*`` or ``schema.*``, with the path of the first fault as its field.
        """
        document = strict_json.loads(data)
        cls.of_checked(data)
        assert isinstance(document, dict)
        return document

    @classmethod
    def published(cls) -> dict[str, Any]:
        """The closed JSON Schema (2020-12) of the shape, for validators in other languages."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **cls.model_json_schema()}


def _refusal(error: ValidationError, remedy: str) -> AttestationError:
    first, *others = error.errors(include_url=False, include_context=False, include_input=False)
    kind = first["type"]
    code = _CODES.get(kind) or ("schema.type" if kind.endswith("_type") else "schema.value")
    more = f" (and {len(others)} more)" if others else ""
    where = ".".join(str(part) for part in first["loc"])
    return AttestationError(f"{first['msg']}{more}", code=code, field=where or None, hint=remedy)


def check_instant(text: str) -> str:
    """``text`` itself, if it is an instant such as ``2026-01-31T12:00:00Z``.

    Raises:
        AttestationError: It is not, with code ``time.invalid``.
    """
    try:
        if re.fullmatch(_INSTANT[1:-1], text):
            return _calendar(text)
    except ValueError:
        pass
    raise AttestationError(f"{text!a:.40} is not an instant", code="time.invalid", hint="write it as 2026-01-31T12:00:00Z")


def days_after(instant: str, days: int) -> str:
    """The instant ``days`` days after ``instant``."""
    later = datetime.fromisoformat(check_instant(instant)) + timedelta(days=days)
    return later.strftime("%Y-%m-%dT%H:%M:%SZ")
