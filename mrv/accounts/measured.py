"""Measured: what plots (with or without a biomass map) and soil rules put in the place of published factors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.activity.strata import EIGHT_NEIGHBOURS
from mrv.carbon.allometry import equation
from mrv.carbon.model_assisted import ModelAssisted, PlotPair, difference, map_mean
from mrv.carbon.plot_stock import plot_stock
from mrv.carbon.plots import inventory, parse_plots, parse_trees
from mrv.carbon.pools import LOST_STOCK
from mrv.carbon.soil_factor import soil_factor
from mrv.carbon.tables import Factor, factors_for
from mrv.carbon.tree_domain import refuse_wrong_unit
from mrv.carbon.tree_mass import Choice
from mrv.carbon.wood_density import load_densities
from mrv.cube import Layer, Reader
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError, SourceError
from mrv.uncertainty.intervals import Z95
from mrv.uncertainty.propagation import Component
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.carbon.plot_stock import Estimate, PlotStock, PlotValue
    from mrv.carbon.plots import Inventory
    from mrv.inputs import Inputs
    from mrv.observe.observed import Observed
    from mrv.observe.window import Window
    from mrv.plan import BiomassTable, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store

PUBLISHED = "agb_published"
"""Role of the published factor that measured plots are compared with."""
_PLACES = 6
_KG_PER_T = 1000
_ROLES = {"above": "agb", "below": "bgb", "change": "growth", "change_below": "bgb_growth"}
_COMPONENTS = ("sampling", "parameters", "site", "residual", "density", "diameter", "height", "model")


@dataclass(frozen=True)
class Measured:
    """Factors that were not taken from a table."""

    stock_year: int
    """Year at whose end the stock per hectare was what the factors say."""
    factors: dict[str, Factor] = field(default_factory=dict)
    """By role."""
    components: list[Component] = field(default_factory=list)
    """Their draws."""
    section: dict[str, Any] | None = None
    """The plots, as a statement lists them."""
    layers: list[Scene] = field(default_factory=list)
    """Layers read."""


def read_measured(
    plan: MonitoringPlan,
    inputs: Inputs,
    scenes: Sequence[Scene],
    seen: Observed,
    *,
    window: Window,
    store: Store,
    seed: str,
) -> Measured:
    """Read plots and soil.

    Args:
        plan: The plan.
        inputs: Tables beside it.
        scenes: Evidence; the biomass map among it.
        seen: What the detector saw.
        window: Where.
        store: The store.
        seed: Seed of the statement.

    Raises:
        PlanError: Plots without a plan for them or a plan without plots; whatever the tables' readers refuse.
        SourceError: The biomass map is absent or has no value where one is needed.
    """
    soil, layers = soil_factor(plan), _layers(plan, scenes)
    table = plan.biomass
    if table is None:
        if "plots.csv" in inputs:
            raise PlanError(
                "is there, but the plan has no [biomass]", code="plots.plan", file="plots.csv", field="biomass",
                hint="add [biomass] with design and above_ground, or remove the file",
            )  # fmt: skip
        return Measured(plan.project.start.year - 1, soil, layers=layers)
    field_data = read_field(table, inputs, window)
    stock = plot_stock(
        field_data, above=_choices(table),
        below=[Choice(equation(table.below_ground), Fraction(1))] if table.below_ground else (), seed=seed,
        draws=plan.random.draws, design=table.design, visit=field_data.visits[0],
        group="mangrove" if plan.project.kind == "mangrove" else "terrestrial",
    )  # fmt: skip
    digest = inputs.digests["plots.csv"]
    assisted = None
    if table.estimator == "difference":
        assisted = _assisted(plan, field_data, stock, layers[0], seen.forest & window.inside, window, store)
    factors, components = dict(soil), []
    for name, role in _ROLES.items():
        found: Estimate | None = getattr(stock, name)
        if found is None:
            continue
        draws = found.draws
        value = found.value
        if role == "agb" and assisted is not None:
            draws, value = assisted.draws(found.allometry_draws, seed=seed, name="forest"), assisted.value_kg_ha / _KG_PER_T
        factor = _factor(role, value, draws, found, stock, digest)
        factors[role] = factor
        components.append(Component(role, factor.value, draws.astype(np.float64) / _KG_PER_T, "plots"))
    factors[LOST_STOCK] = _lost_stock(stock, seen, window, digest)
    factors[PUBLISHED] = factors_for(plan.factors)["agb"]
    section = _section(field_data, stock, factors["agb"], assisted)
    return Measured(section["reference_year"], factors, components, section, layers)


def read_field(table: BiomassTable, inputs: Inputs, window: Window) -> Inventory:
    """Plots and trees, joined, in the project area, and with diameters that can be centimetres.

    Args:
        table: What the plan says of them.
        inputs: Tables beside the plan.
        window: Where.

    Raises:
        PlanError: Names file, line and remedy.
    """
    for name in ("plots.csv", "trees.csv"):
        if name not in inputs:
            raise PlanError("is missing", code="plots.missing", file=name, hint="[biomass] needs plots.csv and trees.csv")
    found = inventory(parse_plots(inputs["plots.csv"]), parse_trees(inputs["trees.csv"]), densities=load_densities())
    _inside(found, window)
    live = [tree for tree in found.trees if tree.status == "alive"]
    for choice in _choices(table):
        refuse_wrong_unit(live, choice.equation)
    return found


def _choices(table: BiomassTable) -> list[Choice]:
    names = (table.above_ground, *table.alternatives)
    return [Choice(equation(name), Fraction(1, len(names))) for name in names]


def _factor(role: str, value: Fraction, draws: NDArray[np.int64], found: Estimate, stock: PlotStock, digest: str) -> Factor:
    ordered = sorted(map(int, draws))
    low, high = (ordered[-(-permille * len(ordered) // 1000) - 1] for permille in (25, 975))
    return Factor(
        id=f"plots.{role}",
        value=Fraction(round(value * 10**_PLACES), 10**_PLACES),
        low=Fraction(low, _KG_PER_T),
        high=Fraction(high, _KG_PER_T),
        interval="95 % of draws: sampling of clusters, allometry, wood density, diameters",
        distribution="drawn from plots",
        unit=found.unit,
        source=f"plots.csv {digest}",
        note=f"{stock.basis}, {found.clusters} clusters, {found.df} degrees of freedom",
        verified=True,
    )


def _lost_stock(stock: PlotStock, seen: Observed, window: Window, digest: str) -> Factor:
    """Stock of the area lost over the mean stock: 1, spread as clusters of plots are, over the patches mapped as lost.

    Holds where loss does not seek out rich or poor forest; where it does, the mean itself is wrong and strata are the remedy.
    """
    from scipy import ndimage

    labels, count = ndimage.label(seen.activity.years > 0, EIGHT_NEIGHBOURS)
    sizes = [int(window.areas_mm2[labels == patch].sum()) for patch in range(1, count + 1)]
    patches = Fraction(sum(sizes) ** 2, sum(size * size for size in sizes)) if sizes else Fraction(1)
    groups: dict[tuple[str, str], list[PlotValue]] = {}
    for entry in stock.plots:
        groups.setdefault((entry.unit.stratum, entry.unit.cluster), []).append(entry)
    means: dict[str, list[Fraction]] = {}
    for (stratum, _), entries in groups.items():
        weight = sum((entry.unit.weight for entry in entries), Fraction(0))
        means.setdefault(stratum, []).append(sum(entry.unit.weight * entry.kg_ha for entry in entries) / weight)
    squares = Fraction(sum(sum((m - sum(own) / len(own)) ** 2 for m in own) for own in means.values()))
    spread = sqrt_fraction(squares / stock.above.df / patches) / (stock.above.value * _KG_PER_T)
    half = Fraction(round(Z95 * spread * 10**_PLACES), 10**_PLACES)
    return Factor(
        id="plots.lost_stock", value=Fraction(1), low=max(1 - half, Fraction(0)), high=1 + half,
        interval="95 %: spread between clusters of plots over the patches mapped as lost", distribution="normal",
        unit="t d.m./t d.m.", source=f"plots.csv {digest}",
        note=f"{count} patches, as good as {decimal_str(patches, places=1)} of equal size", verified=True,
    )  # fmt: skip


def stock_year(days: Sequence[date]) -> int:
    """The year whose end lies nearest to the median day of a visit."""
    middle = sorted(days)[(len(days) - 1) // 2]
    return (middle + timedelta(days=184)).year - 1


def _section(field_data: Inventory, stock: PlotStock, agb: Factor, assisted: ModelAssisted | None) -> dict[str, Any]:
    visit = field_data.visits[0]
    plots = [plot for plot in field_data.plots if plot.visit == visit]
    label = "model-based" if stock.basis == "model-based" else "model-assisted" if assisted else "design-based"
    parts = [{"component": name, "se_kg_ha": round(getattr(stock.above.components, name) * _KG_PER_T)} for name in _COMPONENTS]
    if assisted is not None:
        parts[0] = {"component": "sampling of plots less map", "se_kg_ha": round(assisted.se_kg_ha)}
    return {
        "label": label,
        "plots": len(plots),
        "clusters": stock.above.clusters,
        "strata": len({plot.stratum for plot in plots}),
        "trees": sum(tree.visit == visit for tree in field_data.trees),
        "visits": len(field_data.visits),
        "reference_year": stock_year([plot.date for plot in plots]),
        "agb_kg_ha": round(agb.value * _KG_PER_T),
        "components": parts,
        "map_mean_kg_ha": None if assisted is None else round(assisted.value_kg_ha - assisted.correction_kg_ha),
        "findings": [{"code": row.code, "item": row.item, "value": row.value} for row in stock.findings],
    }


def _layers(plan: MonitoringPlan, scenes: Sequence[Scene]) -> list[Scene]:
    if not plan.has("biomass"):
        return []
    source = plan.source("biomass").id
    found = [scene for scene in scenes if scene.source == source]
    if len(found) != 1:
        raise SourceError(
            f"{len(found)} biomass maps, one is needed", code="source.biomass", field=f"sources.{source}",
            hint="name a collection with one layer",
        )  # fmt: skip
    return found


def _assisted(
    plan: MonitoringPlan,
    field_data: Inventory,
    stock: PlotStock,
    layer: Scene,
    forest: NDArray[np.bool_],
    window: Window,
    store: Store,
) -> ModelAssisted:
    kg_ha = _map_kg_ha(plan, layer, window.grid, store)
    if (kg_ha[forest] < 0).any():
        raise SourceError(
            f"{int((kg_ha[forest] < 0).sum())} forest pixels have no value", code="biomass.nodata", file=layer.id, field="agb",
            hint="the difference estimator needs a map of the whole forest: fill it, or use estimator expansion",
        )  # fmt: skip
    places = {plot.plot: (float(plot.lon), float(plot.lat)) for plot in field_data.plots}
    pairs = [
        PlotPair(entry.unit, entry.kg_ha, _at(kg_ha, window.grid, places[entry.plot], entry.plot, layer.id))
        for entry in stock.plots
    ]
    return difference(map_mean(kg_ha, window.areas_mm2, forest), pairs, predictions="external")


def _map_kg_ha(plan: MonitoringPlan, layer: Scene, grid: GeoBox, store: Store) -> NDArray[np.int64]:
    """The map in whole kg d.m./ha; −1 without value."""
    table = plan.source("biomass").biomass
    assert table is not None
    whole = (slice(0, grid.shape[0]), slice(0, grid.shape[1]))
    numbers = Reader(store, grid, plan.grid, None).band(Layer(0, layer.bands, 0), "agb", whole).astype(np.int64)
    scale = Fraction(table.scale) * _KG_PER_T
    kg: NDArray[np.int64] = np.where(numbers < 0, -1, numbers * scale.numerator // scale.denominator)
    return kg


def _inside(field_data: Inventory, window: Window) -> None:
    """Plots stand for the project's forest, so they lie in the project area, as far as their positions are known."""
    grid, area = window.grid, window.inside
    metres = abs(grid.affine.a) * (111_320 if grid.crs.geographic else 1)
    for plot in field_data.plots:
        slack = 1 + int(float(plot.positional_error_m or 0) / metres)
        row, col = _pixel(grid, (float(plot.lon), float(plot.lat)))
        near = area[max(row - slack, 0) : row + slack + 1, max(col - slack, 0) : col + slack + 1]
        if row < -slack or col < -slack or not near.any():
            raise PlanError(
                f"plot {plot.plot} lies outside the project area", code="plots.outside", file="plots.csv", field=plot.plot,
                hint="check lon and lat; plots of another forest say nothing of this one by design",
            )  # fmt: skip


def _pixel(grid: GeoBox, place: tuple[float, float]) -> tuple[int, int]:
    """Row and column of a longitude and latitude."""
    from pyproj import Transformer

    x, y = Transformer.from_crs("EPSG:4326", str(grid.crs), always_xy=True).transform(*place)
    affine = grid.affine  # north-up: the grid makes no other
    return int(np.floor((y - affine.f) / affine.e)), int(np.floor((x - affine.c) / affine.a))


def _at(kg_ha: NDArray[np.int64], grid: GeoBox, place: tuple[float, float], plot: str, layer: str) -> int:
    at = _pixel(grid, place)
    if not (0 <= at[0] < kg_ha.shape[0] and 0 <= at[1] < kg_ha.shape[1]) or kg_ha[at] < 0:
        raise PlanError(
            f"plot {plot} lies where {layer} has no value", code="plots.outside", file="plots.csv", field=plot,
            hint="check lon and lat; every plot needs the map's value",
        )  # fmt: skip
    return int(kg_ha[at])
