"""The loss index: bands weighted so that a clearing stands out of what the pixels do anyway.

A matched filter: with the difference *m* between cleared ground and closed forest in published endmembers, and the covariance
*C* of the residuals of a sample's history, the weights are C⁻¹m / (mᵀC⁻¹m).  A full clearing is 1, the standard deviation is
the smallest that any linear index can have.  A second feature is the same filter for thin cloud, made blind to loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.published import table_rows
from mrv.errors import SourceError
from mrv.kernels.covariance import CONSISTENCY, MAX_SIZE, QUANTILE, ROUNDS, concentrate
from mrv.kernels.harmonic import solve_spd
from mrv.kernels.tile_fit import COEFFICIENTS, TILE, fit_tile, history_waves, load_tile, tile_scratch, year_waves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

SAMPLE_PX = 4096
"""Pixels of the calibration sample, spread evenly over the forest."""
_CANOPY = 0.55
"""Share of green vegetation in closed forest; the rest is shade."""
_GROUND = 0.5
"""Share of what is bright in cleared ground: half litter, half soil; the rest is shade."""
_BLIND = 100.0
"""Variance of loss, in squared clearings, against which the haze filter is blind."""
_HAZY, _FEWEST_HAZY = 8.0, 100
"""Standard deviations of an observation that is haze, and how many of them tell its colour."""
_PER_COEFFICIENT, _MOST_SHIFT = 6, 32_767
_QUANTUM = 2.0**36


@dataclass(frozen=True)
class LossFilter:
    """Weights of the bands."""

    bands: tuple[str, ...]
    """Roles of the bands, in order."""
    weights: NDArray[np.float32]
    """Loss and haze (2, band), per reflectance × 10⁴."""
    noise: float
    """Standard deviation of the loss index that the sample's covariance promises, in clearings."""
    forest_level: float
    """Loss index of closed forest, median of the sample's histories."""
    tint: float
    """Loss index per haze of the haze that the sample has, or of cloud where it has too little."""


def endmembers(bands: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Reflectance × 10⁴ of green vegetation (gv), litter and wood (npv), soil and cloud.

    Args:
        bands: Roles.

    Raises:
        SourceError: A band that the table does not have.

    References:
        Souza, Roberts & Cochrane 2005, RSE 98:329–343, in the values that MapBiomas and sits compute NDFI with.
    """
    rows = table_rows("endmembers")
    for band in bands:
        if band not in rows[0] or band == "name":
            raise SourceError(
                f"no endmember has a band {band}", code="change.bands", field="method.change.bands",
                hint="use " + ", ".join(name for name in rows[0] if name != "name"),
            )  # fmt: skip
    return {row["name"]: np.array([float(row[band]) for band in bands]) for row in rows}


def clearing(bands: Sequence[str]) -> NDArray[np.float64]:
    """Cleared ground less closed forest, reflectance × 10⁴ (band,)."""
    pure = endmembers(bands)
    return _GROUND * 0.5 * (pure["npv"] + pure["soil"]) - _CANOPY * pure["gv"]


def sample_pixels(mask: NDArray[np.bool_], wanted: int = SAMPLE_PX) -> NDArray[np.int64]:
    """Indices, in row order, of pixels spread evenly over a mask.

    Args:
        mask: (y, x).
        wanted: At most this many.
    """
    found = np.flatnonzero(mask)
    step = max(1, -(-len(found) // wanted))
    return found[::step]


def scene_shift(bands: NDArray[np.int16], clear: NDArray[np.bool_], *, history: int) -> NDArray[np.int16]:
    """How far each scene's forest departs from the history's: phenology, light and air that all of it shares.

    Args:
        bands: Reflectance × 10⁴ of a sample (time, band, pixel).
        clear: (time, pixel).
        history: Leading dates that are history.

    Returns:
        (time, band): the scene's median less the median of the history's medians, lower ones of two middle values; 0 where
        nothing is clear.

    References:
        Hamunyela et al. 2016, RSE 172:126–138 (spatial normalisation).
    """
    times, roles, _ = bands.shape
    medians = np.zeros((times, roles), np.int32)
    seen: NDArray[np.bool_] = np.asarray(clear.any(axis=1))
    for t in np.flatnonzero(seen):
        values = np.sort(bands[t][:, clear[t]], axis=1)
        medians[t] = values[:, (values.shape[1] - 1) // 2]
    past = np.sort(medians[:history][seen[:history]], axis=0)
    reference = past[(len(past) - 1) // 2] if len(past) else np.zeros(roles, np.int32)
    return np.where(seen[:, None], np.clip(medians - reference, -_MOST_SHIFT, _MOST_SHIFT), 0).astype(np.int16)


def calibrate(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], *, roles: Sequence[str], history: int
) -> LossFilter:
    """Fit the history of a sample in every band and weigh the bands by what it leaves over.

    Args:
        bands: Reflectance × 10⁴ of the sample (time, band, pixel).
        clear: (time, pixel).
        days: Days since 1970-01-01 (time,), ascending.
        roles: Of the bands.
        history: Leading dates that are history; what follows is not looked at.

    Raises:
        SourceError: Too few observations to tell noise from season, or bands that the endmembers lack.
    """
    size = len(roles)
    if not 2 <= size <= MAX_SIZE:
        raise SourceError(
            f"{size} bands", code="change.bands", field="method.change.bands", hint=f"name 2 to {MAX_SIZE} of them"
        )
    bands, clear, days = bands[:history], clear[:history], days[:history]
    covariance, levels = _covariance(bands, clear, days, size)
    loss, cloud = clearing(roles), endmembers(roles)["cloud"] - _CANOPY * endmembers(roles)["gv"]
    weights = np.stack([_matched(covariance, loss), _matched(covariance + _BLIND * np.outer(loss, loss), cloud)])
    weights = np.rint(weights * _QUANTUM) / _QUANTUM
    return LossFilter(
        bands=tuple(roles),
        weights=weights.astype(np.float32),
        noise=float(np.sqrt(_quadratic(covariance, weights[0]))),
        forest_level=scalar_product(weights[0], levels),
        tint=_tint(bands, clear, days, weights.astype(np.float32), otherwise=scalar_product(weights[0], cloud)),
    )


def calibrate_on(
    mask: NDArray[np.bool_], bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], *,
    roles: Sequence[str], history: int,
) -> LossFilter:  # fmt: skip
    """Calibrate on a sample of a cube in memory.

    Args:
        mask: Where the sample may lie (y, x).
        bands: Reflectance × 10⁴ (time, band, y, x).
        clear: (time, y, x).
        days: Days since 1970-01-01 (time,), ascending.
        roles: Of the bands.
        history: Leading dates that are history.

    Raises:
        SourceError: As :func:`calibrate`.
    """
    chosen = sample_pixels(mask)
    series = np.take(bands[:history].reshape(history, len(roles), -1), chosen, axis=2)
    seen = np.take(clear[:history].reshape(history, -1), chosen, axis=1)
    return calibrate(series, seen, days, roles=roles, history=history)


@dataclass(frozen=True)
class _Tile:
    """Pixels whose history was fitted; views of a scratch that the next tile overwrites."""

    rest: NDArray[np.float32]
    """What the model leaves over of the history (feature, time, pixel)."""
    clear: NDArray[np.bool_]
    """What was clear in it (time, pixel)."""
    sigma: NDArray[np.float32]
    """Standard deviation of what is left over (feature, pixel)."""
    used: NDArray[np.float32]
    """Observations that the last fit used (pixel,)."""
    level: NDArray[np.float32]
    """Level of the model (feature, pixel)."""


def _fitted_tiles(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], weights: NDArray[np.float32], *,
    rounds: int, floor: float,
) -> Iterator[_Tile]:  # fmt: skip
    """Fit features of a sample's history, tile by tile.

    Args:
        bands: Reflectance × 10⁴ (time, band, pixel).
        clear: (time, pixel).
        days: Days since 1970-01-01 (time,).
        weights: Features from bands (feature, band).
        rounds: Fits; a screening lies between two.
        floor: Smallest standard deviation that screens.
    """
    size, history = len(weights), len(days)
    waves = year_waves(days)
    padded = history_waves(waves, history)
    values, weight, model, sigma, sums, matrix, step = tile_scratch(size, len(padded))
    offset, floors = np.zeros((size, len(days)), np.float32), np.full(size, floor, np.float32)
    for first in range(0, clear.shape[1], TILE):
        count = min(TILE, clear.shape[1] - first)
        load_tile(bands, clear, first, count, weights, offset, values, weight)
        fit_tile(
            clear, first, count, history, waves, padded, rounds, np.float32(2.5), np.float32(_PER_COEFFICIENT), np.float32(0.1),
            floors, values, weight, model, sigma, sums, matrix, step,
        )  # fmt: skip
        yield _Tile(
            values[:, :history, :count], clear[:, first : first + count], sigma[:size, :count], sigma[size, :count],
            model[::COEFFICIENTS, :count],
        )  # fmt: skip


def _covariance(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residual covariance (band, band), and the median level of each band.

    Haze that the mask missed is no noise of the forest: nine tenths of the residuals, those closest together, are counted.
    """
    levels, identity = [], np.eye(size, dtype=np.float32)
    residuals, seen, spent = [], 0, 0
    for tile in _fitted_tiles(bands, clear, days, identity, rounds=4, floor=1.0):
        fitted = np.where(tile.used >= 5 * _PER_COEFFICIENT, 5, np.where(tile.used >= 3 * _PER_COEFFICIENT, 3, 1))
        enough = tile.used > fitted
        seen, spent = seen + int(tile.used[enough].sum()), spent + int(fitted[enough].sum())
        residuals.append(tile.rest[:, tile.clear & enough].astype(np.float64))
        levels.append(tile.level.copy())
    if seen - spent < 10 * size:
        raise SourceError(
            f"{seen - spent} observations beyond the model's in the sample's history, {10 * size} are needed",
            code="change.history", field="method.change",
            hint="search further back (sources.first), or use a detector that needs no covariance",
        )  # fmt: skip
    vectors = np.ascontiguousarray(np.concatenate(residuals, axis=1))
    middle = (vectors.shape[1] - 1) // 2
    middling = np.partition(np.abs(vectors), middle, axis=1)[:, middle]
    start = np.diag((1.4826 * np.maximum(middling, 1.0)) ** 2)
    covariance = concentrate(vectors, start, QUANTILE[size - 1], CONSISTENCY[size - 1], ROUNDS)
    level = np.sort(np.concatenate(levels, axis=1), axis=1)[:, (clear.shape[1] - 1) // 2]
    return covariance * (seen / (seen - spent)), level.astype(np.float64)


def _tint(
    bands: NDArray[np.int16], clear: NDArray[np.bool_], days: NDArray[np.int32], weights: NDArray[np.float32], *,
    otherwise: float,
) -> float:  # fmt: skip
    """Slope, through the origin, of the loss index on haze among the sample's hazy observations."""
    products, squares = [], []
    for tile in _fitted_tiles(bands, clear, days, weights, rounds=3, floor=0.0):
        loss, haze = tile.rest.astype(np.float64)
        hazy = tile.clear & (haze > _HAZY * tile.sigma[1]) & (tile.used > 10)
        products += (loss[hazy] * haze[hazy]).tolist()
        squares += (haze[hazy] * haze[hazy]).tolist()
    slope = fsum(products) / fsum(squares) if len(squares) >= _FEWEST_HAZY else otherwise
    return round(slope * 1024) / 1024


def _matched(covariance: NDArray[np.float64], signal: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix, vector = covariance.copy(), signal.copy()
    if not solve_spd(matrix, vector, len(signal)):
        raise SourceError(
            "the bands' residuals are linearly dependent", code="change.covariance", field="method.change.bands",
            hint="two bands carry the same values: drop one",
        )  # fmt: skip
    return vector / scalar_product(vector, signal)


def scalar_product(one: NDArray[np.floating], two: NDArray[np.floating]) -> float:
    """Scalar product in the order of the bands; a library's would differ between processors."""
    return sum((float(a) * float(b) for a, b in zip(one, two, strict=True)), 0.0)


def _quadratic(matrix: NDArray[np.float64], vector: NDArray[np.float64]) -> float:
    size = len(vector)
    return sum(float(vector[i]) * float(matrix[i, j]) * float(vector[j]) for i in range(size) for j in range(size))
