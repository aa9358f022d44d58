from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from support.run_tiny import run_tiny
from support.tiny_project import tiny_project

from mrv.errors import StatementError
from mrv.statement import check_statement, parse_statement
from mrv.units import JSON_INT_MAX, sha256_json


@pytest.fixture
def value(tiny_result):
    return copy.deepcopy(tiny_result.result.statement.as_json())


def leaves(value: Any, path: tuple = ()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def put(value, path, new):
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


def failing(value):
    return [check.code for check in check_statement(value) if check.status == "fails"]


def name(path):
    """Dotted, list indices left out but for the growth curve's."""
    return ".".join(part for part in path if isinstance(part, str))


def test_no_float_anywhere(value):
    assert not [path for path, leaf in leaves(value) if isinstance(leaf, float)]
    assert all(abs(leaf) <= JSON_INT_MAX for _, leaf in leaves(value) if isinstance(leaf, int))


def test_round_trip(value):
    text = json.dumps(value)
    again = parse_statement(json.loads(text))
    assert again.as_json() == value
    assert again.digest() == sha256_json(value)


def test_an_honest_statement_holds(value):
    checks = check_statement(value)
    assert [check.code for check in checks if check.status != "holds"] == []
    assert len({check.code for check in checks}) == len(checks)


def test_chunk_and_place_do_not_show(tiny_result):
    digest = tiny_result.result.statement.digest()
    for where, chunk in (("none", 30), ("local", 11), ("local:threads=2", 1000)):
        assert tiny_result.again(where=where, chunk=chunk).statement.digest() == digest


def test_the_order_of_the_evidence_does_not_show(tiny_result):
    from mrv.pipeline import compute

    run = tiny_result
    again = compute(
        run.project.plan, run.project.plan.claim_for(None), run.project.boundary, run.fetched.scenes[::-1],
        store=run.store, where="none",
    )  # fmt: skip
    assert again.statement.digest() == run.result.statement.digest()


def test_settings_do_not_show(tmp_path, tiny_result):
    other = tiny_project(tmp_path)
    other.set_settings(store="elsewhere", connections=2, chunk=29)
    assert run_tiny(other).result.statement.digest() == tiny_result.result.statement.digest()


# What one more leaves unnoticed: of the maps or of the Monte Carlo, which only `mrv replay` computes again.
ONLY_REPLAY = {
    "activity.loss.mean_confidence_percent", "grid.shape", "observation.clear_min",
    "observation.clear_median", "observation.clear_max", "uncertainty.mean_se_kg",
}  # fmt: skip
WITHIN_ROUNDING = {
    "project.area_m2": "strata are rounded one by one: sums agree within half a square metre a part",
    "activity.strata.area_m2": "the same",
    "activity.loss.area_m2": "of a year outside the period, the same",
    "uncertainty.mean_kg": "guarded through a percentage of four places",
    "uncertainty.q05_kg": "the half-width is rounded down",
    "uncertainty.q95_kg": "the half-width is rounded down",
}


def unnoticed(value, change):
    """Leaves that a change (None: leave alone) alters without any check failing."""
    found = set()
    for path, leaf in list(leaves(value)):
        new = change(path, leaf)
        if new is None:
            continue
        put(value, path, new)
        try:
            if not failing(value):
                found.add(name(path))
        except Exception:  # noqa: BLE001  # a check that raises is a test of its own
            pass
        put(value, path, leaf)
    assert not failing(value)
    return found


def test_every_integer_is_guarded_or_named_here(value):
    """One more in any integer outside the evidence fails a check, but for those that only a replay can judge."""

    def more(path, leaf):
        return leaf + 1 if isinstance(leaf, int) and not isinstance(leaf, bool) and path[0] != "evidence" else None

    assert sorted(unnoticed(value, more) - set(WITHIN_ROUNDING)) == sorted(ONLY_REPLAY)


def test_rounding_hides_a_square_metre_and_no_more(value):
    """What may be off by one may not be off by a hundred."""

    def much(path, leaf):
        return leaf + 100 if name(path) in WITHIN_ROUNDING and name(path).endswith("m2") else None

    assert unnoticed(value, much) == set()


WORDS_OF_REPLAY = {
    "project.boundary_digest", "method.code_digest", "activity.maps.pixels", "uncertainty.seed", "grid.transform",
}  # fmt: skip


def test_every_other_leaf_is_guarded_or_named_here(value):
    """The same for words and digests: what repeats the plan, or follows from it, must agree with it."""

    def other(path, leaf):
        if path[0] == "evidence" or (isinstance(leaf, int) and not isinstance(leaf, bool)):
            return None
        if leaf is None:
            return 1
        return not leaf if isinstance(leaf, bool) else "sha256:" + "0" * 64 if leaf.startswith("sha256:") else "9"

    found = unnoticed(value, other)
    assert sorted(found - WORDS_OF_REPLAY) == []


ORDERED = ("activity.loss", "gates", "growth", "quantities.steps", "quantities.vintages", "programme.worked_example.steps")


@pytest.mark.parametrize("section", ["activity.strata", "activity.loss", "factors", "stocks", "growth", "gates",
                                     "quantities.vintages", "quantities.steps", "uncertainty.contributions",
                                     "programme.worked_example.steps", "claim.vintages", "activity.maps",
                                     "evidence"])  # fmt: skip
@pytest.mark.parametrize("how", ["first gone", "last gone", "doubled", "reversed"])
def test_rows_cannot_be_dropped_doubled_or_moved(value, section, how):
    *path, last = section.split(".")
    holder = value
    for part in path:
        holder = holder[part]
    rows = holder[last]
    if how == "reversed" and (len(rows) < 2 or section not in ORDERED):
        pytest.skip("one row, or an order that says nothing")
    holder[last] = {
        "first gone": rows[1:], "last gone": rows[:-1], "doubled": [*rows, copy.deepcopy(rows[-1])], "reversed": rows[::-1],
    }[how]  # fmt: skip
    assert failing(value)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("project", "area_m2"), 1.0), (("project", "area_m2"), "1"), (("project", "area_m2"), True),
        (("project", "area_m2"), -1), (("project", "area_m2"), 2**53), (("project", "area_m2"), None),
        (("project", "boundary_digest"), "sha256:1"), (("period", "start"), "2021-02-30"), (("schema",), "mrv.statement/2"),
        (("extra",), 1), (("quantities", "issuable_t"), -1), (("uncertainty", "hw90_percent"), "1.50"),
        (("activity", "estimator"), "stratified"), (("grid", "shape"), [1]), (("quantities", "label"), "creditable"),
        (("evidence", 0, "status"), "good"), (("gates", 0, "status"), "ok"), (("project", "simulated"), 0),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema_is_refused_by_field(value, path, new):
    put(value, path, new)
    assert failing(value) == ["statement.schema"]
    with pytest.raises(StatementError) as caught:
        parse_statement(value)
    assert caught.value.error_code == "statement.schema"
    assert caught.value.field.split(".")[0] == str(path[0])
    assert caught.value.hint


@pytest.mark.parametrize("value", [{}, {"schema": "mrv.statement/1"}, [], None, 7, "text"])
def test_junk_never_raises(value):
    assert [check.status for check in check_statement(value)] == ["fails"]


PLAN_DAMAGE = {
    "empty": {}, "no claim": {"claim": []}, "claim of text": {"claim": "x"}, "no project": {"claim": [{"period": "2021"}]},
    "nulls": {"claim": None, "project": None, "factors": None, "method": None, "random": None},
    "lists": {"claim": [[]], "project": [], "factors": [], "method": [], "random": []},
}  # fmt: skip


@pytest.mark.parametrize("kind", PLAN_DAMAGE)
def test_a_damaged_plan_fails_and_never_raises(value, kind):
    value["method"]["plan"] = PLAN_DAMAGE[kind]
    assert "statement.arithmetic.plan" in failing(value)


def test_every_table_of_the_plan_may_be_missing_without_raising(value):
    for table in list(value["method"]["plan"]):
        changed = copy.deepcopy(value)
        del changed["method"]["plan"][table]
        assert failing(changed), table
    for table in ("observation", "change", "activity"):
        changed = copy.deepcopy(value)
        del changed["method"]["plan"]["method"][table]
        assert failing(changed), table


def test_the_plan_of_a_statement_is_a_plan(value):
    """A statement whose embedded plan the package itself would refuse is no statement of this package."""
    plan = value["method"]["plan"]
    plan["random"]["seed"] = "chosen"
    value["method"]["plan_digest"] = sha256_json(plan)
    value["method"]["method_digest"] = sha256_json({k: v for k, v in plan.items() if k != "claim"})
    assert failing(value)
