"""Panel: frame, map, commitment, draw and interpretation, read together and held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mrv.activity.commitment import SAMPLE_FILE, Sample, parse_sample
from mrv.activity.draw import draw, locate
from mrv.activity.frame import FRAME_FILE, MAP_FILE, Frame, PlacedUnit
from mrv.activity.frozen_frame import parse_frame
from mrv.activity.frozen_map import check_map, grid_section, read_map
from mrv.activity.reference import REFERENCE_FILE, ReferenceSample, parse_reference
from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.confidence_strata import StrataRules
    from mrv.activity.frame import ConfidenceSplit

PANEL_FILES = (FRAME_FILE, MAP_FILE, SAMPLE_FILE, REFERENCE_FILE)


@dataclass(frozen=True)
class Panel:
    """A probability sample, from frame to labels."""

    frame: Frame
    """The frozen frame."""
    strata: NDArray[np.uint8]
    """The frozen strata map (y, x)."""
    sample: Sample
    """Commitment and seed."""
    drawn: tuple[PlacedUnit, ...]
    """The units, in the order of the sheet."""
    reference: ReferenceSample
    """What was interpreted."""


def read_panel(
    files: Mapping[str, bytes],
    *,
    project: str,
    grid: GeoBox,
    inside: NDArray[np.bool_],
    classes: Mapping[str, str] | None = None,
    response_design: str | None = None,
    rules: StrataRules | None = None,
    last_year: int | None = None,
) -> Panel:
    """Read a project's probability sample, and refuse whatever does not fit together.

    Args:
        files: Bytes by name; needs all of :data:`PANEL_FILES`.
        project: Id of the project.
        grid: The plan's window.
        inside: Project area (y, x).
        classes: Role by label, as the plan has them; None takes the frame's.
        response_design: The same of the response design.
        rules: How the plan splits loss by confidence; None: it does not, and the frame may not either.
        last_year: Last year to read, the end of the period; None reads all that are labelled.

    Raises:
        PlanError: ``panel.incomplete``, ``frame.*``, ``sample.*`` or ``reference.*``.
    """
    if absent := [name for name in PANEL_FILES if name not in files]:
        raise PlanError(
            "is missing beside the others of the sample", code="panel.incomplete", file=absent[0],
            hint=f"a probability sample needs {', '.join(PANEL_FILES)}; without it areas are mapped, not estimated",
        )  # fmt: skip
    frame = parse_frame(files[FRAME_FILE])
    check_project(frame, project=project, grid=grid, classes=classes, response_design=response_design, rules=rules)
    strata, map_grid = read_map(files[MAP_FILE])
    check_map(frame, strata, map_grid, inside=inside)
    sample = parse_sample(files[SAMPLE_FILE], frame=frame)
    drawn = locate(draw(strata, frame.sample_sizes, sample.seed), grid)
    reference = parse_reference(files[REFERENCE_FILE], frame=frame, drawn=drawn, last_year=last_year)
    return Panel(frame, strata, sample, drawn, reference)


def check_project(
    frame: Frame,
    *,
    project: str,
    grid: GeoBox,
    classes: Mapping[str, str] | None,
    response_design: str | None = None,
    rules: StrataRules | None = None,
) -> None:
    """Hold a frame against the project that uses it; arguments as for :func:`read_panel`.

    Raises:
        PlanError: ``frame.project``, ``frame.grid``, ``frame.classes``, ``frame.response-design``, ``frame.stratification``.
    """
    if frame.project != project:
        raise PlanError(
            f"is the frame of {frame.project}, not of {project}", code="frame.project", file=FRAME_FILE, field="project",
            hint="give the frame of this project",
        )  # fmt: skip
    if frame.grid != grid_section(grid):
        raise PlanError(
            "lies on another grid than the plan's", code="frame.grid", file=FRAME_FILE, field="grid",
            hint="the plan's grid or boundary changed after the frame was frozen: restore them, or design a new frame",
        )  # fmt: skip
    for field, plans, frames in (
        ("classes", None if classes is None else dict(classes), frame.roles),
        ("response_design", response_design, frame.response_design),
    ):
        if plans is not None and plans != frames:
            name = field.replace("_", "-")
            raise PlanError(
                f"has another {name} than the plan", code=f"frame.{name}", file=FRAME_FILE, field=field,
                hint=f"restore reference.{field} of the plan as it was when the frame was frozen",
            )  # fmt: skip
    plans_split = None if rules is None else rules.frozen
    if frame.confidence != plans_split:
        raise PlanError(
            f"is of another stratification: loss {_told(frame.confidence)} in the frame, {_told(plans_split)} in the plan",
            code="frame.stratification", file=FRAME_FILE, field="confidence",
            hint="restore method.activity of the plan as it was when the frame was frozen, or design a new frame and sample",
        )  # fmt: skip


def _told(split: ConfidenceSplit | None) -> str:
    if split is None:
        return "is one stratum"
    return "is split (" + ", ".join(f"{name} {value}" for name, value in split.model_dump(exclude_none=True).items()) + ")"
