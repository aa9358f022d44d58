"""RFC 8032 and Wycheproof: the keys and signatures we accept are the ones we should."""

from __future__ import annotations

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mrv.attest import keys
from mrv.errors import AttestationError


def test_rfc8032(vectors):
    lines = (vectors / "rfc8032" / "ed25519-sign.input").read_text().splitlines()
    assert lines
    for line in lines:
        seed, public, message, signature = (bytes.fromhex(part) for part in line.split(":")[:4])
        signer = keys.signer_of(Ed25519PrivateKey.from_private_bytes(seed[:32]))
        assert signer.public_key == public
        assert signer.sign(message) == signature[:64]
        keys.check_public_key(public)
        assert keys.decode_multikey(keys.encode_multikey(public)) == public


def verdict(public, message, signature):
    try:
        keys.check_public_key(public)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (AttestationError, InvalidSignature):
        return "invalid"
    return "valid"


def test_wycheproof(vectors):
    groups = json.loads((vectors / "wycheproof" / "ed25519_test.json").read_bytes())["testGroups"]
    count = 0
    for group in groups:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            found = verdict(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert found == case["result"], (case["tcId"], case["comment"])
            count += 1
    assert count == 151


def test_w3c_multikey(vectors):
    pair = json.loads((vectors / "vc-di-eddsa" / "TestVectors" / "keyPair.json").read_bytes())
    secret = keys.decode_base58(pair["privateKeyMultibase"])
    assert secret[:2] == b"\x80\x26"
    signer = keys.signer_of(Ed25519PrivateKey.from_private_bytes(secret[2:]))
    assert keys.encode_multikey(signer.public_key) == pair["publicKeyMultibase"]


@pytest.mark.parametrize("name", ["privateKeyMultibase"])
def test_a_secret_key_is_no_public_key(vectors, name):
    pair = json.loads((vectors / "vc-di-eddsa" / "TestVectors" / "keyPair.json").read_bytes())
    with pytest.raises(AttestationError):
        keys.decode_multikey(pair[name])
