"""The next version of a trust list."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import pytest
from support import refusals

from mrv.attest import keys, trust
from mrv.attest.trust_changes import add_key, require, revoke_key, rotate_key

refusal = partial(refusals.refusal, remedy=False)

NOW, LATER, END = "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z"


def multikey(signer):
    return keys.encode_multikey(signer.public_key)


@pytest.fixture
def first(signer):
    return trust.trust_for(signer, now=NOW)


def test_each_change_is_the_next_version(first, signer, other, curve_signer, tmp_path):
    """And whoever holds the one before can follow, one by one."""
    chain = [first]
    chain.append(add_key(chain[-1], multikey(other), roles=["verifier"], now=LATER, until=END))
    chain.append(require(chain[-1], "verifier", number=1, assurance="reasonable"))
    chain.append(rotate_key(chain[-1], signer.verification_method, multikey(curve_signer), now=LATER, until=END))
    chain.append(revoke_key(chain[-1], multikey(signer), at=LATER))
    chain.append(require(chain[-1], "verifier", number=0, assurance="limited"))
    for before, after in pairwise(chain):
        assert (after.version, after.previous) == (before.version + 1, before.digest)
        trust.write_trust(after, tmp_path / "trust.json")
        assert trust.load_trust(tmp_path / "trust.json", before.version, before.digest) == after
    last = chain[-1]
    assert last.countersignatures == ()
    assert chain[2].countersignatures[0].assurance == "reasonable"
    old = last.key(signer.issuer, signer.verification_method)
    assert old.revoked_at == LATER
    new = last.key(curve_signer.issuer, curve_signer.verification_method)
    assert (new.suite, new.roles, new.not_before, new.not_after) == ("ecdsa-jcs-2019", ("attester",), LATER, END)
    assert {last.issuer(curve_signer.issuer).party, last.issuer(signer.issuer).party} == {signer.issuer}


def test_rotation_under_a_name_of_ones_own(first, signer, other, curve_signer):
    web = "did:web:example.org"
    listed = add_key(first, multikey(other), roles=["verifier", "reviewer"], now=NOW, until=None, issuer=web, party="A Ltd")
    after = rotate_key(listed, f"{web}#{multikey(other)}", multikey(curve_signer), now=LATER, until=END)
    issuer = after.issuer(web)
    assert [key.public_key for key in issuer.keys] == [other.public_key, curve_signer.public_key]
    assert issuer.keys[1].roles == ("verifier", "reviewer")
    assert issuer.party == "A Ltd"
    assert issuer.keys[0].revoked_at is None


def test_rotation_keeps_asking_for_status(first, signer, other):
    raw = first.as_json()
    raw["issuers"][0]["statusRequired"] = True
    after = rotate_key(trust.TrustList.of(raw), multikey(signer), multikey(other), now=LATER, until=END)
    assert after.issuer(other.issuer).status_required


def test_a_revocation_moves_to_an_earlier_time_only(first, signer):
    revoked = revoke_key(first, signer.verification_method, at=LATER)
    for at in (LATER, END):
        assert refusal(revoke_key, revoked, multikey(signer), at=at).error_code == "trust.revoked"
    assert revoke_key(revoked, multikey(signer), at=NOW).issuers[0].keys[0].revoked_at == NOW


def test_refusals(first, signer, other):
    weak = keys.encode_multikey((1).to_bytes(32, "little"))
    options = {"roles": ["verifier"], "now": NOW, "until": END}
    assert refusal(add_key, first, multikey(signer), **options).error_code == "schema.value"
    assert refusal(add_key, first, multikey(signer), **options, issuer="did:web:example.org").error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **options, issuer=signer.issuer).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **options, issuer="no uri").error_code == "schema.value"
    assert refusal(add_key, first, weak, **options).error_code == "key.weak"
    assert refusal(add_key, first, "z6Mk", **options).error_code in {"key.format", "key.weak"}
    assert refusal(add_key, first, multikey(other), **{**options, "roles": []}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "roles": ["root"]}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "until": NOW}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "now": "today"}).error_code == "time.invalid"
    assert refusal(revoke_key, first, multikey(other), at=NOW).error_code == "trust.no-key"
    assert refusal(revoke_key, first, multikey(signer), at="today").error_code == "time.invalid"
    assert refusal(rotate_key, first, "nobody", multikey(other), now=NOW, until=END).error_code == "trust.no-key"
    assert refusal(rotate_key, first, multikey(signer), multikey(signer), now=NOW, until=END).error_code == "schema.value"
    assert refusal(require, first, "attester", number=1, assurance="limited").error_code == "schema.value"
    assert refusal(require, first, "verifier", number=17, assurance="limited").error_code == "schema.value"
    assert refusal(require, first, "verifier", number=-1, assurance="limited").error_code == "schema.value"


def test_a_revoked_key_is_not_rotated(first, signer, other):
    revoked = revoke_key(first, multikey(signer), at=LATER)
    error = refusal(rotate_key, revoked, multikey(signer), multikey(other), now=LATER, until=END)
    assert error.error_code == "trust.revoked"


def test_party_of_a_listed_issuer_is_not_changed_in_passing(first, other, curve_signer):
    web = "did:web:example.org"
    listed = add_key(first, multikey(other), roles=["verifier"], now=NOW, until=None, issuer=web, party="A Ltd")
    options = {"roles": ["verifier"], "now": NOW, "until": END, "issuer": web}
    assert refusal(add_key, listed, multikey(curve_signer), **options, party="B Ltd").error_code == "trust.party"
    assert add_key(listed, multikey(curve_signer), **options, party="A Ltd").issuer(web).party == "A Ltd"
    assert add_key(listed, multikey(curve_signer), **options).issuer(web).party == "A Ltd"
