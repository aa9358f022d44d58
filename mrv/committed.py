"""Committed tables: the CSV files that a room carries beside its code, in its folder ``tables``.

A table begins with its header, or with lines that start with ``#`` and say where it comes from.  Nothing is forgiven: what is
committed is as it was meant.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from mrv.errors import PlanError
from mrv.strict_csv import rows

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_MARK = b"\xef\xbb\xbf"


@cache
def committed_rows(package: str, name: str, columns: tuple[str, ...]) -> tuple[dict[str, str], ...]:
    """Rows of a table, cells by column.

    Args:
        package: The room, ``mrv.carbon``.
        name: File name without its ending.
        columns: Exactly the columns that it has.

    Raises:
        PlanError: ``table.missing``, or what :func:`parse_rows` refuses.
    """
    path = _folder(package) / f"{name}.csv"
    if name not in committed_names(package):
        known = ", ".join(committed_names(package))
        raise PlanError(f"{package} has no table {name}", code="table.missing", file=path, hint=f"tables: {known}")
    return parse_rows(path.read_bytes(), columns, file=f"{package}/{name}.csv")


def committed_names(package: str) -> tuple[str, ...]:
    """Names of a room's tables, in order."""
    return tuple(sorted(p.name.removesuffix(".csv") for p in _folder(package).iterdir() if p.name.endswith(".csv")))


def parse_rows(data: bytes, columns: tuple[str, ...], *, file: str) -> tuple[dict[str, str], ...]:
    """The same of a table's bytes.

    Args:
        data: The bytes.
        columns: Exactly its columns.
        file: Name for messages.

    Raises:
        PlanError: ``table.encoding`` (a byte order mark, or not UTF-8), ``table.columns`` (unknown, missing or twice; a blank
            line, a line of another length), ``table.csv``, ``table.empty``.
    """
    if data.startswith(_MARK):
        raise PlanError("begins with a byte order mark", code="table.encoding", file=file, hint="save as UTF-8 without it")
    while data.startswith(b"#"):
        data = data.partition(b"\n")[2]
    found = tuple(row.cells for row in rows(data, columns, file=file, room="table"))
    if not found:
        raise PlanError("has no row", code="table.empty", file=file, hint="restore the table")
    return found


def _folder(package: str) -> Traversable:
    return files(package) / "tables"
