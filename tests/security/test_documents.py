"""Attacks on the document: each by its name, and the codes it is refused with."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import pytest
from support.attested import (
    ASSET,
    ATTESTER,
    CREATED,
    ISSUER,
    OTHER,
    STATUS,
    STRANGER,
    ask,
    attestation,
    make_signer,
    resigned,
    status_entries,
    status_list,
    stub_statement,
    trust_of,
    trusted,
)

from mrv.attest import keys, proof, strict_json

HONEST = make_signer(ATTESTER)
OPEN = trust_of(required=False)
DOCUMENT = attestation()
TEXT = json.dumps(DOCUMENT, ensure_ascii=False)
PROVENANCE = DOCUMENT["credentialSubject"]["provenance"]


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def edited(*edits, signed=False, by=HONEST):
    """The document after each ``(path, value)``; a value of ``...`` takes the member out; signed again where asked."""
    document = copy.deepcopy(DOCUMENT)
    for path, value in edits:
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        inner = document
        for step in way:
            inner = inner[step]
        if value is ...:
            del inner[last]
        elif isinstance(inner, list) and last == len(inner):
            inner.append(value)
        else:
            inner[last] = value
    return resigned(document, by) if signed else document


def spelled(before, after, encoding="utf-8"):
    """The text with one spelling in place of another."""
    assert before in TEXT
    return TEXT.replace(before, after, 1).encode(encoding)


def signed(*edits):
    return edited(*edits, signed=True)


SUBJECT, STATEMENT, BINDING = "credentialSubject", "credentialSubject/statement", "credentialSubject/binding"
MATERIAL = "credentialSubject/materials/0"
EVIL = "https://evil.example/v1"
KG = '"kg": 9007199254740991'
NEST = "[" * 30 + "]" * 30
BAD_PROOF = {**DOCUMENT["proof"], "proofValue": "z" + "1" * 64}
ZERO = keys.encode_base58(bytes(64))

# fmt: off
ATTACKS = {
    # The context
    "context: a URL appended": (edited(("@context/2", EVIL)), "schema.value"),
    "context: a URL appended in the proof too": (edited(("@context/2", EVIL), ("proof/@context/2", EVIL)), "schema.value"),
    "context: a URL appended and signed": (signed(("@context/2", EVIL)), "schema.value"),
    "context: an object appended and signed": (signed(("@context/2", {"issuer": "https://evil.example/#x"})), "schema.value"),
    "context: in the other order": (signed(("@context", DOCUMENT["@context"][::-1])), "schema.value"),
    "context: one string": (signed(("@context", DOCUMENT["@context"][0])), "schema.type"),
    "context: the first alone": (signed(("@context", DOCUMENT["@context"][:1])), "schema.missing"),
    "context: none": (edited(("@context", ...)), "schema.missing"),
    # The proof
    "proof: none": (edited(("proof", ...)), "schema.missing"),
    "proof: null": (edited(("proof", None)), "schema.type"),
    "proof: an empty set": (edited(("proof", [])), "schema.type"),
    "proof: a set of one": (edited(("proof", [DOCUMENT["proof"]])), "schema.type"),
    "proof: a set with a bad one first": (edited(("proof", [BAD_PROOF, DOCUMENT["proof"]])), "schema.type"),
    "proof: a set with a bad one last": (edited(("proof", [DOCUMENT["proof"], BAD_PROOF])), "schema.type"),
    "proof: the good one beside a bad one, by a second member": (
        TEXT.replace('"proof":', f'"proof": {json.dumps(BAD_PROOF)}, "proof":', 1).encode(), "json.duplicate"),
    "proof: no @context": (edited(("proof/@context", ...)), "schema.missing"),
    "proof: @context null": (edited(("proof/@context", None)), "schema.type"),
    "proof: @context of a status list": (edited(("proof/@context", DOCUMENT["@context"][:1])), "schema.missing"),
    "proof: @context one longer": (edited(("proof/@context/2", EVIL)), "schema.value"),
    "proof: a member more": (edited(("proof/domain", "x")), "schema.extra"),
    "proof: previousProof": (edited(("proof/previousProof", "urn:uuid:x")), "schema.extra"),
    "proof: an expiry of its own": (edited(("proof/expires", "2030-01-01T00:00:00Z")), "schema.extra"),
    "proof: another purpose": (edited(("proof/proofPurpose", "authentication")), "schema.value"),
    "proof: another type": (edited(("proof/type", "Ed25519Signature2020")), "schema.value"),
    "proof: another suite": (edited(("proof/cryptosuite", "eddsa-rdfc-2022")), "schema.value"),
    "proof: the suite none": (edited(("proof/cryptosuite", "none")), "schema.value"),
    "proof: made in the future": (edited(("proof/created", "2036-01-01T00:00:00Z")), "proof.valid"),
    "proof: made before its key": (edited(("proof/created", "2016-01-01T00:00:00Z")), "proof.valid"),
    "proof: value empty": (edited(("proof/proofValue", "")), "schema.value"),
    "proof: value of zeros": (edited(("proof/proofValue", ZERO)), "proof.valid"),
    "proof: value in base64": (edited(("proof/proofValue", "u" + "A" * 86)), "schema.value"),
    "proof: value with a leading zero byte": (
        edited(("proof/proofValue", "z1" + DOCUMENT["proof"]["proofValue"][1:])), "schema.value"),
    "proof: value of a megabyte": (edited(("proof/proofValue", "z" + "2" * 900_000)), "schema.value"),
    "proof: of another document": (
        edited(("proof", attestation(valid_from="2026-02-02T00:00:00Z")["proof"])), "proof.valid"),
    # Whose key
    "key: an attacker's, under the honest issuer": (
        resigned(DOCUMENT, make_signer(STRANGER)), ("key.valid", "proof.valid")),
    "key: an attacker's signature under the honest method": (
        resigned(DOCUMENT, replace(make_signer(STRANGER), verification_method=HONEST.verification_method)), "proof.valid"),
    "key: did:key in place of the method": (
        edited(("proof/verificationMethod", make_signer(STRANGER, None).verification_method)), ("key.valid", "proof.valid")),
    "key: the method without its fragment": (edited(("proof/verificationMethod", ISSUER)), ("key.valid", "proof.valid")),
    "key: a status key signs an attestation": (resigned(DOCUMENT, make_signer(STATUS)), "key.valid"),
    "key: another issuer's name over the honest signature": (
        edited(("issuer", OTHER)), ("issuer.trusted", "key.valid", "proof.valid", "status.missing")),
    "key: the issuer as an object": (edited(("issuer", {"id": ISSUER})), "schema.type"),
    "key: the issuer in other letters": (
        edited(("issuer", ISSUER.upper())), ("issuer.trusted", "key.valid", "proof.valid", "status.missing")),
    "key: a letter of another alphabet in the issuer": (edited(("issuer", ISSUER.replace("e", "\u0435"))), "schema.value"),
    # Members
    "member: twice": (spelled('"issuer"', '"issuer": "did:web:evil.example", "issuer"'), "json.duplicate"),
    "member: twice, escaped": (spelled('"issuer"', '"\\u0069ssuer": "did:web:evil.example", "issuer"'), "json.duplicate"),
    "member: twice with equal values": (spelled('"issuer"', f'"issuer": "{ISSUER}", "issuer"'), "json.duplicate"),
    "member: twice, deep in the statement": (spelled(KG, f'"kg": 1, {KG}'), "json.duplicate"),
    "member: twice in the proof": (spelled('"created"', '"created": "2026-01-01T00:00:00Z", "created"'), "json.duplicate"),
    "member: unknown at the top": (signed(("name", "x")), "schema.extra"),
    "member: unknown in the subject": (signed((f"{SUBJECT}/x", 1)), "schema.extra"),
    "member: unknown in the binding": (signed((f"{BINDING}/retired", True)), "schema.extra"),
    "member: unknown in a material": (signed((f"{MATERIAL}/mode", "x")), "schema.extra"),
    "member: unknown in the provenance": (signed((f"{SUBJECT}/provenance/host", "x")), "schema.extra"),
    "member: unknown in a status entry": (signed(("credentialStatus/0/statusSize", "2")), "schema.extra"),
    "member: termsOfUse": (signed(("termsOfUse", [])), "schema.extra"),
    "member: __proto__": (spelled('"issuer"', '"__proto__": {"issuer": "x"}, "issuer"'), "schema.extra"),
    "member: a second subject": (signed((SUBJECT, [DOCUMENT[SUBJECT]])), "schema.type"),
    "member: an older type": (signed(("type", ["VerifiableCredential"])), "schema.missing"),
    "member: a presentation in its place": (
        {"@context": DOCUMENT["@context"], "verifiableCredential": [DOCUMENT]}, "schema.missing"),
    "member: a status list in its place": (status_list(), "schema.missing"),
    # Numbers
    "number: 2^53 + 1": (spelled(KG, '"kg": 9007199254740993'), "json.integer"),
    "number: 2^53": (spelled(KG, '"kg": 9007199254740992'), "json.integer"),
    "number: -2^53": (spelled(KG, '"kg": -9007199254740992'), "json.integer"),
    "number: ten thousand digits": (spelled(KG, '"kg": ' + "9" * 10_000), "json.integer"),
    "number: a float of the same value": (spelled(KG, KG + ".0"), "json.float"),
    "number: a power of ten": (spelled(KG, KG + "e0"), "json.float"),
    "number: 1e999": (spelled(KG, '"kg": 1e999'), "json.float"),
    "number: -0": (spelled(KG, '"kg": -0'), "json.integer"),
    "number: +1": (spelled(KG, '"kg": +1'), "json.syntax"),
    "number: 01": (spelled(KG, '"kg": 01'), "json.syntax"),
    "number: hexadecimal": (spelled(KG, '"kg": 0x1F'), "json.syntax"),
    "number: NaN": (spelled(KG, '"kg": NaN'), "json.syntax"),
    "number: Infinity": (spelled(KG, '"kg": -Infinity'), "json.syntax"),
    "number: true for 1": (signed((f"{MATERIAL}/size", True)), "schema.type"),
    "number: a string for an integer": (signed((f"{MATERIAL}/size", "3")), "schema.type"),
    "number: a negative size": (signed((f"{MATERIAL}/size", -1)), "schema.value"),
    # Text
    "text: a byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), "json.bom"),
    "text: UTF-16": (TEXT.encode("utf-16"), "json.utf8"),
    "text: UTF-16 without a mark": (TEXT.encode("utf-16-le"), "json.utf8"),
    "text: UTF-32": (TEXT.encode("utf-32"), "json.utf8"),
    "text: Latin-1": (TEXT.encode("latin-1"), "json.utf8"),
    "text: an overlong slash": (TEXT.encode().replace(b"/", b"\xc0\xaf", 1), "json.utf8"),
    "text: a surrogate in UTF-8": (TEXT.encode().replace("Île".encode(), b"\xed\xa0\x80", 1), "json.utf8"),
    "text: a lone high surrogate": (spelled("Île", "\\ud800"), "json.surrogate"),
    "text: a lone low surrogate": (spelled("Île", "\\udc00"), "json.surrogate"),
    "text: surrogates in the wrong order": (spelled("Île", "\\udc00\\ud800"), "json.surrogate"),
    "text: a surrogate in a name": (spelled('"name"', '"na\\ud800me"'), "json.surrogate"),
    "text: not in normal form C": (spelled("Île", "I\u0302le"), "json.nfc"),
    "text: not in normal form C, escaped": (spelled("Île", "I\\u0302le"), "json.nfc"),
    "text: a name not in normal form C": (spelled('"name"', '"nam\u0065\u0301"'), "json.nfc"),
    "text: a NUL": (spelled("Île", "\x00"), "json.syntax"),
    "text: a newline in a string": (spelled("Île", "\n"), "json.syntax"),
    "text: a comment": (spelled('"issuer"', '/* x */ "issuer"'), "json.syntax"),
    "text: single quotes": (TEXT.replace('"', "'").encode(), "json.syntax"),
    "text: two documents": ((TEXT + TEXT).encode(), "json.syntax"),
    "text: garbage after it": ((TEXT + "x").encode(), "json.syntax"),
    "text: cut short": (TEXT[:-1].encode(), "json.syntax"),
    "text: empty": (b"", "json.syntax"),
    "text: a mebibyte and a byte": (b" " * ((1 << 20) + 1 - len(TEXT.encode())) + TEXT.encode(), "json.size"),
    "text: nested 30 deep": (spelled('"platform": {', f'"platform": {{"x": {NEST}, '), "json.depth"),
    "text: nested half a million deep": (b"[" * 500_000, "json.depth"),
    "text: nested deep inside a string's end": (b'{"a": "' + b"\\" * 100_000, "json.syntax"),
    # Times
    "time: an offset": (signed(("validFrom", "2026-02-01T00:00:00+00:00")), "schema.value"),
    "time: a fraction": (signed(("validFrom", "2026-02-01T00:00:00.000Z")), "schema.value"),
    "time: lower case": (signed(("validFrom", "2026-02-01t00:00:00z")), "schema.value"),
    "time: a space": (signed(("validFrom", "2026-02-01 00:00:00Z")), "schema.value"),
    "time: a day alone": (signed(("validFrom", "2026-02-01")), "schema.value"),
    "time: 29 February of a common year": (signed(("validFrom", "2026-02-29T00:00:00Z")), "schema.value"),
    "time: a leap second": (signed(("validFrom", "2026-01-31T23:59:60Z")), "schema.value"),
    "time: 24 hours": (signed(("validFrom", "2026-01-31T24:00:00Z")), "schema.value"),
    "time: full-width digits": (signed(("validFrom", "２026-02-01T00:00:00Z")), "schema.value"),
    "time: a newline behind it": (signed(("validFrom", "2026-02-01T00:00:00Z\n")), "schema.value"),
    "time: a number": (signed(("validFrom", 1769904000)), "schema.type"),
    "time: not yet": (signed(("validFrom", "2026-03-01T00:00:01Z")), "validity.period"),
    "time: over": (signed(("validUntil", "2026-03-01T00:00:00Z")), "validity.period"),
    "time: an end before the beginning": (signed(("validUntil", "2026-01-01T00:00:00Z")), "schema.value"),
    # The subject
    "subject: the digest of another statement": (signed((f"{SUBJECT}/id", "urn:mrv:sha256:" + "0" * 64)), "subject.id"),
    "subject: another statement under the digest": (signed((f"{STATEMENT}/kg", 1)), "subject.id"),
    "subject: a digest in capitals": (
        signed((f"{SUBJECT}/id", DOCUMENT[SUBJECT]["id"].upper())), "schema.value"),
    "asset: another token": (signed((f"{BINDING}/assets", [ASSET + "1"])), "binding.asset"),
    "asset: none": (signed((f"{BINDING}/assets", [])), "binding.asset"),
    "asset: in capitals": (signed((f"{BINDING}/assets", [ASSET.replace("0aa", "0AA")])), "schema.value"),
    "asset: a leading zero": (signed((f"{BINDING}/assets", [ASSET.replace("/7", "/07")])), "schema.value"),
    "asset: twice": (signed((f"{BINDING}/assets", [ASSET, ASSET])), "schema.value"),
    "serial: a letter of another width": (signed((f"{BINDING}/serials", ["ICR-１-2"])), "schema.value"),
    "serial: a newline": (signed((f"{BINDING}/serials", ["ICR-1\n"])), "schema.value"),
    # Files
    "path: out of the folder": (signed((f"{MATERIAL}/path", "../a.tif")), "schema.value"),
    "path: out of the folder, further in": (signed((f"{MATERIAL}/path", "a/../../a.tif")), "schema.value"),
    "path: absolute": (signed((f"{MATERIAL}/path", "/etc/passwd")), "schema.value"),
    "path: a drive": (signed((f"{MATERIAL}/path", "C:\\a.tif")), "schema.value"),
    "path: a stream": (signed((f"{MATERIAL}/path", "a.tif:x")), "schema.value"),
    "path: backslashes": (signed((f"{MATERIAL}/path", "..\\a.tif")), "schema.value"),
    "path: hidden": (signed((f"{MATERIAL}/path", ".a.tif")), "schema.value"),
    "path: percent-encoded": (signed((f"{MATERIAL}/path", "%2e%2e/a.tif")), "schema.value"),
    "path: a NUL": (signed((f"{MATERIAL}/path", "a.tif\x00.txt")), "schema.value"),
    "path: a VRT": (signed((f"{MATERIAL}/path", "a.vrt")), "schema.value"),
    "path: a VRT in capitals": (signed((f"{MATERIAL}/path", "a.VRT")), "schema.value"),
    "path: a virtual file system": (signed((f"{MATERIAL}/path", "/vsicurl/https://evil.example/a.tif")), "schema.value"),
    "path: two files in one place": (signed((f"{MATERIAL}/path", "Boundary.geojson")), "schema.value"),
    "path: one file listed twice": (signed((f"{SUBJECT}/materials/2", DOCUMENT[SUBJECT]["materials"][0])), "schema.value"),
    "path: a file less": (signed((f"{SUBJECT}/materials/1", ...)), "evidence.materials"),
    # Status entries
    "entry: two of one purpose": (signed(("credentialStatus/1/statusPurpose", "revocation")), "schema.value"),
    "entry: three": (signed(("credentialStatus/2", status_entries()[0])), "schema.value"),
    "entry: none, but the member": (signed(("credentialStatus", [])), "schema.value"),
    "entry: not in an array": (signed(("credentialStatus", status_entries()[0])), "schema.type"),
    "entry: another type": (signed(("credentialStatus/0/type", "StatusList2021Entry")), "schema.value"),
    "entry: another purpose": (signed(("credentialStatus/0/statusPurpose", "refresh")), "schema.value"),
    "entry: a negative index": (signed(("credentialStatus/0/statusListIndex", "-1")), "schema.value"),
    "entry: an index with a leading zero": (signed(("credentialStatus/0/statusListIndex", "007")), "schema.value"),
    "entry: an index in full-width digits": (signed(("credentialStatus/0/statusListIndex", "９")), "schema.value"),
    "entry: a fractional index": (signed(("credentialStatus/0/statusListIndex", "1.0")), "schema.value"),
    "entry: an index that is a number": (signed(("credentialStatus/0/statusListIndex", 7)), "schema.type"),
    "entry: taken out": (edited(("credentialStatus", ...)), "proof.valid"),
    "entry: another index": (edited(("credentialStatus/0/statusListIndex", "7")), "proof.valid"),
}
# fmt: on


@pytest.mark.parametrize("name", ATTACKS)
def test_refused(name):
    document, codes = ATTACKS[name]
    assert ask(document, trust_list=OPEN).failing == (list(codes) if isinstance(codes, tuple) else [codes])


def test_the_document_itself_holds():
    """So that each refusal above is the attack's own; and signing again alone changes nothing."""
    assert ask(DOCUMENT, trust_list=OPEN).failing == []
    assert ask(signed(), trust_list=OPEN).failing == []
    assert len(ATTACKS) >= 120


def test_a_future_proof_is_no_better_than_now():
    """``created`` is the signer's own word: neither a later nor an earlier one changes the answer."""
    bare = {name: value for name, value in DOCUMENT.items() if name != "proof"}
    for created in ("2016-01-01T00:00:00Z", CREATED, "2036-01-01T00:00:00Z"):
        made = proof.sign(bare, HONEST, created)
        assert ask(made, trust_list=OPEN).failing == []
        ended = trust_of(trusted(ATTESTER, "attester", revokedAt="2026-02-15T00:00:00Z"), required=False)
        assert ask(made, trust_list=ended).failing == ["key.valid"]


def test_a_signature_has_no_twin():
    """S + L in place of S verifies in lax libraries; the identity does not depend on it, and ours refuses it."""
    order = 2**252 + 27742317777372353535851937790883648493
    value = keys.decode_base58(DOCUMENT["proof"]["proofValue"])
    s = int.from_bytes(value[32:], "little") + order
    twin = keys.encode_base58(value[:32] + s.to_bytes(32, "little"))
    assert ask(edited(("proof/proofValue", twin)), trust_list=OPEN).failing == ["proof.valid"]


def test_hostile_text_takes_no_time():
    """Regular expressions and recursion on a mebibyte of the worst: the slowest of them within a second."""
    import time

    size = strict_json.MAX_BYTES
    worst = [
        b'"' * size, b"\\" * size, b'"\\' * (size // 2), b"[" * size, b"{" * size, b'{"a":' * (size // 5), b"[]," * (size // 3),
        b"[" + b"0," * (size // 2 - 1) + b"0]", b"-" * size, b"9" * size, b'["' + b"\\u0000" * (size // 6 - 2) + b'"]',
        ('["' + "\u0301" * (size // 2 - 3) + '"]').encode(), b" " * size, b'{"' + b"a" * (size - 6) + b'":1}',
    ]  # fmt: skip
    for data in worst:
        started = time.process_time()
        assert len(ask(data, trust_list=OPEN).failing) == 1
        assert time.process_time() - started < 3, data[:10]
