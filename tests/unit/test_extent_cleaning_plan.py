"""``[method.change.cleaning]``: the clean-up of extent maps through a plan, a run, a check, a replay and the report."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support import shore_world as world
from support.extent_account import altered, leaves, section_of, unnoticed
from support.extent_project import extent_project
from support.forger import caught, resign
from support.run_tiny import run_tiny

from mrv.change.extent_maps import NODATA
from mrv.errors import PlanError
from mrv.plan import plan_from_json
from mrv.statement import check_statement, parse_statement
from mrv.units import sha256_json
from mrv.views import look

CLEANING = {"method": "extent-cleaning/1"}
CHANGE = {"detector": "extent-epochs/1"}


def cleaning(**rules):
    return {"method.change": {**CHANGE, "cleaning": {**CLEANING, **rules}}}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return run_tiny(extent_project(tmp_path_factory.mktemp("raw"), maps=world.noisy))


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory):
    return run_tiny(extent_project(tmp_path_factory.mktemp("cleaned"), maps=world.noisy, plan=cleaning()))


@pytest.fixture
def value(cleaned):
    return copy.deepcopy(cleaned.result.statement.as_json())


def losses(run):
    return {row.year: row.pixels for row in run.result.statement.activity.loss}


def gained(run):
    return run.result.statement.activity.strata[-1].pixels


TRUE_LOSS = {2020: world.area_px(world.ERODED) + world.area_px(world.POND), 2021: world.area_px(world.LATE)}


# ── what is signed ───────────────────────────────────────────────────────────


def test_a_plan_without_it_is_signed_as_before(tmp_path):
    """Both digests were taken before the clean-up could be asked for."""
    run = run_tiny(extent_project(tmp_path))
    value = run.result.statement.as_json()
    assert value["method"]["plan_digest"] == "sha256:048adf70d9513b3431397e78853f7eeabe8751ea4623bcff946de14bdb01d5aa"
    del value["method"]["code_digest"]
    assert sha256_json(value) == "sha256:cce6cee7fa93b8f8ff61f5af4910250f636b7f865986bd7fa7c577c671216637"
    assert "extents" not in value["activity"]
    assert not [row for row in value["findings"] if row["code"].startswith("extent.")]


def test_the_rules_are_in_the_signed_plan_one_by_one(cleaned):
    signed = cleaned.result.statement.method.plan["method"]["change"]
    assert signed == {
        **CHANGE,
        "cleaning": {**CLEANING, "persist": 2, "minimum_px": 16, "rim_px": 1, "rim_persist": 12, "last_loss": True},
    }
    assert plan_from_json(cleaned.result.statement.method.plan) == cleaned.project.plan


@pytest.mark.parametrize(
    ("rules", "field", "code"),
    [
        ({"persist": 0}, "cleaning.persist", "plan.field"), ({"persist": 13}, "cleaning.persist", "plan.field"),
        ({"persist": "2"}, "cleaning.persist", "plan.field"), ({"minimum_px": 0}, "cleaning.minimum_px", "plan.field"),
        ({"minimum_px": 2.5}, "cleaning.minimum_px", "plan.field"), ({"rim_px": -1}, "cleaning.rim_px", "plan.field"),
        ({"rim_px": 9}, "cleaning.rim_px", "plan.field"), ({"rim_persist": 0}, "cleaning.rim_persist", "plan.field"),
        ({"last_loss": 1}, "cleaning.last_loss", "plan.field"), ({"last_loss": "no"}, "cleaning.last_loss", "plan.field"),
        ({"method": "extent-cleaning/2"}, "cleaning.method", "plan.field"), ({"method": ...}, "cleaning.method", "plan.field"),
        ({"last_gain": True}, "cleaning.last_gain", "plan.unknown-field"),
        ({"window": 3}, "cleaning.window", "plan.unknown-field"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused_by_field(cleaned, rules, field, code):
    plan = copy.deepcopy(cleaned.result.statement.method.plan)
    table = plan["method"]["change"]["cleaning"] | rules
    plan["method"]["change"]["cleaning"] = {name: item for name, item in table.items() if item is not ...}
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan, file="plan.toml")
    assert (refused.value.error_code, refused.value.field) == (code, f"method.change.{field}")
    assert refused.value.hint


def test_an_optical_detector_has_no_use_for_it(tiny_result):
    plan = copy.deepcopy(tiny_result.result.statement.method.plan)
    plan["method"]["change"]["cleaning"] = CLEANING
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan)
    assert refused.value.error_code == "plan.unknown-field"


# ── what it does ─────────────────────────────────────────────────────────────


def test_the_maps_as_they_came_are_wrong_and_the_cleaned_ones_are_right(raw, cleaned):
    """Must-fail control first: the detector alone counts the wandering shore and both misread patches."""
    wrong = [world.area_px(place) for place in (world.WANDERS, world.MISREAD, world.MISREAD_LAST)]
    assert sum(losses(raw).values()) >= sum(TRUE_LOSS.values()) + sum(wrong)
    assert losses(cleaned) == TRUE_LOSS
    assert gained(cleaned) == world.area_px(world.GROWN)


def test_maps_without_faults_are_left_alone(tmp_path):
    run = run_tiny(extent_project(tmp_path, maps=world.truth, plan=cleaning()))
    found = run.result.statement.activity.extents
    assert losses(run) == TRUE_LOSS
    assert found.as_mapped == found.as_counted
    assert all((row.mapped_pixels, row.mapped_m2) == (row.followed_pixels, row.followed_m2) for row in found.epochs)
    assert set(found.pending.model_dump().values()) == {0}


def test_the_account_shows_both(raw, cleaned):
    found = cleaned.result.statement.activity.extents
    assert {row.year: row.loss_pixels for row in found.as_mapped} == losses(raw)
    assert {row.year: row.loss_m2 for row in found.as_mapped} == {
        row.year: row.area_m2 for row in raw.result.statement.activity.loss
    }
    assert sum(row.gain_pixels for row in found.as_mapped) == gained(raw)
    assert {row.year: row.loss_pixels for row in found.as_counted} == TRUE_LOSS
    assert found.pending.loss_pixels >= world.area_px(world.MISREAD_LAST)
    maps = {row.name: row.pixels for row in cleaned.result.statement.activity.maps}
    assert list(maps) == ["loss_year", "gain_year", "stratum", "mapped_loss_year", "mapped_gain_year"]
    assert maps["mapped_loss_year"] == next(row.pixels for row in raw.result.statement.activity.maps if row.name == "loss_year")


def test_a_loss_at_the_end_is_counted_as_unconfirmed_unless_the_plan_withholds_it(cleaned, tmp_path):
    late = world.area_px(world.LATE)
    assert cleaned.result.statement.activity.loss[-1].weak_pixels == late
    withheld = run_tiny(extent_project(tmp_path, maps=world.noisy, plan=cleaning(last_loss=False)))
    assert losses(withheld) == TRUE_LOSS | {2021: 0}
    assert withheld.result.statement.activity.extents.pending.loss_pixels >= late
    # What is withheld in one period is counted in the next, once a map holds it; nothing is lost on the way.
    kept = [row for row in withheld.result.statement.findings if row.code == "extent.pending" and "loss" in row.item]
    assert len(kept) == 1


def test_a_patch_below_the_rule_is_no_change_and_above_it_is(tmp_path):
    small = world.area_px(world.LATE) + 1
    run = run_tiny(extent_project(tmp_path, maps=world.truth, plan=cleaning(minimum_px=small)))
    assert losses(run)[2021] == 0
    assert losses(run)[2020] == TRUE_LOSS[2020]


def test_nodata_stays_nodata(tmp_path):
    def holed(year):
        found = world.noisy(year)
        found[28:31, 24:27] = NODATA
        return found

    run = run_tiny(extent_project(tmp_path, maps=holed, plan=cleaning()))
    assert run.result.statement.observation.unmonitored_px == 9
    assert not [check for check in check_statement(run.result.statement.as_json()) if check.status != "holds"]
    assert losses(run) == TRUE_LOSS


def test_findings_say_what_it_left_out_and_which_way_that_errs(cleaned, raw):
    told = {(row.code, row.item): row.value for row in cleaned.result.statement.findings}
    loss = told["extent.cleaned", "loss since the project's start"]
    came = sum(row.area_m2 for row in raw.result.statement.activity.loss)
    assert loss.startswith(f"{came} m² as the maps came")
    assert "emissions are understated by what of the difference was real" in loss
    assert "understated" not in told["extent.cleaned", "gain since the project's start"]


@pytest.mark.parametrize(("where", "chunk"), [("none", 7), ("local:threads=2", 1000)])
def test_place_and_chunk_do_not_show(cleaned, where, chunk):
    assert cleaned.again(where=where, chunk=chunk).statement.digest() == cleaned.result.statement.digest()


# ── what a check asks of it ──────────────────────────────────────────────────

ONLY_REPLAY = {
    "as_mapped.gain_m2", "as_mapped.gain_pixels", "as_mapped.loss_m2", "as_mapped.loss_pixels", "epochs.followed_m2",
    "epochs.followed_pixels", "epochs.mapped_m2", "epochs.mapped_pixels", "pending.gain_m2", "pending.gain_pixels",
    "pending.loss_m2", "pending.loss_pixels", "as_counted.gain_m2",
}  # fmt: skip
"""What the maps alone tell: a forger who signs again gets one more past the checks, and a replay finds it."""


def test_every_leaf_is_guarded_or_named_here(value):
    found = unnoticed(value)
    assert sorted(found - ONLY_REPLAY) == []
    assert {"as_counted.loss_pixels", "as_counted.gain_pixels", "as_counted.loss_m2", "epochs.year", "epochs.version",
            "restated_pixels"}.isdisjoint(found)  # fmt: skip


def test_an_area_that_its_pixels_cannot_have_is_caught(value):
    for path, leaf in leaves(value["activity"]["extents"]):
        if str(path[-1]).endswith("m2") and leaf:
            assert caught(altered(value, path, 2 * leaf)), path


@pytest.mark.parametrize("rows", ["epochs", "as_mapped", "as_counted"])
@pytest.mark.parametrize("how", ["first gone", "last gone", "doubled", "reversed"])
def test_rows_cannot_be_dropped_doubled_or_moved(value, rows, how):
    found = value["activity"]["extents"][rows]
    value["activity"]["extents"][rows] = {
        "first gone": found[1:], "last gone": found[:-1], "doubled": [*found, found[-1]], "reversed": found[::-1],
    }[how]  # fmt: skip
    assert caught(resign(value))


def test_the_account_cannot_be_left_out_or_be_null(value):
    kept = value["activity"].pop("extents")
    assert caught(value)
    value["activity"]["extents"] = None
    assert caught(value) == "statement.schema"
    value["activity"]["extents"] = kept
    assert caught(value) is None
    value["method"]["plan"]["method"]["change"].pop("cleaning")
    assert caught(resign(value))


def test_a_plan_without_the_tables_has_no_account(raw, value):
    forged = copy.deepcopy(raw.result.statement.as_json())
    forged["activity"]["extents"] = value["activity"]["extents"]
    assert caught(forged)
    with pytest.raises(KeyError):
        _ = raw.result.statement.as_json()["activity"]["extents"]
    assert parse_statement(raw.result.statement.as_json()) == raw.result.statement


# ── what a person sees ───────────────────────────────────────────────────────


def test_the_report_shows_both_areas_and_both_maps(cleaned, raw, tmp_path):
    section = section_of(cleaned, tmp_path, "as-came")
    found = cleaned.result.statement.activity.extents
    for rows in (found.as_mapped, found.as_counted):
        assert f"{sum(row.loss_m2 for row in rows) / 1e4:.2f}" in section
    assert section.count("<image") == 4
    assert "none is an estimate" in section
    assert "extent-cleaning/1" in section
    (tmp_path / "raw").mkdir()
    assert not section_of(raw, tmp_path / "raw", "as-came")


def test_the_pictures_are_the_maps_that_were_signed(cleaned):
    views = look(cleaned.result)
    assert (views.as_came.loss_year == cleaned.result.maps["mapped_loss_year"]).all()
    counted = views.as_came.counted_gain_year
    assert int((counted > 0).sum()) == gained(cleaned)
    assert set(np.unique(counted)) == {0, 2020}
