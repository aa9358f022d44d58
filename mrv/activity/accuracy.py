"""Accuracy of a map from the reference sample: overall, user's, producer's, and the error matrix in areas.

The map assessed need not be the one that made the design strata: every measure is a mean or a ratio of indicators over
the design (Stehman 2014).  Where strata are the map's classes they reduce to Olofsson et al. 2014, Eq. 1–7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.activity.estimators import DesignStratum, Estimate, estimate, parts, ratio, ratio_value
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError

if TYPE_CHECKING:
    from mrv.uncertainty.intervals import Shape

Cell = tuple[str, str]
"""Map class and reference class of a unit."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share between 0 and 1 with its sampling error."""

    shape: Shape
    """Value, variance, skewness and bounds, without unit."""
    fpc: bool
    """Finite-population correction applied."""

    @property
    def value(self) -> Fraction:
        """The share."""
        return self.shape.value

    @property
    def standard_error(self) -> Fraction:
        """Its standard error, rounded down at the twelfth decimal."""
        return sqrt_fraction(self.shape.variance)


@dataclass(frozen=True, slots=True)
class AccuracySample:
    """Units counted by design stratum, class on the map and reference class."""

    strata: tuple[DesignStratum, ...]
    """Design strata."""
    counts: tuple[Mapping[Cell, int], ...]
    """Units by (map class, reference class) in each stratum."""
    fpc: bool
    """Whether variances are corrected for the finite population."""

    def __post_init__(self) -> None:
        parts(self.strata, self.counts, dict.fromkeys(self._cells, Fraction(0)), fpc=self.fpc)

    @property
    def _cells(self) -> tuple[Cell, ...]:
        return tuple(dict.fromkeys(cell for row in self.counts for cell in row))

    @property
    def reference_classes(self) -> tuple[str, ...]:
        """Classes of the reference, in the order met."""
        return tuple(dict.fromkeys(reference for _, reference in self._cells))

    def area(self, reference: str) -> Estimate:
        """Area of a reference class (Stehman 2014 Eq. 14, 25; Olofsson et al. 2014 Eq. 9–11).

        Args:
            reference: Reference class; one that no unit has is estimated at zero, with an interval.
        """
        hits = [sum(count for (_, label), count in row.items() if label == reference) for row in self.counts]
        return estimate(self.strata, hits, fpc=self.fpc)

    def cell_share(self, mapped: str, reference: str) -> Share:
        """Share of the area with a map class and a reference class: one cell of the error matrix."""
        hits = [row.get((mapped, reference), 0) for row in self.counts]
        return _share_of(estimate(self.strata, hits, fpc=self.fpc), self.strata)

    def overall(self) -> Share:
        """Overall accuracy, area-weighted (Stehman 2014 Eq. 12; Olofsson et al. 2014 Eq. 1, 5)."""
        hits = [sum(count for (mapped, reference), count in row.items() if mapped == reference) for row in self.counts]
        return _share_of(estimate(self.strata, hits, fpc=self.fpc), self.strata)

    def users(self, name: str) -> Share | None:
        """User's accuracy: of the area mapped as a class, how much is (Stehman 2014 Eq. 18–19, 28; Olofsson Eq. 2, 6).

        Returns:
            None where no sampled unit is mapped as the class.
        """
        return self._ratio(name, lambda cell: cell[0] == name)

    def producers(self, name: str) -> Share | None:
        """Producer's accuracy: of a class's area, how much is mapped as it (Stehman 2014 Eq. 22–23, 28; Olofsson Eq. 3, 7).

        Returns:
            None where no sampled unit has the reference class.
        """
        return self._ratio(name, lambda cell: cell[1] == name)

    def users_value(self, name: str) -> Fraction | None:
        """:meth:`users` without its error."""
        return ratio_value(self.strata, *self._scores(name, lambda cell: cell[0] == name))

    def producers_value(self, name: str) -> Fraction | None:
        """:meth:`producers` without its error."""
        return ratio_value(self.strata, *self._scores(name, lambda cell: cell[1] == name))

    def _ratio(self, name: str, base: Callable[[Cell], bool]) -> Share | None:
        made = ratio(self.strata, *self._scores(name, base), fpc=self.fpc)
        return None if made is None else Share(made.shape, self.fpc)

    def _scores(
        self, name: str, base: Callable[[Cell], bool]
    ) -> tuple[list[dict[Cell, int]], dict[Cell, Fraction], dict[Cell, Fraction]]:
        """Counts by cell, and the scores of numerator and denominator."""
        # A unit of any map class seen in a stratum could have had any reference class: that widens the interval of a
        # perfect score.
        counts = [
            {(mapped, label): row.get((mapped, label), 0) for mapped, _ in row for label in self.reference_classes}
            for row in self.counts
        ]
        cells = dict.fromkeys(cell for row in counts for cell in row)
        bottom = {cell: Fraction(base(cell)) for cell in cells}
        top = {cell: Fraction(cell == (name, name)) for cell in cells}
        return counts, top, bottom


def matrix_sample(
    strata: Sequence[DesignStratum],
    classes: Sequence[str],
    matrix: Sequence[Sequence[int]],
    references: Sequence[str],
    *,
    fpc: bool,
) -> AccuracySample:
    """An error matrix whose rows are both the design strata and the map's classes.

    Args:
        strata: Design strata.
        classes: Map class of each stratum; a stratum that is no class of the reference (a buffer) has the class it is
            mapped as, or a name of its own, which then counts as wrong.
        matrix: Counts (strata, references).
        references: Reference classes, columns.
        fpc: Apply the finite-population correction.

    Raises:
        PlanError: ``activity.counts``, ``activity.no-unit``, ``activity.one-unit``.
    """
    if len(classes) != len(strata) or len(matrix) != len(strata) or any(len(row) != len(references) for row in matrix):
        raise PlanError(
            f"{len(matrix)} rows for {len(strata)} strata, {len(references)} reference classes",
            code="activity.counts",
            hint="one row a stratum, one column a reference class",
        )
    counts = [
        {(mapped, reference): count for reference, count in zip(references, row, strict=True)}
        for mapped, row in zip(classes, matrix, strict=True)
    ]
    return AccuracySample(tuple(strata), tuple(counts), fpc)


def _share_of(area: Estimate, strata: Sequence[DesignStratum]) -> Share:
    return Share(area.shape.scaled(Fraction(1, sum(stratum.area_m2 for stratum in strata))), area.fpc)
