"""The STAC 1.1 documents of the Romanian sample: what the cube says, and, declared as such, what it does not say."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from romania_cube import (
    CLOUD_CLASSES,
    CUBE_10M,
    CUBE_20M,
    EPSG,
    MIN_PIXELS,
    NRT_VERSION,
    OFFSET_DN,
    SHA256,
    TREE_COVER,
    VEGETATION,
    Cube,
    Grid,
    OffsetEvidence,
)

if TYPE_CHECKING:
    from datetime import date

Json = dict[str, Any]

S2 = "sentinel-2-l2a"
TCD = "tree-cover-density"
TCD_ITEM = "TCD_2018_romania"
STAC_VERSION = "1.1.0"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"

_SCHEMAS = {
    "classification": "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "eo": "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
    "file": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "processing": "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "projection": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "raster": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
}
_COMMON_NAMES = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B8A": "nir08", "B11": "swir16"}
_SCL = (
    "no_data",
    "saturated_or_defective",
    "dark_area",
    "cloud_shadow",
    "vegetation",
    "not_vegetated",
    "water",
    "unclassified",
    "cloud_medium_probability",
    "cloud_high_probability",
    "thin_cirrus",
    "snow_or_ice",
)

_LINEAGE = (
    "Derived, not a Copernicus product: a 1 km window of Sentinel-2 L2A surface reflectance, already resampled to "
    f"EPSG:{EPSG} by whoever made the cube, taken from the NetCDF inside the wheel of nrt {NRT_VERSION} and written "
    "as one Cloud-Optimised GeoTIFF a band, digital numbers unchanged. The cube gives dates only: the time of day is "
    "set to 00:00:00Z, and tile, orbit, satellite (A or B) and processing baseline are unknown."
)
_TCD_LINEAGE = (
    f"Derived: the 20 m window of Tree Cover Density 2018 inside the wheel of nrt {NRT_VERSION}, values unchanged. "
    f"That file's CRS is an unnamed Lambert azimuthal equal-area projection with the parameters of EPSG:{EPSG} and its "
    "corners lie within 1 mm of the cube's 20 m grid (checked when built); it is written here with that CRS and grid."
)
RADIOMETRY_REASON = (
    "The cube records no processing baseline. All acquisitions are of 2021-01-01 or earlier, before baseline 04.00 of "
    "2022-01-25 first added 1000 DN, so data of the time carry no offset. The files in the wheel were last modified in "
    "2024, so a reprocessed (Collection-1) origin, which carries the offset for every date, cannot be ruled out by "
    "date alone; hence the empirical check."
)
EVIDENCE_RULE = (
    "With an offset of +1000 DN no reflectance over vegetation could lie below about 1000 DN. Measured over SCL 4 in "
    f"each scene with at least {MIN_PIXELS} such pixels; at least 95 % of these scenes must have their first "
    "percentile below 1000 DN in each visible band, and B11 of each other one must not step up by 500 DN against its "
    "neighbours."
)


def dump(document: Json) -> bytes:
    """The bytes of a document: keys sorted, one space of indent, a newline at the end."""
    return (json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def item_id(day: date) -> str:
    """``S2_L2A_DERIVED_ROMANIA_20170621``."""
    return f"S2_L2A_DERIVED_ROMANIA_{day:%Y%m%d}"


def catalog() -> Json:
    """The root: one child a collection."""
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": "mrv-samples-romania",
        "title": "mrv sample data: Romania",
        "description": (
            "Real Sentinel-2 L2A surface reflectance and tree cover density over 1 km² of managed forest near "
            f"45.205 N 22.152 E, Romania, built by data-samples/make.py from the wheel of nrt {NRT_VERSION}."
        ),
        "links": [
            _link("root", "./catalog.json"),
            _link("child", f"./{S2}/collection.json", title="Sentinel-2 L2A, derived"),
            _link("child", f"./{TCD}/collection.json", title="Tree cover density 2018"),
        ],
    }


def s2_item(cube: Cube, at: int, *, files: dict[str, bytes], evidence: OffsetEvidence) -> Json:
    """One scene.

    Args:
        cube: The whole cube.
        at: Index of the scene on the time axis.
        files: Band → the bytes of its GeoTIFF.
        evidence: What is known of the radiometric offset.
    """
    day, scl = cube.dates[at], cube.bands["SCL"][at]
    cloudy = sum(int((scl == value).sum()) for value in CLOUD_CLASSES)
    return _item(
        item_id(day),
        collection=S2,
        grid=cube.grid_10m,
        extensions=("classification", "eo", "file", "processing", "projection", "raster"),
        properties={
            "datetime": f"{day}T00:00:00Z",
            "constellation": "sentinel-2",
            "platform": "sentinel-2",
            "instruments": ["msi"],
            "gsd": 10,
            "eo:cloud_cover": round(100 * cloudy / scl.size, 2),
            "processing:level": "L2A",
            "processing:lineage": _LINEAGE,
            "mrv:datetime_precision": "day",
            "mrv:derived": True,
            "mrv:processing_baseline": "unknown",
            "mrv:offset_dn": 0,
            "mrv:offset_evidence": evidence.kind(day),
            "mrv:source": {"distribution": f"nrt=={NRT_VERSION}", "index": at, "sha256": _sources(CUBE_10M, CUBE_20M)},
        },
        assets={band: {**_asset(band, cube.grid(band)), **_file(band, data)} for band, data in files.items()},
    )


def tcd_item(grid: Grid, *, data: bytes) -> Json:
    """The tree cover density of 2018."""
    return _item(
        TCD_ITEM,
        collection=TCD,
        grid=grid,
        extensions=("file", "processing", "projection"),
        properties={
            "datetime": None,
            "start_datetime": "2018-01-01T00:00:00Z",
            "end_datetime": "2018-12-31T23:59:59Z",
            "gsd": 20,
            "processing:lineage": _TCD_LINEAGE,
            "mrv:derived": True,
            "mrv:source": {"distribution": f"nrt=={NRT_VERSION}", "sha256": _sources(TREE_COVER)},
        },
        assets={"tcd": {**_asset("tcd", grid), **_file("tcd", data)}},
    )


def s2_collection(cube: Cube, days: list[date], evidence: OffsetEvidence) -> Json:
    """The collection of scenes, with the declared rule for their radiometric offset."""
    return _collection(
        S2,
        title="Sentinel-2 L2A over a forest in Romania, derived",
        description=_LINEAGE,
        grid=cube.grid_10m,
        interval=[f"{days[0]}T00:00:00Z", f"{days[-1]}T00:00:00Z"],
        items=[item_id(day) for day in days],
        extensions=("classification", "eo", "processing", "projection", "raster"),
        keywords=["sentinel-2", "surface reflectance", "forest", "derived", "sample"],
        providers=[
            {
                "name": "ESA / Copernicus",
                "roles": ["producer", "licensor"],
                "url": "https://sentinels.copernicus.eu",
                "processing:level": "L2A",
                "description": "Imagery © modified Copernicus Sentinel data 2015–2021",
            },
            *_processors(_LINEAGE),
        ],
        licence_links=[
            _link(
                "license",
                "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice",
                title="Legal notice on the use of Copernicus Sentinel data (imagery)",
                type_="application/pdf",
            ),
            _EUPL,
        ],
        extra={
            "summaries": {
                "constellation": ["sentinel-2"],
                "platform": ["sentinel-2"],
                "instruments": ["msi"],
                "gsd": [10, 20],
                "proj:code": [f"EPSG:{EPSG}"],
                "processing:level": ["L2A"],
            },
            "item_assets": {band: _asset(band, None) for band in cube.bands},
            "mrv:radiometry": _radiometry(cube, evidence),
        },
    )


def tcd_collection(grid: Grid) -> Json:
    """The collection of one tree cover map."""
    return _collection(
        TCD,
        title="Tree cover density 2018 over a forest in Romania",
        description=_TCD_LINEAGE,
        grid=grid,
        interval=["2018-01-01T00:00:00Z", "2018-12-31T23:59:59Z"],
        items=[TCD_ITEM],
        extensions=("processing", "projection"),
        keywords=["tree cover density", "forest", "derived", "sample"],
        providers=[
            {
                "name": "European Environment Agency, Copernicus Land Monitoring Service",
                "roles": ["producer", "licensor"],
                "url": "https://land.copernicus.eu",
                "description": "© European Union, Copernicus Land Monitoring Service 2018, European Environment Agency",
            },
            *_processors(_TCD_LINEAGE),
        ],
        licence_links=[
            _link(
                "license",
                "https://land.copernicus.eu/en/data-policy",
                title="Copernicus Land Monitoring Service data policy",
                type_="text/html",
            ),
            _EUPL,
        ],
        extra={"item_assets": {"tcd": _asset("tcd", None)}},
    )


def _radiometry(cube: Cube, evidence: OffsetEvidence) -> Json:
    return {
        "schema": "mrv.radiometry/1",
        "processing_baseline": "unknown",
        "quantification": 10000,
        "offset_dn": 0,
        "decided_by": "declared source rule",
        "reason": RADIOMETRY_REASON,
        "evidence": {
            "rule": EVIDENCE_RULE,
            "threshold_dn": OFFSET_DN,
            "vegetation_class": VEGETATION,
            "minimum_pixels": MIN_PIXELS,
            "scenes": len(cube.dates),
            "scenes_judged": len(evidence.judged),
            "scenes_without_evidence": len(cube.dates) - len(evidence.judged),
            "bands": evidence.bands,
            "exceptions": list(evidence.exceptions),
        },
    }


def _asset(band: str, grid: Grid | None) -> Json:
    """An asset without its file; without its grid as well where a collection describes it."""
    asset: Json = {"type": COG, "roles": ["data"], "gsd": 10}
    if band == "SCL":
        asset |= {"title": "Scene classification", "data_type": "uint8", "nodata": 0}
        asset["classification:classes"] = [{"value": i, "name": name} for i, name in enumerate(_SCL)]
        asset["bands"] = [{"name": "SCL"}]
    elif band == "tcd":
        asset |= {"title": "Tree cover density 2018", "data_type": "uint8", "nodata": 255, "unit": "%", "gsd": 20}
        asset["bands"] = [{"name": "tcd"}]
    else:
        asset |= {"title": f"Surface reflectance, {band}", "data_type": "uint16", "nodata": 0, "unit": "1"}
        asset["roles"] = ["data", "reflectance"]
        asset["gsd"] = 20 if band in ("B8A", "B11") else 10
        asset["bands"] = [{"name": band, "eo:common_name": _COMMON_NAMES[band], "raster:scale": 0.0001, "raster:offset": 0}]
    if grid is not None:
        asset |= {"proj:shape": [grid.height, grid.width], "proj:transform": grid.transform}
    return asset


def _file(band: str, data: bytes) -> Json:
    return {
        "href": f"./{band}.tif",
        "file:size": len(data),
        "file:checksum": "1220" + hashlib.sha256(data).hexdigest(),
    }


def _item(
    name: str, *, collection: str, grid: Grid, extensions: tuple[str, ...], properties: Json, assets: dict[str, Json]
) -> Json:
    ring, bbox = _footprint(grid)
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [_SCHEMAS[extension] for extension in extensions],
        "id": name,
        "collection": collection,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": bbox,
        "properties": {
            **properties,
            "proj:code": f"EPSG:{EPSG}",
            "proj:bbox": grid.bbox,
            "proj:shape": [grid.height, grid.width],
            "proj:transform": grid.transform,
        },
        "links": [
            _link("root", "../../catalog.json"),
            _link("parent", "../collection.json"),
            _link("collection", "../collection.json"),
        ],
        "assets": assets,
    }


def _collection(
    name: str,
    *,
    title: str,
    description: str,
    grid: Grid,
    interval: list[str],
    items: list[str],
    extensions: tuple[str, ...],
    keywords: list[str],
    providers: list[Json],
    licence_links: list[Json],
    extra: Json,
) -> Json:
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [_SCHEMAS[extension] for extension in extensions],
        "id": name,
        "title": title,
        "description": description,
        "keywords": keywords,
        "license": "other",
        "providers": providers,
        "extent": {"spatial": {"bbox": [_footprint(grid)[1]]}, "temporal": {"interval": [interval]}},
        "links": [
            _link("root", "../catalog.json"),
            _link("parent", "../catalog.json"),
            *(_link("item", f"./{item}/{item}.json", type_="application/geo+json") for item in items),
            *licence_links,
        ],
        **extra,
    }


def _footprint(grid: Grid) -> tuple[list[list[float]], list[float]]:
    """Closed counter-clockwise ring and bounding box in EPSG:4326, longitude first, to 7 decimals (1 cm)."""
    from rasterio.warp import transform

    left, bottom, right, top = grid.bbox
    xs, ys = [left, right, right, left], [bottom, bottom, top, top]
    lons, lats = transform(f"EPSG:{EPSG}", "EPSG:4326", xs, ys)
    ring = [[round(lon, 7), round(lat, 7)] for lon, lat in zip(lons, lats, strict=True)]
    lons, lats = [lon for lon, _ in ring], [lat for _, lat in ring]
    return [*ring, ring[0]], [min(lons), min(lats), max(lons), max(lats)]


def _sources(*names: str) -> dict[str, str]:
    return {name: SHA256[name] for name in names}


def _processors(lineage: str) -> list[Json]:
    return [
        {
            "name": "European Commission, Joint Research Centre (nrt)",
            "roles": ["processor"],
            "url": "https://github.com/ec-jrc/nrt",
            "description": f"Ships the window, cut and resampled, in the wheel of nrt {NRT_VERSION} (EUPL-1.2)",
        },
        {
            "name": "mrv, data-samples/make.py",
            "roles": ["processor"],
            "description": "Wrote the Cloud-Optimised GeoTIFFs and these documents",
            "processing:lineage": lineage,
        },
    ]


def _link(rel: str, href: str, *, title: str | None = None, type_: str = "application/json") -> Json:
    return {"rel": rel, "href": href, "type": type_} | ({"title": title} if title else {})


_EUPL = _link(
    "license",
    "https://joinup.ec.europa.eu/software/page/eupl",
    title="EUPL-1.2 (the wheel of nrt)",
    type_="text/html",
)
