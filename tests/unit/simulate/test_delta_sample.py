"""The committed delta sample: its tables are of the world that makes its rasters, and its run is creditable."""

from __future__ import annotations

import shutil

import delta_world
import make
import pytest

from mrv.activity.frozen_frame import parse_frame
from mrv.activity.frozen_map import check_map, read_map
from mrv.attest.keys import new_key
from mrv.errors import SourceError, UsageError
from mrv.project import load_project
from mrv.simulate import truth


@pytest.fixture(scope="module")
def world():
    return delta_world.delta_world()


def test_committed_tables_are_of_this_world(world):
    delta_world.check_tables(world)


def test_a_table_of_another_world_is_refused(world, monkeypatch, tmp_path):
    shutil.copytree(delta_world.HERE, tmp_path / "delta", ignore=shutil.ignore_patterns("build", "out"))
    monkeypatch.setattr(delta_world, "HERE", tmp_path / "delta")
    delta_world.check_tables(world)
    plots = tmp_path / "delta" / "plots.csv"
    plots.write_text(plots.read_text().replace(",100,", ",101,", 1))
    with pytest.raises(SourceError) as caught:
        delta_world.check_tables(world)
    assert caught.value.error_code == "samples.delta-tables"
    assert caught.value.file.endswith("plots.csv")


@pytest.mark.parametrize("name", ["reference.csv", "frame_strata.tif", "trees.csv", "truth.json"])
def test_a_missing_file_is_refused(world, monkeypatch, tmp_path, name):
    shutil.copytree(delta_world.HERE, tmp_path / "delta", ignore=shutil.ignore_patterns("build", "out"))
    monkeypatch.setattr(delta_world, "HERE", tmp_path / "delta")
    (tmp_path / "delta" / name).unlink()
    with pytest.raises(SourceError, match=name.replace(".", r"\.")):
        delta_world.check_tables(world)


def test_the_plan_says_simulated(world):
    project = load_project(delta_world.HERE)
    assert project.plan.project.simulated
    assert project.plan.project.name.endswith("(simulated)")
    assert project.plan.claim_for(None).period == "2021-2024"
    assert len(truth(world)) == 9


def test_the_frozen_map_is_the_frames():
    frame = parse_frame((delta_world.HERE / "frame.json").read_bytes())
    strata, grid = read_map((delta_world.HERE / "frame_strata.tif").read_bytes())
    check_map(frame, strata, grid)
    assert frame.allocation.n == delta_world.UNITS


def test_building_twice_writes_once(tmp_path):
    first = make.build_delta(tmp_path / "build")
    second = make.build_delta(tmp_path / "build")
    assert (first.fresh, second.fresh) == (True, False)
    assert (first.scenes, first.files, first.size) == (second.scenes, second.files, second.size) == (72, 437, first.size)
    (tmp_path / "build" / "mine.txt").write_text("mine")
    (tmp_path / "build" / make.STAMP).unlink()
    with pytest.raises(UsageError, match="did not make"):
        make.build_delta(tmp_path / "build")


@pytest.mark.slow
def test_its_run_is_creditable_and_near_the_truth(tmp_path, world):
    from mrv.run import verify_period

    home = tmp_path / "delta"
    shutil.copytree(delta_world.HERE, home, ignore=shutil.ignore_patterns("build", "out"))
    make.build_delta(home / "build")
    project = load_project(home)
    statement = verify_period(project, period=None, signer=new_key(tmp_path / "key.pem"), out=tmp_path / "out").result.statement
    issuable = {row.year: row.issuable_t for row in statement.quantities.vintages}
    claimed = {int(year): tonnes for year, tonnes in project.plan.claim_for(None).vintages.items()}
    assert all(0 < claimed[year] <= issuable[year] for year in claimed)
    assert statement.conclusion.computed == "unmodified"
    years = [entry for entry in truth(world) if entry.year in world.scenario.project]
    drawn = {row.quantity: row for row in statement.uncertainty.drawn if row.span == "period"}
    emitted = sum(entry.emissions_kg_co2e for entry in years)
    assert abs(drawn["gross emissions"].mean_kg - emitted) < 2 * drawn["gross emissions"].hw90_kg
