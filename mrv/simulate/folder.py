"""Folder: a made project as ``mrv run`` takes it, its truth beside it, and a sample drawn and interpreted in it."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.errors import UsageError
from mrv.simulate.claims import Claims, claim_files
from mrv.simulate.ground import PlotDesign, plot_tables
from mrv.simulate.labels import Interpreter, interpretations
from mrv.simulate.plan_text import PlanChoices, plan_toml, project_id, settings_toml
from mrv.simulate.truth import counterfactual, mean_agb_kg_ha, truth
from mrv.simulate.world import make_world
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.activity.design import SampleSize
    from mrv.sampling import Drawn
    from mrv.simulate.scenario import Scenario
    from mrv.simulate.world import World

TRUTH_FILE = "truth.json"
FLOOR = 30
"""Units of a stratum at least, in :func:`usual_size`."""
BEACON_SOURCE = "simulated: no public beacon, a line of text chosen by the simulation"


@dataclass(frozen=True, slots=True)
class Parts:
    """What is made beside the rasters; None leaves a part out."""

    plots: PlotDesign | None = field(default_factory=PlotDesign)
    """``plots.csv`` and ``trees.csv``."""
    claims: Claims | None = field(default_factory=Claims)
    """Reference level, leakage and risk report."""
    plan: PlanChoices = field(default_factory=PlanChoices)
    """What of the plan is chosen."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written."""

    folder: Path
    """The project folder."""
    scenes: int
    """Optical scenes."""
    files: tuple[str, ...]
    """Files beside the rasters, in order."""
    units: int = 0
    """Reference units drawn and interpreted."""

    def summary(self) -> dict[str, Any]:
        """For ``--json``."""
        return {"folder": str(self.folder), "simulated": True, "scenes": self.scenes, "files": list(self.files),
                "units": self.units, "truth": str(self.folder / TRUTH_FILE)}  # fmt: skip

    def describe(self) -> str:
        """For a person."""
        sample = f"{self.units} reference units drawn and interpreted from the truth" if self.units else "no reference sample"
        return "\n".join([
            f"{self.folder}: a simulated project, {self.scenes} optical scenes, {sample}",
            *(f"  {name}" for name in self.files),
            f"  {TRUTH_FILE} (what is true; nothing reads it)",
            f"next: mrv run {self.folder} --key file:KEY.pem",
        ])  # fmt: skip


def simulate(folder: Path, *, scenario: Scenario, seed: int, units: int = 0, parts: Parts | None = None) -> Written:
    """Make a world and write its project, with an interpreted sample: the whole of ``mrv simulate``; all of it, or nothing.

    Args:
        folder: An empty folder, or one to make.
        scenario: What kind of world.
        seed: Its seed.
        units: Reference units to draw and interpret; 0 leaves the sample to the reader.
        parts: What is made beside the rasters.

    Raises:
        UsageError: ``simulate.units``, ``simulate.folder``, ``simulate.unwritable``; and what :func:`write_project` and
            :func:`interpret` raise.
    """
    if units and not FLOOR <= units <= scenario.size_px**2:
        raise UsageError(
            f"{units} units are no sample of {scenario.size_px**2} pixels", code="simulate.units", field="units",
            hint=f"give {FLOOR} to {scenario.size_px**2}, or 0 for no sample",
        )  # fmt: skip
    _check_empty(folder)
    world = make_world(scenario, seed)
    with _drafted(folder) as draft:
        written = replace(write_project(world, draft, parts=parts), folder=folder)
        if not units:
            return written
        drawn = interpret(draft, world, beacon=f"simulated beacon of seed {seed}", size=usual_size(units))
        shutil.rmtree(draft / ".cache")  # what it fetched is kept under the draft's name, which no run will ask for
    names = ("frame.json", "frame_strata.tif", "sample.json", "reference.csv")
    return replace(written, files=(*written.files, *names), units=len(drawn.units))


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("is not empty", code="simulate.folder", file=folder, hint="name a folder that is new or empty")


@contextmanager
def _drafted(folder: Path) -> Iterator[Path]:
    """A folder to write a project in, beside ``folder``, that takes its place at the end; gone, whatever happens before."""
    there = folder.exists()  # somebody may be in it, or it may be a link: it is filled then, the plan last
    try:
        place = folder if there else folder.absolute().parent
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=place, ignore_cleanup_errors=True) as partial:
            draft = Path(partial) / folder.absolute().name
            yield draft
            if there:
                for path in sorted(draft.iterdir(), key=lambda path: path.name == "plan.toml"):
                    path.rename(folder / path.name)
            else:
                draft.rename(folder)
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror or error}", code="simulate.unwritable", file=folder,
            hint="name a folder that you may write and that has room; nothing was left of this one",
        ) from error  # fmt: skip


def write_project(world: World, folder: Path, *, parts: Parts | None = None) -> Written:
    """Write a project folder that ``mrv run`` takes.

    Args:
        world: The world.
        folder: An empty folder, or one to make.
        parts: What is made beside the rasters.

    Raises:
        UsageError: The folder holds something, or the world is too small for the plots.
    """
    from mrv.simulate.rasters import write_rasters

    _check_empty(folder)
    files = project_files(world, parts or Parts())
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    scenes = write_rasters(world, folder / "build")
    (folder / TRUTH_FILE).write_bytes(truth_json(world))
    return Written(folder, scenes, tuple(files))


def project_files(world: World, parts: Parts) -> dict[str, bytes]:
    """Everything of a project folder but its rasters and its truth, by path.

    Args:
        world: The world.
        parts: What is made.
    """
    choices = parts.plan
    if choices.plots != (parts.plots is not None):
        raise UsageError(
            "the plan and the parts disagree on plots", code="simulate.parts", field="plots", hint="set both, or neither"
        )
    files = {
        "plan.toml": plan_toml(world, choices).encode(),
        "settings.toml": settings_toml(choices).encode(),
        "boundary.geojson": world.boundary.data,
    }
    if parts.plots is not None:
        files["plots.csv"], files["trees.csv"] = plot_tables(world, parts.plots)
    if parts.claims is not None:
        files |= claim_files(world, parts.claims, project=project_id(world, choices))
    return files


def truth_json(world: World) -> bytes:
    """``truth.json``: what the product never reads."""
    without = {entry.year: entry for entry in truth(counterfactual(world))}
    before = world.scenario.start.year - 1
    value = {
        "schema": "mrv.truth/1",
        "note": "simulated; not an input: nothing of the product reads it",
        "seed": world.seed,
        "scenario": asdict(world.scenario),
        "project_years": list(world.scenario.project),
        "mean_agb_kg_ha": {str(year): decimal_str(mean_agb_kg_ha(world, year), places=3)
                           for year in (before, *world.scenario.project)},
        "years": [entry.as_json() for entry in truth(world)],
        "without_project": [without[year].as_json() for year in world.scenario.project],
    }  # fmt: skip
    return (json.dumps(value, indent=1) + "\n").encode()


def interpret(
    folder: Path,
    world: World,
    *,
    beacon: str,
    size: SampleSize | None = None,
    interpreters: Sequence[Interpreter] = (Interpreter(),),
    double: int = 0,
) -> Drawn:
    """Freeze a frame on the detector's map of a project, draw from it, and interpret the units from the truth.

    Args:
        folder: A folder that :func:`write_project` wrote.
        world: Its world.
        beacon: The public value, here any line of text.
        size: How many units, and how they are shared; default, :func:`usual_size`.
        interpreters: Who reads; the first one's labels are the reference.
        double: Units that every interpreter reads, into ``interpreters.csv``; 0 writes none.

    Raises:
        MRVError: What the product refuses.
    """
    from mrv.project import load_project
    from mrv.sampling import draw_sample, freeze

    project = load_project(folder)
    claim = project.plan.claim_for(None)
    freeze(project, claim, size=size or usual_size(400))
    published = world.scenario.end + timedelta(days=30)
    drawn = draw_sample(
        project, beacon=beacon, beacon_source=BEACON_SOURCE, committed_at=published, beacon_at=published + timedelta(days=1)
    )
    (folder / "reference.csv").write_bytes(_filled(folder / "reference.csv", world, drawn, interpreters[0]))
    if double:
        chosen = {entry.unit.id: (entry.unit.row, entry.unit.col) for entry in drawn.units[:double]}
        (folder / "interpreters.csv").write_bytes(interpretations(world, chosen, interpreters, drawn.frame.label_years))
    return drawn


def usual_size(units: int) -> SampleSize:
    """Neyman's allocation for loss, at least :data:`FLOOR` units a stratum, by what such maps usually miss.

    Args:
        units: Units in all.
    """
    from mrv.activity.confidence_strata import CONFIDENCE_STRATA
    from mrv.activity.design import SampleSize
    from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOW, NON_FOREST, STRATA

    stable = {BUFFER: "0.1", FOREST: "0.02", NON_FOREST: "0.02"}
    shares = {CONFIDENCE_STRATA[code]: p for code, p in {LOSS: "0.9", LOW: "0.5", GAIN: "0.1", **stable}.items()}
    shares |= {STRATA[code]: p for code, p in {LOSS: "0.8", **stable}.items()}
    return SampleSize(n=units, rule="neyman", floor=FLOOR, expected={name: Decimal(p) for name, p in shares.items()})


def _filled(sheet: Path, world: World, drawn: Drawn, person: Interpreter) -> bytes:
    """The empty sheet, with a label in every year."""
    years = drawn.frame.label_years
    reader = csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8"), newline=""))
    columns = list(reader.fieldnames or ())
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in reader:
        labels = person.read(world, int(row["row"]), int(row["col"]), years)
        told = {str(year): text for year, text in zip(years, labels, strict=True)}
        writer.writerow(row | told | {"interpreter": person.name, "confidence": "high", "note": "simulated"})
    return out.getvalue().encode()
