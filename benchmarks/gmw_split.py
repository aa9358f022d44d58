"""Which change sites choose the rules of the clean-up and which report them, decided before any score was computed.

Sites are ordered by the SHA-256 of their number written in decimal digits (``1``, ``38``); the first half chooses, the rest
reports.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

SITES = (1, 3, 4, 5, 7, 8, 9, 11, 13, 14, 15, 17, 19, 20, 22, 23, 25, 27, 28, 30, 31, 33, 34, 35, 37, 38)
"""The 26 sites with maps."""


def split(sites: Collection[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Sites that choose the rules and sites that report them, each ascending."""
    ordered = sorted(sites, key=lambda site: sha256(str(site).encode("ascii")).hexdigest())
    half = len(ordered) // 2
    return tuple(sorted(ordered[:half])), tuple(sorted(ordered[half:]))


CHOOSING, REPORTING = split(SITES)
"""Thirteen sites each."""
