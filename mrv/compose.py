"""Compose: the values of the rooms as the sections of a statement."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mrv.activity.strata import BUFFER, FOREST, LOSS, STRATA
from mrv.carbon.stock import Densities, densities, growth_rows, stock_rows
from mrv.carbon.tables import ROLES
from mrv.equations import percentage_speaks
from mrv.findings import findings
from mrv.gates import conclude, evaluate
from mrv.programme import art_trees
from mrv.programme.steps import MISSING, TEXT_VERIFIED, scope_limitation
from mrv.quantities import INDICATIVE
from mrv.scope import ABSENT, NOT_VERIFIED
from mrv.sections import MAPPED_AREA, ObservationSection, ProjectSection, SceneSection
from mrv.sources.radiometry import offset_agrees
from mrv.sources.store import pixel_digest
from mrv.statement import Statement, parse_statement
from mrv.uncertainty.approach1 import Interval, emission_uncertainty
from mrv.uncertainty.montecarlo import emission_draws, summarise
from mrv.units import KG_PER_M2_T_HA, decimal_str, from_epoch_day, kg_co2e

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.strata import ActivityData
    from mrv.carbon.tables import Factor
    from mrv.change.harmonic_monitor import ChangeMap
    from mrv.change.screening import SceneView, Screened
    from mrv.cube import Layer
    from mrv.plan import Claim, MonitoringPlan
    from mrv.project import Boundary
    from mrv.sources.items import Scene
    from mrv.sources.radiometry import OffsetDecision


def project_section(plan: MonitoringPlan, boundary: Boundary, *, area_m2: int, pixels: int) -> ProjectSection:
    """The project."""
    table = plan.project
    return ProjectSection(
        id=table.id, name=table.name, country=table.country, simulated=table.simulated,
        boundary_digest=boundary.digest, area_m2=area_m2, pixels=pixels,
    )  # fmt: skip


def evidence_sections(
    plan: MonitoringPlan,
    scenes: Sequence[Scene],
    offsets: Sequence[OffsetDecision],
    views: Sequence[SceneView],
    screened: Screened,
) -> list[SceneSection]:
    """Optical scenes, in time order."""
    radiometry = plan.source("optical").radiometry
    limit = radiometry.dark_limit_dn if radiometry else 0
    verdicts: dict[bool | None, Any] = {True: "passed", False: "failed", None: "not assessed"}
    return [
        SceneSection(
            id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
            offset_dn=offset.offset_dn, offset_rule=offset.rule,
            offset_check=verdicts[offset_agrees(offset, view.dark_dn, limit)], dark_dn=view.dark_dn,
            clear_px=view.clear_px, median_index=view.median_index, status=status, bands=_bands(scene),
        )
        for scene, offset, view, status in zip(scenes, offsets, views, screened.status, strict=True)
    ]  # fmt: skip


def layer_section(scene: Scene) -> SceneSection:
    """A layer that is not reflectance, such as tree cover."""
    return SceneSection(
        id=scene.id, source=scene.source, date=scene.day.isoformat(), processing_baseline=scene.baseline,
        offset_dn=0, offset_rule="none", offset_check="not assessed", dark_dn=None, clear_px=0, median_index=None,
        status="layer", bands=_bands(scene),
    )  # fmt: skip


def _bands(scene: Scene) -> list[Any]:
    return [{"band": band, "pixels": digest} for band, digest in sorted(scene.bands.items())]


def observation_section(
    layers: Sequence[Layer],
    screened: Screened,
    change: ChangeMap,
    forest: NDArray[np.bool_],
    activity: ActivityData,
) -> ObservationSection:
    """The observation record over the forest of the project."""
    days = sorted(layer.day for layer, state in zip(layers, screened.status, strict=True) if state in {"used", "history"})
    counts = sorted(int(count) for count in change.clear_count[forest]) or [0]
    return ObservationSection(
        first=from_epoch_day(days[0]).isoformat(),
        last=from_epoch_day(days[-1]).isoformat(),
        record_days=days[-1] - days[0],
        scenes_available=len(layers),
        scenes_used=len(days),
        longest_gap_days=max((b - a for a, b in pairwise(days)), default=0),
        clear_min=counts[0],
        clear_median=counts[(len(counts) - 1) // 2],
        clear_max=counts[-1],
        unmonitored_px=activity.unmonitored_px,
    )


def compose(
    plan: MonitoringPlan,
    claim: Claim,
    *,
    project: ProjectSection,
    grid: GeoBox,
    code_digest: str,
    evidence: list[SceneSection],
    observation: ObservationSection,
    activity: ActivityData,
    maps: Mapping[str, NDArray[Any]],
    factors: Mapping[str, Factor],
    seed: str,
) -> Statement:
    """The whole statement: sections first, then the gates that read them, then the conclusion.

    Raises:
        StatementError: A section does not fit the schema.
    """
    stock = densities(factors)
    quantities = _quantities(claim, activity, stock, gwp=plan.factors.gwp)
    uncertainty = _uncertainty(plan, claim, activity, factors, seed)
    draft = parse_statement(
        {
            "schema": "mrv.statement/1",
            "project": project.model_dump(),
            "period": {"name": claim.period, "start": claim.start.isoformat(), "end": claim.end.isoformat()},
            "claim": {
                "vintages": [{"year": int(year), "t_co2e": t} for year, t in sorted(claim.vintages.items())],
                "article6": claim.article6,
                "assurance": claim.assurance,
            },
            "method": {
                "plan": plan.as_json(), "plan_digest": plan.digest(), "method_digest": plan.method_digest(),
                "code_digest": code_digest, "area_formula": plan.grid.area_formula,
            },
            "grid": {
                "crs": plan.grid.crs, "shape": list(grid.shape),
                "transform": [decimal_str(Fraction(value), places=9) for value in tuple(grid.affine)[:6]],
            },
            "evidence": [scene.model_dump() for scene in evidence],
            "observation": observation.model_dump(),
            "activity": _activity(activity, maps, grid),
            "factors": [factors[role].as_row() for role in ROLES],
            "stocks": stock_rows(stock),
            "growth": growth_rows(
                stock,
                standing_m2=sum(activity.area_m2[code] for code in (LOSS, BUFFER, FOREST)),
                loss_m2={row.year: row.area_m2 for row in activity.loss},
            ),
            "quantities": quantities,
            "uncertainty": uncertainty,
            "programme": _programme(plan, quantities["period_project_kg"], uncertainty),
            "gates": [],
            "conclusion": {"computed": "disclaimer", "basis": []},
            "findings": [],
            "absent": [{"input": a, "consequence": b, "remedy": c} for a, b, c in ABSENT],
            "not_verified": list(NOT_VERIFIED),
        }
    )  # fmt: skip
    found = draft.model_copy(update={"findings": findings(draft)})
    gated = found.model_copy(update={"gates": evaluate(found)})
    return gated.model_copy(update={"conclusion": conclude(gated)})


def _activity(activity: ActivityData, maps: Mapping[str, NDArray[Any]], grid: GeoBox) -> dict[str, Any]:
    return {
        "label": MAPPED_AREA,
        "estimator": "none",
        "frame_digest": None,
        "strata": [
            {
                "stratum": name, "pixels": activity.pixels[code], "area_m2": activity.area_m2[code],
                "se_m2": None, "ci90_m2": None,
            }
            for code, name in STRATA.items()
        ],
        "loss": [
            {
                "year": row.year, "pixels": row.pixels, "area_m2": row.area_m2,
                "mean_confidence_percent": row.confidence_percent, "weak_pixels": row.weak_px, "undated_pixels": row.undated_px,
            }
            for row in activity.loss
        ],
        "maps": [{"name": name, "pixels": pixel_digest(pixels, grid)} for name, pixels in maps.items()],
    }  # fmt: skip


def _quantities(claim: Claim, activity: ActivityData, stock: Densities, *, gwp: str) -> dict[str, Any]:
    emitted = {row.year: kg_co2e(row.area_m2, stock.emission) for row in activity.loss}
    unknown = dict.fromkeys(("baseline_kg", "leakage_kg", "gross_benefit_kg", "reductions_kg", "removals_kg"))
    vintages = [{"year": year, "project_kg": emitted[year], **unknown} for year in range(claim.start.year, claim.end.year + 1)]
    steps = [asdict(step) for step in scope_limitation(MISSING)]
    return {
        "label": INDICATIVE,
        "gwp": gwp,
        "vintages": vintages,
        "period_project_kg": sum(row["project_kg"] or 0 for row in vintages),
        "cumulative_project_kg": sum(emitted.values()),
        "cumulative_credited_t": 0,
        "prior_attestations": [],
        "steps": steps,
        "issuable_t": steps[-1]["result"],
    }


def _uncertainty(
    plan: MonitoringPlan, claim: Claim, activity: ActivityData, factors: Mapping[str, Factor], seed: str
) -> dict[str, Any]:
    first = emission_uncertainty({role: Interval(f.value, f.low, f.high) for role, f in factors.items()})
    area = sum(row.area_m2 for row in activity.loss if row.year >= claim.start.year)
    draws = summarise(emission_draws(factors, area_m2=area, seed=seed, draws=plan.random.draws, kg_per_m2_t_ha=KG_PER_M2_T_HA))
    half, mean = draws.half_width_90, draws.mean
    percent = decimal_str(Fraction(100 * half, mean), places=4) if percentage_speaks(mean, half) else None
    return {
        "scope": "factors only; the mapped area has no error estimate",
        "approach1_half_width_percent": None
        if first.half_width_percent is None
        else decimal_str(first.half_width_percent, places=4),
        "generator": plan.random.generator,
        "seed": seed,
        "draws": plan.random.draws,
        "mean_kg": mean,
        "q05_kg": draws.q05,
        "q95_kg": draws.q95,
        "hw90_kg": half,
        "mean_se_kg": draws.mean_se,
        "hw90_percent": percent,
        "contributions": [
            {"factor": factors[role].id, "variance_percent": decimal_str(first.variance_percent[role], places=4)}
            for role in ROLES
        ],
    }


def _programme(plan: MonitoringPlan, emission_kg: int, drawn: Mapping[str, Any]) -> dict[str, Any]:
    example = None
    if plan.programme.worked_example and emission_kg > 0 and drawn["mean_kg"] > 0:
        example = {
            "label": "worked example, not a quantity",
            "text_verified": TEXT_VERIFIED["art-trees-2.0"],
            "steps": [
                asdict(step)
                for step in art_trees.worked_example(emission_kg, mean_kg=drawn["mean_kg"], half_width_90_kg=drawn["hw90_kg"])
            ],
        }
    return {"id": plan.programme.id, "text_verified": TEXT_VERIFIED[plan.programme.id], "worked_example": example}
