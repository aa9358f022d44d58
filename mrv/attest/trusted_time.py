"""TrustedTime: a time at which a signature existed, on the word of someone other than its signer.

It is what lets an attestation outlive the key that signed it.  Whoever reads a log's inclusion proof or an RFC 3161
token makes these; :func:`mrv.attest.verify.check` holds them to the documents they are about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.attest import strict_json
from mrv.attest.shapes import check_instant
from mrv.checks import Check, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """One proved time of one signature."""

    signature: str
    """:func:`signature_digest` of the signed document.  The attestation digest would not do: it leaves the proof out, so
    a thief could have a document timed today and sign it with a key stolen later.  A log whose leaf is the attestation
    digest gives a trusted time only if it verified the proof before it let the entry in; its reader vouches for that."""
    instant: str
    """The signature existed then or before, ``…Z`` in whole seconds."""
    source: str
    """Who says so: a log and its index, or a time-stamping authority."""

    def __post_init__(self) -> None:
        check_instant(self.instant)


def signature_digest(document: Mapping[str, Any]) -> str:
    """``sha256(JCS(the whole signed document))``: what a trusted time has to cover."""
    return strict_json.digest(dict(document))


def proved_at(document: Mapping[str, Any], times: Sequence[TrustedTime]) -> str | None:
    """The earliest instant of ``times`` about this document's signature; None without one."""
    if not times:
        return None
    wanted = signature_digest(document)
    return min((time.instant for time in times if time.signature == wanted), default=None)


def check_times(documents: Iterable[Mapping[str, Any]], times: Sequence[TrustedTime], now: str) -> list[Check]:
    """One check a time: it is about one of these documents, and not of the future."""
    known = {signature_digest(document) for document in documents} if times else set()
    return [_check_time(time, known, now) for time in times]


def _check_time(time: TrustedTime, known: set[str], now: str) -> Check:
    if time.signature not in known:
        return Check("time.trusted", "fails", f"{time.source} is about another signature, {time.signature}")
    return decide("time.trusted", time.instant <= now, f"signed by {time.instant}, says {time.source}; now is {now}")
