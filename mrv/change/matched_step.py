"""``matched-step/1``: steps of a matched loss index of all bands, screened, confirmed over a year, dated by least squares.

filter = calibrate(sample, clear, days, roles=…, history=…)       # once a scene list
model = StepModel(StepRules(), filter, days, history)
found = model.block(bands, clear)                                 # (7, y, x) of a chunk
state = model.fit(bands, clear); state = state.extend(…)          # or scene by scene: the same integers
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.loss_filter import scalar_product
from mrv.change.published import table_rows
from mrv.errors import SourceError
from mrv.kernels.cuda import step_monitor as twin
from mrv.kernels.cuda.device import open_device
from mrv.kernels.step_monitor import RESULT_ROWS, decide_block, fit_block, monitor_block, residual_of_scene
from mrv.kernels.tile_fit import history_waves, tile_scratch, year_waves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.change.loss_filter import LossFilter


@dataclass(frozen=True)
class StepRules:
    """What can change the answer; shares are of a full clearing."""

    min_history: int = 6
    """Fewest observations of the history; with fewer a pixel is not monitored."""
    observations_per_coefficient: int = 6
    """Observations of the history that each coefficient needs; with fewer harmonics are left out."""
    ridge: float = 0.1
    """Pull of the harmonics towards none, observations."""
    rounds: int = 3
    """Fits of the history; a screening lies between two."""
    cut: float = 2.5
    """The history is screened at this many standard deviations."""
    haze_below: float = 12.0
    """An observation whose haze lies this many standard deviations below the model does not count …"""
    haze_above: float = 5.0
    """… or this many above."""
    haze_least: float = 0.03
    """Haze, as a share of cloud, below which an observation always counts."""
    season: float = 0.04
    """Standard deviation of one year's departure from the model's season."""
    drift: float = 0.0175
    """Standard deviation of the level's drift since the history."""
    certain: float = 3.5
    """Standard errors of a step that is reported before any other."""
    possible: float = 2.5
    """Standard errors of the smallest step reported where there is no certain one."""
    least: float = 0.04
    """Smallest height of a step."""
    share: float = 0.7
    """Share of its height that the first observation of a step shows."""
    window_days: int = 330
    """Days of observations that confirm a step."""
    fewest: int = 3
    """Fewest observations of a step."""
    clearing: float = 0.35
    """Height from which a loss is a clearing, below it degradation."""
    bare: float = 0.5
    """Openness of the ground before a gain; below it a recovery."""

    def packed_fit(self, tint: float) -> NDArray[np.float32]:
        """In the order of :data:`mrv.kernels.step_monitor.FIT`."""
        return np.array([
            self.rounds, self.cut, self.observations_per_coefficient, self.ridge, self.haze_below, self.haze_above, tint,
        ], np.float32)  # fmt: skip

    @property
    def packed(self) -> NDArray[np.float64]:
        """In the order of :data:`mrv.kernels.steps.RULES`.

        The first three are the alarm's slack, limit and clip, standard deviations. It rings in vain for a fifth of stable
        pixels; on the worlds it was tried on it is silent for no certain step and for one possible step in a thousand.
        """
        return np.array([
            1.5, 4.0, 5.0, self.drift, self.season, self.certain, self.possible, self.least, self.share, self.clearing,
            self.bare,
        ])  # fmt: skip


def confidence_table() -> NDArray[np.uint8]:
    """Share of true losses among reported ones in percent, by quarter of a standard error from 0, on simulated worlds."""
    return np.array([int(row["percent"]) for row in table_rows("step_confidence")], np.uint8)


@dataclass(frozen=True)
class StepModel:
    """The detector set up for a list of scenes."""

    rules: StepRules
    """The rules."""
    filter: LossFilter
    """The loss index."""
    days: NDArray[np.int32]
    """Days since 1970-01-01 of the scenes, ascending; a day once."""
    history: int
    """How many of them are history."""
    shift: NDArray[np.int16] | None = None
    """What each scene's forest departs from the history's by, reflectance × 10⁴ (time, band); None: nothing is taken off."""
    confidence: NDArray[np.uint8] = field(default_factory=confidence_table)
    """Percent by quarter of a standard error."""

    def __post_init__(self) -> None:
        if self.history < self.rules.min_history:
            raise SourceError(
                f"{self.history} usable scenes before the project starts, {self.rules.min_history} are needed",
                code="change.history", field="method.change.min_history",
                hint="search further back (sources.first), or start the project later",
            )  # fmt: skip
        if self.history > len(self.days):
            raise SourceError(
                f"{self.history} of {len(self.days)} scenes are history", code="change.history", field="history",
                hint="history counts the leading scenes of the list",
            )  # fmt: skip
        if np.any(np.diff(self.days) <= 0):
            raise SourceError(
                "the days of the scenes do not ascend", code="change.days", field="days",
                hint="sort the scenes, and merge those of one day (mrv.change.observations.merge_days)",
            )  # fmt: skip

    @cached_property
    def offset(self) -> NDArray[np.float32]:
        """What is taken off loss and haze of each scene (2, time)."""
        out = np.zeros((2, len(self.days)), np.float32)
        for feature in range(2 if self.shift is not None else 0):
            out[feature] = [scalar_product(self.filter.weights[feature], row) for row in self.shift]  # type: ignore[union-attr]
        return out

    @cached_property
    def waves(self) -> NDArray[np.float32]:
        """Harmonics at the days (time, 9)."""
        return year_waves(self.days)

    def block(self, bands: NDArray[np.int16], clear: NDArray[np.bool_], *, gpu: bool = False) -> NDArray[np.int32]:
        """Run the detector on a block.

        Args:
            bands: Reflectance × 10⁴ (time, band, y, x), in the filter's order.
            clear: What counts (time, y, x).
            gpu: Whether on the GPU of this process; the same integers.

        Returns:
            int32 (7, y, x), rows as :func:`mrv.kernels.step_monitor.decide_block` gives them.
        """
        shape, pixels = self.check_block(bands, clear, len(self.days)), clear[0].size
        padded, out = history_waves(self.waves, self.history), np.empty((RESULT_ROWS, pixels), np.int32)
        run: Any = partial(twin.monitor_block, open_device()) if gpu else partial(monitor_block, scratch=self._scratch(padded))
        run(
            _flat(bands, pixels), _flat(clear, pixels), self.filter.weights, self.offset, self.days, self.waves, padded,
            self.history, self.rules.packed_fit(self.filter.tint), self._floor, *self.decision(), out=out,
        )  # fmt: skip
        return out.reshape(RESULT_ROWS, *shape)

    def fit(self, bands: NDArray[np.int16], clear: NDArray[np.bool_]) -> StepState:
        """Fit the history of a block, and take in what follows it.

        Args:
            bands: (time, band, y, x); time at least the history.
            clear: (time, y, x).

        Raises:
            SourceError: Shapes that do not belong together.
        """
        shape, pixels, later = self.check_block(bands, clear, len(self.days)), clear[0].size, len(self.days) - self.history
        padded = history_waves(self.waves, self.history)
        state = StepState(
            model=self,
            shape=shape,
            coefficients=np.empty((10, pixels), np.float32),
            sigma=np.empty((3, pixels), np.float32),
            last=np.empty(pixels, np.int32),
            residual=np.empty((later, pixels), np.float32),
            counted=np.empty((later, pixels), np.bool_),
        )
        fit_block(
            _flat(bands, pixels), _flat(clear, pixels), self.filter.weights, self.offset, self.waves, padded, self.history,
            self.rules.packed_fit(self.filter.tint), self._floor, self._scratch(padded),
            state.coefficients, state.sigma, state.last, state.residual, state.counted,
        )  # fmt: skip
        return state

    def check_block(self, bands: NDArray[np.int16], clear: NDArray[np.bool_], dates: int) -> tuple[int, int]:
        """Rows and columns of a block of so many dates.

        Raises:
            SourceError: Shapes that do not belong together, or other types.
        """
        wanted = (dates, len(self.filter.bands))
        if bands.ndim != 4 or bands.shape[:2] != wanted or clear.shape != (bands.shape[0], *bands.shape[2:]):
            raise SourceError(
                f"bands {bands.shape} and mask {clear.shape} for {wanted[0]} days and {wanted[1]} bands",
                code="change.shape", hint="bands are (time, band, y, x), the mask (time, y, x)",
            )  # fmt: skip
        if bands.dtype != np.int16 or clear.dtype != np.bool_:
            raise SourceError(
                f"bands are {bands.dtype}, the mask {clear.dtype}", code="change.dtype",
                hint="bands are int16, reflectance × 10⁴; the mask is boolean",
            )  # fmt: skip
        return clear.shape[1], clear.shape[2]

    def decision(self) -> tuple[Any, ...]:
        """Arguments that deciding a block and a state share."""
        rules = self.rules
        return (
            rules.packed, rules.min_history, rules.window_days, rules.fewest, self.confidence, self.filter.forest_level,
        )  # fmt: skip

    def _scratch(self, padded: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        return tile_scratch(2, max(len(self.days), len(padded)))

    @property
    def _floor(self) -> NDArray[np.float32]:
        """Smallest standard deviations: a short history may lie on its model by chance."""
        return np.array([0.5 * self.filter.noise, self.rules.haze_least / self.rules.haze_above], np.float32)


def _flat(array: NDArray[Any], pixels: int) -> NDArray[Any]:
    return np.ascontiguousarray(array).reshape(*array.shape[:-2], pixels)


@dataclass(frozen=True)
class StepState:
    """What monitoring needs to know of a block: fitted once, extended scene by scene."""

    model: StepModel
    """The detector, with the days seen so far."""
    shape: tuple[int, int]
    """Rows and columns."""
    coefficients: NDArray[np.float32]
    """Models of loss and haze (10, pixel)."""
    sigma: NDArray[np.float32]
    """Their standard deviations, and the number of observations of the history (3, pixel)."""
    last: NDArray[np.int32]
    """Last counted date of the history (pixel,)."""
    residual: NDArray[np.float32]
    """Loss index less its model since the history (time, pixel)."""
    counted: NDArray[np.bool_]
    """What counts of it (time, pixel)."""

    def extend(
        self, day: int, bands: NDArray[np.int16], clear: NDArray[np.bool_], *, shift: NDArray[np.int16] | None = None
    ) -> StepState:
        """Take in one more scene.

        Args:
            day: Days since 1970-01-01, after all others.
            bands: Reflectance × 10⁴ (band, y, x).
            clear: (y, x).
            shift: Of the scene (band,), if the others have one.

        Raises:
            SourceError: A day that is not after the last one, or a scene of another shape or type.
        """
        shape = self.model.check_block(bands[None], clear[None], 1)
        if shape != self.shape:
            raise SourceError(
                f"a scene of {shape} pixels for a block of {self.shape}", code="change.shape",
                hint="extend a state by the same rows and columns",
            )  # fmt: skip
        before = self.model.shift
        if (before is None) != (shift is None):
            raise SourceError(
                "one scene with and others without a shift", code="change.shift", hint="give a shift for all scenes or for none"
            )
        after = None if before is None or shift is None else np.concatenate([before, shift[None]])
        model = replace(self.model, days=np.append(self.model.days, np.int32(day)).astype(np.int32), shift=after)
        pixels = self.last.size
        residual, counted = np.empty(pixels, np.float32), np.empty(pixels, np.bool_)
        residual_of_scene(
            _flat(bands, pixels)[None], _flat(clear, pixels)[None], model.filter.weights, model.offset[:, -1:],
            model.waves[-1:], self.coefficients, self.sigma, model.rules.packed_fit(model.filter.tint), tile_scratch(2, 1),
            residual, counted,
        )  # fmt: skip
        return replace(
            self, model=model, residual=np.concatenate([self.residual, residual[None]]),
            counted=np.concatenate([self.counted, counted[None]]),
        )  # fmt: skip

    def decide(self) -> NDArray[np.int32]:
        """Breaks from all scenes so far.

        Returns:
            int32 (7, y, x), as :meth:`StepModel.block`.
        """
        model, out = self.model, np.empty((RESULT_ROWS, self.last.size), np.int32)
        decide_block(
            model.days, model.waves, model.history, self.residual, self.counted, self.sigma, self.coefficients[0], self.last,
            *model.decision(), out,
        )  # fmt: skip
        return out.reshape(RESULT_ROWS, *self.shape)
