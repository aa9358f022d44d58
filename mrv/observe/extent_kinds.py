"""Extent kinds: the change that counts, year by year, told apart by the shape of its patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.change.change_kinds import KindRules, change_kinds, joined_to_border
from mrv.change.extent_maps import FOREST, NODATA, OTHER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.change.extent_maps import ExtentChange
    from mrv.observe.epochs import Epochs
    from mrv.observe.extent_account import Change

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.uint8]


def kinds_of(epochs: Epochs, found: ExtentChange, change: Change, rules: KindRules) -> Codes:
    """The kind of every pixel of change (y, x), codes of :data:`~mrv.change.change_kinds.KINDS`, 0 without.

    A patch is what changes in one year, in the whole window: it does not stop at the project's edge.

    Args:
        epochs: The maps.
        found: What the detector found.
        change: What of it counts.
        rules: The rules.
    """
    kinds = np.zeros(change.loss.shape, np.uint8)
    for at, year in enumerate(epochs.years):
        lost, gained = change.loss == year, change.gain == year
        if not (lost.any() or gained.any()):
            continue
        before = _extent_before(year, found, change)
        after = np.where(lost, OTHER, np.where(gained, FOREST, before)).astype(np.uint8)
        water, water_after = _open_water(epochs, at - 1, before), _open_water(epochs, at, after)
        kinds += change_kinds(before, after, water=water, water_after=water_after, rules=rules)
    return kinds


def _open_water(epochs: Epochs, at: int, extent: Codes) -> Bools | None:
    """What a map classes as water, is no forest, and is joined to the window's border; None where it classes none."""
    return None if epochs.water is None else joined_to_border(epochs.water[at] & (extent == OTHER))


def _extent_before(year: int, found: ExtentChange, change: Change) -> Codes:
    """The extent before a year's change: what stood at the start, less loss and with gain since (y, x)."""
    lost, gained = ((one > 0) & (one < year) for one in (change.loss, change.gain))
    forest = (found.forest_at_start & ~lost) | gained
    return np.where(found.unobserved, NODATA, np.where(forest, FOREST, OTHER)).astype(np.uint8)
