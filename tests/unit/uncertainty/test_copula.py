from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mrv.errors import PlanError
from mrv.uncertainty.copula import correlated_normals, factorise
from mrv.uncertainty.montecarlo import normal_quantile, uniforms

SEED = "sha256:" + "cd" * 32
NAMES = ("a", "b", "c")


def pairs(ab=0, ac=0, bc=0):
    return {("a", "b"): Fraction(str(ab)), ("a", "c"): Fraction(str(ac)), ("c", "b"): Fraction(str(bc))}


def dense(correlation):
    matrix = np.eye(3)
    for (one, other), value in correlation.items():
        i, j = NAMES.index(one), NAMES.index(other)
        matrix[i, j] = matrix[j, i] = float(value)
    return matrix


def test_the_correlations_come_out():
    wanted = pairs("0.8", "-0.3", "0.1")
    n = 100_000
    found = correlated_normals(SEED, NAMES, wanted, n)
    observed = np.corrcoef([found[name] for name in NAMES])
    assert np.abs(observed - dense(wanted)).max() < 4 / np.sqrt(n)
    for name in NAMES:
        assert stats.kstest(found[name], "norm").pvalue > 1e-3


def test_without_correlation_each_name_keeps_its_own_draws():
    found = correlated_normals(SEED, NAMES, {}, 1000)
    for name in NAMES:
        assert (found[name] == normal_quantile(uniforms(SEED, name, 1000))).all()


def test_full_correlation_is_one_draw_and_its_mirror():
    found = correlated_normals(SEED, NAMES, pairs(1, -1, -1), 1000)
    assert (found["a"] == found["b"]).all()
    assert (found["a"] == -found["c"]).all()


def test_draws_are_quantised():
    found = correlated_normals(SEED, NAMES, pairs("0.5"), 1000)["b"]
    assert (found * 2**32 == np.rint(found * 2**32)).all()


@given(st.lists(st.integers(-10, 10), min_size=3, max_size=3))
@settings(deadline=None, max_examples=200)
def test_psd_exactly_when_numpy_says_so(tenths):
    wanted = pairs(*(Fraction(tenth, 10) for tenth in tenths))
    smallest = np.linalg.eigvalsh(dense(wanted)).min()
    if smallest < -1e-9:
        with pytest.raises(PlanError) as caught:
            factorise(NAMES, wanted)
        assert caught.value.error_code == "uncertainty.not-psd"
        return
    # Singular ones are sums of squares as well: exact arithmetic sees zero as zero.
    lower, diagonal = factorise(NAMES, wanted)
    rebuilt = [[sum(lower[i][k] * diagonal[k] * lower[j][k] for k in range(3)) for j in range(3)] for i in range(3)]
    assert np.abs(np.array(rebuilt, float) - dense(wanted)).max() == 0


def test_the_contradicting_pair_is_named():
    """a like b, b like c, and a unlike c."""
    with pytest.raises(PlanError) as caught:
        correlated_normals(SEED, NAMES, pairs("0.9", "-0.9", "0.9"), 10)
    assert caught.value.error_code == "uncertainty.not-psd"
    assert caught.value.field == "c, a"
    assert caught.value.hint


def test_a_singular_matrix_that_is_not_semidefinite_is_refused():
    with pytest.raises(PlanError) as caught:
        factorise(NAMES, pairs(1, "0.5", "0.4"))
    assert (caught.value.error_code, caught.value.field) == ("uncertainty.not-psd", "c, b")


@pytest.mark.parametrize(
    ("names", "correlation", "code"),
    [
        (NAMES, {("a", "d"): Fraction(1, 2)}, "uncertainty.correlation"),
        (NAMES, {("a", "a"): Fraction(1)}, "uncertainty.correlation"),
        (NAMES, {("a", "b"): Fraction(11, 10)}, "uncertainty.correlation"),
        (NAMES, {("a", "b"): Fraction(1, 2), ("b", "a"): Fraction(1, 2)}, "uncertainty.correlation"),
        (("a", "a"), {}, "uncertainty.name"),
    ],
)
def test_bad_matrices_are_refused(names, correlation, code):
    with pytest.raises(PlanError) as caught:
        correlated_normals(SEED, names, correlation, 10)
    assert caught.value.error_code == code
    assert caught.value.hint
