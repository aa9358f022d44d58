"""Keccak-256 as Ethereum has it, from before FIPS 202 changed a byte of the padding: ``hashlib`` has only the later one.

Written here and not taken from ``web3``: whoever verifies has pydantic, cryptography and rfc8785, none of them has this hash,
and an asset has to be refused or taken by the same rule wherever it is read.  Nothing secret goes in, so that it may be slow
and need not take the same time for all input.

References:
    Bertoni et al., The Keccak reference 3.0, §1.2 and §1.3.  Keccak specifications summary, pseudo-code of Keccak-f[1600].
"""

from __future__ import annotations

_RATE = 136
"""Bytes that a block takes up: 200 − 2 · 32."""
_MASK = (1 << 64) - 1
_ROUNDS = 24


def keccak_256(data: bytes) -> bytes:
    """The 32 bytes of the hash of ``data``."""
    return _sponge(data, b"\1")


def _sponge(data: bytes, suffix: bytes) -> bytes:
    """The hash with the byte that begins the padding: 1 in Keccak, 6 in SHA-3."""
    padded = bytearray(data) + suffix + bytes(-(len(data) + 1) % _RATE)
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for block in range(0, len(padded), _RATE):
        for lane in range(_RATE // 8):
            start = block + 8 * lane
            lanes[lane % 5][lane // 5] ^= int.from_bytes(padded[start : start + 8], "little")
        lanes = _permuted(lanes)
    return b"".join(lanes[x][0].to_bytes(8, "little") for x in range(4))


def _permuted(a: list[list[int]]) -> list[list[int]]:
    """Keccak-f[1600] of the lanes ``a[x][y]``; the round constants come from its shift register."""
    register = 1
    for _ in range(_ROUNDS):
        parity = [column[0] ^ column[1] ^ column[2] ^ column[3] ^ column[4] for column in a]
        mixed = [parity[x - 1] ^ _turned(parity[(x + 1) % 5], 1) for x in range(5)]
        a = [[lane ^ mixed[x] for lane in a[x]] for x in range(5)]
        x, y, current = 1, 0, a[1][0]
        for step in range(_ROUNDS):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x][y] = a[x][y], _turned(current, (step + 1) * (step + 2) // 2)
        a = [[a[x][y] ^ (~a[(x + 1) % 5][y] & a[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        for bit in range(7):
            register = (register << 1) ^ ((register >> 7) * 0x171)
            if register & 2:
                a[0][0] ^= 1 << ((1 << bit) - 1)
    return a


def _turned(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & _MASK
