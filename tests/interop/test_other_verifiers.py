"""Ours verified by libraries that are not ours, theirs by ours; and what they accept that ours refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.attested import (
    ASSET,
    CREATED,
    INDEX,
    ISSUER,
    OTHER,
    PARTS,
    STATUS,
    URLS,
    ask,
    attestation,
    make_signer,
    status_entries,
    status_list,
    stub_statement,
    write_lists,
)
from support.javascript import FOLDER, answers, in_browser

from mrv.attest import credential, keys, proof, strict_json, trust
from mrv.attest.bitstring import MIN_BITS
from mrv.attest.status_list import CONTEXT, PURPOSES
from mrv.units import utc_now

SUITES = ("eddsa-jcs-2022", "ecdsa-jcs-2019")
"""What we sign and verify."""
THEIR_SUITES = ("eddsa-jcs-2022", "ecdsa-jcs-2019")
"""What the libraries beside us sign and verify."""
NOW = "2026-03-01T00:00:00Z"
VERIFIERS = ("digitalbazaar", "node and canonicalize")
PRIVATE = {
    "eddsa-jcs-2022": lambda seed: Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)),
    "ecdsa-jcs-2019": lambda seed: derive_private_key(seed**40, SECP256R1()),
}


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def signer_of(suite, seed=1, issuer=ISSUER):
    own = keys.signer_of(PRIVATE[suite](seed))
    fragment = own.verification_method.partition("#")[2]
    return replace(own, issuer=issuer, verification_method=f"{issuer}#{fragment}")


def key_of(signer):
    return {"id": signer.verification_method, "publicKeyMultibase": signer.verification_method.partition("#")[2]}


def trusted(key, role="attester", suite="eddsa-jcs-2022"):
    return {**key, "suite": suite, "roles": [role], "notBefore": None, "notAfter": None, "revokedAt": None}


def trust_in(*rows, issuer=ISSUER, required=False):
    of_issuer = {"id": issuer, "statusRequired": required, "keys": list(rows)}
    return trust.TrustList.of({"version": 1, "previous": None, "issuers": [of_issuer]})


def question(verifier, text, *keys_, **more):
    asked = text if isinstance(text, str) else json.dumps(text)
    given = {"text": asked, "keys": list(keys_), "context": credential.context_document(), "now": NOW}
    return {"ask": verifier, **given, **more}


@pytest.mark.parametrize("suite", SUITES)
def test_ours_is_verified_by_others(suite):
    signer = signer_of(suite)
    text = credential.encode(attestation(signer)).decode()
    assert json.loads(text)["proof"]["cryptosuite"] == suite
    found = answers(*(question(verifier, text, key_of(signer)) for verifier in VERIFIERS))
    assert [(one["verified"], one["error"]) for one in found] == [(True, "")] * len(VERIFIERS)


@pytest.mark.parametrize("suite", SUITES)
def test_ours_is_verified_in_a_browser(suite, tmp_path):
    signer = signer_of(suite)
    good = attestation(signer)
    texts = [json.dumps(good), *(case.text(good) for case in TAMPERED.values() if "plain" not in case.accepted)]
    found = in_browser([question("", text, key_of(signer)) for text in texts], tmp_path)
    assert [one["verified"] for one in found] == [True] + [False] * (len(texts) - 1), found


def unsigned():
    """Ours, for somebody else to sign."""
    return credential.build(issuer=ISSUER, credential_status=status_entries(), **PARTS)


@pytest.mark.parametrize("suite", SUITES)
def test_theirs_is_verified_by_ours(suite):
    """Whatever Digital Bazaar's library signs under our context."""
    (made,) = answers(signing(suite))
    signed, key = made["signed"], made["key"]
    assert ask(signed, trust_list=trust_in(trusted(key, suite=suite))).failing == []
    assert signed["proof"]["created"] == CREATED
    signed["credentialSubject"]["statement"]["kg"] -= 1
    assert "proof.valid" in ask(signed, trust_list=trust_in(trusted(key, suite=suite))).failing


def signing(suite, document=None, **changes):
    return {
        "ask": "sign", "credential": (document or unsigned()) | changes, "suite": suite, "controller": ISSUER,
        "created": CREATED, "context": credential.context_document(), "now": NOW,
    }  # fmt: skip


@pytest.mark.parametrize("suite", THEIR_SUITES)
def test_the_verifiers_agree_without_us(suite):
    """Signed by the one, verified by the other, in each suite."""
    (made,) = answers(signing(suite))
    good = made["signed"]
    bad = {**good, "validFrom": "2026-02-02T00:00:00Z"}
    found = answers(*(question(verifier, text, made["key"]) for verifier in VERIFIERS for text in (good, bad)))
    assert [one["verified"] for one in found] == [True, False] * len(VERIFIERS), found


@dataclass(frozen=True)
class Tampered:
    """A document changed after signing."""

    change: object
    """Of the document (a value), or of its text."""
    codes: tuple[str, ...]
    """What ours fails with."""
    accepted: tuple[str, ...] = ()
    """Who accepts it: ``digitalbazaar``, ``plain`` (the signature alone, over ``canonicalize`` and ``JSON.parse``)."""

    def text(self, document):
        copy = json.loads(json.dumps(document))
        changed = self.change(copy)
        return changed if isinstance(changed, str) else json.dumps(copy if changed is None else changed)


def put(document, *path, value):
    *way, last = path
    for member in way:
        document = document[member]
    document[last] = value


def spelled(before, after):
    def change(document):
        text = json.dumps(document)
        assert before in text
        return text.replace(before, after, 1)

    return change


BOTH = ("digitalbazaar", "plain")
SUBJECT = "credentialSubject"
TAMPERED = {
    "a kilogram less": Tampered(lambda d: put(d, SUBJECT, "statement", "kg", value=2**53 - 2), ("proof.valid", "subject.id")),
    "another asset": Tampered(
        lambda d: put(d, SUBJECT, "binding", "assets", value=[ASSET + "1"]), ("proof.valid", "binding.asset")
    ),
    "another issuer": Tampered(
        lambda d: put(d, "issuer", value=OTHER), ("issuer.trusted", "key.valid", "proof.valid", "status.missing")
    ),
    "another index": Tampered(lambda d: put(d, "credentialStatus", 0, "statusListIndex", value="1"), ("proof.valid",)),
    "no status": Tampered(lambda d: d.pop("credentialStatus") and None, ("proof.valid",)),
    "a later period": Tampered(lambda d: put(d, "validFrom", value="2026-02-02T00:00:00Z"), ("proof.valid",)),
    "another purpose": Tampered(lambda d: put(d, "proof", "proofPurpose", value="authentication"), ("schema.value",)),
    "an earlier proof": Tampered(lambda d: put(d, "proof", "created", value="2026-01-02T00:00:00Z"), ("proof.valid",)),
    "a member more in the proof": Tampered(lambda d: put(d, "proof", "domain", value="x"), ("schema.extra",)),
    "a member more": Tampered(lambda d: put(d, "name", value="x"), ("schema.extra",)),
    "no proof": Tampered(lambda d: d.pop("proof") and None, ("schema.missing",)),
    "no proof.@context": Tampered(lambda d: d["proof"].pop("@context") and None, ("schema.missing",)),
    "another letter in a name": Tampered(
        lambda d: put(d, SUBJECT, "statement", "name", value="I\u0302le d'Été"), ("json.nfc",)
    ),
    "a byte order mark": Tampered(lambda d: "\ufeff" + json.dumps(d), ("json.bom",)),
    "a URL appended to the context": Tampered(
        lambda d: d["@context"].append("https://www.w3.org/ns/credentials/undefined-terms/v2"), ("schema.value",),
        ("digitalbazaar",),
    ),
    "a member twice": Tampered(
        spelled('"issuer": "did', '"issuer": "did:web:evil.example", "issuer": "did'), ("json.duplicate",), BOTH
    ),
    "a member twice, escaped": Tampered(
        spelled('"issuer": "did', '"\\u0069ssuer": "did:web:evil.example", "issuer": "did'), ("json.duplicate",), BOTH
    ),
    "an integer as a float": Tampered(spelled("9007199254740991", "9007199254740991.0"), ("json.float",), BOTH),
    "an integer as a power": Tampered(spelled("9007199254740991", "9007199254740991e0"), ("json.float",), BOTH),
    "an integer with a fraction too small to see": Tampered(
        spelled("9007199254740991", "9007199254740991.0000000001"), ("json.float",), BOTH
    ),
    "a proof set with one bad proof": Tampered(
        lambda d: put(d, "proof", value=[{**d["proof"], "created": "2026-01-02T00:00:00Z"}, d["proof"]]), ("schema.type",),
        ("digitalbazaar",),
    ),
}  # fmt: skip
"""Each is refused by ours; ``accepted`` says which of the stock libraries is content with it."""


@pytest.fixture(scope="module")
def told():
    """What every verifier says to every tampered document, asked once."""
    signer = signer_of("eddsa-jcs-2022")
    good = attestation(signer)
    asked = [question(verifier, case.text(good), key_of(signer)) for case in TAMPERED.values() for verifier in VERIFIERS]
    found = iter(answers(*asked))
    return {name: {"digitalbazaar": next(found), "plain": next(found)} for name in TAMPERED}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered(name, told):
    case, signer = TAMPERED[name], signer_of("eddsa-jcs-2022")
    ours = ask(case.text(attestation(signer)).encode(), trust_list=trust_in(trusted(key_of(signer))))
    assert ours.failing == list(case.codes)
    accepted = tuple(verifier for verifier in ("digitalbazaar", "plain") if told[name][verifier]["verified"])
    assert accepted == case.accepted, told[name]


def test_an_integer_that_a_float_cannot_hold():
    """2^53 signed and 2^53 + 1 shown: one number to ``JSON.parse``, two to others; ours signs and reads neither."""
    document = unsigned()
    document["credentialSubject"]["statement"]["kg"] = 2**53
    (made,) = answers(signing("eddsa-jcs-2022", document))
    text = json.dumps(made["signed"]).replace(str(2**53), str(2**53 + 1))
    found = answers(*(question(verifier, text, made["key"]) for verifier in VERIFIERS))
    assert [one["verified"] for one in found] == [True, True]
    for spelling in (text, json.dumps(made["signed"])):
        assert ask(spelling.encode(), trust_list=trust_in(trusted(made["key"]))).failing == ["json.integer"]


def test_a_small_order_key():
    """One signature for every document: the identity's key and a signature made of nothing."""
    weak = keys.encode_base58(b"\xed\x01" + (1).to_bytes(32, "little"))
    own = f"did:key:{weak}"
    key = {"id": f"{own}#{weak}", "publicKeyMultibase": weak}
    document = {**unsigned(), "issuer": own}
    config = {**attestation()["proof"], "verificationMethod": key["id"]}
    forged = {**document, "proof": {**config, "proofValue": keys.encode_base58((1).to_bytes(32, "little") + bytes(32))}}
    found = answers(*(question(verifier, forged, key) for verifier in VERIFIERS))
    assert found[1]["verified"], found
    with pytest.raises(credential.AttestationError) as error:
        trust_in(trusted(key), issuer=own)
    assert "small order" in error.value.message
    assert ask(forged).failing[:3] == ["issuer.trusted", "key.valid", "proof.valid"]


def test_an_attackers_key_under_an_honest_name():
    """A good signature by a key of somebody else, over a document that names an honest issuer."""
    thief = replace(signer_of("eddsa-jcs-2022", 9, OTHER), issuer=ISSUER)
    forged = attestation(thief)
    honest = key_of(signer_of("eddsa-jcs-2022"))
    found = answers(*(question(verifier, forged, honest, key_of(thief)) for verifier in VERIFIERS))
    assert [one["verified"] for one in found] == [False, True], found
    assert ask(forged, trust_list=trust_in(trusted(honest))).failing == ["key.valid", "proof.valid"]


def listed(ones=(), signer=None):
    """Both of our lists, signed now: their library reads the clock."""
    now = utc_now()
    return [status_list(purpose, ones if purpose == "revocation" else (), signer, now=now) for purpose in PURPOSES]


@pytest.mark.parametrize("suite", SUITES)
def test_our_status_lists_are_read_by_theirs(suite):
    signer, keeper = signer_of(suite), signer_of(suite, 2)
    text, keys_ = attestation(signer), [key_of(signer), key_of(keeper)]
    clear, revoked = listed(signer=keeper), listed((INDEX,), keeper)
    cut = [{**revoked[0], "credentialSubject": clear[0]["credentialSubject"]}, revoked[1]]
    swapped = [{**clear[1], "id": clear[0]["id"]}, clear[1]]
    asked = [question("digitalbazaar", text, *keys_, lists=held, now=utc_now()) for held in (clear, revoked, cut, swapped, [])]
    found = answers(*asked)
    assert [one["bits"].get("revocation") for one in found] == [False, True, None, None, None], found
    assert [one["verified"] for one in found] == [True, True, False, False, False], found


@pytest.mark.parametrize("suite", SUITES)
def test_their_status_list_is_read_by_ours(suite, tmp_path):
    """Made, packed and signed by Digital Bazaar's libraries."""
    made = answers(*({"ask": "list", "id": URLS[p], "purpose": p, "ones": [INDEX], "length": MIN_BITS} for p in PURPOSES))
    period = {"validFrom": CREATED, "validUntil": "2026-02-08T00:00:00Z"}
    (first,) = answers(signing(suite, made[0], **period))
    found = first["signed"]
    assert found["@context"] == [CONTEXT]
    everyone = trust_in(trusted(key_of(make_signer(1))), trusted(first["key"], "status", suite), required=True)
    document = attestation(status=status_entries(purposes=("revocation",)))
    folder = write_lists(tmp_path, found)
    assert ask(document, status=folder, trust_list=everyone, now="2026-02-07T00:00:00Z").failing == ["status.revocation"]
    other = attestation(status=status_entries(INDEX + 1, purposes=("revocation",)))
    assert ask(other, status=folder, trust_list=everyone, now="2026-02-07T00:00:00Z").failing == []


def test_the_lock_names_no_host_and_every_hash():
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = {name: row for name, row in lock["packages"].items() if name}
    assert all("integrity" in row and "resolved" not in row for row in packages.values())
    wanted = lock["packages"][""]["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_canonical_bytes_agree():
    """What ``canonicalize`` hashes is what ours hashes, for text beyond ASCII and the basic plane too."""
    signer = signer_of("eddsa-jcs-2022")
    odd = {"schema": "x", "é": '€\U0001f333\u2028\n"\\', "\uffff": 1, "\U0001f333": 2, "kg": -(2**53) + 1}
    text = credential.encode(attestation(signer, statement=odd)).decode()
    (found,) = answers(question("node and canonicalize", text, key_of(signer)))
    assert found["verified"], found
    assert strict_json.loads(text.encode())["credentialSubject"]["statement"] == odd
    proof.verify(json.loads(text), signer.public_key)
    assert make_signer(STATUS) != signer
