"""Degradation: area × stock difference by intensity, each with its interval; regrowth once; what has no factor is named.

A class without a stock difference is not zero: its area is left out and reported, with the side to which that errs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mrv.errors import PlanError
from mrv.units import kg_co2e

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Scenario = Literal["baseline", "project"]


@dataclass(frozen=True, slots=True)
class StockDifference:
    """Carbon that degradation of one intensity takes from a hectare."""

    t_c_ha: Fraction
    """Stock before less stock after, t C/ha."""
    low_t_c_ha: Fraction
    """Lower end, 95 %."""
    high_t_c_ha: Fraction
    """Upper end, 95 %."""
    source: str
    """Plots or publication."""
    net_of_regrowth: bool = False
    """The stock after was measured once the stand had grown again: its regrowth is in the difference already."""

    def __post_init__(self) -> None:
        if not self.low_t_c_ha <= self.t_c_ha <= self.high_t_c_ha or self.t_c_ha < 0:
            raise PlanError("a stock difference is negative or outside its interval", code="degradation.difference",
                            field="t_c_ha", hint="stock before less stock after, low <= value <= high")  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class ClassArea:
    """Area that entered one state in one year."""

    year: int
    """Year."""
    intensity: str
    """Intensity class, such as ``light``."""
    area_m2: int
    """Area, m²."""


@dataclass(frozen=True, slots=True)
class DegradationFlow:
    """One class in one year."""

    year: int
    """Year."""
    intensity: str
    """Intensity class."""
    kind: Literal["emission", "removal"]
    """Degradation, or regrowth of what had been degraded."""
    area_m2: int
    """Area, m²."""
    kg_co2e: int
    """kg CO2e, positive to the atmosphere."""
    low_kg_co2e: int
    """Lower end, by the factor's interval alone."""
    high_kg_co2e: int
    """Upper end, by the factor's interval alone."""


@dataclass(frozen=True, slots=True)
class Omitted:
    """A source that was seen and not counted."""

    intensity: str
    """Intensity class."""
    degraded_m2: int
    """Area that was degraded, m²."""
    recovered_m2: int
    """Area that grew again, m²."""
    direction: str
    """The side to which leaving it out errs."""

    @property
    def finding(self) -> tuple[str, str, str]:
        """Code, item and value of the statement's finding."""
        areas = f"{self.degraded_m2} m² degraded, {self.recovered_m2} m² recovered, no factor"
        return "degradation.omitted", self.intensity, f"{areas}: {self.direction}"


@dataclass(frozen=True, slots=True)
class Degradation:
    """Degradation of a period."""

    flows: tuple[DegradationFlow, ...]
    """By year, intensity and kind."""
    omitted: tuple[Omitted, ...]
    """Classes without a factor."""


def degradation(
    degraded: Sequence[ClassArea],
    recovered: Sequence[ClassArea],
    differences: Mapping[str, StockDifference],
    *,
    scenario: Scenario,
) -> Degradation:
    """Emissions of degradation and removals of its regrowth.

    Args:
        degraded: Areas that became degraded, one a year and intensity.
        recovered: Areas of those that became forest again, by the intensity they had.
        differences: Stock difference by intensity.
        scenario: Whose emissions these are; it decides the direction of what is omitted.

    Raises:
        PlanError: Negative or repeated areas, regrowth on more area than was degraded before, or regrowth counted beside a
            difference that is net of it.

    References:
        IPCC 2006 V4 Eq. 2.5 (stock difference).
    """
    _once(degraded, "degraded")
    _once(recovered, "recovered")
    _within(degraded, recovered)
    for entry in recovered:
        if entry.area_m2 and (known := differences.get(entry.intensity)) and known.net_of_regrowth:
            raise PlanError(
                f"regrowth of {entry.intensity} degradation is in its stock difference and in its area of recovery",
                code="degradation.regrowth-twice",
                field=f"{entry.year}, {entry.intensity}",
                hint="use a difference measured before regrowth, or leave recovery out",
            )
    flows = [
        _flow(entry, differences[entry.intensity], sign)
        for areas, sign in ((degraded, 1), (recovered, -1))
        for entry in areas
        if entry.intensity in differences
    ]
    flows.sort(key=lambda flow: (flow.year, flow.intensity, flow.kind))
    return Degradation(tuple(flows), _omitted(degraded, recovered, differences, scenario))


def _flow(entry: ClassArea, difference: StockDifference, sign: int) -> DegradationFlow:
    ends = (difference.low_t_c_ha, difference.high_t_c_ha)
    low, high = sorted(kg_co2e(entry.area_m2, sign * end) for end in ends)
    kind: Literal["emission", "removal"] = "emission" if sign > 0 else "removal"
    middle = kg_co2e(entry.area_m2, sign * difference.t_c_ha)
    return DegradationFlow(entry.year, entry.intensity, kind, entry.area_m2, middle, low, high)


def _omitted(
    degraded: Sequence[ClassArea],
    recovered: Sequence[ClassArea],
    differences: Mapping[str, StockDifference],
    scenario: Scenario,
) -> tuple[Omitted, ...]:
    rows = []
    for intensity in sorted({entry.intensity for entry in (*degraded, *recovered)} - set(differences)):
        lost, grown = (_area(areas, intensity) for areas in (degraded, recovered))
        if lost or grown:
            rows.append(Omitted(intensity, lost, grown, _direction(lost - grown, scenario)))
    return tuple(rows)


def _direction(net_m2: int, scenario: Scenario) -> str:
    if net_m2 == 0:
        return "as much area recovered as was degraded: no direction"
    emissions = "understated" if net_m2 > 0 else "overstated"
    # The benefit is baseline less project: too small a baseline understates it, too small a project overstates it.
    benefit = emissions if scenario == "baseline" else {"understated": "overstated", "overstated": "understated"}[emissions]
    return f"{scenario} emissions {emissions}, net benefit {benefit}"


def _area(areas: Iterable[ClassArea], intensity: str) -> int:
    return sum(entry.area_m2 for entry in areas if entry.intensity == intensity)


def _once(areas: Sequence[ClassArea], what: str) -> None:
    seen: set[tuple[int, str]] = set()
    for entry in areas:
        where = f"{entry.year}, {entry.intensity}"
        if entry.area_m2 < 0:
            raise PlanError(f"a negative area {what}", code="degradation.area", field=where, hint="areas are m² from 0")
        if (entry.year, entry.intensity) in seen:
            raise PlanError(f"an area {what} is given twice", code="degradation.area", field=where,
                            hint="one area a year and intensity")  # fmt: skip
        seen.add((entry.year, entry.intensity))


def _within(degraded: Sequence[ClassArea], recovered: Sequence[ClassArea]) -> None:
    """No more grows again than was degraded until then."""
    for entry in recovered:
        before = _area((area for area in degraded if area.year <= entry.year), entry.intensity)
        grown = _area((area for area in recovered if area.year <= entry.year), entry.intensity)
        if grown > before:
            raise PlanError(
                f"{grown} m² recovered by {entry.year}, {before} m² degraded",
                code="degradation.regrowth-area",
                field=f"{entry.year}, {entry.intensity}",
                hint="regrowth of older degradation is growth of standing forest: count it there, once",
            )
