"""Evidence: which scenes and maps counted, why the others did not, and the tables beside them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mrv.page import Html, join, number, table, tag

if TYPE_CHECKING:
    from mrv.sections import MergedSection
    from mrv.statement import Statement

SCENE_STATUS = {
    "used": "monitored for change",
    "history": "from before the project; fits the first model of each pixel",
    "off season": "outside the growing season; left out",
    "too cloudy": "too few clear forest pixels; left out",
    "too little seen": "radar values over too little of the forest; left out",
    "no history": "too few radar images of its orbit before the project; left out",
    "index step": "forest median far off the history's (haze, shadow, wrong offset); left out",
    "layer": "a map, not a scene",
}


def evidence_section(s: Statement, materials: list[dict[str, Any]]) -> Html:
    """Scenes by status, the record, tables given, and every scene."""
    counts = Counter(str(scene.status) for scene in s.evidence)
    rows = [(status, number(counts[status]), words) for status, words in SCENE_STATUS.items() if counts[status]]
    return join([
        table("Scenes by status", ("Status", "Scenes", "Meaning"), rows, figures=(1,)),
        tag("p", _record(s, optical=set(counts) != {"layer"})),
        _merged(s.observation.merged) if s.observation.merged else "",
        _tables(s) if s.inputs else "",
        tag("p", f"The attestation lists {number(len(materials))} evidence files with their digests, "
            f"{number(sum(m['size'] for m in materials))} bytes."),
        tag("details", tag("summary", f"All {len(s.evidence)} scenes and layers"), _scenes(s)),
    ])  # fmt: skip


def _tables(s: Statement) -> Html:
    rows = [(row.name, tag("span", row.digest, class_="digest")) for row in s.inputs]
    return table("Tables the project gave", ("File", "Digest"), rows)


def _record(s: Statement, *, optical: bool) -> str:
    o = s.observation
    told = f"Record from {o.first} to {o.last} ({number(o.record_days)} days), longest gap {o.longest_gap_days} days. "
    if optical:
        return told + (
            f"A forest pixel of the project was clear {o.clear_min} to {o.clear_max} times (median {o.clear_median}). "
            f"{number(o.unmonitored_px)} forest pixels have too short a history and count as stable."
        )
    return told + (
        f"A forest pixel of the project has a value in {o.clear_min} to {o.clear_max} of the {o.scenes_used} maps (median "
        f"{o.clear_median}). {number(o.unmonitored_px)} pixels have none at the start or none after it."
    )


def _merged(merged: MergedSection) -> Html:
    """How several became one series, and the coefficients."""
    told = (
        f"Scenes make one series, one observation a day: {number(merged.observations)} observations, "
        f"{number(merged.shared_days)} of them of several scenes, at each pixel the mean of those that are clear. "
    )
    if merged.harmonise == "none":
        return tag("p", told, "Sensors are not harmonised.")
    if not merged.bandpass:
        return tag("p", told, f"Every sensor is the reference of {merged.harmonise}: nothing was adjusted.")
    rows = [(r.sensor, r.role, r.band, r.slope, r.offset, r.source, "yes" if r.verified else "no") for r in merged.bandpass]
    head = ("Sensor", "Band", "Coefficients of", "Slope", "Offset", "Source", "Verified")
    return join([
        tag("p", told, f"Bands are brought to the reference sensor's ({merged.harmonise}); medians are of adjusted bands."),
        table("Bandpass coefficients", head, rows, figures=(3, 4)),
    ])  # fmt: skip


def _scenes(s: Statement) -> Html:
    if all(e.status == "layer" for e in s.evidence):
        rows = [(e.date, e.id, e.source, e.processing_baseline or "not stated", len(e.bands)) for e in s.evidence]
        return table("Every map", ("Date", "Item", "Source", "Baseline", "Bands"), rows, figures=(4,))
    radar = any(e.offset_rule == "none" and e.status != "layer" for e in s.evidence)
    median = "Median NDVI × 10⁴; of radar, dB × 100" if radar else "Median NDVI × 10⁴"
    named = s.observation.merged is not None
    head = ("Date", "Item", *(("Source", "Sensor") if named else ()), "Status", "Clear forest px", median, "Offset, DN",
            "Offset by", "Offset check", "Dark blue, DN", "Baseline", "Bands")  # fmt: skip
    scenes = [
        (e.date, e.id, *((e.source, e.sensor or "as it is") if named else ()), e.status, number(e.clear_px),
         number(e.median_index, "none"), number(e.offset_dn), e.offset_rule, e.offset_check, number(e.dark_dn, "none"),
         e.processing_baseline or "not stated", len(e.bands))
        for e in s.evidence
    ]  # fmt: skip
    return table("Every scene found", head, scenes, figures=[at + 2 * named for at in (3, 4, 5, 8, 10)])
