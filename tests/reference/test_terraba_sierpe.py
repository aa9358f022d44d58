"""Mangrove plots of Térraba-Sierpe, Costa Rica (Cifuentes-Jara & Torres 2024, doi:10.25573/serc.26999278, CC BY 4.0)."""

from __future__ import annotations

import math
import statistics
from fractions import Fraction

import pytest
from support.forest_plots import SEED, number, one, shared_rows, table

from mrv.carbon.allometry import biomass_kg, equation
from mrv.carbon.plot_design import Unit, cluster_means
from mrv.carbon.plot_stock import plot_stock
from mrv.carbon.plots import PLOT_COLUMNS, TREE_COLUMNS, inventory, parse_plots, parse_trees
from mrv.carbon.tree_mass import Choice

FOLDER, STEM = "mangrove-plots-terraba-sierpe", "Cifuentes_and_Torres_2024"
AREA = f"{math.pi * 49:.9f}"


def trees():
    return shared_rows(FOLDER, f"{STEM}_plants.csv")


def kg(name: str, row: dict[str, str]) -> float:
    dbh, density = Fraction(row["diameter"]), Fraction(row["wood_density"])
    return float(biomass_kg(equation(name), dbh_cm=dbh, height_m=None, density_g_cm3=density))


@pytest.mark.parametrize(
    ("column", "name"), [("plant_AGB_kg", "chave-2005-mangrove"), ("plant_AGBK_kg", "komiyama-2005-above")]
)
def test_terraba_sierpe_columns_follow_the_equation(column, name):
    rows = trees()
    assert len(rows) == 3245
    for row in rows:
        # Dead trees are deposited at half their biomass.
        factor = 0.5 if row["alive_or_dead"] == "dead" else 1.0
        assert number(row[column]) == pytest.approx(factor * kg(name, row), rel=1e-12)


def test_terraba_sierpe_roots_use_one_wood_density_for_all_species():
    """The deposited root mass of live trees is 0.199 · 0.796^0.899 · D^2.22 whatever the species: not the equation's ρ."""
    live = [row for row in trees() if row["alive_or_dead"] == "alive"]
    factors = {round(number(row["plant_BGB_kg"]) / (0.199 * number(row["diameter"]) ** 2.22), 9) for row in live}
    assert factors == {0.814555814}
    ratio = [number(row["plant_BGB_kg"]) / kg("komiyama-2005-below", row) for row in live]
    assert (min(ratio), max(ratio)) == pytest.approx((0.897, 1.289), abs=5e-4)


def test_terraba_sierpe_saplings_a_hectare_are_four_times_their_subplot():
    saplings = [row for row in trees() if row["plot_radius"] == "2"]
    assert len(saplings) == 347
    for row in saplings:
        per_ha = number(row["plant_AGB_kg"]) / (math.pi * 4) * 10
        assert number(row["plant_AGB_MgHa"]) / per_ha == pytest.approx(4, rel=1e-3)


def inventory_of_live_trees():
    plots = [
        {
            "plot": f"{row['site_id']}/{row['transect_id']}_{row['plot_id']}",
            "cluster": f"{row['site_id']}/{row['transect_id']}", "stratum": "mangrove", "visit": 1, "date": "2012-06-01",
            "lon": f"{number(row['longitude']):.6f}", "lat": f"{number(row['latitude']):.6f}", "area_m2": AREA, "weight": 1,
            "positional_error_m": "",
        }
        for row in shared_rows(FOLDER, f"{STEM}_plots.csv")
    ]  # fmt: skip
    stems = [
        {
            "plot": f"{row['site_id']}/{row['plot_id']}", "visit": 1, "tree": index, "species": row["species"],
            "dbh_cm": row["diameter"], "height_m": "", "wood_density_g_cm3": row["wood_density"], "status": "alive",
        }
        for index, row in enumerate(trees())
        if row["alive_or_dead"] == "alive"
    ]  # fmt: skip
    return inventory(parse_plots(table(PLOT_COLUMNS, plots)), parse_trees(table(TREE_COLUMNS, stems)))


@pytest.fixture(scope="module")
def field():
    return inventory_of_live_trees()


def test_terraba_sierpe_is_140_plots_on_28_transects_in_4_sites(field):
    assert len(field.plots) == 140
    assert len({plot.cluster for plot in field.plots}) == 28
    assert len({plot.cluster.split("/")[0] for plot in field.plots}) == 4


@pytest.mark.parametrize(("name", "mean"), [("chave-2005-mangrove", "89.9"), ("komiyama-2005-above", "122.9")])
def test_terraba_sierpe_plot_mean(field, name, mean):
    stock = plot_stock(field, above=one(name), seed=SEED, draws=200)
    assert abs(stock.above.value - Fraction(mean)) <= Fraction("0.05")
    assert (stock.above.df, stock.above.clusters, stock.above.plots) == (27, 28, 140)


def test_terraba_sierpe_transects_are_the_sampling_unit(field):
    stock = plot_stock(field, above=one("chave-2005-mangrove"), seed=SEED, draws=200)
    values = [plot.kg_ha / 1000 for plot in stock.plots]
    naive = cluster_means([Unit("s", plot.plot, Fraction(1)) for plot in stock.plots], [values])
    clustered = stock.above.components.sampling
    assert float(clustered) == pytest.approx(6.957, abs=5e-4)
    # The textbook formula on plots, s / √n, and on the 28 equal transects.
    assert float(naive.covariance[0][0]) ** 0.5 == pytest.approx(statistics.stdev(map(float, values)) / 140**0.5, rel=1e-9)
    transects: dict[str, list[float]] = {}
    for plot in stock.plots:
        transects.setdefault(plot.unit.cluster, []).append(float(plot.kg_ha) / 1000)
    of_transects = statistics.stdev(map(statistics.fmean, transects.values())) / 28**0.5
    assert float(clustered) == pytest.approx(of_transects, rel=1e-9)
    assert float(naive.covariance[0][0]) ** 0.5 == pytest.approx(4.617, abs=5e-4)
    assert float(clustered**2 / naive.covariance[0][0]) == pytest.approx(2.271, abs=5e-4)


def test_terraba_sierpe_choice_of_equation_is_the_largest_component(field):
    choices = [Choice(equation(name), Fraction(1, 2)) for name in ("chave-2005-mangrove", "komiyama-2005-above")]
    stock = plot_stock(field, above=choices, below=one("komiyama-2005-below"), seed=SEED, draws=10_000)
    parts = stock.above.components
    assert float(parts.model) == pytest.approx((122.9137 - 89.8732) / 2, abs=1e-3)
    assert parts.model > parts.sampling > parts.density > parts.parameters > parts.residual > parts.diameter
    assert float(stock.above.value) == pytest.approx((89.8732 + 122.9137) / 2, abs=1e-3)
    assert stock.above.low < 90
    assert stock.above.high > 123
