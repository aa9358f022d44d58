"""Baseline: the reference level and leakage, as the project states them, each row with its own error and document.

Positive goes to the atmosphere, so emissions are ≥ 0 and removals ≤ 0. Whether a baseline is right is not verified here: it is
an input, with the digest of the document it quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from mrv.accounts.records import Record, entries, read_csv, read_toml, refuse_twice
from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

Flow = Literal["emissions", "removals"]
Unit = Literal["t CO2e", "ha"]
SIGN = "positive goes to the atmosphere: emissions are 0 or more, removals 0 or less (a removal of 5 t is -5)"
_COLUMNS = ("year", "flow", "quantity", "unit", "se", "method", "document")
_LEAKAGE = ("year", "quantity", "unit", "se", "method", "document")


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One year and flow of the reference level, or one year of leakage."""

    year: int
    """Calendar year."""
    flow: Flow
    """Emissions, or removals."""
    quantity: Decimal
    """In ``unit``, positive to the atmosphere."""
    unit: Unit
    """``t CO2e``, or ``ha`` of loss, which the project's own emission factor turns into tonnes: a shared factor."""
    se: Decimal
    """Standard error of ``quantity``, in ``unit``."""
    method: str
    """How it was made."""
    document: str
    """``sha256:`` of the document it comes from."""


@dataclass(frozen=True, slots=True)
class ReferenceLevel:
    """``reference_level.csv``: what would have been, ordered by year and flow."""

    rows: tuple[LevelRow, ...]
    """Rows."""
    file: str = "reference_level.csv"
    """Name in messages."""

    def for_years(self, years: Iterable[int]) -> tuple[LevelRow, ...]:
        """Rows of some years.

        Args:
            years: Years, each of which needs its emissions; removals may be absent, and are then zero.

        Raises:
            PlanError: ``reference-level.year-missing``.
        """
        return _for_years(self.rows, years, file=self.file, room="reference-level")

    def span(self) -> tuple[int, int]:
        """First and last year."""
        return self.rows[0].year, self.rows[-1].year


@dataclass(frozen=True, slots=True)
class Leakage:
    """``leakage.toml``: emissions the project pushed outside, ordered by year."""

    rows: tuple[LevelRow, ...]
    """Rows; every flow is ``emissions``."""
    file: str = "leakage.toml"
    """Name in messages."""

    def for_years(self, years: Iterable[int]) -> tuple[LevelRow, ...]:
        """Rows of some years, each of which is needed: no leakage is stated as 0 with its document.

        Raises:
            PlanError: ``leakage.year-missing``.
        """
        return _for_years(self.rows, years, file=self.file, room="leakage")


def parse_reference_level(data: bytes, *, file: str = "reference_level.csv") -> ReferenceLevel:
    """Read ``reference_level.csv``.

    Args:
        data: ``year,flow,quantity,unit,se,method,document``, one row a year and flow.
        file: Name in messages.

    Raises:
        PlanError: ``reference-level.*``, with line, column and remedy.
    """
    records = read_csv(data, file=file, room="reference-level", columns=_COLUMNS)
    rows = [_row(record, cast("Flow", record.choice("flow", ("emissions", "removals")))) for record in records]
    refuse_twice(((record, (row.year, row.flow)) for record, row in zip(records, rows, strict=True)), "year and flow")
    units = {row.unit for row in rows if row.flow == "emissions"}
    if len(units) > 1:
        records[0].refuse("emissions in two units", "units", "unit", "give every year of emissions in the same unit")
    return ReferenceLevel(tuple(sorted(rows, key=lambda row: (row.year, row.flow))), file)


def parse_leakage(data: bytes, *, file: str = "leakage.toml") -> Leakage:
    """Read ``leakage.toml``.

    Args:
        data: ``[[leakage]]`` tables with year, quantity, unit, se, method, document, one a year.
        file: Name in messages.

    Raises:
        PlanError: ``leakage.*``, with entry, field and remedy.
    """
    records = entries(read_toml(data, file=file, room="leakage"), "leakage", _LEAKAGE)
    rows = [_row(record, "emissions") for record in records]
    refuse_twice(((record, row.year) for record, row in zip(records, rows, strict=True)), "year")
    return Leakage(tuple(sorted(rows, key=lambda row: row.year)), file)


def _row(record: Record, flow: Flow) -> LevelRow:
    unit = cast("Unit", record.choice("unit", ("t CO2e", "ha")))
    quantity = record.decimal("quantity")
    if (quantity < 0) if flow == "emissions" else (quantity > 0):
        record.refuse(f"{quantity} {unit} of {flow} has the wrong sign", "sign", "quantity", SIGN)
    if unit == "ha" and flow == "removals":
        record.refuse("hectares of loss are emissions", "unit", "unit", "give removals in t CO2e")
    return LevelRow(
        year=record.year(),
        flow=flow,
        quantity=quantity,
        unit=unit,
        se=record.decimal("se", low=0),
        method=record.text("method"),
        document=record.digest(),
    )


def _for_years(rows: tuple[LevelRow, ...], years: Iterable[int], *, file: str, room: str) -> tuple[LevelRow, ...]:
    wanted = set(years)
    if missing := sorted(wanted - {row.year for row in rows if row.flow == "emissions"}):
        raise PlanError(
            f"no emissions of {', '.join(map(str, missing))}",
            code=f"{room}.year-missing",
            file=file,
            field=f"year {missing[0]}",
            hint="give every year since the project's start; nothing is emitted is a row of 0 with its document",
        )
    return tuple(row for row in rows if row.year in wanted)
