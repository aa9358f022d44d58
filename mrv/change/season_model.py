"""What detectors with a season-trend model share: dates, design matrix, tables for the tile kernels, blocks, threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from mrv.errors import PlanError, SourceError
from mrv.kernels.season_tile import TILE
from mrv.kernels.season_trend import MASK_BITS, MOST_HARMONICS, mask_bytes, products, season_trend

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    F8 = NDArray[np.float64]
    I2 = NDArray[np.int16]
    I4 = NDArray[np.int32]

_PARTS = 8
"""Runs of tiles to a thread."""


def refused(message: str, field: str) -> PlanError:
    """A rule that cannot be followed."""
    return PlanError(message, code="change.rules", field=f"method.change.{field}")


class SeasonRules(Protocol):
    """Rules of a detector with a season-trend model, as far as the model goes."""

    @property
    def harmonics(self) -> int:
        """Harmonics of the year."""

    @property
    def trend(self) -> bool:
        """Whether the model has a trend."""

    @property
    def min_history(self) -> int:
        """Fewest observations of the history."""


R = TypeVar("R", bound=SeasonRules)


def coefficients(rules: SeasonRules) -> int:
    """Of the model: intercept, two a harmonic, trend."""
    return 1 + 2 * rules.harmonics + rules.trend


def check_model(rules: SeasonRules) -> None:
    """Refuse a model that the kernels do not have, or that its history cannot bear.

    Raises:
        PlanError: Harmonics out of range, or no more observations than coefficients.
    """
    if not 1 <= rules.harmonics <= MOST_HARMONICS:
        raise refused(f"{rules.harmonics} harmonics, 1 to {MOST_HARMONICS} are possible", "harmonics")
    if rules.min_history <= coefficients(rules):
        raise refused(
            f"a history of {rules.min_history} observations cannot bear {coefficients(rules)} coefficients", "min_history"
        )


def composite_years(year: int, number: int, count: int, a_year: int) -> F8:
    """Decimal years of evenly numbered composites, for the ``years`` of a model.

    Args:
        year: Of the first one.
        number: Of the first one in its year, from 1.
        count: How many.
        a_year: Composites a year.
    """
    return year + (number - 1 + np.arange(count, dtype=np.float64)) / a_year


@dataclass(frozen=True)
class SeasonModel:
    """A season-trend model set up for a list of scenes."""

    days: I4
    """Days since 1970-01-01 of the scenes, ascending; a day once."""
    history: int
    """How many of them come before monitoring."""
    years: F8 | None
    """Decimal years of the scenes where they are numbered evenly (:func:`composite_years`); otherwise their days count."""
    harmonics: int
    """Harmonics of the year."""
    trend: bool
    """Whether there is a trend."""
    min_history: int
    """Fewest observations of the history."""

    def __post_init__(self) -> None:
        if np.any(np.diff(self.days) <= 0):
            raise SourceError("the days of the scenes do not ascend", code="change.days", field="days", hint="sort the scenes")
        if self.years is not None and (len(self.years) != len(self.days) or np.any(np.diff(self.years) <= 0)):
            raise SourceError(
                "the decimal years of the scenes do not ascend with their days", code="change.days", field="years"
            )
        if not self.min_history <= self.history <= len(self.days):
            raise SourceError(
                f"{self.history} usable scenes before the project starts, {self.min_history} are needed",
                code="change.history", field="method.change.min_history",
                hint="search further back (sources.first), or start the project later",
            )  # fmt: skip

    @cached_property
    def basis(self) -> F8:
        """Design matrix (time, coefficients)."""
        return season_trend(self._decimal, self.history, self.harmonics, trend=self.trend)

    @cached_property
    def tables(self) -> tuple[Any, ...]:
        """What the tile kernels need, in their order: ``basis``, ``padded``, ``single``, ``table``, ``pair``, ``factor``."""
        basis, found = self.basis, products(self.basis, self._decimal, self.history, self.harmonics)
        size = coefficients(self)
        padded = np.zeros((mask_bytes(self.history) * MASK_BITS, size), np.float32)
        padded[: self.history] = basis[: self.history]
        single = np.zeros((len(basis), -(-size // 4) * 4), np.float32)
        single[:, :size] = basis
        return basis, padded, single, found.table, found.pair, found.factor

    @property
    def _decimal(self) -> F8:
        return 1970 + self.days.astype(np.float64) / 365.25 if self.years is None else self.years.astype(np.float64)

    def flat(self, index: I2) -> I2:
        """A block as (time, pixel).

        Args:
            index: int16 (time, y, x), index × 10⁴, −32768 where not seen.

        Raises:
            SourceError: The block is not int16, or has other dates than the model.
        """
        if index.dtype != np.int16 or index.ndim != 3 or index.shape[0] != len(self.days):
            raise SourceError(
                f"a block of {index.dtype} {index.shape} where int16 ({len(self.days)}, y, x) is needed",
                code="change.block", field="index",
            )  # fmt: skip
        return np.ascontiguousarray(index).reshape(len(index), index.shape[1] * index.shape[2])


@dataclass(frozen=True)
class SeasonMonitor(Generic[R]):
    """What detectors with such a model are set up with: rules, and a list of scenes."""

    rules: R
    """The rules."""
    days: I4
    """Days since 1970-01-01 of the scenes, ascending; a day once."""
    history: int
    """How many of them come before monitoring."""
    years: F8 | None = None
    """Decimal years of the scenes where they are numbered evenly (:func:`composite_years`); otherwise their days count."""

    def __post_init__(self) -> None:
        _ = self.model

    @cached_property
    def model(self) -> SeasonModel:
        """The model of the history."""
        rules = self.rules
        return SeasonModel(self.days, self.history, self.years, rules.harmonics, rules.trend, rules.min_history)


def by_threads(run: Callable[[int, int], object], pixels: int, threads: int) -> None:
    """Call ``run(first, end)`` for runs of whole tiles, several to a thread: none waits long for one that was held up.

    Args:
        run: Releases the interpreter's lock.
        pixels: Of the block.
        threads: At least 1.
    """
    if threads < 2:
        run(0, pixels)
        return
    stride = max(-(-pixels // (_PARTS * threads * TILE)), 1) * TILE
    parts = [(first, min(first + stride, pixels)) for first in range(0, pixels, stride)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, *zip(*parts, strict=True)))
