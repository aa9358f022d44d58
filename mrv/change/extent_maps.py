"""``extent-epochs/1``: year of loss and of gain from a stack of classified extent maps, one an epoch.

The state of a pixel is followed through its valid epochs; nodata is skipped.  A map that disagrees with the state is a
change only if the pixel's next valid map agrees with it; one that does not is *flicker* and is ignored.  In a pixel's last
valid map there is nothing to hold the change: it is counted and marked *unconfirmed*.  An emission is not withheld for want
of confirmation; a removal should be, so a caller that credits gain leaves unconfirmed gain out.  A change between two maps
is dated by the later one; ``*_since`` is the year of the earlier one, for epochs need not be yearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from mrv.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

NODATA, FOREST, OTHER = 0, 1, 2
"""Codes of a stack: no value, forest (mangrove), anything else."""
MAX_YEAR = 9999


@dataclass(frozen=True)
class ExtentChange:
    """Change since a baseline epoch, by pixel (y, x); years are 0 where there is none."""

    forest_at_start: NDArray[np.bool_]
    """Forest at the baseline."""
    loss_year: NDArray[np.int32]
    """Year of the map that first shows the first loss after the baseline, unconfirmed ones included."""
    loss_since: NDArray[np.int32]
    """Year of the pixel's valid map before it: the loss lies after that one."""
    gain_year: NDArray[np.int32]
    """Year of the map that first shows the first gain after the baseline, unconfirmed ones included."""
    gain_since: NDArray[np.int32]
    """Year of the pixel's valid map before it."""
    unconfirmed_loss: NDArray[np.bool_]
    """``loss_year`` is the pixel's last valid map: no later one holds it."""
    unconfirmed_gain: NDArray[np.bool_]
    """``gain_year`` is the pixel's last valid map."""
    flicker: NDArray[np.uint8]
    """Maps after the baseline that disagreed for one epoch only and were ignored."""
    repeated: NDArray[np.bool_]
    """A second loss or a second gain after the baseline: ``loss_year`` and ``gain_year`` are the first ones only."""
    unobserved: NDArray[np.bool_]
    """No valid map up to the baseline, or none after it: counted as neither forest nor change."""


def classify(values: NDArray[np.integer], *, forest: Collection[int], other: Collection[int]) -> NDArray[np.uint8]:
    """A map's own codes as :data:`FOREST`, :data:`OTHER` and :data:`NODATA`.

    Args:
        values: Codes 0–255 of any integer type, any shape; a code in neither collection is nodata.
        forest: Codes that are forest.
        other: Codes that are not.

    Returns:
        uint8 of the same shape.

    Raises:
        SourceError: A code outside 0–255, or one that is both.
    """
    if both := sorted(set(forest) & set(other)):
        raise SourceError(
            f"code {both[0]} is both forest and other", code="extent.codes", field="sources.extent", hint="give each code once"
        )
    if values.size and not (int(values.min()) >= 0 and int(values.max()) <= 255):
        raise SourceError("codes outside 0–255", code="extent.codes", hint="an extent map is a classified map of 8 bits")
    table = np.zeros(256, np.uint8)
    table[sorted(forest)] = FOREST
    table[sorted(other)] = OTHER
    classes: NDArray[np.uint8] = table[values]
    return classes


def detect(stack: NDArray[np.uint8], years: Sequence[int], *, baseline: int) -> ExtentChange:
    """Follow every pixel from the baseline epoch on.

    Args:
        stack: Extent maps (epoch, y, x), codes :data:`NODATA`, :data:`FOREST`, :data:`OTHER`.
        years: Year that each map describes, ascending, one an epoch.
        baseline: The state at the start is that of the last epoch not after this year; changes count after it.

    Raises:
        SourceError: Other codes, a year for each map missing, years not ascending, or no epoch on one side of the baseline.
    """
    _check(stack, years, baseline)
    follower = _Follower(stack.shape[1:])
    later = _next_valid(stack)
    for epoch, year in enumerate(years):
        follower.see(stack[epoch], later[epoch], year, counts=year > baseline)
    return follower.result()


def _check(stack: NDArray[np.uint8], years: Sequence[int], baseline: int) -> None:
    def refuse(message: str, reason: str, hint: str) -> SourceError:
        return SourceError(message, code=f"extent.{reason}", hint=hint)

    if stack.ndim != 3 or stack.dtype != np.uint8 or stack.shape[0] != len(years):
        shape = f"{stack.dtype} of shape {stack.shape} for {len(years)} years"
        raise refuse(shape, "shape", "give uint8 (epoch, y, x) and one year an epoch")
    if any(two <= one for one, two in pairwise(years)) or not all(0 < year <= MAX_YEAR for year in years):
        raise refuse(f"years {list(years)} do not ascend", "years", "one map a year, in order")
    if stack.size and int(stack.max()) > OTHER:
        raise refuse(
            f"code {int(stack.max())} in an extent map", "codes", "classify the maps first: 1 forest, 2 other, 0 nodata"
        )
    if not years or years[0] > baseline or years[-1] <= baseline:
        span = f"{years[0]}–{years[-1]}" if years else "none"
        raise refuse(
            f"epochs ({span}) do not span the baseline {baseline}", "baseline", "a map at or before the start and one after it"
        )


def _next_valid(stack: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Code of each pixel's next valid map after an epoch, or nodata (epoch, y, x)."""
    later = np.zeros_like(stack)
    for epoch in range(stack.shape[0] - 2, -1, -1):
        later[epoch] = np.where(stack[epoch + 1] == NODATA, later[epoch + 1], stack[epoch + 1])
    return later


class _Follower:
    """States of all pixels while their maps pass by in order."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.state = np.zeros(shape, np.uint8)
        self.start = np.zeros(shape, np.uint8)
        self.last_seen = np.zeros(shape, np.int32)
        self.seen_after = np.zeros(shape, np.bool_)
        self.flicker = np.zeros(shape, np.uint8)
        self.repeated = np.zeros(shape, np.bool_)
        self.year = {code: np.zeros(shape, np.int32) for code in (FOREST, OTHER)}
        self.since = {code: np.zeros(shape, np.int32) for code in (FOREST, OTHER)}
        self.unconfirmed = {code: np.zeros(shape, np.bool_) for code in (FOREST, OTHER)}

    def see(self, now: NDArray[np.uint8], later: NDArray[np.uint8], year: int, *, counts: bool) -> None:
        valid = now != NODATA
        differs = valid & (self.state != NODATA) & (now != self.state)
        flickers = differs & (later == self.state)
        changes = differs & ~flickers
        if counts:
            self.flicker += flickers
            self.seen_after |= valid
            for code in (FOREST, OTHER):
                self._count(code, changes & (now == code), later == NODATA, year)
        self.state = np.where(changes | (self.state == NODATA), now, self.state)
        if not counts:
            self.start = self.state
        self.last_seen = np.where(valid, np.int32(year), self.last_seen)

    def _count(self, code: int, to: NDArray[np.bool_], last: NDArray[np.bool_], year: int) -> None:
        # A pixel without a state at the baseline has nothing to change from.
        to = to & (self.start != NODATA)
        first = to & (self.year[code] == 0)
        self.repeated |= to & ~first
        self.year[code] = np.where(first, np.int32(year), self.year[code])
        self.since[code] = np.where(first, self.last_seen, self.since[code])
        self.unconfirmed[code] |= first & last

    def result(self) -> ExtentChange:
        return ExtentChange(
            forest_at_start=self.start == FOREST,
            loss_year=self.year[OTHER],
            loss_since=self.since[OTHER],
            gain_year=self.year[FOREST],
            gain_since=self.since[FOREST],
            unconfirmed_loss=self.unconfirmed[OTHER],
            unconfirmed_gain=self.unconfirmed[FOREST],
            flicker=self.flicker,
            repeated=self.repeated,
            unobserved=(self.start == NODATA) | ~self.seen_after,
        )
