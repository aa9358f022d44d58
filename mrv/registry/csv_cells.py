r"""Cells: rows as CSV that a spreadsheet opens without running anything.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is a formula to a spreadsheet.  The rule: such
a cell, and one that begins with ``'`` or with white space or a control character, is written with an apostrophe before it; a
cell that is a plain decimal number (``-?(0|[1-9][0-9]*)(\.[0-9]+)?``) is written as it is, so that negative numbers stay
numbers.  Other forms of the same signs count as well: full-width and small ones, every dash, every sign of mathematics (such as
U+2212, the minus).  To read: take one leading apostrophe away.

References:
    OWASP, CSV Injection.  RFC 4180 (quoting, CRLF).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_FORMULA = frozenset("=+-@'˗➕➖")
_SIGNS = frozenset({"Sm", "Pd"})
"""Unicode's signs of mathematics, and dashes: what a spreadsheet, or who retypes a cell, may take for = + or -."""


def cell(value: str | int | None) -> str:
    """A value as a cell that is never a formula; None is an empty cell."""
    text = "" if value is None else str(value)
    if not text or _NUMBER.fullmatch(text):
        return text
    first = unicodedata.normalize("NFKC", text[0])[:1]
    sign = first in _FORMULA or unicodedata.category(first) in _SIGNS
    return f"'{text}" if sign or not first.isprintable() or first.isspace() else text


def uncell(text: str) -> str:
    """The value that :func:`cell` wrote."""
    return text.removeprefix("'")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[str | int | None]]) -> str:
    """Rows as CSV text, every cell quoted.

    Args:
        columns: Names of the columns.
        rows: Values in their order.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([cell(name) for name in columns])
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()
