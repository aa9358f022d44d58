"""Reference: the interpreted sample, ``reference.csv``, held against the frame and the draw.

One row a drawn unit: ``unit,row,col,lon,lat`` as the sheet gave them, one column a year with the label of the state at the
end of that year, ``interpreter``, ``confidence`` (high, medium, low or empty) and ``note``.  A column ``stratum`` (code or
name) may stand in it and must then be the design stratum.  Later years may follow the frame's: the same panel, interpreted
again.  A unit with an empty label is a non-response, to which the frame's rule applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn

from mrv.activity.sheet import ABOUT, PLACE, read_table
from mrv.errors import PlanError
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mrv.activity.frame import Frame, FrameStratum, PlacedUnit, Unit

REFERENCE_FILE = "reference.csv"
CONFIDENCES = ("high", "medium", "low", "")
MOVED_DEGREES = Decimal("0.000001")
"""What a spreadsheet may round off: a tenth of a metre."""


@dataclass(frozen=True, slots=True)
class InterpretedUnit:
    """A unit that was interpreted in every year."""

    unit: Unit
    """The unit."""
    labels: tuple[str, ...]
    """Label at the end of each year."""
    roles: tuple[str, ...]
    """What those labels mean: ``forest``, ``degraded:<intensity>``, ``non-forest``."""
    interpreter: str
    """Who."""
    confidence: str
    """``high``, ``medium``, ``low`` or empty."""


@dataclass(frozen=True, slots=True)
class ReferenceStratum:
    """A design stratum and how much of its sample was interpreted."""

    code: int
    """Code in the frozen map."""
    name: str
    """Name."""
    area_m2: int
    """A_h, m²."""
    units: int
    """N_h, pixels."""
    drawn: int
    """n_h, units drawn."""
    responded: int
    """Units interpreted in every year: what estimates are made of."""
    partial: int
    """Units interpreted in some years only; they count as non-response."""

    @property
    def missing(self) -> int:
        """Units drawn and not interpreted in every year."""
        return self.drawn - self.responded


@dataclass(frozen=True)
class ReferenceSample:
    """The interpreted sample."""

    digest: str
    """sha256 of the file's bytes."""
    frame: str
    """Digest of the frame."""
    years: tuple[int, ...]
    """Years labelled; the first is the state before the first vintage."""
    strata: tuple[ReferenceStratum, ...]
    """Design strata, by code."""
    units: tuple[InterpretedUnit, ...]
    """Units interpreted, by row and column."""
    missing: tuple[str, ...]
    """Ids of those that were not."""
    rule: str
    """What was done about them."""

    @property
    def interpreters(self) -> tuple[str, ...]:
        """Who interpreted."""
        return tuple(sorted({unit.interpreter for unit in self.units}))


def parse_reference(
    data: bytes, *, frame: Frame, drawn: Sequence[PlacedUnit], last_year: int | None = None, file: str = REFERENCE_FILE
) -> ReferenceSample:
    """Read the interpreted sample and hold it against its draw.

    Args:
        data: Bytes of ``reference.csv``.
        frame: The frame.
        drawn: The units drawn from it.
        last_year: Columns of later years are not read; None reads all.
        file: Its name in messages.

    Raises:
        PlanError: ``reference.syntax``, ``reference.column``, ``reference.year`` (a label year is missing),
            ``reference.stray-unit``, ``reference.duplicate``, ``reference.missing-unit``, ``reference.moved``,
            ``reference.stratum``, ``reference.class``, ``reference.interpreter``, ``reference.confidence``,
            ``reference.non-response`` and ``reference.one-unit``.
    """
    rows = read_table(data, file=file)
    columns = list(rows[0][1])
    years = _years(columns, frame, last_year, file)
    placed, names = {entry.unit.id: entry for entry in drawn}, {stratum.code: stratum.name for stratum in frame.strata}
    seen: dict[str, InterpretedUnit | None] = {}
    partial: set[str] = set()
    for line, row in rows[1:]:
        entry = _placed(row, placed, seen, line, file)
        _check_stratum(row, entry.unit, names, line, file)
        labels = _labels(row, years, frame.roles, line, file)
        if all(labels):
            seen[entry.unit.id] = _interpreted(row, entry.unit, labels, frame.roles, line, file)
            continue
        seen[entry.unit.id] = None
        if any(labels):
            partial.add(entry.unit.id)
    if absent := [entry.unit.id for entry in drawn if entry.unit.id not in seen]:
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        _refuse(
            f"{absent[0]}{more} of {len(drawn)} drawn units have no row", "reference.missing-unit", file, "unit",
            "keep every drawn unit; leave the labels of one that cannot be interpreted empty",
        )  # fmt: skip
    return _sample(data, frame, years, seen, partial, {entry.unit.id: entry.unit for entry in drawn}, file)


def _years(columns: list[str], frame: Frame, last_year: int | None, file: str) -> tuple[int, ...]:
    found = sorted(int(name) for name in columns if len(name) == 4 and name.isascii() and name.isdecimal())
    if absent := [name for name in (*PLACE, "interpreter") if name not in columns]:
        _refuse(f"column {absent[0]} is missing", "reference.column", file, "line 1", "keep the columns of the sheet")
    known = {*PLACE, *ABOUT, "stratum", *(str(year) for year in found)}
    if stray := [name for name in columns if name not in known]:
        told = stray[0] or "(without name)"
        _refuse(f"unknown column {told}", "reference.column", file, "line 1", "remove it; put remarks into note")
    first, last = frame.label_years[0], max([*frame.label_years, *found])
    if lost := sorted(set(range(first, last + 1)) - set(found)):
        _refuse(
            f"no column {lost[0]}", "reference.year", file, f"column {lost[0]}",
            "label every year of the frame; years added later follow without a gap",
        )  # fmt: skip
    if found[0] < first:
        _refuse(
            f"{found[0]} lies before the frame's first year {first}", "reference.year", file, f"column {found[0]}", "remove it"
        )
    years = tuple(year for year in found if last_year is None or year <= last_year)
    if len(years) < 2:
        _refuse(f"no two label years up to {last_year}", "reference.year", file, None, "give a later year")
    return years


def _placed(
    row: Mapping[str, str], placed: Mapping[str, PlacedUnit], seen: Mapping[str, Any], line: int, file: str
) -> PlacedUnit:
    name = row["unit"]
    if name not in placed:
        _refuse(
            f"unit {name or '(without name)'} was not drawn", "reference.stray-unit", file, f"line {line}, column unit",
            "remove it: units are drawn, never chosen",
        )  # fmt: skip
    if name in seen:
        _refuse(
            f"unit {name} occurs twice", "reference.duplicate", file, f"line {line}, column unit", "keep one interpretation"
        )
    entry = placed[name]
    wanted = {"row": str(entry.unit.row), "col": str(entry.unit.col), "lon": entry.lon, "lat": entry.lat}
    for column, right in wanted.items():
        slack = MOVED_DEGREES if column in {"lon", "lat"} else Decimal(0)
        if not _near(row[column], right, slack):
            _refuse(
                f"unit {name} was drawn at {right}, not at {row[column] or '(nothing)'}", "reference.moved", file,
                f"line {line}, column {column}", "restore the place, and interpret the unit there",
            )  # fmt: skip
    return entry


def _near(text: str, right: str, slack: Decimal) -> bool:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return False
    return value.is_finite() and abs(value - Decimal(right)) <= slack


def _check_stratum(row: Mapping[str, str], unit: Unit, names: Mapping[int, str], line: int, file: str) -> None:
    told = row.get("stratum")
    if told is not None and told not in {str(unit.stratum), names[unit.stratum]}:
        _refuse(
            f"unit {unit.id} was drawn from stratum {unit.stratum} ({names[unit.stratum]}), not from {told or '(nothing)'}",
            "reference.stratum", file, f"line {line}, column stratum",
            "write the design stratum, whatever the map says today, or drop the column",
        )  # fmt: skip


def _labels(row: Mapping[str, str], years: Iterable[int], roles: Mapping[str, str], line: int, file: str) -> tuple[str, ...]:
    labels = tuple(row[str(year)] for year in years)
    for year, label in zip(years, labels, strict=True):
        if label and label not in roles:
            _refuse(
                f"{label!r} is a class unknown to the plan", "reference.class", file, f"line {line}, column {year}",
                f"classes: {', '.join(roles)}; empty where the unit could not be interpreted",
            )  # fmt: skip
    return labels


def _interpreted(
    row: Mapping[str, str], unit: Unit, labels: tuple[str, ...], roles: Mapping[str, str], line: int, file: str
) -> InterpretedUnit:
    confidence = row.get("confidence", "")
    if not row["interpreter"]:
        _refuse("nobody is named", "reference.interpreter", file, f"line {line}, column interpreter", "say who interpreted it")
    if confidence not in CONFIDENCES:
        told = f"{confidence!r} is none of high, medium, low"
        _refuse(told, "reference.confidence", file, f"line {line}, column confidence", "use one of them, or leave it empty")
    return InterpretedUnit(unit, labels, tuple(roles[label] for label in labels), row["interpreter"], confidence)


def _sample(
    data: bytes,
    frame: Frame,
    years: tuple[int, ...],
    seen: Mapping[str, InterpretedUnit | None],
    partial: set[str],
    drawn: Mapping[str, Unit],
    file: str,
) -> ReferenceSample:
    strata = []
    for stratum in frame.strata:
        mine = [name for name, unit in drawn.items() if unit.stratum == stratum.code]
        responded = sum(seen[name] is not None for name in mine)
        _check_response(frame, stratum, responded, next((name for name in mine if seen[name] is None), ""), file)
        strata.append(
            ReferenceStratum(
                stratum.code, stratum.name, stratum.area_m2, stratum.units, stratum.sample, responded,
                sum(name in partial for name in mine),
            )
        )  # fmt: skip
    units = sorted((unit for unit in seen.values() if unit is not None), key=lambda one: (one.unit.row, one.unit.col))
    missing = tuple(sorted(name for name, unit in seen.items() if unit is None))
    return ReferenceSample(
        sha256_bytes(data), frame.digest(), years, tuple(strata), tuple(units), missing, frame.non_response.rule
    )


def _check_response(frame: Frame, stratum: FrameStratum, responded: int, example: str, file: str) -> None:
    missing, rule = stratum.sample - responded, frame.non_response
    if missing * 100 > rule.max_percent * stratum.sample:
        _refuse(
            f"{missing} of {stratum.sample} units of {stratum.name} have no label in some year (one is {example}); "
            f"the frame allows {rule.max_percent} %",
            "reference.non-response", file, f"stratum {stratum.name}", "interpret them; the rule was frozen before the draw",
        )  # fmt: skip
    if responded < min(2, stratum.units):
        _refuse(
            f"{responded} units of {stratum.name} were interpreted: no variance can be had", "reference.one-unit", file,
            f"stratum {stratum.name}", "interpret two units at least in each stratum",
        )  # fmt: skip


def _refuse(message: str, code: str, file: str, field: str | None, hint: str) -> NoReturn:
    raise PlanError(message, code=code, file=file, field=field, hint=hint)
