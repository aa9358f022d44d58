"""Chain: an EVM network over JSON-RPC, known by its id and by its genesis hash.

Private and test networks reuse chain ids, so the id alone does not say where a token lies.  What a node answers is the
node's word; a verifier who does not trust it runs one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mrv.attest import evm_address
from mrv.attest.signers.local import file_of, read_private_file, read_variable
from mrv.errors import AttestationError, MRVError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.attest.caip19 import Asset

ZERO_ADDRESS = "0x" + "00" * 20
TIMEOUT_S = 30
_HASH = re.compile(r"0x[0-9a-f]{64}")


class ChainError(MRVError):
    """A network cannot be asked, is another one, or refuses."""

    code = "chain.invalid"


@dataclass(frozen=True)
class Chain:
    """One network."""

    web3: Any
    """Connection, of the ``web3`` library."""
    chain_id: int
    """EIP-155 id."""
    genesis: str
    """Hash of block 0, ``0x`` and 64 hexadecimal digits."""

    def ask(self, what: str, call: Callable[[], Any]) -> Any:
        """The answer of ``call``, with the node's refusals as ours.

        Raises:
            ChainError: ``chain.refused``.
        """
        from web3.exceptions import Web3Exception

        try:
            return call()
        except (Web3Exception, ValueError, OSError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
            raise ChainError(
                f"{what}: {error!s:.300}", code="chain.refused", hint="is the address right, and the node whole and in reach?"
            ) from error

    def contract(self, address: str, abi: list[dict[str, Any]]) -> Any:
        """A contract at an address that holds code.

        Raises:
            ChainError: ``chain.address``, ``chain.checksum``, ``chain.no-code``.
        """
        address = check_address(address)
        name = self.web3.to_checksum_address(address)
        if not bytes(self.ask("code", lambda: self.web3.eth.get_code(name))):
            raise ChainError(
                f"{address} holds no code", code="chain.no-code", hint="is it the right network, and the contract's address?"
            )
        return self.web3.eth.contract(address=name, abi=abi)


def open_chain(provider: Any, *, chain_id: int, genesis: str) -> Chain:
    """The network behind a provider, if it is the one that is meant.

    Args:
        provider: A ``web3`` provider, or the URL of a node (``http://`` or ``https://``).
        chain_id: EIP-155 id that it must have.
        genesis: Hash of block 0 that it must have.

    Raises:
        ChainError: ``chain.id``, ``chain.genesis``, ``chain.refused``.
        UsageError: ``install``: without the extra ``chain``; ``chain.url``.
    """
    web3_of = _web3()
    wanted = genesis.lower()
    if not _HASH.fullmatch(wanted):
        raise UsageError(f"{genesis!a:.80} is no block hash", code="chain.genesis", hint="0x and 64 hexadecimal digits")
    chain = Chain(web3_of(provider), chain_id, wanted)
    found = chain.ask("chain id", lambda: chain.web3.eth.chain_id)
    if found != chain_id:
        raise ChainError(f"the node is of chain {found}, not {chain_id}", code="chain.id", hint="give a node of that chain")
    block = "0x" + bytes(chain.ask("block 0", lambda: chain.web3.eth.get_block(0)["hash"])).hex()
    if block != wanted:
        raise ChainError(
            f"its genesis block is {block}, not {wanted}", code="chain.genesis", hint="another network with the same id"
        )
    return chain


def open_network(provider: Any, asset: Asset, *, signed: str | None, given: str | None) -> Chain:
    """The network of a token: known by the genesis that the attestation signs, or by the caller's.

    Args:
        provider: As for :func:`open_chain`.
        asset: The token.
        signed: Genesis hash in the attestation; None where it has none.
        given: The caller's; None trusts the attestation's.

    Raises:
        ChainError: ``chain.asset``: on no EVM chain; ``chain.genesis``: the two differ, or there is neither.
    """
    if asset.chain != "eip155":
        raise ChainError(f"{asset} is on no EVM chain", code="chain.asset", hint="eip155:<chain>/…")
    genesis = signed or given
    if genesis is None:
        raise ChainError(
            f"nothing says which network eip155:{asset.network} is", code="chain.genesis", field="--genesis",
            hint="give the hash of block 0; binding.toml can sign it",
        )  # fmt: skip
    if given is not None and given.lower() != genesis.lower():
        raise ChainError(f"genesis {given:.80} is given, {genesis} is signed", code="chain.genesis", hint="another network")
    return open_chain(provider, chain_id=int(asset.network), genesis=genesis)


def check_address(text: str) -> str:
    """``text`` in lower case, if it is an address.

    Raises:
        ChainError: ``chain.address``; ``chain.checksum``: in mixed case that is not its checksum's (EIP-55).
    """
    if not evm_address.is_address(text):
        raise ChainError(f"{text!a:.80} is no address", code="chain.address", hint="0x and 40 hexadecimal digits")
    if evm_address.has_wrong_checksum(text):
        raise ChainError(f"{text} has a wrong checksum (EIP-55)", code="chain.checksum", hint=evm_address.remedy(text))
    return text.lower()


def load_account(uri: str) -> Any:
    """The account that signs, from ``file:PATH`` or ``env:NAME`` holding 64 hexadecimal digits.

    Raises:
        UsageError: ``chain.key``: it cannot be read, or is no key; the message never holds it.
        AttestationError: ``key.permissions``: others can read the file.
    """
    _web3()
    from eth_account import Account

    scheme, _, name = uri.partition(":")
    text = _secret(scheme, name)
    if not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", text.strip()):
        shown = uri if scheme in {"file", "env"} else "--key"  # what is no address may be the key itself
        raise UsageError("no key of 64 hexadecimal digits there", code="chain.key", field=shown, hint="file:PATH or env:NAME")
    try:
        return Account.from_key(text.strip())
    except ValueError:  # its message would hold the key
        raise UsageError("is no secp256k1 key", code="chain.key", field=uri, hint="make another") from None


def _secret(scheme: str, name: str) -> str:
    """What a key's URI leads to, by the rules for every other private key; empty where there is nothing."""
    if scheme == "env":
        return read_variable(name)
    if scheme != "file":
        return ""
    try:
        return read_private_file(file_of(name)).decode(errors="replace")
    except AttestationError as error:
        if error.error_code == "key.permissions":
            raise
        return ""


def _web3() -> Callable[[Any], Any]:
    try:
        from web3 import HTTPProvider, Web3
    except ImportError as error:
        raise UsageError("web3 is not installed", code="install", hint="pip install 'mrv[chain]'") from error

    def connect(provider: Any) -> Any:
        if not isinstance(provider, str):
            return Web3(provider)
        if not provider.startswith(("https://", "http://")):
            raise UsageError("a node is reached by http or https", code="chain.url", field="--rpc", hint="https://…")
        return Web3(HTTPProvider(provider, request_kwargs={"timeout": TIMEOUT_S, "allow_redirects": False}))

    return connect
