from __future__ import annotations

import copy

import pytest

from mrv.gates import GATES, conclude, evaluate
from mrv.statement import check_statement, parse_statement


@pytest.fixture
def value(tiny_result):
    return copy.deepcopy(tiny_result.result.statement.as_json())


def gate(value, name):
    (found,) = [row for row in evaluate(parse_statement(value)) if row.id == name]
    return found


def test_each_gate_is_there_once(value):
    names = [row["id"] for row in value["gates"]]
    assert names == [
        "continuity", "dual evidence", "input integrity", "plausibility", "claim", "uncertainty", "permanence", "buffer",
        "authorisation",
    ]  # fmt: skip
    assert len(GATES) == len(names)


def test_the_tiny_project(value):
    status = {row["id"]: row["status"] for row in value["gates"]}
    assert status["continuity"] == status["input integrity"] == status["plausibility"] == "passed"
    assert status["dual evidence"] == "failed"
    assert status["claim"] == "failed"  # seven tonnes claimed, none issuable
    assert {status[name] for name in ("uncertainty", "permanence", "buffer", "authorisation")} == {"not assessed"}


@pytest.mark.parametrize(
    ("record", "gap", "minimum", "status"),
    [
        (1095, 300, 3, "passed"), (1094, 300, 3, "failed"), (1095, 301, 3, "failed"), (1095, 300, 1, "passed"),
        (1094, 300, 1, "failed"), (1095, 300, 4, "failed"), (1461, 300, 4, "passed"), (0, 0, 3, "failed"),
    ],
)  # fmt: skip
def test_continuity(value, record, gap, minimum, status):
    value["observation"].update(record_days=record, longest_gap_days=gap)
    value["method"]["plan"]["method"]["observation"].update(min_record_years=minimum, max_gap_days=300)
    assert gate(value, "continuity").status == status


def test_dual_evidence_never_passes_here(value):
    assert gate(value, "dual evidence").status == "failed"
    value["absent"] = [row for row in value["absent"] if row["input"] != "plots"]
    assert gate(value, "dual evidence").status == "failed"
    value["absent"] = []
    assert gate(value, "dual evidence").status == "not assessed"


@pytest.mark.parametrize(
    ("check", "scene_status", "status"),
    [
        ("failed", "used", "failed"), ("failed", "history", "failed"), ("not assessed", "used", "not assessed"),
        ("failed", "too cloudy", "passed"), ("not assessed", "off season", "passed"), ("failed", "index step", "passed"),
    ],
)  # fmt: skip
def test_input_integrity_reads_the_scenes_used(value, check, scene_status, status):
    value["evidence"][0].update(offset_check=check, status=scene_status)
    assert gate(value, "input integrity").status == status


def test_input_integrity_of_nothing_is_not_passed(value):
    for scene in value["evidence"]:
        scene["status"] = "too cloudy"
    assert gate(value, "input integrity").status == "not assessed"


@pytest.mark.parametrize(("kg", "status"), [(0, "passed"), (40_000, "passed"), (40_001, "failed"), (-40_001, "failed")])
def test_plausibility_has_a_ceiling_of_gross_tonnes(value, kg, status):
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "20"
    value["project"]["area_m2"] = 20_000
    (vintage,) = value["quantities"]["vintages"]
    vintage["project_kg"] = value["quantities"]["period_project_kg"] = kg
    assert gate(value, "plausibility").status == status


def test_plausibility_of_emissions_from_no_area_is_not_passed(value):
    value["project"]["area_m2"] = 0
    assert value["quantities"]["period_project_kg"] > 0
    assert gate(value, "plausibility").status != "passed"


def test_a_stock_entered_as_a_yearly_change_is_caught(value):
    """The published mangrove example: a mature stock, every year, on the whole area."""
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "40"
    stock = sum(row["kg_co2e"] for row in value["growth"] if row["year"] == 2021)
    (vintage,) = value["quantities"]["vintages"]
    vintage["project_kg"] = value["quantities"]["period_project_kg"] = stock
    assert gate(value, "plausibility").status == "failed"


def test_a_pool_twice_is_caught(value):
    value["stocks"].append(dict(value["stocks"][0]))
    found = gate(value, "plausibility")
    assert found.status == "failed"
    assert "a pool twice" in found.measured


def test_years_that_do_not_add_up_are_caught(value):
    value["quantities"]["period_project_kg"] += 1
    assert gate(value, "plausibility").status == "failed"


@pytest.mark.parametrize(
    ("claimed", "issuable", "status"), [(0, 0, "passed"), (1, 0, "failed"), (100, 100, "passed"), (101, 100, "failed")]
)
def test_a_claim_has_no_tolerance(value, claimed, issuable, status):
    value["claim"]["vintages"] = [{"year": 2021, "t_co2e": claimed}]
    value["quantities"]["issuable_t"] = issuable
    assert gate(value, "claim").status == status


def test_a_claim_adds_its_vintages_up(value):
    value["claim"]["vintages"] = [{"year": 2020, "t_co2e": 60}, {"year": 2021, "t_co2e": 60}]
    value["quantities"]["issuable_t"] = 100
    assert gate(value, "claim").status == "failed"


def test_article_6_without_an_extract_is_not_passed(value):
    value["claim"]["article6"] = "authorised"
    assert gate(value, "authorisation").status in {"not assessed", "failed"}


def test_not_assessed_never_becomes_passed(value):
    """Whatever else the statement says, absent inputs leave their gates unassessed."""
    for change in ({"absent": []}, {"findings": []}, {"not_verified": []}):
        for name in ("uncertainty", "permanence", "buffer", "authorisation"):
            assert gate({**value, **change}, name).status == "not assessed"


@pytest.mark.parametrize("index", range(9))
@pytest.mark.parametrize("status", ["passed", "failed", "not assessed"])
def test_a_gate_that_was_altered_is_noticed(value, index, status):
    if value["gates"][index]["status"] == status:
        pytest.skip("as it is")
    value["gates"][index]["status"] = status
    assert "statement.gates" in [check.code for check in check_statement(value) if check.status == "fails"]


@pytest.mark.parametrize("field", ["measured", "limit", "id"])
def test_the_words_of_a_gate_are_guarded(value, field):
    value["gates"][0][field] += " "
    assert "statement.gates" in [check.code for check in check_statement(value) if check.status == "fails"]


def test_a_mapped_area_gives_a_disclaimer_whatever_the_gates_say(value):
    for row in value["gates"]:
        row["status"] = "passed"
    value["absent"] = []
    found = conclude(parse_statement(value))
    assert found.computed == "disclaimer"
    assert "mapped" in found.basis[0]


def test_every_failed_gate_and_absent_input_is_a_basis(value):
    basis = "\n".join(value["conclusion"]["basis"])
    for row in value["gates"]:
        assert (f"gate {row['id']} failed" in basis) == (row["status"] == "failed")
    for row in value["absent"]:
        assert f"{row['input']} absent" in basis


@pytest.mark.parametrize("computed", ["unmodified", "qualified", "adverse"])
def test_another_conclusion_is_noticed(value, computed):
    value["conclusion"]["computed"] = computed
    failing = [check.code for check in check_statement(value) if check.status == "fails"]
    assert failing == ["statement.conclusion"]


def test_steps_of_the_whole_forest_in_a_row_fail_input_integrity(value):
    """One hazy scene is left out; three in a row would be the loss of the whole forest, hidden by leaving them out."""
    limit = value["method"]["plan"]["method"]["change"]["consecutive"]
    used = [scene for scene in value["evidence"] if scene["status"] == "used"]
    for scene in used[1 - limit :]:
        scene["status"] = "index step"
    assert gate(value, "input integrity").status == "passed"
    used[-limit]["status"] = "index step"
    assert gate(value, "input integrity").status == "failed"
