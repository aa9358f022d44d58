"""The proof: ``eddsa-jcs-2022`` or ``ecdsa-jcs-2019``, embedded, exactly one; nothing is chosen by the document.

References:
    W3C Data Integrity EdDSA Cryptosuites 1.0 §3.3, Data Integrity ECDSA Cryptosuites 1.0 §3.3: the signature covers
    ``sha256(JCS(proof without proofValue)) || sha256(JCS(document without proof))``.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography.exceptions import InvalidSignature

from mrv.attest import strict_json
from mrv.attest.keys import Signer, decode_base58, encode_base58
from mrv.attest.suites import SIGNATURE_BYTES, Suite, suite_of
from mrv.errors import AttestationError

_CUT = "the signature was cut off or changed: ask the signer for the original"


def sign(document: dict[str, Any], signer: Signer, created: str) -> dict[str, Any]:
    """A copy of ``document`` with its proof.

    Args:
        document: The document, without a proof, with ``@context``.
        signer: Who signs.
        created: The instant the signer claims; a verifier believes it no further than the signer.

    Raises:
        AttestationError: The document has a proof already, no ``@context``, or no canonical form.
    """
    if "proof" in document or "@context" not in document:
        raise AttestationError(
            "only a document with @context and without proof is signed",
            code="proof.unsignable",
            hint="take the proof out of the document, and give it its @context",
        )
    config = {
        **_fixed(signer.suite),
        "created": created,
        "verificationMethod": signer.verification_method,
        "@context": document["@context"],
    }
    signature = signer.sign(hash_data(document, config))
    return {**document, "proof": {**config, "proofValue": encode_base58(signature)}}


def verify(document: dict[str, Any], public_key: bytes, *, checked: bool = False) -> None:
    """Return if the one proof of ``document`` was made with ``public_key``.

    Whether that key may speak for the issuer, and at what time, is asked elsewhere.

    Args:
        document: The signed document.
        public_key: Raw and trusted, 32 bytes of Ed25519 or 33 of P-256; it alone decides the suite.
        checked: The document came from :func:`mrv.attest.strict_json.loads`.

    Raises:
        AttestationError: With a code ``proof.*``, or ``key.weak``.
    """
    proof = document.get("proof")
    if not isinstance(proof, dict):
        raise AttestationError(
            "there is not exactly one proof object", code="proof.single", field="proof", hint="ask the signer for the original"
        )
    suite = suite_of(public_key)
    for member, value in _fixed(suite).items():
        if proof.get(member) != value:
            raise AttestationError(
                f"{proof.get(member)!a:.60} is not {value}",
                code="proof.suite",
                field=f"proof.{member}",
                hint=f"the trusted key is of {suite.curve}, which signs with {suite.name} and nothing else",
            )
    if "@context" not in proof or proof["@context"] != document.get("@context"):
        raise AttestationError(
            "proof.@context is not the document's @context", code="proof.context", field="proof.@context",
            hint="somebody changed one of them after signing: ask the signer for the original",
        )  # fmt: skip
    suite.check_point(public_key)
    try:
        suite.verify(public_key, _signature(proof), hash_data(document, proof, checked=checked))
    except InvalidSignature as error:
        raise AttestationError(
            "the signature does not fit the document and the trusted key",
            code="proof.invalid",
            field="proof.proofValue",
            hint="the document was changed after signing, or someone else signed it",
        ) from error


def _fixed(suite: Suite) -> dict[str, str]:
    return {"type": "DataIntegrityProof", "cryptosuite": suite.name, "proofPurpose": "assertionMethod"}


def hash_data(document: dict[str, Any], proof: dict[str, Any], *, checked: bool = False) -> bytes:
    """The 64 bytes that are signed: hash of the proof configuration, then hash of the document."""
    config = {member: value for member, value in proof.items() if member != "proofValue"}
    bare = {member: value for member, value in document.items() if member != "proof"}
    return b"".join(hashlib.sha256(strict_json.canonical(part, checked=checked)).digest() for part in (config, bare))


def _signature(proof: dict[str, Any]) -> bytes:
    value = proof.get("proofValue")
    try:
        signature = decode_base58(value) if isinstance(value, str) else b""
    except AttestationError as error:
        raise AttestationError(error.message, code="proof.value", field="proof.proofValue", hint=_CUT) from error
    if len(signature) != SIGNATURE_BYTES:
        raise AttestationError("not a 64-byte signature", code="proof.value", field="proof.proofValue", hint=_CUT)
    return signature
