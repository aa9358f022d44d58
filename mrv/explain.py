"""Explain: a dry run. Scenes found, bytes to read, gates that would fail, time it will take; nothing is fetched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mrv.accounts.tonnes import CREDITABLE_WITH
from mrv.grid import grid_for, inside
from mrv.precheck import precheck
from mrv.programme import ipcc_only
from mrv.rules.evidence_gates import DAYS_PER_YEAR
from mrv.rules.scope import INPUTS, absent
from mrv.run import search_scenes
from mrv.sources.items import read_items

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mrv.accounts.claimed import Claimed
    from mrv.plan import Claim, MonitoringPlan
    from mrv.project import Project

SECONDS_PER_BAND = 0.01
"""Reading and hashing one window of a local file, on one core; a remote one waits for its network besides."""
SECONDS_PER_MEGAPIXEL_DATE = 1.0
"""Decoding, masking and monitoring, on one core."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a run would do."""

    project: str
    """Project id."""
    period: str
    """Name of the period."""
    window_px: tuple[int, int]
    """Rows and columns of the window."""
    project_px: int
    """Pixels of the project area."""
    scenes: dict[str, int]
    """Scenes by source."""
    scenes_by_year: dict[int, int]
    """Scenes (or extent maps) that are compared, by year."""
    first: str
    """First of them."""
    last: str
    """Last."""
    bands: int
    """Bands to read."""
    stated_bytes: int
    """Size of the files they are in, as the catalog states it; a window of a remote file is less."""
    unsized: int
    """Bands whose size is not stated."""
    seconds: int
    """Rough time on one core."""
    gates: dict[str, str]
    """Gates that would fail or not be assessed as far as the inputs decide it, and why."""
    inputs: list[str]
    """Tables the project gives."""
    absent: dict[str, str]
    """Inputs that are missing, and the remedy."""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {name: getattr(self, name) for name in self.__slots__}


def explain(project: Project, claim: Claim) -> Explanation:
    """Search, read the tables, and say what a run would do.

    Raises:
        MRVError: What would refuse the run at once.
    """
    plan, given = project.plan, sorted(project.inputs.files)
    grid = grid_for(plan.grid, project.boundary)
    claimed = precheck(project, claim)
    items = read_items(search_scenes(project, claim)).items
    looked = {source.id for source in plan.monitored}
    days = sorted(date.fromisoformat(item.day) for item in items if item.source in looked)
    assets = [asset for item in items for asset in item.assets.values()]
    megapixels = grid.shape[0] * grid.shape[1] / 1e6
    return Explanation(
        project=plan.project.id,
        period=claim.period,
        window_px=(grid.shape[0], grid.shape[1]),
        project_px=int(inside(grid, project.boundary).sum()),
        scenes=dict(Counter(item.source for item in items)),
        scenes_by_year=dict(sorted(Counter(day.year for day in days).items())),
        first=days[0].isoformat() if days else "none",
        last=days[-1].isoformat() if days else "none",
        bands=len(assets),
        stated_bytes=sum(asset.size or 0 for asset in assets),
        unsized=sum(asset.size is None for asset in assets),
        seconds=round(5 + SECONDS_PER_BAND * len(assets) + SECONDS_PER_MEGAPIXEL_DATE * megapixels * len(days)),
        gates=gates(plan, claim, days, given=given, claimed=claimed),
        inputs=given,
        absent={row["input"]: row["remedy"] for row in absent(given, later=plan.is_later(claim.start))},
    )


def gates(
    plan: MonitoringPlan, claim: Claim, days: Sequence[date], *, given: Collection[str], claimed: Claimed
) -> dict[str, str]:
    """Gates that would fail or could not be assessed, as far as that is known before anything is read.

    Args:
        plan: The plan.
        claim: The claim.
        days: Days of the scenes (or extent maps) found, in order.
        given: Names of the tables the project gives.
        claimed: Reference level, leakage, risk report and registry extract.
    """
    found = {
        "continuity": _continuity(plan, claim, days),
        "dual evidence": _dual_evidence(plan, given),
        "input integrity": _integrity(plan),
        "claim": _claim(plan, claim, given),
        "uncertainty": None if "reference.csv" in given else "not assessed: a mapped area has no error estimate",
        "permanence": _permanence(claimed),
        "buffer": _buffer(claimed),
        "authorisation": _authorisation(plan, claim, claimed),
    }
    return {name: told for name, told in found.items() if told is not None}


def _integrity(plan: MonitoringPlan) -> str | None:
    if plan.method.is_optical or plan.method.lays_steps_aside:
        return None
    if plan.method.is_radar:
        return "not assessed: radar images have no reflectance"
    return "not assessed: classified maps have no reflectance, and the plan compares no versions"


def _continuity(plan: MonitoringPlan, claim: Claim, days: Sequence[date]) -> str | None:
    what, rules = ("scene" if plan.method.monitors else "map"), plan.method.continuity
    if not any(day.year == claim.end.year for day in days):
        return f"the run is refused: no {what} in {claim.end.year}"
    record, gap = (days[-1] - days[0]).days, max(((b - a).days for a, b in pairwise(days)), default=0)
    if record < int(max(3, rules.min_record_years) * DAYS_PER_YEAR) or gap > rules.max_gap_days:
        return f"fails: record {record} days, longest gap {gap} days before screening"
    return None


def _dual_evidence(plan: MonitoringPlan, given: Collection[str]) -> str | None:
    missing = [name for name, file, *_ in INPUTS if name in {"plots", "reference sample"} and file not in given]
    if missing:
        return "fails: no " + ", no ".join(missing)
    if plan.biomass is not None and plan.biomass.design == "purposive":
        return "fails: the plots are no probability sample"
    return None


def _claim(plan: MonitoringPlan, claim: Claim, given: Collection[str]) -> str | None:
    total = sum(claim.vintages.values())
    lacking = [row["input"] for row in absent(given, later=plan.is_later(claim.start))]
    missing = [name for name in CREDITABLE_WITH if name in lacking]
    if not total or (not missing and plan.programme.id != ipcc_only.ID):
        return None
    why = f"without {', '.join(missing)}" if missing else f"under {ipcc_only.ID}"
    return f"fails: {total} t claimed, 0 issuable {why}"


def _permanence(claimed: Claimed) -> str | None:
    if claimed.risk is None:
        return "not assessed: no risk report"
    return None if claimed.level is not None else "not assessed: no reference level, so no benefit"


def _buffer(claimed: Claimed) -> str | None:
    risk = claimed.risk
    if risk is None:
        return "not assessed: no risk report"
    if risk.buffer_percent == risk.risk_rating_percent:
        return None
    return f"fails: buffer {risk.buffer_percent} %, risk rating {risk.risk_rating_percent} %"


def _authorisation(plan: MonitoringPlan, claim: Claim, claimed: Claimed) -> str | None:
    extract = claimed.extract
    if extract is None:
        return "not assessed: no registry extract"
    wanted = {int(year): t for year, t in claim.vintages.items()} if claim.article6 == "authorised" else {}
    short = [*(extract.authorisation_shortfalls(plan.project.id, wanted) if wanted else ()),
             *extract.label_shortfalls(plan.programme.id)]  # fmt: skip
    if not wanted and extract.project != plan.project.id:
        short.append(f"the extract is of project {extract.project}")
    return f"fails: {'; '.join(short)}" if short else None
