"""Extents: classified maps, one an epoch, compared by ``extent-epochs/1``, and measured."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.mapped import measure_extents
from mrv.change.extent_maps import NODATA, ExtentChange, classify, detect
from mrv.cube import Layer, Reader
from mrv.errors import SourceError
from mrv.observe.observed import Observed
from mrv.observe.scenes import layer_section
from mrv.sections import ObservationSection
from mrv.units import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mrv.activity.mapped import ActivityData
    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


def observe_extents(
    plan: MonitoringPlan,
    claim: Claim,
    scenes: Sequence[Scene],
    *,
    window: Window,
    store: Store,
    progress: Callable[[str], None],
) -> tuple[Observed, ExtentChange]:
    """Compare the epochs and measure.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.
        progress: Told the name of each stage.

    Raises:
        SourceError: Two maps of one year, none in the last year of the period, or none before the project's start.
    """
    source, period = plan.source("extent"), Period(claim.start, claim.end)
    epochs = sorted(
        (scene for scene in scenes if scene.source == source.id and scene.day <= period.end), key=lambda scene: scene.day
    )
    _check(epochs, period, source.id)
    progress("compare epochs")
    classes = source.extent
    assert classes is not None
    grid, area = window.grid, window.inside
    reader = Reader(store, grid, plan.grid, None, None)
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    stack = np.stack([
        classify(reader.band(Layer(0, scene.bands, 0), "extent", whole), forest=classes.forest, other=classes.other)
        for scene in epochs
    ])  # fmt: skip
    # A map shows its year's end, so the state at the start is that of the year before.
    change = detect(stack, [scene.day.year for scene in epochs], baseline=plan.project.start.year - 1)
    activity = measure_extents(
        change, area, window.areas_mm2, since=plan.project.start, period=period,
        minimum_px=plan.project.forest.minimum_mapping_unit_px, buffer_px=plan.method.activity.buffer_px,
    )  # fmt: skip
    if not (change.forest_at_start & area).any():
        raise SourceError(
            "no pixel of the project is forest at its start", code="activity.no-forest", file=epochs[0].id,
            field=f"sources.{source.id}", hint="check the boundary and sources.extent.forest",
        )  # fmt: skip
    seen = Observed(
        evidence=[layer_section(scene) for scene in epochs],
        observation=_record(epochs, stack, area & change.forest_at_start, activity),
        activity=activity,
        maps={
            "loss_year": activity.years,
            "gain_year": np.where(area, change.gain_year, 0).astype(np.int32),
            "stratum": activity.strata,
        },
        forest=change.forest_at_start,
    )
    return seen, change


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


def _record(
    epochs: Sequence[Scene], stack: NDArray[np.uint8], forest: NDArray[np.bool_], activity: ActivityData
) -> ObservationSection:
    days = [scene.day for scene in epochs]
    counts = sorted((stack != NODATA).sum(axis=0)[forest].tolist()) or [0]
    return ObservationSection(
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        record_days=(days[-1] - days[0]).days,
        scenes_available=len(days),
        scenes_used=len(days),
        longest_gap_days=max(((b - a).days for a, b in pairwise(days)), default=0),
        clear_min=counts[0],
        clear_median=counts[(len(counts) - 1) // 2],
        clear_max=counts[-1],
        unmonitored_px=activity.unmonitored_px,
    )
