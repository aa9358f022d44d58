"""Width of a version step, from what was counted along the edge; no arrays, so that a check can ask again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class WidthRules(Protocol):
    """What tells a ring of a step from a ring of change."""

    @property
    def share_percent(self) -> int:
        """Share of a ring, lost or gained, from which the ring belongs to the step."""

    @property
    def balanced_percent(self) -> int:
        """Share that is enough where as much is gained as lost."""

    @property
    def fewest_px(self) -> int:
        """Pixels of a ring that can tell a share."""


def step_width(rings: Sequence[Sequence[int]], moved: Sequence[Sequence[int]], rules: WidthRules) -> int:
    """Rings, from the edge on, that belong to a step.

    Args:
        rings: Pixels of forest and of other land by ring from the edge.
        moved: Lost of the forest's and gained of the other land's.
        rules: The rules.
    """
    for width, (count, change) in enumerate(zip(rings, moved, strict=True)):
        told = [(m, c) for m, c in zip(change, count, strict=True) if c >= rules.fewest_px]
        much = any(100 * m >= rules.share_percent * c for m, c in told)
        both = len(told) == 2 and all(100 * m >= rules.balanced_percent * c for m, c in told)
        if not (much or both):
            return width
    return len(rings)


def can_be_told(rings: Sequence[Sequence[int]], rules: WidthRules) -> bool:
    """Whether the edge is long enough, on both sides, to tell a step from none."""
    return bool(rings) and min(rings[0]) >= rules.fewest_px
