"""Binding: the serial blocks of an attestation, held against the tonnes that it attests.

Syntax, overlap among themselves, vintage and quantity; whether somebody attested them before is the ledger's question.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mrv.checks import Check, decide
from mrv.registry.serials import Block, SerialError, clashes, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NAMED = 5


def check_serials(serials: Sequence[str], statement: Mapping[str, Any]) -> list[Check]:
    """Ask whether the blocks parse, share no unit, and hold no more than is creditable.

    Args:
        serials: Serial blocks as signed.
        statement: The statement as signed; of another shape it attests no tonne, and the check fails.

    Returns:
        ``binding.serials`` when every block parses, else one failing check a fault (``serial.*``); then
        ``binding.serials-distinct`` and ``binding.serials-quantity``, where there are blocks.
    """
    if not serials:
        return [Check("binding.serials", "holds", "bound to no serial blocks")]
    blocks, faults = read(serials)
    if faults:
        return faults
    shared = [f"{one.text} and {two.text}" for one, two in clashes(blocks)]
    return [
        Check("binding.serials", "holds", f"{len(blocks)} blocks of {', '.join(sorted({b.registry for b in blocks}))}"),
        decide("binding.serials-distinct", not shared, _listed(shared) or "no unit lies in two blocks"),
        _quantity(blocks, statement),
    ]


def read(serials: Sequence[str]) -> tuple[list[Block], list[Check]]:
    """The blocks that parse, and a failing check for each that does not."""
    blocks, faults = [], []
    for text in serials:
        try:
            blocks.append(parse(text))
        except SerialError as error:
            faults.append(Check(error.error_code, "fails", f"{error} ({error.hint})"))
    return blocks, faults


def _quantity(blocks: Sequence[Block], statement: Mapping[str, Any]) -> Check:
    try:
        creditable = int(statement["conclusion"]["creditable_t"])
        issuable = {int(row["year"]): int(row["issuable_t"]) for row in statement["quantities"]["vintages"]}
    except (KeyError, TypeError, ValueError):
        if all(block.is_series for block in blocks):
            return Check("binding.serials-quantity", "note", "series without block numbers, and a statement without tonnes")
        return Check("binding.serials-quantity", "fails", "the statement attests no tonnes")
    strange = [block.text for block in blocks if block.vintages and not set(_years(block.vintages)) <= set(issuable)]
    if strange:
        return Check("binding.serials-quantity", "fails", f"of a vintage that is not attested: {_listed(strange)}")
    over = exceeded(blocks, issuable=issuable, creditable=creditable)
    if over is not None:
        return Check("binding.serials-quantity", "fails", over)
    total = sum(block.quantity_t or 0 for block in blocks)
    if any(block.is_series for block in blocks):
        return Check("binding.serials-quantity", "note", f"{total} t numbered; what its series hold only the registry knows")
    return Check("binding.serials-quantity", "holds", f"blocks of {total} t; {creditable} t are creditable")


def exceeded(blocks: Sequence[Block], *, issuable: Mapping[int, int], creditable: int) -> str | None:
    """What the blocks hold too much of; None where every tonne of theirs can be a creditable tonne of its vintage.

    Vintages are runs of years, so it is enough to compare, for each run, the blocks inside it with the tonnes of it (Hall's
    condition for intervals).

    Args:
        blocks: Blocks.
        issuable: Issuable tonnes by year.
        creditable: Creditable tonnes in all.
    """
    total = sum(block.quantity_t or 0 for block in blocks)
    if total > creditable:
        return f"blocks of {total} t; {creditable} t are creditable"
    runs: Counter[tuple[int, int]] = Counter()
    for block in blocks:
        if block.vintages:
            runs[block.vintages] += block.quantity_t or 0
    by_end = sorted(runs.items(), key=lambda entry: entry[0][1])
    for first in sorted({run[0] for run in runs}):
        held = 0
        for (begin, last), tonnes in by_end:
            if begin >= first:
                held += tonnes
                allowed = sum(issuable.get(year, 0) for year in _years((first, last)))
                if held > allowed:
                    return f"blocks of {held} t of the vintages {first} to {last}; {allowed} t of them are issuable"
    return None


def _years(run: tuple[int, int]) -> range:
    return range(run[0], run[1] + 1)


def _listed(found: Sequence[str]) -> str:
    return "; ".join(found[:_NAMED]) + (f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
