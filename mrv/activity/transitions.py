r"""Transitions: what happened to each unit in each year, counted by design stratum, for estimators that know no labels.

An event is a pair ``(year, class)``.  A label is the state at the end of its year, so the class of a year follows from the
label before and the label at its end:

===================  ====================  ==================  ======================
before \ at the end   forest                degraded:j          non-forest
===================  ====================  ==================  ======================
forest               stable forest         degradation:j       loss
degraded:i           recovery              stable degraded *   loss
non-forest           gain                  gain                stable non-forest
===================  ====================  ==================  ======================

(*) or, where the intensity changes, ``degradation:i>j``, in either direction.  Each unit has exactly one class a year, so the
counts of a stratum add up to its interpreted units.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.activity.frame import DEGRADED, FOREST, NON_FOREST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.activity.reference import InterpretedUnit, ReferenceSample

LOSS, GAIN, RECOVERY = "loss", "gain", "recovery"
STABLE_FOREST, STABLE_DEGRADED, STABLE_NON_FOREST = "stable forest", "stable degraded", "stable non-forest"
DEGRADATION = "degradation:"

Event = tuple[int, str]
"""Year and class."""


def transition(before: str, after: str) -> str:
    """Class of a year from the roles before it and at its end.

    Args:
        before: ``forest``, ``degraded:<intensity>`` or ``non-forest``.
        after: The same.
    """
    if after == NON_FOREST:
        return STABLE_NON_FOREST if before == NON_FOREST else LOSS
    if before == NON_FOREST:
        return GAIN
    if after == FOREST:
        return STABLE_FOREST if before == FOREST else RECOVERY
    if before == after:
        return STABLE_DEGRADED
    intensity = after.removeprefix(DEGRADED)
    return f"{DEGRADATION}{intensity}" if before == FOREST else f"{DEGRADATION}{before.removeprefix(DEGRADED)}>{intensity}"


def events(sample: ReferenceSample, unit: InterpretedUnit) -> tuple[Event, ...]:
    """What happened to a unit, one event a year from the second label year on."""
    changes = (transition(before, after) for before, after in pairwise(unit.roles))
    return tuple(zip(sample.years[1:], changes, strict=True))


def transition_counts(sample: ReferenceSample) -> dict[Event, tuple[int, ...]]:
    """Units by event, in the order of the sample's strata; events that never occur are left out."""
    return _by_stratum(sample, ((unit, event) for unit in sample.units for event in events(sample, unit)))


def state_counts(sample: ReferenceSample) -> dict[Event, tuple[int, ...]]:
    """Units by year and role at its end, in the order of the sample's strata."""
    return _by_stratum(sample, ((unit, state) for unit in sample.units for state in zip(sample.years, unit.roles, strict=True)))


def co_occurrence(sample: ReferenceSample, one: Event, two: Event) -> tuple[int, ...]:
    """Units that saw both events, in the order of the sample's strata: the covariance of a fixed panel needs them.

    With ``one == two`` it is the count of that event; of two classes of the same year it is zero.
    """
    found = Counter(unit.unit.stratum for unit in sample.units if all(_saw(sample, unit, event) for event in (one, two)))
    return tuple(found[stratum.code] for stratum in sample.strata)


def _saw(sample: ReferenceSample, unit: InterpretedUnit, event: Event) -> bool:
    at = event[0] - sample.years[0]
    return 0 < at < len(unit.roles) and transition(unit.roles[at - 1], unit.roles[at]) == event[1]


def _by_stratum(sample: ReferenceSample, seen: Iterable[tuple[InterpretedUnit, Event]]) -> dict[Event, tuple[int, ...]]:
    found: dict[Event, Counter[int]] = {}
    for unit, event in seen:
        found.setdefault(event, Counter())[unit.unit.stratum] += 1
    codes = [stratum.code for stratum in sample.strata]
    return {event: tuple(found[event][code] for code in codes) for event in sorted(found)}
