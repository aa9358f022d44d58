"""One spelling for one token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.attest import caip19, evm_address
from mrv.errors import AttestationError

# The addresses of EIP-55's own test cases.
UPPER = ["0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D"]
LOWER = ["0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26"]
MIXED = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]  # fmt: skip
HEX = "00112233445566778899aabbccddeeff00112233"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (f"eip155:137/erc1155:0x{HEX.upper()}/007", f"eip155:137/erc1155:0x{HEX}/7"),
        (f"eip155:01/erc721:0X{HEX}/0", f"eip155:1/erc721:0x{HEX}/0"),
        (f"eip155:1/erc20:0x{HEX}", f"eip155:1/erc20:0x{HEX}"),
        ("eip155:1/slip44:60", "eip155:1/slip44:60"),
        ("hedera:mainnet/token:0.0.55492", "hedera:mainnet/token:0.0.55492"),
        ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/nft:Fz6LxeUg5qjesYX3BdmtTwyyzBtMxk644XiTqU5W3w9w",) * 2,
    ],
)
def test_normalise(text, wanted):
    assert caip19.normalise(text) == wanted
    assert caip19.normalise(wanted) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eip155:1",
        f"eip155:1/erc721:0x{HEX}/",
        f"eip155:1/erc721:0x{HEX}/１",
        f"eip155:１/erc721:0x{HEX}/1",
        f"eip155:1/erc721:0x{HEX}/1\n",
        f" eip155:1/erc721:0x{HEX}/1",
        f"eip155:1/erc721:0x{HEX[:-1]}/1",
        f"eip155:1/erc721:{HEX}/1",
        f"eip155:1/erc721:0x{HEX}/0x1",
        f"eip155:1/erc721:0x{HEX}/{2**256}",
        f"eip155:1/erc721:0x{HEX}/%31",
        f"eip155:1/erc20:0x{HEX}/1",
        f"eip155:main/erc20:0x{HEX}",
        "eip155:1/slip44:60/1",
        "EIP155:1/slip44:60",
    ],
)
def test_refused(text):
    with pytest.raises(AttestationError) as error:
        caip19.parse(text)
    assert error.value.error_code == "asset.invalid"


@pytest.mark.parametrize("address", UPPER + LOWER + MIXED)
def test_an_address_with_its_checksum_or_with_none(address):
    for spelling in (address, address.lower(), "0x" + address[2:].upper(), "0X" + address[2:]):
        assert caip19.normalise(f"eip155:1/erc721:{spelling}/1") == f"eip155:1/erc721:{address.lower()}/1"
    assert evm_address.checksummed(address.lower()) == address


@pytest.mark.parametrize("address", MIXED)
def test_a_wrong_checksum_is_refused_with_the_right_spelling(address):
    last = next(place for place in range(41, 1, -1) if address[place].isalpha())
    for wrong in (
        address[:last] + address[last].swapcase() + address[last + 1 :],  # one letter in the other case
        address[:-1] + ("e" if address[-1] != "e" else "f"),  # another digit, still in mixed case
        "0x" + address[2:].swapcase(),
    ):
        with pytest.raises(AttestationError) as error:
            caip19.parse(f"eip155:137/erc1155:{wrong}/7")
        assert error.value.error_code == "asset.checksum"
        assert evm_address.checksummed(wrong) in error.value.hint


def test_a_checksum_is_asked_of_evm_addresses_alone():
    assert caip19.normalise("hedera:mainnet/token:0xDbF03b407c01e7cd3cbea99509d93f8dddc8c6fb").endswith(
        "0xdbf03b407c01e7cd3cbea99509d93f8dddc8c6fb"
    )


def test_largest_token_id():
    assert caip19.parse(f"eip155:1/erc721:0x{HEX}/{2**256 - 1}").token_id == str(2**256 - 1)


@given(st.text(max_size=60) | st.from_regex(r"[a-z]{3,8}:[a-zA-Z0-9]{1,5}/[a-z]{3,8}:0x[0-9a-fA-F]{1,9}/[0-9]{1,9}"))
def test_normal_form_is_a_fixed_point(text):
    try:
        once = caip19.normalise(text)
    except AttestationError:
        return
    assert caip19.normalise(once) == once
