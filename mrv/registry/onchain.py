"""On chain: the EAS attestation of an attestation, written by delegation and read back field by field.

``isAttestationValid`` says only that a UID exists: it stays true after revocation, for any schema, any attester and any
content.  So :func:`read_back` asks for what was meant, and compares.

References:
    Ethereum Attestation Service 1.4.0, ``EAS.sol``, ``SchemaRegistry.sol``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.checks import Check, decide
from mrv.registry.chain import ZERO_ADDRESS, Chain, ChainError, check_address
from mrv.registry.delegation import DOMAIN_NAME, Delegation, delegate
from mrv.registry.eas import SCHEMA

if TYPE_CHECKING:
    from mrv.registry.eas import Fields

RECEIPT_S = 180
DEADLINE_S = 3600


def _tuple(name: str, kind: str, *parts: tuple[str, str] | dict[str, Any]) -> dict[str, Any]:
    components = [part if isinstance(part, dict) else {"name": part[0], "type": part[1]} for part in parts]
    return {"name": name, "type": kind, "components": components}


def _function(name: str, inputs: list[Any], outputs: list[Any], *, changes: str = "view") -> dict[str, Any]:
    return {"type": "function", "name": name, "inputs": inputs, "outputs": outputs, "stateMutability": changes}


def _value(kind: str, name: str = "", *, indexed: bool | None = None) -> dict[str, Any]:
    return {"name": name, "type": kind, **({} if indexed is None else {"indexed": indexed})}


_REQUEST = _tuple(
    "delegatedRequest", "tuple", ("schema", "bytes32"),
    _tuple("data", "tuple", ("recipient", "address"), ("expirationTime", "uint64"), ("revocable", "bool"),
           ("refUID", "bytes32"), ("data", "bytes"), ("value", "uint256")),
    _tuple("signature", "tuple", ("v", "uint8"), ("r", "bytes32"), ("s", "bytes32")), ("attester", "address"),
    ("deadline", "uint64"),
)  # fmt: skip
_ATTESTATION = _tuple(
    "", "tuple", ("uid", "bytes32"), ("schema", "bytes32"), ("time", "uint64"), ("expirationTime", "uint64"),
    ("revocationTime", "uint64"), ("refUID", "bytes32"), ("recipient", "address"), ("attester", "address"),
    ("revocable", "bool"), ("data", "bytes"),
)  # fmt: skip
EAS_ABI = [
    _function("attestByDelegation", [_REQUEST], [_value("bytes32")], changes="payable"),
    _function("getAttestation", [_value("bytes32", "uid")], [_ATTESTATION]),
    _function("isAttestationValid", [_value("bytes32", "uid")], [_value("bool")]),
    _function("getNonce", [_value("address", "account")], [_value("uint256")]),
    _function("getSchemaRegistry", [], [_value("address")]),
    _function("version", [], [_value("string")]),
    {
        "type": "event", "name": "Attested", "anonymous": False,
        "inputs": [_value("address", "recipient", indexed=True), _value("address", "attester", indexed=True),
                   _value("bytes32", "uid", indexed=False), _value("bytes32", "schemaUID", indexed=True)],
    },
]  # fmt: skip
REGISTRY_ABI = [
    _function(
        "getSchema", [_value("bytes32", "uid")],
        [_tuple("", "tuple", ("uid", "bytes32"), ("resolver", "address"), ("revocable", "bool"), ("schema", "string"))],
    ),
    _function("register", [_value("string", "schema"), _value("address", "resolver"), _value("bool", "revocable")],
              [_value("bytes32")], changes="nonpayable"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and where."""

    uid: str
    """UID of the EAS attestation."""
    transaction: str
    """Hash of the transaction."""
    block: int
    """Block that holds it."""
    delegation: Delegation
    """What the attester signed."""


def schema_uid(chain: Chain) -> bytes:
    """UID of this project's schema: revocable, without a resolver."""
    uid: bytes = bytes(chain.web3.solidity_keccak(["string", "address", "bool"], [SCHEMA, ZERO_ADDRESS, True]))
    return uid


def register_schema(chain: Chain, *, eas: str, sender: Any) -> str:
    """Register the schema where it is not yet; its UID.

    Raises:
        ChainError: ``chain.refused``, ``chain.reverted``.
    """
    uid, registry = schema_uid(chain), _registry(chain, eas)
    if bytes(chain.ask("schema", registry.functions.getSchema(uid).call)[0]) != uid:
        _send(chain, registry.functions.register(SCHEMA, ZERO_ADDRESS, True), sender)
    return "0x" + uid.hex()


def attach(
    chain: Chain, fields: Fields, *, eas: str, attester: Any, relayer: Any, recipient: str = ZERO_ADDRESS, now: int
) -> Written:
    """Write an EAS attestation: one account signs, another sends and pays.

    Args:
        chain: The network.
        fields: What is attested.
        eas: Address of the EAS contract.
        attester: Account that signs (``eth_account``).
        relayer: Account that sends.
        recipient: Whom it is about; zero for nobody.
        now: The time, seconds; nobody can send it an hour later.

    Raises:
        ChainError: ``chain.schema``: not registered; ``chain.refused``; ``chain.reverted``; ``chain.event``.
    """
    contract, uid, recipient = chain.contract(eas, EAS_ABI), schema_uid(chain), check_address(recipient)
    if bytes(chain.ask("schema", _registry(chain, eas).functions.getSchema(uid).call)[0]) != uid:
        raise ChainError(
            f"schema 0x{uid.hex()} is not registered", code="chain.schema", hint="mrv attach --register, once a network"
        )
    signed = delegate(
        chain, eas=eas, version=chain.ask("version", contract.functions.version().call), schema=uid, data=fields.encode(),
        attester=attester, nonce=chain.ask("nonce", contract.functions.getNonce(attester.address).call),
        deadline=now + DEADLINE_S, recipient=recipient,
    )  # fmt: skip
    receipt = _send(chain, contract.functions.attestByDelegation(signed.request()), relayer)
    from web3.logs import DISCARD

    events = contract.events.Attested().process_receipt(receipt, errors=DISCARD)
    made = [e["args"]["uid"] for e in events if e["address"].lower() == eas.lower() and e["args"]["schemaUID"] == uid]
    if len(made) != 1:
        raise ChainError(f"{len(made)} attestations were made", code="chain.event", hint="is this an EAS contract?")
    return Written("0x" + bytes(made[0]).hex(), "0x" + bytes(receipt["transactionHash"]).hex(), receipt["blockNumber"], signed)


def read_back(
    chain: Chain, uid: str, fields: Fields, *, eas: str, attester: str, recipient: str = ZERO_ADDRESS, now: int
) -> list[Check]:
    """Ask the chain whether a UID is this attestation of this attester, and stands.

    Args:
        chain: The network, known by id and genesis.
        uid: UID of the EAS attestation.
        fields: What it must say, from the signed document.
        eas: Address of the EAS contract.
        attester: Address that must have attested it.
        recipient: Whom it must be about.
        now: The time to judge by, seconds.

    Returns:
        ``eas.found``, and where it is found ``eas.schema``, ``eas.attester``, ``eas.recipient``, ``eas.digest``,
        ``eas.content``, ``eas.revoked``, ``eas.expired``.

    Raises:
        ChainError: The node or the address cannot be asked.
    """
    key = _uid(uid)
    held = chain.ask("attestation", chain.contract(eas, EAS_ABI).functions.getAttestation(key).call)
    found, schema, _, expires, revoked, _, about, by, _, data = held
    if bytes(found) != key:
        return [Check("eas.found", "fails", f"no attestation {uid} on chain {chain.chain_id}")]
    wanted, digest = schema_uid(chain), bytes(data)[:32]
    return [
        Check("eas.found", "holds", f"{uid} on chain {chain.chain_id}, genesis {chain.genesis}"),
        decide("eas.schema", bytes(schema) == wanted, f"schema 0x{bytes(schema).hex()}, wanted 0x{wanted.hex()}"),
        decide("eas.attester", by.lower() == check_address(attester), f"attested by {by}, wanted {attester}"),
        decide("eas.recipient", about.lower() == check_address(recipient), f"about {about}, wanted {recipient}"),
        decide("eas.digest", digest == fields.digest, f"digest {digest.hex()}, wanted {fields.digest.hex()}"),
        decide("eas.content", bytes(data) == fields.encode(), "token, kilograms, period and address as attested"),
        decide("eas.revoked", revoked == 0, f"revoked at {revoked}" if revoked else "not revoked"),
        decide("eas.expired", expires == 0 or now < expires, f"expires at {expires}" if expires else "does not expire"),
    ]


def _registry(chain: Chain, eas: str) -> Any:
    contract = chain.contract(eas, EAS_ABI)
    version = str(chain.ask("version", contract.functions.version().call))
    if not version.startswith("1."):
        raise ChainError(f"{DOMAIN_NAME} {version:.20} is unknown", code="chain.version", hint="this version speaks EAS 1.x")
    return chain.contract(chain.ask("schema registry", contract.functions.getSchemaRegistry().call), REGISTRY_ABI)


def _uid(text: str) -> bytes:
    digits = text.lower().removeprefix("0x")
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != 32 or len(digits) != 64:
        raise ChainError(f"{text!a:.80} is no UID", code="chain.uid", hint="0x and 64 hexadecimal digits")
    return key


def _send(chain: Chain, call: Any, sender: Any) -> Any:
    """Sign, send, and wait until it stands in a block.

    Raises:
        ChainError: ``chain.refused``, ``chain.reverted``.
    """
    eth = chain.web3.eth

    def act() -> Any:
        nonce = eth.get_transaction_count(sender.address, "pending")
        unsigned = call.build_transaction({"from": sender.address, "nonce": nonce, "chainId": chain.chain_id})
        sent = eth.send_raw_transaction(sender.sign_transaction(unsigned).raw_transaction)
        return eth.wait_for_transaction_receipt(sent, timeout=RECEIPT_S)

    receipt = chain.ask("transaction", act)
    if receipt["status"] != 1:
        name = bytes(receipt["transactionHash"]).hex()
        raise ChainError(f"transaction 0x{name} was reverted", code="chain.reverted", hint="look at it in a block explorer")
    return receipt
