"""The proof itself, before anyone asks whose key it was."""

from __future__ import annotations

import pytest
from support.refusals import refused

from mrv.attest import credential, p256, proof
from mrv.attest.keys import decode_base58, encode_base58
from mrv.errors import AttestationError

ORDER = 2**252 + 27742317777372353535851937790883648493


def refusal(document, key):
    return refused(proof.verify, document, key)


def test_sign_verify(unsigned, signed, signer):
    proof.verify(signed, signer.public_key)
    assert "proof" not in unsigned
    assert signed["proof"]["@context"] == signed["@context"]
    assert signed["proof"]["proofPurpose"] == "assertionMethod"
    assert proof.sign(unsigned, signer, "2026-02-01T00:00:00Z") == signed


def test_signed_twice(signed, signer):
    with pytest.raises(AttestationError):
        proof.sign(signed, signer, "2026-02-01T00:00:00Z")
    with pytest.raises(AttestationError):
        proof.sign({"a": 1}, signer, "2026-02-01T00:00:00Z")


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("cryptosuite", "ecdsa-jcs-2019", "proof.suite"),
        ("cryptosuite", "eddsa-rdfc-2022", "proof.suite"),
        ("cryptosuite", None, "proof.suite"),
        ("type", "Ed25519Signature2020", "proof.suite"),
        ("proofPurpose", "authentication", "proof.suite"),
        ("@context", ["https://www.w3.org/ns/credentials/v2"], "proof.context"),
        ("proofValue", "", "proof.value"),
        ("proofValue", None, "proof.value"),
        ("proofValue", "z111", "proof.value"),
        ("created", "2026-02-01T00:00:01Z", "proof.invalid"),
        ("verificationMethod", "did:key:z6Mk#z6Mk", "proof.invalid"),
        ("nonce", "1", "proof.invalid"),
    ],
)
def test_proof_members_are_signed_or_fixed(signed, signer, member, value, code):
    signed["proof"][member] = value
    assert refusal(signed, signer.public_key) == code


def test_the_trusted_key_decides_the_suite(unsigned, signed, signer, curve_signer):
    """Whatever the document says: neither suite verifies under a key of the other."""
    curved = proof.sign(unsigned, curve_signer, "2026-02-01T00:00:00Z")
    assert curved["proof"]["cryptosuite"] == "ecdsa-jcs-2019"
    proof.verify(curved, curve_signer.public_key)
    for document, key in ((signed, curve_signer.public_key), (curved, signer.public_key)):
        assert refusal(document, key) == "proof.suite"
        swapped = "ecdsa-jcs-2019" if document is signed else "eddsa-jcs-2022"
        assert refusal({**document, "proof": {**document["proof"], "cryptosuite": swapped}}, key) == "proof.invalid"
    with pytest.raises(AttestationError) as error:
        proof.verify(signed, curve_signer.public_key)
    assert "P-256" in error.value.hint


def test_the_twin_of_a_p256_proof_is_the_same_attestation(unsigned, curve_signer):
    document = proof.sign(unsigned, curve_signer, "2026-02-01T00:00:00Z")
    raw = decode_base58(document["proof"]["proofValue"])
    s = int.from_bytes(raw[32:], "big")
    assert s <= p256.ORDER // 2
    twin = encode_base58(raw[:32] + (p256.ORDER - s).to_bytes(32, "big"))
    other = {**document, "proof": {**document["proof"], "proofValue": twin}}
    proof.verify(other, curve_signer.public_key)
    assert credential.attestation_digest(other) == credential.attestation_digest(document)


def test_proof_set_and_absence(signed, signer):
    one = signed["proof"]
    for several in ([one], [one, one], [], None):
        assert refusal({**signed, "proof": several}, signer.public_key) == "proof.single"
    del signed["proof"]
    assert refusal(signed, signer.public_key) == "proof.single"


def test_context_missing_in_proof(signed, signer):
    del signed["proof"]["@context"]
    assert refusal(signed, signer.public_key) == "proof.context"
    del signed["@context"]
    assert refusal(signed, signer.public_key) == "proof.context"


def test_wrong_key(signed, other):
    assert refusal(signed, other.public_key) == "proof.invalid"


def test_universal_signature_under_a_small_order_key(signed):
    neutral = (1).to_bytes(32, "little")
    signed["proof"]["proofValue"] = encode_base58(neutral + bytes(32))
    assert refusal(signed, neutral) == "key.weak"


def test_signature_has_one_spelling(signed, signer):
    raw = decode_base58(signed["proof"]["proofValue"])
    scalar = int.from_bytes(raw[32:], "little") + ORDER
    signed["proof"]["proofValue"] = encode_base58(raw[:32] + scalar.to_bytes(32, "little"))
    assert refusal(signed, signer.public_key) == "proof.invalid"
