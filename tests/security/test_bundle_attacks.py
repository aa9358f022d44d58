"""Attacks on a bundle: none may be read as something else, and none may pass because its manifest was made to fit."""

from __future__ import annotations

import io
import json
import random
import zipfile

import pytest
from support import attested
from support.attested import stub_statement
from support.bundles import BOUNDARY, DOCUMENT, TRUST, encoded_lists, fails, forged, listed, made, opinion, raw

from mrv.attest import archive, bundle, credential, strict_json
from mrv.errors import AttestationError

HONEST = made()
FILES = archive.unpack(HONEST)
ONE = [(b"a", b"abc"), (b"b", b"defg")]
ALL = [(name.encode(), data) for name, data in FILES.items()]


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def zipped(compression=zipfile.ZIP_DEFLATED, **files):
    """As another tool writes it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, data in (files or FILES).items():
            file.writestr(name, data)
    return out.getvalue()


def bomb():
    return zipped(**{"attestation.json": b"\0" * 10_000_000})


def nested():
    return raw([(b"/".join([b"a"] * 17), b"")])


FORMS = {
    "a zip bomb": (bomb, "bundle.compressed"),
    "deflated by another tool": (zipped, "bundle.compressed"),
    "stored by another tool": (lambda: zipped(zipfile.ZIP_STORED), "bundle.attributes"),
    "a method nobody knows": (lambda: raw(ONE, method=99), "bundle.compressed"),
    "a packed size of its own": (lambda: raw(ONE, packed=1), "bundle.compressed"),
    "encrypted": (lambda: raw(ONE, flags=1), "bundle.encrypted"),
    "strongly encrypted": (lambda: raw(ONE, flags=0x41), "bundle.encrypted"),
    "a masked directory": (lambda: raw(ONE, flags=0x2000), "bundle.encrypted"),
    "data descriptors": (lambda: raw(ONE, flags=8), "bundle.optional"),
    "names said to be UTF-8": (lambda: raw(ONE, flags=0x800), "bundle.optional"),
    "an extra field": (lambda: raw(ONE, extra=b"\1\0\0\0"), "bundle.optional"),
    "an extra field of zip64": (lambda: raw(ONE, extra=b"\1\0\x08\0" + b"\0" * 8, size=0xFFFFFFFF), "bundle.optional"),
    "sizes that ask for zip64": (lambda: raw(ONE, size=0xFFFFFFFF), "bundle.size"),
    "a count that asks for zip64": (lambda: raw(ONE, count=0xFFFF), "bundle.members"),
    "a zip64 end before the end": (lambda: with_zip64_end(ONE), "bundle.form"),
    "a comment of a member": (lambda: raw(ONE, comment=b"x"), "bundle.optional"),
    "a comment of the archive": (lambda: raw(ONE, note=b"hello"), "bundle.form"),
    "a comment that is an end": (lambda: raw(ONE, note=raw(ONE)[-22:]), "bundle.form"),
    "a symbolic link": (lambda: raw([(b"attestation.json", b"/etc/passwd")], attributes=0o120777 << 16), "bundle.attributes"),
    "a device": (lambda: raw(ONE, attributes=0o020666 << 16), "bundle.attributes"),
    "a folder": (lambda: raw([(b"a/", b"")], attributes=0x10), "bundle.attributes"),
    "a folder by its name": (lambda: raw([(b"a/", b"")]), "bundle.name"),
    "a parent path": (lambda: raw([(b"../a", b"")]), "bundle.name"),
    "a parent path inside": (lambda: raw([(b"status/../../a", b"")]), "bundle.name"),
    "an absolute path": (lambda: raw([(b"/etc/passwd", b"")]), "bundle.name"),
    "a drive": (lambda: raw([(b"C:\\a", b"")]), "bundle.name"),
    "backslashes": (lambda: raw([(b"..\\a", b"")]), "bundle.name"),
    "a hidden file": (lambda: raw([(b".bashrc", b"")]), "bundle.name"),
    "a NUL in a name": (lambda: raw([(b"a\0.json", b"")]), "bundle.name"),
    "a name that is not ASCII": (lambda: raw([("é".encode(), b"")]), "bundle.name"),
    "a name with no letters": (lambda: raw([(b"", b"")]), "bundle.name"),
    "a long name": (lambda: raw([(b"a" * 600, b"")]), "bundle.name"),
    "nested too deep": (nested, "bundle.name"),
    "a name twice": (lambda: raw([(b"a", b"1"), (b"a", b"2")]), "bundle.duplicate"),
    "a name twice but for case": (lambda: raw([(b"A", b"1"), (b"a", b"2")]), "bundle.duplicate"),
    "a file that is a folder too": (lambda: raw([(b"a", b"1"), (b"a/b", b"2")]), "bundle.duplicate"),
    "a folder but for case": (lambda: raw([(b"A", b"1"), (b"a/b", b"2")]), "bundle.duplicate"),
    "names out of order": (lambda: raw(ONE[::-1]), "bundle.order"),
    "a local name of its own": (lambda: raw(ONE[:1], local_name=b"z"), "bundle.header"),
    "a local size of its own": (lambda: raw(ONE, local_size=2), "bundle.header"),
    "a local method of its own": (lambda: raw(ONE, local_method=8), "bundle.header"),
    "local flags of their own": (lambda: raw(ONE, local_flags=1), "bundle.header"),
    "a local checksum of its own": (lambda: raw(ONE, local_crc=0), "bundle.header"),
    "a local extra field": (lambda: raw(ONE, local_extra=b"\1\0\0\0"), "bundle.header"),
    "a wrong checksum in both": (lambda: raw(ONE, crc=0, local_crc=0), "bundle.changed"),
    "members that overlap": (lambda: raw(ONE, offset=0), "bundle.overlap"),
    "a member that reaches on": (lambda: raw(ONE[:1], size=10_000, local_size=10_000), "bundle.overlap"),
    "a member that begins beyond": (lambda: raw(ONE, offset=1 << 31), "bundle.overlap"),
    "data between members": (lambda: raw(ONE, gap=b"hidden"), "bundle.overlap"),
    "data before the directory": (lambda: raw(ONE[:1], gap=b"hidden"), "bundle.overlap"),
    "data before the first, counted": (lambda: raw(ONE, prefix=b"#!/bin/sh\n"), "bundle.overlap"),
    "data before the first": (lambda: b"#!/bin/sh\n" + HONEST, "bundle.form"),
    "data after the end": (lambda: HONEST + b"\0", "bundle.form"),
    "two bundles in a row": (lambda: HONEST + HONEST, "bundle.form"),
    "another time": (lambda: raw(ONE, time=1), "bundle.form"),
    "another maker": (lambda: raw(ONE, made_by=0x0314), "bundle.form"),
    "another disk": (lambda: raw(ONE, disk=1), "bundle.form"),
    "fewer members than listed": (lambda: raw(ONE, count=1), "bundle.form"),
    "more members than listed": (lambda: raw(ONE, count=3), "bundle.form"),
    "too many members": (lambda: raw([(b"%05d" % n, b"") for n in range(4097)]), "bundle.members"),
    "no members": (lambda: raw([]), "bundle.members"),
    "nothing": (lambda: b"", "bundle.form"),
    "only an end": (lambda: HONEST[-22:], "bundle.form"),
    "a tar file": (lambda: b"attestation.json" + b"\0" * 10_000, "bundle.form"),
    "larger than allowed": (lambda: bytes(archive.MAX_BYTES + 1), "bundle.size"),
    "a member larger than allowed": (lambda: raw(ONE, size=archive.MAX_MEMBER_BYTES + 1), "bundle.size"),
}


def with_zip64_end(members):
    plain = raw(members)
    return plain[:-22] + b"PK\6\6" + bytes(52) + b"PK\6\7" + bytes(16) + plain[-22:]


@pytest.mark.parametrize("name", FORMS)
def test_a_forged_form_is_refused(name):
    forge, code = FORMS[name]
    with pytest.raises(AttestationError) as caught:
        archive.unpack(forge())
    assert caught.value.error_code == code
    assert caught.value.hint


def test_the_forger_writes_what_is_read_where_nothing_is_odd():
    assert raw(ALL) == HONEST
    assert archive.unpack(raw(ONE)) == {"a": b"abc", "b": b"defg"}


def without(*names):
    return {name: data for name, data in FILES.items() if name not in names}


def manifest(**changes):
    value = json.loads(FILES[bundle.MANIFEST]) | changes
    return FILES | {bundle.MANIFEST: strict_json.canonical(value)}


def first(folder):
    return next(name for name in FILES if name.startswith(folder))


def swapped(folder, data):
    """Another file under a name that a file had, with a manifest that lists it."""
    return forged(FILES | {first(folder): data})


def renamed(folder, *several):
    """Other files in place of those in a folder, each under its own digest."""
    rest = {name: data for name, data in FILES.items() if not name.startswith(folder)}
    return forged(rest | {f"{folder}{listed('', data)['sha256']}.json": data for data in several})


OTHER = attested.attestation(materials=[{**row, "href": "https://example.org/b"} for row in attested.PARTS["materials"]])
ABSENT = json.loads(FILES[bundle.MANIFEST])["absent"]
BOUNDARY_LINE = listed("boundary.geojson", BOUNDARY)
EVIDENCE = "evidence/boundary.geojson"
STRANGE = [
    json.dumps(attested.status_list(purpose, signer=attested.make_signer(attested.STRANGER))).encode()
    for purpose in ("revocation", "suspension")
]

CONTENTS = {
    "a member more": (lambda: archive.pack(FILES | {"evidence/more.csv": b"x"}), ["bundle.extra"]),
    "a member less": (lambda: archive.pack(without(EVIDENCE)), ["bundle.missing"]),
    "no manifest": (lambda: archive.pack(without(bundle.MANIFEST)), ["bundle.missing"]),
    "no attestation": (lambda: forged(without(bundle.ATTESTATION)), ["bundle.missing"]),
    "a member changed": (lambda: archive.pack(FILES | {EVIDENCE: BOUNDARY + b" "}), ["bundle.digest"]),
    "a manifest that is not JSON": (lambda: archive.pack(FILES | {bundle.MANIFEST: b"{"}), ["bundle.manifest"]),
    "a manifest with a member twice": (
        lambda: archive.pack(FILES | {bundle.MANIFEST: b'{"format":1,' + FILES[bundle.MANIFEST][1:]}),
        ["bundle.manifest"],
    ),
    "a manifest nested deep": (lambda: archive.pack(FILES | {bundle.MANIFEST: b"[" * 10_000}), ["bundle.manifest"]),
    "a manifest in other spelling": (
        lambda: archive.pack(FILES | {bundle.MANIFEST: FILES[bundle.MANIFEST] + b"\n"}),
        ["bundle.manifest"],
    ),
    "a manifest with more in it": (lambda: archive.pack(manifest(trusted=True)), ["bundle.manifest"]),
    "a manifest of another format": (lambda: archive.pack(manifest(format="mrv.bundle/2")), ["bundle.manifest"]),
    "a manifest that lists itself": (
        lambda: archive.pack(manifest(files=[listed(name, FILES[name]) for name in sorted(FILES)])),
        ["bundle.digest"],
    ),
    "a manifest that lists twice": (lambda: forged(FILES, absent=ABSENT * 2), ["bundle.manifest"]),
    "a manifest about another attestation": (
        lambda: forged(FILES, attestation=credential.attestation_digest(OTHER)),
        ["bundle.attestation"],
    ),
    "pixels no longer listed": (lambda: forged(FILES, absent=[]), ["bundle.evidence"]),
    "pixels of another digest": (lambda: forged(FILES, absent=[{**ABSENT[0], "sha256": "0" * 64}]), ["bundle.evidence"]),
    "pixels of another size": (lambda: forged(FILES, absent=[{**ABSENT[0], "size": 0}]), ["bundle.evidence"]),
    "evidence inside and left out": (lambda: forged(FILES, absent=[BOUNDARY_LINE, *ABSENT]), ["bundle.evidence"]),
    "evidence neither inside nor left out": (lambda: forged(without(EVIDENCE)), ["bundle.evidence"]),
    "evidence that nobody signed": (lambda: forged(FILES | {"evidence/more.csv": b"x"}), ["bundle.evidence"]),
    "evidence exchanged, manifest and all": (
        lambda: forged(FILES | {EVIDENCE: b"{}"}),
        ["bundle.evidence", "evidence.size"],
    ),
    "evidence exchanged for the same size": (
        lambda: forged(FILES | {EVIDENCE: BOUNDARY.swapcase()}),
        ["bundle.evidence", "evidence.digest"],
    ),
    "a place that no bundle has": (lambda: forged(FILES | {"run.sh": b"x"}), ["bundle.name"]),
    "a status list under another digest": (lambda: swapped(bundle.STATUS, b"{}"), ["bundle.name"]),
    "an opinion under another digest": (lambda: swapped(bundle.COUNTERSIGNATURES, opinion() + b"\n"), ["bundle.name"]),
    "another attestation, manifest and all": (
        lambda: forged(
            FILES | {bundle.ATTESTATION: credential.encode(OTHER)}, attestation=credential.attestation_digest(OTHER)
        ),
        ["bundle.evidence", "evidence.size", "countersign.digest", "countersign.missing"],
    ),
    "an attestation that is none": (
        lambda: forged(FILES | {bundle.ATTESTATION: b"{}"}),
        ["bundle.attestation", "schema.missing"],
    ),
    "a byte of the attestation, manifest and all": (
        lambda: forged(
            FILES | {bundle.ATTESTATION: FILES[bundle.ATTESTATION].replace(b'"0.5"', b'"0.9"')},
            attestation=credential.attestation_digest(
                json.loads(FILES[bundle.ATTESTATION].replace(b'"0.5"', b'"0.9"')),
            ),
        ),
        ["proof.valid", "subject.id", "countersign.digest", "countersign.missing"],
    ),
    "it was revoked": (
        lambda: renamed(bundle.STATUS, *encoded_lists(attested.INDEX)),
        ["status.revocation", "status.suspension"],
    ),
    "status lists by a stranger": (lambda: renamed(bundle.STATUS, *STRANGE), ["status.key", "status.key"]),
    "status lists left out": (lambda: renamed(bundle.STATUS), ["status.missing"]),
    "one status list left out": (lambda: renamed(bundle.STATUS, encoded_lists()[0]), ["status.missing"]),
    "one status list in two versions": (
        lambda: renamed(bundle.STATUS, *encoded_lists(), encoded_lists(1)[0]),
        ["status.ambiguous"],
    ),
    "opinions left out": (lambda: renamed(bundle.COUNTERSIGNATURES), ["countersign.missing"]),
    "an opinion on another attestation": (
        lambda: renamed(bundle.COUNTERSIGNATURES, opinion(OTHER)),
        ["countersign.digest", "countersign.missing"],
    ),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_forged_contents_do_not_hold(name):
    forge, codes = CONTENTS[name]
    assert fails(forge()) == codes


def test_the_bundle_that_is_attacked_holds():
    assert fails(HONEST) == []
    assert fails(forged(FILES)) == []
    assert forged(FILES) == HONEST


def test_its_own_trust_list_never_counts():
    thief = attested.make_signer(attested.STRANGER)
    own = attested.trust_of(attested.trusted(attested.STRANGER, "attester"), required=False)
    stolen = attested.attestation(thief, materials=DOCUMENT["credentialSubject"]["materials"])
    data = bundle.make_bundle(
        credential.encode(stolen), single={bundle.TRUST: json.dumps(own.as_json()).encode()},
        evidence={"boundary.geojson": BOUNDARY},
    )  # fmt: skip
    assert {"key.valid", "proof.valid"} <= set(fails(data))
    note = bundle.record_note(bundle.open_bundle(data), TRUST)
    assert (note.code, note.status) == ("bundle.record", "note")
    assert note.detail.endswith("another list")


def test_any_byte_changed_in_any_member_is_seen():
    """Each byte of headers, directory and end; and of each member the first, the last and some between."""
    dice = random.Random(7)
    for name, data in FILES.items():
        start = HONEST.index(data)
        assert HONEST.count(data) == 1, name
        for place in {start, start + len(data) - 1, *(start + dice.randrange(len(data)) for _ in range(8))}:
            assert fails(flipped(place)) == ["bundle.changed"], (name, place)
    contents = {place for data in FILES.values() for place in range(HONEST.index(data), HONEST.index(data) + len(data))}
    around = set(range(len(HONEST))) - contents
    assert len(around) > 1000
    for place in around:
        with pytest.raises(AttestationError):
            archive.unpack(flipped(place))


def flipped(place):
    data = bytearray(HONEST)
    data[place] ^= 1
    return bytes(data)


def test_cut_at_any_place():
    for length in {*range(0, len(HONEST), 97), *range(len(HONEST) - 60, len(HONEST))}:
        with pytest.raises(AttestationError) as caught:
            archive.unpack(HONEST[:length])
        assert caught.value.error_code == "bundle.form"
