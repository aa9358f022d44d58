"""The verbs on a project of extent maps that are cleaned, of two versions, and whose change is told apart by kind."""

from __future__ import annotations

import json

import pytest
from support import shore_world as world
from support.extent_project import EPOCHS, extent_project

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")

TABLES = {
    "cleaning": {"method": "extent-cleaning/1"},
    "version_step": {"method": "version-step/1"},
    "kinds": {"method": "change-kinds/1", "water": "border"},
}
PLAN = {"method.change": {"detector": "extent-epochs/1", **TABLES}}
VERSIONS = {year: "2.0" if year < 2019 else "3.0" for year in EPOCHS}


@pytest.fixture
def run(tmp_path, keys, mrv):
    """``(output folder, trust list)``."""
    tiny = extent_project(tmp_path, maps=world.noisy, plan=PLAN, versions=VERSIONS)
    status, _, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert status == 0, err
    return tmp_path / "out", keys[1]


def test_it_runs_checks_and_replays(run, mrv):
    out, trust = run
    words = ("check", out / "attestation.json", "--trust", trust, "--no-asset", "--evidence", out / "evidence", "--json")
    status, answer, _ = mrv(*words)
    assert (status, [c for c in json.loads(answer)["checks"] if c["status"] == "fails"]) == (0, [])
    status, answer, _ = mrv("replay", out / "attestation.json", "--store", out / "evidence", "--json")
    assert (status, json.loads(answer)["differences"]) == (0, [])
    html = (out / "report.html").read_text()
    assert all(f'id="{name}"' in html for name in ("as-came", "kinds"))


def test_a_replay_finds_what_no_table_contradicts(run, mrv):
    out, _ = run
    document = json.loads((out / "attestation.json").read_text())
    document["credentialSubject"]["statement"]["activity"]["extents"]["as_mapped"][0]["loss_pixels"] += 1
    (out / "forged.json").write_text(json.dumps(document))
    status, answer, _ = mrv("replay", out / "forged.json", "--store", out / "evidence", "--json")
    assert status == 1
    differing = json.loads(answer)["differences"]
    assert len(differing) == 1
    assert "activity.extents.as_mapped[0].loss_pixels" in differing[0]


def test_a_rule_out_of_range_is_refused_by_field(tmp_path, keys, mrv):
    change = {**PLAN["method.change"], "cleaning": {"method": "extent-cleaning/1", "persist": 0}}
    tiny = extent_project(tmp_path, maps=world.noisy, plan={"method.change": change})
    status, _, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert status == 2
    assert "method.change.cleaning.persist" in err
    assert not (tmp_path / "out" / "attestation.json").exists()


def test_explain_knows_that_versions_are_compared(tmp_path, mrv):
    tiny = extent_project(tmp_path, maps=world.noisy, plan=PLAN, versions=VERSIONS)
    status, told, _ = mrv("explain", tiny.folder, "--json")
    assert status == 0
    assert "input integrity" not in json.loads(told)["gates"]
