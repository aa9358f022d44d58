"""Interpreters err: the error-rate matrix, and areas corrected for it with the error of the correction in their variance.

A symmetric 5 % label error turns 2 % of loss into 0.02 × 0.95 + 0.98 × 0.05 = 6.8 %: with rare classes the false hits
outnumber the true.  With E[i][j] the chance that a unit of true class i is reported as j, the reported shares are q = Eᵀp,
so p = (Eᵀ)⁻¹q.  The rates come from *gold* units: reported by the interpreter as any other, and given their true class
independently.  The correction assumes that the rates depend on the true class alone, not on the stratum.

Every row of gold units is one more independent sample in the total (score −P_i M[c][j], P_i the corrected area of class i),
so its sampling error enters variance and skewness like a stratum's.

References:
    Rogan & Gladen 1978, Am J Epidemiol 107:71 (two classes); Barron 1977, Biometrics 33:414 (matrix form); Czaplewski &
    Catts 1992, Remote Sens Environ 39:29 (areas); McRoberts et al. 2018, ISPRS J Photogramm 142:292 (interpreters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from mrv.activity.estimators import DesignStratum, Estimate, parts
from mrv.activity.parts import Part, checked, summed
from mrv.errors import PlanError

CONDITION_LIMIT = 10
"""Above this condition number (∞-norm) the correction multiplies noise more than it removes bias, and is refused."""


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """How often a unit of each true class is reported as each class."""

    classes: tuple[str, ...]
    """Classes, in the order of rows and columns."""
    rates: tuple[tuple[Fraction, ...], ...]
    """E[i][j]: chance that true class i is reported as j; each row adds up to one."""
    gold: tuple[tuple[int, ...], ...] | None
    """Gold units by true (row) and reported class; None where the rates are stated, without sampling error."""

    def __post_init__(self) -> None:
        size = len(self.classes)
        if len(set(self.classes)) != size or len(self.rates) != size or any(len(row) != size for row in self.rates):
            raise PlanError(
                f"{len(self.rates)} rows of error rates for {size} classes",
                code="reference.probabilities",
                field="error_rates",
                hint="one row and one column a class, each class once",
            )
        for name, row in zip(self.classes, self.rates, strict=True):
            if sum(row) != 1 or min(row) < 0:
                raise PlanError(
                    f"the rates {', '.join(str(rate) for rate in row)} add up to {sum(row)}",
                    code="reference.probabilities",
                    field=name,
                    hint="a row lists the chances of every reported class: none negative, together exactly 1",
                )

    def inverse(self) -> tuple[tuple[Fraction, ...], ...]:
        """M = (Eᵀ)⁻¹, which turns reported shares into true ones.

        Raises:
            PlanError: ``reference.singular``.
        """
        transposed = [list(column) for column in zip(*self.rates, strict=True)]
        inverse = _inverse(transposed)
        condition = None if inverse is None else _norm(transposed) * _norm(inverse)
        if inverse is None or condition is None or condition > CONDITION_LIMIT:
            told = "has no inverse" if condition is None else f"has condition number {float(condition):.1f}"
            raise PlanError(
                f"the error-rate matrix {told}: labels this noisy do not tell the classes apart",
                code="reference.singular",
                field="error_rates",
                hint=f"train the interpreters, merge classes they confuse, or relabel (limit {CONDITION_LIMIT})",
            )
        return tuple(tuple(row) for row in inverse)


@dataclass(frozen=True, slots=True)
class Corrected:
    """An area corrected for interpreter error."""

    estimate: Estimate
    """Corrected area, m²; may lie outside 0 to the whole where the labels say so. Its limits do not."""
    reported_m2: Fraction
    """Area as reported, uncorrected, m²."""
    sampling_variance_m4: Fraction
    """Part of the variance from the sample of units, m⁴."""
    rates_variance_m4: Fraction
    """Part of the variance from the gold units, m⁴; zero where the rates are stated."""


def rates_from_gold(gold: Mapping[tuple[str, str], int], classes: Sequence[str]) -> ErrorRates:
    """Error rates from units whose true class is known besides the interpreter's report.

    Args:
        gold: Units by (true class, reported class).
        classes: Every class.

    Raises:
        PlanError: ``reference.gold`` (a class unknown, a count negative, or a true class with no unit),
            ``activity.one-unit`` (a true class with one).
    """
    if stray := sorted({name for pair in gold for name in pair} - set(classes)):
        raise PlanError(
            f"unknown class {stray[0]}", code="reference.gold", field=stray[0], hint=f"classes: {', '.join(classes)}"
        )
    counts = tuple(tuple(gold.get((true, reported), 0) for reported in classes) for true in classes)
    for name, row in zip(classes, counts, strict=True):
        if min(row) < 0 or sum(row) == 0:
            raise PlanError(
                f"{sum(row)} gold units are truly {name}",
                code="reference.gold",
                field=name,
                hint="interpret units of every true class twice, or merge the class",
            )
        if sum(row) == 1:
            raise PlanError(
                f"one gold unit is truly {name}: it gives no variance",
                code="activity.one-unit",
                field=name,
                hint="at least two; twenty or more make a correction worth its noise",
            )
    rates = tuple(tuple(Fraction(count, sum(row)) for count in row) for row in counts)
    return ErrorRates(tuple(classes), rates, counts)


def corrected_area(
    strata: Sequence[DesignStratum], counts: Sequence[Mapping[str, int]], target: str, errors: ErrorRates
) -> Corrected:
    """Area of a class, corrected for interpreter error.

    No finite-population correction: the labels are noisy even where every unit is interpreted.

    Args:
        strata: Design strata.
        counts: Reported units by class in each stratum.
        target: Class wanted.
        errors: Error rates.

    Raises:
        PlanError: ``reference.class`` (unknown), ``reference.singular``, and what the estimators raise.
    """
    known = set(errors.classes)
    if stray := sorted({target, *(name for row in counts for name in row)} - known):
        raise PlanError(
            f"no error rates for class {stray[0]}",
            code="reference.class",
            field=stray[0],
            hint=f"classes: {', '.join(errors.classes)}",
        )
    inverse = errors.inverse()
    full = [{name: row.get(name, 0) for name in errors.classes} for row in counts]
    reported = [_total(checked(parts(strata, full, _indicator(name, errors), fpc=False))) for name in errors.classes]
    true = [_dot(row, reported) for row in inverse]
    scores = dict(zip(errors.classes, inverse[errors.classes.index(target)], strict=True))
    sample = parts(strata, full, scores, fpc=False)
    gold = _gold_parts(errors, true, scores)
    whole = Fraction(sum(stratum.area_m2 for stratum in strata))
    # The gold units add variance and skewness, no area: the offset takes their mean off.
    shape = summed([*sample, *gold], offset=-_total(gold), bounds=(Fraction(0), whole))
    sampling = summed(sample).variance
    return Corrected(
        Estimate(shape, fpc=False),
        reported[errors.classes.index(target)],
        sampling,
        shape.variance - sampling,
    )


def _gold_parts(errors: ErrorRates, true: Sequence[Fraction], scores: Mapping[str, Fraction]) -> list[Part]:
    if errors.gold is None:
        return []
    negative = [-score for score in scores.values()]
    # A class estimated below zero has no area whose labels could err.
    return [
        Part(f"gold units truly {name}", max(area, Fraction(0)), Fraction(0), list(zip(negative, row, strict=True)))
        for name, row, area in zip(errors.classes, errors.gold, true, strict=True)
    ]


def _indicator(name: str, errors: ErrorRates) -> dict[str, Fraction]:
    return {other: Fraction(other == name) for other in errors.classes}


def _total(pieces: Sequence[Part]) -> Fraction:
    return sum((piece.total for piece in pieces), Fraction(0))


def _dot(left: Sequence[Fraction], right: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def _norm(matrix: Sequence[Sequence[Fraction]]) -> Fraction:
    return max(sum((abs(value) for value in row), Fraction(0)) for row in matrix)


def _inverse(matrix: Sequence[Sequence[Fraction]]) -> list[list[Fraction]] | None:
    """Gauss–Jordan in fractions; None where there is no inverse."""
    size = len(matrix)
    rows = [[*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next((k for k in range(column, size) if rows[k][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(size):
            if other != column and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[size:] for row in rows]
