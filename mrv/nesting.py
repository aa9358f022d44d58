"""Nesting: how deep JSON text nests, counted before it is parsed.

The standard parser recurses in C.  Python's recursion limit guards it, but a library may raise that limit (py-evm does), and a
stranger's brackets would then end the process.
"""

from __future__ import annotations

import re

MOST = 500
"""Deeper than any file of a project, and within what the parser bears."""
# One match takes all up to the next bracket, or to the end: possessive and never failing, so linear on hostile input.
_BRACKETS = re.compile(r'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+"?)*+([\[\]{}]?)', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1, "": 0}


def check_nesting(text: str, most: int = MOST) -> None:
    """Return if no more brackets are open at once than ``most``; those in strings do not count.

    Raises:
        RecursionError: More are, as the parser itself says where it can.
    """
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += _STEP[match[1]]
        if depth > most:
            raise RecursionError(f"nested deeper than {most}")
