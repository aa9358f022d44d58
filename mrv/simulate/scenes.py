"""Scenes: what a satellite would have seen of a world, as digital numbers, and the layers that others made of it.

Reflectance is a mixture of leaf and ground by cover, of that and water by tide, of that and cloud, and noise.  Cover
falls on the day of an event and recovers over years.  Everything per pixel is + − × ÷ on float64, rounded to integers;
the one cosine is a scene's, and is rounded first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, pi
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.bandpass import lines_of
from mrv.simulate.dice import Dice
from mrv.simulate.world import BURNT, OTHER
from mrv.units import epoch_day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.world import World

BANDS = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "classification": "SCL"}
"""Role → asset key, as Sentinel-2's."""
LEAF = {"blue": 260, "green": 480, "red": 330, "nir": 3_100}
SOIL = {"blue": 700, "green": 950, "red": 1_250, "nir": 1_900}
ASH = {"blue": 350, "green": 420, "red": 520, "nir": 900}
SEA = {"blue": 650, "green": 600, "red": 380, "nir": 160}
CLOUD = {"blue": 5_200, "green": 5_000, "red": 4_900, "nir": 5_300}
"""Reflectance × 10⁴ of what a pixel is made of."""
VEGETATION, BARE, WATER, CLOUD_CLASS, SHADOW = 4, 5, 6, 9, 3
"""Codes of the scene classification."""
COVER_NODATA = 255
FIRST_SENSOR, SECOND_SENSOR = "simulated-1", "simulated-2"
"""Platforms: the second sees every band otherwise, by the coefficients of the table ``bandpass`` turned round."""
_SHARED = 3
"""One in so many scenes of the second sensor is of a day of the first's."""
_LATER_DAYS = 2
_FULL_COVER_DAYS = 1_500.0
_FOUNDING_COVER = 0.35
_WATER_UNDER_LEAF = 0.12
_MOST_CLOUD_PERCENT = 45
_HAZE_DN = 700


@dataclass(frozen=True, slots=True)
class SceneConditions:
    """The weather and the water of one scene."""

    day: date
    """Day."""
    cloud_percent: int
    """Cloud in the scene, %."""
    haze_dn: int
    """Added to blue, green and red; a third of it is taken off the near infrared."""
    tide: float
    """Level, 0 to 1."""
    sensor: str = FIRST_SENSOR
    """Which sensor sees it."""


def calendar(world: World) -> tuple[SceneConditions, ...]:
    """The scenes of a world, in time order."""
    s = world.scenario
    count = len(s.years) * s.scenes_per_year
    dice = Dice(world.seed, "calendar")
    jitter, cloud, haze, tide = (dice.uniform(count) for _ in range(4))
    rows = []
    for index in range(count):
        year, within = s.first_year + index // s.scenes_per_year, index % s.scenes_per_year
        step = 360 / s.scenes_per_year
        day = date(year, 1, 1) + timedelta(days=int(step * within + jitter[index] * max(1.0, step - 5)))
        cloud_percent = min(int(3 * s.cloud_percent * cloud[index] ** 2), _MOST_CLOUD_PERCENT)
        haze_dn = _HAZE_DN if haze[index] * 100 < s.haze_percent else 0
        rows.append(SceneConditions(day, cloud_percent, haze_dn, float(tide[index]) if s.kind == "mangrove" else 0.0))
    return tuple(rows)


def second_calendar(world: World) -> tuple[SceneConditions, ...]:
    """The scenes of a second sensor, from the project's first year on: some on days of the first's, under other clouds."""
    s, dice = world.scenario, Dice(world.seed, "second calendar")
    first = [sky for sky in calendar(world) if sky.day >= s.start]
    cloud, haze = dice.uniform(len(first)), dice.uniform(len(first))
    rows = []
    for index, sky in enumerate(first):
        cloud_percent = min(int(3 * s.cloud_percent * cloud[index] ** 2), _MOST_CLOUD_PERCENT)
        haze_dn = _HAZE_DN if haze[index] * 100 < s.haze_percent else 0
        day = sky.day + timedelta(days=_LATER_DAYS if index % _SHARED else 0)
        rows.append(SceneConditions(day, cloud_percent, haze_dn, sky.tide, SECOND_SENSOR))
    return tuple(sky for sky in rows if sky.day <= s.end)


def scene(world: World, sky: SceneConditions) -> dict[str, NDArray[Any]]:
    """Digital numbers of one scene by asset key: reflectance × 10⁴ at 10 m (uint16), classification at 20 m (uint8)."""
    second = sky.sensor != FIRST_SENSOR
    dice, lines = Dice(world.seed, f"scene {f'{sky.sensor} ' if second else ''}{sky.day}"), lines_of(sky.sensor)
    leaf, wet = cover(world, sky.day), _wet(world, sky)
    shape = (leaf.shape[0], leaf.shape[1])
    cloudy, missed = _clouds(world, sky, dice, shape)
    burnt = _burnt(world, sky.day)
    season = 1 + 0.06 * round(cos(2 * pi * (sky.day.timetuple().tm_yday - 100) / 365.25), 9)
    found: dict[str, NDArray[Any]] = {}
    for band in ("blue", "green", "red", "nir"):
        ground = np.where(burnt, ASH[band], SOIL[band])
        dry = leaf * (LEAF[band] * (season if band == "nir" else 1.0)) + (1 - leaf) * ground
        seen = (1 - wet) * dry + wet * SEA[band] + (sky.haze_dn if band != "nir" else -(sky.haze_dn // 3))
        seen = np.where(cloudy, CLOUD[band], seen)
        if second:
            seen = (seen - lines[band].offset / 10_000) / (lines[band].slope / 10_000)
        noise = world.scenario.noise_dn * (1.0 if band == "nir" else 0.5) * dice.normal(*shape)
        found[BANDS[band]] = np.rint(np.clip(seen + noise, 1, 10_000)).astype(np.uint16)
    found["SCL"] = _classes(leaf, wet, cloudy & ~missed)
    return found


def cover(world: World, day: date) -> NDArray[np.float64]:
    """Leaf cover on a day, 0 to 1, float64 (y, x) on the raster."""
    now, s = epoch_day(day), world.scenario
    stood = world.states[0] != OTHER
    full = np.where(stood, 0.92, 0.08)
    lost = (world.lost_day > 0) & (world.lost_day <= now)
    full = np.where(lost, 0.05, full)
    thinned = (world.thinned_day > 0) & (world.thinned_day <= now) & ~lost
    healed = np.clip((now - world.thinned_day) / (2 * _FULL_COVER_DAYS), 0, 1)
    full = np.where(thinned, full * (1 - world.thinned_permille / 1_000 * (1 - healed)), full)
    coming = (world.founded_day > 0) & (now > world.founded_day - 365)
    age = np.clip((now - world.founded_day + 365) / _FULL_COVER_DAYS, 0, 1)
    risen = np.maximum(full, _FOUNDING_COVER * np.clip((now - world.founded_day + 365) / 365, 0, 1) + 0.55 * age)
    full = np.where(coming, risen, full)
    sea = (world.water | (lost & (world.cause == 3))) if s.kind == "mangrove" else np.zeros_like(stood)
    result: NDArray[np.float64] = np.where(sea, 0.0, np.clip(full, 0, 0.95))
    return result


def _wet(world: World, sky: SceneConditions) -> NDArray[np.float64]:
    """Share of water in each pixel: all of open water; of flooded ground, what leaves do not hide."""
    if world.scenario.kind != "mangrove":
        return np.zeros(world.water.shape)
    sea = world.water | ((world.cause == 3) & (world.lost_day > 0) & (world.lost_day <= epoch_day(sky.day)))
    depth = np.clip((sky.tide * 600 - world.elevation) / 150, 0, 1)
    leaf = cover(world, sky.day)
    wet: NDArray[np.float64] = np.where(sea, 1.0, depth * (1 - leaf) * 0.8 + depth * leaf * _WATER_UNDER_LEAF)
    return wet


def _burnt(world: World, day: date) -> NDArray[np.bool_]:
    since = epoch_day(day) - world.lost_day
    burnt: NDArray[np.bool_] = (world.cause == BURNT) & (since >= 0) & (since < 200)
    return burnt


def _clouds(
    world: World, sky: SceneConditions, dice: Dice, shape: tuple[int, int]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cloudy pixels, and those of them that the classification misses."""
    pixels = shape[0] * shape[1]
    cloudy = dice.field(shape, max(3, shape[0] // 10)) < pixels * sky.cloud_percent // 100
    count = int(cloudy.sum()) * world.scenario.missed_cloud_percent // 100
    return cloudy, dice.patches(cloudy, count, 2)


def _classes(leaf: NDArray[np.float64], wet: NDArray[np.float64], cloud: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Scene classification at 20 m: a cloud in one of four pixels is a cloud."""
    ground = np.where(wet > 0.5, WATER, np.where(leaf > 0.4, VEGETATION, BARE))[::2, ::2]
    any_cloud = cloud[::2, ::2] | cloud[1::2, ::2] | cloud[::2, 1::2] | cloud[1::2, 1::2]
    classes: NDArray[np.uint8] = np.where(any_cloud, CLOUD_CLASS, ground).astype(np.uint8)
    return classes


def tree_cover(world: World) -> NDArray[np.uint8]:
    """Tree cover mapped at the project's start, %, uint8 (y, x) on the raster, with the scenario's errors."""
    standing = world.states[world.at(world.scenario.start.year - 1)] != OTHER
    dice = Dice(world.seed, "tree cover")
    shape = (standing.shape[0], standing.shape[1])
    wrong = dice.patches(np.ones(shape, np.bool_), standing.size * world.scenario.cover_error_permille // 1_000, 1)
    mapped = np.where(standing ^ wrong, 70 + 25 * dice.uniform(*shape), 4 * dice.uniform(*shape))
    result: NDArray[np.uint8] = mapped.astype(np.uint8)
    return result


def biomass_map(world: World) -> NDArray[np.int16]:
    """Somebody else's map of above-ground biomass at the project's start: Mg d.m./ha × 10, biased and noisy; int16 (y, x)."""
    s, dice = world.scenario, Dice(world.seed, "biomass map")
    agb = world.agb_kg_ha[world.at(s.start.year - 1)]
    noisy = agb * ((1 + s.map_bias_percent / 100) * (1 + s.map_noise_percent / 100 * dice.normal(*agb.shape)))
    numbers: NDArray[np.int16] = np.rint(np.clip(noisy / 100, 0, 30_000)).astype(np.int16)
    return numbers
