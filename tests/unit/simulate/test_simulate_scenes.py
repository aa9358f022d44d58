"""What the satellite sees of a world."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pytest

from mrv.change.bandpass import lines_of
from mrv.kernels.looks import adjust
from mrv.simulate import Scenario, forest_scenario, make_world
from mrv.simulate.scenes import (
    BANDS,
    CLOUD_CLASS,
    SceneConditions,
    biomass_map,
    calendar,
    cover,
    scene,
    second_calendar,
    tree_cover,
)
from mrv.simulate.world import CLEARED, ERODED, FOREST, OTHER
from mrv.units import from_epoch_day

SCENARIO = Scenario(size_px=40, cloud_percent=20)
CLEAR = SceneConditions(date(2020, 6, 1), 0, 0, 0.0)


@pytest.fixture(scope="module")
def world():
    return make_world(SCENARIO, 11)


def ndvi(bands):
    red, nir = bands["B04"].astype(float), bands["B08"].astype(float)
    return (nir - red) / (nir + red)


def clouds(bands):
    return np.repeat(np.repeat(bands["SCL"], 2, 0), 2, 1) == CLOUD_CLASS


def test_scenes_are_distinct_days_in_order(world):
    days = [sky.day for sky in calendar(world)]
    assert days == sorted(set(days))
    assert len(days) == 25
    assert max(b - a for a, b in pairwise(days)) < timedelta(days=145)


@pytest.mark.parametrize("count", [3, 12, 60])
def test_any_number_of_scenes_a_year_gives_distinct_days(count):
    days = [sky.day for sky in calendar(make_world(Scenario(size_px=20, scenes_per_year=count), 3))]
    assert len(set(days)) == len(days) == 5 * count
    assert all(sum(day.year == year for day in days) == count for year in range(2018, 2023))


def test_the_same_seed_gives_the_same_pixels(world):
    def digest(which):
        bands = scene(which, calendar(which)[3])
        return sha256(b"".join(bands[key].astype("<u2").tobytes() for key in sorted(bands))).hexdigest()

    assert digest(world) == digest(make_world(SCENARIO, 11)) != digest(make_world(SCENARIO, 12))
    assert digest(world)[:16] == DIGEST


DIGEST = "409d8985aa7941e2"


def test_forest_is_green_and_open_land_is_not(world):
    index = ndvi(scene(world, CLEAR))
    state = world.states[world.at(2019)]
    stable = (world.states == FOREST).all(axis=0)
    never = (world.states == OTHER).all(axis=0) & ~world.water
    assert index[stable].min() > 0.6
    assert np.median(index[never]) < 0.35
    assert index[world.water].max() < 0.1
    assert state.shape == index.shape


def test_a_clearing_is_seen_from_its_day_on(world):
    cleared = (world.cause == CLEARED) & (world.founded_day == 0)
    day = from_epoch_day(int(np.median(world.lost_day[cleared])))
    patch = cleared & (world.lost_day == (day - date(1970, 1, 1)).days)
    before = scene(world, replace(CLEAR, day=day - timedelta(days=1)))
    after = scene(world, replace(CLEAR, day=day))
    assert patch.any()
    assert ndvi(before)[patch].min() > 0.5
    assert ndvi(after)[patch].max() < 0.35


def test_thinning_is_fainter_than_clearing_and_heals(world):
    thinned = (world.thinned_day > 0) & (world.lost_day == 0)
    day = from_epoch_day(int(world.thinned_day[thinned].min()))
    where = thinned & (world.thinned_day == world.thinned_day[thinned].min())
    before, at, later = (cover(world, day + timedelta(days=days))[where] for days in (-1, 0, 800))
    assert np.allclose(at / before, 0.7)
    assert (later > at).all()
    assert (later < before).all()


def test_new_forest_greens_up_before_it_counts(world):
    new = (world.founded_day > 0) & (world.lost_day == 0)
    day = from_epoch_day(int(np.median(world.founded_day[new])))
    where = new & (world.founded_day == (day - date(1970, 1, 1)).days)
    early, founding, late = (cover(world, day + timedelta(days=days))[where] for days in (-400, 0, 1_200))
    assert early.max() < 0.1
    assert 0.4 < founding.min() < 0.6
    assert late.min() > 0.85


def test_the_tide_floods_low_open_ground(world):
    low = (world.states == OTHER).all(axis=0) & ~world.water & (world.elevation < 250)
    assert low.any()
    ebb, flood = ndvi(scene(world, CLEAR))[low], ndvi(scene(world, replace(CLEAR, tide=1.0)))[low]
    assert np.median(flood) < np.median(ebb) - 0.2


def test_an_inland_forest_has_no_tide():
    world = make_world(forest_scenario().with_(size_px=20), 3)
    ebb, flood = scene(world, CLEAR), scene(world, replace(CLEAR, tide=1.0))
    assert all(np.array_equal(ebb[key], flood[key]) for key in ebb)
    assert not world.water.any()
    assert not (world.cause == ERODED).any()


def test_clouds_are_flagged_but_for_the_missed_share():
    world = make_world(SCENARIO.with_(missed_cloud_percent=10), 11)
    bands = scene(world, replace(CLEAR, cloud_percent=40))
    bright, flagged = bands["B02"] > 4_000, clouds(bands)
    assert abs(bright.mean() - 0.4) < 0.01
    assert 0.02 < (bright & ~flagged).sum() / bright.sum() < 0.11
    assert not (scene(world, CLEAR)["B02"] > 4_000).any()


def test_haze_brightens_red_and_dims_the_index(world):
    clear, hazy = scene(world, CLEAR), scene(world, replace(CLEAR, haze_dn=700))
    forest = (world.states == FOREST).all(axis=0)
    assert np.median(hazy["B04"][forest]) > np.median(clear["B04"][forest]) + 500
    assert np.median(ndvi(hazy)[forest]) < np.median(ndvi(clear)[forest]) - 0.15


def test_tree_cover_errs_as_often_as_the_scenario_says():
    world = make_world(SCENARIO.with_(cover_error_permille=50), 11)
    standing = world.states[world.at(2020)] != OTHER
    mapped = tree_cover(world)
    assert mapped.max() <= 100
    assert ((mapped >= 30) != standing).sum() == standing.size * 50 // 1_000


def test_the_biomass_map_has_its_bias(world):
    agb = world.agb_kg_ha[world.at(2020)]
    mapped = biomass_map(world)
    assert mapped.dtype == np.int16
    assert abs(mapped.sum() * 100 / agb.sum() - 1.2) < 0.02
    spread = (mapped.astype(float) * 100 / np.maximum(agb, 1))[agb > 50_000].std()
    assert abs(spread / 1.2 - 0.25) < 0.02


class TestSecondSensor:
    """A second optical sensor: from the project's first year on, of another bandpass."""

    def test_it_comes_with_the_project_and_shares_a_third_of_its_days(self, world):
        days = [sky.day for sky in second_calendar(world)]
        assert days == sorted(set(days))
        assert world.scenario.start <= days[0]
        assert days[-1] <= world.scenario.end
        first = {sky.day for sky in calendar(world)}
        assert len(first & set(days)) == -(-len([day for day in first if day >= world.scenario.start]) // 3)

    def test_the_first_sensor_sees_what_it_saw_without_it(self):
        alone = make_world(SCENARIO, 11)
        both = make_world(SCENARIO.with_(second_optical=True), 11)
        sky = calendar(alone)[-1]
        assert calendar(both)[-1] == sky
        for band, pixels in scene(alone, sky).items():
            np.testing.assert_array_equal(pixels, scene(both, sky)[band])

    def test_harmonised_it_sees_what_the_first_sees(self, world):
        """Medians of one day under clear skies; before, they lie a fifth apart in red."""
        sky = replace(second_calendar(world)[0], cloud_percent=0, haze_dn=0)
        second, first = scene(world, sky), scene(world, replace(sky, sensor="simulated-1"))
        for role, line in lines_of("simulated-2").items():
            raw = second[BANDS[role]].astype(np.int16)
            told = np.median(first[BANDS[role]])
            assert abs(np.median(adjust(raw, line.slope, line.offset)) - told) < 25
        assert np.median(second["B04"]) > 1.1 * np.median(first["B04"])
