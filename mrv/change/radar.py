"""Radar backscatter as series for change: linear power in, dB × 100 out, one geometry at a time.

Everything that averages works on power; decibels come last and are integers.  A *geometry* is a relative orbit and a pass:
its images look at the same slopes from the same side, so each has a history mean of its own.

===========  ====================================================================================================
JAXA mosaic  meaning
===========  ====================================================================================================
0            nothing seen
50           ocean and water
100          layover
150          shadow
255          land
===========  ====================================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.errors import SourceError
from mrv.kernels.looks import NODATA
from mrv.kernels.speckle import BRIGHTEST, speckle_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.sources.geometry import Geometry

DB_SCALE = 100
"""Integers per decibel."""
ALOS_LAND = 255
ALOS_WATER, ALOS_LAYOVER, ALOS_SHADOW = 50, 100, 150
ALOS_FACTOR_DB = -83.0
"""Calibration factor of JAXA's PALSAR mosaics."""


def by_geometry(geometries: Sequence[Geometry | None]) -> dict[Geometry | None, NDArray[np.int64]]:
    """Positions of each geometry's images, geometries in order.

    Args:
        geometries: Of the images (time,); None for mosaics, which are all of one kind.
    """
    ordered = sorted(set(geometries), key=lambda one: (one is not None, one))
    return {one: np.array([k for k, other in enumerate(geometries) if other == one]) for one in ordered}


def to_power(decibels: NDArray[np.int16]) -> NDArray[np.float32]:
    """Power of dB × 100; NaN where nodata.

    Args:
        decibels: int16, any shape.
    """
    power = 10.0 ** (decibels.astype(np.float64) / (10 * DB_SCALE))
    return np.where(decibels == NODATA, np.nan, power).astype(np.float32)


def normalise_incidence(
    power: NDArray[np.float32], angle_deg: NDArray[np.float32], *, reference_deg: float = 38.0,
    quantity: Literal["sigma0", "gamma0"] = "gamma0",
) -> NDArray[np.float32]:  # fmt: skip
    """Backscatter as it would be at a reference angle, by the cosine-square rule.

    The rule says σ0 ∝ cos²θ; with γ0 = σ0 / cosθ, γ0 ∝ cosθ.  It is meant for the ellipsoid's angle across a swath; on
    terrain-flattened γ0 with the local angle it would take the slope off twice.

    Args:
        power: Linear (…).
        angle_deg: Incidence angle, degrees (…); NaN is nodata.
        reference_deg: Angle wanted.
        quantity: What the power is.

    Raises:
        SourceError: An angle outside 0 to 89 degrees, or an unknown quantity.

    References:
        Ulaby, Moore & Fung 1982, Microwave Remote Sensing II; Mladenova et al. 2013, IEEE TGRS 51(3):1791–1804.
    """
    if quantity not in {"sigma0", "gamma0"}:
        raise SourceError(f"quantity {quantity!r}", code="radar.quantity", hint="sigma0 or gamma0")
    if not 0 <= reference_deg <= 89 or bool(np.any((angle_deg < 0) | (angle_deg > 89))):
        raise SourceError(
            "an incidence angle outside 0 to 89 degrees", code="radar.angle", hint="degrees from the vertical; NaN is nodata"
        )
    ratio = np.cos(np.deg2rad(reference_deg)) / np.cos(np.deg2rad(np.asarray(angle_deg, np.float64)))
    turned: NDArray[np.float64] = power * ratio ** (2 if quantity == "sigma0" else 1)
    return turned.astype(np.float32)


def despeckle(power: NDArray[np.float32], *, half: int = 3, fewest: int = 5, causal: bool = True) -> NDArray[np.float32]:
    """Multitemporal speckle filter (Quegan & Yu 2001) of one geometry's images.

    An observation that is nodata stays so and takes part in no mean.  An image whose window holds too few valid pixels
    takes no part at that pixel and is given as it was.  For chunks, overlap by ``half``.

    Args:
        power: Linear float32 (time, y, x) in order of time; NaN or not above 0 is nodata.
        half: The window is ``2 · half + 1`` pixels wide.
        fewest: Valid pixels that a window's mean needs.
        causal: Whether an image learns only from itself and those before it, so that a later scene changes nothing.

    Returns:
        float32 (time, y, x), NaN where nodata.

    Raises:
        SourceError: Not linear power in float32.

    References:
        Quegan & Yu 2001, IEEE TGRS 39(11):2373–2379.
    """
    if power.ndim != 3 or power.dtype != np.float32:
        raise SourceError(
            f"{power.dtype} of {power.ndim} dimensions", code="radar.shape", hint="float32 (time, y, x) of one geometry"
        )
    if half < 0 or fewest < 1:
        raise SourceError(f"half {half}, fewest {fewest}", code="radar.window", hint="half ≥ 0, fewest ≥ 1")
    with np.errstate(invalid="ignore"):
        bright = bool(np.any(power > BRIGHTEST))
    if bright:
        raise SourceError(
            f"power above {BRIGHTEST:g}", code="radar.scale", hint="linear power is wanted, not digital numbers or decibels"
        )
    out = np.empty_like(power)
    speckle_block(np.ascontiguousarray(power), half, fewest, causal, out)
    return out


def anomalies(
    decibels: NDArray[np.int16], geometries: Sequence[Geometry | None], *, history: int, fewest: int = 5
) -> NDArray[np.int16]:
    """Each observation less the history mean of its own geometry.

    Args:
        decibels: dB × 100 (time, y, x), ``NODATA``.
        geometries: Of the images (time,).
        history: Leading images that are history.
        fewest: Observations of the history that a geometry's mean needs; with fewer its images say nothing there.

    Returns:
        int16 dB × 100 (time, y, x), ``NODATA``.

    Raises:
        SourceError: As many geometries as images are wanted.
    """
    if len(geometries) != len(decibels):
        raise SourceError(
            f"{len(geometries)} geometries for {len(decibels)} images", code="radar.geometries", hint="one for each image"
        )
    out = np.full(decibels.shape, NODATA, np.int16)
    for where in by_geometry(geometries).values():
        past = decibels[where[where < history]]
        seen = past != NODATA
        count = seen.sum(axis=0, dtype=np.int64)
        total = np.where(seen, past, 0).sum(axis=0, dtype=np.int64)
        mean = (2 * total + count) // np.maximum(2 * count, 1)
        part = decibels[where].astype(np.int64)
        kept = (part != NODATA) & (count >= fewest)
        out[where] = np.where(kept, np.clip(part - mean, -32767, 32767), NODATA).astype(np.int16)
    return out


def alos_mask(dn: NDArray[np.uint16], mask: NDArray[np.uint8], *, masked: Sequence[int]) -> NDArray[np.bool_]:
    """Where a PALSAR mosaic shows ground.

    Args:
        dn: Amplitude (y, x); 0 is nodata, and so is 1 outside the data.
        mask: JAXA's mask (y, x); the table of this module.
        masked: Codes that do not count.

    Raises:
        SourceError: A mask that is not JAXA's.
    """
    unknown = set(np.unique(mask).tolist()) - {0, ALOS_WATER, ALOS_LAYOVER, ALOS_SHADOW, ALOS_LAND}
    if unknown or dn.shape != mask.shape or dn.dtype != np.uint16:
        raise SourceError(
            f"mask codes {sorted(unknown)}, {dn.dtype} amplitude {dn.shape} under a mask {mask.shape}", code="radar.mask",
            field="mask", hint="0 nothing, 50 water, 100 layover, 150 shadow, 255 land, on the grid of a uint16 amplitude",
        )  # fmt: skip
    ground: NDArray[np.bool_] = (dn > 1) & ~np.isin(mask, tuple(masked))
    return ground


def alos_power(dn: NDArray[np.uint16], mask: NDArray[np.uint8], *, keep: tuple[int, ...] = (ALOS_LAND,)) -> NDArray[np.float32]:
    """γ0 of a PALSAR mosaic as linear power: DN² · 10^−8.3.

    Args:
        dn: Amplitude (y, x).
        mask: JAXA's mask (y, x).
        keep: Codes that count.

    Returns:
        float32 (y, x), NaN where nothing counts.

    Raises:
        SourceError: A mask that is not JAXA's.

    References:
        Shimada et al. 2014, RSE 155:13–31: γ0 = 10 · log10(DN²) + CF with CF = −83.0 dB.
    """
    ground = alos_mask(dn, mask, masked=sorted({0, ALOS_WATER, ALOS_LAYOVER, ALOS_SHADOW, ALOS_LAND} - set(keep)))
    power = dn.astype(np.float64) ** 2 * 10.0 ** (ALOS_FACTOR_DB / 10)
    return np.where(ground, power, np.nan).astype(np.float32)
