"""The folder of a log: names and widths of tiles, appending, the lock, proving and auditing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import logs
from support.refusals import refused

from mrv.attest.log import merkle, reader, tiles, writer
from mrv.attest.log.checkpoint import parse_checkpoint
from mrv.attest.log.durable import Folder
from mrv.attest.log.reader import open_copy
from mrv.attest.log.signatures import verifier_key


@pytest.mark.parametrize(
    ("level", "index", "width", "name"),
    [
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 0, 5, "tile/0/000.p/5"),
        ("entries", 999, 255, "tile/entries/999.p/255"),
        (63, 1000, 256, "tile/63/x001/000"),
    ],
)
def test_names_of_the_specification(level, index, width, name):
    assert tiles.tile_path(level, index, width) == name


def test_the_specifications_tree_of_70_000():
    """273 full level 0 tiles and one of 112; one full level 1 tile and one of 17; one level 2 tile of 1."""
    found = {level: list(tiles.widths(70_000 >> 8 * level)) for level in (0, 1, 2)}
    assert (len(found[0]), found[0][-1]) == (274, (273, 112))
    assert found[1] == [(0, 256), (1, 17)]
    assert found[2] == [(0, 1)]


@pytest.mark.slow
def test_the_files_of_70_000(tmp_path):
    """The same on the disk; one append in batches, and one after it."""
    folder = logs.make(tmp_path / "log", 70_000)
    names = [path.relative_to(folder).as_posix() for path in (folder / "tile").rglob("*") if path.is_file()]
    assert sum(name.startswith("tile/0/") and ".p/" not in name for name in names) == 273
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"} <= set(names)
    assert logs.served(folder).root == logs.naive_root(logs.entries(0, 70_000))
    assert writer.append(folder, [logs.entry(70_000)], signer=logs.LOG_KEY).indices == (70_000,)
    assert {check.status for check in reader.audit(folder, policy=logs.policy())} == {"holds"}


def test_a_tree_of_256_has_a_full_tile_and_a_width_of_1_above(tmp_path):
    folder = logs.make(tmp_path / "log", 256)
    names = sorted(path.relative_to(folder).as_posix() for path in (folder / "tile").rglob("*") if path.is_file())
    assert names == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    assert (folder / "tile/0/000").stat().st_size == 8192


@given(st.lists(st.integers(1, 120), max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_way_of_appending_gives_the_same_tree(tmp_path_factory, steps):
    folder = logs.make(tmp_path_factory.mktemp("any") / "log")
    size = 0
    for step in steps:
        size += step
        signed = writer.append(folder, logs.entries(0, size), signer=logs.LOG_KEY).checkpoint
        assert signed.checkpoint.root == logs.naive_root(logs.entries(0, size))
    assert logs.served(folder).size == size
    assert {check.status for check in reader.audit(folder, policy=logs.policy())} == {"holds"}


def test_every_older_tree_can_still_be_proved(tmp_path):
    folder, sizes = logs.make(tmp_path / "log"), [1, 2, 7, 255, 256, 257, 300]
    signed = [writer.append(folder, logs.entries(0, size), signer=logs.LOG_KEY).checkpoint for size in sizes]
    for one in signed:
        size, root = one.checkpoint.size, one.checkpoint.root
        for number in {0, size // 2, size - 1}:
            sidecar = reader.prove(folder, logs.entry(number), one)
            assert merkle.included(merkle.leaf_hash(logs.entry(number)), sidecar.index, size, sidecar.path, root)
        assert refused(reader.prove, folder, logs.entry(size), one) == "log.not-included"


def test_an_entry_is_logged_once(tmp_path):
    folder = logs.make(tmp_path / "log", 3)
    before = (folder / "checkpoint").read_bytes()
    assert writer.append(folder, [logs.entry(1), logs.entry(1)], signer=logs.LOG_KEY).indices == (1, 1)
    assert (folder / "checkpoint").read_bytes() == before
    assert writer.append(folder, [logs.entry(9), logs.entry(1), logs.entry(9)], signer=logs.LOG_KEY).indices == (3, 1, 3)


def test_an_empty_log(tmp_path):
    folder = logs.make(tmp_path / "log")
    assert logs.served(folder).root == merkle.EMPTY_ROOT
    assert not (folder / "tile").exists()
    assert refused(reader.prove, folder, logs.entry(0)) == "log.not-included"
    assert {check.status for check in reader.audit(folder, policy=logs.policy())} == {"holds"}


@pytest.mark.parametrize("entry", [b"", b"sha256:00", b"SHA256:" + b"0" * 64, logs.entry(1) + b"\n", logs.entry(1) + b" x"])
def test_entries_that_are_refused(tmp_path, entry):
    folder = logs.make(tmp_path / "log", 1)
    assert refused(writer.append, folder, [logs.entry(5), entry], signer=logs.LOG_KEY) == "log.entry"
    assert logs.served(folder).size == 1


def test_refusals(tmp_path):
    folder = logs.make(tmp_path / "log", 1)
    assert refused(writer.create, folder, origin=logs.ORIGIN, signer=logs.LOG_KEY) == "log.exists"
    assert refused(writer.append, folder, [logs.entry(5)], signer=logs.signer(2)) == "log.key"
    assert refused(writer.append, tmp_path / "none", [logs.entry(5)], signer=logs.LOG_KEY) == "log.state-missing"
    assert not (tmp_path / "none").exists()
    assert refused(writer.create, tmp_path / "x", origin="two words", signer=logs.LOG_KEY) == "note.name"
    assert refused(open_copy, tmp_path) == "log.missing"
    (folder / "checkpoint").write_bytes(b"x" * (1 << 20))
    assert refused(open_copy, folder) == "log.unreadable"


def test_a_proof_beyond_the_copy(tmp_path):
    folder = logs.make(tmp_path / "log", 3)
    later = logs.forged(4, bytes(32))
    assert refused(reader.prove, folder, logs.entry(0), later) == "log.behind"
    assert refused(reader.prove, folder, logs.entry(0), logs.forged(3, bytes(32), origin="other")) == "log.behind"
    assert refused(reader.prove, folder, logs.entry(0), logs.forged(2, bytes(32))) == "log.corrupt"


def test_links_and_pipes_are_not_read(tmp_path):
    import os

    folder = logs.make(tmp_path / "log", 3)
    tile = folder / "tile/0/000.p/3"
    tile.rename(tmp_path / "elsewhere")
    tile.symlink_to(tmp_path / "elsewhere")
    assert refused(reader.prove, folder, logs.entry(0)) == "log.unreadable"
    tile.unlink()
    os.mkfifo(tile)
    assert refused(reader.prove, folder, logs.entry(0)) == "log.unreadable"


def test_two_writers_wait_for_each_other(tmp_path):
    """Several processes append at once; each entry is there, once."""
    folder = logs.make(tmp_path / "log")
    script = (
        "import sys; from support import logs; from mrv.attest.log import writer\n"
        "for n in range(6): print(*writer.append(sys.argv[1], [logs.entry(int(sys.argv[2]) + n)], signer=logs.LOG_KEY).indices)"
    )
    path = f"{__file__.partition('/tests/')[0]}:{__file__.partition('/tests/')[0]}/tests"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, folder, str(first)], stdout=subprocess.PIPE, env={"PYTHONPATH": path}, text=True
        )
        for first in (0, 100, 200)
    ]
    told = [process.communicate(timeout=120)[0].split() for process in running]
    assert sorted(int(word) for words in told for word in words) == list(range(18))
    assert sorted(open_copy(folder).tree().entries()) == sorted(logs.entry(f + n) for f in (0, 100, 200) for n in range(6))
    assert {check.status for check in reader.audit(folder, policy=logs.policy())} == {"holds"}


def test_a_lock_that_is_held_is_told(tmp_path):
    folder = Folder(logs.make(tmp_path / "log"))
    start = time.monotonic()
    with folder.lock():
        assert refused(folder.lock(0.1).__enter__) == "log.locked"
    assert time.monotonic() - start < 5
    with folder.lock(0):
        pass


def test_cosignatures_are_served(tmp_path):
    folder, one = logs.make(tmp_path / "log", 3), logs.witness(tmp_path, 1)
    cosigned = one.cosign_copy(open_copy(folder), seconds=logs.NOON)
    assert writer.add_cosignatures(folder, [cosigned.note], witnesses=[one.key]) == 2
    assert writer.add_cosignatures(folder, [cosigned.note], witnesses=[one.key]) == 2
    assert open_copy(folder).signed.note == cosigned.note
    stranger = logs.witness(tmp_path, 2).cosign_copy(open_copy(folder), seconds=logs.NOON)
    assert writer.add_cosignatures(folder, [stranger.note], witnesses=[one.key]) == 2
    writer.append(folder, [logs.entry(1)], signer=logs.LOG_KEY)
    assert open_copy(folder).signed.note == cosigned.note, "an append that adds nothing leaves them"
    writer.append(folder, [logs.entry(5)], signer=logs.LOG_KEY)
    assert refused(writer.add_cosignatures, folder, [cosigned.note], witnesses=[one.key]) == "log.behind"
    spoiled = parse_checkpoint(cosigned.note.encode().replace(b"witness.example/1 ", b"witness.example/1 AAAA")).note
    assert len(spoiled.signatures) == 2


def test_a_forged_cosignature_is_not_served(tmp_path):
    folder, one = logs.make(tmp_path / "log", 3), logs.witness(tmp_path, 1)
    note = one.cosign_copy(open_copy(folder), seconds=logs.NOON).note
    honest = note.signatures[1]
    forged = type(honest)(honest.name, honest.key_id, honest.blob[:-1] + bytes([honest.blob[-1] ^ 1]))
    bad = type(note)(note.text, (note.signatures[0], forged))
    assert refused(writer.add_cosignatures, folder, [bad], witnesses=[one.key]) == "note.signature"
    assert verifier_key(one.name, "witness", one.signer.public_key) == one.key
