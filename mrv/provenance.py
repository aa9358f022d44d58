"""Provenance: who ran it, on what; signed beside the statement, never inside it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mrv import __version__
from mrv.units import utc_now

PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "rasterio",
    "pyproj",
    "shapely",
    "scipy",
    "xarray",
    "dask",
    "odc-geo",
    "pystac",
)


def software() -> dict[str, str]:
    """Versions of this package, of Python and of the libraries that compute."""
    import rasterio
    from pyproj import proj_version_str
    from shapely import geos_version_string

    found = {"mrv": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    found |= {"GDAL": str(rasterio.__gdal_version__), "PROJ": proj_version_str, "GEOS": geos_version_string}
    return found


def machine(device: str) -> dict[str, str]:
    """The kind of machine, and what its detector ran on; no host name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count() or 0),
        "device": device,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123  # one line of a virtual file
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def provenance(*, started: str, where: str, device: str, warnings: list[str]) -> dict[str, Any]:
    """The provenance section of an attestation.

    Args:
        started: When the run began.
        where: The string that says where Dask ran.
        device: What the detector ran on: ``cpu``, or a GPU by name and compiler.
        warnings: What libraries warned of.
    """
    return {
        "started": started,
        "ended": utc_now(),
        "software": software(),
        "platform": machine(device),
        "where": where,
        "warnings": sorted(set(warnings)),
    }
