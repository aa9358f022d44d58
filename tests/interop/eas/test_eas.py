"""The EAS contracts, an EVM and the EAS SDK: what is written is read back, and what is not meant is refused.

Needs ``pip install 'mrv[chain]' 'eth-tester[py-evm]==0.14.0b1'`` and ``npm ci`` in this folder; skips without.
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.attest import caip19, evm_address
from mrv.errors import UsageError
from mrv.registry.chain import ChainError, open_chain, open_network
from mrv.registry.delegation import delegate
from mrv.registry.eas import SCHEMA, Fields
from mrv.registry.onchain import EAS_ABI, attach, read_back, schema_uid
from mrv.registry.retirement import check_movement, read_movement

pytest.importorskip("web3", reason="web3 is not installed: pip install 'mrv[chain]'")
pytest.importorskip("eth_tester", reason="eth-tester is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
CONTRACTS = "@ethereum-attestation-service/eas-contracts/artifacts/contracts/{0}.sol/{0}.json"
FIELDS = Fields(
    bytes(range(32)), "eip155:137/erc1155:0x00000000000000000000000000000000000000aa/7", 123_456_000, 1577836800, 1640995199,
    "https://example.org/attestation.json",
)  # fmt: skip
LATER = 4_000_000_000


def artifact(path):
    """ABI and bytecode."""
    value = json.loads((MODULES / path).read_text())
    return value["abi"], value["bytecode"]


@pytest.fixture
def write(world):
    def run(fields=FIELDS, **options):
        now = world.web3.eth.get_block("latest")["timestamp"]
        given = {"eas": world.eas, "attester": world.attester, "relayer": world.relayer, "now": now, **options}
        return attach(world.chain, fields, **given)

    return run


def failing(world, uid, fields=FIELDS, **options):
    given = {"eas": world.eas, "attester": world.attester.address, "now": LATER, **options}
    return [check.code for check in read_back(world.chain, uid, fields, **given) if check.status != "holds"]


def test_what_is_written_is_read_back(world, write):
    made = write()
    assert failing(world, made.uid) == []
    sent = world.web3.eth.get_transaction(made.transaction)
    assert sent["from"] == world.relayer.address, "who pays is not who attests"
    about = write(recipient="0x" + "ab" * 20)
    assert failing(world, about.uid) == ["eas.recipient"]
    assert failing(world, about.uid, recipient="0x" + "AB" * 20) == []


def test_a_revoked_attestation_is_refused_though_the_contract_calls_it_valid(world, write):
    made = write()
    request = (schema_uid(world.chain), (bytes.fromhex(made.uid[2:]), 0))
    call = world.contract.functions.revoke(request)
    unsigned = call.build_transaction(
        {"from": world.attester.address, "nonce": world.web3.eth.get_transaction_count(world.attester.address)}
    )
    world.web3.eth.send_raw_transaction(world.attester.sign_transaction(unsigned).raw_transaction)
    assert world.contract.functions.isAttestationValid(made.uid).call() is True
    assert failing(world, made.uid) == ["eas.revoked"]


def test_another_attester_s_copy_is_refused(world, write):
    copied = write(attester=world.relayer)
    assert failing(world, copied.uid) == ["eas.attester"]


def test_another_content_is_refused(world, write):
    uid = write().uid
    assert failing(world, uid, replace(FIELDS, digest=bytes(32))) == ["eas.digest", "eas.content"]
    for change in (
        {"quantity_kg": FIELDS.quantity_kg + 1},
        {"caip19": FIELDS.caip19[:-1] + "8"},
        {"period_end": 0},
        {"uri": ""},
    ):
        assert failing(world, uid, replace(FIELDS, **change)) == ["eas.content"]


def attest_directly(world, request):
    """UID of an attestation that somebody makes without us."""
    sent = world.contract.functions.attest(request).transact({"from": world.rich})
    receipt = world.web3.eth.wait_for_transaction_receipt(sent)
    return "0x" + world.contract.events.Attested().process_receipt(receipt)[0]["args"]["uid"].hex()


def test_another_schema_is_refused(world):
    registry = world.web3.eth.contract(
        address=world.contract.functions.getSchemaRegistry().call(),
        abi=artifact(CONTRACTS.format("SchemaRegistry"))[0],
    )
    other = registry.functions.register("bytes anything", "0x" + "0" * 40, True)
    uid = other.call()
    other.transact({"from": world.rich})
    request = (uid, ("0x" + "0" * 40, 0, True, bytes(32), FIELDS.encode(), 0))
    assert failing(world, attest_directly(world, request), attester=world.rich) == ["eas.schema"]


def test_an_expired_attestation_is_refused(world):
    soon = world.web3.eth.get_block("latest")["timestamp"] + 1000
    request = (schema_uid(world.chain), ("0x" + "0" * 40, soon, True, bytes(32), FIELDS.encode(), 0))
    made = attest_directly(world, request)
    assert failing(world, made, attester=world.rich, now=soon - 1) == []
    assert failing(world, made, attester=world.rich, now=soon) == ["eas.expired"]


def test_no_such_uid(world):
    assert failing(world, "0x" + "77" * 32) == ["eas.found"]
    for uid in ("", "0x", "0x77", "zz" * 32, "0x" + "77" * 33):
        with pytest.raises(ChainError) as caught:
            failing(world, uid)
        assert caught.value.error_code == "chain.uid"


def test_a_network_of_the_same_id_is_another_network(world):
    for chain_id, genesis, code in (
        (world.chain.chain_id, "0x" + "11" * 32, "chain.genesis"),
        (world.chain.chain_id + 1, world.genesis, "chain.id"),
    ):
        with pytest.raises(ChainError) as caught:
            open_chain(world.provider, chain_id=chain_id, genesis=genesis)
        assert caught.value.error_code == code
    for genesis in ("", "latest", world.genesis[:-1]):
        with pytest.raises(UsageError):
            open_chain(world.provider, chain_id=world.chain.chain_id, genesis=genesis)
    with pytest.raises(UsageError) as wrong:
        open_chain("ws://127.0.0.1:1", chain_id=1, genesis=world.genesis)
    assert wrong.value.error_code == "chain.url"
    with pytest.raises(ChainError) as closed:
        open_chain("http://127.0.0.1:9", chain_id=1, genesis=world.genesis)
    assert closed.value.error_code == "chain.refused"


def test_the_signed_genesis_is_the_one_that_counts(world):
    token = caip19.parse(f"eip155:{world.chain.chain_id}/erc20:0x{'aa' * 20}")
    other = "0x" + "11" * 32
    for signed, told in (
        (world.genesis, None),
        (None, world.genesis.upper().replace("X", "x")),
        (world.genesis, world.genesis),
    ):
        assert open_network(world.provider, token, signed=signed, given=told).genesis == world.genesis
    for signed, told in ((None, None), (world.genesis, other), (other, world.genesis), (other, None)):
        with pytest.raises(ChainError) as caught:
            open_network(world.provider, token, signed=signed, given=told)
        assert caught.value.error_code == "chain.genesis"
    with pytest.raises(ChainError) as caught:
        open_network(world.provider, caip19.parse("hedera:mainnet/token:0.0.1"), signed=None, given=other)
    assert caught.value.error_code == "chain.asset"


def test_an_address_without_code_or_of_another_contract(world, write):
    for eas, code in (("0x" + "ab" * 20, "chain.no-code"), ("0x12", "chain.address"), ("nobody", "chain.address")):
        with pytest.raises(ChainError) as caught:
            write(eas=eas)
        assert caught.value.error_code == code
    right = evm_address.checksummed(world.eas)
    for place, told in (("eas", right), ("recipient", evm_address.checksummed("0x" + "cd" * 20))):
        with pytest.raises(ChainError) as caught:
            write(**{place: "0x" + told[2:].swapcase()})
        assert caught.value.error_code == "chain.checksum"
        assert told in caught.value.hint
    from eth_tester.exceptions import TransactionFailed

    with pytest.raises(TransactionFailed):
        write(eas=world.contract.functions.getSchemaRegistry().call())


def test_a_network_where_nobody_registered_the_schema(world, write):
    bare = world.deploy(*artifact(CONTRACTS.format("EAS")), world.deploy(*artifact(CONTRACTS.format("SchemaRegistry"))))
    with pytest.raises(ChainError) as caught:
        write(eas=bare)
    assert caught.value.error_code == "chain.schema"


def signed(world, **options):
    given = {
        "eas": world.eas, "version": world.contract.functions.version().call(), "schema": schema_uid(world.chain),
        "data": FIELDS.encode(), "attester": world.attester, "deadline": LATER,
        "nonce": world.contract.functions.getNonce(world.attester.address).call(), **options,
    }  # fmt: skip
    return delegate(world.chain, **given)


@pytest.mark.parametrize(
    "options", [{"nonce": 999}, {"deadline": 1}, {"version": "1.3.0"}, {"eas": "0x" + "ab" * 20}],
    ids=["a nonce that was used or is not yet", "after its deadline", "another version", "another contract"],
)  # fmt: skip
def test_the_contract_refuses_a_delegation_for_anything_else(world, options):
    from eth_tester.exceptions import TransactionFailed

    contract = world.web3.eth.contract(address=world.eas, abi=EAS_ABI)
    with pytest.raises(TransactionFailed):
        contract.functions.attestByDelegation(signed(world, **options).request()).call({"from": world.rich})
    assert contract.functions.attestByDelegation(signed(world).request()).call({"from": world.rich})


def test_nobody_sends_a_delegation_twice(world):
    from eth_tester.exceptions import TransactionFailed

    call = world.web3.eth.contract(address=world.eas, abi=EAS_ABI).functions.attestByDelegation(signed(world).request())
    call.transact({"from": world.rich})
    with pytest.raises(TransactionFailed):
        call.transact({"from": world.rich})


def sdk(delegation, attester):
    node = shutil.which("node")
    if node is None or not MODULES.is_dir():
        pytest.skip("no node, or no node_modules: npm ci in tests/interop/eas")
    told = json.dumps({"delegation": delegation, "attester": attester, "schema": SCHEMA})
    done = subprocess.run([node, HERE / "verify.cjs"], input=told.encode(), capture_output=True, check=False, cwd=HERE)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_the_eas_sdk_verifies_ours(world):
    value = signed(world).as_json()
    told = sdk(value, world.attester.address)
    assert told["verified"] is True
    assert told["uid"] == "0x" + schema_uid(world.chain).hex()
    assert told["values"] == {
        "attestationDigest": "0x" + FIELDS.digest.hex(), "caip19": FIELDS.caip19, "quantityKg": str(FIELDS.quantity_kg),
        "periodStart": str(FIELDS.period_start), "periodEnd": str(FIELDS.period_end), "uri": FIELDS.uri,
    }  # fmt: skip
    assert sdk(value, world.relayer.address)["verified"] is False
    for part, name, other in (("message", "nonce", "77"), ("message", "recipient", "0x" + "ab" * 20)):
        changed = copy.deepcopy(value)
        changed[part][name] = other
        assert sdk(changed, world.attester.address)["verified"] is False


@given(
    st.binary(min_size=32, max_size=32), st.text(max_size=70), st.integers(0, 2**256 - 1), st.integers(0, 2**64 - 1), st.text()
)
def test_encoding_as_eth_abi(digest, caip, kg, second, uri):
    from eth_abi import encode

    caip, uri = (text.encode("utf-8", "ignore").decode() for text in (caip, uri))
    ours = Fields(digest, caip, kg, second, 0, uri).encode()
    assert ours == encode(["bytes32", "string", "uint256", "uint64", "uint64", "string"], [digest, caip, kg, second, 0, uri])


@pytest.fixture(scope="module")
def tokens(world):
    """An ERC-1155 token contract."""
    abi, code = artifact("@openzeppelin/contracts/build/contracts/ERC1155PresetMinterPauser.json")
    token = world.web3.eth.contract(address=world.deploy(abi, code, "https://example.org/{id}"), abi=abi)
    return SimpleNamespace(token=token)


def asset(world, address, token_id=None, kind="erc1155"):
    tail = "" if token_id is None else f"/{token_id}"
    return caip19.parse(f"eip155:{world.chain.chain_id}/{kind}:{address.lower()}{tail}")


def test_retired_of_an_erc1155_token(world, tokens):
    act, me = tokens.token.functions, {"from": world.rich}
    other = world.relayer.address
    act.mint(world.rich, 7, 100, b"").transact(me)
    act.mintBatch(world.rich, [7, 8, 7], [10, 1000, 5], b"").transact(me)
    act.safeTransferFrom(world.rich, other, 7, 20, b"").transact(me)
    act.burn(world.rich, 7, 30).transact(me)
    act.burnBatch(world.rich, [8, 7], [500, 3]).transact(me)
    moved = read_movement(world.chain, asset(world, tokens.token.address, 7), first_block=0, confirmations=0)
    assert (moved.made, moved.retired) == (115, 33)
    moved = read_movement(world.chain, asset(world, tokens.token.address, 8), first_block=0, confirmations=0)
    assert (moved.made, moved.retired) == (1000, 500)
    fresh = read_movement(world.chain, asset(world, tokens.token.address, 8), first_block=0, confirmations=2)
    assert fresh.retired == 0, "the newest blocks are left out"
    codes = {
        (kg, units): [
            check.code for check in check_movement(moved, attested_kg=kg, units_per_tonne=units) if check.status == "fails"
        ]
        for kg, units in ((1_000_000, 1), (999_999, 1), (499_999, 1), (1_000, 1000), (999, 1000))
    }
    assert codes == {
        (1_000_000, 1): [], (999_999, 1): ["token.made"], (499_999, 1): ["token.made", "token.retired"], (1_000, 1000): [],
        (999, 1000): ["token.made"],
    }  # fmt: skip


@pytest.mark.parametrize("token", ["other chain", "no id", "no kind", "an id too many"])
def test_a_token_that_cannot_be_read(world, tokens, token):
    address = tokens.token.address
    named = {
        "other chain": caip19.parse(f"eip155:1/erc1155:{address.lower()}/7"),
        "no id": asset(world, address),
        "no kind": asset(world, address, 7, "erc721"),
        "an id too many": replace(asset(world, address, None, "erc20"), token_id="7"),
    }[token]
    with pytest.raises(ChainError) as caught:
        read_movement(world.chain, named, first_block=0, confirmations=0)
    assert caught.value.error_code == "chain.asset"
    with pytest.raises(ChainError):
        check_movement(read_movement(world.chain, asset(world, address, 7), first_block=0), attested_kg=1, units_per_tonne=0)


@pytest.fixture
def emit(world):
    """A contract that logs what it is called with: one topic, then data."""
    # calldatacopy(0, 32, size − 32); log1(0, size − 32, calldataload(0))
    runtime = bytes.fromhex("602036036020600037600035602036036000a100")
    init = bytes.fromhex("60" + f"{len(runtime):02x}" + "80600b6000396000f3") + runtime
    address = world.deploy([], "0x" + init.hex())

    def run(signature, data):
        call = bytes(world.web3.keccak(text=signature)) + data
        receipt = world.web3.eth.wait_for_transaction_receipt(
            world.web3.eth.send_transaction({"from": world.rich, "to": address, "data": "0x" + call.hex()})
        )
        assert len(receipt["logs"]) == 1
        return address

    return run


def _word(number):
    return number.to_bytes(32)


def test_retired_in_the_manner_of_toucan(world, emit):
    sender = bytes(12) + bytes.fromhex("ab" * 20)
    address = emit("Retired(address,uint256,uint256)", sender + _word(3 * 10**18) + _word(1))
    emit("Retired(address,uint256)", sender + _word(10**18))
    emit("FeePaid(address,uint256)", sender + _word(10**20))
    moved = read_movement(world.chain, asset(world, address, None, "erc20"), first_block=0, confirmations=0)
    assert moved.retired == 4 * 10**18
    held = [c.status for c in check_movement(moved, attested_kg=4000, units_per_tonne=10**18)]
    assert held == ["holds", "holds"]
    assert [c.status for c in check_movement(moved, attested_kg=3999, units_per_tonne=10**18)] == ["holds", "fails"]


@pytest.mark.parametrize("signature", ["Retired(address,uint256)", "Transfer(address,address,uint256)"])
def test_an_event_that_does_not_decode_is_refused(world, emit, signature):
    address = emit(signature, b"\1")
    with pytest.raises(ChainError) as caught:
        read_movement(world.chain, asset(world, address, None, "erc20"), first_block=0, confirmations=0)
    assert caught.value.error_code == "chain.log"
