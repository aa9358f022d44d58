"""``harmonic-monitor/1``: a harmonic model of each pixel's stable history, and the first run of anomalies after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.change_map import Anomaly, ChangeMap, Curve
from mrv.cube import ndvi
from mrv.errors import SourceError
from mrv.kernels.cuda import harmonic as twin
from mrv.kernels.cuda.device import open_device
from mrv.kernels.harmonic import NODATA, harmonic_basis, model_series, monitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from numpy.typing import NDArray

    from mrv.plan import ChangeTable


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
    def roles(self) -> tuple[str, ...]:
        """Bands that it reads."""
        return ("red", "nir")

    @property
    def anomaly(self) -> Anomaly:
        """What it calls an anomaly."""
        rules = self.rules
        return Anomaly(rules.detector, str(rules.threshold_sigma), rules.consecutive, rules.refit_yearly)

    @property
    def basis(self) -> NDArray[np.float64]:
        """Harmonic basis (time, coefficients)."""
        return harmonic_basis(self.days, self.rules.harmonics)

    @property
    def refit(self) -> NDArray[np.bool_]:
        """Whether the model is fitted again before a date (time,): at the first one of each later year, if at all."""
        years = (self.days.astype("datetime64[D]")).astype("datetime64[Y]")
        first = np.concatenate([[False], years[1:] != years[:-1]])
        return first & self.rules.refit_yearly

    def block(self, index: NDArray[np.int16], *, gpu: bool = False) -> NDArray[np.int32]:
        """Run the detector on a block.

        Args:
            index: int16 (time, y, x), as the cube gives it.
            gpu: Whether on the GPU of this process; the same integers.

        Returns:
            int32 (3, y, x): break day, confidence, clear count.
        """
        day = np.zeros(index.shape[1:], np.int32)
        confidence, clear = np.zeros(index.shape[1:], np.uint8), np.zeros(index.shape[1:], np.uint16)
        arguments = (self.normalise(index), self.days, *self._rules(), day, confidence, clear)
        if gpu:
            twin.monitor(open_device(), *arguments)
        else:
            monitor(*arguments)
        return np.stack([day, confidence.astype(np.int32), clear.astype(np.int32)])

    def normalise(self, index: NDArray[np.int16]) -> NDArray[np.int16]:
        """Take each scene's shift off, leaving nodata.

        Args:
            index: int16 (time, …).
        """
        shift = self.shift.reshape(-1, *(1,) * (index.ndim - 1)).astype(np.int32)
        return np.where(index == NODATA, NODATA, index - shift).astype(np.int16)

    def fitted(self, index: NDArray[np.int16]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The model and the limit of one pixel at every date, for a picture.

        Args:
            index: int16 (time,).

        Returns:
            Two float64 (time,), index × 10⁴; an observation below the limit is anomalous.
        """
        series: tuple[NDArray[np.float64], NDArray[np.float64]] = model_series(self.normalise(index), *self._rules())
        return series

    def curve(self, bands: Mapping[str, NDArray[np.int16]], clear: NDArray[np.bool_]) -> Curve:
        """One pixel, for a picture.

        Args:
            bands: Reflectance × 10⁴ by role (time,).
            clear: What the mask takes for clear (time,).
        """
        index = ndvi(bands["red"], bands["nir"], clear)
        fitted, threshold = self.fitted(index)
        seen = np.where(index != NODATA, self.normalise(index), np.nan).astype(np.float64)
        return Curve("NDVI", seen, fitted, threshold)

    def detect(self, cube: xr.Dataset, *, gpu: bool = False) -> ChangeMap:
        """Run over the cube; see :func:`detect`."""
        return detect(cube, self, gpu=gpu)

    def _rules(self) -> tuple[Any, ...]:
        rules = self.rules
        return (
            self.basis, self.refit, self.history, rules.observations_per_coefficient, rules.min_history,
            float(rules.threshold_sigma), float(rules.sigma_floor), rules.consecutive,
        )  # fmt: skip


def detect(cube: xr.Dataset, model: Model, *, gpu: bool = False) -> ChangeMap:
    """Run the detector over the cube.

    Args:
        cube: Dataset with ``ndvi`` (time, y, x), int16 × 10⁴, of the scenes of ``model``.
        model: The detector.
        gpu: Whether chunks go to a GPU.

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
    found = da.map_blocks(model.block, index, gpu=gpu, dtype=np.int32, chunks=((3,), *index.chunks[1:])).compute()
    return ChangeMap(np.ascontiguousarray(found[0]), found[1].astype(np.uint8), found[2].astype(np.uint16))
