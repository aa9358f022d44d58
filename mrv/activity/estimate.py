"""Estimate: areas of every activity and year from the reference sample, as a statement lists them and as a Monte Carlo draws.

Signed areas are exact functions of counts (:func:`area_rows`), which a registry recomputes.  For the Monte Carlo the losses of
the period are one quantity, those before it another: each follows the confidence distribution whose limits are signed, and
years take fixed shares of it, so that rare yearly counts do not add up their skewness.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.activity.cohort import GAIN, START
from mrv.activity.estimators import DesignStratum, estimate
from mrv.carbon.pools import LOSS, STANDING, degradation_of, loss_after
from mrv.uncertainty.intervals import Z90, interval
from mrv.units import round_half_even

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mrv.activity.cohort import Event
    from mrv.uncertainty.intervals import Method

ESTIMATOR = "stehman-2014"


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
    strata: Sequence[DesignStratum], hits: Mapping[Event, Sequence[int]], events: Sequence[Event], *, method: Method
) -> list[dict[str, Any]]:
    """Estimates with the interval that is signed, and Wald's beside it.

    Args:
        strata: Design strata; ``sampled`` counts the units that responded.
        hits: Units by event in each stratum; an event without units may be left out.
        events: Events, in the order they are listed.
        method: Interval that is signed.
    """
    return [_row(strata, hits.get(event, (0,) * len(strata)), event, method) for event in events]


def _row(strata: Sequence[DesignStratum], hits: Sequence[int], event: Event, method: Method) -> dict[str, Any]:
    found = estimate(strata, hits, fpc=True)
    signed, wald = (interval(found.shape, z=Z90, method=which).outward for which in (method, "wald"))
    return {
        "activity": event[0], "year": event[1], "hits": list(hits), "area_m2": round_half_even(found.area_m2),
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
