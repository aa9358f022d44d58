"""Area rules: strata, yearly loss and the sample's estimates, recomputed; questions of ``mrv check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.activity.accuracy_rows import accuracy_of
from mrv.activity.cohort import FATES
from mrv.activity.estimate import ESTIMATOR, area_rows, design_strata, events_of
from mrv.activity.seed import seed_for
from mrv.rules.extents import extent_faults, maps_named
from mrv.rules.tables import differs
from mrv.sections.activity import ESTIMATED_AREA, LOST, MAPPED_AREA, strata_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.activity.cohort import Event
    from mrv.rules.tables import Tables


def area_faults(tables: Tables) -> Iterator[str]:
    """Pixels and areas add up, by stratum and by year."""
    s = tables.statement
    strata, method = s.activity.strata, s.method.plan["method"]
    yield from differs("strata", [row.stratum for row in strata], list(strata_of(method)))
    yield from differs("maps", [row.name for row in s.activity.maps], maps_named(tables.plan))
    yield from differs("pixels", s.project.pixels, sum(row.pixels for row in strata))
    # Each area is rounded once, on its own: sums agree within half a square metre a part.
    if abs(s.project.area_m2 - sum(row.area_m2 for row in strata)) > (len(strata) + 1) // 2:
        yield f"strata add up to {sum(row.area_m2 for row in strata)} m², the project has {s.project.area_m2}"
    lost = [row for row in strata if row.stratum in LOST]
    yield from differs("pixels lost", sum(row.pixels for row in lost), sum(row.pixels for row in s.activity.loss))
    lost_m2 = sum(row.area_m2 for row in lost)
    if abs(lost_m2 - sum(row.area_m2 for row in s.activity.loss)) > (len(s.activity.loss) + len(lost)) // 2:
        yield f"loss by year adds up to {sum(row.area_m2 for row in s.activity.loss)} m², its strata have {lost_m2}"
    yield from differs("years of loss", [row.year for row in s.activity.loss], list(tables.years))
    yield from extent_faults(s, tables.plan, tables.years)


def estimate_faults(tables: Tables) -> Iterator[str]:
    """Estimates and accuracy follow from the counts of the sample."""
    s = tables.statement
    a, table, given = s.activity, tables.plan.reference, "reference.csv" in tables.names
    yield from differs("sample", a.sample is not None, given)
    yield from differs("label", a.label, ESTIMATED_AREA if given else MAPPED_AREA)
    yield from differs("estimator", a.estimator, ESTIMATOR if given else "none")
    if a.sample is None or table is None:
        yield from differs("estimates without a sample", (a.sample, a.estimates, a.accuracy), (None, [], None))
        return
    signed = (a.sample.interval, a.sample.response_design, a.sample.fpc)
    yield from differs("interval and response design", signed, (table.interval, table.response_design, True))
    rows = [row.model_dump() for row in a.sample.strata]
    total = sum(row["area_m2"] for row in rows)
    if abs(total - s.project.area_m2) > (len(rows) + 1) // 2:
        yield f"design strata add up to {total} m², the project has {s.project.area_m2}"
    if any(not 0 <= row["responded"] <= row["drawn"] <= row["units"] for row in rows):
        yield "a stratum has more units interpreted than drawn, or more drawn than it has"
    design = design_strata(rows)
    hits: dict[Event, list[int]] = {(row.activity, row.year): row.hits for row in a.estimates}
    gold = a.sample.gold
    yield from differs("expert", gold and gold.expert, table.expert)
    if gold is not None:
        yield from differs("fates", gold.classes, list(FATES))
    counts = None if gold is None else gold.counts
    wanted = area_rows(design, hits, events_of(table.intensities, list(tables.years)), method=table.interval, gold=counts)
    if a.sample.committed_at >= a.sample.beacon_at:
        yield f"the beacon of {a.sample.beacon_at} was known when the frame was committed, {a.sample.committed_at}"
    yield from differs("seed of the draw", a.sample.seed, seed_for(a.sample.frame_digest, a.sample.beacon))
    yield from differs("estimates", [row.model_dump() for row in a.estimates], wanted)
    if a.accuracy is None:
        yield "no error matrix"
        return
    counted = [sum(row) for row in a.accuracy.counts]
    yield from differs("units in the error matrix", counted, [row["responded"] for row in rows])
    yield from differs("accuracy", a.accuracy.model_dump(), accuracy_of(design, a.accuracy.counts))
