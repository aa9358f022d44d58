"""Merkle: the tree of RFC 6962 over leaves in order; its proofs, made and doubted.

Hashes are 32 bytes.  A *node* is the hash of a perfect subtree: ``node(level, index)`` covers the ``2**level`` leaves from
``index * 2**level``; whoever holds the nodes of a tree can make every root and proof of it.

References:
    RFC 6962 §2.1 (hashes, ``PATH``, ``PROOF``); RFC 9162 §2.1.3.2 and §2.1.4.2 (checking them).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Node = Callable[[int, int], bytes]

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
"""Root of the tree without leaves."""
MAX_PROOF = 63
"""Hashes in a proof of any tree this format can name."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def parent(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect(hashes: Sequence[bytes]) -> bytes:
    """Hash of the perfect subtree over ``hashes``, whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [parent(row[place], row[place + 1]) for place in range(0, len(row), 2)]
    return row[0]


def root(size: int, node: Node) -> bytes:
    """``MTH`` of the first ``size`` leaves."""
    return _span(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """``PATH(index, D[size])``: from the leaf's sibling to the root's child.

    Raises:
        ValueError: No leaf ``index`` in a tree of ``size``.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_span(middle, high, node))
            high = middle
        else:
            path.append(_span(low, middle, node))
            low = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """``PROOF(old, D[new])``: that the first ``old`` leaves of ``new`` are the tree of ``old``; empty where either is trivial.

    Raises:
        ValueError: ``old`` is larger than ``new``.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} holds no tree of {old}")
    if old in {0, new}:
        return []
    proof, low, high, whole = [], 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_span(middle, high, node))
            high = middle
        else:
            proof.append(_span(low, middle, node))
            low, whole = middle, False
    if not whole:
        proof.append(_span(low, high, node))
    return proof[::-1]


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Whether ``path`` leads from the leaf hash at ``index`` to the root ``expected`` of a tree of ``size``."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = parent(sibling, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = parent(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == expected


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree of ``new`` leaves begins with the tree of ``old``."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT and (new > 0 or new_root == EMPTY_ROOT)
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = parent(step, first), parent(step, second)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            second = parent(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def _span(low: int, high: int, node: Node) -> bytes:
    """Hash of leaves ``low`` to ``high``, where ``low`` is a multiple of every power of two that the span can hold."""
    count = high - low
    level = count.bit_length() - 1
    if count == 1 << level:
        return node(level, low >> level)
    middle = low + _split(count)
    return parent(_span(low, middle, node), _span(middle, high, node))
