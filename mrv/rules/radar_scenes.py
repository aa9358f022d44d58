"""Radar scene rules: what each row of radar evidence must be, by the plan and by the other rows of its source.

Pixels are not read, so medians and pixel counts are taken as stated; what the plan makes of them is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.plan import MonitoringPlan, Source
    from mrv.sections import SceneSection

_DB = 100
"""Integers per decibel."""


def radar_faults(scenes: Sequence[SceneSection], plan: MonitoringPlan, source: Source) -> Iterator[str]:
    """What is wrong with the rows of one radar source.

    Args:
        scenes: Its rows, in time order.
        plan: The plan.
        source: The source.
    """
    seen: set[tuple[str, object]] = set()
    for scene in scenes:
        said = (scene.offset_dn, scene.offset_rule, scene.offset_check, scene.dark_dn)
        if said != (0, "none", "not assessed", None):
            yield f"{scene.id} is a radar image, which has no radiometric offset"
        if (scene.geometry is not None) != source.is_image_radar:
            yield f"{scene.id} {'has an orbit, but is a mosaic' if scene.geometry else 'states no orbit'}"
        if (scene.median_index is None) != (scene.clear_px == 0):
            yield f"{scene.id} has {scene.clear_px} pixels and the median {scene.median_index}"
        look = (scene.date, _geometry(scene))
        if look in seen:
            yield f"{scene.id} is of the same day and orbit as another image"
        seen.add(look)
    for geometry in dict.fromkeys(_geometry(scene) for scene in scenes):
        yield from _statuses([scene for scene in scenes if _geometry(scene) == geometry], plan)
    unseen = [scene.clear_px for scene in scenes if scene.status == "too little seen"]
    looked = [scene.clear_px for scene in scenes if scene.status != "too little seen"]
    if unseen and looked and max(unseen) >= min(looked):
        yield f"an image with {max(unseen)} pixels was left out as too little seen, one with {min(looked)} was not"


def _statuses(scenes: Sequence[SceneSection], plan: MonitoringPlan) -> Iterator[str]:
    """Coverage, history and steps of the whole forest within one geometry, as the screening decides them."""
    rules, fewest, start = plan.method.radar, getattr(plan.method.change, "min_history", 0), plan.project.start.isoformat()
    assert rules is not None
    medians = {
        scene.id: scene.median_index for scene in scenes if scene.status != "too little seen" and scene.median_index is not None
    }
    past = sorted(medians[scene.id] for scene in scenes if scene.id in medians and scene.date < start)
    reference = past[(len(past) - 1) // 2] if past else 0
    kept = {name for name, median in medians.items() if abs(median - reference) <= rules.max_shift_db * _DB}
    enough = sum(scene.id in kept and scene.date < start for scene in scenes) >= fewest
    for scene in scenes:
        if scene.id not in medians:
            right = "too little seen"
        elif not enough:
            right = "no history"
        elif scene.id not in kept:
            right = "index step"
        else:
            right = "history" if scene.date < start else "used"
        if scene.status != right:
            yield f"{scene.id} is stated as {scene.status}, its date, orbit and median make it {right}"


def _geometry(scene: SceneSection) -> tuple[int, str] | None:
    return None if scene.geometry is None else (scene.geometry.relative_orbit, scene.geometry.direction)
