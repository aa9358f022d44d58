"""Nesting: how deep JSON text nests, counted before it is parsed.

The standard parser recurses in C.  Python's recursion limit guards it, but a library may raise that limit (py-evm does), and a
stranger's brackets would then end the process.
"""

from __future__ import annotations

import re

MOST = 500
"""Deeper than any file of a project, and within what the parser bears."""
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def check_nesting(text: str, most: int = MOST) -> None:
    """Return if no more brackets are open at once than ``most``; those in strings do not count.

    Raises:
        RecursionError: More are, as the parser itself says where it can.
    """
    depth = 0
    for match in _BRACKETS.finditer(text):
        lexeme = match[0]
        if lexeme in "[{":
            depth += 1
            if depth > most:
                raise RecursionError(f"nested deeper than {most}")
        elif lexeme in "]}":
            depth -= 1
