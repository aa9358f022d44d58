from __future__ import annotations

import copy
from fractions import Fraction

import pytest

from mrv.arithmetic import check_arithmetic
from mrv.gates import conclude, evaluate
from mrv.programme.art_trees import worked_example
from mrv.statement import check_statement, parse_statement
from mrv.units import sha256_json


@pytest.fixture
def value(tiny_result):
    return copy.deepcopy(tiny_result.result.statement.as_json())


def failing(value):
    return [check.code.removeprefix("statement.arithmetic.") for check in check_statement(value) if check.status == "fails"]


def resign(value):
    """Do what a careful forger does: let every digest, gate and the conclusion follow from the altered tables."""
    plan = value["method"]["plan"]
    value["method"]["plan_digest"] = sha256_json(plan)
    value["method"]["method_digest"] = sha256_json({key: item for key, item in plan.items() if key != "claim"})
    value["gates"] = [row.model_dump() for row in evaluate(parse_statement(value))]
    value["conclusion"] = conclude(parse_statement(value)).model_dump()
    return value


def test_every_table_is_asked_once(value):
    codes = [check.code for check in check_arithmetic(parse_statement(value))]
    assert codes == [
        f"statement.arithmetic.{name}"
        for name in ("plan", "observation", "areas", "factors", "stocks", "quantities", "uncertainty", "programme", "words")
    ]


def test_signing_again_what_is_honest_changes_nothing(value):
    assert resign(copy.deepcopy(value)) == value


def test_tonnes_out_of_nothing_are_caught(value):
    """Issuable tonnes raised together with the last step, and claimed: the scope limitation issues nothing."""
    value["quantities"]["issuable_t"] = value["quantities"]["steps"][-1]["result"] = 1_000_000
    value["claim"]["vintages"] = [{"year": 2021, "t_co2e": 1_000_000}]
    value["method"]["plan"]["claim"][1]["vintages"] = {"2021": 1_000_000}
    assert failing(resign(value))


def test_a_benefit_without_a_reference_level_is_caught(value):
    (vintage,) = value["quantities"]["vintages"]
    vintage.update(
        baseline_kg=10**9, gross_benefit_kg=10**9 - vintage["project_kg"], reductions_kg=10**9, removals_kg=0, leakage_kg=0
    )
    assert failing(resign(value))


def test_a_loss_made_smaller_is_caught(value):
    value["activity"]["loss"][-1]["area_m2"] -= 100
    assert "areas" in failing(value)


def test_a_factor_that_is_not_in_the_table_is_caught(value):
    factor = next(row for row in value["factors"] if row["id"].startswith("agb."))
    factor["value"] = "65"
    assert failing(value)


@pytest.mark.parametrize("field", ["low", "high", "source", "unit", "interval", "distribution", "verified"])
def test_what_a_table_says_of_a_factor_is_guarded(value, field):
    factor = next(row for row in value["factors"] if row["id"].startswith("agb."))
    factor[field] = {"low": "21", "high": "599", "verified": True}.get(field, "better")
    assert failing(value)


def test_an_override_that_is_not_stated_is_caught(value):
    value["method"]["plan"]["factors"]["overrides"] = {value["factors"][0]["id"]: "65"}
    assert "factors" in failing(value)


def test_a_factor_marked_as_overridden_needs_its_override(value):
    value["factors"][0]["overridden"] = True
    assert "factors" in failing(value)


def test_another_period_of_the_plan_is_caught(value):
    value["period"].update(name="2020")
    assert "plan" in failing(value)


def test_a_claim_that_is_not_the_plans_is_caught(value):
    value["claim"]["assurance"] = "reasonable"
    assert "plan" in failing(value)


@pytest.mark.parametrize("scene", [0, 7, -2])
def test_a_scene_left_out_is_caught(value, scene):
    del value["evidence"][scene]
    assert "observation" in failing(value)


def test_a_pool_by_two_methods_is_caught(value):
    """One pool, once before and once after: a row more of the same carbon."""
    value["stocks"].append({**value["stocks"][0], "state": "after"})
    assert "stocks" in failing(value)


def test_a_used_scene_called_cloudy_is_caught(value):
    value["evidence"][1]["status"] = "too cloudy"
    assert "observation" in failing(value)


def test_the_worked_example_by_hand():
    first, second = worked_example(1_000_000, mean_kg=500_000, half_width_90_kg=50_000)
    factor = Fraction("0.524417") * Fraction(1, 10) / Fraction("1.645006")
    assert first.result == 31_880  # 31 879.3…, rounded up
    assert Fraction(first.result - 1) < 1_000_000 * factor <= first.result
    assert (second.base, second.result) == (1_000_000, 968_120)


def test_an_adjustment_never_exceeds_the_base():
    first, second = worked_example(1000, mean_kg=1000, half_width_90_kg=10**9)
    assert (first.result, second.result) == (1000, 0)


@pytest.mark.parametrize(("emission", "half"), [(1, 0), (999, 1), (10**12, 3), (7, 7)])
def test_steps_chain(emission, half):
    steps = worked_example(emission, mean_kg=emission, half_width_90_kg=half)
    assert steps[0].base == steps[1].base == emission
    assert steps[1].result == emission - steps[0].result
