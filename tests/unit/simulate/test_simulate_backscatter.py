from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from mrv.simulate import forest_scenario, make_world
from mrv.simulate.backscatter import CLEARED, FOREST, ORBITS, Image, backscatter, radar_calendar, speckle
from mrv.simulate.dice import Dice
from mrv.simulate.world import FOREST as STANDING
from mrv.simulate.world import OTHER
from mrv.units import epoch_day


@pytest.fixture(scope="module")
def world():
    return make_world(forest_scenario().with_(size_px=60, radar=True, speckle_percent=48), 7)


def level(world, where, images):
    """Mean linear power of some images over some pixels."""
    return np.mean([backscatter(world, image)[where].mean() for image in images])


def test_orbits_take_turns_over_the_whole_record(world):
    images = radar_calendar(world)
    assert {(image.relative_orbit, image.direction) for image in images} == set(ORBITS)
    assert {b.day - a.day for a, b in pairwise(images)} == {timedelta(days=12)}
    assert images[0].day.year == 2018
    assert 0 <= (world.scenario.end - images[-1].day).days < 12


def test_forest_and_cleared_land_have_their_levels(world):
    """Rain adds 5 % on average; cover is 92 and 8 %, not whole and none."""
    stable, never = (world.states == STANDING).all(axis=0), (world.states == OTHER).all(axis=0)
    images = radar_calendar(world)[:30]
    assert level(world, stable, images) == pytest.approx(1.05 * (0.92 * FOREST + 0.08 * CLEARED), rel=0.06)
    assert level(world, never, images) == pytest.approx(1.05 * (0.08 * FOREST + 0.92 * CLEARED), rel=0.06)


def test_a_clearing_darkens_the_images_after_it(world):
    lost = (world.lost_day > 0) & (world.founded_day == 0)
    day = int(world.lost_day[lost].min())
    where, images = lost & (world.lost_day == day), radar_calendar(world)
    before = [image for image in images if epoch_day(image.day) < day]
    after = [image for image in images if epoch_day(image.day) >= day][: len(before)]
    assert level(world, where, after) < 0.6 * level(world, where, before)


@pytest.mark.parametrize("looks", [4, 9, 16, 100])
def test_speckle_is_the_gamma_of_its_looks(looks):
    found = np.sort(speckle(Dice(1, "speckle").normal(200_000), round(100 / looks**0.5)))
    wanted = np.sort(np.random.default_rng(1).gamma(looks, 1 / looks, 200_000))
    assert found.mean() == pytest.approx(1, abs=0.01)
    assert found.std() == pytest.approx(looks**-0.5, rel=0.03)
    for share in (0.01, 0.25, 0.5, 0.75, 0.99):
        at = int(share * found.size)
        # Dice's normal is a sum of eight uniforms: its tails are a little light.
        assert found[at] == pytest.approx(wanted[at], rel=0.02, abs=0.03)
    assert (found > 0).all()


def test_no_speckle_is_none():
    assert (speckle(Dice(1, "speckle").normal(50), 0) == 1).all()


def test_the_same_seed_gives_the_same_bits(world):
    image = radar_calendar(world)[3]
    again = make_world(world.scenario, world.seed)
    assert backscatter(world, image).tobytes() == backscatter(again, image).tobytes()
    assert backscatter(world, image).dtype == np.float32


def test_the_orbits_see_slopes_from_either_side():
    still = make_world(forest_scenario().with_(size_px=40, speckle_percent=0), 7)
    day = radar_calendar(still)[0].day
    one, other = (backscatter(still, Image(day, *orbit)) for orbit in ORBITS)
    ratio = one / other
    assert ratio.max() == pytest.approx(1.25 / 0.75, rel=0.02)
    assert ratio.min() == pytest.approx(0.75 / 1.25, rel=0.02)
