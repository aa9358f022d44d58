"""Whole made projects: the same bytes, readable by the product, sampled and interpreted by it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
import rasterio

from mrv.activity.design import SampleSize
from mrv.cli import main
from mrv.errors import UsageError
from mrv.project import load_project
from mrv.simulate import (
    Interpreter,
    Parts,
    PlanChoices,
    PlotDesign,
    Scenario,
    forest_scenario,
    interpret,
    make_world,
    simulate,
    usual_size,
    write_project,
)

SCENARIO = Scenario(size_px=36, project_loss_permille=40)
PARTS = Parts(plots=PlotDesign(clusters=8))


@pytest.fixture(scope="module")
def world():
    return make_world(SCENARIO, 4)


@pytest.fixture(scope="module")
def written(tmp_path_factory, world):
    return write_project(world, tmp_path_factory.mktemp("made") / "p", parts=PARTS)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_two_writings_are_the_same_bytes(tmp_path, written):
    again = write_project(make_world(SCENARIO, 4), tmp_path / "q", parts=PARTS)
    first, second = contents(written.folder), contents(again.folder)
    assert {name: first[name] for name in second} == second
    other = write_project(make_world(SCENARIO, 5), tmp_path / "r", parts=PARTS)
    assert contents(other.folder)["trees.csv"] != second["trees.csv"]


def test_the_product_reads_it(written, world):
    project = load_project(written.folder)
    plan = project.plan
    assert plan.project.simulated
    assert "(simulated)" in plan.project.name
    assert (plan.project.start, plan.claim_for(None).end) == (date(2021, 1, 1), date(2022, 12, 31))
    assert plan.grid.model_dump() == world.grid_table.model_dump()
    assert set(project.inputs.files) == {
        "plots.csv", "trees.csv", "reference_level.csv", "leakage.toml", "risk_report.toml", "registry_extract.json",
    }  # fmt: skip
    assert set(plan.reference.classes.values()) == {"forest", "degraded:moderate", "non-forest"}


def test_everything_says_that_it_is_simulated(written):
    for name, data in contents(written.folder).items():
        if name.endswith((".json", ".toml", ".md", ".geojson")) and name != "settings.toml":
            assert b"imulated" in data, name


def test_rasters_lie_where_the_plan_says(written, world):
    paths = sorted((written.folder / "build").rglob("*.tif"))
    assert len(paths) == 25 * 5 + 1
    for path in paths[::17]:
        with rasterio.open(path) as source:
            assert source.crs.to_epsg() == int(world.crs.removeprefix("EPSG:"))
            assert (source.bounds.left, source.bounds.top) == world.corner
            assert source.width * source.res[0] == 10 * world.water.shape[1]


def test_truth_is_beside_and_the_product_does_not_read_it(written, world):
    value = json.loads((written.folder / "truth.json").read_text())
    assert value["seed"] == 4
    assert [entry["year"] for entry in value["years"]] == list(world.scenario.years)
    assert len(value["without_project"]) == 2
    assert "truth.json" not in load_project(written.folder).inputs.files


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "p"
    world = make_world(SCENARIO, 4)
    write_project(world, folder, parts=PARTS)
    people = (Interpreter(), Interpreter("interpreter-2"))
    drawn = interpret(folder, world, beacon="a line", size=usual_size(240), interpreters=people, double=30)
    return world, folder, drawn


def test_the_detector_finds_most_of_what_was_cleared_early(interpreted):
    world, folder, _ = interpreted
    with rasterio.open(folder / "frame_strata.tif") as source:
        strata = source.read(1)
    cleared = (world.state(2020) == 1) & (world.state(2021) == 0) & world.inside
    assert cleared.sum() > 10
    assert (strata[cleared] == 1).mean() > 0.6
    stable = (world.states[:, world.window[0], world.window[1]] == 1).all(axis=0) & world.inside
    assert (strata[stable] == 1).mean() < 0.02


def test_the_sample_is_the_products_and_its_labels_are_the_truth(interpreted):
    world, folder, drawn = interpreted
    from mrv.activity.reference import parse_reference
    from mrv.simulate.labels import label

    frame = drawn.frame
    assert frame.label_years == (2020, 2021, 2022)
    sample = parse_reference((folder / "reference.csv").read_bytes(), frame=frame, drawn=drawn.units)
    assert Counter(unit.unit.stratum for unit in sample.units) == Counter(frame.sample_sizes)
    for unit in sample.units[::9]:
        for year, told in zip(sample.years, unit.labels, strict=True):
            assert told == label(world, unit.unit.row, unit.unit.col, year)


def test_weighted_labels_are_near_the_truth(interpreted):
    """Σ A_h p_h over the design strata against the true area of loss of both years: within four standard errors."""
    world, _, drawn = interpreted
    total = variance = 0.0
    for stratum in drawn.frame.strata:
        mine = [entry.unit for entry in drawn.units if entry.unit.stratum == stratum.code]
        hits = [float(world.state(2020)[u.row, u.col] != 0 and world.state(2022)[u.row, u.col] == 0) for u in mine]
        share, n = np.mean(hits), len(hits)
        total += stratum.area_m2 * share
        variance += stratum.area_m2**2 * max(share * (1 - share), 1 / n) / n
    lost = world.inside & (world.state(2020) != 0) & (world.state(2022) == 0)
    true = int(world.areas_mm2[lost].sum()) / 1e6
    assert abs(total - true) < 4 * variance**0.5
    assert true > 5_000


def test_double_interpretations_are_written(interpreted):
    _, folder, _ = interpreted
    lines = (folder / "interpreters.csv").read_text().splitlines()
    assert lines[0] == "unit,interpreter,2020,2021,2022"
    assert len(lines) == 1 + 2 * 30


def test_a_folder_in_use_is_refused(tmp_path, world):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty") as caught:
        write_project(world, tmp_path / "p", parts=PARTS)
    assert caught.value.error_code == "simulate.folder"
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_refused(tmp_path, world):
    (tmp_path / "p").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_project(world, tmp_path / "p", parts=PARTS)


def test_plan_and_parts_agree_on_plots(tmp_path, world):
    with pytest.raises(UsageError, match="disagree on plots"):
        write_project(world, tmp_path / "p", parts=Parts(plots=None))
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("kind", ["mangrove", "forest"])
@pytest.mark.parametrize(
    "choices", [{"expert": "expert"}, {"reference": False, "plots": False, "soil": False, "programme": "ipcc-only"}], ids=str
)
def test_every_plan_is_one_the_product_takes(tmp_path, kind, choices):
    base = Scenario() if kind == "mangrove" else forest_scenario()
    world = make_world(base.with_(size_px=24, heavy_percent=30, biomass_map="plots" not in choices, radar=True), 2)
    chosen = PlanChoices(name="Somewhere", **choices)
    plots = PlotDesign(clusters=4) if chosen.plots else None
    written = write_project(world, tmp_path / "p", parts=Parts(plots=plots, claims=None, plan=chosen))
    plan = load_project(written.folder).plan
    assert plan.project.name == "Somewhere (simulated)"
    assert plan.project.kind == kind
    assert (plan.reference is None) == (not chosen.reference)
    assert plan.reference is None or plan.reference.expert == "expert"
    assert ("biomass" in {source.role for source in plan.sources}) == ("plots" not in choices)
    assert (written.folder / "build" / "radar-simulated" / "collection.json").exists()


def test_the_command_makes_a_project(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "p"), "--seed", "4", "--size", "48", "--units", "200", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated"] is True
    assert (told["scenes"], told["units"]) == (25, 200)
    assert set(told["files"]) >= {"plan.toml", "reference.csv", "frame.json"}
    assert load_project(tmp_path / "p").plan.project.kind == "mangrove"


def test_the_command_tells_a_person_and_refuses_to_overwrite(tmp_path, capsys):
    words = ["simulate", str(tmp_path / "p"), "--kind", "forest", "--size", "48", "--units", "0"]
    assert main(words) == 0
    assert "a simulated project, 25 optical scenes, no reference sample" in capsys.readouterr().out
    assert main(words) == 2
    assert "simulate.folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (("--size", "5"), "simulate.scenario", "give 12 to 420"),
        (("--size", "421"), "simulate.scenario", "give 12 to 420"),
        (("--scenes", "61"), "simulate.scenario", "give 3 to 60"),
        (("--history", "1"), "simulate.scenario", "give at least 2"),
        (("--units", "-3"), "simulate.units", "give 30 to 3600, or 0"),
        (("--units", "29"), "simulate.units", "give 30 to 3600, or 0"),
        (("--units", "901", "--size", "30"), "simulate.units", "give 30 to 900, or 0"),
    ],
)
def test_the_command_refuses_an_impossible_world(tmp_path, capsys, monkeypatch, words, code, remedy):
    monkeypatch.setattr("mrv.simulate.folder.make_world", None)  # refused before any is made
    assert main(["simulate", str(tmp_path / "p"), *words]) == 2
    err = capsys.readouterr().err
    assert f"error[{code}]: {words[0]}: " in err
    assert remedy in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), UsageError("no")], ids=repr)
def test_a_project_is_made_whole_or_not_at_all(tmp_path, world, monkeypatch, there, error):
    def interpret(folder, *_, **__):
        assert (folder / "plan.toml").exists()
        raise error

    monkeypatch.setattr("mrv.simulate.folder.make_world", lambda *_: world)
    monkeypatch.setattr("mrv.simulate.folder.interpret", interpret)
    folder = tmp_path / "p"
    if there:
        folder.mkdir()
    with pytest.raises((KeyboardInterrupt, UsageError)) as caught:
        simulate(folder, scenario=SCENARIO, seed=4, units=200, parts=PARTS)
    if isinstance(error, OSError):
        assert caught.value.error_code == "simulate.unwritable"
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])


@pytest.mark.parametrize("there", [False, True], ids=["new", "empty"])
def test_a_made_project_does_not_know_its_draft(tmp_path, world, monkeypatch, written, there):
    monkeypatch.setattr("mrv.simulate.folder.make_world", lambda *_: world)
    folder = tmp_path / "p"
    if there:
        folder.mkdir()
    made = simulate(folder, scenario=SCENARIO, seed=4, units=200, parts=PARTS)
    assert (made.folder, list(tmp_path.iterdir())) == (folder, [folder])
    found = contents(folder)
    assert not any(b".partial-" in data for data in found.values())
    assert {name.split("/")[0] for name in found} >= {"plan.toml", "build", "reference.csv", "truth.json"}
    assert not any(name.startswith(".") for name in found)
    assert found["plan.toml"] == contents(written.folder)["plan.toml"]


def test_usual_size_floors_every_stratum():
    size = usual_size(300)
    assert isinstance(size, SampleSize)
    assert (size.n, size.rule, size.floor) == (300, "neyman", 30)
    assert all(0 < share < 1 for share in size.expected.values())
    assert size.expected["tree-cover loss"] == Decimal("0.8")
