"""Extent account: the maps as they came beside what change was read from, as the statement shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.mapped import extent_gain_years, extent_loss_years
from mrv.change.change_kinds import KINDS
from mrv.change.extent_maps import FOREST, OTHER
from mrv.sections.extents import EdgeRing, EpochArea, ExtentsSection, KindArea, PendingChange, VersionStepRow, YearOfChange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.activity.extent_areas import Measure
    from mrv.change.extent_cleaning import CleanedStack
    from mrv.change.extent_maps import ExtentChange
    from mrv.change.version_step import VersionStep
    from mrv.observe.epochs import Epochs

    Years = NDArray[np.int32]
    Kinds = NDArray[np.uint8]


@dataclass(frozen=True)
class Change:
    """Change that counts, by year (y, x), over the whole window."""

    loss: Years
    """Year of loss, 0 without."""
    gain: Years
    """Year of gain, 0 without."""


def counted(change: ExtentChange, minimum_px: int) -> Change:
    """What of a detected change counts.

    Args:
        change: What the detector found.
        minimum_px: Minimum mapping unit.
    """
    return Change(extent_loss_years(change, minimum_px), extent_gain_years(change))


def account(
    epochs: Epochs,
    followed: CleanedStack,
    *,
    mapped: Change,
    change: Change,
    measure: Measure,
    years: range,
    kinds: Kinds | None,
) -> ExtentsSection:
    """The section.

    Args:
        epochs: The maps as they came.
        followed: The maps that change was read from, and what was put aside.
        mapped: Change of the maps as they came.
        change: Change that was counted.
        measure: The project's pixels.
        years: Years from the project's start to the period's end.
        kinds: Kind of every pixel of change; None where they are not told apart.
    """
    return ExtentsSection(
        epochs=[
            EpochArea(
                year=year, version=version, **measure.of(came == FOREST, "mapped"), **measure.of(state == FOREST, "followed")
            )
            for year, version, came, state in zip(epochs.years, epochs.versions, epochs.stack, followed.states, strict=True)
        ],
        as_mapped=[YearOfChange(**row) for row in measure.by_year(mapped.loss, mapped.gain, years)],
        as_counted=[YearOfChange(**row) for row in measure.by_year(change.loss, change.gain, years)],
        pending=PendingChange(
            **measure.of(followed.pending == OTHER, "loss"), **measure.of(followed.pending == FOREST, "gain")
        ),
        version_steps=[
            _step_row(epochs.years[at], step) for at, step in zip(epochs.version_changes, followed.steps, strict=True)
        ],
        **measure.of(followed.restated, "restated"),
        kinds=[] if kinds is None else _kind_rows(epochs, change, kinds, measure, years),
    )


def _kind_rows(epochs: Epochs, change: Change, kinds: Kinds, measure: Measure, years: range) -> list[KindArea]:
    found = []
    for year in years:
        of_year = (change.loss == year) | (change.gain == year)
        water = None
        if epochs.water is not None:
            water = epochs.water[epochs.years.index(year)] if year in epochs.years else np.zeros_like(of_year)
        for code, name in KINDS.items():
            mask = of_year & (kinds == code)
            wet = None if water is None else measure.of(mask & water)["pixels"]
            found.append(KindArea.model_validate({"year": year, "kind": name, **measure.of(mask), "water_pixels": wet}))
    return found


def _step_row(year: int, step: VersionStep) -> VersionStepRow:
    rings = [
        EdgeRing(forest_pixels=forest, lost_pixels=lost, other_pixels=other, gained_pixels=gained)
        for (forest, other), (lost, gained) in zip(step.ring_px, step.moved_px, strict=True)
    ]
    return VersionStepRow(year=year, rings=rings, width_px=step.width_px)


def maps_as_came(mapped: Change, inside: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Years of change of the maps as they came, inside the project: what the statement names by digest."""
    return {
        "mapped_loss_year": np.where(inside, mapped.loss, 0).astype(np.int32),
        "mapped_gain_year": np.where(inside, mapped.gain, 0).astype(np.int32),
    }
