"""Record rules: the plan that is embedded, what it asks for, and the days that were observed; questions of ``mrv check``."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from mrv.rules.merged import merged_section
from mrv.rules.tables import differs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.rules.tables import Tables


def plan_faults(tables: Tables) -> Iterator[str]:
    """Plan, digests and claim are those of one plan."""
    s = tables.statement
    known = tables.plan
    yield from differs("plan", s.method.plan, known.as_json())
    yield from differs("plan digest", s.method.plan_digest, known.digest())
    yield from differs("method digest", s.method.method_digest, known.method_digest())
    claim = next((claim for claim in known.claim if claim.period == s.period.name), None)
    if claim is None:
        yield f"the plan has no claim for period {s.period.name}"
        return
    yield from differs("period", (s.period.start, s.period.end), (str(claim.start), str(claim.end)))
    yield from differs("claimed vintages", [(v.year, v.t_co2e) for v in s.claim.vintages],
                        [(int(year), t) for year, t in sorted(claim.vintages.items())])  # fmt: skip
    yield from differs("claim", (s.claim.article6, s.claim.assurance), (claim.article6, claim.assurance))
    project = (s.project.id, s.project.name, s.project.country, s.project.kind, s.project.simulated)
    table = known.project
    yield from differs("project", project, (table.id, table.name, table.country, table.kind, table.simulated))
    yield from differs("area formula", s.method.area_formula, known.grid.area_formula)
    yield from differs("grid", s.grid.crs, known.grid.crs)
    yield from differs("generator", s.uncertainty.generator, known.random.generator)
    names = [row.name for row in s.inputs]
    yield from differs("inputs", names, sorted(set(names)))


def observation_faults(tables: Tables) -> Iterator[str]:
    """Counts and days of the scenes listed."""
    s, plan = tables.statement, tables.plan
    seen = {"used", "history"} if plan.method.monitors else {"layer"}
    detector = [source.id for source in plan.monitored]
    days = [date.fromisoformat(e.date) for e in s.evidence if e.status in seen and e.source in detector]
    yield from differs("scenes used", s.observation.scenes_used, len(days))
    yield from differs("merged", s.observation.merged, merged_section(plan, s.evidence))
    names = [(scene.source, scene.id) for scene in s.evidence]
    yield from differs("scenes listed twice", len(names) - len(set(names)), 0)
    single = [*_sources(tables, "tree-cover"), *_sources(tables, "biomass")]
    yield from differs("layers", [e.source for e in s.evidence if e.status == "layer" and e.source not in detector], single)
    yield from differs("scenes available", s.observation.scenes_available, sum(e.source in detector for e in s.evidence))
    if days:
        yield from differs("first", s.observation.first, min(days).isoformat())
        yield from differs("last", s.observation.last, max(days).isoformat())
        yield from differs("record", s.observation.record_days, (max(days) - min(days)).days)
        gap = max(((b - a).days for a, b in pairwise(sorted(days))), default=0)
        yield from differs("longest gap", s.observation.longest_gap_days, gap)


def _sources(tables: Tables, role: str) -> list[str]:
    return [source["id"] for source in tables.statement.method.plan["sources"] if source["role"] == role]
