"""P-256: compressed public keys with one spelling, and ECDSA signatures with SHA-256 as r‖s.

Every signature (r, s) has a twin (r, n − s) that fits as well.  We sign with the lower s, and accept both: the identity
of a document never depends on its proof value.

References:
    SEC 1 §2.3.3–2.3.4 (points as bytes), SEC 2 §2.4.2 (the curve), FIPS 186-5 §6 (ECDSA), IEEE P1363 (r‖s).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from mrv.errors import AttestationError

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""n, a prime: the cofactor is 1, so no point but infinity has small order."""


def check_point(key: bytes) -> None:
    """Refuse a public key that is not the compressed form of a point on the curve.

    Args:
        key: 33 bytes: 2 or 3 (the parity of y), then x, big-endian.

    Raises:
        AttestationError: ``key.weak``: infinity, another form, x ≥ p, or no such point.
    """
    x = int.from_bytes(key[1:], "big")
    if key[:1] not in {b"\x02", b"\x03"}:
        raise _weak("is not in compressed form (2 or 3, then x)")
    if x >= _P:
        raise _weak("is not the canonical encoding of a point: x is not below p")
    # No point of a group of prime order has y = 0, so the right-hand side is never zero.
    if pow(x**3 - 3 * x + _B, (_P - 1) // 2, _P) != 1:
        raise _weak("is not on the curve")


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Return if ``signature`` (r‖s, 64 bytes) or its twin fits.

    Raises:
        InvalidSignature: It does not.
    """
    r, s = _numbers(signature)
    if len(signature) != 64 or not (0 < r < ORDER and 0 < s < ORDER):
        raise InvalidSignature
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public_key)
    key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))


def from_der(signature: bytes) -> bytes:
    """r‖s of a DER signature, as libraries and most KMS give it.

    Raises:
        AttestationError: ``key.signature``: it is no DER signature, or its numbers have more than 32 bytes.
    """
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    except (ValueError, OverflowError) as error:
        raise AttestationError(
            "no DER signature of P-256 came back", code="key.signature", hint="the key holder signed with another kind of key"
        ) from error


def low_s(signature: bytes) -> bytes:
    """The twin of a valid r‖s whose s is at most n / 2."""
    r, s = _numbers(signature)
    return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


def _numbers(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def _weak(why: str) -> AttestationError:
    return AttestationError(f"this P-256 public key {why}", code="key.weak", hint="no honest key generator makes it")
