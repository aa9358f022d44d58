from __future__ import annotations

import copy
import json
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from support.forger import caught, rebuild, resign
from support.run_tiny import run_tiny
from support.tiny_project import tiny_project

from mrv.errors import MRVError, StatementError
from mrv.statement import check_statement, parse_statement
from mrv.units import JSON_INT_MAX, sha256_json


@pytest.fixture
def value(tiny_result):
    """Mapped areas, published factors: a disclaimer."""
    return copy.deepcopy(tiny_result.result.statement.as_json())


@pytest.fixture
def full(full_result):
    """Estimated areas, plots, reference level, leakage, risk report, extract: creditable."""
    return copy.deepcopy(full_result.result.statement.as_json())


@pytest.fixture(params=["mapped", "estimated"])
def either(request, value, full):
    return (request.param, value if request.param == "mapped" else full)


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


def test_no_float_anywhere(either):
    value = either[1]
    assert not [path for path, leaf in leaves(value) if isinstance(leaf, float)]
    assert all(abs(leaf) <= JSON_INT_MAX for _, leaf in leaves(value) if isinstance(leaf, int))


def test_round_trip(either):
    value = either[1]
    text = json.dumps(value)
    again = parse_statement(json.loads(text))
    assert again.as_json() == value
    assert again.digest() == sha256_json(value)


def test_an_honest_statement_holds(either):
    value = either[1]
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


# What one more leaves unnoticed: read from pixels, labels, plots or draws, which only `mrv replay` reads again.
ONLY_REPLAY = {
    "mapped": {
        "activity.loss.mean_confidence_percent", "grid.shape", "growth_intervals.ci90_kg", "observation.clear_max",
        "observation.clear_median", "observation.clear_min", "uncertainty.drawn.mean_se_kg",
    },
    "estimated": {
        "activity.loss.mean_confidence_percent", "biomass.components.se_kg_ha", "biomass.plots", "biomass.trees",
        "biomass.visits", "grid.shape", "growth_intervals.ci90_kg", "observation.clear_max", "observation.clear_median",
        "observation.clear_min", "uncertainty.drawn.mean_se_kg",
    },
}  # fmt: skip
WITHIN_ROUNDING = {
    "project.area_m2": "strata are rounded one by one: sums agree within half a square metre a part",
    "activity.strata.area_m2": "the same",
    "activity.loss.area_m2": "where areas are estimated, the same",
    "activity.sample.strata.area_m2": "the same, of a stratum without any event",
    "biomass.strata": "one stratum more holds as many clusters",
    "observation.clear_max": "as many as there are scenes",
}


def unnoticed(value, change, *, forge=None):
    """Leaves that a change (None: leave alone) alters without any check failing.

    ``forge`` lets a forger put right what follows; a leaf that he had to put back is no forgery of it.
    """
    found = set()
    for path, leaf in list(leaves(value)):
        new = change(path, leaf)
        if new is None:
            continue
        forged = copy.deepcopy(value)
        put(forged, path, new)
        try:
            if forge is not None:
                forge(forged)
            if caught(forged) is None and (forge is None or at(forged, path) == new):
                found.add(name(path))
        except (MRVError, ArithmeticError, LookupError, ValueError, TypeError, StopIteration, AssertionError):
            assert forge is not None  # a check never raises; the forger's own tools may refuse
    return found


def at(value, path):
    for part in path:
        value = value[part]
    return value


def more(path, leaf):
    return leaf + 1 if isinstance(leaf, int) and not isinstance(leaf, bool) and path[0] != "evidence" else None


def test_every_integer_is_guarded_or_named_here(either):
    """One more in any integer outside the evidence fails a check, but for those that only a replay can judge."""
    kind, value = either
    found = unnoticed(value, more)
    assert sorted(found - ONLY_REPLAY[kind] - set(WITHIN_ROUNDING)) == []
    # And no excuse is kept for what is guarded.
    assert sorted(ONLY_REPLAY[kind] - found - AT_THEIR_BOUND) == []


AT_THEIR_BOUND = {"activity.loss.mean_confidence_percent", "observation.clear_max", "observation.clear_median",
                  "uncertainty.drawn.mean_se_kg"}  # fmt: skip
"""100 % sure, as many observations as scenes, an error at a power of ten: there one more is caught."""


def test_rounding_hides_a_square_metre_and_no_more(either):
    """What may be off by one may not be off by a hundred."""

    def much(path, leaf):
        return leaf + 100 if name(path) in WITHIN_ROUNDING and name(path).endswith("m2") else None

    assert unnoticed(either[1], much) == set()


WORDS_OF_REPLAY = {
    "mapped": {"method.code_digest", "activity.maps.pixels", "uncertainty.contributions.variance_percent"},
    "estimated": {
        "method.code_digest", "activity.maps.pixels", "activity.sample.beacon_source", "activity.sample.committed_at",
        "activity.sample.map_digest", "authorisation.registry", "factors.high", "factors.low",
        "quantities.leakage.document", "quantities.leakage.method", "quantities.leakage.se",
        "quantities.reference_level.document", "quantities.reference_level.method", "quantities.reference_level.se",
        "quantities.risk.as_of", "quantities.risk.document", "uncertainty.contributions.variance_percent",
    },
}  # fmt: skip


def other(path, leaf):
    if path[0] == "evidence" or (isinstance(leaf, int) and not isinstance(leaf, bool)):
        return None
    if not isinstance(leaf, str):
        return 1 if leaf is None else not leaf
    if leaf.startswith("sha256:"):
        return "sha256:" + "0" * 64
    if leaf[4:5] == "-" and len(leaf) == 10:
        return leaf[:9] + ("1" if leaf[9] != "1" else "2")
    try:
        return format(Decimal(leaf) * Decimal("1.1") + Decimal("0.1"), "f").rstrip("0").rstrip(".")
    except InvalidOperation:
        return "9"


def test_every_other_leaf_is_guarded_or_named_here(either):
    """The same for words, decimals, days and digests: what repeats the plan, or follows from it, must agree with it."""
    kind, value = either
    found = unnoticed(value, other)
    assert sorted(found - WORDS_OF_REPLAY[kind]) == []


# What a forger with a trusted key gets past every check by altering one leaf, when whatever can be computed follows from it:
# pixels and what was seen in them, labels and beacons, plots, and what the project states.  A replay reads all of them again.
# Quantiles of the draws he must alter together: the test after this one.
FORGED = {
    "activity.estimates.hits", "activity.loss.area_m2", "activity.loss.undated_pixels", "activity.loss.weak_pixels",
    "activity.maps.pixels", "activity.sample.beacon", "activity.sample.beacon_source", "activity.sample.committed_at",
    "activity.sample.map_digest", "activity.sample.strata.area_m2", "activity.sample.strata.stratum",
    "activity.strata.area_m2", "authorisation.as_of", "authorisation.label_claimed", "authorisation.project",
    "authorisation.registry", "biomass.components.se_kg_ha", "biomass.findings.code", "biomass.findings.item",
    "biomass.findings.value", "biomass.plots", "biomass.strata", "biomass.trees", "biomass.visits", "factors.high",
    "factors.low", "factors.value", "grid.shape", "growth_intervals.ci90_kg", "inputs.digest", "method.code_digest",
    "observation.clear_min", "observation.unmonitored_px", "project.area_m2", "project.boundary_digest",
    "quantities.leakage.document", "quantities.leakage.method", "quantities.leakage.quantity", "quantities.leakage.se",
    "quantities.reference_level.document", "quantities.reference_level.method", "quantities.reference_level.quantity",
    "quantities.reference_level.se", "quantities.risk.as_of", "quantities.risk.buffer_percent", "quantities.risk.document",
    "quantities.risk.loss_event_threshold_percent", "quantities.risk.risk_rating_percent",
    "uncertainty.contributions.variance_percent",
}  # fmt: skip


@pytest.mark.slow
def test_what_a_careful_forger_gets_past_the_checks_is_named_here(full):
    def alter(path, leaf):
        if path[0] in {"evidence", "gates", "conclusion", "findings"} or path[:2] == ("method", "plan"):
            return None
        return more(path, leaf) if more(path, leaf) is not None else other(path, leaf)

    assert sorted(unnoticed(full, alter, forge=rebuild) ^ FORGED) == []


def test_draws_made_narrow_together_pass_and_only_a_replay_can_tell(full):
    """Halved around their means, in both spans, in digits that their error supports: no table contradicts them."""
    before = full["quantities"]["issuable_t"]
    for row in full["uncertainty"]["drawn"]:
        unit = 10 ** (len(str(row["mean_se_kg"])) - 1)
        for name in ("q05_kg", "q95_kg"):
            row[name] = row["mean_kg"] + (row[name] - row["mean_kg"]) // (2 * unit) * unit
    rebuild(full)
    assert full["quantities"]["issuable_t"] > before
    assert caught(full) is None


def test_signing_again_repairs_no_arithmetic(full):
    """Digests, seed, findings, gates and conclusion follow from the altered tables: the tables still contradict each other."""
    derived = ("quantities.vintages", "quantities.flows", "quantities.steps", "growth.", "stocks", "programme", "factors.value",
               "activity.estimates", "activity.accuracy", "quantities.issuable_t", "quantities.buffer_t",
               "quantities.cumulative_benefit_kg")  # fmt: skip

    def alter(path, leaf):
        return more(path, leaf) or other(path, leaf) if name(path).startswith(derived) else None

    assert unnoticed(full, alter, forge=resign) == set()


OF_A_SCENE = {"id", "bands.pixels", "clear_px", "median_index", "dark_dn", "date", "processing_baseline"}
"""What a replay alone reads: item ids, pixels, and what was seen in them."""


def test_evidence_is_guarded_but_for_what_only_pixels_tell(full):
    def alter(path, leaf):
        if path[0] != "evidence" or path[1] % 6:
            return None
        return leaf + 1 if isinstance(leaf, int) and not isinstance(leaf, bool) else other(("x",), leaf)

    found = {leaf.removeprefix("evidence.") for leaf in unnoticed(full, alter, forge=resign)}
    assert sorted(found - OF_A_SCENE) == []


@pytest.mark.parametrize("section", ["activity.strata", "activity.loss", "factors", "stocks", "growth", "gates",
                                     "quantities.vintages", "quantities.steps", "uncertainty.contributions",
                                     "programme.worked_example.steps", "claim.vintages", "activity.maps",
                                     "evidence"])  # fmt: skip
@pytest.mark.parametrize("how", ["first gone", "last gone", "doubled", "reversed"])
def test_rows_cannot_be_dropped_doubled_or_moved(value, section, how):
    rows_cannot_be_dropped_doubled_or_moved(value, section, how)


@pytest.mark.parametrize("section", ["activity.estimates", "activity.sample.strata", "activity.accuracy.counts", "inputs",
                                     "activity.accuracy.by_class", "biomass.components", "growth_intervals", "factors",
                                     "quantities.flows", "quantities.reference_level", "quantities.leakage", "absent",
                                     "quantities.steps", "uncertainty.drawn", "uncertainty.contributions", "findings",
                                     "programme.notes", "not_verified", "evidence"])  # fmt: skip
@pytest.mark.parametrize("how", ["first gone", "last gone", "doubled", "reversed"])
def test_rows_of_a_full_statement_cannot_either(full, section, how):
    rows_cannot_be_dropped_doubled_or_moved(full, section, how)


def rows_cannot_be_dropped_doubled_or_moved(value, section, how):
    *path, last = section.split(".")
    holder = value
    for part in path:
        holder = holder[part]
    rows = holder[last]
    if not rows or (how == "reversed" and len(rows) < 2):
        pytest.skip("no row, or one")
    holder[last] = {
        "first gone": rows[1:], "last gone": rows[:-1], "doubled": [*rows, copy.deepcopy(rows[-1])], "reversed": rows[::-1],
    }[how]  # fmt: skip
    assert caught(value)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("project", "area_m2"), 1.0), (("project", "area_m2"), "1"), (("project", "area_m2"), True),
        (("project", "area_m2"), -1), (("project", "area_m2"), 2**53), (("project", "area_m2"), None),
        (("project", "boundary_digest"), "sha256:1"), (("period", "start"), "2021-02-30"), (("schema",), "mrv.statement/1"),
        (("extra",), 1), (("quantities", "issuable_t"), -1), (("uncertainty", "drawn", 0, "hw90_percent"), "1.50"),
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
    for table in set(value["method"]["plan"]) - {"pools"}:  # its absence is its default, and another digest
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
