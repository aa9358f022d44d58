"""``bayes-fusion/1``: evidence of all sensors, combined observation by observation in order of time.

sensors = [Evidence(NDVI, days, optical), Evidence(VV, radar_days, anomalies(…))]     # either may be absent
found = fuse(sensors, FusionRules(), start=day)                                        # (4, y, x) of a chunk

Each observation gives a conditional probability of non-forest.  A change is flagged at the first that is more likely
non-forest than forest, and every later one updates it: confirmed at χ, dropped below one half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import SourceError
from mrv.kernels.evidence import HIGH, LOW, NONE, PARTS, ROWS, UNMONITORED, non_forest, update

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["HIGH", "LOW", "NONE", "UNMONITORED", "Evidence", "FusionRules", "Sensor", "fuse"]


@dataclass(frozen=True)
class Sensor:
    """What forest and non-forest look like to one index of one sensor, in the index's integers."""

    name: str
    """For errors."""
    shift: float
    """Mean of non-forest less mean of forest, from training; negative where clearing lowers the index."""
    spread: float
    """Standard deviation of non-forest, from training."""
    floor: float
    """Smallest standard deviation of forest: a short history may lie on its mean by chance."""
    cut: float = 5.0
    """An observation of the history this many robust deviations off its median does not count."""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.shift, self.spread, self.floor, self.cut]).all() and self.shift != 0):
            raise SourceError(f"{self.name}: shift {self.shift}", code="fusion.sensor", hint="a shift that is finite and not 0")
        if min(self.spread, self.floor, self.cut) <= 0:
            raise SourceError(
                f"{self.name}: spread {self.spread}, floor {self.floor}, cut {self.cut}", code="fusion.sensor",
                hint="standard deviations above 0, in the index's integers",
            )  # fmt: skip


@dataclass(frozen=True)
class FusionRules:
    """What can change the answer."""

    chi: float = 0.9
    """Posterior from which a flagged change is confirmed."""
    lowest: float = 0.1
    """A conditional probability is at least this: no one observation decides …"""
    highest: float = 0.9
    """… and at most this."""
    min_history: int = 5
    """Observations of a sensor's history; with fewer it says nothing of the pixel."""
    within_days: int = 0
    """Days within which a flagged change is confirmed or dropped; 0 for no limit."""

    def __post_init__(self) -> None:
        if not 0 < self.lowest < 0.5 < self.highest < 1:
            raise SourceError(
                f"bounds {self.lowest} and {self.highest}", code="fusion.bounds", hint="0 < lowest < 0.5 < highest < 1"
            )
        if round(self.lowest * PARTS) < 1 or round(self.highest * PARTS) >= PARTS:
            raise SourceError(
                f"bounds {self.lowest} and {self.highest} are certainty in {PARTS}ths", code="fusion.bounds",
                hint="0.001 to 0.999: no one observation decides",
            )  # fmt: skip
        if not 0.5 < self.chi < 1:
            raise SourceError(f"chi {self.chi}", code="fusion.chi", hint="above 0.5 and below 1")
        if self.min_history < 2 or self.within_days < 0:
            raise SourceError(
                f"min_history {self.min_history}, within_days {self.within_days}", code="fusion.rules",
                hint="at least 2 observations of history; days from 0",
            )  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """One sensor's block."""

    sensor: Sensor
    """How to read it."""
    days: NDArray[np.int32]
    """Days since 1970-01-01 (time,), ascending or equal."""
    index: NDArray[np.int16]
    """Deseasonalised index (time, y, x): dB × 100 or index × 10⁴; −32768 is nodata."""

    def __post_init__(self) -> None:
        if self.index.ndim != 3 or self.index.dtype != np.int16 or self.days.shape != self.index.shape[:1]:
            raise SourceError(
                f"{self.sensor.name}: {self.index.dtype} {self.index.shape} for {len(self.days)} days", code="fusion.shape",
                hint="int16 (time, y, x), a day for each time",
            )  # fmt: skip
        if bool(np.any(np.diff(self.days) < 0)):
            raise SourceError(f"{self.sensor.name}: the days descend", code="fusion.days", hint="sort the images by day")

    def probability(self, rules: FusionRules, start: int) -> NDArray[np.int16]:
        """Conditional probability of non-forest in 1,024ths (time, pixel); −1 where unseen.

        Args:
            rules: The rules.
            start: First day that is not history.
        """
        flat = np.ascontiguousarray(self.index).reshape(len(self.days), self.index.shape[1] * self.index.shape[2])
        out, sensor = np.empty(flat.shape, np.int16), self.sensor
        packed = np.array([sensor.shift, sensor.spread, sensor.floor, sensor.cut])
        history = int(np.searchsorted(self.days, start))
        lowest, highest = round(rules.lowest * PARTS), round(rules.highest * PARTS)
        non_forest(flat, history, packed, rules.min_history, lowest, highest, out)
        return out


def fuse(evidence: Sequence[Evidence], rules: FusionRules, *, start: int) -> NDArray[np.int32]:
    """Combine the evidence of a block.

    Args:
        evidence: Of one sensor or more, over the same pixels; of one day, in the order given.
        rules: The rules.
        start: First day on which a change may be flagged; what lies before is history.

    Returns:
        int32 (4, y, x): break day (0 none, −1 no sensor has a history), day of confirmation (0 none), posterior in
        percent rounded down, class (0 none, 1 low, 2 high).

    Raises:
        SourceError: No evidence, or blocks of different size.

    References:
        Reiche, de Bruin, Hoekman, Verbesselt & Herold 2015, Remote Sensing 7(5):4973–4996; Reiche et al. 2018, RSE
        204:147–161.
    """
    shapes = {one.index.shape[1:] for one in evidence}
    if len(shapes) != 1:
        raise SourceError(f"blocks of {sorted(shapes)}", code="fusion.shape", hint="one sensor or more, on the same pixels")
    shape = shapes.pop()
    days = np.concatenate([one.days for one in evidence]).astype(np.int32)
    part = np.concatenate([one.probability(rules, start) for one in evidence])
    order = np.argsort(days, kind="stable")
    out = np.empty((ROWS, part.shape[1]), np.int32)
    update(days[order], part[order], start, rules.chi, rules.within_days, out)
    return out.reshape(ROWS, *shape)
