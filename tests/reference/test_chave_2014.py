"""Chave et al. 2014, Global Change Biology 20:3177: Eq. 4, its deposited harvest, and what the table records of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import number, shared_rows

from mrv.carbon.allometry import biomass_kg, equation

EQ4 = equation("chave-2014-eq4")


@pytest.mark.parametrize(
    ("dbh", "density", "height", "kg"),
    [
        (10, "0.6", 10, "34.63305"),
        (20, "0.6", 18, "237.81936"),
        (50, "0.6", 30, "2341.80365"),
        (100, "0.6", 42, "12582.93613"),
    ],
)
def test_chave_2014_eq4(dbh, density, height, kg):
    ours = biomass_kg(EQ4, dbh_cm=Fraction(dbh), height_m=Fraction(height), density_g_cm3=Fraction(density))
    assert abs(Fraction(ours) - Fraction(kg)) <= Fraction("0.000005")


def harvest():
    rows = shared_rows("chave2014-harvest", "Allometry-database-2012m_data.csv")
    names = ("Trunk.diameter..cm.", "Total.height..m.", "Wood.specific.gravity", "Dry.total.AGB..kg.")
    table = np.array([[number(row[name]) for name in names] for row in rows])
    whole = np.isfinite(table).all(axis=1)
    return table[whole].T, np.array([row["Locality"] for row in rows])[whole]


def fit(table):
    dbh, height, density, mass = table
    design = np.stack([np.ones_like(dbh), np.log(density * dbh**2 * height)], axis=1)
    y = np.log(mass)
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ y
    residual = y - design @ beta
    n, squares = len(y), float(residual @ residual)
    return {
        "n": n,
        "a": beta[0],
        "slope": beta[1],
        "rse": (squares / (n - 2)) ** 0.5,
        "aic": n * (np.log(2 * np.pi * squares / n) + 1) + 6,
        "covariance": inverse * squares / (n - 2),
        "inverse": inverse,
        "design": design,
        "residual": residual,
    }


def test_chave_2014_refit():
    table, _ = harvest()
    got = fit(table[:, table[0] >= 5])
    assert got["n"] == 4004
    assert got["slope"] == pytest.approx(0.975828, abs=5e-7)
    assert got["rse"] == pytest.approx(0.35754, abs=5e-6)
    assert np.exp(got["a"] + got["rse"] ** 2 / 2) == pytest.approx(0.067325, abs=5e-7)
    assert got["aic"] == pytest.approx(3130.56, abs=5e-3)


def test_without_the_diameter_filter_the_fit_is_another():
    got = fit(harvest()[0])
    assert got["n"] == 4016
    assert abs(got["slope"] - 0.975828) > 1e-3
    assert abs(got["aic"] - 3130.56) > 10


def test_the_recorded_covariance_is_that_of_the_refit():
    table, _ = harvest()
    got = fit(table[:, table[0] >= 5])
    assert np.array(EQ4.covariance, dtype=float) == pytest.approx(got["covariance"], rel=1e-6)


def test_the_recorded_site_terms_are_those_of_58_sites():
    table, sites = harvest()
    keep = table[0] >= 5
    got, sites = fit(table[:, keep]), sites[keep]
    names, n = sorted(set(sites)), len(sites)
    assert len(names) == 58
    meat = np.zeros((2, 2))
    for name in names:
        score = got["design"][sites == name].T @ got["residual"][sites == name]
        meat += np.outer(score, score)
    sandwich = got["inverse"] @ meat @ got["inverse"] * (58 / 57) * ((n - 1) / (n - 2))
    assert np.array(EQ4.covariance_site, dtype=float) == pytest.approx(sandwich, rel=1e-4)
    counts = np.array([(sites == name).sum() for name in names])
    means = np.array([got["residual"][sites == name].mean() for name in names])
    within = sum(((got["residual"][sites == name] - mean) ** 2).sum() for name, mean in zip(names, means, strict=True)) / (
        n - 58
    )
    between = (counts * means**2).sum() / 57
    site_sd = ((between - within) / ((n - (counts**2).sum() / n) / 57)) ** 0.5
    assert site_sd == pytest.approx(float(EQ4.site_sd_ln), abs=5e-4)
    # Taking 4004 trees as independent understates the error of the curve some seven times.
    middle = np.array([1.0, np.log(0.6 * 20**2 * 18)])
    assert 5 < (middle @ sandwich @ middle / (middle @ got["covariance"] @ middle)) ** 0.5 < 9
