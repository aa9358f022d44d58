"""Labels: what an interpreter writes of a reference unit, from the truth and with stated errors."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.errors import UsageError
from mrv.simulate.world import CUT, FOREST, OTHER, THINNED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mrv.simulate.scenario import Scenario
    from mrv.simulate.world import World

NAMES = {
    "mangrove": {FOREST: "mangrove", THINNED: "thinned", CUT: "cut-over", OTHER: "other"},
    "forest": {FOREST: "forest", THINNED: "thinned", CUT: "cut-over", OTHER: "other"},
}
"""Label of each state."""
_ROLES = {FOREST: "forest", THINNED: "degraded:moderate", CUT: "degraded:heavy", OTHER: "non-forest"}


def classes(scenario: Scenario) -> dict[str, str]:
    """Label → role, as the plan's ``[reference.classes]`` has it; heavy thinning only where the scenario has any."""
    states = [FOREST, THINNED, *([CUT] if scenario.heavy_percent else []), OTHER]
    return {NAMES[scenario.kind][state]: _ROLES[state] for state in states}


@dataclass(frozen=True)
class Interpreter:
    """One interpreter and their errors."""

    name: str = "interpreter-1"
    """Name in the tables; another name errs elsewhere."""
    confusion: Mapping[str, Mapping[str, int]] | None = None
    """True label → reported label → per mille; what is left to 1000 is reported as it is. None: no errors."""
    persistent: bool = True
    """A misread unit is misread in every year; False: each year anew, which makes changes of errors."""

    def __post_init__(self) -> None:
        for true, row in (self.confusion or {}).items():
            if any(rate < 0 for rate in row.values()) or sum(row.values()) > 1_000 or true in row:
                raise UsageError(
                    f"errors of {true} are no probabilities", code="simulate.confusion", field=true,
                    hint="per mille by reported label, of other labels only, at most 1000 in all",
                )  # fmt: skip

    def read(self, world: World, row: int, col: int, years: Sequence[int]) -> tuple[str, ...]:
        """Labels of one pixel at the ends of years; the same whenever the pixel is read again.

        Args:
            world: The world.
            row: Row on the window.
            col: Column.
            years: Years.
        """
        return tuple(self._report(world, label(world, row, col, year), row, col, year) for year in years)

    def _report(self, world: World, true: str, row: int, col: int, year: int) -> str:
        errors = (self.confusion or {}).get(true, {})
        seen = f"{world.seed}\n{self.name}\n{row} {col}" + ("" if self.persistent else f" {year}")
        point = int.from_bytes(hashlib.sha256(seen.encode()).digest()[:8], "big") * 1_000 // 2**64
        for reported, rate in errors.items():
            if point < rate:
                return reported
            point -= rate
        return true


def label(world: World, row: int, col: int, year: int) -> str:
    """The true label of a pixel of the window at the end of a year."""
    return NAMES[world.scenario.kind][int(world.state(year)[row, col])]


def label_years(world: World) -> tuple[int, ...]:
    """Years to interpret: the state before the project, and the end of each of its years."""
    return (world.scenario.start.year - 1, *world.scenario.project)


def interpretations(
    world: World, units: Mapping[str, tuple[int, int]], interpreters: Sequence[Interpreter], years: Sequence[int]
) -> bytes:
    """``interpreters.csv``: every unit as every interpreter reads it.

    Args:
        world: The world.
        units: Unit id → row and column on the window.
        interpreters: Who reads.
        years: Years.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["unit", "interpreter", *years])
    for unit, (row, col) in units.items():
        for person in interpreters:
            writer.writerow([unit, person.name, *person.read(world, row, col, years)])
    return out.getvalue().encode()
