"""Changes of a trust list: each gives the next version, which names the digest of the one before.

Nothing is ever removed: a key that ended stays listed with its end, so that what it signed before can still be judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.attest.keys import decode_multikey
from mrv.attest.shapes import check_instant
from mrv.attest.suites import suite_of
from mrv.attest.trust import TrustList
from mrv.errors import AttestationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.attest.trust import Assurance, Role


def add_key(
    trust: TrustList,
    multikey: str,
    *,
    roles: Iterable[Role],
    now: str,
    until: str | None,
    issuer: str | None = None,
    party: str | None = None,
) -> TrustList:
    """The next list, with one more key.

    Args:
        trust: The list as it is.
        multikey: The public key, ``z6Mk…`` or ``zDn…``.
        roles: What it may sign.
        now: From when on it is trusted.
        until: Until when; None for no bound.
        issuer: The name it signs under; None is its own, ``did:key:…``.
        party: The legal person behind an issuer that is not listed yet.

    Raises:
        AttestationError: ``key.*``: no key, or a weak one; ``schema.value``: listed already.
    """
    raw = trust.as_json()
    name = issuer or f"did:key:{multikey}"
    entry = next((entry for entry in raw["issuers"] if entry["id"] == name), None)
    if entry is None:
        entry = _new_issuer(raw, name, party=party, status_required=False)
    elif party is not None and entry.get("party") != party:
        raise AttestationError(
            f"{name} is listed under another party", code="trust.party", field="party", hint="leave the party out"
        )
    entry["keys"].append(_key(name, multikey, roles=roles, now=now, until=until))
    return _next(trust, raw)


def revoke_key(trust: TrustList, key_id: str, *, at: str) -> TrustList:
    """The next list, in which trust in a key ended at ``at``: when it may first have been in other hands.

    Raises:
        AttestationError: ``trust.no-key``, or ``trust.revoked``: a revocation is moved to an earlier time only.
    """
    raw = trust.as_json()
    _, key = _find(raw, key_id)
    if key["revokedAt"] is not None and check_instant(at) >= key["revokedAt"]:
        raise AttestationError(
            f"revoked at {key['revokedAt']} already",
            code="trust.revoked",
            field=key_id,
            hint="a revocation stands; only an earlier time can take its place",
        )
    key["revokedAt"] = check_instant(at)
    return _next(trust, raw)


def rotate_key(trust: TrustList, key_id: str, multikey: str, *, now: str, until: str | None) -> TrustList:
    """The next list, with a key that takes the place of another.

    The old one stays valid to its own end, so that what it signed goes on to hold; revoke it if it may be in other
    hands.  Under a name that is no ``did:key`` the issuer stays the same.

    Raises:
        AttestationError: ``trust.no-key``, ``trust.revoked``, and what :func:`add_key` raises.
    """
    raw = trust.as_json()
    entry, key = _find(raw, key_id)
    if key["revokedAt"] is not None:
        raise AttestationError(
            f"revoked at {key['revokedAt']}", code="trust.revoked", field=key_id, hint="add the new key by itself"
        )
    if entry["id"].startswith("did:key:"):  # such a name is its key's, so the party is what stays
        entry["party"] = entry.get("party") or entry["id"]
        required = entry["statusRequired"]
        entry = _new_issuer(raw, f"did:key:{multikey}", party=entry["party"], status_required=required)
    entry["keys"].append(_key(entry["id"], multikey, roles=key["roles"], now=now, until=until))
    return _next(trust, raw)


def require(trust: TrustList, role: str, *, number: int, assurance: Assurance) -> TrustList:
    """The next list, which asks for ``number`` countersignatures of a role; none, where it is 0."""
    raw = trust.as_json()
    others = [wanted for wanted in raw.get("countersignatures", []) if wanted["role"] != role]
    raw["countersignatures"] = [*others, *([{"role": role, "number": number, "assurance": assurance}] if number else [])]
    return _next(trust, raw)


def _new_issuer(raw: dict[str, Any], name: str, *, party: str | None, status_required: bool) -> dict[str, Any]:
    entry = {"id": name, "statusRequired": status_required, "keys": []} | ({"party": party} if party else {})
    raw["issuers"].append(entry)
    return entry


def _key(issuer: str, multikey: str, *, roles: Iterable[str], now: str, until: str | None) -> dict[str, Any]:
    return {
        "id": f"{issuer}#{multikey}",
        "suite": suite_of(decode_multikey(multikey)).name,
        "publicKeyMultibase": multikey,
        "roles": list(roles),
        "notBefore": check_instant(now),
        "notAfter": None if until is None else check_instant(until),
        "revokedAt": None,
    }


def _next(trust: TrustList, raw: dict[str, Any]) -> TrustList:
    return TrustList.of({**raw, "version": trust.version + 1, "previous": trust.digest})


def _find(raw: dict[str, Any], key_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for issuer in raw["issuers"]:
        for key in issuer["keys"]:
            if key_id in {key["id"], key["publicKeyMultibase"]}:
                return issuer, key
    raise AttestationError(
        f"{key_id!a:.120} is not in the trust list",
        code="trust.no-key",
        hint="name the key by its id or Multikey, as `mrv keys trust show` lists it",
    )
