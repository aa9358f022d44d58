"""Cohort: what became of the forest that stood at the project's start, unit by unit and year by year.

Carbon is lost once: a unit leaves the cohort with its first loss, is degraded at most once before, and what regrows later
is reported as gain but holds no stock.  So the forest at the start is, at the end of every year, what still stands, what was
degraded and what was lost.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mrv.carbon.pools import LOSS, STANDING, degradation_of, loss_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.activity.reference import InterpretedUnit, ReferenceSample

FOREST, NON_FOREST, DEGRADED = "forest", "non-forest", "degraded:"
"""Roles of a label; an intensity follows the last."""
START, GAIN = "forest at the start", "gain"
Event = tuple[str, int]
"""Activity and year."""


def unit_events(years: Sequence[int], roles: Sequence[str]) -> Iterator[Event]:
    """Every (activity, year) that is true of a unit.

    Args:
        years: Label years; the first is the year before the project's first.
        roles: Role at the end of each.
    """
    if roles[0] == NON_FOREST:
        for year, role in zip(years[1:], roles[1:], strict=True):
            if role != NON_FOREST:
                yield GAIN, year
                return
        return
    yield START, years[0]
    before: str | None = None
    for year, role in zip(years[1:], roles[1:], strict=True):
        if role == NON_FOREST:
            yield LOSS, year
            if before is not None:
                yield loss_after(before), year
            return
        if before is None and role != roles[0] and role.startswith(DEGRADED):
            before = role.removeprefix(DEGRADED)
            yield degradation_of(before), year
        if before is None:
            yield STANDING, year


def cohort_hits(sample: ReferenceSample) -> dict[Event, tuple[int, ...]]:
    """Units by (activity, year) in each design stratum, in the order of the sample's strata."""
    found: dict[Event, Counter[int]] = {}
    for unit in sample.units:
        for event in unit_events(sample.years, unit.roles):
            found.setdefault(event, Counter())[unit.unit.stratum] += 1
    codes = [stratum.code for stratum in sample.strata]
    return {event: tuple(found[event][code] for code in codes) for event in sorted(found)}


def joint_hits(sample: ReferenceSample, events: Sequence[frozenset[Event]]) -> dict[tuple[int, int], tuple[int, ...]]:
    """Units that saw one event of each of two groups, in each design stratum; the diagonal counts one group.

    Args:
        sample: The sample.
        events: Groups of events, such as the losses of all years of the period.

    Returns:
        Counts by pair of positions (i ≤ j).
    """
    codes = [stratum.code for stratum in sample.strata]
    found = {(i, j): Counter[int]() for i in range(len(events)) for j in range(i, len(events))}
    for unit in sample.units:
        seen = set(_events(sample, unit))
        true = [bool(group & seen) for group in events]
        for (i, j), counts in found.items():
            counts[unit.unit.stratum] += true[i] and true[j]
    return {pair: tuple(counts[code] for code in codes) for pair, counts in found.items()}


FATES = ("loss", "forest", "non-forest")
"""What became of a unit since the project's start, as interpreters' error rates tell it apart."""


def fate(years: Sequence[int], roles: Sequence[str]) -> str:
    """One of :data:`FATES`."""
    kinds = {activity for activity, _ in unit_events(years, roles)}
    return "loss" if LOSS in kinds else "forest" if START in kinds else "non-forest"


def period_class(years: Sequence[int], roles: Sequence[str]) -> str:
    """One class for the whole time from the start: loss, gain, degradation, stable forest or stable non-forest."""
    kinds = {activity for activity, _ in unit_events(years, roles)}
    for kind in (LOSS, GAIN):
        if kind in kinds:
            return kind
    if any(kind.startswith("degradation:") for kind in kinds):
        return "degradation"
    return "stable forest" if START in kinds else "stable non-forest"


def _events(sample: ReferenceSample, unit: InterpretedUnit) -> Iterator[Event]:
    return unit_events(sample.years, unit.roles)
