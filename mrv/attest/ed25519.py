"""Ed25519: public keys with one spelling and a full order, and signatures under them.

References:
    RFC 8032 §5.1.3 (decoding), §5.1.4 (doubling), §5.1.7 (the cofactor, verification).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.errors import AttestationError

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)


def check_point(key: bytes) -> None:
    """Refuse a public key under which anyone can sign, or that has a second spelling.

    Under a small-order key one signature fits every message, and common libraries accept it.

    Args:
        key: 32 bytes, y little-endian with the sign of x in the highest bit.

    Raises:
        AttestationError: ``key.weak``: y ≥ p, not on the curve, or 8·P is the neutral element.
    """
    number = int.from_bytes(key, "little")
    x_is_odd, y = number >> 255, number & (2**255 - 1)
    x = _recover_x(y)
    if y >= _P or x is None or (x == 0 and x_is_odd):
        raise _weak("is not the canonical encoding of a point on the curve")
    point = (x, y, 1)
    for _ in range(3):
        point = _double(point)
    if point[0] == 0 and (point[1] - point[2]) % _P == 0:
        raise _weak("has small order: one signature would fit every document")


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Return if ``signature`` (64 bytes) fits.

    Raises:
        InvalidSignature: It does not.
    """
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)


def _weak(why: str) -> AttestationError:
    return AttestationError(f"this Ed25519 public key {why}", code="key.weak", hint="no honest key generator makes it")


def _recover_x(y: int) -> int | None:
    """A square root of (y² − 1) / (d·y² + 1); either sign will do here."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _SQRT_M1 % _P
    return None if (x * x - square) % _P else x


def _double(point: tuple[int, int, int]) -> tuple[int, int, int]:
    """Twice a point of −x² + y² = 1 + d·x²·y², in projective coordinates (X : Y : Z)."""
    x, y, z = point
    b, c, d = (x + y) ** 2, x * x, y * y
    f = d - c
    j = f - 2 * z * z
    return (b - c - d) * j % _P, f * (-c - d) % _P, f * j % _P
