"""World: a landscape of forest, open land and water, what happens to it, and its biomass, all known to the pixel.

Every array is of integers on the *raster*: the plan's window and a pad around it.  ``world.window`` cuts the window out.
Nothing grows in the year in which it is cleared, thinned or founded; what is cleared holds the biomass of the end of the
year before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.plan import GridTable
from mrv.project import Boundary
from mrv.simulate.dice import Dice
from mrv.simulate.scenario import MARGIN_PX, PAD_PX
from mrv.units import epoch_day

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.simulate.scenario import Scenario

RES_M = 10
OTHER, FOREST, THINNED, CUT = 0, 1, 2, 3
"""States of a pixel at the end of a year: non-forest, forest, moderately and heavily thinned forest."""
CLEARED, BURNT, ERODED = 1, 2, 3
"""Causes of loss."""
PLACES = {"mangrove": ("EPSG:32737", 560_000, 9_130_000), "forest": ("EPSG:32718", 540_000, 8_900_000)}
"""CRS and north-west corner of the raster, m: where such a world could be; nothing else there is real."""
_INSET_M = 2.0
_RIPE_YEARS = 3


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """A made world. Arrays are (y, x) or (year, y, x) on the raster."""

    scenario: Scenario
    """What kind of world."""
    seed: int
    """Seed of everything in it."""
    elevation: NDArray[np.int64]
    """Rank of the ground's height, 0 to 1000; the tide reaches the lowest first."""
    water: NDArray[np.bool_]
    """Open water at the start of the imagery."""
    states: NDArray[np.uint8]
    """State at the end of each year (year, y, x); the first is that of the year before the imagery."""
    agb_kg_ha: NDArray[np.int32]
    """Above-ground biomass at the end of each of those years, kg d.m./ha (year, y, x)."""
    growth_kg_ha: NDArray[np.int32]
    """Growth of standing forest, kg d.m./ha/yr."""
    lost_day: NDArray[np.int32]
    """Day of the clearing, fire or erosion, days since 1970-01-01; 0 without."""
    cause: NDArray[np.uint8]
    """Why."""
    thinned_day: NDArray[np.int32]
    """Day of the thinning; 0 without."""
    thinned_permille: NDArray[np.int32]
    """Biomass it took, ‰."""
    founded_day: NDArray[np.int32]
    """Day on which open or cleared land counts as forest (again); 0 without."""

    @property
    def crs(self) -> str:
        """CRS of the grid."""
        return PLACES[self.scenario.kind][0]

    @property
    def corner(self) -> tuple[int, int]:
        """North-west corner of the raster, and the grid's anchor, m."""
        return PLACES[self.scenario.kind][1:]

    @cached_property
    def grid_table(self) -> GridTable:
        """``[grid]`` of the plan."""
        x, y = self.corner
        return GridTable(
            crs=self.crs, resolution_m=Decimal(RES_M), anchor_x=Decimal(x), anchor_y=Decimal(y), margin_px=MARGIN_PX,
            area_formula="authalic-shoelace/1",
        )  # fmt: skip

    @cached_property
    def boundary(self) -> Boundary:
        """The project area: a square whose corners are cut, as a file's bytes."""
        from pyproj import Transformer

        to_lonlat = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        edge, cut = self.scenario.size_px * RES_M - 2 * _INSET_M, self.scenario.size_px * RES_M / 6
        shape = [(0.0, cut), (0.0, edge - cut), (cut, edge), (edge, edge), (edge, cut), (edge - cut, 0.0), (cut, 0.0)]
        west, north = (corner + sign * (_RIM * RES_M + _INSET_M) for corner, sign in zip(self.corner, (1, -1), strict=True))
        ring = [[round(v, 7) for v in to_lonlat.transform(west + x, north - y)] for x, y in [*shape, shape[0]]]
        value = {
            "type": "Feature",
            "properties": {"name": "project area (simulated)", "simulated": True},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        return Boundary((json.dumps(value, indent=1) + "\n").encode())

    @cached_property
    def grid(self) -> GeoBox:
        """The plan's window, as the product makes it."""
        from mrv.grid import grid_for

        return grid_for(self.grid_table, self.boundary)

    @cached_property
    def window(self) -> tuple[slice, slice]:
        """The plan's window in the raster."""
        left, top = round(self.grid.affine.c - self.corner[0]) // RES_M, round(self.corner[1] - self.grid.affine.f) // RES_M
        return slice(top, top + self.grid.shape[0]), slice(left, left + self.grid.shape[1])

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Project area on the window, as the product cuts it."""
        from mrv.grid import inside

        return inside(self.grid, self.boundary)

    @cached_property
    def areas_mm2(self) -> NDArray[np.int64]:
        """Geodesic pixel areas on the window, mm²."""
        from mrv.areas import pixel_areas_mm2

        return pixel_areas_mm2(self.grid)

    def at(self, year: int) -> int:
        """Index of the end of a year in ``states`` and ``agb_kg_ha``."""
        return year - self.scenario.first_year + 1

    def state(self, year: int) -> NDArray[np.uint8]:
        """State at the end of a year, on the window."""
        found: NDArray[np.uint8] = self.states[self.at(year)][self.window]
        return found

    def agb(self, year: int) -> NDArray[np.int32]:
        """Above-ground biomass at the end of a year on the window, kg d.m./ha."""
        found: NDArray[np.int32] = self.agb_kg_ha[self.at(year)][self.window]
        return found


_RIM = MARGIN_PX + PAD_PX


def raster_px(scenario: Scenario) -> int:
    """Edge of the raster, pixels: even, so that bands of 20 m fill it."""
    edge = scenario.size_px + 2 * _RIM
    return edge + edge % 2


def make_world(scenario: Scenario, seed: int) -> World:
    """Make a world.

    Args:
        scenario: What kind.
        seed: Two calls with the same seed make the same world, on any machine.
    """
    shape = (raster_px(scenario), raster_px(scenario))
    pixels = shape[0] * shape[1]
    ground = Dice(seed, "elevation").field(shape, max(3, scenario.size_px // 8))
    wet = scenario.water_percent if scenario.kind == "mangrove" else 0
    water = ground < pixels * wet // 100
    wooded = pixels * scenario.forest_percent // 100
    forest = Dice(seed, "forest").patches(~water, wooded, max(2, scenario.size_px // 10))
    history = _History(scenario, seed, water, forest)
    for year in scenario.years:
        history.live(year)
    return World(
        scenario=scenario, seed=seed, elevation=ground * 1_000 // pixels, water=water, states=np.stack(history.states),
        agb_kg_ha=np.stack(history.stocks).astype(np.int32), growth_kg_ha=history.growth.astype(np.int32),
        lost_day=history.lost, cause=history.cause, thinned_day=history.thinned, thinned_permille=history.taken,
        founded_day=history.founded,
    )  # fmt: skip


class _History:
    """The years of a world, one after the other."""

    def __init__(self, scenario: Scenario, seed: int, water: NDArray[np.bool_], forest: NDArray[np.bool_]) -> None:
        self.scenario, self.seed, self.water = scenario, seed, water.copy()
        shape = water.shape
        self.growth = _around(scenario.growth_kg_ha_yr, 20, seed, "growth", shape)
        self.agb = np.where(forest, _around(scenario.agb_mg_ha * 1_000, scenario.agb_cv_percent, seed, "biomass", shape), 0)
        self.state = np.where(forest, FOREST, OTHER).astype(np.uint8)
        self.lost, self.thinned, self.founded = (np.zeros(shape, np.int32) for _ in range(3))
        self.taken, self.cause = np.zeros(shape, np.int32), np.zeros(shape, np.uint8)
        self.states, self.stocks = [self.state.copy()], [self.agb.copy()]

    def live(self, year: int) -> None:
        """One year: losses, thinnings, new forest, and the growth of all that stood and was left alone."""
        s, running = self.scenario, year >= self.scenario.start.year
        standing = self.state != OTHER
        rate = s.project_loss_permille if running else s.history_loss_permille
        clearing = self._some(standing, rate, year, "clear", s.loss_radius_px)
        fire = self._of(clearing, s.fire_percent, year, "fire")
        eroded = self._erosion(standing & ~clearing, year)
        lost = clearing | eroded
        thinning = self._some((self.state == FOREST) & ~lost, s.degradation_permille, year, "thin", 2)
        heavy = self._of(thinning, s.heavy_percent, year, "heavy")
        bare = (self.state == OTHER) & (self.lost > 0) & (self.cause != ERODED)
        ripe = bare & (self._year_of(self.lost) == year - _RIPE_YEARS)
        again = self._of(ripe, s.regrowth_percent, year, "again")
        never = (self.state == OTHER) & ~self.water & (self.lost == 0)
        new = again | self._some(never, s.gain_permille if running else 0, year, "gain", 3)
        self._lose(lost, np.where(eroded, ERODED, np.where(fire, BURNT, CLEARED)), year)
        self._thin(thinning, heavy, year)
        self.founded[new] = self._days(new, year, "found")[new]
        self.agb[new], self.state[new] = np.maximum(s.young_kg_ha, self.agb)[new], FOREST
        grown = standing & ~lost & ~thinning
        self.agb[grown] += self.growth[grown]
        self.states.append(self.state.copy())
        self.stocks.append(self.agb.copy())

    def _lose(self, lost: NDArray[np.bool_], cause: NDArray[Any], year: int) -> None:
        days = self._days(lost, year, "clear")
        self.lost[lost], self.cause[lost], self.founded[lost] = days[lost], cause[lost], 0
        left = np.where(cause == ERODED, 0, np.where(cause == BURNT, self.agb // 10, self.scenario.after_kg_ha))
        self.agb[lost], self.state[lost] = np.minimum(left, self.agb)[lost], OTHER
        self.water[lost & (cause == ERODED)] = True

    def _thin(self, thinning: NDArray[np.bool_], heavy: NDArray[np.bool_], year: int) -> None:
        share = np.where(heavy, 2, 1) * self.scenario.thinned_percent * 10
        self.thinned[thinning], self.taken[thinning] = self._days(thinning, year, "thin")[thinning], share[thinning]
        self.agb[thinning] -= (self.agb * share // 1_000)[thinning]
        self.state[thinning] = np.where(heavy, CUT, THINNED)[thinning]

    def _erosion(self, standing: NDArray[np.bool_], year: int) -> NDArray[np.bool_]:
        from mrv.kernels.morphology import dilate

        count = int(standing.sum()) * self.scenario.erosion_permille // 1_000
        shore = standing & dilate(self.water, 2)
        return Dice(self.seed, f"erosion {year}").patches(shore, count, 3)

    def _some(self, eligible: NDArray[np.bool_], permille: int, year: int, what: str, radius: int) -> NDArray[np.bool_]:
        count = (int(eligible.sum()) * permille + 500) // 1_000
        return Dice(self.seed, f"{what} {year}").patches(eligible, count, radius)

    def _of(self, among: NDArray[np.bool_], percent: int, year: int, what: str) -> NDArray[np.bool_]:
        count = (int(among.sum()) * percent + 50) // 100
        return Dice(self.seed, f"{what} {year}").patches(among, count, 3)

    def _days(self, mask: NDArray[np.bool_], year: int, what: str) -> NDArray[np.int32]:
        """A day of the year for each patch."""
        from scipy import ndimage

        labels, count = ndimage.label(mask, np.ones((3, 3), np.bool_))
        first, last = epoch_day(date(year, 1, 1)), epoch_day(date(year, 12, 31))
        drawn = first + (Dice(self.seed, f"{what} day {year}").uniform(count + 1) * (last - first + 1)).astype(np.int32)
        days: NDArray[np.int32] = np.where(mask, drawn[labels], 0).astype(np.int32)
        return days

    def _year_of(self, days: NDArray[np.int32]) -> NDArray[np.int64]:
        return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def _around(mean: int, cv_percent: int, seed: int, what: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Integers with a mean and a coefficient of variation: a smooth field for ¾ of the variance, noise for the rest."""
    dice, size = Dice(seed, what), (shape[0], shape[1])
    pixels = size[0] * size[1]
    smooth = (2 * dice.field(size, 4) + 1 - pixels) / pixels * 3.0**0.5
    relative = 1 + cv_percent / 100 * (0.75**0.5 * smooth + 0.5 * dice.normal(*size))
    values: NDArray[np.int64] = np.rint(mean * np.maximum(relative, 0.1)).astype(np.int64)
    return values
