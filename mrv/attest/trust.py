"""TrustList: whose keys count, for what, and from when to when; a local file, never the network.

Names such as ``did:key`` and ``did:web`` are only names here.  Lists are numbered, and each names the digest of
the one before it, so that an old list put back in place of a new one is seen.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mrv.attest import strict_json
from mrv.attest.keys import Signer, decode_multikey, encode_multikey
from mrv.attest.shapes import Closed, Instant, Uri, check_instant, days_after
from mrv.errors import AttestationError
from mrv.units import Digest

Role = Literal["attester", "status", "verifier"]
"""``attester`` signs attestations, ``status`` signs status lists, ``verifier`` countersigns an opinion."""


class TrustedKey(Closed):
    """One key of one issuer."""

    id: Uri
    """Verification method: the issuer's id, ``#``, and a fragment."""
    suite: Literal["eddsa-jcs-2022"]
    """The one cryptosuite this key may be used with."""
    public_key_multibase: Annotated[str, Field(pattern=r"^z6Mk[1-9A-HJ-NP-Za-km-z]{44}$")]
    """Ed25519 Multikey."""
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    """What it may sign."""
    not_before: Instant | None
    """Not valid before this instant; null for no bound."""
    not_after: Instant | None
    """Not valid from this instant on; null for no bound."""
    revoked_at: Instant | None
    """When trust in it ended; null while it stands."""

    @field_validator("public_key_multibase")
    @classmethod
    def _strong(cls, multikey: str) -> str:
        try:
            decode_multikey(multikey)
        except AttestationError as error:
            raise ValueError(error.message) from error
        return multikey

    @property
    def public_key(self) -> bytes:
        """Raw Ed25519 public key."""
        return decode_multikey(self.public_key_multibase)

    def fault(self, *, role: Role, suite: str, now: str) -> str | None:
        """Why this key may not be used for ``role`` at ``now``; None when it may."""
        if role not in self.roles:
            return f"{self.id} is trusted as {', '.join(self.roles)}, not as {role}"
        if suite != self.suite:
            return f"{self.id} is trusted for {self.suite}, not for {suite}"
        if self.not_before is not None and now < self.not_before:
            return f"{self.id} is valid from {self.not_before}, after now ({now})"
        later = "; a trusted time before that would be needed (proof.created is the signer's own word)"
        if self.revoked_at is not None and now >= self.revoked_at:
            return f"{self.id} was revoked at {self.revoked_at}{later}"
        if self.not_after is not None and now >= self.not_after:
            return f"{self.id} expired at {self.not_after}{later}"
        return None


class TrustedIssuer(Closed):
    """One issuer and its keys."""

    id: Uri
    """``did:key:…``, ``did:web:…`` or another URI: a name, never resolved."""
    status_required: bool
    """Whether an attestation of this issuer holds only with a fresh status list."""
    keys: tuple[TrustedKey, ...]
    """Its keys, past and present."""

    @model_validator(mode="after")
    def _own_keys(self) -> Self:
        _distinct((key.id for key in self.keys), "key")
        for key in self.keys:
            if not key.id.startswith(f"{self.id}#"):
                raise ValueError(f"key {key.id} is not named after its issuer")
            if self.id.startswith("did:key:") and self.id != f"did:key:{key.public_key_multibase}":
                raise ValueError(f"{self.id} names another key than {key.public_key_multibase}")
        return self


class TrustList(Closed):
    """Everyone whose signature counts."""

    version: Annotated[int, Field(ge=1)]
    """Grows by one with each list."""
    previous: Digest | None
    """``sha256(JCS(previous list))``; null for the first."""
    issuers: tuple[TrustedIssuer, ...]
    """Who is trusted."""

    @model_validator(mode="after")
    def _distinct_issuers(self) -> Self:
        _distinct((issuer.id for issuer in self.issuers), "issuer")
        if (self.version == 1) != (self.previous is None):
            raise ValueError("the first list, and only the first, has no previous")
        return self

    def issuer(self, name: str) -> TrustedIssuer | None:
        """The issuer of that name, or None."""
        return next((issuer for issuer in self.issuers if issuer.id == name), None)

    def key(self, issuer: str, verification_method: str) -> TrustedKey | None:
        """The key of that name among that issuer's own, or None."""
        known = self.issuer(issuer)
        return next((key for key in known.keys if key.id == verification_method), None) if known else None

    @property
    def digest(self) -> str:
        """What the next list names as its ``previous``."""
        return strict_json.digest(self.model_dump(mode="json"))


def load_trust(path: str | os.PathLike[str], min_version: int | None = None) -> TrustList:
    """Read a trust list.

    Args:
        path: The JSON file.
        min_version: The last version the caller accepted; an older list is a rollback.

    Raises:
        AttestationError: ``trust.unreadable``, ``trust.rollback``, or the ``json.*`` or ``schema.*`` of its fault.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise AttestationError(
            f"cannot read: {error.strerror}",
            code="trust.unreadable",
            file=path,
            hint="the trust list says whose keys count; start one with `mrv keys`",
        ) from error
    try:
        trust = TrustList.of(strict_json.loads(data))
    except AttestationError as error:
        error.file = str(path)
        raise
    if min_version is not None and trust.version < min_version:
        raise AttestationError(
            f"version {trust.version} is older than {min_version}, which was accepted before",
            code="trust.rollback",
            file=path,
            field="version",
            hint="someone may have put back a list that still trusts a revoked key: fetch the current one",
        )
    return trust


def trust_for(signer: Signer, *, now: str, role: Role = "attester", days: int = 365) -> TrustList:
    """A starter list that trusts one signer from ``now`` for ``days``, and asks for no status list."""
    key = {
        "id": signer.verification_method,
        "suite": "eddsa-jcs-2022",
        "publicKeyMultibase": encode_multikey(signer.public_key),
        "roles": [role],
        "notBefore": check_instant(now),
        "notAfter": days_after(now, days),
        "revokedAt": None,
    }
    issuer = {"id": signer.issuer, "statusRequired": False, "keys": [key]}
    return TrustList.of({"version": 1, "previous": None, "issuers": [issuer]})


def write_trust(trust: TrustList, path: str | os.PathLike[str]) -> None:
    """Write a trust list, whole or not at all.

    Raises:
        AttestationError: ``trust.unwritable``.
    """
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(trust.model_dump(mode="json"), indent=2) + "\n", encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise AttestationError(f"cannot write: {error.strerror}", code="trust.unwritable", file=path) from error


def _distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} is listed twice")
        seen.add(name)
