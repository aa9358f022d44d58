"""From plots to biomass a hectare: design-based means, their errors by source, and joint draws.

Above ground, below ground and the yearly change between visits are estimated from the same plots and drawn together: one
draw of an equation serves every tree at both visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.carbon.plot_components import (
    Components,
    Matrix,
    TreeErrors,
    density_variance,
    model_variance,
    parameters_variance,
    site_variance,
    tree_covariance,
)  # fmt: skip
from mrv.carbon.plot_design import Unit
from mrv.carbon.plot_draws import allometry_draws, mix, normals, sampling_draws
from mrv.carbon.plot_panel import SERVING, Panel, Quantity, panel
from mrv.carbon.tree_domain import TreeFinding, domain_findings, refuse_wrong_unit
from mrv.carbon.tree_mass import Choice, check_choices, relative_density_sd
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.carbon.plots import Inventory

    Ints = NDArray[np.int64]

MG_PER_T = 1_000_000_000
MG_PER_KG = 1_000_000
_KG_PER_T = 1_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean biomass a hectare, or its yearly change."""

    quantity: str
    """``above-ground``, ``below-ground``, ``above-ground change`` or ``below-ground change``."""
    unit: str
    """``t d.m./ha`` or ``t d.m./ha/yr``."""
    value: Fraction
    """Hájek mean over the plots; with alternatives, the mean over their weights."""
    se: Fraction
    """Standard deviation of the draws: all sources together."""
    low: Fraction
    """2.5 % point of the draws."""
    high: Fraction
    """97.5 % point of the draws."""
    components: Components
    """Standard error each source gives alone."""
    df: int
    """Clusters less strata."""
    clusters: int
    """Primary sampling units with the quantity."""
    plots: int
    """Plots with the quantity."""
    draws: Ints
    """int64 (draws,), kg d.m./ha or kg d.m./ha/yr."""
    allometry_draws: Ints
    """The same without sampling and single trees' errors: what a model-assisted mean of the same plots multiplies with."""


@dataclass(frozen=True, slots=True)
class BetweenVisits:
    """Remeasured plots: what makes a change more certain than two stocks."""

    visits: tuple[int, int]
    """First and last visit."""
    plots: int
    """Plots measured at both."""
    means: tuple[Fraction, Fraction]
    """Above-ground biomass of those plots, t d.m./ha."""
    variances: tuple[Fraction, Fraction]
    """Sampling variances of the two means."""
    covariance: Fraction
    """Sampling covariance between the dates."""


@dataclass(frozen=True, slots=True)
class PlotValue:
    """One plot's biomass, as a map is trained on it or corrected by it."""

    plot: str
    """Id."""
    unit: Unit
    """Place in the design."""
    kg_ha: Fraction
    """Above-ground biomass, kg d.m./ha; with alternatives, the mean over their weights."""


@dataclass(frozen=True, slots=True)
class PlotStock:
    """Biomass of the sampled forest."""

    above: Estimate
    """Above-ground stock at the visit."""
    below: Estimate | None
    """Below-ground stock, where a root equation was given."""
    change: Estimate | None
    """Yearly change of above-ground stock, where plots were remeasured."""
    change_below: Estimate | None
    """Yearly change of below-ground stock."""
    between: BetweenVisits | None
    """The remeasured plots."""
    basis: Literal["design-based", "model-based"]
    """``model-based`` where the plots are no probability sample: never ground for an unmodified conclusion."""
    visit: int
    """Visit of the stocks."""
    plots: tuple[PlotValue, ...]
    """Above-ground biomass of each plot at the visit."""
    findings: tuple[TreeFinding, ...]
    """What a reader should know."""


def plot_stock(
    inventory: Inventory,
    *,
    above: Sequence[Choice],
    seed: str,
    draws: int,
    below: Sequence[Choice] = (),
    name: str = "forest",
    design: Literal["probability", "purposive"] = "probability",
    visit: int | None = None,
    errors: TreeErrors | None = None,
    region: str | None = None,
    group: str | None = None,
) -> PlotStock:
    """Biomass a hectare of the forest that the plots stand for.

    Args:
        inventory: Plots and trees.
        above: Equations for above-ground biomass; their weights add up to one.
        seed: Seed of the statement.
        draws: Number of draws.
        below: Equations for below-ground biomass; empty: not estimated.
        name: Of the forest, for its sampling streams; allometry and wood density are shared between forests.
        design: ``probability``: clusters were drawn with known inclusion probabilities; ``purposive``: they were chosen.
        visit: Visit of the stocks; None: the last.
        errors: Which errors are counted.
        region: Where the project lies, compared with the equations' regions.
        group: What forest it is, compared with the equations' groups.

    Raises:
        PlanError: A stratum with one cluster, no plots of that visit, a tree without what an equation needs, diameters that
            cannot be centimetres.
    """
    errors = errors or TreeErrors()
    pools = [tuple(above)] + ([tuple(below)] if below else [])
    for choices, pool in zip(pools, ("above-ground", "below-ground"), strict=False):
        check_choices(choices, pool)
    when = inventory.visits[-1] if visit is None else visit
    forest = {(plot.plot, plot.visit) for plot in inventory.plots if plot.state == "forest"}
    live = [tree for tree in inventory.trees if tree.status == "alive" and (tree.plot, tree.visit) in forest]
    if not live:
        hint = "name a published factor for a forest without trees: plots of zero give no interval"
        raise PlanError("no live tree on any plot", code="plots.no-trees", file="trees.csv", hint=hint)
    for choice in (choice for choices in pools for choice in choices):
        refuse_wrong_unit(live, choice.equation)
    joint = panel(inventory, live, pools, when)
    findings = domain_findings(inventory, [c.equation for p in pools for c in p], region=region, group=group)
    estimates = _estimates(joint, inventory, errors, seed=seed, draws=draws, name=name)
    return PlotStock(
        above=estimates["above-ground"],
        below=estimates.get("below-ground"),
        change=estimates.get("above-ground change"),
        change_below=estimates.get("below-ground change"),
        between=_between(joint),
        basis="design-based" if design == "probability" else "model-based",
        visit=when,
        plots=tuple(
            PlotValue(plot.plot, Unit(plot.stratum, plot.cluster, plot.weight), value * _KG_PER_T)
            for plot, value in zip(joint.plots, joint.values[0], strict=True)
            if value is not None
        ),
        findings=tuple(sorted((*findings, *_panel_findings(joint, when)))),
    )


def _estimates(
    joint: Panel, inventory: Inventory, errors: TreeErrors, *, seed: str, draws: int, name: str
) -> dict[str, Estimate]:
    reported = joint.reported
    size = len(reported)
    covariance = tuple(row[:size] for row in joint.means.covariance[:size])
    relative = relative_density_sd(joint.live, inventory.density_sd)
    by_tree = tree_covariance(joint.pools, joint.live, errors)
    shared = sum(
        (allometry_draws(pool, relative_sd=relative, errors=errors, seed=seed, draws=draws) for pool in joint.pools),
        np.zeros((size, draws), dtype=np.int64),
    )
    names = [f"plots/{name}/{q.name}" for q in reported]
    sampled = sampling_draws(covariance, joint.means.df[:size], names=[f"{n}/sampling" for n in names], seed=seed, draws=draws)
    noise = mix(_total(by_tree, size), [normals(seed, f"{n}/trees", draws) for n in names])
    scales = [_scale(joint, pool, shared[[q.pool for q in reported].index(pool)]) for pool in range(len(joint.pools))]
    result = {}
    for i, q in enumerate(reported):
        # A forest with half the biomass under a drawn equation has half the difference between its plots, too.
        mg = shared[i].astype(np.float64) + scales[q.pool] * (sampled[i] * float(MG_PER_T) + noise[i])
        kg = np.rint((mg if q.yearly else np.maximum(mg, 0.0)) / MG_PER_KG).astype(np.int64)
        se, low, high = _spread(kg)
        result[q.name] = Estimate(
            quantity=q.name,
            unit="t d.m./ha/yr" if q.yearly else "t d.m./ha",
            value=joint.means.means[i],
            se=se,
            low=low,
            high=high,
            components=_components(joint, q, i, errors, by_tree, inventory),
            df=joint.means.df[i],
            clusters=joint.means.clusters[i],
            plots=sum(value is not None for value in joint.values[i]),
            draws=kg,
            allometry_draws=np.rint(shared[i].astype(np.float64) / MG_PER_KG).astype(np.int64),
        )
    return result


def _scale(joint: Panel, pool: int, stock_mg: Ints) -> NDArray[np.float64]:
    """Drawn stock of a pool over its expected one (draws,)."""
    index = [q.pool for q in joint.quantities].index(pool)
    point = sum((part.choice.weight * part.totals[index] for part in joint.pools[pool]), Fraction(0))
    return stock_mg.astype(np.float64) / float(point) if point else np.ones(len(stock_mg))


def _total(parts: tuple[Matrix, Matrix, Matrix], size: int) -> Matrix:
    return tuple(tuple(sum((part[i][j] for part in parts), Fraction(0)) for j in range(size)) for i in range(size))


def _spread(kg: Ints) -> tuple[Fraction, Fraction, Fraction]:
    """Standard deviation and 95 % limits of draws, t, in integer arithmetic."""
    ordered = sorted(map(int, kg))
    n, total = len(ordered), sum(ordered)
    squares = n * sum(value * value for value in ordered) - total * total
    se = sqrt_fraction(Fraction(squares, n * (n - 1)), places=6) / 1000
    return se, Fraction(ordered[-(-25 * n // 1000) - 1], 1000), Fraction(ordered[-(-975 * n // 1000) - 1], 1000)


def _components(
    joint: Panel, q: Quantity, index: int, errors: TreeErrors, by_tree: tuple[Matrix, Matrix, Matrix], inventory: Inventory
) -> Components:
    pool = joint.pools[q.pool]
    relative = relative_density_sd(joint.live, inventory.density_sd)

    def t_ha(variance_mg: Fraction) -> Fraction:
        return sqrt_fraction(variance_mg, places=0) / MG_PER_T

    return Components(
        sampling=sqrt_fraction(joint.means.covariance[index][index], places=9),
        parameters=t_ha(parameters_variance(pool, index, errors)),
        site=t_ha(site_variance(pool, index, errors)),
        residual=t_ha(by_tree[0][index][index]),
        density=t_ha(density_variance(pool, index, relative, errors)),
        diameter=t_ha(by_tree[1][index][index]),
        height=t_ha(by_tree[2][index][index]),
        model=t_ha(model_variance(pool, index)),
    )


def _between(joint: Panel) -> BetweenVisits | None:
    at = [i for i, q in enumerate(joint.quantities) if q.name.startswith(SERVING)]
    if not at:
        return None
    i, j = at
    first, last = joint.quantities[i].terms[0][0], joint.quantities[j].terms[0][0]
    return BetweenVisits(
        visits=(first, last),
        plots=sum(value is not None for value in joint.values[i]),
        means=(joint.means.means[i], joint.means.means[j]),
        variances=(joint.means.covariance[i][i], joint.means.covariance[j][j]),
        covariance=joint.means.covariance[i][j],
    )


def _panel_findings(joint: Panel, when: int) -> list[TreeFinding]:
    absent = [plot.plot for plot in joint.plots if when not in joint.visits[plot.plot]]
    if not absent:
        return []
    value = f"{len(absent)} of {len(joint.plots)} plots were not measured at visit {when}: {', '.join(sorted(absent)[:5])}"
    return [TreeFinding("plots.not-measured", f"visit {when}", value)]
