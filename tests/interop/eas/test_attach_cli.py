"""``mrv attach`` and ``mrv retired`` against a node, from a whole project's attestation."""

from __future__ import annotations

import json

import pytest
from support.bound import materials_of, signer

from mrv.attest import credential, proof
from mrv.attest.trust import trust_for, write_trust
from mrv.units import utc_now

pytest.importorskip("web3", reason="web3 is not installed: pip install 'mrv[chain]'")
pytest.importorskip("eth_tester", reason="eth-tester is not installed")
pytest.importorskip("rasterio", reason="the pipeline is not installed")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

URI = "https://example.org/attestation.json"


@pytest.fixture(scope="session")
def whole_statement(full_result):
    return full_result.result.statement


@pytest.fixture
def attestation(whole_statement, world, tmp_path):
    """An attestation bound to a token of the network; its files, and the token."""
    s, now = whole_statement, utc_now()
    asset = f"eip155:{world.chain.chain_id}/erc1155:{world.eas.lower()}/7"
    networks = [{"chain": f"eip155:{world.chain.chain_id}", "genesis": world.genesis}]
    document = credential.build(
        statement=s.as_json(),
        binding={"supersedes": [], "assets": [asset], "serials": [], "networks": networks},
        materials=materials_of(s),
        provenance={"started": now, "ended": now, "software": {}, "platform": {}, "where": "local", "warnings": []},
        issuer=signer().issuer,
        valid_from=now,
    )
    (tmp_path / "attestation.json").write_bytes(credential.encode(proof.sign(document, signer(), now)))
    write_trust(trust_for(signer(), now=now), tmp_path / "trust.json")
    return tmp_path / "attestation.json", tmp_path / "trust.json", asset


def test_written_and_read_back_by_hand(attestation, world, node, capsys, monkeypatch):
    from mrv.cli import main

    path, trust, asset = attestation
    monkeypatch.setenv("ATTESTER_OF_TEST", world.attester.key.hex())
    monkeypatch.setenv("RELAYER_OF_TEST", world.relayer.key.hex())

    def mrv(verb, *words):
        capsys.readouterr()
        common = (verb, path, "--rpc", node, "--trust", trust, "--asset", asset, "--json")
        status = main([str(word) for word in (*common, *words)])
        told = capsys.readouterr()
        return status, told.out, told.err

    eas = ("--uri", URI, "--eas", world.eas)
    status, out, err = mrv("attach", *eas, "--key", "env:ATTESTER_OF_TEST", "--relayer", "env:RELAYER_OF_TEST")
    assert status == 0, err
    uid = json.loads(out)["uid"]
    assert world.web3.eth.get_transaction(json.loads(out)["transaction"])["from"] == world.relayer.address
    assert mrv("attach", *eas, "--read", uid, "--attester", world.attester.address)[0] == 0
    status, out, _ = mrv("attach", *eas, "--read", uid, "--attester", world.relayer.address)
    failed = [check["code"] for check in json.loads(out)["checks"] if check["status"] == "fails"]
    assert (status, failed) == (1, ["eas.attester"])
    status, out, _ = mrv("attach", "--uri", URI + "?", "--eas", world.eas, "--read", uid, "--attester", world.attester.address)
    failed = [check["code"] for check in json.loads(out)["checks"] if check["status"] == "fails"]
    assert (status, failed) == (1, ["eas.content"])

    for words, code in (
        (eas, "usage"),
        ((*eas, "--read", uid), "usage"),
        ((*eas, "--key", "env:NONE_OF_TEST"), "chain.key"),
        ((*eas, "--read", uid, "--attester", world.attester.address, "--genesis", "0x" + "11" * 32), "chain.genesis"),
        (("--uri", "x", "--eas", world.eas, "--key", "env:ATTESTER_OF_TEST"), "export.uri"),
    ):
        status, _, err = mrv("attach", *words)
        assert status == 2
        assert f"error[{code}]" in err
    status, out, _ = mrv("retired", "--units-per-tonne", 1, "--first-block", 0, "--confirmations", 0)
    assert (status, json.loads(out)["made"], json.loads(out)["retired"]) == (0, "0", "0")


def test_what_does_not_hold_is_not_written(attestation, world, node, capsys, monkeypatch):
    from mrv.cli import main

    path, trust, asset = attestation
    monkeypatch.setenv("ATTESTER_OF_TEST", world.attester.key.hex())
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"creditable_t": ', b'"creditable_t": 1', 1))
    before = world.web3.eth.block_number
    words = ("attach", path, "--rpc", node, "--trust", trust, "--asset", asset, "--uri", URI, "--eas", world.eas)
    assert main([str(word) for word in (*words, "--key", "env:ATTESTER_OF_TEST")]) == 1
    assert "error[export.refused]" in capsys.readouterr().err
    assert world.web3.eth.block_number == before
