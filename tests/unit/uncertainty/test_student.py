from __future__ import annotations

import ast
from decimal import Decimal, localcontext
from fractions import Fraction
from math import pi, sqrt, tan
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mrv.errors import PlanError
from mrv.uncertainty import student
from mrv.uncertainty.montecarlo import normal_quantile, uniforms
from mrv.uncertainty.student import central, density_at_zero, student_quantile
from mrv.uncertainty.student_draws import student_from_normal

DF = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 29, 30, 60, 99, 100, 200, 201, 500, 1000, 9999, 10_000)
P = ("0.51", "0.55", "0.7", "0.9", "0.95", "0.975", "0.99", "0.995", "0.9995", "0.999999")


@pytest.mark.parametrize("df", DF)
def test_the_quantile_against_scipy(df):
    """To scipy's own accuracy; below, closed forms and the inverse hold it to twelve places."""
    for p in P:
        expected = stats.t.ppf(float(p), df)
        assert float(student_quantile(Fraction(p), df)) == pytest.approx(expected, rel=1e-10, abs=2e-11)


def test_one_and_two_degrees_of_freedom_have_closed_forms():
    for p in ("0.6", "0.9", "0.975", "0.9999"):
        q = float(p)
        assert float(student_quantile(Fraction(p), 1)) == pytest.approx(tan(pi * (q - 0.5)), rel=1e-11)
        assert float(student_quantile(Fraction(p), 2)) == pytest.approx((2 * q - 1) / sqrt(2 * q * (1 - q)), rel=1e-12)


@pytest.mark.parametrize(
    ("p", "df", "printed"),
    [
        # Constants of ART TREES 2.0: t(.70) and t(.95) at 10,000 degrees of freedom.
        ("0.7", 10_000, "0.524417"), ("0.95", 10_000, "1.645006"),
        # Any printed table of Student's t.
        ("0.975", 1, "12.706"), ("0.975", 10, "2.228"), ("0.95", 5, "2.015"), ("0.995", 30, "2.750"), ("0.95", 27, "1.703"),
    ],
)  # fmt: skip
def test_printed_quantiles(p, df, printed):
    places = len(printed.partition(".")[2])
    assert abs(student_quantile(Fraction(p), df) - Fraction(printed)) <= Fraction(1, 2 * 10**places)


@pytest.mark.parametrize("df", [1, 2, 3, 8, 31, 1000])
def test_the_distribution_at_the_quantile_is_the_probability(df):
    with localcontext(prec=50):
        t = student_quantile(Fraction("0.95"), df)
        value = Decimal(t.numerator) / Decimal(t.denominator)
        assert abs(central(value, df) - Decimal("0.9")) < Decimal("1e-12")


def test_symmetric_and_zero_in_the_middle():
    assert student_quantile(Fraction(1, 2), 7) == 0
    assert student_quantile(Fraction("0.05"), 7) == -student_quantile(Fraction("0.95"), 7)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 50])
def test_beside_the_middle_it_is_the_distance_over_the_density(df):
    """SciPy 1.17's ``t.ppf(0.5000001, 4)`` is off by 4 in 10⁴ here; the tangent is the judge."""
    assert float(student_quantile(Fraction("0.5000001"), df)) == pytest.approx(1e-7 / stats.t.pdf(0, df), rel=1e-5)


def test_more_degrees_of_freedom_are_narrower_and_end_at_the_normal():
    found = [student_quantile(Fraction("0.95"), df) for df in (1, 2, 5, 20, 100, 10_000, 100_000)]
    assert found == sorted(found, reverse=True)
    assert float(found[-1]) == pytest.approx(stats.norm.ppf(0.95), abs=2e-5)


@pytest.mark.parametrize("df", [1, 2, 3, 10, 11, 500])
def test_the_density_at_zero(df):
    with localcontext(prec=40):
        assert float(density_at_zero(df)) == pytest.approx(stats.t.pdf(0, df), rel=1e-12)


@pytest.mark.parametrize(
    ("p", "df", "code"),
    [
        ("0", 5, "uncertainty.probability"), ("1", 5, "uncertainty.probability"), ("-0.1", 5, "uncertainty.probability"),
        ("0.9", 0, "uncertainty.degrees-of-freedom"), ("0.9", -3, "uncertainty.degrees-of-freedom"),
        ("0.9", 100_001, "uncertainty.degrees-of-freedom"), ("0.9", 2.5, "uncertainty.degrees-of-freedom"),
        ("0.9", True, "uncertainty.degrees-of-freedom"),
    ],
)  # fmt: skip
def test_what_has_no_quantile_is_refused(p, df, code):
    with pytest.raises(PlanError) as caught:
        student_quantile(Fraction(p), df)
    assert caught.value.error_code == code
    assert caught.value.hint


def test_a_registry_needs_no_numpy_for_it():
    names = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(Path(student.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in (node.names if isinstance(node, ast.Import) else [ast.alias(node.module or "")])
    }
    assert not names & {"numpy", "scipy", "math"}


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 10, 30, 100, 200, 201, 1000, 10_000])
def test_deviates_against_scipy(df):
    z = np.linspace(0.05, 8.29, 2001)
    expected = stats.t.isf(stats.norm.sf(z), df)
    relative = np.abs(student_from_normal(z, df) / expected - 1)
    assert relative[z <= 5].max() < 4e-8 if df == 201 else relative[z <= 5].max() < 1e-8
    assert relative.max() < 1e-6


def test_deviates_at_the_signed_limits_are_the_scalar_quantile():
    z = np.array([stats.norm.ppf(0.05), stats.norm.ppf(0.95)])
    for df in (1, 5, 27, 200, 999):
        exact = float(student_quantile(Fraction("0.95"), df))
        assert student_from_normal(z, df).tolist() == pytest.approx([-exact, exact], rel=1e-8)


def test_deviates_are_odd_zero_at_zero_and_rise():
    z = np.linspace(-8.2, 8.2, 4001)
    for df in (1, 6, 150, 5000):
        t = student_from_normal(z, df)
        assert (t == -student_from_normal(-z, df)).all()
        assert student_from_normal(np.zeros(3), df).tolist() == [0, 0, 0]
        assert (np.diff(t) > 0).all()


def test_drawn_deviates_have_the_distribution():
    z = normal_quantile(uniforms("sha256:" + "ef" * 32, "t", 50_000))
    assert stats.kstest(student_from_normal(z, 5), stats.t(5).cdf).pvalue > 1e-3
    # A control: they are not normal.
    assert stats.kstest(student_from_normal(z, 5), "norm").pvalue < 1e-6


def test_deviates_beyond_the_table_are_refused():
    with pytest.raises(ValueError, match=r"8\.4"):
        student_from_normal(np.array([9.0]), 5)
    with pytest.raises(PlanError):
        student_from_normal(np.array([1.0]), 0)
