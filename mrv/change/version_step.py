"""``version-step/1``: a version step is not a change.

Maps of another version of a product's algorithm, or of another sensor, move the edge of the forest everywhere at once.  The
step is measured in rings along the edge: how much of each ring of forest is lost and of each ring of other land is gained.
Real change takes a part of the edge; a step takes a share of all of it, and often gives on one side what it takes on the
other.  The rings with such a share, counted from the edge on, are its width.  Inside that width a difference between the two
versions is not called change, unless a core of change lies behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.extent_maps import FOREST, NODATA, OTHER
from mrv.change.step_width import step_width
from mrv.errors import SourceError
from mrv.kernels.clumps import depth_from, grow_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class StepRules:
    """What can change the answer."""

    most_px: int = 3
    """Rings that are looked at: a step is no wider."""
    share_percent: int = 15
    """Share of a ring, lost or gained, from which the ring belongs to the step."""
    balanced_percent: int = 6
    """Share that is enough where as much of the ring is gained on the one side as is lost on the other: change rarely is."""
    fewest_px: int = 30
    """Pixels of a ring that can tell a share."""


@dataclass(frozen=True)
class VersionStep:
    """A step between two maps, measured along the edge of the first."""

    ring_px: tuple[tuple[int, int], ...]
    """Pixels of forest and of other land by ring from the edge, valid in both maps."""
    moved_px: tuple[tuple[int, int], ...]
    """Lost of the forest's and gained of the other land's."""
    width_px: int
    """Rings that belong to the step; 0 where there is no step."""

    @property
    def symmetric_px(self) -> int:
        """Pixels lost at the rim that are balanced by pixels gained there."""
        lost, gained = self._sums()
        return 2 * min(lost, gained)

    @property
    def net_px(self) -> int:
        """Pixels gained less pixels lost at the rim: the edge's net advance times its length."""
        lost, gained = self._sums()
        return gained - lost

    @property
    def shift_millipixels(self) -> int:
        """Mean net advance of the edge in thousandths of a pixel, towards zero; 0 without a step."""
        length = max(sum(self.ring_px[0]) // 2, 1) if self.ring_px else 1
        return int(np.sign(self.net_px)) * (abs(self.net_px) * 1000 // length)

    def _sums(self) -> tuple[int, int]:
        within = self.moved_px[: self.width_px]
        return sum(lost for lost, _ in within), sum(gained for _, gained in within)


def measure_step(before: Codes, after: Codes, rules: StepRules | None = None) -> VersionStep:
    """How the edge of one map lies against that of another.

    Args:
        before: Extent (y, x): 0 nodata, 1 forest, 2 other.
        after: Extent of the other version.
        rules: The rules.

    Raises:
        SourceError: Shapes that differ.
    """
    rules = rules or StepRules()
    depth = {code: _rings(before, after, code, rules.most_px) for code in (FOREST, OTHER)}
    rings, moved = [], []
    for ring in range(1, rules.most_px + 1):
        in_ring = [depth[code] == ring for code in (FOREST, OTHER)]
        rings.append((int(in_ring[0].sum()), int(in_ring[1].sum())))
        moved.append((int((in_ring[0] & (after == OTHER)).sum()), int((in_ring[1] & (after == FOREST)).sum())))
    return VersionStep(tuple(rings), tuple(moved), step_width(rings, moved, rules))


def version_noise(before: Codes, after: Codes, width_px: int) -> Bools:
    """Differences between two versions that are the step's: within its width, and without a core of change behind them.

    Args:
        before: Extent (y, x).
        after: Extent of the other version.
        width_px: Width of the step.

    Raises:
        SourceError: Shapes that differ.
    """
    noise = np.zeros(before.shape, np.bool_)
    for code, to in ((FOREST, OTHER), (OTHER, FOREST)):
        depth = _rings(before, after, code, width_px)
        moved = (depth > 0) & (after == to)
        core = moved & (depth > width_px)
        noise |= moved & ~grow_within(core, moved, width_px)
    return noise


def _rings(before: Codes, after: Codes, code: int, most: int) -> NDArray[np.int32]:
    """Depth of each pixel of a code behind the edge, where both maps are valid, else 0."""
    if before.shape != after.shape:
        raise SourceError(
            f"maps of {before.shape} and {after.shape} pixels", code="extent.shape", field="after",
            hint="bring both versions to one grid first",
        )  # fmt: skip
    across = OTHER if code == FOREST else FOREST
    depth = depth_from(before == across, most)
    return np.where((before == code) & (after != NODATA), depth, 0).astype(np.int32)
