"""Radar survey: every image of a source looked at over the forest, and screened within its geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.change.radar_screening import RadarView, screen_images, view_image
from mrv.cube import Layer, Reader
from mrv.observe.backscatter import Backscatter
from mrv.observe.scenes import bands_of, geometry_section
from mrv.observe.survey import USED, Survey, refuse_same_day, scenes_of
from mrv.sections import SceneSection
from mrv.units import Period, epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mrv.observe.window import Window
    from mrv.plan import EvidenceTable, MonitoringPlan, Source
    from mrv.sources.geometry import Geometry
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class RadarSurvey(Survey):
    """The images of one radar source, screened."""

    backscatter: Backscatter
    """Reads their backscatter."""
    geometries: tuple[Geometry | None, ...]
    """From where each of ``layers`` was taken."""

    @property
    def used_geometries(self) -> tuple[Geometry | None, ...]:
        """From where each image was taken that entered the detector."""
        pairs = zip(self.geometries, self.screened.status, strict=True)
        return tuple(geometry for geometry, state in pairs if state in USED)


def survey_radar(
    plan: MonitoringPlan,
    source: Source,
    entry: EvidenceTable,
    scenes: Sequence[Scene],
    forest: NDArray[np.bool_],
    *,
    min_history: int,
    period: Period,
    window: Window,
    store: Store,
) -> RadarSurvey:
    """Look at every image of a radar source, and decide which are used.

    Args:
        plan: The plan.
        source: The source.
        entry: Which of its polarisations is evidence.
        scenes: Evidence; its pixels are in the store.
        forest: Forest at the start (y, x).
        min_history: Fewest history images of a geometry.
        period: The period; later images do not exist for it.
        window: Where.
        store: The store.

    Raises:
        SourceError: Two images of one day and geometry, or numbers that are no backscatter.
    """
    assert source.radar is not None
    assert plan.method.radar is not None
    found = scenes_of((source,), scenes, period)
    refuse_same_day(source, found)
    layers = tuple(Layer(epoch_day(scene.day), scene.bands, 0) for scene in found)
    reader = Reader(store, window.grid, plan.grid, None)
    backscatter = Backscatter(reader, source.radar, entry.index)
    views, geometries = _views(backscatter, layers, forest), tuple(scene.geometry for scene in found)
    screened = screen_images(
        [layer.day for layer in layers], geometries, views, rules=plan.method.radar, min_history=min_history,
        start=plan.project.start, forest_px=int(forest.sum()),
    )  # fmt: skip
    rows = tuple(
        SceneSection(
            id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline, offset_dn=0,
            offset_rule="none", offset_check="not assessed", dark_dn=None, clear_px=view.seen_px,
            median_index=view.median_db, status=status, bands=bands_of(scene), geometry=geometry_section(scene.geometry),
        )
        for scene, view, status in zip(found, views, screened.status, strict=True)
    )  # fmt: skip
    return RadarSurvey(reader, layers, screened, rows, backscatter, geometries)


def _views(backscatter: Backscatter, layers: Sequence[Layer], forest: NDArray[np.bool_]) -> list[RadarView]:
    import dask

    lots = [layers[first : first + 16] for first in range(0, len(layers), 16)]
    found = dask.compute(*(dask.delayed(_view_lot, pure=False)(backscatter, lot, forest) for lot in lots))
    return [view for lot in found for view in lot]


def _view_lot(backscatter: Backscatter, layers: Sequence[Layer], forest: NDArray[np.bool_]) -> list[RadarView]:
    return [view_image(lambda tile, layer=layer: backscatter.image(layer, tile), forest) for layer in layers]  # type: ignore[misc]
