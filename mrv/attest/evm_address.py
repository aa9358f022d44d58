"""Address of an account or contract on an EVM chain, whose letters' case is a checksum.

Forty hexadecimal digits in one case carry none, and are taken.  In mixed case they carry one: a wrong digit then shows, and
an address that was typed or copied wrongly is refused before anything is bound to it, sent to it or asked of it.

References:
    EIP-55 (mixed-case checksum address encoding).
"""

from __future__ import annotations

import re

from mrv.attest.keccak import keccak_256

_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")


def is_address(text: str) -> bool:
    """Whether ``text`` is ``0x`` and 40 hexadecimal digits, in whatever case."""
    return _ADDRESS.fullmatch(text) is not None


def checksummed(address: str) -> str:
    """An address with its letters in the case that EIP-55 gives them."""
    digits = address[2:].lower()
    case = keccak_256(digits.encode()).hex()
    return "0x" + "".join(digit.upper() if int(half, 16) >= 8 else digit for digit, half in zip(digits, case, strict=False))


def has_wrong_checksum(address: str) -> bool:
    """Whether an address is in mixed case, and not in the case that EIP-55 gives it."""
    digits = address[2:]
    mixed = digits not in {digits.lower(), digits.upper()}
    return mixed and digits != checksummed(address)[2:]


def remedy(address: str) -> str:
    """What to do about a wrong checksum."""
    right = checksummed(address)
    return f"copy the address again: a digit may be wrong; if none is, it is written {right}, or all in lower case"
