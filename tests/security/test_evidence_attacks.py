"""Attacks on the evidence folder: whatever stands at a signed path must be the file that was signed."""

from __future__ import annotations

import os

import pytest
from support.attested import ask, attestation, stub_statement, trust_of

DOCUMENT = attestation()
CONTENT = b"abc"
"""What the attestation signs at ``pixels/a_B04.tif``; ``boundary.geojson`` is empty."""


@pytest.fixture(autouse=True)
def _statement_stub(monkeypatch):
    stub_statement(monkeypatch)


def missing(file):
    file.unlink()


def link_to_the_same(file):
    file.rename(file.parent / "real.tif")
    file.symlink_to(file.parent / "real.tif")


def link_outside(file):
    outside = file.parents[2] / "outside.tif"
    file.rename(outside)
    file.symlink_to(outside)


def hanging_link(file):
    file.unlink()
    file.symlink_to("/nonexistent")


def linked_folder(file):
    file.parent.rename(file.parents[2] / "elsewhere")
    file.parent.symlink_to(file.parents[2] / "elsewhere")


def loop(file):
    file.unlink()
    file.symlink_to(file)


def pipe(file):
    file.unlink()
    os.mkfifo(file)


def folder(file):
    file.unlink()
    file.mkdir()


def device(file):
    file.unlink()
    file.symlink_to("/dev/zero")


def other_bytes(file):
    file.write_bytes(b"abd")


def longer(file):
    file.write_bytes(CONTENT + b"\0")


def shorter(file):
    file.write_bytes(CONTENT[:-1])


ATTACKS = {
    "missing": (missing, "evidence.missing"),
    "a link to the same bytes": (link_to_the_same, "evidence.symlink"),
    "a link out of the folder": (link_outside, "evidence.symlink"),
    "a link to nothing": (hanging_link, "evidence.symlink"),
    "a linked folder": (linked_folder, "evidence.symlink"),
    "a link to itself": (loop, "evidence.symlink"),
    "a link to a device": (device, "evidence.symlink"),
    "a pipe": (pipe, "evidence.irregular"),
    "a folder": (folder, "evidence.irregular"),
    "other bytes": (other_bytes, "evidence.digest"),
    "a byte more": (longer, "evidence.size"),
    "a byte less": (shorter, "evidence.size"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_refused(tmp_path, name):
    attack, code = ATTACKS[name]
    root = tmp_path / "evidence"
    (root / "pixels").mkdir(parents=True)
    (root / "pixels/a_B04.tif").write_bytes(CONTENT)
    (root / "boundary.geojson").write_bytes(b"")
    options = {"evidence": root, "trust_list": trust_of(required=False)}
    assert ask(DOCUMENT, **options).failing == []
    attack(root / "pixels/a_B04.tif")
    assert ask(DOCUMENT, **options).failing == [code]
