"""Ledger: what was attested before, and whether an attestation counts some of it again.

One JSON object a line, appended and never changed: the attestation's digest and issuer, its serial blocks and assets, its
area and period.  A folder of attestations serves as well.  The ledger is the caller's own memory: what it does not hold, it
cannot find.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from mrv.attest import credential, proof, strict_json
from mrv.attest.credential import AssetName, Serial
from mrv.attest.shapes import Closed, Line, Uri
from mrv.attest.trust import TrustList
from mrv.checks import Check, decide
from mrv.errors import AttestationError
from mrv.registry.binding import read
from mrv.registry.footprint import Footprint, from_rings, read_geojson
from mrv.registry.serials import clashes
from mrv.regular_file import open_regular, read_open, read_regular
from mrv.units import KG_PER_T, DateStr, Digest

MAX_BYTES = 1 << 27
"""Of a ledger file: some ten thousands of attestations with their boundaries."""
MAX_BOUNDARY = 1 << 24
"""Bytes of a boundary's file."""
_NAMED = 3
Degrees = Annotated[str, Field(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,20})?$")]


class Entry(Closed):
    """One attestation that was seen."""

    schema_: Annotated[Literal["mrv.ledger/1"], Field(alias="schema")]
    """Version of this format."""
    attestation: Digest
    """Its digest."""
    issuer: Uri
    """Who signed it."""
    project: Line
    """Project of its plan."""
    programme: Line
    """Crediting programme of its plan."""
    start: DateStr
    """First day of its period."""
    end: DateStr
    """Last day."""
    boundary: Digest
    """Digest of its boundary file."""
    rings: tuple[tuple[tuple[Degrees, Degrees], ...], ...] | None
    """The boundary itself, (longitude, latitude); null where the evidence was not at hand."""
    creditable_t: Annotated[int, Field(ge=0)]
    """Creditable tonnes, t CO2e."""
    serials: tuple[Serial, ...]
    """Serial blocks."""
    assets: tuple[AssetName, ...]
    """Token assets, CAIP-19."""
    supersedes: tuple[Digest, ...]
    """Attestations it replaced."""

    def footprint(self) -> Footprint | None:
        """Its area; None where the ledger has only the digest."""
        return None if self.rings is None else from_rings(self.rings)


@dataclass(frozen=True)
class Ledger:
    """Every attestation that was seen."""

    entries: tuple[Entry, ...]
    """In the order in which they were added."""


def entry_of(document: dict[str, Any], evidence: Path | None = None) -> Entry:
    """What the ledger keeps of an attestation.

    Args:
        document: The attestation, as :func:`mrv.attest.credential.parse` gives it.
        evidence: Its evidence folder, for the boundary; None keeps the digest alone.

    Raises:
        AttestationError: ``ledger.statement``: it attests no area and period; ``footprint.*``.
    """
    subject = document["credentialSubject"]
    statement, binding = subject["statement"], subject["binding"]
    try:
        area = footprint_of(statement, subject["materials"], evidence)
        value = {
            "schema": "mrv.ledger/1",
            "attestation": credential.attestation_digest(document, checked=True),
            "issuer": document["issuer"],
            "project": statement["project"]["id"],
            "programme": statement["programme"]["id"],
            "start": statement["period"]["start"],
            "end": statement["period"]["end"],
            "boundary": statement["project"]["boundary_digest"],
            "rings": None if area is None else area.as_json(),
            "creditableT": statement["conclusion"]["creditable_t"],
            **{name: binding[name] for name in ("serials", "assets", "supersedes")},
        }
    except (KeyError, TypeError) as error:
        raise AttestationError(
            f"the statement has no {error}", code="ledger.statement", hint="mrv check says what is wrong with it"
        ) from error
    return Entry.of(value)


def footprint_of(statement: dict[str, Any], materials: Sequence[dict[str, Any]], evidence: Path | None) -> Footprint | None:
    """The attested area, from the evidence folder; None without it.

    Raises:
        AttestationError: ``footprint.*``: the file is absent, other than attested, or no polygon.
    """
    if evidence is None:
        return None
    digest = statement["project"]["boundary_digest"]
    path = next((row["path"] for row in materials if f"sha256:{row['sha256']}" == digest), None)
    if path is None:
        raise AttestationError(
            "no material is the boundary", code="footprint.digest", field=digest,
            hint="the attestation lists no file of its boundary, so that its area cannot be read: ask its issuer",
        )  # fmt: skip
    try:
        return read_geojson(read_regular(evidence / path, MAX_BOUNDARY), digest=digest)
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror}", code="footprint.digest", file=evidence / path, hint="give the evidence folder"
        ) from error


def load_ledger(path: Path, *, trust: TrustList) -> Ledger:
    """Read a ledger file, or a folder of attestations.

    Args:
        path: The file (one JSON object a line), or a folder whose ``*.json`` are attestations, or that holds output folders of
            runs (``*/attestation.json``, with ``evidence`` beside it).
        trust: Whose signatures count in a folder; a stranger's file there would bar an honest attestation.

    Raises:
        AttestationError: ``ledger.unreadable``, ``ledger.proof``, or the ``json.*`` or ``schema.*`` of a line.
    """
    try:
        if path.is_dir():
            files = [*sorted(path.glob("*.json")), *sorted(path.glob("*/attestation.json"))]
            return Ledger(tuple(_signed_entry(file, trust) for file in files))
        lines = read_regular(path, MAX_BYTES).splitlines()
    except OSError as error:
        raise AttestationError(
            f"cannot read: {error.strerror}", code="ledger.unreadable", file=path, hint="start one with `mrv ledger add`"
        ) from error
    return Ledger(tuple(_entry(line, path, number) for number, line in enumerate(lines, 1)))


def append(path: Path, entry: Entry, *, again: Callable[[Ledger], Sequence[Check]] | None = None) -> bool:
    """Add an attestation to a ledger file, which is made where there is none; one writer at a time.

    Args:
        path: The file.
        entry: What to add.
        again: Asked of the ledger as it is when no other writer can add to it; what fails bars the entry.

    Returns:
        False where the ledger holds the attestation already.

    Raises:
        AttestationError: ``ledger.unwritable``; ``ledger.full``; ``ledger.counted``: another writer added what it would count
            twice; ``json.size``: too long a boundary; or what :func:`load_ledger` raises.
    """
    try:
        with open_regular(path, append=True) as file:
            _lock(file)
            file.seek(0)
            data = read_open(file, MAX_BYTES)
            held = [_entry(line, path, number) for number, line in enumerate(data.splitlines(), 1)]
            if any(old.attestation == entry.attestation for old in held):
                return False
            barred = [check for check in again(Ledger(tuple(held))) if check.status == "fails"] if again else []
            if barred:
                raise AttestationError(
                    f"{barred[0].code}: {barred[0].detail}", code="ledger.counted", file=path,
                    hint="another writer added it meanwhile; mrv check --ledger says the same",
                )  # fmt: skip
            line = json.dumps(entry.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":")).encode()
            strict_json.loads(line)  # what could not be read again would bar every later check
            line = (b"" if data.endswith(b"\n") or not data else b"\n") + line + b"\n"
            if len(data) + len(line) > MAX_BYTES:
                raise AttestationError(
                    f"would have more than {MAX_BYTES} bytes", code="ledger.full", file=path,
                    hint="--ledger reads a folder of attestations too, of any size: add no more to this file",
                )  # fmt: skip
            file.write(line)  # in one write, at the end, whoever else appends
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise AttestationError(
            f"cannot write: {error.strerror}", code="ledger.unwritable", file=path,
            hint="name a ledger in a folder that can be written and has room: nothing was added",
        ) from error  # fmt: skip
    return True


def _lock(file: Any) -> None:
    """Be the one writer until the file is closed; a system without locks has none."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - Windows
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX)


def check_ledger(document: dict[str, Any], ledger: Ledger, evidence: Path | None = None) -> list[Check]:
    """Ask whether an attestation counts a unit, or an area and a time, that was attested before.

    An entry is left out where the attestation, or another entry, supersedes it and the same issuer signed both: nobody else
    can clear it away.

    Args:
        document: The attestation, as :func:`mrv.attest.credential.parse` gives it.
        ledger: What was attested before.
        evidence: Its evidence folder, for the boundary.

    Returns:
        ``ledger.serials``, ``ledger.area``, ``ledger.current``, and notes: ``ledger.assets`` about its token, ``ledger.empty``.
    """
    try:
        mine = entry_of(document, evidence)
    except AttestationError as error:
        return [Check(error.error_code, "fails", f"{error} ({error.hint})")]
    others = [entry for entry in ledger.entries if entry.attestation != mine.attestation]
    gone = _superseded((*others, mine))
    earlier = [entry for entry in others if (entry.attestation, entry.issuer) not in gone]
    newer = [e.attestation for e in others if mine.attestation in e.supersedes and e.issuer == mine.issuer]
    bound = [e.attestation for e in earlier if set(e.assets) & set(mine.assets)]
    checks = [
        _serials(mine, earlier),
        _area(mine, earlier),
        decide("ledger.current", not newer, f"superseded by {newer[0]}" if newer else "nothing in the ledger supersedes it"),
    ]
    if not ledger.entries:
        checks.append(Check("ledger.empty", "note", "the ledger is empty, so nothing was held against it: check its path"))
    if bound:
        checks.append(Check("ledger.assets", "note", f"{len(bound)} other attestations are bound to its asset: {bound[0]}"))
    return checks


def bound_kg(ledger: Ledger, asset: str, mine: Entry) -> int:
    """Creditable kilograms of every attestation that is bound to a token and stands, with one's own.

    Args:
        ledger: What was attested before.
        asset: The token, CAIP-19, in the spelling that is signed.
        mine: The attestation at hand.
    """
    entries = {entry.attestation: entry for entry in (*ledger.entries, mine)}.values()
    gone = _superseded(entries)
    stand = [e for e in entries if asset in e.assets and (e.attestation, e.issuer) not in gone]
    return sum(entry.creditable_t for entry in stand) * KG_PER_T


def _superseded(entries: Iterable[Entry]) -> set[tuple[str, str]]:
    """Attestation and issuer of what one of them replaces."""
    return {(old, entry.issuer) for entry in entries for old in entry.supersedes}


def check_bytes(data: bytes, ledger: Ledger, evidence: Path | None = None) -> list[Check]:
    """:func:`check_ledger` of the bytes of an attestation; a failing check where they do not parse."""
    try:
        return check_ledger(credential.parse(data), ledger, evidence)
    except AttestationError as error:
        return [Check("ledger.serials", "fails", f"the attestation does not parse: {error}")]


def _serials(mine: Entry, earlier: Sequence[Entry]) -> Check:
    blocks, faults = read(mine.serials)
    if faults:
        return Check("ledger.serials", "fails", "its serial blocks do not parse")
    owner, held, unread = {}, [], []
    for entry in earlier:
        known, strange = read(entry.serials)
        unread += [f"{entry.attestation}: {fault.detail}" for fault in strange]
        owner.update({id(block): entry.attestation for block in known})
        held += known
    if unread:
        return Check("ledger.serials", "fails", f"the ledger holds blocks that do not parse: {unread[0]}")
    twice = [f"{one.text} and {two.text} of {owner[id(two)]}" for one, two in clashes(blocks, held)]
    return decide("ledger.serials", not twice, _few(twice) or f"no unit of its blocks is in {len(held)} attested blocks")


def _area(mine: Entry, earlier: Sequence[Entry]) -> Check:
    at_once = [entry for entry in earlier if entry.start <= mine.end and mine.start <= entry.end]
    area, shared, unknown = mine.footprint(), [], []
    for entry in at_once:
        where = f"{entry.attestation} ({entry.project}, {entry.programme}, {entry.start} to {entry.end})"
        if entry.boundary == mine.boundary:
            shared.append(where)
        elif area is None or (other := entry.footprint()) is None:
            unknown.append(where)
        elif area.shares_ground(other):
            shared.append(where)
    if shared:
        return Check("ledger.area", "fails", f"area and time are attested already: {_few(shared)}")
    if unknown:
        told = "cannot be compared without both boundaries (--evidence, and `mrv ledger add --evidence`)"
        return Check("ledger.area", "fails", f"{told}: {_few(unknown)}")
    return Check("ledger.area", "holds", f"{len(at_once)} attestations of the same time share no ground with it")


def _entry(line: bytes, path: Path, number: int) -> Entry:
    try:
        entry = Entry.of(strict_json.loads(line))
        entry.footprint()
    except AttestationError as error:
        error.file, error.field = str(path), f"line {number}" + (f", {error.field}" if error.field else "")
        if error.error_code.startswith(("json.", "schema.")):
            error.hint = "a writer that was stopped leaves a last line that is not whole: take it out, and add again"
        raise
    return entry


def _signed_entry(path: Path, trust: TrustList) -> Entry:
    try:
        document = credential.parse(_read_signed(path))
        _check_signed(document, trust)
        evidence = path.parent / "evidence"
        return entry_of(document, evidence if path.name == "attestation.json" and evidence.is_dir() else None)
    except AttestationError as error:
        error.file = str(path)
        raise


def _read_signed(path: Path) -> bytes:
    try:
        return read_regular(path, strict_json.MAX_BYTES)
    except OSError as error:
        raise AttestationError(
            f"cannot be read: {error.strerror}", code="ledger.unreadable", file=path, hint="take it out of the ledger's folder"
        ) from error


def _check_signed(document: dict[str, Any], trust: TrustList) -> None:
    """By a key that the trust list gives its issuer; when it was valid is no matter for what was attested before."""
    key = trust.key(document["issuer"], document["proof"]["verificationMethod"])
    if key is None:
        raise AttestationError(
            "is signed by nobody that is trusted", code="ledger.proof", hint="take it out of the folder, or trust its key"
        )
    proof.verify(document, key.public_key, checked=True)


def _few(found: Sequence[str]) -> str:
    return "; ".join(found[:_NAMED]) + (f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
