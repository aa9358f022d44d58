"""Tiles: where the hashes and entries of a tree lie in a folder, and what an append adds there.

A tile holds up to 256 hashes of one level (32 bytes each); an entry bundle holds up to 256 entries, each after its length (two
bytes, big-endian).  A full tile never changes; a partial one is named by its width, and goes when the full one has come.

References:
    C2SP tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from mrv.attest.log import merkle
from mrv.errors import LogError

if TYPE_CHECKING:
    from mrv.attest.log.durable import Folder

WIDTH = 256
_LEVELS = 8
_MAX_LEVELS = 64
MAX_FILE = WIDTH * (2 + 65_535)
"""Bytes of the largest entry bundle."""
_NAME = re.compile(r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?")
Level = int | Literal["entries"]


def tile_path(level: Level, index: int, width: int = WIDTH) -> str:
    """Name of a tile or entry bundle, such as ``tile/0/x001/x234/067.p/5``."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{name}" + ("" if width == WIDTH else f".p/{width}")


class Place(NamedTuple):
    """Which tile or entry bundle a name is of."""

    level: Level
    number: int
    """Index in the level."""
    width: int
    """Hashes or entries that it holds."""


def place_of(name: str) -> Place | None:
    """What a name such as :func:`tile_path` makes is of; None for every other name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    level: Level = "entries" if match["level"] == "entries" else int(match["level"])
    place = Place(level, int(re.sub("[x/]", "", match["index"])), int(match["width"] or WIDTH))
    possible = place.width > 0 and (level == "entries" or level < _MAX_LEVELS)
    return place if possible and tile_path(*place) == name else None


def widths(count: int) -> Iterator[tuple[int, int]]:
    """``(index, width)`` of each tile that holds ``count`` hashes of a level."""
    for index in range(-(-count // WIDTH)):
        yield index, min(WIDTH, count - index * WIDTH)


@dataclass(frozen=True, slots=True)
class Tree:
    """The first ``size`` leaves of the log in a folder; what it reads is believed only against a root."""

    folder: Folder
    """Where its files are."""
    size: int
    """Leaves."""
    ahead: Mapping[str, bytes] = field(default_factory=dict)
    """Files that are not in the folder yet."""
    _read: dict[tuple[int, int], tuple[bytes, ...]] = field(default_factory=dict, repr=False, compare=False)

    def root(self) -> bytes:
        """Root hash, 32 bytes."""
        return merkle.root(self.size, self.node)

    def node(self, level: int, index: int) -> bytes:
        """Hash of the perfect subtree of ``2**level`` leaves from ``index * 2**level``."""
        row, height = divmod(level, _LEVELS)
        first = index << height
        hashes = self.tile(row, first // WIDTH)
        return merkle.perfect(hashes[first % WIDTH : first % WIDTH + (1 << height)])

    def tile(self, level: int, index: int) -> tuple[bytes, ...]:
        """The hashes of a tile, as many as this tree has there.

        Raises:
            LogError: ``log.tile-missing`` or ``log.tile-torn``.
        """
        if (known := self._read.get((level, index))) is None:
            name, data, width = self._file(level, index, self.size >> (_LEVELS * level))
            if len(data) != merkle.HASH_BYTES * (WIDTH if name == tile_path(level, index) else width):
                raise self.torn(name, f"{len(data)} bytes")
            step = merkle.HASH_BYTES
            known = self._read[level, index] = tuple(data[place : place + step] for place in range(0, step * width, step))
        return known

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle, as many as this tree has there.

        Raises:
            LogError: ``log.tile-missing`` or ``log.tile-torn``.
        """
        name, data, width = self._file("entries", index, self.size)
        entries = unpack(data)
        wanted = WIDTH if name == tile_path("entries", index) else width
        if entries is None or len(entries) != wanted:
            raise self.torn(name, "it does not hold its entries")
        return entries[:width]

    def entries(self) -> Iterator[bytes]:
        """Every entry, in order."""
        for index, _ in widths(self.size):
            yield from self.bundle(index)

    def find(self, entry: bytes) -> int | None:
        """Index of the first leaf that is ``entry``."""
        return next((index for index, found in enumerate(self.entries()) if found == entry), None)

    def _file(self, level: Level, index: int, count: int) -> tuple[str, bytes, int]:
        """``(name, bytes, width)`` of the partial file, or of the full one that took its place."""
        width = min(WIDTH, count - index * WIDTH)
        for name in dict.fromkeys((tile_path(level, index, width), tile_path(level, index))):
            data = self.ahead.get(name) or self.folder.read(name, MAX_FILE)
            if data is not None:
                return name, data, width
        raise LogError(
            f"no {tile_path(level, index, width)}", code="log.tile-missing", file=self.folder.root,
            hint="fetch the log again, its checkpoint first; a log that lost it is mended from a backup",
        )  # fmt: skip

    def torn(self, name: str, what: str) -> LogError:
        """What to raise where a file is not what its name says."""
        return LogError(
            f"{name} is torn: {what}", code="log.tile-torn", file=self.folder.root,
            hint="fetch the log again; a log with a torn file is mended from a backup or another copy",
        )  # fmt: skip


def grown(tree: Tree, entries: Sequence[bytes]) -> dict[str, bytes]:
    """The files that ``entries`` add to a tree, by name.

    Raises:
        LogError: ``log.tile-missing`` or ``log.tile-torn``: the last files of ``tree`` are not whole.
    """
    files = _bundles(tree, entries)
    row, level = [merkle.leaf_hash(entry) for entry in entries], 0
    while row:
        count = tree.size >> (_LEVELS * level)
        first, there = divmod(count, WIDTH)
        hashes = [*(tree.tile(level, first) if there else ()), *row]
        row = []
        for index, width in widths(len(hashes)):
            tile = hashes[index * WIDTH : index * WIDTH + width]
            files[tile_path(level, first + index, width)] = b"".join(tile)
            if width == WIDTH:
                row.append(merkle.perfect(tile))
        level += 1
    return files


def _bundles(tree: Tree, entries: Sequence[bytes]) -> dict[str, bytes]:
    first, there = divmod(tree.size, WIDTH)
    before = tree.bundle(first) if there else []
    if there and tuple(map(merkle.leaf_hash, before)) != tree.tile(0, first):
        raise tree.torn(tile_path("entries", first, there), "its entries are not those of the tile")
    found = [*before, *entries]
    return {
        tile_path("entries", first + index, width): b"".join(
            len(entry).to_bytes(2, "big") + entry for entry in found[index * WIDTH : index * WIDTH + width]
        )
        for index, width in widths(len(found))
    }


def unpack(data: bytes) -> list[bytes] | None:
    """The entries of a bundle; None where it does not end with one."""
    entries, place = [], 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 2], "big")
        entry = data[place + 2 : place + 2 + length]
        if len(data) < place + 2 or len(entry) != length:
            return None
        entries.append(entry)
        place += 2 + length
    return entries
