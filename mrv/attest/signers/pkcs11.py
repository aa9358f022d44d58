"""Keys in a token or HSM: ``pkcs11:token=…;object=…?module-path=…&pin-source=…``.

The PIN is read each time it is needed, from a file or a variable, never from the URI (which lands in process lists and
logs), and stands in no message.

References:
    RFC 7512 (PKCS #11 URIs); PKCS #11 v3.0 §2.3.3 (EC_POINT is a DER OCTET STRING), §2.3.5 (EDDSA), §2.3.6 (ECDSA);
    RFC 8410 §3, RFC 5480 §2.1.1.1 (object identifiers of the curves).
"""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from mrv.attest.signers.local import read_private_file, read_variable
from mrv.attest.signers.optional import need
from mrv.attest.suites import EDDSA, raw_public_key, suite_of
from mrv.errors import AttestationError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATH = {"token", "manufacturer", "serial", "model", "object", "id", "type"}
_QUERY = {"module-path", "pin-source"}
_MODULE_VARIABLE, _PIN_VARIABLE = "MRV_PKCS11_MODULE", "MRV_PKCS11_PIN"
_PIECE = re.compile(r"([a-z][a-z-]*)=((?:[A-Za-z0-9._~:\[\]@!$'()*+,/?|-]|%[0-9A-Fa-f]{2})*)")
# The curve by its object identifier, or, in older tokens, by its name.
_ED25519 = {bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519"}
_WRAPPED = {34, 35, 67}
"""Lengths of a wrapped point: Ed25519; P-256, compressed and not."""
_P256 = {bytes.fromhex("06082a8648ce3d030107")}


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key pair in a token; each signature opens a session of its own."""

    public_key: bytes
    """Raw: 32 bytes of Ed25519, or 33 of P-256, compressed."""
    place: Place
    """Where it is."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes, as :class:`mrv.attest.keys.HeldKey` says.

        Raises:
            AttestationError: ``key.*``.
        """
        pkcs11 = need("pkcs11", "hsm")
        with _session(self.place) as session:
            key = _one(session, self.place, pkcs11.ObjectClass.PRIVATE_KEY)
            if suite_of(self.public_key) is EDDSA:
                signature: bytes = key.sign(message, mechanism=pkcs11.Mechanism.EDDSA)
            else:
                # Of a digest made here: not every token hashes.
                signature = key.sign(hashlib.sha256(message).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        return signature


@dataclass(frozen=True, slots=True)
class Place:
    """What a PKCS #11 URI says, without a PIN."""

    module: str
    """Path of the token's library."""
    token: dict[str, str]
    """Label, serial, manufacturer, model: what is given must fit."""
    label: str | None
    """Label of the key."""
    id: bytes | None
    """CKA_ID of the key."""
    pin_source: str | None
    """``file:PATH``, a path, or ``env:NAME``; None for the variable ``MRV_PKCS11_PIN``."""


def load(rest: str) -> TokenKey:
    """The key of ``pkcs11:…``.

    Raises:
        AttestationError: ``key.uri``, ``key.install``, ``key.pin``, ``key.unreadable`` or ``key.suite``.
    """
    place = _parse(rest)
    pkcs11 = need("pkcs11", "hsm")
    with _session(place) as session:
        _one(session, place, pkcs11.ObjectClass.PRIVATE_KEY)
        public = _one(session, place, pkcs11.ObjectClass.PUBLIC_KEY)
        curve, point = bytes(public[pkcs11.Attribute.EC_PARAMS]), bytes(public[pkcs11.Attribute.EC_POINT])
    return TokenKey(_raw(curve, point), place)


def _parse(rest: str) -> Place:
    path, _, query = rest.partition("?")
    given = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    if given.get("type", "private") != "private":
        raise _bad_uri("type is private, or left out")
    if not {"object", "id"} & given.keys():
        raise _bad_uri("name the key by object= (its label) or id=")
    module = given.get("module-path") or os.environ.get(_MODULE_VARIABLE)
    if not module:
        raise _bad_uri(f"give the token's library as module-path=, or in {_MODULE_VARIABLE}")
    return Place(
        module=unquote(module),
        token={name: unquote(given[name]) for name in ("token", "serial", "manufacturer", "model") if name in given},
        label=unquote(given["object"]) if "object" in given else None,
        id=unquote_to_bytes(given["id"]) if "id" in given else None,
        pin_source=unquote(given["pin-source"]) if "pin-source" in given else None,
    )


def _attributes(text: str, separator: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for piece in text.split(separator) if text else []:
        match = _PIECE.fullmatch(piece)
        if match is None:
            raise _bad_uri("each part is name=value, percent-encoded")
        name, value = match.groups()
        if name == "pin-value":
            raise AttestationError(
                "the URI holds the PIN, where process lists and logs show it",
                code="key.pin",
                hint=f"change that PIN, and give it by pin-source=file:PATH (mode 0600) or in {_PIN_VARIABLE}",
            )
        if name not in known or name in found:
            raise _bad_uri(f"{name} is given twice" if name in found else f"{name} is not known here")
        found[name] = value
    return found


def _bad_uri(why: str) -> AttestationError:
    # Never with the URI itself: it may hold a PIN.
    example = "pkcs11:token=mrv;object=signing?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin"
    return AttestationError(f"no usable PKCS #11 URI: {why}", code="key.uri", hint=f"for example {example}")


def _pin(place: Place) -> str:
    source = place.pin_source
    if source is None or source.startswith("env:"):
        name = _PIN_VARIABLE if source is None else source.removeprefix("env:")
        pin = read_variable(name)
    else:
        pin = read_private_file(Path(source.removeprefix("file:"))).decode(errors="replace").rstrip("\r\n")
    if not pin:
        raise AttestationError(
            "there is no PIN", code="key.pin", hint=f"give it by pin-source=file:PATH (mode 0600) or in {_PIN_VARIABLE}"
        )
    return pin


@contextmanager
def _session(place: Place) -> Iterator[Any]:
    pkcs11 = need("pkcs11", "hsm")
    refused = need("pkcs11.exceptions", "hsm")
    try:
        token = _token(pkcs11.lib(place.module), place)
        with token.open(user_pin=_pin(place)) as session:
            yield session
    except (refused.PinIncorrect, refused.PinInvalid, refused.PinLenRange, refused.PinLocked, refused.PinExpired) as error:
        raise AttestationError(
            f"the token refuses the PIN ({type(error).__name__})",
            code="key.pin",
            hint="it counts wrong PINs and locks: check the PIN's source before trying again",
        ) from None
    except (refused.PKCS11Error, RuntimeError, ValueError) as error:
        raise AttestationError(
            f"the token refuses ({type(error).__name__})",
            code="key.unreadable",
            hint="check module-path, that the token is there, and that the key may sign",
        ) from None


def _token(library: Any, place: Place) -> Any:
    wanted = place.token
    fitting = [token for token in library.get_tokens() if all(_text(token, name) == wanted[name] for name in wanted)]
    if len(fitting) != 1:
        raise AttestationError(
            f"{len(fitting)} tokens fit the URI",
            code="key.unreadable",
            hint="name exactly one token by token= (its label) or serial=; `pkcs11-tool -L` lists them",
        )
    return fitting[0]


def _text(token: Any, name: str) -> str:
    """An attribute of a token as the URI writes it: without the padding of fixed-width fields."""
    value = getattr(token, {"token": "label", "manufacturer": "manufacturer_id"}.get(name, name))
    return (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).rstrip(" \0")


def _one(session: Any, place: Place, kind: Any) -> Any:
    """The one private or public key that the URI names."""
    attribute = need("pkcs11", "hsm").Attribute
    wanted = {attribute.CLASS: kind}
    if place.label is not None:
        wanted[attribute.LABEL] = place.label
    if place.id is not None:
        wanted[attribute.ID] = place.id
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        what = kind.name.lower().replace("_", " ")
        raise AttestationError(
            f"{len(found)} objects of class {what} fit the URI",
            code="key.unreadable",
            hint="name exactly one key pair by object= and id=, with its public key in the token beside the private one",
        )
    return found[0]


def _raw(curve: bytes, point: bytes) -> bytes:
    """The raw public key of EC_PARAMS and EC_POINT; some tokens leave out the point's DER wrap, as v2.x allowed."""
    bare = point[2:] if len(point) in _WRAPPED and point[:2] == bytes((0x04, len(point) - 2)) else point
    try:
        if curve in _ED25519 and len(bare) == EDDSA.key_bytes:
            return bare
        if curve in _P256:
            return raw_public_key(EllipticCurvePublicKey.from_encoded_point(SECP256R1(), bare))
    except ValueError as error:
        raise AttestationError(
            "the token's public key is no point of P-256", code="key.weak", hint="make another key pair in the token"
        ) from error
    raise AttestationError(
        "the token's key is neither Ed25519 nor P-256",
        code="key.suite",
        hint="make one for eddsa-jcs-2022 (CKM_EC_EDWARDS_KEY_PAIR_GEN) or ecdsa-jcs-2019 (P-256)",
    )
