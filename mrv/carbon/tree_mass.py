"""Every tree's share in every reported mean, under one allometric equation.

A reported quantity (stock at a visit, yearly change between visits) is linear in the trees' biomass: ``M_q = Σ_t c_qt g_t``.
The coefficients hold plot area, weight and time; the grams hold the equation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.allometry import CUBIC, Equation, biomass_g, ln, predictor
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mrv.carbon.plots import Tree

MG_PER_G = 1000
_BINS_PER_UNIT = 64
"""Bins of the predictor, per unit of ln: within one, a parameter draw moves all trees alike to some 10⁻⁵."""
_X_UNIT = 2**32


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the equations that could be applied."""

    equation: Equation
    """The equation."""
    weight: Fraction
    """Probability given to it; the choices of a pool add up to one."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Trees of one species and nearly one size."""

    species: str
    """Binomial."""
    x: Fraction
    """Mass-weighted mean of the predictor."""
    mg_ha: tuple[int, ...]
    """Their part of each quantity, mg/ha (or mg/ha/yr)."""


@dataclass(frozen=True, slots=True)
class Shares:
    """All live trees under one equation."""

    choice: Choice
    """The equation and its weight."""
    grams: tuple[int, ...]
    """Biomass of each tree, g."""
    mg_ha: tuple[tuple[int, ...], ...]
    """(trees, quantities): each tree's part, mg/ha."""
    bins: tuple[Bin, ...]
    """The same, by species and size."""

    @property
    def totals(self) -> tuple[int, ...]:
        """Each quantity, mg/ha."""
        return tuple(map(sum, zip(*self.mg_ha, strict=True))) if self.mg_ha else ()

    def only(self, keep: Sequence[bool]) -> Shares:
        """The same with nothing in the quantities that are not kept."""

        def masked(row: tuple[int, ...]) -> tuple[int, ...]:
            return tuple(value if kept else 0 for value, kept in zip(row, keep, strict=True))

        bins = tuple(replace(row, mg_ha=masked(row.mg_ha)) for row in self.bins)
        return replace(self, mg_ha=tuple(map(masked, self.mg_ha)), bins=bins)


def check_choices(choices: Sequence[Choice], pool: str) -> None:
    """Refuse alternatives that are no distribution over equations of one pool.

    Raises:
        PlanError: Weights that do not add up to one, an equation twice or of another pool.
    """
    if sum(choice.weight for choice in choices) != 1 or any(choice.weight <= 0 for choice in choices):
        raise PlanError(f"weights of the {pool} equations", code="allometry.weights", hint="each above zero, together one")
    if len({choice.equation.id for choice in choices}) != len(choices):
        raise PlanError(f"a {pool} equation is named twice", code="allometry.weights", hint="name each once")
    for choice in choices:
        if choice.equation.pool != pool:
            message = f"{choice.equation.id} gives {choice.equation.pool} biomass, not {pool}"
            raise PlanError(message, code="allometry.pool", hint="name an equation of that pool")


def density_of(tree: Tree) -> Fraction:
    """Wood density of an inventory's tree, g/cm³."""
    if tree.wood_density_g_cm3 is None:
        raise PlanError(f"{tree.species} has no wood density", code="plots.density", hint="join the tables with `inventory`")
    return tree.wood_density_g_cm3


def grams(equation: Equation, tree: Tree) -> int:
    """Biomass of one tree, g.

    Raises:
        PlanError: The equation needs a height and the tree has none.
    """
    return biomass_g(equation, dbh_cm=tree.dbh_cm, height_m=tree.height_m, density_g_cm3=density_of(tree))


def shares(choice: Choice, trees: Sequence[Tree], coefficients: Sequence[Sequence[Fraction]]) -> Shares:
    """Every tree's part of every quantity.

    Args:
        choice: Equation.
        trees: Live trees.
        coefficients: (trees, quantities), 1/ha or 1/ha/yr.
    """
    masses = tuple(grams(choice.equation, tree) for tree in trees)
    parts = tuple(tuple(round(c * g * MG_PER_G) for c in row) for g, row in zip(masses, coefficients, strict=True))
    return Shares(choice=choice, grams=masses, mg_ha=parts, bins=_bins(choice.equation, trees, masses, parts))


def _bins(
    equation: Equation, trees: Sequence[Tree], masses: Sequence[int], parts: Sequence[tuple[int, ...]]
) -> tuple[Bin, ...]:
    groups: dict[tuple[str, int], list[int]] = {}
    xs = [
        round(Fraction(predictor(equation, dbh_cm=t.dbh_cm, height_m=t.height_m, density_g_cm3=density_of(t))) * _X_UNIT)
        for t in trees
    ]
    for index, (tree, x) in enumerate(zip(trees, xs, strict=True)):
        groups.setdefault((tree.species, x * _BINS_PER_UNIT // _X_UNIT), []).append(index)
    return tuple(
        Bin(
            species=species,
            x=Fraction(sum(masses[i] * xs[i] for i in members), max(1, sum(masses[i] for i in members)) * _X_UNIT),
            mg_ha=tuple(map(sum, zip(*(parts[i] for i in members), strict=True))),
        )
        for (species, _), members in sorted(groups.items())
    )


def relative_diameter_error(tree: Tree) -> Fraction:
    """Relative standard error of a measured diameter.

    References:
        Chave et al. 2004, Phil. Trans. R. Soc. B 359:409: 95 % of trees sd = 0.0062 D + 0.0904 cm, 5 % sd = 4.64 cm.
    """
    small = Fraction("0.0062") * tree.dbh_cm + Fraction("0.0904")
    variance = Fraction(19, 20) * small * small + Fraction(1, 20) * Fraction("4.64") ** 2
    return sqrt_fraction(variance, places=9) / tree.dbh_cm


def elasticity(equation: Equation, tree: Tree) -> Fraction:
    """Elasticity of one tree's biomass to its diameter, d ln B / d ln D."""
    return equation.dbh_power(Fraction(ln(tree.dbh_cm)) if equation.form == CUBIC else Fraction(0))


def relative_density_sd(trees: Sequence[Tree], sd: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Relative standard deviation of each species' wood density: its sd over the mean of its trees."""
    values: dict[str, list[Fraction]] = {}
    for tree in trees:
        values.setdefault(tree.species, []).append(density_of(tree))
    return {
        species: sqrt_fraction((sd[species] * len(own) / sum(own, Fraction(0))) ** 2, places=9)
        for species, own in sorted(values.items())
    }
