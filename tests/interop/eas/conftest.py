"""A network with the EAS contracts on it, in this process; and the same behind HTTP, as a node."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

MODULES = Path(__file__).parent / "node_modules"
CONTRACTS = "@ethereum-attestation-service/eas-contracts/artifacts/contracts/{0}.sol/{0}.json"


def artifact(path):
    """ABI and bytecode; skips where nobody ran ``npm ci``."""
    file = MODULES / path
    if not file.is_file():
        pytest.skip(f"no {path}: npm ci in tests/interop/eas")
    value = json.loads(file.read_text())
    return value["abi"], value["bytecode"]


@pytest.fixture(scope="session")
def world():
    """Chain, contracts, accounts."""
    from eth_account import Account
    from eth_tester import EthereumTester, PyEVMBackend
    from web3 import EthereumTesterProvider, Web3

    from mrv.registry.chain import open_chain
    from mrv.registry.onchain import register_schema

    eas_abi, eas_code = artifact(CONTRACTS.format("EAS"))
    registry = artifact(CONTRACTS.format("SchemaRegistry"))
    provider = EthereumTesterProvider(EthereumTester(PyEVMBackend()))
    web3 = Web3(provider)
    rich = web3.eth.accounts[0]

    def deploy(abi, code, *args):
        sent = web3.eth.contract(abi=abi, bytecode=code).constructor(*args).transact({"from": rich})
        return web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]

    attester, relayer = (Account.from_key(bytes([n] * 32)) for n in (1, 2))
    for account in (attester, relayer):
        web3.eth.send_transaction({"from": rich, "to": account.address, "value": 10**19})
    genesis = "0x" + bytes(web3.eth.get_block(0)["hash"]).hex()
    chain = open_chain(provider, chain_id=web3.eth.chain_id, genesis=genesis)
    eas = deploy(eas_abi, eas_code, deploy(*registry))
    register_schema(chain, eas=eas, sender=relayer)
    return SimpleNamespace(
        chain=chain, provider=provider, web3=web3, rich=rich, deploy=deploy, eas=eas, attester=attester, relayer=relayer,
        contract=web3.eth.contract(address=eas, abi=eas_abi), genesis=genesis,
    )  # fmt: skip


@pytest.fixture
def node(world):
    """URL of the network as a JSON-RPC node on loopback."""

    def plain(value):
        if isinstance(value, (bytes, bytearray)):
            return "0x" + bytes(value).hex()
        if isinstance(value, bool) or value is None or isinstance(value, str):
            return value
        if isinstance(value, int):
            return hex(value)
        return {k: plain(v) for k, v in value.items()} if hasattr(value, "items") else [plain(item) for item in value]

    class Node(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = {"jsonrpc": "2.0", "id": asked["id"]}
            try:
                told["result"] = plain(world.web3.manager.request_blocking(asked["method"], asked["params"]))
            except Exception as error:  # noqa: BLE001  # a node answers whatever happens
                told["error"] = {"code": 3, "message": str(error)}
            data = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()
