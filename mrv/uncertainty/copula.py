"""Correlated normals for components that are estimated together, from a small correlation matrix.

The factorisation L D Lᵀ is exact, on fractions; only √D and the elementwise products are floats.  Each name keeps its own
stream, so a matrix without correlations gives the draws that the components have alone.
"""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import PlanError
from mrv.uncertainty.montecarlo import normal_quantile, quantise, uniforms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Pair = tuple[str, str]


def correlated_normals(
    seed: str, names: Sequence[str], correlation: Mapping[Pair, Fraction], draws: int
) -> dict[str, NDArray[np.float64]]:
    """Standard normals by name, with the correlations given (a Gaussian copula).

    Args:
        seed: ``sha256:<hex>``.
        names: Components, each drawn from the stream of its name; the first keeps its own draws unchanged.
        correlation: Correlation of each pair of names, in either order; pairs left out are 0.
        draws: How many.

    Returns:
        float64 (draws,) by name, multiples of 2⁻³².

    Raises:
        PlanError: A pair of unknown names or given twice, a correlation outside [−1, 1], or a matrix that is not positive
            semidefinite, with the pair at which it fails.
    """
    lower, diagonal = factorise(names, correlation)
    own = [normal_quantile(uniforms(seed, name, draws)) for name in names]
    scale = [sqrt(value) for value in diagonal]
    mixed: dict[str, NDArray[np.float64]] = {}
    for row, name in enumerate(names):
        total = np.zeros(draws)
        for column in range(row + 1):
            if lower[row][column]:
                total = total + own[column] * (float(lower[row][column]) * scale[column])
        mixed[name] = quantise(total)
    return mixed


def factorise(names: Sequence[str], correlation: Mapping[Pair, Fraction]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """Unit lower triangle L and diagonal D of a correlation matrix, exactly: R = L D Lᵀ.

    Raises:
        PlanError: As ``correlated_normals``.
    """
    matrix = _matrix(names, correlation)
    size = len(names)
    lower = [[Fraction(int(row == column)) for column in range(size)] for row in range(size)]
    diagonal: list[Fraction] = []
    for j in range(size):
        pivot = matrix[j][j] - sum((lower[j][k] ** 2 * diagonal[k] for k in range(j)), Fraction(0))
        if pivot < 0:
            raise _not_psd(names, matrix, j, max(range(j), key=lambda k: abs(matrix[j][k])))
        diagonal.append(pivot)
        for i in range(j + 1, size):
            rest = matrix[i][j] - sum((lower[i][k] * lower[j][k] * diagonal[k] for k in range(j)), Fraction(0))
            if pivot == 0 and rest != 0:
                raise _not_psd(names, matrix, i, j)
            lower[i][j] = rest / pivot if pivot else Fraction(0)
    return lower, diagonal


def _matrix(names: Sequence[str], correlation: Mapping[Pair, Fraction]) -> list[list[Fraction]]:
    if len(set(names)) != len(names):
        raise PlanError("a component is named twice", code="uncertainty.name", hint="one component, one draw")
    at = {name: index for index, name in enumerate(names)}
    matrix = [[Fraction(int(i == j)) for j in range(len(names))] for i in range(len(names))]
    seen: set[frozenset[str]] = set()
    for (a, b), value in correlation.items():
        where = f"{a}, {b}"
        if a not in at or b not in at or a == b:
            raise PlanError(f"a correlation of {a} with {b}", code="uncertainty.correlation", field=where,
                            hint=f"two different names of: {', '.join(names)}")  # fmt: skip
        if frozenset((a, b)) in seen:
            raise PlanError(f"{a} and {b} are correlated twice", code="uncertainty.correlation", field=where, hint="keep one")
        if not -1 <= value <= 1:
            raise PlanError(f"a correlation of {float(value):g}", code="uncertainty.correlation", field=where,
                            hint="correlations lie in [-1, 1]")  # fmt: skip
        seen.add(frozenset((a, b)))
        matrix[at[a]][at[b]] = matrix[at[b]][at[a]] = Fraction(value)
    return matrix


def _not_psd(names: Sequence[str], matrix: list[list[Fraction]], i: int, j: int) -> PlanError:
    return PlanError(
        f"no variables have these correlations: {names[i]} with {names[j]} ({float(matrix[i][j]):g}) contradicts the others",
        code="uncertainty.not-psd",
        field=f"{names[i]}, {names[j]}",
        hint="the matrix must be positive semidefinite: take it from one data set, or weaken this correlation",
    )
