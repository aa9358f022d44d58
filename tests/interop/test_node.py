"""A document of ours, verified by an implementation that is not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import credential, keys, proof


def node():
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not on PATH")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").split(".")[0]) < 18:
        pytest.skip(f"node {version.strip()} is older than 18")
    return found


def verdict(data):
    script = Path(__file__).with_name("verify.mjs")
    return subprocess.run([node(), script], input=data, capture_output=True, check=True).stdout.decode().strip()


def private_key(suite, seed):
    if suite == "eddsa-jcs-2022":
        return Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32))
    return derive_private_key(seed**40, SECP256R1())


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_node_verifies_ours(suite, seed):
    signer = keys.signer_of(private_key(suite, seed))
    document = credential.build(
        statement={"kg": 2**53 - 1, "é": '€\U0001f333\u2028\n"\\', "\uffff": 1, "\U0001f333": 2},
        binding={"supersedes": [], "assets": ["hedera:mainnet/token:0.0.55492"], "serials": []},
        materials=[],
        provenance={
            "started": "2026-01-31T10:00:00Z", "ended": "2026-01-31T11:00:00Z",
            "software": {}, "platform": {}, "where": "local", "warnings": [],
        },
        issuer=signer.issuer,
        valid_from="2026-02-01T00:00:00Z",
    )  # fmt: skip
    signed = proof.sign(document, signer, "2026-02-01T00:00:00Z")
    assert signed["proof"]["cryptosuite"] == suite
    assert verdict(credential.encode(signed)) == "verified"
    signed["credentialSubject"]["statement"]["kg"] -= 1
    assert verdict(json.dumps(signed).encode()) == "refused"
