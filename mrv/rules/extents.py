"""Extents: what the account of extent maps must be to the plan, to the evidence and to the mapped areas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.sections.activity import DETECTOR_MAPS, MAPS_AS_CAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.plan import ExtentChangeTable, MonitoringPlan
    from mrv.sections.activity import MapName
    from mrv.sections.extents import ExtentsSection, PendingChange, YearOfChange
    from mrv.statement import Statement


def maps_named(plan: MonitoringPlan) -> list[MapName]:
    """Maps that a statement under a plan names, in order."""
    rules = plan.method.extent_rules
    return [*DETECTOR_MAPS[plan.method.change.detector], *(MAPS_AS_CAME if rules is not None and rules.prepares else ())]


def extent_sizes(s: Statement) -> list[tuple[int, int]]:
    """Pixels and square metres of every area of the account."""
    found = s.activity.extents
    if found is None:
        return []
    sizes = [(row.mapped_pixels, row.mapped_m2) for row in found.epochs]
    sizes += [(row.followed_pixels, row.followed_m2) for row in found.epochs]
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
    source = plan.source("extent").id
    maps = sorted(int(scene.date[:4]) for scene in s.evidence if scene.source == source)
    if [row.year for row in found.epochs] != maps:
        yield f"epochs {[row.year for row in found.epochs]}, the maps are of {maps}"
    for rows in (found.as_mapped, found.as_counted):
        if [row.year for row in rows] != list(years):
            yield f"change of {[row.year for row in rows]}, the project's years are {list(years)}"
    yield from _counted(s, found)
    yield from _possible(s, found, rules)


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


def _possible(s: Statement, found: ExtentsSection, rules: ExtentChangeTable) -> Iterator[str]:
    """Counts that cannot exceed one another, and nothing put aside where nothing was to be."""
    most = s.project.pixels
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
