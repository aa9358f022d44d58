"""Approach 2 over declared fluxes: area × product of factors, each component drawn once wherever it appears.

A flux is a ``Term``; what it multiplies are ``Component``s, found by name.  Baseline, project, leakage and all years share
the draw of a component that they share, so what cancels in a difference cancels here.  Arithmetic is elementwise
multiplication; each term is rounded to whole kilograms before terms are added, as integers (``propagation/1``).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from mrv.equations import percentage_speaks
from mrv.errors import PlanError
from mrv.uncertainty.montecarlo import summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Kg = NDArray[np.int64]

Group = tuple[str, str]
"""What a flux is added to: an account and a vintage year, as in ``("project", "2021")``."""
EXACT = 2**53
"""Floats below are whole numbers without gaps."""


@dataclass(frozen=True, slots=True, eq=False)
class Component:
    """One uncertain quantity: an area, a factor, or an amount that is given as such."""

    name: str
    """Name; terms refer to it."""
    point: Fraction
    """Its estimate, in the unit of its draws."""
    draws: Floats | Kg
    """Draws, (draws,): m² or kg as int64, a factor as float64."""
    label: str = ""
    """What it is reported under; components with one label are drawn jointly (such as AGB and BGB of the same plots)."""

    @property
    def family(self) -> str:
        """Its label, or its name where it has none."""
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Term:
    """One declared flux: ``sign × activity × product of roles × kg_per_unit``, kg CO2e, positive to the atmosphere."""

    group: Group
    """What it is added to."""
    activity: str
    """Component that is an area in m² (or an amount in kg)."""
    roles: tuple[str, ...]
    """Components that are factors, in the order of multiplication; none for an amount."""
    kg_per_unit: Fraction
    """kg CO2e for one unit of activity × factors: 44/12 · 1000 / 10⁴ for m² × t C/ha, 1 for an amount in kg."""
    sign: int = 1
    """+1 to the atmosphere, −1 out of it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every component it multiplies."""
        return (self.activity, *self.roles)


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity with its Monte Carlo interval, kg CO2e, in digits that its own error supports."""

    mean: int
    """Mean of the draws."""
    q05: int
    """5th percentile."""
    q95: int
    """95th percentile."""
    mean_se: int
    """Monte Carlo standard error of the mean, rounded up."""
    half_width_se: int
    """Monte Carlo standard error of the half-width, rounded up."""

    @property
    def half_width_90(self) -> int:
        """(q95 − q05) / 2, rounded down."""
        return (self.q95 - self.q05) // 2

    @property
    def percent(self) -> Fraction | None:
        """Half-width as a percentage of the mean; None where the mean is near or below zero."""
        return Fraction(100 * self.half_width_90, self.mean) if percentage_speaks(self.mean, self.half_width_90) else None


def index(components: Iterable[Component]) -> dict[str, Component]:
    """Components by name.

    Raises:
        PlanError: Two components of one name, draws of different lengths, or a draw that is not finite.
    """
    found: dict[str, Component] = {}
    for component in components:
        if component.name in found:
            raise PlanError(f"two components are called {component.name}", code="uncertainty.name", field=component.name,
                            hint="one component, one draw: share it")  # fmt: skip
        if component.draws.ndim != 1 or (found and component.draws.size != next(iter(found.values())).draws.size):
            raise PlanError("components have different numbers of draws", code="uncertainty.draws", field=component.name,
                            hint="draw every component the same number of times")  # fmt: skip
        if component.draws.size < 2 or not np.isfinite(component.draws).all():
            raise PlanError("a draw is missing or not finite", code="uncertainty.draws", field=component.name,
                            hint="look at the interval of this component")  # fmt: skip
        found[component.name] = component
    return found


def propagate(terms: Sequence[Term], components: Mapping[str, Component]) -> dict[Group, Kg]:
    """Draws of every group.

    Args:
        terms: The declared fluxes.
        components: Components by name, as ``index`` gives them.

    Returns:
        int64 (draws,) kg CO2e by group, in the order in which groups first appear.

    Raises:
        PlanError: A term names a component that is not there, has a sign that is not ±1, or is too large for integers.

    References:
        IPCC 2006 V1 ch. 3.2.3.2 (Approach 2); 2019 Refinement V1 ch. 3.
    """
    products: dict[tuple[str, ...], Floats] = {}
    groups: dict[Group, Kg] = {}
    for term in terms:
        _known(term, components)
        if term.roles not in products:
            products[term.roles] = _product([components[role].draws for role in term.roles])
        kilograms = _kilograms(term, components[term.activity].draws * (products[term.roles] * _scale(term)))
        groups[term.group] = _add(groups.get(term.group), kilograms, term)
    return groups


def combine(groups: Mapping[Group, Kg], weights: Mapping[Group, int]) -> Kg:
    """A signed sum of groups, draw by draw: gross is a sum, net is baseline less project less leakage.

    Args:
        groups: As ``propagate`` gives them.
        weights: +1 or −1 (or 0) for each group that enters.

    Raises:
        PlanError: A group that no term feeds.
    """
    total: Kg | None = None
    for group, weight in weights.items():
        if group not in groups:
            raise PlanError(f"no flux enters {' '.join(group)}", code="uncertainty.group", field="/".join(group),
                            hint=f"groups: {', '.join('/'.join(known) for known in groups)}")  # fmt: skip
        part = groups[group] * np.int64(weight)
        total = part if total is None else total + part
    if total is None:
        raise PlanError("a sum of no groups", code="uncertainty.group", hint="name the groups that enter")
    return total


def spread(values: Kg) -> Spread:
    """Mean, percentiles, and the Monte Carlo errors of the mean and of the half-width.

    The error of a percentile is half the distance between the order statistics one binomial standard deviation of rank
    on either side; two percentiles of one sample correlate by 1/19.

    Args:
        values: int64 (draws,).
    """
    found, ordered = summarise(values), np.sort(values).tolist()
    n = len(ordered)
    step = max(1, isqrt(19 * n) // 20)  # √(n · 0.05 · 0.95)
    low, high = (_rank_distance(ordered, (percent * n + 99) // 100 - 1, step) for percent in (5, 95))
    sixteenfold = 19 * (low * low + high * high) - 2 * low * high  # 16 · 19 · variance, with whole distances
    error = isqrt(max(sixteenfold, 0) // 304) + 1 if sixteenfold > 0 else 0
    return Spread(found.mean, found.q05, found.q95, found.mean_se, error)


def _rank_distance(ordered: list[int], rank: int, step: int) -> int:
    return ordered[min(rank + step, len(ordered) - 1)] - ordered[max(rank - step, 0)]


def _known(term: Term, components: Mapping[str, Component]) -> None:
    if term.sign not in {1, -1}:
        raise PlanError(f"sign {term.sign} of a flux is neither 1 nor -1", code="uncertainty.sign", field=term.activity,
                        hint="+1 to the atmosphere, -1 out of it")  # fmt: skip
    for name in term.names:
        if name not in components:
            raise PlanError(f"no component is called {name}", code="uncertainty.component", field="/".join(term.group),
                            hint=f"components: {', '.join(components)}")  # fmt: skip


def _scale(term: Term) -> float:
    return term.sign * float(term.kg_per_unit)


def _product(factors: Sequence[Floats | Kg]) -> Floats:
    product = np.float64(1.0) * np.ones(1)
    for factor in factors:
        product = product * factor
    return product


def _kilograms(term: Term, values: Floats) -> Kg:
    if float(np.abs(values).max()) >= EXACT:
        raise PlanError("a flux exceeds 2⁵³ kg CO2e", code="uncertainty.overflow", field="/".join(term.names),
                        hint="areas are m², factors t C/ha: look at the units")  # fmt: skip
    return np.rint(values).astype(np.int64)


def _add(total: Kg | None, kilograms: Kg, term: Term) -> Kg:
    if total is None:
        return kilograms
    added = total + kilograms
    if int(np.abs(added).max()) >= EXACT:
        raise PlanError("a sum of fluxes exceeds 2⁵³ kg CO2e", code="uncertainty.overflow", field="/".join(term.group),
                        hint="look at the units")  # fmt: skip
    return added
