"""Input integrity: the gate on what was read, its radiometry and its versions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from mrv.plan import STEP_OBSERVATIONS
from mrv.rules.gate import gate
from mrv.sections.activity import GAINED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.sections import GateSection, SceneSection
    from mrv.statement import Statement


def input_integrity(statement: Statement) -> GateSection:
    """A used scene whose dark vegetation contradicts its offset, an offset nobody could check, or steps in a row.

    A single scene off the others is haze and is left out.  Several in a row would be the loss of the whole forest, which
    leaving them out would hide.
    """
    change = statement.method.plan["method"]["change"]
    if change["detector"] == "extent-epochs/1":
        if "version_step" in change:
            return _versions(statement, int(change["version_step"]["most_px"]))
        return gate(
            "input integrity", ok=None, measured=f"{statement.observation.scenes_used} classified maps, no reflectance",
            limit="every offset agrees with dark vegetation",
        )  # fmt: skip
    scenes = [scene for scene in statement.evidence if scene.status in {"used", "history"}]
    used = [scene for scene in scenes if scene.offset_rule != "none"]  # radar is calibrated by its publisher
    steps, longest = _steps_in_a_row(statement), int(change.get("consecutive", STEP_OBSERVATIONS))
    failed = [scene.id for scene in used if scene.offset_check == "failed"]
    wrong = [told for told in (_unmonitored(statement), _not_green(used)) if told]
    unknown = sum(scene.offset_check == "not assessed" for scene in used)
    return gate(
        "input integrity",
        ok=False if failed or wrong or steps >= longest else None if unknown or not used else True,
        measured=f"{len(scenes)} scenes used, {_radar_words(len(scenes) - len(used))}{len(failed)} contradict their offset, "
        f"{unknown} not assessed"
        + (f": {failed[0]}" if failed else "")
        + f"; {steps} scenes left out in a row for a step of the whole forest"
        + "".join(f"; {told}" for told in wrong),
        limit=f"every offset agrees with dark vegetation; fewer than {longest} steps in a row, for more are no haze but the "
        "forest or its radiometry",
    )


def _unmonitored(s: Statement) -> str | None:
    """That a detector sees less than half of the forest: what it maps stratifies nothing."""
    forest = sum(row.pixels for row in s.activity.strata if row.stratum not in {"stable non-forest", GAINED})
    blind = s.observation.unmonitored_px
    return f"{blind} of {forest} forest pixels not monitored, more than half" if 2 * blind > forest else None


def _not_green(used: Sequence[SceneSection]) -> str | None:
    """That the forest of the history is not green: its bands are swapped, or it is no forest."""
    medians = sorted(scene.median_index for scene in used if scene.status == "history" and scene.median_index is not None)
    middle = medians[(len(medians) - 1) // 2] if medians else 0
    return (
        f"the forest's median NDVI in the history is {middle} × 10⁻⁴: are red and near infrared swapped?"
        if middle < 0
        else None
    )


def _versions(statement: Statement, most_px: int) -> GateSection:
    """Maps of one version, or steps between versions that end within the rings looked at."""
    found = statement.activity.extents
    if found is None:
        raise ValueError("the plan asks for an account of extent maps, and there is none")
    versions = list(dict.fromkeys(str(row.version) for row in found.epochs))
    steps = [f"{row.year} {row.width_px} px wide" for row in found.version_steps]
    return gate(
        "input integrity",
        ok=all(row.width_px < most_px for row in found.version_steps),
        measured=f"{len(found.epochs)} classified maps, version {', '.join(versions)}"
        + (f"; step of {', '.join(steps)}, laid aside" if steps else ""),
        limit=f"the version of every map known; a step between versions ends within the {most_px} px looked at, for what lies "
        "beyond would be counted as change",
    )


def _steps_in_a_row(s: Statement) -> int:
    """Most scenes of one series in a row that were left out for a step of the whole forest; scenes merged by day are one."""
    merges = s.observation.merged is not None
    series: dict[str, list[SceneSection]] = {}
    for scene in s.evidence:
        if scene.status in {"used", "history", "index step"}:
            series.setdefault("" if merges else scene.source, []).append(scene)
    most = 0
    for scenes in series.values():
        run = 0
        for _, same in groupby(sorted(scenes, key=lambda one: (one.date, one.id)), lambda one: one.date if merges else one.id):
            run = run + 1 if all(one.status == "index step" for one in same) else 0
            most = max(most, run)
    return most


def _radar_words(images: int) -> str:
    return f"{images} of them radar, " if images else ""
