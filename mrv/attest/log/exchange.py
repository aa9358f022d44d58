"""Exchange: what a log sends to a witness and gets back, so that witnesses of other makers can be asked.

References:
    C2SP tlog-witness (``add-checkpoint``).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.attest.log import merkle
from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.note import MAX_BYTES, Note, decode_base64, decode_number, parse_note
from mrv.errors import LogError

if TYPE_CHECKING:
    from mrv.attest.log.reader import LogCopy


@dataclass(frozen=True, slots=True)
class Request:
    """The body of an ``add-checkpoint`` call."""

    old: int
    """Size of the last checkpoint that the witness cosigned; 0 for none."""
    proof: tuple[bytes, ...]
    """Consistency proof from there."""
    signed: SignedCheckpoint
    """The checkpoint to cosign."""

    def encode(self) -> bytes:
        """The bytes of the body."""
        lines = [f"old {self.old}", *(base64.b64encode(step).decode() for step in self.proof), "", ""]
        return "\n".join(lines).encode() + self.signed.note.encode()


def make_request(copy: LogCopy, old: int) -> Request:
    """Ask for a cosignature of the checkpoint of a log.

    Args:
        copy: The log.
        old: Size of the last checkpoint that the witness cosigned (what it answers with 409); 0 for none.

    Raises:
        LogError: ``log.behind``: the log has fewer leaves; ``log.corrupt``, ``log.tile-missing`` or ``log.tile-torn``.
    """
    tree, files = copy.signed.checkpoint, copy.tree()
    if old > tree.size:
        raise LogError(
            f"the log has {tree.size} leaves, and the witness cosigned {old}", code="log.behind", file=copy.folder.root,
            hint="restore the newest state of the log: this one is older than what was cosigned",
        )  # fmt: skip
    if files.root() != tree.root:
        raise LogError(
            "its tiles do not give the root it signed", code="log.corrupt", file=copy.folder.root, hint="`mrv log verify` it"
        )
    return Request(old, tuple(merkle.consistency(old, tree.size, files.node)), copy.signed)


def parse_request(data: bytes) -> Request:
    """Read the body of an ``add-checkpoint`` call.

    Raises:
        LogError: ``request.format``, ``note.*`` or ``checkpoint.format``.
    """
    head, blank, checkpoint = data.partition(b"\n\n")
    if len(data) > 2 * MAX_BYTES or not blank or not head.startswith(b"old ") or not head.isascii():
        raise _malformed("is not a line `old SIZE`, a proof, an empty line and a checkpoint")
    first, *lines = head.decode().split("\n")
    try:
        old, proof = decode_number(first.removeprefix("old ")), tuple(decode_base64(line) for line in lines)
    except LogError as error:
        raise _malformed(error.message) from error
    if len(proof) > merkle.MAX_PROOF or any(len(step) != merkle.HASH_BYTES for step in proof):
        raise _malformed("has hashes that are not 32 bytes, or too many")
    return Request(old, proof, parse_checkpoint(checkpoint))


def read_answer(data: bytes, served: Note) -> Note:
    """The note that a witness's answer makes of the served checkpoint.

    Args:
        data: A cosigned checkpoint, or the signature lines alone, as ``add-checkpoint`` answers.
        served: The checkpoint that was sent.

    Raises:
        LogError: The ``note.*`` of its fault.
    """
    return parse_note(served.encode() + data if data.startswith("— ".encode()) else data)


def _malformed(what: str) -> LogError:
    return LogError(f"the request {what}", code="request.format", hint="make it with `mrv log request`")
