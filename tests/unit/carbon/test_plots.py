from __future__ import annotations

from fractions import Fraction

import pytest
from support.forest_plots import made, plots_csv, trees_csv

from mrv.carbon.plots import parse_plots, parse_trees
from mrv.carbon.wood_density import load_densities
from mrv.errors import PlanError

PLAIN = [{}, {"plot": "p2", "cluster": "c2"}]


def refused(call, code, field=None):
    with pytest.raises(PlanError) as caught:
        call()
    error = caught.value
    assert error.error_code == code
    assert error.hint
    assert error.file
    if field:
        assert error.field is not None
        assert error.field.startswith(field)


def test_tables_are_read():
    plots, trees = parse_plots(plots_csv(*PLAIN)), parse_trees(trees_csv({"height_m": "", "wood_density_g_cm3": ""}))
    assert plots.rows[0].area_m2 == 100
    assert plots.rows[1].cluster == "c2"
    assert trees.rows[0].dbh_cm == Fraction("12.5")
    assert trees.rows[0].height_m is None
    assert trees.rows[0].line == 2


def test_columns_may_stand_in_any_order_and_a_byte_order_mark_is_skipped():
    lines = [line.split(",") for line in plots_csv(*PLAIN).decode().split("\n")]
    turned = "\r\n".join(",".join(reversed(line)) for line in lines)
    assert parse_plots(b"\xef\xbb\xbf" + turned.encode()) == parse_plots(plots_csv(*PLAIN))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("area_m2", "", "plots.area"),
        ("area_m2", "0", "plots.area"),
        ("area_m2", "-5", "plots.area"),
        ("area_m2", "1e3", "plots.area"),
        ("weight", "0", "plots.weight"),
        ("weight", "-1", "plots.weight"),
        ("weight", "nan", "plots.weight"),
        ("weight", "", "plots.weight"),
        ("date", "2020-02-30", "plots.date"),
        ("date", "01/02/2020", "plots.date"),
        ("date", "2020-2-3", "plots.date"),
        ("lon", "181", "plots.position"),
        ("lat", "-91", "plots.position"),
        ("lat", "N8", "plots.position"),
        ("positional_error_m", "-1", "plots.position"),
        ("visit", "0", "plots.visit"),
        ("visit", "1.5", "plots.visit"),
        ("visit", "first", "plots.visit"),
        ("plot", "", "plots.text"),
        ("cluster", "", "plots.text"),
        ("stratum", " s", "plots.text"),
    ],
)
def test_a_bad_plot_is_refused_by_line_and_column(column, value, code):
    refused(lambda: parse_plots(plots_csv({}, {"plot": "p2"} | {column: value})), code, f"{column}, line 3")


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("dbh_cm", "-12", "plots.dbh"),
        ("dbh_cm", "0", "plots.dbh"),
        ("dbh_cm", "", "plots.dbh"),
        ("dbh_cm", "12,5", None),
        ("dbh_cm", "2000", "plots.dbh"),
        ("height_m", "0", "plots.height"),
        ("height_m", "NA", "plots.height"),
        ("height_m", "180", "plots.height"),
        ("wood_density_g_cm3", "600", "plots.density"),
        ("wood_density_g_cm3", "0", "plots.density"),
        ("status", "Alive", "plots.status"),
        ("status", "", "plots.status"),
        ("species", "", "plots.text"),
        ("tree", "", "plots.text"),
        ("visit", "", "plots.visit"),
    ],
)
def test_a_bad_tree_is_refused_by_line_and_column(column, value, code):
    field = f"{column}, line 3" if code else "line 3"
    refused(lambda: parse_trees(trees_csv({}, {"tree": "2"} | {column: value})), code or "plots.columns", field)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "plots.columns"),
        (b"plot,visit\n", "plots.columns"),
        (plots_csv(), "plots.empty"),
        (plots_csv({}).replace(b"stratum", b"plot"), "plots.columns"),
        (plots_csv({}).replace(b"weight", b"wieght"), "plots.columns"),
        (plots_csv({}) + b",9", "plots.columns"),
        (plots_csv({"plot": '"p1'}), "plots.csv"),
        (plots_csv({}).replace(b"p1", b"\xff"), "plots.encoding"),
        (plots_csv({}, {}), "plots.duplicate"),
    ],
)
def test_a_bad_table_of_plots_is_refused(data, code):
    refused(lambda: parse_plots(data), code)


def test_a_stem_measured_twice_at_a_visit_is_refused():
    refused(lambda: parse_trees(trees_csv({}, {"dbh_cm": "9"})), "plots.duplicate", "tree, line 3")
    assert len(parse_trees(trees_csv({}, {"visit": "2"})).rows) == 2


@pytest.mark.parametrize("change", [{"plot": "p9"}, {"visit": "2"}])
def test_a_tree_on_no_plot_is_refused(change):
    refused(lambda: made(PLAIN, [change]), "plots.unknown-plot", "plot, line 2")


def test_a_species_without_density_is_refused():
    tree = {"species": "Ficus ignota", "wood_density_g_cm3": ""}
    refused(lambda: made(PLAIN, [tree]), "plots.density", "wood_density_g_cm3, line 2")
    refused(lambda: made(PLAIN, [tree], densities=load_densities()), "plots.density")


def test_a_density_is_borrowed_from_the_table_and_said_so():
    table = load_densities()
    got = made(PLAIN, [{"wood_density_g_cm3": ""}], densities=table)
    assert got.trees[0].wood_density_g_cm3 == table["Rhizophora mangle"].density_g_cm3
    assert got.borrowed == ("Rhizophora mangle",)
    assert made(PLAIN, [{}], densities=table).borrowed == ()


def test_every_density_is_plausible_and_sourced():
    for species, own in load_densities().items():
        assert Fraction("0.2") < own.density_g_cm3 < Fraction("1.3")
        assert 0 < own.sd_g_cm3 < own.density_g_cm3 / 4
        assert own.source, species
    with pytest.raises(PlanError):
        load_densities("other")


@pytest.mark.parametrize("change", [{"cluster": "c9"}, {"area_m2": "200"}, {"weight": "2"}])
def test_a_plot_that_changes_between_visits_is_refused(change):
    later = {"visit": "2", "date": "2025-03-01"}
    assert made([*PLAIN, later], [{}]).visits == (1, 2)
    refused(lambda: made([*PLAIN, later | change], [{}]), "plots.changed", next(iter(change)))


@pytest.mark.parametrize("date", ["2020-03-01", "2019-01-01"])
def test_visits_follow_each_other(date):
    refused(lambda: made([*PLAIN, {"visit": "2", "date": date}], [{}]), "plots.date")


def test_a_cluster_in_two_strata_is_refused():
    refused(lambda: made([{}, {"plot": "p2", "stratum": "t"}], [{}]), "plots.cluster-strata", "stratum")
