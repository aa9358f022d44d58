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
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Epochs:
    """Extent maps, one a year, in order."""

    scenes: tuple[Scene, ...]
    """Where they come from."""
    stack: NDArray[np.uint8]
    """The maps as they came (epoch, y, x): 0 nodata, 1 forest, 2 other."""

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Year that each map describes."""
        return tuple(scene.day.year for scene in self.scenes)


def read_epochs(plan: MonitoringPlan, claim: Claim, scenes: Sequence[Scene], *, window: Window, store: Store) -> Epochs:
    """The maps up to a period's end.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.

    Raises:
        SourceError: Two maps of one year, or none in the last year of the period.
    """
    source, period = plan.source("extent"), Period(claim.start, claim.end)
    epochs = sorted(
        (scene for scene in scenes if scene.source == source.id and scene.day <= period.end), key=lambda scene: scene.day
    )
    _check(epochs, period, source.id)
    classes, grid = source.extent, window.grid
    assert classes is not None
    reader = Reader(store, grid, plan.grid, None, None)
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    stack = np.stack([
        classify(reader.band(Layer(0, scene.bands, 0), "extent", whole), forest=classes.forest, other=classes.other)
        for scene in epochs
    ])  # fmt: skip
    return Epochs(tuple(epochs), stack)


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
