"""Watch: hold two views of one log against each other; a log that shows two trees cannot hide it from who has both.

A view is a fetched copy of the log, a checkpoint, or the checkpoint in a ``.tlog-proof``; where the sizes differ, the larger
has to be a copy, for its tiles say whether it goes on from the smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.attest.log import merkle
from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.note import MAX_BYTES
from mrv.attest.log.reader import LogCopy, check_files, check_signature, open_copy
from mrv.attest.log.sidecar import parse_sidecar
from mrv.checks import Check, decide
from mrv.errors import LogError
from mrv.regular_file import read_regular

if TYPE_CHECKING:
    import os

    from mrv.attest.log.policy import LogPolicy

_MAX_BYTES = 2 * MAX_BYTES
"""Of a ``.tlog-proof``; a checkpoint has half of it."""


@dataclass(frozen=True, slots=True)
class View:
    """What somebody was shown of a log."""

    signed: SignedCheckpoint
    """The checkpoint."""
    copy: LogCopy | None
    """The files, where they were fetched."""


def open_view(path: str | os.PathLike[str]) -> View:
    """Read a view: a folder, a checkpoint or a ``.tlog-proof``.

    Raises:
        LogError: ``log.missing``, or the ``note.*``, ``checkpoint.*`` or ``proof.*`` of its fault.
    """
    if Path(path).is_dir():
        copy = open_copy(path)
        return View(copy.signed, copy)
    try:
        data = read_regular(path, _MAX_BYTES)
        return View(parse_sidecar(data).signed if data.startswith(b"c2sp.org/tlog-proof@") else parse_checkpoint(data), None)
    except OSError as error:
        raise LogError(f"cannot read: {error.strerror}", code="log.missing", file=path, hint="check the path") from error
    except LogError as error:
        error.file = str(path)
        raise


def compare(left: View, right: View, *, policy: LogPolicy) -> list[Check]:
    """Whether two views are of one append-only log.

    Args:
        left: One view.
        right: Another, from elsewhere or of another day.
        policy: Whose logs count.

    Returns:
        For each view ``log.origin``, ``log.signature``, and of a copy ``log.entries``, ``log.tiles`` and ``log.earlier``; then
        ``watch.origin`` and ``watch.consistent``.
    """
    checks = [check for view in (left, right) for check in _own(view, policy)]
    origins = {view.signed.checkpoint.origin for view in (left, right)}
    checks.append(decide("watch.origin", len(origins) == 1, f"of {' and '.join(map(ascii, sorted(origins))):.400}"))
    if any(check.status == "fails" for check in checks):
        return [*checks, Check("watch.consistent", "fails", "views that do not hold by themselves say nothing of each other")]
    older, newer = sorted((left, right), key=lambda view: (view.signed.checkpoint.size, view.copy is not None))
    return [*checks, _consistent(older, newer)]


def _own(view: View, policy: LogPolicy) -> list[Check]:
    return [*check_signature(view.signed, policy), *(() if view.copy is None else check_files(view.copy))]


def _consistent(older: View, newer: View) -> Check:
    small, large = older.signed.checkpoint, newer.signed.checkpoint
    if small.size == large.size:
        root = large.root
    elif newer.copy is None:
        return Check("watch.consistent", "fails", f"not decided: fetch the tiles of the log with {large.size} leaves")
    else:
        root = merkle.root(small.size, newer.copy.tree().node)
    if root == small.root:
        return Check("watch.consistent", "holds", f"{large.size} leaves begin with the {small.size}")
    told = f"equivocation: with {small.size} leaves the log signed {small.root.hex()} here and {root.hex()} there; "
    return Check("watch.consistent", "fails", told + "keep both checkpoints, they are the proof")
