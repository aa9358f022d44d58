"""Merged: how scenes of several sources, or of one day, became one series; made when it is built and again by a check."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.change.bandpass import lines_for, roles_read
from mrv.plan import PLATFORM
from mrv.sections import BandpassSection, MergedSection
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.plan import MonitoringPlan, Source
    from mrv.sections import SceneSection
    from mrv.statement import Statement

_SEEN = frozenset({"used", "history"})


def merged_section(plan: MonitoringPlan, scenes: Sequence[SceneSection]) -> MergedSection | None:
    """The section, from the plan and the rows of the optical scenes; None where the plan does not merge.

    Args:
        plan: The plan.
        scenes: Rows of evidence; those of other roles have another status.

    Raises:
        MRVError: A sensor without coefficients.
    """
    rules = plan.method.merge
    if rules is None:
        return None
    seen = [scene for scene in scenes if scene.status in _SEEN]
    days = Counter(scene.date for scene in seen)
    return MergedSection(
        harmonise=rules.harmonise,
        same_day=rules.same_day,
        observations=len(days),
        shared_days=sum(count > 1 for count in days.values()),
        bandpass=[
            BandpassSection(
                sensor=sensor, role=role, band=line.band, slope=decimal_str(Decimal(line.slope).scaleb(-4)),
                offset=decimal_str(Decimal(line.offset).scaleb(-8)), source=line.source, verified=line.verified,
            )
            for sensor in sorted({scene.sensor for scene in seen if scene.sensor is not None})
            for role, line in lines_for(plan, sensor).items()
            if role in roles_read(plan)
        ],
    )  # fmt: skip


def sensor_faults(scene: SceneSection, source: Source | None, plan: MonitoringPlan) -> Iterator[str]:
    """A scene's sensor is the plan's, or one that its item may have stated.

    Args:
        scene: The row.
        source: Its source; None where the plan has none of that name.
        plan: The plan.

    Raises:
        MRVError: A sensor without coefficients.
    """
    named = source.sensor if source is not None else None
    if (scene.sensor is None) != (named is None):
        yield f"{scene.id} is {'of an unnamed sensor' if named else 'of a sensor, but nothing is harmonised'}"
    elif scene.sensor is not None:
        if named not in {PLATFORM, scene.sensor}:
            yield f"{scene.id} is of {scene.sensor}, the plan says {named}"
        lines_for(plan, scene.sensor, item=scene.id)


def merging_findings(s: Statement) -> Iterator[tuple[str, str, str]]:
    """What a reader of a merged series should know."""
    merged = s.observation.merged
    if merged is None:
        return
    optical = [source for source in s.method.plan["sources"] if source["role"] == "optical"]
    if merged.harmonise == "none" and len(optical) > 1:
        told = "their bandpasses differ: where one joins, its difference can read as change"
        yield "sensors.unharmonised", ", ".join(source["id"] for source in optical), told
    for row in merged.bandpass:
        if not row.verified:
            yield "bandpass.unverified", f"{row.role} of {row.sensor}", row.source
        for source in optical:
            if source["bands"].get(row.role, row.band).lower() != row.band.lower() and _took(s, source["id"], row.sensor):
                told = f"asset {source['bands'][row.role]}, adjusted by the coefficients of {row.band}"
                yield "bandpass.asset", f"{row.role} of {source['id']}, {row.sensor}", told
    if merged.bandpass:
        told = "view angle, atmospheric correction and pixel size are not harmonised, the bandpass is"
        yield "sensors.harmonised", ", ".join(dict.fromkeys(row.sensor for row in merged.bandpass)), told


def _took(s: Statement, source: str, sensor: str) -> bool:
    return any(scene.source == source and scene.sensor == sensor for scene in s.evidence)
