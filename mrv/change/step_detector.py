"""``matched-step/1`` over a cube: calibrated on a sample of the forest, run chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.change_map import Anomaly, ChangeMap, Curve, GainMap
from mrv.change.loss_filter import calibrate, sample_pixels, scene_shift
from mrv.change.matched_step import StepModel, StepRules
from mrv.change.screening import Points
from mrv.kernels.step_monitor import CLASS, CONFIDENCE, COUNT, DAY, MAGNITUDE, RECOVERED, SINCE
from mrv.kernels.steps import CLEARING, DEGRADATION, GAIN, NO_BREAK, UNMONITORED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from numpy.typing import NDArray

    from mrv.change.screening import PointValues
    from mrv.plan import StepTable

_ANOMALOUS = 3.0
"""Standard deviations below the model at which a picture draws its threshold."""


@dataclass(frozen=True)
class StepDetector:
    """The detector set up for a list of scenes."""

    table: StepTable
    """The plan's rules."""
    model: StepModel
    """Calibrated for these scenes."""

    @property
    def days(self) -> NDArray[np.int32]:
        """Days since 1970-01-01 of the scenes used, ascending."""
        return self.model.days

    @property
    def history(self) -> int:
        """How many of them are history."""
        return self.model.history

    @property
    def roles(self) -> tuple[str, ...]:
        """Bands that it reads."""
        return self.table.bands

    @property
    def anomaly(self) -> Anomaly:
        """What a picture draws as an anomaly; the method itself weighs all observations after a date together."""
        return Anomaly(self.table.detector, f"{_ANOMALOUS:g}", self.model.rules.fewest, refit_yearly=False)

    def detect(self, cube: xr.Dataset, *, gpu: bool = False) -> ChangeMap:
        """Losses over the cube.

        Args:
            cube: Dataset (time, y, x) with the plan's bands (int16 × 10⁴) and ``clear``.
            gpu: Whether chunks go to a GPU.

        Returns:
            Losses of enough confidence; ``more`` has ``last_clear_day``, ``loss_percent`` and ``back_percent``, 0 elsewhere.
        """
        import dask.array as da

        bands = da.stack([cube[role].data for role in self.table.bands], axis=1).rechunk({1: -1})
        chunks = ((7,), *bands.chunks[2:])
        # The band axis goes: (time, band, y, x) and (time, y, x) become (row, y, x).
        found = da.blockwise(
            self.model.block, "ryx", bands, "tbyx", cube["clear"].data, "tyx", gpu=gpu, dtype=np.int32, concatenate=True,
            new_axes={"r": 7}, align_arrays=False, adjust_chunks={"y": chunks[1], "x": chunks[2]},
        ).compute()  # fmt: skip
        loss = (found[CLASS] == CLEARING) | (found[CLASS] == DEGRADATION)
        loss &= found[CONFIDENCE] >= self.table.min_confidence_percent
        day = np.where(loss, found[DAY], np.where(found[DAY] == UNMONITORED, UNMONITORED, NO_BREAK)).astype(np.int32)

        def only(row: int, dtype: Any, where: NDArray[np.bool_] = loss) -> NDArray[Any]:
            return np.where(where, found[row], 0).astype(dtype)

        gain = found[CLASS] == GAIN

        return ChangeMap(
            break_day=day, confidence=only(CONFIDENCE, np.uint8), clear_count=found[COUNT].astype(np.uint16),
            more={
                "last_clear_day": only(SINCE, np.int32), "loss_percent": only(MAGNITUDE, np.int16),
                "back_percent": only(RECOVERED, np.uint8),
            },
            gain=GainMap(only(DAY, np.int32, gain), only(CONFIDENCE, np.uint8, gain)),
        )  # fmt: skip

    def curve(self, bands: Mapping[str, NDArray[np.int16]], clear: NDArray[np.bool_]) -> Curve:
        """The canopy index of one pixel: 0 in closed forest, −1 on cleared ground.

        Args:
            bands: Reflectance × 10⁴ by role (time,).
            clear: What the mask takes for clear (time,).
        """
        stacked = np.stack([bands[role] for role in self.table.bands], axis=1)[:, :, None, None]
        state = self.model.fit(stacked, clear[:, None, None])
        loss_filter, size = self.model.filter, len(self.days)
        loss = (stacked[:, :, 0, 0].astype(np.float64) * loss_filter.weights[0].astype(np.float64)).sum(axis=1)
        loss -= self.model.offset[0]
        fitted = (self.model.waves[:, :5].astype(np.float64) * state.coefficients[:5, 0].astype(np.float64)).sum(axis=1)
        counted = np.concatenate([clear[: self.history], state.counted[:, 0]])
        spread = max(float(state.sigma[0, 0]), self.model.rules.drift)
        canopy = 1e4 * (loss_filter.forest_level - np.stack([loss, fitted, fitted + _ANOMALOUS * spread]))
        observed = np.where(counted[:size], canopy[0], np.nan)
        return Curve("Canopy", observed, canopy[1], canopy[2])


def calibration_points(forest: NDArray[np.bool_], table: StepTable) -> Points:
    """Where the detector wants to be calibrated.

    Args:
        forest: Forest (y, x).
        table: The plan's rules.
    """
    rows, cols = np.unravel_index(sample_pixels(forest), forest.shape)
    return Points(rows, cols, table.bands)


def set_up(days: NDArray[np.int32], sample: Sequence[PointValues], table: StepTable, *, history: int) -> StepDetector:
    """Calibrate the detector on a sample of the forest.

    Args:
        days: Days since 1970-01-01 of the scenes, ascending.
        sample: What each of them shows at :func:`calibration_points`.
        table: The plan's rules.
        history: Leading scenes that are history.

    Raises:
        SourceError: Too little history to calibrate on.
    """
    bands, clear = np.stack([scene.bands for scene in sample]), np.stack([scene.clear for scene in sample])
    shift = scene_shift(bands, clear, history=history)
    rules = replace(StepRules(), min_history=table.min_history, least=table.min_loss_percent / 100)
    loss_filter = calibrate(bands - shift[:, :, None], clear, days, roles=table.bands, history=history)
    return StepDetector(table, StepModel(rules, loss_filter, days, history, shift))
