"""Keccak-256 against what Ethereum publishes, against SHA-3, which differs by one byte of padding, and against another's."""

from __future__ import annotations

import hashlib

import pytest

from mrv.attest.keccak import _sponge, keccak_256


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),  # Yellow Paper: KEC(())
        ("abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        # The topic of every ERC-20 and ERC-721 transfer.
        ("Transfer(address,address,uint256)", "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"),
    ],
)
def test_published(text, wanted):
    assert keccak_256(text.encode()).hex() == wanted


def test_the_same_sponge_with_the_padding_of_sha_3_is_sha_3():
    """Every length around one block of 136 bytes and around two."""
    for length in (*range(4), *range(130, 140), *range(268, 276)):
        data = bytes(range(256))[:length] * 2
        assert _sponge(data, b"\6") == hashlib.sha3_256(data).digest()
        assert keccak_256(data) != hashlib.sha3_256(data).digest()


def test_the_libraries_of_ethereum_agree():
    keccak = pytest.importorskip("eth_utils", reason="eth-utils is not installed (extra chain)").keccak
    for length in (0, 1, 40, 135, 136, 137, 272):
        assert keccak_256(b"a" * length) == keccak(b"a" * length)
