"""ERC-1155 metadata: what a token says of its attestation, and whether the two name each other.

The attestation names the token in its signed ``binding``; the token's metadata names the attestation by digest and address.
One without the other proves nothing: anyone can write a digest into a token.  Nor can one token's metadata say what the others
state of an attestation that is bound to several: it vouches for its tonnes once, over all of them.

References:
    ERC-1155, Metadata URI JSON Schema.  CAIP-19.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mrv.attest import caip19, strict_json
from mrv.checks import Check, decide
from mrv.errors import AttestationError
from mrv.registry.attested import UNCHECKED, check_uri
from mrv.registry.binding import read
from mrv.units import KG_PER_T

if TYPE_CHECKING:
    from mrv.registry.attested import Attested

MAX_BYTES = 1 << 20
_KG = re.compile(r"0|[1-9][0-9]{0,29}")


def metadata(attested: Attested, *, uri: str, asset: str | None = None, quantity_kg: int | None = None) -> dict[str, Any]:
    """The JSON that an ERC-1155 token's ``uri`` leads to.

    Args:
        attested: The attestation.
        uri: Where anyone can read it.
        asset: The token, CAIP-19; None where the attestation is bound to one alone.
        quantity_kg: What this token holds, kg CO2e, where several are bound; None states all of it of the one that is bound.

    Raises:
        AttestationError: ``export.asset``: not bound, or no ERC-1155 token; ``export.uri``; ``export.quantity``: the token
            would state more than it can hold, or nobody said which part.
    """
    name = bound_asset(attested, asset)
    token = caip19.parse(name)
    if (token.chain, token.standard) != ("eip155", "erc1155") or token.token_id is None:
        raise AttestationError(
            f"{name} is no ERC-1155 token", code="export.asset", field="--asset", hint="eip155:<chain>/erc1155:<contract>/<id>"
        )
    s = attested.statement
    kg = _stated_kg(attested, quantity_kg)
    others = [other for other in attested.binding["assets"] if other != name]
    told = f"Verification attestation of {s.project.name}, {s.period.start} to {s.period.end}: {s.conclusion.computed}."
    made = "SIMULATED project. " if s.project.simulated else ""
    told = made + told
    return {
        "name": f"{made}{s.project.name}, {s.period.name}",
        "description": told if attested.checked else f"{UNCHECKED}. {told}",
        "properties": {
            "attestation": attested.header(check_uri(uri)),
            "asset": name,
            "quantity_kg_co2e": str(kg),
            **({"attested_kg_co2e": str(vouched_kg(attested)), "shared_with": others} if others else {}),
            "period": {"start": s.period.start, "end": s.period.end},
            "programme": s.programme.id,
            "serials": list(attested.binding["serials"]),
        },
    }


def vouched_kg(attested: Attested) -> int:
    """What all tokens of an attestation can hold together: what is creditable, and no more than its serial blocks hold.

    Args:
        attested: The attestation; a series without block numbers sets no bound, nor do blocks that do not parse.

    Returns:
        kg CO2e.
    """
    blocks, faults = read(attested.binding["serials"])
    if not blocks or faults or any(block.is_series for block in blocks):
        return attested.quantity_kg
    return min(attested.quantity_kg, KG_PER_T * sum(block.quantity_t or 0 for block in blocks))


def _stated_kg(attested: Attested, kg: int | None) -> int:
    """What a token may state of itself."""
    most, tokens = vouched_kg(attested), len(attested.binding["assets"])
    if tokens == 1 and kg in {None, most}:
        return most
    if tokens > 1 and kg is not None and 0 <= kg < max(most, 1):
        return kg
    raise AttestationError(
        f"it vouches for {most} kg " + (f"over {tokens} tokens together" if tokens > 1 else "in its one token")
        + ("" if kg is None else f", not {kg} kg in this one"),
        code="export.quantity", field="--quantity-kg",
        hint="state the part that this token holds, less than all of it; the parts add up to no more"
        if tokens > 1 else "leave it out",
    )  # fmt: skip


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
        ``token.digest``, ``token.asset``, ``token.quantity``; where several tokens are bound also ``token.shared``: a note,
        since what the others state is not known here, or a failure where this one states all of it.
    """
    properties = value.get("properties") if isinstance(value, dict) else None
    properties = properties if isinstance(properties, dict) else {}
    link = properties.get("attestation")
    digest = link.get("attestation") if isinstance(link, dict) else None
    asset, kg = properties.get("asset"), properties.get("quantity_kg_co2e")
    most, tokens = vouched_kg(attested), attested.binding["assets"]
    told, shared = f"{kg!a:.40} kg; {most} kg are vouched for", []
    if len(tokens) > 1:
        stated = int(kg) if isinstance(kg, str) and _KG.fullmatch(kg) else None
        quantity = decide("token.quantity", stated is not None and stated <= most, told)
        shared = [_shared(stated, most, len(tokens))]
    else:
        quantity = decide("token.quantity", kg == str(most), told)
    return [
        decide("token.digest", digest == attested.digest, f"the token names {digest!a:.120}; this is {attested.digest}"),
        decide("token.asset", asset in tokens, f"the token says it is {asset!a:.120}"),
        quantity,
        *shared,
    ]


def _shared(stated: int | None, most: int, tokens: int) -> Check:
    together = f"the attestation vouches for {most} kg over {tokens} tokens together"
    if stated is None or stated >= max(most, 1):
        return Check("token.shared", "fails", f"{together}; this one leaves nothing for the others")
    return Check("token.shared", "note", f"{together}; this one states {stated} kg, add up what the others state")
