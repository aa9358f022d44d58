"""``bayes-fusion/1`` in a plan: evidence of optical and radar scenes, pixel by pixel and in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.change_map import Anomaly, ChangeMap, Curve
from mrv.change.densities import density_of
from mrv.change.fusion import HIGH, UNMONITORED, Evidence, FusionRules, Sensor, fuse
from mrv.change.radar import anomalies
from mrv.kernels.evidence import PARTS, UNSEEN, posterior
from mrv.kernels.harmonic import NO_BREAK
from mrv.kernels.looks import NODATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.plan import EvidenceTable, FusionTable
    from mrv.sources.geometry import Geometry

_ROWS = 4
"""Break day, posterior percent, observations, day of confirmation."""
_FLAGGED = 0.5


@dataclass(frozen=True)
class Channel:
    """The scenes of one source, as the fusion takes them."""

    entry: EvidenceTable
    """What the plan says of it."""
    days: NDArray[np.int32]
    """Days since 1970-01-01 of the scenes used, ascending."""
    shift: NDArray[np.int16]
    """Taken off each scene, in integers of the index."""
    history: int
    """How many of them are history."""
    geometries: tuple[Geometry | None, ...] | None = None
    """From where each image was taken; None for optical scenes."""

    def deseasonalise(self, index: NDArray[np.int16], fewest: int) -> NDArray[np.int16]:
        """The index without what the whole forest did, and radar without its geometry's mean.

        Args:
            index: NDVI × 10⁴ or dB × 100 (time, y, x), ``NODATA``.
            fewest: Observations of a geometry's history.
        """
        level = np.where(index == NODATA, NODATA, index - self.shift.astype(np.int32)[:, None, None]).astype(np.int16)
        return level if self.geometries is None else anomalies(level, self.geometries, history=self.history, fewest=fewest)


@dataclass(frozen=True)
class FusionDetector:
    """The detector set up for lists of scenes."""

    table: FusionTable
    """The plan's rules."""
    channels: tuple[Channel, ...]
    """Evidence, in the plan's order."""
    start: int
    """First day on which a change may be flagged, days since 1970-01-01."""

    @property
    def days(self) -> NDArray[np.int32]:
        """Days of the scenes used of all sources, ascending; scenes of one day each have one."""
        return np.sort(np.concatenate([channel.days for channel in self.channels]), kind="stable").astype(np.int32)

    @property
    def history(self) -> int:
        """How many of them are history."""
        return sum(channel.history for channel in self.channels)

    @property
    def anomaly(self) -> Anomaly:
        """What a picture draws as an anomaly; the method itself weighs every observation."""
        return Anomaly(self.table.detector, str(self.table.chi), self.table.observations, refit_yearly=False)

    @property
    def rules(self) -> FusionRules:
        """The plan's rules, as the fusion takes them."""
        table = self.table
        return FusionRules(
            chi=float(table.chi), lowest=float(table.lowest), highest=float(table.highest), min_history=table.min_history,
            within_days=table.within_days,
        )  # fmt: skip

    def evidence(self, blocks: Sequence[NDArray[np.int16]]) -> list[Evidence]:
        """What each channel shows of a block.

        Args:
            blocks: Index (time, y, x), a block a channel.
        """
        found = []
        for channel, index in zip(self.channels, blocks, strict=True):
            density = density_of(channel.entry)
            sensor = Sensor(channel.entry.source, float(density.shift), float(density.spread), float(density.floor))
            found.append(Evidence(sensor, channel.days, channel.deseasonalise(index, self.table.min_history)))
        return found

    def block(self, *blocks: NDArray[np.int16]) -> NDArray[np.int32]:
        """Run the detector on a block.

        Args:
            blocks: Index (time, y, x), a block a channel.

        Returns:
            int32 (4, y, x): day of the break (0 none, −1 not monitored), posterior in percent, observations, day of
            confirmation; a change that is not confirmed is none yet.
        """
        evidence = self.evidence(blocks)
        found = fuse(evidence, self.rules, start=self.start)
        confirmed = found[3] == HIGH
        day = np.where(confirmed | (found[0] == UNMONITORED), found[0], NO_BREAK)
        count = sum((one.index != NODATA).sum(axis=0, dtype=np.int32) for one in evidence)
        return np.stack([day, np.where(confirmed, found[2], 0), count, np.where(confirmed, found[1], 0)]).astype(np.int32)

    def detect(self, stacks: Sequence[Any]) -> ChangeMap:
        """Run over the window.

        Args:
            stacks: Dask arrays of int16 (time, y, x), one a channel, in the same chunks of rows and columns.

        Returns:
            Confirmed changes; ``more`` has ``confirmed_day``, 0 elsewhere.
        """
        import dask.array as da

        pairs = [part for at, one in enumerate(stacks) for part in (one, (f"t{at}", "y", "x"))]
        found = da.blockwise(
            self.block, ("r", "y", "x"), *pairs, dtype=np.int32, concatenate=True, new_axes={"r": _ROWS}, align_arrays=False,
        ).compute()  # fmt: skip
        return ChangeMap(
            break_day=np.ascontiguousarray(found[0]), confidence=found[1].astype(np.uint8),
            clear_count=found[2].astype(np.uint16), more={"confirmed_day": np.ascontiguousarray(found[3])},
        )  # fmt: skip

    def curve(self, series: Sequence[NDArray[np.int16]]) -> Curve:
        """The probability of forest of one pixel by each observation, and after it.

        Args:
            series: Index (time,), one a channel.
        """
        evidence = self.evidence([one[:, None, None] for one in series])
        days = np.concatenate([channel.days for channel in self.channels])
        order = np.argsort(days, kind="stable")
        parts = np.concatenate([one.probability(self.rules, self.start)[:, 0] for one in evidence])[order]
        chances = np.where(parts == UNSEEN, np.nan, parts / PARTS)
        belief = _beliefs(chances, days[order] >= self.start)
        return Curve("Forest", 1e4 * (1 - chances), 1e4 * (1 - belief), np.full(len(days), 1e4 * (1 - _FLAGGED)))


def _beliefs(chances: NDArray[np.float64], monitored: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability of non-forest after each observation (time,): of a flagged change; 0 where none is flagged."""
    out, flagged, before, belief = np.zeros(len(chances)), False, _FLAGGED, 0.0
    for at, chance in enumerate(chances):
        if not np.isnan(chance):
            if flagged:
                belief = posterior(belief, chance)
                flagged = belief >= _FLAGGED
            if not flagged and monitored[at] and chance >= _FLAGGED:
                belief = posterior(before, chance)
                flagged = belief >= _FLAGGED
            before = chance
        out[at] = belief if flagged else 0.0
    return out
