"""Optical: the scenes of one source, or of several as one series, surveyed, monitored by an optical detector, and measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.confidence_strata import StrataRules
from mrv.activity.mapped import measure_change
from mrv.change.harmonic_monitor import Model
from mrv.change.screening import NOWHERE, Points
from mrv.change.step_detector import calibration_points, set_up
from mrv.cube import build_cube
from mrv.errors import SourceError
from mrv.kernels.cuda.device import CPU, device_name
from mrv.observe.observed import Observed, change_maps
from mrv.observe.optical_survey import survey_optical
from mrv.observe.scenes import layer_section
from mrv.observe.survey import Survey, check_observed, forest_at_start, observation_section, scenes_of
from mrv.plan import ChangeTable, StepTable
from mrv.rules.merged import merged_section
from mrv.units import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from mrv.change.change_map import ChangeMap, Curve, OpticalDetector
    from mrv.change.screening import PointValues
    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Optical:
    """How the optical detector came to its result; for looking at."""

    survey: Survey
    """The optical scenes, and which of them were used."""
    model: OpticalDetector
    """The detector, set up for the scenes used."""
    change: ChangeMap
    """What it found."""
    device: str = CPU
    """What it ran on, as provenance says it."""

    @property
    def pictured(self) -> Survey:
        """The scenes that pictures are made of."""
        return self.survey

    def curve(self, row: int, col: int) -> Curve:
        """One pixel, for a picture."""
        tile, reader = (slice(row, row + 1), slice(col, col + 1)), self.survey.reader
        used = self.survey.used
        bands = {
            role: np.stack([reader.reflectance(layer, role, tile) for layer in used])[:, 0, 0] for role in self.model.roles
        }
        return self.model.curve(bands, np.stack([reader.clear(layer, tile) for layer in used])[:, 0, 0])


def observe_optical(
    plan: MonitoringPlan,
    claim: Claim,
    scenes: Sequence[Scene],
    *,
    window: Window,
    store: Store,
    chunk: int,
    gpu: bool,
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
        gpu: Whether chunks go to a GPU.
        progress: Told the name of each stage.

    Raises:
        UsageError: No GPU where one was asked for.
        SourceError: No usable scene where one is needed, two of one day that the plan does not merge, or no tree cover.
    """
    period = Period(claim.start, claim.end)
    _refuse_unseen(plan, scenes, period)
    device = device_there(gpu=gpu)
    forest, cover = forest_at_start(plan, scenes, grid=window.grid, store=store)
    progress("screen scenes")
    survey, sample = survey_optical(
        plan, plan.monitored, scenes, forest, points=_points(plan, forest), period=period, window=window, store=store
    )
    progress("detect change")
    check_observed(plan, claim, [survey])
    model, cube = _detector(plan, survey, sample, chunk)
    change = model.detect(cube, gpu=gpu)
    activity = measure_change(
        change, forest, window.inside, window.areas_mm2, scene_days=model.days, since=plan.project.start, period=period,
        minimum_px=plan.project.forest.minimum_mapping_unit_px, buffer_px=plan.method.activity.buffer_px,
        rules=StrataRules.of(plan),
    )  # fmt: skip
    seen = Observed(
        evidence=[*survey.rows, layer_section(cover)],
        observation=observation_section([survey], change, forest & window.inside, activity).model_copy(
            update={"merged": merged_section(plan, survey.rows)}
        ),
        activity=activity,
        maps=change_maps(change, activity),
        forest=forest,
    )
    return seen, Optical(survey, model, change, device)


def device_there(*, gpu: bool) -> str:
    """What a detector runs on where Dask runs, as provenance says it.

    Args:
        gpu: Whether a GPU was asked for.

    Raises:
        UsageError: There is none.
    """
    import dask

    name: str = dask.delayed(device_name, pure=False)(gpu=gpu).compute()
    return name


def _refuse_unseen(plan: MonitoringPlan, scenes: Sequence[Scene], period: Period) -> None:
    optical = scenes_of(plan.monitored, scenes, period)
    if not any(scene.day in period for scene in optical):
        have = f"scenes run from {optical[0].day} to {optical[-1].day}" if optical else "there are no scenes"
        raise SourceError(
            f"no scene in the period {period}",
            code="source.period",
            field="claim",
            hint=f"{have}: check the claim's dates",
        )


def _points(plan: MonitoringPlan, forest: NDArray[np.bool_]) -> Points:
    """Pixels that the detector is calibrated on; none for one that needs no calibration."""
    rules = plan.method.change
    return calibration_points(forest, rules) if isinstance(rules, StepTable) else NOWHERE


def _detector(
    plan: MonitoringPlan, survey: Survey, sample: Sequence[PointValues], chunk: int
) -> tuple[OpticalDetector, xr.Dataset]:
    """The detector that the plan names, and the cube that it reads."""
    rules = plan.method.change
    if isinstance(rules, StepTable):
        cube = build_cube(survey.reader, survey.used, chunk=chunk, roles=rules.bands)
        return set_up(survey.days, sample, rules, history=survey.history), cube
    assert isinstance(rules, ChangeTable)
    model = Model(rules=rules, days=survey.days, shift=survey.shift, history=survey.history)
    return model, build_cube(survey.reader, survey.used, chunk=chunk)
