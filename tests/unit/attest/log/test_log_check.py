"""A log's proof beside an attestation: the time before a revocation, and how a thief tries to get one."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from support import logs

from mrv.attest import credential, proof, trust
from mrv.attest.log import reader, writer
from mrv.attest.log.entry import attestation_entry, digest_entry
from mrv.attest.log.logged import check_attestation
from mrv.attest.log.reader import open_copy

NOW = "2026-06-01T00:00:00Z"
REVOKED = "2026-03-15T00:00:00Z"
BEFORE, AFTER = "2026-03-10T00:00:00Z", "2026-03-20T00:00:00Z"


@pytest.fixture
def revoked(trust_list):
    raw = trust_list.model_dump(mode="json")
    raw["issuers"][0]["keys"][0]["revokedAt"] = REVOKED
    return trust.TrustList.of(raw)


def proved(log, one, entry, when):
    writer.append(log, [entry], signer=logs.LOG_KEY)
    cosigned = one.cosign_copy(open_copy(log), seconds=int(datetime.fromisoformat(when).timestamp()))
    return reader.prove(log, entry, cosigned).encode()


def judged(ask, document, data, one, trust_list):
    checks, times = check_attestation(json.dumps(document).encode(), data, policy=logs.policy(one), now=NOW)
    answer = ask(document, trust=trust_list, now=NOW, times=times)
    return [check.code for check in checks if check.status == "fails"], answer


def test_a_revoked_key_without_a_time(ask, signed, revoked):
    assert ask(signed, trust=revoked, now=NOW).failing == ["key.valid"]


def test_logged_before_the_revocation(ask, signed, revoked, log, one):
    data = proved(log, one, attestation_entry(signed), BEFORE)
    failing, answer = judged(ask, signed, data, one, revoked)
    assert (failing, answer.failing) == ([], [])
    assert BEFORE in answer.detail["key.valid"]
    assert "witness" in answer.detail["time.trusted"]


def test_logged_after_the_revocation(ask, signed, revoked, log, one):
    data = proved(log, one, attestation_entry(signed), AFTER)
    failing, answer = judged(ask, signed, data, one, revoked)
    assert (failing, answer.failing) == ([], ["key.valid"])


@pytest.mark.parametrize("when", [REVOKED, "2026-03-14T23:59:59Z"])
def test_at_the_second_of_the_revocation(ask, signed, revoked, log, one, when):
    _, answer = judged(ask, signed, proved(log, one, attestation_entry(signed), when), one, revoked)
    assert answer.failing == (["key.valid"] if when == REVOKED else [])


def test_a_document_logged_before_and_signed_after_with_the_stolen_key(ask, unsigned, signer, revoked, log, one):
    """The attestation digest does not cover the signature, so its time is not the signature's."""
    digest = credential.attestation_digest(unsigned)
    data = proved(log, one, digest_entry(digest), BEFORE)
    stolen = proof.sign(unsigned, signer, "2026-02-01T00:00:00Z")
    assert credential.attestation_digest(stolen) == digest
    failing, answer = judged(ask, stolen, data, one, revoked)
    assert failing == ["log.included", "log.time"]
    assert answer.failing == ["key.valid"]


def test_another_signature_of_the_same_document_has_no_time(ask, unsigned, signed, signer, revoked, log, one):
    data = proved(log, one, attestation_entry(signed), BEFORE)
    again = proof.sign(unsigned, signer, "2026-02-02T00:00:00Z")
    failing, answer = judged(ask, again, data, one, revoked)
    assert failing == ["log.included", "log.time"]
    assert answer.failing == ["key.valid"]


def test_a_time_of_another_attestation_is_told(ask, unsigned, signed, signer, trust_list, log, one):
    again = proof.sign(unsigned, signer, "2026-02-02T00:00:00Z")
    data = proved(log, one, attestation_entry(again), BEFORE)
    _, times = check_attestation(json.dumps(again).encode(), data, policy=logs.policy(one), now=NOW)
    assert ask(signed, trust=trust_list, now=NOW, times=times).failing == ["time.trusted"]


def test_white_space_does_not_change_the_leaf(signed, log, one):
    data = proved(log, one, attestation_entry(signed), BEFORE)
    for spelled in (json.dumps(signed, indent=7), json.dumps(dict(reversed(signed.items())))):
        checks, times = check_attestation(spelled.encode(), data, policy=logs.policy(one), now=NOW)
        assert {check.status for check in checks} == {"holds"}
        assert [time.instant for time in times] == [BEFORE]


def test_what_is_no_attestation_has_no_leaf(log, one):
    assert check_attestation(b"{}", b"x", policy=logs.policy(one), now=NOW) == ([], [])


def test_a_log_cannot_forge_a_time(ask, signed, revoked, log, one):
    """Without the witness there is no time, whatever the log signs."""
    writer.append(log, [attestation_entry(signed)], signer=logs.LOG_KEY)
    data = reader.prove(log, attestation_entry(signed)).encode()
    failing, answer = judged(ask, signed, data, one, revoked)
    assert failing == ["log.witnesses", "log.time"]
    assert answer.failing == ["key.valid"]
