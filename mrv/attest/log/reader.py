"""Reader: prove and audit a log from its folder, or from anybody's copy of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.attest.log import merkle
from mrv.attest.log.checkpoint import SignedCheckpoint, parse_checkpoint
from mrv.attest.log.durable import Folder
from mrv.attest.log.entry import check_entry
from mrv.attest.log.kept import kept
from mrv.attest.log.note import MAX_BYTES
from mrv.attest.log.sidecar import Sidecar
from mrv.attest.log.signatures import signed_by
from mrv.attest.log.tiles import Tree, grown, tile_path, widths
from mrv.attest.log.writer import CHECKPOINT
from mrv.checks import Check, decide
from mrv.errors import LogError

if TYPE_CHECKING:
    import os

    from mrv.attest.log.policy import LogPolicy


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A log as somebody holds it: what it says it is, and the files that should bear it out."""

    folder: Folder
    """Where it is."""
    signed: SignedCheckpoint
    """The checkpoint served with it, not believed yet."""

    def tree(self) -> Tree:
        """The tree its checkpoint names; the nodes of it give every smaller tree too."""
        return Tree(self.folder, self.signed.checkpoint.size)


def open_copy(path: str | os.PathLike[str]) -> LogCopy:
    """Open a log or a copy of one, for reading.

    Raises:
        LogError: ``log.missing``, or the ``note.*`` or ``checkpoint.format`` of its checkpoint.
    """
    folder = Folder(Path(path))
    data = folder.read(CHECKPOINT, MAX_BYTES)
    if data is None:
        raise LogError("no log here: it has no checkpoint", code="log.missing", file=path, hint="name the log's folder")
    try:
        return LogCopy(folder, parse_checkpoint(data))
    except LogError as error:
        error.file = str(folder.root / CHECKPOINT)
        raise


def prove(path: str | os.PathLike[str], entry: bytes, cosigned: SignedCheckpoint | None = None) -> Sidecar:
    """Prove that the log holds ``entry``.

    Args:
        path: The log's folder or a copy.
        entry: The leaf.
        cosigned: The checkpoint to prove it in, such as one that witnesses cosigned; default, the one served.

    Raises:
        LogError: ``log.not-included``; ``log.corrupt``, ``log.tile-missing`` or ``log.tile-torn``: the files do not
            give the checkpoint's root.
    """
    copy = open_copy(path)
    signed = cosigned or copy.signed
    size = signed.checkpoint.size
    if size > copy.signed.checkpoint.size or signed.checkpoint.origin != copy.signed.checkpoint.origin:
        raise LogError(
            f"this copy has {copy.signed.checkpoint.size} leaves of {copy.signed.checkpoint.origin!a:.200}", code="log.behind",
            file=path, hint="fetch the log again, or name the checkpoint of this log",
        )  # fmt: skip
    tree = copy.tree()
    if merkle.root(size, tree.node) != signed.checkpoint.root:
        raise LogError(
            f"its first {size} leaves have another root than the checkpoint", code="log.corrupt", file=path,
            hint="`mrv log verify` says whether the copy is whole; if it is, the log signed two trees: keep both as proof",
        )  # fmt: skip
    index = tree.find(entry)
    if index is None or index >= size:
        raise LogError(
            f"{entry.decode():.160} is not among its first {size} leaves", code="log.not-included", file=path,
            hint="append it, or prove it in a later checkpoint",
        )  # fmt: skip
    return Sidecar(index, tuple(merkle.inclusion(index, size, tree.node)), signed)


def audit(path: str | os.PathLike[str], *, policy: LogPolicy) -> list[Check]:
    """Read a whole log again: signature, entries, tiles and root.

    Args:
        path: The log's folder or a copy.
        policy: Whose logs count.

    Returns:
        ``log.origin``, ``log.signature``, ``log.entries``, ``log.tiles``, ``log.earlier``, and where there are such files
        the note ``log.beyond``.

    Raises:
        LogError: As :func:`open_copy`.
    """
    copy = open_copy(path)
    return [*check_signature(copy.signed, policy), *check_files(copy)]


def check_signature(signed: SignedCheckpoint, policy: LogPolicy) -> list[Check]:
    """``log.origin`` and ``log.signature`` of a checkpoint."""
    origin = signed.checkpoint.origin
    keys = policy.log_keys(origin)
    known = decide("log.origin", bool(keys), f"{origin!a:.200} {'is' if keys else 'is not'} a log of the policy")
    try:
        found = signed_by(signed.note, keys)
    except LogError as error:
        return [known, Check("log.signature", "fails", f"{error} ({error.hint})")]
    return [known, decide("log.signature", bool(found), f"{'signed' if found else 'not signed'} by a key of {origin!a:.200}")]


def check_files(copy: LogCopy) -> list[Check]:
    """Of a copy's files.

    Args:
        copy: A log, or a copy of one.

    Returns:
        ``log.entries`` (they give the signed root), ``log.tiles`` (so does each tile), ``log.earlier`` (what is left of
        smaller trees agrees with this one), and the note ``log.beyond`` where files go beyond the signed tree or are no log's.
    """
    tree, wanted = copy.tree(), copy.signed.checkpoint
    try:
        entries = [check_entry(entry) for entry in tree.entries()]
        files = grown(Tree(copy.folder, 0), entries)
        whole = Tree(copy.folder, wanted.size, files)
        root = whole.root()
    except LogError as error:
        return [Check("log.entries", "fails", f"{error} ({error.hint})")]
    answer = decide("log.entries", root == wanted.root, f"{wanted.size} leaves, root {root.hex()}, signed {wanted.root.hex()}")
    return [answer, _tiles(tree, whole), *_beside(copy.folder, files)]


def _tiles(tree: Tree, whole: Tree) -> Check:
    level, count, seen = 0, tree.size, 0
    try:
        while count:
            for index, width in widths(count):
                if tree.tile(level, index) != whole.tile(level, index):
                    return Check(
                        "log.tiles", "fails", str(tree.torn(tile_path(level, index, width), "its entries give other hashes"))
                    )
                seen += 1
            level, count = level + 1, count >> 8
    except LogError as error:
        return Check("log.tiles", "fails", f"{error} ({error.hint})")
    return Check("log.tiles", "holds", f"{seen} tiles")


def _beside(folder: Folder, files: dict[str, bytes]) -> list[Check]:
    """What else lies in the folder; that a log goes on serving partial tiles of smaller trees is as C2SP tlog-tiles asks."""
    try:
        found = kept(folder, files)
    except LogError as error:
        return [Check("log.earlier", "fails", f"{error} ({error.hint})")]
    told = f"{len(found.earlier)} partial files of smaller trees, kept for their checkpoints, begin this one"
    checks = [Check("log.earlier", "holds", told)]
    if rest := [*found.beyond, *found.strange]:
        told = (
            f"{len(rest)} files are not of the signed tree, such as {rest[0]!a:.120}: an append that has not ended, or no log's"
        )
        checks.append(Check("log.beyond", "note", told))
    return checks
