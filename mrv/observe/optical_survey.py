"""Optical survey: offsets decided, every scene looked at over the forest, and screened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.change.screening import NOWHERE, Points, PointValues, SceneView, Screened, screen, view_scene
from mrv.cube import Calibration, Layer, Reader
from mrv.observe.scenes import bands_of
from mrv.observe.survey import USED, Survey, refuse_same_day, scenes_of
from mrv.sections import SceneSection
from mrv.sources.radiometry import decide_offset, offset_agrees
from mrv.units import Period, epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mrv.observe.window import Window
    from mrv.plan import MonitoringPlan, Radiometry, Source
    from mrv.sources.items import Scene
    from mrv.sources.radiometry import OffsetDecision
    from mrv.sources.store import Store


def survey_optical(
    plan: MonitoringPlan,
    source: Source,
    scenes: Sequence[Scene],
    forest: NDArray[np.bool_],
    *,
    points: Points = NOWHERE,
    period: Period,
    window: Window,
    store: Store,
) -> tuple[Survey, list[PointValues]]:
    """Look at every scene of an optical source, and decide which are used.

    Args:
        plan: The plan.
        source: The source.
        scenes: Evidence; its pixels are in the store.
        forest: Forest at the start (y, x).
        points: Pixels whose values are kept, for a detector that is calibrated.
        period: The period; later scenes do not exist for it.
        window: Where.
        store: The store.

    Returns:
        The survey, and the values at the points in the scenes used.

    Raises:
        SourceError: Two scenes of one day, or an offset that is not known.
    """
    assert source.radiometry is not None
    found = scenes_of(source, scenes, period)
    refuse_same_day(source, found)
    offsets = [decide_offset(scene, source.radiometry) for scene in found]
    layers = tuple(
        Layer(epoch_day(scene.day), scene.bands, offset.offset_dn) for scene, offset in zip(found, offsets, strict=True)
    )
    reader = Reader(store, window.grid, plan.grid, plan.method.optical, Calibration.of(source.radiometry))
    views, values = _views(reader, layers, forest, points)
    screened = screen(
        [layer.day for layer in layers], views, rules=plan.method.optical, start=plan.project.start, forest_px=int(forest.sum())
    )
    survey = Survey(reader, layers, screened, _rows(source.radiometry, found, offsets, views, screened))
    return survey, [value for value, state in zip(values, screened.status, strict=True) if state in USED]


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
    radiometry: Radiometry,
    scenes: Sequence[Scene],
    offsets: Sequence[OffsetDecision],
    views: Sequence[SceneView],
    screened: Screened,
) -> tuple[SceneSection, ...]:
    """Scenes as the statement lists them."""
    verdicts: dict[bool | None, Any] = {True: "passed", False: "failed", None: "not assessed"}
    return tuple(
        SceneSection(
            id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
            offset_dn=offset.offset_dn, offset_rule=offset.rule,
            offset_check=verdicts[offset_agrees(offset, view.dark_dn, radiometry.dark_limit_dn)], dark_dn=view.dark_dn,
            clear_px=view.clear_px, median_index=view.median_index, status=status, bands=bands_of(scene),
        )
        for scene, offset, view, status in zip(scenes, offsets, views, screened.status, strict=True)
    )  # fmt: skip
