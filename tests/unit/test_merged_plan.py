"""A plan that makes one series of two optical sensors: harmonised, one observation a day; from refusal to statement."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from support.forger import caught as forgery
from support.forger import resign
from support.run_tiny import run_tiny
from support.tiny_project import BANDS, LEFT, LOSS_PX, MARGIN, PLAN, START, TOP, edit_json, encode, tiny_project
from support.two_sensors import (
    FIRST,
    LATER,
    MERGE,
    OTHER,
    SECOND,
    SECOND_DAYS,
    SHARED,
    STEP,
    item_of,
    scene_id,
    two_plan,
    two_sensors,
)

from mrv.errors import GridMismatch, MRVError, PlanError, SourceError
from mrv.explain import explain
from mrv.plan import plan_from_json
from mrv.report.evidence import evidence_section
from mrv.rules.findings import findings
from mrv.statement import check_statement, parse_statement
from mrv.views import look


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run_tiny(two_sensors(tmp_path_factory.mktemp("two")))


def loss(run):
    return {row.year: row.pixels for row in run.result.activity.loss}


def failing(statement):
    return [check.code for check in check_statement(statement.as_json()) if check.status == "fails"]


def test_it_finds_what_was_cleared_and_its_tables_hold(done):
    assert loss(done) == LOSS_PX
    found, truth = done.result.maps["break_day"], done.tiny.break_day
    assert ((found > 0) == (truth > 0))[done.tiny.forest].all()
    assert failing(done.result.statement) == []


def test_the_statement_says_what_was_merged_and_by_what(done):
    value = done.result.statement.as_json()
    assert {row["source"]: row.get("sensor") for row in value["evidence"]} == {
        "s2": "simulated-1", "other": "simulated-2", "cover": None,
    }  # fmt: skip
    merged = value["observation"]["merged"]
    used = {row["date"] for row in value["evidence"] if row["status"] in {"used", "history"}}
    assert merged["observations"] == len(used) == value["observation"]["scenes_used"] - merged["shared_days"]
    assert 0 < merged["shared_days"] <= len(SHARED)
    assert value["observation"]["clear_max"] <= merged["observations"]
    assert [(row["sensor"], row["role"], row["slope"]) for row in merged["bandpass"]] == [
        ("simulated-2", "blue", "0.85"), ("simulated-2", "green", "0.9"), ("simulated-2", "red", "0.75"),
        ("simulated-2", "nir", "1.15"),
    ]  # fmt: skip
    codes = [finding.code for finding in done.result.statement.findings]
    assert "sensors.harmonised" in codes
    assert not {"sensors.unharmonised", "bandpass.unverified", "bandpass.asset"} & set(codes)


def test_of_one_day_both_sensors_have_one_median_after_it(done):
    """Before it they lie 600 apart."""
    medians = {(row.date, row.source): row.median_index for row in done.result.statement.evidence if row.status == "used"}
    days = [day for day, source in medians if source == "other" and (day, "s2") in medians]
    pairs = [(medians[day, "s2"], medians[day, "other"]) for day in days]
    assert len(pairs) == done.result.statement.observation.merged.shared_days
    assert all(abs(first - second) < 30 for first, second in pairs)


def test_findings_name_what_the_coefficients_are_not_of_and_who_did_not_read_them(done):
    value = deepcopy(done.result.statement.as_json())
    value["method"]["plan"]["sources"][1]["bands"]["nir"] = "B8A"
    value["observation"]["merged"]["bandpass"][0]["verified"] = False
    found = {(row.code, row.item) for row in findings(parse_statement(value))}
    assert ("bandpass.asset", "nir of other, simulated-2") in found
    assert ("bandpass.unverified", "blue of simulated-2") in found
    assert not any(code == "bandpass.asset" and "s2" in item.split() for code, item in found)


@pytest.mark.parametrize(("where", "chunk"), [("none", 30), ("local:threads=2", 7)])
def test_settings_change_nothing(done, where, chunk):
    assert done.again(where=where, chunk=chunk).statement.digest() == done.result.statement.digest()


def test_the_step_detector_reads_the_series_too(tmp_path):
    run = run_tiny(two_sensors(tmp_path, plan={"method.change": STEP}))
    assert loss(run) == LOSS_PX
    assert failing(run.result.statement) == []
    assert run.again(chunk=9).statement.digest() == run.result.statement.digest()


def as_bits(_day, sensor, bands):
    """The second sensor's classification in bits: bit 1 is cloud; clear ground is 8, a code of cloud by the first's rules."""
    if sensor == SECOND:
        bands["SCL"][:] = np.where(bands["SCL"] == 4, 8, 2)


def test_each_source_may_have_a_classification_of_its_own(tmp_path):
    run = run_tiny(two_sensors(tmp_path, alter=as_bits, plan={"sources.1.mask": {"masked_bits": [1]}}))
    assert loss(run) == LOSS_PX
    status = {row.source: row.status for row in run.result.statement.evidence if row.date.startswith("2021")}
    assert status["other"] == "used"


def test_pixels_of_30_m_lie_beside_those_of_10_m(tmp_path):
    """As Harmonized Landsat Sentinel's beside Sentinel-2's; edges of what was cleared are the coarser sensor's."""
    run = run_tiny(two_sensors(tmp_path, coarse=True))
    found, truth = run.result.maps["break_day"] > 0, run.tiny.break_day > 0
    assert (found == truth)[run.tiny.forest].mean() > 0.97
    assert (found & truth).sum() > 0.75 * truth.sum()
    assert failing(run.result.statement) == []
    assert run.again(chunk=7).statement.digest() == run.result.statement.digest()


def test_one_source_merged_with_nothing_gives_the_maps_of_one_source(tmp_path):
    plain = run_tiny(tiny_project(tmp_path))
    (tmp_path / "merged").mkdir()
    plan = {"method.observation.merge": MERGE | {"harmonise": "none"}}
    merged = run_tiny(tiny_project(tmp_path / "merged", plan=plan))
    rows = [run.result.statement.as_json()["activity"]["maps"] for run in (plain, merged)]
    assert rows[0] == rows[1]
    assert "merged" not in plain.result.statement.as_json()["observation"]
    assert not any(finding.code.startswith("sensors") for finding in merged.result.statement.findings)


# ── what harmonising is for ──────────────────────────────────────────────────


OPEN = slice(TOP + 9, TOP + 19), slice(LEFT + 1, LEFT + 9)
"""Open forest: its bands differ from those of the median forest, which the scene's shift is taken from."""
SENSITIVE = {"method.change.sigma_floor": 100}


def taken_over(day, sensor, bands):
    """Open forest throughout; from 2021 on the first sensor sees clouds alone."""
    bands["B04"][OPEN], bands["B08"][OPEN] = bands["B04"][OPEN] + 620, bands["B08"][OPEN] - 500
    if sensor == FIRST and day.year > START.year:
        bands["SCL"][:] = 9


@pytest.mark.parametrize("harmonise", ["hls-bandpass/1", "none"])
def test_without_harmonising_open_forest_reads_as_lost_when_the_second_sensor_takes_over(tmp_path, harmonise):
    days = tuple(day + timedelta(days=2) for day in LATER if day.year > START.year)
    run = run_tiny(two_sensors(tmp_path, harmonise=harmonise, days=days, alter=taken_over, plan=SENSITIVE))
    wrong = (run.result.maps["break_day"][within(OPEN)] > 0).mean()
    codes = [finding.code for finding in run.result.statement.findings]
    assert ("sensors.unharmonised" in codes) == (harmonise == "none")
    assert wrong == (0 if harmonise != "none" else 1)
    assert failing(run.result.statement) == []


def within(where):
    """A place of the rasters in the plan's window."""
    return tuple(
        slice(at.start - origin + MARGIN, at.stop - origin + MARGIN) for at, origin in zip(where, (TOP, LEFT), strict=True)
    )


# ── one day counts once ──────────────────────────────────────────────────────


SPOT = slice(TOP + 9, TOP + 13), slice(LEFT + 3, LEFT + 7)


def dark_on(*dark):
    def alter(day, _sensor, bands):
        if day in dark:
            bands["B04"][SPOT], bands["B08"][SPOT] = 1_500, 2_000

    return alter


@pytest.mark.parametrize("apart", [False, True], ids=["two sensors of one day", "two days"])
def test_two_looks_of_one_day_are_one_anomaly(tmp_path, apart):
    """Two anomalies in a row make a break; of one day they are one, on two days two."""
    one = next(day for day in SHARED if day.year == START.year + 1)
    dark = (one, one + timedelta(days=2)) if apart else (one,)
    days = tuple(sorted({*SECOND_DAYS, *dark} - ({one} if apart else set())))
    run = run_tiny(two_sensors(tmp_path, days=days, alter=dark_on(*dark)))
    found = run.result.maps["break_day"][within(SPOT)] > 0
    assert found.all() if apart else not found.any()
    assert failing(run.result.statement) == []


def test_two_scenes_of_one_source_and_day(tmp_path):
    """Refused where the plan does not merge, one observation where it does."""
    tiny = tiny_project(tmp_path)
    tiny.edit_item(LATER[1], lambda item: item["properties"].update(datetime=f"{LATER[0]}T09:40:00Z"))
    with pytest.raises(SourceError, match="of the same day") as error:
        run_tiny(tiny)
    assert "method.observation.merge" in error.value.hint
    tiny.set_plan({"method.observation.merge": MERGE | {"harmonise": "none"}})
    run = run_tiny(tiny)
    assert run.result.statement.observation.merged.shared_days == 1
    assert failing(run.result.statement) == []


def test_days_are_counted_where_a_year_needs_so_many(tmp_path):
    """Two scenes of one day are one observation, and one is too few."""
    days = tuple(day for day in SECOND_DAYS if day.year == START.year)

    def cloudy(day, _sensor, bands):
        if day.year > START.year and day != SHARED[-1]:
            bands["SCL"][:] = 9

    tiny = two_sensors(tmp_path, days=(*days, SHARED[-1]), alter=cloudy)
    with pytest.raises(SourceError, match="2021 has 1 usable scenes, 2 are needed") as error:
        run_tiny(tiny)
    assert error.value.error_code == "source.unobserved"


# ── looking ──────────────────────────────────────────────────────────────────


def test_views_and_the_scene_list(done):
    seen = look(done.result).optical
    assert seen.picture == "true colour"
    assert len(seen.series[0].days) == done.result.statement.observation.merged.observations
    page = str(evidence_section(done.result.statement, []))
    assert "simulated-2" in page
    assert "one observation a day" in page
    assert "mean of those that are clear" in page


def test_explain_counts_both(done):
    told = explain(done.project, done.project.plan.claim_for(None))
    assert told.scenes["other"] == len(SECOND_DAYS)


# ── forgeries ────────────────────────────────────────────────────────────────


def row_of(value, day=SECOND_DAYS[1]):
    return next(row for row in value["evidence"] if row["id"] == scene_id(day, SECOND))


def first_of(value):
    return next(row for row in value["evidence"] if row["source"] == "s2")


FORGERIES = {
    "another sensor than the plan's": lambda v: row_of(v).update(sensor="simulated-1"),
    "a sensor without coefficients": lambda v: first_of(v).update(sensor="sentinel-2z"),
    "no sensor": lambda v: row_of(v).pop("sensor"),
    "a sensor of a layer": lambda v: v["evidence"][-1].update(sensor="simulated-1"),
    "other coefficients": lambda v: v["observation"]["merged"]["bandpass"][0].update(slope="1"),
    "a verified source": lambda v: v["observation"]["merged"]["bandpass"][0].update(verified=False),
    "more observations": lambda v: v["observation"]["merged"].update(observations=99),
    "no shared day": lambda v: v["observation"]["merged"].update(shared_days=0),
    "nothing merged": lambda v: v["observation"].pop("merged"),
    "a median far off": lambda v: row_of(v).update(median_index=100),
    "a scene left out": lambda v: row_of(v).update(status="too cloudy"),
    "clear more often than seen": lambda v: v["observation"].update(clear_max=v["observation"]["merged"]["observations"] + 1),
}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_series_is_caught(done, change):
    value = deepcopy(done.result.statement.as_json())
    assert forgery(value) is None
    change(value)
    assert forgery(resign(value)) in {
        "statement.arithmetic.scenes", "statement.arithmetic.observation", "statement.arithmetic.record",
    }  # fmt: skip


def test_a_second_scene_of_a_day_is_caught_where_the_plan_does_not_merge(tiny_result):
    value = deepcopy(tiny_result.result.statement.as_json())
    mine = [row for row in value["evidence"] if row["source"] == "s2"]
    mine[1]["date"] = mine[0]["date"]
    assert forgery(resign(value)) == "statement.arithmetic.scenes"


# ── evidence that does not do ────────────────────────────────────────────────


def no_platform(tiny):
    for path in sorted((tiny.build / "sentinel-2-l2a").glob("*/*.json")):
        edit_json(path, lambda item: item["properties"].pop("platform"))


def unknown_platform(tiny):
    path = sorted((tiny.build / "sentinel-2-l2a").glob("*/*.json"))[3]
    edit_json(path, lambda item: item["properties"].update(platform="Sentinel-2C"))


def no_nir(tiny):
    edit_json(item_of(tiny, SECOND_DAYS[0]), lambda item: item["assets"].pop("B08"))


def other_crs(tiny):
    item_of(tiny, SECOND_DAYS[0]).with_name("B04.tif").write_bytes(encode(np.ones((40, 40), np.uint16), crs="EPSG:32635"))


def landsat_grid(tiny):
    """Half a pixel off: edges of Landsat's own grid lie so on Sentinel-2's."""
    item_of(tiny, SECOND_DAYS[0]).with_name("B04.tif").write_bytes(encode(np.ones((40, 40), np.uint16), shift_m=(5, -5)))


EVIDENCE = {
    "an item without its platform": (no_platform, SourceError, "source.sensor", "platform"),
    "a platform without coefficients": (unknown_platform, SourceError, "source.sensor", "sentinel-2c"),
    "a band that one sensor lacks": (no_nir, SourceError, "source.asset", "B08"),
    "another coordinate system": (other_crs, GridMismatch, "source.crs", ""),
    "another grid": (landsat_grid, GridMismatch, "source.grid", ""),
}


@pytest.mark.parametrize("case", EVIDENCE)
def test_evidence_is_refused_by_name(tmp_path, case):
    change, kind, code, told = EVIDENCE[case]
    tiny = two_sensors(tmp_path)
    change(tiny)
    with pytest.raises(kind) as caught:
        run_through(tiny)
    assert caught.value.error_code == code
    assert told in f"{caught.value} {caught.value.field}"
    assert caught.value.hint


def run_through(tiny):
    """As the command line goes: searched and checked first, so that nothing is fetched in vain."""
    from mrv.run import search_scenes

    project = tiny.load()
    search_scenes(project, project.plan.claim_for(None))
    run_tiny(tiny)


def test_a_platform_is_refused_before_anything_is_fetched(tmp_path):
    tiny = two_sensors(tmp_path)
    unknown_platform(tiny)
    project = tiny.load()
    with pytest.raises(SourceError, match="sentinel-2c"):
        explain(project, project.plan.claim_for(None))
    assert not (tiny.folder / "store" / "pixels").exists()


def test_platforms_are_read_as_publishers_spell_them(tmp_path):
    tiny = two_sensors(tmp_path, plan={"sources.1.sensor": "platform"})
    edit_json(item_of(tiny, SECOND_DAYS[0]), lambda item: item["properties"].update(platform=" SIMULATED_2"))
    assert failing(run_tiny(tiny).result.statement) == []


# ── the plan ─────────────────────────────────────────────────────────────────


M = "method.observation.merge"
SWIR = STEP | {"bands": ["red", "nir", "swir1"]}
BAD = {
    "two sources, and nothing said of it": (
        {M: ..., "sources.0.sensor": ..., "sources.1.sensor": ...}, "[method.observation.merge]",
    ),
    "an unknown way to harmonise": ({f"{M}.harmonise": "yes"}, "harmonise"),
    "harmonising left unsaid": ({f"{M}.harmonise": ...}, "harmonise"),
    "a day left unsaid": ({f"{M}.same_day": ...}, "same_day"),
    "an unknown rule for a day": ({f"{M}.same_day": "median"}, "same_day"),
    "a source without its sensor": ({"sources.1.sensor": ...}, "source other needs sensor"),
    "a sensor that nobody asks for": ({f"{M}.harmonise": "none"}, "no use for sensor"),
    "a sensor of tree cover": ({"sources.2.sensor": "landsat-8"}, "no use for sensor"),
    "a band that one source lacks": (
        {"sources.0.bands": BANDS | {"swir1": "B11"}, "sources.1.bands": BANDS, "method.change": SWIR},
        "source other does not have",
    ),
    "a mask of nothing": ({"sources.1.mask": {}}, "classes or bits"),
    "a mask of tree cover": ({"sources.2.mask": {"masked_bits": [1]}}, "no use for mask"),
    "a field of another table": ({f"{M}.max_gap_days": 3}, "max_gap_days"),
}  # fmt: skip


def plan_with(changes):
    value = two_plan(tomllib.loads(PLAN, parse_float=Decimal))
    for path, new in changes.items():
        *way, last = path.split(".")
        place = value
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if new is ...:
            del place[last]
        else:
            place[last] = new
    return plan_from_json(value, file="plan.toml")


@pytest.mark.parametrize("case", BAD)
def test_refusals_name_the_field(case):
    changes, told = BAD[case]
    with pytest.raises(PlanError) as caught:
        plan_with(changes)
    assert told in f"{caught.value} {caught.value.field}"
    assert caught.value.hint


def test_the_fusion_has_no_use_for_it():
    evidence = [{"source": name, "index": "ndvi", "density": "reiche-2018.ndvi"} for name in ("s2", "other")]
    with pytest.raises(PlanError, match="has no use for"):
        plan_with({"method.change": {"detector": "bayes-fusion/1", "evidence": evidence, "chi": Decimal("0.975")}})


SENSORS = {
    "a sensor without coefficients": ({"sources.1.sensor": "sentinel-2c"}, "sentinel-2c"),
    "a sensor of made worlds in a real one": ({"project.simulated": False}, "made worlds"),
    "a band without coefficients": (
        {"sources.0.bands.swir1": "B11", "sources.1.bands.swir1": "B11", "method.change": SWIR},
        "swir1 of simulated-2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SENSORS)
def test_sensors_are_refused_before_anything_is_read(tmp_path, case):
    changes, told = SENSORS[case]
    tiny = two_sensors(tmp_path, plan=changes)
    project = tiny.load()
    with pytest.raises(MRVError) as caught:
        explain(project, project.plan.claim_for(None))
    assert caught.value.error_code == "plan.sensor"
    assert told in str(caught.value)
    assert caught.value.hint


def test_a_statement_with_such_a_plan_is_no_statement(done):
    value = deepcopy(done.result.statement.as_json())
    value["method"]["plan"]["sources"][1]["sensor"] = "sentinel-2c"
    assert forgery(resign(value)) == "statement.arithmetic.plan"


def test_hls_and_sentinel_2_of_a_real_project():
    """HLS is harmonised by its publisher; items of Sentinel-2 state which of the two they are."""
    plan = plan_with({"project.simulated": False, "sources.1.sensor": "hls", "sources.1.collection": OTHER})
    assert [source.sensor for source in plan.monitored] == ["platform", "hls"]
    assert plan.method.harmonises
