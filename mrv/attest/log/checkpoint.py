"""Checkpoint: the note by which a log commits to a tree.

References:
    C2SP tlog-checkpoint.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.attest.log.merkle import EMPTY_ROOT, HASH_BYTES
from mrv.attest.log.note import MAX_BYTES, Note, decode_base64, decode_number, parse_note
from mrv.errors import LogError
from mrv.regular_file import read_regular

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which tree a log has."""

    origin: str
    """The log's identity."""
    size: int
    """Leaves."""
    root: bytes
    """Root hash, 32 bytes."""
    extensions: tuple[str, ...] = ()
    """Further lines; nothing is read from them, and this project writes none."""

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was read, with its signatures, none of them believed yet."""

    note: Note
    """The note."""
    checkpoint: Checkpoint
    """What its text says."""


def parse_checkpoint(data: bytes) -> SignedCheckpoint:
    """Read a signed checkpoint.

    Raises:
        LogError: ``note.*`` or ``checkpoint.format``.
    """
    note = parse_note(data)
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise _malformed("has not three or more lines, none of them empty")
    try:
        size, root = decode_number(lines[1]), decode_base64(lines[2])
    except LogError as error:
        raise _malformed(error.message) from error
    if len(root) != HASH_BYTES:
        raise _malformed(f"has a root of {len(root)} bytes")
    if size == 0 and root != EMPTY_ROOT:
        raise _malformed("gives the empty tree another root than its own")
    return SignedCheckpoint(note, Checkpoint(lines[0], size, root, tuple(lines[3:])))


def read_checkpoint(path: Path) -> SignedCheckpoint:
    """Read a checkpoint file.

    Raises:
        LogError: ``checkpoint.unreadable``, or what :func:`parse_checkpoint` finds.
    """
    try:
        return parse_checkpoint(read_regular(path, MAX_BYTES))
    except OSError as error:
        raise LogError(
            f"cannot read: {error.strerror}", code="checkpoint.unreadable", file=path, hint="check the path"
        ) from error
    except LogError as error:
        error.file = str(path)
        raise


def _malformed(what: str) -> LogError:
    return LogError(f"the checkpoint {what}", code="checkpoint.format", hint="origin, size, root; one a line")
