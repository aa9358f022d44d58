"""A small signed attestation, its signer and its trust list; the statement's own checks are played by a stub."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from support import attested
from support.attested import ASSET, NOW

from mrv.attest import credential, keys, proof, trust, verify


def make_signer(seed: int) -> keys.Signer:
    """The signer of a seed, under its own name."""
    return attested.make_signer(seed, None)


@pytest.fixture(autouse=True)
def statement_stub(monkeypatch):
    attested.stub_statement(monkeypatch)


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


@pytest.fixture
def parts():
    return copy.deepcopy(attested.PARTS)


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
