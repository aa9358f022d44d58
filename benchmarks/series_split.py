"""Which labelled samples may choose a rule's parameters, and which may only score it: fixed before any score existed.

The half is decided by the id alone: the last byte of the SHA-256 of the id's decimal text; even trains, odd tests.
"""

from __future__ import annotations

from hashlib import sha256


def trains(sample_id: int) -> bool:
    """Whether a sample may be looked at when parameters are chosen.

    Args:
        sample_id: Its id in the table.
    """
    return sha256(str(sample_id).encode()).digest()[-1] % 2 == 0
