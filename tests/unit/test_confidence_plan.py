"""A plan that splits loss by confidence, from refusal to the statement of a sample drawn from its strata."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import rfc8785
from support.extent_project import PLAN as EXTENT_PLAN
from support.made_sample import design
from support.run_tiny import run_tiny
from support.tiny_project import PLAN, _set, tiny_project

from mrv.accounts.ground import panel_of
from mrv.activity.allocation import PlannedStratum
from mrv.activity.confidence_strata import CONFIDENCE_STRATA, StrataRules
from mrv.activity.design import share_out
from mrv.activity.frozen_frame import parse_frame
from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOW, NON_FOREST
from mrv.cli import main
from mrv.errors import PlanError, UsageError
from mrv.observe.window import window_of
from mrv.plan import plan_from_json
from mrv.project import load_project
from mrv.rules.arithmetic import check_arithmetic
from mrv.sampling import sample_size
from mrv.sections.activity import strata_of
from mrv.simulate import Parts, PlanChoices, PlotDesign, Scenario, interpret, make_world, usual_size, write_project
from mrv.simulate.plan_text import plan_toml
from mrv.statement import parse_statement

SCENARIO = Scenario(
    size_px=40, first_year=2017, history_years=3, project_years=2, scenes_per_year=6, project_loss_permille=40,
    cloud_percent=30, missed_cloud_percent=20, haze_percent=0,
)  # fmt: skip
SEED, LIMIT, UNITS = 8, 90, 240
CHOICES = PlanChoices(high_percent=LIMIT, draws=1000)
STEP = {"detector": "matched-step/1", "bands": ["blue", "green", "red", "nir"], "min_history": 6}
SPLIT = {"method.activity.confidence": {"high_percent": 80}}


def plan_with(changes):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    for dotted, new in changes.items():
        _set(value, dotted.split("."), new)
    return plan_from_json(value, file="plan.toml")


class Sampled:
    """A made project, run from a sample of its strata by confidence."""

    def __init__(self, folder):
        self.world, self.folder = make_world(SCENARIO, SEED), folder
        write_project(self.world, folder, parts=Parts(plots=PlotDesign(clusters=8), plan=CHOICES))
        self.drawn = interpret(folder, self.world, beacon="a made beacon", size=usual_size(UNITS))
        assert main(["keys", "new", str(folder / "key.pem"), "--trust", str(folder / "trust.json"), "--json"]) == 0

    def mrv(self, *words):
        return main([str(word) for word in words])

    def load(self):
        return load_project(self.folder)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    return Sampled(tmp_path_factory.mktemp("sampled") / "made")


@pytest.fixture(scope="module")
def run(sampled):
    """The run of it."""
    return run_tiny(sampled)


def test_the_frame_has_the_strata_of_the_plan_and_says_how_they_were_split(sampled):
    frame = sampled.drawn.frame
    assert [row.name for row in frame.strata if row.code in (LOSS, LOW)] == [CONFIDENCE_STRATA[LOSS], CONFIDENCE_STRATA[LOW]]
    assert frame.confidence.model_dump() == {"high_percent": LIMIT, "minimum_px": 3, "buffer_px": 2, "gain_percent": None}
    assert json.loads(frame.encoded())["confidence"] == {"high_percent": LIMIT, "minimum_px": 3, "buffer_px": 2}
    assert all(row.sample >= 2 or row.sample == row.units for row in frame.strata)
    assert sum(row.sample for row in frame.strata) == UNITS


def test_the_map_is_split_at_the_limit_and_nowhere_else(run):
    strata, confidence = run.result.activity.strata, run.result.maps["confidence"]
    assert set(np.unique(confidence[strata == LOW])) <= set(range(LIMIT)), "each low clump of this world is low throughout"
    assert (confidence[strata == LOSS] >= LIMIT).mean() > 0.9
    assert sum(row.pixels for row in run.result.activity.loss) == int(np.isin(strata, (LOSS, LOW)).sum())
    assert (run.result.activity.years > 0).sum() == np.isin(strata, (LOSS, LOW)).sum()


def test_areas_are_estimated_with_the_weights_of_the_design(run):
    a = run.result.statement.activity
    assert a.label == "estimate from a probability sample"
    assert [row.stratum for row in a.sample.strata][-1] == "tree-cover loss, low confidence"
    for row in a.estimates:
        area = sum(Fraction(s.area_m2) * hits / s.responded for s, hits in zip(a.sample.strata, row.hits, strict=True))
        assert abs(row.area_m2 - area) <= Fraction(1, 2)
    lost = [row for row in a.estimates if row.activity == "loss"]
    assert sum(sum(row.hits) for row in lost) > 0
    assert [row.reference_class for row in a.accuracy.by_class].count("loss") == 1


def test_its_arithmetic_holds_and_its_strata_are_those_of_the_plan(run):
    s = run.result.statement
    assert [check.detail for check in check_arithmetic(s) if check.status == "fails"] == []
    assert [row.stratum for row in s.activity.strata] == list(strata_of(s.method.plan["method"]))
    assert sum(row.pixels for row in s.activity.strata) == s.project.pixels


@pytest.mark.parametrize(("where", "chunk"), [("none", 11), ("local:threads=2", 32)])
def test_settings_change_nothing(run, where, chunk):
    assert run.again(where=where, chunk=chunk).statement.digest() == run.result.statement.digest()


@pytest.mark.filterwarnings("default:.*:DeprecationWarning")
def test_it_runs_checks_and_replays_through_the_command_line(sampled, run, tmp_path, capsys):
    out = tmp_path / "out"
    assert sampled.mrv("run", sampled.folder, "--key", f"file:{sampled.folder / 'key.pem'}", "--out", out) == 0
    document = out / "attestation.json"
    statement = json.loads(document.read_text())["credentialSubject"]["statement"]
    assert statement == json.loads(json.dumps(run.result.statement.as_json()))
    assert "tree-cover loss, low confidence" in (out / "report.html").read_text()
    capsys.readouterr()
    assert sampled.mrv("check", document, "--trust", sampled.folder / "trust.json", "--no-asset", "--evidence",
                       out / "evidence") == 0  # fmt: skip
    capsys.readouterr()
    assert sampled.mrv("replay", document, "--store", out / "evidence", "--json") == 0
    assert json.loads(capsys.readouterr().out)["differences"] == []


OTHER_PLANS = {
    "loss is one stratum": PlanChoices(draws=1000),
    "another limit": PlanChoices(draws=1000, high_percent=LIMIT - 1),
}


@pytest.mark.parametrize("case", OTHER_PLANS)
def test_a_frame_of_another_stratification_is_refused(sampled, case):
    project = load_project(sampled.folder)
    other = tomllib.loads(plan_toml(sampled.world, OTHER_PLANS[case]), parse_float=Decimal)
    plan = plan_from_json(other)
    with pytest.raises(PlanError) as caught:
        panel_of(plan, plan.claim_for(None), project.inputs, window_of(plan, project.boundary))
    assert caught.value.error_code == "frame.stratification"
    assert caught.value.file == "frame.json"
    assert "method.activity" in caught.value.hint


def test_a_frame_without_the_split_is_refused_by_a_plan_with_it(full_result):
    plan = plan_from_json(_set_in(full_result.project.plan.as_json(), SPLIT))
    with pytest.raises(PlanError) as caught:
        panel_of(plan, plan.claim_for(None), full_result.project.inputs, window_of(plan, full_result.project.boundary))
    assert caught.value.error_code == "frame.stratification"


def _set_in(value, changes):
    for dotted, new in changes.items():
        _set(value, dotted.split("."), new)
    return value


def unsampled(value):
    low = value["strata"][-1]
    value["strata"][0]["sample"] += low["sample"]
    value["strata"][0]["inclusion"] = f"{value['strata'][0]['sample']}/{value['strata'][0]['units']}"
    low["sample"], low["inclusion"] = 0, f"0/{low['units']}"


def one_unit(value):
    unsampled(value)
    low = value["strata"][-1]
    value["strata"][0]["sample"] -= 1
    value["strata"][0]["inclusion"] = f"{value['strata'][0]['sample']}/{value['strata'][0]['units']}"
    low["sample"], low["inclusion"] = 1, f"1/{low['units']}"


SPOILT = {
    "a stratum that gets no unit": (unsampled, "frame.unsampled"),
    "a stratum that gets one": (one_unit, "frame.one-unit"),
    "an undivided stratum in a split frame": (lambda v: v["strata"][0].update(name="tree-cover loss"), "frame.stratification"),
    "a split stratum in an undivided frame": (lambda v: v.pop("confidence"), "frame.stratification"),
    "gain that the split does not map": (lambda v: v["strata"][-1].update(name="gain of forest"), "frame.stratification"),
    "a limit of nothing": (lambda v: v["confidence"].update(high_percent=0), "frame.syntax"),
    "a limit above all": (lambda v: v["confidence"].update(high_percent=101), "frame.syntax"),
    "a split that is none": (lambda v: v.update(confidence=None), "frame.stratification"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_frame_is_refused(sampled, case):
    change, code = SPOILT[case]
    value = json.loads(sampled.drawn.frame.encoded())
    change(value)
    with pytest.raises(PlanError) as caught:
        parse_frame(rfc8785.dumps(value))
    assert caught.value.error_code == code
    assert caught.value.hint


def test_an_empty_split_is_no_split():
    value = json.loads(design().encoded()) | {"confidence": None}
    with pytest.raises(PlanError) as caught:
        parse_frame(rfc8785.dumps(value))
    assert caught.value.error_code == "frame.canonical"


def test_a_statement_whose_design_is_of_another_stratification_fails(run):
    s = run.result.statement
    for before, after in (("tree-cover loss, low confidence", "tree-cover loss"), ("buffer around loss", "gain of forest")):
        value = s.as_json()
        row = next(row for row in value["activity"]["sample"]["strata"] if row["stratum"] == before)
        row["stratum"] = after
        told = [check.detail for check in check_arithmetic(parse_statement(value)) if check.status == "fails"]
        assert any(f"{after} is a design stratum, and the plan's loss is split" in detail for detail in told)


def test_too_few_units_for_the_strata_are_refused(sampled):
    strata = [PlannedStratum(row.name, row.area_m2, row.units, Fraction(1, 2)) for row in sampled.drawn.frame.strata]
    with pytest.raises(PlanError) as caught:
        share_out(strata, sample_size(sampled.load().plan, 9, rule="neyman", floor=2))
    assert caught.value.error_code == "sample.size"


def test_what_is_expected_of_the_strata_can_be_said():
    plan = plan_with(SPLIT)
    found = sample_size(plan, 300, rule="neyman", floor=20, expected=["tree-cover loss, low confidence=0.3"])
    assert "tree-cover loss" not in found.expected
    assert found.expected["tree-cover loss, low confidence"] == Decimal("0.3")


@pytest.mark.parametrize(
    ("split", "words"),
    [(True, "low confidence=0.3"), (True, "tree-cover loss=0.7"), (False, "tree-cover loss, low confidence=0.3"),
     (True, "gain of forest=0.1")],
)  # fmt: skip
def test_nothing_can_be_expected_of_a_stratum_that_the_plan_does_not_have(split, words):
    with pytest.raises(UsageError) as caught:
        sample_size(plan_with(SPLIT if split else {}), 300, rule="neyman", floor=20, expected=[words])
    assert caught.value.field == "--expect"
    assert "buffer around loss" in caught.value.hint


def test_a_plan_without_the_table_is_what_it_was():
    plan = plan_with({})
    assert plan.as_json()["method"]["activity"] == {"buffer_px": 2}
    assert StrataRules.of(plan) is None


RULES = {
    "the unit of the forest definition": ({"high_percent": 80}, (80, None, 3)),
    "a larger clump": ({"high_percent": 1, "minimum_clump_px": 5}, (1, None, 5)),
}


@pytest.mark.parametrize("case", RULES)
def test_the_plan_becomes_rules(case):
    table, (high, gain, unit) = RULES[case]
    rules = StrataRules.of(plan_with({"method.activity.confidence": table}))
    assert (rules.high_percent, rules.gain_percent, rules.minimum_px, rules.minimum_gain_px) == (high, gain, unit, unit)
    assert rules.buffer_px == 2


@pytest.mark.parametrize("gain", [None, 70])
def test_names_of_the_rules_are_those_of_the_statement(gain):
    table = {"high_percent": 80} | ({} if gain is None else {"gain_percent": gain})
    plan = plan_with({"method.change": STEP, "method.activity.confidence": table})
    names = StrataRules.of(plan).names
    assert tuple(names.values()) == strata_of(plan.as_json()["method"])
    assert list(names) == [LOSS, LOW, BUFFER, FOREST, NON_FOREST, *([] if gain is None else [GAIN])]


CONFIDENCE = "method.activity.confidence"
BAD = {
    "a limit of nothing": ({CONFIDENCE: {"high_percent": 0}}, "high_percent"),
    "a limit above all": ({CONFIDENCE: {"high_percent": 101}}, "high_percent"),
    "a limit in words": ({CONFIDENCE: {"high_percent": "80"}}, "high_percent"),
    "a limit with decimals": ({CONFIDENCE: {"high_percent": Decimal("80.5")}}, "high_percent"),
    "no limit": ({CONFIDENCE: {}}, "high_percent"),
    "a limit without its table": ({"method.activity.high_percent": 80}, "high_percent"),
    "no clump": ({CONFIDENCE: {"high_percent": 80, "minimum_clump_px": 0}}, "minimum_clump_px"),
    "a clump below the mapping unit": ({CONFIDENCE: {"high_percent": 80, "minimum_clump_px": 2}}, "mapping unit, 3"),
    "gain where the detector gives none": ({CONFIDENCE: {"high_percent": 80, "gain_percent": 50}}, "maps no gain"),
    "a limit that splits nothing": (
        {"method.change": STEP, CONFIDENCE: {"high_percent": 70}}, "no loss below min_confidence_percent, 70"
    ),
    "a gain of nothing": ({"method.change": STEP, CONFIDENCE: {"high_percent": 80, "gain_percent": 0}}, "gain_percent"),
    "a detector without confidence": (
        EXTENT_PLAN | {"method.activity.confidence": {"high_percent": 80}}, "extent-epochs/1 gives no confidence"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refusals_name_the_field(case):
    changes, told = BAD[case]
    with pytest.raises(PlanError) as caught:
        plan_with(changes)
    assert told in f"{caught.value} {caught.value.field}"
    assert caught.value.hint


@pytest.mark.parametrize("gain", [None, 50])
def test_gain_is_a_stratum_where_the_plan_asks_and_the_detector_tells(tmp_path, gain):
    table = {"high_percent": 80} | ({} if gain is None else {"gain_percent": gain})
    seen = run_tiny(tiny_project(tmp_path, plan={"method.change": STEP, "method.activity.confidence": table})).result
    found = seen.optical.change.gain
    assert found is not None
    expected = (found.day > 0) & ~seen.forest & seen.inside
    assert (seen.activity.strata[~expected] != GAIN).all()
    assert ("gain of forest" in {row.stratum for row in seen.statement.activity.strata}) == (gain is not None)
    assert [check.detail for check in check_arithmetic(seen.statement) if check.status == "fails"] == []
