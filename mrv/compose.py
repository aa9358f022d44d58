"""Compose: the values of the rooms as the sections of a statement."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.accounts.draws import draw
from mrv.accounts.tonnes import Told, quantities
from mrv.carbon.stock import growth_intervals, growth_rows, stock_rows
from mrv.programme.rows import authorisation_row, programme_row, worked_example
from mrv.rules.findings import findings
from mrv.rules.gates import conclude, evaluate
from mrv.rules.scope import absent, not_verified
from mrv.sections import ProjectSection
from mrv.sections.quantities import SCOPE_ESTIMATED, SCOPE_MAPPED
from mrv.sources.store import pixel_digest
from mrv.statement import Statement, parse_statement
from mrv.uncertainty.approach1 import approach1_percent
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Mapping

    from odc.geo.geobox import GeoBox

    from mrv.accounts.claimed import Claimed
    from mrv.accounts.draws import Drawn
    from mrv.accounts.ground import Ground
    from mrv.observe.observed import Observed
    from mrv.plan import Claim, MonitoringPlan
    from mrv.project import Boundary
    from mrv.sections import SceneSection


def project_section(plan: MonitoringPlan, boundary: Boundary, *, area_m2: int, pixels: int) -> ProjectSection:
    """The project."""
    table = plan.project
    return ProjectSection(
        id=table.id, name=table.name, country=table.country, kind=table.kind, simulated=table.simulated,
        boundary_digest=boundary.digest, area_m2=area_m2, pixels=pixels,
    )  # fmt: skip


def compose(
    plan: MonitoringPlan,
    claim: Claim,
    *,
    project: ProjectSection,
    grid: GeoBox,
    code_digest: str,
    observed: Observed,
    extra: list[SceneSection],
    inputs: Mapping[str, str],
    ground: Ground,
    claimed: Claimed,
    seed: str,
) -> Statement:
    """The whole statement: sections first, then the gates that read them, then the conclusion.

    Args:
        plan: The plan.
        claim: The claim of the period.
        project: The project.
        grid: The window.
        code_digest: Digest of the code.
        observed: What the detector saw.
        extra: Layers read besides.
        inputs: Digests of the project's tables by file name.
        ground: Areas and factors.
        claimed: What the project states.
        seed: Seed of the Monte Carlo.

    Raises:
        StatementError: A section does not fit the schema.
        PlanError: Accounts that no programme can take.
    """
    years = tuple(range(claim.start.year, claim.end.year + 1))
    values = {role: factor.value for role, factor in ground.factors.items()}
    drawn = draw(plan, ground, claimed, years=years, claim_t=sum(claim.vintages.values()), seed=seed)
    told = Told(plan, years, ground.areas, values, ground.stock_year, claimed, ground.activity.sample is not None)
    amounts, issued = quantities(told, drawn.spread)
    growth = growth_rows(plan, ground.areas, values, reference_year=ground.stock_year)
    draft = parse_statement(
        {
            "schema": "mrv.statement/2",
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
                "transform": [decimal_str(Fraction(value), places=15) for value in tuple(grid.affine)[:6]],
            },
            "inputs": [{"name": name, "digest": digest} for name, digest in sorted(inputs.items())],
            "evidence": [scene.model_dump() for scene in (*observed.evidence, *extra)],
            "observation": observed.observation.model_dump(),
            "activity": _activity(observed, ground, grid),
            "factors": [factor.as_row(role) for role, factor in ground.factors.items()],
            "biomass": ground.biomass,
            "stocks": stock_rows(plan, values),
            "growth": growth,
            "growth_intervals": growth_intervals(growth, drawn.growth),
            "quantities": amounts,
            "uncertainty": _uncertainty(plan, ground, drawn, seed),
            "programme": {
                **programme_row(plan, issued), "worked_example": worked_example(plan, amounts["period_project_kg"], drawn.rows),
            },
            "authorisation": authorisation_row(claimed.extract),
            "gates": [],
            "conclusion": {"computed": "disclaimer", "basis": [], "creditable_t": 0},
            "findings": [],
            "absent": absent(inputs, later=plan.is_later(claim.start)),
            "not_verified": not_verified(inputs, monitors=plan.method.monitors),
        }
    )  # fmt: skip
    found = draft.model_copy(update={"findings": findings(draft)})
    gated = found.model_copy(update={"gates": evaluate(found)})
    return gated.model_copy(update={"conclusion": conclude(gated)})


def _activity(observed: Observed, ground: Ground, grid: GeoBox) -> dict[str, Any]:
    activity, areas = observed.activity, ground.activity
    return {
        "label": areas.label,
        "estimator": areas.estimator,
        "strata": [
            {"stratum": name, "pixels": activity.pixels[code], "area_m2": activity.area_m2[code]}
            for code, name in activity.names.items()
        ],
        "loss": [
            {
                "year": row.year, "pixels": row.pixels, "area_m2": row.area_m2,
                "mean_confidence_percent": row.confidence_percent, "weak_pixels": row.weak_px, "undated_pixels": row.undated_px,
            }
            for row in activity.loss
        ],
        "maps": [{"name": name, "pixels": pixel_digest(pixels, grid)} for name, pixels in observed.maps.items()],
        "sample": areas.sample,
        "estimates": areas.estimates,
        "accuracy": areas.accuracy,
        **({} if observed.extents is None else {"extents": observed.extents.model_dump()}),
    }  # fmt: skip


def _uncertainty(plan: MonitoringPlan, ground: Ground, drawn: Drawn, seed: str) -> dict[str, Any]:
    return {
        "scope": SCOPE_ESTIMATED if ground.activity.sample else SCOPE_MAPPED,
        "approach1_half_width_percent": approach1_percent(ground.factors),
        "generator": plan.random.generator,
        "seed": seed,
        "draws": plan.random.draws,
        "drawn": drawn.rows,
        "contributions": drawn.contributions,
        "confidence_in_claim_percent": drawn.claim_percent,
    }
