"""Readings: units that were interpreted more than once, ``interpreters.csv``.

One row a unit and interpreter: ``unit,interpreter`` and one column a year, as in ``reference.csv``.  A unit may be left
out, but which are read again must not depend on their labels: the first so many rows of the sheet are a simple random part
of each stratum's sample, since its order is random.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NoReturn

from mrv.activity.sheet import ABOUT, read_table
from mrv.errors import PlanError
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mrv.activity.frame import Frame, PlacedUnit, Unit
    from mrv.activity.reference import ReferenceSample

READINGS_FILE = "interpreters.csv"


@dataclass(frozen=True, slots=True)
class Reading:
    """One unit as one interpreter sees it."""

    unit: Unit
    """The unit."""
    interpreter: str
    """Who."""
    roles: tuple[str, ...]
    """What the labels mean, a year each: ``forest``, ``degraded:<intensity>``, ``non-forest``."""


@dataclass(frozen=True)
class Readings:
    """Every reading."""

    digest: str
    """sha256 of the file's bytes."""
    years: tuple[int, ...]
    """Years, those of the reference sample."""
    readings: tuple[Reading, ...]
    """By unit and interpreter."""

    @property
    def interpreters(self) -> tuple[str, ...]:
        """Who read."""
        return tuple(sorted({reading.interpreter for reading in self.readings}))


def parse_readings(
    data: bytes, *, frame: Frame, drawn: Sequence[PlacedUnit], years: Sequence[int], file: str = READINGS_FILE
) -> Readings:
    """Read repeated interpretations and hold them against the draw.

    Args:
        data: Bytes of ``interpreters.csv``.
        frame: The frame.
        drawn: The units drawn from it.
        years: Years of the reference sample; columns of other years are not read.
        file: Its name in messages.

    Raises:
        PlanError: ``reference.syntax``, ``reference.column``, ``reference.year``, ``reference.stray-unit``,
            ``reference.duplicate``, ``reference.class`` (unknown or empty), ``reference.interpreter``.
    """
    rows = read_table(data, file=file)
    for name in ("unit", "interpreter", *map(str, years)):
        if name not in rows[0][1]:
            code = "reference.year" if name.isdecimal() else "reference.column"
            _refuse(f"no column {name}", code, file, f"column {name}", "unit, interpreter and every year of reference.csv")
    known = {"unit", *ABOUT}
    if stray := [name for name in rows[0][1] if name not in known and not (len(name) == 4 and name.isdecimal())]:
        _refuse(f"unknown column {stray[0]}", "reference.column", file, "line 1", "remove it; put remarks into note")
    units, found = {entry.unit.id: entry.unit for entry in drawn}, dict[tuple[str, str], Reading]()
    for line, row in rows[1:]:
        key = row["unit"], row["interpreter"]
        if key[0] not in units:
            _refuse(f"unit {key[0]} was not drawn", "reference.stray-unit", file, f"line {line}, column unit", "remove it")
        if not key[1]:
            _refuse("nobody is named", "reference.interpreter", file, f"line {line}, column interpreter", "say who read it")
        if key in found:
            told = f"{key[1]} read {key[0]} twice"
            _refuse(told, "reference.duplicate", file, f"line {line}, column unit", "keep one reading of each interpreter")
        found[key] = Reading(units[key[0]], key[1], tuple(_role(row, year, frame, line, file) for year in years))
    ordered = sorted(found.values(), key=lambda reading: (reading.unit.row, reading.unit.col, reading.interpreter))
    return Readings(sha256_bytes(data), tuple(years), tuple(ordered))


def gold_counts(
    readings: Readings, sample: ReferenceSample, *, truth: str, classify: Callable[[tuple[str, ...]], str]
) -> dict[tuple[str, str], int]:
    """Units by true class and the class that ``reference.csv`` reports: what error rates are estimated from.

    Args:
        readings: The readings.
        sample: The reference sample.
        truth: The interpreter whose readings are held to be true, an expert or adjudicator.
        classify: Class of a unit from its roles, a year each.

    Raises:
        PlanError: ``reference.gold``: that interpreter read no unit of the sample.
    """
    true = {reading.unit.id: classify(reading.roles) for reading in readings.readings if reading.interpreter == truth}
    found = Counter((true[u.unit.id], classify(u.roles)) for u in sample.units if u.unit.id in true and u.interpreter != truth)
    if not found:
        _refuse(
            f"{truth} read no unit that another interpreted", "reference.gold", READINGS_FILE, "interpreter",
            f"interpreters: {', '.join(readings.interpreters)}",
        )  # fmt: skip
    return dict(sorted(found.items()))


def agreement(readings: Readings) -> dict[int, tuple[int, int]]:
    """Pairs of readings of one unit by two interpreters, by year: those that agree, and all."""
    by_unit: dict[str, list[Reading]] = {}
    for reading in readings.readings:
        by_unit.setdefault(reading.unit.id, []).append(reading)
    pairs = [pair for group in by_unit.values() for pair in combinations(group, 2)]
    return {
        year: (sum(one.roles[at] == two.roles[at] for one, two in pairs), len(pairs)) for at, year in enumerate(readings.years)
    }


def _role(row: dict[str, str], year: int, frame: Frame, line: int, file: str) -> str:
    label = row[str(year)]
    if label not in frame.roles:
        _refuse(
            f"{label!r} is a class unknown to the plan" if label else "no label", "reference.class", file,
            f"line {line}, column {year}", f"classes: {', '.join(frame.roles)}; leave out a reading that could not be made",
        )  # fmt: skip
    return frame.roles[label]


def _refuse(message: str, code: str, file: str, field: str, hint: str) -> NoReturn:
    raise PlanError(message, code=code, file=file, field=field, hint=hint)
