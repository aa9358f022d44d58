"""The Romanian Sentinel-2 cube that the wheel of nrt carries: read it, and judge whether its offset is really 0.

nrt is located through its distribution's metadata and never imported.  The files are pinned by SHA-256, because what
:mod:`romania_stac` declares about them (no offset, north-up, EPSG:3035) was measured on these bytes and no others.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import SourceError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NRT_VERSION = "0.2.1"
CUBE_10M = "sentinel2_cube_subset_romania_10m.nc"
CUBE_20M = "sentinel2_cube_subset_romania_20m.nc"
TREE_COVER = "tree_cover_density_2018_romania.tif"
SHA256 = {
    CUBE_10M: "10165376979ed20f988bef09bf79135ea415e741256ba50fd4fef679b1c1fa9d",
    CUBE_20M: "e22c3545dea25c93b31dea017fb70ba18578c1a6c954bf1040e58218b9fa28ca",
    TREE_COVER: "9e3798baaa7f52e6b9b27bf7f0a81b321a45afa3c83f04dded8a608199f86201",
}
"""What the three files of nrt 0.2.1 hash to."""

BANDS_10M = {"B02": "B2", "B03": "B3", "B04": "B4", "B08": "B8", "SCL": "SCL"}
BANDS_20M = {"B8A": "B8A", "B11": "B11"}
"""Band name here → variable in the cube.  The 20 m cube repeats B3, B4 and SCL; those come from the 10 m one."""

EPSG = 3035
VEGETATION = 4
CLOUD_CLASSES = (8, 9, 10)
EPOCH = date(2015, 8, 1)
INSTALL = "pip install 'mrv[samples]'"

OFFSET_DN = 1000
"""What processing baseline 04.00 and later adds to every L2A reflectance."""
VISIBLE = ("B02", "B03", "B04")
MIN_PIXELS = 100
"""A scene with fewer vegetation pixels than this says nothing about the offset."""
MIN_SHARE_PERCENT = 95
"""The share of judged scenes that must be dark in each visible band."""
GRID_TOLERANCE_M = 0.001


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid in EPSG:3035."""

    left_m: float
    """Easting of the upper left corner."""
    top_m: float
    """Northing of the upper left corner."""
    pixel_m: float
    """Edge of a square pixel."""
    width: int
    height: int

    @property
    def transform(self) -> list[float]:
        """The six affine terms, in the order of ``proj:transform`` and ``Affine``."""
        return [self.pixel_m, 0.0, self.left_m, 0.0, -self.pixel_m, self.top_m]

    @property
    def bbox(self) -> list[float]:
        """West, south, east, north, in metres."""
        right, bottom = self.left_m + self.pixel_m * self.width, self.top_m - self.pixel_m * self.height
        return [self.left_m, bottom, right, self.top_m]


@dataclass(frozen=True)
class Cube:
    """The two NetCDF files as one value."""

    dates: tuple[date, ...]
    """Ascending, unique."""
    grid_10m: Grid
    grid_20m: Grid
    bands: dict[str, NDArray[np.uint16]]
    """Band name → ``(time, y, x)``, rows from north to south, digital numbers, 0 where there is no data."""

    def grid(self, band: str) -> Grid:
        """The grid that ``band`` lies on."""
        return self.grid_20m if band in BANDS_20M else self.grid_10m


def locate(name: str) -> Path:
    """Path of one of nrt's data files, its bytes verified.

    Raises:
        UsageError: nrt is not installed.
        SourceError: another version of nrt, or other bytes.
    """
    try:
        distribution = metadata.distribution("nrt")
    except metadata.PackageNotFoundError as exc:
        raise UsageError(
            "the sample data come from the wheel of nrt, which is not installed",
            code="samples.nrt-missing",
            hint=INSTALL,
        ) from exc
    path = Path(str(distribution.locate_file(f"nrt/data/{name}")))
    hint = f"install exactly nrt {NRT_VERSION}: {INSTALL}"
    if not path.is_file():
        raise SourceError(f"nrt {distribution.version} does not carry it", code="samples.missing", hint=hint, file=name)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
        raise SourceError("its bytes are not those of nrt's release", code="samples.digest", hint=hint, file=path)
    return path


def read_cube() -> Cube:
    """Read both cubes, north-up.

    Raises:
        UsageError: nrt or netCDF4 is not installed.
        SourceError: the files are not what this module knows.
    """
    path_10m, path_20m = locate(CUBE_10M), locate(CUBE_20M)
    dates, grid_10m, bands_10m = _read_netcdf(path_10m, BANDS_10M, pixel_m=10.0)
    dates_20m, grid_20m, bands_20m = _read_netcdf(path_20m, BANDS_20M, pixel_m=20.0)
    if dates != dates_20m:
        raise SourceError("the 10 m and the 20 m cube hold different dates", code="samples.dates", file=path_20m)
    if np.abs(np.subtract(grid_10m.bbox, grid_20m.bbox)).max() > GRID_TOLERANCE_M:
        raise SourceError("the 10 m and the 20 m cube have different footprints", code="samples.grid", file=path_20m)
    return Cube(dates=dates, grid_10m=grid_10m, grid_20m=grid_20m, bands={**bands_10m, **bands_20m})


def read_tree_cover(grid: Grid) -> NDArray[np.uint8]:
    """Tree cover density 2018 in percent, 255 where there is no data.

    Args:
        grid: The 20 m grid of the cube, which the raster must lie on.

    Raises:
        SourceError: corners differ from the grid's by 1 mm or more, once brought to EPSG:3035.
    """
    import rasterio
    from rasterio.warp import transform

    path = locate(TREE_COVER)
    with rasterio.open(path) as src:
        left, bottom, right, top = src.bounds
        xs, ys = transform(src.crs, f"EPSG:{EPSG}", [left, right], [bottom, top])
        corners = [xs[0], ys[0], xs[1], ys[1]]
        off_m = float(np.abs(np.subtract(corners, grid.bbox)).max())
        if off_m >= GRID_TOLERANCE_M or src.shape != (grid.height, grid.width):
            raise SourceError(f"lies {off_m:.6f} m off the cube's 20 m grid", code="samples.grid", file=path)
        values: NDArray[np.uint8] = src.read(1)
    return values


def _read_netcdf(
    path: Path, names: dict[str, str], *, pixel_m: float
) -> tuple[tuple[date, ...], Grid, dict[str, NDArray[np.uint16]]]:
    try:
        import netCDF4
    except ImportError as exc:
        raise UsageError("netCDF4 is not installed", code="samples.netcdf4-missing", hint=INSTALL) from exc
    with netCDF4.Dataset(path) as cube:
        cube.set_auto_maskandscale(False)
        crs_wkt = str(cube["spatial_ref"].getncattr("spatial_ref"))
        days = cube["time"][:].astype(np.int64)
        x, y = cube["x"][:], cube["y"][:]
        bands = {band: np.asarray(cube[name][:], np.uint16) for band, name in names.items()}
        units = str(cube["time"].units)
    _check_axes(path, crs_wkt=crs_wkt, units=units, days=days, x=x, y=y, pixel_m=pixel_m)
    if y[0] < y[-1]:
        y, bands = y[::-1], {band: values[:, ::-1] for band, values in bands.items()}
    half = pixel_m / 2
    grid = Grid(float(x[0]) - half, float(y[0]) + half, pixel_m, width=x.size, height=y.size)
    return tuple(EPOCH + timedelta(days=int(day)) for day in days), grid, bands


def _check_axes(path: Path, *, crs_wkt: str, units: str, days: Any, x: Any, y: Any, pixel_m: float) -> None:
    if not crs_wkt.endswith(f'AUTHORITY["EPSG","{EPSG}"]]'):
        raise SourceError(f"is not in EPSG:{EPSG}", code="samples.crs", file=path)
    if units != f"days since {EPOCH.isoformat()} 00:00:00" or (np.diff(days) <= 0).any():
        raise SourceError("its dates are not ascending days since 2015-08-01", code="samples.dates", file=path)
    steps = np.concatenate([np.diff(x), np.abs(np.diff(y))])
    if np.abs(steps - pixel_m).max() > 1e-6:
        raise SourceError(f"its pixels are not {pixel_m:g} m", code="samples.grid", file=path)


@dataclass(frozen=True)
class OffsetEvidence:
    """What the digital numbers themselves say about an additive offset."""

    judged: tuple[date, ...]
    """Scenes with enough vegetation pixels."""
    proven: frozenset[date]
    """Judged scenes whose first percentile lies below 1000 in every visible band."""
    bands: dict[str, dict[str, int]]
    """Band → minimum and first percentile over vegetation, in DN, and how many scenes lie below 1000."""
    exceptions: tuple[dict[str, Any], ...]
    """Judged scenes that are bright in the visible, and what their short-wave infrared says."""

    def kind(self, day: date) -> str:
        """``vegetation`` (dark in the visible), ``swir`` (no step in B11) or ``none`` (too little vegetation)."""
        if day in self.proven:
            return "vegetation"
        return "swir" if day in self.judged else "none"


def offset_evidence(cube: Cube) -> OffsetEvidence:
    """Measure whether +1000 DN can be in the data.

    With it, no reflectance over vegetation could lie below about 1000 DN; without it, blue, green and red of leaves lie
    far below.  A hazy scene may be bright all the same: there B11 decides, which haze hardly changes and an offset
    raises like every other band.

    Raises:
        SourceError: the numbers do not exclude the offset; ``field`` names the band.
    """
    vegetation: NDArray[np.bool_] = np.equal(cube.bands["SCL"], VEGETATION)
    judged = [i for i in range(len(cube.dates)) if vegetation[i].sum() >= MIN_PIXELS]
    if not judged:
        raise SourceError("no scene has enough vegetation to judge its offset", code="samples.offset", field="SCL")
    p1 = {band: {i: _percentile(cube.bands[band][i][vegetation[i]], 1) for i in judged} for band in VISIBLE}
    dark = {band: {i for i in judged if p1[band][i] < OFFSET_DN} for band in VISIBLE}
    for band in VISIBLE:
        if len(dark[band]) * 100 < len(judged) * MIN_SHARE_PERCENT:
            raise SourceError(
                f"only {len(dark[band])} of {len(judged)} scenes have vegetation below {OFFSET_DN} DN in it: "
                f"an offset of +{OFFSET_DN} DN is not excluded",
                code="samples.offset",
                hint="the cube may have been reprocessed: declare its processing baseline, do not assume 0",
                field=band,
            )
    proven = set.intersection(*dark.values())
    bright = [i for i in judged if i not in proven]
    return OffsetEvidence(
        judged=tuple(cube.dates[i] for i in judged),
        proven=frozenset(cube.dates[i] for i in proven),
        bands={
            band: {
                "minimum_dn": min(int(cube.bands[band][i][vegetation[i]].min()) for i in judged),
                "p1_dn_lowest": min(p1[band].values()),
                "p1_dn_median": _percentile(np.array(list(p1[band].values())), 50),
                "p1_dn_highest": max(p1[band].values()),
                "scenes_p1_below_1000": len(dark[band]),
            }
            for band in VISIBLE
        },
        exceptions=tuple(_swir(cube, vegetation, i, proven, {b: p1[b][i] for b in VISIBLE}) for i in bright),
    )


def _swir(cube: Cube, vegetation: NDArray[np.bool_], at: int, proven: set[int], p1: dict[str, int]) -> dict[str, Any]:
    """Compare B11 of a bright scene with the nearest proven scenes before and after it."""
    blocks = vegetation.reshape(len(cube.dates), cube.grid_20m.height, 2, cube.grid_20m.width, 2)
    pure: NDArray[np.bool_] = np.asarray(blocks.all(axis=(2, 4)))
    enough = [i for i in sorted(proven) if pure[i].sum() >= MIN_PIXELS // 4]
    around = [i for i in enough if i < at][-1:] + [i for i in enough if i > at][:1]
    medians = [_percentile(cube.bands["B11"][i][pure[i]], 50) for i in [at, *around] if pure[i].any()]
    step = medians[0] - sum(medians[1:]) // len(around) if len(around) == 2 and len(medians) == 3 else OFFSET_DN
    if step * 2 >= OFFSET_DN:
        raise SourceError(
            f"the scene of {cube.dates[at]} is bright in the visible and B11 does not show that it has no offset",
            code="samples.offset",
            hint="declare its processing baseline, or leave the scene out",
            field="B11",
        )
    return {
        "date": cube.dates[at].isoformat(),
        "p1_dn": p1,
        "b11_median_dn": medians[0],
        "b11_median_dn_of_neighbours": medians[1:],
        "b11_step_dn": step,
        "neighbours": [cube.dates[i].isoformat() for i in around],
        "conclusion": "haze: an offset would raise B11 by 1000 DN as well, and it does not step by half of that",
    }


def _percentile(values: NDArray[Any], q: int) -> int:
    return int(np.percentile(values, q, method="lower"))
