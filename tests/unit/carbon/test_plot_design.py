from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mrv.carbon.plot_design import Unit, cluster_means
from mrv.errors import PlanError


def units(strata, clusters, weights):
    return [Unit(s, c, Fraction(w)) for s, c, w in zip(strata, clusters, weights, strict=True)]


def test_one_plot_a_cluster_and_equal_weights_is_the_textbook_mean():
    values = [3, 7, 8, 1, 5]
    got = cluster_means(units("aaaaa", "12345", [1] * 5), [values])
    assert got.means == (Fraction(24, 5),)
    assert float(got.covariance[0][0]) == pytest.approx(np.var(values, ddof=1) / 5, rel=1e-12)
    assert (got.df, got.clusters) == ((4,), (5,))


def test_the_variance_is_that_of_linearised_cluster_totals():
    rng = np.random.default_rng(3)
    strata = np.repeat(["a", "b"], [12, 18])
    clusters = np.array([f"{s}{i}" for s, i in zip(strata, np.r_[np.repeat(range(4), 3), np.repeat(range(6), 3)], strict=True)])
    weights, y = rng.integers(1, 9, 30), rng.integers(0, 400, (2, 30))
    got = cluster_means(units(strata, clusters, map(int, weights)), [list(map(int, row)) for row in y])
    mean = (weights * y).sum(axis=1) / weights.sum()
    residual = weights * (y - mean[:, None]) / weights.sum()
    expected = np.zeros((2, 2))
    for stratum in "ab":
        totals = np.array([residual[:, clusters == c].sum(axis=1) for c in sorted(set(clusters[strata == stratum]))])
        n = len(totals)
        expected += n * np.cov(totals.T, ddof=1)
    assert [float(value) for value in got.means] == pytest.approx(mean, rel=1e-12)
    assert np.array(got.covariance, dtype=float) == pytest.approx(expected, rel=1e-9)
    assert got.df == (8, 8)


def test_plots_of_a_cluster_are_not_independent():
    """Copies of a plot add nothing: the variance stays that of the clusters."""
    once = cluster_means(units("aaa", "123", [1] * 3), [[10, 20, 60]])
    copied = cluster_means(units("a" * 9, "111222333", [1] * 9), [[10] * 3 + [20] * 3 + [60] * 3])
    assert copied.covariance == once.covariance
    naive = cluster_means(units("a" * 9, "abcdefghi", [1] * 9), [[10] * 3 + [20] * 3 + [60] * 3])
    assert naive.covariance[0][0] < once.covariance[0][0] / 2


def test_only_ratios_of_weights_matter():
    y = [[4, 9, 2, 8]]
    one, many = (cluster_means(units("aabb", "1234", [w, 2 * w, 5 * w, w]), y) for w in (1, 77))
    assert one.means == many.means
    assert one.covariance == many.covariance


def test_a_quantity_that_some_plots_lack_is_a_domain_of_the_sample():
    got = cluster_means(units("aaaa", "1234", [1] * 4), [[1, 2, 3, 4], [None, 20, 30, 70]])
    assert got.means == (Fraction(5, 2), Fraction(40))
    assert got.df == (3, 2)
    assert got.covariance[1][1] > 0
    # Four clusters were sampled: as if the fourth had held nothing of the domain.
    assert got.covariance[1][1] == Fraction(4, 3) * (Fraction(20, 3) ** 2 + Fraction(10, 3) ** 2 + 10**2)


@pytest.mark.parametrize(
    ("strata", "clusters", "values"),
    [("aab", "123", [1, 2, 3]), ("aaa", "111", [1, 2, 3]), ("a", "1", [5]), ("aabb", "1234", [1, 2, None, 4])],
)
def test_a_stratum_with_one_cluster_is_refused_not_certain(strata, clusters, values):
    with pytest.raises(PlanError) as caught:
        cluster_means(units(strata, clusters, [1] * len(values)), [values])
    assert caught.value.error_code == "plots.one-cluster"
    assert caught.value.hint


def test_a_quantity_without_plots_is_refused():
    with pytest.raises(PlanError) as caught:
        cluster_means(units("aa", "12", [1, 1]), [[None, None]])
    assert caught.value.error_code == "plots.empty"
