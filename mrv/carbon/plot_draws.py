"""Monte Carlo of means over plots: shared errors drawn once for all trees, errors of single trees by their summed variance."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mrv.carbon.plot_components import Matrix, TreeErrors, parameter_covariance, site_sd
from mrv.equations import sqrt_fraction
from mrv.uncertainty.montecarlo import normal_quantile, quantise, uniforms
from mrv.uncertainty.student_draws import student_from_normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mrv.carbon.allometry import Equation
    from mrv.carbon.tree_mass import Shares

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_Z_LIMIT = 8.3


def normals(seed: str, stream: str, draws: int) -> Floats:
    """Standard normals of a named stream (draws,)."""
    return normal_quantile(uniforms(seed, stream, draws))


def allometry_draws(
    pool: Sequence[Shares], *, relative_sd: Mapping[str, Fraction], errors: TreeErrors, seed: str, draws: int
) -> Ints:
    """Quantities under drawn equations, parameters, place and wood densities.

    One draw of each serves all trees, plots and visits. Every deviation is centred so that the mean is kept.

    Args:
        pool: Shares of the alternatives of one pool.
        relative_sd: Relative sd of wood density by species.
        errors: Which errors are counted.
        seed: Seed of the statement.
        draws: Number of draws.

    Returns:
        int64 (quantities, draws), mg/ha.
    """
    kind = pool[0].choice.equation.pool
    quantities = len(pool[0].bins[0].mg_ha) if pool[0].bins else 1
    total = np.zeros((quantities, draws), dtype=np.int64)
    chosen = _choose(pool, uniforms(seed, f"allometry/choice/{kind}", draws))
    place = normals(seed, f"allometry/site/{kind}", draws)
    density = {species: _lognormal(normals(seed, f"density/{species}", draws), sd) for species, sd in relative_sd.items()}
    for index, part in enumerate(pool):
        at = np.flatnonzero(chosen == index)
        equation = part.choice.equation
        shifts = [shift[at] for shift in _parameter_shifts(equation, errors, seed, draws)]
        shifts[0] = shifts[0] + _lognormal(place, site_sd(equation, errors))[at]
        by_species = {s: float(equation.density_power) * value[at] for s, value in density.items()} if errors.density else {}
        for row in part.bins:
            exponent = _horner(shifts, float(row.x))
            if errors.density:
                exponent = exponent + by_species[row.species]
            factor = quantise(np.exp(quantise(exponent)))
            for q, mg in enumerate(row.mg_ha):
                if mg:
                    total[q, at] += np.rint(float(mg) * factor).astype(np.int64)
    return total


def _choose(pool: Sequence[Shares], u: Floats) -> NDArray[np.int64]:
    """Index of the alternative each draw takes."""
    chosen, edge = np.zeros(len(u), dtype=np.int64), Fraction(0)
    for part in pool[:-1]:
        edge += part.choice.weight
        chosen += u >= float(edge)
    return chosen


def _lognormal(z: Floats, sd: Fraction) -> Floats:
    return z * float(sd) - float(sd * sd / 2)


def _horner(shifts: Sequence[Floats], x: float) -> Floats:
    total = shifts[-1]
    for shift in reversed(shifts[:-1]):
        total = total * x + shift
    return total


def _parameter_shifts(equation: Equation, errors: TreeErrors, seed: str, draws: int) -> list[Floats]:
    """Deviations of the parameters, one array a parameter (draws,)."""
    covariance = parameter_covariance(equation, errors)
    if covariance is None:
        return [np.zeros(draws) for _ in range(equation.parameters)]
    own = [normals(seed, f"allometry/{equation.id}/parameter-{j}", draws) for j in range(equation.parameters)]
    return mix(covariance, own)


def mix(covariance: Matrix, own: Sequence[Floats]) -> list[Floats]:
    """Normals with a covariance, from independent standard ones: L √D z, with the L D Lᵀ of the matrix exact.

    Args:
        covariance: Positive semidefinite (n, n).
        own: n arrays of standard normals.
    """
    lower, diagonal = _factorise(covariance)
    scale = [float(sqrt_fraction(max(pivot, Fraction(0)), places=15)) for pivot in diagonal]
    mixed = []
    for row in lower:
        total = np.zeros_like(own[0])
        for weight, sd, z in zip(row, scale, own, strict=True):
            total = total + z * (float(weight) * sd)
        mixed.append(total)
    return mixed


def _factorise(matrix: Matrix) -> tuple[list[list[Fraction]], list[Fraction]]:
    size = len(matrix)
    lower = [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]
    diagonal: list[Fraction] = []
    for j in range(size):
        pivot = matrix[j][j] - sum((lower[j][k] ** 2 * diagonal[k] for k in range(j)), Fraction(0))
        diagonal.append(pivot)
        for i in range(j + 1, size):
            rest = matrix[i][j] - sum((lower[i][k] * lower[j][k] * diagonal[k] for k in range(j)), Fraction(0))
            lower[i][j] = rest / pivot if pivot > 0 else Fraction(0)
    return lower, diagonal


def sampling_draws(covariance: Matrix, df: Sequence[int], *, names: Sequence[str], seed: str, draws: int) -> list[Floats]:
    """Deviations of means over a sample: Student t of their own degrees of freedom, joined by a Gaussian copula.

    Args:
        covariance: Of the means, (quantities, quantities).
        df: Degrees of freedom a quantity.
        names: Stream names, one a quantity.
        seed: Seed of the statement.
        draws: Number of draws.
    """
    joined = mix(covariance, [normals(seed, name, draws) for name in names])
    deviations = []
    for q, (z, freedom) in enumerate(zip(joined, df, strict=True)):
        sd = float(sqrt_fraction(covariance[q][q], places=15))
        standard = np.clip(quantise(z / sd), -_Z_LIMIT, _Z_LIMIT) if sd else np.zeros(draws)
        deviations.append(sd * student_from_normal(standard, freedom))
    return deviations
