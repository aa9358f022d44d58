"""Block: a run of serial numbers, read strictly, and where two runs share a unit.

A registry's serial names a first and a last unit, both included.  Comparing the strings, as one bridge does, lets two
overlapping runs pass as two credits; comparing the numbers without their space refuses honest ones.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from mrv.errors import MRVError
from mrv.registry.grammars import GRAMMARS, Grammar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_LENGTH = 256
YEARS = range(1990, 2101)
"""Years that a vintage can be."""
_DATE = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")


class SerialError(MRVError):
    """A serial block does not parse."""

    code = "serial.invalid"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of units of one registry, first and last included."""

    text: str
    """As the registry writes it."""
    registry: str
    """Registry, as code."""
    space: str
    """Number space: two blocks can share a unit only within one."""
    start: int
    """First unit; 0 for a series whose serial carries no block numbers."""
    end: int
    """Last unit; 0 for a series."""
    vintages: tuple[int, int] | None
    """First and last year in which its tonnes arose; None where the serial does not say."""
    project: str | None
    """Project, as the registry numbers it; None where the serial does not say."""

    @property
    def is_series(self) -> bool:
        """Whether it names a series without block numbers: then it stands for the whole of it."""
        return self.end == 0

    @property
    def quantity_t(self) -> int | None:
        """Units, each a tonne of CO2e; None for a series."""
        return None if self.is_series else self.end - self.start + 1

    def overlaps(self, other: Block) -> bool:
        """Whether a unit lies in both."""
        return self.space == other.space and self.start <= other.end and other.start <= self.end


def parse(text: str) -> Block:
    """The block that a registry's serial names.

    Args:
        text: The serial, exactly as written; nothing is trimmed, folded or guessed.

    Raises:
        SerialError: ``serial.digits`` (a digit that is not 0–9), ``serial.characters``, ``serial.registry`` (nobody's),
            ``serial.letter-o`` (a letter where a digit belongs), ``serial.grammar``, ``serial.range``, ``serial.vintage``.
    """
    _check_characters(text)
    grammar = next((grammar for grammar in GRAMMARS if re.match(grammar.begins, text)), None)
    if grammar is None:
        known = ", ".join(grammar.registry for grammar in GRAMMARS)
        raise _refusal(text, "registry", "is no registry's that this version knows", f"registries: {known}")
    match = _compiled(grammar)[0].fullmatch(text)
    if match is None:
        raise _misspelt(text, grammar)
    fields = match.groupdict()
    start, end = int(fields.get("start") or 0), int(fields.get("end") or 0)
    if start > end:
        raise _refusal(text, "range", f"runs from {start} to {end}", "a block ends no earlier than it begins")
    return Block(text, grammar.registry, grammar.number_space(match), start, end, _vintages(text, fields), fields["project"])


def clashes(blocks: Iterable[Block], others: Iterable[Block] | None = None) -> Iterator[tuple[Block, Block]]:
    """Pairs of blocks that share a unit; none exactly where no two do.

    Args:
        blocks: Blocks.
        others: Blocks to hold them against; None holds them against each other.

    Yields:
        Each block that begins inside an earlier one, with the earlier one that reaches furthest: not every pair (a hostile
        list has a quadratic number), but at least one for each group that overlaps.
    """
    sides = [(block, 0) for block in blocks] + [(block, 1) for block in others or ()]
    furthest: dict[tuple[str, int], Block] = {}
    for block, side in sorted(sides, key=lambda entry: (entry[0].space, entry[0].start, entry[0].end, entry[1])):
        against = side if others is None else 1 - side
        earlier = furthest.get((block.space, against))
        if earlier is not None and earlier.overlaps(block):
            yield (earlier, block) if side >= against else (block, earlier)
        best = furthest.get((block.space, side))
        if best is None or block.end > best.end:
            furthest[block.space, side] = block


@cache
def _compiled(grammar: Grammar) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return grammar.strict(), grammar.lenient()


def _check_characters(text: str) -> None:
    strange = next((letter for letter in text if not " " <= letter <= "~"), None)
    if strange is not None:
        name = unicodedata.name(strange, f"U+{ord(strange):04X}")
        if strange.isdigit():
            raise _refusal(text, "digits", f"holds {name}", "write digits as 0 to 9")
        raise _refusal(text, "characters", f"holds {name}", "serials are printable ASCII")
    if len(text) > MAX_LENGTH:
        raise _refusal(text, "characters", f"is {len(text)} characters long", f"no registry writes more than {MAX_LENGTH}")


def _misspelt(text: str, grammar: Grammar) -> SerialError:
    if _compiled(grammar)[1].fullmatch(text):
        hint = "a letter O, I or l stands for a digit: copy the serial from the registry again"
        return _refusal(text, "letter-o", "has a letter where a digit belongs", hint)
    return _refusal(text, "grammar", f"is not written as {grammar.registry} writes serials", f"such as {grammar.example}")


def _vintages(text: str, fields: dict[str, str | None]) -> tuple[int, int] | None:
    first, last, year = fields.get("first"), fields.get("last"), fields.get("vintage")
    if first is not None and last is not None:
        begin, end = _day(first), _day(last)
        if begin is None or end is None or end < begin:
            raise _refusal(text, "vintage", f"has a vintage from {first} to {last}", "days are written ddmmyyyy, first to last")
        years = begin.year, end.year
    elif year is not None:
        years = int(year), int(year)
    else:
        return None
    if not all(year in YEARS for year in years):
        raise _refusal(text, "vintage", f"has a vintage of {years[0]} to {years[1]}", f"{YEARS[0]} to {YEARS[-1]}")
    return years


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    try:
        return date(*(int(part) for part in reversed(match.groups()))) if match else None
    except ValueError:
        return None


def _refusal(text: str, code: str, why: str, hint: str) -> SerialError:
    return SerialError(f"{text!a:.160} {why}", code=f"serial.{code}", hint=hint)
