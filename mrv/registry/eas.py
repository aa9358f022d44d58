"""EAS: the attestation as the Ethereum Attestation Service holds it, encoded; nothing is sent from here.

On chain stand the digest, the token, the kilograms, the period and the address, and no more: the document stays off chain.

References:
    Ethereum Attestation Service, ``IEAS.sol``.  Solidity contract ABI specification, "Formal specification of the encoding".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.registry.attested import check_uri
from mrv.registry.erc1155 import bound_asset

if TYPE_CHECKING:
    from mrv.registry.attested import Attested

SCHEMA = "bytes32 attestationDigest,string caip19,uint256 quantityKg,uint64 periodStart,uint64 periodEnd,string uri"
_WORD = 32


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of the schema."""

    digest: bytes
    """Attestation digest, 32 bytes."""
    caip19: str
    """The bound token."""
    quantity_kg: int
    """Creditable quantity, kg CO2e."""
    period_start: int
    """First second of the period."""
    period_end: int
    """Last second of the period, included."""
    uri: str
    """Where the attestation can be read."""

    def encode(self) -> bytes:
        """The ABI encoding, in the order of the schema."""
        tails = [_dynamic(text.encode()) for text in (self.caip19, self.uri)]
        head = 6 * _WORD
        return b"".join((
            self.digest, _word(head), _word(self.quantity_kg), _word(self.period_start), _word(self.period_end),
            _word(head + len(tails[0])), *tails,
        ))  # fmt: skip


def fields(attested: Attested, *, uri: str, asset: str | None = None) -> Fields:
    """What is written on chain of an attestation.

    Raises:
        AttestationError: ``export.asset``, ``export.uri``.
    """
    start, end = attested.period_seconds
    return Fields(
        bytes.fromhex(attested.digest.removeprefix("sha256:")), bound_asset(attested, asset), attested.quantity_kg, start, end,
        check_uri(uri),
    )  # fmt: skip


def export(attested: Attested, *, uri: str, asset: str | None = None) -> dict[str, Any]:
    """The same as JSON: schema, values, and the bytes for ``attest`` or ``attestByDelegation``."""
    values = fields(attested, uri=uri, asset=asset)
    return {
        "mrv": attested.header(uri),
        "schema": SCHEMA,
        "revocable": True,
        "value": {
            "attestationDigest": "0x" + values.digest.hex(),
            "caip19": values.caip19,
            "quantityKg": str(values.quantity_kg),
            "periodStart": str(values.period_start),
            "periodEnd": str(values.period_end),
            "uri": values.uri,
        },
        "data": "0x" + values.encode().hex(),
    }


def _word(value: int) -> bytes:
    return value.to_bytes(_WORD)


def _dynamic(data: bytes) -> bytes:
    return _word(len(data)) + data + b"\0" * (-len(data) % _WORD)
