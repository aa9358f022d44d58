"""The 90 % interval of a mean over plots covers the truth 90 % of the time: two-stage cluster samples, perfect allometry.

Worlds and seeds were written down before their coverage was looked at.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mrv.carbon.plot_design import Unit, cluster_means
from mrv.uncertainty.student import student_quantile

REPLICATES = 20_000
WORLDS = {
    # strata: (clusters drawn, share of the forest); plots a cluster; sd between and within clusters (t/ha); shape
    "one stratum, 28 transects of 5 plots": (((28, 1.0),), 5, 30.0, 45.0, "gamma"),
    "one stratum, 10 clusters of 4": (((10, 1.0),), 4, 25.0, 25.0, "normal"),
    "two strata, unequal weights": (((12, 0.3), (12, 0.7)), 4, 20.0, 30.0, "gamma"),
}
SEED = 20_260_101
MEANS = (150.0, 90.0)


def draw(rng, strata, plots, between, within, shape, size):
    """Values (replicates, clusters, plots), the stratum of each cluster and the weight of its plots."""
    values, stratum, weight = [], [], []
    for h, (clusters, share) in enumerate(strata):
        if shape == "gamma":
            alpha = (MEANS[h] / between) ** 2
            level = rng.gamma(alpha, MEANS[h] / alpha, (size, clusters, 1))
            beta = (MEANS[h] / within) ** 2
            values.append(level * rng.gamma(beta, 1 / beta, (size, clusters, plots)))
        else:
            level = rng.normal(MEANS[h], between, (size, clusters, 1))
            values.append(level + rng.normal(0, within, (size, clusters, plots)))
        stratum += [h] * clusters
        weight += [share / (clusters * plots)] * clusters
    return np.concatenate(values, axis=1), np.array(stratum), np.array(weight)


def twin(values, stratum, weight):
    """The product's mean and variance, for many replicates at once."""
    w = weight[:, None] / (weight.sum() * values.shape[2])
    mean = (w * values).sum(axis=(1, 2))
    total = (w * (values - mean[:, None, None])).sum(axis=2)
    variance = np.zeros(len(values))
    for h in range(stratum.max() + 1):
        own = total[:, stratum == h]
        variance += own.shape[1] * own.var(axis=1, ddof=1)
    return mean, variance


def product(values, stratum, weight):
    units = [
        Unit(str(h), f"{h}-{c}", Fraction(w)) for c, (h, w) in enumerate(zip(stratum, weight, strict=True)) for _ in values[0]
    ]
    return cluster_means(units, [[Fraction(v) for v in values.ravel()]])


def coverage(name, *, quantile=None, clustered=True):
    strata, plots, between, within, shape = WORLDS[name]
    rng = np.random.default_rng(SEED)
    values, stratum, weight = draw(rng, strata, plots, between, within, shape, REPLICATES)
    truth = sum(share * MEANS[h] for h, (_, share) in enumerate(strata))
    if not clustered:
        flat = values.reshape(len(values), -1, 1)
        mean, variance = twin(flat, np.repeat(stratum, plots), np.repeat(weight, plots))
    else:
        mean, variance = twin(values, stratum, weight)
        for r in range(5):
            ours = product(values[r], stratum, weight)
            assert float(ours.means[0]) == pytest.approx(mean[r], rel=1e-9)
            assert float(ours.covariance[0][0]) == pytest.approx(variance[r], rel=1e-9)
            assert ours.df == (len(stratum) - len(strata),)
    t = quantile or float(student_quantile(Fraction(95, 100), len(stratum) - len(strata)))
    return float((np.abs(mean - truth) <= t * np.sqrt(variance)).mean())


@pytest.mark.parametrize("name", WORLDS)
def test_the_interval_covers(name):
    # 20,000 replicates: one standard error is 0.2 points.
    assert 0.89 <= coverage(name) <= 0.91


def test_plots_taken_as_independent_do_not_cover():
    assert coverage("one stratum, 28 transects of 5 plots", clustered=False) < 0.80


def test_a_normal_quantile_does_not_cover_with_ten_clusters():
    assert coverage("one stratum, 10 clusters of 4", quantile=1.6449) < 0.885
