"""Files that appear whole, and stay after a crash: written beside, synced, then linked or moved under their name.

Two kinds of writer share these steps: here, any number of processes at once, each with a draft of its own; in
:mod:`mrv.attest.log.durable`, one under a lock, with one draft.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from mrv.errors import AttestationError

if TYPE_CHECKING:
    from pathlib import Path


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
