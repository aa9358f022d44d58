"""Area draws: the confidence distributions of the estimated areas, drawn jointly, in whole m²."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.cohort import GAIN, START, joint_hits
from mrv.activity.estimate import REPORTED, activities, leaves, span_shares
from mrv.activity.estimators import covariance, estimate
from mrv.carbon.pools import LOSS, STANDING
from mrv.equations import sqrt_fraction
from mrv.uncertainty.confidence import limits
from mrv.uncertainty.copula import correlated_normals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from mrv.activity.cohort import Event
    from mrv.activity.estimators import DesignStratum, Estimate
    from mrv.activity.reference import ReferenceSample
    from mrv.uncertainty.intervals import Method, Shape

SHRINK = Fraction(999, 1000)
"""Correlations are drawn a thousandth towards zero, so that rounding them cannot make them contradict each other."""


def area_draws(
    sample: ReferenceSample,
    strata: Sequence[DesignStratum],
    rows: Sequence[Mapping[str, Any]],
    *,
    intensities: Sequence[str],
    before: Sequence[int],
    period: Sequence[int],
    method: Method,
    corrected: Mapping[str, Estimate],
    seed: str,
    draws: int,
) -> dict[Event, NDArray[np.int64]]:
    """Draws of every area that carries carbon.

    Args:
        sample: The interpreted sample.
        strata: Its design strata.
        rows: Estimates, as :func:`mrv.activity.estimate.area_rows` lists them.
        intensities: Intensities of degradation.
        before: Years of the project before the period.
        period: Years of the period.
        method: Interval that is signed.
        corrected: Forest at the start and loss corrected for interpreters' errors, as
            :func:`mrv.activity.estimate.corrections` gives them; empty without gold units.
        seed: Seed of the statement.
        draws: Number of draws.

    Returns:
        int64 (draws,) m² by (activity, year), the standing forest among them.
    """
    spans = [span for span in (tuple(before), tuple(period)) if span]
    kinds = [kind for kind in activities(intensities) if kind != GAIN]
    parts: list[tuple[str, tuple[int, ...]]] = [(START, (spans[0][0] - 1,))]
    parts += [(kind, span) for kind in kinds for span in spans]
    groups = [frozenset((kind, year) for year in span) for kind, span in parts]
    joint = joint_hits(sample, groups)
    found = [estimate(strata, joint[i, i], fpc=True) for i in range(len(parts))]
    names = [f"area {kind} {span[0]}" for kind, span in parts]
    z = correlated_normals(seed, names, _correlation(strata, joint, found, names), draws)
    drawn: dict[Event, NDArray[np.int64]] = {}
    for name, (kind, span), one in zip(names, parts, found, strict=True):
        shape = _shape(kind, one, corrected)
        area = np.rint(limits(shape, z[name], method=method)).astype(np.int64)
        shares = {span[0]: Fraction(1)} if kind == START else span_shares(rows, kind, span)
        drawn |= {(kind, year): np.rint(area * float(share)).astype(np.int64) for year, share in shares.items()}
    return _standing(drawn, [*before, *period])


def _shape(kind: str, found: Estimate, corrected: Mapping[str, Estimate]) -> Shape:
    """What is drawn: a span's loss is its reported share of the corrected loss."""
    if kind == START and START in corrected:
        return corrected[START].shape
    if kind == LOSS and LOSS in corrected and found.area_m2:
        return corrected[LOSS].shape.scaled(found.area_m2 / corrected[REPORTED].area_m2)
    return found.shape


def _standing(drawn: Mapping[Event, NDArray[np.int64]], years: Sequence[int]) -> dict[Event, NDArray[np.int64]]:
    left = drawn[START, years[0] - 1]
    found = {event: area for event, area in drawn.items() if event[0] != START}
    for year in years:
        for (activity, at), area in drawn.items():
            if at == year:
                left = left - leaves(activity) * area
        found[STANDING, year] = np.maximum(left, 0)
    return found


def _correlation(
    strata: Sequence[DesignStratum],
    joint: Mapping[tuple[int, int], Sequence[int]],
    found: Sequence[Estimate],
    names: Sequence[str],
) -> dict[tuple[str, str], Fraction]:
    result = {}
    for (i, j), both in joint.items():
        if i == j or not (found[i].variance_m4 and found[j].variance_m4):
            continue
        shared = covariance(strata, both, joint[i, i], joint[j, j], fpc=True)
        root = sqrt_fraction(found[i].variance_m4 * found[j].variance_m4)
        result[names[i], names[j]] = Fraction(round(SHRINK * shared / root * 10**6), 10**6)
    return result
