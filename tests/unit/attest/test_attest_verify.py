"""The whole check, and the attacks that stock libraries accept."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from mrv.attest import credential, keys, proof, strict_json, trust
from mrv.errors import AttestationError

CREATED = "2026-02-01T00:00:00Z"
ORDER = [
    "schema.closed",
    "issuer.trusted",
    "key.valid",
    "proof.valid",
    "validity.period",
    "status.not-required",
    "subject.id",
    "binding.asset",
    "binding.serials",
    "binding.serials-distinct",
    "binding.serials-quantity",
    "statement.schema",
    "evidence.materials",
    "evidence.unread",
    "countersign.not-required",
]


def test_holds(ask, signed):
    answer = ask(signed)
    assert answer.codes == ORDER
    assert answer.failing == []
    assert answer.detail["schema.closed"] == credential.attestation_digest(signed)


def test_every_byte_flip_fails(ask, signed):
    """Unless what it spells is the same document (RFC 8785), any change of any byte is refused."""
    data = json.dumps(signed, ensure_ascii=False, indent=1).encode()
    original = strict_json.canonical(signed)
    same = 0
    for place in range(len(data)):
        for mask in (0x01, 0x20, 0x80):
            spoiled = bytearray(data)
            spoiled[place] ^= mask
            if not ask(bytes(spoiled)).failing:
                assert strict_json.canonical(strict_json.loads(bytes(spoiled))) == original, place
                same += 1
    assert same < 5


def test_every_byte_removed_fails(ask, signed):
    data = strict_json.canonical(signed)
    assert all(ask(data[:place] + data[place + 1 :]).failing for place in range(len(data)))
    assert all(ask(data[:place]).failing for place in range(0, len(data), 7))


def shuffled(value, dice):
    if isinstance(value, dict):
        items = [(key, shuffled(item, dice)) for key, item in value.items()]
        dice.shuffle(items)
        return dict(items)
    return [shuffled(item, dice) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(5))
def test_order_space_and_escapes_are_the_same_document(ask, signed, seed):
    other = shuffled(signed, random.Random(seed))
    text = json.dumps(other, indent=seed, ensure_ascii=seed % 2 == 0, separators=(" ,\t", "\r\n: "))
    text = text.replace("mrv", "\\u006drv").replace("/", "\\/")
    assert ask(text.encode()).failing == []


def test_a_url_appended_to_the_context(ask, signed):
    signed["@context"].append("https://evil.example/v1")
    assert ask(signed).failing == ["schema.value"]
    signed["proof"]["@context"] = signed["@context"]
    assert len(ask(signed).checks) == 1


def test_duplicate_members(ask, signed):
    text = json.dumps(signed)
    for spelling in ('"issuer"', '"\\u0069ssuer"'):
        assert ask(text.replace('"issuer"', f'{spelling}: "did:key:zEvil", "issuer"', 1).encode()).failing == ["json.duplicate"]


def test_a_proof_set(ask, signed):
    bad = {**signed["proof"], "proofValue": "z" + "1" * 64}
    for several in ([signed["proof"], bad], [signed["proof"]]):
        assert ask({**signed, "proof": several}).failing[0].startswith("schema.")


def test_a_stranger_in_the_proof(ask, signed):
    assert ask({**signed, "proof": {**signed["proof"], "domain": "x"}}).failing == ["schema.extra"]


def test_two_to_the_53(ask, signed):
    text = json.dumps(signed)
    assert ask(text.replace("9007199254740991", "9007199254740993").encode()).failing == ["json.integer"]
    assert ask(text.replace("9007199254740991", "9007199254740991.0").encode()).failing == ["json.float"]


def test_attackers_key_under_an_honest_name(ask, unsigned, signer, other):
    """Their own key id, and the honest key's id over their signature."""
    theirs = proof.sign(unsigned, other, CREATED)
    assert ask(theirs).failing == ["key.valid", "proof.valid"]
    theirs["proof"]["verificationMethod"] = signer.verification_method
    assert ask(theirs).failing == ["proof.valid"]
    pose = keys.Signer(signer.issuer, signer.verification_method, other.public_key, other.sign)
    assert ask(proof.sign(unsigned, pose, CREATED)).failing == ["proof.valid"]


def test_a_trusted_key_of_another_issuer(ask, unsigned, signer, other, trust_list):
    both = trust.TrustList.of(
        {
            "version": 1,
            "previous": None,
            "issuers": [
                issuer
                for made in (trust_list, trust.trust_for(other, now="2026-01-01T00:00:00Z"))
                for issuer in made.model_dump(mode="json")["issuers"]
            ],
        }
    )
    assert ask(proof.sign(unsigned, other, CREATED), trust=both).failing == ["key.valid", "proof.valid"]
    assert ask(proof.sign(unsigned, signer, CREATED), trust=both).failing == []


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
def test_an_issuer_under_a_name_of_its_own(ask, parts, tmp_path, suite):
    """Either suite; the same key under its did:key name is another issuer, and not listed."""
    signer = keys.new_key(tmp_path / "key.pem", suite, issuer="did:web:mrv.example")
    listed = trust.trust_for(signer, now="2026-01-01T00:00:00Z")
    document = proof.sign(credential.build(issuer=signer.issuer, **parts), signer, CREATED)
    assert ask(document, trust=listed).failing == []
    itself = keys.load_signer(f"file:{tmp_path / 'key.pem'}")
    theirs = proof.sign(credential.build(issuer=itself.issuer, **parts), itself, CREATED)
    assert ask(theirs, trust=listed).failing == ["issuer.trusted", "key.valid", "proof.valid", "status.missing"]


def test_unknown_issuer_still_gets_the_other_answers(ask, parts, other):
    theirs = proof.sign(credential.build(issuer=other.issuer, **parts), other, CREATED)
    answer = ask(theirs)
    assert answer.failing == ["issuer.trusted", "key.valid", "proof.valid", "status.missing"]
    assert "statement.schema" in answer.codes


def respelled(trust_list, **changes):
    raw = trust_list.model_dump(mode="json")
    raw["issuers"][0].update({k: v for k, v in changes.items() if k == "statusRequired"})
    raw["issuers"][0]["keys"][0].update({k: v for k, v in changes.items() if k != "statusRequired"})
    return trust.TrustList.of(raw)


@pytest.mark.parametrize(
    ("changes", "fails"),
    [
        ({"roles": ["status"]}, True),
        ({"roles": ["status", "attester"]}, False),
        ({"notBefore": "2026-03-01T00:00:01Z"}, True),
        ({"notBefore": "2026-03-01T00:00:00Z"}, False),
        ({"notAfter": "2026-03-01T00:00:00Z"}, True),
        ({"notAfter": "2026-03-01T00:00:01Z"}, False),
        ({"notBefore": None, "notAfter": None}, False),
        ({"revokedAt": "2026-03-01T00:00:00Z"}, True),
        ({"revokedAt": "2026-03-01T00:00:01Z"}, False),
    ],
)
def test_key_is_judged_at_now(ask, signed, trust_list, changes, fails):
    answer = ask(signed, trust=respelled(trust_list, **changes))
    assert answer.failing == (["key.valid"] if fails else [])


def test_backdating_does_not_revive_a_key(ask, unsigned, signer, trust_list):
    """``proof.created`` before the revocation is the thief's own word."""
    backdated = proof.sign(unsigned, signer, "2026-01-02T00:00:00Z")
    answer = ask(backdated, trust=respelled(trust_list, revokedAt="2026-02-15T00:00:00Z"))
    assert answer.failing == ["key.valid"]
    assert "trusted time" in answer.detail["key.valid"]


@pytest.mark.parametrize(
    ("now", "fails"),
    [
        ("2026-01-31T23:59:59Z", True),
        ("2026-02-01T00:00:00Z", False),
        ("2026-06-30T23:59:59Z", False),
        ("2026-07-01T00:00:00Z", True),
    ],
)
def test_validity_period(ask, parts, signer, now, fails):
    document = credential.build(issuer=signer.issuer, **parts, valid_until="2026-07-01T00:00:00Z")
    answer = ask(proof.sign(document, signer, CREATED), now=now)
    assert answer.failing == (["validity.period"] if fails else [])


def test_status(ask, signed, trust_list, tmp_path):
    assert ask(signed, trust=respelled(trust_list, statusRequired=True)).failing == ["status.missing"]
    assert ask(signed, trust=respelled(trust_list, statusRequired=True), status=tmp_path).failing == ["status.unlisted"]
    assert ask(signed, status=tmp_path).failing == ["status.unlisted"]


def test_asset(ask, signed, parts, signer):
    assert ask(signed, asset="eip155:0137/erc1155:0x00000000000000000000000000000000000000AA/07").failing == []
    assert ask(signed, asset="eip155:137/erc1155:0x00000000000000000000000000000000000000aa/8").failing == ["binding.asset"]
    assert ask(signed, asset=None).failing == ["binding.asset"]
    parts["binding"]["assets"] = []
    bare = proof.sign(credential.build(issuer=signer.issuer, **parts), signer, CREATED)
    assert ask(bare, asset=None).failing == []
    assert ask(bare).failing == ["binding.asset"]


def test_the_callers_own_mistakes_are_errors(ask, signed):
    for options in ({"asset": "nonsense"}, {"now": "today"}):
        with pytest.raises(AttestationError):
            ask(signed, **options)


def test_subject_id_is_recomputed(ask, unsigned, signer):
    """Signed by an honest key and still wrong."""
    unsigned["credentialSubject"]["id"] = "urn:mrv:sha256:" + "0" * 64
    assert ask(proof.sign(unsigned, signer, CREATED)).failing == ["subject.id"]


def test_statement_is_checked_even_under_a_bad_proof(ask, parts, signer, other):
    parts["statement"]["broken"] = True
    document = credential.build(issuer=signer.issuer, **parts)
    assert ask(proof.sign(document, signer, CREATED)).failing == ["statement.schema"]
    assert ask(proof.sign(document, other, CREATED)).failing == ["key.valid", "proof.valid", "statement.schema"]


def test_evidence(ask, signed, tmp_path):
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels/a_B04.tif").write_bytes(b"abc")
    (tmp_path / "boundary.geojson").write_bytes(b"")
    assert ask(signed, evidence=tmp_path).failing == []
    (tmp_path / "pixels/a_B04.tif").write_bytes(b"abd")
    assert ask(signed, evidence=tmp_path).failing == ["evidence.digest"]
    assert ask(signed, evidence=Path("/nonexistent")).failing == ["evidence.missing"] * 2


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff", b"[" * 100_000, b'{"proof":' * 30, b"1e999"])
def test_what_does_not_parse_gets_that_answer_alone(ask, data):
    (check,) = ask(data).checks
    assert check.status == "fails"
    assert check.code.partition(".")[0] in {"json", "schema"}
