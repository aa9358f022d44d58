"""Partial files of smaller trees: a log serves them, an audit names one that is not of the tree."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import logs

from mrv.attest.log import reader, tiles, watch, writer

STEPS = [3, 9, 255, 256, 260, 300]
EARLIER = ["tile/0/001.p/4", "tile/entries/001.p/4"]
"""Of the tree of 260 leaves, in that of 300; those before 256 went when the full tile came."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Appended to in steps, so that it has files of smaller trees; and the same steps of another log's leaves."""
    folders = [logs.make(tmp_path_factory.mktemp("logs") / name) for name in ("log", "other")]
    for size in STEPS:
        writer.append(folders[0], logs.entries(0, size), signer=logs.LOG_KEY)
    for size in (256, 260):
        writer.append(folders[1], logs.entries(1000, 1000 + size), signer=logs.LOG_KEY)
    return folders


@pytest.fixture
def log(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "log")


@pytest.fixture
def other(made):
    return made[1]


def audited(folder):
    return {check.code: check for check in reader.audit(folder, policy=logs.policy())}


def failing(folder):
    return [code for code, check in audited(folder).items() if check.status == "fails"]


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_files_of_smaller_trees_are_told_and_hold(log):
    """C2SP tlog-tiles: a log MUST serve them for each size it signed."""
    assert all((log / name).is_file() for name in EARLIER)
    check = audited(log)["log.earlier"]
    assert (check.status, check.detail.split()[0]) == ("holds", "2")
    assert "log.beyond" not in audited(log)
    assert audited(logs.make(log.parent / "one step", 300))["log.earlier"].detail.startswith("0 partial files")


def test_what_went_when_the_full_tile_came_may_lie_there_again(log):
    """A copy fetched bit by bit has both."""
    leaves = (log / "tile/0/000").read_bytes()
    put(log, "tile/0/000.p/9", leaves[: 9 * 32])
    assert failing(log) == []
    assert audited(log)["log.earlier"].detail.startswith("3 partial files")


@pytest.mark.parametrize("name", EARLIER)
@pytest.mark.parametrize("how", ["flipped", "cut", "longer", "empty", "another's"])
def test_a_stale_file_that_is_not_of_the_tree_is_named(log, other, name, how):
    data = (log / name).read_bytes()
    put(log, name, {
        "flipped": bytes([data[0] ^ 1]) + data[1:] if "entries" not in name else data[:-1] + bytes([data[-1] ^ 1]),
        "cut": data[:-1], "longer": data + bytes(32), "empty": b"", "another's": (other / name).read_bytes(),
    }[how])  # fmt: skip
    assert failing(log) == ["log.earlier"]
    told = audited(log)["log.earlier"].detail
    assert name in told
    assert "backup" in told
    view = watch.open_view(log)
    assert "log.earlier" in [check.code for check in watch.compare(view, view, policy=logs.policy()) if check.status == "fails"]


@pytest.mark.parametrize("name", ["tile/0/000.p/7", "tile/entries/000.p/7"])
def test_a_tree_of_another_face_left_beside_the_full_tile(log, tmp_path, name):
    """Whoever holds a checkpoint of seven leaves would be shown another log than everybody else."""
    seven = logs.make(tmp_path / "seven")
    writer.append(seven, logs.entries(50, 57), signer=logs.LOG_KEY)
    put(log, name, (seven / name).read_bytes())
    assert failing(log) == ["log.earlier"]
    assert name in audited(log)["log.earlier"].detail


def test_files_beyond_the_signed_tree_are_a_note(log, tmp_path):
    """As an append leaves them that was stopped before it served its checkpoint; the next one ends it."""
    grown = tmp_path / "grown"
    shutil.copytree(log, grown)
    before = (log / "checkpoint").read_bytes()
    writer.append(grown, logs.entries(0, 310), signer=logs.LOG_KEY)
    (grown / "checkpoint").write_bytes(before)
    check = audited(grown)["log.beyond"]
    assert failing(grown) == []
    assert (check.status, check.detail.split()[0]) == ("note", "2")
    name = "tile/0/001.p/54"
    data = (grown / name).read_bytes()
    put(grown, name, bytes([data[0] ^ 1]) + data[1:])
    assert failing(grown) == ["log.earlier"], "as far as the signed tree reaches it has to agree"
    put(grown, name, data)
    writer.append(grown, [logs.entry(0)], signer=logs.LOG_KEY)
    assert "log.beyond" not in audited(grown)


@pytest.mark.parametrize(
    "name",
    [
        "tile/0/000.gz", "tile/index.html", "tile/0/000.p/0", "tile/0/000.p/07", "tile/0/000.p/256", "tile/00/000",
        "tile/64/000", "tile/0/x000/001", "tile/0/1", "tile/entries/000.p/x",
    ],
)  # fmt: skip
def test_a_file_that_is_no_logs_is_a_note(tmp_path, name):
    folder = logs.make(tmp_path / "small", 3)
    put(folder, name, b"x")
    assert failing(folder) == []
    assert name in audited(folder)["log.beyond"].detail


def test_links_are_not_followed(log, tmp_path):
    stale = log / EARLIER[0]
    stale.rename(tmp_path / "elsewhere")
    stale.symlink_to(tmp_path / "elsewhere")
    assert failing(log) == ["log.earlier"]
    stale.unlink()
    (log / "tile/0/loop").symlink_to(log / "tile")
    assert failing(log) == []
    assert "tile/0/loop" in audited(log)["log.beyond"].detail
    os.mkfifo(stale)
    assert failing(log) == ["log.earlier"]


@given(st.sampled_from(["entries", *range(64)]), st.integers(0, 10**15), st.integers(1, 256))
def test_a_name_is_read_as_it_is_written(level, index, width):
    assert tiles.place_of(tiles.tile_path(level, index, width)) == (level, index, width)


@given(st.from_regex(r"tile/(entries|[0-9]{1,3})/(x[0-9]{3}/){0,2}[0-9]{2,4}(\.p/[0-9]{1,3})?", fullmatch=True))
def test_a_name_has_one_spelling(name):
    place = tiles.place_of(name)
    assert place is None or tiles.tile_path(*place) == name
