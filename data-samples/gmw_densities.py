"""Biomass of the Térraba-Sierpe mangrove plots: means over transects, the units that were laid out, with standard errors."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from math import fsum, sqrt
from typing import TYPE_CHECKING, Any

from mrv.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "Cifuentes_and_Torres_2024"
PLANTS, PLOTS = f"{PREFIX}_plants.csv", f"{PREFIX}_plots.csv"
CITATION = (
    "Cifuentes-Jara M. and Torres Gómez D. (2024), Dataset: Evaluation of carbon in the National Forest of Térraba-Sierpe, "
    "Costa Rica, Smithsonian Environmental Research Center, doi:10.25573/serc.26999278 (CC-BY-4.0)"
)
COLUMNS = {
    "agb": ("plant_AGB_MgHa", "above-ground biomass, Chave et al. 2005 mangrove equation"),
    "agb_komiyama": ("plant_AGBK_MgHa", "above-ground biomass, Komiyama et al. 2005"),
    "bgb": ("plant_BGB_MgHa", "below-ground biomass, Komiyama et al. 2005"),
}
"""Quantity → its column and what it is, t d.m./ha."""


@dataclass(frozen=True)
class Density:
    """One quantity over the plots."""

    about: str
    """What."""
    mean_t_ha: float
    """Mean of the transect means, t d.m./ha."""
    se_t_ha: float
    """Standard error between transects, t d.m./ha."""
    se_plots_t_ha: float
    """What it would be if plots of a transect were independent; too small."""
    transects: int
    """Transects."""
    plots: int
    """Plots."""


def densities(folder: Path) -> dict[str, Density]:
    """Living trees by plot, plots by transect, transects to a mean.

    Args:
        folder: Folder of the data set.

    Raises:
        SourceError: A tree stands in a plot that is not in the table of plots, or transects differ in size.
    """
    plots = sorted({(row["site_id"], f"{row['transect_id']}_{row['plot_id']}") for row in _rows(folder / PLOTS)})
    sums: dict[str, dict[tuple[str, str], float]] = {name: dict.fromkeys(plots, 0.0) for name in COLUMNS}
    for row in _rows(folder / PLANTS):
        place = row["site_id"], row["plot_id"]
        if place not in plots:
            raise SourceError(
                f"plot {' '.join(place)} is not in {PLOTS}",
                code="samples.plots",
                file=folder / PLANTS,
                hint="get the data again",
            )
        if row["alive_or_dead"] == "alive":
            for name, (column, _) in COLUMNS.items():
                sums[name][place] += float(row[column])
    return {name: _density(about, sums[name], folder) for name, (_, about) in COLUMNS.items()}


def _density(about: str, by_plot: dict[tuple[str, str], float], folder: Path) -> Density:
    groups = defaultdict(list)
    for (site, plot), value in sorted(by_plot.items()):
        groups[site, plot.split("_")[0]].append(value)
    if len({len(values) for values in groups.values()}) != 1:
        raise SourceError("transects differ in size", code="samples.plots", file=folder / PLOTS, hint="get the data again")
    means = [fsum(values) / len(values) for values in groups.values()]
    mean, se = _mean_se(means)
    _, se_plots = _mean_se(list(by_plot.values()))
    return Density(about, round(mean, 4), round(se, 4), round(se_plots, 4), len(means), len(by_plot))


def _mean_se(values: list[float]) -> tuple[float, float]:
    mean = fsum(values) / len(values)
    return mean, sqrt(fsum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
