"""``[method.change.version_step]``: maps of two versions through a plan, a run, the gate, a check and the report."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support import shore_world as world
from support.extent_account import altered, section_of, unnoticed
from support.extent_project import EPOCHS, extent_project
from support.forger import caught, resign
from support.run_tiny import run_tiny

from mrv.errors import PlanError, SourceError
from mrv.plan import plan_from_json

CHANGE = {"detector": "extent-epochs/1"}
STEP = {"method": "version-step/1"}
TWO = {year: "2.0" if year < 2021 else "3.0" for year in EPOCHS}
ONE = dict.fromkeys(EPOCHS, "3.0")
CLASSES = {"forest": [1], "other": [2]}
LATE = world.area_px(world.LATE)


def stepped(*, steps=True, cleaning=False, declared=None, **rules):
    """Changes to the plan."""
    change = CHANGE | ({"version_step": STEP | rules} if steps else {})
    change |= {"cleaning": {"method": "extent-cleaning/1"}} if cleaning else {}
    source = {"id": "gmw", "role": "extent", "collection": "mangrove-extent", "bands": {"extent": "extent"}, "extent": CLASSES}
    if declared is not None:
        source["extent"] = CLASSES | {"versions": {str(year): version for year, version in declared.items()}}
    return {"method.change": change, "sources": [source]}


def shifted(by):
    """The truth, but the maps of 2021 lie a few pixels further east."""
    return lambda year: np.roll(world.truth(year), by, axis=1) if year == 2021 else world.truth(year)


BY_ONE = shifted(1)


def run(folder, *, maps=BY_ONE, versions=TWO, plan):
    return run_tiny(extent_project(folder, maps=maps, versions=versions, plan=plan))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return run(tmp_path_factory.mktemp("two"), plan=stepped())


@pytest.fixture
def value(two):
    return copy.deepcopy(two.result.statement.as_json())


def losses(found):
    return {row.year: row.pixels for row in found.result.statement.activity.loss}


def integrity(found):
    return next(row for row in found.result.statement.gates if row.id == "input integrity")


# ── what it does ─────────────────────────────────────────────────────────────


def test_a_step_is_no_change_and_the_clearing_behind_it_is(two, tmp_path):
    control = run(tmp_path, versions=None, plan=stepped(steps=False))
    assert losses(control)[2021] > LATE + 15, "must-fail control: unnamed, the step reads as loss"
    assert losses(two) == {2020: world.area_px(world.ERODED) + world.area_px(world.POND), 2021: LATE}
    found = two.result.statement.activity.extents
    assert [row.year for row in found.version_steps] == [2021]
    assert found.version_steps[0].width_px == 1
    assert found.restated_pixels > 15
    assert {row.year: row.loss_pixels for row in found.as_mapped} == losses(control)


def test_the_cleaning_and_the_step_work_together(tmp_path):
    """The change of 2020 waits for its second map, which is the other version's: of the pond remains what both show."""
    both = run(tmp_path, plan=stepped(cleaning=True))
    a_column_less = world.area_px(world.POND) - (world.POND[0].stop - world.POND[0].start)
    assert losses(both) == {2020: world.area_px(world.ERODED) + a_column_less, 2021: LATE}
    assert [row.year for row in both.result.statement.activity.extents.version_steps] == [2021]


def test_maps_of_one_version_have_no_step(tmp_path):
    found = run(tmp_path, maps=world.truth, versions=ONE, plan=stepped())
    assert found.result.statement.activity.extents.version_steps == []
    assert found.result.statement.activity.extents.restated_pixels == 0
    assert integrity(found).status == "passed"
    assert "version 3.0" in integrity(found).measured
    assert losses(found)[2021] == LATE


def test_a_version_that_moves_nothing_has_a_step_of_no_width(tmp_path):
    found = run(tmp_path, maps=world.truth, plan=stepped())
    assert [row.width_px for row in found.result.statement.activity.extents.version_steps] == [0]
    assert losses(found)[2021] == LATE
    assert integrity(found).status == "passed"


def test_the_version_of_the_plan_is_as_good_as_the_items(two, tmp_path):
    found = run(tmp_path, versions=None, plan=stepped(declared=TWO))
    assert found.result.statement.activity == two.result.statement.activity
    assert [row.processing_baseline for row in found.result.statement.evidence] == [None] * len(EPOCHS)
    assert [row.version for row in found.result.statement.activity.extents.epochs] == list(TWO.values())


def test_a_step_as_wide_as_was_looked_at_fails_the_gate(two, tmp_path):
    assert integrity(two).status == "passed"
    assert "step of 2021 1 px wide" in integrity(two).measured
    wide = run(tmp_path, maps=shifted(3), plan=stepped(most_px=2))
    assert integrity(wide).status == "failed"
    assert "2 px looked at" in integrity(wide).limit


def test_findings_name_every_method_that_put_something_aside(two, tmp_path):
    both = run(tmp_path, plan=stepped(cleaning=True))
    for found, methods in ((two, "version-step/1"), (both, "version-step/1 and extent-cleaning/1")):
        told = [row.value for row in found.result.statement.findings if row.code == "extent.cleaned"]
        assert len(told) == 2
        assert all(f"counted after {methods}" in value for value in told)


def test_a_finding_says_what_remains_across_the_step(two):
    told = [row for row in two.result.statement.findings if row.code == "extent.version-step"]
    assert [row.item for row in told] == ["2020 to 2021"]
    assert "version 2.0 to 3.0" in told[0].value
    found = two.result.statement.activity.extents
    assert f"loss {found.as_mapped[-1].loss_m2} m² as the maps came" in told[0].value
    assert f"{found.as_counted[-1].loss_m2} m² counted" in told[0].value
    assert "understated" in told[0].value


# ── what is refused ──────────────────────────────────────────────────────────


REFUSED = {
    "two versions and no rule": (stepped(steps=False), TWO, "extent.versions-differ", "method.change.version_step"),
    "two versions and a cleaning alone": (
        stepped(steps=False, cleaning=True), TWO, "extent.versions-differ", "method.change.version_step"
    ),
    "two versions declared and no rule": (
        stepped(steps=False, declared=TWO), None, "extent.versions-differ", "method.change.version_step"
    ),
    "a version that nobody states": (
        stepped(), {**TWO, 2019: ""}, "extent.version-unknown", "sources.gmw.extent.versions"
    ),
    "no version at all": (stepped(), None, "extent.version-unknown", "sources.gmw.extent.versions"),
    "one unknown among known ones": (
        stepped(steps=False), {2021: "3.0"}, "extent.version-unknown", "sources.gmw.extent.versions"
    ),
    "plan and item that disagree": (
        stepped(declared={**ONE, 2018: "2.0"}), ONE, "extent.version-disagrees", "sources.gmw.extent.versions"
    ),
    "an edge too short to tell": (
        stepped(fewest_px=10_000), TWO, "extent.step-untold", "method.change.version_step.fewest_px"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_assessed_is_refused(tmp_path, name):
    plan, versions, code, field = REFUSED[name]
    with pytest.raises(SourceError) as refused:
        run(tmp_path, versions=versions, plan=plan)
    assert (refused.value.error_code, refused.value.field) == (code, field)
    assert refused.value.hint
    assert refused.value.file


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"most_px": 0}, "version_step.most_px"), ({"most_px": 9}, "version_step.most_px"),
        ({"share_percent": 0}, "version_step.share_percent"), ({"share_percent": 101}, "version_step.share_percent"),
        ({"balanced_percent": 1.5}, "version_step.balanced_percent"), ({"fewest_px": 9}, "version_step.fewest_px"),
        ({"method": "version-step/2"}, "version_step.method"), ({"width_px": 1}, "version_step.width_px"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused_by_field(value, rules, field):
    plan = value["method"]["plan"]
    plan["method"]["change"]["version_step"] |= rules
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan)
    assert refused.value.field == f"method.change.{field}"
    assert refused.value.hint


@pytest.mark.parametrize("versions", [{}, {"21": "3"}, {"2021": ""}, {"2021": " 3"}, {"2021": 3}, {"2021": "3\n4"}, "3.0"])
def test_versions_that_are_none_are_refused_by_field(value, versions):
    plan = value["method"]["plan"]
    plan["sources"][0]["extent"]["versions"] = versions
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan)
    assert refused.value.field.startswith("sources.0.extent.versions")


# ── what a check asks of it ──────────────────────────────────────────────────

GUARDED = {"version_steps.year", "version_steps.width_px", "epochs.version", "epochs.year", "as_counted.loss_pixels"}


def test_the_width_follows_from_the_rings_and_the_versions_from_the_evidence(value):
    found = unnoticed(value)
    assert not found & GUARDED
    assert "version_steps.rings.lost_pixels" in found, "what the maps alone tell: a replay's"
    assert caught(altered(value, ("version_steps", 0, "rings", 0, "lost_pixels"), 10**6))
    assert caught(altered(value, ("version_steps", 0, "rings", 0, "forest_pixels"), 10**6))


def test_a_step_cannot_be_hidden(value):
    found = value["activity"]["extents"]
    found["version_steps"] = []
    assert caught(resign(copy.deepcopy(value)))
    for row in found["epochs"]:
        row["version"] = "3.0"
    found["restated_pixels"] = found["restated_m2"] = 0
    assert caught(resign(value))


def test_a_gate_that_was_altered_is_caught(value):
    gate = next(row for row in value["gates"] if row["id"] == "input integrity")
    gate["measured"] = gate["measured"].replace("1 px", "0 px")
    assert caught(value) == "statement.gates"


def test_the_report_shows_the_rings(two, tmp_path):
    section = section_of(two, tmp_path, "as-came")
    assert "Change of version" in section
    for ring in two.result.statement.activity.extents.version_steps[0].rings:
        assert f">{ring.lost_pixels}<" in section
    assert "2.0" in section
    assert "3.0" in section
