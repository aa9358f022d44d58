"""``ewma-chart/1``: an EWMA control chart of the residuals of each pixel's season-trend model (Brooks et al. 2014).

chart = EwmaMonitor(EwmaRules(), days, history)           # once a scene list
found = chart.block(index)                                # (y, x) of a chunk, in integers
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.season_model import SeasonMonitor, by_threads, check_model, refused
from mrv.kernels.ewma import chart_block, chart_scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]


@dataclass(frozen=True)
class EwmaRules:
    """What can change the answer."""

    weight: float = 0.3
    """Of a new residual in the chart; the rest stays as it was."""
    limit: float = 3.0
    """Control limit, standard deviations of the chart."""
    screen: float = 5.0
    """Shewhart limit of the history, standard deviations of its residuals about the first fit."""
    outlier: float = 10.0
    """An observation after the history that lies further off, standard deviations, is left out of the chart."""
    harmonics: int = 2
    """Harmonics of the year, 1 to 3."""
    trend: bool = False
    """Whether the model has a trend, which the chart then extrapolates."""
    min_history: int = 10
    """Fewest observations of the screened history; with fewer a pixel is not monitored."""

    def __post_init__(self) -> None:
        check_model(self)
        if not 0 < self.weight <= 1:
            raise refused(f"a weight of {self.weight} is not between 0 and 1", "weight")
        for name in ("limit", "screen", "outlier"):
            if not getattr(self, name) > 0:
                raise refused(f"{name} of {getattr(self, name)} standard deviations is not above 0", name)

    @property
    def packed(self) -> F8:
        """In the order of :data:`mrv.kernels.ewma.CHART`."""
        return np.array([self.screen, self.weight, self.limit, self.outlier])


@dataclass(frozen=True)
class Signals:
    """What the chart found, by pixel (y, x)."""

    break_day: I4
    """Days since 1970-01-01 of the observation at which the chart met its limit; 0 none; −1 history too short or unstable."""
    process: I2
    """The chart at the break, or at the end without one, index × 10⁴; 0 where not monitored."""
    break_index: I2
    """Which date that is, from 0; −1 no break; −2 not monitored."""


@dataclass(frozen=True)
class EwmaMonitor(SeasonMonitor[EwmaRules]):
    """The detector set up for a list of scenes."""

    def block(self, index: I2, threads: int = 1) -> Signals:
        """Run the detector on a block.

        Args:
            index: int16 (time, y, x), index × 10⁴, −32768 where not seen.
            threads: Threads; the integers do not depend on them.

        Raises:
            SourceError: The block is not int16, or has other dates than the model.
        """
        flat, shape, tables = self.model.flat(index), index.shape[1:], self.model.tables
        day = np.zeros(flat.shape[1], np.int32)
        process, number = np.zeros((2, flat.shape[1]), np.int16)

        def tiles(begin: int, end: int) -> None:
            chart_block(
                flat, begin, end, self.days, self.history, *tables, self.rules.min_history, self.rules.packed,
                chart_scratch(self.history, len(self.days)), day, process, number,
            )  # fmt: skip

        by_threads(tiles, flat.shape[1], threads)
        return Signals(day.reshape(shape), process.reshape(shape), number.reshape(shape))
