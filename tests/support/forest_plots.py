"""Plot and tree tables made up or taken from data beside the repository."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from mrv.carbon.allometry import equation
from mrv.carbon.plots import PLOT_COLUMNS, TREE_COLUMNS, inventory, parse_plots, parse_trees
from mrv.carbon.tree_mass import Choice

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SEED = "sha256:" + "5" * 64
PLOT = {
    "plot": "p1", "cluster": "c1", "stratum": "s", "visit": "1", "date": "2020-03-01", "lon": "-83.5", "lat": "8.8",
    "area_m2": "100", "weight": "1", "positional_error_m": "5",
}  # fmt: skip
TREE = {
    "plot": "p1", "visit": "1", "tree": "1", "species": "Rhizophora mangle", "dbh_cm": "12.5", "height_m": "9",
    "wood_density_g_cm3": "0.8", "status": "alive",
}  # fmt: skip


def table(columns, rows) -> bytes:
    return "\n".join([",".join(columns), *(",".join(str(row[name]) for name in columns) for row in rows)]).encode()


def plots_csv(*changes) -> bytes:
    return table(PLOT_COLUMNS, [PLOT | change for change in changes])


def trees_csv(*changes) -> bytes:
    return table(TREE_COLUMNS, [TREE | change for change in changes])


def made(plots, trees, **options):
    """Inventory from changes to one plot and one tree."""
    return inventory(parse_plots(plots_csv(*plots)), parse_trees(trees_csv(*trees)), **options)


def one(name: str) -> list[Choice]:
    return [Choice(equation(name), Fraction(1))]


def shared_rows(folder: str, file: str) -> list[dict[str, str]]:
    path = SHARED / folder / file
    if not path.exists():
        pytest.skip(f"{folder}/{file} is not beside this checkout")
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def number(text: str) -> float:
    return float("nan") if text in {"NA", ""} else float(text)
