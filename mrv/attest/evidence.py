"""Evidence: the files an attestation names, hashed again.

A symbolic link or a VRT would let a digest cover a name and not the pixels, so both are refused; so is every
file that is not a plain file inside the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mrv.checks import Check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+=@,-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+=@,-]*)*")
_INDIRECT = (b"<vrtdataset", b"<ogrvrtdatasource", b"<gdaltileindexdataset", b"<gdal_wms", b"<gdal_wmts")
"""How the XML files begin that make GDAL read other files or services."""
_HEAD = 4096
_CHUNK = 1 << 20
_NAMED = 5


def check_evidence(materials: Iterable[Mapping[str, Any]], root: Path) -> list[Check]:
    """Hash every listed file under ``root`` again.

    Args:
        materials: ``path``, ``size`` (bytes) and ``sha256`` (hexadecimal) of each file.
        root: The evidence folder; it may itself be reached by a link, what lies in it may not.

    Returns:
        ``evidence.files`` when every file is what was signed, else one failing check a fault
        (``evidence.missing``, ``.path``, ``.symlink``, ``.irregular``, ``.size``, ``.vrt``, ``.digest``);
        and a note ``evidence.extra`` about files that the signature does not cover.
    """
    # Bands with equal pixels share a file, which is hashed once.
    listed = list({material["path"]: material for material in materials}.values())
    if not listed:
        return [Check("evidence.files", "fails", "the attestation lists no files, so there is nothing to hold it to")]
    faults = [fault for material in listed if (fault := _fault(material, root)) is not None]
    total = sum(int(material["size"]) for material in listed)
    checks = faults or [Check("evidence.files", "holds", f"{len(listed)} files, {total} bytes, as signed")]
    extra = _extra({str(material["path"]) for material in listed}, root)
    if extra:
        names = ", ".join(f"{name!a}" for name in extra[:_NAMED]) + (", …" if len(extra) > _NAMED else "")
        detail = f"{len(extra)} files that the signature does not cover: {names}"
        checks = [*checks, Check("evidence.extra", "note", detail)]
    return checks


def check_materials(statement: Mapping[str, Any], materials: Iterable[Mapping[str, Any]]) -> Check:
    """Whether the files that are signed are those that the statement speaks of: each band, map and table, once, by its digest.

    Args:
        statement: The statement as signed; of another shape it holds nothing, and the check fails.
        materials: The signed list of files.
    """
    try:
        wanted = {(row["id"], band["band"], band["pixels"]) for row in statement["evidence"] for band in row["bands"]}
        wanted |= {(None, row["name"], row["pixels"]) for row in statement["activity"]["maps"]}
        wanted.add((None, None, statement["project"]["boundary_digest"]))
        wanted |= {(None, None, row["digest"]) for row in statement["inputs"]}
    except (KeyError, TypeError):
        return Check("evidence.materials", "fails", "the statement names no evidence")
    listed = {(row["item"], row["band"], _named_digest(row["path"])) for row in materials}
    missing, stray = wanted - listed, listed - wanted
    if not missing and not stray:
        return Check("evidence.materials", "holds", f"{len(wanted)} files, each one the statement names")
    example = next(iter(sorted(map(str, missing or stray))))
    told = f"{len(missing)} not listed, {len(stray)} not named by the statement: {example}"
    return Check("evidence.materials", "fails", told)


def _named_digest(path: str) -> str:
    return "sha256:" + path.rsplit("/", 1)[-1].partition(".")[0]


class _FaultError(Exception):
    """One file is not what was signed."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _fault(material: Mapping[str, Any], root: Path) -> Check | None:
    name = str(material["path"])
    try:
        _check_name(name, root)
        _check_content(root / name, int(material["size"]), str(material["sha256"]))
    except FileNotFoundError:
        return Check("evidence.missing", "fails", f"{name:.200}: no such file")
    except OSError as error:
        return Check("evidence.missing", "fails", f"{name:.200}: cannot be read ({error.strerror})")
    except _FaultError as fault:
        return Check(f"evidence.{fault.reason}", "fails", f"{name!a:.200}: {fault}")
    return None


def _check_name(name: str, root: Path) -> None:
    if not _PATH.fullmatch(name):
        raise _FaultError("path", "not a plain relative path")
    if name.lower().endswith(".vrt"):
        raise _FaultError("vrt", "a VRT names other files, which its digest does not cover")
    for part in (*reversed(PurePosixPath(name).parents), PurePosixPath(name)):
        if part.name and stat.S_ISLNK((root / part).lstat().st_mode):
            raise _FaultError("symlink", f"{part} is a symbolic link")


def _check_content(path: Path, size: int, sha256: str) -> None:
    # Neither follows a link that appeared since, nor waits on a pipe.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _FaultError("irregular", "not a regular file")
        if status.st_size != size:
            raise _FaultError("size", f"{status.st_size} bytes, signed with {size}")
        head, digest = _hash(descriptor, size)
    finally:
        os.close(descriptor)
    if any(mark in head.lower() for mark in _INDIRECT):
        raise _FaultError("vrt", "the file names other files, which its digest does not cover")
    if digest != sha256:
        raise _FaultError("digest", f"sha256 {digest}, signed with {sha256}")


def _hash(descriptor: int, size: int) -> tuple[bytes, str]:
    """The first bytes and the digest; a file that grows while it is read cannot run on."""
    head, digest, left = b"", hashlib.sha256(), size + 1
    while left and (chunk := os.read(descriptor, min(_CHUNK, left))):
        head = head or chunk[:_HEAD]
        digest.update(chunk)
        left -= len(chunk)
    return head, digest.hexdigest()


def _extra(listed: set[str], root: Path) -> list[str]:
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        names = [*files, *(name for name in folders if (here / name).is_symlink())]
        found += [(here / name).relative_to(root).as_posix() for name in names]
    return sorted(set(found) - listed)
