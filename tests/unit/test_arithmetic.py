from __future__ import annotations

import copy
import csv
import io
from datetime import date
from fractions import Fraction

import pytest
from support.forger import rebuild, resign
from support.full_project import full_project, level_csv, run_full, trees_csv

from mrv.inputs import seed_of
from mrv.programme.art_trees import worked_example
from mrv.rules.arithmetic import check_arithmetic
from mrv.statement import check_statement, parse_statement
from mrv.units import sha256_bytes


@pytest.fixture
def value(tiny_result):
    return copy.deepcopy(tiny_result.result.statement.as_json())


def failing(value):
    return [check.code.removeprefix("statement.arithmetic.") for check in check_statement(value) if check.status == "fails"]


@pytest.fixture
def full(full_result):
    return copy.deepcopy(full_result.result.statement.as_json())


def test_every_table_is_asked_once(value):
    codes = [check.code for check in check_arithmetic(parse_statement(value))]
    assert codes == [
        f"statement.arithmetic.{name}"
        for name in (
            "plan", "seed", "grid", "scenes", "observation", "record", "areas", "sample", "cohort", "plots", "factors",
            "stocks", "stated", "quantities", "uncertainty", "draws", "programme", "words",
        )
    ]  # fmt: skip


def test_signing_again_what_is_honest_changes_nothing(value, full):
    for honest in (value, full):
        assert resign(copy.deepcopy(honest)) == honest
        assert rebuild(copy.deepcopy(honest)) == honest


VARIANTS = {
    "another programme": {"plan": {"programme.id": "art-trees-2.0"}},
    "a tool": {"plan": {"programme.id": "ar-tool14"}},
    "no programme, its worked example": {"plan": {"programme.id": "ipcc-only", "programme.worked_example": True}},
    "no sample": {"units": 0},
    "no leakage": {"files": {"leakage.toml": None}},
    "no reference level": {"files": {"reference_level.csv": None}},
    "no risk report, no extract": {"files": {"risk_report.toml": None, "registry_extract.json": None}},
    "a level in tonnes, without error": {"files": {"reference_level.csv": level_csv(hectares="150", unit="t CO2e", se="0")}},
    "degradation, dead wood": {
        "plan": {
            "factors.table": ["ipcc_tier1", "simulated"], "factors.degradation": {"moderate": "degraded.moderate"},
            "reference.interval": "logit",
        }
    },
    "purposive plots": {"plan": {"biomass.design": "purposive"}},
    "no plots": {
        "plan": {"biomass": ..., "pools": ...}, "files": {"plots.csv": None, "trees.csv": None},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_no_honest_statement_is_refused(tmp_path, name):
    """Every question asks what follows, and nothing that merely holds in one project."""
    found = run_full(full_project(tmp_path, **VARIANTS[name])).result.statement.as_json()
    assert [(c.code, c.detail) for c in check_statement(found) if c.status != "holds"] == []
    assert rebuild(copy.deepcopy(found)) == found


def test_a_forest_whose_plots_shrink_is_verified_and_not_refused(tmp_path):
    """Trees of the first visit taken for those of the second: the standing forest emits, and the accounts take it."""
    rows = list(csv.DictReader(io.StringIO(trees_csv().decode())))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "visit": 3 - int(row["visit"])} for row in rows)
    found = run_full(full_project(tmp_path, files={"trees.csv": text.getvalue().encode()})).result.statement.as_json()
    assert [(c.code, c.detail) for c in check_statement(found) if c.status != "holds"] == []
    standing = [row for row in found["quantities"]["flows"] if row["activity"] == "standing"]
    assert all(row["kind"] == "emission" and row["kg_co2e"] > 0 for row in standing)
    assert {row["project_removals_kg"] for row in found["quantities"]["vintages"]} == {0}
    drawn = {(row["quantity"], row["span"]): row["mean_kg"] for row in found["uncertainty"]["drawn"]}
    assert drawn["gross emissions", "period"] == drawn["project", "period"]


def test_a_second_period_stands_on_the_first(tmp_path):
    """Two claims, the first credited: the second's statement counts from the project's start and holds."""
    years = {year: {"start": date(year, 1, 1), "end": date(year, 12, 31), "vintages": {str(year): 9}} for year in (2020, 2021)}
    one, two = ({"period": str(year), **claim} for year, claim in years.items())
    credited = f"attestation,vintage,t_co2e,buffer_t\nsha256:{'1' * 64},2020,30,4\n".encode()
    tiny = full_project(tmp_path, plan={"claim": [one, two]}, files={"prior_credits.csv": credited})
    found = run_full(tiny, period="2021").result.statement.as_json()
    assert [(c.code, c.detail) for c in check_statement(found) if c.status != "holds"] == []
    assert found["quantities"]["cumulative_credited_t"] == 30
    assert {row["year"] for row in found["quantities"]["flows"]} == {2020, 2021}
    assert [row["year"] for row in found["quantities"]["vintages"]] == [2021]
    found["quantities"]["prior"] = []
    assert "quantities" in failing(resign(found))


def test_a_pool_of_methods_that_were_never_in_one_project_holds(tmp_path):
    tiny = full_project(
        tmp_path,
        plan={
            "pools": [
                {"pool": "above-ground biomass", "method": "plots"},
                {"pool": "below-ground biomass", "method": "allometry"},
                {"pool": "soil organic carbon", "method": "vm0033-default"},
            ],
            "biomass.below_ground": "komiyama-2005-below",
            "soil": {"cover_percent": 40, "organic": True},
            "factors.table": ["ipcc_tier1", "simulated"], "factors.soil_accumulation": "soil-accumulation.mangrove",
        },
    )  # fmt: skip
    found = run_full(tiny).result.statement.as_json()
    assert [(c.code, c.detail) for c in check_statement(found) if c.status != "holds"] == []
    roles = {row["role"] for row in found["factors"] if row["id"].startswith("plots.")}
    assert roles == {"agb", "bgb", "growth", "bgb_growth", "lost_stock"}
    assert found["uncertainty"]["approach1_half_width_percent"] is None


def test_tonnes_out_of_nothing_are_caught(value):
    """Issuable tonnes raised together with the last step, and claimed: the scope limitation issues nothing."""
    value["quantities"]["issuable_t"] = value["quantities"]["steps"][-1]["result"] = 1_000_000
    value["claim"]["vintages"] = [{"year": 2021, "t_co2e": 1_000_000}]
    value["method"]["plan"]["claim"][1]["vintages"] = {"2021": 1_000_000}
    assert failing(resign(value))


def test_a_benefit_without_a_reference_level_is_caught(value):
    (vintage,) = value["quantities"]["vintages"]
    vintage.update(
        baseline_emissions_kg=10**9, baseline_removals_kg=0, gross_benefit_kg=10**9 - vintage["project_emissions_kg"],
        reductions_kg=10**9 - vintage["project_emissions_kg"], removals_kg=0, leakage_kg=0,
    )  # fmt: skip
    assert "quantities" in failing(resign(value))


def test_more_clear_pixels_than_the_window_has_are_caught(value):
    rows, columns = value["grid"]["shape"]
    value["evidence"][3]["clear_px"] = rows * columns + 1
    assert "grid" in failing(resign(value))


def test_a_scene_without_an_id_is_caught(value):
    value["evidence"][3]["id"] = ""
    assert "grid" in failing(resign(value))


def test_an_area_without_a_pixel_is_caught(value):
    value["activity"]["loss"][0].update(pixels=0, area_m2=1)
    assert "grid" in failing(resign(value))


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


def test_the_seed_by_hand():
    assert seed_of("sha256:p", ["sha256:b", "sha256:a", "sha256:b"]) == sha256_bytes(b"sha256:p\nsha256:a\nsha256:b")


def test_dice_rolled_again_are_caught(full):
    full["uncertainty"]["seed"] = "sha256:" + "5" * 64
    assert failing(full) == ["seed"]


@pytest.mark.parametrize("name", ["plots.csv", "reference.csv", "leakage.toml"])
def test_another_input_under_the_same_seed_is_caught(full, name):
    next(row for row in full["inputs"] if row["name"] == name)["digest"] = "sha256:" + "5" * 64
    assert "seed" in failing(full)


def test_another_frame_is_caught(full):
    """A frame frozen after the labels: the committed digest is that of frame.json, whatever seed is signed."""
    next(row for row in full["inputs"] if row["name"] == "frame.json")["digest"] = "sha256:" + "5" * 64
    assert failing(resign(full)) == ["cohort"]


def test_a_frame_committed_after_its_beacon_is_caught(full):
    full["activity"]["sample"]["committed_at"] = full["activity"]["sample"]["beacon_at"]
    assert failing(resign(full)) == ["sample"]


def test_labels_that_contradict_the_error_matrix_are_caught(full):
    """A unit of loss in the stable forest is read as forest in the estimates, and left in the matrix."""
    row = next(row for row in full["activity"]["estimates"] if row["activity"] == "loss" and row["hits"][2])
    row["hits"][2] -= 1
    assert "cohort" in failing(resign(full))


def test_more_loss_than_forest_is_caught(full):
    start = next(row for row in full["activity"]["estimates"] if row["activity"] == "forest at the start")
    start["hits"][0] = 0
    assert "cohort" in failing(resign(full))


def test_loss_after_degradation_needs_degradation_before(full):
    rows = {(row["activity"], row["year"]): row for row in full["activity"]["estimates"]}
    rows["loss after degradation:moderate", 2020]["hits"][0] = 1
    assert "cohort" in failing(resign(full))


@pytest.mark.parametrize(("field", "change"), [("mean_kg", 0.5), ("q05_kg", 1.5), ("q95_kg", 0.7)])
def test_draws_that_do_not_belong_together_are_caught(full, field, change):
    row = next(row for row in full["uncertainty"]["drawn"] if row["quantity"] == "baseline")
    row[field] = int(row[field] * change)
    assert failing(rebuild(full))


def test_a_smaller_half_width_of_one_span_is_caught(full):
    """The period is all there is since the start, so its draws are the cumulative ones."""
    for row in full["uncertainty"]["drawn"]:
        if row["span"] == "cumulative" and row["quantity"] in {"baseline", "project"}:
            row["q05_kg"] = row["q95_kg"] = row["mean_kg"]
    assert failing(rebuild(full)) == ["draws"]


def test_means_of_the_draws_add_up(full):
    for row in full["uncertainty"]["drawn"]:
        if row["quantity"] == "net benefit":
            for name in ("mean_kg", "q05_kg", "q95_kg"):
                row[name] += 50_000
    assert failing(rebuild(full)) == ["draws"]


@pytest.mark.parametrize("percent", ["99.95", "12", "100.1", "-1"])
def test_a_chance_that_the_percentiles_deny_is_caught(full, percent):
    full["uncertainty"]["confidence_in_claim_percent"] = percent
    assert "draws" in failing(rebuild(full))


def test_a_component_that_is_not_told_is_caught(full):
    """The largest component of the uncertainty is left out of the table, and the next called the first."""
    full["uncertainty"]["contributions"] = full["uncertainty"]["contributions"][1:]
    assert failing(resign(full)) == ["draws"]


@pytest.mark.parametrize(
    ("change", "question"),
    [
        ({"quantity": "-0.6"}, "stated"), ({"se": "-1"}, "stated"), ({"flow": "removals"}, "stated"),
        ({"year": 2019}, "quantities"), ({"unit": "t CO2e"}, "stated"),
    ],
)  # fmt: skip
def test_a_reference_level_that_no_table_could_give_is_caught(full, change, question):
    full["quantities"]["reference_level"][0].update(change)
    assert question in failing(resign(full))


def test_a_year_of_the_reference_level_twice_is_caught(full):
    rows = full["quantities"]["reference_level"]
    rows.insert(1, dict(rows[0]))
    assert "stated" in failing(full)


def test_leakage_that_helps_is_caught(full):
    for row in full["quantities"]["leakage"]:
        row["quantity"] = "-400"
    assert {"stated", "quantities"} <= set(failing(full))


@pytest.mark.parametrize("half", [{"quantity_t": 5}, {"vintages": [2020]}, {"corresponding_adjustment": "reported"}])
def test_half_an_authorisation_is_caught(full, half):
    full["authorisation"].update(half)
    assert failing(resign(full)) == ["stated"]


def test_plots_that_are_called_a_probability_sample_are_caught(tmp_path):
    found = run_full(full_project(tmp_path, plan={"biomass.design": "purposive"})).result.statement.as_json()
    assert found["conclusion"]["computed"] == "qualified"
    found["biomass"]["label"] = "design-based"
    assert "plots" in failing(resign(found))


@pytest.mark.parametrize("change", [{"value": "1.2"}, {"high": "0.9"}, {"low": "0.99"}, {"note": "few"}, {"interval": "x"}])
def test_the_stock_of_the_area_lost_is_the_mean_with_an_interval(full, change):
    next(row for row in full["factors"] if row["role"] == "lost_stock").update(change)
    assert "plots" in failing(resign(full))


def test_a_measured_stock_beside_its_own_section_is_caught(full):
    next(row for row in full["factors"] if row["role"] == "agb")["value"] = "120"
    assert "plots" in failing(resign(full))


def test_a_scale_of_all_areas_is_caught(full):
    """Every pixel twice as large, everywhere and to the square metre: the grid does not allow it."""
    rows = [full["project"], *full["activity"]["strata"], *full["activity"]["loss"], *full["activity"]["sample"]["strata"]]
    for row in rows:
        row["area_m2"] *= 2
    assert failing(rebuild(full)) == ["grid"]


def test_a_window_off_the_grid_is_caught(full):
    full["grid"]["transform"][2] = "600061"
    assert failing(full) == ["grid"]


@pytest.mark.parametrize(
    ("index", "change"),
    [
        (3, {"status": "too cloudy"}), (3, {"status": "off season"}), (3, {"status": "index step"}), (3, {"offset_dn": -1000}),
        (3, {"offset_rule": "declared"}), (3, {"offset_check": "not assessed"}), (3, {"dark_dn": None}),
        (3, {"source": "other"}),
        (3, {"median_index": -9000}), (-1, {"status": "used"}), (-1, {"clear_px": 9}), (3, {"clear_px": 0}),
        (3, {"processing_baseline": "05.10"}), (3, {"processing_baseline": "new"}),
    ],
)  # fmt: skip
def test_a_scene_that_the_plan_judges_otherwise_is_caught(full, index, change):
    full["evidence"][index].update(change)
    assert "scenes" in failing(resign(full))


def test_scenes_out_of_order_are_caught(full):
    """Steps in a row are counted in the order of days, so the order is no choice."""
    full["evidence"][2], full["evidence"][9] = full["evidence"][9], full["evidence"][2]
    assert "scenes" in failing(resign(full))


def test_a_year_nobody_looked_at_is_caught(full):
    for scene in full["evidence"]:
        if scene["date"].startswith("2020") and scene["status"] == "used":
            scene.update(status="too cloudy", median_index=None, clear_px=0, dark_dn=None, offset_check="not assessed")
    assert "scenes" in failing(resign(full))


def test_an_input_that_is_none_is_caught(full):
    full["inputs"].append({"name": "zz.csv", "digest": "sha256:" + "0" * 64})
    assert failing(resign(full)) == ["seed"]


HUGE = {"grid.anchor_x": "1E+300000000", "method.change.threshold_sigma": "1E-300000000", "grid.anchor_y": "0E-300000000"}


@pytest.mark.parametrize("path", HUGE)
def test_a_number_that_would_fill_the_memory_is_refused_at_once(full, path):
    *tables, last = path.split(".")
    table = full["method"]["plan"]
    for name in tables:
        table = table[name]
    table[last] = HUGE[path]
    assert failing(full) == ["plan"]
