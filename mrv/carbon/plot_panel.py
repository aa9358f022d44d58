"""Plots over their visits, laid out for a joint estimate of stocks and changes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.plot_design import ClusterMeans, Unit, cluster_means
from mrv.carbon.tree_mass import Choice, Shares, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.carbon.plots import Inventory, Plot, Tree

SERVING = "visit"
"""Quantities of this name serve the covariance between dates."""
_M2_PER_HA = 10_000
_G_PER_T = 1_000_000
_DAYS_PER_YEAR = Fraction(1461, 4)


@dataclass(frozen=True, slots=True)
class Quantity:
    """One column of the joint estimate."""

    name: str
    """Of the estimate."""
    pool: int
    """0 above ground, 1 below."""
    terms: tuple[tuple[int, int], ...]
    """(visit, sign): the stock at a visit, or the difference of two."""
    yearly: bool
    """Divided by the years between the visits."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Plots over their visits: design, values and trees' shares of all quantities."""

    plots: tuple[Plot, ...]
    """One a plot, for its place in the design."""
    visits: dict[str, dict[int, Plot]]
    """Visits of each plot."""
    quantities: tuple[Quantity, ...]
    """All quantities; those named ``visit …`` serve the covariance between dates and are not reported."""
    values: list[list[Fraction | None]]
    """(quantities, plots), t/ha."""
    means: ClusterMeans
    """Their means over the sample."""
    pools: list[tuple[Shares, ...]]
    """Shares of the reported quantities under each alternative, by pool."""
    live: list[Tree]
    """Live trees, as in the shares."""

    @property
    def reported(self) -> tuple[Quantity, ...]:
        """Quantities that become estimates: they come first."""
        return tuple(q for q in self.quantities if not q.name.startswith(SERVING))


def panel(inventory: Inventory, live: list[Tree], choices: Sequence[Sequence[Choice]], when: int) -> Panel:
    """Lay out plots, visits and trees for the joint estimate.

    Args:
        inventory: Plots and trees.
        live: Its live trees.
        choices: Alternatives by pool.
        when: Visit of the stocks.

    Raises:
        PlanError: A stratum with one cluster, no plots of the visit, a tree without what an equation needs.
    """
    visits: dict[str, dict[int, Plot]] = {}
    for plot in inventory.plots:
        if plot.state == "forest":  # means of standing forest are means over the domain that is one
            visits.setdefault(plot.plot, {})[plot.visit] = plot
    quantities = _quantities(inventory, visits, len(choices), when)
    reported = [q for q in quantities if not q.name.startswith(SERVING)]
    plots = tuple(own[min(own)] for own in visits.values())
    weights = [sum((p.weight for p in plots if _has(q, visits[p.plot])), Fraction(0)) for q in reported]
    coefficients = [
        [_coefficient(q, tree, visits[tree.plot], w) for q, w in zip(reported, weights, strict=True)] for tree in live
    ]
    parts = [tuple(shares(choice, live, coefficients) for choice in pool) for pool in choices]
    mass = _expected_mass(parts, live)
    values = [
        [_value(q, visits[p.plot], {v: mass.get((q.pool, p.plot, v), Fraction(0)) for v, _ in q.terms}) for p in plots]
        for q in quantities
    ]
    return Panel(
        plots=plots,
        visits=visits,
        quantities=tuple(quantities),
        values=values,
        means=cluster_means([Unit(plot.stratum, plot.cluster, plot.weight) for plot in plots], values),
        pools=[_own(p, i, reported) for i, p in enumerate(parts)],
        live=live,
    )


def _quantities(inventory: Inventory, visits: dict[str, dict[int, Plot]], pools: int, when: int) -> list[Quantity]:
    first, last = inventory.visits[0], inventory.visits[-1]
    remeasured = any({first, last} <= set(own) for own in visits.values()) and first != last
    quantities = []
    for pool, label in enumerate(("above-ground", "below-ground")[:pools]):
        quantities.append(Quantity(label, pool, ((when, 1),), yearly=False))
        if remeasured:
            quantities.append(Quantity(f"{label} change", pool, ((last, 1), (first, -1)), yearly=True))
    if remeasured:
        quantities += [Quantity(f"{SERVING} {v}", 0, ((v, 1), (w, 0)), yearly=False) for v, w in ((first, last), (last, first))]
    return quantities


def _own(pool: tuple[Shares, ...], index: int, quantities: Sequence[Quantity]) -> tuple[Shares, ...]:
    """A pool's shares, with nothing in the other pool's quantities."""
    keep = [q.pool == index for q in quantities]
    return tuple(part.only(keep) for part in pool)


def _has(q: Quantity, own: dict[int, Plot]) -> bool:
    return all(visit in own for visit, _ in q.terms)


def _years(q: Quantity, own: dict[int, Plot]) -> Fraction:
    if not q.yearly:
        return Fraction(1)
    (last, _), (first, _) = q.terms
    return Fraction((own[last].date - own[first].date).days) / _DAYS_PER_YEAR


def _coefficient(q: Quantity, tree: Tree, own: dict[int, Plot], weights: Fraction) -> Fraction:
    """What a gram of this tree is in grams a hectare (a year) of the quantity."""
    if not _has(q, own):
        return Fraction(0)
    sign = dict(q.terms).get(tree.visit, 0)
    plot = own[tree.visit]
    return sign * plot.weight / weights * _M2_PER_HA / plot.area_m2 / _years(q, own)


def _expected_mass(pools: Sequence[tuple[Shares, ...]], live: Sequence[Tree]) -> dict[tuple[int, str, int], Fraction]:
    """Grams on each plot at each visit, by pool: the mean over the alternatives."""
    mass: dict[tuple[int, str, int], Fraction] = {}
    for pool, parts in enumerate(pools):
        for part in parts:
            for tree, grams in zip(live, part.grams, strict=True):
                key = pool, tree.plot, tree.visit
                mass[key] = mass.get(key, Fraction(0)) + part.choice.weight * grams
    return mass


def _value(q: Quantity, own: dict[int, Plot], grams: dict[int, Fraction]) -> Fraction | None:
    """A plot's value, t/ha or t/ha/yr; None where it was not measured at the visits."""
    if not _has(q, own):
        return None
    stock = sum((sign * grams[visit] / own[visit].area_m2 for visit, sign in q.terms), Fraction(0))
    return stock * _M2_PER_HA / _G_PER_T / _years(q, own)
