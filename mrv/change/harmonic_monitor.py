"""``harmonic-monitor/1``: a harmonic model of each pixel's stable history, and the first run of anomalies after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import SourceError
from mrv.kernels.harmonic import NO_BREAK, NODATA, UNMONITORED, fitted_series, harmonic_basis, monitor

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from mrv.plan import ChangeTable

__all__ = ["NO_BREAK", "UNMONITORED", "ChangeMap", "Model", "detect"]


@dataclass(frozen=True)
class ChangeMap:
    """What the detector found, by pixel (y, x)."""

    break_day: NDArray[np.int32]
    """Days since 1970-01-01 of the first anomalous observation; 0 no break; −1 history too short."""
    confidence: NDArray[np.uint8]
    """Percentage of anomalies among the first 8 observations from the break on; not a probability."""
    clear_count: NDArray[np.uint16]
    """Clear observations used."""


@dataclass(frozen=True)
class Model:
    """The detector set up for a list of scenes."""

    rules: ChangeTable
    """The plan's rules."""
    days: NDArray[np.int32]
    """Days since 1970-01-01 of the scenes used, ascending."""
    shift: NDArray[np.int16]
    """Index × 10⁴ taken off each scene."""
    history: int
    """How many of them are history."""

    @property
    def basis(self) -> NDArray[np.float64]:
        """Harmonic basis (time, coefficients)."""
        return harmonic_basis(self.days, self.rules.harmonics)

    def block(self, index: NDArray[np.int16]) -> NDArray[np.int32]:
        """Run the detector on a block.

        Args:
            index: int16 (time, y, x), as the cube gives it.

        Returns:
            int32 (3, y, x): break day, confidence, clear count.
        """
        out = np.zeros((3, *index.shape[1:]), np.int32)
        confidence, clear = np.zeros(index.shape[1:], np.uint8), np.zeros(index.shape[1:], np.uint16)
        monitor(self.normalise(index), self.days, self.basis, *self._fit_rules(), float(self.rules.threshold_sigma),
                float(self.rules.sigma_floor), self.rules.consecutive, out[0], confidence, clear)  # fmt: skip
        out[1], out[2] = confidence, clear
        return out

    def normalise(self, index: NDArray[np.int16]) -> NDArray[np.int16]:
        """Take each scene's shift off, leaving nodata.

        Args:
            index: int16 (time, …).
        """
        shift = self.shift.reshape(-1, *(1,) * (index.ndim - 1)).astype(np.int32)
        return np.where(index == NODATA, NODATA, index - shift).astype(np.int16)

    def fitted(self, index: NDArray[np.int16]) -> tuple[NDArray[np.float64], float]:
        """The model of one pixel at every date and its scatter, for a picture.

        Args:
            index: int16 (time,).
        """
        model: tuple[NDArray[np.float64], float] = fitted_series(
            self.normalise(index), self.basis, *self._fit_rules(), float(self.rules.sigma_floor)
        )
        return model

    def _fit_rules(self) -> tuple[int, int, int]:
        return self.history, self.rules.observations_per_coefficient, self.rules.min_history


def detect(cube: xr.Dataset, model: Model) -> ChangeMap:
    """Run the detector over the cube.

    Args:
        cube: Dataset with ``ndvi`` (time, y, x), int16 × 10⁴, of the scenes of ``model``.
        model: The detector.

    Raises:
        SourceError: Too few scenes are history for any pixel to be monitored.
    """
    import dask.array as da

    if model.history < model.rules.min_history:
        raise SourceError(
            f"{model.history} usable scenes before the project starts, {model.rules.min_history} are needed",
            code="change.history",
            field="method.change.min_history",
            hint="search further back (sources.first), relax method.observation, or start the project later",
        )
    index: Any = cube["ndvi"].data
    found = da.map_blocks(model.block, index, dtype=np.int32, chunks=((3,), *index.chunks[1:])).compute()
    return ChangeMap(np.ascontiguousarray(found[0]), found[1].astype(np.uint8), found[2].astype(np.uint16))
