"""Small signed attestations with serials, an area and a period; their statements hold what registries read, and no more.

one = bound(serials=["ACR-US-192-2010-203-1-50"], ring=box(0, 0))      # document and boundary
one.write(tmp_path / "one")                                            # as an output folder of a run
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import credential, keys, proof
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from pathlib import Path

SIGNED = "2026-02-01T00:00:00Z"
ASSET = "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/7"


def signer(seed: int = 1) -> keys.Signer:
    """The signer of a seed."""
    return keys.signer_of(Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))


def box(x: float, y: float, width: float = 1, height: float = 1) -> list[list[float]]:
    """A closed ring."""
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]


def materials_of(statement: Any) -> list[dict[str, Any]]:
    """A signed file for each input, band and map of a whole project's statement; no such file lies anywhere."""
    rows = [("input", statement.project.boundary_digest, None, None)]
    rows += [("input", table.digest, None, None) for table in statement.inputs]
    rows += [("pixels", band.pixels, scene.id, band.band) for scene in statement.evidence for band in scene.bands]
    rows += [("map", one.pixels, None, one.name) for one in statement.activity.maps]
    return [_file(role, digest.removeprefix("sha256:"), item, band) for role, digest, item, band in rows]


def _file(role: str, digest: str, item: str | None, band: str | None) -> dict[str, Any]:
    return {
        "path": f"{role}/{digest}.x", "href": None, "size": 1, "sha256": digest, "role": role, "item": item, "band": band,
        "sourceSha256": None, "sourceVerified": False,
    }  # fmt: skip


@dataclass(frozen=True)
class Bound:
    """An attestation and the boundary it names."""

    document: dict[str, Any]
    """Signed."""
    boundary: bytes
    """GeoJSON."""

    @property
    def data(self) -> bytes:
        """The bytes of ``attestation.json``."""
        return credential.encode(self.document)

    @property
    def digest(self) -> str:
        """Its attestation digest."""
        return credential.attestation_digest(self.document)

    def write(self, folder: Path) -> Path:
        """Write ``attestation.json`` and ``evidence/``; returns the evidence folder."""
        (folder / "evidence").mkdir(parents=True)
        (folder / "attestation.json").write_bytes(self.data)
        (folder / "evidence" / "boundary.geojson").write_bytes(self.boundary)
        return folder / "evidence"


def bound(
    *, serials: list[str] | None = None, assets: list[str] | None = None, supersedes: list[str] | None = None,
    ring: list[list[float]] | None = None, start: str = "2010-01-01", end: str = "2010-12-31", creditable: int = 100,
    issuable: dict[int, int] | None = None, seed: int = 1, project: str = "delta", statement: dict[str, Any] | None = None,
) -> Bound:  # fmt: skip
    """An attestation of ``creditable`` tonnes of the years of its period."""
    boundary = json.dumps({"type": "Polygon", "coordinates": [ring or box(0, 0)]}).encode()
    years = issuable or dict.fromkeys(range(int(start[:4]), int(end[:4]) + 1), creditable)
    row = {"path": "boundary.geojson", "href": None, "size": len(boundary), "sha256": sha256_bytes(boundary)[7:]}
    row |= {"role": "input", "item": None, "band": None, "sourceSha256": None, "sourceVerified": False}
    document = credential.build(
        statement={
            "project": {"id": project, "boundary_digest": sha256_bytes(boundary)},
            "programme": {"id": "vm0033-2.1"},
            "period": {"start": start, "end": end},
            "conclusion": {"creditable_t": creditable},
            "quantities": {"vintages": [{"year": year, "issuable_t": tonnes} for year, tonnes in years.items()]},
        } | (statement or {}),
        binding={"supersedes": supersedes or [], "assets": assets or [], "serials": serials or []},
        materials=[row],
        provenance={
            "started": SIGNED, "ended": SIGNED, "software": {}, "platform": {}, "where": "local", "warnings": [],
        },
        issuer=signer(seed).issuer,
        valid_from=SIGNED,
    )  # fmt: skip
    return Bound(proof.sign(document, signer(seed), SIGNED), boundary)
