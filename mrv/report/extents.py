"""Extent maps as they came beside what was made of them; empty where the plan makes nothing of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mrv import charts
from mrv.page import Html, figure, hectares, join, number, table, tag
from mrv.sections.extents import GAIN_KINDS, LOSS_KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.sections.extents import ExtentsSection
    from mrv.statement import Statement
    from mrv.views import Views

_RULES = {
    "persist": "maps in a row that make a change",
    "minimum_px": "smallest patch of change, pixels",
    "rim_px": "depth of the edge that wanders, pixels",
    "rim_persist": "maps in a row for what only follows that edge",
    "last_loss": "a loss that the last map alone shows counts",
}


def as_came_section(s: Statement, views: Views) -> Html:
    """Change of the maps as they came and change that was counted, in a picture and in tables."""
    found = s.activity.extents
    if found is None or views.as_came is None:
        return Html()
    change = s.method.plan["method"]["change"]
    parts = [tag("p", "All areas here are mapped; none is an estimate. What was put aside is not shown to be wrong: only a "
                 "reference sample can tell, and where it is drawn from these strata it does.")]  # fmt: skip
    if "cleaning" in change:
        parts.append(_rules(change["cleaning"]))
    parts += [_steps(found)] if found.version_steps else []
    pictures = [_picture(views, gain=gain, came=came) for gain in (False, True) for came in (True, False)]
    return join([*parts, tag("div", *pictures, class_="pair"), _change_table(found), _pending(found), _epoch_table(found)])


def _rules(cleaning: dict[str, Any]) -> Html:
    rows = [(name, number(cleaning[name]) if not isinstance(cleaning[name], bool) else "yes" if cleaning[name] else "no", words)
            for name, words in _RULES.items()]  # fmt: skip
    return table(f"The rules of the plan: {cleaning['method']}", ("Rule", "Value", "Meaning"), rows, figures=(1,))


def _steps(found: ExtentsSection) -> Html:
    rows = [
        (step.year if at == 0 else "", at + 1, number(ring.forest_pixels), number(ring.lost_pixels), number(ring.other_pixels),
         number(ring.gained_pixels), "the step's" if at < step.width_px else "not the step's")
        for step in found.version_steps for at, ring in enumerate(step.rings)
    ]  # fmt: skip
    head = ("New version in", "Ring", "Forest, px", "Lost, px", "Other land, px", "Gained, px", "Belongs to")
    return join([
        table("Change of version, measured along the edge of the forest", head, rows, figures=range(1, 6)),
        tag("p", f"{hectares(found.restated_m2)} ha of the project were given the later version's edge in the earlier maps. A "
            "step that draws the forest otherwise away from its edge cannot be told from change here."),
    ])  # fmt: skip


def _picture(views: Views, *, gain: bool, came: bool) -> Html:
    assert views.as_came is not None
    assert views.gain_year is not None
    first = views.as_came.gain_year if gain else views.as_came.loss_year
    second = views.as_came.counted_gain_year if gain else views.loss_year
    years = sorted({int(year) for one in (first, second) for year in one[one > 0].ravel()})
    shown, colours = first if came else second, charts.year_colours(years, gain=gain)
    what, how = "gain" if gain else "loss", "as the maps came" if came else "as counted"
    return figure(
        charts.picture(views, charts.years_rgb(views, shown, colours), marks=False, alt=f"Map of the year of {what}, {how}."),
        tag("b", f"{what.capitalize()}, {how}"),
        charts.key((colours[year], f"{year}: {number(int((shown == year).sum()))} px") for year in years),
    )


def _change_table(found: ExtentsSection) -> Html:
    rows: list[tuple[object, ...]] = []
    sums = [0, 0, 0, 0]
    for came, counted in zip(found.as_mapped, found.as_counted, strict=True):
        four = [came.loss_m2, counted.loss_m2, came.gain_m2, counted.gain_m2]
        sums = [a + b for a, b in zip(sums, four, strict=True)]
        rows.append((came.year, *map(hectares, four)))
    rows.append(("Together", *map(hectares, sums)))
    head = ("Year", "Loss as the maps came, ha", "Loss counted, ha", "Gain as the maps came, ha", "Gain counted, ha")
    return table("Mapped change by year", head, rows, figures=range(1, 5), foot=1)


def _pending(found: ExtentsSection) -> Html:
    wait = found.pending
    if not wait.loss_pixels and not wait.gain_pixels:
        return Html()
    return tag(
        "p", f"The last maps also show {hectares(wait.loss_m2)} ha as lost and {hectares(wait.gain_m2)} ha as gained that the "
        "rules do not believe (yet): too short, too small, or no more than the edge. They are in neither column as counted."
    )  # fmt: skip


def _epoch_table(found: ExtentsSection) -> Html:
    rows = [
        (row.year, row.version or "not stated", hectares(row.mapped_m2), hectares(row.followed_m2)) for row in found.epochs
    ]  # fmt: skip
    head = ("Map", "Version", "Forest as the map came, ha", "Forest as followed, ha")
    return table("Forest of the project by map", head, rows, figures=(2, 3))


def kinds_section(s: Statement, views: Views) -> Html:
    """Kinds of change, in a picture and a table; empty where the plan does not tell them apart."""
    found = s.activity.extents
    if found is None or views.kinds is None or not found.kinds:
        return Html()
    pictures = [_kinds_picture(found, views, views.kinds, gain=gain) for gain in (False, True)]
    wet = any(row.water_pixels is not None for row in found.kinds)
    head = ("Year", "Kind, by shape", "Pixels", "Mapped, ha", *(["Of them water, px"] if wet else []))
    rows = [
        (row.year, row.kind, number(row.pixels), hectares(row.m2), *([number(row.water_pixels)] if wet else []))
        for row in found.kinds
        if row.pixels
    ]  # fmt: skip
    assumed = "" if wet else _ASSUMED_WATER
    return join([
        tag("p", _KINDS, assumed), tag("div", *pictures, class_="pair"),
        table("Mapped change by kind", head, rows, figures=(2, 3, 4)),
    ])  # fmt: skip


def _kinds_picture(found: ExtentsSection, views: Views, kinds: NDArray[np.uint8], *, gain: bool) -> Html:
    names = (*LOSS_KINDS, *GAIN_KINDS)
    codes = [code for code, name in enumerate(names, start=1) if (name in GAIN_KINDS) == gain]
    total = {code: sum(row.m2 for row in found.kinds if row.kind == names[code - 1]) for code in codes}
    what, shown = "gain" if gain else "loss", np.where(np.isin(kinds, codes), kinds, 0).astype(np.uint8)
    return figure(
        charts.picture(views, charts.kinds_rgb(views, shown), marks=False, alt=f"Map of the kinds of {what}."),
        tag("b", f"Kinds of {what}"), " since the project's start, by shape.",
        charts.key((charts.KIND_RGB[code - 1], f"{names[code - 1]}: {hectares(m2)} ha") for code, m2 in total.items()),
    )  # fmt: skip


_KINDS = (
    "Mapped areas, not estimates, and shapes, not causes. A patch along water is the shore's: erosion where it was lost, "
    "accretion where it was gained. Loss away from the shore that fills a rectangle is shaped as a pond is when forest is dug "
    "up for aquaculture; a cut parcel with straight edges looks the same."
)
_ASSUMED_WATER = (
    " The maps class no water: all other land that is joined to the window's border is taken for it, dry land too, so that "
    "change along a landward edge or an inland clearing is called the shore's as well."
)
