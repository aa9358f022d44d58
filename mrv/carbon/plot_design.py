"""Means over a probability sample of plots in clusters and strata, exact on fractions.

References:
    Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling, §5.7 (Hájek mean, linearised variance) and result 4.6.1
    (first-stage residuals: with-replacement form, without finite-population correction, so it does not understate).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Unit:
    """One plot in the design."""

    stratum: str
    """Design stratum."""
    cluster: str
    """Primary sampling unit."""
    weight: Fraction
    """Proportional to 1 / inclusion probability; above zero."""


@dataclass(frozen=True, slots=True)
class ClusterMeans:
    """Hájek means of several quantities of the same sample."""

    means: tuple[Fraction, ...]
    """One a quantity."""
    covariance: tuple[tuple[Fraction, ...], ...]
    """Of the means."""
    df: tuple[int, ...]
    """Degrees of freedom: clusters less strata, of the plots that have the quantity."""
    clusters: tuple[int, ...]
    """Clusters with the quantity."""
    total_weights: tuple[Fraction, ...]
    """Σ w of the plots that have the quantity."""


def cluster_means(
    units: Sequence[Unit], values: Sequence[Sequence[Fraction | int | None]], *, file: str = "plots.csv"
) -> ClusterMeans:
    """Hájek means and their covariance from the residuals of clusters.

    ``var = Σ_h n_h / (n_h − 1) Σ_c (e_hc − ē_h)²`` with ``e_hc = Σ_p w_p (y_p − ȳ) / Σ w``.

    Args:
        units: Plots.
        values: (quantities, plots); None where a plot lacks the quantity (not remeasured): it is then a domain estimate.
        file: Name for messages.

    Raises:
        PlanError: No plot has a quantity; a stratum with a single cluster.
    """
    means, totals, residuals, clusters, strata = [], [], [], [], []
    for series in values:
        have = [(unit, Fraction(y)) for unit, y in zip(units, series, strict=True) if y is not None]
        if not have:
            raise PlanError("no plot has the quantity", code="plots.empty", file=file, hint="list plots of that visit")
        total = sum((unit.weight for unit, _ in have), Fraction(0))
        mean = sum((unit.weight * y for unit, y in have), Fraction(0)) / total
        sums: dict[tuple[str, str], Fraction] = {}
        for unit, y in have:
            key = unit.stratum, unit.cluster
            sums[key] = sums.get(key, Fraction(0)) + unit.weight * (y - mean) / total
        _refuse_single(sums, file)
        means.append(mean)
        totals.append(total)
        residuals.append(sums)
        clusters.append(len(sums))
        strata.append(len({stratum for stratum, _ in sums}))
    sampled = sorted(set().union(*residuals))
    size = range(len(values))
    return ClusterMeans(
        means=tuple(means),
        covariance=tuple(tuple(_covariance(residuals[i], residuals[j], sampled) for j in size) for i in size),
        df=tuple(n - h for n, h in zip(clusters, strata, strict=True)),
        clusters=tuple(clusters),
        total_weights=tuple(totals),
    )


def _refuse_single(sums: dict[tuple[str, str], Fraction], file: str) -> None:
    count: dict[str, int] = {}
    for stratum, _ in sums:
        count[stratum] = count.get(stratum, 0) + 1
    for stratum, n in sorted(count.items()):
        if n == 1:
            raise PlanError(
                f"stratum {stratum} has a single cluster: its variance cannot be estimated",
                code="plots.one-cluster",
                file=file,
                field="cluster",
                hint="merge it with a stratum like it (a choice made before looking at the values), or measure another cluster",
            )


def _covariance(
    left: dict[tuple[str, str], Fraction], right: dict[tuple[str, str], Fraction], sampled: Sequence[tuple[str, str]]
) -> Fraction:
    total, zero = Fraction(0), Fraction(0)
    for stratum in {stratum for stratum, _ in sampled}:
        keys = [key for key in sampled if key[0] == stratum]
        a, b = [left.get(key, zero) for key in keys], [right.get(key, zero) for key in keys]
        n = len(keys)
        cross = sum((x * y for x, y in zip(a, b, strict=True)), zero) - sum(a, zero) * sum(b, zero) / n
        total += cross * Fraction(n, n - 1)
    return total
