"""Signer: who signs, chosen by a URI; and the public keys we refuse to trust.

The private key stays behind ``Signer.sign``, so that an HSM or a KMS can stand where a file stands today: a new
scheme is one function in ``_SCHEMES``.

References:
    RFC 8032 §5.1 (Ed25519); W3C Controlled Identifiers 1.0 (Multikey); did:key; multibase (base58btc).
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.errors import AttestationError

if TYPE_CHECKING:
    from collections.abc import Callable

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUB = b"\xed\x01"
_MAX_BASE58 = 128  # decoding is quadratic; keys and signatures are shorter

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_M1 = pow(2, (_P - 1) // 4, _P)


@dataclass(frozen=True, slots=True)
class Signer:
    """One key that can sign, and the names it signs under."""

    issuer: str
    """``did:key:z…``."""
    verification_method: str
    """``did:key:z…#z…``: the issuer's key that made the proof."""
    public_key: bytes
    """Raw Ed25519 public key, 32 bytes."""
    _sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of ``message``."""
        return self._sign(message)


def load_signer(uri: str) -> Signer:
    """The signer a URI names: ``file:PATH`` (PKCS#8 PEM) or ``env:NAME`` (a variable that holds the PEM).

    Raises:
        AttestationError: With a code ``key.*``: unknown scheme, unreadable, not Ed25519, readable by others.
    """
    scheme, colon, rest = uri.partition(":")
    loader = _SCHEMES.get(scheme) if colon else None
    if loader is None:
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        raise AttestationError(
            f"no key scheme in {uri!r:.40}" if not colon else f"unknown key scheme {scheme!r:.40}",
            code="key.scheme",
            hint=f"known schemes: {known} (for example file:signing-key.pem)",
        )
    return loader(rest)


def new_key(path: str | os.PathLike[str]) -> Signer:
    """Create an Ed25519 key as a PEM that only its owner can read; never overwrites.

    Raises:
        AttestationError: ``key.exists``, or ``key.unwritable``.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except FileExistsError as error:
        raise AttestationError(
            "already exists", code="key.exists", file=path, hint="a key is never overwritten: name another file"
        ) from error
    except OSError as error:
        raise AttestationError(f"cannot write: {error.strerror}", code="key.unwritable", file=path) from error
    return signer_of(key)


def signer_of(key: Ed25519PrivateKey) -> Signer:
    """The signer of a private key held in memory, under its ``did:key`` name."""
    public = key.public_key().public_bytes_raw()
    multikey = encode_multikey(public)
    return Signer(f"did:key:{multikey}", f"did:key:{multikey}#{multikey}", public, key.sign)


def _load_file(rest: str) -> Signer:
    path = Path(unquote(rest.removeprefix("//")) if rest.startswith("///") else rest)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise AttestationError("not a regular file", code="key.unreadable", file=path)
        if os.name == "posix" and status.st_mode & 0o077:
            raise AttestationError(
                f"others can read this key (mode {stat.S_IMODE(status.st_mode):04o})",
                code="key.permissions",
                file=path,
                hint=f"chmod 600 {path}; if it was ever shared, make a new key and revoke this one",
            )
        pem = path.read_bytes()
    except OSError as error:
        raise AttestationError(f"cannot read: {error.strerror}", code="key.unreadable", file=path) from error
    return _from_pem(pem, str(path))


def _load_env(name: str) -> Signer:
    pem = os.environ.get(name)
    if not pem:
        raise AttestationError(
            f"environment variable {name!r:.60} is not set", code="key.unreadable", hint="it holds the PEM itself"
        )
    return _from_pem(pem.encode(), f"env:{name}")


_SCHEMES: dict[str, Callable[[str], Signer]] = {"file": _load_file, "env": _load_env}


def _from_pem(pem: bytes, where: str) -> Signer:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AttestationError(
            "not an unencrypted PKCS#8 PEM private key", code="key.format", file=where, hint="make one with `mrv keys`"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AttestationError(
            f"{type(key).__name__} is not Ed25519",
            code="key.suite",
            file=where,
            hint="this version signs with eddsa-jcs-2022 only",
        )
    return signer_of(key)


def encode_multikey(public_key: bytes) -> str:
    """``z6Mk…``: the Multikey spelling of a raw Ed25519 public key."""
    return encode_base58(_ED25519_PUB + public_key)


def decode_multikey(text: str) -> bytes:
    """The raw Ed25519 public key that a Multikey spells; weak keys are refused.

    Raises:
        AttestationError: ``key.format`` or ``key.weak``.
    """
    data = decode_base58(text)
    if data[:2] != _ED25519_PUB:
        raise AttestationError(f"{text!a:.60} is not an Ed25519 Multikey", code="key.format")
    check_public_key(data[2:])
    return data[2:]


def encode_base58(data: bytes) -> str:
    """Multibase base58btc: ``z``, then the digits."""
    digits, number = "", int.from_bytes(data, "big")
    while number:
        number, digit = divmod(number, 58)
        digits = _ALPHABET[digit] + digits
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def decode_base58(text: str) -> bytes:
    """The bytes behind a multibase base58btc string; each byte string has one spelling.

    Raises:
        AttestationError: ``key.format``.
    """
    body = text[1:]
    if not text.startswith("z") or len(body) > _MAX_BASE58 or any(letter not in _ALPHABET for letter in body):
        raise AttestationError(f"{text!a:.60} is not base58btc (multibase z…)", code="key.format")
    number = 0
    for letter in body:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(body) - len(body.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def check_public_key(key: bytes) -> None:
    """Refuse an Ed25519 public key under which anyone can sign, or that has a second spelling.

    Under a small-order key one signature fits every message, and common libraries accept it.

    Raises:
        AttestationError: ``key.weak``: y ≥ p, not on the curve, or 8·P is the neutral element.

    References:
        RFC 8032 §5.1.3 (decoding), §5.1.4 (doubling), §5.1.7 (the cofactor).
    """
    if len(key) != 32:
        raise AttestationError(f"an Ed25519 public key has 32 bytes, not {len(key)}", code="key.weak")
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
