"""Clumps of pixels that touch by an edge or a corner, and depths inside a mask, in integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int32]

EIGHT = np.ones((3, 3), np.bool_)
"""Neighbours by an edge or a corner."""


def touched(mask: Bools) -> Bools:
    """A mask and its eight neighbours (y, x)."""
    tall = mask.copy()
    tall[1:] |= mask[:-1]
    tall[:-1] |= mask[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide


def clumps(mask: Bools) -> tuple[Ints, NDArray[np.int64]]:
    """Clumps of a mask, eight neighbours.

    Args:
        mask: Boolean (y, x).

    Returns:
        Labels (y, x), 0 outside the mask, numbered from 1 in row order of their first pixels; and pixels by label, of which
        entry 0 is 0.
    """
    labels, count = ndimage.label(mask, EIGHT)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    return labels.astype(np.int32), sizes


def at_least(mask: Bools, pixels: int) -> Bools:
    """The clumps of a mask that have as many pixels (y, x)."""
    if pixels <= 1:
        return mask
    labels, sizes = clumps(mask)
    kept: Bools = (sizes >= pixels)[labels] & mask
    return kept


def depth_from(mask: Bools, most: int) -> Ints:
    """Steps (eight neighbours) from each pixel to the nearest one of a mask, ``most + 1`` where there are more.

    Args:
        mask: Boolean (y, x). What lies beyond the window is not in the mask.
        most: Steps that are counted.
    """
    depth = (~mask).astype(np.int32)
    reached = mask
    for _ in range(most):
        reached = touched(reached)
        depth += ~reached
    return depth


def grow_within(seed: Bools, mask: Bools, steps: int) -> Bools:
    """What a seed reaches inside a mask in so many steps, eight neighbours (y, x)."""
    reached = seed & mask
    for _ in range(steps):
        reached = touched(reached) & mask
    return reached
