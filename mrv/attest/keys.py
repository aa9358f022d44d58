"""Signer: who signs, chosen by a URI; and how public keys are spelled and refused.

The private key stays where it is held, behind :class:`HeldKey`: a file, a token, a cloud's KMS.  A new scheme is one
module in :mod:`mrv.attest.signers` and one line in ``_SCHEMES``.

References:
    W3C Controlled Identifiers 1.0 (Multikey); did:key; multibase (base58btc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature

from mrv.attest.suites import EDDSA, SUITES, Suite, SuiteName, suite_of
from mrv.errors import AttestationError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAX_BASE58 = 128  # decoding is quadratic; keys and signatures are shorter
_ISSUER = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!\"$-~]+")
_SCHEMES = {
    "file": "mrv.attest.signers.local:load_file",
    "env": "mrv.attest.signers.local:load_env",
    "pkcs11": "mrv.attest.signers.pkcs11:load",
    "awskms": "mrv.attest.signers.awskms:load",
    "gcpkms": "mrv.attest.signers.gcpkms:load",
    "azurekms": "mrv.attest.signers.azurekms:load",
}
"""Where each scheme's ``load(rest of the URI) -> HeldKey`` is; imported only when it is named."""


class HeldKey(Protocol):
    """A private key where it is held.  It signs; it is never handed out."""

    @property
    def public_key(self) -> bytes:
        """Raw: 32 bytes of Ed25519, or 33 of P-256, compressed."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes: the Ed25519 signature of ``message``, or r‖s of ECDSA with SHA-256."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One key that can sign, and the names it signs under."""

    issuer: str
    """``did:key:z…``, or another URI whose keys a trust list names."""
    verification_method: str
    """The issuer, ``#``, and the Multikey: the issuer's key that made the proof."""
    public_key: bytes
    """Raw public key: 32 bytes of Ed25519, or 33 of P-256, compressed."""
    _sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    @property
    def suite(self) -> Suite:
        """The suite that the key belongs to."""
        return suite_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of ``message``, verified before it is handed out.

        Raises:
            AttestationError: ``key.signature``: what came back does not fit the public key, or ``key.*`` of the place
                where the key is held.
        """
        signature, suite = self._sign(message), self.suite
        try:
            suite.verify(self.public_key, signature, message)
        except InvalidSignature as error:
            raise AttestationError(
                "what the key holder signed does not verify under the public key it gave",
                code="key.signature",
                field=self.verification_method,
                hint="name one version of one key: an alias may have moved on, or the token holds several",
            ) from error
        return suite.normal(signature)


def load_signer(uri: str, issuer: str | None = None) -> Signer:
    """The signer a URI names.

    Args:
        uri: ``file:PATH`` (PKCS#8 PEM), ``env:NAME`` (a variable that holds the PEM), ``pkcs11:…`` (RFC 7512),
            ``awskms:…``, ``gcpkms:…`` or ``azurekms:…``.
        issuer: The name to sign under; None is the key's own, ``did:key:z…``.

    Raises:
        AttestationError: With a code ``key.*``: unknown scheme, unreadable, neither Ed25519 nor P-256, readable by others.
    """
    scheme, colon, rest = uri.partition(":")
    place = _SCHEMES.get(scheme) if colon else None
    if place is None:
        known = ", ".join(f"{name}:" for name in _SCHEMES)
        # The text may be a secret that was put in the wrong place, so it is not repeated.
        raise AttestationError(
            f"unknown key scheme {scheme!a:.12}" if colon else "a key is named by a URI with a scheme",
            code="key.scheme",
            hint=f"known schemes: {known} (for example file:signing-key.pem)",
        )
    module, _, load = place.partition(":")
    return name_signer(getattr(import_module(module), load)(rest), issuer)


def name_signer(held: HeldKey, issuer: str | None = None) -> Signer:
    """The signer of a key, under its ``did:key`` name or under ``issuer``.

    Raises:
        AttestationError: ``key.issuer``: no URI, or the ``did:key`` of another key; ``key.weak``.
    """
    check_public_key(held.public_key)
    multikey = encode_multikey(held.public_key)
    issuer = issuer_name(multikey, issuer)
    return Signer(issuer, f"{issuer}#{multikey}", held.public_key, held.sign)


def issuer_name(multikey: str, issuer: str | None = None) -> str:
    """The name that a key signs under: ``issuer``, or its own, ``did:key:…``.

    Raises:
        AttestationError: ``key.issuer``: no URI, or the ``did:key`` of another key.
    """
    own = f"did:key:{multikey}"
    issuer = own if issuer is None else issuer
    if not _ISSUER.fullmatch(issuer) or (issuer.startswith("did:key:") and issuer != own):
        raise AttestationError(
            f"{issuer!a:.80} is no name this key can sign under",
            code="key.issuer",
            hint=f"give a URI without a fragment, such as did:web:example.org, or leave it out for {own}",
        )
    return issuer


def signer_of(key: Ed25519PrivateKey | EllipticCurvePrivateKey, issuer: str | None = None) -> Signer:
    """The signer of a private key held in memory."""
    from mrv.attest.signers.local import LocalKey

    return name_signer(LocalKey(key), issuer)


def new_key(path: str | os.PathLike[str], suite: SuiteName = "eddsa-jcs-2022", issuer: str | None = None) -> Signer:
    """Create a key as a PEM that only its owner can read; never overwrites.

    Raises:
        AttestationError: ``key.exists``, ``key.unwritable`` or ``key.issuer``.
    """
    from mrv.attest.signers.local import generate, write_pem

    key = generate(suite)
    signer = signer_of(key, issuer)
    write_pem(key, path)
    return signer


def encode_multikey(public_key: bytes) -> str:
    """``z6Mk…`` or ``zDn…``: the Multikey spelling of a raw public key."""
    return encode_base58(suite_of(public_key).prefix + public_key)


def decode_multikey(text: str) -> bytes:
    """The raw public key that a Multikey spells; weak keys are refused.

    Raises:
        AttestationError: ``key.format`` or ``key.weak``.
    """
    data = decode_base58(text)
    suite = next((suite for suite in SUITES.values() if suite.prefix == data[:2]), None)
    if suite is None:
        raise AttestationError(
            f"{text!a:.60} is not a Multikey of Ed25519 or P-256",
            code="key.format",
            hint="a Multikey begins with z6Mk (Ed25519) or zDn (P-256)",
        )
    key = data[2:]
    if len(key) != suite.key_bytes:
        raise AttestationError(
            f"a public key of {suite.curve} has {suite.key_bytes} bytes, not {len(key)}",
            code="key.weak",
            hint="P-256 keys are compressed: 2 or 3, then x" if suite is not EDDSA else "copy the whole Multikey again",
        )
    suite.check_point(key)
    return key


def check_public_key(key: bytes) -> None:
    """Refuse a raw public key that is no point, has a second spelling, or under which anyone can sign.

    Raises:
        AttestationError: ``key.weak``.
    """
    suite_of(key).check_point(key)


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
        raise AttestationError(
            f"{text!a:.60} is not base58btc (multibase z…)", code="key.format",
            hint="copy it whole, as `mrv keys show` prints it: z and digits without 0, O, I and l",
        )  # fmt: skip
    number = 0
    for letter in body:
        number = number * 58 + _ALPHABET.index(letter)
    zeros = len(body) - len(body.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
