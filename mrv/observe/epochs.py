"""Epochs: a publisher's extent maps of the project, read as one stack."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.extent_maps import classify
from mrv.cube import Layer, Reader
from mrv.errors import SourceError
from mrv.units import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan, Source
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Epochs:
    """Extent maps, one a year, in order."""

    scenes: tuple[Scene, ...]
    """Where they come from."""
    stack: NDArray[np.uint8]
    """The maps as they came (epoch, y, x): 0 nodata, 1 forest, 2 other."""
    versions: tuple[str | None, ...]
    """Version of the algorithm that made each; None for all, or for none."""
    water: NDArray[np.bool_] | None
    """What they class as water (epoch, y, x); None where they class none."""

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Year that each map describes."""
        return tuple(scene.day.year for scene in self.scenes)

    @cached_property
    def version_changes(self) -> tuple[int, ...]:
        """Which maps are of another version than the one before."""
        return tuple(at for at, (one, two) in enumerate(pairwise(self.versions), start=1) if one != two)


def read_epochs(plan: MonitoringPlan, claim: Claim, scenes: Sequence[Scene], *, window: Window, store: Store) -> Epochs:
    """The maps up to a period's end.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.

    Raises:
        SourceError: Two maps of one year, none in the last year of the period, or versions that are unknown, contradict each
            other, or differ where the plan lays no step between them aside.
    """
    source, period = plan.source("extent"), Period(claim.start, claim.end)
    epochs = sorted(
        (scene for scene in scenes if scene.source == source.id and scene.day <= period.end), key=lambda scene: scene.day
    )
    _check(epochs, period, source.id)
    classes, grid = source.extent, window.grid
    assert classes is not None
    versions = _versions(epochs, source, steps=plan.method.lays_steps_aside)
    reader = Reader(store, grid, plan.grid, None)
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    maps = [reader.band(Layer(0, scene.bands, 0), "extent", whole) for scene in epochs]
    stack = np.stack([classify(one, forest=classes.forest, other=classes.other) for one in maps])
    water = None if classes.water is None else np.stack([np.isin(one, classes.water) for one in maps])
    return Epochs(tuple(epochs), stack, versions, water)


def _check(epochs: Sequence[Scene], period: Period, source: str) -> None:
    for one, two in pairwise(epochs):
        if one.day.year == two.day.year:
            raise SourceError(
                f"{one.id} and {two.id} are of the same year", code="source.same-year", file=two.id, field=f"sources.{source}",
                hint="keep one map a year, of one version of its algorithm",
            )  # fmt: skip
    if not epochs or epochs[-1].day.year != period.end.year:
        have = ", ".join(str(scene.day.year) for scene in epochs) or "none"
        raise SourceError(
            f"no map of {period.end.year}, the period's last year", code="source.period", field="claim",
            hint=f"epochs: {have}; end the period with one of them",
        )  # fmt: skip


def _versions(epochs: Sequence[Scene], source: Source, *, steps: bool) -> tuple[str | None, ...]:
    """Version of each map, as its item or the plan states it."""
    named = (source.extent and source.extent.versions) or {}
    found = [scene.baseline or named.get(str(scene.day.year)) for scene in epochs]
    field = f"sources.{source.id}.extent.versions"
    for scene, version in zip(epochs, found, strict=True):
        told = named.get(str(scene.day.year), version)
        if told != version:
            raise SourceError(
                f"{scene.id} states version {version}, the plan {told}", code="extent.version-disagrees", file=scene.id,
                field=field, hint="the item's processing:version holds: correct the plan, or ask the publisher",
            )  # fmt: skip
        if version is None and (steps or any(found)):
            raise SourceError(
                f"the version of {scene.id} is not known", code="extent.version-unknown", file=scene.id, field=field,
                hint="name the version of the algorithm of every map, by year: a step between two is not a change",
            )  # fmt: skip
    if len(set(found)) > 1 and not steps:
        one, two = next((one, two) for one, two in pairwise(zip(epochs, found, strict=True)) if one[1] != two[1])
        raise SourceError(
            f"{one[0].id} is of version {one[1]}, {two[0].id} of {two[1]}: their difference is not all change",
            code="extent.versions-differ", file=two[0].id, field="method.change.version_step",
            hint="ask for version-step/1, or keep maps of one version (sources.first)",
        )  # fmt: skip
    return tuple(found)
