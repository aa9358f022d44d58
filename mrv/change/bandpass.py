"""Bandpass: which sensors' bands can be brought to one another, and by what; no arrays, so that a check asks again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.change.published import table_rows
from mrv.errors import MRVError, PlanError, SourceError
from mrv.plan import PLATFORM, StepTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mrv.plan import MonitoringPlan, Source

REFERENCE = frozenset({"landsat-8", "landsat-9", "hls", "simulated-1"})
"""Sensors whose bands are the reference, and Harmonized Landsat Sentinel, which its publisher has brought to it."""
_MADE = "simulated"
_SLOPE, _OFFSET = 10_000, 100_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One band of one sensor to the reference's: slope · reflectance + offset."""

    band: str
    """The publisher's name of the sensor's band."""
    slope: int
    """× 10⁴."""
    offset: int
    """Reflectance × 10⁸."""
    source: str
    """Where it comes from, by id in the table's head."""
    verified: bool
    """Whether it was read there."""


def lines_of(sensor: str, *, field: str = "sources.sensor", item: str | None = None) -> Mapping[str, Line]:
    """Role of a band → line to the reference; empty for a sensor that is the reference.

    Args:
        sensor: Id in the table, or one of :data:`REFERENCE`.
        field: Where it is named, for messages.
        item: Item that states it; None where the plan does.

    Raises:
        PlanError: The plan names a sensor without coefficients.
        SourceError: An item does.

    References:
        NASA, Harmonized Landsat and Sentinel-2: bandpass adjustment; Claverie et al. 2018, RSE 219:145–161.
    """
    if sensor in REFERENCE:
        return {}
    rows = [row for row in table_rows("bandpass") if row["sensor"] == sensor]
    if not rows:
        kind: type[MRVError] = PlanError if item is None else SourceError
        raise kind(
            f"no bandpass coefficients of {sensor}", code="plan.sensor" if item is None else "source.sensor", file=item,
            field=field, hint=f"sensors: {', '.join(known_sensors())}; without it, leave its scenes out (sources.first)",
        )  # fmt: skip
    return {
        row["role"]: Line(
            row["band"], int(Decimal(row["slope"]) * _SLOPE), int(Decimal(row["offset"]) * _OFFSET), row["source"],
            row["verified"] == "yes",
        )
        for row in rows
    }  # fmt: skip


def known_sensors() -> list[str]:
    """Sensors that can be harmonised."""
    return sorted(REFERENCE | {row["sensor"] for row in table_rows("bandpass")})


def sensor_of(source: Source, stated: str | None, *, item: str) -> str | None:
    """The sensor of one scene; None where the plan harmonises nothing.

    Args:
        source: Its source.
        stated: The platform that its item states.
        item: Its id, for messages.

    Raises:
        SourceError: It states none, and the plan leaves it to the items.
    """
    if source.sensor != PLATFORM:
        return source.sensor
    if stated is None:
        raise SourceError(
            "does not state its platform", code="source.sensor", file=item, field="platform",
            hint="bands of an unknown sensor cannot be harmonised: name the sensor in sources.sensor where all items have one",
        )  # fmt: skip
    return stated


def roles_read(plan: MonitoringPlan) -> tuple[str, ...]:
    """Bands whose reflectance a plan's optical detector reads, and screening."""
    change = plan.method.change
    return tuple(dict.fromkeys(("blue", "green", "red", "nir", *(change.bands if isinstance(change, StepTable) else ()))))


def lines_for(plan: MonitoringPlan, sensor: str | None, *, item: str | None = None) -> Mapping[str, Line]:
    """The lines of a sensor, with one for every band that a plan reads, or none where nothing is adjusted.

    Args:
        plan: The plan.
        sensor: Of a scene; None where the plan harmonises nothing.
        item: Item that states it; None where the plan does.

    Raises:
        PlanError: The plan names a sensor, or reads a band, without coefficients.
        SourceError: An item states such a sensor.
    """
    if sensor is None:
        return {}
    lines = lines_of(sensor, item=item)
    if sensor.startswith(_MADE) and not plan.project.simulated:
        raise PlanError(
            f"{sensor} is a sensor of made worlds alone", code="plan.sensor", field="sources.sensor",
            hint="name the sensor that took the scenes",
        )  # fmt: skip
    if lines and (lacking := [role for role in roles_read(plan) if role not in lines]):
        raise PlanError(
            f"no bandpass coefficients of {lacking[0]} of {sensor}", code="plan.sensor", field="method.change.bands",
            hint=f"{sensor} has {', '.join(lines)}",
        )  # fmt: skip
    return lines


def check_sensors(plan: MonitoringPlan) -> None:
    """Refuse a plan whose sensors cannot be harmonised.

    Raises:
        PlanError: Names the sensor, or the band.
    """
    for source in plan.sources:
        if source.sensor is not None and source.sensor != PLATFORM:
            lines_for(plan, source.sensor)


def check_items(plan: MonitoringPlan, stated: Iterable[tuple[str, str, str | None]]) -> None:
    """Refuse items whose sensor cannot be harmonised, before anything is fetched.

    Args:
        plan: The plan.
        stated: Source, id and platform of each item.

    Raises:
        SourceError: Names the item.
    """
    sources = {source.id: source for source in plan.sources}
    for name, item, platform in stated:
        lines_for(plan, sensor_of(sources[name], platform, item=item), item=item)
