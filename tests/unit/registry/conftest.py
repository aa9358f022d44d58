"""A creditable statement, signed with whatever it is to be bound to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.bound import ASSET, SIGNED, materials_of, signer

from mrv.attest import credential, proof
from mrv.attest.trust import trust_for
from mrv.attest.verify import check

SHARED = Path(__file__).resolve().parents[4] / "shared" / "vectors"


@dataclass(frozen=True)
class Signed:
    document: dict[str, Any]

    @property
    def data(self):
        return credential.encode(self.document)

    @property
    def digest(self):
        return credential.attestation_digest(self.document)

    def checks(self, asset=ASSET, seed=1):
        trust = trust_for(signer(seed), now="2026-01-01T00:00:00Z")
        return check(self.data, trust=trust, now=SIGNED, asset=asset, evidence=None)


@pytest.fixture(scope="session")
def whole(full_result):
    """Sign the whole project's statement with these serials and assets."""
    statement = full_result.result.statement
    materials = materials_of(statement)

    def sign(serials=(), assets=(ASSET,), seed=1, **changes):
        document = credential.build(
            statement=statement.as_json() | changes,
            binding={"supersedes": [], "assets": list(assets), "serials": list(serials)},
            materials=materials,
            provenance={
                "started": SIGNED, "ended": SIGNED, "software": {}, "platform": {}, "where": "local", "warnings": [],
            },
            issuer=signer(seed).issuer,
            valid_from=SIGNED,
        )  # fmt: skip
        return Signed(proof.sign(document, signer(seed), SIGNED))

    return sign


@pytest.fixture(scope="session")
def shared_vectors():
    if not SHARED.is_dir():
        pytest.skip("no shared/vectors beside the repository")
    return SHARED
