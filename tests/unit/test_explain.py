"""What a dry run says of the gates, held against what the run then concludes."""

from __future__ import annotations

from datetime import date

import pytest
from support.extent_project import extent_project
from support.full_project import extract_json, full_project, level_csv, risk_toml
from support.run_tiny import run_tiny

from mrv.accounts.claimed import read_claimed
from mrv.errors import PlanError
from mrv.explain import explain, gates
from mrv.inputs import Inputs

DAYS = [date(year, month, 1) for year in (2018, 2019, 2020) for month in (1, 6, 11)] + [date(2021, 6, 1)]


@pytest.fixture(scope="module")
def full(full_result):
    """``(plan, claim, inputs)`` of the project that gives everything."""
    project = full_result.project
    return project.plan, project.plan.claim_for(None), project.inputs


def told(full, *, files=None, plan=None, claim=None, days=DAYS):
    """Gates with some tables replaced (None removes)."""
    given = {**full[2].files, **(files or {})}
    inputs = Inputs({name: data for name, data in given.items() if data is not None})
    chosen, asked = plan or full[0], claim or full[1]
    claimed = read_claimed(chosen, asked, inputs)
    return gates(chosen, asked, days, given=list(inputs.files), claimed=claimed)


def test_nothing_is_told_where_everything_is_given(full):
    assert told(full) == {}


@pytest.mark.parametrize(
    ("file", "gate", "words"),
    [
        ("plots.csv", "dual evidence", "no plots"),
        ("reference.csv", "dual evidence", "no reference sample"),
        ("reference.csv", "uncertainty", "not assessed"),
        ("reference.csv", "claim", "without reference sample"),
        ("reference_level.csv", "claim", "without reference level"),
        ("reference_level.csv", "permanence", "not assessed"),
        ("leakage.toml", "claim", "without leakage"),
        ("risk_report.toml", "claim", "without risk report"),
        ("risk_report.toml", "buffer", "not assessed"),
        ("risk_report.toml", "permanence", "not assessed"),
        ("registry_extract.json", "authorisation", "not assessed"),
    ],
)
def test_a_missing_table_is_told_at_its_gate(full, file, gate, words):
    assert words in told(full, files={file: None})[gate]


def test_a_buffer_below_the_rating_fails(full):
    assert told(full, files={"risk_report.toml": risk_toml(buffer="11")}) == {"buffer": "fails: buffer 11 %, risk rating 12 %"}


def test_article_6_without_a_letter_and_a_label_without_ground_fail(full):
    wanted = full[1].model_copy(update={"article6": "authorised"})
    assert "no authorisation" in told(full, claim=wanted)["authorisation"]
    label = {"claimed": True, "methods": ["other"], "document": "sha256:" + "0" * 64}
    assert "not on the list" in told(full, files={"registry_extract.json": extract_json(ccp=label)})["authorisation"]
    other = extract_json(project="another")
    assert "project another" in told(full, files={"registry_extract.json": other})["authorisation"]


def test_a_programme_that_credits_nothing_fails_any_claim(full):
    plan = full[0].model_copy(update={"programme": full[0].programme.model_copy(update={"id": "ipcc-only"})})
    assert told(full, plan=plan) == {"claim": "fails: 40 t claimed, 0 issuable under ipcc-only"}
    nothing = full[1].model_copy(update={"vintages": {"2020": 0, "2021": 0}})
    assert told(full, plan=plan, claim=nothing) == {}


def test_purposive_plots_fail_dual_evidence(full):
    plan = full[0].model_copy(update={"biomass": full[0].biomass.model_copy(update={"design": "purposive"})})
    assert told(full, plan=plan) == {"dual evidence": "fails: the plots are no probability sample"}


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (DAYS[4:], "fails: record"),
        ([DAYS[0], DAYS[-1]], "longest gap"),
        (DAYS[:-1], "refused: no scene in 2021"),
        ([], "refused: no scene in 2021"),
    ],
)
def test_a_short_record_or_a_gap_is_told(full, days, words):
    assert words in told(full, days=days)["continuity"]


def test_a_year_without_its_reference_level_refuses_the_dry_run(full):
    short = level_csv().decode().replace("2021,", "2030,").encode()
    with pytest.raises(PlanError) as caught:
        told(full, files={"reference_level.csv": short})
    assert caught.value.error_code == "reference-level.year-missing"


def test_what_is_told_before_is_what_the_run_concludes(full_result):
    """No gate that the dry run calls failed or not assessed passes in the run."""
    project = full_result.project
    said = explain(project, project.plan.claim_for(None))
    assert said.absent == {}
    assert "plots.csv" in said.inputs
    assert said.gates == {}
    assert {gate.status for gate in full_result.result.statement.gates} == {"passed"}


def test_a_project_of_extent_maps_is_explained(tmp_path):
    tiny = extent_project(tmp_path)
    run = run_tiny(tiny)
    said = explain(run.project, run.project.plan.claim_for(None))
    assert said.scenes == {"gmw": 5}
    assert (said.first, said.last, said.bands) == ("2017-07-01", "2021-07-01", 5)
    status = {gate.id: gate.status for gate in run.result.statement.gates}
    for name, why in said.gates.items():
        assert status[name] == ("failed" if why.startswith("fails") else "not assessed"), name
    assert {name for name, state in status.items() if state != "passed"} == set(said.gates)


def test_the_mapped_project_is_explained_as_it_is_concluded(tiny_result):
    project = tiny_result.project
    said = explain(project, project.plan.claim_for(None))
    status = {gate.id: gate.status for gate in tiny_result.result.statement.gates}
    assert {name for name, state in status.items() if state != "passed"} == set(said.gates)
    assert len(said.absent) == 7  # the period is not the first, so prior credits are among them


def test_a_sample_without_its_frame_is_refused_when_the_project_runs(tmp_path):
    tiny = full_project(tmp_path, units=0, files={"reference.csv": b"unit\n"})
    with pytest.raises(PlanError) as caught:
        run_tiny(tiny)
    assert caught.value.error_code == "panel.incomplete"
