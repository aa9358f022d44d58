"""The delta sample: one simulated world, and the tables of its project folder that are committed.

``python data-samples/delta_world.py`` writes those tables again, draws the reference sample anew and interprets it; run it
only when the world itself changes.  ``make.py delta`` builds the rasters, and refuses where tables and world disagree.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from mrv.errors import SourceError
from mrv.simulate import Claims, Parts, PlanChoices, PlotDesign, Scenario, World, interpret, make_world
from mrv.simulate.folder import project_files, truth_json, usual_size, write_project

HERE = Path(__file__).resolve().parent / "delta"
MODULES = (
    "delta_world.py",
    *(f"../mrv/simulate/{path.name}" for path in sorted((HERE.parents[1] / "mrv" / "simulate").glob("*.py"))),
)
"""What decides every byte of the rasters, from the folder of samples."""
SEED = 2024
SCENARIO = Scenario(
    kind="mangrove", size_px=100, first_year=2016, history_years=5, project_years=4, scenes_per_year=8, forest_percent=65,
    agb_mg_ha=160, history_loss_permille=45, project_loss_permille=6, degradation_permille=3, gain_permille=30,
    regrowth_percent=20,
)  # fmt: skip
PARTS = Parts(
    plots=PlotDesign(clusters=32, plots_per_cluster=4),
    claims=Claims(unit="t CO2e", se_percent=5, leakage_percent=5),
    plan=PlanChoices(
        id="mto-mpya-delta", name="Mto Mpya delta mangrove conservation and restoration (simulated)", store="build/store",
        claimed_t=(740, 700, 720, 770),
    ),
)  # fmt: skip
BEACON = "simulated beacon: mto mpya 2025-02-01"
UNITS = 900
SAMPLED = ("frame.json", "frame_strata.tif", "reference.csv", "sample.json")
"""Files that the draw made: they are frozen, and no other run may make them anew."""


def delta_world() -> World:
    """The world."""
    return make_world(SCENARIO, SEED)


def check_tables(world: World) -> None:
    """Hold the committed tables against the world.

    Raises:
        SourceError: A table is absent or is not of this world.
    """
    for name, data in {**project_files(world, PARTS), "truth.json": truth_json(world)}.items():
        path = HERE / name
        if not path.is_file() or path.read_bytes() != data:
            raise SourceError(
                "is not of the world that makes the rasters", code="samples.delta-tables", file=path,
                hint="restore it, or write all tables and the sample again: python data-samples/delta_world.py",
            )  # fmt: skip
    if absent := [name for name in SAMPLED if not (HERE / name).is_file()]:
        raise SourceError("is missing", code="samples.delta-tables", file=HERE / absent[0], hint="restore it")


def write_tables() -> None:
    """Write every committed file of the sample."""
    world = delta_world()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "delta"
        write_project(world, folder, parts=PARTS)
        interpret(folder, world, beacon=BEACON, size=usual_size(UNITS))
        HERE.mkdir(exist_ok=True)
        for name in (*project_files(world, PARTS), "truth.json", *SAMPLED):
            (HERE / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / name, HERE / name)
            print(HERE.name, name, (HERE / name).stat().st_size)


if __name__ == "__main__":
    sys.exit(write_tables())
