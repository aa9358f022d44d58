"""Plots: what the field measured, by which design, and what its standard error is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.page import Html, join, number, table, tag
from mrv.report.parts import Range, bar, label, ranges

if TYPE_CHECKING:
    from mrv.sections.quantities import BiomassSection
    from mrv.statement import Statement

DESIGNS = {
    "design-based": "The plots were drawn with known probabilities: their mean and its error hold whatever the forest is like.",
    "model-assisted": "The plots were drawn with known probabilities and a biomass map assists them: the map cannot bias "
    "the mean, only shorten its interval.",
    "model-based": "The plots were chosen, not drawn: the mean is right only if they stand for the forest. No conclusion is "
    "unmodified with them.",
}
PARTS = {
    "sampling": "which clusters were drawn",
    "parameters": "coefficients of the allometric equation",
    "site": "how far this site lies from the equation's",
    "residual": "trees about the equation",
    "density": "wood density",
    "diameter": "diameters measured",
    "height": "heights measured",
    "model": "which equation was chosen",
}


def plots_section(s: Statement) -> Html:
    """The plots; empty without them."""
    found = s.biomass
    if found is None:
        return Html()
    return join([
        label(found.label),
        tag("p", DESIGNS[found.label]),
        tag("p", _counted(found)),
        _against_published(s),
        _components(found),
        table("Remarks about plots and trees", ("Code", "Concerns", "Found"),
              [(f.code, f.item, f.value) for f in found.findings]) if found.findings else "",
    ])  # fmt: skip


def _counted(found: BiomassSection) -> str:
    told = (
        f"{number(found.trees)} trees on {number(found.plots)} plots in {number(found.clusters)} clusters, the sampling "
        f"units, of {number(found.strata)} strata; {number(found.visits)} visits, the first at the end of "
        f"{found.reference_year}. Mean above-ground biomass: {number(found.agb_kg_ha)} kg d.m./ha"
    )
    if found.map_mean_kg_ha is None:
        return told + "."
    return told + f", where the biomass map has {number(found.map_mean_kg_ha)} over the forest."


def _against_published(s: Statement) -> Html:
    roles = {row.role: row for row in s.factors}
    rows = [
        Range(
            name=name, low=_kg(row.low), middle=_kg(row.value), high=_kg(row.high), mark=None,
            words=f"{_one(row.value)} ({_one(row.low)} to {_one(row.high)}) t d.m./ha",
        )
        for name, row in (("Plots", roles.get("agb")), ("Published", roles.get("agb_published")))
        if row is not None
    ]  # fmt: skip
    return tag(
        "figure", ranges(rows, "Above-ground biomass by the plots and as published, with 95 % intervals."),
        tag("figcaption", "Above-ground biomass: bar is the 95 % interval of the draws of the plots, and the interval printed "
            "with the published factor; line at the value."),
    )  # fmt: skip


def _components(found: BiomassSection) -> Html:
    rows = [row for row in found.components if row.se_kg_ha]
    most = max((row.se_kg_ha for row in rows), default=1)
    ordered = sorted(rows, key=lambda row: (-row.se_kg_ha, row.component))
    cells = [
        (
            row.component,
            PARTS.get(row.component, "plots less map"),
            bar(Decimal(100 * row.se_kg_ha) / most),
            number(row.se_kg_ha),
        )
        for row in ordered
    ]
    return table(
        "What the standard error of the mean is made of", ("Part", "Which is", "", "SE, kg d.m./ha"), cells, figures=(3,)
    )


def _kg(text: str) -> int:
    return round(Decimal(text) * 1000)


def _one(text: str) -> str:
    return f"{Decimal(text):.1f}"
