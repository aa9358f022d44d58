"""Accuracy rows: the error matrix of a strata map over the whole time from the start, as a statement lists it."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.activity.accuracy import matrix_sample
from mrv.activity.cohort import period_class
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.activity.estimators import DesignStratum
    from mrv.activity.reference import ReferenceSample

CLASSES = ("loss", "degradation", "gain", "stable forest", "stable non-forest")
"""Reference classes, columns."""
MEANS = {
    "tree-cover loss": "loss",
    "buffer around loss": "stable forest",
    "stable forest": "stable forest",
    "stable non-forest": "stable non-forest",
    "gain of forest": "gain",
}
"""Reference class that each stratum of the map claims to be."""


def accuracy_row(sample: ReferenceSample, strata: Sequence[DesignStratum]) -> dict[str, Any]:
    """Counts and accuracies.

    Args:
        sample: The interpreted sample.
        strata: Its design strata.
    """
    found: dict[int, Counter[str]] = {stratum.code: Counter() for stratum in sample.strata}
    for unit in sample.units:
        found[unit.unit.stratum][period_class(sample.years, unit.roles)] += 1
    counts = [[found[stratum.code][name] for name in CLASSES] for stratum in sample.strata]
    return accuracy_of(strata, counts)


def accuracy_of(strata: Sequence[DesignStratum], counts: Sequence[Sequence[int]]) -> dict[str, Any]:
    """Accuracies from the error matrix: what a check recomputes.

    Args:
        strata: Design strata.
        counts: Units by stratum and reference class.
    """
    mapped = [MEANS.get(stratum.name, stratum.name) for stratum in strata]
    overall = matrix_sample(strata, mapped, counts, CLASSES, fpc=True).overall()
    weights = [Fraction(stratum.area_m2, stratum.sampled) if stratum.sampled else Fraction(0) for stratum in strata]

    def area(name: str | None, reference: str | None) -> Fraction:
        """Estimated area of a map class that is a reference class; None is any."""
        return sum(
            (
                weight * row[column]
                for weight, row, of in zip(weights, counts, mapped, strict=True)
                for column, found in enumerate(CLASSES)
                if name in {None, of} and reference in {None, found}
            ),
            Fraction(0),
        )

    return {
        "classes": list(CLASSES),
        "counts": [list(row) for row in counts],
        "overall": decimal_str(overall.value, places=6),
        "overall_se": decimal_str(overall.standard_error, places=6),
        "by_class": [
            {
                "reference_class": name,
                "users": _share(area(name, name), area(name, None)),
                "producers": _share(area(name, name), area(None, name)),
            }
            for name in dict.fromkeys(mapped)
        ],
    }


def _share(part: Fraction, whole: Fraction) -> str | None:
    """Stehman 2014 Eq. 18 and 22: a ratio of two estimated areas."""
    return decimal_str(part / whole, places=6) if whole else None
