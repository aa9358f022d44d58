from __future__ import annotations

import json

import pytest
from support.answers import failed
from support.tiny_project import tiny_project


@pytest.fixture
def tiny(tmp_path):
    """A tiny project; its items state no checksum, so that files can be changed to be wrong in other ways."""
    return tiny_project(tmp_path, checksums=False)


@pytest.fixture
def keys(tmp_path, capsys):
    """``(key URI, trust list)``."""
    from mrv.cli import main

    assert main(["keys", "new", str(tmp_path / "key.pem"), "--trust", str(tmp_path / "trust.json")]) == 0
    capsys.readouterr()
    return f"file:{tmp_path / 'key.pem'}", tmp_path / "trust.json"


@pytest.fixture
def mrv(capsys):
    """Run the command line in this process: ``(exit status, stdout, stderr)``."""
    from mrv.cli import main

    def call(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(word) for word in words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


@pytest.fixture
def attested(keys, mrv, tmp_path):
    """Run a project folder, check what was signed and replay it: ``(attestation, evidence)``, where both hold."""

    def call(folder):
        key, trust = keys
        status, _, err = mrv("run", folder, "--key", key, "--out", tmp_path / "out", "--json")
        assert status == 0, err
        attestation, evidence = tmp_path / "out" / "attestation.json", tmp_path / "out" / "evidence"
        status, out, _ = mrv("check", attestation, "--trust", trust, "--no-asset", "--evidence", evidence, "--json")
        assert (status, failed(out)) == (0, [])
        status, out, _ = mrv("replay", attestation, "--store", evidence, "--json")
        assert (status, json.loads(out)["differences"]) == (0, [])
        return attestation, evidence

    return call
