"""A proof judged by a policy, check by check; and the time it yields."""

from __future__ import annotations

import json

import pytest
from support import logs

from mrv.attest.log import reader
from mrv.attest.log.checkpoint import SignedCheckpoint
from mrv.attest.log.logged import check_logged
from mrv.attest.log.policy import LogPolicy, load_policy
from mrv.attest.log.reader import open_copy
from mrv.errors import AttestationError, LogError

NOW = "2026-03-02T12:00:00Z"
ORDER = ["log.proof", "log.origin", "log.signature", "log.included", "log.witnesses", "log.time"]


@pytest.fixture
def three(tmp_path):
    return [logs.witness(tmp_path, number) for number in (1, 2, 3)]


def cosigned(log, witnesses, seconds):
    note = open_copy(log).signed.note
    for one, at in zip(witnesses, seconds, strict=True):
        note = note.with_signatures(one.cosign_copy(open_copy(log), seconds=at).note.signatures)
    return SignedCheckpoint(note, logs.served(log))


def judge(log, signed, policy, entry=None, now=NOW):
    sidecar = reader.prove(log, logs.entry(4), signed)
    return check_logged(entry or logs.entry(4), sidecar.encode(), policy=policy, now=now)


def fails(logged):
    return [check.code for check in logged.checks if check.status == "fails"]


def test_holds(log, three):
    logged = judge(log, cosigned(log, three, [logs.NOON] * 3), logs.policy(*three))
    assert [check.code for check in logged.checks] == ORDER
    assert (fails(logged), logged.trusted_time) == ([], "2026-03-01T12:00:00Z")


@pytest.mark.parametrize(
    ("quorum", "time"), [(1, "2026-03-01T12:00:00Z"), (2, "2026-03-01T12:01:00Z"), (3, "2026-03-01T13:00:00Z")]
)
def test_the_time_is_one_that_fewer_than_the_quorum_cannot_forge(log, three, quorum, time):
    """One witness that backdates gains nothing where two are asked for."""
    seconds = [logs.NOON + 60, logs.NOON + 3600, logs.NOON]
    assert judge(log, cosigned(log, three, seconds), logs.policy(*three, quorum=quorum)).trusted_time == time


def test_not_enough_witnesses(log, three):
    logged = judge(log, cosigned(log, three[:1], [logs.NOON]), logs.policy(*three, quorum=2))
    assert (fails(logged), logged.trusted_time) == (["log.witnesses", "log.time"], None)
    assert "1 of 2 needed: witness.example/1" in logged.checks[4].detail


def test_without_witnesses_there_is_no_time(log, three):
    logged = judge(log, cosigned(log, three, [logs.NOON] * 3), logs.policy(*three, quorum=0))
    assert (fails(logged), logged.trusted_time) == ([], None)
    assert logged.checks[-1].status == "note"


def test_a_time_after_now_does_not_count(log, three):
    signed = cosigned(log, three, [logs.NOON, logs.NOON, logs.NOON + 1])
    assert judge(log, signed, logs.policy(*three), now="2026-03-01T12:00:01Z").trusted_time == "2026-03-01T12:00:01Z"
    logged = judge(log, signed, logs.policy(*three), now="2026-03-01T12:00:00Z")
    assert fails(logged) == ["log.witnesses", "log.time"]
    assert "after now: witness.example/3" in logged.checks[4].detail
    far = cosigned(log, three[:1], [(1 << 63) - 1])
    assert fails(judge(log, far, logs.policy(*three[:1]))) == ["log.witnesses", "log.time"]


def test_stale(log, three):
    policy = logs.policy(*three, days=1)
    signed = cosigned(log, three, [logs.NOON] * 3)
    assert fails(judge(log, signed, policy)) == []
    logged = judge(log, signed, policy, now="2026-03-02T12:00:01Z")
    assert (fails(logged), logged.trusted_time) == (["log.fresh", "log.time"], None)
    assert fails(judge(log, open_copy(log).signed, logs.policy(*three, days=1, quorum=0))) == ["log.fresh", "log.time"]


@pytest.mark.parametrize("now", ["", "yesterday", "2026-03-02", "2026-03-02T12:00:00+01:00", "2026-02-30T00:00:00Z"])
def test_now_is_an_instant(log, three, now):
    with pytest.raises(AttestationError) as caught:
        judge(log, open_copy(log).signed, logs.policy(), now=now)
    assert caught.value.error_code == "time.invalid"


def test_a_proof_that_cannot_be_read_gets_that_answer_alone():
    logged = check_logged(logs.entry(0), b"x", policy=logs.policy(), now=NOW)
    assert [check.code for check in logged.checks] == ["log.proof"]
    assert (fails(logged), logged.trusted_time) == (["log.proof"], None)


def raw(tmp_path, **changes):
    made = logs.policy(*(logs.witness(tmp_path, number) for number in (1, 2))).model_dump(mode="json")
    return {**made, **changes}


def test_policy_file(tmp_path):
    (tmp_path / "policy.json").write_text(json.dumps(raw(tmp_path)))
    policy = load_policy(tmp_path / "policy.json")
    assert [key.name for key in policy.witness_keys] == ["witness.example/1", "witness.example/2"]
    assert policy.log_keys("elsewhere") == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p | {"quorum": 3},
        lambda p: p | {"quorum": -1},
        lambda p: p | {"quorum": "2"},
        lambda p: p | {"version": 2},
        lambda p: p | {"logs": []},
        lambda p: p | {"logs": p["logs"] * 2},
        lambda p: p | {"witnesses": p["witnesses"][:1] * 2},
        lambda p: p | {"witnesses": p["logs"][0]["keys"]},
        lambda p: p | {"logs": [{"origin": "o", "keys": p["witnesses"][:1]}]},
        lambda p: p | {"logs": [{"origin": "o", "keys": []}]},
        lambda p: p | {"maxAgeDays": 0},
        lambda p: p | {"more": 1},
        lambda p: {name: value for name, value in p.items() if name != "quorum"},
        lambda p: p | {"witnesses": [*p["witnesses"], str(logs.verifier_key("again", "witness", logs.signer(101).public_key))]},
        lambda p: p | {"witnesses": [*p["witnesses"], str(logs.verifier_key("log", "witness", logs.LOG_KEY.public_key))]},
        lambda p: (
            p
            | {
                "witnesses": [
                    *p["witnesses"],
                    str(logs.verifier_key("witness.example/1", "witness", logs.signer(9).public_key)),
                ]
            }
        ),
    ],
)
def test_policies_that_are_refused(tmp_path, spoil):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(spoil(raw(tmp_path))))
    with pytest.raises(LogError) as caught:
        load_policy(path)
    assert caught.value.error_code == "policy.invalid"
    assert caught.value.field


def test_a_policy_that_is_not_there(tmp_path):
    with pytest.raises(LogError) as caught:
        load_policy(tmp_path / "none.json")
    assert caught.value.error_code == "policy.unreadable"


def test_a_policy_made_in_code_is_held_to_the_same():
    with pytest.raises(AttestationError):
        LogPolicy.of({"version": 1, "logs": [], "witnesses": [], "quorum": 0, "maxAgeDays": None})
