"""Sidecar: the ``.tlog-proof`` file beside an attestation, which proves offline that a log holds it.

References:
    C2SP tlog-proof.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.merkle import HASH_BYTES, MAX_PROOF
from mrv.attest.log.note import MAX_BYTES, decode_base64, decode_number
from mrv.errors import LogError

_FIRST = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Sidecar:
    """An inclusion proof and the checkpoint it leads to."""

    index: int
    """Leaf."""
    path: tuple[bytes, ...]
    """Hashes from the leaf's sibling to the root's child."""
    signed: SignedCheckpoint
    """The checkpoint, with its signatures."""

    def encode(self) -> bytes:
        """The bytes of the file; this project writes no extra data."""
        lines = [_FIRST, f"index {self.index}", *(base64.b64encode(step).decode() for step in self.path), "", ""]
        return "\n".join(lines).encode() + self.signed.note.encode()


def parse_sidecar(data: bytes) -> Sidecar:
    """Read a ``.tlog-proof``; its extra data, which nothing signs, is passed over.

    Raises:
        LogError: ``proof.format``, ``note.*`` or ``checkpoint.format``.
    """
    if len(data) > 2 * MAX_BYTES:
        raise _malformed(f"has {len(data)} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("is not text") from error
    if not blank or lines[0] != _FIRST:
        raise _malformed(f"does not begin with {_FIRST}")
    try:
        if len(lines) > 1 and lines[1].startswith("extra "):
            decode_base64(lines.pop(1).removeprefix("extra "))
        if len(lines) < 2 or not lines[1].startswith("index "):
            raise _malformed("has no index")
        index = decode_number(lines[1].removeprefix("index "))
        path = tuple(decode_base64(line) for line in lines[2:])
    except LogError as error:
        raise _malformed(error.message) from error
    if len(path) > MAX_PROOF or any(len(step) != HASH_BYTES for step in path):
        raise _malformed("has hashes that are not 32 bytes, or too many")
    return Sidecar(index, path, parse_checkpoint(checkpoint))


def _malformed(what: str) -> LogError:
    return LogError(f"the proof {what}", code="proof.format", hint="make it with `mrv log prove`")
