"""Suites: the two signature algorithms, each chosen by the trusted key and never by the document.

A public key's raw bytes say which it is: 32 bytes are Ed25519, 33 bytes a compressed point of P-256.

References:
    W3C Data Integrity EdDSA Cryptosuites 1.0 §3.3; Data Integrity ECDSA Cryptosuites 1.0 §3.3; Multikey prefixes of
    W3C Controlled Identifiers 1.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.attest import ed25519, p256
from mrv.errors import AttestationError

SuiteName = Literal["eddsa-jcs-2022", "ecdsa-jcs-2019"]
SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Suite:
    """One algorithm: its keys and its signatures."""

    name: SuiteName
    """Cryptosuite of the proof."""
    curve: str
    """For a person."""
    prefix: bytes
    """What a Multikey begins with."""
    key_bytes: int
    """Length of a raw public key."""
    check_point: Callable[[bytes], None]
    """Refuses weak keys of that length."""
    verify: Callable[[bytes, bytes, bytes], None]
    """Of public key, signature, message; raises InvalidSignature."""
    normal: Callable[[bytes], bytes]
    """The one of equivalent signatures that we write."""


EDDSA = Suite("eddsa-jcs-2022", "Ed25519", b"\xed\x01", 32, ed25519.check_point, ed25519.verify, bytes)
ECDSA = Suite("ecdsa-jcs-2019", "P-256", b"\x80\x24", 33, p256.check_point, p256.verify, p256.low_s)
SUITES: dict[str, Suite] = {suite.name: suite for suite in (EDDSA, ECDSA)}


def suite_of(public_key: bytes) -> Suite:
    """The suite a raw public key belongs to.

    Raises:
        AttestationError: ``key.weak``: of neither length.
    """
    for suite in SUITES.values():
        if len(public_key) == suite.key_bytes:
            return suite
    raise AttestationError(
        f"a public key has 32 bytes (Ed25519) or 33 (P-256, compressed), not {len(public_key)}",
        code="key.weak",
        hint="give it as a Multikey (z6Mk… or zDn…)",
    )


def raw_public_key(key: object) -> bytes:
    """The raw bytes of a public key that ``cryptography`` holds.

    Raises:
        AttestationError: ``key.suite``: of another algorithm or curve.
    """
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    kind = key.curve.name if isinstance(key, EllipticCurvePublicKey) else type(key).__name__
    raise AttestationError(
        f"{kind} is neither Ed25519 nor P-256",
        code="key.suite",
        hint="make a key for eddsa-jcs-2022 (Ed25519) or ecdsa-jcs-2019 (P-256)",
    )


def read_public_key(data: bytes) -> bytes:
    """The raw bytes of a public key in SubjectPublicKeyInfo, DER or PEM, as a KMS hands it out.

    Raises:
        AttestationError: ``key.format`` or ``key.suite``.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    try:
        key = load_pem_public_key(data) if data.startswith(b"-----") else load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AttestationError(
            "the public key cannot be read", code="key.format", hint="an Ed25519 or P-256 key is needed"
        ) from error
    return raw_public_key(key)
