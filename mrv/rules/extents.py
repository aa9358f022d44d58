"""Extents: what the account of extent maps must be to the plan, to the evidence and to the mapped areas."""

from __future__ import annotations

from itertools import chain, pairwise
from typing import TYPE_CHECKING

from mrv.change.step_width import can_be_told, step_width
from mrv.sections.activity import DETECTOR_MAPS, MAP_OF_KINDS, MAPS_AS_CAME
from mrv.sections.extents import GAIN_KINDS, LOSS_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.plan import ExtentChangeTable, MonitoringPlan
    from mrv.sections.activity import MapName
    from mrv.sections.extents import ExtentsSection, PendingChange, YearOfChange
    from mrv.statement import Statement


def maps_named(plan: MonitoringPlan) -> list[MapName]:
    """Maps that a statement under a plan names, in order."""
    rules = plan.method.extent_rules
    more = MAPS_AS_CAME if rules is not None and rules.prepares else ()
    return [
        *DETECTOR_MAPS[plan.method.change.detector], *more,
        *([MAP_OF_KINDS] if rules is not None and rules.kinds is not None else []),
    ]  # fmt: skip


def extent_sizes(s: Statement) -> list[tuple[int, int]]:
    """Pixels and square metres of every area of the account."""
    found = s.activity.extents
    if found is None:
        return []
    sizes = [(row.mapped_pixels, row.mapped_m2) for row in found.epochs]
    sizes += [(row.followed_pixels, row.followed_m2) for row in found.epochs]
    sizes += [(row.pixels, row.m2) for row in found.kinds]
    sizes.append((found.restated_pixels, found.restated_m2))
    changes: list[YearOfChange | PendingChange] = [*found.as_mapped, *found.as_counted, found.pending]
    for row in changes:
        sizes += [(row.loss_pixels, row.loss_m2), (row.gain_pixels, row.gain_m2)]
    return sizes


def extent_faults(s: Statement, plan: MonitoringPlan, years: Sequence[int]) -> Iterator[str]:
    """Everything that contradicts something else.

    Args:
        s: The statement.
        plan: Its plan.
        years: Years from the project's start to the period's end.
    """
    rules, found = plan.method.extent_rules, s.activity.extents
    asked = rules is not None and rules.keeps_account
    if rules is None or found is None or not asked:
        if asked or found is not None:
            yield "an account of extent maps that the plan does not ask for, or none where it does"
        return
    maps = _maps(s, plan)
    if [(row.year, row.version) for row in found.epochs] != maps:
        yield f"epochs {[(row.year, row.version) for row in found.epochs]}, the maps are {maps}"
    yield from _steps(s, found, rules)
    for rows in (found.as_mapped, found.as_counted):
        if [row.year for row in rows] != list(years):
            yield f"change of {[row.year for row in rows]}, the project's years are {list(years)}"
    yield from _counted(s, found)
    yield from _kinds(found, years if rules.kinds is not None else [], wet=_water(plan))
    yield from _possible(s, found, rules)


def _maps(s: Statement, plan: MonitoringPlan) -> list[tuple[int, str | None]]:
    """Year and version of every map, from evidence and plan."""
    source = plan.source("extent")
    named = (source.extent and source.extent.versions) or {}
    scenes = sorted((scene.date, scene.processing_baseline) for scene in s.evidence if scene.source == source.id)
    return [(int(day[:4]), stated or named.get(day[:4])) for day, stated in scenes]


def _steps(s: Statement, found: ExtentsSection, rules: ExtentChangeTable) -> Iterator[str]:
    """One row a change of version, as wide as its rings say, and told by an edge that is long enough."""
    changed = [two.year for one, two in pairwise(found.epochs) if one.version != two.version]
    if [row.year for row in found.version_steps] != changed:
        yield f"steps of {[row.year for row in found.version_steps]}, the version changes in {changed}"
    if found.restated_pixels > (s.project.pixels if any(row.width_px for row in found.version_steps) else 0):
        yield f"{found.restated_pixels} pixels restated, without a step or beyond the project"
    table = rules.version_step
    if table is None:
        if changed:
            yield "maps of two versions, though the plan lays no step aside"
        return
    if any(row.version is None for row in found.epochs):
        yield "a map of no version, though the plan lays steps between versions aside"
    for row in found.version_steps:
        rings = [(ring.forest_pixels, ring.other_pixels) for ring in row.rings]
        moved = [(ring.lost_pixels, ring.gained_pixels) for ring in row.rings]
        if len(rings) != table.most_px or any(m > c for m, c in zip(chain(*moved), chain(*rings), strict=True)):
            yield f"{row.year}: {len(rings)} rings, or one that changed more than it holds"
        if row.width_px != step_width(rings, moved, table) or not can_be_told(rings, table):
            yield f"{row.year}: a step {row.width_px} rings wide does not follow from its rings"
        if sum(chain(*rings)) > s.grid.shape[0] * s.grid.shape[1]:
            yield f"{row.year}: the rings hold more pixels than the window"


def _counted(s: Statement, found: ExtentsSection) -> Iterator[str]:
    """What was counted is what the strata hold."""
    for row, lost in zip(found.as_counted, s.activity.loss, strict=True):
        if (row.loss_pixels, row.loss_m2) != (lost.pixels, lost.area_m2):
            yield f"{row.year}: {row.loss_m2} m² of loss counted, {lost.area_m2} m² in the strata"
    gained = next(row for row in s.activity.strata if row.stratum == "gain of forest")
    if sum(row.gain_pixels for row in found.as_counted) != gained.pixels:
        yield f"{sum(row.gain_pixels for row in found.as_counted)} pixels of gain by year, {gained.pixels} in the strata"
    if abs(sum(row.gain_m2 for row in found.as_counted) - gained.area_m2) > (len(found.as_counted) + 1) // 2:
        yield f"gain by year adds up to {sum(row.gain_m2 for row in found.as_counted)} m², the stratum has {gained.area_m2}"


def _water(plan: MonitoringPlan) -> bool:
    classes = plan.source("extent").extent
    return classes is not None and classes.water is not None


def _kinds(found: ExtentsSection, years: Sequence[int], *, wet: bool) -> Iterator[str]:
    """Every year has every kind, and its kinds add up to what was counted."""
    wanted = [(year, kind) for year in years for kind in (*LOSS_KINDS, *GAIN_KINDS)]
    if [(row.year, row.kind) for row in found.kinds] != wanted:
        yield f"{len(found.kinds)} kinds of change by year, {len(wanted)} belong there"
        return
    if any((row.water_pixels is not None) != wet or (row.water_pixels or 0) > row.pixels for row in found.kinds):
        yield "water among the kinds of change that their maps or their pixels do not have"
    for row in found.as_counted if years else []:
        for names, pixels, m2 in ((LOSS_KINDS, row.loss_pixels, row.loss_m2), (GAIN_KINDS, row.gain_pixels, row.gain_m2)):
            parts = [part for part in found.kinds if part.year == row.year and part.kind in names]
            if sum(part.pixels for part in parts) != pixels or abs(sum(part.m2 for part in parts) - m2) > (len(parts) + 1) // 2:
                yield f"{row.year}: kinds of {sum(part.m2 for part in parts)} m², {m2} m² were counted"


def _possible(s: Statement, found: ExtentsSection, rules: ExtentChangeTable) -> Iterator[str]:
    """Counts that cannot exceed one another, and nothing put aside where nothing was to be."""
    most = s.project.pixels
    if any(m2 and not pixels for pixels, m2 in extent_sizes(s)):
        yield "an area without a pixel"
    for row in found.epochs:
        if max(row.mapped_pixels, row.followed_pixels) > most:
            yield f"{row.year}: more forest than the project's {most} pixels"
        if not rules.prepares and (row.mapped_pixels, row.mapped_m2) != (row.followed_pixels, row.followed_m2):
            yield f"{row.year}: a map made other than it came, though the plan puts nothing aside"
    for rows in (found.as_mapped, found.as_counted):
        if sum(row.loss_pixels + row.gain_pixels for row in rows) > most:
            yield f"more change than the project's {most} pixels"
    if not rules.prepares and found.as_mapped != found.as_counted:
        yield "change counted is not the change mapped, though the plan puts nothing aside"
    pending = found.pending
    if pending.loss_pixels + pending.gain_pixels > (most if rules.prepares else 0):
        yield f"{pending.loss_pixels} and {pending.gain_pixels} pixels wait for later maps"
