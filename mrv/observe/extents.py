"""Extents: classified maps, one an epoch, compared by ``extent-epochs/1``, and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.extent_areas import Measure
from mrv.activity.mapped import measure_extents
from mrv.change.change_kinds import KindRules
from mrv.change.extent_cleaning import CleanedStack, CleaningRules, clean_stack, untouched
from mrv.change.extent_maps import NODATA, ExtentChange, detect
from mrv.change.step_width import can_be_told
from mrv.change.version_step import StepRules
from mrv.errors import SourceError
from mrv.observe.epochs import read_epochs
from mrv.observe.extent_account import account, counted, maps_as_came
from mrv.observe.extent_kinds import kinds_of
from mrv.observe.observed import Observed
from mrv.observe.record import record_of
from mrv.observe.scenes import layer_section
from mrv.units import Period, epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mrv.observe.epochs import Epochs
    from mrv.observe.window import Window
    from mrv.plan import Claim, ExtentChangeTable, MonitoringPlan
    from mrv.sections import ObservationSection
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
        SourceError: Two maps of one year, none in the last year of the period, none before the project's start, or versions
            that cannot be compared.
    """
    period, start = Period(claim.start, claim.end), plan.project.start
    rules, minimum_px = plan.method.extent_rules, plan.project.forest.minimum_mapping_unit_px
    assert rules is not None
    progress("compare epochs")
    epochs, area = read_epochs(plan, claim, scenes, window=window, store=store), window.inside
    followed = follow(epochs, rules)
    # A map shows its year's end, so the state at the start is that of the year before.
    change = detect(followed.states, epochs.years, baseline=start.year - 1)
    activity = measure_extents(
        change, area, window.areas_mm2, since=start, period=period, minimum_px=minimum_px,
        buffer_px=plan.method.activity.buffer_px,
    )  # fmt: skip
    if not (change.forest_at_start & area).any():
        raise SourceError(
            "no pixel of the project is forest at its start", code="activity.no-forest", file=epochs.scenes[0].id,
            field=f"sources.{plan.source('extent').id}", hint="check the boundary and sources.extent.forest",
        )  # fmt: skip
    maps: dict[str, NDArray[Any]] = {
        "loss_year": activity.years,
        "gain_year": np.where(area, change.gain_year, 0).astype(np.int32),
        "stratum": activity.strata,
    }
    section = None
    if rules.keeps_account:
        came = counted(detect(epochs.stack, epochs.years, baseline=start.year - 1), minimum_px)
        counts, kinds = counted(change, minimum_px), None
        if rules.kinds is not None:
            kinds = kinds_of(epochs, change, counts, KindRules(**rules.kinds.model_dump(exclude={"method", "water"})))
        section = account(
            epochs, followed, mapped=came, change=counts, measure=Measure(area, window.areas_mm2),
            years=range(start.year, period.end.year + 1), kinds=kinds,
        )  # fmt: skip
        maps |= maps_as_came(came, area) if rules.prepares else {}
        maps |= {} if kinds is None else {"change_kind": np.where(area, kinds, 0).astype(np.uint8)}
    seen = Observed(
        evidence=[layer_section(scene) for scene in epochs.scenes],
        observation=_record(epochs, area & change.forest_at_start, activity.unmonitored_px),
        activity=activity,
        maps=maps,
        forest=change.forest_at_start,
        extents=section,
    )
    return seen, change


def follow(epochs: Epochs, rules: ExtentChangeTable) -> CleanedStack:
    """The maps that change is read from: as they came, but for what the plan has put aside first.

    Args:
        epochs: The maps.
        rules: The plan's.

    Raises:
        SourceError: A step between versions that cannot be measured.
    """
    if not rules.prepares:
        return untouched(epochs.stack)
    # Gain that no later map holds never counts, so it need not be believed.
    cleaning = CleaningRules()
    if rules.cleaning is not None:
        cleaning = CleaningRules(**rules.cleaning.model_dump(exclude={"method"}), last_gain=False)
    if rules.version_step is None:
        return clean_stack(epochs.stack, cleaning)
    versions = [str(version) for version in epochs.versions]
    step = StepRules(**rules.version_step.model_dump(exclude={"method"}))
    found = clean_stack(epochs.stack, cleaning, versions=versions, step=step)
    for at, measured in zip(epochs.version_changes, found.steps, strict=True):
        if not can_be_told(measured.ring_px, step):
            raise SourceError(
                f"the step from version {versions[at - 1]} to {versions[at]} cannot be measured: {min(measured.ring_px[0])} "
                f"pixels along the edge of the forest, {step.fewest_px} are needed", code="extent.step-untold",
                file=epochs.scenes[at].id, field="method.change.version_step.fewest_px",
                hint="a change there could not be told from the step: keep maps of one version (sources.first)",
            )  # fmt: skip
    return found


def _record(epochs: Epochs, forest: NDArray[np.bool_], unmonitored_px: int) -> ObservationSection:
    days, values = [epoch_day(scene.day) for scene in epochs.scenes], (epochs.stack != NODATA).sum(axis=0)
    return record_of(days, values[forest], available=len(days), used=len(days), unmonitored_px=unmonitored_px)
