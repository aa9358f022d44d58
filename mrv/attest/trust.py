"""TrustList: whose keys count, for what, and from when to when; a local file, never the network.

Names such as ``did:key`` and ``did:web`` are only names here.  Lists are numbered, and each names the digest of
the one before it, so that an old list put back in place of a new one is seen.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from mrv.attest import durable, strict_json
from mrv.attest.keys import Signer, decode_multikey, encode_multikey, issuer_name
from mrv.attest.shapes import Closed, Instant, Line, Uri, days_after
from mrv.attest.suites import SuiteName, suite_of
from mrv.attest.trust_entries import issuer_entry, key_entry
from mrv.errors import AttestationError
from mrv.regular_file import read_regular
from mrv.units import Digest

Role = Literal["attester", "status", "verifier", "reviewer"]
"""``attester`` signs attestations, ``status`` signs status lists, ``verifier`` countersigns an opinion, ``reviewer``
countersigns the independent review of the verifier's work (ISO/IEC 17029 §9.6)."""
Assurance = Literal["limited", "reasonable"]
"""Level of assurance (ISO 14064-3), the lower first."""
MAX_COUNTERSIGNERS = 16


class Fault(NamedTuple):
    """Why a key may not be used."""

    reason: Literal["role", "suite", "not-yet", "revoked", "expired"]
    detail: str


class TrustedKey(Closed):
    """One key of one issuer."""

    id: Uri
    """Verification method: the issuer's id, ``#``, and a fragment."""
    suite: SuiteName
    """The one cryptosuite this key may be used with; the key's own."""
    public_key_multibase: Annotated[str, Field(pattern=r"^(z6Mk[1-9A-HJ-NP-Za-km-z]{44}|zDnae[1-9A-HJ-NP-Za-km-z]{44})$")]
    """Multikey of Ed25519 or P-256."""
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

    @model_validator(mode="after")
    def _sound(self) -> Self:
        own = suite_of(self.public_key).name
        if self.suite != own:
            raise ValueError(f"{self.id} is a key of {own}, not of {self.suite}")
        if self.not_before is not None and self.not_after is not None and self.not_after <= self.not_before:
            raise ValueError(f"{self.id} is never valid: notAfter is not after notBefore")
        return self

    @property
    def public_key(self) -> bytes:
        """Raw public key: 32 bytes of Ed25519, or 33 of P-256, compressed."""
        return decode_multikey(self.public_key_multibase)

    def judge(self, *, role: Role, suite: str, now: str, proved_at: str | None = None) -> Fault | None:
        """Why this key may not be used for ``role`` at ``now``; None when it may.

        Args:
            role: What was signed.
            suite: What the proof says it was made with.
            now: The time to judge by.
            proved_at: A trusted time at which the signature existed (never ``proof.created``): what lets a signature
                outlive the key that made it.
        """
        if role not in self.roles:
            return Fault("role", f"{self.id} is trusted as {', '.join(self.roles)}, not as {role}")
        if suite != self.suite:
            return Fault("suite", f"{self.id} is trusted for {self.suite}, not for {suite}")
        if self.not_before is not None and now < self.not_before:
            return Fault("not-yet", f"{self.id} is valid from {self.not_before}, after now ({now})")
        return self._ended(now) and self._outlived(now, proved_at)

    def fault(self, *, role: Role, suite: str, now: str, proved_at: str | None = None) -> str | None:
        """What :meth:`judge` found, in words."""
        found = self.judge(role=role, suite=suite, now=now, proved_at=proved_at)
        return found and found.detail

    def _ended(self, moment: str) -> Fault | None:
        if self.revoked_at is not None and moment >= self.revoked_at:
            return Fault("revoked", f"{self.id} was revoked at {self.revoked_at}")
        if self.not_after is not None and moment >= self.not_after:
            return Fault("expired", f"{self.id} expired at {self.not_after}")
        return None

    def _outlived(self, now: str, proved_at: str | None) -> Fault | None:
        """Whether the signature is proved to be older than the end of its key."""
        ended = self._ended(now if proved_at is None else proved_at)
        if proved_at is None and ended is not None:
            told = "; a trusted time before that would be needed (proof.created is the signer's own word)"
            return ended._replace(detail=ended.detail + told)
        if proved_at is not None and ended is not None:
            return ended._replace(detail=f"{ended.detail}, and the signature is proved only for {proved_at}")
        if proved_at is not None and self.not_before is not None and proved_at < self.not_before:
            return Fault("not-yet", f"{self.id} is valid from {self.not_before}, and the signature is of {proved_at} or before")
        return None


class Countersigners(Closed):
    """How many people must have countersigned, and as what."""

    role: Literal["verifier", "reviewer"]
    number: Annotated[int, Field(ge=1, le=MAX_COUNTERSIGNERS)]
    """Different parties."""
    assurance: Assurance
    """Lowest level of assurance that counts."""


class TrustedIssuer(Closed):
    """One issuer and its keys."""

    id: Uri
    """``did:key:…``, ``did:web:…`` or another URI: a name, never resolved."""
    status_required: bool
    """Whether an attestation of this issuer holds only with a fresh status list."""
    keys: tuple[TrustedKey, ...]
    """Its keys, past and present."""
    party: Line | None = None
    """The legal person behind it, where it has several names here; else its id."""

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

    remedy: ClassVar[str] = "leave the list as `mrv keys trust` writes it, which takes the values that its --help tells"

    version: Annotated[int, Field(ge=1)]
    """Grows by one with each list."""
    previous: Digest | None
    """``sha256(JCS(previous list))``; null for the first."""
    issuers: tuple[TrustedIssuer, ...]
    """Who is trusted."""
    countersignatures: tuple[Countersigners, ...] = ()
    """What an attestation needs beside its own signature."""

    @model_validator(mode="after")
    def _distinct_issuers(self) -> Self:
        _distinct((issuer.id for issuer in self.issuers), "issuer")
        # One key under two names could be its own witness.
        _distinct((key.public_key_multibase for issuer in self.issuers for key in issuer.keys), "public key")
        _distinct((wanted.role for wanted in self.countersignatures), "countersigner")
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
        return strict_json.digest(self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The list as it was written: absent members stay absent."""
        return self.model_dump(mode="json", exclude_unset=True)


def load_trust(path: str | os.PathLike[str], min_version: int | None = None, accepted_digest: str | None = None) -> TrustList:
    """Read a trust list.

    Args:
        path: The JSON file.
        min_version: The last version the caller accepted; an older list is a rollback.
        accepted_digest: The digest of that version: another list of the same number is a fork, and so is a next one
            that does not name it.  Versions in between have to be accepted one by one.

    Raises:
        AttestationError: ``trust.unreadable``, ``trust.rollback``, ``trust.fork``, ``trust.gap``, or the ``json.*`` or
            ``schema.*`` of its fault.
    """
    if accepted_digest is not None and min_version is None:
        raise AttestationError(
            "a digest without its version", code="trust.accepted", hint="give the version you accepted and its digest, both"
        )
    try:
        data = read_regular(path, strict_json.MAX_BYTES)
    except OSError as error:
        hint = "check the path; where there is no trust list yet, which says whose keys count, `mrv keys trust new` starts one"
        raise AttestationError(f"cannot read: {error.strerror}", code="trust.unreadable", file=path, hint=hint) from error
    try:
        trust = _parse(data)
    except AttestationError as error:
        error.file = str(path)
        raise
    if min_version is not None:
        _check_follows(trust, min_version, accepted_digest, path)
    return trust


def _parse(data: bytes) -> TrustList:
    return TrustList.of(strict_json.loads(data))


def _check_follows(trust: TrustList, version: int, digest: str | None, path: str | os.PathLike[str]) -> None:
    """Refuse a list that cannot come after the one that was accepted."""
    if trust.version < version:
        raise AttestationError(
            f"version {trust.version} is older than {version}, which was accepted before",
            code="trust.rollback",
            file=path,
            field="version",
            hint="someone may have put back a list that still trusts a revoked key: fetch the current one",
        )
    if digest is None:
        return
    if trust.version > version + 1:
        raise AttestationError(
            f"version {trust.version} does not follow {version} directly, so it cannot be held against its digest",
            code="trust.gap",
            file=path,
            field="version",
            hint=f"accept the lists in between one by one, from version {version + 1} on",
        )
    named = trust.digest if trust.version == version else trust.previous
    if named != digest:
        raise AttestationError(
            f"this list is no continuation of version {version} with digest {digest}",
            code="trust.fork",
            file=path,
            field="version" if trust.version == version else "previous",
            hint="two lists of one number exist: ask whoever keeps the list, by another way, which one is theirs",
        )


def trust_for(signer: Signer, *, now: str, role: Role = "attester", days: int = 365) -> TrustList:
    """A starter list that trusts one signer from ``now`` for ``days``, and asks for no status list."""
    multikey, until = encode_multikey(signer.public_key), days_after(now, days)
    return first_list(multikey, roles=[role], now=now, until=until, issuer=signer.issuer)


def first_list(
    multikey: str, *, roles: Iterable[Role], now: str, until: str | None, issuer: str | None = None, party: str | None = None
) -> TrustList:
    """A list of version 1 with one key, which asks for no status list; arguments as for :func:`~.trust_changes.add_key`.

    Raises:
        AttestationError: ``key.*``, ``time.invalid``, or the ``schema.*`` of an argument.
    """
    entry = issuer_entry(issuer_name(multikey, issuer), party=party)
    entry["keys"].append(key_entry(entry["id"], multikey, roles=roles, now=now, until=until))
    return TrustList.of({"version": 1, "previous": None, "issuers": [entry]})


def write_trust(trust: TrustList, path: str | os.PathLike[str]) -> None:
    """Write a trust list, whole or not at all, and over nothing but a trust list.

    Raises:
        AttestationError: ``file.other``, ``file.unwritable``.
    """
    data = (json.dumps(trust.as_json(), indent=2) + "\n").encode()
    durable.replace_own(Path(path), data, parse=_parse, what="a trust list")


def _distinct(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} is listed twice")
        seen.add(name)
