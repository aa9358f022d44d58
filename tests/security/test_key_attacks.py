"""Keys and suites: what a forger does with public keys, algorithms and signatures."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mrv.attest import credential, keys, p256, proof, trust
from mrv.attest.trust_changes import revoke_key
from mrv.attest.trusted_time import TrustedTime, signature_digest
from mrv.errors import AttestationError

P25519 = 2**255 - 19
P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
CURVE = ec.derive_private_key(21, ec.SECP256R1()).public_key()
COMPRESSED = CURVE.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
UNCOMPRESSED = CURVE.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
K1 = ec.derive_private_key(21, ec.SECP256K1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def edwards(y, sign=0):
    return b"\xed\x01" + (y | sign << 255).to_bytes(32, "little")


def curve(x, sign=2):
    return b"\x80\x24" + bytes([sign]) + x.to_bytes(32, "big")


PUBLIC_KEYS = {
    "Ed25519 neutral element": edwards(1),
    "Ed25519 order 2": edwards(P25519 - 1),
    "Ed25519 order 4": edwards(0),
    "Ed25519 order 8": bytes.fromhex("ed0126e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "Ed25519 y = p": edwards(P25519),
    "Ed25519 neutral, spelled p + 1": edwards(P25519 + 1),
    "Ed25519 minus zero": edwards(1, 1),
    "Ed25519 off the curve": edwards(2),
    "Ed25519 one byte short": edwards(4)[:-1],
    "Ed25519 one byte more": edwards(4) + b"\0",
    "Ed25519 nothing": b"\xed\x01",
    "P-256 infinity": b"\x80\x24\x00",
    "P-256 infinity, padded": b"\x80\x24" + bytes(33),
    "P-256 uncompressed": b"\x80\x24" + UNCOMPRESSED,
    "P-256 hybrid form": b"\x80\x24" + bytes([6 + UNCOMPRESSED[-1] % 2]) + UNCOMPRESSED[1:],
    "P-256 without its parity": b"\x80\x24" + COMPRESSED[1:],
    "P-256 parity 4": curve(int.from_bytes(COMPRESSED[1:], "big"), 4),
    "P-256 x = p": curve(P256),
    "P-256 x + p": curve(P256 + 5),
    "P-256 off the curve": curve(1),
    "secp256k1 point under P-256": b"\x80\x24" + K1,
    "secp256k1": b"\xe7\x01" + K1,
    "P-384 prefix": b"\x81\x24" + COMPRESSED,
    "X25519 prefix": b"\xec\x01" + bytes(32),
    "P-256 secret key": b"\x86\x26" + bytes(31) + b"\x05",
    "Ed25519 secret key": b"\x80\x26" + bytes(31) + b"\x05",
    "P-256 point under Ed25519": b"\xed\x01" + COMPRESSED,
    "Ed25519 point under P-256": b"\x80\x24" + edwards(4)[2:],
    "no prefix": COMPRESSED,
    "two-byte prefix swapped": b"\x24\x80" + COMPRESSED,
}


@pytest.mark.parametrize("name", PUBLIC_KEYS)
def test_public_keys_nobody_may_trust(name):
    """Neither as a Multikey nor in a trust list, under either suite."""
    multikey = keys.encode_base58(PUBLIC_KEYS[name])
    with pytest.raises(AttestationError) as error:
        keys.decode_multikey(multikey)
    assert error.value.error_code in {"key.weak", "key.format"}
    for suite in ("eddsa-jcs-2022", "ecdsa-jcs-2019"):
        key = {
            "id": "did:web:example.org#1", "suite": suite, "publicKeyMultibase": multikey, "roles": ["attester"],
            "notBefore": None, "notAfter": None, "revokedAt": None,
        }  # fmt: skip
        issuer = {"id": "did:web:example.org", "statusRequired": False, "keys": [key]}
        with pytest.raises(AttestationError):
            trust.TrustList.of({"version": 1, "previous": None, "issuers": [issuer]})


def with_proof(document, **changes):
    return {**document, "proof": {**document["proof"], **changes}}


def with_signature(document, signature):
    return with_proof(document, proofValue=keys.encode_base58(signature))


def raw(document):
    return keys.decode_base58(document["proof"]["proofValue"])


def posing(world, as_whom, by):
    """``by`` signs under the name of ``as_whom``; a real signature of the wrong key."""
    return keys.Signer(as_whom.issuer, as_whom.verification_method, by.public_key, by.sign)


def spoiled_s(document, s):
    return with_signature(document, raw(document)[:32] + s.to_bytes(32, "big"))


def s_of(document):
    return int.from_bytes(raw(document)[32:], "big")


def der(document):
    return encode_dss_signature(int.from_bytes(raw(document)[:32], "big"), s_of(document))


UNIVERSAL = (1).to_bytes(32, "little") + bytes(32)
ORDER_25519 = 2**252 + 27742317777372353535851937790883648493

PROOFS = {
    "P-256 key, suite said to be EdDSA": lambda w: with_proof(w.attest(w.curve), cryptosuite="eddsa-jcs-2022"),
    "Ed25519 key, suite said to be ECDSA": lambda w: with_proof(w.signed, cryptosuite="ecdsa-jcs-2019"),
    "suite none": lambda w: with_proof(w.signed, cryptosuite="none"),
    "suite empty": lambda w: with_proof(w.signed, cryptosuite=""),
    "suite null": lambda w: with_proof(w.signed, cryptosuite=None),
    "suite in a list": lambda w: with_proof(w.signed, cryptosuite=["eddsa-jcs-2022"]),
    "suite in capitals": lambda w: with_proof(w.signed, cryptosuite="EdDSA-JCS-2022"),
    "suite of RDF": lambda w: with_proof(w.attest(w.curve), cryptosuite="ecdsa-rdfc-2019"),
    "suite of selective disclosure": lambda w: with_proof(w.attest(w.curve), cryptosuite="ecdsa-sd-2023"),
    "JWS in place of a proof": lambda w: with_proof(w.signed, type="JsonWebSignature2020", jws="eyJhbGciOiJub25lIn0.."),
    "key brought along in the proof": lambda w: with_proof(
        w.attest(w.thief), publicKeyMultibase=keys.encode_multikey(w.thief.public_key)
    ),
    "key brought along as the method": lambda w: with_proof(
        w.signed, verificationMethod={"id": w.signer.verification_method, "publicKeyMultibase": "z6Mk"}
    ),
    "psychic signature: r = s = 0": lambda w: with_signature(w.attest(w.curve), bytes(64)),
    "r = 0": lambda w: with_signature(w.attest(w.curve), bytes(32) + raw(w.attest(w.curve))[32:]),
    "s = 0": lambda w: spoiled_s(w.attest(w.curve), 0),
    "s = n": lambda w: spoiled_s(w.attest(w.curve), p256.ORDER),
    "s + n": lambda w: spoiled_s(w.attest(w.curve), min(s_of(w.attest(w.curve)) + p256.ORDER, 2**256 - 1)),
    "r and s swapped": lambda w: with_signature(w.attest(w.curve), raw(w.attest(w.curve))[32:] + raw(w.attest(w.curve))[:32]),
    "signature in DER": lambda w: with_signature(w.attest(w.curve), der(w.attest(w.curve))),
    "signature cut": lambda w: with_signature(w.attest(w.curve), raw(w.attest(w.curve))[:63]),
    "signature with a tail": lambda w: with_signature(w.attest(w.curve), raw(w.attest(w.curve)) + b"\0"),
    "signature in base64": lambda w: with_proof(w.signed, proofValue="u" + "A" * 86),
    "universal Ed25519 signature": lambda w: with_signature(w.signed, UNIVERSAL),
    "Ed25519 s + L": lambda w: with_signature(
        w.signed, raw(w.signed)[:32] + (int.from_bytes(raw(w.signed)[32:], "little") + ORDER_25519).to_bytes(32, "little")
    ),
    "signature of another attestation": lambda w: with_signature(
        w.signed, raw(w.attest(w.signer, valid_from="2026-02-02T00:00:00Z"))
    ),
    "thief under the machine's name": lambda w: w.attest(posing(w, w.signer, w.thief)),
    "thief under the machine's name, P-256": lambda w: with_signature(w.attest(w.curve), raw(w.attest(w.thief))),
    "thief under their own name": lambda w: w.attest(w.thief),
    "another trusted machine's key": lambda w: w.attest(w.curve, issuer=w.signer.issuer),
    "verifier attests": lambda w: w.attest(w.verifier),
    "status key attests": lambda w: w.attest(w.status),
    "purpose of authentication": lambda w: with_proof(w.signed, proofPurpose="authentication"),
    "challenge added": lambda w: with_proof(w.signed, challenge="x"),
    "proof set": lambda w: {**w.signed, "proof": [w.signed["proof"], w.attest(w.thief)["proof"]]},
    "proof chain": lambda w: with_proof(w.signed, previousProof="urn:uuid:0"),
    "method with the fragment of another": lambda w: with_proof(
        w.signed, verificationMethod=f"{w.signer.issuer}#{keys.encode_multikey(w.thief.public_key)}"
    ),
    "method without a fragment": lambda w: with_proof(w.signed, verificationMethod=w.signer.issuer),
    "method in other letters": lambda w: with_proof(w.signed, verificationMethod=w.signer.verification_method.upper()),
    "method with a query": lambda w: with_proof(w.signed, verificationMethod=w.signer.issuer + "?x=1#" + "z6Mk"),
}


@pytest.mark.parametrize("name", PROOFS)
def test_proofs_that_must_not_verify(ask, world, name):
    answer = ask(PROOFS[name](world), trust=world.plain)
    assert answer.failing
    assert any(code.partition(".")[0] in {"schema", "key", "proof", "issuer"} for code in answer.failing)


@pytest.mark.parametrize("who", ["signer", "curve"])
def test_the_honest_ones_hold(ask, world, who):
    """Or the cases above would prove nothing."""
    assert ask(world.attest(getattr(world, who)), trust=world.plain).failing == []


def test_a_high_s_twin_is_the_same_attestation(ask, world):
    document = world.attest(world.curve)
    twin = spoiled_s(document, p256.ORDER - s_of(document))
    assert twin != document
    answer = ask(twin, trust=world.plain)
    assert answer.failing == []
    assert answer.detail["schema.closed"] == credential.attestation_digest(document)


REVOKED, BEFORE, AFTER = "2026-02-15T00:00:00Z", "2026-02-12T00:00:00Z", "2026-02-16T00:00:00Z"


def time(document, instant=BEFORE):
    return TrustedTime(signature_digest(document), instant, "a log")


STOLEN = {
    "no time": lambda w: (w.signed, []),
    "created before the theft, says the thief": lambda w: (w.attest(w.signer, created="2026-01-02T00:00:00Z"), []),
    "time after the revocation": lambda w: (w.signed, [time(w.signed, AFTER)]),
    "time of the revocation": lambda w: (w.signed, [time(w.signed, REVOKED)]),
    "time of the future": lambda w: (w.signed, [time(w.signed, "2026-12-01T00:00:00Z")]),
    "time of another attestation": lambda w: (w.signed, [time(w.attest(w.curve))]),
    "time of the same document, signed before": lambda w: (w.attest(w.signer, created=AFTER), [time(w.signed)]),
    "time of the document, not of its proof": lambda w: (
        w.signed, [TrustedTime(credential.attestation_digest(w.signed), BEFORE, "a log")]
    ),
    "time before the key was trusted": lambda w: (w.signed, [time(w.signed, "2025-12-31T00:00:00Z")]),
}  # fmt: skip


@pytest.mark.parametrize("name", STOLEN)
def test_a_stolen_key(ask, world, name):
    document, times = STOLEN[name](world)
    ended = revoke_key(world.plain, world.signer.verification_method, at=REVOKED)
    assert "key.valid" in ask(document, trust=ended, times=times).failing


def test_the_same_key_with_an_honest_time_holds(ask, world):
    ended = revoke_key(world.plain, world.signer.verification_method, at=REVOKED)
    assert ask(world.signed, trust=ended, times=[time(world.signed)]).failing == []


class Echo:
    """A key holder that gives one key and signs with another, or with nothing."""

    def __init__(self, public_key, answer):
        self.public_key, self._answer = public_key, answer

    def sign(self, message):
        return self._answer(message)


HOLDERS = {
    "another key's signature": lambda w: Echo(w.signer.public_key, w.thief.sign),
    "an empty answer": lambda w: Echo(w.signer.public_key, lambda _: b""),
    "zeros": lambda w: Echo(w.curve.public_key, lambda _: bytes(64)),
    "ones": lambda w: Echo(w.curve.public_key, lambda _: b"\xff" * 64),
    "a signature of another message": lambda w: Echo(w.curve.public_key, lambda _: w.curve.sign(b"another")),
    "of the other suite": lambda w: Echo(w.curve.public_key, w.signer.sign),
    "a weak public key": lambda _: Echo((1).to_bytes(32, "little"), lambda _: UNIVERSAL),
    "no public key": lambda _: Echo(b"", lambda _: bytes(64)),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_a_key_holder_that_lies(world, unsigned, name):
    with pytest.raises(AttestationError) as error:
        proof.sign(unsigned, keys.name_signer(HOLDERS[name](world)), "2026-02-10T00:00:00Z")
    assert error.value.error_code in {"key.signature", "key.weak"}


URIS = {
    "file with a NUL": "file:a\0b",
    "file with a percent-encoded NUL": "file:///a%00b",
    "file with a lone surrogate": "file:\ud800",
    "file of a folder": "file:/",
    "file that never ends": "file:/dev/zero",
    "file with a very long name": "file:" + "a" * 5000,
    "variable with a NUL": "env:a\0b",
    "variable with a lone surrogate": "env:\ud800",
    "variable with no name": "env:",
    "token's library with a NUL": "pkcs11:object=a?module-path=/x%00.so",
    "PIN's file with a NUL": "pkcs11:object=a?module-path=/x.so&pin-source=file:/a%00b",
    "a scheme from the table's inside": "mrv.attest.signers.local:load_file",
    "two schemes": "file:env:HOME",
    "a web address": "https://evil.example/key.pem",
    "the key itself": "-----BEGIN PRIVATE KEY-----",
}


@pytest.mark.parametrize("name", URIS)
def test_uris_that_name_no_key(name):
    with pytest.raises(AttestationError) as error:
        keys.load_signer(URIS[name])
    assert error.value.error_code.startswith("key.")
    assert error.value.hint


@given(st.sampled_from(["file:", "env:", "pkcs11:", "awskms:", "gcpkms:", "azurekms:", ""]), st.text(max_size=60))
def test_uris_never_crash(scheme, text):
    with pytest.raises(AttestationError) as error:
        keys.load_signer(scheme + text)
    assert error.value.error_code.startswith("key.")
