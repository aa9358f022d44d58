"""JSON that can be read one way only: what a signature may cover, and its canonical bytes.

Two parsers that disagree about a document are an attack, so whatever they could disagree about is refused:
duplicate members, floats, integers beyond ±(2^53−1), ``-0``, lone surrogates, strings outside NFC, a BOM.
The same profile holds when writing: :func:`canonical` refuses what :func:`loads` would.

References:
    RFC 8259 (JSON), RFC 7493 (I-JSON), RFC 8785 (JCS).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import Any, NoReturn

import rfc8785

from mrv.errors import AttestationError
from mrv.nesting import check_nesting

MAX_BYTES = 1 << 20
MAX_DEPTH = 24
MAX_INT = 2**53 - 1

# Possessive, and the closing quote optional: linear on hostile input.
_ASTRAL = (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4")
"""First bytes, in UTF-8, of characters beyond the basic plane, and of nothing else."""
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")


def loads(data: bytes) -> Any:
    """The value that ``data`` spells, under the strict profile.

    Args:
        data: UTF-8 JSON text, at most 1 MiB, nested at most 24 deep.

    Raises:
        AttestationError: With a code ``json.*``; no other exception leaves here.
    """
    text = _text(data)
    check_depth(text)
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise AttestationError(
            f"not JSON: {error.msg}",
            code="json.syntax",
            field=where,
            hint="name the right file, or fetch it again: it may be cut off",
        ) from error
    # Numbers, names and depth are checked by now. A part of a text in normal form is in normal form (UAX 15, on substrings),
    # and surrogates come from escapes alone: only where the whole text may hold a fault is each string asked.
    if "\\u" in text or not unicodedata.is_normalized("NFC", text):
        _check_value(value, "", 0)
    return value


def canonical(value: Any, *, checked: bool = False) -> bytes:
    """The canonical bytes of ``value`` (RFC 8785), under the same profile as :func:`loads`.

    Args:
        value: A JSON value.
        checked: It came from :func:`loads`, or is part of what did, and need not be checked again.

    Raises:
        AttestationError: ``value`` holds something that :func:`loads` would refuse.
    """
    if not checked:
        _check_value(value, "", 0)
    # Without floats, JSON sorted by code point is already canonical (RFC 8785 §3.2.2), and C writes it thirty times
    # faster; the orders by code point and by UTF-16 unit differ only where a name lies beyond the basic plane.
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = text.encode()
    if not any(first in data for first in _ASTRAL):
        return data
    try:
        return rfc8785.dumps(value)
    except ValueError as error:
        raise AttestationError(
            f"cannot be canonicalised: {error}", code="json.canonical", hint="use text, integers, true, false and null only"
        ) from error


def digest(value: Any, *, checked: bool = False) -> str:
    """``sha256:<hex>`` of the canonical bytes of ``value``; arguments as for :func:`canonical`."""
    return f"sha256:{hashlib.sha256(canonical(value, checked=checked)).hexdigest()}"


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise AttestationError(
            f"{len(data)} bytes is more than {MAX_BYTES}",
            code="json.size",
            hint="large tables belong in evidence files, listed as materials with their digest",
        )
    if data.startswith(b"\xef\xbb\xbf"):
        raise AttestationError("starts with a byte order mark", code="json.bom", hint="save as UTF-8 without BOM")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AttestationError(
            "not UTF-8", code="json.utf8", field=f"byte {error.start}", hint="save as UTF-8 without BOM"
        ) from error


def check_depth(text: str) -> None:
    """Refuse JSON text that nests too deep, before it is parsed.

    Raises:
        AttestationError: ``json.depth``.
    """
    try:
        check_nesting(text, MAX_DEPTH)
    except RecursionError:
        _too_deep()


def _too_deep() -> NoReturn:
    raise AttestationError(
        f"nested deeper than {MAX_DEPTH}", code="json.depth", hint="no attestation of this project nests so deep"
    )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise AttestationError(
            f"member {twice!a:.80} occurs twice in one object",
            code="json.duplicate",
            hint="parsers disagree on which one counts; the document was tampered with or written by a faulty tool",
        )
    return members


def _integer(token: str) -> int:
    if not _INTEGER.fullmatch(token) or abs(value := int(token)) > MAX_INT:
        _bad_number(token)
    return value


def _bad_number(token: str) -> NoReturn:
    raise AttestationError(
        f"{token:.40} is not an integer within ±(2^53−1)",
        code="json.integer",
        hint="larger or fractional quantities are decimal strings",
    )


def _float(token: str) -> NoReturn:
    raise AttestationError(
        f"{token:.40} is a floating-point number",
        code="json.float",
        hint="quantities are integers (kg, m²) or decimal strings",
    )


def _constant(token: str) -> NoReturn:
    raise AttestationError(f"{token} is not JSON", code="json.syntax", hint="an unknown value is null")


def _check_value(value: Any, where: str, depth: int) -> None:
    if depth == MAX_DEPTH and isinstance(value, dict | list | tuple):
        _too_deep()
    match value:
        case None | bool():
            pass
        case str():
            _check_string(value, where)
        case int():
            if abs(value) > MAX_INT:
                _bad_number(hex(value))  # decimal digits of a huge int are quadratic, and capped by Python
        case dict():
            _check_members(value, where, depth)
        case list() | tuple():
            for index, item in enumerate(value):
                _check_value(item, f"{where}/{index}", depth + 1)
        case float():
            _float(repr(value))
        case _:
            raise AttestationError(
                f"{type(value).__name__} has no JSON form", code="json.type", field=where or None,
                hint="use text, integers, true, false, null, lists and objects",
            )  # fmt: skip


def _check_members(members: dict[Any, Any], where: str, depth: int) -> None:
    for key, item in members.items():
        if not isinstance(key, str):
            raise AttestationError(
                f"member name {key!r:.80} is not a string", code="json.type", field=where or None, hint="name members by text"
            )
        _check_string(key, where)
        _check_value(item, f"{where}/{key}", depth + 1)


def _check_string(text: str, where: str) -> None:
    if text.isascii():
        return
    if re.search("[\ud800-\udfff]", text):
        raise AttestationError(
            "a string holds a lone surrogate", code="json.surrogate", field=ascii(where)[1:-1],
            hint="half a character is no text: write it whole, or take it out",
        )  # fmt: skip
    if not unicodedata.is_normalized("NFC", text):
        raise AttestationError(
            f"{text!a:.80} is not in Unicode normal form C",
            code="json.nfc",
            field=where or None,
            hint="two spellings of one text would have two digests: normalise it to NFC before signing",
        )
