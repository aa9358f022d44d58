"""A small signed attestation, its signer and its trust list; the statement's own checks are played by a stub."""

from __future__ import annotations

import copy
import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import credential, keys, proof, trust, verify
from mrv.checks import Check

NOW = "2026-03-01T00:00:00Z"
ASSET = "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/7"


def make_signer(seed: int) -> keys.Signer:
    return keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))


@pytest.fixture(autouse=True)
def statement_stub(monkeypatch):
    """``check_statement`` holds unless the statement says otherwise."""
    module = ModuleType("mrv.statement")
    module.check_statement = lambda statement: [
        Check("statement.schema", "fails" if statement.get("broken") else "holds", "stub")
    ]
    monkeypatch.setitem(sys.modules, "mrv.statement", module)


@pytest.fixture(scope="session")
def signer():
    return make_signer(1)


@pytest.fixture(scope="session")
def other():
    return make_signer(2)


@pytest.fixture(scope="session")
def curve_signer():
    """Of P-256."""
    return keys.signer_of(derive_private_key(3, SECP256R1()))


@pytest.fixture(scope="session")
def trust_list(signer):
    return trust.trust_for(signer, now="2026-01-01T00:00:00Z", days=365)


@pytest.fixture(scope="session")
def _parts():
    return {
        "statement": {
            "schema": "mrv.statement/1",
            "kg": 9007199254740991,
            "name": "Île d'Été",
            "ratio": "0.5",
            "project": {"boundary_digest": "sha256:boundary"},
            "inputs": [],
            "evidence": [{"id": "S2A", "bands": [{"band": "B04", "pixels": "sha256:a_B04"}]}],
            "activity": {"maps": []},
        },
        "binding": {"supersedes": [], "assets": [ASSET], "serials": ["ICR-ISL-354-78040-14-R-0-2021"]},
        "materials": [
            {
                "path": "pixels/a_B04.tif",
                "href": "https://example.org/a.tif",
                "size": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "role": "pixels",
                "item": "S2A",
                "band": "B04",
                "sourceSha256": None,
                "sourceVerified": False,
            },
            {
                "path": "boundary.geojson",
                "href": None,
                "size": 0,
                "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "role": "input",
                "item": None,
                "band": None,
                "sourceSha256": None,
                "sourceVerified": False,
            },
        ],
        "provenance": {
            "started": "2026-01-31T10:00:00Z",
            "ended": "2026-01-31T11:00:00Z",
            "software": {"mrv": "0.1.0"},
            "platform": {"machine": "x86_64"},
            "where": "local",
            "warnings": [],
        },
        "valid_from": "2026-02-01T00:00:00Z",
    }


@pytest.fixture
def parts(_parts):
    return copy.deepcopy(_parts)


@pytest.fixture
def unsigned(parts, signer):
    return credential.build(issuer=signer.issuer, **parts)


@pytest.fixture
def signed(unsigned, signer):
    return proof.sign(unsigned, signer, "2026-02-01T00:00:00Z")


@pytest.fixture
def ask(trust_list):
    """Run the check on a document or on bytes; the answer says which codes fail."""

    def run(document, **options):
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        options = {"trust": trust_list, "now": NOW, "asset": ASSET, "evidence": None, **options}
        checks = verify.check(data, **options)
        return SimpleNamespace(
            checks=checks,
            codes=[check.code for check in checks],
            failing=[check.code for check in checks if check.status == "fails"],
            detail={check.code: check.detail for check in checks},
        )

    return run
