"""Wherever the command line takes a file: a folder, a pipe, a device or 300 MB in its place is refused by name, at once."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from support import logs
from support.attested import attestation, status_entries
from support.odd_files import ODD, no_waiting, odd

from mrv.attest.register import new_register

ISSUER = "did:web:verifier.example"
CHECK = ("check", "GOOD", "--trust", "TRUST", "--no-asset")
SIGN = ("--opinion", "unmodified", "--assurance", "limited", "--scope", "x")
REFRESH = ("status", "refresh", "LISTS", "GOOD", "--trust", "TRUST", "--settings", "ODD")
WORDS = {
    "attestation": ("check", "ODD", "--trust", "TRUST", "--no-asset"),
    "trust list": ("check", "GOOD", "--trust", "ODD", "--no-asset"),
    "opinion": (*CHECK, "--countersignature", "ODD"),
    "log proof": (*CHECK, "--log-proof", "ODD", "--log-policy", "POLICY"),
    "log policy": (*CHECK, "--log-proof", "GOOD", "--log-policy", "ODD"),
    "time-stamp": (*CHECK, "--timestamp", "ODD", "--tsa", "GOOD"),
    "roots": (*CHECK, "--timestamp", "GOOD", "--tsa", "ODD"),
    "token metadata": (*CHECK, "--token-metadata", "ODD"),
    "ledger": (*CHECK, "--ledger", "ODD"),
    "replayed": ("replay", "ODD", "--store", "LISTS"),
    "left": ("diff", "ODD", "GOOD"),
    "right": ("diff", "GOOD", "ODD"),
    "bundle": ("bundle", "check", "ODD", "--trust", "TRUST", "--no-asset"),
    "extracted": ("bundle", "extract", "ODD", "--out", "NEW"),
    "countersigned": ("countersign", "ODD", "--key", "KEY", *SIGN),
    "key": ("keys", "show", "file:ODD"),
    "trust shown": ("keys", "trust", "show", "ODD"),
    "trust changed": ("keys", "trust", "require", "ODD"),
    "status issued": ("status", "issue", "REGISTER", "ODD"),
    "status revoked": ("status", "revoke", "REGISTER", "ODD", "--reason", "x"),
    "settings": REFRESH,
    "exported": ("export", "ODD", "--to", "cdop", "--uri", "https://a.example", "--unchecked"),
    "logged": ("log", "append", "LOG", "ODD", "--key", "KEY"),
    "cosigned": ("log", "prove", "LOG", "GOOD", "--cosigned", "ODD"),
    "answer": ("log", "cosign", "LOG", "ODD", "--policy", "POLICY"),
    "policy": ("log", "verify", "LOG", "--policy", "ODD"),
    "view": ("log", "watch", "ODD", "LOG", "--policy", "POLICY"),
    "stamped": ("log", "timestamp", "ODD"),
}
MAY_BE_A_FOLDER = {"ledger", "view"}
"""A folder of attestations, a copy of a log."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """One of everything that is as it should be."""
    from mrv.cli import main

    place = tmp_path_factory.mktemp("kept")
    assert main(["keys", "new", str(place / "key.pem"), "--trust", str(place / "trust.json")]) == 0
    (place / "good.json").write_text(json.dumps(attestation(status=status_entries())))
    (place / "lists").mkdir()
    new_register(place / "register", issuer=ISSUER, url="https://status.example/v1")
    logs.make(place / "log", 1)
    (place / "policy.json").write_text(json.dumps(logs.policy(quorum=0).model_dump(mode="json", by_alias=True)))
    return place


@pytest.fixture
def places(kept, tmp_path):
    def path(name):
        return kept / name

    return {
        "GOOD": path("good.json"), "TRUST": path("trust.json"), "KEY": f"file:{path('key.pem')}", "LISTS": path("lists"),
        "REGISTER": path("register"), "LOG": path("log"), "POLICY": path("policy.json"), "NEW": tmp_path / "new",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("what", "kind"),
    [(what, kind) for what in WORDS for kind in ODD if (what, kind) not in {(name, "a folder") for name in MAY_BE_A_FOLDER}],
)
def test_refused_by_name(what, kind, places, tmp_path, mrv):
    path = odd(kind, tmp_path / "odd")
    if what == "key" and kind == "a huge file":
        path.chmod(0o600)
    named = {**places, "ODD": path, "file:ODD": f"file:{path}"}
    with no_waiting():
        status, out, err = mrv(*(named.get(word, word) for word in WORDS[what]))
    assert status == 2, out + err
    told = err or out
    assert str(path) in told
    assert "what to do: " in told
    if kind == "a huge file":
        assert "more than" in told
        assert "bytes" in told
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", ["register.json", "entries/5.0.json"])
def test_in_a_register(kind, name, places, kept, tmp_path, mrv):
    register = tmp_path / "register"
    shutil.copytree(kept / "register", register)
    (register / name).unlink(missing_ok=True)
    path = odd(kind, register / name)
    if kind == "a device":
        (register / name).symlink_to(path)
    with no_waiting():
        status, _, err = mrv("status", "publish", register, "--key", places["KEY"], "--out", tmp_path / "new")
    assert (status, "error[register.unreadable]" in err) == (2, True), err
    assert "what to do: " in err


@pytest.mark.parametrize("kind", ODD)
def test_in_a_folder_of_lists(kind, places, tmp_path, mrv):
    (tmp_path / "lists").mkdir()
    path = odd(kind, tmp_path / "lists/a.json")
    if kind == "a device":
        (tmp_path / "lists/a.json").symlink_to(path)
    trust = json.loads(places["TRUST"].read_text())
    trust["issuers"][0] |= {"id": ISSUER, "statusRequired": True}
    trust["issuers"][0]["keys"][0]["id"] = f"{ISSUER}#{trust['issuers'][0]['keys'][0]['publicKeyMultibase']}"
    (tmp_path / "trust.json").write_text(json.dumps(trust))
    with no_waiting():
        status, out, _ = mrv(
            "check", places["GOOD"], "--trust", tmp_path / "trust.json", "--no-asset", "--status", tmp_path / "lists", "--json"
        )
    fails = {row["code"]: row["detail"] for row in json.loads(out)["checks"] if row["code"].startswith("status.")}
    assert status == 1
    assert list(fails) == ["status.size" if kind == "a huge file" else "status.unreadable"]
    assert "a.json" in next(iter(fails.values()))


@pytest.mark.parametrize("kind", ODD)
def test_in_a_ledger_of_attestations(kind, places, tmp_path, mrv):
    (tmp_path / "seen").mkdir()
    path = odd(kind, tmp_path / "seen/a.json")
    if kind == "a device":
        (tmp_path / "seen/a.json").symlink_to(path)
    named = {**places, "ODD": tmp_path / "seen"}
    with no_waiting():
        status, _, err = mrv(*(named.get(word, word) for word in WORDS["ledger"]))
    assert (status, "error[ledger.unreadable]" in err) == (2, True), err
    assert "a.json" in err


@pytest.mark.parametrize("kind", ODD)
def test_names_and_keys_of_chains(kind, tmp_path):
    from mrv.errors import UsageError
    from mrv.registry.names import load_names

    with no_waiting(), pytest.raises(UsageError) as caught:
        load_names(odd(kind, tmp_path / "odd"))
    assert (caught.value.error_code, bool(caught.value.hint)) == ("export.names", True)
    pytest.importorskip("eth_account")
    from mrv.registry.chain import load_account

    path = odd(kind, tmp_path / "key")
    if path.is_file():
        path.chmod(0o600)
    with no_waiting(), pytest.raises(UsageError) as caught:
        load_account(f"file:{path}")
    assert caught.value.error_code == "chain.key"


@pytest.mark.parametrize("kind", ["a pipe", "a device"])
def test_nothing_is_added_to_what_is_no_ledger(kind, places, tmp_path, monkeypatch):
    from mrv.errors import AttestationError
    from mrv.registry import ledger

    with no_waiting(), pytest.raises(AttestationError) as caught:
        ledger.append(odd(kind, tmp_path / "odd"), None)
    assert (caught.value.error_code, bool(caught.value.hint)) == ("ledger.unwritable", True)


def test_a_named_pipe_keeps_its_reader(tmp_path, mrv, places):
    """Refusing it leaves whoever listens at its other end as they were."""
    os.mkfifo(tmp_path / "pipe")
    held = os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(held, b"kept")
        assert mrv("check", tmp_path / "pipe", "--trust", places["TRUST"], "--no-asset")[0] == 2
        assert os.read(held, 8) == b"kept"
    finally:
        os.close(held)


@pytest.mark.parametrize("name", ["plan.toml", "settings.toml", "binding.toml", "boundary.geojson", "reference.csv"])
@pytest.mark.parametrize("kind", ODD)
def test_in_a_project_folder(kind, name, tmp_path):
    from mrv.errors import PlanError
    from mrv.project import load_project

    sample = Path(__file__).parents[2] / "data-samples" / "delta"
    for file in ("plan.toml", "boundary.geojson"):
        shutil.copy(sample / file, tmp_path / file)
    (tmp_path / name).unlink(missing_ok=True)
    path = odd(kind, tmp_path / name)
    if path != tmp_path / name:
        (tmp_path / name).symlink_to(path)
    with no_waiting(), pytest.raises(PlanError) as caught:
        load_project(tmp_path)
    assert (Path(caught.value.file).name, bool(caught.value.hint)) == (name, True)
