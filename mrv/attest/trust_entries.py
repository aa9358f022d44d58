"""Entries of a trust list as JSON spells them: an issuer without keys, and a key on which nothing has ended yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.attest.keys import decode_multikey
from mrv.attest.shapes import check_instant
from mrv.attest.suites import suite_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def issuer_entry(name: str, *, party: str | None, status_required: bool = False) -> dict[str, Any]:
    """An issuer without keys, as a list spells it."""
    return {"id": name, "statusRequired": status_required, "keys": []} | ({"party": party} if party else {})


def key_entry(issuer: str, multikey: str, *, roles: Iterable[str], now: str, until: str | None) -> dict[str, Any]:
    """A key of an issuer, trusted from ``now`` on, as a list spells it."""
    return {
        "id": f"{issuer}#{multikey}",
        "suite": suite_of(decode_multikey(multikey)).name,
        "publicKeyMultibase": multikey,
        "roles": list(roles),
        "notBefore": check_instant(now),
        "notAfter": None if until is None else check_instant(until),
        "revokedAt": None,
    }
