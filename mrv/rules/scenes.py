"""Scene rules: what each row of a statement's evidence must be, by the plan and by the other rows.

Pixels are not read, so medians, clear counts and dark vegetation are taken as stated; what the plan makes of them is not.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.rules.merged import sensor_faults
from mrv.rules.radar_scenes import radar_faults
from mrv.sources.radiometry import offset_agrees, offset_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mrv.plan import MonitoringPlan, ObservationTable, Radiometry, Source
    from mrv.sections import SceneSection
    from mrv.statement import Statement

MIN_DARK_PX = 100
"""Fewest clear pixels from which dark vegetation is read."""
_SEEN = frozenset({"used", "history"})
_VERDICTS = {True: "passed", False: "failed", None: "not assessed"}


def scene_faults(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """What is wrong with the rows of evidence.

    Args:
        s: The statement.
        plan: Its plan.
    """
    detector = {source.id: source for source in plan.monitored}
    mine = [scene for scene in s.evidence if scene.source in detector]
    rest = [scene for scene in s.evidence if scene.source not in detector]
    if s.evidence[: len(mine)] != mine or mine != sorted(mine, key=lambda scene: (scene.date, scene.id)):
        yield "scenes are not in the order of their days"
    known = {source.id: source for source in plan.sources}
    for scene in s.evidence:
        yield from _source(scene, known.get(scene.source))
        yield from sensor_faults(scene, known.get(scene.source), plan)
    yield from (f"{scene.id} lies after the period" for scene in mine if scene.date > s.period.end)
    for scene in rest if plan.method.monitors else s.evidence:
        yield from _layer(scene)
    for source in detector.values():
        own = [scene for scene in mine if scene.source == source.id]
        if source.radiometry is not None:
            for scene in own:
                yield from _offset(scene, source.radiometry)
            if not plan.method.merges:
                yield from _statuses(own, plan.method.optical, plan.project.start)
                yield from (f"{two.id} is of the same day as {one.id}" for one, two in pairwise(own) if one.date == two.date)
        elif source.radar is not None:
            yield from radar_faults(own, plan, source)
    if plan.method.merges:  # one series, whatever the sensor
        yield from _statuses(mine, plan.method.optical, plan.project.start)
    yield from (f"{scene.id} has an orbit, but is no radar image" for scene in s.evidence if _strays(scene, known))
    yield from _years_seen(s, plan, mine)


def _strays(scene: SceneSection, known: Mapping[str, Source]) -> bool:
    source = known.get(scene.source)
    return scene.geometry is not None and (source is None or not source.is_image_radar)


def _source(scene: SceneSection, source: Source | None) -> Iterator[str]:
    if source is None:
        yield f"{scene.id} is of {scene.source}, which the plan does not name"
    elif [row.band for row in scene.bands] != sorted(source.bands):
        yield f"{scene.id} has bands {[row.band for row in scene.bands]}, the plan reads {sorted(source.bands)}"
    elif source.first is not None and scene.date < source.first.isoformat():
        yield f"{scene.id} lies before the first day of {source.id}"


def _layer(scene: SceneSection) -> Iterator[str]:
    said = (scene.offset_dn, scene.offset_rule, scene.offset_check, scene.dark_dn, scene.clear_px, scene.median_index)
    if scene.status != "layer" or said != (0, "none", "not assessed", None, 0, None):
        yield f"{scene.id} is a layer, not a scene of reflectance"


def _offset(scene: SceneSection, radiometry: Radiometry) -> Iterator[str]:
    right = offset_for(scene.processing_baseline, radiometry, item=scene.id)
    if (scene.offset_dn, scene.offset_rule) != (right.offset_dn, right.rule):
        told = f"{right.offset_dn} ({right.rule})"
        yield f"{scene.id} has offset {scene.offset_dn} ({scene.offset_rule}), its baseline gives {told}"
    verdict = _VERDICTS[offset_agrees(right, scene.dark_dn, radiometry.dark_limit_dn)]
    if scene.offset_check != verdict:
        yield f"{scene.id}: dark vegetation at {scene.dark_dn} DN is {scene.offset_check}, not {verdict}"
    if (scene.dark_dn is None) != (scene.clear_px < MIN_DARK_PX) or (scene.median_index is None) != (scene.clear_px == 0):
        yield f"{scene.id} has {scene.clear_px} clear pixels, median {scene.median_index}, dark vegetation {scene.dark_dn}"


def _statuses(scenes: Sequence[SceneSection], rules: ObservationTable, start: date) -> Iterator[str]:
    """Season, clouds and steps of the whole forest, as the detector's screening decides them."""
    first = [_first(scene, rules, start) for scene in scenes]
    medians = sorted(
        scene.median_index
        for scene, state in zip(scenes, first, strict=True)
        if state == "history" and scene.median_index is not None
    )
    middle = medians[(len(medians) - 1) // 2] if medians else None
    for scene, state in zip(scenes, first, strict=True):
        stepped = (
            state in _SEEN
            and middle is not None
            and scene.median_index is not None
            and abs(scene.median_index - middle) > rules.max_shift
        )
        right = "index step" if stepped else state
        if scene.status != right:
            yield f"{scene.id} is stated as {scene.status}, its date, clouds and median make it {right}"
    # One share of the forest parts clear scenes from cloudy ones, whatever the forest's size.
    cloudy = [scene.clear_px for scene, state in zip(scenes, first, strict=True) if state == "too cloudy"]
    clear = [scene.clear_px for scene, state in zip(scenes, first, strict=True) if state in _SEEN]
    if cloudy and clear and max(cloudy) >= min(clear):
        yield f"a scene with {max(cloudy)} clear pixels was left out as too cloudy, one with {min(clear)} was used"


def _first(scene: SceneSection, rules: ObservationTable, start: date) -> str:
    day = date.fromisoformat(scene.date)
    if not rules.season_start_doy <= day.timetuple().tm_yday <= rules.season_end_doy:
        return "off season"
    if scene.median_index is None or scene.status == "too cloudy":
        return "too cloudy"
    return "history" if day < start else "used"


def _years_seen(s: Statement, plan: MonitoringPlan, scenes: Sequence[SceneSection]) -> Iterator[str]:
    """Unseen is not unharmed: the detectors refuse a year of the period that nobody looked at."""
    need = plan.scenes_needed
    dates = [scene.date for scene in scenes if scene.status in {"used", "layer"}]
    years = [int(day[:4]) for day in (set(dates) if plan.method.merges else dates)]
    if plan.method.monitors:
        for year in range(int(s.period.start[:4]), int(s.period.end[:4]) + 1):
            if years.count(year) < need:
                yield f"{year} has {years.count(year)} usable scenes, {need} are needed"
        return
    if len(set(years)) < len(years):
        yield "two extent maps are of one year"
    if int(s.period.end[:4]) not in years:
        yield f"no extent map is of {s.period.end[:4]}, the period's last year"
