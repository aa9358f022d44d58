"""Worlds and their truth: consistent with themselves, refused when impossible."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from mrv.errors import UsageError
from mrv.simulate import Scenario, co2e_kg, counterfactual, drawn_nature, forest_scenario, make_world, mean_agb_kg_ha, truth
from mrv.simulate.world import BURNT, CLEARED, CUT, ERODED, FOREST, OTHER, THINNED
from mrv.units import epoch_day

SMALL = Scenario(size_px=40, project_years=3, heavy_percent=40, regrowth_percent=50)


@pytest.fixture(scope="module")
def world():
    return make_world(SMALL, 11)


def test_the_same_seed_makes_the_same_world(world):
    again, other = make_world(SMALL, 11), make_world(SMALL, 12)
    for name in (
        "elevation",
        "water",
        "states",
        "agb_kg_ha",
        "growth_kg_ha",
        "lost_day",
        "thinned_day",
        "founded_day",
        "cause",
    ):
        assert np.array_equal(getattr(world, name), getattr(again, name))
    assert not np.array_equal(world.states, other.states)
    assert world.boundary.data == again.boundary.data


def test_known_world():
    """Pinned: the same numbers on another machine."""
    entry = truth(make_world(Scenario(), 7))[-1]
    assert (entry.loss_m2, entry.gain_m2, entry.forest_m2, entry.agb_kg) == PINNED


PINNED = (2_502, 3_603, 203_044, 3_448_889)


@pytest.mark.parametrize("scenario", [SMALL, forest_scenario().with_(size_px=40)], ids=["mangrove", "forest"])
def test_areas_add_up(scenario):
    world = make_world(scenario, 5)
    area = int(world.areas_mm2[world.inside].sum()) / 1e6
    before = int(world.areas_mm2[world.inside & (world.state(scenario.first_year - 1) != OTHER)].sum()) / 1e6
    for entry in truth(world):
        assert abs(entry.forest_m2 + entry.other_m2 - area) <= 2
        assert abs(entry.forest_m2 - (before - entry.loss_m2 + entry.gain_m2)) <= 4
        assert entry.standing_m2 <= entry.forest_m2
        before = entry.forest_m2
    assert sum(entry.loss_m2 for entry in truth(world)) > 0


def test_biomass_balances(world):
    """Stock of every pixel at the end of the year less that of the year before is growth and gain less loss and thinning."""
    for entry in truth(world):
        change = world.agb(entry.year).astype(np.int64) - world.agb(entry.year - 1)
        stock = Fraction(int((change * world.areas_mm2)[world.inside].sum()), 10**10)
        flows = entry.growth_kg + entry.gain_kg - entry.loss_kg - entry.degradation_kg
        assert abs(stock - flows) <= 3
        assert abs(stock - (flows + entry.loss_kg)) > 100  # must fail without the loss


def test_emissions_follow_from_biomass(world):
    for entry in truth(world):
        kg = (entry.loss_kg + entry.degradation_kg) * Fraction("1.49") * Fraction("0.451") * Fraction(44, 12)
        assert abs(entry.emissions_kg_co2e - kg) <= 1
        assert entry.removals_kg_co2e <= entry.standing_kg_co2e <= 0
        assert entry.soil_kg_co2e <= entry.standing_soil_kg_co2e <= 0
    assert co2e_kg(world, 1_000) == round(1_000 * 1.49 * 0.451 * 44 / 12)


def test_a_hectare_of_soil_takes_up_what_vm0033_says(world):
    entry = truth(world)[-1]
    assert abs(entry.soil_kg_co2e / (entry.forest_m2 / 10_000) / 1_000 + 5.3533) < 1e-3


def test_events_explain_states(world):
    for year in world.scenario.years:
        before, after = world.states[world.at(year) - 1], world.states[world.at(year)]
        last, first = epoch_day(date(year, 12, 31)), epoch_day(date(year, 1, 1))
        lost = (before != OTHER) & (after == OTHER)
        founded = (before == OTHER) & (after != OTHER)
        thinned = (before == FOREST) & ((after == THINNED) | (after == CUT))
        still = world.founded_day[lost] == 0
        assert ((world.lost_day[lost] >= first) & (world.lost_day[lost] <= last)).all()
        assert still.all() or (world.founded_day[lost] > last)[~still].all()
        assert (world.thinned_day[thinned] >= first).all()
        assert ((world.founded_day >= first) & (world.founded_day <= last) & ~founded).sum() == 0
    assert {CLEARED, BURNT, ERODED} <= set(np.unique(world.cause).tolist())


def test_what_the_sea_took_stays_sea(world):
    eroded = world.cause == ERODED
    assert eroded.any()
    assert (world.states[-1][eroded] == OTHER).all()
    assert (world.agb_kg_ha[-1][eroded] == 0).all()


def test_thinning_takes_its_share(world):
    year = world.scenario.first_year
    before, after = world.agb_kg_ha[world.at(year) - 1], world.agb_kg_ha[world.at(year)]
    for state, share in ((THINNED, 0.3), (CUT, 0.6)):
        where = world.states[world.at(year)] == state
        assert where.any()
        assert np.abs(after[where] / before[where] - (1 - share)).max() < 1e-3


def test_mean_biomass_and_its_spread_are_the_scenarios():
    means, spreads = [], []
    for seed in range(12):
        world = make_world(Scenario(size_px=60), seed)
        forest = world.states[0] == FOREST
        agb = world.agb_kg_ha[0][forest]
        means.append(agb.mean() / 150_000)
        spreads.append(agb.std() / agb.mean())
    assert abs(np.mean(means) - 1) < 0.02
    assert abs(np.mean(spreads) - 0.3) < 0.03


def test_mean_density_is_weighted_by_geodesic_area(world):
    year = world.scenario.start.year
    forest = world.inside & (world.state(year) != OTHER)
    assert abs(mean_agb_kg_ha(world, year) - Fraction(float(world.agb(year)[forest].mean()))) < 1
    assert not 99.99e6 < world.areas_mm2[0, 0] < 100.01e6  # the nominal area would be wrong


def test_without_the_project_the_past_is_the_same_and_more_is_lost(world):
    without = counterfactual(world)
    start = world.at(world.scenario.start.year - 1)
    assert np.array_equal(world.states[: start + 1], without.states[: start + 1])
    years = world.scenario.project
    assert sum(e.loss_m2 for e in truth(without) if e.year in years) > sum(e.loss_m2 for e in truth(world) if e.year in years)
    assert sum(e.gain_m2 for e in truth(without) if e.year in years) < sum(e.gain_m2 for e in truth(world) if e.year in years)


def test_the_window_is_the_products(world):
    rows, cols = world.window
    assert (rows.stop - rows.start, cols.stop - cols.start) == tuple(world.grid.shape) == world.inside.shape
    assert rows.start > 0
    assert rows.stop < world.water.shape[0]
    assert world.water.shape[0] % 2 == 0
    assert 0.85 * 40 * 40 < world.inside.sum() < 40 * 40


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "savanna"},
        {"size_px": 4},
        {"size_px": 5_000},
        {"history_years": 0},
        {"project_years": 0},
        {"scenes_per_year": 2},
        {"scenes_per_year": 100},
        {"forest_percent": 0},
        {"forest_percent": 95},
        {"cloud_percent": -1},
        {"cloud_percent": 101},
        {"project_loss_permille": 1_001},
        {"agb_mg_ha": 0},
        {"thinned_percent": 60, "heavy_percent": 10},
        {"allometry_permille": 0},
    ],
    ids=str,
)
def test_impossible_scenarios_are_refused(wrong):
    with pytest.raises(UsageError) as caught:
        Scenario(**wrong)
    assert caught.value.error_code == "simulate.scenario"
    assert caught.value.field in wrong
    assert caught.value.hint


def test_drawn_factors_spread_as_the_table_says():
    drawn = [drawn_nature(Scenario(), seed, allometry_cv_percent=5) for seed in range(400)]
    expected = {
        "root_shoot_permille": (490, 35.7), "carbon_permille": (451, 11.2), "soil_g_c_m2_yr": (146, 13.3),
        "thinned_percent": (30, 3.06), "allometry_permille": (1_000, 50),
    }  # fmt: skip
    for name, (mean, sd) in expected.items():
        values = np.array([getattr(scenario, name) for scenario in drawn])
        assert abs(values.mean() - mean) < 4 * sd / 20
        assert 0.88 < values.std() / sd < 1.12
    columns = [[getattr(scenario, name) for scenario in drawn] for name in expected]
    assert np.abs(np.corrcoef(columns) - np.eye(5)).max() < 0.15
    assert drawn_nature(Scenario(), 3) == drawn_nature(Scenario(), 3) != drawn_nature(Scenario(), 4)


def test_an_inland_forest_has_no_soil_uptake_to_draw():
    assert drawn_nature(forest_scenario(), 3).soil_g_c_m2_yr == 0
    assert drawn_nature(forest_scenario(), 3).allometry_permille == 1_000
