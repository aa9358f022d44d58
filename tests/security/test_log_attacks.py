"""Attacks on the transparency log, by name; each is refused with the code that says why."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil

import pytest
from support import logs
from support.refusals import refused

from mrv.attest.log import merkle, reader, watch, writer
from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.logged import check_logged
from mrv.attest.log.note import Note, Signature
from mrv.attest.log.policy import LogPolicy
from mrv.attest.log.reader import open_copy
from mrv.attest.log.sidecar import Sidecar
from mrv.attest.log.signatures import cosign, verifier_key
from mrv.errors import AttestationError, LogError

NOW = "2026-03-02T12:00:00Z"
LEAF = 4
HONEST = logs.entry(LEAF)


@pytest.fixture
def sidecar(log, one):
    """An honest proof of leaf 4, cosigned."""
    return reader.prove(log, logs.entry(LEAF), one.cosign_copy(open_copy(log), seconds=logs.NOON))


@pytest.fixture
def judge(one):
    """The codes that fail; a proof with a failing check never yields a time."""

    own = logs.policy(one)

    def call(data, *, entry=HONEST, policy=None):
        data = data.encode() if isinstance(data, Sidecar) else data
        logged = check_logged(entry, data, policy=policy or own, now=NOW)
        failing = [check.code for check in logged.checks if check.status == "fails"]
        assert (logged.trusted_time is None) == bool(failing)
        return failing

    return call


def with_signatures(sidecar, *signatures):
    signed = sidecar.signed
    return Sidecar(sidecar.index, sidecar.path, SignedCheckpoint(Note(signed.note.text, signatures), signed.checkpoint))


def forked(tmp_path, log, keep, count):
    """A log that shares ``keep`` leaves with ``log`` and goes on otherwise, under the same key."""
    folder = tmp_path / "fork"
    writer.create(folder, origin=logs.ORIGIN, signer=logs.LOG_KEY)
    writer.append(folder, [*logs.entries(0, keep), *logs.entries(1000, 1000 + count - keep)], signer=logs.LOG_KEY)
    return folder


def test_the_honest_proof_holds(judge, sidecar):
    assert judge(sidecar) == []


def test_rollback(log, one, tmp_path):
    """The log is put back to an earlier day, with a checkpoint it really signed."""
    shutil.copytree(log, tmp_path / "monday")
    writer.append(log, logs.entries(0, 12), signer=logs.LOG_KEY)
    one.cosign_copy(open_copy(log), seconds=logs.NOON)
    assert refused(one.cosign_copy, open_copy(tmp_path / "monday"), seconds=logs.NOON + 60) == "witness.rollback"
    assert one.latest(logs.ORIGIN).checkpoint.size == 12


@pytest.mark.parametrize(("keep", "count"), [(0, 9), (8, 9), (3, 20), (8, 300)])
def test_fork(log, one, tmp_path, keep, count):
    """The log shows another tree, of the same size or larger, to the witness and to the watch."""
    one.cosign_copy(open_copy(log), seconds=logs.NOON)
    other = forked(tmp_path, log, keep, count)
    assert refused(one.cosign_copy, open_copy(other), seconds=logs.NOON + 60) == "witness.fork"
    for pair in ((log, other), (other, log)):
        checks = watch.compare(*map(watch.open_view, pair), policy=logs.policy())
        assert [check.code for check in checks if check.status == "fails"] == ["watch.consistent"]
        assert "equivocation" in checks[-1].detail


def test_fork_seen_from_two_proofs(log, one, tmp_path, sidecar):
    """Two buyers put their proofs side by side; no tiles are needed where the sizes agree."""
    other = reader.prove(forked(tmp_path, log, LEAF + 1, 9), logs.entry(LEAF))
    for name, proof in (("a", sidecar), ("b", other)):
        (tmp_path / f"{name}.tlog-proof").write_bytes(proof.encode())
    views = [watch.open_view(tmp_path / f"{name}.tlog-proof") for name in "ab"]
    assert "equivocation" in watch.compare(*views, policy=logs.policy())[-1].detail


def test_rewritten_history_under_a_later_checkpoint(log, one, tmp_path):
    """A forged consistency proof cannot join the fork to what was cosigned."""
    one.cosign_copy(open_copy(log), seconds=logs.NOON)
    other = open_copy(forked(tmp_path, log, 3, 20))
    honest = merkle.consistency(9, 20, other.tree().node)
    for proof in (honest, [], honest[::-1], [bytes(32)] * len(honest), [one.latest(logs.ORIGIN).checkpoint.root, *honest]):
        assert refused(one.cosign, other.signed, old=9, proof=proof, seconds=logs.NOON + 60) == "witness.fork"


def test_forged_cosignature(judge, sidecar, one):
    log_line, honest = sidecar.signed.note.signatures
    later = (logs.NOON - 86_400).to_bytes(8, "big") + honest.blob[8:]
    for blob in (later, honest.blob[:-1] + bytes([honest.blob[-1] ^ 1]), bytes(72), honest.blob[:8], honest.blob + b"\0"):
        assert judge(with_signatures(sidecar, log_line, Signature(honest.name, honest.key_id, blob))) == [
            "log.witnesses",
            "log.time",
        ]


def test_a_cosignature_of_another_checkpoint(judge, sidecar, log, one):
    """An earlier cosignature under a later tree, to give it the earlier time."""
    writer.append(log, logs.entries(0, 12), signer=logs.LOG_KEY)
    later = reader.prove(log, logs.entry(11))
    moved = with_signatures(later, *later.signed.note.signatures, sidecar.signed.note.signatures[1])
    assert judge(moved, entry=logs.entry(11)) == ["log.witnesses", "log.time"]


def test_the_logs_own_signature_as_a_cosignature(judge, sidecar, one):
    """A log that cosigns itself under the witness's name, and one that signs as a witness under its own."""
    text, log_line = sidecar.signed.note.text, sidecar.signed.note.signatures[0]
    own = cosign(text, one.name, logs.LOG_KEY, logs.NOON)
    posed = Signature(one.name, one.key.key_id, own.blob)
    assert judge(with_signatures(sidecar, log_line, own)) == ["log.witnesses", "log.time"]
    assert judge(with_signatures(sidecar, log_line, posed)) == ["log.witnesses", "log.time"]
    assert judge(with_signatures(sidecar, log_line, cosign(text, logs.ORIGIN, logs.LOG_KEY, logs.NOON))) == [
        "log.witnesses",
        "log.time",
    ]


def test_one_witness_counted_twice(judge, sidecar, one):
    """Twice the line, twice the time, or one key under two names."""
    log_line, honest = sidecar.signed.note.signatures
    again = cosign(sidecar.signed.note.text, one.name, one.signer, logs.NOON + 5)
    two = logs.policy(one, logs.Witness(one.folder, "witness.example/2", logs.signer(102), one.policy))
    assert judge(with_signatures(sidecar, log_line, honest, honest, again), policy=two) == ["log.witnesses", "log.time"]
    with pytest.raises(AttestationError):
        logs.policy(one, logs.Witness(one.folder, "witness.example/2", one.signer, one.policy))


def test_key_id_collision(judge, sidecar, one):
    """An attacker's key under the honest key's name and id: four bytes that anyone can hit."""
    log_line, honest = sidecar.signed.note.signatures
    thief = logs.signer(66)
    forged = cosign(sidecar.signed.note.text, one.name, thief, logs.NOON - 86_400)
    collided = Signature(one.name, one.key.key_id, forged.blob)
    assert judge(with_signatures(sidecar, log_line, collided)) == ["log.witnesses", "log.time"]
    assert judge(with_signatures(sidecar, log_line, honest, collided)) == ["log.witnesses", "log.time"]
    assert judge(with_signatures(sidecar, log_line, collided, honest)) == ["log.witnesses", "log.time"]
    log_forged = Signature(log_line.name, log_line.key_id, thief.sign(sidecar.signed.note.text.encode()))
    assert judge(with_signatures(sidecar, log_forged, honest)) == ["log.signature", "log.time"]
    # The attacker's own id under the honest name is somebody unknown, and passed over.
    assert judge(with_signatures(sidecar, log_line, honest, forged)) == []


def test_trailing_data_in_the_note(judge, sidecar):
    data = sidecar.encode()
    for more in (b"x", b"\n", b" ", b"\0", b"\n\n", b"trailing\n", data, "— a\n".encode()):
        assert judge(data + more) == ["log.proof"]


def test_a_second_text_before_the_signatures(judge, sidecar):
    """The text ends at the last empty line, not at the first."""
    data = sidecar.encode()
    head, _, checkpoint = data.partition(b"\n\n")
    text, _, lines = checkpoint.partition(b"\n\n")
    assert judge(head + b"\n\n" + text + b"\n\n" + text + b"\n\n" + lines) == ["log.proof"]


def test_non_base64(judge, sidecar):
    text = sidecar.encode().decode()
    step = base64.b64encode(sidecar.path[0]).decode()
    for bad in (
        step[:-1],
        step.replace("=", ""),
        step + "=",
        "-" + step[1:],
        "_" + step[1:],
        step[:10] + "\t" + step[11:],
        step[:-2] + "é=",
    ):
        assert judge(text.replace(step, bad).encode()) == ["log.proof"]
    line = sidecar.signed.note.signatures[1].line
    assert judge(text.replace(line, line[:-3] + "!\n").encode()) == ["log.proof"]


def test_base64_has_one_spelling(judge, sidecar):
    """The last letter before the padding has bits that no decoder reads."""
    text = sidecar.encode().decode()
    step = base64.b64encode(sidecar.path[0]).decode()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    twin = step[:-2] + letters[letters.index(step[-2]) ^ 1] + "="
    assert base64.b64decode(twin) == base64.b64decode(step)
    assert judge(text.replace(step, twin).encode()) == ["log.proof"]


def test_wrong_origin(judge, sidecar):
    """Another log under its own name; and the policy's log under another name."""
    data = sidecar.encode()
    assert judge(data.replace(b"example.org/log\n", b"example.org/log2\n")) == [
        "log.origin",
        "log.signature",
        "log.witnesses",
        "log.time",
    ]
    assert judge(sidecar, policy=LogPolicy.of({**logs.policy(origin="elsewhere").model_dump(mode="json")})) == [
        "log.origin",
        "log.signature",
        "log.time",
    ]


def test_a_log_that_signs_with_another_key(judge, sidecar, one):
    tree = sidecar.signed.checkpoint
    forged = logs.forged(tree.size, tree.root, by=logs.signer(66)).note.signatures
    assert judge(with_signatures(sidecar, *forged, sidecar.signed.note.signatures[1])) == ["log.signature", "log.time"]


@pytest.mark.parametrize("index", [9, 10, 13, 20, (1 << 63) - 1])
def test_index_beyond_the_size(judge, sidecar, index):
    assert judge(Sidecar(index, sidecar.path, sidecar.signed)) == ["log.included", "log.time"]


def test_every_other_index(judge, sidecar):
    assert [i for i in range(200) if judge(Sidecar(i, sidecar.path, sidecar.signed)) == []] == [LEAF]


def test_proof_of_another_leaf(judge, log, sidecar):
    for number in range(9):
        other = reader.prove(log, logs.entry(number), sidecar.signed)
        assert judge(other) == ([] if number == LEAF else ["log.included", "log.time"])
    assert judge(sidecar, entry=logs.entry(7777)) == ["log.included", "log.time"]


def test_truncated_proofs(judge, sidecar):
    for count in range(len(sidecar.path)):
        assert judge(Sidecar(LEAF, sidecar.path[:count], sidecar.signed)) == ["log.included", "log.time"]
        assert judge(Sidecar(LEAF, sidecar.path[count + 1 :], sidecar.signed)) == ["log.included", "log.time"]
    assert judge(Sidecar(LEAF, (*sidecar.path, bytes(32)), sidecar.signed)) == ["log.included", "log.time"]
    data = sidecar.encode()
    assert all(judge(data[:place]) for place in range(len(data)))


def test_every_byte_of_a_proof_counts(judge, sidecar):
    data = sidecar.encode()
    for place in range(len(data)):
        for mask in (0x01, 0x20, 0x80):
            spoiled = bytearray(data)
            spoiled[place] ^= mask
            assert judge(bytes(spoiled)), (place, mask)


def test_an_inner_node_as_a_leaf(judge, log, sidecar):
    """Without the prefixes of RFC 6962, 64 bytes of two hashes would be a leaf of a shorter tree."""
    left, right = (merkle.leaf_hash(logs.entry(number)) for number in (4, 5))
    inner = left + right
    shorter = Sidecar(2, sidecar.path[1:], sidecar.signed)
    assert merkle.parent(left, right) != merkle.leaf_hash(inner)
    tree = sidecar.signed.checkpoint
    assert not merkle.included(merkle.leaf_hash(inner), shorter.index, tree.size, shorter.path, tree.root)
    with pytest.raises(LogError):
        writer.append(log, [inner], signer=logs.LOG_KEY)


@pytest.mark.parametrize("name", ["tile/0/000.p/9", "tile/entries/000.p/9"])
def test_tile_tampering(log, tmp_path, one, name):
    """Every byte of a tile or bundle, changed in a fetched copy, is found by the audit and yields no false proof."""
    path = log / name
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert "fails" in {check.status for check in reader.audit(log, policy=logs.policy())}
        try:
            made = reader.prove(log, logs.entry(LEAF))
        except LogError as error:
            code = error.error_code
        else:
            code = None
            tree, leaf = made.signed.checkpoint, merkle.leaf_hash(logs.entry(LEAF))
            assert merkle.included(leaf, made.index, tree.size, made.path, tree.root)
        assert code in {None, "log.corrupt", "log.tile-torn", "log.not-included"}
        assert code is not None or "entries" in name
    path.write_bytes(data)
    assert {check.status for check in reader.audit(log, policy=logs.policy())} == {"holds"}


def test_tampering_with_a_tile_above(tmp_path, one):
    folder = logs.make(tmp_path / "large", 300)
    path = folder / "tile/1/000.p/1"
    path.write_bytes(hashlib.sha256(b"other").digest())
    assert [check.code for check in reader.audit(folder, policy=logs.policy()) if check.status == "fails"] == ["log.tiles"]
    with pytest.raises(LogError):
        one.cosign_copy(open_copy(folder), seconds=logs.NOON)


def test_a_tile_of_the_wrong_width(log):
    path = log / "tile/0/000.p/9"
    path.write_bytes(path.read_bytes() + bytes(32))
    with pytest.raises(LogError) as caught:
        reader.prove(log, logs.entry(0))
    assert caught.value.error_code == "log.tile-torn"


def test_a_huge_size_costs_nothing(log, one, judge, sidecar):
    """A signed checkpoint of 2^62 leaves over a small folder ends in a refusal, not in a loop."""
    vast = logs.forged(1 << 62, bytes(32))
    (log / "checkpoint").write_bytes(vast.note.encode())
    with pytest.raises(LogError) as caught:
        one.cosign_copy(open_copy(log), seconds=logs.NOON)
    assert caught.value.error_code == "log.tile-missing"
    assert [c.code for c in reader.audit(log, policy=logs.policy()) if c.status == "fails"] == ["log.entries"]
    assert judge(Sidecar(LEAF, sidecar.path, vast)) == ["log.included", "log.witnesses", "log.time"]


def test_an_origin_that_writes_on_the_terminal(judge, sidecar):
    """U+009B begins an escape sequence; what a stranger wrote is printed as ASCII."""
    data = sidecar.encode().replace(b"example.org/log\n", "\x9b2J\x9bH ✓ log holds\n".encode())
    logged = check_logged(HONEST, data, policy=logs.policy(), now=NOW)
    assert [check.code for check in logged.checks if check.status == "fails"] == ["log.origin", "log.signature", "log.time"]
    assert all(check.detail.isprintable() for check in logged.checks)


def test_small_order_keys_are_no_logs_and_no_witnesses():
    """Under such a key one signature fits every checkpoint."""
    small = bytes([1]) + bytes(31)
    with pytest.raises(LogError) as caught:
        verifier_key("example.org/log", "log", small)
    assert caught.value.error_code == "key.weak"


def test_json_policy_twice_spelled(tmp_path):
    """Two parsers that disagree about the quorum."""
    from mrv.attest.log.policy import load_policy

    text = json.dumps(logs.policy().model_dump(mode="json"))
    (tmp_path / "p.json").write_text(text.replace('"quorum"', '"quorum": 5, "quorum"'))
    with pytest.raises(LogError) as caught:
        load_policy(tmp_path / "p.json")
    assert (caught.value.error_code, caught.value.field) == ("policy.invalid", "json.duplicate")


def test_the_specifications_checkpoint_is_not_ours(judge):
    """A real checkpoint of somebody's log, under a proof of our leaf."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    line = "— example.com/behind-the-sofa "
    line += "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    foreign = Sidecar(0, (), parse_checkpoint((text + line).encode()))
    assert judge(foreign) == ["log.origin", "log.signature", "log.included", "log.witnesses", "log.time"]
