"""Delegation: an EAS attestation signed by its attester off chain (EIP-712), sent by whoever pays for it.

References:
    EIP-712.  EAS 1.4.0, ``EIP1271Verifier.sol``: type ``Attest`` and domain ``EAS``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.registry.chain import ZERO_ADDRESS

if TYPE_CHECKING:
    from mrv.registry.chain import Chain

DOMAIN_NAME = "EAS"
TYPES = {
    "Attest": [
        {"name": "attester", "type": "address"},
        {"name": "schema", "type": "bytes32"},
        {"name": "recipient", "type": "address"},
        {"name": "expirationTime", "type": "uint64"},
        {"name": "revocable", "type": "bool"},
        {"name": "refUID", "type": "bytes32"},
        {"name": "data", "type": "bytes"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint64"},
    ]
}
_NONE = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Delegation:
    """What the attester signed."""

    domain: dict[str, Any]
    """EIP-712 domain: contract and chain."""
    message: dict[str, Any]
    """The ``Attest`` message."""
    signature: tuple[int, bytes, bytes]
    """v, r, s."""

    def request(self) -> tuple[Any, ...]:
        """The argument of ``attestByDelegation``."""
        m = self.message
        data = (m["recipient"], m["expirationTime"], m["revocable"], m["refUID"], m["data"], m["value"])
        return (m["schema"], data, self.signature, m["attester"], m["deadline"])

    def as_json(self) -> dict[str, Any]:
        """Domain, types, message and signature, for other people's verifiers."""

        def plain(value: Any) -> Any:
            return "0x" + value.hex() if isinstance(value, bytes) else str(value) if type(value) is int else value

        v, r, s = self.signature
        return {
            "domain": {name: plain(value) for name, value in self.domain.items()},
            "primaryType": "Attest",
            "types": TYPES,
            "message": {name: plain(value) for name, value in self.message.items()},
            "signature": {"v": v, "r": plain(r), "s": plain(s)},
        }


def delegate(
    chain: Chain, *, eas: str, version: str, schema: bytes, data: bytes, attester: Any, nonce: int, deadline: int,
    recipient: str = ZERO_ADDRESS,
) -> Delegation:  # fmt: skip
    """Sign an attestation for somebody else to send.

    Args:
        chain: The network: its id is signed.
        eas: Address of the EAS contract: it is signed.
        version: Version that the contract states.
        schema: Schema UID, 32 bytes.
        data: Encoded values.
        attester: Account, of ``eth_account``.
        nonce: The attester's next nonce in the contract, so that nobody sends it twice.
        deadline: Second after which nobody can send it.
        recipient: Whom it is about; zero for nobody.
    """
    name = chain.web3.to_checksum_address
    domain = {"name": DOMAIN_NAME, "version": version, "chainId": chain.chain_id, "verifyingContract": name(eas)}
    message = {
        "attester": attester.address, "schema": schema, "recipient": name(recipient), "expirationTime": 0, "revocable": True,
        "refUID": _NONE, "data": data, "value": 0, "nonce": nonce, "deadline": deadline,
    }  # fmt: skip
    signed = attester.sign_typed_data(domain_data=domain, message_types=TYPES, message_data=message)
    return Delegation(domain, message, (signed.v, signed.r.to_bytes(32), signed.s.to_bytes(32)))
