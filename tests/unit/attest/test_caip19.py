"""One spelling for one token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrv.attest import caip19
from mrv.errors import AttestationError

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


def test_largest_token_id():
    assert caip19.parse(f"eip155:1/erc721:0x{HEX}/{2**256 - 1}").token_id == str(2**256 - 1)


@given(st.text(max_size=60) | st.from_regex(r"[a-z]{3,8}:[a-zA-Z0-9]{1,5}/[a-z]{3,8}:0x[0-9a-fA-F]{1,9}/[0-9]{1,9}"))
def test_normal_form_is_a_fixed_point(text):
    try:
        once = caip19.normalise(text)
    except AttestationError:
        return
    assert caip19.normalise(once) == once
