"""Keys of both suites, trust lists and their versions, and a verifier's opinion: by hand, from key to check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from support.answers import failed
from support.attested import attestation, status_entries
from support.odd_files import ODD, fill_after, no_waiting, odd
from support.tiny_project import tiny_project

from mrv.attest.keys import load_signer
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
        ((*GIVEN, "--date", "2020-01-01"), "countersign.date"),
        ((*GIVEN, "--scope", " \t\u200b"), "schema.value"),
        ((*GIVEN, "--opinion", "adverse", "--reason", " "), "schema.value"),
        ((*GIVEN, "--issuer", "nobody"), "key.issuer"),
    ],
)
def test_opinions_that_are_not_signed(run, verifier, mrv, words, code):
    folder, *_ = run
    status, _, err = mrv("countersign", folder / "attestation.json", "--key", verifier[0], *words)
    assert (status, f"error[{code}]" in err) == (2, True), err
    assert not (folder / "countersignature.json").exists()


def test_a_disk_that_is_full_leaves_no_opinion_in_the_way(run, verifier, mrv, monkeypatch):
    folder, *_ = run
    words = ("countersign", folder / "attestation.json", "--key", verifier[0], *GIVEN)
    before = sorted(folder.iterdir())
    with monkeypatch.context() as full:
        fill_after(full, 100)
        status, _, err = mrv(*words)
    assert (status, "error[file.unwritable]" in err, sorted(folder.iterdir())) == (2, True, before)
    assert mrv(*words)[0] == 0


def _more_creditable(document, _):
    document["credentialSubject"]["statement"]["conclusion"]["creditable_t"] += 1_000


def _more_and_renamed(document, by):
    from mrv.attest import credential, strict_json

    _more_creditable(document, by)
    subject = document["credentialSubject"]
    subject["id"] = credential.SUBJECT + strict_json.digest(subject["statement"])


def _more_and_signed_again(document, by):
    from mrv.attest import proof

    _more_and_renamed(document, by)
    del document["proof"]
    document["issuer"] = by.issuer
    return proof.sign(document, by, "2026-02-01T00:00:00Z")


def _another_boundary_file(document, by):
    row = document["credentialSubject"]["materials"][0]
    row["path"] = "pixels/" + "0" * 64 + ".tif"
    return _more_and_signed_again(document, by)


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (_more_creditable, "proof.valid, subject.id, statement."),
        (_more_and_renamed, "proof.valid, statement."),
        (_more_and_signed_again, ": statement."),
        (_another_boundary_file, "evidence.materials"),
        (lambda document, _: document.update(validFrom="2020-01-01T00:00:00Z"), ": proof.valid"),
    ],
)
def test_no_opinion_is_signed_on_what_cannot_hold(run, verifier, mrv, tmp_path, forge, found):
    """None of it needs a trust list: the honest machine's name, or a forger's own, it is told of its own contents."""
    folder, *_ = run
    mrv("keys", "new", tmp_path / "forger.pem")
    document = json.loads((folder / "attestation.json").read_bytes())
    document = forge(document, load_signer(f"file:{tmp_path / 'forger.pem'}")) or document
    (folder / "attestation.json").write_text(json.dumps(document))
    status, _, err = mrv("countersign", folder / "attestation.json", "--key", verifier[0], *GIVEN)
    assert (status, "error[countersign.attestation]" in err, found in err) == (2, True, True), err
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


@pytest.mark.parametrize("kind", [*ODD, "a private key", "a link to a key", "a link to nothing", "a ring of links"])
def test_a_list_is_written_over_nothing_else(kind, keys, mrv, tmp_path):
    key, place = tmp_path / "key.pem", tmp_path / "place"
    if kind == "a private key":
        place = key
    elif kind in ODD:
        place = odd(kind, place)
    else:
        place.symlink_to({"a link to a key": key, "a link to nothing": tmp_path / "nothing"}.get(kind, place))
    before = key.read_bytes()
    with no_waiting():
        status, _, err = mrv("keys", "trust", "require", keys[1], "--out", place)
    assert (status, "error[file.other]" in err, "name another file" in err, key.read_bytes()) == (2, True, True, before)
    assert not (tmp_path / "nothing").exists()


def test_a_link_in_place_stays_and_its_file_is_changed(keys, mrv, tmp_path):
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.json", tmp_path / "link.json"
    keys[1].rename(real)
    link.symlink_to(real)
    assert mrv("keys", "trust", "require", link)[0] == 0
    assert (link.is_symlink(), load_trust(real).version) == (True, 2)
    assert mrv("keys", "trust", "require", link, "--out", link)[0] == 0
    assert (link.is_symlink(), load_trust(real).version) == (True, 3)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "TRUST", "z6Mkbad", "--role", "verifier"), "key."),
        (("add", "TRUST", "pkcs11:object=a;pin-value=0000", "--role", "verifier"), "key.pin"),
        (("add", "TRUST", "awskms:", "--role", "verifier"), "key.uri"),
        (("add", "TRUST", "nothing", "--role", "verifier"), "key.scheme"),
        (("revoke", "TRUST", "nobody"), "trust.no-key"),
        (("rotate", "TRUST", "nobody", "KEY"), "trust.no-key"),
        (("require", "TRUST", "--number", "99"), "trust.number"),
        (("require", "TRUST", "--number", "-1"), "trust.number"),
        (("add", "TRUST", "KEY", "--role", "verifier"), "trust.listed"),
        (("add", "TRUST", "KEY", "--role", "verifier", "--issuer", "did:web:mrv.example"), "trust.listed"),
        (("add", "TRUST", "KEY", "--role", "verifier", "--issuer", "nobody"), "key.issuer"),
        (("require", "TRUST", "--status"), "trust.one-key"),
        (("require", "TRUST", "--status", "--issuer", "did:web:none.example"), "trust.no-issuer"),
        (("require", "TRUST", "--status", "--role", "verifier"), "usage"),
        (("require", "TRUST", "--no-status", "--number", "0"), "usage"),
        (("require", "TRUST", "--issuer", "did:web:none.example"), "usage"),
        (("add", "TRUST", "did:web:mrv.example", "--role", "verifier"), "key.name"),
        (("add", "TRUST", "did:key:z6Mka#z6Mkb", "--role", "verifier"), "key.name"),
        (("add", "TRUST", "did:key:z6Mkbad", "--role", "verifier"), "key."),
        (("new", "TRUST", "KEY", "--role", "attester"), "trust.exists"),
        (("new", "none.json", "did:web:mrv.example", "--role", "attester"), "key.name"),
        (("new", "none.json", "KEY", "--role", "attester", "--issuer", "nobody"), "key.issuer"),
        (("new", "none/none.json", "KEY", "--role", "attester"), "file.unwritable"),
        (("add", "none.json", "KEY", "--role", "attester"), "trust.unreadable"),
        (("show", "nowhere.json"), "trust.unreadable"),
    ],
)
def test_changes_that_are_refused(words, code, keys, mrv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = keys[1].read_bytes()
    status, _, err = mrv("keys", "trust", *({"TRUST": keys[1], "KEY": keys[0]}.get(word, word) for word in words))
    assert status == 2
    assert f"error[{code}" in err
    assert "what to do: " in err
    assert "leave the list" not in err
    assert "0000" not in err
    assert keys[1].read_bytes() == before
    assert not Path("none.json").exists()


@pytest.mark.parametrize("place", ["none/trust.json", "trust-and.pem", "file/trust.json"])
def test_no_key_is_made_for_a_list_that_cannot_be_written(place, mrv, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = mrv("keys", "new", tmp_path / "trust-and.pem", "--trust", tmp_path / place)
    assert (status, "what to do: " in err, sorted(tmp_path.iterdir())) == (2, True, [tmp_path / "file"])


def test_a_list_that_fails_after_its_key_says_how_to_go_on(mrv, tmp_path, monkeypatch):
    key, trust = tmp_path / "new.pem", tmp_path / "trust.json"
    with monkeypatch.context() as full:
        fill_after(full, 0)
        status, _, err = mrv("keys", "new", key, "--trust", trust)
    words = ("mrv", "keys", "trust", "new", "LIST", f"file:{key}", "--role", "attester")
    assert (status, "error[file.unwritable]" in err, " ".join(words) in err) == (2, True, True), err
    assert list(tmp_path.iterdir()) == [key]
    assert mrv("keys", "trust", "new", trust, *words[5:])[0] == 0


def test_a_trust_list_that_is_not_there_is_first_of_all_a_path_to_check(run, mrv, tmp_path):
    status, _, err = mrv("check", run[0] / "attestation.json", "--trust", tmp_path / "turst.json", "--no-asset")
    assert (status, "what to do: check the path; " in err) == (2, True), err


@pytest.mark.parametrize("how", ["URI", "Multikey", "did:key", "verification method"])
def test_a_list_is_started_for_a_key_that_is_there_already(how, verifier, keys, tmp_path, mrv):
    uri, multikey = verifier
    spelled = {"URI": uri, "Multikey": multikey, "did:key": f"did:key:{multikey}"}
    key = spelled.get(how, f"did:key:{multikey}#{multikey}")
    trust = tmp_path / "new.json"
    assert mrv("keys", "trust", "new", trust, key, "--role", "attester", "--until", "2099-01-01T00:00:00Z")[0] == 0
    made = load_trust(trust)
    (issuer,) = made.issuers
    assert (made.version, made.previous, issuer.id) == (1, None, f"did:key:{multikey}")
    assert (issuer.keys[0].roles, issuer.keys[0].not_after) == (("attester",), "2099-01-01T00:00:00Z")
    before = trust.read_bytes()
    status, _, err = mrv("keys", "trust", "new", trust, key, "--role", "attester")
    assert (status, "error[trust.exists]" in err, trust.read_bytes()) == (2, True, before)
    status, _, err = mrv("keys", "new", tmp_path / "more.pem", "--trust", trust)
    assert (status, "error[trust.exists]" in err, trust.read_bytes()) == (2, True, before)


def test_a_started_list_checks_what_the_key_signed(run, tmp_path, mrv):
    folder, key, _ = run
    assert mrv("keys", "trust", "new", tmp_path / "new.json", key, "--role", "attester")[0] == 0
    assert check(mrv, folder, tmp_path / "new.json") == []
    assert mrv("keys", "trust", "new", tmp_path / "verifiers.json", key, "--role", "verifier")[0] == 0
    assert check(mrv, folder, tmp_path / "verifiers.json") == ["key.valid"]


def test_status_lists_are_asked_for(tmp_path, verifier, mrv):
    """Then an attestation that is checked without them is refused, and the refusal says what to do."""
    web, trust, file = "did:web:mrv.example", tmp_path / "trust.json", tmp_path / "attestation.json"
    assert mrv("keys", "new", tmp_path / "a.pem", "--issuer", web, "--trust", trust)[0] == 0
    signer = load_signer(f"file:{tmp_path / 'a.pem'}", web)
    file.write_text(json.dumps(attestation(signer, status=status_entries())))
    words = ("check", file, "--trust", trust, "--no-asset")
    assert "status.not-required" in mrv(*words)[1]
    status, _, err = mrv("keys", "trust", "require", trust, "--status")
    assert (status, "error[trust.no-status-key]" in err, f"--role status --issuer {web}" in err) == (2, True, True)
    assert mrv("keys", "trust", "add", trust, verifier[1], "--role", "status", "--issuer", web)[0] == 0
    before = load_trust(trust)
    status, out, _ = mrv("keys", "trust", "require", trust, "--status", "--json")
    told = json.loads(out)
    assert (status, told["version"], told["previous"]) == (0, before.version + 1, before.digest)
    assert told["issuers"][0]["statusRequired"] is True
    assert "countersignatures" not in told
    assert "needs a status list" in mrv("keys", "trust", "show", trust)[1]
    status, out, _ = mrv(*words)
    (row,) = (line for line in out.splitlines() if " status." in line and line.startswith("✗"))
    assert (status, "status.missing" in row, "--status" in row, "mrv status refresh" in row) == (1, True, True, True)
    assert mrv("keys", "trust", "require", trust, "--no-status", "--issuer", web)[0] == 0
    assert "status.not-required" in mrv(*words)[1]
    assert "needs a status list" not in mrv("keys", "trust", "show", trust)[1]


def test_status_and_its_opposite_are_not_asked_at_once(keys, mrv):
    with pytest.raises(SystemExit) as caught:
        mrv("keys", "trust", "require", keys[1], "--status", "--no-status")
    assert caught.value.code == 2
