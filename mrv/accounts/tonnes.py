"""Tonnes: from areas, factors and what is claimed to a programme's accounts; integers and fractions only.

Run when a statement is built and again, from its own tables, when it is checked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mrv.carbon.pools import LOSS, METHANE, flows, fluxes, product
from mrv.programme.accounts import Accounts, Spread, Totals, Vintage
from mrv.programme.rules import RULES
from mrv.programme.steps import scope_limitation
from mrv.sections.quantities import CREDITABLE, INDICATIVE
from mrv.units import KG_PER_T, M2_PER_HA, decimal_str, round_half_even

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mrv.accounts.baseline import LevelRow
    from mrv.accounts.claimed import Claimed
    from mrv.carbon.pools import Flow
    from mrv.plan import MonitoringPlan
    from mrv.programme.steps import Issuance


def loss_kg_per_ha(plan: MonitoringPlan, values: Mapping[str, Fraction], *, year: int, stock_year: int) -> Fraction:
    """What a hectare of loss emits in a year, kg CO2e: the project's own emission factor, shared with its baseline.

    Args:
        plan: The plan.
        values: Central values by role.
        year: Year of loss.
        stock_year: Year at whose end the stock per hectare was what the factors say.
    """
    age = year - 1 - stock_year
    return M2_PER_HA * sum(
        (
            flux.kg_per_m2 * count * product(values, roles)
            for flux in fluxes(plan)
            if flux.activity == LOSS
            for count, roles in flux.products(age)
        ),
        Fraction(0),
    )


def level_kg(plan: MonitoringPlan, row: LevelRow, values: Mapping[str, Fraction], *, stock_year: int) -> int:
    """A row of the reference level or of leakage in kg CO2e, positive to the atmosphere, rounded once."""
    per_unit = (
        Fraction(KG_PER_T) if row.unit == "t CO2e" else loss_kg_per_ha(plan, values, year=row.year, stock_year=stock_year)
    )
    return round_half_even(Fraction(row.quantity) * per_unit)


def level_rows(
    plan: MonitoringPlan, rows: Iterable[LevelRow], values: Mapping[str, Fraction], *, stock_year: int, last_year: int
) -> list[dict[str, Any]]:
    """Rows from the project's first year to a last one, as a statement lists them."""
    first = plan.project.start.year
    return [
        {
            "year": row.year, "flow": row.flow, "quantity": decimal_str(row.quantity, places=9),
            "se": decimal_str(row.se, places=9), "unit": row.unit, "method": row.method, "document": row.document,
            "kg_co2e": level_kg(plan, row, values, stock_year=stock_year),
        }
        for row in rows
        if first <= row.year <= last_year
    ]  # fmt: skip


def flow_rows(flows: Sequence[Flow]) -> list[dict[str, Any]]:
    """Fluxes as a statement lists them."""
    return [asdict(flow) for flow in flows]


def project_kg(flows: Sequence[Flow], year: int, kind: str) -> int:
    """Project emissions or removals of a year."""
    return sum(flow.kg_co2e for flow in flows if flow.year == year and flow.kind == kind)


def methane_kg(flows: Sequence[Flow], year: int) -> int:
    """The part of a year's emissions that is no change of a carbon stock."""
    return sum(flow.kg_co2e for flow in flows if flow.year == year and flow.pool == METHANE)


def levels_kg(rows: Sequence[Mapping[str, Any]], year: int, flow: str | None = None) -> int:
    """Sum of a year's rows of the reference level or of leakage."""
    return sum(row["kg_co2e"] for row in rows if row["year"] == year and flow in {None, row["flow"]})


def vintage_rows(
    flows: Sequence[Flow],
    *,
    years: Iterable[int],
    reference_level: Sequence[Mapping[str, Any]],
    leakage: Sequence[Mapping[str, Any]],
    has_level: bool,
    has_leakage: bool,
    issuable_t: Mapping[int, int],
) -> list[dict[str, Any]]:
    """Quantities by vintage, as a statement lists them.

    Args:
        flows: Every flux.
        years: Vintages.
        reference_level: Its rows, in kg.
        leakage: Its rows, in kg.
        has_level: Whether a reference level is given.
        has_leakage: Whether leakage is given.
        issuable_t: Issuable tonnes by vintage.
    """
    found = []
    for year in years:
        emitted, removed = project_kg(flows, year, "emission"), project_kg(flows, year, "removal")
        row: dict[str, Any] = {
            "year": year, "project_emissions_kg": emitted, "project_removals_kg": removed,
            "leakage_kg": levels_kg(leakage, year) if has_leakage else None, "issuable_t": issuable_t.get(year, 0),
        }  # fmt: skip
        names = ("baseline_emissions_kg", "baseline_removals_kg", "gross_benefit_kg", "reductions_kg", "removals_kg")
        if has_level:
            base = levels_kg(reference_level, year, "emissions"), levels_kg(reference_level, year, "removals")
            avoided, added = base[0] - emitted, base[1] - removed
            row |= dict(zip(names, (*base, avoided + added, avoided, added), strict=True))
        else:
            row |= dict.fromkeys(names)
        found.append(row)
    return found


def find_spread(rows: Iterable[Mapping[str, Any]], quantity: str, span: str) -> Spread:
    """Mean and half-width of one of a statement's drawn quantities; zeros where it was not drawn."""
    for row in rows:
        if (row["quantity"], row["span"]) == (quantity, span):
            return Spread(row["mean_kg"], row["hw90_kg"])
    return Spread(0, 0)


CREDITABLE_WITH = ("reference sample", "reference level", "leakage", "risk report", "prior credits")
"""Inputs without which nothing is creditable; prior credits only after the project's first period."""


@dataclass(frozen=True)
class Told:
    """What the quantities of a statement are made of."""

    plan: MonitoringPlan
    """The plan."""
    years: tuple[int, ...]
    """The period's years."""
    areas_m2: Mapping[tuple[str, int], int]
    """Area by (activity, year), m²."""
    values: Mapping[str, Fraction]
    """Central values by role."""
    stock_year: int
    """Year at whose end the stock per hectare was what the factors say."""
    claimed: Claimed
    """What the project states."""
    estimated: bool
    """Whether the areas are estimates from a probability sample."""

    @property
    def first_year(self) -> int:
        """The project's first year."""
        return self.plan.project.start.year

    def missing(self) -> tuple[str, ...]:
        """Inputs without which nothing is creditable."""
        claimed, first = self.claimed, self.years[0] == self.first_year
        given = (self.estimated, claimed.level is not None, claimed.leakage is not None, claimed.risk is not None,
                 claimed.prior is not None or first)  # fmt: skip
        return tuple(name for name, there in zip(CREDITABLE_WITH, given, strict=True) if not there)


def quantities(told: Told, spread: Callable[[str, str], Spread]) -> tuple[dict[str, Any], Issuance | None]:
    """The quantities section, and what the programme issued; None where evidence is missing.

    Args:
        told: What they are made of.
        spread: Mean and half-width of a drawn quantity over a span.

    Raises:
        PlanError: Accounts that no programme can take, such as emissions of a year below zero.
    """
    plan, claimed = told.plan, told.claimed
    every = range(told.first_year, told.years[-1] + 1)
    found = flows(plan, told.areas_m2, told.values, reference_year=told.stock_year)
    level = level_rows(plan, claimed.level_rows(every), told.values, stock_year=told.stock_year, last_year=every[-1])
    leaks = level_rows(plan, claimed.leakage_rows(every), told.values, stock_year=told.stock_year, last_year=every[-1])
    missing = told.missing()
    issued = None if missing else RULES[plan.programme.id](_accounts(told, found, level, leaks, spread))
    issuable = issued.issuable_t_by_vintage if issued else {}
    has_level, has_leakage = claimed.level is not None, claimed.leakage is not None
    rows = vintage_rows(
        found, years=told.years, reference_level=level, leakage=leaks, has_level=has_level, has_leakage=has_leakage,
        issuable_t=issuable,
    )  # fmt: skip
    cumulative = sum(flow.kg_co2e for flow in found)
    steps = issued.steps if issued else scope_limitation(missing)
    creditable = issued is not None and issued.issuable_t > 0
    return {
        "label": CREDITABLE if creditable else INDICATIVE,
        "gwp": plan.factors.gwp,
        "stock_year": told.stock_year,
        "flows": flow_rows(found),
        "reference_level": level,
        "leakage": leaks,
        "vintages": rows,
        "period_project_kg": sum(row["project_emissions_kg"] + row["project_removals_kg"] for row in rows),
        "cumulative_project_kg": cumulative,
        "cumulative_benefit_kg": sum(row["kg_co2e"] for row in level) - cumulative - sum(row["kg_co2e"] for row in leaks)
        if has_level else None,
        "prior": [asdict(row) for row in claimed.prior or ()],
        "cumulative_credited_t": sum(row.t_co2e for row in claimed.prior or ()),
        "risk": _risk(claimed),
        "steps": [asdict(step) for step in steps],
        "buffer_t": issued.buffer_t if issued else 0,
        "issuable_t": issued.issuable_t if issued else 0,
    }, issued  # fmt: skip


def _risk(claimed: Claimed) -> dict[str, str] | None:
    if claimed.risk is None:
        return None
    row = asdict(claimed.risk)
    return {name: decimal_str(value) if isinstance(value, Decimal) else str(value) for name, value in row.items()}


def _accounts(
    told: Told,
    found: Sequence[Flow],
    level: Sequence[Mapping[str, Any]],
    leaks: Sequence[Mapping[str, Any]],
    spread: Callable[[str, str], Spread],
) -> Accounts:
    before = range(told.first_year, told.years[0])
    cap = told.plan.programme.net_at_year_100_t
    return Accounts(
        vintages=tuple(
            Vintage(
                year=year,
                baseline_emissions_kg=levels_kg(level, year, "emissions"),
                baseline_removals_kg=levels_kg(level, year, "removals"),
                project_emissions_kg=project_kg(found, year, "emission"),
                project_removals_kg=project_kg(found, year, "removal"),
                leakage_kg=levels_kg(leaks, year),
                non_stock_benefit_kg=-methane_kg(found, year),
            )
            for year in told.years
        ),
        baseline=spread("baseline", "cumulative"),
        project=spread("project", "cumulative"),
        gross=spread("gross emissions", "period"),
        net=spread("net benefit", "period"),
        before=Totals(
            baseline_kg=sum(levels_kg(level, year) for year in before),
            project_kg=sum(flow.kg_co2e for flow in found if flow.year in before),
            leakage_kg=sum(levels_kg(leaks, year) for year in before),
        ),
        prior=told.claimed.prior or (),
        risk=told.claimed.risk,
        net_at_year_100_kg=None if cap is None else cap * KG_PER_T,
    )
