"""What a detector saw: evidence, the record, and mapped areas; the same shape whatever the detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mrv.activity.mapped import ActivityData
    from mrv.change.change_map import ChangeMap
    from mrv.sections import ObservationSection, SceneSection
    from mrv.sections.extents import ExtentsSection


@dataclass(frozen=True)
class Observed:
    """Mapped activity data and what it rests on."""

    evidence: list[SceneSection]
    """Every scene found."""
    observation: ObservationSection
    """The record."""
    activity: ActivityData
    """Strata and mapped loss."""
    maps: dict[str, NDArray[Any]]
    """Maps that the statement names by digest."""
    forest: NDArray[np.bool_]
    """Forest at the project's start (y, x)."""
    extents: ExtentsSection | None = None
    """Extent maps as they came beside what was made of them; None where nothing was."""


def change_maps(change: ChangeMap, activity: ActivityData) -> dict[str, NDArray[Any]]:
    """The maps of a detector of scenes, by name, in the order they are signed."""
    return {
        "break_day": change.break_day, "confidence": change.confidence, "clear_count": change.clear_count, **change.more,
        "stratum": activity.strata,
    }  # fmt: skip
