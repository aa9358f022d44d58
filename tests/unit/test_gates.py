from __future__ import annotations

import copy

import pytest
from support.forger import resign

from mrv.rules.gates import GATES, check_gates, conclude, evaluate
from mrv.statement import check_statement, parse_statement


@pytest.fixture
def value(tiny_result):
    return copy.deepcopy(tiny_result.result.statement.as_json())


@pytest.fixture
def full(full_result):
    return copy.deepcopy(full_result.result.statement.as_json())


def gate(value, name):
    (found,) = [row for row in evaluate(parse_statement(value)) if row.id == name]
    return found


def gated(value):
    """The statement with gates and conclusion computed anew."""
    draft = parse_statement(value)
    found = draft.model_copy(update={"gates": evaluate(draft)})
    return found.model_copy(update={"conclusion": conclude(found)})


def test_each_gate_is_there_once(value):
    names = [row["id"] for row in value["gates"]]
    assert names == [
        "continuity", "dual evidence", "input integrity", "plausibility", "claim", "uncertainty", "permanence", "buffer",
        "authorisation",
    ]  # fmt: skip
    assert len(GATES) == len(names)


def test_the_tiny_project(value):
    status = {row["id"]: row["status"] for row in value["gates"]}
    assert status["continuity"] == status["input integrity"] == status["plausibility"] == "passed"
    assert status["dual evidence"] == "failed"
    assert status["claim"] == "failed"  # seven tonnes claimed, none issuable
    assert {status[name] for name in ("uncertainty", "permanence", "buffer", "authorisation")} == {"not assessed"}


@pytest.mark.parametrize(
    ("record", "gap", "minimum", "status"),
    [
        (1095, 300, 3, "passed"), (1094, 300, 3, "failed"), (1095, 301, 3, "failed"), (1095, 300, 1, "passed"),
        (1094, 300, 1, "failed"), (1095, 300, 4, "failed"), (1461, 300, 4, "passed"), (0, 0, 3, "failed"),
    ],
)  # fmt: skip
def test_continuity(value, record, gap, minimum, status):
    value["observation"].update(record_days=record, longest_gap_days=gap)
    value["method"]["plan"]["method"]["observation"].update(min_record_years=minimum, max_gap_days=300)
    assert gate(value, "continuity").status == status


def test_a_record_that_ends_before_the_period_is_a_gap(full):
    """Nobody looked in the last months: loss after the last scene would be nobody's."""
    assert gate(full, "continuity").status == "passed"
    full["observation"]["last"] = "2021-03-06"  # 300 days before the end
    assert gate(full, "continuity").status == "passed"
    full["observation"]["last"] = "2021-03-05"
    found = gate(full, "continuity")
    assert (found.status, "301 days unseen" in found.measured) == ("failed", True)


def test_dual_evidence_needs_plots_and_sample(value, full):
    assert gate(full, "dual evidence").status == "passed"
    assert gate(value, "dual evidence").measured == "no plots, no reference sample"
    for missing in ("plots", "reference sample"):
        full["absent"] = [{"input": missing, "consequence": "", "remedy": ""}]
        found = gate(full, "dual evidence")
        assert (found.status, found.measured) == ("failed", f"no {missing}")


def test_dual_evidence_refuses_a_purposive_choice_of_plots(full):
    full["biomass"]["label"] = "model-based"
    assert gate(full, "dual evidence").status == "failed"


@pytest.mark.parametrize(("mapped", "status"), [(4141, "passed"), (2900, "passed"), (2892, "failed"), (5390, "failed")])
def test_dual_evidence_holds_the_map_against_the_sample(full, mapped, status):
    """Estimated 4,141 m² with standard errors of 208 and 438: 99 % is 2.576 × 484.9 = 1,248.9 m²."""
    rows = full["activity"]["loss"]
    rows[0]["area_m2"], rows[1]["area_m2"] = mapped - 1000, 1000
    found = gate(full, "dual evidence")
    assert found.status == status
    assert f"mapped {mapped} m², estimated 4141 ± 1248 m²" in found.measured


@pytest.mark.parametrize(
    ("low", "high", "status"),
    [("20", "60", "failed"), ("20", "75", "passed"), ("180", "300", "failed"), ("170", "300", "passed")],
)
def test_dual_evidence_holds_the_plots_against_what_is_published(full, low, high, status):
    agb = next(row for row in full["factors"] if row["role"] == "agb")
    agb.update(low="70", high="175")
    next(row for row in full["factors"] if row["role"] == "agb_published").update(low=low, high=high)
    assert gate(full, "dual evidence").status == status


@pytest.mark.parametrize(
    ("check", "scene_status", "status"),
    [
        ("failed", "used", "failed"), ("failed", "history", "failed"), ("not assessed", "used", "not assessed"),
        ("failed", "too cloudy", "passed"), ("not assessed", "off season", "passed"), ("failed", "index step", "passed"),
    ],
)  # fmt: skip
def test_input_integrity_reads_the_scenes_used(value, check, scene_status, status):
    value["evidence"][0].update(offset_check=check, status=scene_status)
    assert gate(value, "input integrity").status == status


def test_a_detector_that_sees_less_than_half_of_the_forest_fails(value):
    forest = sum(row["pixels"] for row in value["activity"]["strata"] if row["stratum"] != "stable non-forest")
    value["observation"]["unmonitored_px"] = forest // 2
    assert gate(value, "input integrity").status == "passed"
    value["observation"]["unmonitored_px"] = forest // 2 + 1
    found = gate(value, "input integrity")
    assert (found.status, f"{forest // 2 + 1} of {forest} forest pixels not monitored" in found.measured) == ("failed", True)


def test_a_forest_that_was_never_green_fails(value):
    history = [scene for scene in value["evidence"] if scene["status"] == "history"]
    for scene in history[: len(history) // 2 + 1]:
        scene["median_index"] = -4300
    found = gate(value, "input integrity")
    assert (found.status, "are red and near infrared swapped?" in found.measured) == ("failed", True)


def test_maps_without_reflectance_are_not_assessed(value):
    value["method"]["plan"]["method"]["change"] = {"detector": "extent-epochs/1"}
    assert gate(value, "input integrity").status == "not assessed"


def test_steps_in_a_row_are_counted_in_the_order_of_days(value):
    """Hidden among other rows, three steps in a row are still three in a row."""
    limit = value["method"]["plan"]["method"]["change"]["consecutive"]
    used = [scene for scene in value["evidence"] if scene["status"] == "used"]
    for scene in used[-limit:]:
        scene["status"] = "index step"
    value["evidence"].sort(key=lambda scene: scene["date"][5:])
    assert gate(value, "input integrity").status == "failed"


def test_input_integrity_of_nothing_is_not_passed(value):
    for scene in value["evidence"]:
        scene["status"] = "too cloudy"
    assert gate(value, "input integrity").status == "not assessed"


def flow(year, kg, *, kind="emission", activity="loss"):
    pool = "above-ground biomass"
    return {"year": year, "activity": activity, "pool": pool, "kind": kind, "area_m2": 1, "kg_co2e": kg}


def only(value, *flows):
    """The statement with these fluxes alone, and totals that follow."""
    q = value["quantities"]
    q["flows"] = list(flows)
    for row in q["vintages"]:
        for kind in ("emission", "removal"):
            row[f"project_{kind}s_kg"] = sum(f["kg_co2e"] for f in flows if (f["year"], f["kind"]) == (row["year"], kind))
    q["cumulative_project_kg"] = sum(f["kg_co2e"] for f in flows)
    q["period_project_kg"] = sum(row["project_emissions_kg"] + row["project_removals_kg"] for row in q["vintages"])
    return value


@pytest.mark.parametrize(
    ("flows", "status"),
    [
        ((), "passed"), ((flow(2021, 40_000),), "passed"), ((flow(2021, 40_001),), "failed"),
        ((flow(2021, -40_000, kind="removal"),), "passed"), ((flow(2021, -40_001, kind="removal"),), "failed"),
        ((flow(2020, 40_001),), "failed"),  # before the period: VM0033 credits cumulatively
        ((flow(2021, 40_001), flow(2021, -40_001, kind="removal")), "failed"),  # gross, not net
        ((flow(2020, 30_000), flow(2021, 30_000)), "passed"),
    ],
)  # fmt: skip
def test_plausibility_has_a_ceiling_of_gross_tonnes(value, flows, status):
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "20"
    value["project"]["area_m2"] = 20_000
    assert gate(only(value, *flows), "plausibility").status == status


def test_plausibility_of_emissions_from_no_area_is_not_passed(value):
    value["project"]["area_m2"] = 0
    assert value["quantities"]["period_project_kg"] > 0
    assert gate(value, "plausibility").status != "passed"


def whole_stock(value):
    return sum(row["kg_co2e"] for row in value["growth"] if (row["year"], row["stratum"]) == (2021, "forest"))


@pytest.mark.parametrize("ceiling", ["40", "10000"])
def test_a_stock_entered_as_a_yearly_removal_is_caught(value, ceiling):
    """The published mangrove example: a mature stock as every year's change; no ceiling of the plan's own excuses it."""
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = ceiling
    stock = whole_stock(value)
    found = gate(only(value, flow(2021, -stock, kind="removal", activity="standing")), "plausibility")
    assert found.status == "failed"
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "10000"
    assert gate(only(value, flow(2021, -stock // 3, kind="removal")), "plausibility").status == "passed"


@pytest.mark.parametrize(("share", "status"), [(2, "passed"), (1, "failed")])
def test_a_stock_entered_as_a_yearly_emission_of_the_baseline_is_caught(full, share, status):
    """A forest is lost once: two years may not emit more than all that stands."""
    full["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "10000"
    q, stock = full["quantities"], whole_stock(full)
    for row, vintage in zip((r for r in q["reference_level"] if r["flow"] == "emissions"), q["vintages"], strict=True):
        row["kg_co2e"] = vintage["baseline_emissions_kg"] = stock // share
        vintage["gross_benefit_kg"] = vintage["reductions_kg"] = 0
    q["cumulative_benefit_kg"] = -sum(row["kg_co2e"] for row in q["leakage"])
    assert gate(full, "plausibility").status == status


def test_a_stock_entered_before_the_period_is_caught(value):
    value["method"]["plan"]["factors"]["ceiling_t_co2e_ha_yr"] = "10000"
    assert gate(only(value, flow(2020, -whole_stock(value), kind="removal")), "plausibility").status == "failed"


def test_a_pool_twice_is_caught(value):
    value["stocks"].append(dict(value["stocks"][0]))
    found = gate(value, "plausibility")
    assert found.status == "failed"
    assert "a pool twice" in found.measured


def test_a_pool_by_two_methods_in_the_plan_is_caught(full):
    pools = full["method"]["plan"]["pools"]
    pools.append({"pool": pools[0]["pool"], "method": "factor"})
    assert "a pool twice" in gate(full, "plausibility").measured


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("period_project_kg", "the period's"), ("cumulative_project_kg", "the cumulative"),
        ("cumulative_benefit_kg", "the net benefit"), ("issuable_t", "the issuable"),
    ],
)  # fmt: skip
def test_years_that_do_not_add_up_are_caught(full, field, named):
    assert gate(full, "plausibility").status == "passed"
    full["quantities"][field] += 1
    found = gate(full, "plausibility")
    assert (found.status, f"years do not add up to {named}" in found.measured) == ("failed", True)


@pytest.mark.parametrize(
    ("claimed", "issuable", "status"), [(0, 0, "passed"), (1, 0, "failed"), (100, 100, "passed"), (101, 100, "failed")]
)
def test_a_claim_has_no_tolerance(value, claimed, issuable, status):
    value["claim"]["vintages"] = [{"year": 2021, "t_co2e": claimed}]
    value["quantities"]["issuable_t"] = value["quantities"]["vintages"][0]["issuable_t"] = issuable
    assert gate(value, "claim").status == status


def test_a_claim_adds_its_vintages_up(value):
    value["claim"]["vintages"] = [{"year": 2020, "t_co2e": 60}, {"year": 2021, "t_co2e": 60}]
    value["quantities"]["issuable_t"] = 100
    assert gate(value, "claim").status == "failed"


@pytest.mark.parametrize(
    ("first", "second", "status"), [(67, 84, "passed"), (68, 83, "failed"), (66, 85, "failed"), (0, 0, "passed")]
)
def test_a_claim_holds_in_each_vintage(full, first, second, status):
    for row, t in zip(full["quantities"]["vintages"], (67, 84), strict=True):
        row["issuable_t"] = t
    full["quantities"]["issuable_t"] = 151
    full["claim"]["vintages"] = [{"year": 2020, "t_co2e": first}, {"year": 2021, "t_co2e": second}]
    found = gate(full, "claim")
    assert found.status == status
    assert "of draws" in found.measured


@pytest.mark.parametrize(
    ("left", "status"), [("1", "passed"), ("0.5", "passed"), ("0", "failed"), ("1.1", "failed"), ("-0.1", "failed")]
)
def test_uncertainty_leaves_a_share(full, left, status):
    full["programme"]["factor_left"] = left
    assert gate(full, "uncertainty").status == status


def test_a_benefit_without_a_percentage_is_no_pass_and_no_absence(full):
    """A programme that deducts, a benefit, and no percentage: nothing is left, and that is a failure."""
    full["programme"]["factor_left"] = None
    assert gate(full, "uncertainty").status == "failed"
    full["programme"]["id"] = "ipcc-only"
    assert gate(full, "uncertainty").status == "not assessed"
    full["programme"]["id"] = "vm0033-2.1"
    full["absent"] = [{"input": "leakage", "consequence": "", "remedy": ""}]
    assert gate(full, "uncertainty").status == "not assessed"


def test_a_loss_event_is_told_without_deducting_it_again(full):
    risk = full["quantities"]["risk"]
    assert gate(full, "permanence").status == "passed"
    risk["loss_event_threshold_percent"] = "1"
    found = gate(full, "permanence")
    assert found.status == "failed"
    assert "a loss event; its emissions are in the project's already" in found.measured
    full["quantities"]["cumulative_benefit_kg"] = None  # no reference level: the loss is known all the same
    assert gate(full, "permanence").status == "failed"
    risk["loss_event_threshold_percent"] = "100"
    assert gate(full, "permanence").status == "not assessed"


def test_methane_is_no_loss_of_stock(full):
    before = gate(full, "permanence").measured
    full["quantities"]["flows"].append({**flow(2021, 10**7, activity="standing"), "pool": "methane"})
    assert gate(full, "permanence").measured == before


def test_a_loss_of_all_there_is_is_an_event(full):
    for row in full["growth_intervals"]:
        row["kg_co2e"] = 0
    assert gate(full, "permanence").status == "failed"


@pytest.mark.parametrize(("credited", "status"), [(254, "passed"), (10**6, "failed")])
def test_a_reversal_says_how_many_tonnes(full, credited, status):
    q = full["quantities"]
    q["prior"] = [{"attestation": "sha256:" + "1" * 64, "vintage": 2020, "t_co2e": credited - 4, "buffer_t": 4}]
    q["cumulative_benefit_kg"] = 254_245
    found = gate(full, "permanence")
    assert found.status == status
    if status == "failed":
        assert f"a reversal of {credited - 254} t" in found.measured


@pytest.mark.parametrize(("buffer", "status"), [("12", "passed"), ("13", "failed"), ("11.9", "failed"), ("0", "failed")])
def test_the_buffer_is_the_risk_rating(full, buffer, status):
    full["quantities"]["risk"]["buffer_percent"] = buffer
    assert gate(full, "buffer").status == status


LETTER = {"quantity_t": 1000, "vintages": [2020, 2021], "corresponding_adjustment": "pledged"}


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({}, "passed", "authorised"), ({"corresponding_adjustment": "none"}, "failed", "no corresponding adjustment"),
        ({"vintages": [2020]}, "failed", "vintage 2021 is not authorised"),
        ({"project": "other"}, "failed", "of project other"),
        ({"quantity_t": 100}, "failed", "more than the 100 t authorised"), ({"quantity_t": None}, "failed", "no authorisation"),
    ],
)  # fmt: skip
def test_article_6_use_needs_its_letter(full, change, status, told):
    full["claim"]["article6"] = "authorised"
    full["authorisation"].update({**LETTER, **change})
    found = gate(full, "authorisation")
    assert found.status == status
    assert told in found.measured


def test_what_was_credited_before_came_out_of_the_same_letter(full):
    full["claim"]["article6"] = "authorised"
    full["authorisation"].update(LETTER)
    full["quantities"]["prior"] = [{"attestation": "sha256:" + "1" * 64, "vintage": 2020, "t_co2e": 990, "buffer_t": 0}]
    assert gate(full, "authorisation").status == "failed"


def test_a_label_needs_a_listed_method(full):
    full["authorisation"].update(label_claimed=True, label_methods=["vm0033-2.1"])
    assert gate(full, "authorisation").status == "passed"
    full["authorisation"]["label_methods"] = ["art-trees-2.0"]
    assert gate(full, "authorisation").status == "failed"


@pytest.mark.parametrize(
    ("name", "remove"),
    [
        ("permanence", ("quantities", "risk")), ("buffer", ("quantities", "risk")), ("authorisation", ("authorisation",)),
        ("uncertainty", ("programme", "factor_left")),
    ],
)  # fmt: skip
def test_an_absent_input_is_not_assessed(full, name, remove):
    assert gate(full, name).status == "passed"
    *path, last = remove
    holder = full
    for part in path:
        holder = holder[part]
    holder[last] = None
    full["programme"]["id"] = "ipcc-only" if name == "uncertainty" else full["programme"]["id"]
    assert gate(full, name).status == "not assessed"


def test_article_6_without_an_extract_is_not_passed(value):
    value["claim"]["article6"] = "authorised"
    assert gate(value, "authorisation").status in {"not assessed", "failed"}


def test_not_assessed_never_becomes_passed(value):
    """Whatever else the statement says, absent inputs leave their gates unassessed."""
    for change in ({"absent": []}, {"findings": []}, {"not_verified": []}):
        for name in ("uncertainty", "permanence", "buffer", "authorisation"):
            assert gate({**value, **change}, name).status == "not assessed"


@pytest.mark.parametrize("index", range(9))
@pytest.mark.parametrize("status", ["passed", "failed", "not assessed"])
def test_a_gate_that_was_altered_is_noticed(value, index, status):
    if value["gates"][index]["status"] == status:
        pytest.skip("as it is")
    value["gates"][index]["status"] = status
    assert "statement.gates" in [check.code for check in check_statement(value) if check.status == "fails"]


@pytest.mark.parametrize("field", ["measured", "limit", "id"])
def test_the_words_of_a_gate_are_guarded(value, field):
    value["gates"][0][field] += " "
    assert "statement.gates" in [check.code for check in check_statement(value) if check.status == "fails"]


def conclusion(value):
    return conclude(parse_statement(resign(value)))


def test_unmodified_is_reached_by_passing_everything(full):
    found = conclusion(full)
    assert (found.computed, found.basis) == ("unmodified", ["every gate passed"])


def test_qualified_for_what_caps_or_was_not_assessed(full):
    for path, new, told in (
        (("biomass", "label"), "model-based", "gate dual evidence failed"),
        (("observation", "longest_gap_days"), 400, "gate continuity failed"),
        (("authorisation",), None, "gate authorisation not assessed"),
        (("programme", "text_verified"), False, "was not read when its rules were written"),
    ):
        value = copy.deepcopy(full)
        holder = value
        for part in path[:-1]:
            holder = holder[part]
        holder[path[-1]] = new
        found = conclusion(value)
        assert found.computed == "qualified"
        assert told in found.basis[0]


def test_adverse_for_any_other_gate_and_with_it_what_caps(full):
    full["observation"]["longest_gap_days"] = 400
    full["quantities"]["risk"]["buffer_percent"] = "13"
    found = conclusion(full)
    assert found.computed == "adverse"
    assert [line.split(" failed")[0] for line in found.basis] == ["gate continuity", "gate buffer"]


@pytest.mark.parametrize("missing", ["reference level", "leakage", "risk report"])
def test_a_disclaimer_for_want_of_what_credits_need(full, missing):
    full["absent"] = [{"input": missing, "consequence": "c", "remedy": ""}]
    found = conclusion(full)
    assert (found.computed, missing in found.basis[0]) == ("disclaimer", True)


def test_gates_that_cannot_be_computed_fail_and_never_raise(full):
    for damage in (("method", "plan", "factors", "ceiling_t_co2e_ha_yr"), ("factors",)):
        value = copy.deepcopy(full)
        holder = value
        for part in damage[:-1]:
            holder = holder[part]
        holder[damage[-1]] = [] if damage == ("factors",) else "none"
        checks = check_gates(parse_statement(value))
        assert [check.status for check in checks] == ["fails"]


def test_a_mapped_area_gives_a_disclaimer_whatever_the_gates_say(value):
    for row in value["gates"]:
        row["status"] = "passed"
    value["absent"] = []
    found = conclude(parse_statement(value))
    assert found.computed == "disclaimer"
    assert "mapped" in found.basis[0]


def test_every_failed_gate_and_absent_input_is_a_basis(value):
    basis = "\n".join(value["conclusion"]["basis"])
    for row in value["gates"]:
        assert (f"gate {row['id']} failed" in basis) == (row["status"] == "failed")
    for row in value["absent"]:
        assert f"{row['input']} absent" in basis


@pytest.mark.parametrize("computed", ["unmodified", "qualified", "adverse"])
def test_another_conclusion_is_noticed(value, computed):
    value["conclusion"]["computed"] = computed
    failing = [check.code for check in check_statement(value) if check.status == "fails"]
    assert failing == ["statement.conclusion"]


def test_steps_of_the_whole_forest_in_a_row_fail_input_integrity(value):
    """One hazy scene is left out; three in a row would be the loss of the whole forest, hidden by leaving them out."""
    limit = value["method"]["plan"]["method"]["change"]["consecutive"]
    used = [scene for scene in value["evidence"] if scene["status"] == "used"]
    for scene in used[1 - limit :]:
        scene["status"] = "index step"
    assert gate(value, "input integrity").status == "passed"
    used[-limit]["status"] = "index step"
    assert gate(value, "input integrity").status == "failed"


def test_a_failed_gate_withholds_what_the_programme_issues(full):
    """The steps stay as they are; what may be credited is nothing."""
    sound = gated(full)
    assert sound.conclusion.creditable_t == sound.quantities.issuable_t > 0
    full["quantities"]["risk"]["buffer_percent"] = "10"
    unsound = gated(full)
    assert (unsound.conclusion.computed, unsound.conclusion.creditable_t) == ("adverse", 0)
    assert unsound.quantities.issuable_t > 0


def test_a_map_and_a_sample_that_deny_each_other_are_adverse(full):
    """Labels that know of no loss where the map has much: more credit, were it only qualified."""
    for row in full["activity"]["estimates"]:
        if row["activity"] == "loss":
            row.update(area_m2=0, se_m2=0, ci90_m2=[0, 10])
    denied = gated(full)
    assert next(gate for gate in denied.gates if gate.id == "dual evidence").status == "failed"
    assert (denied.conclusion.computed, denied.conclusion.creditable_t) == ("adverse", 0)


def test_a_later_period_needs_to_know_what_was_credited(full):
    full["absent"].append({"input": "prior credits", "consequence": "c", "remedy": "r"})
    assert gated(full).conclusion.computed == "disclaimer"
