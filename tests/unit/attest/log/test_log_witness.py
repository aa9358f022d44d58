"""The witness and the watch: what they pass, what they refuse, and what they remember."""

from __future__ import annotations

import hashlib
import shutil

import pytest
from support import logs
from support.crashes import Killed, interrupted
from support.refusals import refusal

from mrv.attest.log import merkle, watch, writer
from mrv.attest.log.checkpoint import parse_checkpoint
from mrv.attest.log.note import Note
from mrv.attest.log.reader import open_copy
from mrv.attest.log.signatures import signed_by
from mrv.attest.log.witness import WitnessRefusal
from mrv.errors import LogError


@pytest.fixture
def log(tmp_path):
    return logs.make(tmp_path / "log", 5)


def refused(call, *args, kind=WitnessRefusal, **options):
    error = refusal(call, *args, kind=kind, **options)
    assert error.exit_status == (1 if kind is WitnessRefusal else 2)
    return error.error_code


def test_it_goes_along_with_an_honest_log(log, one):
    for size in (5, 6, 255, 256, 300):
        writer.append(log, logs.entries(0, size), signer=logs.LOG_KEY)
        signed = one.cosign_copy(open_copy(log), seconds=logs.NOON + size)
        assert signed.checkpoint == logs.served(log)
        assert signed_by(signed.note, [one.key]) == {one.key: logs.NOON + size}
        assert one.latest(logs.ORIGIN) == signed


def test_it_serves_what_it_cosigned_under_the_hash_of_the_origin(log, one):
    signed = one.cosign_copy(open_copy(log), seconds=logs.NOON)
    served = one.folder / hashlib.sha256(logs.ORIGIN.encode()).hexdigest() / "checkpoint"
    assert served.read_bytes() == signed.note.encode()
    assert len(parse_checkpoint(served.read_bytes()).note.signatures) == 2


def test_the_same_tree_again_is_cosigned_again(log, one):
    one.cosign_copy(open_copy(log), seconds=logs.NOON)
    assert signed_by(one.cosign_copy(open_copy(log), seconds=logs.NOON + 9).note, [one.key]) == {one.key: logs.NOON + 9}


def test_an_empty_log_is_cosigned(tmp_path, one):
    folder = logs.make(tmp_path / "empty")
    assert one.cosign_copy(open_copy(folder), seconds=logs.NOON).checkpoint.size == 0
    writer.append(folder, logs.entries(0, 3), signer=logs.LOG_KEY)
    assert one.cosign_copy(open_copy(folder), seconds=logs.NOON).checkpoint.size == 3


def test_signatures_of_strangers_are_not_handed_on(log, one):
    stranger = logs.forged(5, bytes(32), by=logs.signer(9), name="stranger").note.signatures
    copy = open_copy(log)
    signed = one.cosign(
        type(copy.signed)(copy.signed.note.with_signatures(stranger), copy.signed.checkpoint), old=0, proof=(), seconds=1
    )
    assert [signature.name for signature in signed.note.signatures] == [logs.ORIGIN, one.name]


def test_refusals_of_the_protocol(log, one, tmp_path):
    """The answers of ``add-checkpoint``, one by one."""
    five = open_copy(log).signed
    stranger = logs.forged(5, five.checkpoint.root, origin="elsewhere.example/log")
    assert refused(one.cosign, stranger, old=0, proof=(), seconds=1) == "witness.origin"
    assert (
        refused(one.cosign, logs.forged(5, five.checkpoint.root, by=logs.signer(9)), old=0, proof=(), seconds=1)
        == "witness.signature"
    )
    assert refused(one.cosign, five, old=6, proof=(), seconds=1) == "witness.rollback"
    assert refused(one.cosign, five, old=3, proof=(), seconds=1) == "witness.conflict"
    assert refused(one.cosign, five, old=0, proof=(bytes(32),), seconds=1) == "witness.fork"
    assert refused(one.cosign, five, old=0, proof=(), seconds=0) == "witness.clock"
    assert one.latest(logs.ORIGIN) is None, "a refusal is not remembered"
    one.cosign(five, old=0, proof=(), seconds=logs.NOON)
    writer.append(log, logs.entries(0, 9), signer=logs.LOG_KEY)
    nine = open_copy(log)
    proof = merkle.consistency(5, 9, nine.tree().node)
    assert refused(one.cosign, nine.signed, old=0, proof=(), seconds=logs.NOON) == "witness.conflict"
    assert refused(one.cosign, nine.signed, old=5, proof=proof[:-1], seconds=logs.NOON) == "witness.fork"
    assert refused(one.cosign, nine.signed, old=5, proof=[*proof, *proof] * 40, seconds=logs.NOON) == "witness.fork"
    assert refused(one.cosign, nine.signed, old=5, proof=proof, seconds=logs.NOON - 1) == "witness.clock"
    assert one.latest(logs.ORIGIN).checkpoint.size == 5
    assert one.cosign(nine.signed, old=5, proof=proof, seconds=logs.NOON).checkpoint.size == 9


def test_a_copy_that_is_not_whole_is_not_cosigned(log, one):
    tile = log / "tile/0/000.p/5"
    tile.write_bytes(bytes(160))
    assert refused(one.cosign_copy, open_copy(log), kind=LogError, seconds=1) == "log.corrupt"
    tile.write_bytes(bytes(150))
    assert refused(one.cosign_copy, open_copy(log), kind=LogError, seconds=1) == "log.tile-torn"
    assert one.latest(logs.ORIGIN) is None


def test_a_torn_memory_stops_it(log, one):
    one.cosign_copy(open_copy(log), seconds=logs.NOON)
    memory = next(one.folder.glob("*/checkpoint"))
    memory.write_bytes(memory.read_bytes()[:50])
    assert refused(one.cosign_copy, open_copy(log), kind=LogError, seconds=logs.NOON) == "witness.state"


def test_it_remembers_before_it_answers(log, one, tmp_path):
    """Stopped at any step it has cosigned nothing it would not cosign again, and goes on."""
    for stop in range(100):
        fresh = type(one)(tmp_path / f"w-{stop}", one.name, one.signer, one.policy)
        try:
            with interrupted(stop, "raise") as taken:
                fresh.cosign_copy(open_copy(log), seconds=logs.NOON)
        except Killed:
            pass
        assert fresh.latest(logs.ORIGIN) is None or fresh.latest(logs.ORIGIN).checkpoint.size == 5
        assert fresh.cosign_copy(open_copy(log), seconds=logs.NOON).checkpoint.size == 5
        if len(taken) <= stop:
            assert stop > 5
            return
    pytest.fail("it never ended")


def codes(checks):
    return [check.code for check in checks if check.status == "fails"]


def test_watch_passes_copies_of_two_days(log, tmp_path, one):
    shutil.copytree(log, tmp_path / "monday")
    sidecar = watch.open_view(log).signed
    for size in (6, 257):
        writer.append(log, logs.entries(0, size), signer=logs.LOG_KEY)
        views = watch.open_view(tmp_path / "monday"), watch.open_view(log)
        for left, right in (views, views[::-1]):
            checks = watch.compare(left, right, policy=logs.policy())
            assert codes(checks) == []
            assert checks[-1].code == "watch.consistent"
    (tmp_path / "note").write_bytes(sidecar.note.encode())
    assert codes(watch.compare(watch.open_view(tmp_path / "note"), watch.open_view(log), policy=logs.policy())) == []


def test_watch_cannot_decide_without_tiles(log, tmp_path):
    writer.append(log, logs.entries(0, 9), signer=logs.LOG_KEY)
    (tmp_path / "nine").write_bytes((log / "checkpoint").read_bytes())
    small = watch.open_view(logs.make(tmp_path / "small", 5))
    checks = watch.compare(small, watch.open_view(tmp_path / "nine"), policy=logs.policy())
    assert codes(checks) == ["watch.consistent"]
    assert "fetch the tiles" in checks[-1].detail


def test_watch_of_two_logs(log, tmp_path):
    from mrv.attest.log.policy import LogPolicy

    writer.create(tmp_path / "other", origin="other.example/log", signer=logs.signer(2))
    key = str(logs.verifier_key("other.example/log", "log", logs.signer(2).public_key))
    raw = logs.policy().model_dump(mode="json")
    raw["logs"].append({"origin": "other.example/log", "keys": [key]})
    checks = watch.compare(watch.open_view(log), watch.open_view(tmp_path / "other"), policy=LogPolicy.of(raw))
    assert codes(checks) == ["watch.origin", "watch.consistent"]
    assert (
        codes(watch.compare(watch.open_view(log), watch.open_view(tmp_path / "other"), policy=logs.policy()))[0] == "log.origin"
    )


def test_views_that_cannot_be_read(tmp_path):
    for name, data, code in (
        ("none", None, "log.missing"),
        ("x", b"x", "note.format"),
        ("y", b"c2sp.org/tlog-proof@v1\n", "proof.format"),
    ):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        assert refused(watch.open_view, tmp_path / name, kind=LogError) == code


def test_an_unsigned_view_says_nothing(log, tmp_path):
    signed = open_copy(log).signed
    (tmp_path / "bare").write_bytes(
        Note(signed.note.text, logs.forged(5, bytes(32), by=logs.signer(4)).note.signatures).encode()
    )
    checks = watch.compare(watch.open_view(log), watch.open_view(tmp_path / "bare"), policy=logs.policy())
    assert codes(checks) == ["log.signature", "watch.consistent"]
