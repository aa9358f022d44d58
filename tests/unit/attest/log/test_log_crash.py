"""A log survives whatever stops its writer: death at any step, a cut of power, a full disk, torn and lost files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import logs
from support.crashes import Killed, Recorder, interrupted

from mrv.attest.log import merkle, reader, watch, writer
from mrv.attest.log.reader import open_copy
from mrv.errors import LogError

ROOT = Path(__file__).resolve().parents[4]
BATCHES = [(0, 1), (3, 4), (255, 256), (256, 257), (250, 300)]
STRANGER = 9_999


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Nothing here waits for a real disk: the steps are counted and modelled."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def tiles(folder):
    return {path.relative_to(folder): path.read_bytes() for path in (folder / "tile").rglob("*") if path.is_file()}


def failing(checks):
    return [f"{check.code}: {check.detail}" for check in checks if check.status == "fails"]


def grown_base(tmp_path, first):
    """A log of ``first`` entries, appended so that partial files lie about."""
    base = logs.make(tmp_path / "base")
    for stop in (first - 3, first - 1, first):
        if stop > 0:
            writer.append(base, logs.entries(0, stop), signer=logs.LOG_KEY)
    return base


def sound(case, first, last, *, acknowledged=False):
    """What is served is whole, nothing acknowledged is lost, and the log goes on from there as one log."""
    shown = watch.open_view(case)
    size = shown.signed.checkpoint.size
    assert size in {first, last}
    assert failing(reader.audit(case, policy=logs.policy())) == []
    if acknowledged:
        assert size == last
    for number in {0, first - 1} & set(range(first)):
        assert reader.prove(case, logs.entry(number)).index == number
    files = tiles(case)
    other = writer.append(case, [logs.entry(STRANGER)], signer=logs.LOG_KEY)
    now = logs.served(case).size
    assert other.indices == (now - 1,)
    assert now - 1 in {first, last}, "the batch that was begun is there whole, or not at all"
    assert now - 1 >= size
    retried = writer.append(case, logs.entries(0, last), signer=logs.LOG_KEY)
    everyone = [logs.entry(number) for number in range(last)]
    everyone.insert(now - 1, logs.entry(STRANGER))
    assert sorted([*retried.indices, now - 1]) == list(range(last + 1))
    assert list(open_copy(case).tree().entries()) == everyone
    assert failing(reader.audit(case, policy=logs.policy())) == []
    # Whatever was served is still true, and no file that could be fetched has changed.
    assert merkle.root(size, open_copy(case).tree().node) == shown.signed.checkpoint.root
    changed = [name for name, data in tiles(case).items() if files.get(name, data) != data]
    assert changed == []


@pytest.mark.parametrize(("first", "last"), [(0, 1), (255, 256), (250, 300)])
def test_a_writer_killed_at_any_step(tmp_path, first, last):
    base, cases = grown_base(tmp_path, first), tmp_path / "cases"
    cases.mkdir()
    told = kill(base, cases, first, last)
    assert len(told) > 20
    assert [code for _, code, _ in told] == ["9"] * (len(told) - 1) + ["0"]
    for name, _, acknowledged in told:
        sound(cases / name, first, last, acknowledged=acknowledged == "True")


def test_a_writer_killed_while_it_starts_the_log(tmp_path):
    cases = tmp_path / "cases"
    cases.mkdir()
    for name, code, _ in kill(tmp_path / "none", cases, 0, 0):
        case = cases / name
        if not (case / ".state/head").exists():
            writer.create(case, origin=logs.ORIGIN, signer=logs.LOG_KEY)
        writer.append(case, logs.entries(0, 2), signer=logs.LOG_KEY)
        assert failing(reader.audit(case, policy=logs.policy())) == []
        assert code in {"0", "9"}


def kill(base, cases, first, last):
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, ROOT / "tests/support/killed_writer.py", base, cases, str(first), str(last)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("first", "last"), BATCHES)
def test_power_cut_at_any_step(tmp_path, first, last):
    """In every state that the order of writes leaves open, not only in the one that this machine would be in."""
    base = grown_base(tmp_path, first)
    recorder = Recorder(base)
    with recorder.recording():
        writer.append(base, logs.entries(first, last), signer=logs.LOG_KEY)
    states = recorder.distinct()
    assert len(states) > 15
    for number, state in enumerate(states):
        sound(recorder.lay_out(state, tmp_path / f"state-{number}"), first, last)


@pytest.mark.parametrize("made", [["tile"], ["tile", "tile/0"], ["tile", "tile/0", "tile/0/000.p"]])
def test_power_cut_after_a_writer_was_killed(tmp_path, made):
    """Folders that the dead writer made, and did not force to the disk, are forced by the next one."""
    base = logs.make(tmp_path / "base")
    recorder = Recorder(base)
    for name in made:
        (base / name).mkdir()
        recorder.now[str(base / name)], recorder.disk[str(base / name)] = {}, {}
        recorder.now[str((base / name).parent)][Path(name).name] = "folder"
    with recorder.recording():
        writer.append(base, logs.entries(0, 1), signer=logs.LOG_KEY)
    for number, state in enumerate(recorder.distinct()):
        sound(recorder.lay_out(state, tmp_path / f"state-{number}"), 0, 1)


@pytest.mark.parametrize("how", ["full", "raise"])
@pytest.mark.parametrize(("first", "last"), [(3, 4), (255, 256)])
def test_a_full_disk_or_an_exception_at_any_step(tmp_path, first, last, how):
    base = grown_base(tmp_path, first)
    for stop in range(1000):
        case = tmp_path / f"case-{stop}"
        shutil.copytree(base, case)
        taken, error = appended(case, first, last, stop, how)
        sound(case, first, last, acknowledged=error is None)
        if error is None and len(taken) <= stop:
            assert stop >= 20
            return
        if isinstance(error, LogError):
            assert (how, error.error_code) == ("full", "log.unwritable")
            assert "No space left" in error.message
            assert error.hint
    pytest.fail("the append never ended")


def appended(case, first, last, stop, how):
    """The steps taken, and what the writer raised."""
    with interrupted(stop, how) as taken:
        try:
            writer.append(case, logs.entries(first, last), signer=logs.LOG_KEY)
        except (LogError, Killed) as error:
            return taken, error
    return taken, None


def test_a_batch_that_fills_many_tiles_is_undone_or_done(tmp_path):
    """More entries than one decision holds: each decision stands for itself."""
    folder = logs.make(tmp_path / "log")
    with pytest.raises(Killed), interrupted(60, "raise"):
        writer.append(folder, logs.entries(0, 5000), signer=logs.LOG_KEY)
    assert failing(reader.audit(folder, policy=logs.policy())) == []
    assert writer.append(folder, logs.entries(0, 5000), signer=logs.LOG_KEY).indices == tuple(range(5000))
    assert failing(reader.audit(folder, policy=logs.policy())) == []


def test_a_lost_checkpoint_is_served_again(tmp_path):
    folder = logs.make(tmp_path / "log", 5)
    before = (folder / "checkpoint").read_bytes()
    for spoil in (lambda path: path.unlink(), lambda path: path.write_bytes(before[:30]), lambda path: path.write_bytes(b"")):
        spoil(folder / "checkpoint")
        with pytest.raises(LogError):
            reader.prove(folder, logs.entry(0))
        writer.append(folder, logs.entries(0, 5), signer=logs.LOG_KEY)
        assert (folder / "checkpoint").read_bytes() == before


@pytest.mark.parametrize("size", [5, 256, 300])
def test_torn_files_of_the_last_append_are_mended(tmp_path, size):
    folder = logs.make(tmp_path / "log", size)
    before = tiles(folder)
    for name, data in before.items():
        for torn in (data[: len(data) // 2], b"", data + b"\0", bytes([data[0] ^ 1]) + data[1:]):
            (folder / name).write_bytes(torn)
            assert failing(reader.audit(folder, policy=logs.policy())) != []
            writer.append(folder, [logs.entry(0)], signer=logs.LOG_KEY)
            assert tiles(folder) == before
        (folder / name).unlink()
        writer.append(folder, [logs.entry(0)], signer=logs.LOG_KEY)
        assert tiles(folder) == before


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: bytes([data[0] ^ 1]) + data[1:], None])
def test_torn_files_of_earlier_appends_stop_the_writer(tmp_path, spoil):
    """It has nothing to mend them with, so it signs nothing more."""
    folder = logs.make(tmp_path / "log", 300)
    writer.append(folder, logs.entries(0, 301), signer=logs.LOG_KEY)
    path = folder / "tile/0/001.p/44"
    assert path.exists()
    path.write_bytes(spoil(path.read_bytes())) if spoil else path.unlink()
    before = (folder / "checkpoint").read_bytes()
    with pytest.raises(LogError) as caught:
        writer.append(folder, [logs.entry(STRANGER)], signer=logs.LOG_KEY)
    assert caught.value.error_code in {"log.tile-torn", "log.tile-missing", "log.corrupt"}
    assert caught.value.hint
    assert (folder / "checkpoint").read_bytes() == before


def test_an_old_state_put_back_stops_the_writer(tmp_path):
    folder = logs.make(tmp_path / "log", 3)
    shutil.copytree(folder / ".state", tmp_path / "old")
    writer.append(folder, logs.entries(0, 4), signer=logs.LOG_KEY)
    shutil.rmtree(folder / ".state")
    shutil.copytree(tmp_path / "old", folder / ".state")
    for lost in (False, True):
        if lost:
            (folder / "checkpoint").unlink()
        with pytest.raises(LogError) as caught:
            writer.append(folder, [logs.entry(STRANGER)], signer=logs.LOG_KEY)
        assert caught.value.error_code == "log.rollback"


def test_a_lost_or_torn_state_stops_the_writer(tmp_path):
    folder = logs.make(tmp_path / "log", 3)
    head = folder / ".state/head"
    data = head.read_bytes()
    head.write_bytes(data[:40])
    for wanted in ("log.corrupt", "log.state-missing"):
        with pytest.raises(LogError) as caught:
            writer.append(folder, [logs.entry(STRANGER)], signer=logs.LOG_KEY)
        assert caught.value.error_code == wanted
        head.unlink(missing_ok=True)
    head.write_bytes(data)
    assert writer.append(folder, [logs.entry(STRANGER)], signer=logs.LOG_KEY).indices == (3,)
