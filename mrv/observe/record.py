"""Record: when a forest was seen, and how often, as the statement has it; the same for scenes and for extent maps."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mrv.sections import ObservationSection
from mrv.units import from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def record_of(
    days: Iterable[int], clear_count: NDArray[np.integer], *, available: int, used: int, unmonitored_px: int
) -> ObservationSection:
    """The observation record.

    Args:
        days: Days since 1970-01-01 of what was used, in any order.
        clear_count: Clear observations of each forest pixel of the project (pixel,).
        available: Scenes (or maps) found.
        used: How many of them were used.
        unmonitored_px: Forest pixels of the project with too short a history.
    """
    seen, counts = sorted(days), np.sort(clear_count).tolist() or [0]
    return ObservationSection(
        first=from_epoch_day(seen[0]).isoformat(),
        last=from_epoch_day(seen[-1]).isoformat(),
        record_days=seen[-1] - seen[0],
        scenes_available=available,
        scenes_used=used,
        longest_gap_days=max((b - a for a, b in pairwise(seen)), default=0),
        clear_min=counts[0],
        clear_median=counts[(len(counts) - 1) // 2],
        clear_max=counts[-1],
        unmonitored_px=unmonitored_px,
    )
