"""Addresses and keys that are named for a chain, before any node is asked."""

from __future__ import annotations

import os

import pytest

from mrv.errors import AttestationError, UsageError
from mrv.registry.chain import ZERO_ADDRESS, ChainError, check_address, load_account
from mrv.registry.names import Names, load_names

RIGHT = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"  # of EIP-55's test cases
WRONG = RIGHT.replace("fB69", "fb69")
KEY = "11" * 32
SECRET_BITS = [0o640, 0o604, 0o644, 0o660, 0o602, 0o610, 0o601, 0o777]


def test_an_address_with_its_checksum_or_with_none():
    for text in (RIGHT, RIGHT.lower(), "0x" + RIGHT[2:].upper(), RIGHT.upper()):
        assert check_address(text) == RIGHT.lower()
    assert check_address(ZERO_ADDRESS) == ZERO_ADDRESS


def test_a_wrong_checksum_is_refused_with_the_right_spelling():
    for text in (WRONG, "0x" + RIGHT[2:].swapcase()):
        with pytest.raises(ChainError) as caught:
            check_address(text)
        assert caught.value.error_code == "chain.checksum"
        assert RIGHT in caught.value.hint


@pytest.mark.parametrize(
    "text", ["", "0x", "nobody", RIGHT[2:], RIGHT[:-1], RIGHT + "0", RIGHT + "\n", RIGHT.replace("d359", "d35９")]
)
def test_what_is_no_address(text):
    with pytest.raises(ChainError) as caught:
        check_address(text)
    assert caught.value.error_code == "chain.address"


def test_an_owners_account_on_a_chain_has_its_checksum(tmp_path):
    path = tmp_path / "names.toml"
    for account in (f"eip155:137:{RIGHT}", f"eip155:137:{RIGHT.lower()}", f"hedera:mainnet:{WRONG}", WRONG, "ACC-1"):
        path.write_text(f'owner_account = "{account}"\n')
        assert load_names(path) == Names(owner_account=account)
    path.write_text(f'owner_account = "eip155:137:{WRONG}"\n')
    with pytest.raises(UsageError) as caught:
        load_names(path)
    assert caught.value.error_code == "export.names"
    assert RIGHT in str(caught.value)


@pytest.fixture
def key_file(tmp_path):
    """A file that only its owner can read."""
    path = tmp_path / "key"
    path.touch(mode=0o600)
    return path


@pytest.fixture
def _web3():
    pytest.importorskip("web3", reason="web3 is not installed: pip install 'mrv[chain]'")


@pytest.mark.usefixtures("_web3")
@pytest.mark.parametrize("text", ["", "11" * 31, "11" * 33, "zz" * 32, "00" * 32, "ff" * 32])
def test_a_key_that_is_none_is_refused_and_not_told(key_file, monkeypatch, text):
    key_file.write_text(text)
    monkeypatch.setenv("KEY_OF_TEST", text)
    for uri in (f"file:{key_file}", "env:KEY_OF_TEST", "env:NO_SUCH_KEY", "pkcs11:x", f"file:{key_file.parent}", "file:\0"):
        with pytest.raises(UsageError) as caught:
            load_account(uri)
        assert caught.value.error_code == "chain.key"
        assert not text or text not in f"{caught.value} {caught.value.hint}"


@pytest.mark.usefixtures("_web3")
def test_a_key_pasted_in_the_place_of_its_address_is_not_told():
    for uri in ("0x" + KEY, KEY, f"key:{KEY}"):
        with pytest.raises(UsageError) as caught:
            load_account(uri)
        assert KEY not in f"{caught.value} {caught.value.hint}"


@pytest.mark.usefixtures("_web3")
def test_a_key_in_a_file_of_its_owners(key_file, monkeypatch):
    key_file.write_text(f"0x{KEY}\n")
    monkeypatch.setenv("KEY_OF_TEST", KEY)
    accounts = [load_account(uri).address for uri in (f"file:{key_file}", f"file://{key_file}", "env:KEY_OF_TEST")]
    assert len(set(accounts)) == 1
    key_file.chmod(0o400)
    assert load_account(f"file:{key_file}").address == accounts[0]


@pytest.mark.usefixtures("_web3")
@pytest.mark.skipif(os.name != "posix", reason="files have no such modes here")
@pytest.mark.parametrize("mode", SECRET_BITS, ids=oct)
def test_a_key_that_others_can_read_is_refused_and_not_told(key_file, mode):
    key_file.write_text(KEY)
    key_file.chmod(mode)
    with pytest.raises(AttestationError) as caught:
        load_account(f"file:{key_file}")
    assert caught.value.error_code == "key.permissions"
    assert "chmod 600" in caught.value.hint
    assert KEY not in f"{caught.value} {caught.value.hint}"
