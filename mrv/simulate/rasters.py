"""Rasters: a world's scenes and layers as GeoTIFFs with STAC 1.1 documents, as a user has them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.simulate.backscatter import backscatter, radar_calendar
from mrv.simulate.scenes import BANDS, COVER_NODATA, FIRST_SENSOR, biomass_map, calendar, scene, second_calendar, tree_cover
from mrv.simulate.world import RES_M

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from mrv.simulate.world import World

OPTICAL, COVER, BIOMASS, RADAR = "optical-simulated", "tree-cover-simulated", "biomass-simulated", "radar-simulated"
SECOND = "optical-2-simulated"
"""Collections."""
BASELINE = "02.12"
"""Processing baseline the scenes state: one before the radiometric offset."""
_VERSION = "1.1.0"
_NODATA = {"tcd": COVER_NODATA, "agb": -1, "vv": -32_768}


def write_rasters(world: World, folder: Path) -> int:
    """Write every raster and the catalog into an empty folder.

    Args:
        world: The world.
        folder: Made where it does not exist.

    Returns:
        How many optical scenes.
    """
    two = world.scenario.second_optical
    scenes = (*calendar(world), *(second_calendar(world) if two else ()))
    items: dict[str, list[str]] = {OPTICAL: []}
    for sky in scenes:
        name = OPTICAL if sky.sensor == FIRST_SENSOR else SECOND
        stamp: dict[str, str | int] = {"datetime": f"{sky.day}T07:30:00Z", "processing:version": BASELINE}
        stamp |= {"platform": sky.sensor} if two else {}
        items.setdefault(name, []).append(_item(world, folder, name, sky.day, stamp, scene(world, sky)))
    for image in radar_calendar(world) if world.scenario.radar else ():
        stamp = {"datetime": f"{image.day}T10:00:00Z", "sat:orbit_state": image.direction,
                 "sat:relative_orbit": image.relative_orbit}  # fmt: skip
        radar = {"vv": backscatter(world, image)}
        items.setdefault(RADAR, []).append(_item(world, folder, RADAR, image.day, stamp, radar))
    start = world.scenario.start
    layers: list[tuple[str, dict[str, NDArray[Any]]]] = [(COVER, {"tcd": tree_cover(world)})]
    if world.scenario.biomass_map:
        layers.append((BIOMASS, {"agb": biomass_map(world)}))
    for name, bands in layers:
        stamp = {"datetime": f"{start}T00:00:00Z"}
        items[name] = [_item(world, folder, name, start, stamp, bands)]
    for name, ids in items.items():
        _dump(folder / name / "collection.json", _collection(world, name, ids))
    _dump(folder / "catalog.json", _catalog(list(items)))
    return len(scenes)


def encode(pixels: NDArray[Any], *, crs: str, corner: tuple[float, float], res_m: float, nodata: int) -> bytes:
    """Pixels as the bytes of a deflated GeoTIFF.

    Args:
        pixels: Integers (y, x).
        crs: Coordinate reference system.
        corner: North-west corner, m.
        res_m: Edge of a pixel, m.
        nodata: Value of nodata.
    """
    from affine import Affine
    from rasterio.io import MemoryFile

    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=pixels.shape[0], width=pixels.shape[1], count=1, dtype=pixels.dtype, crs=crs,
            transform=Affine(res_m, 0, corner[0], 0, -res_m, corner[1]), nodata=nodata, compress="deflate",
        ) as target:  # fmt: skip
            target.write(pixels, 1)
        return bytes(memory.read())


def _item(
    world: World, folder: Path, collection: str, day: date, stamp: Mapping[str, str | int], bands: Mapping[str, NDArray[Any]]
) -> str:
    name = f"SIM_{collection.removesuffix('-simulated').upper()}_{day:%Y%m%d}"
    home = folder / collection / name
    home.mkdir(parents=True)
    edge = world.water.shape[0] * RES_M
    assets = {}
    for key, pixels in bands.items():
        res = edge / pixels.shape[0]
        data = encode(np.asarray(pixels), crs=world.crs, corner=world.corner, res_m=res, nodata=_NODATA.get(key, 0))
        (home / f"{key}.tif").write_bytes(data)
        assets[key] = {
            "href": f"./{key}.tif", "type": "image/tiff; application=geotiff", "roles": ["data"],
            "file:checksum": f"1220{hashlib.sha256(data).hexdigest()}", "file:size": len(data),
        }  # fmt: skip
    west, south, east, north = _bbox(world)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    links = {"root": "../../catalog.json", "parent": "../collection.json", "collection": "../collection.json"}
    _dump(home / f"{name}.json", {
        "type": "Feature", "stac_version": _VERSION, "stac_extensions": [], "id": name, "collection": collection,
        "bbox": [west, south, east, north], "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {**stamp, "title": "simulated", "mrv:simulated": True}, "assets": assets,
        "links": [{"rel": rel, "href": href} for rel, href in links.items()],
    })  # fmt: skip
    return name


def _collection(world: World, name: str, ids: list[str]) -> dict[str, Any]:
    begin = f"{world.scenario.first_year}-01-01T00:00:00Z"
    links = [{"rel": "root", "href": "../catalog.json"}, {"rel": "parent", "href": "../catalog.json"}]
    return {
        "type": "Collection", "stac_version": _VERSION, "id": name, "license": "CC0-1.0",
        "description": "Simulated: drawn from a seed by mrv simulate. No satellite saw this.",
        "extent": {"spatial": {"bbox": [_bbox(world)]}, "temporal": {"interval": [[begin, None]]}},
        "links": [*links, *({"rel": "item", "href": f"./{item}/{item}.json"} for item in ids)],
    }  # fmt: skip


def _catalog(collections: list[str]) -> dict[str, Any]:
    children = [{"rel": "child", "href": f"./{name}/collection.json"} for name in collections]
    return {
        "type": "Catalog", "stac_version": _VERSION, "id": "simulated", "description": "A simulated world.",
        "links": [{"rel": "root", "href": "./catalog.json"}, *children],
    }  # fmt: skip


def _bbox(world: World) -> list[float]:
    from pyproj import Transformer

    edge, (x, y) = world.water.shape[0] * RES_M, world.corner
    to_lonlat = Transformer.from_crs(world.crs, "EPSG:4326", always_xy=True)
    return [round(value, 7) for value in to_lonlat.transform_bounds(x, y - edge, x + edge, y)]


def _dump(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n")


SOURCES = {"optical": OPTICAL, "tree-cover": COVER, "biomass": BIOMASS}
"""Collection by role of a source in the plan; radar and a second optical sensor beside them where they are read."""
__all__ = ["BANDS", "RADAR", "SECOND", "SOURCES", "encode", "write_rasters"]
