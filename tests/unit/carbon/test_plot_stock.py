from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from support.forest_plots import SEED, made, one

from mrv.carbon.allometry import equation
from mrv.carbon.plot_components import TreeErrors
from mrv.carbon.plot_stock import plot_stock
from mrv.carbon.plots import inventory, parse_plots, parse_trees
from mrv.carbon.tree_mass import Choice
from mrv.errors import PlanError
from mrv.uncertainty.student import student_quantile

QUIET = TreeErrors(residual=False, diameter=False, density=False, site=False)
BARE = "comley-2005-avicennia-marina-above"
"""An equation of which no error is known: what is left is the sample."""
EQ4 = "chave-2014-eq4"


def forest(*, clusters=6, plots=2, trees=5, visits=1, seed=1, change=0.4, weights=(1,), drop=()):
    """A stand with gentle differences between clusters; later visits grow."""
    rng = np.random.default_rng(seed)
    plot_rows, tree_rows = [], []
    for c in range(clusters):
        level = rng.normal(0, 3)
        for p in range(plots):
            name = f"p{c}-{p}"
            base = 20 + level + rng.normal(0, 4, trees)
            for v in range(1, visits + 1):
                if (name, v) in drop:
                    continue
                plot_rows.append({
                    "plot": name, "cluster": f"c{c}", "visit": v, "date": f"{2010 + 5 * v}-03-01",
                    "weight": weights[c % len(weights)],
                })  # fmt: skip
                for t in range(trees):
                    dbh = max(6.0, base[t] + change * 5 * (v - 1) + (rng.normal(0, 0.3) if v > 1 else 0))
                    tree_rows.append({
                        "plot": name, "visit": v, "tree": t, "dbh_cm": f"{dbh:.2f}",
                        "height_m": f"{3 * dbh**0.6:.2f}", "species": ("Rhizophora mangle", "Avicennia germinans")[t % 2],
                    })  # fmt: skip
    return made(plot_rows, tree_rows)


def stock(inventory, name=EQ4, *, draws=4000, **options):
    return plot_stock(inventory, above=one(name), seed=SEED, draws=draws, **options)


def refused(code, call):
    with pytest.raises(PlanError) as caught:
        call()
    assert caught.value.error_code == code
    assert caught.value.hint


def test_the_mean_is_trees_over_area():
    got = made([{}, {"plot": "p2", "cluster": "c2"}], [{"dbh_cm": "10"}, {"plot": "p2", "dbh_cm": "20"}])
    kg = 0.308 * (10**2.11 + 20**2.11)
    assert float(stock(got, BARE).above.value) == pytest.approx(kg / 2 / 100 * 10, rel=1e-6)


def test_a_plot_without_trees_counts_as_zero_and_dead_stems_hold_nothing():
    plots = [{}, {"plot": "p2", "cluster": "c2"}, {"plot": "p3", "cluster": "c3"}]
    trees = [{}, {"plot": "p2"}]
    two = stock(made(plots[:2], trees), BARE).above.value
    assert stock(made(plots, trees), BARE).above.value == two * 2 / 3
    assert stock(made(plots[:2], [*trees, {"tree": "9", "status": "dead"}]), BARE).above.value == two


def test_weights_count():
    plots = [{"weight": "3"}, {"plot": "p2", "cluster": "c2", "weight": "1"}]
    got = stock(made(plots, [{"dbh_cm": "10"}, {"plot": "p2", "dbh_cm": "20"}]), BARE)
    values = {plot.plot: plot.kg_ha for plot in got.plots}
    assert got.above.value * 1000 == (3 * values["p1"] + values["p2"]) / 4


PINNED = "b038db194057d97dbc340552ba824f848d144eff4071e24edcb6fc53252f43cc"
"""sha256 of the draws; another value on another machine would be another statement."""


def plain_forest():
    """By arithmetic, so that no generator's version matters."""
    plots = [{"plot": f"p{i}", "cluster": f"c{i // 2}", "weight": 1 + i % 3} for i in range(8)]
    trees = [
        {"plot": f"p{i}", "tree": t, "dbh_cm": f"{8 + (7 * i + 3 * t) % 23}.{t}", "height_m": f"{9 + (i + t) % 8}"}
        for i in range(8)
        for t in range(6)
    ]
    return made(plots, trees)


def test_draws_are_the_same_twice_and_pinned():
    both = [stock(plain_forest(), draws=500, below=one("komiyama-2005-below")) for _ in range(2)]
    data = [np.concatenate([got.above.draws, got.below.draws]).astype("<i8").tobytes() for got in both]
    assert both[0].above.draws.dtype == np.int64
    assert data[0] == data[1]
    assert hashlib.sha256(data[0]).hexdigest() == PINNED


def test_another_seed_or_forest_name_draws_other_samples():
    base = stock(forest())
    assert not np.array_equal(
        plot_stock(forest(), above=one(EQ4), seed="sha256:" + "6" * 64, draws=4000).above.draws, base.above.draws
    )
    other = plot_stock(forest(), above=one(EQ4), seed=SEED, draws=4000, name="swamp")
    assert not np.array_equal(other.above.draws, base.above.draws)
    # The allometry is one for all forests of a statement.
    assert np.array_equal(other.above.allometry_draws, base.above.allometry_draws)


def test_the_sample_alone_gives_student_t():
    got = stock(forest(), BARE, errors=QUIET, draws=20_000).above
    t = float(student_quantile(Fraction(95, 100), 5)) * float(got.components.sampling)
    q05, q95 = np.quantile(got.draws / 1000, [0.05, 0.95])
    assert (float(got.value) - q05, q95 - float(got.value)) == pytest.approx((t, t), rel=0.03)
    parts = got.components
    assert not any((parts.parameters, parts.site, parts.residual, parts.density, parts.diameter, parts.height, parts.model))


def test_parameters_are_drawn_once_not_once_a_tree():
    """Forty times the trees leave the parameters' share as it is; drawn a tree each it would fall to a sixth."""
    errors = replace(QUIET, site=True)
    few, many = (stock(forest(trees=n, seed=2), errors=errors).above for n in (2, 80))
    relative = [float(e.components.parameters / e.value) for e in (few, many)]
    assert relative[1] == pytest.approx(relative[0], rel=0.15)
    spread = [float(np.std(e.allometry_draws) / np.mean(e.allometry_draws)) for e in (few, many)]
    assert spread[1] > 0.9 * spread[0] > 0.1
    assert spread[1] > 3 * spread[0] / 40**0.5


@pytest.mark.parametrize(
    ("name", "errors", "component"),
    [
        (EQ4, QUIET, "parameters"),
        ("chave-2005-mangrove", QUIET, "parameters"),
        ("komiyama-2005-above", replace(QUIET, density=True), "density"),
    ],
)
def test_components_are_what_the_draws_show(name, errors, component):
    got = stock(forest(), name, errors=errors, draws=20_000).above
    alone = float(getattr(got.components, component))
    assert float(np.std(got.allometry_draws)) / 1000 == pytest.approx(alone, rel=0.03)


def test_the_place_moves_all_trees_alike():
    got = stock(forest(), errors=replace(QUIET, site=True), draws=20_000).above
    both = float(got.components.site**2 + got.components.parameters**2) ** 0.5
    assert float(np.std(got.allometry_draws)) / 1000 == pytest.approx(both, rel=0.03)
    assert float(got.components.site / got.value) == pytest.approx(0.1876, abs=0.001)
    # Every deviation keeps the mean.
    assert np.mean(got.allometry_draws) / 1000 == pytest.approx(float(got.value), rel=0.006)
    assert not stock(forest(), errors=QUIET).above.components.site


def test_residuals_and_diameters_agree_with_trees_drawn_one_by_one():
    inventory = forest(clusters=20, trees=20)
    got = stock(inventory, errors=TreeErrors(site=False, diameter=True)).above
    rng = np.random.default_rng(5)
    dbh = np.array([float(tree.dbh_cm) for tree in inventory.trees])
    height = np.array([float(tree.height_m) for tree in inventory.trees])

    def t_ha(diameter, noise):
        kg = 0.0673 * (0.8 * diameter**2 * height) ** 0.976 * noise
        return kg.sum() / len(inventory.plots) / 100 * 10

    residual, diameter = [], []
    for _ in range(3000):
        z = rng.normal(size=len(dbh))
        residual.append(t_ha(dbh, np.exp(0.357 * z - 0.357**2 / 2)))
        gross = rng.random(len(dbh)) < 0.05
        sd = np.where(gross, 4.64, 0.0062 * dbh + 0.0904)
        diameter.append(t_ha(np.maximum(dbh + sd * rng.normal(size=len(dbh)), 0.1), 1.0))
    assert float(got.components.residual) == pytest.approx(np.std(residual), rel=0.06)
    assert float(got.components.diameter) == pytest.approx(np.std(diameter), rel=0.10)


def test_heights_count_where_the_equation_uses_them():
    errors = replace(QUIET, height_cv=Fraction(1, 10))
    assert stock(forest(), errors=errors).above.components.height > 0
    assert stock(forest(), BARE, errors=errors).above.components.height == 0


def test_alternatives_are_drawn_by_their_weights():
    names, inventory = ("chave-2005-mangrove", "komiyama-2005-above"), forest()
    alone = [stock(inventory, name, errors=QUIET).above.value for name in names]
    choices = [Choice(equation(names[0]), Fraction(3, 4)), Choice(equation(names[1]), Fraction(1, 4))]
    got = plot_stock(inventory, above=choices, seed=SEED, draws=8000, errors=QUIET).above
    assert got.value == (3 * alone[0] + alone[1]) / 4
    assert float(got.components.model) == pytest.approx(float(alone[1] - alone[0]) * (3 / 16) ** 0.5, rel=1e-6)
    near_second = np.abs(got.allometry_draws / 1000 - float(alone[1])) < np.abs(got.allometry_draws / 1000 - float(alone[0]))
    assert near_second.mean() == pytest.approx(0.25, abs=0.02)


def test_a_change_comes_from_paired_plots_under_one_allometry():
    got = stock(forest(visits=2, clusters=12), draws=8000)
    assert got.visit == 2
    assert got.between is not None
    assert got.change is not None
    (v1, v2), cov = got.between.variances, got.between.covariance
    years = Fraction(5 * 365 + 2) / Fraction(1461, 4)
    assert abs(float(got.change.components.sampling) - float((v1 + v2 - 2 * cov) / years**2) ** 0.5) < 1e-6
    assert got.change.value == (got.between.means[1] - got.between.means[0]) / years
    # Independent stocks, as two separate inventories would be, are several times less certain of the change.
    apart = (float(got.above.components.sampling**2 + v1) ** 0.5) / float(years)
    assert apart > 3 * float(got.change.components.sampling)
    assert cov > 0
    # One allometry for both visits: its relative error in the change is about that in the stock, not many times it.
    relative = [float(np.std(e.allometry_draws)) / abs(float(e.value)) / 1000 for e in (got.above, got.change)]
    assert relative[1] < 1.5 * relative[0]


def test_death_and_ingrowth_are_part_of_the_change():
    plots = [{}, {"visit": "2", "date": "2025-03-01"}, {"plot": "p2", "cluster": "c2"},
             {"plot": "p2", "cluster": "c2", "visit": "2", "date": "2025-03-01"}]  # fmt: skip
    stays = [{}, {"visit": "2"}, {"plot": "p2"}, {"plot": "p2", "visit": "2"}]
    assert stock(made(plots, stays), BARE).change.value == 0
    dies = [*stays[:1], {"visit": "2", "status": "dead"}, *stays[2:]]
    assert stock(made(plots, dies), BARE).change.value < 0
    grows = [*stays, {"plot": "p2", "visit": "2", "tree": "new"}]
    assert stock(made(plots, grows), BARE).change.value > 0


def test_plots_not_remeasured_are_named_and_leave_the_stock_of_that_visit():
    got = stock(forest(visits=2, drop={("p0-0", 2), ("p3-1", 2)}))
    assert got.above.plots == 10
    assert got.between.plots == 10
    (finding,) = (finding for finding in got.findings if finding.code == "plots.not-measured")
    assert finding.value == "2 of 12 plots were not measured at visit 2: p0-0, p3-1"
    assert stock(forest(visits=2, drop={("p0-0", 2)}), visit=1).above.plots == 12


def test_below_ground_moves_with_above_ground():
    got = stock(forest(), "chave-2005-mangrove", below=one("komiyama-2005-below"), draws=8000)
    assert np.corrcoef(got.above.draws, got.below.draws)[0, 1] > 0.6
    assert got.below.value < got.above.value
    assert got.change is None


def test_chosen_plots_are_model_based():
    assert stock(forest(), design="purposive").basis == "model-based"
    assert stock(forest()).basis == "design-based"


def test_draws_are_whole_kilograms_and_never_below_zero():
    wild = stock(forest(clusters=2, plots=1, trees=1, seed=8)).above
    assert wild.df == 1
    assert wild.draws.min() == 0
    assert wild.low <= wild.value <= wild.high


@pytest.mark.parametrize(
    ("code", "choices"),
    [
        ("allometry.weights", [Choice(equation(EQ4), Fraction(1, 2))]),
        ("allometry.weights", []),
        ("allometry.weights", [Choice(equation(EQ4), Fraction(1, 2))] * 2),
        ("allometry.weights", [Choice(equation(EQ4), Fraction(2)), Choice(equation(BARE), Fraction(-1))]),
        ("allometry.pool", one("komiyama-2005-below")),
    ],
)
def test_choices_that_are_no_distribution_are_refused(code, choices):
    refused(code, lambda: plot_stock(forest(), above=choices, seed=SEED, draws=10))


def test_what_cannot_be_estimated_is_refused():
    refused("plots.one-cluster", lambda: stock(forest(clusters=1)))
    refused("plots.no-trees", lambda: stock(made([{}, {"plot": "p2", "cluster": "c2"}], [])))
    refused("plots.empty", lambda: stock(forest(), visit=3))
    refused("allometry.height-missing", lambda: stock(made([{}, {"plot": "p2", "cluster": "c2"}], [{"height_m": ""}])))
    refused("plots.dbh-unit", lambda: stock(made([{}, {"plot": "p2", "cluster": "c2"}], [{"dbh_cm": "2.1"}])))


def test_a_plot_that_was_cleared_serves_no_mean_of_standing_forest():
    """Its first visit counts for the stock; its change would count its loss a second time."""
    header = "plot,cluster,stratum,visit,date,lon,lat,area_m2,weight,positional_error_m,state"
    plots, trees = [header], ["plot,visit,tree,species,dbh_cm,height_m,wood_density_g_cm3,status"]
    for number in range(6):
        for visit, day in ((1, "2019-12-15"), (2, "2021-12-15")):
            cleared = number == 5 and visit == 2
            state = "cleared" if cleared else "" if number % 2 else "forest"
            plots.append(f"p{number},c{number},s,{visit},{day},0,0,100,1,,{state}")
            for tree in range(4):
                if cleared and tree:
                    continue
                trees.append(f"p{number},{visit},t{tree},Rhizophora mangle,{10 + number + visit},9,0.8,alive")
    made = inventory(parse_plots("\n".join(plots).encode()), parse_trees("\n".join(trees).encode()))
    without = [row for row in plots if not row.startswith("p5,c5,s,2")]
    fewer = [row for row in trees if not row.startswith("p5,2")]
    same = inventory(parse_plots("\n".join(without).encode()), parse_trees("\n".join(fewer).encode()))
    choice = [Choice(equation("komiyama-2005-above"), Fraction(1))]
    found, wanted = (plot_stock(i, above=choice, seed=SEED, draws=1000, visit=1) for i in (made, same))
    assert found.above.value == wanted.above.value
    assert found.above.plots == 6
    assert found.change.value == wanted.change.value > 0
    assert found.change.plots == 5
    with pytest.raises(PlanError) as caught:
        parse_plots(f"{header}\np,c,s,1,2019-12-15,0,0,100,1,,burnt".encode())
    assert caught.value.error_code == "plots.state"
