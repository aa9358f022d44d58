"""A person's opinion on an attestation: its closed shape, and what the trust list asks for."""

from __future__ import annotations

import json

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import countersignature, credential, keys, proof
from mrv.attest.trust_changes import add_key, require, revoke_key
from mrv.attest.trusted_time import TrustedTime, signature_digest
from mrv.errors import AttestationError

START, SIGNED, END = "2026-01-01T00:00:00Z", "2026-02-10T00:00:00Z", "2027-01-01T00:00:00Z"
OPINION = {
    "role": "verifier", "opinion": "unmodified", "assurance": "reasonable",
    "scope": "ART TREES 2.0, period 2025, materiality 5 %", "reason": None, "date": "2026-02-09",
}  # fmt: skip


@pytest.fixture(scope="session")
def third():
    return keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([9] * 32)))


@pytest.fixture
def make(signed):
    """A countersignature of the attestation, as bytes."""

    def sign(signer, *, created=SIGNED, attestation=None, **changes):
        about = attestation or credential.attestation_digest(signed)
        document = countersignature.build(attestation=about, issuer=signer.issuer, valid_from=created, **{**OPINION, **changes})
        return credential.encode(proof.sign(document, signer, created))

    return sign


@pytest.fixture(scope="session")
def listed(trust_list, other, curve_signer):
    """The machine's key, and two verifiers of other parties; the second reviews too."""
    made = add_key(trust_list, keys.encode_multikey(other.public_key), roles=["verifier"], now=START, until=END)
    second = keys.encode_multikey(curve_signer.public_key)
    return add_key(made, second, roles=["verifier", "reviewer"], now=START, until=END)


@pytest.fixture(scope="session")
def asking(listed):
    return require(listed, "verifier", number=1, assurance="limited")


def test_holds(ask, signed, make, asking, other):
    answer = ask(signed, trust=asking, countersignatures=[make(other)])
    assert answer.failing == []
    assert answer.codes[-2:] == ["countersign.valid", "countersign.required"]
    assert "unmodified, reasonable assurance" in answer.detail["countersign.valid"]


def test_missing(ask, signed, make, asking, other):
    answer = ask(signed, trust=asking)
    assert answer.failing == ["countersign.missing"]
    assert "0 of 1 by a verifier" in answer.detail["countersign.missing"]
    two = require(asking, "verifier", number=2, assurance="limited")
    assert ask(signed, trust=two, countersignatures=[make(other)]).failing == ["countersign.missing"]


def test_several_of_several_roles(ask, signed, make, listed, other, curve_signer):
    policy = require(require(listed, "verifier", number=1, assurance="limited"), "reviewer", number=1, assurance="limited")
    both = [make(other), make(curve_signer, role="reviewer")]
    answer = ask(signed, trust=policy, countersignatures=both)
    assert answer.failing == []
    assert answer.codes[-2:] == ["countersign.required"] * 2
    assert ask(signed, trust=policy, countersignatures=both[:1]).failing == ["countersign.missing"]
    assert ask(signed, trust=policy, countersignatures=[make(other), make(curve_signer)]).failing == ["countersign.missing"]


def test_not_asked_for_and_still_verified(ask, signed, make, listed, other, signer):
    assert ask(signed, trust=listed, countersignatures=[make(other)]).failing == []
    assert ask(signed, trust=listed, countersignatures=[make(signer)]).failing == ["countersign.same-key"]


@pytest.mark.parametrize(
    ("opinion", "failing", "codes"),
    [
        ("qualified", [], {"countersign.opinion", "countersign.required"}),
        ("adverse", ["countersign.opinion", "countersign.missing"], set()),
        ("disclaimer", ["countersign.missing"], {"countersign.opinion"}),
    ],
)
def test_modified_opinions(ask, signed, make, asking, other, opinion, failing, codes):
    answer = ask(signed, trust=asking, countersignatures=[make(other, opinion=opinion, reason="plots of 2019 only")])
    assert answer.failing == failing
    assert codes <= set(answer.codes)
    assert "plots of 2019 only" in answer.detail["countersign.opinion"]


def test_an_adverse_opinion_fails_even_where_none_is_asked_for(ask, signed, make, listed, other, curve_signer):
    opinions = [make(other), make(curve_signer, opinion="adverse", reason="leakage left out")]
    assert ask(signed, trust=listed, countersignatures=opinions).failing == ["countersign.opinion"]


def test_level_of_assurance(ask, signed, make, listed, other):
    reasonable = require(listed, "verifier", number=1, assurance="reasonable")
    assert ask(signed, trust=reasonable, countersignatures=[make(other)]).failing == []
    limited = [make(other, assurance="limited")]
    assert ask(signed, trust=reasonable, countersignatures=limited).failing == ["countersign.missing"]


def test_an_opinion_other_than_what_was_computed_is_noted(ask, parts, signer, make, listed, other):
    parts["statement"]["conclusion"] = {"computed": "disclaimer"}
    document = proof.sign(credential.build(issuer=signer.issuer, **parts), signer, SIGNED)
    given = [make(other, attestation=credential.attestation_digest(document))]
    answer = ask(document, trust=listed, countersignatures=given)
    assert answer.failing == []
    assert "computed disclaimer" in answer.detail["countersign.differs"]


def test_a_verifiers_revoked_key(ask, signed, make, asking, other):
    ended = revoke_key(asking, other.verification_method, at="2026-02-20T00:00:00Z")
    data = make(other)
    assert ask(signed, trust=ended, countersignatures=[data]).failing == ["countersign.revoked", "countersign.missing"]
    time = TrustedTime(signature_digest(json.loads(data)), "2026-02-11T00:00:00Z", "a log")
    assert ask(signed, trust=ended, countersignatures=[data], times=[time]).failing == []


def test_twice_by_one_party(ask, signed, make, listed, other, third):
    """The same file, the same key, and two keys of one legal person."""
    two = require(listed, "verifier", number=2, assurance="limited")
    again = make(other, created="2026-02-11T00:00:00Z")
    for second in (make(other), again):
        failing = ask(signed, trust=two, countersignatures=[make(other), second]).failing
        assert failing == ["countersign.repeated", "countersign.missing"]
    third_key = keys.encode_multikey(third.public_key)
    one = add_key(two, third_key, roles=["verifier"], now=START, until=END, party=other.issuer)
    failing = ask(signed, trust=one, countersignatures=[make(other), make(third)]).failing
    assert failing == ["countersign.repeated", "countersign.missing"]
    apart = add_key(two, third_key, roles=["verifier"], now=START, until=END)
    assert ask(signed, trust=apart, countersignatures=[make(other), make(third)]).failing == []


def test_one_key_in_two_roles_counts_once(ask, signed, make, listed, curve_signer):
    policy = require(require(listed, "verifier", number=1, assurance="limited"), "reviewer", number=1, assurance="limited")
    both = [make(curve_signer), make(curve_signer, role="reviewer")]
    assert ask(signed, trust=policy, countersignatures=both).failing == ["countersign.repeated", "countersign.missing"]


def test_after_a_refused_one_the_honest_one_still_counts(ask, signed, make, asking, other, signer):
    assert ask(signed, trust=asking, countersignatures=[make(signer), make(other)]).failing == ["countersign.same-key"]


@pytest.mark.parametrize(
    "changes",
    [
        {"role": "attester"},
        {"opinion": "good"},
        {"opinion": "qualified"},
        {"reason": "though unmodified"},
        {"assurance": "absolute"},
        {"scope": ""},
        {"scope": "x" * 5000},
        {"scope": "e\u0301"},
        {"date": "2026-02-11"},
        {"date": "2026-02-30"},
        {"date": "9 February"},
        {"attestation": "sha256:0"},
        {"attestation": "md5:" + "0" * 64},
    ],
)
def test_build_refuses_what_parse_would(make, other, changes):
    with pytest.raises(AttestationError) as error:
        make(other, **changes)
    assert error.value.error_code.partition(".")[0] in {"json", "schema"}


def test_round_trip_and_schema(make, other):
    data = make(other)
    document = countersignature.parse(data)
    validator = jsonschema.Draft202012Validator(countersignature.json_schema())
    validator.check_schema(validator.schema)
    validator.validate(document)
    for name, definition in {**validator.schema["$defs"], "top": validator.schema}.items():
        if "properties" in definition:
            assert definition["additionalProperties"] is False, name
    for member in [*document, "stranger"]:
        spoiled = {**document, "stranger": 1} if member == "stranger" else {k: v for k, v in document.items() if k != member}
        with pytest.raises(AttestationError):
            countersignature.parse(json.dumps(spoiled).encode())
        assert not validator.is_valid(spoiled)


def test_context_document_defines_every_term_of_ours():
    terms = countersignature.context_document()["@context"]["MRVCountersignature"]["@context"]
    assert set(countersignature.Opinion.model_fields) - {"id"} <= set(terms)


def test_an_attestation_is_no_countersignature_nor_the_other_way(ask, signed, make, asking, other):
    data = json.dumps(signed).encode()
    assert ask(signed, trust=asking, countersignatures=[data]).failing == ["countersign.shape", "countersign.missing"]
    with pytest.raises(AttestationError):
        credential.parse(make(other))


def test_an_opinion_is_about_the_document_not_about_one_proof(ask, unsigned, make, asking, other, signer):
    again = proof.sign(unsigned, signer, "2026-02-12T00:00:00Z")
    assert ask(again, trust=asking, countersignatures=[make(other)]).failing == []
