"""Whose keys count."""

from __future__ import annotations

import json

import pytest

from mrv.attest import keys, trust
from mrv.errors import AttestationError

NOW = "2026-01-01T00:00:00Z"


@pytest.fixture
def raw(signer):
    return trust.trust_for(signer, now=NOW, days=30).model_dump(mode="json")


def refusal(raw, tmp_path, **options):
    path = tmp_path / "trust.json"
    path.write_bytes(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    with pytest.raises(AttestationError) as error:
        trust.load_trust(path, **options)
    assert error.value.file == str(path)
    return error.value


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


@pytest.mark.parametrize("now", ["2026-01-01", "2026-01-01T00:00:00", "2026-1-1T0:0:0Z", "", "２026-01-01T00:00:00Z"])
def test_now_is_an_instant(signer, now):
    with pytest.raises(AttestationError) as error:
        trust.trust_for(signer, now=now)
    assert error.value.error_code == "time.invalid"
