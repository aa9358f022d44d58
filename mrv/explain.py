"""Explain: a dry run. Scenes found, bytes to read, gates that would fail, time it will take; nothing is fetched."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from mrv.grid import grid_for, inside
from mrv.run import search_scenes
from mrv.scope import ABSENT
from mrv.sources.items import read_items

if TYPE_CHECKING:
    from mrv.plan import Claim
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
    """Optical scenes by year."""
    first: str
    """First optical scene."""
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
    """Gates that would fail or not be assessed, and why."""
    absent: dict[str, str]
    """Inputs that are missing, and the remedy."""

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {name: getattr(self, name) for name in self.__slots__}


def explain(project: Project, claim: Claim) -> Explanation:
    """Search, and say what a run would do.

    Raises:
        MRVError: What would refuse the run at once.
    """
    grid = grid_for(project.plan.grid, project.boundary)
    items = read_items(search_scenes(project, claim)).items
    optical = [item for item in items if item.source == project.plan.source("optical").id]
    days = sorted(date.fromisoformat(item.day) for item in optical)
    assets = [asset for item in items for asset in item.assets.values()]
    megapixels = grid.shape[0] * grid.shape[1] / 1e6
    return Explanation(
        project=project.plan.project.id,
        period=claim.period,
        window_px=(grid.shape[0], grid.shape[1]),
        project_px=int(inside(grid, project.boundary).sum()),
        scenes=dict(Counter(item.source for item in items)),
        scenes_by_year=dict(sorted(Counter(day.year for day in days).items())),
        first=days[0].isoformat(),
        last=days[-1].isoformat(),
        bands=len(assets),
        stated_bytes=sum(asset.size or 0 for asset in assets),
        unsized=sum(asset.size is None for asset in assets),
        seconds=round(5 + SECONDS_PER_BAND * len(assets) + SECONDS_PER_MEGAPIXEL_DATE * megapixels * len(days)),
        gates=_gates(project, claim, days),
        absent={name: remedy for name, _, remedy in ABSENT},
    )


def _gates(project: Project, claim: Claim, days: list[date]) -> dict[str, str]:
    gates = {"dual evidence": "fails: no plots, no reference sample"}
    rules = project.plan.method.continuity
    record, gap = (days[-1] - days[0]).days, max((b - a).days for a, b in zip(days, [*days[1:], days[-1]], strict=True))
    if record < max(3, rules.min_record_years) * 365 or gap > rules.max_gap_days:
        gates["continuity"] = f"fails: record {record} days, longest gap {gap} days before screening"
    if claimed := sum(claim.vintages.values()):
        gates["claim"] = f"fails: {claimed} t claimed, 0 issuable without a probability sample"
    if not any(day.year == claim.end.year for day in days):
        gates["continuity"] = f"no scene in {claim.end.year}"
    for name in ("uncertainty", "permanence", "buffer", "authorisation"):
        gates.setdefault(name, "not assessed")
    return gates
