"""From evidence to statement: a pure function of plan, boundary, inputs, pixels and code.

:func:`compute` is read from top to bottom; it is the only place where the rooms meet.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mrv.accounts.claimed import read_claimed
from mrv.accounts.ground import read_ground
from mrv.areas import total_m2
from mrv.compose import compose, project_section
from mrv.errors import UsageError
from mrv.inputs import Inputs, seed_of
from mrv.kernels.cuda.device import CPU
from mrv.observe.fused import Fused
from mrv.observe.observe import observe
from mrv.observe.optical import Optical
from mrv.observe.scenes import layer_section
from mrv.observe.window import window_of
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.mapped import ActivityData
    from mrv.change.extent_maps import ExtentChange
    from mrv.observe.observed import Observed
    from mrv.plan import Claim, MonitoringPlan
    from mrv.project import Boundary
    from mrv.sources.items import Scene
    from mrv.sources.store import Store
    from mrv.statement import Statement

_NOT_COMPUTING = frozenset({
    "attest", "charts.py", "chips.py", "cli", "curves.py", "differences.py", "explain.py", "page.py", "precheck.py",
    "progress.py", "provenance.py", "registry", "replay.py", "report", "run.py", "sampling.py", "simulate", "stratify.py",
    "views",
})  # fmt: skip
"""What can change without changing any statement."""


@dataclass(frozen=True)
class Result:
    """A statement, and what a person may want to look at beside it."""

    statement: Statement
    """The statement."""
    grid: GeoBox
    """The window."""
    inside: NDArray[np.bool_]
    """Project area."""
    observed: Observed
    """Mapped activity data and what it rests on."""
    detail: Optical | Fused | ExtentChange
    """How the detector came to it."""

    @property
    def optical(self) -> Optical:
        """How the optical detector came to it.

        Raises:
            UsageError: Another detector did.
        """
        if isinstance(self.detail, Optical):
            return self.detail
        what = "fused several sensors" if isinstance(self.detail, Fused) else "compared extent maps"
        raise UsageError(f"this run {what}", code="run.not-optical", hint="look at the result's detail and maps")

    @property
    def device(self) -> str:
        """What the detector ran on; what has no twin runs on the CPU."""
        return self.detail.device if isinstance(self.detail, Optical) else CPU

    @property
    def activity(self) -> ActivityData:
        """Strata and mapped loss."""
        return self.observed.activity

    @property
    def forest(self) -> NDArray[np.bool_]:
        """Forest at the start."""
        return self.observed.forest

    @property
    def maps(self) -> dict[str, NDArray[Any]]:
        """Maps that the statement names by digest."""
        return self.observed.maps


def compute(
    plan: MonitoringPlan,
    claim: Claim,
    boundary: Boundary,
    scenes: Sequence[Scene],
    *,
    store: Store,
    inputs: Inputs | None = None,
    where: str = "local",
    chunk: int = 256,
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Verify one period from evidence.

    Args:
        plan: The plan.
        claim: The claim; its period is verified.
        boundary: The project area.
        scenes: Evidence; their pixels are in ``store``.
        store: The store.
        inputs: Tables beside the plan.
        where: Where Dask runs; changes nothing in the result.
        chunk: Edge of a chunk, pixels; changes nothing either.
        progress: Told the name of each stage.

    Raises:
        MRVError: A typed refusal of whichever room cannot go on.
    """
    inputs = inputs or Inputs()
    window = window_of(plan, boundary)
    seen, detail = observe(plan, claim, scenes, window=window, store=store, where=where, chunk=chunk, progress=progress)
    progress("measure")
    seed = _seed(plan, boundary, inputs, scenes)
    ground = read_ground(plan, claim, inputs, scenes, seen, window=window, store=store, seed=seed)
    statement = compose(
        plan, claim,
        project=project_section(
            plan, boundary, area_m2=total_m2(window.areas_mm2, window.inside), pixels=int(window.inside.sum())
        ),
        grid=window.grid, code_digest=code_digest(), observed=seen, extra=[layer_section(scene) for scene in ground.layers],
        inputs=inputs.digests, ground=ground, claimed=read_claimed(plan, claim, inputs), seed=seed,
    )  # fmt: skip
    return Result(statement, window.grid, window.inside, seen, detail)


def _seed(plan: MonitoringPlan, boundary: Boundary, inputs: Inputs, scenes: Sequence[Scene]) -> str:
    digests = {boundary.digest, *inputs.digests.values(), *(d for scene in scenes for d in scene.bands.values())}
    return seed_of(plan.digest(), digests)


@cache
def code_digest() -> str:
    """sha256 over the sorted (path, sha256) of the code and tables of the rooms that compute."""
    root = files("mrv")
    rows: list[str] = []

    def walk(folder: Any, prefix: str) -> None:
        for entry in folder.iterdir():
            name = f"{prefix}{entry.name}"
            if name in _NOT_COMPUTING or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                walk(entry, f"{name}/")
            elif name.endswith((".py", ".csv", ".cu")):
                rows.append(f"{name} {hashlib.sha256(entry.read_bytes()).hexdigest()}")

    walk(root, "")
    return sha256_bytes("\n".join(sorted(rows)).encode())
