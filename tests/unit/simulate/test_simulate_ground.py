"""Plots, trees, labels and claim inputs against the truth they were made from."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest

from mrv.accounts.baseline import parse_leakage, parse_reference_level
from mrv.errors import UsageError
from mrv.programme.authorisation import parse_registry_extract
from mrv.programme.credits import parse_risk_report
from mrv.simulate import (
    Claims,
    Interpreter,
    PlotDesign,
    Scenario,
    counterfactual,
    forest_scenario,
    make_world,
    mean_agb_kg_ha,
    plot_tables,
    truth,
)
from mrv.simulate.claims import claim_files
from mrv.simulate.dice import Dice
from mrv.simulate.ground import draw_plots
from mrv.simulate.labels import interpretations, label, label_years
from mrv.simulate.trees import chave_2014, density_of, grow_stand, komiyama_2005, measure, revisit
from mrv.simulate.world import OTHER
from mrv.units import sha256_bytes

KINDS = {"mangrove": Scenario(), "forest": forest_scenario()}


def rows(data):
    return list(csv.DictReader(io.StringIO(data.decode())))


def masses(kind, trees):
    """kg d.m. by plot and visit of the living, by the published equation, from the table as written."""
    total = defaultdict(float)
    for tree in trees:
        if tree["status"] == "alive":
            d, h, rho = (np.array([float(tree[name])]) for name in ("dbh_cm", "height_m", "wood_density_g_cm3"))
            agb = komiyama_2005(d, rho) if kind == "mangrove" else chave_2014(d, rho, h)
            total[tree["plot"], int(tree["visit"])] += float(agb[0])
    return total


def weighted_mean(plots, total, visit=1):
    pairs = [(float(plot["weight"]), total[plot["plot"], visit] * 100) for plot in plots if plot["visit"] == str(visit)]
    return sum(w * y for w, y in pairs) / sum(w for w, _ in pairs)


def test_equations_give_the_published_pins():
    pins = [(10, 0.70, 50.67243), (20, 0.70, 278.80821), (30, 0.85, 917.93290)]
    for d, rho, kg in pins:
        assert abs(float(komiyama_2005(np.array([float(d)]), np.array([rho]))[0]) - kg) < 5e-6
    for d, rho, h, kg in [(10, 0.6, 10, 34.63305), (50, 0.6, 30, 2341.80365), (100, 0.6, 42, 12582.93613)]:
        found = chave_2014(np.array([float(d)]), np.array([rho]), np.array([float(h)]))[0]
        assert abs(float(found) - kg) < 5e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("total", [2.0, 80.0, 1_500.0, 9_000.0])
def test_a_stand_holds_what_it_should(kind, total):
    stand = grow_stand(kind, total, Dice(5, "s"))
    diameters, heights = measure(kind, stand)
    density = density_of(kind, stand.species)
    by_equation = komiyama_2005(diameters, density) if kind == "mangrove" else chave_2014(diameters, density, heights)
    assert abs(stand.agb_kg.sum() - total) < 1e-6 * total
    assert abs(by_equation.sum() / total - 1) < (0.03 if total > 50 else 0.3)  # tape and clinometer read to 0.1
    assert heights.min() >= 1.3


def test_a_revisited_stand_grows_by_its_living_stems():
    stand = grow_stand("mangrove", 1_500.0, Dice(5, "s"))
    later, stems = revisit(stand, 1_620.0, Dice(6, "t"))
    assert abs(later.agb_kg[later.alive].sum() - 1_620) < 1e-6
    assert (later.agb_kg[later.alive] >= stand.agb_kg[stems][later.alive]).all()
    assert (later.agb_kg[~later.alive] == stand.agb_kg[stems][~later.alive]).all()


def test_a_thinned_stand_loses_stems_and_the_rest_do_not_shrink():
    stand = grow_stand("mangrove", 2_000.0, Dice(5, "s"))
    later, stems = revisit(stand, 1_300.0, Dice(6, "t"))
    assert len(stems) < len(stand.species)
    assert abs(later.agb_kg[later.alive].sum() - 1_300) < 1e-6
    assert (later.agb_kg >= stand.agb_kg[stems] - 1e-9).all()


@pytest.mark.parametrize("kind", KINDS)
def test_plots_are_unbiased_for_the_mean_and_the_forest(kind):
    """Over 60 worlds: the weighted mean is the true mean, the weights add up to the forest's pixels."""
    errors, forest = [], []
    for seed in range(60):
        world = make_world(KINDS[kind].with_(size_px=40), seed)
        plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16, visits=1)))
        year = world.scenario.start.year - 1
        errors.append(weighted_mean(plots, masses(kind, trees)) / float(mean_agb_kg_ha(world, year)) - 1)
        standing = (world.inside & (world.state(year) != OTHER)).sum()
        forest.append(sum(float(plot["weight"]) for plot in plots) / standing - 1)
    for found in (errors, forest):
        assert abs(np.mean(found)) < 3 * np.std(found) / 60**0.5
    assert np.std(errors) / 60**0.5 < 0.015


def test_weights_are_inverse_inclusion_probabilities():
    """By brute force: the chance of each block over many draws of the same world is 1 over its share of the weight."""
    world = make_world(Scenario(size_px=40), 3)
    plots = draw_plots(world, PlotDesign(clusters=16, plots_per_cluster=3))
    by_stratum = defaultdict(set)
    for plot in plots:
        by_stratum[plot.stratum].add(plot.cluster)
        assert world.inside[plot.row, plot.col]
        assert world.state(world.scenario.start.year - 1)[plot.row, plot.col] != OTHER
    assert {name: len(blocks) for name, blocks in by_stratum.items()} == {"seaward": 8, "landward": 8}
    assert len({(plot.row, plot.col) for plot in plots}) == len(plots)
    assert min(plot.weight for plot in plots) >= 1


def test_purposive_plots_are_too_heavy():
    """Must fail the test above: what a probability design is there to prevent."""
    errors = []
    for seed in range(8):
        world = make_world(Scenario(size_px=40), seed)
        plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16, visits=1, purposive=True)))
        assert {plot["weight"] for plot in plots} == {"1"}
        errors.append(weighted_mean(plots, masses("mangrove", trees)) / float(mean_agb_kg_ha(world, 2020)) - 1)
    assert np.mean(errors) > 0.15


def test_remeasured_plots_show_the_growth_of_forest_that_stood():
    slopes = []
    for seed in range(10):
        world = make_world(Scenario(size_px=40, degradation_permille=0, project_years=4), seed)
        plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16)))
        total = masses("mangrove", trees)
        stood = {plot["plot"] for plot in plots if plot["visit"] == "2" and plot["state"] == "forest"}
        both = [plot for plot in plots if plot["plot"] in stood]
        slopes.append((weighted_mean(both, total, 2) - weighted_mean(both, total, 1)) / 4)
    assert abs(np.mean(slopes) - 4_000) < 3 * np.std(slopes) / 10**0.5
    assert np.std(slopes) / 10**0.5 < 120


def test_cleared_plots_have_no_trees_and_say_so():
    world = make_world(Scenario(size_px=40, project_loss_permille=150), 3)
    plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16)))
    cleared = {plot["plot"] for plot in plots if plot["state"] == "cleared"}
    assert cleared
    assert all(plot["visit"] == "2" for plot in plots if plot["state"] == "cleared")
    assert not [tree for tree in trees if tree["plot"] in cleared and tree["visit"] == "2"]


def test_an_allometry_that_is_wrong_for_the_place_shows_in_the_trees():
    right, wrong = (make_world(Scenario(size_px=40, allometry_permille=p), 3) for p in (1_000, 800))
    means = []
    for world in (right, wrong):
        plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16, visits=1)))
        means.append(weighted_mean(plots, masses("mangrove", trees)))
    assert abs(means[1] / means[0] - 1.25) < 0.01


def test_the_same_seed_gives_the_same_tables():
    first, second = (plot_tables(make_world(Scenario(size_px=40), 3), PlotDesign(clusters=16)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("wrong", [{"clusters": 2}, {"plots_per_cluster": 0}, {"plot_area_m2": 0}, {"visits": 3}], ids=str)
def test_impossible_plot_designs_are_refused(wrong):
    with pytest.raises(UsageError, match="no such plot design"):
        PlotDesign(**wrong)


def test_a_world_too_small_for_the_clusters_is_refused():
    with pytest.raises(UsageError, match="blocks of forest") as caught:
        plot_tables(make_world(Scenario(size_px=20), 3), PlotDesign(clusters=60))
    assert caught.value.error_code == "simulate.plots"


ERRING = {"mangrove": {"other": 50}, "other": {"mangrove": 50}}


def pixels(world):
    return [(int(r), int(c)) for r, c in zip(*np.nonzero(world.inside), strict=True)]


def test_an_interpreter_without_errors_tells_the_truth():
    world = make_world(Scenario(size_px=24), 3)
    years = label_years(world)
    assert years == (2020, 2021, 2022)
    for row, col in pixels(world)[::7]:
        told = Interpreter().read(world, row, col, years)
        assert told == tuple(label(world, row, col, year) for year in years)
        assert set(told) <= {"mangrove", "thinned", "other"}


def test_errors_come_at_the_stated_rate_and_stay_with_the_unit():
    world = make_world(Scenario(size_px=60), 3)
    person = Interpreter(confusion=ERRING)
    told = {cell: person.read(world, *cell, (2020, 2021)) for cell in pixels(world)}
    wrong = [cell for cell, labels in told.items() if labels[0] != label(world, *cell, 2020)]
    assert abs(len(wrong) / len(told) - 0.05) < 0.012
    assert told == {cell: person.read(world, *cell, (2020, 2021)) for cell in reversed(pixels(world))}
    other = Interpreter("interpreter-2", ERRING)
    also = [cell for cell in wrong if other.read(world, *cell, (2020,))[0] != label(world, *cell, 2020)]
    assert len(also) < len(wrong) / 4


def test_errors_made_anew_each_year_make_changes_of_nothing():
    """The trap of inference: 5 % symmetric label error turns a little loss into much."""
    world = make_world(Scenario(size_px=60), 3)

    def loss(person):
        told = [person.read(world, *cell, (2020, 2021)) for cell in pixels(world)]
        return sum(before == "mangrove" and after == "other" for before, after in told) / len(told)

    true = loss(Interpreter())
    assert loss(Interpreter(confusion=ERRING)) < true + 0.01
    assert loss(Interpreter(confusion=ERRING, persistent=False)) > true + 0.015


def test_double_interpretation_has_a_row_a_unit_and_interpreter():
    world = make_world(Scenario(size_px=24), 3)
    two = (Interpreter(), Interpreter("interpreter-2", ERRING))
    found = rows(interpretations(world, {"a": (10, 10), "b": (11, 12)}, two, (2020, 2021)))
    expected = [("a", "interpreter-1"), ("a", "interpreter-2"), ("b", "interpreter-1"), ("b", "interpreter-2")]
    assert [(row["unit"], row["interpreter"]) for row in found] == expected
    assert list(found[0]) == ["unit", "interpreter", "2020", "2021"]


@pytest.mark.parametrize(
    "confusion", [{"other": {"mangrove": -1}}, {"other": {"mangrove": 900, "thinned": 200}}, {"other": {"other": 10}}], ids=str
)
def test_confusions_that_are_no_probabilities_are_refused(confusion):
    with pytest.raises(UsageError) as caught:
        Interpreter(confusion=confusion)
    assert caught.value.error_code == "simulate.confusion"


@pytest.mark.parametrize("unit", ["ha", "t CO2e"])
def test_an_exact_reference_level_is_the_land_without_the_project(unit):
    world = make_world(Scenario(size_px=40), 3)
    files = claim_files(world, Claims(unit=unit, exact=True), project="made")
    level = parse_reference_level(files["reference_level.csv"]).for_years(world.scenario.project)
    without = [entry for entry in truth(counterfactual(world)) if entry.year in world.scenario.project]
    true = sum(entry.loss_m2 if unit == "ha" else entry.emissions_kg_co2e for entry in without)
    stated = sum(row.quantity for row in level if row.flow == "emissions")
    assert abs(stated * (10_000 if unit == "ha" else 1_000) - true) <= 2
    taken = sum(row.quantity for row in level if row.flow == "removals")
    assert abs(taken * 1_000 - sum(entry.standing_kg_co2e + entry.standing_soil_kg_co2e for entry in without)) <= 2
    for row in level:
        name = "documents/emissions.md" if row.flow == "emissions" else "documents/removals.md"
        assert row.document == sha256_bytes(files[name])


def test_a_reference_level_errs_by_its_standard_error_the_same_in_every_year():
    errors = []
    for seed in range(24):
        world = make_world(Scenario(size_px=24), seed)
        stated, exact = (
            parse_reference_level(
                claim_files(world, Claims(se_percent=10, exact=exact), project="made")["reference_level.csv"]
            ).rows
            for exact in (False, True)
        )
        first = [row for row in stated if row.flow == "emissions"]
        assert len({row.quantity for row in first}) == 1
        errors.append(float((stated[0].quantity - exact[0].quantity) / stated[0].se))
    assert abs(np.mean(errors)) < 0.5
    assert 0.7 < np.std(errors) < 1.3


def test_claim_inputs_parse_and_say_that_they_are_simulated():
    world = make_world(Scenario(size_px=24), 3)
    files = claim_files(world, Claims(rating_percent=12, buffer_percent=13), project="made")
    risk = parse_risk_report(files["risk_report.toml"])
    assert (risk.risk_rating_percent, risk.buffer_percent) == (12, 13)
    extract = parse_registry_extract(files["registry_extract.json"])
    assert (extract.project, extract.article6, extract.ccp) == ("made", None, None)
    assert len(parse_leakage(files["leakage.toml"]).for_years(world.scenario.project)) == 2
    for name, data in files.items():
        assert b"imulated" in data, name
    assert "removals" not in claim_files(world, Claims(removals=False), project="made")["reference_level.csv"].decode()


@pytest.mark.parametrize(
    "wrong", [{"se_percent": -1}, {"leakage_percent": -1}, {"rating_percent": 120}, {"buffer_percent": 101}]
)
def test_impossible_claims_are_refused(wrong):
    with pytest.raises(UsageError, match="no such claim inputs"):
        Claims(**wrong)


def test_weights_are_written_to_six_places():
    world = make_world(Scenario(size_px=40), 3)
    design = PlotDesign(clusters=16, plots_per_cluster=3)
    written = {row["plot"]: Fraction(row["weight"]) for row in rows(plot_tables(world, design)[0])}
    for plot in draw_plots(world, design):
        assert abs(written[plot.name] - plot.weight) <= Fraction(1, 2_000_000)


def test_thinned_plots_say_so_and_would_drag_the_growth_down():
    """Degradation is counted by area: left in the increment's domain, thinned plots would count it twice."""
    kept, all_standing = [], []
    for seed in range(6):
        world = make_world(Scenario(size_px=40, degradation_permille=40), seed)
        plots, trees = (rows(data) for data in plot_tables(world, PlotDesign(clusters=16)))
        total = masses("mangrove", trees)
        for states, slopes in ((("forest",), kept), (("forest", "degraded"), all_standing)):
            chosen = {plot["plot"] for plot in plots if plot["visit"] == "2" and plot["state"] in states}
            both = [plot for plot in plots if plot["plot"] in chosen]
            slopes.append((weighted_mean(both, total, 2) - weighted_mean(both, total, 1)) / 2)
    assert abs(np.mean(kept) - 4_000) < 200
    assert np.mean(all_standing) < 3_000


def test_every_plot_is_forest_at_the_first_visit():
    world = make_world(Scenario(size_px=40), 3)
    plots = rows(plot_tables(world, PlotDesign(clusters=16))[0])
    assert {plot["state"] for plot in plots if plot["visit"] == "1"} == {"forest"}


def test_the_products_own_tables_take_them():
    from mrv.carbon.plots import inventory, parse_plots, parse_trees

    world = make_world(Scenario(size_px=40), 3)
    plots, trees = plot_tables(world, PlotDesign(clusters=16))
    joined = inventory(parse_plots(plots), parse_trees(trees))
    assert joined.visits == (1, 2)
    assert not joined.borrowed
