"""Writer: the one that appends to a log, and what it does so that a crash can come at any moment.

The order of an append, each step on the disk before the next begins:

1. ``.state/head``: the new entries and the signed checkpoint of the tree they make.  From here on the append will happen.
2. Entry bundle and tiles of the new tree.
3. ``checkpoint``: the new tree is served.
4. Partial files that a full one replaced are removed.
5. The caller is told.

Whoever opens the log next takes steps 2 to 4 again; each gives the same bytes, so a file that was fetched never changes.
A log whose head is gone is refused, for the writer would not know what it signed last.

References:
    C2SP tlog-checkpoint ("a log must not sign any checkpoint which is inconsistent with any it previously signed").
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mrv.attest import strict_json
from mrv.attest.log.checkpoint import Checkpoint, SignedCheckpoint, parse_checkpoint
from mrv.attest.log.durable import STATE, Folder
from mrv.attest.log.entry import check_entry
from mrv.attest.log.note import MAX_BYTES, Note
from mrv.attest.log.signatures import VerifierKey, sign, signed_by, verifier_key
from mrv.attest.log.tiles import MAX_FILE, WIDTH, Tree, grown, tile_path
from mrv.attest.shapes import Closed
from mrv.errors import AttestationError, LogError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.attest.keys import Signer

CHECKPOINT = "checkpoint"
_HEAD = f"{STATE}/head"
_BATCH = 2048  # a head of so many entries stays below the largest strict JSON


class _Head(Closed):
    """The last thing this log decided."""

    version: Annotated[int, Field(ge=1, le=1)]
    before: Annotated[int, Field(ge=0)]
    """Leaves before it."""
    entries: tuple[str, ...]
    """What it added."""
    checkpoint: str
    """The note it signed."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did, once it is on the disk and served."""

    indices: tuple[int, ...]
    """Leaf of each entry, in the order asked; an entry the log had keeps its leaf."""
    checkpoint: SignedCheckpoint
    """The tree that holds them all."""


def create(folder: str | os.PathLike[str], *, origin: str, signer: Signer) -> VerifierKey:
    """Start an empty log.

    Args:
        folder: Where; it is made.
        origin: The log's identity for good, best the URL it will be served at without scheme: ``example.org/log``.
        signer: The log's Ed25519 key.

    Returns:
        The key to publish.

    Raises:
        LogError: ``log.exists``, ``note.name``, ``key.weak`` or ``log.unwritable``.
    """
    key = verifier_key(origin, "log", signer.public_key)
    log = Folder(Path(folder))
    with log.lock():
        if log.read(_HEAD, strict_json.MAX_BYTES) is not None or log.read(CHECKPOINT, MAX_BYTES) is not None:
            raise LogError("a log is there", code="log.exists", file=folder, hint="append to it, or name another folder")
        _settle(log, _decide(log, Tree(log, 0), (), origin, signer))
    return key


def append(folder: str | os.PathLike[str], entries: Sequence[bytes], *, signer: Signer) -> Appended:
    """Append entries that the log does not have; an entry it has is not appended again.

    Args:
        folder: The log.
        entries: Leaves, as :mod:`mrv.attest.log.entry` makes them.
        signer: The key the log was started with.

    Raises:
        LogError: ``log.entry``; ``log.key``; ``log.locked``; ``log.state-missing``, ``log.rollback``, ``log.corrupt``,
            ``log.tile-missing`` or ``log.tile-torn``: the folder is not what this writer left; ``log.unwritable``.
    """
    for entry in entries:
        check_entry(entry)
    log = _existing(folder)
    with log.lock():
        signed = _reopen(log, signer)
        asked = dict.fromkeys(entries)
        known = {entry: index for index, entry in enumerate(Tree(log, signed.checkpoint.size).entries()) if entry in asked}
        new = [entry for entry in asked if entry not in known]
        for start in range(0, len(new), _BATCH):
            batch = new[start : start + _BATCH]
            tree = Tree(log, signed.checkpoint.size)
            known.update({entry: tree.size + place for place, entry in enumerate(batch)})
            signed = _settle(log, _decide(log, tree, batch, signed.checkpoint.origin, signer))
    return Appended(tuple(known[entry] for entry in entries), signed)


def add_cosignatures(folder: str | os.PathLike[str], notes: Sequence[Note], *, witnesses: Sequence[VerifierKey]) -> int:
    """Put the cosignatures that witnesses gave under the served checkpoint.

    Args:
        folder: The log.
        notes: Cosigned checkpoints.
        witnesses: Whose cosignatures are taken.

    Returns:
        How many signatures the served checkpoint has now.

    Raises:
        LogError: ``log.behind``: a note is of another tree than the one served; ``note.signature``; and as :func:`append`.
    """
    log = _existing(folder)
    with log.lock():
        served = _settle(log, _head(log))
        note = served.note
        for given in notes:
            if given.text != note.text:
                raise LogError(
                    "cosigns another checkpoint than the one served", code="log.behind", file=folder,
                    hint="ask the witness again; `mrv log prove --cosigned` takes an earlier one",
                )  # fmt: skip
            known = signed_by(given, witnesses)
            note = note.with_signatures(tuple(s for s in given.signatures if any(key.claims(s) for key in known)))
        if note != served.note:
            log.write(CHECKPOINT, note.encode())
    return len(note.signatures)


def _existing(folder: str | os.PathLike[str]) -> Folder:
    log = Folder(Path(folder))
    if not (log.root / STATE).is_dir():
        raise _stateless(log)
    return log


def _stateless(log: Folder) -> LogError:
    return LogError(
        "no log, or one whose writer lost its state", code="log.state-missing", file=log.root / _HEAD,
        hint="start one with `mrv log init`; a log without its state is not appended to, for what it signed last is unknown",
    )  # fmt: skip


def _reopen(log: Folder, signer: Signer) -> SignedCheckpoint:
    """The tree to append to, after what was begun is finished."""
    head = _head(log)
    signed = parse_checkpoint(head.checkpoint.encode())
    key = verifier_key(signed.checkpoint.origin, "log", signer.public_key)
    if key not in signed_by(signed.note, [key]):
        raise LogError(f"this is not the key of {key.name}", code="log.key", file=log.root, hint="use the log's own key")
    return _settle(log, head)


def _decide(log: Folder, tree: Tree, entries: Sequence[bytes], origin: str, signer: Signer) -> _Head:
    """Sign the tree that ``entries`` make, and put the decision on the disk."""
    size = tree.size + len(entries)
    checkpoint = Checkpoint(origin, size, Tree(log, size, grown(tree, entries)).root())
    note = Note(checkpoint.text, (sign(checkpoint.text, origin, signer),))
    value: dict[str, Any] = {
        "version": 1,
        "before": tree.size,
        "entries": [entry.decode() for entry in entries],
        "checkpoint": note.encode().decode(),
    }
    head = _Head.of(value)
    log.write(_HEAD, strict_json.canonical(value))
    return head


def _head(log: Folder) -> _Head:
    data = log.read(_HEAD, strict_json.MAX_BYTES)
    if data is None:
        raise _stateless(log)
    try:
        strict_json.loads(data)
        return _Head.of_checked(data)
    except AttestationError as error:
        raise LogError(error.message, code="log.corrupt", file=log.root / _HEAD, hint="restore it from a backup") from error


def _settle(log: Folder, head: _Head) -> SignedCheckpoint:
    """Do what the head decided, as far as it is not done; the checkpoint that is served then."""
    decided = parse_checkpoint(head.checkpoint.encode())
    current = _served(log, decided.checkpoint)
    files = grown(Tree(log, head.before), [entry.encode() for entry in head.entries])
    if Tree(log, decided.checkpoint.size, files).root() != decided.checkpoint.root:
        raise LogError(
            "the files are not those of the tree that was signed", code="log.corrupt", file=log.root,
            hint="restore the tiles from a backup or another copy that `mrv log verify` calls whole",
        )  # fmt: skip
    for name, data in files.items():
        if log.read(name, MAX_FILE) != data:
            log.write(name, data)
    if current is None:
        log.write(CHECKPOINT, decided.note.encode())
        current = decided
    for name in files:
        if ".p/" not in name:
            log.remove(f"{name}.p")
    return current


def _served(log: Folder, decided: Checkpoint) -> SignedCheckpoint | None:
    """The served checkpoint where it is the decided one already; None where it is older, torn or lost."""
    data = log.read(CHECKPOINT, MAX_BYTES)
    try:
        served = None if data is None else parse_checkpoint(data)
    except LogError:
        served = None
    if served is not None and served.checkpoint == decided:
        return served
    ahead = served is not None and (served.checkpoint.size >= decided.size or served.checkpoint.origin != decided.origin)
    if ahead or _has_more(log, decided.size):
        raise LogError(
            f"holds another tree than the {decided.size} leaves its writer remembers", code="log.rollback", file=log.root,
            hint="an old .state was put back: restore the newest, for appending would fork the log",
        )  # fmt: skip
    return None


def _has_more(log: Folder, size: int) -> bool:
    """Whether there are entries beyond ``size``."""
    index, width = divmod(size, WIDTH)
    partial = log.root / f"{tile_path('entries', index)}.p"
    wider = partial.is_dir() and any(int(file.name) > width for file in partial.iterdir() if file.name.isdecimal())
    return wider or (log.root / tile_path("entries", index)).exists()
