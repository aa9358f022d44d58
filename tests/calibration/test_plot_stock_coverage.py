"""Whole chain, trees to interval: places whose trees deviate from the equation as the harvest's sites do."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import SEED, made, one

from mrv.carbon.allometry import equation
from mrv.carbon.plot_components import TreeErrors
from mrv.carbon.plot_stock import plot_stock

REPLICATES = 300
EQ4 = equation("chave-2014-eq4")


def world(seed=7, clusters=600, plots=2, trees=6):
    """Diameters (clusters, plots, trees) and what the equation gives each plot, t/ha."""
    rng = np.random.default_rng(seed)
    level = rng.normal(24, 4, (clusters, 1, 1))
    dbh = np.maximum(np.round(level + rng.normal(0, 6, (clusters, plots, trees)), 1), 5.5)
    height = np.round(3 * dbh**0.6, 1)
    return dbh, height


def one_place(rng, dbh, height):
    """Truth of a place, and its sampled inventory: the equation's curve, its deviation here, all trees."""
    x = np.log(0.6 * dbh**2 * height)
    curve = rng.multivariate_normal([0, 0], np.array(EQ4.covariance_site, dtype=float))
    sd = float(EQ4.site_sd_ln)
    kg = 0.0673 * np.exp(0.976 * x + curve[0] + curve[1] * x + sd * rng.normal() - sd**2 / 2)
    truth = kg.mean() * dbh.shape[2] / 100 * 10
    drawn = rng.choice(len(dbh), 12, replace=False)
    plots = [{"plot": f"{c}-{p}", "cluster": f"c{c}"} for c in drawn for p in range(dbh.shape[1])]
    trees = [
        {"plot": f"{c}-{p}", "tree": t, "dbh_cm": dbh[c, p, t], "height_m": height[c, p, t], "wood_density_g_cm3": "0.6"}
        for c in drawn
        for p in range(dbh.shape[1])
        for t in range(dbh.shape[2])
    ]
    return truth, made(plots, trees)


@pytest.mark.slow
def test_the_draws_cover_places_that_differ_from_the_harvest_and_not_without_the_place():
    rng = np.random.default_rng(20_260_102)
    dbh, height = world()
    inside = {True: 0, False: 0}
    for _ in range(REPLICATES):
        truth, inventory = one_place(rng, dbh, height)
        for site in inside:
            errors = TreeErrors(site=site, density=False, diameter=False, residual=False)
            got = plot_stock(inventory, above=one("chave-2014-eq4"), seed=SEED, draws=2000, errors=errors).above
            low, high = np.quantile(got.draws / 1000, [0.05, 0.95])
            inside[site] += low <= truth <= high
    # 300 places: one standard error is 1.7 points.
    assert 0.86 <= inside[True] / REPLICATES <= 0.94
    assert inside[False] / REPLICATES < 0.75


def test_the_equation_of_the_world_is_the_products():
    dbh, height = world(clusters=12)
    rng = np.random.default_rng(1)
    _, inventory = one_place(rng, dbh, height)
    got = plot_stock(inventory, above=one("chave-2014-eq4"), seed=SEED, draws=100).above.value
    expected = (0.0673 * (0.6 * dbh**2 * height) ** 0.976).mean() * 6 / 100 * 10
    assert float(got) == pytest.approx(expected, rel=1e-6)
    assert got.denominator > Fraction(1)
