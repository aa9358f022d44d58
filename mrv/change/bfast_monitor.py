"""``bfast-monitor/1``: a season-trend model of each pixel's history, and a boundary that its residuals may not cross.

model = BfastMonitor(MonitorRules(), days, history)       # once a scene list
found = model.block(index)                                # (y, x) of a chunk, in integers

The test statistic of Verbesselt et al. 2012 on one index: it dates what leaves the season and trend of the history, whatever
the reason, and says nothing of forest.  Every integer is that of the float64 definition in :mod:`mrv.kernels.series_monitor`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mrv.change.critical_values import critical_value, cusum_boundary, mosum_boundary
from mrv.change.season_model import SeasonMonitor, by_threads, check_model, composite_years, refused
from mrv.kernels.cuda import mosum as twin
from mrv.kernels.cuda.device import open_device
from mrv.kernels.mosum import middle_networks, monitor_block, monitor_stable_block, mosum_scratch
from mrv.kernels.season_tile import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]

__all__ = ["BfastMonitor", "Breaks", "MonitorRules", "composite_years"]


@dataclass(frozen=True)
class MonitorRules:
    """What can change the answer."""

    process: Literal["mosum", "cusum"] = "mosum"
    """Moving or cumulative sum of residuals."""
    window: float = 0.25
    """Observations of the moving sum, as a share of the history's."""
    period: int = 10
    """History and monitoring together at most, as a multiple of the history; only the moving sum asks."""
    level: float = 0.05
    """Share of undisturbed series that cross the boundary within the period."""
    harmonics: int = 3
    """Harmonics of the year, 1 to 3."""
    trend: bool = True
    """Whether the model has a trend, which monitoring then extrapolates."""
    history: Literal["all", "ROC"] = "all"
    """All dates before the project, or those that a reverse-ordered CUSUM finds stable."""
    history_level: float = 0.05
    """Level of that CUSUM."""
    min_history: int = 10
    """Fewest observations of the (stable) history; with fewer a pixel is not monitored."""

    def __post_init__(self) -> None:
        check_model(self)
        if self.process not in {"mosum", "cusum"}:
            raise refused(f"{self.process!r} is no process", "process")
        if self.history not in {"all", "ROC"}:
            raise refused(f"{self.history!r} is no choice of a history", "history")
        _ = self.critical, self.critical_history

    @property
    def critical(self) -> float:
        """Critical value of the monitoring process."""
        if self.process == "cusum":
            return critical_value("cusum", self.level)
        return critical_value("mosum", self.level, window=self.window, period=self.period)

    @property
    def critical_history(self) -> float:
        """Critical value of the reverse-ordered CUSUM; 0 where all the history is taken."""
        return critical_value("reverse-cusum", self.history_level) if self.history == "ROC" else 0.0

    @property
    def share(self) -> float:
        """Window of the moving sum; 0 for a cumulative one."""
        return self.window if self.process == "mosum" else 0.0

    def boundary(self, history: int, ahead: int) -> F8:
        """The boundary by observations of the history and past it; see :mod:`mrv.change.critical_values`."""
        of = mosum_boundary if self.process == "mosum" else cusum_boundary
        return of(self.critical, history, ahead)


@dataclass(frozen=True)
class Breaks:
    """What monitoring found, by pixel (y, x)."""

    break_day: I4
    """Days since 1970-01-01 of the observation that crossed the boundary; 0 no break; −1 history too short."""
    magnitude: I2
    """Median of the residuals past the history, index × 10⁴; 0 where not monitored."""
    break_index: I2
    """Which date that is, from 0; −1 no break; −2 not monitored."""
    history_start: I2
    """First date of the history that was fitted, from 0."""


@dataclass(frozen=True)
class BfastMonitor(SeasonMonitor[MonitorRules]):
    """The detector set up for a list of scenes."""

    @cached_property
    def boundary(self) -> F8:
        """Boundary (observations of the history, observation past it)."""
        return self.rules.boundary(self.history, len(self.days) - self.history)

    def block(self, index: I2, threads: int = 1, *, gpu: bool = False) -> Breaks:
        """Run the detector on a block.

        Args:
            index: int16 (time, y, x), index × 10⁴, −32768 where not seen.
            threads: Threads; the integers do not depend on them.
            gpu: Whether on the GPU of this process instead; the same integers.

        Raises:
            SourceError: The block is not int16, or has other dates than the model.
        """
        flat, shape = self.model.flat(index), index.shape[1:]
        day = np.zeros(flat.shape[1], np.int32)
        magnitude, number, start = np.zeros((3, flat.shape[1]), np.int16)
        rules, times = self.rules, len(self.days)

        def tiles(begin: int, end: int) -> None:
            monitor_block(
                flat, begin, end, self.days, self.history, *self.model.tables, *self._decision,
                mosum_scratch(self.history, times), day, magnitude, number,
            )  # fmt: skip

        def series(begin: int, end: int) -> None:
            monitor_stable_block(
                flat, begin, end, self.days, self.history, self.model.basis, rules.share, rules.min_history, self.boundary,
                rules.critical_history, np.zeros((times, TILE), np.int16), day, magnitude, number, start,
            )  # fmt: skip

        _ = self.model.tables, self._decision  # made once, before there are threads
        if gpu and rules.history == "ROC":
            twin.monitor_stable_block(
                open_device(), flat, self.days, self.history, self.model.basis, rules.share, rules.min_history, self.boundary,
                rules.critical_history, day, magnitude, number, start,
            )  # fmt: skip
        elif gpu:
            run: Any = partial(twin.monitor_block, open_device())
            run(flat, self.days, self.history, *self.model.tables, *self._decision[:4], day, magnitude, number)
        else:
            by_threads(series if rules.history == "ROC" else tiles, flat.shape[1], threads)
        return Breaks(day.reshape(shape), magnitude.reshape(shape), number.reshape(shape), start.reshape(shape))

    @cached_property
    def _decision(self) -> tuple[Any, ...]:
        """What :func:`monitor_block` decides by, in its order."""
        relative = self.boundary / self.boundary[:, :1]
        factor = np.concatenate([relative, relative[:, -1:]], axis=1).astype(np.float32)
        steady = np.argmin(np.concatenate([relative == 1, np.zeros((len(relative), 1), np.bool_)], axis=1), axis=1)
        return (
            self.rules.share, self.rules.min_history, self.boundary, factor, steady.astype(np.int32),
            *middle_networks(len(self.days) - self.history + 1),
        )  # fmt: skip
