"""StatusList: which attestations were revoked or suspended, signed by a key that signs nothing else.

Were it the attester's key, revoking that key would leave every attestation without a list, and its thief could take his
own revocation back.

References:
    W3C Bitstring Status List v1.0 §2 (data model).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mrv.attest import bitstring, proof
from mrv.attest.credential import AnyProof
from mrv.attest.keys import Signer
from mrv.attest.shapes import Closed, Instant, Uri, days_after
from mrv.attest.trust import TrustedKey, TrustList
from mrv.errors import AttestationError

Purpose = Literal["revocation", "suspension"]
"""``revocation`` is for ever, ``suspension`` may be lifted."""
PURPOSES: tuple[Purpose, Purpose] = ("revocation", "suspension")
CONTEXT = "https://www.w3.org/ns/credentials/v2"
MAX_DAYS = 7
"""No list is valid for longer: a revocation is seen by everyone within a week."""


class ListSubject(Closed):
    """The bits, and what a 1 means."""

    id: Uri
    """The list's id and ``#list``."""
    type: Literal["BitstringStatusList"]
    status_purpose: Purpose
    encoded_list: Annotated[str, Field(pattern=r"^u[A-Za-z0-9_-]+$")]
    """As :mod:`mrv.attest.bitstring` packs it."""


class ListProof(AnyProof):
    """The one proof."""

    context: Annotated[tuple[Literal["https://www.w3.org/ns/credentials/v2"]], Field(alias="@context")]


class StatusList(Closed):
    """A Bitstring Status List credential, closed as the attestation is."""

    remedy: ClassVar[str] = "fetch it again with `mrv status refresh`, or tell its issuer"

    context: Annotated[tuple[Literal["https://www.w3.org/ns/credentials/v2"]], Field(alias="@context")]
    id: Uri
    """Where it is published, and what an attestation's ``statusListCredential`` names."""
    type: tuple[Literal["VerifiableCredential"], Literal["BitstringStatusListCredential"]]
    issuer: Uri
    valid_from: Instant
    valid_until: Instant
    credential_subject: ListSubject
    proof: ListProof

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.valid_until <= self.valid_from:
            raise ValueError("validUntil is not after validFrom")
        return self


def sign_list(
    ones: Iterable[int], *, url: str, purpose: Purpose, signer: Signer, now: str, days: int = MAX_DAYS,
    bits: int = bitstring.MIN_BITS,
) -> dict[str, Any]:  # fmt: skip
    """A signed status list.

    Args:
        ones: Indices of the attestations that are revoked, or suspended.
        url: Where it will be published: its id.
        purpose: What a 1 means.
        signer: The issuer's status key.
        now: Valid from this instant.
        days: Valid for so long, at most :data:`MAX_DAYS`.
        bits: Its length.

    Raises:
        AttestationError: ``status.lifetime``, ``status.short``, ``status.size``, ``status.index``, or ``schema.*``.
    """
    if not 1 <= days <= MAX_DAYS:
        raise AttestationError(f"{days} days", code="status.lifetime", hint=f"a list is valid for 1 to {MAX_DAYS} days")
    document = {
        "@context": [CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": signer.issuer,
        "validFrom": now,
        "validUntil": days_after(now, days),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": bitstring.pack(ones, bits),
        },
    }
    signed = proof.sign(document, signer, now)
    StatusList.of(signed)
    return signed


def parse_list(data: bytes) -> dict[str, Any]:
    """The list in ``data``, of the closed shape; whose it is, and whether it holds, is asked of :func:`verify_list`.

    Raises:
        AttestationError: ``status.size``: more than a document may have; ``status.unreadable``: anything else.
    """
    try:
        return StatusList.read(data)
    except AttestationError as error:
        code = "status.size" if error.error_code == "json.size" else "status.unreadable"
        told = f"not a status list: {error} [{error.error_code}]"
        raise AttestationError(told, code=code, hint="fetch it again with `mrv status refresh`, or tell its issuer") from error


def verify_list(document: dict[str, Any], *, trust: TrustList, now: str) -> tuple[TrustedKey, bytes]:
    """The key that signed a list and the list's bits, if it may be believed at ``now``.

    Args:
        document: From :func:`parse_list`.
        trust: Whose keys count.
        now: The time to judge by.

    Raises:
        AttestationError: ``status.key``, ``status.role``, ``status.proof``, ``status.early``, ``status.expired``,
            ``status.lifetime``, or what :func:`mrv.attest.bitstring.unpack` says of its bits.
    """
    key = _key(document, trust, now)
    try:
        proof.verify(document, key.public_key, checked=True)
    except AttestationError as error:
        raise AttestationError(f"the list's proof: {error}", code="status.proof", hint=error.hint) from error
    _check_period(document["validFrom"], document["validUntil"], now)
    return key, bitstring.unpack(document["credentialSubject"]["encodedList"])


def _key(document: dict[str, Any], trust: TrustList, now: str) -> TrustedKey:
    method = document["proof"]["verificationMethod"]
    key = trust.key(document["issuer"], method)
    if key is None:
        told = f"{method:.200} is no key the trust list gives the list's issuer"
        hint = "ask the issuer; if the key is theirs, `mrv keys trust add TRUST KEY --role status --issuer ISSUER`"
        raise AttestationError(told, code="status.key", hint=hint)
    fault = key.fault(role="status", suite=document["proof"]["cryptosuite"], now=now)
    if fault is not None:
        code = "status.key" if "status" in key.roles else "status.role"
        raise AttestationError(fault, code=code, hint="a status list is signed by a valid key with the role status")
    return key


def _check_period(start: str, end: str, now: str) -> None:
    if now < start:
        told = f"the list is valid from {start}, after now ({now})"
        raise AttestationError(told, code="status.early", hint="set the clock, or give a later --now")
    if now >= end:
        hint = "fetch the current one with `mrv status refresh`; an issuer that publishes none cannot be relied on"
        raise AttestationError(f"the list was valid until {end}; now is {now}", code="status.expired", hint=hint)
    if datetime.fromisoformat(end) - datetime.fromisoformat(start) > timedelta(days=MAX_DAYS):
        told = f"the list claims to hold from {start} to {end}, longer than {MAX_DAYS} days"
        raise AttestationError(told, code="status.lifetime", hint="its issuer has to publish lists that are valid for less")
