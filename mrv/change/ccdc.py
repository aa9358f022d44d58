"""``ccdc/1``: continuous change detection and classification's change half, written from the papers.

found = Ccdc(CcdcRules(), roles).block(bands, clear, days)      # segments of every pixel of a chunk
day = found.break_day(first=day)                                # first confirmed break since a day (y, x)

It is the field's yardstick, and far slower than ``matched-step/1``: for comparison, and for series of decades.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from mrv.errors import SourceError
from mrv.kernels.ccdc import S_BREAK, S_END, S_PERCENT, S_START, SEGMENT_ROWS, ccdc_block
from mrv.kernels.harmonic import harmonic_basis
from mrv.kernels.season_fit import COEFFICIENTS, YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

_YEAR_ZERO = 719_529
"""Days from 0000-01-00 to 1970-01-01."""


@dataclass(frozen=True)
class CcdcRules:
    """What can change the answer; defaults are the papers'."""

    detect: tuple[str, ...] = ("green", "red", "nir", "swir1", "swir2")
    """Roles of the bands that detect."""
    screen: tuple[str, ...] = ("green", "swir1")
    """Roles of the bands that screen the initial window."""
    penalty: float = 20.0
    """λ of the LASSO, reflectance × 10⁴."""
    change: float = 0.99
    """Probability of χ² beyond which an observation may be change."""
    outlier: float = 0.999999
    """Probability beyond which a single one is left out."""
    conse: int = 6
    """Observations in a row that make a change."""
    tmask: float = 4.89
    """Departure from the robust fit, in median steps between observations, of what the initial window leaves out."""
    initial: int = 12
    """Observations of an initial window, which lasts a year at least."""
    per_coefficient: int = 3
    """Observations that a coefficient needs."""
    refit: float = 1.33
    """A model is fitted again when its span has grown by this factor."""
    apart_days: float = 30.0
    """Noise is the median difference of observations more than this apart: nearer ones share haze and season."""
    least: float = 1.0
    """Smallest noise of a band, reflectance × 10⁴."""

    def __post_init__(self) -> None:
        if not (
            0 < self.change < self.outlier < 1 and self.penalty >= 0 and self.refit > 1 and min(self.tmask, self.least) > 0
        ):
            raise SourceError(
                f"change {self.change}, outlier {self.outlier}, penalty {self.penalty}, refit {self.refit}", code="ccdc.rules",
                hint="0 < change < outlier < 1, penalty ≥ 0, refit > 1",
            )  # fmt: skip
        if self.conse < 2 or self.initial < 2 * COEFFICIENTS - 4 or self.per_coefficient < 1 or not self.detect:
            raise SourceError(
                f"conse {self.conse}, initial {self.initial}, per coefficient {self.per_coefficient}", code="ccdc.rules",
                hint="conse ≥ 2, initial ≥ 12, per_coefficient ≥ 1, a band that detects",
            )  # fmt: skip


@dataclass(frozen=True)
class Segments:
    """Models of a block, in order of time."""

    count: NDArray[np.int32]
    """Segments (y, x); 0 where no stable year was seen."""
    segment: NDArray[np.int32]
    """First day, last day, break day (0 none), observations, percent of the confirming run seen (y, x, segment, 5)."""
    model: NDArray[np.float32]
    """Coefficients of :func:`ccdc_basis` (y, x, segment, band, 8)."""
    rmse: NDArray[np.float32]
    """Of the last fit (y, x, segment, band)."""
    size: NDArray[np.float32]
    """Median departure of the observations that made the break (y, x, segment, band); 0 without."""

    def breaks(self) -> NDArray[np.bool_]:
        """Which segments end in a confirmed break (y, x, segment)."""
        there = np.arange(self.segment.shape[2]) < self.count[..., np.newaxis]
        confirmed: NDArray[np.bool_] = there & (self.segment[..., S_PERCENT] == 100) & (self.segment[..., S_BREAK] > 0)
        return confirmed

    def break_day(self, *, first: int) -> NDArray[np.int32]:
        """Day of the first confirmed break on or after a day.

        Args:
            first: Days since 1970-01-01.

        Returns:
            int32 (y, x): days since 1970-01-01; 0 none, −1 where nothing was ever stable.
        """
        day = np.where(
            self.breaks() & (self.segment[..., S_BREAK] >= first), self.segment[..., S_BREAK], np.iinfo(np.int32).max
        )
        earliest = day.min(axis=2)
        found = np.where(earliest == np.iinfo(np.int32).max, 0, earliest)
        return np.where(self.count == 0, -1, found).astype(np.int32)

    def spans(self, y: int, x: int) -> list[tuple[int, int]]:
        """First and last day of each segment of a pixel."""
        rows = self.segment[y, x, : self.count[y, x]]
        return [(int(row[S_START]), int(row[S_END])) for row in rows]


@dataclass(frozen=True)
class Ccdc:
    """The detector set up for a list of bands."""

    rules: CcdcRules
    """The rules."""
    roles: tuple[str, ...]
    """Roles of the bands, in order."""

    def __post_init__(self) -> None:
        missing = sorted({*self.rules.detect, *self.rules.screen} - set(self.roles))
        if missing:
            raise SourceError(
                f"no band {missing[0]}", code="ccdc.bands", field="method.change.bands",
                hint="detect and screen name roles that the bands have",
            )  # fmt: skip

    @cached_property
    def limits(self) -> tuple[float, float]:
        """χ² of the detecting bands, rounded so that the library's last digit does not matter."""
        change, outlier = (
            float(stats.chi2.ppf(one, len(self.rules.detect))) for one in (self.rules.change, self.rules.outlier)
        )
        return round(change, 6), round(outlier, 6)

    def block(self, bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], *, most: int = 12) -> Segments:
        """Run the detector on a block.

        Args:
            bands: Reflectance × 10⁴ (time, band, y, x).
            clear: What counts (time, y, x); saturated values must not.
            days: Days since 1970-01-01 (time,), ascending; a day once.
            most: Segments kept of a pixel.

        Raises:
            SourceError: Shapes or days that do not belong together.
        """
        self._check(bands, clear, days)
        rows, cols = clear.shape[1:]
        pixels, roles = rows * cols, len(self.roles)
        found, segment = np.zeros(pixels, np.int32), np.zeros((pixels, most, SEGMENT_ROWS), np.int32)
        model = np.zeros((pixels, most, roles, COEFFICIENTS), np.float32)
        rmse, size = np.zeros((pixels, most, roles), np.float32), np.zeros((pixels, most, roles), np.float32)
        rules, times = self.rules, len(days)
        ccdc_block(
            np.ascontiguousarray(bands).reshape(times, roles, pixels), np.ascontiguousarray(clear).reshape(times, pixels),
            days, ccdc_basis(days), self._index(rules.detect), self._index(rules.screen),
            np.array([rules.penalty, *self.limits, rules.tmask, rules.refit, rules.least, rules.apart_days]),
            np.array([rules.conse, rules.initial, rules.per_coefficient], np.int64), found, segment, model, rmse, size,
        )  # fmt: skip
        shape = (rows, cols, most)
        return Segments(
            count=found.reshape(rows, cols),
            segment=segment.reshape(*shape, SEGMENT_ROWS),
            model=model.reshape(*shape, roles, COEFFICIENTS),
            rmse=rmse.reshape(*shape, roles),
            size=size.reshape(*shape, roles),
        )

    def _index(self, roles: tuple[str, ...]) -> NDArray[np.int64]:
        return np.array([self.roles.index(role) for role in roles], np.int64)

    def _check(self, bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32]) -> None:
        wanted = (len(days), len(self.roles))
        if bands.ndim != 4 or bands.shape[:2] != wanted or clear.shape != (bands.shape[0], *bands.shape[2:]):
            raise SourceError(
                f"bands {bands.shape} and mask {clear.shape} for {wanted[0]} days and {wanted[1]} bands", code="ccdc.shape",
                hint="bands are (time, band, y, x), the mask (time, y, x)",
            )  # fmt: skip
        if bands.dtype != np.int16 or clear.dtype != np.bool_:
            raise SourceError(
                f"bands are {bands.dtype}, the mask {clear.dtype}", code="ccdc.dtype",
                hint="bands are int16, reflectance × 10⁴; the mask is boolean",
            )  # fmt: skip
        if days.dtype != np.int32 or bool(np.any(np.diff(days) <= 0)):
            raise SourceError("the days do not ascend", code="ccdc.days", hint="int32 days since 1970-01-01, each once")


def ccdc_basis(days: NDArray[np.int32]) -> NDArray[np.float64]:
    """One, years since 1970-01-01, cosine and sine of three harmonics (time, 8).

    The waves count from year 0, as in the authors' program: a LASSO shrinks cosine and sine apart, so that it is not
    indifferent to where the year begins.

    Args:
        days: Days since 1970-01-01 (time,).
    """
    waves = harmonic_basis((days + _YEAR_ZERO).astype(np.int32), 3)
    return np.column_stack([waves[:, 0], days / YEAR, waves[:, 1:]])
