"""Consistency: what a statement's tables must say of one another where they cannot be recomputed; questions of ``mrv check``.

None of it proves a number: labels, measurements and draws are computed again by ``mrv replay`` alone.  It leaves whoever would
choose one of them no other choice than all that hang together.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from math import cos, radians
from typing import TYPE_CHECKING, Any

from mrv.activity.cohort import GAIN, START
from mrv.carbon.pools import LOSS, LOST_STOCK, degradation_of, loss_after
from mrv.inputs import NAMES, seed_of
from mrv.plan.site import GEOGRAPHIC
from mrv.rules.extents import extent_sizes
from mrv.sections.activity import LOST, strata_of
from mrv.sections.quantities import SCOPE_ESTIMATED, SCOPE_MAPPED
from mrv.uncertainty.intervals import Z90
from mrv.units import KG_PER_T, decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mrv.plan import GridTable, MonitoringPlan
    from mrv.sections.activity import SampleSection
    from mrv.sections.quantities import FactorSection, LevelSection
    from mrv.statement import Statement

PANEL = ("frame.json", "frame_strata.tif", "reference.csv", "sample.json")
"""Files of a probability sample."""
COMPONENTS = ("sampling", "parameters", "site", "residual", "density", "diameter", "height", "model")
"""Parts of a plot stock's standard error; the first is called otherwise where a map assists."""
ASSISTED = "sampling of plots less map"
_NOTE = re.compile(r"(design-based|model-based), ([0-9]+) clusters, [0-9]+ degrees of freedom")
_OF_PATCHES = "95 %: spread between clusters of plots over the patches mapped as lost"
_PATCHES = re.compile(r"[0-9]+ patches, as good as [0-9]+(\.[0-9])? of equal size")
_M_PER_DEGREE = 111_194.9
_TRUE_SCALE = re.compile(r"EPSG:(3035|32[67][0-9]{2})")
"""Grids whose nominal pixels are true within a hundredth: UTM, and the equal-area grid of Europe."""


def seed_faults(s: Statement) -> Iterator[str]:
    """The seed follows from what was read: nobody rolls the dice again."""
    bands = [row.pixels for scene in s.evidence for row in scene.bands]
    wanted = seed_of(s.method.plan_digest, [s.project.boundary_digest, *(row.digest for row in s.inputs), *bands])
    if s.uncertainty.seed != wanted:
        yield f"seed stated {s.uncertainty.seed}, the digests of what was read give {wanted}"
    if stray := sorted({row.name for row in s.inputs} - set(NAMES)):
        yield f"{stray[0]} is no input of a project"


def grid_faults(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """The window lies on the plan's grid, and its pixels have the size that they have there."""
    a, b, c, d, e, f = (Fraction(value) for value in s.grid.transform)
    edge = Fraction(plan.grid.resolution)
    off = [(place - anchor) / edge for place, anchor in ((c, Fraction(plan.grid.anchor_x)), (f, Fraction(plan.grid.anchor_y)))]
    if any(abs(steps - round(steps)) > Fraction(1, 10**6) for steps in off):
        yield "the window does not lie on the plan's grid"
    if b or d or abs(a - edge) > edge / 10**9 or abs(e + edge) > edge / 10**9:
        yield f"the window's pixels are not {plan.grid.resolution} wide"
    rows, columns = s.grid.shape
    if s.project.pixels > rows * columns:
        yield f"{s.project.pixels} pixels of the project in a window of {rows * columns}"
    nominal = _nominal_m2(plan.grid, float(f), rows)
    mean = Fraction(s.project.area_m2, s.project.pixels) if s.project.pixels else Fraction(0)
    if nominal is not None and not nominal[0] * 0.99 <= mean <= nominal[1] * 1.01:
        yield f"a pixel of the project has {float(mean):.3f} m², which this grid does not allow"
    sizes = [(row.pixels, row.area_m2) for row in s.activity.strata]
    sizes += [(row.pixels, row.area_m2) for row in s.activity.loss]
    sizes += [(row.units, row.area_m2) for row in s.activity.sample.strata] if s.activity.sample else []
    sizes += extent_sizes(s)
    yield from (f"{area_m2} m² without a pixel" for pixels, area_m2 in sizes if not pixels and area_m2)
    yield from (f"{row.id}: {row.clear_px} clear pixels in the window" for row in s.evidence if row.clear_px > rows * columns)
    yield from ("a scene has no id" for row in s.evidence if not row.id)
    for pixels, area_m2 in sizes:
        if abs(area_m2 - pixels * mean) > pixels * mean / 10 + 1:
            yield f"{pixels} pixels are said to have {area_m2} m²"


def _nominal_m2(grid: GridTable, top: float, rows: int) -> tuple[float, float] | None:
    """Smallest and largest area that a pixel can have; None where the projection does not tell."""
    edge = float(grid.resolution)
    if _TRUE_SCALE.fullmatch(grid.crs):
        return edge * edge, edge * edge
    if grid.crs != GEOGRAPHIC:
        return None
    ends = sorted(cos(radians(latitude)) * (edge * _M_PER_DEGREE) ** 2 for latitude in (top, top - rows * edge))
    return ends[0], ends[1]


def record_faults(s: Statement) -> Iterator[str]:
    """Counts of pixels and of observations that cannot exceed one another."""
    seen, optical = s.observation, s.method.plan["method"]["change"]["detector"] != "extent-epochs/1"
    most = seen.scenes_used if seen.merged is None else seen.merged.observations
    if not seen.clear_min <= seen.clear_median <= seen.clear_max <= most or seen.unmonitored_px > s.project.pixels:
        yield f"clear observations from {seen.clear_min} to {seen.clear_max} of {most} observations"
    least = _least_confidence(s.method.plan["method"]["change"])
    for row in s.activity.loss:
        sure = row.mean_confidence_percent
        if sure is not None and sure < least:
            yield f"{row.year}: a confidence of {sure} %, where none below {least} % is mapped"
        if max(row.weak_pixels, row.undated_pixels) > row.pixels or (sure is not None and sure > 100):
            yield f"{row.year}: {row.weak_pixels} weak and {row.undated_pixels} undated of {row.pixels} pixels, {sure} % sure"
        if (sure is not None) != (optical and row.pixels > 0):
            yield f"{row.year}: a confidence of {sure} %"
    if s.uncertainty.scope != (SCOPE_ESTIMATED if s.activity.sample is not None else SCOPE_MAPPED):
        yield f"the uncertainty is said to cover {s.uncertainty.scope}"


def _least_confidence(change: Mapping[str, Any]) -> int:
    """Confidence below which the detector maps no loss, percent."""
    if "chi" in change:
        return int(100 * Fraction(change["chi"]))
    return int(change.get("min_confidence_percent", 0))


def sample_faults(s: Statement, plan: MonitoringPlan, years: Sequence[int]) -> Iterator[str]:
    """The sample's files, and what counts of one cohort must be to one another."""
    sample, table = s.activity.sample, plan.reference
    if sample is None:
        return
    digests = {row.name: row.digest for row in s.inputs}
    if table is None or (lacking := [name for name in PANEL if name not in digests]):
        yield "a sample without its plan or its files" if table is None else f"the sample lacks {lacking[0]}"
        return
    if sample.frame_digest != digests["frame.json"]:
        yield "the frame is not the input frame.json"
    if sample.gold is not None and "interpreters.csv" not in digests:
        yield "readings of an expert, but interpreters.csv is no input"
    if sample.z != decimal_str(Z90, places=16):
        yield f"z is {sample.z}"
    yield from _response(s, sample)
    yield from _stratified(s, sample)
    yield from _cohort(s, table.intensities, years)


def _response(s: Statement, sample: SampleSection) -> Iterator[str]:
    if sum(row.units for row in sample.strata) != s.project.pixels:
        yield "the design strata do not hold the project's pixels"
    if len({row.stratum for row in sample.strata}) < len(sample.strata):
        yield "a design stratum is listed twice"
    if sample.non_response not in {"refuse", "missing at random within the stratum"}:
        yield f"no rule of non-response: {sample.non_response}"
    if sample.non_response == "refuse" and any(row.responded < row.drawn for row in sample.strata):
        yield "units are missing, and the rule refuses that"
    if any(row.responded < min(2, row.units) for row in sample.strata):
        yield "a stratum with fewer than two units interpreted has no variance"


def _stratified(s: Statement, sample: SampleSection) -> Iterator[str]:
    """Loss is split by confidence in the plan and in the design, or in neither."""
    method = s.method.plan["method"]
    names, split = {row.stratum for row in sample.strata}, "confidence" in method["activity"]
    if stray := sorted(names - set(strata_of(method)) if split else names & set(LOST[1:])):
        yield f"{stray[0]} is a design stratum, and the plan's loss is {'' if split else 'not '}split by confidence"


def _cohort(s: Statement, intensities: Sequence[str], years: Sequence[int]) -> Iterator[str]:
    """A unit is lost once, degraded at most once before; so the counts by year give the whole error matrix."""
    sample, matrix = s.activity.sample, s.activity.accuracy
    assert sample is not None
    hits = {(row.activity, row.year): row.hits for row in s.activity.estimates}
    width = len(sample.strata)

    def total(activity: str) -> list[int]:
        return [sum(hits[activity, year][i] for year in years) for i in range(width)]

    start, lost, gained = hits[START, years[0] - 1], total(LOSS), total(GAIN)
    degraded = [sum(column) for column in zip(*(total(degradation_of(name)) for name in intensities), strict=True)]
    after = [sum(column) for column in zip(*(total(loss_after(name)) for name in intensities), strict=True)]
    degraded, after = degraded or [0] * width, after or [0] * width
    for i, row in enumerate(sample.strata):
        kinds = [lost[i], degraded[i] - after[i], gained[i], start[i] - lost[i] - degraded[i] + after[i]]
        kinds.append(row.responded - start[i] - gained[i])
        if min(kinds) < 0 or after[i] > lost[i]:
            yield f"units of {row.stratum} are lost, degraded or gained more often than there are any"
        elif matrix is not None and list(matrix.counts[i]) != kinds:
            yield f"the error matrix of {row.stratum} is {list(matrix.counts[i])}, its units by year make {kinds}"
    for name in intensities:
        run = [0] * width
        for year in years:
            gone, come = hits[loss_after(name), year], hits[degradation_of(name), year]
            if any(count > held for count, held in zip(gone, run, strict=True)):
                yield f"more units of {name} degradation were lost in {year} than had been degraded"
            run = [held - count + more for held, count, more in zip(run, gone, come, strict=True)]


def plot_faults(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """The plots' section against the plan, its files, and the factors that it fills."""
    names, table, found = {row.name for row in s.inputs}, plan.biomass, s.biomass
    if table is None or found is None:
        if table is not None or found is not None or "plots.csv" in names:
            yield "plots without a plan for them, or a plan without plots"
        return
    if not {"plots.csv", "trees.csv"} <= names:
        yield "plots.csv and trees.csv are no inputs"
    assisted = table.estimator == "difference"
    label = "model-based" if table.design == "purposive" else "model-assisted" if assisted else "design-based"
    if found.label != label:
        yield f"the plots are {found.label}, the plan makes them {label}"
    if (found.map_mean_kg_ha is None) == assisted:
        yield "the mean of a biomass map belongs to the difference estimator, and to no other"
    if [row.component for row in found.components] != [ASSISTED if assisted else COMPONENTS[0], *COMPONENTS[1:]]:
        yield "the components of the plots' error are not those that are drawn"
    if not 2 <= found.clusters <= found.plots or not 1 <= found.strata <= found.clusters or found.visits < 1:
        yield f"{found.plots} plots in {found.clusters} clusters and {found.strata} strata, {found.visits} visits"
    factors = {row.role: row for row in s.factors}
    if found.agb_kg_ha != round(Fraction(factors["agb"].value) * KG_PER_T):
        yield f"the plots have {found.agb_kg_ha} kg/ha, the factor {factors['agb'].value} t/ha"
    yield from _measured(s, plan)


def _measured(s: Statement, plan: MonitoringPlan) -> Iterator[str]:
    """Factors measured by plots: which there can be, and how each is told."""
    assert plan.biomass is not None
    assert s.biomass is not None
    measured = {row.role: row for row in s.factors if row.id.startswith("plots.")}
    yield from _lost_stock(measured.pop(LOST_STOCK, None))
    allowed = {"agb"} | ({"bgb"} if plan.biomass.below_ground else set())
    changes = {"growth"} | ({"bgb_growth"} if plan.biomass.below_ground else set())
    if not allowed <= set(measured) <= allowed | (changes if s.biomass.visits > 1 else set()):
        yield f"plots measure {sorted(measured)}"
    if plan.biomass.below_ground and ("growth" in measured) != ("bgb_growth" in measured):
        yield "growth was measured above or below ground alone"
    basis = "model-based" if s.biomass.label == "model-based" else "design-based"
    for role, row in measured.items():
        note = _NOTE.fullmatch(row.note)
        told = (row.id, row.distribution, row.unit, row.verified, row.overridden, note is not None and note[1] == basis)
        unit = "t d.m./ha/yr" if "growth" in role else "t d.m./ha"
        if told != (f"plots.{role}", "drawn from plots", unit, True, False, True):
            yield f"{role} is not told as what plots measure is"
        if row.interval != "95 % of draws: sampling of clusters, allometry, wood density, diameters":
            yield f"the interval of {role} is {row.interval}"
        if role == "agb" and note is not None and int(note[2]) != s.biomass.clusters:
            yield f"{role} is of {note[2]} clusters, the plots of {s.biomass.clusters}"
        if not Fraction(row.low) <= Fraction(row.value) <= Fraction(row.high) or (
            Fraction(row.low) < 0 and "growth" not in role
        ):
            yield f"the interval of {role} is upside down, below zero or without its value"


def _lost_stock(row: FactorSection | None) -> Iterator[str]:
    """The stock of what was lost over the mean stock: one, give or take."""
    if row is None:
        yield f"no factor {LOST_STOCK}"
        return
    told = (row.id, row.value, row.distribution, row.unit, row.verified, row.overridden, row.interval)
    wanted = (f"plots.{LOST_STOCK}", "1", "normal", "t d.m./t d.m.", True, False, _OF_PATCHES)
    if told != wanted or not _PATCHES.fullmatch(row.note):
        yield f"{LOST_STOCK} is not told as what it is"
    low, high = Fraction(row.low), Fraction(row.high)
    if high < 1 or low != max(2 - high, Fraction(0)):
        yield f"the interval of {LOST_STOCK} is not the same on both sides of one"


def claim_faults(s: Statement) -> Iterator[str]:
    """What the project states, by the rules under which its tables are read."""
    q = s.quantities
    yield from _rows_of("reference level", q.reference_level)
    yield from _rows_of("leakage", q.leakage)
    if any(row.flow != "emissions" for row in q.leakage):
        yield "leakage is emissions"
    if len({row.unit for row in q.reference_level if row.flow == "emissions"}) > 1:
        yield "emissions of the reference level are in two units"
    credited = [(row.vintage, row.attestation) for row in q.prior]
    if credited != sorted(set(credited)):
        yield "prior credits are not in order, each once"
    if q.risk is not None:
        shares = (q.risk.risk_rating_percent, q.risk.buffer_percent, q.risk.loss_event_threshold_percent)
        if any(not 0 <= Decimal(share) <= 100 for share in shares):
            yield "a share of the risk report is no percentage"
    a = s.authorisation
    if a is not None:
        letter = (a.quantity_t is None, not a.vintages, a.corresponding_adjustment is None)
        if len(set(letter)) > 1:
            yield "an authorisation with quantity, vintages and adjustment, or none of them"
        if len(set(a.vintages)) < len(a.vintages):
            yield "an authorised vintage is listed twice"


def _rows_of(what: str, rows: Sequence[LevelSection]) -> Iterator[str]:
    keys = [(row.year, row.flow) for row in rows]
    if keys != sorted(set(keys)):
        yield f"rows of the {what} are not in order, each once"
    for row in rows:
        sign = 1 if row.flow == "emissions" else -1
        if sign * Fraction(row.quantity) < 0 or Fraction(row.se) < 0 or (row.unit == "ha" and sign < 0):
            yield f"{what} {row.year}, {row.flow}: {row.quantity} ± {row.se} {row.unit} has the wrong sign or unit"
