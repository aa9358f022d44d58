"""The files, hashed again."""

from __future__ import annotations

import hashlib
import os

import pytest

from mrv.attest.evidence import check_evidence

FILES = {"pixels/a.tif": b"abc", "pixels/deep/b.tif": b"", "boundary.geojson": b"{}" * 100}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "evidence"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def materials():
    return [
        {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in FILES.items()
    ]


def answer(materials, root):
    return [(check.code, check.status) for check in check_evidence(materials, root)]


HOLDS = [("evidence.files", "holds")]


def test_holds(materials, root):
    assert answer(materials, root) == HOLDS
    assert "3 files, 203 bytes" in check_evidence(materials, root)[0].detail


def test_root_may_be_reached_by_a_link(materials, root, tmp_path):
    (tmp_path / "link").symlink_to(root)
    assert answer(materials, tmp_path / "link") == HOLDS


def test_no_materials_is_nothing_to_hold(root):
    assert answer([], root) == [("evidence.files", "fails")]


def test_every_fault_is_told(materials, root):
    (root / "pixels/a.tif").write_bytes(b"abd")
    (root / "boundary.geojson").unlink()
    (root / "pixels/deep/b.tif").write_bytes(b"x")
    checks = check_evidence(materials, root)
    assert [(check.code, check.status) for check in checks] == [
        ("evidence.digest", "fails"),
        ("evidence.size", "fails"),
        ("evidence.missing", "fails"),
    ]
    assert "pixels/a.tif" in checks[0].detail


def test_missing_folder(materials, tmp_path):
    assert {code for code, _ in answer(materials, tmp_path / "none")} == {"evidence.missing"}


def test_a_file_where_a_folder_should_be(materials, root):
    materials[0]["path"] = "boundary.geojson/a.tif"
    assert answer(materials, root)[0] == ("evidence.missing", "fails")


def test_symlinks(materials, root, tmp_path):
    target = tmp_path / "elsewhere"
    (root / "pixels").rename(target)
    (root / "pixels").symlink_to(target)
    checks = check_evidence(materials, root)
    assert [check.code for check in checks] == ["evidence.symlink"] * 2 + ["evidence.extra"]
    assert "pixels is a symbolic link" in checks[0].detail
    assert "pixels" in checks[-1].detail


def test_symlinked_file_with_the_right_content(materials, root):
    (root / "copy").write_bytes(b"abc")
    (root / "pixels/a.tif").unlink()
    (root / "pixels/a.tif").symlink_to(root / "copy")
    assert ("evidence.symlink", "fails") in answer(materials, root)


def test_irregular(materials, root):
    (root / "pixels/a.tif").unlink()
    os.mkfifo(root / "pixels/a.tif")
    assert answer(materials, root) == [("evidence.irregular", "fails")]
    (root / "pixels/a.tif").unlink()
    (root / "pixels/a.tif").mkdir()
    assert answer(materials, root) == [("evidence.irregular", "fails")]


@pytest.mark.parametrize("path", ["../secret", "/etc/hosts", "a/../../secret", "a\\b", "", ".hidden"])
def test_traversal_without_a_schema_before_it(root, path):
    (root.parent / "secret").write_bytes(b"abc")
    material = {"path": path, "size": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    assert answer([material], root)[0] == ("evidence.path", "fails")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.vrt", b"abc"),
        ("a.tif", b'<VRTDataset rasterXSize="1">'),
        ("a.tif", b'<?xml version="1.0"?>\n  <vrtdataset>'),
        ("a.tif", b"<GDALTileIndexDataset>"),
        ("a.xml", b"<GDAL_WMS>"),
    ],
)
def test_vrt(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    material = {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert answer([material], tmp_path) == [("evidence.vrt", "fails")]


def test_extra_files_are_noted(materials, root):
    (root / "pixels/a.tif.aux.xml").write_bytes(b"<PAMDataset/>")
    checks = check_evidence(materials, root)
    assert [(check.code, check.status) for check in checks] == [*HOLDS, ("evidence.extra", "note")]
    assert "pixels/a.tif.aux.xml" in checks[1].detail


def test_large_file_is_hashed_in_parts(tmp_path):
    content = bytes(range(256)) * 10_000
    (tmp_path / "big").write_bytes(content)
    material = {"path": "big", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    assert answer([material], tmp_path) == HOLDS
