"""Credential: the closed shape of the signed document.

``statement`` is the pure result, checked elsewhere (:mod:`mrv.statement`); beside it stand what it is bound to,
the files it was made from, and how it was made.  Every object is closed, in ``proof`` too.

References:
    W3C Verifiable Credentials Data Model 2.0; Data Integrity 1.0; Bitstring Status List 1.0.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from mrv.attest import caip19, strict_json
from mrv.attest.shapes import Closed, Instant, Line, Sha256Hex, Uri
from mrv.attest.suites import SuiteName
from mrv.errors import AttestationError
from mrv.units import Digest

CONTEXT: tuple[Literal["https://www.w3.org/ns/credentials/v2"], Literal["urn:mrv:context:v1"]] = (
    "https://www.w3.org/ns/credentials/v2",
    "urn:mrv:context:v1",
)
"""The pinned ``@context``; ``context_document()`` is what the second one stands for."""
TYPE: tuple[Literal["VerifiableCredential"], Literal["MRVAttestation"]] = ("VerifiableCredential", "MRVAttestation")
SUBJECT = "urn:mrv:"
"""The subject's id is this and the statement digest."""


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("an entry is listed twice")
    return values


def _not_vrt(path: str) -> str:
    if path.lower().endswith(".vrt"):
        raise ValueError("a VRT names other files, which its digest does not cover")
    return path


def _canonical_asset(text: str) -> str:
    try:
        wanted = caip19.normalise(text)
    except AttestationError as error:
        raise ValueError(f"{error.message}: {error.hint}") from error
    if text != wanted:
        raise ValueError(f"not in canonical spelling, which is {wanted}")
    return text


def _no_default(schema: dict[str, Any]) -> None:
    """Absent is absent: the empty default of an optional member is not a value it may have."""
    schema.pop("default", None)


AssetName = Annotated[str, Field(pattern=r"^[!-~]{1,300}$"), AfterValidator(_canonical_asset)]
Serial = Annotated[str, Field(pattern=r"^[!-~]([ -~]{0,254}[!-~])?$")]
"""Printable ASCII, so that a full-width digit cannot stand for a digit."""
EvidencePath = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._+=@,-]*(/[A-Za-z0-9_][A-Za-z0-9._+=@,-]*)*$",
        max_length=512,
        json_schema_extra={"not": {"pattern": r"\.[vV][rR][tT]$"}},
    ),
    AfterValidator(_not_vrt),
]
"""Relative, forward slashes, no hidden or parent segment, never a VRT (which would read other files)."""


class Network(Closed):
    """Which network a chain id means: private and test networks reuse ids."""

    chain: Annotated[str, Field(pattern=r"^eip155:(0|[1-9][0-9]{0,31})$")]
    """CAIP-2 chain, in canonical spelling."""
    genesis: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    """Hash of its block 0."""


class Binding(Closed):
    """What the attestation stands for outside itself."""

    supersedes: Annotated[tuple[Digest, ...], AfterValidator(_distinct)]
    """Attestation digests this one replaces."""
    assets: Annotated[tuple[AssetName, ...], AfterValidator(_distinct)]
    """CAIP-19 assets, in canonical spelling."""
    serials: Annotated[tuple[Serial, ...], AfterValidator(_distinct)]
    """Serial blocks, as their registry writes them."""
    networks: Annotated[tuple[Network, ...], Field(default=(), min_length=1, max_length=16, json_schema_extra=_no_default)]
    """Networks of its assets, known by their genesis; absent where the chain id says enough."""

    @model_validator(mode="after")
    def _one_genesis_a_chain(self) -> Self:
        _distinct(tuple(network.chain for network in self.networks))
        return self


class Material(Closed):
    """One evidence file."""

    path: EvidencePath
    """Where it lies in the evidence folder."""
    href: Line | None
    """Where it was read: a URI, or a path relative to the project folder; null for what the run made."""
    size: Annotated[int, Field(ge=0)]
    """Bytes."""
    sha256: Sha256Hex
    """Digest of the whole file, 64 hexadecimal digits."""
    role: Literal["pixels", "input", "map"]
    """Pixels of one band, an input table or boundary, or a map that was made."""
    item: Line | None
    """STAC item, where there is one."""
    band: Line | None
    """Band, where there is one."""
    source_sha256: Sha256Hex | None
    """Publisher's checksum of the whole source file; null where none was published."""
    source_verified: bool
    """True where the whole source file was read and has that checksum; else it is stated, not verified."""


class Provenance(Closed):
    """How the statement was made: all that may differ between two honest runs."""

    started: Instant
    ended: Instant
    software: dict[str, str]
    """Name to version."""
    platform: dict[str, str]
    """Machine, device, operating system."""
    where: str
    """The compute string of the run, such as ``local``."""
    warnings: tuple[str, ...]
    """Warnings that libraries gave."""


class Subject(Closed):
    """What is attested."""

    id: Annotated[str, Field(pattern=r"^urn:mrv:sha256:[0-9a-f]{64}$")]
    """``urn:mrv:`` and the statement digest."""
    statement: dict[str, JsonValue]
    """The statement; its own shape and arithmetic are checked by :mod:`mrv.statement`."""
    binding: Binding
    materials: tuple[Material, ...]
    provenance: Provenance

    @model_validator(mode="after")
    def _one_file_a_path(self) -> Self:
        """Two bands with equal pixels share a file; two files never share a path, even where case is ignored."""
        files: dict[str, tuple[str, int, str]] = {}
        uses = set()
        for material in self.materials:
            file = (material.path, material.size, material.sha256)
            if files.setdefault(material.path.lower(), file) != file:
                raise ValueError(f"two files at {material.path}")
            use = (material.path, material.item, material.band)
            if use in uses:
                raise ValueError(f"{material.path} is listed twice")
            uses.add(use)
        return self


class StatusEntry(Closed):
    """One entry of a Bitstring Status List."""

    id: Annotated[Uri, Field(default="", json_schema_extra=_no_default)]
    type: Literal["BitstringStatusListEntry"]
    status_purpose: Literal["revocation", "suspension"]
    status_list_index: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,15})$")]
    status_list_credential: Uri


class AnyProof(Closed):
    """The one proof of any credential of ours, but for its ``@context``."""

    type: Literal["DataIntegrityProof"]
    cryptosuite: SuiteName
    """Which of the two it is, the trusted key decides."""
    created: Instant
    """The signer's own word."""
    verification_method: Uri
    proof_purpose: Literal["assertionMethod"]
    proof_value: Annotated[str, Field(pattern=r"^z[1-9A-HJ-NP-Za-km-z]{64,88}$")]


class Proof(AnyProof):
    """The proof of an attestation."""

    context: Annotated[
        tuple[Literal["https://www.w3.org/ns/credentials/v2"], Literal["urn:mrv:context:v1"]], Field(alias="@context")
    ]


class Unsigned(Closed):
    """The credential before it is signed."""

    context: Annotated[
        tuple[Literal["https://www.w3.org/ns/credentials/v2"], Literal["urn:mrv:context:v1"]], Field(alias="@context")
    ]
    id: Annotated[Uri, Field(default="", json_schema_extra=_no_default)]
    type: tuple[Literal["VerifiableCredential"], Literal["MRVAttestation"]]
    issuer: Uri
    valid_from: Instant
    valid_until: Annotated[Instant, Field(default="", json_schema_extra=_no_default)]
    credential_status: Annotated[
        tuple[StatusEntry, ...], Field(default=(), min_length=1, max_length=2, json_schema_extra=_no_default)
    ]
    credential_subject: Subject

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("validUntil is not after validFrom")
        _distinct(tuple(entry.status_purpose for entry in self.credential_status))
        return self


class Credential(Unsigned):
    """The signed credential."""

    remedy: ClassVar[str] = (
        "ask its signer for the original: a signed document is not mended, and docs/attestation.schema.json is its shape"
    )

    proof: Proof


def build(
    *,
    statement: Mapping[str, Any],
    binding: Mapping[str, Any],
    materials: Iterable[Mapping[str, Any]],
    provenance: Mapping[str, Any],
    issuer: str,
    valid_from: str,
    valid_until: str | None = None,
    credential_status: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The credential to sign, as a plain JSON value that shares nothing with the arguments.

    Raises:
        AttestationError: ``json.*`` or ``schema.*``: a part does not fit the profile.
    """
    document: dict[str, Any] = {
        "@context": list(CONTEXT),
        "type": list(TYPE),
        "issuer": issuer,
        "validFrom": valid_from,
    }
    if valid_until is not None:
        document["validUntil"] = valid_until
    if credential_status is not None:
        document["credentialStatus"] = [dict(entry) for entry in credential_status]
    document["credentialSubject"] = {
        "id": SUBJECT + strict_json.digest(dict(statement)),
        "statement": dict(statement),
        "binding": dict(binding),
        "materials": [dict(material) for material in materials],
        "provenance": dict(provenance),
    }
    Unsigned.of(document)
    return _copy(document)


def attestation_digest(document: Mapping[str, Any], *, checked: bool = False) -> str:
    """The identity of an attestation: the digest of its canonical bytes without the proof.

    Args:
        document: The document, with its proof or without.
        checked: It came from :func:`parse`.
    """
    bare = {member: value for member, value in document.items() if member != "proof"}
    return strict_json.digest(bare, checked=checked)


def parse(data: bytes) -> dict[str, Any]:
    """The signed document in ``data``, as a plain JSON value of the closed shape.

    Raises:
        AttestationError: ``json.*`` or ``schema.*``, with the path of the first fault as its field.
    """
    return Credential.read(data)


def encode(document: Mapping[str, Any]) -> bytes:
    """The bytes of ``attestation.json``: indented for a person; white space is not signed.

    Raises:
        AttestationError: A verifier would refuse these bytes.
    """
    data = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    strict_json.loads(data)
    return data


def json_schema() -> dict[str, Any]:
    """The closed JSON Schema (2020-12) of the signed document, for validators in other languages."""
    return Credential.published()


def context_document() -> dict[str, Any]:
    """The JSON-LD context ``urn:mrv:context:v1``, for the static document loader of other libraries."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("context-v1.json").read_bytes())
    return document


def _copy(document: dict[str, Any]) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    return copy
