"""Asset: the token an attestation is bound to, in the one spelling this project signs.

CAIP-19 has no canonical form; two spellings of one token would let one tonne be bound twice.  Ours: hex addresses
in lower case, decimal numbers without leading zeros, no percent-encoding, ASCII only.  An EVM address that comes in mixed
case has to have the case of its checksum, before it loses it.

References:
    CAIP-2, CAIP-19 (https://chainagnostic.org/CAIPs/caip-19).  EIP-55.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mrv.attest import evm_address
from mrv.errors import AttestationError

_SYNTAX = re.compile(
    r"(?P<chain>[-a-z0-9]{3,8}):(?P<network>[-_a-zA-Z0-9]{1,32})"
    r"/(?P<standard>[-a-z0-9]{3,8}):(?P<reference>[-.a-zA-Z0-9]{1,128})"
    r"(?:/(?P<token_id>[-.a-zA-Z0-9]{1,78}))?"
)
_HEX = re.compile(r"0[xX][0-9a-fA-F]+")
_DECIMAL = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Asset:
    """One token or token class on one chain, normalised; ``str()`` gives the spelling that is signed."""

    chain: str
    """CAIP-2 namespace, such as ``eip155`` or ``hedera``."""
    network: str
    """CAIP-2 reference, such as ``137`` or ``mainnet``."""
    standard: str
    """Asset namespace, such as ``erc1155`` or ``token``."""
    reference: str
    """Contract address or token number."""
    token_id: str | None = None
    """The token inside the contract; None for the whole class."""

    def __str__(self) -> str:
        tail = "" if self.token_id is None else f"/{self.token_id}"
        return f"{self.chain}:{self.network}/{self.standard}:{self.reference}{tail}"


def parse(text: str) -> Asset:
    """The asset that ``text`` names, in any spelling CAIP-19 allows but percent-encoding.

    Raises:
        AttestationError: ``asset.invalid``; ``asset.checksum``: an EVM address in mixed case that is not its checksum's.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise _refusal(text, "is not a CAIP-19 asset")
    parts = match.groupdict()
    asset = Asset(
        chain=parts["chain"],
        network=_plain(parts["network"]) if parts["chain"] == "eip155" else parts["network"],
        standard=parts["standard"],
        reference=_plain(parts["reference"]),
        token_id=None if parts["token_id"] is None else _plain(parts["token_id"]),
    )
    if asset.chain == "eip155":
        _check_evm(asset, parts["reference"], text)
    return asset


def normalise(text: str) -> str:
    """``text`` in the spelling that is signed."""
    return str(parse(text))


def _plain(part: str) -> str:
    if _HEX.fullmatch(part):
        return part.lower()
    return (part.lstrip("0") or "0") if _DECIMAL.fullmatch(part) else part


def _check_evm(asset: Asset, reference: str, text: str) -> None:
    if not _DECIMAL.fullmatch(asset.network):
        raise _refusal(text, "names its EVM chain by something other than a number")
    if asset.standard == "slip44":
        if asset.token_id is not None or not _DECIMAL.fullmatch(asset.reference):
            raise _refusal(text, "is not a slip44 coin type")
        return
    if not evm_address.is_address(reference):
        raise _refusal(text, "has no 20-byte contract address")
    if evm_address.has_wrong_checksum(reference):
        raise AttestationError(
            f"{text!a:.120} has a contract address with a wrong checksum (EIP-55)", code="asset.checksum",
            hint=evm_address.remedy(reference),
        )  # fmt: skip
    if asset.token_id is not None:
        if asset.standard == "erc20":
            raise _refusal(text, "has a token id, and ERC-20 tokens have none")
        if not _DECIMAL.fullmatch(asset.token_id) or int(asset.token_id) >= 2**256:
            raise _refusal(text, "has a token id that is no decimal uint256")


def _refusal(text: str, why: str) -> AttestationError:
    return AttestationError(
        f"{text!a:.120} {why}",
        code="asset.invalid",
        hint="write it as eip155:137/erc1155:0x<40 hex digits>/<decimal token id>",
    )
