"""The seed of a draw: what a frame's digest and a later public value give; see :mod:`mrv.activity.commitment`."""

from __future__ import annotations

from mrv.units import sha256_bytes


def seed_for(frame_digest: str, beacon: str) -> str:
    """The seed of a draw.

    Args:
        frame_digest: ``sha256:<hex>``.
        beacon: The public value.

    Returns:
        ``sha256:<hex>`` of the two with a line feed between.
    """
    return sha256_bytes(f"{frame_digest}\n{beacon}".encode())
