"""The one reader of files that somebody names: regular, of a size, without waiting."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from support.odd_files import ODD, no_waiting, odd

from mrv import regular_file
from mrv.regular_file import NotRegularError, TooLargeError, open_regular, read_open, read_regular


@pytest.mark.parametrize("size", [0, 1, 10])
def test_up_to_the_cap(tmp_path, size):
    (tmp_path / "file").write_bytes(bytes(size))
    assert read_regular(tmp_path / "file", 10) == bytes(size)
    assert read_regular(str(tmp_path / "file"), 10) == bytes(size)


def test_a_byte_more(tmp_path):
    (tmp_path / "file").write_bytes(bytes(11))
    with pytest.raises(TooLargeError) as caught:
        read_regular(tmp_path / "file", 10)
    assert "10 bytes" in caught.value.strerror


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_of_a_sensible_size(tmp_path, kind):
    with no_waiting(), pytest.raises(OSError) as caught:
        read_regular(odd(kind, tmp_path / "odd"), 1 << 20)
    assert isinstance(caught.value, TooLargeError if kind == "a huge file" else NotRegularError)
    assert caught.value.strerror


@pytest.mark.parametrize("kind", ODD[:3])
def test_nor_is_it_written_to(tmp_path, kind):
    with no_waiting(), pytest.raises(NotRegularError):
        open_regular(odd(kind, tmp_path / "odd"), append=True)


def test_a_huge_file_is_not_read_at_all(tmp_path, monkeypatch):
    path = odd("a huge file", tmp_path / "odd")

    class Unread:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            assert name != "read"
            return getattr(self.file, name)

    with path.open("rb") as file, pytest.raises(TooLargeError):
        read_open(Unread(file), 1 << 20)


def test_one_that_says_it_is_empty_and_is_not():
    """As the kernel's own files do."""
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc here")
    assert read_regular("/proc/self/status", 1 << 16).startswith(b"Name:")
    with pytest.raises(TooLargeError):
        read_regular("/proc/self/status", 10)


def test_links(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "round").symlink_to("round")
    assert read_regular(tmp_path / "link", 1) == b"x"
    with pytest.raises(NotRegularError) as caught:
        read_regular(tmp_path / "link", 1, follow=False)
    assert "link" in caught.value.strerror
    with pytest.raises(OSError):
        read_regular(tmp_path / "round", 1)


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its address has to be short
    with socket.socket(socket.AF_UNIX) as held:
        held.bind("s")
        with pytest.raises(NotRegularError):
            read_regular("s", 1)


@pytest.mark.parametrize("path", ["a\0b", "\udcff" * 3 + "\0", ""])
def test_no_path(path):
    with pytest.raises(OSError) as caught:
        read_regular(path, 1)
    assert caught.value.strerror


def test_none_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 1)


def test_appending(tmp_path):
    with open_regular(tmp_path / "file", append=True) as file:
        file.write(b"a")
    with open_regular(tmp_path / "file", append=True) as file:
        file.seek(0)
        assert read_open(file, 1) == b"a"
        file.write(b"b")
    assert (tmp_path / "file").read_bytes() == b"ab"


def test_a_swap_after_the_look_changes_nothing(tmp_path, monkeypatch):
    """What is looked at is what was opened: there is no moment between."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    opened = os.open

    def swapping(*words):
        descriptor = opened(*words)
        path.unlink()
        os.mkfifo(path)
        return descriptor

    monkeypatch.setattr(regular_file.os, "open", swapping)
    with no_waiting():
        assert read_regular(path, 1) == b"x"
