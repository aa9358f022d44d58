"""Wycheproof ECDSA P-256 (r‖s), and the W3C vector of ecdsa-jcs-2019."""

from __future__ import annotations

import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from mrv.attest import credential, keys, p256, proof, suites
from mrv.errors import AttestationError


def raw_key(uncompressed):
    return suites.raw_public_key(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), uncompressed))


def verdict(public, message, signature):
    try:
        keys.check_public_key(public)
        suites.ECDSA.verify(public, signature, message)
    except (AttestationError, InvalidSignature):
        return "invalid"
    return "valid"


def test_wycheproof(vectors):
    """Every case decided as published; each valid signature's twin is valid too, and low_s picks one of the two."""
    data = json.loads((vectors / "wycheproof" / "ecdsa_secp256r1_sha256_p1363_test.json").read_bytes())
    count = 0
    for group in data["testGroups"]:
        public = raw_key(bytes.fromhex(group["publicKey"]["uncompressed"]))
        assert keys.decode_multikey(keys.encode_multikey(public)) == public
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            assert verdict(public, message, signature) == case["result"], (case["tcId"], case["comment"])
            if case["result"] == "valid":
                twin = signature[:32] + (p256.ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
                assert verdict(public, message, twin) == "valid"
                assert p256.low_s(twin) == p256.low_s(signature)
            count += 1
    assert count == data["numberOfTests"] == 262


# W3C Data Integrity ECDSA Cryptosuites v1.0, appendix "Representation: ecdsa-jcs-2019, with curve P-256".
MULTIKEY = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
SECRET = "z42twTcNeSYcnqg1FLuSFs2bsGH3ZqbRHFmvS9XMsYhjxvHN"
DOCUMENT = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
HASHES = {
    "document": "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19",
    "with context": "1cb0435d142d1cc97e10b0f330cc5a637b25aeeeabc8d63f278df951c48712ff",
    "without": "76a77cf0331cef09562cb471efb7513ead132a07b83b3d9aea2a5149ba8ac342",
}
SIGNATURE = (
    "7befc76b324ffb93073c7b9c59a11ec548f6e034da6be2f40044e7f2c4e2b606"
    "46c50b158666a802a83979cc31751619888d43cd1a3e103b73deaeb5dc8a4a3a"
)


@pytest.fixture
def w3c_signer():
    secret = keys.decode_base58(SECRET)
    assert secret[:2] == b"\x86\x26"
    key = ec.derive_private_key(int.from_bytes(secret[2:], "big"), ec.SECP256R1())
    return keys.signer_of(key, "https://vc.example/issuers/5678")


def test_w3c_multikey(w3c_signer):
    assert keys.encode_multikey(w3c_signer.public_key) == MULTIKEY
    with pytest.raises(AttestationError):
        keys.decode_multikey(SECRET)


def test_w3c_sign_and_verify(w3c_signer):
    """RFC 6979 and the lower s give the published bytes themselves."""
    signed = proof.sign(DOCUMENT, w3c_signer, "2023-02-24T23:36:38Z")
    assert proof.hash_data(signed, signed["proof"]).hex() == HASHES["with context"] + HASHES["document"]
    assert keys.decode_base58(signed["proof"]["proofValue"]).hex() == SIGNATURE
    proof.verify(signed, w3c_signer.public_key)
    assert credential.attestation_digest(signed) == f"sha256:{HASHES['document']}"


def test_w3c_older_draft_is_refused(w3c_signer):
    """A proof without @context, as earlier drafts had it, fits its key and is outside the profile."""
    signed = proof.sign(DOCUMENT, w3c_signer, "2023-02-24T23:36:38Z")
    del signed["proof"]["@context"]
    value = "z7pnwfec5k9N26YDUjjDxjJEijAdEoAbJY2n3CTx3CYvzzRxcV5UkmECmLmQcA8eYTsDQ6GHCFDSk7Yb1hd4uN5a"
    covered = proof.hash_data(signed, signed["proof"])
    assert covered.hex() == HASHES["without"] + HASHES["document"]
    suites.ECDSA.verify(w3c_signer.public_key, keys.decode_base58(value), covered)
    signed["proof"]["proofValue"] = value
    with pytest.raises(AttestationError) as error:
        proof.verify(signed, w3c_signer.public_key)
    assert error.value.error_code == "proof.context"
