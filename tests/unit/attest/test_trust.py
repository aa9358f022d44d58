"""Whose keys count."""

from __future__ import annotations

import json

import pytest
from support.refusals import refusal as refused_by

from mrv.attest import keys, strict_json, trust
from mrv.errors import AttestationError

NOW = "2026-01-01T00:00:00Z"


@pytest.fixture
def raw(signer):
    return trust.trust_for(signer, now=NOW, days=30).model_dump(mode="json")


def refusal(raw, tmp_path, **options):
    path = tmp_path / "trust.json"
    path.write_bytes(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    error = refused_by(trust.load_trust, path, **options)
    assert error.file == str(path)
    return error


def test_starter_list_round_trip(signer, tmp_path, raw):
    made = trust.trust_for(signer, now=NOW, days=30)
    trust.write_trust(made, tmp_path / "trust.json")
    assert trust.load_trust(tmp_path / "trust.json") == made
    assert list(tmp_path.iterdir()) == [tmp_path / "trust.json"]
    assert raw["issuers"][0]["statusRequired"] is False
    assert raw["issuers"][0]["keys"][0] == {
        "id": signer.verification_method,
        "suite": "eddsa-jcs-2022",
        "publicKeyMultibase": keys.encode_multikey(signer.public_key),
        "roles": ["attester"],
        "notBefore": NOW,
        "notAfter": "2026-01-31T00:00:00Z",
        "revokedAt": None,
    }


def test_rollback_is_refused(tmp_path, raw):
    assert refusal(raw, tmp_path, min_version=2).error_code == "trust.rollback"
    assert trust.load_trust(tmp_path / "trust.json", min_version=1).version == 1


def test_lists_are_chained(tmp_path, raw):
    first = trust.TrustList.of(raw)
    second = trust.TrustList.of({**raw, "version": 2, "previous": first.digest})
    trust.write_trust(second, tmp_path / "trust.json")
    assert trust.load_trust(tmp_path / "trust.json", min_version=2).previous == first.digest
    assert refusal({**raw, "version": 2}, tmp_path).error_code == "schema.value"
    assert refusal({**raw, "previous": first.digest}, tmp_path).error_code == "schema.value"


def chain(signer, length):
    """Lists that follow each other, the first at index 0."""
    lists = [trust.trust_for(signer, now=NOW)]
    for version in range(2, length + 1):
        lists.append(trust.TrustList.of({**lists[-1].as_json(), "version": version, "previous": lists[-1].digest}))
    return lists


def test_the_list_that_was_accepted_and_the_next(signer, tmp_path):
    first, second, _ = chain(signer, 3)
    for made in (first, second):
        trust.write_trust(made, tmp_path / "trust.json")
        assert trust.load_trust(tmp_path / "trust.json", 1, first.digest) == made


def test_a_fork_is_refused(signer, other, tmp_path):
    """Another list of the same number, and a next one that follows another list."""
    first, second, _ = chain(signer, 3)
    forked, after = chain(other, 2)
    assert refusal(forked.as_json(), tmp_path, min_version=1, accepted_digest=first.digest).error_code == "trust.fork"
    assert refusal(after.as_json(), tmp_path, min_version=1, accepted_digest=first.digest).error_code == "trust.fork"
    assert refusal(first.as_json(), tmp_path, min_version=2, accepted_digest=second.digest).error_code == "trust.rollback"


def test_a_gap_cannot_be_held_against_a_digest(signer, tmp_path):
    first, second, third = chain(signer, 3)
    error = refusal(third.as_json(), tmp_path, min_version=1, accepted_digest=first.digest)
    assert error.error_code == "trust.gap"
    assert "version 2" in error.hint
    assert trust.load_trust(tmp_path / "trust.json", 2, second.digest) == third
    assert trust.load_trust(tmp_path / "trust.json", 1) == third
    with pytest.raises(AttestationError) as failed:
        trust.load_trust(tmp_path / "trust.json", None, first.digest)
    assert failed.value.error_code == "trust.accepted"


def test_optional_members_do_not_change_a_lists_digest(signer, tmp_path):
    """A list as version 1 of this format wrote it has the digest it had."""
    made = trust.trust_for(signer, now=NOW)
    raw = made.as_json()
    assert set(raw) == {"version", "previous", "issuers"}
    assert set(raw["issuers"][0]) == {"id", "statusRequired", "keys"}
    assert made.digest == strict_json.digest(raw)
    assert trust.TrustList.of({**raw, "countersignatures": []}).digest == strict_json.digest({**raw, "countersignatures": []})


def test_absent_file(tmp_path):
    with pytest.raises(AttestationError) as error:
        trust.load_trust(tmp_path / "none.json")
    assert error.value.error_code == "trust.unreadable"
    with pytest.raises(AttestationError):
        trust.write_trust(trust.TrustList(version=1, previous=None, issuers=()), tmp_path / "no" / "t.json")


def test_strict_json_holds_for_trust_lists(tmp_path, raw):
    data = json.dumps(raw).replace('"version": 1', '"version": 1, "version": 1').encode()
    assert refusal(data, tmp_path).error_code == "json.duplicate"


def _key(raw):
    return raw["issuers"][0]["keys"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.update(extra=1),
        lambda raw: raw.update(version=0),
        lambda raw: raw.update(version="1"),
        lambda raw: raw.update(version=True),
        lambda raw: raw.pop("previous"),
        lambda raw: raw["issuers"].append(raw["issuers"][0]),
        lambda raw: raw["issuers"][0].update(statusRequired="no"),
        lambda raw: raw["issuers"][0].update(id="did:web:example.org"),
        lambda raw: raw["issuers"][0]["keys"].append(_key(raw)),
        lambda raw: _key(raw).update(id="did:key:z6MkOther#z6MkOther"),
        lambda raw: _key(raw).update(suite="ecdsa-jcs-2019"),
        lambda raw: _key(raw).update(roles=[]),
        lambda raw: _key(raw).update(roles=["root"]),
        lambda raw: _key(raw).update(notBefore="2026-01-01T00:00:00+00:00"),
        lambda raw: _key(raw).update(notBefore="2026-01-01T00:00:00.5Z"),
        lambda raw: _key(raw).update(notBefore="2026-02-30T00:00:00Z"),
        lambda raw: _key(raw).update(notBefore="２026-01-01T00:00:00Z"),
        lambda raw: _key(raw).pop("revokedAt"),
        lambda raw: _key(raw).update(notAfter=_key(raw)["notBefore"]),
        lambda raw: raw["issuers"][0].update(party=""),
        lambda raw: raw.update(countersignatures=None),
        lambda raw: raw.update(countersignatures=[{"role": "verifier", "number": 0, "assurance": "limited"}]),
        lambda raw: raw.update(countersignatures=[{"role": "attester", "number": 1, "assurance": "limited"}]),
        lambda raw: raw.update(countersignatures=[{"role": "verifier", "number": 1, "assurance": "absolute"}]),
        lambda raw: raw.update(countersignatures=[{"role": "verifier", "number": 1}]),
        lambda raw: raw.update(countersignatures=[{"role": "verifier", "number": 1, "assurance": "limited"}] * 2),
    ],
)
def test_closed_shape(tmp_path, raw, change):
    change(raw)
    assert refusal(raw, tmp_path).error_code.startswith("schema.")


def test_did_key_names_its_own_key(tmp_path, raw, other):
    _key(raw)["publicKeyMultibase"] = keys.encode_multikey(other.public_key)
    assert "another key" in refusal(raw, tmp_path).message


def test_small_order_keys_are_refused_on_load(tmp_path, raw):
    weak = keys.encode_multikey(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
    issuer = "did:web:example.org"
    raw["issuers"][0]["id"] = issuer
    _key(raw).update(id=f"{issuer}#1", publicKeyMultibase=weak)
    error = refusal(raw, tmp_path)
    assert "small order" in error.message
    assert error.field == "issuers.0.keys.0.publicKeyMultibase"


def test_one_key_has_one_name(tmp_path, raw):
    """Under a second name it could be its own witness."""
    key = {**_key(raw), "id": "did:web:example.org#1", "roles": ["verifier"]}
    raw["issuers"].append({"id": "did:web:example.org", "statusRequired": False, "keys": [key]})
    assert "listed twice" in refusal(raw, tmp_path).message


def test_keys_of_p256(tmp_path, curve_signer):
    made = trust.trust_for(curve_signer, now=NOW)
    trust.write_trust(made, tmp_path / "trust.json")
    (key,) = trust.load_trust(tmp_path / "trust.json").issuers[0].keys
    assert (key.suite, key.public_key) == ("ecdsa-jcs-2019", curve_signer.public_key)
    assert key.judge(role="attester", suite="eddsa-jcs-2022", now=NOW).reason == "suite"
    raw = made.as_json()
    _key(raw)["suite"] = "eddsa-jcs-2022"
    assert "ecdsa-jcs-2019" in refusal(raw, tmp_path).message


def judged(signer, now, proved_at=None, **changes):
    raw = trust.trust_for(signer, now=NOW, days=30).as_json()
    _key(raw).update(changes)
    key = trust.TrustList.of(raw).issuers[0].keys[0]
    fault = key.judge(role="attester", suite="eddsa-jcs-2022", now=now, proved_at=proved_at)
    return fault and fault.reason


@pytest.mark.parametrize(
    ("now", "proved_at", "revoked_at", "reason"),
    [
        ("2026-01-10T00:00:00Z", None, None, None),
        ("2025-12-31T00:00:00Z", None, None, "not-yet"),
        ("2026-03-01T00:00:00Z", None, None, "expired"),
        ("2026-03-01T00:00:00Z", "2026-01-30T23:59:59Z", None, None),
        ("2026-03-01T00:00:00Z", "2026-01-31T00:00:00Z", None, "expired"),
        ("2026-03-01T00:00:00Z", "2025-12-31T23:59:59Z", None, "not-yet"),
        ("2026-01-20T00:00:00Z", None, "2026-01-15T00:00:00Z", "revoked"),
        ("2026-01-20T00:00:00Z", "2026-01-14T23:59:59Z", "2026-01-15T00:00:00Z", None),
        ("2026-01-20T00:00:00Z", "2026-01-15T00:00:00Z", "2026-01-15T00:00:00Z", "revoked"),
        ("2026-03-01T00:00:00Z", "2026-01-20T00:00:00Z", "2026-01-15T00:00:00Z", "revoked"),
        ("2026-01-20T00:00:00Z", None, "2026-01-25T00:00:00Z", None),
    ],
)
def test_a_trusted_time_outlives_the_key(signer, now, proved_at, revoked_at, reason):
    assert judged(signer, now, proved_at, revokedAt=revoked_at) == reason


@pytest.mark.parametrize("now", ["2026-01-01", "2026-01-01T00:00:00", "2026-1-1T0:0:0Z", "", "２026-01-01T00:00:00Z"])
def test_now_is_an_instant(signer, now):
    with pytest.raises(AttestationError) as error:
        trust.trust_for(signer, now=now)
    assert error.value.error_code == "time.invalid"
