"""What a path may lead to beside a file of a sensible size; a guard against waiting for it; a disk that is full."""

from __future__ import annotations

import errno
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HUGE = 300 << 20
ODD = ("a folder", "a pipe", "a device", "a huge file")


def odd(kind: str, place: Path) -> Path:
    """Make one of :data:`ODD` at a path that is free; its path, which for a device is its own."""
    if kind == "a folder":
        place.mkdir()
    elif kind == "a pipe":
        os.mkfifo(place)
    elif kind == "a huge file":
        with place.open("wb") as file:
            file.truncate(HUGE)  # a hole: no disk is used
    else:
        return _device()
    return place


def _device() -> Path:
    from pathlib import Path

    path = Path("/dev/zero")
    if not path.exists():
        pytest.skip("no /dev/zero here")
    return path


@contextmanager
def no_waiting(seconds: int = 60) -> Iterator[None]:
    """Fail where what is inside waits for a writer that never comes."""

    def late(*_: object) -> None:
        pytest.fail("waits")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fill_after(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Let every new file take ``room`` bytes, and no more."""
    write, left = os.write, [room]

    def full(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "no space left on device")
        written = write(descriptor, bytes(data)[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", full)
