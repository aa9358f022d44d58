"""Every typed finding: there for its reason, and not without it."""

from __future__ import annotations

import copy

import pytest

from mrv.rules.findings import findings
from mrv.statement import parse_statement


@pytest.fixture
def full(full_result):
    return copy.deepcopy(full_result.result.statement.as_json())


def codes(value):
    return [row.code for row in findings(parse_statement(value))]


def told(value, code):
    return [(row.item, row.value) for row in findings(parse_statement(value)) if row.code == code]


def test_they_are_those_of_the_statement(full):
    assert [row.model_dump() for row in findings(parse_statement(full))] == full["findings"]


def test_a_factor_that_was_not_checked_and_one_the_plan_overrides(full):
    unchecked = {row["id"] for row in full["factors"] if not row["verified"]}
    assert {item for item, _ in told(full, "factor.unverified")} == unchecked
    assert not told(full, "factor.overridden")
    full["factors"][1].update(overridden=True, value="0.3")
    assert told(full, "factor.overridden") == [(full["factors"][1]["id"], "0.3")]
    assert full["factors"][1]["id"] not in {item for item, _ in told(full, "factor.unverified")}


def test_a_pool_left_out_says_on_which_side_it_errs(full):
    assert [item for item, _ in told(full, "pool.omitted")] == ["dead wood", "litter", "soil organic carbon"]
    full["method"]["plan"]["pools"].append({"pool": "litter", "method": "factor"})
    assert [item for item, _ in told(full, "pool.omitted")] == ["dead wood", "soil organic carbon"]
    assert "understated" in dict(told(full, "pool.omitted"))["dead wood"]


def test_degradation_without_a_factor_is_an_omitted_source_with_its_direction(full):
    ((item, value),) = told(full, "degradation.omitted")
    assert item == "moderate"
    assert value == "278 m² degraded, no factor, so left out: project emissions understated, net benefit overstated"
    full["method"]["plan"]["factors"]["degradation"] = {"moderate": "x"}
    assert not told(full, "degradation.omitted")


def test_scenes_left_out_and_scenes_that_contradict_their_offset(full):
    assert [item for item, _ in told(full, "scene.index-step")] == ["S2_TINY_20200820"]
    assert not told(full, "scene.offset")
    full["evidence"][0].update(offset_check="failed", dark_dn=1500)
    assert told(full, "scene.offset") == [(full["evidence"][0]["id"], "offset 0 DN, dark vegetation at 1500 DN")]


def test_an_offset_that_the_plan_declares_is_told_with_its_reason(full):
    assert not told(full, "radiometry.declared")
    full["evidence"][0]["offset_rule"] = "declared"
    full["method"]["plan"]["sources"][0]["radiometry"]["reason"] = "the archive says so"
    assert told(full, "radiometry.declared") == [("1 scenes without a processing baseline", "the archive says so")]


def test_a_late_layer_of_tree_cover(full):
    layer = next(scene for scene in full["evidence"] if scene["status"] == "layer")
    assert not told(full, "tree-cover.late")
    layer["date"] = "2020-01-02"
    assert [item for item, _ in told(full, "tree-cover.late")] == [layer["id"]]


def test_extent_maps_after_the_start_are_no_late_layers_of_tree_cover(full):
    """Every epoch of the period is a layer dated after the project's start: that is what it is for."""
    for source in full["method"]["plan"]["sources"]:
        source["role"] = "extent"
    for scene in full["evidence"]:
        scene["status"] = "layer"
    assert not told(full, "tree-cover.late")


@pytest.mark.parametrize(("field", "code"), [("undated_pixels", "activity.dating"), ("weak_pixels", "activity.weak")])
def test_loss_whose_year_or_whose_confidence_is_in_doubt(full, field, code):
    assert not told(full, code)
    full["activity"]["loss"][0][field] = 3
    assert [item for item, _ in told(full, code)] == ["3 of 25 pixels of 2020"]


def test_forest_nobody_could_monitor(full):
    full["observation"]["unmonitored_px"] = 4
    assert told(full, "change.unmonitored") == [("4 pixels", "history too short; counted as stable forest")]


def test_units_without_labels(full):
    assert not told(full, "sample.non-response")
    row = full["activity"]["sample"]["strata"][1]
    row["responded"] -= 2
    assert told(full, "sample.non-response") == [(row["stratum"], f"2 of {row['drawn']} units: refuse")]


def test_rare_omission_in_the_largest_stratum(full):
    """Fewer than five units of loss in it: there Wald's interval covers far less than it says."""
    assert [item for item, _ in told(full, "sample.rare-omission")] == ["stable forest"]
    for row in full["activity"]["estimates"]:
        if row["activity"] == "loss":
            row["hits"][2] = 3
    assert not told(full, "sample.rare-omission")


def test_plots_that_were_chosen(full):
    assert not told(full, "plots.purposive")
    full["biomass"]["label"] = "model-based"
    assert told(full, "plots.purposive") == [("plots.csv", "chosen, not drawn: the estimate is model-based")]


def test_remarks_of_the_plots_come_through(full):
    full["biomass"]["findings"] = [{"code": "plots.x", "item": "p1", "value": "odd"}]
    assert told(full, "plots.x") == [("p1", "odd")]
    full["biomass"] = None
    assert not told(full, "plots.x")


def test_a_made_world_says_so(full):
    assert codes(full)[-1] == "project.simulated"
    full["project"]["simulated"] = False
    assert not told(full, "project.simulated")


def test_interpreters_whose_errors_are_in_the_number(full):
    assert told(full, "sample.interpreters")
    full["activity"]["sample"]["gold"] = {"expert": "e", "classes": [], "counts": []}
    assert not told(full, "sample.interpreters")
