"""Keys of both suites, trust lists and their versions, and a verifier's opinion: by hand, from key to check."""

from __future__ import annotations

import json
import shutil

import pytest
from support.tiny_project import tiny_project

from mrv.attest.trust import load_trust
from mrv.cli import main

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")
GIVEN = ("--opinion", "unmodified", "--assurance", "limited", "--scope", "VM0033, 2025")


@pytest.fixture
def verifier(mrv, tmp_path):
    """``(key URI, Multikey)`` of a verifier."""
    status, out, _ = mrv("keys", "new", tmp_path / "verifier.pem", "--json")
    assert status == 0
    return f"file:{tmp_path / 'verifier.pem'}", json.loads(out)["verificationMethod"].partition("#")[2]


def failed(out):
    return [check["code"] for check in json.loads(out)["checks"] if check["status"] == "fails"]


def check(mrv, folder, trust, *more):
    status, out, _ = mrv("check", folder / "attestation.json", "--trust", trust, "--no-asset", "--json", *more)
    assert (status == 0) == (failed(out) == [])
    return failed(out)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of one run, signed with P-256, with its key and trust list."""
    folder = tmp_path_factory.mktemp("opinions")
    tiny = tiny_project(folder, checksums=False)
    key = folder / "machine.pem"
    assert main(["keys", "new", str(key), "--suite", "ecdsa-jcs-2019", "--trust", str(folder / "trust.json")]) == 0
    assert main(["run", str(tiny.folder), "--key", f"file:{key}", "--out", str(folder / "out")]) == 0
    return folder


@pytest.fixture
def run(made, tmp_path):
    """``(folder with a copy of the attestation, key URI, copy of the trust list)``."""
    for path in (made / "out" / "attestation.json", made / "trust.json"):
        shutil.copy(path, tmp_path)
    return tmp_path, f"file:{made / 'machine.pem'}", tmp_path / "trust.json"


def test_from_key_to_opinion(run, verifier, mrv):
    folder, _, trust = run
    assert check(mrv, folder, trust) == []
    machine = json.loads((folder / "attestation.json").read_bytes())
    assert machine["proof"]["cryptosuite"] == "ecdsa-jcs-2019"

    assert mrv("keys", "trust", "add", trust, verifier[1], "--role", "verifier")[0] == 0
    assert mrv("keys", "trust", "require", trust)[0] == 0
    assert check(mrv, folder, trust) == ["countersign.missing"]
    told = mrv("countersign", folder / "attestation.json", "--key", verifier[0], *GIVEN)
    assert told[0] == 0, told
    opinion = folder / "countersignature.json"
    assert check(mrv, folder, trust, "--countersignature", opinion) == []
    assert check(mrv, folder, trust, "--countersignature", opinion, "--countersignature", opinion) == ["countersign.repeated"]

    before = load_trust(trust)
    assert mrv("keys", "trust", "revoke", trust, verifier[1])[0] == 0
    assert check(mrv, folder, trust, "--countersignature", opinion) == ["countersign.revoked", "countersign.missing"]
    accepted = ("--min-trust-version", before.version, "--trust-digest", before.digest)
    assert check(mrv, folder, trust, *accepted, "--countersignature", opinion) == ["countersign.revoked", "countersign.missing"]
    status, _, err = mrv(
        "check", folder / "attestation.json", "--trust", trust, "--no-asset",
        "--min-trust-version", before.version, "--trust-digest", "sha256:" + "0" * 64,
    )  # fmt: skip
    assert (status, "error[trust.fork]" in err) == (2, True)


def test_an_adverse_opinion(run, verifier, mrv):
    folder, _, trust = run
    mrv("keys", "trust", "add", trust, verifier[0], "--role", "verifier")
    words = ("--opinion", "adverse", "--reason", "leakage left out", "--assurance", "limited", "--scope", "x")
    assert mrv("countersign", folder / "attestation.json", "--key", verifier[0], *words)[0] == 0
    opinion = ("--countersignature", folder / "countersignature.json")
    assert check(mrv, folder, trust, *opinion) == ["countersign.opinion"]
    status, out, _ = mrv("check", folder / "attestation.json", "--trust", trust, "--no-asset", *opinion)
    assert status == 1
    assert "leakage left out" in out


def test_the_machines_own_key_gives_no_opinion(run, mrv):
    folder, key, _ = run
    status, _, err = mrv("countersign", folder / "attestation.json", "--key", key, *GIVEN)
    assert (status, "error[countersign.same-key]" in err) == (2, True)
    assert not (folder / "countersignature.json").exists()


def test_an_opinion_is_never_overwritten(run, verifier, mrv):
    folder, *_ = run
    words = ("countersign", folder / "attestation.json", "--key", verifier[0], *GIVEN)
    assert mrv(*words)[0] == 0
    before = (folder / "countersignature.json").read_bytes()
    status, _, err = mrv(*words)
    assert (status, "error[usage.file]" in err) == (2, True)
    assert (folder / "countersignature.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--opinion", "qualified", "--assurance", "limited", "--scope", "x"), "schema.value"),
        (("--opinion", "unmodified", "--reason", "x", "--assurance", "limited", "--scope", "x"), "schema.value"),
        ((*GIVEN, "--date", "2999-01-01"), "schema.value"),
        ((*GIVEN, "--date", "yesterday"), "schema.value"),
        ((*GIVEN, "--issuer", "nobody"), "key.issuer"),
    ],
)
def test_opinions_that_are_not_signed(run, verifier, mrv, words, code):
    folder, *_ = run
    status, _, err = mrv("countersign", folder / "attestation.json", "--key", verifier[0], *words)
    assert (status, f"error[{code}]" in err) == (2, True), err
    assert not (folder / "countersignature.json").exists()


def test_rotation_under_a_name_of_ones_own(tmp_path, mrv):
    trust, web = tmp_path / "trust.json", "did:web:mrv.example"
    status, out, _ = mrv("keys", "new", tmp_path / "a.pem", "--issuer", web, "--trust", trust, "--json")
    assert status == 0
    first = json.loads(out)["verificationMethod"]
    assert first.startswith(f"{web}#z6Mk")
    mrv("keys", "new", tmp_path / "b.pem", "--suite", "ecdsa-jcs-2019")
    status, out, _ = mrv("keys", "trust", "rotate", trust, first, f"file:{tmp_path / 'b.pem'}", "--json")
    assert status == 0
    listed = json.loads(out)
    (issuer,) = listed["issuers"]
    assert listed["version"] == 2
    assert [key["suite"] for key in issuer["keys"]] == ["eddsa-jcs-2022", "ecdsa-jcs-2019"]
    status, out, _ = mrv("keys", "trust", "show", trust)
    assert status == 0
    assert listed["digest"] in out
    assert web in mrv("keys", "show", f"file:{tmp_path / 'b.pem'}", "--issuer", web)[1]


def test_a_change_can_be_written_beside(tmp_path, keys, mrv):
    before = keys[1].read_bytes()
    assert mrv("keys", "trust", "require", keys[1], "--number", 2, "--out", tmp_path / "next.json")[0] == 0
    assert keys[1].read_bytes() == before
    assert load_trust(tmp_path / "next.json").previous == load_trust(keys[1]).digest


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "TRUST", "z6Mkbad", "--role", "verifier"), "key."),
        (("add", "TRUST", "pkcs11:object=a;pin-value=0000", "--role", "verifier"), "key.pin"),
        (("add", "TRUST", "awskms:", "--role", "verifier"), "key.uri"),
        (("add", "TRUST", "nothing", "--role", "verifier"), "key.scheme"),
        (("revoke", "TRUST", "nobody"), "trust.no-key"),
        (("rotate", "TRUST", "nobody", "KEY"), "trust.no-key"),
        (("require", "TRUST", "--number", "99"), "schema.value"),
        (("show", "nowhere.json"), "trust.unreadable"),
    ],
)
def test_changes_that_are_refused(words, code, keys, mrv):
    before = keys[1].read_bytes()
    status, _, err = mrv("keys", "trust", *({"TRUST": keys[1], "KEY": keys[0]}.get(word, word) for word in words))
    assert status == 2
    assert f"error[{code}" in err
    assert "0000" not in err
    assert keys[1].read_bytes() == before
