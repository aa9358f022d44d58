"""Where an equation may be applied: its domain, the plausibility of the diameters' unit, and what is not known of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.errors import PlanError
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.carbon.allometry import Equation
    from mrv.carbon.plots import Inventory, Tree

SLENDER = Fraction("4.5")
"""Median H / D^0.6 (m, cm) above which no stand of the harvest deposited with Chave et al. 2014 lies: the 58 sites have 1.05
to 4.02. Diameters in inches raise it by 2.54^0.6 = 1.75."""
HEIGHTS_NEEDED = 20
_LISTED = 5


@dataclass(frozen=True, slots=True, order=True)
class TreeFinding:
    """A typed remark about plots, trees or the equations applied to them."""

    code: str
    """Stable code, ``room.reason``."""
    item: str
    """Equation, species or file."""
    value: str
    """What was found."""


def refuse_wrong_unit(trees: Sequence[Tree], equation: Equation, *, file: str = "trees.csv") -> None:
    """Refuse diameters that cannot be centimetres.

    Two rules. Where at least 20 trees have a height, half of them being more slender than any harvested stand is
    (``SLENDER``). Else, and always, the median diameter lying outside the equation's range: inches put a stand cut off at
    5 cm below it, millimetres above it. A stand of stout trees in inches without heights passes both.

    Args:
        trees: Live trees, cm and m.
        equation: The equation that is to be applied.
        file: Name for messages.

    Raises:
        PlanError: Implausible diameters.
    """
    if not trees:
        return
    hint = "dbh_cm is in centimetres: 1 inch is 2.54 cm, 1 cm is 10 mm"
    measured = [tree for tree in trees if tree.height_m is not None]
    # H / D^0.6 > s, to the fifth power, so that it is exact.
    slender = sum((tree.height_m or 0) ** 5 > SLENDER**5 * tree.dbh_cm**3 for tree in measured)
    if len(measured) >= HEIGHTS_NEEDED and 2 * slender > len(measured):
        message = f"{slender} of {len(measured)} trees are too slender for diameters in cm"
        raise PlanError(message, code="plots.dbh-unit", file=file, field="dbh_cm", hint=hint)
    median = sorted(tree.dbh_cm for tree in trees)[len(trees) // 2]
    low, high = equation.dbh_cm
    if (low is not None and median < low) or (high is not None and median > high):
        message = f"the median diameter, {_text(median)}, lies outside the {_range(low, high)} cm of {equation.id}"
        raise PlanError(message, code="plots.dbh-unit", file=file, field="dbh_cm", hint=f"{hint}; or name another equation")


def domain_findings(
    inventory: Inventory, equations: Sequence[Equation], *, region: str | None = None, group: str | None = None
) -> tuple[TreeFinding, ...]:
    """What a reader should know of applying equations to an inventory.

    Args:
        inventory: Plots and trees.
        equations: Every equation applied, alternatives included.
        region: Where the project lies, in the table's words; None: not compared.
        group: What forest it is, in the table's words; None: not compared.
    """
    live = [tree for tree in inventory.trees if tree.status == "alive"]
    found = set(_plots(inventory, live))
    for equation in equations:
        found |= set(_outside(equation, live)) | set(_unknown(equation))
        found |= set(_other_species(equation, live))
        for name, asked, has in (("region", region, equation.region), ("group", group, equation.group)):
            if asked is not None and has not in {asked, "pantropical"}:
                found.add(TreeFinding(f"allometry.{name}", equation.id, f"made for {has}, applied to {asked}"))
    return tuple(sorted(found))


def _plots(inventory: Inventory, live: Sequence[Tree]) -> Iterator[TreeFinding]:
    if dead := len(inventory.trees) - len(live):
        yield TreeFinding("plots.dead", "trees", f"{dead} dead stems are not in live biomass")
    for species in inventory.borrowed:
        yield TreeFinding("plots.density-borrowed", species, "wood density from the table, not from the site")
    if blank := sum(plot.positional_error_m is None for plot in inventory.plots):
        yield TreeFinding("plots.position", "positional_error_m", f"not stated for {blank} of {len(inventory.plots)} visits")


def _outside(equation: Equation, live: Sequence[Tree]) -> Iterator[TreeFinding]:
    measured = [(tree.height_m, tree) for tree in live if tree.height_m is not None]
    for name, (low, high), values in (
        ("dbh", equation.dbh_cm, [(tree.dbh_cm, tree) for tree in live]),
        ("height", equation.height_m, measured),
    ):
        out = [(x, tree) for x, tree in values if (low is not None and x < low) or (high is not None and x > high)]
        if out:
            out.sort(key=lambda pair: pair[0], reverse=True)
            named = ", ".join(f"{tree.plot}/{tree.visit}/{tree.tree} ({_text(x)})" for x, tree in out[:_LISTED])
            more = f" and {len(out) - _LISTED} more" if len(out) > _LISTED else ""
            value = f"{len(out)} of {len(live)} trees outside {_range(low, high)}: {named}{more}"
            yield TreeFinding(f"allometry.{name}-domain", equation.id, value)


def _other_species(equation: Equation, live: Sequence[Tree]) -> Iterator[TreeFinding]:
    """Trees of another species than the one an equation was made for; a group named by a binomial is one species."""
    others = [tree for tree in live if tree.species != equation.group]
    if " " in equation.group and others:
        named = ", ".join(sorted({tree.species for tree in others})[:_LISTED])
        value = f"made for {equation.group}, applied to {len(others)} of {len(live)} trees of other species: {named}"
        yield TreeFinding("allometry.species", equation.id, value)


def _unknown(equation: Equation) -> Iterator[TreeFinding]:
    if not equation.verified:
        yield TreeFinding("allometry.unverified", equation.id, equation.source)
    if equation.rse_ln is None:
        yield TreeFinding("allometry.rse-unknown", equation.id, "residual error of its trees is left out")
    if equation.covariance is None:
        yield TreeFinding("allometry.covariance-unknown", equation.id, "error of its parameters is left out: too narrow")
    if equation.site_sd_ln is None:
        yield TreeFinding("allometry.site-unknown", equation.id, "deviation of this place is left out: too narrow")


def _text(value: Fraction) -> str:
    return decimal_str(value, places=3)


def _range(low: Fraction | None, high: Fraction | None) -> str:
    return f"{'?' if low is None else _text(low)} to {'?' if high is None else _text(high)}"
