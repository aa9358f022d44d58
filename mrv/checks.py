"""Check: one question put to a statement or an attestation, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["holds", "fails", "note"]


@dataclass(frozen=True, slots=True)
class Check:
    """One answer in the list that ``mrv check`` prints; never a bare yes.

    Unknown is failure: a check that cannot be decided says ``fails``.  ``note`` is for facts a reader must
    see that neither hold nor fail, such as ``status.not-required``.
    """

    code: str
    """Stable code, ``room.reason``; the same code names success and failure of one question."""
    status: Status
    """``holds``, ``fails`` or ``note``."""
    detail: str = ""
    """What was found, for a person."""

    def as_dict(self) -> dict[str, str]:
        """The check as ``--json`` prints it."""
        return {"code": self.code, "status": self.status, "detail": self.detail}


def decide(code: str, ok: bool, detail: str = "") -> Check:
    """A check that holds or fails."""
    return Check(code, "holds" if ok else "fails", detail)
