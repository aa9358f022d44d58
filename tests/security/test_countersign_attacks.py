"""Countersignatures: opinions that were borrowed, bent, doubled or never given.  None counts; none crashes."""

from __future__ import annotations

import json
import random

import pytest

from mrv.attest import countersignature, keys, strict_json
from mrv.attest.trust_changes import add_key, require, revoke_key

START, END = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def bent(document, **changes):
    """The opinion changed after it was signed."""
    return {**document, "credentialSubject": {**document["credentialSubject"], **changes}}


def with_proof(document, **changes):
    return {**document, "proof": {**document["proof"], **changes}}


def subject(world):
    return world.countersign(world.verifier)["credentialSubject"]


def pose(as_whom, by):
    return keys.Signer(as_whom.issuer, as_whom.verification_method, by.public_key, by.sign)


ADVERSE = {"opinion": "adverse", "reason": "leakage left out"}

DOCUMENTS = {
    "about another attestation": (
        lambda w: w.countersign(w.verifier, about=w.attest(w.curve)), "countersign.digest"
    ),
    "digest changed after signing": (
        lambda w: bent(w.countersign(w.verifier, about=w.attest(w.curve)), id=subject(w)["id"]),
        "countersign.proof",
    ),
    "adverse bent to unmodified": (
        lambda w: bent(w.countersign(w.verifier, **ADVERSE), opinion="unmodified", reason=None), "countersign.proof"
    ),
    "limited bent to reasonable": (
        lambda w: bent(w.countersign(w.verifier, assurance="limited"), assurance="reasonable"), "countersign.proof"
    ),
    "scope widened": (lambda w: bent(w.countersign(w.verifier), scope="everything"), "countersign.proof"),
    "role changed": (lambda w: bent(w.countersign(w.verifier, role="reviewer"), role="verifier"), "countersign.proof"),
    "date moved": (lambda w: bent(w.countersign(w.verifier), date="2026-01-09"), "countersign.proof"),
    "created moved": (
        lambda w: with_proof(w.countersign(w.verifier), created="2026-02-01T00:00:00Z"), "countersign.proof"
    ),
    "signed by nobody known": (lambda w: w.countersign(w.thief), "countersign.untrusted"),
    "thief under the verifier's name": (lambda w: w.countersign(pose(w.verifier, w.thief)), "countersign.proof"),
    "thief's method under the verifier's name": (
        lambda w: {**w.countersign(w.thief), "issuer": w.verifier.issuer}, "countersign.untrusted"
    ),
    "verifier's method under the thief's name": (
        lambda w: {**w.countersign(w.verifier), "issuer": w.thief.issuer}, "countersign.untrusted"
    ),
    "the machine itself": (lambda w: w.countersign(w.signer), "countersign.same-key"),
    "another machine": (lambda w: w.countersign(w.curve), "countersign.role"),
    "the status key": (lambda w: w.countersign(w.status), "countersign.role"),
    "as reviewer, with a verifier's key": (lambda w: w.countersign(w.verifier, role="reviewer"), "countersign.role"),
    "not yet": (lambda w: w.countersign(w.verifier, created="2026-03-02T00:00:00Z"), "countersign.period"),
    "a day before the attestation's": (lambda w: w.countersign(w.verifier, date="2026-01-31"), "countersign.date"),
    "a scope of nothing": (lambda w: bent(w.countersign(w.verifier), scope=" \t"), "countersign.shape"),
    "the other suite": (lambda w: with_proof(w.countersign(w.verifier), cryptosuite="ecdsa-jcs-2019"), "countersign.suite"),
    "no suite": (lambda w: with_proof(w.countersign(w.verifier), cryptosuite="none"), "countersign.shape"),
    "the attestation's own proof": (lambda w: {**w.countersign(w.verifier), "proof": w.signed["proof"]}, "countersign.shape"),
    "the attestation's proof value": (
        lambda w: with_proof(w.countersign(w.verifier), proofValue=w.signed["proof"]["proofValue"]), "countersign.proof"
    ),
    "an attestation": (lambda w: w.signed, "countersign.shape"),
    "an attestation in its clothes": (lambda w: {**w.signed, "type": list(countersignature.TYPE)}, "countersign.shape"),
    "in an attestation's clothes": (
        lambda w: {**w.countersign(w.verifier), "type": w.signed["type"]}, "countersign.shape"
    ),
    "another context": (lambda w: {**w.countersign(w.verifier), "@context": w.signed["@context"]}, "countersign.shape"),
    "a context appended": (
        lambda w: {**w.countersign(w.verifier), "@context": [*countersignature.CONTEXT, "https://evil.example"]},
        "countersign.shape",
    ),
    "a proof set": (
        lambda w: {**w.countersign(w.verifier), "proof": [w.countersign(w.verifier)["proof"]]}, "countersign.shape"
    ),
    "no proof": (
        lambda w: {k: v for k, v in w.countersign(w.verifier).items() if k != "proof"}, "countersign.shape"
    ),
    "a stranger": (lambda w: {**w.countersign(w.verifier), "evidence": []}, "countersign.shape"),
    "a stranger in the opinion": (lambda w: bent(w.countersign(w.verifier), weight=9), "countersign.shape"),
    "unmodified with a reason": (lambda w: bent(w.countersign(w.verifier), reason="x"), "countersign.shape"),
    "an opinion that is none": (lambda w: bent(w.countersign(w.verifier), opinion="positive"), "countersign.shape"),
    "two subjects": (
        lambda w: {**w.countersign(w.verifier), "credentialSubject": [subject(w)] * 2},
        "countersign.shape",
    ),
    "null": (lambda _: None, "countersign.shape"),
    "a list": (lambda w: [w.countersign(w.verifier)], "countersign.shape"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_opinions_that_must_not_count(ask, world, name):
    make, code = DOCUMENTS[name]
    answer = ask(world.signed, trust=world.asking, countersignatures=[world.encode(make(world))])
    assert answer.failing == [code, "countersign.missing"]


BYTES = {
    "nothing": lambda _: b"",
    "not JSON": lambda _: b"\xff\xfe",
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "a duplicate opinion": lambda text: text.replace(b'"opinion":', b'"opinion": "adverse", "opinion":', 1),
    "a duplicate opinion in escapes": lambda text: text.replace(b'"opinion":', b'"\\u006fpinion": "adverse", "opinion":', 1),
    "nested": lambda text: b"[" * 200_000 + text,
    "cut short": lambda text: text[:-1],
    "a megabyte": lambda text: text + b" " * (1 << 20),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_opinion(ask, world, name):
    text = world.encode(world.countersign(world.verifier))
    answer = ask(world.signed, trust=world.asking, countersignatures=[BYTES[name](text)])
    assert answer.failing == ["countersign.shape", "countersign.missing"]


def listed(trust, signer, **options):
    options = {"roles": ["verifier"], "now": START, "until": END, **options}
    return add_key(trust, keys.encode_multikey(signer.public_key), **options)


SETS = {
    "none": (lambda _: [], ["countersign.missing"]),
    "one of two": (lambda w: [w.countersign(w.verifier)], ["countersign.missing"]),
    "the same file twice": (lambda w: [w.countersign(w.verifier)] * 2, ["countersign.repeated", "countersign.missing"]),
    "one key twice, at two times": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.verifier, created="2026-02-11T00:00:00Z")],
        ["countersign.repeated", "countersign.missing"],
    ),
    "two keys of one party": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.other)], ["countersign.repeated", "countersign.missing"]
    ),
    "the machine as the second": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.signer)], ["countersign.same-key", "countersign.missing"]
    ),
    "one adverse": (
        lambda w: [w.countersign(w.verifier, **ADVERSE)], ["countersign.opinion", "countersign.missing"]
    ),
    "an adverse one behind an unmodified one of the same verifier": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.verifier, **ADVERSE)],
        ["countersign.repeated", "countersign.missing"],
    ),
    "a disclaimer as the second": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.thief, opinion="disclaimer", reason="no access")],
        ["countersign.missing"],
    ),
    "limited where reasonable is asked for": (
        lambda w: [w.countersign(w.verifier), w.countersign(w.thief, assurance="limited")], ["countersign.missing"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETS)
def test_two_of_reasonable_assurance_are_asked_for(ask, world, name):
    """Here ``thief`` is an honest second verifier, and ``other`` a second key of the first one's party."""
    asked = require(listed(world.plain, world.thief), "verifier", number=2, assurance="reasonable")
    asked = listed(asked, world.other, party=world.verifier.issuer)
    make, failing = SETS[name]
    given = [world.encode(document) for document in make(world)]
    assert ask(world.signed, trust=asked, countersignatures=given).failing == failing
    both = [world.encode(world.countersign(who)) for who in (world.verifier, world.thief)]
    assert ask(world.signed, trust=asked, countersignatures=both).failing == []


ENDS = {
    "revoked": lambda w: revoke_key(w.asking, w.verifier.verification_method, at="2026-02-20T00:00:00Z"),
    "expired": lambda w: changed(w.asking, w.verifier, notAfter="2026-02-20T00:00:00Z"),
    "not-yet": lambda w: changed(w.asking, w.verifier, notBefore="2026-12-01T00:00:00Z"),
}


def changed(trust, signer, **changes):
    raw = trust.as_json()
    next(issuer for issuer in raw["issuers"] if issuer["id"] == signer.issuer)["keys"][0].update(changes)
    return type(trust).of(raw)


@pytest.mark.parametrize("reason", ENDS)
def test_a_verifiers_key_at_its_end(ask, world, reason):
    given = [world.encode(world.countersign(world.verifier))]
    answer = ask(world.signed, trust=ENDS[reason](world), countersignatures=given)
    assert answer.failing == [f"countersign.{reason}", "countersign.missing"]


def test_an_opinion_does_not_mend_an_attestation(ask, world):
    """Whatever a verifier says, a bad proof stays a bad proof."""
    forged = world.attest(world.thief)
    given = [world.encode(world.countersign(world.verifier, about=forged))]
    failing = ask(forged, trust=world.asking, countersignatures=given).failing
    assert {"issuer.trusted", "key.valid", "proof.valid"} <= set(failing)


def test_every_byte_flip_of_an_opinion_fails(ask, world):
    """Unless what it spells is the same document, any change of any byte is refused."""
    document = world.countersign(world.verifier)
    data, original = world.encode(document), strict_json.canonical(document)
    dice, same = random.Random(1), 0
    for place in range(len(data)):
        spoiled = bytearray(data)
        spoiled[place] ^= dice.choice((0x01, 0x20, 0x80))
        if not ask(world.signed, trust=world.asking, countersignatures=[bytes(spoiled)]).failing:
            assert strict_json.canonical(json.loads(bytes(spoiled))) == original
            same += 1
    assert same < 5


def test_the_honest_one_holds(ask, world):
    """Or the cases above would prove nothing."""
    given = [world.encode(world.countersign(world.verifier))]
    assert ask(world.signed, trust=world.asking, countersignatures=given).failing == []
