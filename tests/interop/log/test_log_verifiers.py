"""A log of ours, verified by implementations that are not ours: @sigstore/verify (npm) and golang.org/x/mod/sumdb."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support import logs

from mrv.attest.log import merkle, reader, writer
from mrv.attest.log.reader import open_copy
from mrv.attest.log.signatures import verifier_key

HERE = Path(__file__).parent
SIZES = [1, 2, 3, 9, 255, 256, 257, 300]
KEY = verifier_key(logs.ORIGIN, "log", logs.LOG_KEY.public_key)


def b64(data):
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log that grew to 300, cosigned; and every checkpoint on the way."""
    home = tmp_path_factory.mktemp("interop")
    folder, one, signed = logs.make(home / "log"), logs.witness(home, 1), []
    for size in SIZES:
        writer.append(folder, logs.entries(0, size), signer=logs.LOG_KEY)
        signed.append(one.cosign_copy(open_copy(folder), seconds=logs.NOON))
    return folder, signed


@pytest.fixture(scope="module")
def sigstore():
    found = shutil.which("node")
    if found is None or not (HERE / "node_modules/@sigstore/verify/package.json").is_file():
        pytest.skip("no node, or no node_modules: npm ci in tests/interop/log")

    def verdict(sidecar, entry):
        pem = Ed25519PublicKey.from_public_bytes(KEY.public_key).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        question = {
            "publicKey": pem.decode(), "keyId": b64(KEY.key_id + bytes(28)), "origin": logs.ORIGIN,
            "entry": entry.decode(), "index": sidecar.index, "path": [b64(step) for step in sidecar.path],
            "checkpoint": sidecar.signed.note.encode().decode(),
        }  # fmt: skip
        done = subprocess.run(
            [found, HERE / "verify.mjs"], input=json.dumps(question), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return verdict


@pytest.mark.parametrize("place", range(len(SIZES)))
def test_sigstore_verifies_checkpoint_and_inclusion(log, sigstore, place):
    folder, signed = log
    number = SIZES[place] * 2 // 3
    sidecar = reader.prove(folder, logs.entry(number), signed[place])
    assert sigstore(sidecar, logs.entry(number)) == "verified"


def test_sigstore_refuses_what_we_refuse(log, sigstore):
    folder, signed = log
    sidecar = reader.prove(folder, logs.entry(100), signed[-1])
    assert sigstore(sidecar, logs.entry(101)).startswith("refused")
    assert sigstore(type(sidecar)(101, sidecar.path, sidecar.signed), logs.entry(100)).startswith("refused")
    assert sigstore(type(sidecar)(100, sidecar.path[:-1], sidecar.signed), logs.entry(100)).startswith("refused")
    forged = logs.forged(300, sidecar.signed.checkpoint.root, by=logs.signer(9))
    assert sigstore(type(sidecar)(100, sidecar.path, forged), logs.entry(100)).startswith("refused")


def test_node_verifies_a_cosignature(log, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH")
    _, signed = log
    one = logs.witness(tmp_path, 1)

    def time(note):
        question = json.dumps({"name": one.name, "publicKey": b64(one.key.public_key), "note": note})
        return subprocess.run(
            [node, HERE / "cosignature.mjs"], input=question, capture_output=True, text=True, check=True
        ).stdout.strip()

    note = signed[-1].note.encode().decode()
    assert time(note) == str(logs.NOON)
    assert time(note.replace("300", "301", 1)) == "refused"


@pytest.fixture(scope="module")
def sumdb(tmp_path_factory):
    """The program, built; Debian has both (golang-go, golang-golang-x-mod-dev)."""
    go = shutil.which("go")
    env = {**os.environ, "GO111MODULE": "off", "GOPATH": os.environ.get("GOPATH", "/usr/share/gocode"), "GOFLAGS": ""}
    env.setdefault("GOCACHE", str(tmp_path_factory.mktemp("gocache")))
    if (
        go is None
        or subprocess.run([go, "list", "golang.org/x/mod/sumdb/tlog"], capture_output=True, env=env, check=False).returncode
    ):
        pytest.skip("no Go with golang.org/x/mod: apt-get install golang-go golang-golang-x-mod-dev")
    program = tmp_path_factory.mktemp("go") / "verify"
    subprocess.run([go, "build", "-o", program, HERE / "verify.go"], check=True, env=env)

    def verdict(folder, leaves, trees, key=KEY):
        question = {"vkey": str(key), "leaves": leaves, "trees": trees}
        done = subprocess.run([program, folder], input=json.dumps(question), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    return verdict


def leaves(folder):
    node = open_copy(folder).tree().node
    return [
        {"index": n, "entry": logs.entry(n).decode(), "path": [b64(step) for step in merkle.inclusion(n, 300, node)]}
        for n in range(300)
    ]


def trees(folder, signed):
    node = open_copy(folder).tree().node
    return [
        {
            "size": one.checkpoint.size,
            "root": b64(one.checkpoint.root),
            "path": [b64(step) for step in merkle.consistency(one.checkpoint.size, 300, node)],
        }
        for one in signed
    ]


def test_sumdb_verifies_note_tiles_and_every_proof(log, sumdb):
    folder, signed = log
    assert sumdb(folder, leaves(folder), trees(folder, signed)) == "verified"


def test_sumdb_refuses_what_we_refuse(log, sumdb, tmp_path):
    folder, signed = log
    good_leaves, good_trees = leaves(folder), trees(folder, signed)
    assert sumdb(folder, [], [], verifier_key(logs.ORIGIN, "log", logs.signer(9).public_key)).startswith("refused")
    assert sumdb(folder, [{**good_leaves[7], "index": 8}], []).startswith("refused: leaf 8")
    assert sumdb(folder, [{**good_leaves[7], "path": good_leaves[7]["path"][1:]}], []).startswith("refused: leaf 7")
    assert sumdb(folder, [], [{**good_trees[3], "root": b64(bytes(32))}]).startswith("refused: tree 9")
    spoiled = tmp_path / "spoiled"
    shutil.copytree(folder, spoiled)
    tile = spoiled / "tile/0/000"
    data = tile.read_bytes()
    tile.write_bytes(data[:320] + bytes([data[320] ^ 1]) + data[321:])
    assert sumdb(spoiled, good_leaves[10:11], []).startswith("refused")
