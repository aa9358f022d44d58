"""Optical survey: offsets and sensors decided, every scene looked at over the forest, screened, and merged by day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.bandpass import lines_for, sensor_of
from mrv.change.screening import NOWHERE, Points, PointValues, SceneView, Screened, screen, view_scene
from mrv.cube import Calibration, Layer, Reader
from mrv.observe.scenes import bands_of
from mrv.observe.survey import USED, MergedSurvey, Survey, refuse_same_day, scenes_of
from mrv.sections import SceneSection
from mrv.sources.radiometry import decide_offset, offset_agrees
from mrv.units import Period, epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.observe.window import Window
    from mrv.plan import MonitoringPlan, Radiometry, Source
    from mrv.sources.items import Scene
    from mrv.sources.radiometry import OffsetDecision
    from mrv.sources.store import Store


def survey_optical(
    plan: MonitoringPlan,
    sources: Sequence[Source],
    scenes: Sequence[Scene],
    forest: NDArray[np.bool_],
    *,
    points: Points = NOWHERE,
    period: Period,
    window: Window,
    store: Store,
) -> tuple[Survey, list[PointValues]]:
    """Look at every scene of optical sources as one series, and decide which are used.

    Args:
        plan: The plan.
        sources: The sources; several where the plan merges them.
        scenes: Evidence; its pixels are in the store.
        forest: Forest at the start (y, x).
        points: Pixels whose values are kept, for a detector that is calibrated.
        period: The period; later scenes do not exist for it.
        window: Where.
        store: The store.

    Returns:
        The survey, and the values at the points in the observations used.

    Raises:
        SourceError: Two scenes of one day that the plan does not merge, or an offset or a sensor that is not known.
    """
    found = scenes_of(sources, scenes, period)
    if not plan.method.merges:
        refuse_same_day(sources[0], found)
    known = {source.id: source for source in sources}
    readings = [_reading(plan, known[scene.source], scene) for scene in found]
    layers = [reading.layer for reading in readings]
    reader = Reader(store, window.grid, plan.grid, plan.method.optical)
    views, values = _views(reader, layers, forest, points)
    screened = screen(
        [layer.day for layer in layers], views, rules=plan.method.optical, start=plan.project.start, forest_px=int(forest.sum())
    )
    survey = Survey(reader, tuple(layers), screened, _rows(found, readings, views, screened))
    kept = [value for value, state in zip(values, screened.status, strict=True) if state in USED]
    return _merged(survey, kept, forest, points) if plan.method.merges else (survey, kept)


@dataclass(frozen=True, slots=True)
class _Reading:
    """How one scene's numbers are read."""

    layer: Layer
    """As the cube takes it."""
    offset: OffsetDecision
    """Its radiometric offset."""
    radiometry: Radiometry
    """Its source's."""
    sensor: str | None
    """Whose bands they are; None where nothing is harmonised."""


def _reading(plan: MonitoringPlan, source: Source, scene: Scene) -> _Reading:
    assert source.radiometry is not None
    offset, sensor = decide_offset(scene, source.radiometry), sensor_of(source, scene.sensor, item=scene.id)
    layer = Layer(
        epoch_day(scene.day), scene.bands, offset.offset_dn, Calibration.of(source.radiometry),
        lines_for(plan, sensor, item=scene.id), source.mask,
    )  # fmt: skip
    return _Reading(layer, offset, source.radiometry, sensor)


def _merged(
    survey: Survey, values: Sequence[PointValues], forest: NDArray[np.bool_], points: Points
) -> tuple[Survey, list[PointValues]]:
    """One observation a day; a day of several scenes is looked at again as the one observation that it is."""
    looks = zip(survey.used, survey.shift, values, strict=True)
    days = [list(same) for _, same in groupby(looks, key=lambda look: look[0].day)]
    merged = [replace(same[0][0], others=tuple(look[0] for look in same[1:])) for same in days]
    shared = [layer for layer in merged if layer.others]
    again = zip(shared, *_views(survey.reader, shared, forest, points), strict=True)
    views = {layer.day: (view, value) for layer, view, value in again}
    shift, kept = [], []
    for layer, same in zip(merged, days, strict=True):
        _, by, value = same[0]
        if layer.others:
            view, value = views[layer.day]
            by = _departure(view, survey.screened.reference)
        shift.append(by)
        kept.append(value)
    found = MergedSurvey(
        survey.reader, survey.layers, survey.screened, survey.rows, tuple(merged), np.array(shift, np.int16).reshape(-1)
    )
    return found, kept


def _departure(view: SceneView, reference: int | None) -> int:
    """How far an observation's forest departs from the history's; 0 where that cannot be told."""
    return 0 if view.median_index is None or reference is None else view.median_index - reference


def _views(
    reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_], points: Points
) -> tuple[list[SceneView], list[PointValues]]:
    import dask

    lots = [layers[first : first + 16] for first in range(0, len(layers), 16)]
    found = dask.compute(*(dask.delayed(_view_lot, pure=False)(reader, lot, forest, points) for lot in lots))
    scenes = [scene for lot in found for scene in lot]
    return [view for view, _ in scenes], [values for _, values in scenes]


def _view_lot(
    reader: Reader, layers: Sequence[Layer], forest: NDArray[np.bool_], points: Points
) -> list[tuple[SceneView, PointValues]]:
    return [view_scene(reader, layer, forest, points) for layer in layers]


def _rows(
    scenes: Sequence[Scene], readings: Sequence[_Reading], views: Sequence[SceneView], screened: Screened
) -> tuple[SceneSection, ...]:
    """Scenes as the statement lists them."""
    verdicts: dict[bool | None, Any] = {True: "passed", False: "failed", None: "not assessed"}
    return tuple(
        SceneSection(
            id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
            offset_dn=read.offset.offset_dn, offset_rule=read.offset.rule,
            offset_check=verdicts[offset_agrees(read.offset, view.dark_dn, read.radiometry.dark_limit_dn)],
            dark_dn=view.dark_dn, clear_px=view.clear_px, median_index=view.median_index, status=status,
            bands=bands_of(scene), sensor=read.sensor,
        )
        for scene, read, view, status in zip(scenes, readings, views, screened.status, strict=True)
    )  # fmt: skip
