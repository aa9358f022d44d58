"""The mangrove dossier's evidence: one published change site as a STAC catalog of extent maps, and the densities it borrows.

The data are third parties' and are not in this repository: they are read from a folder given by argument and written, as one
Cloud-Optimised GeoTIFF an epoch, into the ignored build folder.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from gmw_densities import CITATION, PLANTS, PLOTS, densities
from romania_stac import COG, STAC_VERSION, dump

from mrv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Json = dict[str, Any]

SITE = 1
"""Mahakam delta: of all sites the one whose points were drawn with known probabilities and hold ten of every class."""
MAPS, PLOT_DATA = "gmw-change-sites", "mangrove-plots-terraba-sierpe"
RASTER = f"{MAPS}/maps/gmw_v312_site_{SITE:02d}.tif"
INPUTS = (RASTER, f"{PLOT_DATA}/{PLANTS}", f"{PLOT_DATA}/{PLOTS}")
YEARS = (1996, 2007, 2008, 2009, 2010, 2015, 2016, 2017, 2018, 2019, 2020)
COLLECTION = "gmw-extent"
MODULES = ("gmw_dossier.py", "gmw_densities.py")
SCHEMAS = [
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
]
CLASSES = [
    {"value": 1, "name": "mangrove", "description": "Mangrove"},
    {"value": 2, "name": "other", "description": "Not mangrove"},
]
ATTRIBUTION = (
    "Global Mangrove Watch v3.12 extent at a site of its change accuracy assessment (Bunting et al. 2022, Remote Sensing "
    "14:3657; repository globalmangrovewatch/gmw_jaxa_sar_change_analysis, Apache-2.0). Derived: pixels unchanged, one file "
    "an epoch."
)


@dataclass(frozen=True)
class Stack:
    """The site's maps as read."""

    epochs: NDArray[np.uint8]
    """(epoch, y, x)."""
    transform: tuple[float, ...]
    """a b c d e f."""

    @property
    def bbox(self) -> list[float]:
        """West, south, east, north."""
        a, _, c, _, e, f = self.transform
        rows, cols = self.epochs.shape[1:]
        return [c, f + e * rows, c + a * cols, f]


def input_digests(source: Path) -> dict[str, str]:
    """sha256 of every file that is read.

    Raises:
        UsageError: The folder lacks one.
    """
    absent = next((name for name in INPUTS if not (source / name).is_file()), None)
    if absent is not None:
        raise UsageError(
            f"holds no {absent}", code="samples.gmw-missing", file=source,
            hint=f"give the folder that holds {MAPS} and {PLOT_DATA}; both are published, neither is part of this repository",
        )  # fmt: skip
    return {name: hashlib.sha256((source / name).read_bytes()).hexdigest() for name in INPUTS}


def write_gmw(folder: Path, source: Path, encode: Callable[[NDArray[np.uint8], tuple[float, ...]], bytes]) -> None:
    """Write rasters, catalog and densities into an empty folder.

    Args:
        folder: The empty folder.
        source: The folder of :func:`input_digests`.
        encode: One band and its transform as the bytes of a Cloud-Optimised GeoTIFF.

    Raises:
        UsageError: The raster's bands are not the epochs.
    """
    stack = read_stack(source / RASTER)
    ids = []
    for epoch, year in enumerate(YEARS):
        data = encode(stack.epochs[epoch], stack.transform)
        item = item_of(stack, year, data)
        home = folder / COLLECTION / item["id"]
        home.mkdir(parents=True)
        (home / "extent.tif").write_bytes(data)
        (home / f"{item['id']}.json").write_bytes(dump(item))
        ids.append(item["id"])
    (folder / COLLECTION / "collection.json").write_bytes(dump(_collection(stack, ids)))
    (folder / "catalog.json").write_bytes(dump(_catalog()))
    found = {name: asdict(density) for name, density in densities(source / PLOT_DATA).items()}
    note = "Borrowed: the plots stand in Costa Rica, not in the project. Means and standard errors between 28 transects."
    text = json.dumps({"source": CITATION, "note": note, "densities": found}, indent=1, ensure_ascii=False)
    (folder / "densities.json").write_text(text + "\n", encoding="utf-8")


def read_stack(path: Path) -> Stack:
    """The site's raster.

    Raises:
        UsageError: Its bands are not the epochs expected.
    """
    import rasterio

    with rasterio.open(path) as source:
        if source.descriptions != tuple(map(str, YEARS)) or source.dtypes[0] != "uint8":
            raise UsageError(
                f"bands are {source.descriptions}", code="samples.gmw-bands", file=path, hint="get the v3.12 rasters again"
            )
        return Stack(source.read(), tuple(source.transform)[:6])


def item_of(stack: Stack, year: int, data: bytes) -> Json:
    """The STAC item of one epoch; a map shows the state at its year's end."""
    west, south, east, north = stack.bbox
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    shape = list(stack.epochs.shape[1:])
    asset = {
        "href": "./extent.tif", "type": COG, "roles": ["data"], "title": f"Mangrove extent {year}", "data_type": "uint8",
        "nodata": 0, "gsd": 25, "classification:classes": CLASSES, "bands": [{"name": "extent"}], "file:size": len(data),
        "file:checksum": "1220" + hashlib.sha256(data).hexdigest(),
    }  # fmt: skip
    return {
        "type": "Feature", "stac_version": STAC_VERSION, "stac_extensions": SCHEMAS, "id": f"GMW_v312_site_{SITE:02d}_{year}",
        "collection": COLLECTION, "geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": stack.bbox,
        "properties": {
            "datetime": _moment(year, 12, 31), "start_datetime": _moment(year, 1, 1), "end_datetime": _moment(year, 12, 31),
            "proj:code": "EPSG:4326", "proj:shape": shape, "proj:transform": list(stack.transform), "description": ATTRIBUTION,
        },
        "links": [_link("root", "../../catalog.json"), _link("parent", "../collection.json"),
                  _link("collection", "../collection.json")],
        "assets": {"extent": asset},
    }  # fmt: skip


def _collection(stack: Stack, ids: list[str]) -> Json:
    return {
        "type": "Collection", "stac_version": STAC_VERSION, "id": COLLECTION, "title": "Mangrove extent, 11 epochs",
        "description": ATTRIBUTION, "license": "Apache-2.0",
        "extent": {
            "spatial": {"bbox": [stack.bbox]},
            "temporal": {"interval": [[_moment(YEARS[0], 1, 1), _moment(YEARS[-1], 12, 31)]]},
        },
        "links": [
            _link("root", "../catalog.json"), _link("parent", "../catalog.json"),
            *(_link("item", f"./{name}/{name}.json", "application/geo+json") for name in ids),
        ],
    }  # fmt: skip


def _catalog() -> Json:
    return {
        "type": "Catalog", "stac_version": STAC_VERSION, "id": "mrv-samples-gmw", "title": "mrv sample data: a mangrove site",
        "description": ATTRIBUTION,
        "links": [_link("root", "./catalog.json"), _link("child", f"./{COLLECTION}/collection.json")],
    }  # fmt: skip


def _moment(year: int, month: int, day: int) -> str:
    return datetime(year, month, day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _link(rel: str, href: str, type_: str = "application/json") -> Json:
    return {"rel": rel, "href": href, "type": type_}
