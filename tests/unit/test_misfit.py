"""A plan's mistakes are told in its writer's words: the field, the value, what to write instead."""

from __future__ import annotations

import copy
import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from mrv.errors import PlanError
from mrv.plan.monitoring import plan_from_json

PLAN = tomllib.loads((Path(__file__).parents[2] / "data-samples" / "delta" / "plan.toml").read_text(), parse_float=Decimal)
DATE = "give a date such as 2021-01-31, without quotes in TOML"


def refused(path: str, value: object) -> PlanError:
    """The refusal of the sample's plan with one field set."""
    plan = copy.deepcopy(PLAN)
    *tables, name = path.split(".")
    table = plan
    for part in tables:
        table = table[int(part) if part.isdigit() else part]
    table[name] = value
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    return caught.value


@pytest.mark.parametrize(
    ("path", "value", "message", "hint"),
    [
        ("project.id", 7, "7 is not a text", "give a text in quotes"),
        ("project.country", "Tanzania", "'Tanzania' is not written as it should be", "it has to match ^[A-Z]{2}$"),
        ("project.start", "soon", "'soon' is not a date", DATE),
        ("project.start", datetime(2021, 1, 1, 5, tzinfo=UTC), "2021-01-01 05:00:00+00:00 is not a date", DATE),
        ("project.forest.min_area_ha", "many", "'many' is not a number", "give a number"),
        ("project.forest.min_area_ha", 0, "0 is out of range", "give a number greater than 0"),
        ("project.forest.min_cover_percent", Decimal("100.5"), "100.5 is out of range", "give a number, at most 100"),
        ("grid.margin_px", Decimal("1.5"), "1.5 is not a whole number", "give a whole number"),
        ("grid", [], "a list is not a table of fields", "give a table of its fields"),
        ("method.change.refit_yearly", "yes!", "'yes!' is neither true nor false", "give true or false, without quotes"),
        ("method.change.consecutive", {}, "a table is not a whole number", "give a whole number"),
        ("method.observation.masked_classes", 3, "3 is not a list", "give a list in square brackets"),
        ("sources", [], "0 entries", "give at least 1"),
        ("schema", "mrv.plan/9", "'mrv.plan/9' is not known here", "give 'mrv.plan/1'"),
    ],
)
def test_a_value_that_does_not_fit(path, value, message, hint):
    error = refused(path, value)
    assert (error.error_code, error.field, error.message, error.hint) == ("plan.field", path, message, hint)


def test_a_field_that_is_missing():
    plan = copy.deepcopy(PLAN)
    del plan["method"]["change"]["consecutive"]
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    assert (caught.value.field, caught.value.message, caught.value.hint) == ("method.change.consecutive", "missing", "add it")


@pytest.mark.parametrize(
    ("path", "written"),
    [("method.change", "chang"), ("method.change.consecutive", "consecutiv"), ("project", "projekt"), ("project.name", "nme")],
)
def test_a_missing_field_that_was_misspelt(path, written):
    """One mistake, told once: the unknown field is the missing one."""
    plan = copy.deepcopy(PLAN)
    *tables, name = path.split(".")
    table = plan
    for part in tables:
        table = table[part]
    table[written] = table.pop(name)
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    assert (caught.value.field, caught.value.message) == (path, "missing")
    assert caught.value.hint == f"did you write it as {written}? else add it"


def test_a_missing_field_beside_a_strange_one():
    plan = copy.deepcopy(PLAN)
    plan["method"]["zzz"] = plan["method"].pop("change")
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    assert caught.value.hint == "add it (also to correct: method.zzz)"


@pytest.mark.parametrize("value", [Decimal("nan"), Decimal("inf"), float("nan")], ids=str)
def test_a_number_that_is_none(value):
    error = refused("method.change.threshold_sigma", value)
    assert (error.field, error.hint) == ("method.change.threshold_sigma", "give a finite number")


def test_a_name_may_be_spelled_with_joiners():
    plan = copy.deepcopy(PLAN)
    plan["project"]["name"] = "\u062c\u0646\u06af\u0644\u200c\u0647\u0627 (simulated)"
    assert plan_from_json(plan).project.name == plan["project"]["name"]


@pytest.mark.parametrize("letter", ["\n", "\x1b", "\u202e", "\u200b", "\u2066"], ids=ascii)
def test_a_name_that_is_not_read_as_it_is_written(letter):
    error = refused("project.name", f"Delta {letter}atleD")
    assert (error.error_code, error.field) == ("plan.field", "project.name")
    assert f"U+{ord(letter):04X}" in error.message
    assert "take it out" in error.message


@pytest.mark.parametrize("value", ["magic/1", 7, []])
def test_an_unknown_detector_names_the_known_ones(value):
    error = refused("method.change.detector", value)
    assert error.field == "method.change.detector"
    assert "'matched-step/1'" in error.hint


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("projekt", "project"), ("project.contry", "country"), ("project.forest.min_area", "min_area_ha"),
        ("sources.0.bnds", "bands"), ("method.change.threshold", "threshold_sigma"), ("grid.resolution", "resolution_m"),
    ],
)  # fmt: skip
def test_a_misspelt_field_is_recognised(path, meant):
    error = refused(path, 1)
    assert (error.error_code, error.field) == ("plan.unknown-field", path)
    assert error.hint.startswith(f"did you mean {meant}? else remove it")


def test_a_strange_field_is_told_what_there_is():
    error = refused("method.activity.zzz", 1)
    assert error.hint.startswith("remove it; fields: ")
    assert "buffer_px" in error.hint


def test_further_mistakes_are_named_once():
    plan = copy.deepcopy(PLAN)
    plan["project"]["id"] = 7
    plan["grid"]["margin_px"] = "a"
    plan["sources"][0]["id"] = None
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    assert caught.value.field == "project.id"
    assert caught.value.hint == "give a text in quotes (also to correct: grid.margin_px, sources.0.id)"


def test_a_refused_entry_is_not_also_a_missing_one():
    """Pydantic adds that the list is too short; who wrote one entry wrongly made one mistake."""
    plan = copy.deepcopy(PLAN)
    plan["sources"] = [plan["sources"][0] | {"id": ""}]
    with pytest.raises(PlanError) as caught:
        plan_from_json(plan)
    assert (caught.value.field, "also" in caught.value.hint) == ("sources.0.id", False)


@pytest.mark.parametrize("value", ["a\nrefused: all is well", "\u202eevil", "x" * 10_000])
def test_a_value_forges_no_line(value):
    error = refused("method.change.index", value)
    assert error.message.replace("…", "").isascii()
    assert "\n" not in error.message
    assert len(error.message) < 80
