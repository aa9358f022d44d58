"""``extent-cleaning/1``: a stack of extent maps without flicker, specks and wandering edges, before change is read off.

Every pixel has a state, which is its extent as far as it is believed.  A map that disagrees with the state is a candidate.
It becomes a change when all of these hold, and is then dated back to the first of the maps that disagreed in a row:

- *time*: as many valid maps in a row disagree as ``persist`` asks (nodata is skipped and breaks no row);
- *patch*: with its neighbours that disagree the same way, now or before, it makes a clump of ``minimum_px``;
- *rim*: it lies deeper than ``rim_px`` from the edge of the extent before this change began, or nothing of what was there is
  left within ``rim_px`` (a fringe that goes as a whole), or it is within twice as many steps of a candidate of either sort.
  What only follows the edge must hold for ``rim_persist`` maps, or deepen.

In the last map nothing can be held: ``last_loss`` and ``last_gain`` say whether a candidate that lacks only time is believed.
A caller that credits gain leaves ``last_gain`` off: an emission is not withheld for want of confirmation, a removal is.
Between two versions of a map product the rim is that of :mod:`mrv.change.version_step`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.extent_maps import FOREST, NODATA, OTHER
from mrv.change.version_step import StepRules, VersionStep, measure_step, version_noise
from mrv.errors import SourceError
from mrv.kernels.clumps import at_least, depth_from, grow_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class CleaningRules:
    """What can change the answer; with the first values nothing is cleaned."""

    window: int = 1
    """Maps, odd, over which a majority is taken first; 1 takes none."""
    settle: int = 1
    """Maps in a row that make a state at the start; the first such row counts, else the first valid map."""
    persist: int = 1
    """Maps in a row that make a change."""
    minimum_px: int = 1
    """Minimum mapping unit of a change, pixels."""
    rim_px: int = 0
    """Depth of the rim of the previous extent, pixels; 0 knows no rim."""
    rim_persist: int = 1
    """Maps in a row that make a change of what only follows the rim."""
    last_loss: bool = True
    """Believe a loss at the end of the stack that lacks only time."""
    last_gain: bool = True
    """Believe a gain there."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if int(value) < (0 if field.name == "rim_px" or isinstance(value, bool) else 1):
                raise SourceError(
                    f"{field.name} is {value}", code="extent.rules", field=field.name, hint="give a count of maps or pixels"
                )
        if self.window % 2 == 0:
            raise SourceError(f"a window of {self.window} maps has no middle", code="extent.rules", field="window",
                              hint="give an odd number")  # fmt: skip


@dataclass(frozen=True)
class CleanedStack:
    """The stack as believed, and what was put aside."""

    states: Codes
    """(epoch, y, x): the state at each map; nodata where the map has none."""
    pending: Codes
    """(y, x): the code that the last maps show against the state, or nodata: seen, not believed yet."""
    restated: Bools
    """(y, x): the edge moved with a version of the product, and the earlier maps were given the later edge."""
    steps: tuple[VersionStep, ...]
    """Measured at each change of version."""


def untouched(stack: Codes) -> CleanedStack:
    """A stack as it came (epoch, y, x): every map is believed."""
    nothing = np.zeros(stack.shape[1:], np.uint8)
    return CleanedStack(stack, nothing, nothing.astype(np.bool_), ())


def clean_stack(
    stack: Codes, rules: CleaningRules, *, versions: Sequence[str] | None = None, step: StepRules | None = None
) -> CleanedStack:
    """Follow every pixel through the maps and believe what the rules allow.

    The result depends on the whole window: clumps do not stop at chunks.
    A pixel that the first map of a version does not show keeps the edge of the version before.

    Args:
        stack: Extent maps (epoch, y, x), uint8: 0 nodata, 1 forest, 2 other.
        rules: The rules.
        versions: Version of the product that each map comes from; None where all are of one.
        step: Rules of a change of version.

    Raises:
        SourceError: Other codes or shape, or versions that are not one a map.
    """
    _check(stack, versions)
    named = list(versions) if versions is not None else [""] * len(stack)
    shown = _filled(majority(stack, rules.window))
    valid = stack != NODATA
    follower = _Follower(shown, valid, rules, step or StepRules())
    for epoch in range(1, len(stack)):
        if named[epoch] != named[epoch - 1]:
            follower.change_version(epoch)
        follower.see(epoch, valid[epoch], last=epoch == len(stack) - 1)
    follower.states[~valid] = NODATA
    pending = np.where(follower.disagrees(shown[-1]), shown[-1], NODATA).astype(np.uint8)
    return CleanedStack(follower.states, pending, follower.restated, tuple(follower.steps))


def _check(stack: Codes, versions: Sequence[str] | None) -> None:
    def refuse(message: str, reason: str, hint: str) -> SourceError:
        return SourceError(message, code=f"extent.{reason}", field="stack", hint=hint)

    if stack.ndim != 3 or stack.dtype != np.uint8 or not len(stack):
        raise refuse(f"{stack.dtype} of shape {stack.shape}", "shape", "give uint8 (epoch, y, x)")
    if stack.size and int(stack.max()) > OTHER:
        raise refuse(f"code {int(stack.max())} in an extent map", "codes", "1 forest, 2 other, 0 nodata")
    if versions is not None and len(versions) != len(stack):
        raise refuse(f"{len(versions)} versions of {len(stack)} maps", "versions", "name the version of each map")


def majority(stack: Codes, window: int) -> Codes:
    """The code that most valid maps of a window around each map show; ties and nodata stay as they are (epoch, y, x)."""
    if window == 1:
        return stack
    half, smoothed = window // 2, stack.copy()
    for epoch in range(len(stack)):
        around = stack[max(epoch - half, 0) : epoch + half + 1]
        forest, other = (around == FOREST).sum(axis=0), (around == OTHER).sum(axis=0)
        seen = stack[epoch] != NODATA
        smoothed[epoch][seen & (forest > other)] = FOREST
        smoothed[epoch][seen & (other > forest)] = OTHER
    return smoothed


def _filled(stack: Codes) -> Codes:
    """Each pixel's last valid code up to each map (epoch, y, x)."""
    filled = stack.copy()
    for epoch in range(1, len(stack)):
        filled[epoch] = np.where(stack[epoch] == NODATA, filled[epoch - 1], stack[epoch])
    return filled


def _settled(shown: Codes, valid: Bools, settle: int) -> Codes:
    """State at the start: the first code shown ``settle`` times in a row, else the first code of all (y, x)."""
    state, first = np.zeros_like(shown[0]), np.zeros_like(shown[0])
    row = np.zeros(shown.shape[1:], np.int32)
    previous = np.zeros_like(shown[0])
    for now, seen in zip(shown, valid, strict=True):
        row = np.where(now == previous, row + seen, 1)
        first = np.where(first == NODATA, now, first)
        state = np.where((state == NODATA) & (row >= settle), now, state)
        previous = now
    settled: Codes = np.where(state == NODATA, first, state)
    return settled


class _Follower:
    """States of all pixels while their maps pass by in order."""

    def __init__(self, shown: Codes, valid: Bools, rules: CleaningRules, step: StepRules) -> None:
        shape = shown.shape[1:]
        self.shown, self.rules, self.step = shown, rules, step
        self.state = _settled(shown, valid, rules.settle)
        self.states = np.broadcast_to(self.state, shown.shape).copy()
        self.changed_to = np.zeros(shape, np.uint8)
        self.row = np.zeros(shape, np.int32)
        self.since = np.zeros(shape, np.int32)
        self.frozen = np.zeros(shape, np.bool_)
        self.restated = np.zeros(shape, np.bool_)
        self.steps: list[VersionStep] = []

    def disagrees(self, now: Codes) -> Bools:
        """Where a map shows another code than the state."""
        differs: Bools = (now != self.state) & (now != NODATA) & (self.state != NODATA) & ~self.frozen
        return differs

    def see(self, epoch: int, valid: Bools, *, last: bool) -> None:
        now = self.shown[epoch]
        self.frozen &= now != self.state
        differs = self.disagrees(now)
        self.since = np.where(differs & (self.row == 0), np.int32(epoch), self.since)
        self.row = np.where(differs, self.row + (valid & differs), 0)
        previous = self.state.copy()
        accepted = np.zeros(now.shape, np.bool_)
        for code, believed in ((OTHER, self.rules.last_loss), (FOREST, self.rules.last_gain)):
            accepted |= self._accept(differs & (now == code), previous, now, code, believed=last and believed)
        self._move(accepted, now, epoch)

    def _accept(self, candidates: Bools, previous: Codes, now: Codes, code: int, *, believed: bool) -> Bools:
        rules = self.rules
        if not candidates.any():
            return candidates
        held = candidates & (self.row >= (1 if believed else rules.persist))
        together = candidates | (self.changed_to == code)
        patched = candidates & at_least(together, rules.minimum_px)
        if rules.rim_px == 0:
            return held & patched
        # An edge that has moved before is measured from where it began, so that what deepens year by year is followed.
        began = (previous == code) & (self.changed_to != code)
        behind = depth_from(began, rules.rim_px) > rules.rim_px
        alone = depth_from((now != code) & (now != NODATA), rules.rim_px) > rules.rim_px
        deep = candidates & (behind | alone)
        inner = grow_within(deep, candidates, 2 * rules.rim_px)
        return patched & ((inner & held) | (self.row >= max(rules.rim_persist, rules.persist)))

    def _move(self, accepted: Bools, now: Codes, epoch: int) -> None:
        np.copyto(self.state, now, where=accepted)
        np.copyto(self.changed_to, now, where=accepted)
        self.row[accepted] = 0
        self.states[epoch] = self.state
        first = int(self.since[accepted].min()) if accepted.any() else epoch
        for past in range(first, epoch):
            np.copyto(self.states[past], now, where=accepted & (self.since <= past))

    def change_version(self, epoch: int) -> None:
        """Lay the version's edge aside: earlier maps get the later edge where nothing had changed, else the state stays.

        A candidate that the version before showed already is none of the step's, whether it lasts or not.
        """
        now = self.shown[epoch]
        before = np.where(self.row > 0, now, self.state)
        measured = measure_step(before, now, self.step)
        self.steps.append(measured)
        noise = version_noise(before, now, measured.width_px)
        fresh = noise & (self.changed_to == NODATA)
        for state in (self.state, *self.states[:epoch]):
            np.copyto(state, now, where=fresh)
        self.row[noise] = 0
        self.restated |= fresh
        self.frozen |= noise & ~fresh
