"""``[method.change.kinds]``: shore, pond or neither, through a plan, a run, a check and the report."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from support import shore_world as world
from support.extent_account import altered, leaves, section_of, unnoticed
from support.extent_project import extent_project
from support.forger import caught, resign
from support.run_tiny import run_tiny

from mrv.change.change_kinds import KINDS
from mrv.errors import PlanError
from mrv.plan import plan_from_json
from mrv.sections.extents import GAIN_KINDS, LOSS_KINDS
from mrv.statement import check_statement
from mrv.views import look

CHANGE = {"detector": "extent-epochs/1"}
WATER, DRY = 3, 2
EROSION, POND, OTHER_LOSS, ACCRETION, OTHER_GAIN = KINDS.values()
STRIP = slice(20, 31), slice(29, 32)
"""Forest along dry land to the east, lost in 2021."""


def kinds(*, water="border", classed=False, cleaning=False, **rules):
    """Changes to the plan."""
    change = CHANGE | {"kinds": {"method": "change-kinds/1", "water": water} | rules}
    change |= {"cleaning": {"method": "extent-cleaning/1"}} if cleaning else {}
    extent = {"forest": [1], "other": [DRY, WATER]} | ({"water": [WATER]} if classed else {})
    source = {"id": "gmw", "role": "extent", "collection": "mangrove-extent", "bands": {"extent": "extent"}, "extent": extent}
    return {"method.change": change, "sources": [source]}


def landward(year):
    """The shore world with water classed, dry land to the east, and a strip lost along it in 2021."""
    found = np.where(world.truth(year) == 1, 1, WATER).astype(np.uint8)
    found[:, STRIP[1].stop :] = DRY
    if year >= 2021:
        found[STRIP] = DRY
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return run_tiny(extent_project(tmp_path_factory.mktemp("kinds"), maps=world.truth, plan=kinds()))


@pytest.fixture
def value(seen):
    return copy.deepcopy(seen.result.statement.as_json())


def table(run):
    """Pixels by year and kind, without the empty ones."""
    return {(row.year, row.kind): row.pixels for row in run.result.statement.activity.extents.kinds if row.pixels}


def finding(run):
    """What the finding about kinds says."""
    return next(row.value for row in run.result.statement.findings if row.code == "extent.kinds")


TRUTH = {
    (2020, EROSION): world.area_px(world.ERODED), (2020, POND): world.area_px(world.POND),
    (2020, ACCRETION): world.area_px(world.GROWN), (2021, POND): world.area_px(world.LATE),
}  # fmt: skip


# ── what it does ─────────────────────────────────────────────────────────────


def test_the_section_names_the_codes_of_the_map():
    assert (*LOSS_KINDS, *GAIN_KINDS) == tuple(KINDS.values())
    assert list(KINDS) == [1, 2, 3, 4, 5]


def test_erosion_ponds_and_accretion_are_told_apart(seen):
    assert table(seen) == TRUTH
    assert [row.name for row in seen.result.statement.activity.maps] == ["loss_year", "gain_year", "stratum", "change_kind"]
    assert not [check for check in check_statement(seen.result.statement.as_json()) if check.status != "holds"]


def test_it_changes_no_area(seen, tmp_path):
    plain = run_tiny(extent_project(tmp_path, maps=world.truth))
    for name in ("strata", "loss"):
        assert getattr(seen.result.statement.activity, name) == getattr(plain.result.statement.activity, name)
    assert seen.result.statement.quantities == plain.result.statement.quantities


def test_after_the_cleaning_the_kinds_are_of_what_was_counted(tmp_path):
    assert table(run_tiny(extent_project(tmp_path, maps=world.noisy, plan=kinds(cleaning=True)))) == TRUTH


def test_a_water_class_keeps_the_landward_edge_from_being_a_shore(tmp_path):
    """The same strip: along dry land it is no erosion, and without a water class that cannot be known."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    classed = run_tiny(extent_project(tmp_path / "a", maps=landward, plan=kinds(water="class", classed=True)))
    assumed = run_tiny(extent_project(tmp_path / "b", maps=landward, plan=kinds()))
    assert (2021, EROSION) not in table(classed)
    assert table(assumed)[2021, EROSION] == world.area_px(STRIP)
    assert table(classed)[2021, POND] == world.area_px(STRIP) + world.area_px(world.LATE)
    assert "may be called the shore's" in finding(assumed)
    assert "as the maps class it" in finding(classed)


def test_water_in_a_pond_is_counted_where_the_maps_class_it(tmp_path, seen):
    run = run_tiny(extent_project(tmp_path, maps=landward, plan=kinds(water="class", classed=True)))
    rows = {(row.year, row.kind): row.water_pixels for row in run.result.statement.activity.extents.kinds}
    assert rows[2020, POND] == world.area_px(world.POND)
    assert rows[2020, ACCRETION] == 0
    assert all(row.water_pixels is None for row in seen.result.statement.activity.extents.kinds)
    assert not [check for check in check_statement(run.result.statement.as_json()) if check.status != "holds"]


def test_stricter_rules_make_other_loss_of_it(tmp_path):
    run = run_tiny(extent_project(tmp_path, maps=world.truth, plan=kinds(pond_px=26, shore_percent=90)))
    assert table(run)[2021, OTHER_LOSS] == world.area_px(world.LATE)
    assert table(run)[2020, POND] >= world.area_px(world.POND)
    assert (2020, EROSION) not in table(run)
    assert table(run)[2020, OTHER_GAIN] == world.area_px(world.GROWN)


@pytest.mark.parametrize(("where", "chunk"), [("none", 7), ("local:threads=2", 1000)])
def test_place_and_chunk_do_not_show(seen, where, chunk):
    assert seen.again(where=where, chunk=chunk).statement.digest() == seen.result.statement.digest()


# ── what is refused ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"shore_percent": 0}, "kinds.shore_percent"), ({"fill_percent": 101}, "kinds.fill_percent"),
        ({"pond_px": 0}, "kinds.pond_px"), ({"side_px": "3"}, "kinds.side_px"), ({"elongation": 0}, "kinds.elongation"),
        ({"water": "sea"}, "kinds.water"), ({"water": ...}, "kinds.water"), ({"method": "change-kinds/2"}, "kinds.method"),
        ({"ponds": True}, "kinds.ponds"),
    ],
)  # fmt: skip
def test_bad_rules_are_refused_by_field(value, rules, field):
    plan = value["method"]["plan"]
    rows = plan["method"]["change"]["kinds"] | rules
    plan["method"]["change"]["kinds"] = {name: item for name, item in rows.items() if item is not ...}
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan)
    assert refused.value.field == f"method.change.{field}"
    assert refused.value.hint


@pytest.mark.parametrize(
    ("water", "codes", "told"),
    [
        ("class", None, "method.change.kinds.water"), ("border", [WATER], "method.change.kinds.water"),
        ("class", [1], "not among the other codes"), ("class", [], ""), ("class", [256], ""),
    ],
)  # fmt: skip
def test_water_that_the_source_does_not_class_is_refused(value, water, codes, told):
    plan = value["method"]["plan"]
    plan["method"]["change"]["kinds"]["water"] = water
    if codes is not None:
        plan["sources"][0]["extent"]["water"] = codes
    with pytest.raises(PlanError) as refused:
        plan_from_json(plan)
    assert told in str(refused.value)
    assert refused.value.hint


# ── what a check asks of it ──────────────────────────────────────────────────


def test_kinds_add_up_to_what_was_counted(value):
    found = unnoticed(value)
    assert not found & {"kinds.pixels", "kinds.year", "kinds.kind", "as_counted.loss_pixels", "as_mapped.loss_pixels",
                        "pending.loss_pixels", "epochs.followed_pixels", "restated_pixels"}  # fmt: skip
    for path, leaf in leaves(value["activity"]["extents"]):
        if path[0] == "kinds" and path[-1] == "m2":
            assert caught(altered(value, path, leaf + 100)), path


def test_one_kind_cannot_be_passed_for_another(value):
    """Moved from pond to erosion the years still add up: the shapes are in the pixels, and a replay reads them again."""
    rows = {(row["year"], row["kind"]): row for row in value["activity"]["extents"]["kinds"]}
    pond, shore = rows[2021, POND], rows[2021, EROSION]
    for name in ("pixels", "m2"):
        pond[name], shore[name] = 0, pond[name]
    assert caught(resign(copy.deepcopy(value))) is None
    shore["m2"] *= 2
    assert caught(resign(value))


@pytest.mark.parametrize("how", ["first gone", "last gone", "doubled", "reversed", "all gone"])
def test_rows_cannot_be_dropped_doubled_or_moved(value, how):
    rows = value["activity"]["extents"]["kinds"]
    value["activity"]["extents"]["kinds"] = {
        "first gone": rows[1:], "last gone": rows[:-1], "doubled": [*rows, rows[-1]], "reversed": rows[::-1], "all gone": [],
    }[how]  # fmt: skip
    assert caught(resign(value))


def test_water_cannot_be_claimed_where_no_map_classes_it(value):
    value["activity"]["extents"]["kinds"][0]["water_pixels"] = 1
    assert caught(resign(value))


# ── what a person sees ───────────────────────────────────────────────────────


def test_the_report_shows_kinds_as_mapped_shapes(seen, tmp_path):
    section = section_of(seen, tmp_path, "kinds")
    assert "Mapped areas, not estimates, and shapes, not causes" in section
    assert "The maps class no water" in section
    assert section.count("<image") == 2
    for row in seen.result.statement.activity.extents.kinds:
        if row.pixels:
            assert f"{row.m2 / 1e4:.2f}" in section
    (tmp_path / "again").mkdir()
    assert not section_of(seen, tmp_path / "again", "as-came"), "nothing was put aside, so there is nothing to compare"


def test_the_picture_is_the_map_that_was_signed(seen):
    views = look(seen.result)
    assert (views.kinds == seen.result.maps["change_kind"]).all()
    assert ((views.kinds > 0) & (views.loss_year > 0)).sum() == (views.loss_year > 0).sum()
