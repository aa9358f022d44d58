"""Files that appear whole, and stay after a crash: written beside, synced, then linked or moved under their name.

Two kinds of writer share these steps: here, any number of processes at once, each with a draft of its own; in
:mod:`mrv.attest.log.durable`, one under a lock, with one draft.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from mrv.errors import AttestationError, MRVError
from mrv.regular_file import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_OWN = 1 << 20
"""Bytes of a file that may be replaced; none of those written here is larger."""


def create(path: Path, data: bytes) -> bool:
    """Let a file appear under a name; False where the name is taken, by whichever process was first.

    Raises:
        AttestationError: ``file.unwritable``.
    """
    draft = _draft(path, data)
    try:
        os.link(draft, path)
        sync_folder(path.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        draft.unlink(missing_ok=True)
    return True


def replace(path: Path, data: bytes) -> None:
    """Let a file appear under a name, in place of what was there.

    Raises:
        AttestationError: ``file.unwritable``.
    """
    draft = _draft(path, data)
    try:
        put_in_place(draft, path)
    except OSError as error:
        raise _unwritable(error, path) from error
    finally:
        draft.unlink(missing_ok=True)


def replace_own(path: Path, data: bytes, *, parse: Callable[[bytes], object], what: str) -> None:
    """Let a file appear under a name; in place of another only where that is of the same kind.

    A key, somebody's data, a pipe or a device is never lost to a name that was mistyped.  A link is followed: it stays, and
    the file that it leads to is the one that is replaced.

    Args:
        path: Where.
        data: What the file is to hold.
        parse: Reads a file of the kind; raises :class:`mrv.errors.MRVError` for another.
        what: The kind, as a person says it: ``a trust list``.

    Raises:
        AttestationError: ``file.other``: something else is there; ``file.unwritable``.
    """
    try:
        target = path.resolve()
        if path.is_symlink() or os.path.lexists(target):
            parse(read_regular(target, MAX_OWN))
    except OSError as error:
        raise _other(what, error.strerror, path) from error
    except RuntimeError as error:  # links in a ring
        raise _other(what, "a link that leads to itself", path) from error
    except MRVError as error:
        raise _other(what, error.error_code, path) from error
    replace(target, data)


def folder(path: Path) -> Path:
    """Make a folder where there is none.

    Raises:
        AttestationError: ``file.unwritable``.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error, path) from error
    return path


def _other(what: str, reason: str | None, path: Path) -> AttestationError:
    hint = "name another file, or one that is not there yet: only another of its kind is written over"
    return AttestationError(f"something is there that is not {what}: {reason}", code="file.other", file=path, hint=hint)


def _draft(path: Path, data: bytes) -> Path:
    """Hidden, and under a name of its own, so that what a crash leaves behind is in nobody's way."""
    draft = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    try:
        write_new(draft, data)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(error, path) from error
    return draft


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, and force its bytes to the disk; its name is not forced.

    Raises:
        OSError: The name is taken, or the system refuses; a file may then be there in part.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_in_place(draft: Path, path: Path) -> None:
    """Move a file that is on the disk under its name, in place of what was there, and force the name to the disk.

    Raises:
        OSError: The system refuses.
    """
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(error: OSError, path: Path) -> AttestationError:
    hint = "it needs room, and a folder that can be written, on a file system with hard links"
    return AttestationError(f"cannot be written: {error.strerror}", code="file.unwritable", file=path, hint=hint)
