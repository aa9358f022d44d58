# ruff: noqa: F811 - a test asks for fixtures by name
"""The same small attestation as the unit tests; every case here is an attack, and none may be accepted or crash."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from support.log_fixtures import log, one  # noqa: F401 - fixtures
from unit.attest.conftest import (  # noqa: F401 - its fixtures
    ask,
    curve_signer,
    make_signer,
    other,
    parts,
    signed,
    signer,
    statement_stub,
    trust_list,
    unsigned,
)

from mrv.attest import countersignature, credential, keys, proof, trust
from mrv.attest.trust_changes import add_key, require

START, SIGNED, END = "2026-01-01T00:00:00Z", "2026-02-10T00:00:00Z", "2027-01-01T00:00:00Z"


@pytest.fixture
def world(signed, unsigned, parts, signer, other, curve_signer, trust_list):
    """An honest machine, verifier and reviewer, a thief, and a list that asks for one verifier's opinion.

    ``signer`` attests with Ed25519, ``curve`` with P-256; ``verifier`` is listed; ``other`` and ``thief`` are not.
    """
    verifier, thief, status = (make_signer(seed) for seed in (11, 12, 13))
    made = trust_list
    for by, roles in ((curve_signer, ["attester"]), (verifier, ["verifier"]), (status, ["status"])):
        made = add_key(made, keys.encode_multikey(by.public_key), roles=roles, now=START, until=END)

    def attest(by, *, issuer=None, created=SIGNED, **changes):
        document = credential.build(issuer=issuer or by.issuer, **{**parts, **changes})
        return proof.sign(document, by, created)

    def countersign(by, *, about=None, created=SIGNED, **changes):
        opinion = {
            "role": "verifier", "opinion": "unmodified", "assurance": "reasonable", "scope": "all", "reason": None,
            "date": "2026-02-09",
        }  # fmt: skip
        digest = credential.attestation_digest(about or signed)
        document = countersignature.build(attestation=digest, issuer=by.issuer, valid_from=created, **{**opinion, **changes})
        return proof.sign(document, by, created)

    return SimpleNamespace(
        signed=signed, signer=signer, curve=curve_signer, verifier=verifier, thief=thief, other=other, status=status,
        plain=made, asking=require(made, "verifier", number=1, assurance="limited"), attest=attest, countersign=countersign,
        encode=lambda value: json.dumps(value).encode(), trust=trust,
    )  # fmt: skip
