"""Sampling: a project's frame, and the draw from it, as files in the project folder.

Two steps with a public value between them.  :func:`freeze` writes ``frame.json`` and ``frame_strata.tif`` and gives the
digest to publish; :func:`draw_sample` takes the value that became known afterwards and writes ``sample.json`` and an empty
``reference.csv``.  Neither ever replaces what was drawn or interpreted.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.activity.commitment import SAMPLE_FILE, Sample, commit
from mrv.activity.confidence_strata import CONFIDENCE_STRATA, StrataRules
from mrv.activity.design import ResponseDesign, Rule, SampleSize, design_frame
from mrv.activity.draw import draw, locate
from mrv.activity.frame import FRAME_FILE, MAP_FILE, Frame, PlacedUnit
from mrv.activity.frozen_frame import parse_frame
from mrv.activity.frozen_map import check_map, read_map
from mrv.activity.panel import check_project
from mrv.activity.reference import REFERENCE_FILE
from mrv.activity.sheet import encode_sheet, is_interpreted
from mrv.activity.strata import BUFFER, EXTENT_STRATA, FOREST, GAIN, LOSS, LOW, NON_FOREST
from mrv.chips import CHIPS, chip_files
from mrv.errors import PlanError, UsageError
from mrv.grid import grid_for, inside
from mrv.sections.activity import strata_of
from mrv.sources.store import disk_error, encode_tiff, write_whole
from mrv.units import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mrv.plan import Claim, MonitoringPlan, ReferenceTable
    from mrv.project import Project
    from mrv.stratify import Stratified

ARCHIVE = f"to sample anew, move {FRAME_FILE}, {MAP_FILE}, {SAMPLE_FILE} and {REFERENCE_FILE} into an archive folder first"

EXPECTED = {
    EXTENT_STRATA[LOSS]: Decimal("0.8"),
    CONFIDENCE_STRATA[LOSS]: Decimal("0.9"),
    CONFIDENCE_STRATA[LOW]: Decimal("0.5"),
    EXTENT_STRATA[BUFFER]: Decimal("0.05"),
    EXTENT_STRATA[FOREST]: Decimal("0.005"),
    EXTENT_STRATA[NON_FOREST]: Decimal("0.005"),
    EXTENT_STRATA[GAIN]: Decimal("0.05"),
}
"""Share of each stratum that is expected to have changed, where nobody says better; written into the frame."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
    del stage, done, total


@dataclass(frozen=True)
class Frozen:
    """A frame, written."""

    folder: Path
    """The project folder."""
    frame: Frame
    """The frame."""

    @property
    def digest(self) -> str:
        """What to publish before the draw."""
        return self.frame.digest()

    def summary(self) -> dict[str, Any]:
        """For ``--json``."""
        files = [str(self.folder / name) for name in (FRAME_FILE, MAP_FILE)]
        return {"frame": self.digest, "strata": [row.model_dump() for row in self.frame.strata], "files": files}

    def describe(self) -> str:
        """For a person."""
        rows = [
            f"  {row.name:<24} {row.sample:>6} of {row.units:>10} units   {row.area_m2 / 10_000:>12.2f} ha"
            for row in self.frame.strata
        ]
        years = self.frame.label_years
        period = self.frame.period
        return "\n".join([
            f"{self.frame.project}, {period.start} to {period.end}: {self.frame.allocation.n} units",
            f"  to label: the state at the end of each year from {years[0]} to {years[-1]}",
            *rows,
            f"  frame   {self.digest}",
            f"  {self.folder / FRAME_FILE}\n  {self.folder / MAP_FILE}",
            "Publish the digest first; then, with a public value of a later day:",
            "  mrv sample PROJECT --beacon VALUE --beacon-source TEXT --committed-at DATE --beacon-at DATE",
        ])  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A sample, written."""

    folder: Path
    """The project folder."""
    frame: Frame
    """The frame."""
    sample: Sample
    """Commitment and seed."""
    units: tuple[PlacedUnit, ...]
    """Units, in the order of the sheet."""
    chips: int
    """Pictures written."""

    def summary(self) -> dict[str, Any]:
        """For ``--json``."""
        files = [str(self.folder / name) for name in (SAMPLE_FILE, REFERENCE_FILE)]
        return {**self.sample.model_dump(by_alias=True), "units": len(self.units), "chips": self.chips, "files": files}

    def describe(self) -> str:
        """For a person."""
        labels = ", ".join(self.frame.roles)
        pictures = f" and {self.chips} pictures in {self.folder / CHIPS}/" if self.chips else ""
        return "\n".join([
            f"{self.frame.project}: {len(self.units)} units drawn",
            f"  frame   {self.sample.frame}\n  seed    {self.sample.seed}",
            f"  {self.folder / SAMPLE_FILE}\n  {self.folder / REFERENCE_FILE}{pictures}",
            f"Give the interpreters the sheet, not the map; labels: {labels}.  Keep every row; a unit that cannot be",
            f"interpreted stays empty ({self.frame.non_response.rule}).",
        ])  # fmt: skip


def freeze(
    project: Project,
    claim: Claim,
    *,
    size: SampleSize,
    first_year: int | None = None,
    max_missing_percent: int = 0,
    replace: bool = False,
    where: str | None = None,
    progress: Callable[[str, int, int], None] = silent,
) -> Frozen:
    """Freeze the frame of a period and write it into the project folder.

    Args:
        project: The project.
        claim: The claim of the period.
        size: How many units, and how they are shared.
        first_year: First label year; default, the year before the project's start.
        max_missing_percent: Non-response allowed in a stratum; 0 refuses any.
        replace: Replace another frame, from which nothing was drawn yet.
        where: Where Dask runs; default, the settings'.
        progress: Told stage, done and total.

    Raises:
        PlanError: ``sample.drawn``, ``sample.frozen``, ``sample.classes`` or what the design refuses.
    """
    _refuse_drawn(project.folder)
    table, rules = _reference(project), StrataRules.of(project.plan)
    seen = stratified(project, claim, where=where, progress=progress)
    first = first_year or project.plan.project.start.year - 1
    frame = design_frame(
        seen.strata, seen.grid, project=project.plan.project.id,
        period=(claim.period, Period(claim.start, claim.end)), names=seen.names, size=size,
        response=ResponseDesign(
            text=table.response_design, classes=table.classes, label_years=tuple(range(first, claim.end.year + 1)),
            max_missing_percent=max_missing_percent,
        ),
        confidence=None if rules is None else rules.frozen,
    )  # fmt: skip
    path = project.folder / FRAME_FILE
    if path.exists() and not replace and path.read_bytes() != frame.encoded():
        raise PlanError(
            "another frame is frozen here, and may have been committed to", code="sample.frozen", file=path,
            hint=f"draw from it, or replace it (--replace); its digest is that of the file; this one's is {frame.digest()}",
        )  # fmt: skip
    _write(project.folder, {MAP_FILE: encode_tiff(seen.strata, seen.grid), FRAME_FILE: frame.encoded()})
    return Frozen(project.folder, frame)


def draw_sample(
    project: Project,
    *,
    beacon: str,
    beacon_source: str,
    committed_at: date,
    beacon_at: date,
    chips: bool = False,
    where: str | None = None,
    progress: Callable[[str, int, int], None] = silent,
) -> Drawn:
    """Draw from the frozen frame and write sample and sheet into the project folder.

    Args:
        project: The project.
        beacon: Public value that became known after the commitment.
        beacon_source: Where anyone can read it.
        committed_at: Day on which the frame's digest was published.
        beacon_at: Day on which the beacon became known, a later one.
        chips: A picture around each unit, of the scenes that the frame's period was mapped from.
        where: Where Dask runs; default, the settings'.
        progress: Told stage, done and total.

    Raises:
        PlanError: ``frame.*``, ``sample.*``; ``sample.drawn`` where another sample was drawn, ``sample.interpreted`` where
            labels would be lost.
    """
    folder, grid = project.folder, grid_for(project.plan.grid, project.boundary)
    frame = parse_frame(_read(folder / FRAME_FILE), file=str(folder / FRAME_FILE))
    table = _reference(project)
    check_project(
        frame, project=project.plan.project.id, grid=grid, classes=table.classes, response_design=table.response_design,
        rules=StrataRules.of(project.plan),
    )  # fmt: skip
    strata, map_grid = read_map(_read(folder / MAP_FILE), file=str(folder / MAP_FILE))
    check_map(frame, strata, map_grid, inside=inside(grid, project.boundary), file=str(folder / MAP_FILE))
    sample = commit(frame, beacon=beacon, beacon_source=beacon_source, committed_at=committed_at, beacon_at=beacon_at)
    units = locate(draw(strata, frame.sample_sizes, sample.seed), grid)
    files = {REFERENCE_FILE: encode_sheet(units, frame.label_years)}
    _refuse_other(folder, sample, files[REFERENCE_FILE])
    if chips:
        seen = stratified(project, project.plan.claim_for(frame.period.name), where=where, progress=progress)
        files |= chip_files(seen.optical, frame, units)
    _write(folder, files | {SAMPLE_FILE: sample.encoded()})
    return Drawn(folder, frame, sample, units, sum(name.endswith(".png") for name in files))


def stratified(project: Project, claim: Claim, *, where: str | None, progress: Callable[[str, int, int], None]) -> Stratified:
    """The strata map of a period; see :func:`mrv.stratify.stratify`. A draw without pictures needs none of it."""
    from mrv.stratify import stratify

    return stratify(project, claim, where=where, progress=progress)


def sample_size(plan: MonitoringPlan, n: int, *, rule: Rule, floor: int, expected: Sequence[str] = ()) -> SampleSize:
    """A sample size as the command line words it.

    Args:
        plan: The plan, which names the strata.
        n: Units in all.
        rule: ``neyman``, ``equal`` or ``proportional``.
        floor: Fewest units a stratum.
        expected: ``STRATUM=SHARE``, the share of each stratum expected to be changed; replaces :data:`EXPECTED`.

    Raises:
        UsageError: Not such words, or a stratum that the plan's map does not have.
    """
    shares: dict[str, Decimal] = {name: EXPECTED[name] for name in strata_of(plan.as_json()["method"])}
    for words in expected:
        name, _, text = words.rpartition("=")
        try:
            share = Decimal(text)
        except InvalidOperation:
            share = Decimal(0)
        if name not in shares or not 0 < share < 1:
            raise UsageError(
                f"{words} is not a stratum and a share between 0 and 1", code="usage", field="--expect",
                hint=f"--expect '{next(iter(shares))}=0.7'; strata: {', '.join(shares)}",
            )  # fmt: skip
        shares[name] = share
    return SampleSize(n=n, rule=rule, floor=floor, expected=shares)


def _reference(project: Project) -> ReferenceTable:
    table = project.plan.reference
    if table is None:
        raise PlanError(
            "the plan does not say what is interpreted", code="sample.classes", file=project.folder / "plan.toml",
            field="reference", hint="add [reference] with response_design, interval and [reference.classes]",
        )  # fmt: skip
    return table


def _refuse_drawn(folder: Path) -> None:
    """Refuse a new frame where units were drawn, before anything long is done."""
    for name in (SAMPLE_FILE, REFERENCE_FILE):
        if (folder / name).exists():
            raise PlanError("a sample was drawn here", code="sample.drawn", file=folder / name, hint=ARCHIVE)


def _refuse_other(folder: Path, sample: Sample, sheet: bytes) -> None:
    """Nobody re-rolls the dice, and no label is lost."""
    path = folder / SAMPLE_FILE
    if path.exists() and path.read_bytes() != sample.encoded():
        raise PlanError("another sample was drawn here", code="sample.drawn", file=path, hint=ARCHIVE)
    path = folder / REFERENCE_FILE
    if path.exists() and (data := path.read_bytes()) != sheet:
        told = "holds interpretations" if is_interpreted(data) else "is not the sheet of this sample"
        raise PlanError(f"{told}, and is not overwritten", code="sample.interpreted", file=path, hint=ARCHIVE)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlanError(
            f"cannot be read: {error.strerror}",
            code="frame.missing",
            file=path,
            hint="freeze a frame first: mrv sample PROJECT --n N",
        ) from error


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write everything beside first, then move it in, in order."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=".partial-", dir=folder))
    except OSError as error:
        raise disk_error(error, folder) from error
    try:
        for name, data in files.items():
            write_whole(staging / name, data)
        for name in files:
            (folder / name).parent.mkdir(exist_ok=True)
            (staging / name).replace(folder / name)
    except OSError as error:
        raise disk_error(error, folder) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
