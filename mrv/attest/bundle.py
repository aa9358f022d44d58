"""Bundle: an attestation and all that stands behind it in one archive that can be kept for ten years.

Where a file lies says what it is::

    manifest.json                 every other member, and the evidence that is left out, by size and digest
    attestation.json              what all of it is about
    attestation.tlog-proof, .tsr  that a log holds it; that a time-stamping authority saw it
    status/<sha256>.json          status lists
    countersignatures/<sha256>.json
    token-metadata.json           what the token says of it
    evidence/<path>               evidence that is small: tables, boundary, maps
    trust.json, log-policy.json, tsa.pem
                                  a record of whom its maker trusted; never asked when it is checked

The manifest is not signed and adds no trust: each member is judged by its own signature, the evidence by the digests that
the attestation signs.  What is left out whole, such as an opinion, no bundle can tell; its own digest can, and the same
content always has the same.  A revoked attestation can be kept as one: the lists inside say so, and its check refuses it.
"""

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

from pydantic import Field

from mrv.attest import archive, credential, strict_json
from mrv.attest.shapes import Closed, Sha256Hex
from mrv.attest.trust import TrustList
from mrv.checks import Check, decide
from mrv.errors import AttestationError, MRVError
from mrv.units import Digest

MANIFEST, ATTESTATION = "manifest.json", "attestation.json"
LOG_PROOF, TIMESTAMP, TOKEN_METADATA = "attestation.tlog-proof", "attestation.tsr", "token-metadata.json"
TRUST, LOG_POLICY, TSA = "trust.json", "log-policy.json", "tsa.pem"
RECORDS = (TRUST, LOG_POLICY, TSA)
STATUS, COUNTERSIGNATURES, EVIDENCE = "status/", "countersignatures/", "evidence/"
_SINGLE = {MANIFEST, ATTESTATION, LOG_PROOF, TIMESTAMP, TOKEN_METADATA, *RECORDS}
_SIGNED = re.compile(r"(?:status|countersignatures)/([0-9a-f]{64})\.json")
_NAMED = 5


class Listed(Closed):
    """A file and what it has to be."""

    path: Annotated[str, Field(min_length=1, max_length=archive.MAX_NAME)]
    """Its name in the bundle; of evidence that is left out, its path in the evidence folder."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Sha256Hex


class Manifest(Closed):
    """What a bundle holds, exactly, and what it leaves out."""

    format: Literal["mrv.bundle/1"]
    attestation: Digest
    """Attestation digest."""
    files: tuple[Listed, ...]
    """Every member but the manifest, in order of their names."""
    absent: tuple[Listed, ...]
    """Evidence that is signed and not inside, such as pixels, in order of paths."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read; what its files say is still to be asked."""

    files: Mapping[str, bytes]
    """Names to bytes, the manifest too."""
    manifest: Manifest
    size: int
    """Bytes of the archive."""
    digest: str
    """Digest of the archive."""

    @property
    def attestation(self) -> bytes:
        """The bytes of the attestation."""
        return self.files[ATTESTATION]

    @cached_property
    def evidence(self) -> dict[str, bytes]:
        """Evidence inside, by its path in the evidence folder."""
        return self.under(EVIDENCE)

    def under(self, folder: str) -> dict[str, bytes]:
        """The files of one folder, by their names in it."""
        return {name.removeprefix(folder): data for name, data in self.files.items() if name.startswith(folder)}


def make_bundle(
    attestation: bytes,
    *,
    single: Mapping[str, bytes] | None = None,
    status: Iterable[bytes] = (),
    countersignatures: Iterable[bytes] = (),
    evidence: Mapping[str, bytes] | None = None,
) -> bytes:
    """The bytes of a bundle; the order of the arguments' files does not change them.

    Args:
        attestation: The bytes of ``attestation.json``; check it first.
        single: Files of which there is at most one, by their names in the bundle.
        status: Status lists.
        countersignatures: Countersignatures.
        evidence: Evidence to put inside, by its signed path; the rest is listed as absent.

    Raises:
        AttestationError: ``json.*`` or ``schema.*`` for the attestation; ``bundle.*`` for what no reader would take.
    """
    document = credential.parse(attestation)
    files = {**(single or {}), ATTESTATION: attestation}
    for folder, several in ((STATUS, status), (COUNTERSIGNATURES, countersignatures)):
        files.update({f"{folder}{hashlib.sha256(data).hexdigest()}.json": data for data in several})
    files.update({f"{EVIDENCE}{path}": data for path, data in (evidence or {}).items()})
    signed = _signed(document)
    manifest = {
        "format": "mrv.bundle/1",
        "attestation": credential.attestation_digest(document, checked=True),
        "files": [_listed(name, len(files[name]), hashlib.sha256(files[name]).hexdigest()) for name in sorted(files)],
        "absent": [_listed(path, *signed[path]) for path in sorted(signed.keys() - (evidence or {}).keys())],
    }
    data = archive.pack({**files, MANIFEST: strict_json.canonical(manifest)})
    made = open_bundle(data)
    for check in check_bundle(made):
        if check.status == "fails":
            raise AttestationError(check.detail, code=check.code, hint="bundle the files that were signed")
    return data


def open_bundle(data: bytes) -> Bundle:
    """The bundle in ``data``: the one archive that holds what its manifest lists, each file by size and digest.

    Raises:
        AttestationError: As :func:`mrv.attest.archive.unpack`; ``bundle.manifest`` (none, of another shape, or in another
            spelling), ``.missing``, ``.extra``, ``.digest`` or ``.name``: its members are not those listed.
    """
    files = archive.unpack(data)
    for wanted in (MANIFEST, ATTESTATION):
        if wanted not in files:
            _refuse("missing", "is not in the bundle", wanted)
    manifest = _manifest(files[MANIFEST])
    listed = {row.path: (row.size, row.sha256) for row in manifest.files}
    if missing := sorted(listed.keys() - files.keys()):
        _refuse("missing", "is listed and not in the bundle", missing[0])
    if extra := sorted(files.keys() - listed.keys() - {MANIFEST}):
        _refuse("extra", "is in the bundle and not listed", extra[0])
    for name, (size, sha256) in listed.items():
        found = hashlib.sha256(files[name]).hexdigest()
        if (len(files[name]), found) != (size, sha256):
            _refuse("digest", f"{len(files[name])} bytes, sha256 {found}; listed with {size}, {sha256}", name)
        _check_name(name, found)
    return Bundle(files, manifest, len(data), f"sha256:{hashlib.sha256(data).hexdigest()}")


def check_bundle(bundle: Bundle, *, digest: str | None = None) -> list[Check]:
    """Whether a bundle is about its attestation, and accounts for all evidence that is signed.

    Args:
        bundle: What :func:`open_bundle` read.
        digest: Digest of the bundle that the caller knows; None where they know none.

    Returns:
        ``bundle.form``, ``bundle.known`` where a digest was given, ``bundle.attestation``, ``bundle.evidence``.  Whether the
        attestation holds is for :func:`mrv.attest.verify.check`.
    """
    checks = [Check("bundle.form", "holds", f"{len(bundle.files)} members, {bundle.size} bytes, {bundle.digest}")]
    if digest is not None:
        checks.append(decide("bundle.known", digest == bundle.digest, f"it is {bundle.digest}; wanted is {digest!a:.80}"))
    try:
        document = credential.parse(bundle.attestation)
    except AttestationError as error:
        return [*checks, Check("bundle.attestation", "fails", f"its attestation cannot be read: {error}")]
    about = credential.attestation_digest(document, checked=True)
    told = f"the manifest names {bundle.manifest.attestation}; inside is {about}"
    return [
        *checks,
        decide("bundle.attestation", about == bundle.manifest.attestation, told),
        _check_evidence(bundle, document),
    ]


def kept_as(checks: Sequence[Check]) -> Literal["revoked", "suspended"] | None:
    """What an attestation is of which all holds but its status: kept for the record, and relied on by nobody.

    Args:
        checks: What was found of it.

    Returns:
        ``revoked`` or ``suspended``; None where it stands, or where anything else fails.  What is revoked is so for ever,
        whatever its other list says, or can no longer say.
    """
    failed = {check.code for check in checks if check.status == "fails"}
    if "status.revocation" in failed:
        return "revoked" if all(code.startswith("status.") for code in failed) else None
    return "suspended" if failed == {"status.suspension"} else None


def record_note(bundle: Bundle, trust: TrustList) -> Check:
    """That the bundle's own trust list is a record, and whether it is the caller's."""
    held = [name for name in RECORDS if name in bundle.files]
    if TRUST not in held:
        return Check("bundle.record", "note", "it has no trust list of its own; yours counts")
    try:
        same = strict_json.digest(strict_json.loads(bundle.files[TRUST]), checked=True) == trust.digest
    except MRVError:
        same = False
    told = f"{', '.join(held)}: a record of whom its maker trusted; yours counts, which is "
    return Check("bundle.record", "note", told + ("the same list" if same else "another list"))


def extract(bundle: Bundle, folder: Path) -> None:
    """Write a bundle's files into a new folder, all or none.

    Args:
        bundle: What :func:`open_bundle` read.
        folder: Must not exist.

    Raises:
        AttestationError: ``bundle.exists``; ``file.unwritable``.
    """
    if folder.exists() or folder.is_symlink():
        raise AttestationError("exists already", code="bundle.exists", file=folder, hint="name a new folder")
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    try:
        for name, data in bundle.files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
        draft.rename(folder)
    except OSError as error:
        told = f"cannot be written: {error.strerror}"
        raise AttestationError(told, code="file.unwritable", file=folder, hint="make room, or name another folder") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _manifest(data: bytes) -> Manifest:
    try:
        value = strict_json.loads(data)
        manifest = Manifest.of_checked(data)
    except AttestationError as error:
        _refuse("manifest", f"{error.error_code}: {error}", MANIFEST)
    if strict_json.canonical(value, checked=True) != data:
        _refuse("manifest", "not in canonical spelling", MANIFEST)
    for rows in (manifest.files, manifest.absent):
        paths = [row.path for row in rows]
        if paths != sorted(set(paths)):
            _refuse("manifest", "lists files twice, or out of order", MANIFEST)
    return manifest


def _check_name(name: str, sha256: str) -> None:
    """Whether a member lies where a bundle has one; lists and opinions under their own digest."""
    if name in _SINGLE or name.startswith(EVIDENCE):
        return
    named = _SIGNED.fullmatch(name)
    if named is None or named[1] != sha256:
        _refuse("name", "no such member is in a bundle, or it lies under another digest", name)


def _check_evidence(bundle: Bundle, document: dict[str, Any]) -> Check:
    """Whether what is inside and what is left out is together what is signed, no file in both."""
    inside = {path: (len(data), hashlib.sha256(data).hexdigest()) for path, data in bundle.evidence.items()}
    absent = {row.path: (row.size, row.sha256) for row in bundle.manifest.absent}
    signed = _signed(document)
    wrong = [path for path in {**signed, **inside, **absent} if (path in inside) == (path in absent)]
    wrong += [path for path, file in {**inside, **absent}.items() if signed.get(path) != file]
    if wrong:
        names = ", ".join(f"{name!a:.200}" for name in sorted(set(wrong))[:_NAMED])
        return Check("bundle.evidence", "fails", f"not as signed, or neither inside nor left out, or both: {names}")
    told = f"{len(signed)} files are signed: {len(inside)} inside, {len(absent)} left out"
    return Check("bundle.evidence", "holds", told)


def _signed(document: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {row["path"]: (row["size"], row["sha256"]) for row in document["credentialSubject"]["materials"]}


def _listed(path: str, size: int, sha256: str) -> dict[str, Any]:
    return {"path": path, "size": size, "sha256": sha256}


def _refuse(reason: str, told: str, name: str) -> NoReturn:
    raise AttestationError(told, code=f"bundle.{reason}", field=ascii(name)[1:-1][:200], hint="ask for the original file")
