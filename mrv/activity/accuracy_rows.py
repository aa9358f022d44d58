"""Accuracy rows: the error matrix of a strata map over the whole time from the start, as a statement lists it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mrv.activity.accuracy import matrix_sample
from mrv.activity.cohort import period_class
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from mrv.activity.estimators import DesignStratum
    from mrv.activity.reference import ReferenceSample

CLASSES = ("loss", "degradation", "gain", "stable forest", "stable non-forest")
"""Reference classes, columns."""
MEANS = {
    "tree-cover loss": "loss",
    "tree-cover loss, high confidence": "loss",
    "tree-cover loss, low confidence": "loss",
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
    matrix = matrix_sample(strata, mapped, counts, CLASSES, fpc=True)
    overall = matrix.overall()
    return {
        "classes": list(CLASSES),
        "counts": [list(row) for row in counts],
        "overall": decimal_str(overall.value, places=6),
        "overall_se": decimal_str(overall.standard_error, places=6),
        "by_class": [
            {
                "reference_class": name,
                "users": _told(matrix.users_value(name)),
                "producers": _told(matrix.producers_value(name)),
            }
            for name in dict.fromkeys(mapped)
        ],
    }


def _told(share: Fraction | None) -> str | None:
    return None if share is None else decimal_str(share, places=6)
