"""A time that someone other than the signer vouches for, and what it is about."""

from __future__ import annotations

import pytest

from mrv.attest import credential, p256, proof, trust
from mrv.attest.keys import decode_base58, encode_base58
from mrv.attest.trust_changes import revoke_key
from mrv.attest.trusted_time import TrustedTime, signature_digest
from mrv.errors import AttestationError

BEFORE, REVOKED, AFTER = "2026-02-02T00:00:00Z", "2026-02-15T00:00:00Z", "2026-02-16T00:00:00Z"


@pytest.fixture
def revoked(trust_list, signer):
    return revoke_key(trust_list, signer.verification_method, at=REVOKED)


def time_of(document, instant=BEFORE):
    return TrustedTime(signature_digest(document), instant, "a log, entry 7")


def test_a_revoked_key_holds_with_a_time_before(ask, signed, revoked):
    assert ask(signed, trust=revoked).failing == ["key.valid"]
    answer = ask(signed, trust=revoked, times=[time_of(signed)])
    assert answer.failing == []
    assert BEFORE in answer.detail["key.valid"]
    assert "entry 7" in answer.detail["time.trusted"]


@pytest.mark.parametrize("instant", [REVOKED, AFTER])
def test_a_time_after_the_revocation_does_not_help(ask, signed, revoked, instant):
    assert ask(signed, trust=revoked, times=[time_of(signed, instant)]).failing == ["key.valid"]


def test_the_earliest_time_counts(ask, signed, revoked):
    times = [time_of(signed, AFTER), time_of(signed), time_of(signed, REVOKED)]
    assert ask(signed, trust=revoked, times=times).failing == []


def test_a_time_of_the_future_is_none(ask, signed, revoked):
    answer = ask(signed, trust=revoked, times=[time_of(signed, "2026-03-01T00:00:01Z")])
    assert answer.failing == ["key.valid", "time.trusted"]


def test_a_time_covers_the_signature_not_only_the_document(ask, unsigned, signed, signer, revoked):
    """A thief signs again, with the stolen key, what was timed before: same document, other proof."""
    stolen = proof.sign(unsigned, signer, "2026-02-20T00:00:00Z")
    answer = ask(stolen, trust=revoked, times=[time_of(signed)])
    assert answer.failing == ["key.valid", "time.trusted"]


def test_the_twin_of_a_timed_signature_is_not_timed(ask, parts, curve_signer):
    listed = trust.trust_for(curve_signer, now="2026-01-01T00:00:00Z")
    ended = revoke_key(listed, curve_signer.verification_method, at=REVOKED)
    made = proof.sign(credential.build(issuer=curve_signer.issuer, **parts), curve_signer, "2026-02-01T00:00:00Z")
    raw = decode_base58(made["proof"]["proofValue"])
    twin = raw[:32] + (p256.ORDER - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    other = {**made, "proof": {**made["proof"], "proofValue": encode_base58(twin)}}
    assert ask(made, trust=ended, times=[time_of(made)]).failing == []
    assert ask(other, trust=listed).failing == []
    assert ask(other, trust=ended, times=[time_of(made)]).failing == ["key.valid", "time.trusted"]


def test_an_instant_is_an_instant():
    with pytest.raises(AttestationError):
        TrustedTime("sha256:" + "0" * 64, "yesterday", "a log")
