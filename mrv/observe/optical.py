"""Optical: scenes screened, monitored by ``harmonic-monitor/1``, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, pairwise
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.confidence_strata import StrataRules
from mrv.activity.mapped import measure_change
from mrv.change.harmonic_monitor import Model
from mrv.change.screening import NOWHERE, Points, PointValues, SceneView, Screened, screen, view_scene
from mrv.change.step_detector import calibration_points, set_up
from mrv.cube import Calibration, Layer, Reader, build_cube
from mrv.errors import SourceError
from mrv.observe.observed import Observed
from mrv.observe.scenes import bands_of, layer_section
from mrv.plan import ChangeTable, StepTable
from mrv.sections import ObservationSection, SceneSection
from mrv.sources.radiometry import decide_offset, offset_agrees
from mrv.units import Period, epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.mapped import ActivityData
    from mrv.change.change_map import ChangeMap, OpticalDetector
    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.radiometry import OffsetDecision
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Optical:
    """How the optical detector came to its result; for looking at."""

    reader: Reader
    """Reads tiles of the evidence."""
    layers: tuple[Layer, ...]
    """Optical scenes, in time order."""
    screened: Screened
    """Which of them were used."""
    model: OpticalDetector
    """The detector, set up for the scenes used."""
    change: ChangeMap
    """What it found."""

    @property
    def used(self) -> tuple[Layer, ...]:
        """Scenes that entered the detector."""
        return used_layers(self.layers, self.screened)


def observe_optical(
    plan: MonitoringPlan,
    claim: Claim,
    scenes: Sequence[Scene],
    *,
    window: Window,
    store: Store,
    chunk: int,
    progress: Callable[[str], None],
) -> tuple[Observed, Optical]:
    """Screen, monitor and measure.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.
        chunk: Edge of a chunk, pixels.
        progress: Told the name of each stage.

    Raises:
        SourceError: No usable scene where one is needed, two of one day, or no tree cover.
    """
    period = Period(claim.start, claim.end)
    optical, cover = _split(plan, scenes, period)
    reader = _reader(plan, window.grid, store)
    forest = _forest(plan, reader, cover)
    progress("screen scenes")
    offsets = [decide_offset(scene, _radiometry(plan)) for scene in optical]
    layers = tuple(
        Layer(epoch_day(scene.day), scene.bands, offset.offset_dn) for scene, offset in zip(optical, offsets, strict=True)
    )
    views, sample = _views(reader, layers, forest, _points(plan, forest))
    screened = screen(
        [layer.day for layer in layers], views, rules=plan.method.optical, start=plan.project.start, forest_px=int(forest.sum())
    )
    progress("detect change")
    _check_observed(plan, claim, layers, screened)
    model, cube = _detector(plan, reader, layers, screened, sample, chunk)
    change = model.detect(cube)
    activity = measure_change(
        change, forest, window.inside, window.areas_mm2, scene_days=model.days, since=plan.project.start, period=period,
        minimum_px=plan.project.forest.minimum_mapping_unit_px, buffer_px=plan.method.activity.buffer_px,
        rules=StrataRules.of(plan),
    )  # fmt: skip
    seen = Observed(
        evidence=[*evidence_sections(plan, optical, offsets, views, screened), layer_section(cover)],
        observation=observation_section(layers, screened, change, forest & window.inside, activity),
        activity=activity,
        maps={
            "break_day": change.break_day, "confidence": change.confidence, "clear_count": change.clear_count, **change.more,
            "stratum": activity.strata,
        },
        forest=forest,
    )  # fmt: skip
    return seen, Optical(reader, layers, screened, model, change)


def used_layers(layers: Sequence[Layer], screened: Screened) -> tuple[Layer, ...]:
    """The scenes that entered the detector."""
    return tuple(layer for layer, state in zip(layers, screened.status, strict=True) if state in {"used", "history"})


def _split(plan: MonitoringPlan, scenes: Sequence[Scene], period: Period) -> tuple[list[Scene], Scene]:
    optical_id, cover_id = plan.source("optical").id, plan.source("tree-cover").id
    optical = sorted(
        (scene for scene in scenes if scene.source == optical_id and scene.day <= period.end),
        key=lambda scene: (scene.day, scene.id),
    )
    if not any(scene.day in period for scene in optical):
        have = f"scenes run from {optical[0].day} to {optical[-1].day}" if optical else "there are no scenes"
        raise SourceError(
            f"no scene in the period {period}",
            code="source.period",
            field="claim",
            hint=f"{have}: check the claim's dates",
        )
    for one, two in pairwise(optical):
        if one.day == two.day:
            raise SourceError(
                f"{one.id} and {two.id} are of the same day",
                code="source.same-day",
                file=two.id,
                field=f"sources.{optical_id}",
                hint="one acquisition under two ids counts twice: keep one tile and one processing of each day",
            )
    covers = [scene for scene in scenes if scene.source == cover_id]
    if len(covers) != 1:
        raise SourceError(
            f"{len(covers)} tree-cover layers, one is needed",
            code="source.tree-cover",
            field=f"sources.{cover_id}",
            hint="name a collection with one layer, or narrow sources.first",
        )
    return optical, covers[0]


def _check_observed(plan: MonitoringPlan, claim: Claim, layers: Sequence[Layer], screened: Screened) -> None:
    """Every year of the period needs as many usable scenes as a break needs anomalies: unseen is not unharmed."""
    need = plan.method.scenes_needed
    for year in Period(claim.start, claim.end).years:
        states = [s for layer, s in zip(layers, screened.status, strict=True) if from_epoch_day(layer.day).year == year]
        if states.count("used") < need:
            told = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))) or "none at all"
            raise SourceError(
                f"{year} has {states.count('used')} usable scenes, {need} are needed (scenes: {told})",
                code="source.unobserved",
                field=f"claim {claim.period}",
                hint="wait for more scenes or shorten the period; steps of the whole forest's index are its loss or a wrong "
                "offset: look at those scenes",
            )


def _radiometry(plan: MonitoringPlan) -> Any:
    return plan.source("optical").radiometry


def _reader(plan: MonitoringPlan, grid: GeoBox, store: Store) -> Reader:
    return Reader(store, grid, plan.grid, plan.method.optical, Calibration.of(_radiometry(plan)))


def _forest(plan: MonitoringPlan, reader: Reader, cover: Scene) -> NDArray[np.bool_]:
    whole = (slice(0, reader.grid.shape[0]), slice(0, reader.grid.shape[1]))
    percent = reader.band(Layer(0, cover.bands, 0), "tree_cover", whole)
    forest: NDArray[np.bool_] = (percent >= ceil(plan.project.forest.min_cover_percent)) & (percent <= 100)
    if not forest.any():
        raise SourceError(
            f"no pixel of the window has {plan.project.forest.min_cover_percent} % tree cover",
            code="activity.no-forest",
            file=cover.id,
            field="project.forest.min_cover_percent",
            hint="check the boundary and the tree-cover layer",
        )
    return forest


def _points(plan: MonitoringPlan, forest: NDArray[np.bool_]) -> Points:
    """Pixels that the detector is calibrated on; none for one that needs no calibration."""
    rules = plan.method.change
    return calibration_points(forest, rules) if isinstance(rules, StepTable) else NOWHERE


def _views(
    reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_], points: Points
) -> tuple[list[SceneView], list[PointValues]]:
    import dask

    lots = [layers[first : first + 16] for first in range(0, len(layers), 16)]
    found = dask.compute(*(dask.delayed(_view_lot, pure=False)(reader, lot, forest, points) for lot in lots))
    views, values = zip(*(scene for lot in found for scene in lot), strict=True)
    return list(views), list(values)


def _view_lot(
    reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_], points: Points
) -> list[tuple[SceneView, PointValues]]:
    return [view_scene(reader, layer, forest, points) for layer in layers]


def _detector(
    plan: MonitoringPlan, reader: Reader, layers: Sequence[Layer], screened: Screened, sample: Sequence[PointValues], chunk: int
) -> tuple[OpticalDetector, xr.Dataset]:
    """The detector that the plan names, and the cube that it reads."""
    rules, history = plan.method.change, sum(state == "history" for state in screened.status)
    in_use = [state in {"used", "history"} for state in screened.status]
    used = used_layers(layers, screened)
    days = np.array([layer.day for layer in used], np.int32)
    if isinstance(rules, StepTable):
        return (
            set_up(days, list(compress(sample, in_use)), rules, history=history),
            build_cube(reader, used, chunk=chunk, roles=rules.bands),
        )
    assert isinstance(rules, ChangeTable)
    shift = np.array(list(compress(screened.shift, in_use)), np.int16)
    return Model(rules=rules, days=days, shift=shift, history=history), build_cube(reader, used, chunk=chunk)


def evidence_sections(
    plan: MonitoringPlan,
    scenes: Sequence[Scene],
    offsets: Sequence[OffsetDecision],
    views: Sequence[SceneView],
    screened: Screened,
) -> list[SceneSection]:
    """Optical scenes, in time order."""
    radiometry = plan.source("optical").radiometry
    limit = radiometry.dark_limit_dn if radiometry else 0
    verdicts: dict[bool | None, Any] = {True: "passed", False: "failed", None: "not assessed"}
    return [
        SceneSection(
            id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
            offset_dn=offset.offset_dn, offset_rule=offset.rule,
            offset_check=verdicts[offset_agrees(offset, view.dark_dn, limit)], dark_dn=view.dark_dn,
            clear_px=view.clear_px, median_index=view.median_index, status=status, bands=bands_of(scene),
        )
        for scene, offset, view, status in zip(scenes, offsets, views, screened.status, strict=True)
    ]  # fmt: skip


def observation_section(
    layers: Sequence[Layer],
    screened: Screened,
    change: ChangeMap,
    forest: NDArray[np.bool_],
    activity: ActivityData,
) -> ObservationSection:
    """The observation record over the forest of the project."""
    days = sorted(layer.day for layer, state in zip(layers, screened.status, strict=True) if state in {"used", "history"})
    counts = sorted(int(count) for count in change.clear_count[forest]) or [0]
    return ObservationSection(
        first=from_epoch_day(days[0]).isoformat(),
        last=from_epoch_day(days[-1]).isoformat(),
        record_days=days[-1] - days[0],
        scenes_available=len(layers),
        scenes_used=len(days),
        longest_gap_days=max((b - a for a, b in pairwise(days)), default=0),
        clear_min=counts[0],
        clear_median=counts[(len(counts) - 1) // 2],
        clear_max=counts[-1],
        unmonitored_px=activity.unmonitored_px,
    )
