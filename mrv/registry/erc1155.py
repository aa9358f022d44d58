"""ERC-1155 metadata: what a token says of its attestation, and whether the two name each other.

The attestation names the token in its signed ``binding``; the token's metadata names the attestation by digest and address.
One without the other proves nothing: anyone can write a digest into a token.

References:
    ERC-1155, Metadata URI JSON Schema.  CAIP-19.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mrv.attest import caip19, strict_json
from mrv.checks import Check, decide
from mrv.errors import AttestationError
from mrv.registry.attested import UNCHECKED, check_uri

if TYPE_CHECKING:
    from mrv.registry.attested import Attested

MAX_BYTES = 1 << 20


def metadata(attested: Attested, *, uri: str, asset: str | None = None) -> dict[str, Any]:
    """The JSON that an ERC-1155 token's ``uri`` leads to.

    Args:
        attested: The attestation.
        uri: Where anyone can read it.
        asset: The token, CAIP-19; None where the attestation is bound to one alone.

    Raises:
        AttestationError: ``export.asset``: not bound, or no ERC-1155 token; ``export.uri``.
    """
    name = bound_asset(attested, asset)
    token = caip19.parse(name)
    if (token.chain, token.standard) != ("eip155", "erc1155") or token.token_id is None:
        raise AttestationError(
            f"{name} is no ERC-1155 token", code="export.asset", field="--asset", hint="eip155:<chain>/erc1155:<contract>/<id>"
        )
    s = attested.statement
    told = f"Verification attestation of {s.project.name}, {s.period.start} to {s.period.end}: {s.conclusion.computed}."
    return {
        "name": f"{s.project.name}, {s.period.name}",
        "description": told if attested.checked else f"{UNCHECKED}. {told}",
        "properties": {
            "attestation": attested.header(check_uri(uri)),
            "asset": name,
            "quantity_kg_co2e": str(attested.quantity_kg),
            "period": {"start": s.period.start, "end": s.period.end},
            "programme": s.programme.id,
            "serials": list(attested.binding["serials"]),
        },
    }


def bound_asset(attested: Attested, asset: str | None) -> str:
    """The asset that is meant, in the spelling that is signed.

    Raises:
        AttestationError: ``export.asset``: the attestation is not bound to it, or to none, or to several.
    """
    bound: list[str] = attested.binding["assets"]
    if asset is None and len(bound) == 1:
        return bound[0]
    if asset is not None and (name := caip19.normalise(asset)) in bound:
        return name
    raise AttestationError(
        f"bound to {', '.join(bound) or 'no asset'}", code="export.asset", field="--asset",
        hint="name the one that is meant; binding.toml binds one, and the attestation is signed again",
    )  # fmt: skip


def read_metadata(data: bytes) -> Any:
    """A token's metadata, as anybody may have written it.

    Raises:
        AttestationError: ``token.metadata``.
    """
    if len(data) > MAX_BYTES:
        raise AttestationError(f"{len(data)} bytes are no token metadata", code="token.metadata", hint="give the token's JSON")
    try:
        text = data.decode()
        strict_json.check_depth(text)
        return json.loads(text)
    except (ValueError, AttestationError) as error:
        raise AttestationError(
            f"is no token metadata: {error!s:.80}", code="token.metadata", hint="the JSON that the token's uri gives"
        ) from error


def check_metadata(value: Any, attested: Attested) -> list[Check]:
    """Ask whether a token's metadata and an attestation name each other.

    Args:
        value: The metadata, as read from the token's ``uri``.
        attested: The attestation.

    Returns:
        ``token.digest``, ``token.asset``, ``token.quantity``.
    """
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    link = properties.get("attestation")
    digest = link.get("attestation") if isinstance(link, dict) else None
    asset, kg = properties.get("asset"), properties.get("quantity_kg_co2e")
    return [
        decide("token.digest", digest == attested.digest, f"the token names {digest!a:.120}; this is {attested.digest}"),
        decide("token.asset", asset in attested.binding["assets"], f"the token says it is {asset!a:.120}"),
        decide("token.quantity", kg == str(attested.quantity_kg), f"{kg!a:.40} kg; {attested.quantity_kg} kg are creditable"),
    ]
