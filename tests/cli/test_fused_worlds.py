"""A made world seen by optical and radar, by radar alone and by optical alone: run, check, replay, and the truth."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pytest
import rasterio
from support.answers import failed

from mrv.activity.strata import LOSS
from mrv.kernels.morphology import dilate
from mrv.simulate import Parts, PlanChoices, forest_scenario, make_world, write_project
from mrv.simulate.backscatter import SENTINEL_1_SPECKLE_PERCENT
from mrv.simulate.world import OTHER

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")

SENSORS = {"optical+radar": ("optical", "radar"), "radar": ("radar",), "optical": ("optical",)}
SCENARIO = forest_scenario().with_(
    size_px=40, project_loss_permille=60, cloud_percent=40, missed_cloud_percent=10, scenes_per_year=8, radar=True,
    speckle_percent=SENTINEL_1_SPECKLE_PERCENT,
)  # fmt: skip
DETECTED = 0.85
"""Least share of the loss that is mapped."""
FALSE_NEAR, FALSE_FAR = 0.12, 0.02
"""Most share of the mapped pixels that are no loss: beside one, where a radar pixel shows its neighbours' mean (window of
3 pixels), and anywhere else."""


@pytest.fixture(scope="module")
def world():
    return make_world(SCENARIO, 5)


@pytest.fixture(scope="module")
def lost(world):
    """Loss of the project's years inside it, whatever its size and however late."""
    found = np.zeros(world.inside.shape, bool)
    for year in world.scenario.project:
        found |= (world.state(year - 1) != OTHER) & (world.state(year) == OTHER)
    return found & world.inside


@pytest.mark.parametrize("name", SENSORS)
def test_run_check_replay_and_the_truth(name, world, lost, attested, tmp_path):
    choices = PlanChoices(reference=False, plots=False, soil=False, evidence=SENSORS[name])
    folder = tmp_path / "world"
    write_project(world, folder, parts=Parts(plots=None, claims=None, plan=choices))
    attestation, evidence = attested(folder)
    report = (tmp_path / "out" / "report.html").read_text()
    assert "probability of forest" in report
    assert ("Radar backscatter" in report) == (name == "radar")
    _compare(_maps(attestation, evidence), lost, world)


def _maps(attestation, evidence):
    rows = json.loads(attestation.read_text())["credentialSubject"]["materials"]
    found = {}
    for row in rows:
        if row["role"] == "map":
            with rasterio.open(evidence / row["path"]) as raster:
                found[row["band"]] = raster.read(1)
    return found


def _compare(maps, lost, world):
    """The attested maps against the truth: how much was found, how much is false and where, and how soon."""
    mapped = maps["stratum"] == LOSS
    hit, false = int((mapped & lost).sum()), mapped & ~lost
    far = int((false & ~dilate(lost, 1)).sum())
    assert hit >= DETECTED * lost.sum(), f"{hit} of {lost.sum()} pixels of loss"
    assert far <= FALSE_FAR * mapped.sum(), f"{far} of {mapped.sum()} mapped pixels lie away from any loss"
    assert false.sum() <= FALSE_NEAR * mapped.sum(), f"{false.sum()} of {mapped.sum()} mapped pixels are false"
    late = (maps["break_day"] - world.lost_day[world.window])[mapped & lost]
    assert np.median(late) >= 0
    assert np.median(late) <= 60
    assert (maps["confirmed_day"] >= maps["break_day"])[mapped].all()


def test_the_verb_makes_such_a_world(mrv, tmp_path):
    folder = tmp_path / "made"
    words = ("--kind", "forest", "--size", "24", "--units", "0", "--json")
    status, out, err = mrv("simulate", folder, "--evidence", "optical+radar", *words)
    assert status == 0, err
    plan = tomllib.loads((folder / "plan.toml").read_text())
    assert [entry["index"] for entry in plan["method"]["change"]["evidence"]] == ["ndvi", "vv"]
    assert json.loads((folder / "truth.json").read_text())["scenario"]["speckle_percent"] == SENTINEL_1_SPECKLE_PERCENT
    status, out, _ = mrv("explain", folder, "--json")
    assert status == 0
    assert json.loads(out)["scenes"]["radar"] > 100
    with pytest.raises(SystemExit):
        mrv("simulate", tmp_path / "other", "--evidence", "sonar")


def test_a_changed_echo_is_noticed(world, keys, mrv, tmp_path):
    choices = PlanChoices(reference=False, plots=False, soil=False, evidence=("radar",))
    write_project(world, tmp_path / "world", parts=Parts(plots=None, claims=None, plan=choices))
    key, trust = keys
    assert mrv("run", tmp_path / "world", "--key", key, "--out", tmp_path / "out")[0] == 0
    for path in sorted((tmp_path / "out" / "evidence" / "pixels").glob("*/*.tif")):
        with rasterio.open(path, "r+") as raster:
            pixels = raster.read(1)
            if pixels.dtype != np.float32:
                continue
            pixels[5, 5] = np.nextafter(pixels[5, 5], np.float32(1))
            raster.write(pixels, 1)
        break
    evidence = tmp_path / "out" / "evidence"
    status, out, _ = mrv("check", tmp_path / "out" / "attestation.json", "--trust", trust, "--no-asset", "--evidence", evidence,
                         "--json")  # fmt: skip
    assert status == 1
    assert failed(out)
