"""Backscatter: what a C-band radar would have seen of a world, as linear γ0 of two orbits, with speckle.

Levels are those that Reiche et al. give for tropical dry forest: VV −7 dB over forest and −11.5 dB over cleared land.  Leaf
and ground mix in power by cover; slopes brighten one orbit and darken the other; rain wets a whole image.  Speckle is a
gamma variable with mean 1 and as many looks as the scenario's relative speckle says (4.4 looks are 48 %), drawn from a normal
by the cube of Wilson and Hilferty, so that it is sums and products alone.

References:
    Reiche et al. 2018, RSE 204:147–161 (levels, as the example of the authors' package bayts has them); Wilson & Hilferty
    1931, PNAS 17:684–688.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.simulate.dice import Dice
from mrv.simulate.scenes import cover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.world import World

FOREST, CLEARED, OPEN_WATER = 0.1995, 0.0708, 0.01
"""Linear γ0 of −7, −11.5 and −20 dB."""
ORBITS: tuple[tuple[int, Literal["ascending", "descending"]], ...] = ((33, "ascending"), (141, "descending"))
"""Relative orbit and pass, by turns."""
EVERY_DAYS = 12
SENTINEL_1_SPECKLE_PERCENT = 48
"""Relative speckle of an image of 4.4 looks, as Sentinel-1's ground range detected products have them."""
_SLOPE, _RAIN = 0.25, 0.10
"""Largest relative change of γ0 by a slope, and by rain."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image."""

    day: date
    """Day."""
    relative_orbit: int
    """Orbit."""
    direction: Literal["ascending", "descending"]
    """Pass."""


def radar_calendar(world: World) -> tuple[Image, ...]:
    """The images of a world, in time order."""
    first, last = date(world.scenario.first_year, 1, 4), world.scenario.end
    count = (last - first).days // EVERY_DAYS + 1
    return tuple(Image(first + timedelta(days=EVERY_DAYS * k), *ORBITS[k % len(ORBITS)]) for k in range(count))


def backscatter(world: World, image: Image) -> NDArray[np.float32]:
    """γ0 of VV as linear power, float32 (y, x) on the raster; clouds do not matter to it."""
    leaf, dice = cover(world, image.day), Dice(world.seed, f"radar {image.day}")
    shape = (leaf.shape[0], leaf.shape[1])
    sea = world.water & (leaf == 0)
    level = np.where(sea, OPEN_WATER, leaf * FOREST + (1 - leaf) * CLEARED)
    side = 1 if image.direction == "ascending" else -1
    tilt = 2 * Dice(world.seed, "slopes").field(shape, 4).astype(np.float64) / leaf.size - 1
    wet = 1 + _RAIN * dice.uniform(1)[0]
    power = level * (1 + side * _SLOPE * tilt) * wet * speckle(dice.normal(*shape), world.scenario.speckle_percent)
    found: NDArray[np.float32] = power.astype(np.float32)
    return found


def speckle(normal: NDArray[np.float64], relative_percent: int) -> NDArray[np.float64]:
    """A gamma variable with mean 1 from a normal one.

    Args:
        normal: Mean 0, variance 1.
        relative_percent: Its standard deviation, %: 100 / √looks; 0 gives none.
    """
    ninth = relative_percent**2 / 90_000  # 1 / (9 · looks)
    cube_root = 1 - ninth + normal * ninth**0.5
    found: NDArray[np.float64] = np.maximum(cube_root, 0.02) ** 3
    return found
