"""What each source of error alone adds to a mean over plots: variances by the delta method, exact on integers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.tree_mass import elasticity, relative_diameter_error
from mrv.equations import sqrt_fraction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mrv.carbon.allometry import Equation
    from mrv.carbon.plots import Tree
    from mrv.carbon.tree_mass import Shares

Matrix = tuple[tuple[Fraction, ...], ...]
_CONTEXT = Context(prec=28)


@dataclass(frozen=True, slots=True)
class TreeErrors:
    """Which errors of single trees and of the equation's place are counted."""

    residual: bool = True
    """Scatter of trees about the equation, a draw a tree: conservative, since the mean of a forest's residuals is near zero."""
    diameter: bool = False
    """Error of the measured diameter, a draw a tree and visit.  Off: plots differ by it, so the clusters' residuals hold it
    already, and in a change between visits it would dominate; on: for trees whose diameters were taken without error."""
    density: bool = True
    """Error of a species' wood density, one draw a species."""
    height_cv: Fraction = Fraction(0)
    """Coefficient of variation of a measured height, a draw a tree and visit."""
    site: bool = True
    """Deviation of this place from the equation, one draw for all trees, and parameters' covariance with sites as the unit.
    Off: trees of the harvest as independent, as published Monte Carlo tools do."""


@dataclass(frozen=True, slots=True)
class Components:
    """Standard errors a source, in the unit of the estimate."""

    sampling: Fraction
    """Plots are a sample: from cluster residuals."""
    parameters: Fraction
    """The equation's parameters, shared by all trees."""
    site: Fraction
    """The equation's deviation at this place, shared by all trees."""
    residual: Fraction
    """Trees' scatter about the equation."""
    density: Fraction
    """Wood density, shared within a species."""
    diameter: Fraction
    """Measured diameters."""
    height: Fraction
    """Measured heights."""
    model: Fraction
    """Choice among the listed equations."""


def expm1(value: Fraction) -> Fraction:
    """eˣ − 1, correctly rounded to 28 digits."""
    quotient = _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Fraction(_CONTEXT.exp(quotient)) - 1


def parameter_covariance(equation: Equation, errors: TreeErrors) -> Matrix | None:
    """Covariance of an equation's parameters under the chosen view of its harvest."""
    return equation.covariance_site or equation.covariance if errors.site else equation.covariance


def site_sd(equation: Equation, errors: TreeErrors) -> Fraction:
    """Between-site standard deviation of ln B that is drawn; 0 where unknown or not asked for."""
    return equation.site_sd_ln or Fraction(0) if errors.site else Fraction(0)


def residual_cv(equation: Equation, errors: TreeErrors) -> Fraction:
    """Coefficient of variation of a tree about the equation, without the part that is its site's."""
    if not errors.residual or equation.rse_ln is None:
        return Fraction(0)
    return sqrt_fraction(expm1(max(Fraction(0), equation.rse_ln**2 - site_sd(equation, errors) ** 2)))


def tree_covariance(
    pools: Sequence[tuple[Shares, ...]], trees: Sequence[Tree], errors: TreeErrors
) -> tuple[Matrix, Matrix, Matrix]:
    """Covariance between quantities from errors of single trees, mg²/ha²: residual, diameter, height.

    A tree keeps its residual between visits; its diameter is measured anew. Above- and below-ground biomass have residuals
    of their own and share the diameter. With alternatives, the mean over their weights.

    Args:
        pools: Shares of every alternative, by pool.
        trees: Live trees, as in the shares.
        errors: Which are counted.
    """
    size = len(pools[0][0].mg_ha[0]) if trees else 1
    residual: list[list[int]] = []
    for pool in pools:
        for part in pool:
            scale = residual_cv(part.choice.equation, errors) * sqrt_fraction(part.choice.weight)
            stems: dict[tuple[str, str], list[int]] = {}
            for tree, row in zip(trees, part.mg_ha, strict=True):
                own = stems.setdefault((tree.plot, tree.tree), [0] * size)
                own[:] = [a + b for a, b in zip(own, row, strict=True)]
            residual += [[round(value * scale) for value in own] for own in stems.values()]
    diameter, height = [], []
    every = [part for pool in pools for part in pool]
    for index, tree in enumerate(trees):
        bend, grow = [Fraction(0)] * size, [Fraction(0)] * size
        for part in every:
            by_d = part.choice.weight * elasticity(part.choice.equation, tree)
            by_h = part.choice.weight * part.choice.equation.height_power
            for q, value in enumerate(part.mg_ha[index]):
                bend[q] += by_d * value
                grow[q] += by_h * value
        if errors.diameter:
            relative = relative_diameter_error(tree)
            diameter.append([round(value * relative) for value in bend])
        if errors.height_cv:
            height.append([round(value * errors.height_cv) for value in grow])
    return _outer(residual, size), _outer(diameter, size), _outer(height, size)


def _outer(rows: Sequence[Sequence[int]], size: int) -> Matrix:
    """Σ v vᵀ, exact, hence positive semidefinite."""
    return tuple(tuple(Fraction(sum(row[i] * row[j] for row in rows)) for j in range(size)) for i in range(size))


def parameters_variance(parts: Sequence[Shares], quantity: int, errors: TreeErrors) -> Fraction:
    """Variance from the parameters, mg²/ha²: gradient × covariance × gradient, mean over the alternatives."""
    total = Fraction(0)
    for part in parts:
        equation = part.choice.equation
        covariance = parameter_covariance(equation, errors)
        if covariance is None:
            continue
        gradient = [
            sum((row.mg_ha[quantity] * row.x**power for row in part.bins), Fraction(0)) for power in range(equation.parameters)
        ]
        total += part.choice.weight * sum(
            (a * covariance[i][j] * b for i, a in enumerate(gradient) for j, b in enumerate(gradient)), Fraction(0)
        )
    return total


def density_variance(
    parts: Sequence[Shares], quantity: int, relative_sd: Mapping[str, Fraction], errors: TreeErrors
) -> Fraction:
    """Variance from wood densities, mg²/ha², mean over the alternatives."""
    if not errors.density:
        return Fraction(0)
    total = Fraction(0)
    for part in parts:
        by_species = dict.fromkeys(relative_sd, 0)
        for row in part.bins:
            by_species[row.species] += row.mg_ha[quantity]
        power = part.choice.equation.density_power
        total += part.choice.weight * sum(((power * relative_sd[s] * mg) ** 2 for s, mg in by_species.items()), Fraction(0))
    return total


def site_variance(parts: Sequence[Shares], quantity: int, errors: TreeErrors) -> Fraction:
    """Variance from the place, mg²/ha², mean over the alternatives."""
    return sum(
        (p.choice.weight * expm1(site_sd(p.choice.equation, errors) ** 2) * p.totals[quantity] ** 2 for p in parts), Fraction(0)
    )


def model_variance(parts: Sequence[Shares], quantity: int) -> Fraction:
    """Variance among the alternatives, mg²/ha²."""
    mean = sum((part.choice.weight * part.totals[quantity] for part in parts), Fraction(0))
    return sum((part.choice.weight * (part.totals[quantity] - mean) ** 2 for part in parts), Fraction(0))
