"""Observe: evidence checked, and the detector that the plan names applied to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv import compute as place
from mrv.observe.extents import observe_extents
from mrv.observe.fused import observe_fused
from mrv.observe.optical import device_there, observe_optical
from mrv.observe.scenes import verify_pixels
from mrv.plan import ChangeTable, FusionTable, StepTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mrv.change.extent_maps import ExtentChange
    from mrv.observe.fused import Fused
    from mrv.observe.observed import Observed
    from mrv.observe.optical import Optical
    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


def check_place(where: str) -> None:
    """Refuse what is no place to run, or a GPU that is not there, before anything is fetched.

    Args:
        where: Where Dask will run.

    Raises:
        UsageError: No such place, or no GPU there.
    """
    place.check_words(where)
    if place.wants_gpu(where):
        with place.running(where):
            device_there(gpu=True)


def observe(
    plan: MonitoringPlan,
    claim: Claim,
    scenes: Sequence[Scene],
    *,
    window: Window,
    store: Store,
    where: str,
    chunk: int,
    progress: Callable[[str], None],
) -> tuple[Observed, Optical | Fused | ExtentChange]:
    """What the plan's detector sees, and how it came to it.

    Args:
        plan: The plan.
        claim: The claim.
        scenes: Evidence; its pixels are in the store.
        window: Where.
        store: The store.
        where: Where Dask runs; changes nothing in the result.
        chunk: Edge of a chunk, pixels; changes nothing either.
        progress: Told the name of each stage.

    Raises:
        MRVError: What the evidence or the detector refuses.
    """
    with place.running(where) as gpu:
        progress("check evidence")
        verify_pixels(store, scenes)
        if gpu and not isinstance(plan.method.change, ChangeTable | StepTable):
            progress(f"{plan.method.change.detector} has no twin for the GPU, and runs on the CPU")
        if isinstance(plan.method.change, FusionTable):
            return observe_fused(plan, claim, scenes, window=window, store=store, chunk=chunk, progress=progress)
        if plan.method.is_optical:
            return observe_optical(plan, claim, scenes, window=window, store=store, chunk=chunk, gpu=gpu, progress=progress)
        return observe_extents(plan, claim, scenes, window=window, store=store, progress=progress)
