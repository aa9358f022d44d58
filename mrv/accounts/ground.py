"""Ground: what the reference sample and the plots say, or, where there are none, what the map and published factors say."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.accounts.draws import area_name
from mrv.accounts.measured import read_measured
from mrv.activity.accuracy_rows import accuracy_row
from mrv.activity.area_draws import area_draws
from mrv.activity.cohort import FATES, cohort_hits, fate
from mrv.activity.confidence_strata import StrataRules
from mrv.activity.estimate import ESTIMATOR, area_rows, areas_of, corrections, design_strata, events_of
from mrv.activity.panel import PANEL_FILES, read_panel
from mrv.activity.readings import READINGS_FILE, gold_counts, parse_readings
from mrv.carbon.pools import LOSS as LOST
from mrv.carbon.pools import STANDING
from mrv.carbon.tables import factors_for
from mrv.errors import PlanError
from mrv.sections.activity import ESTIMATED_AREA, MAPPED_AREA
from mrv.uncertainty.intervals import Z90
from mrv.uncertainty.propagation import Component
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.activity.panel import Panel
    from mrv.carbon.tables import Factor
    from mrv.inputs import Inputs
    from mrv.observe.observed import Observed
    from mrv.observe.window import Window
    from mrv.plan import Claim, MonitoringPlan
    from mrv.sources.items import Scene
    from mrv.sources.store import Store


@dataclass(frozen=True)
class Areas:
    """Activity data that enter the quantities."""

    label: str
    """Mapped, or estimated."""
    estimator: str
    """``none``, or the estimator."""
    areas: dict[tuple[str, int], int]
    """Area by (activity, year), m²."""
    components: list[Component]
    """Their draws; constants where mapped."""
    sample: dict[str, Any] | None = None
    """The sample, as a statement lists it."""
    estimates: list[dict[str, Any]] = field(default_factory=list)
    """Estimates, as a statement lists them."""
    accuracy: dict[str, Any] | None = None
    """Accuracy of the map."""


@dataclass(frozen=True)
class Ground:
    """Areas and factors, with their draws."""

    activity: Areas
    """Activity data."""
    factors: dict[str, Factor]
    """Factors by role, measured ones in the place of published ones."""
    biomass: dict[str, Any] | None
    """What the plots say, as a statement lists it."""
    stock_year: int
    """Year at whose end the stock per hectare was what the factors say."""
    components: list[Component]
    """Draws of areas and of measured factors."""
    layers: list[Scene]
    """Layers read besides the detector's."""

    @property
    def areas(self) -> dict[tuple[str, int], int]:
        """Area by (activity, year), m²."""
        return self.activity.areas


def read_ground(
    plan: MonitoringPlan,
    claim: Claim,
    inputs: Inputs,
    scenes: Sequence[Scene],
    seen: Observed,
    *,
    window: Window,
    store: Store,
    seed: str,
) -> Ground:
    """Read the sample and the plots, if there are any.

    Args:
        plan: The plan.
        claim: The claim.
        inputs: Tables beside the plan.
        scenes: Evidence.
        seen: What the detector saw.
        window: Where.
        store: The store.
        seed: Seed of the statement.

    Raises:
        PlanError: Names the table, its place and the remedy.
    """
    activity = _areas(plan, claim, inputs, seen, window=window, seed=seed)
    measured = read_measured(plan, inputs, scenes, seen, window=window, store=store, seed=seed)
    return Ground(
        activity=activity,
        factors={**factors_for(plan.factors), **measured.factors},
        biomass=measured.section,
        stock_year=measured.stock_year,
        components=[*activity.components, *measured.components],
        layers=measured.layers,
    )


def _areas(plan: MonitoringPlan, claim: Claim, inputs: Inputs, seen: Observed, *, window: Window, seed: str) -> Areas:
    given = [name for name in PANEL_FILES if name in inputs]
    if plan.reference is None:
        if given:
            raise PlanError(
                f"{given[0]} is there, but the plan has no [reference]", code="reference.plan", field="reference",
                hint="add [reference] with interval, response_design and classes, or remove the file",
            )  # fmt: skip
        return mapped_areas(plan, seen)
    if "reference.csv" not in inputs:
        return mapped_areas(plan, seen)
    return _estimated(plan, claim, panel_of(plan, claim, inputs, window), inputs, seed=seed)


def panel_of(plan: MonitoringPlan, claim: Claim, inputs: Inputs, window: Window) -> Panel:
    """The project's probability sample, held against the plan.

    Args:
        plan: The plan, with ``[reference]``.
        claim: The claim; later labels are not read.
        inputs: Tables beside the plan.
        window: Where.

    Raises:
        PlanError: What :func:`mrv.activity.panel.read_panel` refuses.
    """
    assert plan.reference is not None
    return read_panel(
        inputs.files,
        project=plan.project.id,
        grid=window.grid,
        inside=window.inside,
        classes=plan.reference.classes,
        response_design=plan.reference.response_design,
        rules=StrataRules.of(plan),
        last_year=claim.end.year,
    )


def mapped_areas(plan: MonitoringPlan, seen: Observed) -> Areas:
    """Mapped areas, taken as they are: constants, since nothing is known of their error."""
    import numpy as np

    left = seen.activity.forest_m2
    areas: dict[tuple[str, int], int] = {}
    for row in seen.activity.loss:
        left -= row.area_m2
        areas[LOST, row.year], areas[STANDING, row.year] = row.area_m2, left
    count = plan.random.draws
    components = [
        Component(area_name(*event), Fraction(value), np.full(count, value, np.int64), "area") for event, value in areas.items()
    ]
    return Areas(MAPPED_AREA, "none", areas, components)


def check_panel(plan: MonitoringPlan, claim: Claim, panel: Panel, inputs: Inputs) -> dict[str, Any] | None:
    """Whether a panel's labels serve a period; and the units that an expert read as well, where the plan names one.

    Args:
        plan: The plan.
        claim: The claim.
        panel: The panel.
        inputs: Tables beside the plan.

    Raises:
        PlanError: The labels are of other years, or the expert's readings are missing.
    """
    years, wanted = panel.reference.years, (plan.project.start.year - 1, claim.end.year)
    if (years[0], years[-1]) != wanted:
        raise PlanError(
            f"labels run from {years[0]} to {years[-1]}, not from {wanted[0]} to {wanted[1]} (the frame is of period "
            f"{panel.frame.period.name})",
            code="reference.year", file="reference.csv",
            hint="interpret the panel's later years too: a column a year, from the year before the project to the period's end",
        )  # fmt: skip
    return _gold(panel, inputs, plan.reference.expert if plan.reference else None)


def _estimated(plan: MonitoringPlan, claim: Claim, panel: Panel, inputs: Inputs, *, seed: str) -> Areas:
    reference, table = panel.reference, plan.reference
    assert table is not None
    first, start, end = plan.project.start.year, claim.start.year, claim.end.year
    gold = check_panel(plan, claim, panel, inputs)
    years = list(range(first, end + 1))
    strata = [
        {"stratum": row.name, "units": row.units, "area_m2": row.area_m2, "drawn": row.drawn, "responded": row.responded}
        for row in reference.strata
    ]
    design, hits = design_strata(strata), cohort_hits(reference)
    counts = None if gold is None else gold["counts"]
    rows = area_rows(design, hits, events_of(table.intensities, years), method=table.interval, gold=counts)
    areas = areas_of(rows, years)
    drawn = area_draws(
        reference, design, rows, intensities=table.intensities, before=range(first, start), period=range(start, end + 1),
        method=table.interval, corrected=corrections(design, hits, counts), seed=seed, draws=plan.random.draws,
    )  # fmt: skip
    return Areas(
        label=ESTIMATED_AREA,
        estimator=ESTIMATOR,
        areas=areas,
        components=[Component(area_name(*event), Fraction(areas[event]), values, "area") for event, values in drawn.items()],
        sample={
            "frame_digest": panel.frame.digest(), "map_digest": panel.frame.map, "beacon": panel.sample.beacon,
            "beacon_source": panel.sample.beacon_source, "committed_at": panel.sample.committed_at,
            "beacon_at": panel.sample.beacon_at, "seed": panel.sample.seed,
            "response_design": table.response_design, "non_response": reference.rule, "gold": gold,
            "fpc": True, "interval": table.interval, "z": decimal_str(Z90, places=16), "strata": strata,
        },
        estimates=rows,
        accuracy=accuracy_row(reference, design),
    )  # fmt: skip


def _gold(panel: Panel, inputs: Inputs, expert: str | None) -> dict[str, Any] | None:
    """Units by true and reported fate, where the plan names an expert."""
    if expert is None:
        return None
    if READINGS_FILE not in inputs:
        raise PlanError(
            "is missing", code="reference.gold", file=READINGS_FILE, field="reference.expert",
            hint=f"give the readings of {expert}, or take reference.expert out of the plan",
        )  # fmt: skip
    years = panel.reference.years
    readings = parse_readings(inputs[READINGS_FILE], frame=panel.frame, drawn=panel.drawn, years=years)
    found = gold_counts(readings, panel.reference, truth=expert, classify=lambda roles: fate(years, roles))
    return {
        "expert": expert, "classes": list(FATES),
        "counts": [[found.get((true, said), 0) for said in FATES] for true in FATES],
    }  # fmt: skip
