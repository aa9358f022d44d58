"""Fused: optical and radar scenes surveyed source by source, combined by ``bayes-fusion/1``, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.confidence_strata import StrataRules
from mrv.activity.mapped import measure_change
from mrv.change.fusion_detector import Channel, FusionDetector
from mrv.cube import build_cube, ndvi
from mrv.observe.backscatter import stack
from mrv.observe.observed import Observed, change_maps
from mrv.observe.optical_survey import survey_optical
from mrv.observe.radar_survey import RadarSurvey, survey_radar
from mrv.observe.scenes import layer_section
from mrv.observe.survey import Survey, check_observed, forest_at_start, observation_section
from mrv.plan import FusionTable
from mrv.units import Period, epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mrv.change.change_map import ChangeMap, Curve
    from mrv.observe.window import Window
    from mrv.plan import Claim, EvidenceTable, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Fused:
    """How the fusion came to its result; for looking at."""

    surveys: tuple[Survey, ...]
    """The scenes that entered it, a survey a source, in the order of its channels."""
    model: FusionDetector
    """The detector, set up for those scenes."""
    change: ChangeMap
    """What it found."""

    @property
    def optical(self) -> Survey | None:
        """The optical scenes; None without."""
        return next((one for one in self.surveys if not isinstance(one, RadarSurvey)), None)

    @property
    def radar(self) -> tuple[RadarSurvey, ...]:
        """The radar images, by source."""
        return tuple(one for one in self.surveys if isinstance(one, RadarSurvey))

    @property
    def pictured(self) -> Survey:
        """The scenes that pictures are made of: the optical ones where there are any."""
        return self.optical or self.surveys[0]

    def curve(self, row: int, col: int) -> Curve:
        """One pixel, for a picture."""
        tile = (slice(row, row + 1), slice(col, col + 1))
        return self.model.curve([_pixel(survey, tile) for survey in self.surveys])


def observe_fused(
    plan: MonitoringPlan,
    claim: Claim,
    scenes: Sequence[Scene],
    *,
    window: Window,
    store: Store,
    chunk: int,
    progress: Callable[[str], None],
) -> tuple[Observed, Fused]:
    """Survey every source, fuse, and measure.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.
        chunk: Edge of a chunk, pixels.
        progress: Told the name of each stage.

    Raises:
        SourceError: A year without enough usable scenes, scenes that count twice, or no tree cover.
    """
    table, period = plan.method.change, Period(claim.start, claim.end)
    assert isinstance(table, FusionTable)
    forest, cover = forest_at_start(plan, scenes, grid=window.grid, store=store)
    progress("screen scenes")
    every = [_survey(plan, table, entry, scenes, forest, period=period, window=window, store=store) for entry in table.evidence]
    progress("detect change")
    check_observed(plan, claim, every)
    seen = [(entry, survey) for entry, survey in zip(table.evidence, every, strict=True) if survey.used]
    surveys = tuple(survey for _, survey in seen)
    model = FusionDetector(table, tuple(_channel(*one) for one in seen), epoch_day(plan.project.start))
    change = model.detect([_stack(survey, chunk) for survey in surveys])
    activity = measure_change(
        change, forest, window.inside, window.areas_mm2, scene_days=model.days, since=plan.project.start, period=period,
        minimum_px=plan.project.forest.minimum_mapping_unit_px, buffer_px=plan.method.activity.buffer_px,
        rules=StrataRules.of(plan),
    )  # fmt: skip
    rows = sorted((row for survey in every for row in survey.rows), key=lambda row: (row.date, row.id))
    observed = Observed(
        evidence=[*rows, layer_section(cover)],
        observation=observation_section(every, change, forest & window.inside, activity),
        activity=activity,
        maps=change_maps(change, activity),
        forest=forest,
    )
    return observed, Fused(surveys, model, change)


def _survey(plan: MonitoringPlan, table: FusionTable, entry: EvidenceTable, *args: Any, **place: Any) -> Survey:
    source = next(source for source in plan.sources if source.id == entry.source)
    if source.role == "radar":
        return survey_radar(plan, source, entry, *args, min_history=table.min_history, **place)
    return survey_optical(plan, (source,), *args, **place)[0]


def _channel(entry: EvidenceTable, survey: Survey) -> Channel:
    geometries = survey.used_geometries if isinstance(survey, RadarSurvey) else None
    return Channel(entry, survey.days, survey.shift, survey.history, geometries)


def _stack(survey: Survey, chunk: int) -> Any:
    """The index of a survey's scenes: a Dask array of int16 (time, y, x)."""
    if isinstance(survey, RadarSurvey):
        return stack(survey.backscatter, survey.used, survey.used_geometries, chunk=chunk)
    return build_cube(survey.reader, survey.used, chunk=chunk, roles=())["ndvi"].data


def _pixel(survey: Survey, tile: tuple[slice, slice]) -> NDArray[np.int16]:
    """The same of one pixel (time,)."""
    if isinstance(survey, RadarSurvey):
        return survey.backscatter.series(survey.used, survey.used_geometries, tile)[:, 0, 0]
    reader = survey.reader
    rows = [
        ndvi(reader.reflectance(layer, "red", tile), reader.reflectance(layer, "nir", tile), reader.clear(layer, tile))
        for layer in survey.used
    ]
    return np.stack(rows)[:, 0, 0]
