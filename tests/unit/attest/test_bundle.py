"""A bundle is one value of its content: the same bytes for the same files, read by any zip tool, whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import attested
from support.attested import stub_statement
from support.bundles import ATTESTATION, BOUNDARY, DOCUMENT, PIXELS, TRUST, encoded_lists, fails, made, opinion
from support.refusals import refused

from mrv.attest import archive, bundle, credential, status, verify
from mrv.attest.evidence import Held, check_held
from mrv.checks import Check
from mrv.errors import AttestationError

MATERIALS = DOCUMENT["credentialSubject"]["materials"]
names = st.from_regex(r"[a-z0-9_][a-z0-9._=-]{0,8}(/[a-z0-9_][a-z0-9._=-]{0,8}){0,3}", fullmatch=True)


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def told(checks):
    return {check.code: (check.status, check.detail) for check in checks}


def no_conflict(files):
    return not any(other.startswith(f"{name}/") for name in files for other in files)


@given(st.dictionaries(names, st.binary(max_size=64), min_size=1, max_size=8).filter(no_conflict), st.randoms())
@settings(max_examples=200, deadline=None)
def test_one_archive_for_one_content(files, dice):
    shuffled = list(files.items())
    dice.shuffle(shuffled)
    data = archive.pack(dict(shuffled))
    assert data == archive.pack(files)
    assert archive.unpack(data) == files
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        assert {name: other.read(name) for name in other.namelist()} == files
        assert other.testzip() is None


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_other_bytes_are_refused_with_a_code(data):
    for candidate in (data, archive.pack({"a": data})[:-22] + data, data + archive.pack({"a": data})):
        with suppress(AttestationError):  # no other exception may leave
            assert archive.pack(archive.unpack(candidate)) == candidate


@pytest.mark.skipif(shutil.which("unzip") is None, reason="no unzip on PATH")
def test_unzip_reads_it(tmp_path):
    (tmp_path / "b.zip").write_bytes(made())
    subprocess.run(["unzip", "-q", "b.zip", "-d", "out"], cwd=tmp_path, check=True)
    assert (tmp_path / "out" / "evidence" / "boundary.geojson").read_bytes() == BOUNDARY


def test_what_a_bundle_holds():
    opened = bundle.open_bundle(made())
    assert opened.attestation == ATTESTATION
    assert opened.evidence == {"boundary.geojson": BOUNDARY}
    assert sorted(opened.under(bundle.STATUS).values()) == sorted(encoded_lists())
    assert list(opened.under(bundle.COUNTERSIGNATURES).values()) == [opinion()]
    assert [(row.path, row.size) for row in opened.manifest.absent] == [("pixels/a_B04.tif", 3)]
    assert opened.manifest.attestation == credential.attestation_digest(DOCUMENT)
    checks = told(bundle.check_bundle(opened, digest=opened.digest))
    assert list(checks) == ["bundle.form", "bundle.known", "bundle.attestation", "bundle.evidence"]
    assert {state for state, _ in checks.values()} == {"holds"}
    assert checks["bundle.evidence"][1] == "2 files are signed: 1 inside, 1 left out"
    assert told(bundle.check_bundle(opened, digest="sha256:" + "0" * 64))["bundle.known"][0] == "fails"


def test_the_order_of_files_and_a_file_twice_change_nothing():
    assert made() == made(status=encoded_lists()[::-1]) == made(countersignatures=[opinion(), opinion()])
    assert made() != made(countersignatures=[])


def test_holds_with_pixels_inside_too():
    assert fails(made(evidence={"boundary.geojson": BOUNDARY, "pixels/a_B04.tif": PIXELS})) == []
    assert fails(made(evidence={})) == []


def test_what_is_left_out_is_told_or_read(tmp_path):
    held = Held({"boundary.geojson": BOUNDARY}, None)
    checks = told(check_held(MATERIALS, held))
    assert checks["evidence.absent"] == ("note", "1 files, 3 bytes, are signed and were not read again")
    assert checks["evidence.files"][0] == "holds"
    there = Held(held.files, tmp_path)
    assert told(check_held(MATERIALS, there))["evidence.missing"][0] == "fails"
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels" / "a_B04.tif").write_bytes(PIXELS)
    (tmp_path / "boundary.geojson").write_bytes(b"the bundle's counts")
    assert [check.status for check in check_held(MATERIALS, there)] == ["holds", "holds"]
    (tmp_path / "pixels" / "a_B04.tif").write_bytes(b"abd")
    assert told(check_held(MATERIALS, there))["evidence.digest"][0] == "fails"
    assert [check.code for check in check_held(MATERIALS, Held({}, None))] == ["evidence.absent"]
    assert next(iter(check_held((), Held({}, tmp_path)))).status == "fails"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{}", "evidence.size"),
        (BOUNDARY[::-1], "evidence.digest"),
        (b"<VRTDataset rasterX".ljust(len(BOUNDARY))[: len(BOUNDARY)], "evidence.vrt"),
    ],
)
def test_evidence_in_memory_is_what_was_signed(data, code):
    assert told(check_held(MATERIALS, Held({"boundary.geojson": data}, None)))[code][0] == "fails"


def test_lists_in_memory_are_asked_as_those_in_a_folder():
    options = {"trust": TRUST, "now": attested.NOW, "asset": attested.ASSET, "evidence": None, "countersignatures": [opinion()]}

    def ask(*lists):
        files = {f"{number}.json": data for number, data in enumerate(lists)}
        checks = verify.check(ATTESTATION, status=status.held_lists(files), **options)
        return [check.code for check in checks if check.status == "fails"]

    assert ask(*encoded_lists()) == []
    assert ask(*encoded_lists(attested.INDEX)) == ["status.revocation", "status.suspension"]
    assert ask(encoded_lists()[0]) == ["status.missing"]
    assert ask(encoded_lists()[0], b"{") == ["status.unreadable"]
    assert status.held_lists({f"{n}.json": b"{}" for n in range(257)}).faults[-1].error_code == "status.unreadable"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"evidence": {"boundary.geojson": b"{}"}}, "bundle.evidence"),
        ({"evidence": {"other.csv": b"x"}}, "bundle.evidence"),
        ({"evidence": {"../boundary.geojson": BOUNDARY}}, "bundle.name"),
        ({"single": {"run.sh": b""}}, "bundle.name"),
        ({"single": {"manifest.json/x": b""}}, "bundle.duplicate"),
        ({"single": {"Attestation.json": b""}}, "bundle.duplicate"),
        ({"status": [b"%d" % number for number in range(4097)]}, "bundle.members"),
    ],
)
def test_what_no_reader_would_take_is_not_made(changes, code):
    assert refused(made, **changes) == code


def test_caps_when_making(monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 10)
    assert refused(archive.pack, {"a": bytes(11)}) == "bundle.size"
    monkeypatch.setattr(archive, "MAX_BYTES", 110)
    assert refused(archive.pack, {"a": bytes(10), "b": b"1"}) == "bundle.size"
    assert len(archive.pack({"a": bytes(10)})) == 110


def test_an_attestation_that_cannot_be_read_is_not_bundled():
    with pytest.raises(AttestationError, match="Field required"):
        bundle.make_bundle(b"{}")


def test_read(tmp_path, monkeypatch):
    path = tmp_path / "b.zip"
    assert refused(archive.read, path) == "bundle.unreadable"
    path.write_bytes(made())
    assert archive.read(path) == made()
    monkeypatch.setattr(archive, "MAX_BYTES", 100)
    assert refused(archive.read, path) == "bundle.size"
    os.mkfifo(tmp_path / "pipe")
    assert refused(archive.read, tmp_path / "pipe") == "bundle.unreadable"
    assert refused(archive.read, tmp_path) == "bundle.unreadable"


def test_extract(tmp_path):
    opened = bundle.open_bundle(made())
    bundle.extract(opened, tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == set(opened.files)
    assert (tmp_path / "out" / "attestation.json").read_bytes() == ATTESTATION
    assert refused(bundle.extract, opened, tmp_path / "out") == "bundle.exists"
    (tmp_path / "link").symlink_to("/nonexistent")
    assert refused(bundle.extract, opened, tmp_path / "link") == "bundle.exists"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "out"]


@pytest.mark.parametrize("after", [0, 3, 6])
def test_extract_leaves_nothing_after_a_failure(tmp_path, monkeypatch, after):
    opened, real, seen = bundle.open_bundle(made()), Path.open, []

    def full(self, *words):
        seen.append(self)
        if len(seen) > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *words)

    monkeypatch.setattr(Path, "open", full)
    assert refused(bundle.extract, opened, tmp_path / "out") == "file.unwritable"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("failing", "standing"),
    [
        ((), None),
        (("status.revocation",), "revoked"),
        (("status.revocation", "status.suspension"), "revoked"),
        (("status.revocation", "status.expired"), "revoked"),
        (("status.suspension",), "suspended"),
        (("status.suspension", "status.expired"), None),
        (("status.expired",), None),
        (("status.missing",), None),
        (("status.revocation", "proof.valid"), None),
        (("status.revocation", "bundle.evidence"), None),
        (("key.valid",), None),
    ],
)
def test_what_it_is_kept_as(failing, standing):
    checks = [Check("proof.valid", "holds"), Check("bundle.record", "note"), *(Check(code, "fails") for code in failing)]
    assert bundle.kept_as(checks) == standing


def test_a_revoked_attestation_is_whole_and_refused():
    """All of the bundle holds, and the lists inside say what the attestation is."""
    data = made(status=encoded_lists(attested.INDEX))
    checks = bundle.check_bundle(bundle.open_bundle(data))
    assert {check.status for check in checks} == {"holds"}
    assert fails(data) == ["status.revocation", "status.suspension"]
    assert fails(data, now="2026-04-01T00:00:00Z") == ["status.revocation", "status.expired"]


def test_the_record_says_whether_it_is_the_callers():
    opened = bundle.open_bundle(made())
    assert bundle.record_note(opened, TRUST).detail.endswith("the same list")
    assert bundle.record_note(opened, attested.trust_of()).detail.endswith("another list")
    spoiled = bundle.open_bundle(made(single={bundle.TRUST: b"{"}))
    assert bundle.record_note(spoiled, TRUST).detail.endswith("another list")
    assert bundle.record_note(bundle.open_bundle(made(single={})), TRUST).detail.startswith("it has no trust list")


def test_the_bytes_are_pinned():
    """The form may never change under one format name; these bytes were put down by hand from the specification."""
    crc, sizes = "f9efbe71", "01000000 01000000"
    assert archive.pack({"a": b"b"}) == bytes.fromhex(
        f"504b0304 0a00 0000 0000 0000 2100 {crc} {sizes} 0100 0000 61 62"
        f"504b0102 0a00 0a00 0000 0000 0000 2100 {crc} {sizes} 0100 0000 0000 0000 0000 00000000 00000000 61"
        "504b0506 0000 0000 0100 0100 2f000000 20000000 0000"
    )
    assert json.loads(bundle.open_bundle(made()).files[bundle.MANIFEST])["format"] == "mrv.bundle/1"
