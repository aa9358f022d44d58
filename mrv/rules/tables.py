"""Tables: a statement beside what follows from its tables, computed once for all questions that need it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mrv.accounts.baseline import Leakage, LevelRow, ReferenceLevel
from mrv.accounts.claimed import Claimed
from mrv.accounts.tonnes import Told, find_spread, quantities
from mrv.activity.estimate import areas_of
from mrv.carbon.pools import LOSS, STANDING
from mrv.plan import MonitoringPlan, plan_from_json
from mrv.programme.credits import PriorCredit, RiskReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.programme.steps import Issuance
    from mrv.sections.quantities import LevelSection, RiskSection
    from mrv.statement import Statement


class Tables:
    """A statement's tables; what cannot be computed from them raises at each question that needs it."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement

    @cached_property
    def plan(self) -> MonitoringPlan:
        """The embedded plan.

        Raises:
            PlanError: It is none.
        """
        return plan_from_json(self.statement.method.plan)

    @cached_property
    def years(self) -> range:
        """Years from the project's first to the period's last."""
        s = self.statement
        return range(int(s.method.plan["project"]["start"][:4]), int(s.period.end[:4]) + 1)

    @cached_property
    def names(self) -> set[str]:
        """Files that the project gave."""
        return {row.name for row in self.statement.inputs}

    @cached_property
    def values(self) -> dict[str, Fraction]:
        """Central value of every factor, by role."""
        return {row.role: Fraction(row.value) for row in self.statement.factors}

    @cached_property
    def areas_m2(self) -> dict[tuple[str, int], int]:
        """Areas that carry carbon, by (activity, year), m²."""
        s = self.statement
        if s.activity.sample is not None:
            return areas_of([row.model_dump() for row in s.activity.estimates], list(self.years))
        standing = sum(row.area_m2 for row in s.activity.strata if row.stratum not in {"stable non-forest", "gain of forest"})
        found: dict[tuple[str, int], int] = {}
        for row in s.activity.loss:
            standing -= row.area_m2
            found[LOSS, row.year], found[STANDING, row.year] = row.area_m2, standing
        return found

    @cached_property
    def claimed(self) -> Claimed:
        """What the project states."""
        q, names = self.statement.quantities, self.names
        return Claimed(
            level=ReferenceLevel(tuple(_level(row) for row in q.reference_level)) if "reference_level.csv" in names else None,
            leakage=Leakage(tuple(_level(row) for row in q.leakage)) if "leakage.toml" in names else None,
            prior=tuple(PriorCredit(**row.model_dump()) for row in q.prior) if "prior_credits.csv" in names else None,
            risk=None if q.risk is None else _risk(q.risk),
        )

    @cached_property
    def amounts(self) -> tuple[dict[str, Any], Issuance | None]:
        """The quantities section, and what the programme issues."""
        s = self.statement
        told = Told(
            plan=self.plan,
            years=tuple(range(int(s.period.start[:4]), int(s.period.end[:4]) + 1)),
            areas_m2=self.areas_m2,
            values=self.values,
            stock_year=s.quantities.stock_year,
            claimed=self.claimed,
            estimated=s.activity.sample is not None,
        )
        rows = [row.model_dump() for row in s.uncertainty.drawn]
        return quantities(told, lambda quantity, span: find_spread(rows, quantity, span))


def _level(row: LevelSection) -> LevelRow:
    return LevelRow(row.year, row.flow, Decimal(row.quantity), row.unit, Decimal(row.se), row.method, row.document)


def _risk(row: RiskSection) -> RiskReport:
    return RiskReport(
        risk_rating_percent=Decimal(row.risk_rating_percent),
        buffer_percent=Decimal(row.buffer_percent),
        loss_event_threshold_percent=Decimal(row.loss_event_threshold_percent),
        document=row.document,
        as_of=date.fromisoformat(row.as_of),
    )


def differs(what: str, stated: object, computed: object) -> Iterator[str]:
    """How what is stated differs from what was computed; nothing where it does not."""
    if stated == computed:
        return
    if isinstance(stated, list) and isinstance(computed, list):
        # The first row that differs says enough.
        if len(stated) != len(computed):
            yield f"{what}: {len(stated)} rows stated, {len(computed)} recomputed"
            return
        stated, computed = next((a, b) for a, b in zip(stated, computed, strict=True) if a != b)
    if isinstance(stated, dict) and isinstance(computed, dict) and set(stated) == set(computed):
        name = next(name for name in stated if stated[name] != computed[name])
        yield from differs(f"{what}, {name}", stated[name], computed[name])
        return
    yield f"{what}: stated {stated}, recomputed {computed}"
