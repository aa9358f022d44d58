"""``mrv status``: from a register to a revocation that everyone sees, and ``mrv run --register``."""

from __future__ import annotations

import json

import pytest
from support.attested import NOW, attestation, make_signer, status_entries, write_lists

from mrv.attest import keys as signing
from mrv.attest.register import open_register

ISSUER = "did:web:verifier.example"
pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


@pytest.fixture
def body(tmp_path, mrv):
    """A verification body: two keys, a register, and a trust list that names both and asks for status lists."""
    for name in ("attester", "status"):
        assert mrv("keys", "new", tmp_path / f"{name}.pem")[0] == 0
    trusted = []
    for name in ("attester", "status"):
        own = signing.load_signer(f"file:{tmp_path / name}.pem")
        multikey = signing.encode_multikey(own.public_key)
        trusted.append(
            {
                "id": f"{ISSUER}#{multikey}", "suite": "eddsa-jcs-2022", "publicKeyMultibase": multikey, "roles": [name],
                "notBefore": None, "notAfter": None, "revokedAt": None,
            }
        )  # fmt: skip
    issuer = {"id": ISSUER, "statusRequired": True, "keys": trusted}
    (tmp_path / "trust.json").write_text(json.dumps({"version": 1, "previous": None, "issuers": [issuer]}))
    status, _, _ = mrv("status", "init", tmp_path / "register", "--issuer", ISSUER, "--url", "https://status.example/v1")
    assert status == 0
    return tmp_path


def published(mrv, body):
    status, out, _ = mrv(
        "status", "publish", body / "register", "--key", f"file:{body}/status.pem", "--out", body / "lists", "--json"
    )
    assert status == 0
    assert len(json.loads(out)["written"]) == 2


def failing(mrv, body, name="out"):
    status, out, _ = mrv(
        "check", body / name / "attestation.json", "--trust", body / "trust.json", "--no-asset", "--status", body / "lists",
        "--json",
    )  # fmt: skip
    codes = [row["code"] for row in json.loads(out)["checks"] if row["status"] == "fails"]
    assert status == (1 if codes else 0)
    return codes


def test_run_suspend_reinstate_revoke(mrv, body, tiny):
    with (tiny.folder / "settings.toml").open("a") as settings:  # shared with `mrv status refresh`
        settings.write('\n[status]\nhosts = ["status.example"]\n')
    status, _, told = mrv(
        "run", tiny.folder, "--key", f"file:{body}/attester.pem", "--register", body / "register", "--out", body / "out"
    )
    assert status == 0, told
    published(mrv, body)
    assert failing(mrv, body) == []
    file = body / "out/attestation.json"
    for verb, codes in (("suspend", ["status.suspension"]), ("reinstate", []), ("revoke", ["status.revocation"])):
        status, out, _ = mrv("status", verb, body / "register", file, "--reason", "so it goes", "--json")
        assert status == 0
        digest = json.loads(out)["attestation"]
        published(mrv, body)
        assert failing(mrv, body) == codes
    status, _, told = mrv("status", "reinstate", body / "register", digest, "--reason", "a mistake")
    assert (status, "register.transition" in told) == (2, True)


@pytest.mark.parametrize(
    ("key", "trust", "code"),
    [
        ("attester.pem", "trust.json", "status.role"),
        ("stranger.pem", "trust.json", "status.key"),
        ("status.pem", "revoked.json", "status.key"),
        ("status.pem", "others.json", "status.key"),
        ("status.pem", "none.json", "trust.unreadable"),
    ],
)
def test_a_list_that_nobody_would_believe_is_not_published(mrv, body, key, trust, code):
    assert mrv("keys", "new", body / "stranger.pem", "--trust", body / "others.json")[0] == 0
    own = signing.encode_multikey(signing.load_signer(f"file:{body}/status.pem").public_key)
    assert mrv("keys", "trust", "revoke", body / "trust.json", own, "--out", body / "revoked.json")[0] == 0
    words = ("status", "publish", body / "register", "--out", body / "lists")
    status, _, told = mrv(*words, "--key", f"file:{body}/{key}", "--trust", body / trust)
    assert (status, f"error[{code}]" in told, "what to do: " in told) == (2, True, True), told
    assert not list((body / "lists").glob("*"))
    assert mrv(*words, "--key", f"file:{body}/status.pem", "--trust", body / "trust.json")[0] == 0
    assert len(list((body / "lists").iterdir())) == 2
    status, _, _ = mrv(*words, "--key", f"file:{body}/{key}", "--trust", body / trust)
    assert (status, len(list((body / "lists").iterdir()))) == (2, 2)


def test_run_supersede(mrv, body, tiny):
    run = ("run", tiny.folder, "--key", f"file:{body}/attester.pem", "--register", body / "register", "--json")
    old = json.loads(mrv(*run, "--out", body / "old")[1])["attestation"]
    assert mrv(*run, "--out", body / "new", "--supersedes", old)[0] == 0
    assert mrv("status", "supersede", body / "register", old, body / "new/attestation.json")[0] == 0
    published(mrv, body)
    assert failing(mrv, body, "old") == ["status.revocation"]
    assert failing(mrv, body, "new") == []
    status, _, told = mrv("status", "supersede", body / "register", old, body / "old/attestation.json")
    assert (status, "register.successor" in told) == (2, True)


def test_issue_by_hand(mrv, body):
    """Entries for a document that is signed elsewhere, which is then recorded."""
    status, out, _ = mrv("status", "issue", body / "register")
    assert status == 0
    entries = json.loads(out)["credentialStatus"]
    file = body / "elsewhere.json"
    file.write_text(json.dumps(attestation(status=entries)))
    status, out, _ = mrv("status", "issue", body / "register", file, "--json")
    assert (status, json.loads(out)["state"]) == (0, "issued")
    assert open_register(body / "register").states() == {int(entries[0]["statusListIndex"]): "issued"}


def test_a_run_that_cannot_be_registered_is_not_run(mrv, body, tiny):
    words = ("run", tiny.folder, "--key", f"file:{body}/attester.pem", "--out", body / "out")
    status, _, told = mrv(*words, "--register", body / "nowhere")
    assert (status, "register.unreadable" in told) == (2, True)
    assert not (body / "out").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status", "revoke", "REGISTER", "sha256:" + "0" * 64, "--reason", "x"), "register.unknown"),
        (("status", "revoke", "REGISTER", "nothing.json", "--reason", "x"), "usage.file"),
        (("status", "revoke", "REGISTER", "ELSEWHERE", "--reason", "x"), "register.foreign"),
        (("status", "init", "REGISTER", "--issuer", ISSUER, "--url", "https://a.example"), "register.exists"),
        (("status", "init", "NEW", "--issuer", "did:key:z6Mk", "--url", "https://a.example"), "register.issuer"),
        (("status", "publish", "REGISTER", "--key", "KEY", "--out", "LISTS", "--days", "8"), "status.lifetime"),
        (("status", "publish", "REGISTER", "--key", "KEY", "--out", "REGISTER"), "status.out"),
        (("status", "publish", "REGISTER", "--key", "KEY", "--out", "INSIDE"), "status.out"),
        (("status", "refresh", "LISTS", "UNLISTED", "--trust", "TRUST", "--settings", "SETTINGS"), "status.unlisted"),
        (("status", "refresh", "LISTS", "ELSEWHERE", "--trust", "TRUST", "--settings", "SETTINGS"), "refresh.host"),
        (("status", "refresh", "LISTS", "ELSEWHERE", "--trust", "TRUST", "--settings", "none.toml"), "refresh.settings"),
        (("status", "refresh", "LISTS", "ELSEWHERE", "--trust", "none.json", "--settings", "SETTINGS"), "trust.unreadable"),
    ],
)
def test_refusals(mrv, body, words, code):
    places = {
        "REGISTER": body / "register", "NEW": body / "new", "LISTS": body / "lists", "TRUST": body / "trust.json",
        "KEY": f"file:{body}/status.pem", "SETTINGS": body / "settings.toml", "ELSEWHERE": body / "elsewhere.json",
        "UNLISTED": body / "unlisted.json", "INSIDE": body / "register" / "lists",
    }  # fmt: skip
    places["ELSEWHERE"].write_text(json.dumps(attestation(status=status_entries())))
    places["UNLISTED"].write_text(json.dumps(attestation(status=[])))
    places["SETTINGS"].write_text("[status]\nhosts = []\n")
    status, _, told = mrv(*(places.get(word, word) for word in words))
    assert status == 2
    assert f"error[{code}]" in told
    assert "what to do: " in told
    assert not list((body / "register").glob("**/*revocation*"))


def test_the_folder_of_lists_is_named(mrv, body):
    """Somebody else's lists, at the right address, in ``--status``."""
    entries = open_register(body / "register").entries(7)
    (body / "theirs").mkdir()
    file = body / "theirs/attestation.json"
    file.write_text(json.dumps(attestation(make_signer(1, None), status=entries)))
    write_lists(body / "lists")
    status, out, _ = mrv(
        "check", file, "--trust", body / "trust.json", "--no-asset", "--status", body / "lists", "--now", NOW, "--json"
    )
    assert status == 1
    assert "status.missing" in [row["code"] for row in json.loads(out)["checks"] if row["status"] == "fails"]
