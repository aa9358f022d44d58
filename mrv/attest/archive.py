"""Archive: the one zip file that holds given files; no other bytes are read.

Members are stored, in the order of their names, end to end from the first byte to the directory, with fixed times and
nothing optional.  So the same files give the same bytes, nothing is ever unpacked, and two readers cannot find two
contents: whatever differs from what :func:`pack` writes is refused.  Why zip and not tar: ADR 20.

References:
    PKWARE APPNOTE 6.3.10 §4.3.7 (local header), §4.3.12 (central directory), §4.3.16 (its end).
"""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from mrv.errors import AttestationError
from mrv.regular_file import TooLargeError, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_MEMBERS = 4096
MAX_MEMBER_BYTES = 1 << 26
MAX_BYTES = 1 << 28
MAX_NAME = 540
MAX_NESTED = 16
"""Names between slashes."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+=@,-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+=@,-]*)*")
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_VERSION = 10
_STORED = 0
_MIDNIGHT, _FIRST_DAY = 0, 0x21
"""1980-01-01T00:00:00, the first moment that a zip file can state."""
_HINT = "only the bytes that `mrv bundle make` writes are read; ask for the original file"


class _Entry(NamedTuple):
    """One line of the directory."""

    name: bytes
    crc: int
    size: int
    offset: int

    @property
    def local(self) -> bytes:
        """The header in front of its bytes."""
        return _LOCAL.pack(
            b"PK\3\4", _VERSION, 0, _STORED, _MIDNIGHT, _FIRST_DAY, self.crc, self.size, self.size, len(self.name), 0
        ) + self.name  # fmt: skip

    @property
    def central(self) -> bytes:
        """Its line of the directory."""
        return _CENTRAL.pack(
            b"PK\1\2", _VERSION, _VERSION, 0, _STORED, _MIDNIGHT, _FIRST_DAY, self.crc, self.size, self.size,
            len(self.name), 0, 0, 0, 0, 0, self.offset,
        ) + self.name  # fmt: skip


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of ``files``, names to bytes; equal files give equal bytes.

    Raises:
        AttestationError: ``bundle.name``, ``.duplicate``, ``.members`` or ``.size``: no reader would take it.
    """
    _check_count(len(files))
    _check_names(sorted(files))
    parts, directory, offset = [], [], 0
    for name in sorted(files):
        data = files[name]
        _check_size(name, len(data))
        entry = _Entry(name.encode(), zlib.crc32(data), len(data), offset)
        parts += [entry.local, data]
        directory.append(entry.central)
        offset += len(entry.local) + len(data)
    listed = b"".join(directory)
    _check_total(offset + len(listed) + _END.size)
    return b"".join([*parts, listed, _end(len(files), len(listed), offset)])


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive, names to bytes, in order of their names; nothing touches the disk.

    Raises:
        AttestationError: ``bundle.form`` (not such an archive, or cut, prefixed or lengthened), ``.members``, ``.size``,
            ``.name``, ``.duplicate``, ``.order``, ``.encrypted``, ``.compressed``, ``.attributes`` (links and the like),
            ``.optional`` (extra fields, comments, descriptors), ``.header`` (the two headers differ), ``.overlap``
            (not end to end) or ``.changed`` (the bytes of a member).
    """
    _check_total(len(data))
    entries, start = _directory(data)
    names = [entry.name.decode("ascii", "replace") for entry in entries]
    if names != sorted(names):
        _check_names(sorted(names))
        _refuse("order", "the names are not in order")
    _check_names(names)
    files, place = {}, 0
    for name, entry in zip(names, entries, strict=True):
        place = _check_place(data, name, entry, place, start)
        content = data[place - entry.size : place]
        if zlib.crc32(content) != entry.crc:
            _refuse("changed", "its bytes are not those that were packed", name)
        files[name] = content
    if place != start:
        _refuse("overlap", f"{start - place} bytes lie between the last member and the directory")
    return files


def read(path: Path) -> bytes:
    """The bytes of a file that may be an archive, at most :data:`MAX_BYTES` of them.

    Raises:
        AttestationError: ``bundle.unreadable``, ``bundle.size``.
    """
    try:
        return read_regular(path, MAX_BYTES)
    except TooLargeError as error:
        raise AttestationError(str(error.strerror), code="bundle.size", file=path, hint=_HINT) from error
    except OSError as error:
        told = f"cannot be read: {error.strerror}"
        raise AttestationError(told, code="bundle.unreadable", file=path, hint="check the path: name the bundle") from error


def _directory(data: bytes) -> tuple[list[_Entry], int]:
    """The lines of the directory, each of the one form, and where it starts."""
    if len(data) < _END.size:
        _refuse("form", f"{len(data)} bytes are no archive")
    end = data[-_END.size :]
    magic, *_, count, size, start, _ = _END.unpack(end)
    if magic != b"PK\5\6":
        _refuse("form", "does not end as an archive does: cut off, lengthened, with a comment, or something else")
    _check_count(count)
    if end != _end(count, size, start) or start + size + _END.size != len(data):
        _refuse("form", "its end and its length disagree: prefixed, in parts, or of another kind")
    entries, place = [], start
    for _ in range(count):
        entry = _entry(data, place, len(data) - _END.size)
        entries.append(entry)
        place += len(entry.central)
    if place != start + size:
        _refuse("form", "the directory holds more than its lines")
    return entries, start


def _entry(data: bytes, place: int, end: int) -> _Entry:
    if place + _CENTRAL.size > end:
        _refuse("form", "the directory is cut off")
    fields = _CENTRAL.unpack_from(data, place)
    flags, method, crc, packed, size, length, extra, comment = (fields[i] for i in (3, 4, 7, 8, 9, 10, 11, 12))
    name = data[place + _CENTRAL.size : place + _CENTRAL.size + length]
    told = name.decode("ascii", "replace")
    if fields[0] != b"PK\1\2" or place + _CENTRAL.size + length > end:
        _refuse("form", "the directory is no list of members")
    if flags & 0x2041:
        _refuse("encrypted", "is encrypted", told)
    if method != _STORED or packed != size:
        _refuse("compressed", "is compressed, and nothing is unpacked here", told)
    if flags or extra or comment:
        _refuse("optional", "has an extra field, a comment or a data descriptor", told)
    if fields[14] or fields[15]:
        _refuse("attributes", "has attributes, as a link, a folder or a device would", told)
    _check_size(told, size)
    entry = _Entry(name, crc, size, fields[16])
    if data[place : place + _CENTRAL.size + length] != entry.central:
        _refuse("form", "has another time or version, or lies in another part", told)
    return entry


def _check_place(data: bytes, name: str, entry: _Entry, place: int, start: int) -> int:
    """Where the member ends, if it begins at ``place`` with the header that the directory says."""
    if entry.offset != place:
        _refuse("overlap", f"begins at byte {entry.offset}, where {place} is free", name)
    header = entry.local
    end = place + len(header) + entry.size
    if end > start:
        _refuse("overlap", "reaches into the directory", name)
    if data[place : place + len(header)] != header:
        _refuse("header", "its own header and the directory disagree", name)
    return end


def _check_names(names: Iterable[str]) -> None:
    """Plain relative names, none twice and none a folder of another, even where case is ignored."""
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        above = [str(folder) for folder in PurePosixPath(name.lower()).parents][:-1]
        if not _NAME.fullmatch(name) or len(name) > MAX_NAME or len(above) >= MAX_NESTED:
            _refuse("name", "not a plain relative name of the allowed length and depth", name)
        if name.lower() in seen:
            _refuse("duplicate", "occurs twice", name)
        seen.add(name.lower())
        folders.update(above)
    if both := sorted(seen & folders):
        _refuse("duplicate", "is both a file and a folder", both[0])


def _check_count(count: int) -> None:
    if not 0 < count <= MAX_MEMBERS:
        _refuse("members", f"{count} members; 1 to {MAX_MEMBERS} are allowed")


def _check_size(name: str, size: int) -> None:
    if size > MAX_MEMBER_BYTES:
        _refuse("size", f"{size} bytes; a member has at most {MAX_MEMBER_BYTES}", name)


def _check_total(size: int) -> None:
    if size > MAX_BYTES:
        _refuse("size", f"a bundle has at most {MAX_BYTES} bytes")


def _end(count: int, size: int, start: int) -> bytes:
    return _END.pack(b"PK\5\6", 0, 0, count, count, size, start, 0)


def _refuse(reason: str, told: str, name: str | None = None) -> NoReturn:
    field = None if name is None else ascii(name)[1:-1][:200]
    raise AttestationError(told, code=f"bundle.{reason}", field=field, hint=_HINT)
