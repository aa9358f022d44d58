"""Countersignature: a person's opinion on an attestation, a small credential of its own.

The program computes a conclusion; the opinion and the level of assurance belong to the verification body, who names
the attestation by its digest and signs with a key of its own.

References:
    ISO 14064-3:2019 (levels of assurance, kinds of opinion); ISO/IEC 17029:2019 §9.6 (independent review).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mrv.attest.credential import AnyProof
from mrv.attest.shapes import Closed, Day, Instant, Line, Uri
from mrv.attest.trust import Assurance

Context = tuple[Literal["https://www.w3.org/ns/credentials/v2"], Literal["urn:mrv:context:countersignature:v1"]]
CONTEXT: Context = ("https://www.w3.org/ns/credentials/v2", "urn:mrv:context:countersignature:v1")
"""The pinned ``@context``; ``context_document()`` is what the second one stands for."""
TYPE: tuple[Literal["VerifiableCredential"], Literal["MRVCountersignature"]] = (
    "VerifiableCredential",
    "MRVCountersignature",
)
SUBJECT = "urn:mrv:attestation:"
"""The subject's id is this and the attestation digest."""
Kind = Literal["unmodified", "qualified", "adverse", "disclaimer"]


class Opinion(Closed):
    """What a person says of an attestation."""

    id: Annotated[str, Field(pattern=r"^urn:mrv:attestation:sha256:[0-9a-f]{64}$")]
    """``urn:mrv:attestation:`` and the attestation digest."""
    role: Literal["verifier", "reviewer"]
    """The verifier, or who reviewed the verifier's work."""
    opinion: Kind
    """Kind of opinion."""
    assurance: Assurance
    """Level of assurance that was agreed."""
    scope: Line
    """What was verified, against what criteria and materiality."""
    reason: Line | None
    """Why the opinion is not unmodified; null where it is."""
    date: Day
    """Day of the opinion."""

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if (self.opinion == "unmodified") != (self.reason is None):
            raise ValueError("a modified opinion, and only a modified one, has a reason")
        if any(text is not None and not any(map(str.isalnum, text)) for text in (self.scope, self.reason)):
            raise ValueError("a scope, or a reason, without a word")
        return self


class Unsigned(Closed):
    """The countersignature before it is signed."""

    remedy: ClassVar[str] = (
        "say what was verified (--scope); give a reason (--reason) where the opinion is not unmodified, and only there; and a "
        "day, YYYY-MM-DD, not after today"
    )

    context: Annotated[Context, Field(alias="@context")]
    type: tuple[Literal["VerifiableCredential"], Literal["MRVCountersignature"]]
    issuer: Uri
    valid_from: Instant
    credential_subject: Opinion

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.credential_subject.date > self.valid_from[:10]:
            raise ValueError("the opinion is dated after the day it is signed")
        return self


class Proof(AnyProof):
    """The proof of a countersignature."""

    context: Annotated[Context, Field(alias="@context")]


class Countersignature(Unsigned):
    """The signed countersignature."""

    remedy: ClassVar[str] = "ask its signer for the original: a signed document is not mended"

    proof: Proof


def build(
    *,
    attestation: str,
    role: str,
    opinion: str,
    assurance: str,
    scope: str,
    reason: str | None,
    date: str,
    issuer: str,
    valid_from: str,
) -> dict[str, Any]:
    """The countersignature to sign, as a plain JSON value.

    Args:
        attestation: Attestation digest, ``sha256:<hex>``.
        role: ``verifier`` or ``reviewer``.
        opinion: ``unmodified``, ``qualified``, ``adverse`` or ``disclaimer``.
        assurance: ``limited`` or ``reasonable``.
        scope: What was verified, against what.
        reason: Why the opinion is modified; None where it is not.
        date: Day of the opinion, YYYY-MM-DD.
        issuer: Who signs.
        valid_from: When it is signed.

    Raises:
        AttestationError: ``json.*`` or ``schema.*``: a part does not fit.
    """
    document: dict[str, Any] = {
        "@context": list(CONTEXT),
        "type": list(TYPE),
        "issuer": issuer,
        "validFrom": valid_from,
        "credentialSubject": {
            "id": SUBJECT + attestation,
            "role": role,
            "opinion": opinion,
            "assurance": assurance,
            "scope": scope,
            "reason": reason,
            "date": date,
        },
    }
    Unsigned.of(document)
    return document


def parse(data: bytes) -> dict[str, Any]:
    """The signed countersignature in ``data``, as a plain JSON value of the closed shape.

    Raises:
        AttestationError: ``json.*`` or ``schema.*``, with the path of the first fault as its field.
    """
    return Countersignature.read(data)


def attestation_of(document: Mapping[str, Any]) -> str:
    """The digest of the attestation that a countersignature is about."""
    name: str = document["credentialSubject"]["id"]
    return name.removeprefix(SUBJECT)


def json_schema() -> dict[str, Any]:
    """The closed JSON Schema (2020-12) of the signed document, for validators in other languages."""
    return Countersignature.published()


def context_document() -> dict[str, Any]:
    """The JSON-LD context ``urn:mrv:context:countersignature:v1``, for the static document loader of other libraries."""
    document: dict[str, Any] = json.loads(Path(__file__).with_name("countersignature-context-v1.json").read_bytes())
    return document
