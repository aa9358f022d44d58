"""The W3C vectors of eddsa-jcs-2022, step by step; other suites and proof sets are refused."""

from __future__ import annotations

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import keys, proof, strict_json
from mrv.errors import AttestationError


@pytest.fixture
def folder(vectors):
    return vectors / "vc-di-eddsa" / "TestVectors"


@pytest.fixture
def jcs(folder):
    def read(name):
        text = (folder / "eddsa-jcs-2022" / name).read_text(encoding="utf-8")
        return json.loads(text) if name.endswith(".json") else text.strip()

    return read


@pytest.fixture
def signer(folder):
    secret = keys.decode_base58(json.loads((folder / "keyPair.json").read_bytes())["privateKeyMultibase"])
    return keys.signer_of(Ed25519PrivateKey.from_private_bytes(secret[2:]))


def test_each_step(jcs, folder, signer):
    document = strict_json.loads((folder / "unsigned.json").read_bytes())
    config = jcs("proofConfigJCS.json")
    assert strict_json.canonical(document).decode() == jcs("canonDocJCS.txt")
    assert strict_json.canonical(config).decode() == jcs("proofCanonJCS.txt")
    assert hashlib.sha256(strict_json.canonical(document)).hexdigest() == jcs("docHashJCS.txt")
    assert hashlib.sha256(strict_json.canonical(config)).hexdigest() == jcs("proofHashJCS.txt")
    assert proof.hash_data(document, config).hex() == jcs("combinedHashJCS.txt")
    signature = signer.sign(proof.hash_data(document, config))
    assert signature.hex() == jcs("sigHexJCS.txt")
    assert keys.encode_base58(signature) == jcs("sigBTC58JCS.txt")


def test_sign_and_verify_as_published(jcs, folder, signer):
    document = strict_json.loads((folder / "unsigned.json").read_bytes())
    published = jcs("signedJCS.json")
    assert proof.sign(document, signer, published["proof"]["created"]) == published
    proof.verify(published, signer.public_key)


@pytest.mark.parametrize(
    "name",
    [
        "eddsa-rdfc-2022/signedDataInt.json",
        "Ed25519Signature2020/signedEdSig.json",
        "proof-set-chain/signedProofSet1.json",
        "proof-set-chain/signedProofSet2.json",
        "proof-set-chain/signedProofChain1.json",
        "proof-set-chain/signedProofChain2.json",
    ],
)
def test_everything_else_is_refused(folder, signer, name):
    with pytest.raises(AttestationError) as error:
        proof.verify(strict_json.loads((folder / name).read_bytes()), signer.public_key)
    assert error.value.error_code in {"proof.suite", "proof.single"}
