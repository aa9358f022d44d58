"""Estimate: areas of every activity and year from the reference sample, as a statement lists them and as a Monte Carlo draws.

Signed areas are exact functions of counts (:func:`area_rows`), which a registry recomputes.  For the Monte Carlo the losses of
the period are one quantity, those before it another: each follows the confidence distribution whose limits are signed, and
years take fixed shares of it, so that rare yearly counts do not add up their skewness.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.activity.cohort import FATES, GAIN, START
from mrv.activity.estimators import DesignStratum, Estimate, estimate
from mrv.carbon.pools import LOSS, STANDING, degradation_of, loss_after
from mrv.uncertainty.intervals import Z90, interval
from mrv.units import round_half_even

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mrv.activity.cohort import Event
    from mrv.uncertainty.intervals import Method

ESTIMATOR = "stehman-2014"
REPORTED = "loss as reported"
"""Beside the corrected estimates: loss since the start by the labels as they are."""


def activities(intensities: Iterable[str]) -> list[str]:
    """Activities that a year has an area of, in order."""
    degraded = [name for intensity in intensities for name in (degradation_of(intensity), loss_after(intensity))]
    return [LOSS, *degraded, GAIN]


def events_of(intensities: Sequence[str], years: Sequence[int]) -> list[Event]:
    """Everything that is estimated: the forest at the start, and each activity of each year.

    Args:
        intensities: Intensities of degradation.
        years: Years from the project's first to the period's last.
    """
    return [(START, years[0] - 1), *((activity, year) for year in years for activity in activities(intensities))]


def area_rows(
    strata: Sequence[DesignStratum],
    hits: Mapping[Event, Sequence[int]],
    events: Sequence[Event],
    *,
    method: Method,
    gold: Sequence[Sequence[int]] | None = None,
) -> list[dict[str, Any]]:
    """Estimates with the interval that is signed, and Wald's beside it.

    Args:
        strata: Design strata; ``sampled`` counts the units that responded.
        hits: Units by event in each stratum; an event without units may be left out.
        events: Events, in the order they are listed.
        method: Interval that is signed.
        gold: Units by true and reported fate, to correct the forest at the start and the loss since then; a year keeps its
            reported share of the corrected loss.

    Raises:
        PlanError: As the estimators and the correction refuse.
    """
    corrected = corrections(strata, hits, gold)
    # Most events of most years are never seen: one estimate serves all that were seen alike.
    seen = [tuple(hits.get(event, (0,) * len(strata))) for event in events]
    found = {units: estimate(strata, units, fpc=True) for units in dict.fromkeys(seen)}
    return [_row(found[units], units, event, method, corrected) for event, units in zip(events, seen, strict=True)]


def corrections(
    strata: Sequence[DesignStratum], hits: Mapping[Event, Sequence[int]], gold: Sequence[Sequence[int]] | None
) -> dict[str, Estimate]:
    """Forest at the start and loss since then, corrected for interpreters' errors; nothing without gold units.

    Args:
        strata: Design strata.
        hits: Units by event in each stratum.
        gold: Units by true and reported fate.
    """
    if gold is None:
        return {}
    from mrv.activity.interpreters import corrected_area, rates_from_gold

    at_start = next(units for (activity, _), units in hits.items() if activity == START)
    lost = [sum(units[i] for (activity, _), units in hits.items() if activity == LOSS) for i in range(len(strata))]
    three = [
        {"loss": lost[i], "forest": at_start[i] - lost[i], "non-forest": stratum.sampled - at_start[i]}
        for i, stratum in enumerate(strata)
    ]
    rates = {(true, said): gold[i][j] for i, true in enumerate(FATES) for j, said in enumerate(FATES)}
    # Two classes suffice for the start: its forest is what was lost and what was not.
    merged: dict[tuple[str, str], int] = {}
    for (true, said), count in rates.items():
        key = tuple("non-forest" if name == "non-forest" else START for name in (true, said))
        merged[key[0], key[1]] = merged.get((key[0], key[1]), 0) + count
    two = [{START: at_start[i], "non-forest": stratum.sampled - at_start[i]} for i, stratum in enumerate(strata)]
    return {
        REPORTED: estimate(strata, lost, fpc=True),
        LOSS: corrected_area(strata, three, "loss", rates_from_gold(rates, FATES)).estimate,
        START: corrected_area(strata, two, START, rates_from_gold(merged, (START, "non-forest"))).estimate,
    }


def _row(
    reported: Estimate, hits: Sequence[int], event: Event, method: Method, corrected: Mapping[str, Estimate]
) -> dict[str, Any]:
    found = reported
    if event[0] == START and START in corrected:
        found = corrected[START]
    elif event[0] == LOSS and LOSS in corrected and reported.area_m2:
        whole = corrected[LOSS]
        found = Estimate(whole.shape.scaled(reported.area_m2 / corrected[REPORTED].area_m2), fpc=False)
    signed, wald = (interval(found.shape, z=Z90, method=which).outward for which in (method, "wald"))
    return {
        "activity": event[0], "year": event[1], "hits": list(hits),
        "reported_m2": round_half_even(reported.area_m2), "area_m2": max(round_half_even(found.area_m2), 0),
        "se_m2": round_half_even(found.standard_error_m2), "ci90_m2": [max(signed[0], 0), signed[1]], "wald90_m2": list(wald),
    }  # fmt: skip


def areas_of(rows: Iterable[Mapping[str, Any]], years: Sequence[int]) -> dict[tuple[str, int], int]:
    """Areas that carry carbon, by (activity, year), m²: those estimated, and what of the start's forest still stands.

    Args:
        rows: As :func:`area_rows` gives them.
        years: Years from the project's first to the period's last.
    """
    listed = {(row["activity"], row["year"]): int(row["area_m2"]) for row in rows}
    return standing_from({event: area for event, area in listed.items() if event[0] != GAIN}, years)


def standing_from(areas: Mapping[tuple[str, int], int], years: Sequence[int]) -> dict[tuple[str, int], int]:
    """The same areas without the start's forest, with the standing forest of every year."""
    left = areas[START, years[0] - 1]
    found = {event: area for event, area in areas.items() if event[0] != START}
    for year in years:
        left -= sum(leaves(activity) * area for (activity, at), area in found.items() if at == year)
        found[STANDING, year] = max(left, 0)
    return found


def leaves(activity: str) -> int:
    """Whether an activity takes area from the standing, undegraded forest."""
    if activity == LOSS or activity.startswith("degradation:"):
        return 1
    return -1 if activity.startswith("loss after ") else 0


def design_strata(rows: Iterable[Mapping[str, Any]]) -> list[DesignStratum]:
    """Design strata from the rows of a statement's sample."""
    return [DesignStratum(row["stratum"], row["area_m2"], row["units"], row["responded"]) for row in rows]


def span_shares(rows: Sequence[Mapping[str, Any]], activity: str, years: Sequence[int]) -> dict[int, Fraction]:
    """Share of each year in a span's area of an activity; equal where the span has none."""
    area = {row["year"]: int(row["area_m2"]) for row in rows if row["activity"] == activity and row["year"] in years}
    whole = sum(area.values())
    return {year: Fraction(area[year], whole) if whole else Fraction(1, len(years)) for year in years}
