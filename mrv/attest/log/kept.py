"""Files that lie in a log's folder beside those of its tree: of earlier, smaller trees, and beyond the one it signed.

A partial tile of an earlier size is no rubbish.  A log has to go on serving it, for a checkpoint of that size may be in
somebody's hands; it may take it away once the full tile is there.  What it may not do is serve other bytes there than the
tree has: whoever still holds the earlier checkpoint would be shown another log.  So each is held against the tree.

What goes beyond the signed tree is no part of the log yet: an append that is under way, or was stopped, leaves it.  As far as
the tree reaches it has to agree.

References:
    C2SP tlog-tiles, "Partial Tiles": "Logs MUST serve partial tiles corresponding to tree sizes for which a checkpoint was
    produced, but MAY delete any partial tile once the corresponding full tile is either available […]".
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrv.attest.log.merkle import HASH_BYTES
from mrv.attest.log.tiles import MAX_FILE, Place, place_of, unpack
from mrv.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mrv.attest.log.durable import Folder

_HINT = "fetch the log again; in a log of your own restore the file from a backup, or take it away where the full tile is there"


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies beside the files of a tree; all of it agrees with the tree."""

    earlier: tuple[str, ...]
    """Partial files of smaller trees."""
    beyond: tuple[str, ...]
    """Files that hold more than the tree."""
    strange: tuple[str, ...]
    """Files that no log has."""


def kept(folder: Folder, files: Mapping[str, bytes]) -> Kept:
    """Hold every file under ``tile/`` against a tree.

    Args:
        folder: The log's folder or a copy.
        files: The files of the tree, by name, as its entries make them.

    Raises:
        LogError: ``log.tile-stale``: a file of an earlier size, or one that goes beyond the tree, has other bytes than the
            tree; ``log.unreadable``.
    """
    held = {place[:2]: data for name, data in files.items() if (place := place_of(name))}
    earlier: list[str] = []
    beyond: list[str] = []
    strange: list[str] = []
    for name in _names(folder):
        place = place_of(name)
        if place is None:
            strange.append(name)
        elif name not in files:
            data, mine = folder.read(name, MAX_FILE), held.get(place[:2], b"")
            if data is None:  # taken away meanwhile
                continue
            if _count(place, data) != place.width:
                raise _stale(folder, name, f"{len(data)} bytes, not the {place.width} hashes or entries of its name")
            if not (mine.startswith(data) or data.startswith(mine)):
                raise _stale(folder, name, "the tree has others there")
            (earlier if len(data) < len(mine) else beyond).append(name)
    return Kept(tuple(earlier), tuple(beyond), tuple(strange))


def _names(folder: Folder) -> Iterator[str]:
    """Every name under ``tile/`` but those of folders, in order; a link to a folder is not followed."""
    for where, folders, names in os.walk(folder.root / "tile"):
        folders.sort()
        base = Path(where)
        for path in sorted(
            [*(base / name for name in names), *(base / name for name in folders if (base / name).is_symlink())]
        ):
            yield path.relative_to(folder.root).as_posix()


def _count(place: Place, data: bytes) -> float:
    """Hashes or entries in a file; no whole number where it ends within one."""
    if place.level == "entries":
        entries = unpack(data)
        return -1 if entries is None else len(entries)
    return len(data) / HASH_BYTES


def _stale(folder: Folder, name: str, what: str) -> LogError:
    return LogError(f"{name} is not of this tree: {what}", code="log.tile-stale", file=folder.root, hint=_HINT)
