"""Ground: plots by a two-stage probability design, visited twice, with their trees.

Blocks of 5 × 5 pixels are the primary units.  In each of two design strata some are drawn by chance, and in each of them
some of the pixels that are forest at the first visit: ``weight`` is the inverse of the product of both chances.  A plot
is one pixel's biomass, with an error of its own whose expectation is nought.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import UsageError
from mrv.simulate.dice import Dice
from mrv.simulate.trees import ALIVE, DEAD, SPECIES, Stand, density_of, grow_stand, measure, revisit
from mrv.simulate.world import OTHER, RES_M
from mrv.units import decimal_str

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.world import World

BLOCK_PX = 5
STANDING, DEGRADED, CLEARED = "forest", "degraded", "cleared"
"""States of a plot at a visit."""
STRATA = {"mangrove": ("seaward", "landward"), "forest": ("valley", "ridge")}
"""Design strata of the plots: blocks below and above the median of the ground's height."""
_PLOT_COLUMNS = (
    "plot", "cluster", "stratum", "visit", "date", "lon", "lat", "area_m2", "weight", "positional_error_m", "state",
)  # fmt: skip
_TREE_COLUMNS = ("plot", "visit", "tree", "species", "dbh_cm", "height_m", "wood_density_g_cm3", "status")


@dataclass(frozen=True, slots=True)
class PlotDesign:
    """How plots are laid out."""

    clusters: int = 24
    """Blocks drawn, over both strata."""
    plots_per_cluster: int = 4
    """Plots in each, where so many of its pixels are forest."""
    plot_area_m2: int = 100
    """Area of a plot."""
    noise_percent: int = 15
    """Error of a plot's biomass about its pixel's, %; the same at both visits."""
    positional_error_m: int = 3
    """Standard deviation of the recorded coordinates, m."""
    visits: int = 2
    """1 or 2."""
    purposive: bool = False
    """Choose the heaviest forest instead of drawing: what a probability design is there to prevent."""

    def __post_init__(self) -> None:
        if self.clusters < 4 or self.plots_per_cluster < 1 or self.plot_area_m2 < 1 or self.visits not in {1, 2}:
            raise UsageError(
                "no such plot design",
                code="simulate.plots",
                field="clusters",
                hint="at least 4 clusters, 1 plot each, 1–2 visits",
            )


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot."""

    name: str
    """Identifier."""
    cluster: str
    """Block."""
    stratum: str
    """Design stratum."""
    row: int
    """Row of its pixel on the window."""
    col: int
    """Column."""
    weight: Fraction
    """1 / inclusion probability."""


def draw_plots(world: World, design: PlotDesign) -> tuple[Plot, ...]:
    """Draw the plots among the forest at the project's start.

    Raises:
        UsageError: The world has too few blocks of forest for the design.
    """
    forest = world.inside & (world.state(world.scenario.start.year - 1) != OTHER)
    blocks = _blocks(world, forest)
    plots: list[Plot] = []
    for at, stratum in enumerate(STRATA[world.scenario.kind]):
        mine = [block for block in blocks if block[0] == at]
        wanted = (design.clusters + 1 - at) // 2
        if len(mine) < wanted:
            raise UsageError(
                f"{len(mine)} blocks of forest in stratum {stratum}, {wanted} wanted", code="simulate.plots", field="clusters",
                hint="fewer clusters, more forest or a larger world",
            )  # fmt: skip
        dice = Dice(world.seed, f"plots {stratum}")
        if design.purposive:
            order = sorted(range(len(mine)), key=lambda i: -_heaviest(world, mine[i][2]))
            drawn = order[:wanted]
        else:
            drawn = dice.choose(len(mine), wanted).tolist()
        for block in drawn:
            _, name, cells = mine[block]
            count = min(design.plots_per_cluster, len(cells))
            weight = Fraction(1) if design.purposive else Fraction(len(mine) * len(cells), wanted * count)
            for number, cell in enumerate(dice.choose(len(cells), count).tolist(), 1):
                plots.append(Plot(f"{name}-{number}", name, stratum, cells[cell][0], cells[cell][1], weight))
    return tuple(plots)


def _blocks(world: World, forest: NDArray[np.bool_]) -> list[tuple[int, str, list[tuple[int, int]]]]:
    """Stratum, name and forest pixels of every block with any."""
    height = world.elevation[world.window]
    found = []
    for top in range(0, forest.shape[0], BLOCK_PX):
        for left in range(0, forest.shape[1], BLOCK_PX):
            part = forest[top : top + BLOCK_PX, left : left + BLOCK_PX]
            cells = [(top + int(r), left + int(c)) for r, c in zip(*np.nonzero(part), strict=True)]
            if cells:
                level = sum(int(height[cell]) for cell in cells) // len(cells)
                found.append((level, f"B{top // BLOCK_PX:02d}{left // BLOCK_PX:02d}", cells))
    middle = sorted(level for level, _, _ in found)[len(found) // 2] if found else 0
    return [(int(level >= middle), name, cells) for level, name, cells in found]


def _heaviest(world: World, cells: list[tuple[int, int]]) -> int:
    agb = world.agb(world.scenario.start.year - 1)
    return sum(int(agb[cell]) for cell in cells) // len(cells)


def plot_tables(world: World, design: PlotDesign) -> tuple[bytes, bytes]:
    """``plots.csv`` and ``trees.csv``.

    Args:
        world: The world.
        design: How plots are laid out.
    """
    years = (world.scenario.start.year - 1, world.scenario.end.year)[: design.visits]
    plot_rows: list[list[Any]] = []
    tree_rows: list[list[Any]] = []
    for plot in draw_plots(world, design):
        dice = Dice(world.seed, f"plot {plot.name}")
        lon, lat = _recorded(world, plot, design, dice)
        noise = float(1 + design.noise_percent / 100 * dice.normal(1)[0])
        day_in_december, stand, stems = dice.integer(1, 20), None, np.zeros(0, np.int64)
        for visit, year in enumerate(years, 1):
            state, when = plot_state(world, plot, year), date(year, 12, 1) + timedelta(days=day_in_december)
            plot_rows.append([
                plot.name, plot.cluster, plot.stratum, visit, when, lon, lat, design.plot_area_m2,
                decimal_str(plot.weight, places=6), design.positional_error_m, state,
            ])  # fmt: skip
            if state == CLEARED:
                continue
            per_ha = int(world.agb(year)[plot.row, plot.col]) * 1_000 / world.scenario.allometry_permille
            total = max(per_ha * design.plot_area_m2 / 10_000 * noise, 1.0)
            if stand is None:
                stand = grow_stand(world.scenario.kind, total, dice)
                stems = np.arange(len(stand.species))
            else:
                stand, stems = revisit(stand, total, dice)
            tree_rows += _stems(world.scenario.kind, plot.name, visit, stand, stems)
    return _csv(_PLOT_COLUMNS, plot_rows), _csv(_TREE_COLUMNS, tree_rows)


def plot_state(world: World, plot: Plot, year: int) -> str:
    """What became of a plot since the first visit: ``cleared``, even if young trees stand there again, or ``degraded``.

    Args:
        world: The world.
        plot: The plot; forest at the first visit, thinned before or not.
        year: Year of the visit.
    """
    first = world.scenario.start.year - 1
    states = [int(world.state(at)[plot.row, plot.col]) for at in range(first, year + 1)]
    if OTHER in states:
        return CLEARED
    return STANDING if states[-1] == states[0] else DEGRADED


def _stems(kind: str, plot: str, visit: int, stand: Stand, stems: NDArray[np.int64]) -> list[list[Any]]:
    diameters, heights = measure(kind, stand)
    density = density_of(kind, stand.species)
    return [
        [
            plot, visit, int(stem) + 1, SPECIES[kind][int(stand.species[i])][0], f"{diameters[i]:.1f}", f"{heights[i]:.1f}",
            f"{density[i]:.2f}", ALIVE if stand.alive[i] else DEAD,
        ]
        for i, stem in enumerate(stems)
    ]  # fmt: skip


def _recorded(world: World, plot: Plot, design: PlotDesign, dice: Dice) -> tuple[str, str]:
    """The coordinates a receiver gave: of the pixel's centre, with its error."""
    east, north = (design.positional_error_m * float(v) for v in dice.normal(2))
    lon, lat = lonlat(world, plot.row, plot.col, shift_m=(east, north))
    return f"{lon:.6f}", f"{lat:.6f}"


def lonlat(world: World, row: int, col: int, *, shift_m: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """Longitude and latitude of a pixel's centre on the window, degrees."""
    affine = world.grid.affine
    x, y = affine.c + (col + 0.5) * RES_M + shift_m[0], affine.f - (row + 0.5) * RES_M + shift_m[1]
    lon, lat = _to_lonlat(world.crs).transform(x, y)
    return float(lon), float(lat)


@lru_cache(maxsize=4)
def _to_lonlat(crs: str) -> Any:
    from pyproj import Transformer

    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _csv(columns: tuple[str, ...], rows: list[list[Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue().encode()
