from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from typing import Any

import pytest
from support.tiny_project import PLAN, _set, tiny_project, to_toml

from mrv.errors import PlanError
from mrv.plan import load_plan, plan_from_json


def plan(**changes: Any):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    for dotted, new in changes.items():
        _set(value, dotted.split("__"), new)
    return plan_from_json(value, file="plan.toml")


def floats(value):
    if isinstance(value, dict):
        return [f for item in value.values() for f in floats(item)]
    if isinstance(value, list):
        return [f for item in value for f in floats(item)]
    return [value] if isinstance(value, float) else []


def test_the_signed_form_reads_back_to_the_same_plan():
    first = plan()
    signed = first.as_json()
    assert not floats(signed)
    again = plan_from_json(json.loads(json.dumps(signed)))
    assert again == first
    assert again.digest() == first.digest()


def test_spelling_of_numbers_does_not_matter_but_their_value_does():
    assert plan(grid__anchor_x=Decimal("600000.0")).digest() == plan().digest()
    assert plan(grid__anchor_x=Decimal("600000.0001")).digest() != plan().digest()


def test_numbers_keep_every_digit():
    assert plan(grid__anchor_x=Decimal("5271982.576551932")).as_json()["grid"]["anchor_x"] == "5271982.576551932"


def test_method_digest_is_the_plan_without_claims():
    other = plan(claim__1__vintages={"2021": 99})
    assert other.method_digest() == plan().method_digest()
    assert other.digest() != plan().digest()
    assert plan(method__change__consecutive=3).method_digest() != plan().method_digest()


def test_the_last_claim_is_the_default():
    assert plan().claim_for(None).period == "2021"
    assert plan().claim_for("2020").period == "2020"


def test_an_unknown_period_is_refused_with_those_there_are():
    with pytest.raises(PlanError) as caught:
        plan().claim_for("1999")
    assert caught.value.error_code == "plan.period"
    assert "2020, 2021" in caught.value.hint


def test_a_plan_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        plan().random.draws = 5


def test_overrides_do_not_leak_between_plans():
    plan().factors.overrides["x"] = Decimal(1)
    assert plan().factors.overrides == {}


BAD = {
    "unknown table": ("extra", {"a": 1}, "plan.unknown-field", "extra"),
    "unknown field": ("random__seed", 5, "plan.unknown-field", "random.seed"),
    "misspelt": ("method__change__consecutiv", 3, "plan.unknown-field", "method.change.consecutiv"),
    "missing table": ("random", ..., "plan.field", "random"),
    "missing field": ("random__draws", ..., "plan.field", "random.draws"),
    "wrong schema": ("schema", "mrv.plan/2", "plan.field", "schema"),
    "too few draws": ("random__draws", 999, "plan.field", "random.draws"),
    "draws not whole": ("random__draws", Decimal("1000.5"), "plan.field", "random.draws"),
    "draws as a string": ("random__draws", "1000", "plan.field", "random.draws"),
    "draws as a boolean": ("method__observation__max_gap_days", True, "plan.field", "method.observation.max_gap_days"),
    "nan": ("grid__anchor_x", Decimal("NaN"), "plan.field", "grid.anchor_x"),
    "infinite": ("grid__resolution_m", Decimal("Infinity"), "plan.field", "grid.resolution_m"),
    "negative resolution": ("grid__resolution_m", -10, "plan.field", "grid.resolution_m"),
    "no pixel": ("grid__resolution_m", 0, "plan.field", "grid.resolution_m"),
    "crs": ("grid__crs", "3035", "plan.field", "grid.crs"),
    "formula": ("grid__area_formula", "nominal", "plan.field", "grid.area_formula"),
    "country": ("project__country", "Romania", "plan.field", "project.country"),
    "id with a slash": ("project__id", "a/b", "plan.field", "project.id"),
    "no source": ("sources", [], "plan.field", "sources"),
    "cover above 100": ("project__forest__min_cover_percent", 101, "plan.field", "project.forest.min_cover_percent"),
    "season day 0": ("method__observation__season_start_doy", 0, "plan.field", "method.observation.season_start_doy"),
    "class 256": ("method__observation__masked_classes", [256], "plan.field", "method.observation.masked_classes.0"),
    "one anomaly": ("method__change__consecutive", 1, "plan.field", "method.change.consecutive"),
    "three harmonics": ("method__change__harmonics", 3, "plan.field", "method.change.harmonics"),
    "no claim": ("claim", [], "plan.field", "claim"),
    "negative claim": ("claim__0__vintages", {"2020": -1}, "plan.field", "claim.0.vintages.2020"),
    "fractional claim": ("claim__0__vintages", {"2020": Decimal("1.5")}, "plan.field", "claim.0.vintages.2020"),
    "vintage outside": ("claim__0__vintages", {"2019": 1}, "plan.field", "claim.0"),
    "vintage not a year": ("claim__0__vintages", {"20": 1}, "plan.field", "claim.0.vintages.20.[key]"),
    "no optical source": ("sources__0__role", "tree-cover", "plan.field", "sources.0"),
    "band missing": ("sources__0__bands", {"red": "B04"}, "plan.field", "sources.0"),
    "no radiometry": ("sources__0__radiometry", ..., "plan.field", "sources.0"),
    "source id twice": ("sources__1__id", "s2", "plan.field", "plan"),
    "period twice": ("claim__1__period", "2020", "plan.field", "plan"),
    "infinite override": ("factors__overrides", {"a": Decimal("Infinity")}, "plan.field", "factors.overrides.a"),
    "override of zero": ("factors__overrides", {"a": 0}, "plan.field", "factors.overrides.a"),
    "path as a band": ("sources__0__bands__red", "../B04", "plan.field", "sources.0.bands.red"),
    "huge claim": ("claim__0__vintages", {"2020": 2**63}, "plan.field", "claim.0.vintages.2020"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_plans_are_refused_by_field(name):
    path, new, code, field = BAD[name]
    with pytest.raises(PlanError) as caught:
        plan(**{path: new})
    error = caught.value
    assert (error.error_code, error.field, error.file) == (code, field, "plan.toml")
    assert error.hint
    assert error.exit_status == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"claim__0__start": "2020-02-01"}, {"claim__0__end": "2020-12-30"}, {"claim__0__end": "2019-12-31"},
        {"project__start": "2020-06-01"}, {"claim__1__start": "2020-01-01", "claim__1__end": "2021-12-31"},
        {"method__observation__season_start_doy": 300},
    ],
    ids=["mid-month", "day short", "ends first", "before the project", "periods overlap", "season upside down"],
)  # fmt: skip
def test_bad_calendars_are_refused(changes):
    with pytest.raises(PlanError) as caught:
        plan(**changes)
    assert caught.value.hint


@pytest.mark.parametrize(("text", "code"), [("a = ", "plan.syntax"), ("a = 1\na = 2", "plan.syntax"), ("", "plan.field")])
def test_broken_files_are_refused(tmp_path, text, code):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert (caught.value.error_code, caught.value.file) == (code, str(path))
    assert caught.value.hint


def test_bytes_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "plan.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.toml")
    assert caught.value.error_code == "plan.syntax"


def test_an_absent_file_is_refused(tmp_path):
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.toml")
    assert caught.value.error_code == "plan.missing"


def test_the_tiny_plan_survives_its_writer(tmp_path):
    value = tomllib.loads(PLAN, parse_float=Decimal)
    assert tomllib.loads(to_toml(value), parse_float=Decimal) == value
    assert tiny_project(tmp_path).load().plan == plan()


CARBON = ["ipcc_tier1", "simulated"]
POOLS = ({"pool": "above-ground biomass", "method": "factor"}, {"pool": "below-ground biomass", "method": "root-shoot"})
PLOTS = {"design": "probability", "above_ground": "chave-2014-eq4"}
BY_PLOTS = [{"pool": "above-ground biomass", "method": "plots"}, POOLS[1]]
REFERENCE = {"interval": "score", "response_design": "r", "classes": {"forest": "forest", "other": "non-forest"}}
SOIL = {"pool": "soil organic carbon", "method": "vm0033-default"}
AGB_MAP = {"id": "agb", "role": "biomass", "collection": "agb", "bands": {"agb": "agb"}, "biomass": {"scale": Decimal("0.1")}}


def with_source(source):
    return [*tomllib.loads(PLAN, parse_float=Decimal)["sources"], source]


def extent(**changes):
    """A plan of extent maps in the place of scenes."""
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["sources"] = [
        {"id": "gmw", "role": "extent", "collection": "gmw-extent", "bands": {"extent": "extent"},
         "extent": {"forest": [1], "other": [2]}}
    ]  # fmt: skip
    value["method"] = {
        "record": {"max_gap_days": 5000}, "change": {"detector": "extent-epochs/1"}, "activity": {"buffer_px": 2},
    }  # fmt: skip
    for dotted, new in changes.items():
        _set(value, dotted.split("__"), new)
    return plan_from_json(value, file="plan.toml")


GOOD = {
    "plots": {"biomass": PLOTS, "pools": BY_PLOTS},
    "plots assisted by a map": {
        "biomass": {**PLOTS, "estimator": "difference"}, "pools": BY_PLOTS, "sources": with_source(AGB_MAP)
    },
    "roots by allometry": {
        "biomass": {**PLOTS, "below_ground": "komiyama-2005-below"},
        "pools": [BY_PLOTS[0], {"pool": "below-ground biomass", "method": "allometry"}],
    },
    "a reference sample with degradation": {
        "reference": {**REFERENCE, "classes": {**REFERENCE["classes"], "thin": "degraded:light"}},
        "factors__degradation": {"light": "x"},
    },
    "soil by default": {
        "pools": [*POOLS, SOIL], "soil": {"cover_percent": 60, "organic": True}, "factors__soil_accumulation": "x"
    },
    "several tables": {"factors__table": CARBON},
    "a biomass map that nobody uses": {"sources": with_source(AGB_MAP)},
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_the_new_tables_are_read_and_signed(name):
    found = plan(**GOOD[name])
    assert not floats(found.as_json())
    assert plan_from_json(json.loads(json.dumps(found.as_json()))).digest() == found.digest()


def test_extent_maps_are_a_plan_of_their_own():
    found = extent()
    assert found.method.record is not None
    assert (found.method.record.max_gap_days, found.method.record.min_record_years) == (5000, 3)
    assert plan_from_json(json.loads(json.dumps(found.as_json()))) == found
    with pytest.raises(ValueError, match="no optical source"):
        _ = found.method.optical


def test_pools_left_out_are_the_default_and_signed():
    assert plan().as_json()["pools"] == list(POOLS)
    assert plan(pools=list(POOLS)).digest() == plan().digest()
    assert plan().method_of("litter") is None


def test_the_intensities_of_degradation_are_those_of_the_classes():
    labels = {**REFERENCE["classes"], "a": "degraded:light", "b": "degraded:heavy", "c": "degraded:light"}
    assert plan(reference={**REFERENCE, "classes": labels}).reference.intensities == ("heavy", "light")


BAD_TABLES = {
    "a pool twice": ({"pools": [*POOLS, POOLS[0]]}, "plan", "two methods"),
    "no above-ground biomass": ({"pools": [POOLS[1]]}, "plan", "a pool of every plan"),
    "a method of another pool": ({"pools": [{"pool": "litter", "method": "root-shoot"}]}, "pools.0", "litter is counted by"),
    "an unknown pool": ({"pools": [*POOLS, {"pool": "ants", "method": "factor"}]}, "pools.2.pool", ""),
    "dead wood without a factor": ({"pools": [*POOLS, {"pool": "dead wood", "method": "factor"}]}, "plan", "factors.dead_wood"),
    "soil lost without a share": (
        {"pools": [*POOLS, {**SOIL, "method": "stock-loss"}], "factors__soil": "x"}, "plan", "factors.soil_lost"
    ),
    "soil by default without a table": ({"pools": [*POOLS, SOIL], "factors__soil_accumulation": "x"}, "plan", "[soil]"),
    "plots without a table": ({"pools": BY_PLOTS}, "plan", "[biomass]"),
    "a table without plots": ({"biomass": PLOTS}, "plan", "two methods for one pool"),
    "allometry of roots unnamed": (
        {"biomass": PLOTS, "pools": [BY_PLOTS[0], {"pool": "below-ground biomass", "method": "allometry"}]},
        "plan", "biomass.below_ground",
    ),
    "the difference estimator without a map": (
        {"biomass": {**PLOTS, "estimator": "difference"}, "pools": BY_PLOTS}, "plan", "source of role biomass"
    ),
    "two biomass maps": ({"sources": [*with_source(AGB_MAP), {**AGB_MAP, "id": "b"}]}, "plan", "at most one"),
    "a biomass map without scale": ({"sources": with_source({**AGB_MAP, "biomass": ...})}, "sources.2", "[sources.biomass]"),
    "an extent map beside scenes": (
        {"sources": with_source({"id": "e", "role": "extent", "collection": "e", "bands": {"extent": "e"},
                                 "extent": {"forest": [1], "other": [2]}})}, "plan", "no use for a source of role extent"
    ),
    "an interval that is never signed": ({"reference": {**REFERENCE, "interval": "wald"}}, "reference.interval", ""),
    "a label of no role": (
        {"reference": {**REFERENCE, "classes": {"forest": "forest", "x": "swamp"}}}, "reference.classes.x", ""
    ),
    "labels of one side": ({"reference": {**REFERENCE, "classes": {"a": "forest", "b": "forest"}}}, "reference", "non-forest"),
    "one label": ({"reference": {**REFERENCE, "classes": {"a": "forest"}}}, "reference.classes", ""),
    "simulated factors of a real project": (
        {"factors__table": "simulated", "project__simulated": False}, "plan", "made worlds alone"
    ),
    "no table of factors": ({"factors__table": []}, "factors.table", ""),
    "another programme": ({"programme__id": "vm0048"}, "programme.id", ""),
    "a design by whim": ({"biomass": {**PLOTS, "design": "convenient"}, "pools": BY_PLOTS}, "biomass.design", ""),
    "cover above 100": (
        {"soil": {"cover_percent": 101, "organic": False}}, "soil.cover_percent", ""
    ),
    "no ceiling": ({"factors__ceiling_t_co2e_ha_yr": 0}, "factors.ceiling_t_co2e_ha_yr", ""),
    "an exponent that would fill the memory": ({"grid__anchor_x": Decimal("1E+400000000")}, "grid", "more than 30 digits"),
    "an exponent below": ({"method__change__threshold_sigma": Decimal("1E-400000000")}, "method.change", "more than 30 digits"),
    "an exponent of zero": ({"grid__anchor_x": Decimal("0E-400000000")}, "grid", "more than 30 digits"),
    "an exponent in an override": ({"factors__overrides": {"x": Decimal("1E+31")}}, "factors", "more than 30 digits"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_are_refused_by_field(name):
    changes, field, told = BAD_TABLES[name]
    changes = {key: without(new) for key, new in changes.items()}
    with pytest.raises(PlanError) as caught:
        plan(**changes)
    error = caught.value
    assert (error.error_code, error.file) == ("plan.field", "plan.toml")
    assert error.field.startswith(field)
    assert told in str(error)
    assert error.hint


def without(value):
    """``...`` in a table leaves the member out."""
    if isinstance(value, dict):
        return {key: without(item) for key, item in value.items() if item is not ...}
    return [without(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sources__0__extent": {"forest": [1], "other": [1, 2]}}, "both forest and other"),
        ({"sources__0__extent": {"forest": [], "other": [2]}}, ""),
        ({"sources__0__extent": {"forest": [256], "other": [2]}}, ""),
        ({"method__record": ...}, ""), ({"method__record__max_gap_days": 0}, ""),
        ({"sources__0__bands": {"map": "extent"}}, "needs bands extent"),
    ],
)  # fmt: skip
def test_bad_plans_of_extent_maps_are_refused(changes, told):
    with pytest.raises(PlanError) as caught:
        extent(**changes)
    assert told in str(caught.value)
    assert caught.value.hint
