"""Whatever the bytes, a plot or tree table is read or refused; a row that is read comes back."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from support.forest_plots import PLOT, TREE, plots_csv, trees_csv

from mrv.carbon.forest_model import parse_forest
from mrv.carbon.plots import PLOT_COLUMNS, TREE_COLUMNS, parse_plots, parse_trees
from mrv.errors import PlanError

CELL = st.text(max_size=12) | st.sampled_from(
    ["1", "0.5", "-1", "1e9", "nan", "inf", "1_0", "١", "", " ", "alive", "2020-01-01"]
)


def quiet(call, data):
    with contextlib.suppress(PlanError):
        call(data)


@given(st.binary(max_size=300))
def test_any_bytes(data):
    for call, columns in ((parse_plots, PLOT_COLUMNS), (parse_trees, TREE_COLUMNS)):
        quiet(call, data)
        quiet(call, ",".join(columns).encode() + b"\n" + data)
    quiet(parse_forest, data)


@given(st.sampled_from(PLOT_COLUMNS), st.sampled_from(TREE_COLUMNS), CELL)
def test_any_cell(of_plot, of_tree, cell):
    quiet(parse_plots, plots_csv(PLOT | {of_plot: cell}).decode().encode("utf-8", "replace"))
    quiet(parse_trees, trees_csv(TREE | {of_tree: cell}).decode().encode("utf-8", "replace"))


@given(st.decimals("0.001", "1500", places=3))
def test_a_diameter_comes_back_exactly(dbh):
    assert parse_trees(trees_csv({"dbh_cm": format(dbh, "f")})).rows[0].dbh_cm == dbh
