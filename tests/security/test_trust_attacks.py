"""Trust lists: put back, forked, doubled, stretched.  None is read; none crashes."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.attest import keys, trust
from mrv.attest.trust_changes import add_key, require, revoke_key
from mrv.errors import AttestationError

START, END = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def read(tmp_path, value, *accepted):
    path = tmp_path / "trust.json"
    path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return trust.load_trust(path, *accepted)


def first_key(raw):
    return raw["issuers"][0]["keys"][0]


def second_name(raw, **changes):
    """The first key again, under another issuer's name."""
    name = "did:web:verifier.example"
    key = {**first_key(raw), "id": f"{name}#1", "roles": ["verifier"], **changes}
    raw["issuers"].append({"id": name, "statusRequired": False, "keys": [key]})


LISTS = {
    "a member that trusts everyone": lambda raw: raw.update(trustAll=True),
    "a comment": lambda raw: raw.update({"//": "x"}),
    "version zero": lambda raw: raw.update(version=0),
    "version minus one": lambda raw: raw.update(version=-1),
    "version true": lambda raw: raw.update(version=True),
    "version in a string": lambda raw: raw.update(version="9"),
    "version 2^53": lambda raw: raw.update(version=2**53),
    "no version": lambda raw: raw.pop("version"),
    "no previous": lambda raw: raw.pop("previous"),
    "a later list without a previous": lambda raw: raw.update(previous=None),
    "a previous in capitals": lambda raw: raw.update(previous=raw["previous"].upper()),
    "a previous by another digest": lambda raw: raw.update(previous="md5:" + "0" * 32),
    "issuers in an object": lambda raw: raw.update(issuers={"a": raw["issuers"][0]}),
    "an issuer twice": lambda raw: raw["issuers"].append(raw["issuers"][0]),
    "a key twice": lambda raw: raw["issuers"][0]["keys"].append(first_key(raw)),
    "a key twice, the second unrevoked": lambda raw: raw["issuers"][0]["keys"].append({**first_key(raw), "revokedAt": None}),
    "one key under two names": second_name,
    "one key under two names, as status": lambda raw: second_name(raw, roles=["status"]),
    "a key named after another issuer": lambda raw: first_key(raw).update(id="did:web:example.org#1"),
    "a key without a fragment": lambda raw: first_key(raw).update(id=raw["issuers"][0]["id"]),
    "a did:key that names another key": lambda raw: raw["issuers"][0].update(id=raw["issuers"][1]["id"]),
    "the other suite": lambda raw: first_key(raw).update(suite="ecdsa-jcs-2019"),
    "an unknown suite": lambda raw: first_key(raw).update(suite="none"),
    "no suite": lambda raw: first_key(raw).pop("suite"),
    "two suites": lambda raw: first_key(raw).update(suite=["eddsa-jcs-2022", "ecdsa-jcs-2019"]),
    "no role": lambda raw: first_key(raw).update(roles=[]),
    "every role": lambda raw: first_key(raw).update(roles=["*"]),
    "a role in a string": lambda raw: first_key(raw).update(roles="attester"),
    "a key in base64": lambda raw: first_key(raw).update(publicKeyMultibase="uAAAA"),
    "a key with a line break": lambda raw: first_key(raw).update(
        publicKeyMultibase=first_key(raw)["publicKeyMultibase"] + "\n"
    ),
    "no end named": lambda raw: first_key(raw).pop("notAfter"),
    "no revocation named": lambda raw: first_key(raw).pop("revokedAt"),
    "revoked: false": lambda raw: first_key(raw).update(revokedAt=False),
    "a revocation with an offset": lambda raw: first_key(raw).update(revokedAt="2026-01-01T00:00:00+14:00"),
    "a revocation on 31 February": lambda raw: first_key(raw).update(revokedAt="2026-02-31T00:00:00Z"),
    "a revocation in full-width digits": lambda raw: first_key(raw).update(revokedAt="２026-02-01T00:00:00Z"),
    "an end before the start": lambda raw: first_key(raw).update(notAfter="2020-01-01T00:00:00Z"),
    "status required: null": lambda raw: raw["issuers"][0].update(statusRequired=None),
    "status required: 0": lambda raw: raw["issuers"][0].update(statusRequired=0),
    "countersigners none": lambda raw: raw.update(
        countersignatures=[{"role": "verifier", "number": 0, "assurance": "limited"}]
    ),
    "countersigners by the machine": lambda raw: raw.update(
        countersignatures=[{"role": "attester", "number": 1, "assurance": "limited"}]
    ),
    "countersigners twice": lambda raw: raw.update(
        countersignatures=[{"role": "verifier", "number": n, "assurance": "limited"} for n in (2, 1)]
    ),
    "countersigners 1.0": lambda raw: raw.update(
        countersignatures=[{"role": "verifier", "number": 1.0, "assurance": "limited"}]
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_are_not_read(world, tmp_path, name):
    raw = copy.deepcopy(world.plain.as_json())
    LISTS[name](raw)
    with pytest.raises(AttestationError) as error:
        read(tmp_path, raw)
    assert error.value.error_code.partition(".")[0] in {"schema", "json"}


BYTES = {
    "nothing": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda text: b"[" + text + b"]",
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "two documents": lambda text: text + text,
    "cut short": lambda text: text[:-1],
    "a duplicate member": lambda text: text.replace(b'"version":', b'"version": 9, "version":', 1),
    "a duplicate member in escapes": lambda text: text.replace(b'"revokedAt":', b'"revoked\\u0041t": null, "revokedAt":', 1),
    "a decimal version": lambda text: text.replace(b'"version": 4', b'"version": 4.0', 1),
    "nested": lambda text: b"[" * 100_000 + text,
    "an attestation": None,
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_list(world, tmp_path, name):
    text = json.dumps(world.plain.as_json()).encode()
    data = json.dumps(world.signed).encode() if BYTES[name] is None else BYTES[name](text)
    assert data != text
    with pytest.raises(AttestationError):
        read(tmp_path, data)


def chain(world):
    """The lists as they were published: the third revokes the machine's key."""
    first = world.plain
    second = require(first, "verifier", number=1, assurance="limited")
    third = revoke_key(second, world.signer.verification_method, at="2026-02-15T00:00:00Z")
    fork = add_key(first, keys.encode_multikey(world.thief.public_key), roles=["attester"], now=START, until=END)
    after_fork = require(fork, "verifier", number=1, assurance="limited")
    return first, second, third, fork, after_fork


ROLLBACKS = {
    "the list before": (0, 1, "trust.rollback"),
    "the list before the revocation": (1, 2, "trust.rollback"),
    "a fork of the same number": (3, 1, "trust.fork"),
    "a next list that follows a fork": (4, 1, "trust.fork"),
    "a list two ahead": (2, 0, "trust.gap"),
    "a fork put back behind the accepted one": (3, 2, "trust.rollback"),
}


@pytest.mark.parametrize("name", ROLLBACKS)
def test_rollback_and_fork(world, tmp_path, name):
    lists = chain(world)
    given_, accepted, code = ROLLBACKS[name]
    with pytest.raises(AttestationError) as error:
        read(tmp_path, lists[given_].as_json(), lists[accepted].version, lists[accepted].digest)
    assert error.value.error_code == code


def test_each_honest_step_is_read(world, tmp_path):
    first, second, third, *_ = chain(world)
    for accepted, made in ((first, first), (first, second), (second, third)):
        assert read(tmp_path, made.as_json(), accepted.version, accepted.digest) == made


def test_a_digest_is_not_satisfied_by_another_spelling(world, tmp_path):
    """Members in another order are the same list; one more character is not."""
    first = world.plain
    raw = dict(reversed(first.as_json().items()))
    assert read(tmp_path, raw, first.version, first.digest) == first
    with pytest.raises(AttestationError):
        read(tmp_path, raw, first.version, first.digest.upper())
    changed = copy.deepcopy(raw)
    changed["issuers"][0]["statusRequired"] = True
    with pytest.raises(AttestationError) as error:
        read(tmp_path, changed, first.version, first.digest)
    assert error.value.error_code == "trust.fork"


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_list_with_other_bytes_never_crashes(data):
    """Whatever is put in the place of any value: refused, or a list that says what was written."""
    from unit.attest.conftest import make_signer

    raw = json.loads(json.dumps(trust.trust_for(make_signer(1), now=START).as_json()))
    holder, key = raw, data.draw(st.sampled_from(["version", "previous", "issuers", "countersignatures"]))
    if key == "issuers" and data.draw(st.booleans()):
        holder = raw["issuers"][0]
        key = data.draw(st.sampled_from(["id", "statusRequired", "keys", "party"]))
        if key == "keys" and data.draw(st.booleans()):
            holder = first_key(raw)
            key = data.draw(st.sampled_from(sorted(holder)))
    leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=60) | st.sampled_from(["attester", START, END])
    value = data.draw(st.recursive(leaf, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(), v, max_size=3)))
    holder[key] = value
    try:
        made = trust.TrustList.of(raw)
    except AttestationError:
        return
    assert made.as_json() == raw
