"""Draw rules: what a Monte Carlo cannot have given, whatever was drawn; questions of ``mrv check``.

The draws themselves are computed again by ``mrv replay`` alone.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.carbon.pools import LOSS, fluxes
from mrv.units import KG_PER_T, decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mrv.plan import MonitoringPlan
    from mrv.sections.quantities import DrawnQuantity
    from mrv.statement import Statement


def draw_faults(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """What is wrong with the drawn quantities.

    Args:
        s: The statement.
        plan: Its plan.
    """
    rows: dict[tuple[str, str], DrawnQuantity] = {(row.quantity, row.span): row for row in s.uncertainty.drawn}
    for (quantity, span), row in rows.items():
        unit, name = _unit(row), f"{quantity} of the {span}"
        if any(value % unit for value in (row.mean_kg, row.q05_kg, row.q95_kg)):
            yield f"{name}: more digits than a Monte Carlo error of {row.mean_se_kg} kg supports"
        if not row.q05_kg - unit <= row.mean_kg <= row.q95_kg + unit:
            yield f"{name}: the mean lies outside the percentiles"
        if row.mean_se_kg == 0 and not row.q05_kg == row.mean_kg == row.q95_kg:
            yield f"{name}: draws that differ have an error"
        if span == "period" and s.period.start == str(plan.project.start) and rows.get((quantity, "cumulative")):
            other = rows[quantity, "cumulative"]
            if row.model_dump(exclude={"span"}) != other.model_dump(exclude={"span"}):
                yield f"{quantity}: the period is all there is, yet its draws differ from the cumulative ones"
    for span in ("period", "cumulative"):
        yield from _net(rows, span)
    yield from _chance(s, rows)
    yield from _ranking(s, plan)


def _unit(row: DrawnQuantity) -> int:
    return int(10 ** (len(str(row.mean_se_kg)) - 1))


def _net(rows: Mapping[tuple[str, str], DrawnQuantity], span: str) -> Iterator[str]:
    """Means add up, whatever the draws are: net = baseline − project − leakage."""
    signs = {"net benefit": -1, "baseline": 1, "project": -1, "leakage": -1}
    parts = [(sign, rows[name, span]) for name, sign in signs.items() if (name, span) in rows]
    if ("net benefit", span) in rows and 2 * abs(sum(sign * row.mean_kg for sign, row in parts)) > sum(
        _unit(row) for _, row in parts
    ):
        yield f"means of the {span} do not add up to the net benefit's"


def _chance(s: Statement, rows: Mapping[tuple[str, str], DrawnQuantity]) -> Iterator[str]:
    """The share of draws that reach the claim, against the percentiles of the same draws."""
    text, row = s.uncertainty.confidence_in_claim_percent, rows.get(("net benefit", "period"))
    if text is None or row is None:
        return
    share, draws = Fraction(text), s.uncertainty.draws
    if not 0 <= share <= 100 or decimal_str(Fraction(100 * round(share * draws / 100), draws), places=2) != text:
        yield f"{text} % is no share of {draws} draws"
    claim, unit = KG_PER_T * sum(vintage.t_co2e for vintage in s.claim.vintages), _unit(row)
    bounds = (
        (claim + unit <= row.q05_kg, 95, 100), (claim - unit > row.q05_kg, 0, 95),
        (claim + unit <= row.q95_kg, 5, 100), (claim - unit > row.q95_kg, 0, 5),
    )  # fmt: skip
    if any(holds and not low <= share <= high for holds, low, high in bounds):
        yield f"{text} % of draws reach {claim} kg, whose 90 % lie from {row.q05_kg} to {row.q95_kg} kg"


def _ranking(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """Components of the variance: those that vary, each once, the largest first."""
    rows = [(Fraction(row.variance_percent), row.component) for row in s.uncertainty.contributions]
    if any(one[0] < two[0] for one, two in pairwise(rows)) or any(share < 0 for share, _ in rows):
        yield "contributions to the variance are not in order"
    if len({name for _, name in rows}) < len(rows) or {name for _, name in rows} != _varying(s, plan):
        yield f"contributions are of {sorted(name for _, name in rows)}, what varies is {sorted(_varying(s, plan))}"


def _varying(s: Statement, plan: MonitoringPlan) -> set[str]:
    years = range(int(s.period.start[:4]), int(s.period.end[:4]) + 1)
    factors = {row.role: row for row in s.factors}
    roles = set(_roles(s, plan, years))
    found = {
        "plots" if factors[role].distribution == "drawn from plots" else factors[role].id
        for role in roles & set(factors)
        if factors[role].low != factors[role].high
    }
    levels = [row for row in s.quantities.reference_level if row.year in years]
    leaks = [row for row in s.quantities.leakage if row.year in years]
    if s.activity.sample is not None and any(row.ci90_m2[0] < row.ci90_m2[1] for row in s.activity.estimates):
        found.add("area")
    if any(Fraction(row.se) for row in levels):
        found.add("reference level")
    if s.quantities.reference_level and any(Fraction(row.se) for row in leaks):
        found.add("leakage")
    return found


def _roles(s: Statement, plan: MonitoringPlan, years: Iterable[int]) -> Iterator[str]:
    """Roles that enter the net benefit of some years, or the project's emissions where there is no reference level."""
    areas = {(flow.activity, flow.year) for flow in s.quantities.flows}
    given = bool(s.quantities.reference_level)
    rows = [*s.quantities.reference_level, *(s.quantities.leakage if given else ())]
    hectares = {row.year for row in rows if row.unit == "ha" and (Fraction(row.se) or Fraction(row.quantity))}
    for year in years:
        for flux in fluxes(plan):
            if (flux.activity, year) in areas or (flux.activity == LOSS and year in hectares):
                for _, roles in flux.products(year - 1 - s.quantities.stock_year):
                    if set(roles) <= {row.role for row in s.factors}:
                        yield from roles
