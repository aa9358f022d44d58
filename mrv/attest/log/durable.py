"""Folder: files that are there whole or not at all, whenever the machine stops.

A file is written beside the folder's served part, forced to disk, renamed into its place, and the folder that holds its name
is forced to disk too; only then does the next file begin.  One writer at a time: a lock that the system lets go with the
process.  Readers need no lock.

References:
    POSIX ``rename``, ``fsync``, ``flock``.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.attest.durable import put_in_place, sync_folder, write_new
from mrv.errors import LogError
from mrv.regular_file import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = ".state"
"""The writer's own folder inside; nothing in it is secret, and nobody else needs it."""
_DRAFT = "draft"
_LOCK = "lock"
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of small files under relative names with forward slashes."""

    root: Path
    """Where it is."""
    _sure: set[Path] = field(default_factory=set, repr=False, compare=False)
    """Folders inside whose names are known to be on the disk."""

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes of a file; None where there is none.

        Args:
            name: Relative name.
            limit: Most bytes the file may have.

        Raises:
            LogError: ``log.unreadable``: not a regular file, larger than ``limit``, or the system refuses.
        """
        path = self.root / name
        try:
            return read_regular(path, limit, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            told = f"cannot read: {error.strerror}"
            raise LogError(told, code="log.unreadable", file=path, hint="fetch the log again, as it is served") from error

    def write(self, name: str, data: bytes) -> None:
        """Put a file in place, whole, and on the disk when this returns; only under the lock.

        Raises:
            LogError: ``log.unwritable``, such as a full disk; the file is then as it was.
        """
        path, draft = self.root / name, self.root / STATE / _DRAFT
        try:
            self._make(path.parent)
            # A draft left by a power cut may still share its bytes with a file in place: never write into it.
            draft.unlink(missing_ok=True)
            write_new(draft, data)
            put_in_place(draft, path)
        except OSError as error:
            raise _unwritable(error, path) from error

    def remove(self, name: str) -> None:
        """Remove a folder of files that are no longer needed; only under the lock.

        Raises:
            LogError: ``log.unwritable``.
        """
        path = self.root / name
        if not path.is_dir():
            return
        try:
            for file in sorted(path.iterdir()):
                file.unlink()
            path.rmdir()
            sync_folder(path.parent)
        except OSError as error:
            raise _unwritable(error, path) from error

    @contextmanager
    def lock(self, wait_s: float = 10.0) -> Iterator[None]:
        """Be the one writer.

        Args:
            wait_s: How long to wait for another to finish.

        Raises:
            LogError: ``log.locked``: another writes; ``log.unwritable``; ``log.platform``: no such locks here.
        """
        try:
            import fcntl
        except ImportError as error:  # pragma: no cover - Windows
            raise LogError("this system has no flock", code="log.platform", hint="write the log on Linux or macOS") from error
        path = self.root / STATE / _LOCK
        try:
            self._make(path.parent)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unwritable(error, path) from error
        try:
            end = time.monotonic() + wait_s
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= end:
                        raise LogError(
                            "another process is writing", code="log.locked", file=self.root, hint="wait for it to end"
                        ) from error
                    time.sleep(_PAUSE_S)
            yield
        finally:
            os.close(descriptor)

    def _make(self, folder: Path) -> None:
        """Let a folder and those above it exist, each name on the disk; one that a killed writer made may not be there yet."""
        if folder in self._sure:
            return
        if folder != self.root:
            self._make(folder.parent)
            with suppress(FileExistsError):
                folder.mkdir()
            sync_folder(folder.parent)
        elif not folder.is_dir():
            folder.mkdir(parents=True)
            sync_folder(folder.parent)
        self._sure.add(folder)


def _unwritable(error: OSError, path: Path) -> LogError:
    return LogError(
        f"cannot write: {error.strerror}", code="log.unwritable", file=path,
        hint="make room or mend the folder, then run again: nothing that was acknowledged is lost",
    )  # fmt: skip
