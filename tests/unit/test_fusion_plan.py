"""A plan that names ``bayes-fusion/1``: optical and radar, either alone, and mosaics; from refusal to statement."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from decimal import Decimal

import numpy as np
import pytest
from support.forger import caught as forgery
from support.forger import resign
from support.radar_project import EVIDENCE, IMAGES, image_id, radar_plan, radar_project, replace_band
from support.run_tiny import run_tiny
from support.tiny_project import LOSS_PX, PLAN, RASTER, encode

from mrv.errors import MRVError, PlanError, SourceError, UsageError
from mrv.explain import explain
from mrv.kernels.evidence import PARTS
from mrv.plan import plan_from_json
from mrv.report.evidence import evidence_section
from mrv.report.pictures import curves_section, maps_section, true_colour_section
from mrv.statement import check_statement
from mrv.views import look

BOTH, RADAR, OPTICAL = ("optical", "radar"), ("radar",), ("optical",)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Runs by what they combine."""
    return {
        evidence: run_tiny(radar_project(tmp_path_factory.mktemp("fused"), evidence=evidence))
        for evidence in (BOTH, RADAR, OPTICAL)
    }


@pytest.fixture(params=[BOTH, RADAR, OPTICAL], ids="+".join)
def run(runs, request):
    return runs[request.param]


def test_it_finds_what_was_cleared(run):
    assert {row.year: row.pixels for row in run.result.activity.loss} == LOSS_PX
    found, truth = run.result.maps["break_day"], run.tiny.break_day
    assert ((found > 0) == (truth > 0))[run.tiny.forest].mean() > 0.99
    assert (found >= truth)[found > 0].all()


def test_its_tables_and_gates_hold(run):
    value = run.result.statement.as_json()
    assert [check.code for check in check_statement(value) if check.status == "fails"] == []
    assert [row["name"] for row in value["activity"]["maps"]] == [
        "break_day", "confidence", "clear_count", "confirmed_day", "stratum",
    ]  # fmt: skip


@pytest.mark.parametrize(("where", "chunk"), [("none", 30), ("local:threads=2", 7)])
def test_settings_change_nothing(run, where, chunk):
    assert run.again(where=where, chunk=chunk).statement.digest() == run.result.statement.digest()


def test_a_change_is_confirmed_no_sooner_than_it_is_flagged(run):
    lost, maps = run.result.maps["break_day"] > 0, run.result.maps
    assert (maps["confirmed_day"][lost] >= maps["break_day"][lost]).all()
    assert not maps["confirmed_day"][~lost].any()
    assert (maps["confidence"][lost] >= 97).all()


def test_both_together_confirm_no_later_than_optical_alone(runs):
    confirmed = {}
    for evidence, one in runs.items():
        days = one.result.maps["confirmed_day"]
        confirmed[evidence] = days[(days > 0) & (one.tiny.break_day > 0)].mean()
    assert confirmed[BOTH] < confirmed[OPTICAL]


def test_orbits_are_signed_and_only_of_images(runs):
    rows = runs[BOTH].result.statement.as_json()["evidence"]
    assert {row["source"]: "geometry" in row for row in rows} == {"s1": True, "s2": False, "cover": False}
    first = next(row for row in rows if row["id"] == image_id(IMAGES[0]))
    assert first["geometry"] == {"relative_orbit": 33, "direction": "ascending"}
    assert (first["status"], first["offset_rule"], first["dark_dn"]) == ("history", "none", None)


def test_what_is_not_verified_names_the_densities(runs):
    for evidence, one in runs.items():
        told = any("densities" in words for words in one.result.statement.not_verified)
        assert told == ("radar" in evidence)


def test_radar_alone_is_not_assessed_for_reflectance(runs):
    gates = {gate.id: gate.status for gate in runs[RADAR].result.statement.gates}
    assert (gates["input integrity"], gates["continuity"]) == ("not assessed", "passed")
    assert {g.id: g.status for g in runs[OPTICAL].result.statement.gates}["input integrity"] == "passed"


# ── looking ──────────────────────────────────────────────────────────────────


def test_pictures_and_curves(run):
    views = look(run.result)
    seen = views.optical
    alone = run.result.detail.optical is None
    assert seen.picture == ("radar backscatter" if alone else "true colour")
    assert seen.before.shape == seen.after.shape == (*run.result.grid.shape, 3)
    loss = next(pixel for pixel in seen.series if pixel.kind == "loss")
    after = loss.days >= np.datetime64(loss.break_date).astype(int)
    assert np.nanmedian(loss.observed[after]) < 0.5e4 < np.nanmedian(loss.observed[~after])
    assert loss.fitted[~after].min() == 1e4
    assert loss.fitted[after].min() <= 0.025e4 + 1e4 / PARTS
    page = str(true_colour_section(views)) + str(maps_section(run.result.statement, views))
    page += str(curves_section(run.result.statement, views))
    assert "reaches 0.975" in page
    assert ("Radar backscatter" in page) == alone


def test_the_report_says_what_a_median_is_of(runs):
    for evidence, one in runs.items():
        page = str(evidence_section(one.result.statement, []))
        assert ("of radar, dB × 100" in page) == ("radar" in evidence)


def test_a_fused_result_is_no_optical_one(runs):
    with pytest.raises(UsageError):
        _ = runs[BOTH].result.optical


def test_explain_counts_every_sensor(runs):
    project = runs[RADAR].project
    told = explain(project, project.plan.claim_for(None))
    assert told.scenes == {"cover": 1, "s1": len(IMAGES)}
    assert sum(told.scenes_by_year.values()) == len(IMAGES)
    assert "no reflectance" in told.gates["input integrity"]
    both = explain(runs[BOTH].project, runs[BOTH].project.plan.claim_for(None))
    assert sum(both.scenes_by_year.values()) == len(IMAGES) + both.scenes["s2"]
    assert "input integrity" not in both.gates


# ── several of a kind ────────────────────────────────────────────────────────


def test_two_optical_sensors_each_with_its_own_history(tmp_path, runs):
    done = run_tiny(radar_project(tmp_path, evidence=("optical", "second")))
    assert {row.year: row.pixels for row in done.result.activity.loss} == LOSS_PX
    value = done.result.statement.as_json()
    assert [check.code for check in check_statement(value) if check.status == "fails"] == []
    assert {row["source"] for row in value["evidence"]} == {"s2", "l30", "cover"}
    confirmed = [one.result.maps["confirmed_day"] for one in (done, runs[OPTICAL])]
    assert confirmed[0][confirmed[0] > 0].mean() < confirmed[1][confirmed[1] > 0].mean()
    assert look(done.result).optical.picture == "true colour"


def test_one_optical_sensor_is_enough_for_other_detectors():
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["sources"].append(value["sources"][0] | {"id": "other"})
    with pytest.raises(PlanError, match="exactly one source of role optical"):
        plan_from_json(value)


# ── mosaics ──────────────────────────────────────────────────────────────────


def test_yearly_mosaics_confirm_a_year_later(tmp_path):
    changes = {"method.change.chi": Decimal("0.9")}
    done = run_tiny(radar_project(tmp_path, evidence=("mosaic",), plan=changes))
    assert {row.year: row.pixels for row in done.result.activity.loss} == {2020: LOSS_PX[2020], 2021: 0}
    rows = [row for row in done.result.statement.as_json()["evidence"] if row["source"] == "alos"]
    assert {row["status"] for row in rows} == {"history", "used"}
    assert not any("geometry" in row for row in rows)
    assert [c.code for c in check_statement(done.result.statement.as_json()) if c.status == "fails"] == []


# ── forgeries ────────────────────────────────────────────────────────────────


def scene(value, day=IMAGES[-1]):
    return next(row for row in value["evidence"] if row["id"] == image_id(day))


FORGERIES = {
    "another pass": lambda v: scene(v)["geometry"].update(relative_orbit=77),
    "no orbit": lambda v: scene(v).pop("geometry"),
    "an orbit of an optical scene": lambda v: next(r for r in v["evidence"] if r["source"] == "s2").update(
        geometry={"relative_orbit": 33, "direction": "ascending"}
    ),
    "an image left out": lambda v: scene(v).update(status="index step"),
    "history as use": lambda v: scene(v, IMAGES[0]).update(status="used"),
    "a median far off": lambda v: scene(v).update(median_index=500),
    "an offset": lambda v: scene(v).update(offset_dn=-1000),
    "dark vegetation": lambda v: scene(v).update(dark_dn=5),
    "too little seen": lambda v: scene(v).update(status="too little seen"),
    "one image twice": lambda v: scene(v).update(date=IMAGES[-3].isoformat()),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_row_is_caught(runs, change):
    value = deepcopy(runs[BOTH].result.statement.as_json())
    assert forgery(value) is None
    change(value)
    assert forgery(resign(value)) in {"statement.arithmetic.scenes", "statement.arithmetic.observation"}


# ── evidence that does not do ────────────────────────────────────────────────


def _as_it_is(_tiny):
    pass


def refusal(tmp_path, change, **options):
    tiny = radar_project(tmp_path, evidence=RADAR, **options)
    change(tiny)
    with pytest.raises(MRVError) as caught:
        run_tiny(tiny)
    assert caught.value.hint
    return caught.value


def test_decibels_under_the_name_of_power_are_refused(tmp_path):
    data = encode(np.full((RASTER, RASTER), -8.5, np.float32), nodata=-32_768)
    error = refusal(tmp_path, lambda tiny: replace_band(tiny, IMAGES[3], data))
    assert error.error_code == "radar.scale"


def test_a_year_without_images_is_refused(tmp_path):
    error = refusal(tmp_path, _as_it_is, plan={"method.radar.min_seen_percent": 100, "method.change.min_history": 60})
    assert (error.error_code, "no history" in str(error)) == ("source.unobserved", True)


def test_one_overpass_under_two_ids_is_refused(tmp_path):
    from support.radar_project import edit_image

    def same(tiny):
        edit_image(tiny, IMAGES[2], lambda item: item["properties"].update(datetime=f"{IMAGES[0]}T05:00:25Z"))

    error = refusal(tmp_path, same)
    assert isinstance(error, SourceError)
    assert error.error_code == "source.same-day"


# ── the plan ─────────────────────────────────────────────────────────────────


def fused(*evidence):
    return radar_plan(tomllib.loads(PLAN, parse_float=Decimal), evidence or BOTH)


def put(value, path, new):
    *way, last = path.split(".")
    for part in way:
        value = value[int(part)] if isinstance(value, list) else value[part]
    if new is ...:
        del value[last]
    else:
        value[last] = new


E = "method.change.evidence"
BAD = {
    "no evidence": (BOTH, {E: []}, "evidence"),
    "certainty": (BOTH, {"method.change.chi": 1}, "chi"),
    "less than even": (BOTH, {"method.change.chi": Decimal("0.5")}, "chi lies above 0.5"),
    "bounds the wrong way": (BOTH, {"method.change.lowest": Decimal("0.6")}, "lowest lies below 0.5"),
    "a short history": (BOTH, {"method.change.min_history": 1}, "min_history"),
    "a field of another detector": (BOTH, {"method.change.consecutive": 3}, "consecutive"),
    "an unknown source": (BOTH, {f"{E}.1.source": "s3"}, "s3 is none"),
    "an optical source for radar": (BOTH, {f"{E}.1.source": "s2"}, "each source gives one index"),
    "a polarisation the source lacks": (BOTH, {f"{E}.1.index": "vh"}, "vh is no band of source s1"),
    "a source that gives nothing": (BOTH, {E: [EVIDENCE["optical"]], "method.radar": ...}, "no use for a source of role radar"),
    "no densities": (BOTH, {f"{E}.1.density": ...}, "exactly one of density and trained"),
    "densities that tell nothing": (
        ("mosaic",), {f"{E}.0.trained.shift": 0}, "a shift of 0 tells forest from nothing",
    ),
    "densities without a reason": (("mosaic",), {f"{E}.0.trained.reason": ""}, "reason"),
    "no rules for images": (BOTH, {"method.radar": ...}, "needs [method.radar]"),
    "rules for no images": (OPTICAL, {"method.radar": {"min_seen_percent": 1, "max_shift_db": 1}}, "no use for [method.radar]"),
    "no rules for scenes": (BOTH, {"method.observation": ...}, "needs [method.observation]"),
    "rules for no scenes": (RADAR, {"method.observation": {}}, "method.observation"),
    "no record": (RADAR, {"method.record": ...}, "needs [method.record]"),
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "changes", "told"), BAD.values(), ids=BAD)
def test_refusals_name_the_field(evidence, changes, told):
    value = deepcopy(fused(*evidence))
    for path, new in changes.items():
        put(value, path, new)
    with pytest.raises(PlanError) as caught:
        plan_from_json(value, file="plan.toml")
    assert told in f"{caught.value} {caught.value.field}"
    assert "bayes-fusion/1." not in str(caught.value.field)


def test_another_detector_has_no_use_for_radar():
    value = tomllib.loads(PLAN, parse_float=Decimal)
    value["sources"].append(fused()["sources"][1])
    with pytest.raises(PlanError, match="no use for a source of role radar"):
        plan_from_json(value)


@pytest.mark.parametrize(("density", "told"), [("reiche-2018.vh", "reiche-2018.vv"), ("reiche-2018.ndvi", "reiche-2018.vv")])
def test_densities_that_are_not_there_are_refused_before_anything_is_read(tmp_path, density, told):
    tiny = radar_project(tmp_path, evidence=RADAR, plan={f"{E}.0.density": density})
    project = tiny.load()
    with pytest.raises(PlanError) as caught:
        explain(project, project.plan.claim_for(None))
    assert caught.value.error_code == "plan.density"
    assert told in caught.value.hint


def test_the_fewest_observations_of_a_change():
    table = plan_from_json(fused()).method.change
    assert table.observations == 3
    value = fused()
    value["method"]["change"]["chi"] = Decimal("0.9")
    assert plan_from_json(value).method.change.observations == 2
    assert plan_from_json(fused("mosaic")).scenes_needed == 1
    assert plan_from_json(fused("radar", "mosaic")).scenes_needed == 3
