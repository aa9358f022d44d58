"""Evidence: the files an attestation names, hashed again.

A symbolic link or a VRT would let a digest cover a name and not the pixels, so both are refused; so is every
file that is not a plain file inside the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mrv.checks import Check
from mrv.regular_file import NotRegularError, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+=@,-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+=@,-]*)*")
_INDIRECT = (b"<vrtdataset", b"<ogrvrtdatasource", b"<gdaltileindexdataset", b"<gdal_wms", b"<gdal_wmts")
"""How the XML files begin that make GDAL read other files or services."""
_HEAD = 4096
_CHUNK = 1 << 20
_NAMED = 5


@dataclass(frozen=True)
class Held:
    """Evidence of which some files are in memory, as a bundle's are."""

    files: Mapping[str, bytes]
    """Signed path to bytes."""
    root: Path | None
    """Folder of the others; None where the caller has none."""


def check_held(materials: Iterable[Mapping[str, Any]], held: Held) -> list[Check]:
    """Hash the files in memory again, and the others where the caller has their folder.

    Args:
        materials: As for :func:`check_evidence`.
        held: The files.

    Returns:
        As :func:`check_evidence`; without a folder the note ``evidence.absent`` tells how much was not read.
    """
    listed = {material["path"]: material for material in materials}
    inside = [material for path, material in listed.items() if path in held.files]
    others = [material for path, material in listed.items() if path not in held.files]
    checks = [fault for material in inside if (fault := _fault_held(material, held.files[material["path"]])) is not None]
    if inside and not checks:
        told = f"{len(inside)} files in the bundle, {_total(inside)} bytes, as signed"
        checks = [Check("evidence.files", "holds", told)]
    if held.root is not None and (others or not inside):
        return checks + check_evidence(others, held.root, covered=held.files)
    told = f"{len(others)} files, {_total(others)} bytes, are signed and were not read again"
    return [*checks, Check("evidence.absent", "note", told)] if others or not inside else checks


def check_evidence(materials: Iterable[Mapping[str, Any]], root: Path, *, covered: Iterable[str] = ()) -> list[Check]:
    """Hash every listed file under ``root`` again.

    Args:
        materials: ``path``, ``size`` (bytes) and ``sha256`` (hexadecimal) of each file.
        root: The evidence folder; it may itself be reached by a link, what lies in it may not.
        covered: Further paths that are signed, and read elsewhere.

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
    checks = faults or [Check("evidence.files", "holds", f"{len(listed)} files, {_total(listed)} bytes, as signed")]
    extra = _extra({*covered, *(str(material["path"]) for material in listed)}, root)
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
    try:
        file = open_regular(path, follow=False)  # nor a link that appeared since
    except NotRegularError as error:
        raise _FaultError("irregular", str(error.strerror)) from error
    with file:
        _check_size(os.fstat(file.fileno()).st_size, size)
        head, digest = _hash(file.fileno(), size)
    _check_hashed(head, digest, sha256)


def _total(materials: Iterable[Mapping[str, Any]]) -> int:
    return sum(int(material["size"]) for material in materials)


def _fault_held(material: Mapping[str, Any], data: bytes) -> Check | None:
    try:
        _check_size(len(data), int(material["size"]))
        _check_hashed(data[:_HEAD], hashlib.sha256(data).hexdigest(), str(material["sha256"]))
    except _FaultError as fault:
        return Check(f"evidence.{fault.reason}", "fails", f"{material['path']!a:.200}: {fault}")
    return None


def _check_size(found: int, size: int) -> None:
    if found != size:
        raise _FaultError("size", f"{found} bytes, signed with {size}")


def _check_hashed(head: bytes, digest: str, sha256: str) -> None:
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
