"""The verbs on the log, from the first key to a check with a proof, and what they refuse."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.answers import failed
from support.odd_files import ODD, no_waiting, odd

from mrv.attest import credential, proof
from mrv.attest import keys as signing

DIGEST = "sha256:" + "ab" * 32


@pytest.fixture
def attestation(tmp_path):
    signer = signing.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([5] * 32)))
    document = credential.build(
        statement={"kg": 1}, binding={"supersedes": [], "assets": [], "serials": []}, materials=[],
        provenance={
            "started": "2026-01-31T10:00:00Z", "ended": "2026-01-31T11:00:00Z",
            "software": {}, "platform": {}, "where": "local", "warnings": [],
        },
        issuer=signer.issuer, valid_from="2026-02-01T00:00:00Z",
    )  # fmt: skip
    path = tmp_path / "attestation.json"
    path.write_bytes(credential.encode(proof.sign(document, signer, "2026-02-01T00:00:00Z")))
    return path


@pytest.fixture
def log(tmp_path, mrv, attestation):
    """A log, its witness and the policy that names both: ``(log, policy, log key, witness key)``."""
    for name in ("log", "witness"):
        assert mrv("keys", "new", tmp_path / f"{name}.pem")[0] == 0
    log_key, witness_key = (f"file:{tmp_path / name}.pem" for name in ("log", "witness"))
    status, out, _ = mrv("log", "init", tmp_path / "log", "--origin", "example.org/log", "--key", log_key, "--json")
    assert status == 0
    _, vkey, _ = mrv("log", "key", "w.example", "--witness", "--key", witness_key)
    policy = {
        "version": 1, "logs": [{"origin": "example.org/log", "keys": [json.loads(out)["key"]]}],
        "witnesses": [vkey.strip()], "quorum": 1, "maxAgeDays": None,
    }  # fmt: skip
    (tmp_path / "policy.json").write_text(json.dumps(policy))
    status, out, _ = mrv("log", "append", tmp_path / "log", attestation, "--digest", DIGEST, "--key", log_key, "--json")
    assert (status, [leaf["index"] for leaf in json.loads(out)["leaves"]]) == (0, [0, 1])
    return tmp_path / "log", tmp_path / "policy.json", log_key, witness_key


@pytest.fixture
def witnessed(log, tmp_path, mrv):
    folder, policy, _, key = log
    words = ("--state", tmp_path / "state", "--name", "w.example", "--policy", policy, "--key", key)
    assert mrv("log", "witness", folder, *words, "--out", tmp_path / "cosigned")[0] == 0
    return tmp_path / "cosigned"


def test_from_log_to_check(log, witnessed, mrv, attestation, tmp_path):
    folder, policy, _, _ = log
    assert mrv("log", "cosign", folder, witnessed, "--policy", policy)[0] == 0
    assert (folder / "checkpoint").read_bytes() == witnessed.read_bytes()
    status, out, _ = mrv("log", "prove", folder, attestation)
    assert (status, "leaf 0 of 2" in out) == (0, True)
    sidecar = attestation.with_suffix(".tlog-proof")
    assert sidecar.read_bytes().startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n")
    assert mrv("log", "verify", folder, "--policy", policy)[0] == 0
    assert mrv("log", "watch", folder, sidecar, "--policy", policy)[0] == 0
    mrv("keys", "new", tmp_path / "k.pem", "--trust", tmp_path / "trust.json")
    words = ("--trust", tmp_path / "trust.json", "--no-asset", "--log-proof", sidecar, "--log-policy", policy, "--json")
    _, out, _ = mrv("check", attestation, *words)
    logged = {check["code"]: check["status"] for check in json.loads(out)["checks"] if check["code"].startswith("log.")}
    assert set(logged) == {"log.proof", "log.origin", "log.signature", "log.included", "log.witnesses", "log.time"}
    assert set(logged.values()) == {"holds"}
    sidecar.write_bytes(sidecar.read_bytes().replace(b"index 0", b"index 1"))
    status, out, _ = mrv("check", attestation, *words)
    assert status == 1
    assert {"log.included", "log.time"} <= set(failed(out))


def test_a_witness_that_is_sent_a_request(log, mrv, tmp_path):
    """The exchange of ``tlog-witness``: a request, an answer of signature lines alone, and the next one from there."""
    folder, policy, key, witness_key = log
    words = ("--state", tmp_path / "state", "--name", "w.example", "--policy", policy, "--key", witness_key)
    for old, size in ((0, 2), (2, 3)):
        assert mrv("log", "request", folder, "--old", old, "--out", tmp_path / "request")[0] == 0
        assert (tmp_path / "request").read_bytes().startswith(f"old {old}\n".encode())
        status, out, _ = mrv("log", "witness", tmp_path / "request", *words, "--json")
        assert (status, json.loads(out)["size"]) == (0, size)
        (tmp_path / "answer").write_text(json.loads(out)["cosigned"].splitlines(keepends=True)[-1])
        assert mrv("log", "cosign", folder, tmp_path / "answer", "--policy", policy)[0] == 0
        assert b"w.example" in (folder / "checkpoint").read_bytes()
        mrv("log", "append", folder, "--digest", "sha256:" + "cd" * 32, "--key", key)
    assert mrv("log", "request", folder, "--old", 0, "--out", tmp_path / "request")[0] == 0
    status, _, err = mrv("log", "witness", tmp_path / "request", *words)
    assert (status, "witness.conflict" in err) == (1, True)
    (tmp_path / "request").write_bytes(b"old x")
    status, _, err = mrv("log", "witness", tmp_path / "request", *words)
    assert (status, "request.format" in err) == (2, True)


def test_prove_in_an_earlier_checkpoint(log, witnessed, mrv, tmp_path):
    folder, _, key, _ = log
    mrv("log", "append", folder, "--digest", "sha256:" + "cd" * 32, "--key", key)
    words = ("log", "prove", folder, "--digest", DIGEST, "--out", tmp_path / "p", "--cosigned", witnessed, "--json")
    status, out, _ = mrv(*words)
    assert (status, json.loads(out)["size"]) == (0, 2)
    assert b"w.example" in (tmp_path / "p").read_bytes()


def test_a_proof_takes_the_place_of_a_proof_and_of_nothing_else(log, mrv, attestation, tmp_path):
    folder, _, key, _ = log
    proof = attestation.with_suffix(".tlog-proof")
    words = ("log", "prove", folder, attestation)
    assert mrv(*words)[0] == 0
    first = proof.read_bytes()
    mrv("log", "append", folder, "--digest", "sha256:" + "cd" * 32, "--key", key)
    assert mrv(*words)[0] == 0
    assert proof.read_bytes() != first
    before = attestation.read_bytes()
    status, _, err = mrv(*words, "--out", attestation)
    assert (status, "error[file.other]" in err, attestation.read_bytes()) == (2, True, before)
    with no_waiting():
        for kind in ODD:
            place = odd(kind, tmp_path / kind)
            status, _, err = mrv(*words, "--out", place)
            assert (status, "error[file.other]" in err, "what to do: " in err) == (2, True, True), kind
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_evidence_says_no(log, witnessed, mrv, tmp_path):
    """Exit 1: a spoiled copy, a fork, a witness that refuses."""
    folder, policy, key, witness_key = log
    fork = tmp_path / "fork"
    mrv("log", "init", fork, "--origin", "example.org/log", "--key", key)
    mrv("log", "append", fork, "--digest", "sha256:" + "ee" * 32, "--digest", DIGEST, "--key", key)
    status, out, _ = mrv("log", "watch", folder, fork, "--policy", policy, "--json")
    assert (status, failed(out)) == (1, ["watch.consistent"])
    words = ("--state", tmp_path / "state", "--name", "w.example", "--policy", policy, "--key", witness_key)
    status, _, err = mrv("log", "witness", fork, *words)
    assert (status, "witness.fork" in err) == (1, True)
    (folder / "tile/0/000.p/2").write_bytes(bytes(64))
    status, out, _ = mrv("log", "verify", folder, "--policy", policy, "--json")
    assert (status, failed(out)) == (1, ["log.tiles"])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("log", "append", "log"), "usage"),
        (("log", "append", "log", "--digest", DIGEST), "keys.none"),
        (("log", "append", "log", "--digest", "sha256:00", "--key", "KEY"), "log.entry"),
        (("log", "append", "log", "--digest", f"{DIGEST} {DIGEST}", "--key", "KEY"), "log.entry"),
        (("log", "append", "log", "policy.json", "--key", "KEY"), "schema."),
        (("log", "append", "log", "none.json", "--key", "KEY"), "usage.file"),
        (("log", "append", "none", "--digest", DIGEST, "--key", "KEY"), "log.state-missing"),
        (("log", "append", "log", "--digest", DIGEST, "--key", "OTHER"), "log.key"),
        (("log", "init", "log", "--origin", "example.org/log", "--key", "KEY"), "log.exists"),
        (("log", "init", "new", "--origin", "two words", "--key", "KEY"), "note.name"),
        (("log", "prove", "log", "--digest", DIGEST), "usage"),
        (("log", "prove", "log"), "usage"),
        (("log", "prove", "log", "--digest", "sha256:" + "0" * 64, "--out", "p"), "log.not-included"),
        (("log", "prove", "none", "--digest", DIGEST, "--out", "p"), "log.missing"),
        (("log", "prove", "log", "--digest", DIGEST, "--out", "none/p"), "file.unwritable"),
        (("log", "prove", "log", "--digest", DIGEST, "--out", "p", "--cosigned", "policy.json"), "note.format"),
        (("log", "prove", "log", "--digest", DIGEST, "--out", "policy.json"), "file.other"),
        (("log", "prove", "log", "--digest", DIGEST, "--out", "."), "file.other"),
        (("log", "request", "log", "--old", "0", "--out", "policy.json"), "file.other"),
        (("log", "verify", "log", "--policy", "none.json"), "policy.unreadable"),
        (("log", "verify", "log", "--policy", "attestation.json"), "policy.invalid"),
        (("log", "watch", "log", "none", "--policy", "policy.json"), "log.missing"),
        (("log", "cosign", "log", "policy.json", "--policy", "policy.json"), "note.format"),
        (("log", "request", "log", "--old", "3", "--out", "p"), "log.behind"),
        (("log", "request", "log", "--old", "-1", "--out", "p"), "usage"),
    ],
)  # fmt: skip
def test_refusals(log, mrv, tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MRV_LOG_KEY", raising=False)
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    named = [{"KEY": log[2], "OTHER": log[3]}.get(word, word) for word in words]
    status, _, err = mrv(*named)
    assert status == 2
    assert f"error[{code}" in err
    assert "Traceback" not in err
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_timestamp(mrv, attestation, tmp_path):
    """The request is made here; what answers it is tested in ``tests/unit/attest/test_timestamp.py``."""
    pytest.importorskip("rfc3161_client", reason="the extra `time` is not installed")
    assert mrv("log", "timestamp", attestation)[0] == 0
    assert attestation.with_suffix(".tsq").stat().st_size > 50
    status, _, err = mrv("log", "timestamp", attestation)
    assert (status, "error[usage.file]" in err) == (2, True)
    mrv("keys", "new", tmp_path / "k.pem", "--trust", tmp_path / "trust.json")
    words = ("check", attestation, "--trust", tmp_path / "trust.json", "--no-asset", "--timestamp", attestation, "--tsa")
    status, _, err = mrv(*words, attestation)
    assert (status, "error[timestamp.roots]" in err) == (2, True)


def test_proof_and_policy_go_together(log, mrv, attestation, tmp_path):
    mrv("keys", "new", tmp_path / "k.pem", "--trust", tmp_path / "trust.json")
    for option in ("--log-proof", "--log-policy", "--timestamp", "--tsa"):
        status, _, err = mrv("check", attestation, "--trust", tmp_path / "trust.json", "--no-asset", option, log[1])
        assert (status, "error[usage]" in err) == (2, True)
