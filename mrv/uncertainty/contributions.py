"""Which component to improve first: what each contributes to the variance of a quantity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import PlanError
from mrv.uncertainty.propagation import Component, combine, propagate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from mrv.uncertainty.propagation import Group, Term

    Kg = NDArray[np.int64]

_QUANTUM = 2**32


@dataclass(frozen=True, slots=True)
class Contribution:
    """One family of components."""

    label: str
    """Its label."""
    sd_kg: int
    """Standard deviation with only this family drawn and all else at its estimate, kg CO2e, rounded down."""
    one_at_a_time_percent: Fraction
    """Its variance, as a share of the variance with everything drawn."""
    first_order_percent: Fraction
    """The same with all else at the mean of its draws: the first-order (Sobol) index, as the fluxes are products."""


@dataclass(frozen=True, slots=True)
class Contributions:
    """The families of one quantity, the largest first."""

    rows: tuple[Contribution, ...]
    """Families that are drawn; constants are left out."""
    sd_kg: int
    """Standard deviation with everything drawn, kg CO2e, rounded down."""

    @property
    def one_at_a_time_sum(self) -> Fraction:
        """Sum of the one-at-a-time shares, %; not 100 where components interact or estimates are not the draws' means."""
        return sum((row.one_at_a_time_percent for row in self.rows), Fraction(0))

    @property
    def interaction_percent(self) -> Fraction:
        """What no family explains alone, %: interaction, and the chance correlation of a finite number of draws (± signs)."""
        return 100 - sum((row.first_order_percent for row in self.rows), Fraction(0))


def contributions(terms: Sequence[Term], components: Mapping[str, Component], weights: Mapping[Group, int]) -> Contributions:
    """The contribution of each family of components to the variance of a signed sum of groups.

    Args:
        terms: The declared fluxes.
        components: Components by name.
        weights: The signed sum, as for ``combine``.

    Raises:
        PlanError: As ``propagate`` and ``combine`` do.

    References:
        Saltelli et al. 2008, *Global Sensitivity Analysis*, ch. 4 (first-order index).
    """
    entering = [term for term in terms if weights.get(term.group)]
    whole = variance(combine(propagate(terms, components), weights))
    at_point = {name: _fixed(component, component.point) for name, component in components.items()}
    at_mean = {name: _fixed(component, _mean(component)) for name, component in components.items()}
    rows = []
    for label, names in _families(entering, components):
        # Only the terms that hold a member of the family vary; constants have no variance.
        varying = [term for term in entering if names & set(term.names)]
        alone, first = (
            variance(_alone(varying, {**held, **{name: components[name] for name in names}}, weights))
            for held in (at_point, at_mean)
        )
        rows.append(Contribution(label, isqrt(int(alone)), _share(alone, whole), _share(first, whole)))
    rows.sort(key=lambda row: (-row.one_at_a_time_percent, row.label))
    return Contributions(tuple(rows), isqrt(int(whole)))


def variance(values: Kg) -> Fraction:
    """Variance of integers, exactly (n − 1).

    Raises:
        PlanError: Fewer than two values.
    """
    whole = values.tolist()
    n, total = len(whole), sum(whole)
    if n < 2:
        raise PlanError("a variance of fewer than two draws", code="uncertainty.draws", hint="draw more")
    return Fraction(n * sum(value * value for value in whole) - total * total, n * (n - 1))


def _share(part: Fraction, whole: Fraction) -> Fraction:
    return 100 * part / whole if whole else Fraction(0)


def _families(terms: Sequence[Term], components: Mapping[str, Component]) -> Iterator[tuple[str, set[str]]]:
    used = {name for term in terms for name in term.names if np.ptp(components[name].draws)}
    for label in sorted({components[name].family for name in used}):
        yield label, {name for name in used if components[name].family == label}


def _alone(terms: Sequence[Term], components: Mapping[str, Component], weights: Mapping[Group, int]) -> Kg:
    groups = propagate(terms, components)
    values = combine(groups, {group: weights[group] for group in groups})
    return np.broadcast_to(values, next(iter(components.values())).draws.shape) if values.size == 1 else values


def _fixed(component: Component, value: Fraction) -> Component:
    return Component(component.name, value, np.full(component.draws.size, float(value)), component.label)


def _mean(component: Component) -> Fraction:
    """Mean of the draws by an integer sum, whose order does not matter."""
    scaled = np.rint(component.draws * float(_QUANTUM)) if component.draws.dtype != np.int64 else component.draws
    total = sum(int(value) for value in scaled.tolist())
    return Fraction(total, component.draws.size * (1 if component.draws.dtype == np.int64 else _QUANTUM))
