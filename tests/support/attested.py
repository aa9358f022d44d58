"""A small attestation of an issuer with a name, two keys and two status lists; a stub plays the statement's own checks."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import credential, keys, proof, trust, verify
from mrv.attest.status_list import PURPOSES, sign_list
from mrv.checks import Check

if TYPE_CHECKING:
    from pathlib import Path

ISSUER = "did:web:verifier.example"
OTHER = "did:web:other.example"
ASSET = "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/7"
NOW = "2026-03-01T00:00:00Z"
CREATED = "2026-02-01T00:00:00Z"
LISTED = "2026-02-28T00:00:00Z"
"""When the lists were signed."""
INDEX = 93_021
URLS = {purpose: f"https://status.verifier.example/v1/{purpose}.json" for purpose in PURPOSES}

ATTESTER, STATUS, STRANGER = 1, 2, 3
"""Seeds of the keys."""

STATEMENT: dict[str, Any] = {
    "schema": "mrv.statement/1",
    "kg": 9007199254740991,
    "name": "Île d'Été",
    "ratio": "0.5",
    "project": {"boundary_digest": "sha256:boundary"},
    "inputs": [],
    "evidence": [{"id": "S2A", "bands": [{"band": "B04", "pixels": "sha256:a_B04"}]}],
    "activity": {"maps": []},
}
_FILE = {"href": None, "item": None, "band": None, "sourceSha256": None, "sourceVerified": False}
PARTS: dict[str, Any] = {
    "statement": STATEMENT,
    "binding": {"supersedes": [], "assets": [ASSET], "serials": ["ICR-ISL-354-78040-14-R-0-2021"]},
    "materials": [
        {
            **_FILE, "path": "pixels/a_B04.tif", "href": "https://example.org/a.tif", "role": "pixels",
            "item": "S2A", "band": "B04", "size": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        },
        {
            **_FILE, "path": "boundary.geojson", "role": "input",
            "size": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        },
    ],
    "provenance": {
        "started": "2026-01-31T10:00:00Z", "ended": "2026-01-31T11:00:00Z", "software": {"mrv": "0.1.0"},
        "platform": {"machine": "x86_64"}, "where": "local", "warnings": [],
    },
    "valid_from": CREATED,
}  # fmt: skip


def stub_statement(monkeypatch: Any) -> None:
    """``check_statement`` holds unless the statement says it is ``broken``: what is asked is the document around it."""
    module = ModuleType("mrv.statement")
    module.check_statement = lambda statement: [  # type: ignore[attr-defined]
        Check("statement.schema", "fails" if statement.get("broken") else "holds", "stub")
    ]
    monkeypatch.setitem(sys.modules, "mrv.statement", module)


def make_signer(seed: int, issuer: str | None = ISSUER) -> keys.Signer:
    """The signer of a seed, under an issuer's name, or its own."""
    own = keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))
    if issuer is None:
        return own
    return replace(own, issuer=issuer, verification_method=f"{issuer}#{keys.encode_multikey(own.public_key)}")


def trusted(seed: int, *roles: str, issuer: str = ISSUER, **changes: Any) -> dict[str, Any]:
    """One key of a trust list."""
    found = make_signer(seed, issuer)
    return {
        "id": found.verification_method, "suite": "eddsa-jcs-2022",
        "publicKeyMultibase": keys.encode_multikey(found.public_key), "roles": list(roles),
        "notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01T00:00:00Z", "revokedAt": None,
    } | changes  # fmt: skip


def trust_of(*keys_: dict[str, Any], required: bool = True, others: tuple[dict[str, Any], ...] = ()) -> trust.TrustList:
    """A trust list of :data:`ISSUER` with these keys; by default an attester's and a status key."""
    mine = keys_ or (trusted(ATTESTER, "attester"), trusted(STATUS, "status"))
    issuers = [{"id": ISSUER, "statusRequired": required, "keys": list(mine)}]
    issuers += [{"id": OTHER, "statusRequired": False, "keys": list(others)}] if others else []
    return trust.TrustList.of({"version": 1, "previous": None, "issuers": issuers})


def status_entries(index: int = INDEX, purposes: tuple[str, ...] = PURPOSES) -> list[dict[str, str]]:
    """``credentialStatus`` that names the lists."""
    return [
        {
            "type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": str(index),
            "statusListCredential": URLS[purpose],
        }
        for purpose in purposes
    ]  # fmt: skip


def attestation(
    signer: keys.Signer | None = None, *, status: list[dict[str, str]] | None = None, **parts: Any
) -> dict[str, Any]:
    """A signed attestation that names both lists; ``status=[]`` names none."""
    by = signer or make_signer(ATTESTER)
    entries = status_entries() if status is None else status
    document = credential.build(issuer=by.issuer, credential_status=entries or None, **copy.deepcopy(PARTS | parts))
    return proof.sign(document, by, CREATED)


def status_list(
    purpose: str = "revocation", ones: tuple[int, ...] = (), signer: keys.Signer | None = None, **options: Any
) -> dict[str, Any]:
    """A signed status list of :data:`ISSUER`."""
    arguments: dict[str, Any] = {"url": URLS.get(purpose, ""), "purpose": purpose, "now": LISTED, "days": 7} | options
    return sign_list(ones, signer=signer or make_signer(STATUS), **arguments)


def resigned(document: dict[str, Any], signer: keys.Signer, **changes: Any) -> dict[str, Any]:
    """``document`` with members changed and signed again."""
    bare = {member: value for member, value in document.items() if member != "proof"} | changes
    return proof.sign(bare, signer, CREATED)


def write_lists(folder: Path, *lists: Any) -> Path:
    """A folder with these lists: documents, or bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(lists):
        (folder / f"{number}.json").write_bytes(one if isinstance(one, bytes) else json.dumps(one).encode())
    return folder


@dataclass(frozen=True)
class Answer:
    """The answer of the check, by code."""

    checks: list[Check]

    @property
    def failing(self) -> list[str]:
        return [check.code for check in self.checks if check.status == "fails"]

    @property
    def codes(self) -> list[str]:
        return [check.code for check in self.checks]

    @property
    def detail(self) -> dict[str, str]:
        return {check.code: check.detail for check in self.checks}


def ask(document: Any, *, trust_list: trust.TrustList | None = None, now: str = NOW, **options: Any) -> Answer:
    """Check a document, or bytes."""
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    arguments: dict[str, Any] = {"asset": ASSET, "evidence": None, "status": None} | options
    return Answer(verify.check(data, trust=trust_list or trust_of(), now=now, **arguments))
