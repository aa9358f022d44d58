"""The Global Mangrove Watch change sites as read: maps, interpreted points, and the lattice that the points lie on."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from mrv.areas import pixel_areas_mm2

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Codes = NDArray[np.uint8]
    Ints = NDArray[np.int64]

YEARS = (1996, 2007, 2008, 2009, 2010, 2015, 2016, 2017, 2018, 2019, 2020)
NODATA, STABLE, OTHER, LOSS, GAIN = 0, 1, 2, 3, 4
NAMES = {STABLE: "Mangroves", OTHER: "Not Mangroves", LOSS: "Mangroves > Not Mangroves", GAIN: "Not Mangroves > Mangroves"}
CODES = {name: code for code, name in NAMES.items()} | {"NA": NODATA}
SHORT = {STABLE: "mangrove", OTHER: "other", LOSS: "loss", GAIN: "gain"}
RESOLUTION_DEG = 0.000222222222222
"""As the producers gave it."""
REWRITTEN = {20: 1 / 4500}
"""The one raster whose points were drawn with another last digit. (The shipped rasters of 17 and 35 say 1/4500 too, but their
points fit the producers' figure.)"""
REF, CHANGE = "acc_ref", "acc_chng"


@dataclass(frozen=True)
class Raster:
    """One site's stack of extent maps."""

    stack: Codes
    """(epoch, y, x): 1 mangrove, 2 not, 0 nodata."""
    west: float
    """Left edge, degrees."""
    north: float
    """Upper edge, degrees."""
    step: float
    """Edge of a pixel, degrees."""

    @property
    def grid(self) -> GeoBox:
        """The raster's grid."""
        affine = Affine(self.step, 0.0, self.west, 0.0, -self.step, self.north)
        return GeoBox(self.stack.shape[1:], affine, "EPSG:4326")

    def change(self, y0: int, y1: int) -> Codes:
        """Change classes between two epochs, 0 where either is nodata."""
        before, after = self.stack[YEARS.index(y0)], self.stack[YEARS.index(y1)]
        table = np.array([[0, 0, 0], [0, STABLE, LOSS], [0, GAIN, OTHER]], np.uint8)
        return table[before, after]


@dataclass(frozen=True)
class Points:
    """Interpreted points of one frame at one site and pair of years."""

    site: int
    """Site."""
    y0: int
    """First year."""
    y1: int
    """Second year."""
    frame: str
    """``acc_ref`` or ``acc_chng``."""
    sets: tuple[str, ...]
    """Set of each point."""
    lon: NDArray[np.float64]
    """Longitude, 6 decimals."""
    lat: NDArray[np.float64]
    """Latitude."""
    at_sampling: Codes
    """Map class that the producers recorded."""
    at_point: Codes
    """Map class of the shipped raster at the printed coordinate, as the file gives it."""
    reference: Codes
    """Interpreted class."""

    @property
    def n(self) -> int:
        """Points."""
        return len(self.sets)

    @property
    def name(self) -> str:
        """``1 2017-2019``."""
        return f"{self.site} {self.y0}-{self.y1}"

    def position(self, raster: Raster) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Row and column in pixels from the raster's upper left corner; centres are at .5."""
        return (raster.north - self.lat) / raster.step, (self.lon - raster.west) / raster.step


def read_points(folder: Path) -> list[Points]:
    """All points, by frame, site and years."""
    with (folder / "reference_points.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    groups = defaultdict(list)
    for row in rows:
        groups[row["set"].split("_pts")[0], int(row["site"]), int(row["y0"]), int(row["y1"])].append(row)
    return [_points(key, groups[key]) for key in sorted(groups)]


def _points(key: tuple[str, int, int, int], rows: list[dict[str, str]]) -> Points:
    def codes(column: str) -> Codes:
        return np.array([CODES[row[column]] for row in rows], np.uint8)

    frame, site, y0, y1 = key
    lon, lat = (np.array([float(row[name]) for row in rows]) for name in ("lon", "lat"))
    sets = tuple(row["set"] for row in rows)
    return Points(site, y0, y1, frame, sets, lon, lat, codes("chng_cls"), codes("mapcls"), codes("chng_ref"))


def read_roi(folder: Path, site: int) -> tuple[float, float, float, float]:
    """West, south, east, north of a site's region of interest."""
    value = json.loads((folder / "gmw_change_site_bboxs_ids.geojson").read_text())
    ring = next(f["geometry"]["coordinates"][0] for f in value["features"] if f["properties"]["roi_id"] == site)
    lons, lats = [p[0] for p in ring], [p[1] for p in ring]
    return min(lons), min(lats), max(lons), max(lats)


@lru_cache(maxsize=4)
def read_raster(folder: Path, site: int) -> Raster:
    """A site's maps."""
    with rasterio.open(folder / "maps" / f"gmw_v312_site_{site:02d}.tif") as source:
        step = REWRITTEN.get(site, RESOLUTION_DEG)
        return Raster(source.read(), source.transform.c, source.transform.f, step)


@lru_cache(maxsize=4)
def row_areas_mm2(folder: Path, site: int) -> Ints:
    """Geodesic area of one pixel in each row, mm² (its mean: the pixels of a row differ by the rounding of corners)."""
    areas = pixel_areas_mm2(read_raster(folder, site).grid)
    return areas.sum(axis=1) // areas.shape[1]


def lattice_class(raster: Raster, change: Codes) -> Codes:
    """Class that the producers' look-up gives the upper left corner of each pixel.

    They divide a coordinate's distance from the raster's edge by the pixel and truncate: at a corner the last bit of the
    quotient decides among four pixels.  It is a fixed function of the corner, so the corners of a class can be counted.
    """
    rows = _truncated(raster.north, -raster.step, change.shape[0])
    cols = _truncated(raster.west, raster.step, change.shape[1])
    return change[np.ix_(rows, cols)]


def _truncated(edge: float, step: float, count: int) -> Ints:
    coordinates = edge + np.arange(count) * step
    return (np.abs(coordinates - edge) / abs(step)).astype(np.int64)


def class_areas_m2(classes: Codes, rows_mm2: Ints) -> dict[int, int]:
    """Area of each class, m²: pixels by row times that row's pixel."""
    totals = {code: int((classes == code).sum(axis=1) @ rows_mm2) for code in NAMES}
    return {code: round(total / 10**6) for code, total in totals.items()}
