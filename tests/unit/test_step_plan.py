"""A plan that names ``matched-step/1``, from refusal to statement."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import numpy as np
import pytest
from support.run_tiny import run_tiny
from support.tiny_project import LOSS_PX, PLAN, tiny_project

from mrv.errors import PlanError
from mrv.plan import plan_from_json
from mrv.rules.arithmetic import check_arithmetic
from mrv.statement import parse_statement
from mrv.views.optical import look_scenes

CHANGE = {"detector": "matched-step/1", "bands": ["blue", "green", "red", "nir"], "min_history": 6}


@pytest.fixture(scope="module")
def stepped(tmp_path_factory):
    return run_tiny(tiny_project(tmp_path_factory.mktemp("stepped"), plan={"method.change": CHANGE}))


def test_it_finds_what_was_cleared_on_the_day(stepped):
    found, truth = stepped.result.optical.change.break_day, stepped.tiny.break_day
    assert (found[stepped.tiny.forest] == truth[stepped.tiny.forest]).mean() > 0.99
    assert {row.year: row.pixels for row in stepped.result.activity.loss} == LOSS_PX


def test_it_signs_its_maps_and_its_arithmetic_holds(stepped):
    statement = stepped.result.statement
    names = [row.name for row in statement.activity.maps]
    assert names == ["break_day", "confidence", "clear_count", "last_clear_day", "loss_percent", "back_percent", "stratum"]
    assert [check.code for check in check_arithmetic(statement) if check.status == "fails"] == []


def test_a_confidence_that_the_plan_does_not_map_is_caught(stepped):
    value = stepped.result.statement.as_json()
    row = next(row for row in value["activity"]["loss"] if row["pixels"])
    for percent, caught in ((70, False), (69, True)):
        row["mean_confidence_percent"] = percent
        failing = [check.code for check in check_arithmetic(parse_statement(value)) if check.status == "fails"]
        assert ("statement.arithmetic.record" in failing) == caught


def test_the_last_clear_day_lies_before_the_break(stepped):
    change = stepped.result.optical.change
    lost = change.break_day > 0
    assert (change.more["last_clear_day"][lost] < change.break_day[lost]).all()
    assert (change.more["loss_percent"][lost] > 0).all()
    assert not change.more["loss_percent"][~lost].any()


@pytest.mark.parametrize(("where", "chunk"), [("none", 30), ("local:threads=2", 7)])
def test_settings_change_nothing(stepped, where, chunk):
    assert stepped.again(where=where, chunk=chunk).statement.digest() == stepped.result.statement.digest()


def test_its_curve_falls_where_canopy_is_lost(stepped):
    views = look_scenes(stepped.result, stepped.result.optical)
    assert views.anomaly.detector == "matched-step/1"
    loss = next(pixel for pixel in views.series if pixel.break_date is not None)
    after = loss.days >= np.datetime64(loss.break_date).astype(int)
    assert np.nanmedian(loss.observed[after]) < np.nanmedian(loss.observed[~after]) - 1000
    assert loss.index == "Canopy"


BAD = {
    "a band the source lacks": ({"bands": ["red", "swir1"]}, "names swir1, which the optical source s2 does not have"),
    "a band twice": ({"bands": ["red", "red"]}, "each band occurs once"),
    "one band": ({"bands": ["red"]}, "method.change.bands"),
    "an unknown band": ({"bands": ["red", "edge"]}, "method.change.bands"),
    "too short a history": ({"min_history": 5}, "method.change.min_history"),
    "a certain confidence": ({"min_confidence_percent": 100}, "method.change.min_confidence_percent"),
    "a field of the other detector": ({"threshold_sigma": 3}, "method.change.threshold_sigma"),
}


@pytest.mark.parametrize(("changes", "told"), BAD.values(), ids=BAD)
def test_refusals_name_the_field(changes, told):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["method"]["change"] = CHANGE | changes
    with pytest.raises(PlanError) as caught:
        plan_from_json(value, file="plan.toml")
    assert told in f"{caught.value} {caught.value.field}"
