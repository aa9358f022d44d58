"""The vectors of ``ecdsa-jcs-2019``, and public keys that a trust list may or may not name.

Signatures are deterministic (RFC 6979), so that the same vectors can be made again; that needs OpenSSL 3.2 or later.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cases import ENDED, ISSUER, SEEDS, Vector, refused, signer, status_list, trust_list
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mrv.attest import keys, p256

if TYPE_CHECKING:
    from collections.abc import Callable

ECDSA, EDDSA = "ecdsa-jcs-2019", "eddsa-jcs-2022"
P256 = "trust-p256"
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1


def private_key(name: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A test key of P-256, or of another curve, by the seeds of the Ed25519 keys."""
    secret = int.from_bytes(hashlib.sha256(bytes([SEEDS[name]] * 32)).digest(), "big")
    return ec.derive_private_key(secret, curve or ec.SECP256R1())


def p256_signer(name: str, key: ec.EllipticCurvePrivateKey | None = None, digest: HashAlgorithm | None = None) -> keys.Signer:
    """The P-256 key of a name under the issuer's; signed, where they are given, by another key or over another hash."""
    own = keys.signer_of(private_key(name))
    method = f"{ISSUER}#{keys.encode_multikey(own.public_key)}"
    if key is None and digest is None:
        return replace(own, issuer=ISSUER, verification_method=method)
    return Forger(own.public_key, ISSUER, method, key or private_key(name), digest or SHA256())


@dataclass(frozen=True)
class Forger:
    """Signs as a key that it does not hold, or in a way that the suite does not know: nothing is verified afterwards."""

    public_key: bytes
    issuer: str
    verification_method: str
    key: ec.EllipticCurvePrivateKey
    digest: HashAlgorithm

    @property
    def suite(self) -> Any:
        """The suite that the key belongs to."""
        return keys.suite_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """r‖s."""
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(self.digest, deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


HONEST, STATUS, STRANGER = (p256_signer(name) for name in ("attester", "status", "stranger"))


def trusted(*, status: keys.Signer | None = None) -> dict[str, Any]:
    """A trust list whose attester has a key of P-256, and whose status key may too."""
    found = trust_list(required=status is not None)
    for row, by in zip(found["issuers"][0]["keys"], (HONEST, status), strict=True):
        if by is not None:
            row |= {
                "id": by.verification_method, "suite": ECDSA, "publicKeyMultibase": keys.encode_multikey(by.public_key),
            }  # fmt: skip
    return found


def renamed() -> dict[str, Any]:
    """A trust list that gives the Ed25519 key's name to the key of P-256."""
    found = trusted()
    found["issuers"][0]["keys"][0]["id"] = signer("attester").verification_method
    return found


TRUST = {P256: trusted(), f"{P256}-status": trusted(status=STATUS), f"{P256}-renamed": renamed()}
LISTS = {"by-p256": tuple(status_list(purpose, signer=STATUS) for purpose in ("revocation", "suspension"))}


def value_of(change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The proof with other bytes for its signature."""

    def altered(proof: dict[str, Any]) -> dict[str, Any]:
        return proof | {"proofValue": keys.encode_base58(change(keys.decode_base58(proof["proofValue"])))}

    return altered


def named(suite: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The proof under another suite's name."""
    return lambda proof: proof | {"cryptosuite": suite}


def halves(r: Callable[[int], int] = int, s: Callable[[int], int] = int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The proof with another r or s."""

    def change(signature: bytes) -> bytes:
        one, two = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        return r(one).to_bytes(32, "big") + s(two).to_bytes(32, "big")

    return value_of(change)


def der(signature: bytes) -> bytes:
    """The same numbers as a DER sequence, of 68 to 72 bytes."""
    parts = [part.lstrip(b"\0") for part in (signature[:32], signature[32:])]
    parts = [b"\0" + part if part[0] & 0x80 else part for part in parts]
    body = b"".join(b"\x02" + bytes([len(part)]) + part for part in parts)
    return b"\x30" + bytes([len(body)]) + body


def p256_vectors() -> dict[str, Vector]:
    """Every vector of the suite by name."""
    wrong = "proof.valid"

    def signed(says: str, alter: Any, code: str = wrong, by: Any = HONEST) -> Vector:
        return refused(says, code, by=by, trust=P256, alter=alter)

    zero, order, twin = (lambda _: 0), (lambda _: p256.ORDER), (lambda s: p256.ORDER - s)
    other_curve = p256_signer("attester", private_key("attester", ec.SECP256K1()))
    other_hash = p256_signer("attester", digest=SHA384())
    both, asked = ("key.valid", wrong), {"signed_by": HONEST, "trust": P256}
    return {
        "p256-valid": Vector("signed by a key of P-256, s in the lower half", signed_by=HONEST, trust=P256),
        "p256-valid-high-s": Vector("its twin, which fits as well", signed_by=HONEST, trust=P256, alter=halves(s=twin)),
        "p256-valid-status": Vector(
            "both lists signed by a key of P-256", signed_by=HONEST, trust=f"{P256}-status", status="by-p256"
        ),
        "p256-changed": refused(
            "an hour changed after signing", wrong, by=HONEST, trust=P256, late=((ENDED, ENDED.replace("11", "12")),)
        ),
        "p256-der": signed("a DER signature, as libraries give it", value_of(der), "schema.value"),
        "p256-r-zero": signed("r = 0", halves(r=zero)),
        "p256-s-zero": signed("s = 0", halves(s=zero)),
        "p256-both-zero": signed("r = s = 0, which a careless verifier took for any document", halves(zero, zero)),
        "p256-r-order": signed("r = n, which is 0 once reduced", halves(r=order)),
        "p256-s-order": signed("s = n", halves(s=order)),
        "p256-r-largest": signed("r = 2^256 - 1, beyond n", halves(r=lambda _: 2**256 - 1)),
        "p256-swapped": signed("s before r", value_of(lambda value: value[32:] + value[:32])),
        "p256-little-endian": signed("r and s, least byte first", value_of(lambda value: value[31::-1] + value[:31:-1])),
        "p256-short": signed("63 bytes", value_of(lambda value: value[:-1])),
        "p256-long": signed("a byte of 0 before", value_of(lambda value: b"\0" + value), "schema.value"),
        "p256-other-curve": signed("signed on secp256k1 under the honest key's name", None, by=other_curve),
        "p256-other-hash": signed("over SHA-384, as the suite does for P-384", None, by=other_hash),
        "p256-posing": signed(
            "the honest key's name over a stranger's signature", None, by=p256_signer("attester", private_key("stranger"))
        ),
        "p256-stranger": Vector("an attacker's key under the honest name", both, signed_by=STRANGER, trust=P256),
        "p256-named-eddsa": Vector("signed as one suite, named the other", both, **asked, alter=named(EDDSA)),
        "p256-named-rdfc": signed("a suite outside the profile", named("ecdsa-rdfc-2019"), "schema.value"),
        "eddsa-named-p256": Vector("the reverse", both, signed_by=signer("attester"), alter=named(ECDSA)),
        "eddsa-under-p256": Vector("an Ed25519 signature by the name of a key of P-256", both, trust=f"{P256}-renamed"),
    }  # fmt: skip


def spell(prefix: bytes, key: bytes) -> str:
    """A Multikey of any prefix and bytes."""
    return keys.encode_base58(prefix + key)


def key_vectors() -> dict[str, dict[str, Any]]:
    """Multikeys: what each is, and the code with which a trust list that names it is refused; null where it is taken."""
    point, ed = HONEST.public_key, signer("attester").public_key
    x, y = int.from_bytes(point[1:], "big"), private_key("attester").public_key().public_numbers().y
    whole = private_key("attester").public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    k1 = private_key("attester", ec.SECP256K1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    p384 = private_key("attester", ec.SECP384R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    off = next(n for n in range(x, x + 100) if _refused(b"\x02" + n.to_bytes(32, "big")))
    small = next(n for n in range(1, 100) if not _refused(b"\x02" + n.to_bytes(32, "big")))
    p, e = b"\x80\x24", b"\xed\x01"
    rows = {
        "p256": ("compressed", spell(p, point), None),
        "p256-other-y": ("the point with the other y: another key", spell(p, bytes([point[0] ^ 1]) + point[1:]), None),
        "ed25519": ("32 bytes", spell(e, ed), None),
        "p256-uncompressed": ("65 bytes: 4, x, y", spell(p, whole), "key.weak"),
        "p256-hybrid": ("65 bytes: 6 or 7, x, y", spell(p, bytes([6 + y % 2]) + whole[1:]), "key.weak"),
        "p256-x-alone": ("32 bytes: x", spell(p, point[1:]), "key.weak"),
        "p256-form-4": ("33 bytes that begin with 4", spell(p, b"\x04" + point[1:]), "key.weak"),
        "p256-infinity": ("the point at infinity", spell(p, b"\0"), "key.weak"),
        "p256-infinity-33": ("the same in 33 bytes", spell(p, bytes(33)), "key.weak"),
        "p256-off-curve": ("an x that no point has", spell(p, b"\x02" + off.to_bytes(32, "big")), "key.weak"),
        "p256-x-beyond-p": ("x + p: a second spelling", spell(p, b"\x02" + (small + _P).to_bytes(32, "big")), "key.weak"),
        "p256-as-ed25519": ("a key of P-256 under the prefix of Ed25519", spell(e, point), "key.weak"),
        "ed25519-as-p256": ("the reverse", spell(p, ed), "key.weak"),
        "secp256k1": ("another curve", spell(b"\xe7\x01", k1), "key.format"),
        "secp256k1-as-p256": ("its point under the prefix of P-256", spell(p, k1), "key.weak"),
        "p384": ("another curve", spell(b"\x81\x24", p384), "key.format"),
        "p384-as-p256": ("its point under the prefix of P-256", spell(p, p384), "key.weak"),
        "p256-private": ("a private key", spell(b"\x86\x26", bytes(31) + b"\x01"), "key.format"),
        "ed25519-zero": ("a point of order 4: one signature fits every document", spell(e, bytes(32)), "key.weak"),
        "ed25519-one": ("the neutral point", spell(e, b"\x01" + bytes(31)), "key.weak"),
        "ed25519-not-canonical": ("y = p: a second spelling", spell(e, (2**255 - 19).to_bytes(32, "little")), "key.weak"),
        "base64": ("multibase of base64url", "u" + spell(p, point)[1:], "key.format"),
        "not-base58": ("a letter that base58 leaves out", spell(p, point)[:-1] + "l", "key.format"),
        "no-multibase": ("without its z", spell(p, point)[1:], "key.format"),
    }  # fmt: skip
    return {name: {"says": says, "publicKeyMultibase": text, "fails": code} for name, (says, text, code) in rows.items()}


def _refused(key: bytes) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        return True
    return False
