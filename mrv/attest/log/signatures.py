"""VerifierKey: the public key of a log or a witness; signing a note with one, and asking a note who signed it.

Two kinds, of one algorithm: a log signs the text itself, a witness signs the text under a time.  Keys come from the caller's
policy, never from the note, and a note on which a known key's signature does not fit is refused whole.

References:
    C2SP signed-note (Ed25519 signatures, verifier keys); C2SP tlog-cosignature (Ed25519 signed message).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mrv.attest.keys import check_public_key
from mrv.attest.log.note import KEY_ID_BYTES, Signature, check_key_name, decode_base64
from mrv.errors import AttestationError, LogError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.attest.keys import Signer
    from mrv.attest.log.note import Note

Kind = Literal["log", "witness"]
_TYPES: dict[Kind, int] = {"log": 0x01, "witness": 0x04}
_KINDS = {number: kind for kind, number in _TYPES.items()}
_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """One public key, under a name, for one kind of signature."""

    name: str
    """Key name, best a URL without its scheme."""
    kind: Kind
    """``log`` signs a text, ``witness`` a text at a time."""
    public_key: bytes
    """Raw Ed25519 public key, 32 bytes."""

    @property
    def key_id(self) -> bytes:
        """First four bytes of ``sha256(name, newline, type, public key)``."""
        named = f"{self.name}\n".encode() + bytes([_TYPES[self.kind]]) + self.public_key
        return hashlib.sha256(named).digest()[:KEY_ID_BYTES]

    def __str__(self) -> str:
        coded = base64.b64encode(bytes([_TYPES[self.kind]]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{coded}"

    def claims(self, signature: Signature) -> bool:
        """Whether a signature says it is this key's."""
        return signature.name == self.name and signature.key_id == self.key_id

    def verify(self, text: str, signature: Signature) -> int:
        """When the signature was made, in seconds since 1970; 0 for a log's, which says no time.

        Raises:
            LogError: ``note.signature``: it does not fit the text and this key.
        """
        blob, seconds, message = signature.blob, 0, text.encode()
        if self.kind == "witness":
            seconds = int.from_bytes(blob[:_TIME_BYTES], "big")
            blob, message = blob[_TIME_BYTES:], _cosigned(text, seconds)
            if not 0 < seconds < 1 << 63:
                raise _unfit(self)
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(blob, message)
        except InvalidSignature as error:
            raise _unfit(self) from error
        return seconds


@lru_cache(maxsize=256)
def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key, ``name+id+key``.

    Raises:
        LogError: ``vkey.format``, ``vkey.type``, ``vkey.id``, or ``key.weak``.
    """
    parts = text.split("+", 2)
    try:
        name, stated, coded = parts
        check_key_name(name)
        data = decode_base64(coded)
    except (ValueError, LogError) as error:
        raise LogError(f"{text!a:.120} is no verifier key", code="vkey.format", hint="name+12345678+Base64") from error
    kind = _KINDS.get(data[0])
    if kind is None:
        raise LogError(
            f"signature type {data[0]:#04x} is none of this version's", code="vkey.type", field=name,
            hint="Ed25519 keys of logs (0x01) and of witnesses (0x04); ML-DSA comes later",
        )  # fmt: skip
    key = verifier_key(name, kind, data[1:])
    if stated != key.key_id.hex():
        raise LogError(f"key id {stated!a:.20} is not {key.key_id.hex()}", code="vkey.id", field=name, hint="copy it again")
    return key


def verifier_key(name: str, kind: Kind, public_key: bytes) -> VerifierKey:
    """A verifier key of a raw public key.

    Raises:
        LogError: ``note.name`` or ``key.weak``.
    """
    check_key_name(name)
    try:
        check_public_key(public_key)
    except AttestationError as error:
        raise LogError(error.message, code=error.error_code, field=name, hint="ask its owner for the key again") from error
    return VerifierKey(name, kind, public_key)


def sign(text: str, name: str, signer: Signer) -> Signature:
    """A log's signature of a text."""
    return Signature(name, verifier_key(name, "log", signer.public_key).key_id, signer.sign(text.encode()))


def cosign(text: str, name: str, signer: Signer, seconds: int) -> Signature:
    """A witness's signature of a text at a time, in seconds since 1970."""
    key = verifier_key(name, "witness", signer.public_key)
    return Signature(name, key.key_id, seconds.to_bytes(_TIME_BYTES, "big") + signer.sign(_cosigned(text, seconds)))


def signed_by(note: Note, keys: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """Which of ``keys`` signed, and when; a key that signed several times counts once, at its earliest time.

    Signatures of unknown keys are passed over.

    Raises:
        LogError: ``note.signature``: a signature that says it is a known key's does not fit.
    """
    found: dict[VerifierKey, int] = {}
    for key in keys:
        times = [key.verify(note.text, signature) for signature in note.signatures if key.claims(signature)]
        if times:
            found[key] = min(times)
    return found


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _unfit(key: VerifierKey) -> LogError:
    return LogError(
        f"the signature under the name of {key.name} does not fit", code="note.signature", field=key.name,
        hint="the note was changed, or somebody else signed it: fetch it from its source",
    )  # fmt: skip
