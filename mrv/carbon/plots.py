"""Field plots and their trees: two tables read strictly, then joined into an inventory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.carbon.wood_density import DEFAULT_SD, WoodDensity
from mrv.errors import PlanError
from mrv.strict_csv import Row, once, rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLOT_COLUMNS = (
    "plot", "cluster", "stratum", "visit", "date", "lon", "lat", "area_m2", "weight", "positional_error_m",
)  # fmt: skip
TREE_COLUMNS = ("plot", "visit", "tree", "species", "dbh_cm", "height_m", "wood_density_g_cm3", "status")
STATUSES = ("alive", "dead")
STATES = ("forest", "degraded", "cleared")
"""What a plot is at a visit; of an optional column ``state``, empty for forest."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One visit to one plot."""

    plot: str
    """Id."""
    cluster: str
    """Primary sampling unit: what was drawn (a transect, a tract)."""
    stratum: str
    """Design stratum the cluster was drawn in."""
    visit: int
    """1, 2, …"""
    date: date
    """Day of measurement."""
    lon: Fraction
    """Longitude of the centre, degrees east."""
    lat: Fraction
    """Latitude of the centre, degrees north."""
    area_m2: Fraction
    """Horizontal area, m²."""
    weight: Fraction
    """Proportional to 1 / inclusion probability."""
    positional_error_m: Fraction | None
    """Standard error of the position, m; None where not stated."""
    state: str = "forest"
    """One of :data:`STATES`.  A visit to a plot that is not forest serves no mean of forest: what was lost or degraded is
    counted by activity data."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One stem at one visit."""

    plot: str
    """Plot it stands on."""
    visit: int
    """Visit it was measured at."""
    tree: str
    """Id within the plot, the same at every visit."""
    species: str
    """Binomial."""
    dbh_cm: Fraction
    """Diameter at breast height, cm."""
    height_m: Fraction | None
    """Total height, m; None where not measured."""
    wood_density_g_cm3: Fraction | None
    """Wood density, g/cm³; None: from the table of species."""
    status: str
    """``alive`` or ``dead``."""
    line: int
    """Line of the file."""


@dataclass(frozen=True, slots=True)
class PlotTable:
    """``plots.csv``."""

    rows: tuple[Plot, ...]
    """Visits in file order."""


@dataclass(frozen=True, slots=True)
class TreeTable:
    """``trees.csv``."""

    rows: tuple[Tree, ...]
    """Stems in file order."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Plots and trees that agree with each other, every tree with a wood density."""

    plots: tuple[Plot, ...]
    """Visits, by plot and visit."""
    trees: tuple[Tree, ...]
    """Stems, by plot, visit and id."""
    density_sd: Mapping[str, Fraction]
    """Standard deviation of each species' density, g/cm³."""
    borrowed: tuple[str, ...]
    """Species whose density came from the table, because the file gives none."""

    @property
    def visits(self) -> tuple[int, ...]:
        """Visits, ascending."""
        return tuple(sorted({plot.visit for plot in self.plots}))


def parse_plots(data: bytes, *, file: str = "plots.csv") -> PlotTable:
    """Read the table of plots.

    Args:
        data: The file's bytes: UTF-8 CSV, one row a plot and visit, columns ``PLOT_COLUMNS`` and, optionally, ``state``, in
            any order.
        file: Name for messages.

    Raises:
        PlanError: A cell that cannot be used; a plot and visit twice; no plots.
    """
    lines = list(rows(data, PLOT_COLUMNS, file=file, room="plots", optional=("state",)))
    if not lines:
        raise PlanError("no plots", code="plots.empty", file=file, hint="remove the file, or list the plots")
    plots = tuple(_plot(row) for row in lines)
    once(lines, ((plot.plot, plot.visit) for plot in plots), "plot")
    return PlotTable(plots)


def _plot(row: Row) -> Plot:
    state = row.cells["state"] or "forest"
    if state not in STATES:
        message = f"{state!r} is no state of a plot"
        row.refuse("state", message, code="state", hint=f"{', '.join(STATES)}, or empty for forest")
    area_hint = "horizontal area of the plot in m² (a circle of 7 m radius: 153.938)"
    return Plot(
        plot=row.text("plot"),
        cluster=row.text("cluster"),
        stratum=row.text("stratum"),
        visit=row.visit(),
        date=row.day("date"),
        lon=row.number("lon", low="-180", high="180", code="position", hint="decimal degrees, east positive"),
        lat=row.number("lat", low="-90", high="90", code="position", hint="decimal degrees, north positive"),
        area_m2=row.number("area_m2", low="0", high="1000000", above=True, code="area", hint=area_hint),
        weight=row.number("weight", low="0", high="999999999999", above=True, code="weight", hint="1 / inclusion probability"),
        positional_error_m=row.optional("positional_error_m", low="0", high="100000", code="position", hint="metres"),
        state=state,
    )


def parse_trees(data: bytes, *, file: str = "trees.csv") -> TreeTable:
    """Read the table of trees.

    Args:
        data: The file's bytes: UTF-8 CSV, one row a stem and visit, columns ``TREE_COLUMNS`` in any order. Height and
            wood density may be empty.
        file: Name for messages.

    Raises:
        PlanError: A cell that cannot be used; a stem and visit twice.
    """
    lines = list(rows(data, TREE_COLUMNS, file=file, room="plots"))
    trees = tuple(_tree(row) for row in lines)
    once(lines, ((tree.plot, tree.visit, tree.tree) for tree in trees), "tree")
    return TreeTable(trees)


def _tree(row: Row) -> Tree:
    if row.cells["status"] not in STATUSES:
        row.refuse("status", f"{row.cells['status']!r} is no status", code="status", hint=" or ".join(STATUSES))
    density_hint = "g/cm³ (0.6, not 600 kg/m³)"
    return Tree(
        plot=row.text("plot"),
        visit=row.visit(),
        tree=row.text("tree"),
        species=row.text("species"),
        dbh_cm=row.number("dbh_cm", low="0", high="1500", above=True, code="dbh", hint="diameter at breast height in cm"),
        height_m=row.optional("height_m", low="0", high="120", above=True, code="height", hint="total height in m, or empty"),
        wood_density_g_cm3=row.optional("wood_density_g_cm3", low="0.05", high="1.5", code="density", hint=density_hint),
        status=row.cells["status"],
        line=row.line,
    )


def inventory(
    plots: PlotTable,
    trees: TreeTable,
    *,
    densities: Mapping[str, WoodDensity] | None = None,
    plots_file: str = "plots.csv",
    trees_file: str = "trees.csv",
) -> Inventory:
    """Join plots and trees.

    A plot without trees holds no biomass and counts as zero.

    Args:
        plots: The plots.
        trees: The trees.
        densities: Wood density by species, for trees without one of their own.
        plots_file: Name for messages.
        trees_file: Name for messages.

    Raises:
        PlanError: A tree on no plot; a species without density; a plot that moved between its visits; a cluster in two
            strata.
    """
    table = densities or {}
    _same_between_visits(plots, plots_file)
    known = {(plot.plot, plot.visit) for plot in plots.rows}
    full: list[Tree] = []
    for tree in trees.rows:
        where = {"file": trees_file, "field": f"plot, line {tree.line}"}
        if (tree.plot, tree.visit) not in known:
            message = f"tree {tree.tree} stands on plot {tree.plot}, visit {tree.visit}, which {plots_file} does not list"
            raise PlanError(message, code="plots.unknown-plot", hint="list the plot and visit, or correct the tree", **where)
        full.append(_with_density(tree, table, trees_file))
    species = sorted({tree.species for tree in full})
    return Inventory(
        plots=tuple(sorted(plots.rows, key=lambda plot: (plot.plot, plot.visit))),
        trees=tuple(sorted(full, key=lambda tree: (tree.plot, tree.visit, tree.tree))),
        density_sd={name: table[name].sd_g_cm3 if name in table else DEFAULT_SD for name in species},
        borrowed=tuple(sorted({tree.species for tree in trees.rows if tree.wood_density_g_cm3 is None})),
    )


def _with_density(tree: Tree, table: Mapping[str, WoodDensity], file: str) -> Tree:
    if tree.wood_density_g_cm3 is not None:
        return tree
    if tree.species not in table:
        raise PlanError(
            f"{tree.species} has no wood density",
            code="plots.density",
            file=file,
            field=f"wood_density_g_cm3, line {tree.line}",
            hint="fill the column with a measured or published density of the species",
        )
    return replace(tree, wood_density_g_cm3=table[tree.species].density_g_cm3)


def _same_between_visits(plots: PlotTable, file: str) -> None:
    fixed: tuple[tuple[str, Callable[[Plot], object]], ...] = (
        ("cluster", lambda plot: plot.cluster),
        ("stratum", lambda plot: plot.stratum),
        ("area_m2", lambda plot: plot.area_m2),
        ("weight", lambda plot: plot.weight),
    )
    first: dict[str, Plot] = {}
    strata: dict[str, str] = {}
    for plot in sorted(plots.rows, key=lambda plot: plot.visit):
        if strata.setdefault(plot.cluster, plot.stratum) != plot.stratum:
            raise PlanError(
                f"cluster {plot.cluster} lies in two strata",
                code="plots.cluster-strata",
                file=file,
                field="stratum",
                hint="a primary sampling unit is drawn in one stratum: give its parts ids of their own or merge the strata",
            )
        before = first.get(plot.plot)
        for column, get in fixed:
            if before is not None and get(before) != get(plot):
                raise PlanError(
                    f"{column} of plot {plot.plot} changes between visits",
                    code="plots.changed",
                    file=file,
                    field=column,
                    hint="a remeasured plot keeps its place and design; a new plot has a new id",
                )
        if before is not None and plot.date <= before.date:
            message = f"visit {plot.visit} of plot {plot.plot} is not after the visit before"
            raise PlanError(message, code="plots.date", file=file, field="date", hint="visits are numbered in time")
        first[plot.plot] = plot
