from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import SEED, made, one

from mrv.carbon.allometry import equation
from mrv.carbon.plot_components import TreeErrors, parameter_covariance
from mrv.carbon.plot_draws import allometry_draws, mix, normals, sampling_draws
from mrv.carbon.tree_mass import relative_density_sd, shares

DRAWS = 20_000


def test_mixed_normals_have_the_covariance():
    covariance = (
        (Fraction(4), Fraction(3), Fraction(0)),
        (Fraction(3), Fraction(9), Fraction(-2)),
        (0, Fraction(-2), Fraction(1)),
    )
    got = np.stack(mix(covariance, [normals(SEED, str(i), DRAWS) for i in range(3)]))
    assert np.cov(got) == pytest.approx(np.array(covariance, dtype=float), abs=0.2)


def test_a_singular_covariance_moves_both_alike():
    both = mix(((Fraction(4), Fraction(6)), (Fraction(6), Fraction(9))), [normals(SEED, str(i), 100) for i in range(2)])
    assert both[1] == pytest.approx(1.5 * both[0])


def test_sampling_draws_are_student_t_and_correlated():
    covariance = ((Fraction(4), Fraction(24, 10)), (Fraction(24, 10), Fraction(9)))
    narrow, wide = sampling_draws(covariance, [3, 1000], names=["a", "b"], seed=SEED, draws=DRAWS)
    assert np.quantile(narrow, 0.95) == pytest.approx(2 * 2.353, rel=0.04)
    assert np.quantile(wide, 0.95) == pytest.approx(3 * 1.646, rel=0.03)
    assert np.corrcoef(np.argsort(np.argsort(narrow)), np.argsort(np.argsort(wide)))[0, 1] == pytest.approx(0.4, abs=0.03)


def test_nothing_sampled_is_nothing_drawn():
    (got,) = sampling_draws(((Fraction(0),),), [5], names=["a"], seed=SEED, draws=10)
    assert not got.any()


@pytest.fixture(scope="module")
def many_trees():
    rng = np.random.default_rng(6)
    rows = [
        {
            "tree": i,
            "dbh_cm": f"{d:.1f}",
            "height_m": f"{3 * d**0.6:.1f}",
            "species": ("Ceiba pentandra", "Mora oleifera")[i % 2],
        }
        for i, d in enumerate(rng.gamma(2, 9, 3000) + 5)
    ]
    return made([{}, {"plot": "p2", "cluster": "c2"}], rows)


@pytest.mark.parametrize("name", ["chave-2014-eq4", "chave-2005-mangrove"])
def test_bins_give_what_every_tree_drawn_apart_would(many_trees, name):
    own, live = equation(name), many_trees.trees
    errors = TreeErrors(density=False)
    part = shares(one(name)[0], live, [[Fraction(100)]] * len(live))
    assert len(part.bins) < len(live) / 4
    relative = relative_density_sd(live, many_trees.density_sd)
    binned = allometry_draws([part], relative_sd=relative, errors=errors, seed=SEED, draws=50)[0]
    moves = np.stack(
        mix(
            parameter_covariance(own, errors),
            [normals(SEED, f"allometry/{name}/parameter-{j}", 50) for j in range(own.parameters)],
        )
    )
    site = float(own.site_sd_ln or 0)
    place = normals(SEED, "allometry/site/above-ground", 50) * site - site**2 / 2
    dbh = np.array([float(t.dbh_cm) for t in live])
    x = np.log(0.8 * dbh**2 * np.array([float(t.height_m) for t in live])) if own.needs_height else np.log(dbh)
    grams = np.array(part.grams, dtype=float)
    apart = [
        (grams * np.exp(sum(moves[j, i] * x**j for j in range(own.parameters)) + place[i])).sum() * 100 * 1000
        for i in range(50)
    ]
    assert binned == pytest.approx(np.array(apart), rel=1e-5)


def test_one_draw_of_a_density_serves_every_tree_of_the_species(many_trees):
    name, live = "komiyama-2005-above", many_trees.trees
    part = shares(one(name)[0], live, [[Fraction(100)]] * len(live))
    relative = relative_density_sd(live, many_trees.density_sd)
    got = allometry_draws([part], relative_sd=relative, errors=TreeErrors(), seed=SEED, draws=DRAWS)[0]
    by_species = [sum(row.mg_ha[0] for row in part.bins if row.species == s) for s in sorted(relative)]
    shared = (sum((float(relative[s]) * mg) ** 2 for s, mg in zip(sorted(relative), by_species, strict=True))) ** 0.5
    assert np.std(got) == pytest.approx(shared, rel=0.03)
    assert np.mean(got) == pytest.approx(sum(by_species), rel=0.002)
    # Drawn a tree each it would be some fifty times less.
    assert np.std(got) > 10 * float(relative["Ceiba pentandra"]) * np.sqrt((np.array(part.mg_ha, dtype=float) ** 2).sum())
