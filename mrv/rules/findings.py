"""Findings: typed remarks about the data, from the statement's own tables; made when it is built and again by a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.carbon.pools import degradation_of
from mrv.rules.extent_findings import extent_findings
from mrv.rules.merged import merging_findings
from mrv.sections import FindingSection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.statement import Statement


_OMITTED = {
    "dead wood": "its loss is not counted: emissions are understated",
    "litter": "its loss is not counted: emissions are understated",
    "soil organic carbon": "loss and accumulation are not counted",
}
"""Pools that a plan may leave out, and in which direction that errs."""
_FEW = 5
"""Units of omission below which Wald's interval falls short."""


def findings(statement: Statement) -> list[FindingSection]:
    """Every finding, in order.

    Args:
        statement: Its tables; findings, gates and conclusion are not read.
    """
    parts = (
        _factors, _pools, _scenes, _radiometry, merging_findings, _tree_cover, _loss, extent_findings, _sample, _plots,
        _project,
    )  # fmt: skip
    return [FindingSection(code=code, item=item, value=value) for part in parts for code, item, value in part(statement)]


def _factors(s: Statement) -> Iterator[tuple[str, str, str]]:
    for factor in s.factors:
        if factor.overridden:
            yield "factor.overridden", factor.id, factor.value
        elif not factor.verified:
            yield "factor.unverified", factor.id, factor.source


def _pools(s: Statement) -> Iterator[tuple[str, str, str]]:
    plan = s.method.plan
    counted = {entry["pool"] for entry in plan["pools"]}
    for pool, direction in _OMITTED.items():
        if pool not in counted:
            yield "pool.omitted", pool, direction
    classes = plan.get("reference", {}).get("classes", {}).values()
    for intensity in sorted({role.partition(":")[2] for role in classes if role.startswith("degraded:")}):
        if intensity not in plan["factors"].get("degradation", {}):
            rows = [row.area_m2 for row in s.activity.estimates if row.activity == degradation_of(intensity)]
            told = "no factor, so left out: project emissions understated, net benefit overstated"
            yield "degradation.omitted", intensity, f"{sum(rows)} m² degraded, {told}"


def _scenes(s: Statement) -> Iterator[tuple[str, str, str]]:
    for scene in s.evidence:
        if scene.status == "index step":
            yield "scene.index-step", scene.id, f"median index {scene.median_index}"
        if scene.offset_check == "failed":
            yield "scene.offset", scene.id, f"offset {scene.offset_dn} DN, dark vegetation at {scene.dark_dn} DN"


def _radiometry(s: Statement) -> Iterator[tuple[str, str, str]]:
    declared = sum(scene.offset_rule == "declared" for scene in s.evidence)
    for source in s.method.plan["sources"]:
        if declared and "radiometry" in source:
            reason = source["radiometry"].get("reason", "")
            yield "radiometry.declared", f"{declared} scenes without a processing baseline", reason


def _tree_cover(s: Statement) -> Iterator[tuple[str, str, str]]:
    covers = {source["id"] for source in s.method.plan["sources"] if source["role"] == "tree-cover"}
    for scene in s.evidence:
        if scene.source in covers and scene.date > s.method.plan["project"]["start"]:
            late = f"dated {scene.date}, after the project's start: loss before it may read as non-forest"
            yield "tree-cover.late", scene.id, late


def _loss(s: Statement) -> Iterator[tuple[str, str, str]]:
    for row in s.activity.loss:
        of = f"of {row.pixels} pixels of {row.year}"
        if row.undated_pixels:
            since = (
                "the maps before and after are more than a year apart"
                if row.mean_confidence_percent is None
                else "first anomalous in the year's first scene: lost since the last scene of the year before, perhaps then"
            )
            yield "activity.dating", f"{row.undated_pixels} {of}", since
        if row.weak_pixels:
            weak = (
                "no later map holds it yet; counted"
                if row.mean_confidence_percent is None
                else "confidence 50 % or less: half of what followed the break was normal; counted in full"
            )
            yield "activity.weak", f"{row.weak_pixels} {of}", weak
    if s.observation.unmonitored_px:
        maps = s.method.plan["method"]["change"]["detector"] == "extent-epochs/1"
        short = "history too short; counted as stable forest" if not maps else "no map before or after; counted as non-forest"
        yield "change.unmonitored", f"{s.observation.unmonitored_px} pixels", short


def _sample(s: Statement) -> Iterator[tuple[str, str, str]]:
    sample = s.activity.sample
    if sample is None:
        return
    if sample.gold is None:
        yield "sample.interpreters", "reference.csv", "interpreters' errors are not modelled: they are in the areas"
    for row in sample.strata:
        if row.responded < row.drawn:
            yield "sample.non-response", row.stratum, f"{row.drawn - row.responded} of {row.drawn} units: {sample.non_response}"
    big = max(range(len(sample.strata)), key=lambda i: sample.strata[i].area_m2)
    omitted = sum(row.hits[big] for row in s.activity.estimates if row.activity == "loss")
    if omitted < _FEW:
        few = f"{omitted} units of loss in it: Wald's interval would be too short; {sample.interval} is signed"
        yield "sample.rare-omission", sample.strata[big].stratum, few


def _plots(s: Statement) -> Iterator[tuple[str, str, str]]:
    if s.biomass is None:
        return
    if s.biomass.label == "model-based":
        yield "plots.purposive", "plots.csv", "chosen, not drawn: the estimate is model-based"
    for row in s.biomass.findings:
        yield row.code, row.item, row.value


def _project(s: Statement) -> Iterator[tuple[str, str, str]]:
    if s.project.simulated:
        yield "project.simulated", s.project.id, "this world is made, not measured"
