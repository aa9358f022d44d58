"""A PALSAR-2 mosaic tile read as γ0: coverage of the mask, and levels of land and water."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.radar import ALOS_LAND, ALOS_WATER, alos_power
from mrv.kernels.decibels import decibels_of_power

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

TILE = "N23W161_20"


def read_layer(folder: Path, layer: str) -> NDArray[Any]:
    """One layer of the tile, straight from the archive."""
    from rasterio.io import MemoryFile

    with tarfile.open(folder / f"{TILE}_MOS_F02DAR.tar.gz") as archive:
        member = archive.extractfile(f"{TILE}_{layer}_F02DAR.tif")
        if member is None:
            raise FileNotFoundError(layer)
        with MemoryFile(member.read()) as memory, memory.open() as raster:
            return np.asarray(raster.read(1))


def table(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Mean γ0 of each polarisation, in power and then in dB, by mask code."""
    mask = read_layer(folder, "mask")
    out: dict[str, Any] = {"pixels": {str(code): int((mask == code).sum()) for code in np.unique(mask)}}
    for polarisation in ("HH", "HV"):
        dn = read_layer(folder, f"sl_{polarisation}")
        for name, code in (("land", ALOS_LAND), ("water", ALOS_WATER)):
            power = alos_power(dn, mask, keep=(code,))
            seen = power[np.isfinite(power)].astype(np.float64)
            out[f"{polarisation} {name}"] = {
                "pixels": len(seen), "mean_db": int(decibels_of_power(np.array([seen.mean()]))[0]) / 100,
                "median_db": int(np.median(decibels_of_power(seen))) / 100,
            }  # fmt: skip
            tell(f"  {polarisation} {name:6s} {out[f'{polarisation} {name}']}")
    return out
