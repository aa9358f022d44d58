"""The next version of a trust list."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.refusals import refusal

from mrv.attest import keys, trust
from mrv.attest.trust_changes import add_key, require, require_status, revoke_key, rotate_key

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
    assert refusal(add_key, first, multikey(signer), **options).error_code == "trust.listed"
    assert refusal(add_key, first, multikey(signer), **options, issuer="did:web:example.org").error_code == "trust.listed"
    assert refusal(add_key, first, multikey(other), **options, issuer=signer.issuer).error_code == "key.issuer"
    assert refusal(add_key, first, multikey(other), **options, issuer="no uri").error_code == "key.issuer"
    assert refusal(add_key, first, weak, **options).error_code == "key.weak"
    assert refusal(add_key, first, "z6Mk", **options).error_code in {"key.format", "key.weak"}
    assert refusal(add_key, first, multikey(other), **{**options, "roles": []}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "roles": ["root"]}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "until": NOW}).error_code == "schema.value"
    assert refusal(add_key, first, multikey(other), **{**options, "now": "today"}).error_code == "time.invalid"
    assert refusal(revoke_key, first, multikey(other), at=NOW).error_code == "trust.no-key"
    assert refusal(revoke_key, first, multikey(signer), at="today").error_code == "time.invalid"
    assert refusal(rotate_key, first, "nobody", multikey(other), now=NOW, until=END).error_code == "trust.no-key"
    assert refusal(rotate_key, first, multikey(signer), multikey(signer), now=NOW, until=END).error_code == "trust.listed"
    assert refusal(require, first, "attester", number=1, assurance="limited").error_code == "schema.value"
    assert refusal(require, first, "verifier", number=17, assurance="limited").error_code == "trust.number"
    assert refusal(require, first, "verifier", number=-1, assurance="limited").error_code == "trust.number"


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


WEB = "did:web:example.org"


@pytest.fixture
def body(signer, other):
    """A body with a name of its own: an attester's key and a status key."""
    listed = trust.first_list(multikey(signer), roles=["attester"], now=NOW, until=END, issuer=WEB, party="A Ltd")
    return add_key(listed, multikey(other), roles=["status"], now=NOW, until=END, issuer=WEB)


def test_a_first_list_is_that_of_a_new_key(signer):
    made = trust.first_list(multikey(signer), roles=["attester"], now=NOW, until="2027-01-01T00:00:00Z")
    assert made == trust.trust_for(signer, now=NOW)
    assert (made.version, made.previous) == (1, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"multikey": "z6Mkbad"}, "key."),
        ({"roles": []}, "schema.value"),
        ({"roles": ["owner"]}, "schema.value"),
        ({"until": NOW}, "schema.value"),
        ({"until": "tomorrow"}, "time.invalid"),
        ({"issuer": "nobody"}, "key.issuer"),
        ({"issuer": "did:key:z6Mkk"}, "key.issuer"),
    ],
)
def test_first_lists_that_are_refused(signer, changes, code):
    words = {"multikey": multikey(signer), "roles": ["attester"], "now": NOW, "until": END} | changes
    found = refusal(trust.first_list, words.pop("multikey"), **words)
    assert found.error_code.startswith(code)
    assert found.hint


def test_status_is_asked_for_and_no_longer(body):
    asked = require_status(body, required=True)
    assert (asked.version, asked.previous) == (body.version + 1, body.digest)
    assert asked.issuer(WEB).status_required
    assert asked.issuer(WEB).keys == body.issuer(WEB).keys
    lifted = require_status(asked, required=False, issuer=WEB)
    assert (lifted.version, lifted.issuer(WEB).status_required) == (asked.version + 1, False)


def test_status_is_asked_of_those_that_attest(body, curve_signer):
    """Who only countersigns has no status list."""
    listed = add_key(body, multikey(curve_signer), roles=["verifier"], now=NOW, until=END)
    asked = require_status(listed, required=True)
    assert {issuer.id: issuer.status_required for issuer in asked.issuers} == {WEB: True, curve_signer.issuer: False}


def test_status_is_asked_of_one_issuer(body, curve_signer):
    listed = add_key(body, multikey(curve_signer), roles=["attester"], now=NOW, until=END)
    assert refusal(require_status, listed, required=True).error_code == "trust.one-key"
    asked = require_status(listed, required=True, issuer=WEB)
    assert {issuer.id: issuer.status_required for issuer in asked.issuers} == {WEB: True, curve_signer.issuer: False}
    assert not any(issuer.status_required for issuer in require_status(asked, required=False).issuers)


def test_status_that_cannot_be_asked_for(first, body, signer, other):
    """Where no attestation could ever hold, or nobody is named."""
    told = refusal(require_status, first, required=True)
    assert (told.error_code, "did:web" in told.hint) == ("trust.one-key", True)
    lone = trust.first_list(multikey(signer), roles=["attester"], now=NOW, until=END, issuer=WEB)
    told = refusal(require_status, lone, required=True)
    assert (told.error_code, WEB in told.hint) == ("trust.no-status-key", True)
    revoked = revoke_key(body, multikey(other), at=LATER)
    assert refusal(require_status, revoked, required=True).error_code == "trust.no-status-key"
    assert refusal(require_status, body, required=True, issuer="did:web:none.example").error_code == "trust.no-issuer"
    opinions = trust.first_list(multikey(signer), roles=["verifier"], now=NOW, until=END)
    assert refusal(require_status, opinions, required=False).error_code == "trust.no-issuer"
