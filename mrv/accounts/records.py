"""Records: rows of a small table that the project gave, CSV or TOML, read strictly and refused by line and column.

Numbers stay exact decimals; a cell is read once, by what it must be. Nothing is guessed: no empty cell, no thousands
separator, no exponent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

MAX_BYTES = 1 << 22
MAX_TEXT = 500
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EARLIEST, _LATEST = 1900, 2200


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    file: str
    """File, as messages name it."""
    room: str
    """First part of the codes of its errors."""
    where: str
    """Line of a CSV file, or entry of a TOML file; empty for the file itself."""
    cells: Mapping[str, Any]
    """Values by column: text from CSV, typed from TOML."""

    def refuse(self, message: str, reason: str, column: str, hint: str) -> NoReturn:
        """Raise a :class:`PlanError` that names file, line and column."""
        field = f"{self.where}, {column}" if self.where else column
        raise PlanError(message, code=f"{self.room}.{reason}", file=self.file, field=field, hint=hint)

    def _text(self, column: str) -> str:
        value = self.cells[column]
        if isinstance(value, Decimal):
            # An exponent beyond the pattern is refused below; expanding it first would fill the memory.
            return format(value, "f") if value.is_finite() and abs(value.adjusted()) <= MAX_TEXT else str(value)
        return value if isinstance(value, str) else str(value)

    def _number(self, column: str, hint: str) -> Decimal:
        value, text = self.cells[column], self._text(column)
        typed = isinstance(value, bool | date) or (isinstance(value, str) and not self.where.startswith("line"))
        if typed or not _DECIMAL.fullmatch(text):
            self.refuse(f"{text!a:.40} is not a plain decimal number", "number", column, hint)
        return Decimal(text)

    def decimal(self, column: str, *, low: int | None = None, high: int | None = None) -> Decimal:
        """A plain decimal number, at most 15 digits and 9 decimals, within bounds that are included."""
        value = self._number(column, "write digits and a decimal point, such as 1200.5")
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"from {low} to {high}" if high is not None else f"{low} or more"
            self.refuse(f"{value} is out of range", "range", column, f"give a number {bounds}")
        return value

    def integer(self, column: str, *, low: int, high: int) -> int:
        """A whole number within bounds that are included."""
        value = self._number(column, "write digits only")
        if value != int(value) or "." in self._text(column):
            self.refuse(f"{value} is not a whole number", "integer", column, "write digits only")
        if not low <= value <= high:
            self.refuse(f"{value} is out of range", "range", column, f"give a number from {low} to {high}")
        return int(value)

    def year(self, column: str = "year") -> int:
        """A calendar year."""
        return self.integer(column, low=_EARLIEST, high=_LATEST)

    def text(self, column: str) -> str:
        """A text that is not empty."""
        value = self.cells[column]
        if not isinstance(value, str) or not value.strip():
            self.refuse("is empty or no text", "text", column, "say it in a few words")
        if len(value) > MAX_TEXT or not value.isprintable():
            self.refuse(
                "is longer than 500 characters or holds control characters",
                "text",
                column,
                "keep the long text in the document",
            )
        return value.strip()

    def choice(self, column: str, allowed: Collection[str]) -> str:
        """One of a few words."""
        value = self.cells[column]
        if value not in allowed:
            self.refuse(f"{value!a:.40} is unknown", "choice", column, f"one of: {', '.join(allowed)}")
        return str(value)

    def digest(self, column: str = "document") -> str:
        """Digest of the document a number comes from."""
        value = self.cells[column]
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            self.refuse(
                "is no digest", "document", column, "give sha256:<64 hexadecimal digits> of the document the row quotes"
            )
        return value

    def day(self, column: str) -> date:
        """A calendar day, YYYY-MM-DD."""
        value = self.cells[column]
        if type(value) is date:
            return value
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        return self.refuse(f"{value!s:.40} is not a day", "day", column, "write YYYY-MM-DD")


def read_csv(data: bytes, *, file: str, room: str, columns: Collection[str], least: int = 1) -> tuple[Record, ...]:
    """Rows of a CSV file whose columns are exactly those expected, in any order.

    Args:
        data: UTF-8 text, a header and rows.
        file: Name in messages.
        room: First part of error codes.
        columns: Columns.
        least: Fewest rows; 0 lets the header stand alone and say that there are none.

    Raises:
        PlanError: ``<room>.csv``, ``<room>.column``, ``<room>.empty``.
    """
    import csv
    import io

    whole = Record(file, room, "", {})
    if len(data) > MAX_BYTES:
        whole.refuse(f"{len(data)} bytes", "csv", "file", f"at most {MAX_BYTES} bytes are read")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        whole.refuse(f"not CSV in UTF-8: {error}", "csv", "file", "save as CSV, UTF-8, separated by commas")
    lines = [(number, cells) for number, cells in lines if any(cells)]
    if len(lines) < 1 + least:
        whole.refuse("has no rows", "empty", "file", "give a header and a row for every entry, or remove the file")
    header = lines[0][1]
    _columns(Record(file, room, "line 1", {}), header, columns)
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            Record(file, room, f"line {number}", {}).refuse(
                f"{len(cells)} cells, the header has {len(header)}", "csv", "row", "mend the row"
            )
    return tuple(Record(file, room, f"line {number}", dict(zip(header, cells, strict=True))) for number, cells in lines[1:])


def read_toml(data: bytes, *, file: str, room: str) -> Record:
    """A TOML file as one record; numbers are exact decimals.

    Raises:
        PlanError: ``<room>.toml``.
    """
    import tomllib

    whole = Record(file, room, "", {})
    if len(data) > MAX_BYTES:
        whole.refuse(f"{len(data)} bytes", "toml", "file", f"at most {MAX_BYTES} bytes are read")
    try:
        return Record(file, room, "", tomllib.loads(data.decode("utf-8"), parse_float=Decimal))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        whole.refuse(f"not TOML: {error}", "toml", "file", "correct the line named")


def entries(whole: Record, name: str, columns: Collection[str]) -> tuple[Record, ...]:
    """The ``[[name]]`` tables of a TOML file that holds nothing else.

    Raises:
        PlanError: ``<room>.empty``, ``<room>.column``.
    """
    _columns(whole, list(whole.cells), (name,))
    rows = whole.cells[name]
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        whole.refuse("has no entries", "empty", name, f"give a [[{name}]] table for every entry, or remove the file")
    found = tuple(Record(whole.file, whole.room, f"{name} {number}", row) for number, row in enumerate(rows, 1))
    for record in found:
        require(record, columns)
    return found


def require(record: Record, columns: Collection[str]) -> None:
    """Check that a record has exactly these members.

    Raises:
        PlanError: ``<room>.column``: one is missing or unknown.
    """
    _columns(record, list(record.cells), columns)


def refuse_twice(records: Iterable[tuple[Record, Any]], column: str) -> None:
    """Check that a key occurs once.

    Args:
        records: Pairs of a record and its key.
        column: What the message names.

    Raises:
        PlanError: ``<room>.duplicate``.
    """
    seen: dict[Any, Record] = {}
    for record, key in records:
        if key in seen:
            record.refuse(f"occurs in {seen[key].where} already", "duplicate", column, "keep one of the two rows")
        seen[key] = record


def _columns(record: Record, found: list[str], wanted: Collection[str]) -> None:
    if twice := next((name for name in found if found.count(name) > 1), None):
        record.refuse("occurs twice", "column", twice or "(without name)", "keep one of them")
    if missing := [name for name in wanted if name not in found]:
        record.refuse("is missing", "column", missing[0], f"needed: {', '.join(wanted)}")
    if unknown := [name for name in found if name not in wanted]:
        record.refuse("is unknown", "column", f"{unknown[0]:.40}" or "(without name)", f"known: {', '.join(wanted)}")
