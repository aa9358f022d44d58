"""Survey: the scenes of each source screened against the forest, and the record they make."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from mrv.cube import Layer, Reader
from mrv.errors import SourceError
from mrv.observe.record import record_of
from mrv.units import Period, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.mapped import ActivityData
    from mrv.change.change_map import ChangeMap
    from mrv.change.screening import Screened
    from mrv.plan import Claim, MonitoringPlan, Source
    from mrv.sections import ObservationSection, SceneSection
    from mrv.sources.items import Scene
    from mrv.sources.store import Store

USED = frozenset({"used", "history"})
"""Status of scenes that enter the detector."""


@dataclass(frozen=True)
class Survey:
    """The scenes of a series, screened."""

    reader: Reader
    """Reads tiles of the evidence."""
    layers: tuple[Layer, ...]
    """Scenes, in time order."""
    screened: Screened
    """Which of them were used."""
    rows: tuple[SceneSection, ...]
    """The same as the statement lists them."""

    @property
    def used(self) -> tuple[Layer, ...]:
        """Scenes that entered the detector."""
        return tuple(layer for layer, state in zip(self.layers, self.screened.status, strict=True) if state in USED)

    @property
    def days(self) -> NDArray[np.int32]:
        """Their days since 1970-01-01."""
        return np.array([layer.day for layer in self.used], np.int32)

    @property
    def shift(self) -> NDArray[np.int16]:
        """What is taken off each."""
        pairs = zip(self.screened.shift, self.screened.status, strict=True)
        return np.array([by for by, state in pairs if state in USED], np.int16)

    @property
    def history(self) -> int:
        """How many of them are history."""
        return sum(state == "history" for state in self.screened.status)

    @property
    def scenes_used(self) -> int:
        """How many scenes those are."""
        return sum(state in USED for state in self.screened.status)


@dataclass(frozen=True)
class MergedSurvey(Survey):
    """The scenes of a series of several sources, or of several of one day: screened one by one, used day by day."""

    merged: tuple[Layer, ...]
    """One observation a day, in time order."""
    merged_shift: NDArray[np.int16]
    """What is taken off each."""

    @property
    def used(self) -> tuple[Layer, ...]:
        """Observations that entered the detector."""
        return self.merged

    @property
    def shift(self) -> NDArray[np.int16]:
        """What is taken off each."""
        return self.merged_shift

    @property
    def history(self) -> int:
        """How many of them are history."""
        pairs = zip(self.layers, self.screened.status, strict=True)
        return len({layer.day for layer, state in pairs if state == "history"})


def scenes_of(sources: Sequence[Source], scenes: Sequence[Scene], period: Period) -> list[Scene]:
    """The scenes of sources until the end of a period, in time order."""
    ids = {source.id for source in sources}
    return sorted(
        (scene for scene in scenes if scene.source in ids and scene.day <= period.end),
        key=lambda scene: (scene.day, scene.id, scene.source),
    )


def refuse_same_day(source: Source, scenes: Sequence[Scene]) -> None:
    """One acquisition must not count twice.

    Args:
        source: The source.
        scenes: Its scenes, in time order.

    Raises:
        SourceError: Two of one day; of radar images, of one day and one geometry.
    """
    ordered = sorted(scenes, key=lambda scene: (scene.day, scene.geometry is not None, scene.geometry, scene.id))
    for one, two in pairwise(ordered):
        if (one.day, one.geometry) == (two.day, two.geometry):
            raise SourceError(
                f"{one.id} and {two.id} are of the same day" + (" and orbit" if one.geometry else ""),
                code="source.same-day",
                file=two.id,
                field=f"sources.{source.id}",
                hint="one acquisition under two ids counts twice: keep one tile and one processing of each day, or make one "
                "observation of a day's scenes ([method.observation.merge])"
                if one.geometry is None
                else "one acquisition under two ids counts twice: keep one processing of each image",
            )


def forest_at_start(
    plan: MonitoringPlan, scenes: Sequence[Scene], *, grid: GeoBox, store: Store
) -> tuple[NDArray[np.bool_], Scene]:
    """Forest (y, x) by the tree-cover layer, and the layer.

    Args:
        plan: The plan.
        scenes: Evidence.
        grid: The window.
        store: Where its pixels are.

    Raises:
        SourceError: Not one layer, or no forest in it.
    """
    source = plan.source("tree-cover")
    covers = [scene for scene in scenes if scene.source == source.id]
    if len(covers) != 1:
        raise SourceError(
            f"{len(covers)} tree-cover layers, one is needed",
            code="source.tree-cover",
            field=f"sources.{source.id}",
            hint="name a collection with one layer, or narrow sources.first",
        )
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    percent = Reader(store, grid, plan.grid, None).band(Layer(0, covers[0].bands, 0), "tree_cover", whole)
    forest: NDArray[np.bool_] = (percent >= ceil(plan.project.forest.min_cover_percent)) & (percent <= 100)
    if not forest.any():
        raise SourceError(
            f"no pixel of the window has {plan.project.forest.min_cover_percent} % tree cover",
            code="activity.no-forest",
            file=covers[0].id,
            field="project.forest.min_cover_percent",
            hint="check the boundary and the tree-cover layer",
        )
    return forest, covers[0]


def check_observed(plan: MonitoringPlan, claim: Claim, surveys: Sequence[Survey]) -> None:
    """Every year of the period needs as many usable scenes as a break needs anomalies: unseen is not unharmed.

    Raises:
        SourceError: A year has fewer.
    """
    need = plan.scenes_needed
    for year in Period(claim.start, claim.end).years:
        seen = sum(from_epoch_day(layer.day).year == year for survey in surveys for layer in survey.used)
        if seen < need:
            states = [
                state
                for survey in surveys
                for layer, state in zip(survey.layers, survey.screened.status, strict=True)
                if from_epoch_day(layer.day).year == year
            ]
            told = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "none at all"
            raise SourceError(
                f"{year} has {seen} usable scenes, {need} are needed (scenes: {told})",
                code="source.unobserved",
                field=f"claim {claim.period}",
                hint="wait for more scenes or shorten the period; steps of the whole forest's index are its loss or a wrong "
                "offset: look at those scenes",
            )


def observation_section(
    surveys: Sequence[Survey], change: ChangeMap, forest: NDArray[np.bool_], activity: ActivityData
) -> ObservationSection:
    """The observation record over the forest of the project, of all sources together."""
    return record_of(
        [layer.day for survey in surveys for layer in survey.used], change.clear_count[forest],
        available=sum(len(survey.layers) for survey in surveys), used=sum(survey.scenes_used for survey in surveys),
        unmonitored_px=activity.unmonitored_px,
    )  # fmt: skip
