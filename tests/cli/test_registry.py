"""Serials, ledger and exports by hand, on a whole project."""

from __future__ import annotations

import json
import shutil

import pytest
from support.answers import failed
from support.full_project import full_project

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


@pytest.fixture
def run(tmp_path, keys, mrv):
    """Run the project with these serials: ``(exit status, what was said, output folder)``."""
    tiny = full_project(tmp_path)

    def call(*serials, name="out", more=""):
        (tiny.folder / "binding.toml").write_text(f"serials = {json.dumps(serials)}\n{more}")
        status, _, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "seen" / name)
        return status, err, tmp_path / "seen" / name

    return call


def test_serials_are_signed_checked_and_not_counted_twice(run, keys, mrv, tmp_path):
    status, err, _ = run("ACR-US-192-2020-203-1-5O")
    assert status == 2
    assert "error[serial.letter-o]" in err
    assert "binding.toml: serials" in err
    status, err, _ = run("ACR-US-192-2020-203-1-5", "ACR-US-192-2020-203-5-6")
    assert status == 2
    assert "error[binding.serials-distinct]" in err

    status, err, out = run("ACR-US-192-2020-203-1-2")
    assert status == 0, err
    words = (out / "attestation.json", "--trust", keys[1], "--no-asset", "--json", "--evidence", out / "evidence")
    ledger = tmp_path / "ledger.jsonl"
    assert mrv("check", *words)[0] == 0
    status, told, _ = mrv("ledger", "add", ledger, *words)
    assert (status, json.loads(told)["added"]) == (0, True)
    status, told, _ = mrv("ledger", "add", ledger, *words)
    assert (status, json.loads(told)["added"]) == (0, False)
    assert mrv("check", *words, "--ledger", ledger)[0] == 0

    status, err, again = run("ACR-US-192-2020-203-2-3", name="again")
    assert status == 0, err
    words = (again / "attestation.json", "--trust", keys[1], "--no-asset", "--json", "--evidence", again / "evidence")
    assert mrv("check", *words)[0] == 0
    for place in (ledger, out.parent):
        status, told, _ = mrv("check", *words, "--ledger", place)
        assert (status, failed(told)) == (1, ["ledger.serials", "ledger.area"])
    status, told, _ = mrv("ledger", "add", ledger, *words)
    assert (status, failed(told)) == (1, ["ledger.serials", "ledger.area"])
    assert ledger.read_bytes().count(b"\n") == 1


def test_serials_that_check_would_refuse_are_not_signed(tmp_path, keys, mrv):
    """Too many tonnes: known once they are computed, before an index of the register is used.  A vintage: at once."""
    tiny, out, book = full_project(tmp_path), tmp_path / "out", tmp_path / "book"
    key = ("--key", keys[0], "--out", out)
    url = "https://status.example.org"
    assert mrv("status", "init", book, "--issuer", "did:web:a.example", "--url", url)[0] == 0
    before = sorted(path.name for path in book.rglob("*"))
    (tiny.folder / "binding.toml").write_text('serials = ["ACR-US-192-2020-203-1-1000000"]\n')
    status, _, err = mrv("run", tiny.folder, *key, "--register", book)
    assert (status, "error[binding.serials-quantity]" in err, "binding.toml: serials" in err) == (2, True, True), err
    assert "t are creditable" in err
    assert "what to do: bind no more than the creditable tonnes" in err
    assert not out.exists()
    assert sorted(path.name for path in book.rglob("*")) == before

    shutil.rmtree(tiny.folder / "build")  # nothing is searched or fetched before these are refused
    for serial in ("ACR-US-192-2017-203-1-2", "15312-1-2-VCS-VCU-208-VER-CA-3-929-01012020-31122022-0"):
        (tiny.folder / "binding.toml").write_text(f'serials = ["{serial}"]\n')
        status, _, err = mrv("run", tiny.folder, *key)
        assert (status, "error[binding.serials-vintage]" in err, "--period" in err) == (2, True, True), err
    (tiny.folder / "binding.toml").unlink()
    for digest in ("sha256:zz", "sha256:" + "A" * 64, ""):
        status, _, err = mrv("run", tiny.folder, *key, "--supersedes", digest)
        assert (status, "error[binding.supersedes]: --supersedes: " in err, "64 hexadecimal" in err) == (2, True, True), err
    (tmp_path / "file").write_text("")
    for place in ("/proc/mrv/out", tmp_path / "file" / "out"):
        status, _, err = mrv("run", tiny.folder, "--key", keys[0], "--out", place)
        assert (status, "error[out.unwritable]" in err, "--out" in err) == (2, True, True), err
    assert not out.exists()


CHECKSUMMED = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"  # of EIP-55's test cases
ASSET = f"eip155:137/erc1155:{CHECKSUMMED}/7"


def test_a_token_is_bound_by_any_right_spelling_and_refused_where_its_checksum_is_wrong(run, keys, mrv):
    """Before the run computes anything, and wherever the caller names the token."""
    wrong = ASSET.replace("fB69", "fb69")
    for assets, code, remedy in (
        ([wrong], "asset.checksum", CHECKSUMMED),
        (["eip155:137/erc1155:0x12/7"], "asset.invalid", "40 hex digits"),
        ([ASSET, ASSET.lower()], "binding.assets-distinct", "once"),
    ):
        status, err, out = run(more=f"assets = {json.dumps(assets)}\n")
        assert (status, out.exists()) == (2, False)
        assert f"error[{code}]" in err
        assert "binding.toml: assets" in err
        assert remedy in err.partition("what to do")[2]
    status, err, out = run(more=f'assets = ["{ASSET}"]\n')
    assert status == 0, err
    attestation = out / "attestation.json"
    assert json.loads(attestation.read_bytes())["credentialSubject"]["binding"]["assets"] == [ASSET.lower()]
    words = ("--trust", keys[1], "--json")
    for asset in (ASSET, ASSET.lower(), ASSET.replace(CHECKSUMMED, "0x" + CHECKSUMMED[2:].upper())):
        assert mrv("check", attestation, *words, "--asset", asset)[0] == 0
    for verb in (
        ("check",),
        ("export", "--to", "eas", "--uri", "https://example.org/a"),
        ("bundle", "make", "--out", out / "b"),
    ):
        status, _, err = mrv(*verb, attestation, *words, "--asset", wrong)
        assert (status, "error[asset.checksum]" in err, CHECKSUMMED in err) == (2, True, True), err


def test_a_ledger_that_cannot_be_read(keys, mrv, tmp_path):
    (tmp_path / "a.json").write_text("{}")
    status, _, err = mrv("check", tmp_path / "a.json", "--trust", keys[1], "--no-asset", "--ledger", tmp_path / "none")
    assert status == 2
    assert "error[ledger.unreadable]" in err
    (tmp_path / "ledger.jsonl").write_text("")
    words = ("check", tmp_path / "a.json", "--trust", keys[1], "--no-asset", "--json", "--ledger", tmp_path / "ledger.jsonl")
    status, told, _ = mrv(*words)
    assert (status, failed(told)) == (1, ["schema.missing", "ledger.serials"])


def test_exports_by_hand(run, keys, mrv, tmp_path):
    status, err, _ = run(more='[genesis]\n"eip155:1337" = "latest"\n')
    assert status == 2
    assert "error[plan.field]" in err
    status, err, out = run("ACR-US-192-2020-203-1-2", more=f'[genesis]\n"eip155:1337" = "0x{"ab" * 32}"\n')
    assert status == 0, err
    binding = json.loads((out / "attestation.json").read_text())["credentialSubject"]["binding"]
    assert binding["networks"] == [{"chain": "eip155:1337", "genesis": "0x" + "ab" * 32}]
    path, uri = out / "attestation.json", ("--uri", "https://example.org/attestation.json")
    held = ("--trust", keys[1], "--no-asset")
    status, told, _ = mrv("export", path, "--to", "cdop", *uri, *held)
    assert status == 0
    value = json.loads(told)
    assert value["mrv"]["checked"] is True
    assert value["Verification_Metadata"]["verification"]["verification_report_url"] == [uri[1]]
    status, told, _ = mrv("export", path, "--to", "cdop", *uri, "--unchecked")
    assert (status, json.loads(told)["mrv"]["checked"]) == (0, False)
    (tmp_path / "names.toml").write_text(
        'verification_body = "SCS"\ncadtrust_project = "055a3fbe-eabc-4535-b9cf-1028e7d18f89"\n'
    )
    names = ("--names", tmp_path / "names.toml", "--out", tmp_path / "rows")
    status, told, _ = mrv("export", path, "--to", "cadtrust", *uri, *held, *names)
    assert status == 0
    assert {file.name for file in (tmp_path / "rows").iterdir()} == {"cadtrust.json", "verification.csv"}
    assert value["mrv"]["attestation"] in (tmp_path / "rows" / "verification.csv").read_text()

    for words, code in (
        (("--to", "cdop", *uri), "usage"),
        (("--to", "cdop", *uri, *held, "--unchecked"), "usage"),
        (("--to", "cdop", *uri, "--trust", keys[1]), "usage"),
        (("--to", "eas", *uri, *held), "export.asset"),
        (("--to", "cdop", "--uri", "attestation.json", *held), "export.uri"),
    ):
        status, _, err = mrv("export", path, *words)
        assert status == 2
        assert f"error[{code}]" in err
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"ACR-US-192-2020-203-1-2"', b'"ACR-US-192-2020-203-1-3"'))
    status, told, err = mrv("export", path, "--to", "cdop", *uri, *held)
    assert (status, told) == (1, "")
    assert "error[export.refused]" in err
    assert "proof.valid" in err


def test_a_token_that_names_another_attestation(keys, mrv, tmp_path):
    (tmp_path / "meta.json").write_text("[")
    (tmp_path / "a.json").write_text("{}")
    words = (
        "check",
        tmp_path / "a.json",
        "--trust",
        keys[1],
        "--no-asset",
        "--json",
        "--token-metadata",
        tmp_path / "meta.json",
    )
    status, told, _ = mrv(*words)
    assert (status, failed(told)) == (1, ["schema.missing"])
