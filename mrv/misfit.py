"""Where a value does not fit a closed shape: the field, what is wrong, and a remedy, in the words of who wrote the file.

Pydantic speaks of its own types ("valid tuple", "union tag"); who edits a plan knows fields and tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

MAX_SHOWN = 40
"""Characters of a wrong value that a message repeats."""
_BRANCH = re.compile(r"constrained-|(tuple|list|dict)\[")
"""How pydantic names the branches of a plain union inside a path."""
_NAMED = 3
"""Further fields that a message names."""

_WORDS = {
    "missing": ("missing", "add it"),
    "literal_error": ("{value} is not known here", "give {expected}"),
    "union_tag_invalid": ("{tag!a:.42} is not known here", "give {expected_tags}"),
    "union_tag_not_found": ("missing", "add it: it says what the other fields of the table mean"),
    "string_pattern_mismatch": ("{value} is not written as it should be", "it has to match {pattern}"),
    "too_short": ("{actual_length} entries", "give at least {min_length}"),
    "too_long": ("{actual_length} entries", "give at most {max_length}"),
    "greater_than": ("{value} is out of range", "give a number greater than {gt}"),
    "greater_than_equal": ("{value} is out of range", "give a number, at least {ge}"),
    "finite_number": ("{value} is no number to compute with", "give a finite number"),
    "less_than": ("{value} is out of range", "give a number less than {lt}"),
    "less_than_equal": ("{value} is out of range", "give a number, at most {le}"),
}
"""Message and remedy by pydantic's type of error."""
_KINDS = {
    "string": ("{value} is not a text", "give a text in quotes"),
    "int": ("{value} is not a whole number", "give a whole number"),
    "decimal": ("{value} is not a number", "give a number"),
    "float": ("{value} is not a number", "give a number"),
    "bool": ("{value} is neither true nor false", "give true or false, without quotes"),
    "date": ("{value} is not a date", "give a date such as 2021-01-31, without quotes in TOML"),
    "tuple": ("{value} is not a list", "give a list in square brackets"),
    "list": ("{value} is not a list", "give a list in square brackets"),
    "dict": ("{value} is not a table of names and values", "give a table"),
    "model": ("{value} is not a table of fields", "give a table of its fields"),
}
"""The same by the type that was wanted."""


@dataclass(frozen=True)
class Misfit:
    """The first thing of a file that does not fit, and how many more there are."""

    field: str
    """Dotted path; empty where it is the whole."""
    message: str
    """What is wrong."""
    hint: str
    """What to write instead."""
    unknown: bool
    """Whether the shape has no such field."""


def misfit(error: ValidationError, model: type[BaseModel], *, branches: Iterable[str] = ()) -> Misfit:
    """The first of what pydantic found.

    Args:
        error: As raised.
        model: The shape that refused, to offer the spelling that was meant.
        branches: Tags of unions, which pydantic puts into the path and no file has.
    """
    first, *others = error.errors(include_url=False)
    known = frozenset(branches)
    message, hint = _words(first, model)
    own = _dotted(first["loc"], known, first)
    written = _written_as(first, others)
    if written is not None:
        hint = f"did you write it as {written['loc'][-1]}? else add it"
        others.remove(written)
    # A list counts entries that were refused as absent, and a union tries each branch: neither is a further mistake.
    further = dict.fromkeys(field for other in others if not own.startswith(field := _dotted(other["loc"], known)))
    if further:
        named = ", ".join(list(further)[:_NAMED]) + (", …" if len(further) > _NAMED else "")
        hint = f"{hint} (also to correct: {named})"
    return Misfit(own, message, hint, first["type"] == "extra_forbidden")


def _dotted(loc: Sequence[int | str], branches: frozenset[str], error: ErrorDetails | None = None) -> str:
    parts = [str(part) for part in loc if part not in branches and not _BRANCH.match(str(part))]
    if error is not None and error["type"].startswith("union_tag"):
        parts.append(_discriminator(error))
    return ".".join(parts)


def _words(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Message and remedy of one error."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return "unknown field", _meant(str(error["loc"][-1]), _fields(model, error["loc"][:-1]))
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, "), "change it, or what it is held against"
    otherwise = (error["msg"].replace("{", "{{").replace("}", "}}"), "see the description of the format")
    message, hint = _WORDS.get(kind) or _KINDS.get(kind.partition("_")[0], otherwise)
    given = dict(error.get("ctx", {})) | {"value": _shown(error["input"])}
    return message.format(**given), hint.format(**given)


def _written_as(missing: ErrorDetails, others: Sequence[ErrorDetails]) -> ErrorDetails | None:
    """The unknown field of the same table that is spelt most like a missing one; None where none is near."""
    if missing["type"] != "missing":
        return None
    *table, name = missing["loc"]
    strange = {str(e["loc"][-1]): e for e in others if e["type"] == "extra_forbidden" and [*e["loc"][:-1]] == table}
    close = get_close_matches(str(name), strange, n=1)
    return strange[close[0]] if close else None


def _shown(value: object) -> str:
    """A value as a message repeats it: short, and without a character that could forge a line."""
    if isinstance(value, dict | list | tuple):
        return "a table" if isinstance(value, dict) else "a list"
    text = ascii(value) if isinstance(value, str) else ascii(str(value)).strip("'")
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _discriminator(error: ErrorDetails) -> str:
    return str(error["ctx"]["discriminator"]).strip("'")


def _meant(name: str, fields: Sequence[str]) -> str:
    close = get_close_matches(name, fields, n=1)
    if close:
        return f"did you mean {close[0]}? else remove it"
    return f"remove it; fields: {', '.join(fields)}" if fields else "remove it, or check its spelling"


def _fields(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    """Names of the fields of the table at a place; empty where that cannot be said."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for part in loc:
        node = _entered(_resolved(node, schema), part, schema)
    return sorted(_resolved(node, schema).get("properties", {}))


def _entered(node: dict[str, Any], part: int | str, schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(part, int):
        items: dict[str, Any] = node.get("items", {})
        return items
    if part in node.get("discriminator", {}).get("mapping", {}):
        return {"$ref": node["discriminator"]["mapping"][part]}
    inside = node.get("properties", {}).get(part, {})
    options = [_resolved(option, schema) for option in inside.get("anyOf", []) if option.get("type") != "null"]
    return options[0] if len(options) == 1 else inside


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rpartition("/")[2]]
    return node
