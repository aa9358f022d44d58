"""Gate: how one is answered, and the scope limitation that several ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.accounts.tonnes import CREDITABLE_WITH
from mrv.sections import GateSection
from mrv.sections.activity import MAPPED_AREA

if TYPE_CHECKING:
    from mrv.sections import GateStatus
    from mrv.statement import Statement


def gate(name: str, *, ok: bool | None, measured: str, limit: str) -> GateSection:
    """The section of a gate; where ``ok`` is None it is not assessed."""
    status: GateStatus = "not assessed" if ok is None else "passed" if ok else "failed"
    return GateSection(id=name, status=status, measured=measured, limit=limit)


def limited(s: Statement) -> str | None:
    """Why nothing can be credited whatever the gates say: a mapped area, or an input that is absent."""
    if s.activity.label == MAPPED_AREA:
        return s.activity.label
    short = [entry.input for entry in s.absent if entry.input in CREDITABLE_WITH]
    return f"nothing can be credited without {', '.join(short)}" if short else None
