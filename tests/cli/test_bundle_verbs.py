"""A bundle by hand, of a whole project: made, checked, doubted, taken apart."""

from __future__ import annotations

import json

import pytest
from support import attested
from support.bundles import ATTESTATION, TRUST, forged, made, opinion
from support.full_project import full_project

from mrv.attest import archive, bundle

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


REVOKED, SUSPENDED = {"revocation": (attested.INDEX,)}, {"suspension": (attested.INDEX,)}


def codes(out, status="fails"):
    return [check["code"] for check in json.loads(out)["checks"] if check["status"] == status]


@pytest.fixture
def project(tmp_path, keys, mrv):
    """``(attestation, words that check it)``."""
    tiny = full_project(tmp_path)
    status, _, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert status == 0, err
    return tmp_path / "out" / "attestation.json", ("--trust", keys[1], "--no-asset", "--json")


def test_made_checked_and_taken_apart(project, mrv, keys, tmp_path):
    attestation, words = project
    evidence, file = attestation.with_name("evidence"), tmp_path / "b.zip"
    status, out, err = mrv("bundle", "make", attestation, "--out", file, "--evidence", evidence, *words)
    assert status == 0, err
    told = json.loads(out)
    assert told["bytes"] == file.stat().st_size
    materials = json.loads(attestation.read_bytes())["credentialSubject"]["materials"]
    pixels = {row["path"] for row in materials if row["role"] == "pixels"}
    assert told["absent"] == len(pixels) > 0
    assert told["members"] == len({row["path"] for row in materials} - pixels) + 3

    status, out, _ = mrv("bundle", "check", file, *words, "--digest", told["digest"])
    assert (status, codes(out)) == (0, [])
    assert {"evidence.absent", "bundle.record"} <= set(codes(out, "note"))
    _, plain, _ = mrv("check", attestation, *words)
    assert set(codes(plain, "holds")) <= set(codes(out, "holds"))
    status, out, _ = mrv("bundle", "check", file, *words, "--evidence", evidence)
    assert (status, "evidence.absent" in codes(out, "note")) == (0, False)
    status, out, _ = mrv("bundle", "check", file, *words, "--digest", "sha256:" + "0" * 64)
    assert (status, codes(out)) == (1, ["bundle.known"])
    status, out, _ = mrv("bundle", "check", file, "--trust", keys[1], "--asset", "eip155:1/erc721:0x" + "a" * 40, "--json")
    assert (status, codes(out)) == (1, ["binding.asset"])

    again = tmp_path / "again.zip"
    assert mrv("bundle", "make", attestation, "--out", again, "--evidence", evidence, *words)[0] == 0
    assert again.read_bytes() == file.read_bytes()
    status, _, err = mrv("bundle", "make", attestation, "--out", again, "--evidence", evidence, *words)
    assert (status, "exists already" in err) == (2, True)

    some = evidence / next(iter(pixels))
    some.write_bytes(some.read_bytes()[:-1])
    status, out, _ = mrv("bundle", "check", file, *words, "--evidence", evidence)
    assert (status, codes(out)) == (1, ["evidence.size"])
    status, out, _ = mrv("bundle", "make", attestation, "--out", tmp_path / "none.zip", "--evidence", evidence, *words)
    assert (status, codes(out)) == (1, ["evidence.size"])
    assert not (tmp_path / "none.zip").exists()

    status, out, _ = mrv("bundle", "extract", file, "--out", tmp_path / "x", "--json")
    assert status == 0
    inside = ("check", tmp_path / "x" / "attestation.json", *words)
    assert mrv(*inside)[0] == 0
    status, _, err = mrv("bundle", "extract", file, "--out", tmp_path / "x")
    assert (status, "error[bundle.exists]" in err) == (2, True)


def test_another_trust_list_and_a_tampered_bundle(project, mrv, tmp_path):
    attestation, words = project
    file = tmp_path / "b.zip"
    assert mrv("bundle", "make", attestation, "--out", file, *words)[0] == 0
    assert mrv("keys", "new", tmp_path / "k.pem", "--trust", tmp_path / "theirs.json")[0] == 0
    status, out, _ = mrv("bundle", "check", file, "--trust", tmp_path / "theirs.json", "--no-asset", "--json")
    assert status == 1
    assert {"issuer.trusted", "key.valid", "proof.valid"} <= set(codes(out))

    files = archive.unpack(file.read_bytes())
    file.write_bytes(forged(files | {bundle.TOKEN_METADATA: b"{}", bundle.LOG_PROOF: b"x"}))
    status, out, _ = mrv("bundle", "check", file, *words)
    assert (status, codes(out)) == (1, ["token.digest", "token.asset", "token.quantity"])
    assert "bundle.unread" in codes(out, "note")
    file.write_bytes(file.read_bytes()[:-1])
    status, out, _ = mrv("bundle", "check", file, *words)
    assert (status, codes(out)) == (1, ["bundle.form"])
    status, _, err = mrv("bundle", "extract", file, "--out", tmp_path / "x")
    assert (status, "error[bundle.form]" in err, (tmp_path / "x").exists()) == (2, True, False)


def test_a_log_is_asked_by_the_callers_policy(keys, mrv, tmp_path):
    """The small attestation's statement is none, so that other checks fail too; here the proof's are looked at."""
    file, policy, attestation = tmp_path / "b.zip", tmp_path / "policy.json", tmp_path / "attestation.json"
    attestation.write_bytes(ATTESTATION)
    status, out, _ = mrv("log", "init", tmp_path / "log", "--origin", "example.org/log", "--key", keys[0], "--json")
    assert status == 0
    logs = [{"origin": "example.org/log", "keys": [json.loads(out)["key"]]}]
    policy.write_text(json.dumps({"version": 1, "logs": logs, "witnesses": [], "quorum": 0, "maxAgeDays": None}))
    assert mrv("log", "append", tmp_path / "log", attestation, "--key", keys[0])[0] == 0
    assert mrv("log", "prove", tmp_path / "log", attestation)[0] == 0
    proof = attestation.with_suffix(".tlog-proof")

    words = ("bundle", "check", file, "--trust", keys[1], "--no-asset", "--json")
    file.write_bytes(made(single={bundle.LOG_PROOF: proof.read_bytes()}))
    assert "bundle.unread" in codes(mrv(*words)[1], "note")
    status, out, err = mrv(*words, "--log-policy", policy)
    assert (status, "log.included" in codes(out, "holds"), "bundle.unread" in out) == (1, True, False), err
    file.write_bytes(made())
    status, out, _ = mrv(*words, "--log-policy", policy)
    assert (status, "log.proof" in codes(out)) == (1, True)
    status, out, _ = mrv(*words, "--log-policy", policy, "--log-proof", proof)
    assert (status, "log.included" in codes(out, "holds")) == (1, True)
    file.write_bytes(made(single={}))
    status, out, _ = mrv(*words, "--log-policy", policy)
    assert (status, "bundle.witness" in codes(out)) == (1, True)
    status, _, err = mrv(*words, "--log-proof", proof)
    assert (status, "--log-policy" in err) == (2, True)


def test_status_lists_grow_old_and_fresh_ones_take_their_place(mrv, tmp_path):
    """The statement of the small attestation is none, which fails by its own code; all else holds as of the lists' time."""
    (tmp_path / "trust.json").write_text(json.dumps(TRUST.as_json()))
    file, later = tmp_path / "b.zip", "2026-06-01T00:00:00Z"
    file.write_bytes(made())
    words = ("bundle", "check", file, "--trust", tmp_path / "trust.json", "--asset", attested.ASSET, "--json", "--now")

    def rest(*more):
        return [code for code in codes(mrv(*words, *more)[1]) if not code.startswith("statement.")]

    assert rest(attested.NOW) == []
    assert rest(later) == ["status.expired", "status.expired"]
    fresh = [attested.status_list(purpose, now="2026-05-30T00:00:00Z") for purpose in ("revocation", "suspension")]
    assert rest(later, "--status", attested.write_lists(tmp_path / "fresh", *fresh)) == []
    fresh[0] = attested.status_list(ones=(attested.INDEX,), now="2026-05-30T00:00:00Z")
    assert rest(later, "--status", attested.write_lists(tmp_path / "worse", *fresh)) == ["status.revocation"]
    (tmp_path / "opinion.json").write_bytes(opinion())
    file.write_bytes(made(countersignatures=[]))
    assert rest(attested.NOW) == ["countersign.missing"]
    assert rest(attested.NOW, "--countersignature", tmp_path / "opinion.json") == []
    file.write_bytes(made())
    assert rest(attested.NOW, "--countersignature", tmp_path / "opinion.json") == []


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Files of the small attestation, whose statement holds by a stub; ``(words of bundle make, words of a check)``."""
    attested.stub_statement(monkeypatch)
    (tmp_path / "trust.json").write_text(json.dumps(TRUST.as_json()))
    (tmp_path / "attestation.json").write_bytes(ATTESTATION)
    (tmp_path / "opinion.json").write_bytes(opinion())
    words = ("--trust", tmp_path / "trust.json", "--asset", attested.ASSET, "--json")
    make = (tmp_path / "attestation.json", "--out", tmp_path / "b.zip", "--countersignature", tmp_path / "opinion.json")
    return (*make, *words, "--now", attested.NOW), words


def lists(folder, ones, **options):
    purposes = ("revocation", "suspension")
    return attested.write_lists(folder, *(attested.status_list(name, ones.get(name, ()), **options) for name in purposes))


@pytest.mark.parametrize(
    ("ones", "kept", "failing"),
    [
        (REVOKED, "revoked", ["status.revocation"]),
        (SUSPENDED, "suspended", ["status.suspension"]),
        (REVOKED | SUSPENDED, "revoked", ["status.revocation", "status.suspension"]),
    ],
    ids=["revoked", "suspended", "both"],
)
def test_a_revoked_attestation_is_kept_by_an_explicit_word_and_refused(small, mrv, tmp_path, ones, kept, failing):
    make, words = small
    status = lists(tmp_path / "lists", ones)
    code, out, _ = mrv("bundle", "make", *make, "--status", status)
    assert (code, codes(out), "bundle.revoked" in codes(out, "note")) == (1, failing, True)
    assert not (tmp_path / "b.zip").exists()

    code, out, err = mrv("bundle", "make", *make, "--status", status, "--revoked")
    assert (code, json.loads(out)["keptAs"]) == (0, kept), err
    code, out, _ = mrv("bundle", "check", tmp_path / "b.zip", *words, "--now", attested.NOW)
    told = json.loads(out)
    assert (code, codes(out), told["holds"], told["keptAs"]) == (1, failing, False, kept)
    assert {"bundle.form", "bundle.attestation", "bundle.evidence", "proof.valid"} <= set(codes(out, "holds"))
    assert "bundle.revoked" in codes(out, "note")

    assert mrv("bundle", "extract", tmp_path / "b.zip", "--out", tmp_path / "x")[0] == 0
    extracted = (
        "check",
        tmp_path / "x" / "attestation.json",
        *words,
        "--status",
        tmp_path / "x" / "status",
        "--now",
        attested.NOW,
    )
    code, out, _ = mrv(*extracted, "--countersignature", tmp_path / "opinion.json")
    assert (code, codes(out)) == (1, failing)


def test_in_ten_years_it_is_still_revoked(small, mrv, tmp_path):
    """Its list is old, and so is the key of the list: no fresh list is needed to say what is so for ever."""
    make, words = small
    assert mrv("bundle", "make", *make, "--status", lists(tmp_path / "lists", REVOKED), "--revoked")[0] == 0
    trust = TRUST.as_json()
    for issuer in trust["issuers"]:
        for key in issuer["keys"]:
            key["notAfter"] = key["notAfter"] if key["roles"] == ["status"] else None
    (tmp_path / "trust.json").write_text(json.dumps(trust))
    code, out, _ = mrv("bundle", "check", tmp_path / "b.zip", *words, "--now", "2036-03-01T00:00:00Z")
    assert (code, codes(out), json.loads(out)["keptAs"]) == (1, ["status.revocation", "status.key"], "revoked")


def test_a_fresh_list_revokes_what_was_bundled_before(small, mrv, tmp_path):
    make, words = small
    assert mrv("bundle", "make", *make, "--status", lists(tmp_path / "lists", {}))[0] == 0
    words = ("bundle", "check", tmp_path / "b.zip", *words, "--now", attested.NOW)
    code, out, _ = mrv(*words)
    assert (code, json.loads(out)["keptAs"]) == (0, None)
    code, out, _ = mrv(*words, "--status", lists(tmp_path / "fresh", REVOKED))
    assert (code, codes(out), json.loads(out)["keptAs"]) == (1, ["status.revocation"], "revoked")


OLDER, NEWER = "2026-02-26T00:00:00Z", attested.LISTED


@pytest.mark.parametrize(
    ("ones", "kept_of", "given_of", "failing", "kept"),
    [
        (REVOKED, NEWER, OLDER, ["status.revocation"], "revoked"),
        (REVOKED, OLDER, NEWER, ["status.revocation"], "revoked"),
        (SUSPENDED, NEWER, OLDER, ["status.suspension"], "suspended"),
        (SUSPENDED, NEWER, NEWER, ["status.suspension"], "suspended"),
        (SUSPENDED, OLDER, NEWER, [], None),
    ],
    ids=["revoked-then-older", "revoked-then-newer", "suspended-then-older", "suspended-same-time", "suspension-lifted"],
)
def test_a_list_given_beside_the_bundle_does_not_take_its_own_back(
    small, mrv, tmp_path, ones, kept_of, given_of, failing, kept
):
    """Both lists are valid: the given one says nothing, and only of a suspension can it know better."""
    make, words = small
    assert mrv("bundle", "make", *make, "--status", lists(tmp_path / "lists", ones, now=kept_of), "--revoked")[0] == 0
    given = lists(tmp_path / "given", {}, now=given_of)
    words = ("bundle", "check", tmp_path / "b.zip", *words, "--now", attested.NOW, "--status", given)
    code, out, _ = mrv(*words)
    assert (code, codes(out), json.loads(out)["keptAs"]) == (int(bool(failing)), failing, kept)


def test_a_list_given_that_lacks_the_revocation_list_changes_nothing(small, mrv, tmp_path):
    make, words = small
    assert mrv("bundle", "make", *make, "--status", lists(tmp_path / "lists", REVOKED), "--revoked")[0] == 0
    given = attested.write_lists(tmp_path / "given", attested.status_list("suspension"))
    code, out, _ = mrv("bundle", "check", tmp_path / "b.zip", *words, "--now", attested.NOW, "--status", given)
    assert (code, codes(out)) == (1, ["status.revocation"])


def test_a_bundles_own_list_that_nobody_signed_revokes_nothing(small, mrv, tmp_path):
    _, words = small
    forged_list = attested.status_list(ones=(attested.INDEX,), signer=attested.make_signer(77))
    encoded = [json.dumps(forged_list).encode(), json.dumps(attested.status_list("suspension")).encode()]
    (tmp_path / "b.zip").write_bytes(made(status=encoded))
    given = lists(tmp_path / "given", {})
    code, out, _ = mrv("bundle", "check", tmp_path / "b.zip", *words, "--now", attested.NOW, "--status", given)
    assert (code, codes(out)) == (0, [])


def test_a_size_below_nothing_is_refused(small, mrv, tmp_path):
    code, _, err = mrv("bundle", "make", *small[0], "--status", lists(tmp_path / "lists", {}), "--inside", "-1")
    assert (code, "--inside" in err, "what to do: " in err, (tmp_path / "b.zip").exists()) == (2, True, True, False)


def test_the_word_is_refused_where_nothing_is_revoked(small, mrv, tmp_path):
    make, _ = small
    code, _, err = mrv("bundle", "make", *make, "--status", lists(tmp_path / "lists", {}), "--revoked")
    assert (code, "--revoked" in err, (tmp_path / "b.zip").exists()) == (2, True, False)


def test_the_word_excuses_nothing_else(small, mrv, tmp_path):
    make, _ = small
    other = [word if word != attested.ASSET else attested.ASSET.replace("/7", "/8") for word in make]
    code, out, _ = mrv("bundle", "make", *other, "--status", lists(tmp_path / "lists", REVOKED), "--revoked")
    assert (code, codes(out)) == (1, ["status.revocation", "binding.asset"])
    old = lists(tmp_path / "old", SUSPENDED, now="2026-02-01T00:00:00Z")
    code, out, _ = mrv("bundle", "make", *make, "--status", old, "--revoked")
    assert (code, codes(out)) == (1, ["status.expired", "status.expired"])
    code, out, _ = mrv("bundle", "make", *make, "--revoked")
    assert (code, codes(out)) == (1, ["status.missing"])
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("none.zip",), "bundle.unreadable"),
        ((".",), "bundle.unreadable"),
        (("b.zip", "--evidence", "none"), "usage.file"),
        (("b.zip", "--countersignature", "none"), "usage.file"),
    ],
)
def test_what_cannot_be_read(words, code, keys, mrv, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.zip").write_bytes(made())
    status, _, err = mrv("bundle", "check", *words, "--trust", keys[1], "--no-asset")
    assert (status, f"error[{code}]" in err) == (2, True), err
