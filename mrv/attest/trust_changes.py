"""Changes of a trust list: each gives the next version, which names the digest of the one before.

Nothing is ever removed: a key that ended stays listed with its end, so that what it signed before can still be judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.attest.keys import issuer_name
from mrv.attest.shapes import check_instant
from mrv.attest.trust import MAX_COUNTERSIGNERS, TrustList
from mrv.attest.trust_entries import issuer_entry, key_entry
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
        AttestationError: ``key.*``: no key, a weak one, or no name it can sign under; ``trust.listed``: listed already;
            ``trust.party``; ``schema.value``: a role or a time that does not fit.
    """
    raw, name = trust.as_json(), issuer_name(multikey, issuer)
    _check_unlisted(raw, multikey)
    entry = next((entry for entry in raw["issuers"] if entry["id"] == name), None)
    if entry is None:
        entry = issuer_entry(name, party=party)
        raw["issuers"].append(entry)
    elif party is not None and entry.get("party") != party:
        raise AttestationError(
            f"{name} is listed under another party", code="trust.party", field="party", hint="leave the party out"
        )
    entry["keys"].append(key_entry(name, multikey, roles=roles, now=now, until=until))
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
    _check_unlisted(raw, multikey)
    if key["revokedAt"] is not None:
        raise AttestationError(
            f"revoked at {key['revokedAt']}", code="trust.revoked", field=key_id, hint="add the new key by itself"
        )
    if entry["id"].startswith("did:key:"):  # such a name is its key's, so the party is what stays
        entry["party"] = entry.get("party") or entry["id"]
        required = entry["statusRequired"]
        entry = issuer_entry(f"did:key:{multikey}", party=entry["party"], status_required=required)
        raw["issuers"].append(entry)
    entry["keys"].append(key_entry(entry["id"], multikey, roles=key["roles"], now=now, until=until))
    return _next(trust, raw)


def require(trust: TrustList, role: str, *, number: int, assurance: Assurance) -> TrustList:
    """The next list, which asks for ``number`` countersignatures of a role; none, where it is 0.

    Raises:
        AttestationError: ``trust.number``: not of 0 to 16; ``schema.value``: no role of a countersigner.
    """
    if not 0 <= number <= MAX_COUNTERSIGNERS:
        raise AttestationError(
            f"{number} is no number of parties", code="trust.number", field="number",
            hint=f"ask for 1 to {MAX_COUNTERSIGNERS}, or for 0, which is none",
        )  # fmt: skip
    raw = trust.as_json()
    others = [wanted for wanted in raw.get("countersignatures", []) if wanted["role"] != role]
    raw["countersignatures"] = [*others, *([{"role": role, "number": number, "assurance": assurance}] if number else [])]
    return _next(trust, raw)


def require_status(trust: TrustList, *, required: bool, issuer: str | None = None) -> TrustList:
    """The next list, in which an issuer's attestations hold only with a fresh status list, or no longer need one.

    Args:
        trust: The list as it is.
        required: Whether they need one.
        issuer: Whose; None is every issuer that has a key of the role ``attester``.

    Raises:
        AttestationError: ``trust.no-issuer``; ``trust.one-key``, ``trust.no-status-key``: none of its attestations could
            hold.
    """
    raw = trust.as_json()
    chosen = [entry for entry in raw["issuers"] if (_attests(entry) if issuer is None else entry["id"] == issuer)]
    if not chosen:
        raise AttestationError(
            "no issuer of attestations is in the trust list" if issuer is None else f"{issuer!a:.120} is not in the trust list",
            code="trust.no-issuer", field="issuer", hint="name an issuer as `mrv keys trust show` lists it",
        )  # fmt: skip
    for entry in chosen:
        if required:
            _check_revocable(entry)
        entry["statusRequired"] = required
    return _next(trust, raw)


def _check_unlisted(raw: dict[str, Any], multikey: str) -> None:
    """Refuse a key that is there already, under whatever name: it could be its own witness, or get a revoked role back."""
    for entry in raw["issuers"]:
        for key in entry["keys"]:
            if key["publicKeyMultibase"] == multikey:
                raise AttestationError(
                    f"{multikey} is listed already, under {entry['id']:.200} as {', '.join(key['roles'])}", code="trust.listed",
                    hint="a key is listed once and keeps its roles: for another role, or another name, add another key",
                )  # fmt: skip


def _attests(entry: dict[str, Any]) -> bool:
    return any("attester" in key["roles"] for key in entry["keys"])


def _check_revocable(entry: dict[str, Any]) -> None:
    """Refuse to ask a status list of an issuer that nobody can sign one for."""
    if entry["id"].startswith("did:key:"):
        raise AttestationError(
            f"{entry['id']} is one key, and a status list is signed by another: no attestation of it could hold",
            code="trust.one-key", field="statusRequired",
            hint="trust keys under a name that can have several, such as did:web:example.org, and name it by --issuer",
        )  # fmt: skip
    if not any("status" in key["roles"] and key["revokedAt"] is None for key in entry["keys"]):
        raise AttestationError(
            f"{entry['id']} has no key that may sign a status list: no attestation of it could hold",
            code="trust.no-status-key", field="statusRequired",
            hint=f"first `mrv keys trust add TRUST KEY --role status --issuer {entry['id']}`",
        )  # fmt: skip


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
