"""Timestamp: a time-stamping authority's word that a signature existed, beside the log's or in its place.

Needs the extra ``time`` (rfc3161-client).  The authority's root certificates come from the caller; no revocation list is
fetched, so whoever stops trusting an authority takes its root away.  The certificates have to be valid at the token's time.

References:
    RFC 3161; RFC 5816 (which certificate signed).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from mrv.attest import credential, strict_json
from mrv.attest.shapes import check_instant
from mrv.attest.trusted_time import TrustedTime, signature_digest
from mrv.checks import Check
from mrv.errors import AttestationError

MAX_BYTES = 1 << 16


def request(document: dict[str, Any]) -> bytes:
    """The request to send to an authority for a signed document: SHA-256, with a nonce, asking for the certificate.

    Raises:
        AttestationError: ``timestamp.install``.
    """
    client = _client()
    builder = client.TimestampRequestBuilder(data=strict_json.canonical(document), hash_algorithm=client.HashAlgorithm.SHA256)
    found: bytes = builder.build().as_bytes()
    return found


def check_timestamp(data: bytes, response: bytes, *, roots: bytes, now: str) -> tuple[list[Check], list[TrustedTime]]:
    """Judge an authority's response about an attestation.

    Args:
        data: The bytes of ``attestation.json``; where they are no attestation there is nothing to ask, and
            :func:`mrv.attest.verify.check` says why.
        response: The bytes of the ``.tsr``.
        roots: PEM certificates of the authorities that the caller trusts.
        now: The time to judge by.

    Returns:
        ``timestamp.valid``, and what to hand to :func:`mrv.attest.verify.check` as ``times``.

    Raises:
        AttestationError: ``timestamp.install``, ``timestamp.roots``, or ``time.invalid``: the caller's fault.
    """
    client, trusted = _client(), _roots(roots)
    check_instant(now)
    try:
        document = credential.parse(data)
    except AttestationError:
        return [], []
    try:
        instant, name = _verified(client, document, response, trusted)
    except (ValueError, TypeError, OverflowError, client.VerificationError) as error:
        return [Check("timestamp.valid", "fails", f"not a token of these roots over this signature: {error!s:.200}")], []
    if instant > now:
        return [Check("timestamp.valid", "fails", f"{name} says {instant}, after now ({now})")], []
    source = f"the time-stamping authority {name}"
    time = TrustedTime(signature_digest(document), instant, source)
    return [Check("timestamp.valid", "holds", f"signed by {instant}, says {source}")], [time]


def _verified(client: Any, document: dict[str, Any], response: bytes, roots: list[Any]) -> tuple[str, str]:
    if len(response) > MAX_BYTES:
        raise ValueError(f"{len(response)} bytes")
    token = client.decode_timestamp_response(response)
    if len(token.signed_data.certificates) == 0:
        raise ValueError("it carries no certificate: ask the authority for one")
    client.VerifierBuilder(roots=roots).build().verify_message(token, strict_json.canonical(document, checked=True))
    return _latest(token.tst_info), _signer(token)


def _latest(info: Any) -> str:
    """The end of the span that the token claims, in whole seconds, rounded up."""
    moment: datetime = info.gen_time
    if (accuracy := info.accuracy) is not None:
        spare = {"seconds": accuracy.seconds, "milliseconds": accuracy.millis, "microseconds": accuracy.micros}
        moment += timedelta(**{unit: count or 0 for unit, count in spare.items()})
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + timedelta(seconds=1)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signer(token: Any) -> str:
    (signer,) = token.signed_data.signer_infos
    return f"certified by {signer.issuer.rfc4514_string():.200} as {signer.serial_number}"


def _roots(pem: bytes) -> list[Any]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise AttestationError(
            "no PEM certificates", code="timestamp.roots", hint="give the authority's root as PEM"
        ) from error


def _client() -> Any:
    try:
        return import_module("rfc3161_client")
    except ImportError as error:
        raise AttestationError(
            "rfc3161-client is not installed", code="timestamp.install", hint="pip install 'mrv[time]'"
        ) from error
