"""Retirement: how much of a bound token the chain says was made and retired, against what is attested.

ERC-1155: tokens that leave the zero address are made, tokens that reach it are retired.  ERC-20 in the manner of Toucan:
``Retired`` events, whose burning is not counted a second time.  A token's contract is its issuer's: these are its own words.

References:
    ERC-1155 (TransferSingle, TransferBatch).  Toucan, ``ToucanCarbonOffsetsRetirements.sol`` (``Retired``; before 2023
    without ``eventId``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.checks import Check, decide
from mrv.registry.chain import Chain, ChainError, check_address
from mrv.units import KG_PER_T

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.attest.caip19 import Asset

PAGE = 10_000
"""Blocks asked for at once."""
_ZERO = b"\0" * 32
_SINGLE = "TransferSingle(address,address,address,uint256,uint256)"
_BATCH = "TransferBatch(address,address,address,uint256[],uint256[])"
_RETIRED = ("Retired(address,uint256,uint256)", "Retired(address,uint256)")
_TRANSFER = "Transfer(address,address,uint256)"


@dataclass(frozen=True, slots=True)
class Movement:
    """What the chain says of a token."""

    made: int
    """Units that came into being."""
    retired: int
    """Units that were retired."""
    block: int
    """Last block that was read."""


def read_movement(chain: Chain, asset: Asset, *, first_block: int, confirmations: int = 12) -> Movement:
    """Add up what was made and what was retired.

    Args:
        chain: The network, known by id and genesis.
        asset: An ERC-1155 token, or an ERC-20 token that emits ``Retired``.
        first_block: Block to begin with: no later than the contract's first.
        confirmations: Newest blocks left out, which may yet be replaced.

    Raises:
        ChainError: ``chain.asset``: no such token, or on another chain; ``chain.log``: an event that does not decode.
    """
    kinds = {"erc1155": (_SINGLE, _BATCH), "erc20": (_TRANSFER, *_RETIRED)}
    if (asset.chain, asset.network) != ("eip155", str(chain.chain_id)) or asset.standard not in kinds:
        raise ChainError(
            f"{asset} is no ERC-1155 or ERC-20 token of chain {chain.chain_id}", code="chain.asset",
            hint="give --rpc a node of the token's chain; other standards are not counted",
        )  # fmt: skip
    if (asset.standard == "erc1155") != (asset.token_id is not None):
        raise ChainError(f"{asset} names no one token", code="chain.asset", hint="an ERC-1155 asset has a token id")
    last = chain.ask("block number", lambda: chain.web3.eth.block_number) - confirmations
    made = retired = 0
    for log in _logs(chain, check_address(asset.reference), kinds[asset.standard], first_block, last):
        more_made, more_retired = _erc1155(chain, log, int(asset.token_id)) if asset.token_id else _erc20(chain, log)
        made, retired = made + more_made, retired + more_retired
    return Movement(made, retired, last)


def check_movement(movement: Movement, *, attested_kg: int, units_per_tonne: int) -> list[Check]:
    """Ask whether more was made or retired than is attested.

    Args:
        movement: What the chain says.
        attested_kg: Creditable quantity of the attestations bound to the token, kg CO2e.
        units_per_tonne: Units of the token that are a tonne: 1, or 10¹⁸ where it has 18 decimals.

    Returns:
        ``token.made`` and ``token.retired``.
    """
    if units_per_tonne < 1:
        raise ChainError(f"{units_per_tonne} units a tonne", code="chain.units", hint="1, or 10 to the token's decimals")
    checks = []
    for code, units in (("token.made", movement.made), ("token.retired", movement.retired)):
        kg = Fraction(units * KG_PER_T, units_per_tonne)
        told = f"{units} units, {float(kg / KG_PER_T):.3f} t, up to block {movement.block}; {attested_kg} kg attested"
        checks.append(decide(code, kg <= attested_kg, told))
    return checks


def _logs(chain: Chain, address: str, signatures: tuple[str, ...], first: int, last: int) -> Iterator[Any]:
    topics = [_topic(chain, signature) for signature in signatures]
    name = chain.web3.to_checksum_address(address)
    for start in range(first, last + 1, PAGE):
        asked = {"address": name, "fromBlock": start, "toBlock": min(start + PAGE - 1, last), "topics": [topics]}
        for log in chain.ask("logs", lambda asked=asked: chain.web3.eth.get_logs(asked)):  # type: ignore[misc]
            if not log.get("removed") and log["address"].lower() == address:
                yield log


def _topic(chain: Chain, signature: str) -> str:
    return "0x" + bytes(chain.web3.keccak(text=signature)).hex()


def _erc1155(chain: Chain, log: Any, token_id: int) -> tuple[int, int]:
    topics = [bytes(topic) for topic in log["topics"]]
    if len(topics) != 4:
        raise _undecoded(log)
    if topics[0].hex() == _topic(chain, _SINGLE)[2:]:
        one, amount = _decode(chain, log, ["uint256", "uint256"])
        ids, amounts = [one], [amount]
    else:
        ids, amounts = _decode(chain, log, ["uint256[]", "uint256[]"])
    if len(ids) != len(amounts):
        raise _undecoded(log)
    moved = sum(amount for one, amount in zip(ids, amounts, strict=True) if one == token_id)
    return (moved if topics[2] == _ZERO else 0), (moved if topics[3] == _ZERO else 0)


def _erc20(chain: Chain, log: Any) -> tuple[int, int]:
    topics = [bytes(topic) for topic in log["topics"]]
    if topics[0].hex() == _topic(chain, _TRANSFER)[2:]:
        if len(topics) != 3:
            raise _undecoded(log)
        return (_decode(chain, log, ["uint256"])[0] if topics[1] == _ZERO else 0), 0
    kinds = ["address", "uint256", "uint256"] if topics[0].hex() == _topic(chain, _RETIRED[0])[2:] else ["address", "uint256"]
    return 0, _decode(chain, log, kinds)[1]


def _decode(chain: Chain, log: Any, kinds: list[str]) -> tuple[Any, ...]:
    from eth_abi.exceptions import DecodingError

    try:
        values: tuple[Any, ...] = tuple(chain.web3.codec.decode(kinds, bytes(log["data"])))
    except (DecodingError, ValueError, OverflowError) as error:
        raise _undecoded(log) from error
    return values


def _undecoded(log: Any) -> ChainError:
    place = f"block {log['blockNumber']}, log {log['logIndex']}"
    return ChainError("an event does not decode", code="chain.log", field=place, hint="the contract is no such token")
