"""CSV tables of a project read strictly: every refusal names file, line, column and remedy."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, NoReturn

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,15})?")
_TEXT_MAX = 120


class Row:
    """One line of a CSV file, with errors that say where."""

    def __init__(self, cells: dict[str, str], *, file: str, line: int, room: str) -> None:
        self.cells, self.file, self.line, self.room = cells, file, line, room

    def refuse(self, column: str, message: str, *, code: str, hint: str) -> NoReturn:
        """Raise with the file, column and line."""
        raise PlanError(message, code=f"{self.room}.{code}", file=self.file, field=f"{column}, line {self.line}", hint=hint)

    def text(self, column: str) -> str:
        """A short name."""
        value = self.cells[column]
        if not value or value != value.strip() or len(value) > _TEXT_MAX or not value.isprintable():
            self.refuse(column, "empty, padded, too long or unprintable", code="text", hint="give a short plain name")
        return value

    def number(self, column: str, *, low: str, high: str, code: str, hint: str, above: bool = False) -> Fraction:
        """A plain decimal within bounds."""
        text = self.cells[column]
        if not _NUMBER.fullmatch(text):
            self.refuse(column, f"{text!r} is not a plain decimal number", code=code, hint=hint)
        value = Fraction(text)
        if not Fraction(low) <= value <= Fraction(high) or (above and value == Fraction(low)):
            wanted = f"above {low}, at most {high}" if above else f"from {low} to {high}"
            self.refuse(column, f"{text} is not {wanted}", code=code, hint=hint)
        return value

    def optional(self, column: str, *, low: str, high: str, code: str, hint: str, above: bool = False) -> Fraction | None:
        """The same, or None where the cell is empty."""
        return self.number(column, low=low, high=high, code=code, hint=hint, above=above) if self.cells[column] else None

    def visit(self) -> int:
        """A whole number from 1."""
        hint = "whole numbers: 1, 2, …"
        value = self.number("visit", low="1", high="999", code="visit", hint=hint)
        if value.denominator != 1:
            self.refuse("visit", f"{self.cells['visit']} is not a whole number", code="visit", hint=hint)
        return int(value)

    def day(self, column: str) -> date:
        """A calendar day."""
        text = self.cells[column]
        try:
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            day = None
        if day is None or str(day) != text:
            self.refuse(column, f"{text!r} is not a day", code="date", hint="YYYY-MM-DD")
        return day


def rows(data: bytes, columns: tuple[str, ...], *, file: str, room: str, optional: tuple[str, ...] = ()) -> Iterator[Row]:
    """Rows of a UTF-8 CSV with exactly these columns, in any order.

    Args:
        data: The file's bytes.
        columns: Names of the columns.
        file: Name for messages.
        room: First part of error codes.
        optional: Columns that may be left out; their cells are then empty.

    Raises:
        PlanError: Not UTF-8, not CSV, other columns, a line of another length.
    """
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise PlanError("not UTF-8", code=f"{room}.encoding", file=file, hint="save the table as UTF-8") from error
    reader = csv.reader(lines, strict=True)
    try:
        header = tuple(next(reader, ()))
        if sorted(set(header) - set(optional)) != sorted(columns) or len(set(header)) < len(header):
            wrong = sorted(set(columns).symmetric_difference(set(header) - set(optional))) or ["a column twice"]
            message = f"columns differ: {', '.join(wrong)}"
            raise PlanError(message, code=f"{room}.columns", file=file, field="line 1", hint=f"columns: {','.join(columns)}")
        for cells in reader:
            if len(cells) != len(header):
                message, where = f"{len(cells)} cells for {len(header)} columns", f"line {reader.line_num}"
                raise PlanError(message, code=f"{room}.columns", file=file, field=where, hint="one cell a column")
            yield Row(
                {**dict.fromkeys(optional, ""), **dict(zip(header, cells, strict=True))},
                file=file,
                line=reader.line_num,
                room=room,
            )
    except csv.Error as error:
        raise PlanError(f"not CSV: {error}", code=f"{room}.csv", file=file, hint="quote cells that hold commas") from error


def once(table: list[Row], keys: Iterable[tuple[object, ...]], column: str) -> None:
    """Refuse a key that two rows share.

    Args:
        table: Rows.
        keys: Key of each row.
        column: Column named in the refusal.

    Raises:
        PlanError: A key stands twice.
    """
    seen: dict[tuple[object, ...], int] = {}
    for row, key in zip(table, keys, strict=True):
        if key in seen:
            message = f"{'/'.join(map(str, key))} stands on line {seen[key]} already"
            row.refuse(column, message, code="duplicate", hint="one row each; stems of one tree have ids of their own")
        seen[key] = row.line
