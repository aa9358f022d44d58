"""A whole made project in a folder: plan, boundary, settings, STAC and GeoTIFFs, with breaks that are known.

    tiny = tiny_project(tmp_path)                    # 24 × 24 px of project, 24 scenes, 2018–2021
    tiny = tiny_project(tmp_path, plan={"random.draws": 1000, "claim.1.vintages": {"2021": 5}})
    tiny.break_day        # int32 (y, x) on the plan's window: days since 1970-01-01, 0 without
    tiny.rebase("s3://bucket")                       # point every asset (not the catalog) somewhere else

Reflectance is at 10 m, the classification and the tree cover at 20 m.  The rasters reach beyond the plan's window on
every side, by amounts that differ.  Everything is drawn from one seed: two calls write the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

EPSG = 32634
RES = 10
ANCHOR_X, ANCHOR_Y = 600_000, 5_000_000
SIZE = 24
"""Edge of the project area, pixels."""
MARGIN = 3
RASTER = 40
"""Edge of every raster, 10 m pixels."""
TOP, LEFT = 7, 9
"""First row and column of the project area in the rasters; odd, so that 20 m pixels are cut."""
WINDOW = slice(TOP - MARGIN, TOP + SIZE + MARGIN), slice(LEFT - MARGIN, LEFT + SIZE + MARGIN)
"""The plan's window in the rasters."""
START = date(2020, 1, 1)
SEASON = ((5, 20), (6, 14), (7, 9), (8, 3), (9, 12))
DAYS = tuple(
    sorted(
        [
            *(date(2018, m, d) for m, d in SEASON),
            date(2019, 1, 15),  # off season
            *(date(2019, m, d) for m, d in SEASON),
            *(date(2020, m, d) for m, d in SEASON),
            date(2020, 8, 20),  # haze over everything: index step
            date(2020, 9, 1),  # cloud over everything: too cloudy
            *(date(2021, m, d) for m, d in SEASON),
            date(2021, 9, 22),
        ]
    )
)
OFF_SEASON, HAZE, CLOUD = date(2019, 1, 15), date(2020, 8, 20), date(2020, 9, 1)
BANDS = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "classification": "SCL"}
COLLECTION, COVER_COLLECTION = "sentinel-2-l2a", "tree-cover-density"
COVER_ITEM = "TCD_2018"
CLEARINGS = (
    # First day seen, rows and columns of the project area.
    (date(2020, 7, 9), slice(2, 7), slice(3, 8)),
    (date(2021, 6, 14), slice(12, 16), slice(14, 17)),
    (date(2021, 6, 14), slice(20, 21), slice(20, 21)),  # one pixel: below the minimum mapping unit
)
LOSS_PX = {2020: 25, 2021: 12}
"""Pixels of loss by year that the default plan must find."""

PLAN = """
schema = "mrv.plan/1"

[project]
id = "tiny"
name = "A tiny made forest"
country = "RS"
start = 2020-01-01
simulated = true

[project.forest]
min_area_ha = 0.25
min_cover_percent = 10
min_height_m = 5
minimum_mapping_unit_px = 3
unstocking_rule = "not separated"

[grid]
crs = "EPSG:32634"
resolution_m = 10
anchor_x = 600000
anchor_y = 5000000
margin_px = 3
area_formula = "authalic-shoelace/1"

[[sources]]
id = "s2"
role = "optical"
collection = "sentinel-2-l2a"
bands = { blue = "B02", green = "B03", red = "B04", nir = "B08", classification = "SCL" }

[sources.radiometry]
scale = 0.0001

[[sources]]
id = "cover"
role = "tree-cover"
collection = "tree-cover-density"
bands = { tree_cover = "tcd" }

[method.observation]
masked_classes = [0, 1, 3, 8, 9, 10, 11]
dilation_px = 1
season_start_doy = 120
season_end_doy = 280
min_clear_percent = 50
max_shift = 1500
max_gap_days = 300

[method.change]
detector = "harmonic-monitor/1"
index = "ndvi"
harmonics = 1
observations_per_coefficient = 3
min_history = 5
threshold_sigma = 3
sigma_floor = 300
consecutive = 2

[method.activity]
buffer_px = 2

[factors]
table = "ipcc_tier1"
agb = "agb.temperate-mountain.eurasia.gt20"
root_shoot = "root-shoot.temperate-broadleaf.75-150"
carbon_fraction = "carbon-fraction.wood.temperate-broadleaf"
after_biomass = "biomass-after.grassland.cool-temperate-wet"
after_carbon_fraction = "carbon-fraction.herbaceous"
ceiling_t_co2e_ha_yr = 400

[random]
generator = "philox4x64/1"
draws = 1000

[programme]
id = "ipcc-only"
worked_example = true

[[claim]]
period = "2020"
start = 2020-01-01
end = 2020-12-31
vintages = { 2020 = 0 }

[[claim]]
period = "2021"
start = 2021-01-01
end = 2021-12-31
vintages = { 2021 = 7 }
assurance = "limited"
"""


@dataclass(frozen=True, repr=False)
class TinyProject:
    """What was written, and what is true of it."""

    folder: Path
    """The project folder: give it to ``mrv.project.load_project``."""
    break_day: np.ndarray
    """int32 (y, x) on the plan's window: day of the first scene after the clearing, days since 1970-01-01; 0 none."""
    forest: np.ndarray
    """Forest on the plan's window."""
    inside: np.ndarray
    """Project area on the plan's window."""
    days: tuple[date, ...]
    """Days of the scenes."""

    @property
    def build(self) -> Path:
        """Folder of the catalog and the rasters: what a server serves."""
        return self.folder / "build"

    def load(self) -> Any:
        """The project, read."""
        from mrv.project import load_project

        return load_project(self.folder)

    def asset(self, day: date, band: str) -> Path:
        """The raster of an asset key (``B04``)."""
        return self.build / COLLECTION / item_id(day) / f"{band}.tif"

    def item(self, day: date) -> Path:
        """The STAC document of a scene."""
        return self.build / COLLECTION / item_id(day) / f"{item_id(day)}.json"

    def edit_item(self, day: date, change: Any) -> None:
        """Apply a function to a scene's STAC document."""
        edit_json(self.item(day), change)

    def rebase(self, base: str) -> None:
        """Make every asset's address absolute, below ``base``; the catalog stays where it is."""
        for path in self.build.glob("*/*/*.json"):
            place = f"{base}/{path.parent.relative_to(self.build).as_posix()}"

            def change(document: dict[str, Any], place: str = place) -> None:
                for asset in document["assets"].values():
                    asset["href"] = f"{place}/{asset['href'].rsplit('/', 1)[-1]}"

            edit_json(path, change)

    def set_plan(self, changes: dict[str, Any]) -> None:
        """Change the plan: dotted paths to values; ``...`` removes."""
        path = self.folder / "plan.toml"
        value = tomllib.loads(path.read_text(), parse_float=Decimal)
        for dotted, new in changes.items():
            _set(value, dotted.split("."), new)
        path.write_text(to_toml(value))

    def set_settings(self, **settings: Any) -> None:
        """Replace ``settings.toml``; ``sources`` default to the built catalog."""
        defaults = {"sources": dict.fromkeys(("s2", "cover"), "build/catalog.json"), "store": "store", "chunk": 17}
        (self.folder / "settings.toml").write_text(to_toml({**defaults, "where": "none", **settings}))


def item_id(day: date) -> str:
    """Id of a scene."""
    return f"S2_TINY_{day:%Y%m%d}"


def edit_json(path: Path, change: Any) -> None:
    """Apply a function to a JSON document."""
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value, indent=1, sort_keys=True))


def tiny_project(
    folder: Path,
    *,
    plan: dict[str, Any] | None = None,
    settings: dict[str, Any] | None = None,
    baseline: str | None = "02.12",
    offset_dn: int = 0,
    checksums: bool = True,
) -> TinyProject:
    """Write the project into ``folder / "tiny"``.

    Args:
        folder: An existing folder.
        plan: Changes to the plan, dotted paths to values (``{"claim.0.vintages": {"2020": 3}}``).
        settings: Entries of ``settings.toml``.
        baseline: Processing baseline the items state; None states none.
        offset_dn: Added to the digital numbers of every reflectance band, as baseline 04.00 adds 1000.
        checksums: State ``file:checksum`` and ``file:size``.
    """
    home = folder / "tiny"
    shutil.copytree(_built(baseline, offset_dn, checksums), home)
    tiny = TinyProject(home, *_truth(), DAYS)
    tiny.set_plan(plan or {})
    tiny.set_settings(**(settings or {}))
    return tiny


@lru_cache
def _built(baseline: str | None, offset_dn: int, checksums: bool) -> Path:
    home = Path(mkdtemp(prefix="mrv-tiny-"))
    _remove_at_exit(home)
    (home / "plan.toml").write_text(PLAN)
    (home / "boundary.geojson").write_text(json.dumps(boundary()))
    build = home / "build"
    rng = np.random.default_rng(20180520)
    for day in DAYS:
        bands = {band: _encode(band, pixels, offset_dn) for band, pixels in scene(day, rng).items()}
        properties: dict[str, Any] = {"datetime": f"{day}T09:30:00Z"}
        if baseline is not None:
            properties["processing:version"] = baseline
        _write_item(build / COLLECTION, item_id(day), COLLECTION, properties, bands, checksums)
    span = {"datetime": None, "start_datetime": "2018-01-01T00:00:00Z", "end_datetime": "2018-12-31T23:59:59Z"}
    cover = {"tcd": _encode("tcd", tree_cover()[::2, ::2], 0)}
    _write_item(build / COVER_COLLECTION, COVER_ITEM, COVER_COLLECTION, span, cover, checksums)
    _write_collection(build, COLLECTION, [item_id(day) for day in DAYS])
    _write_collection(build, COVER_COLLECTION, [COVER_ITEM])
    children = [{"rel": "child", "href": f"./{name}/collection.json"} for name in (COLLECTION, COVER_COLLECTION)]
    _dump(build / "catalog.json", {
        "type": "Catalog", "stac_version": "1.1.0", "id": "tiny", "description": "made",
        "links": [{"rel": "root", "href": "./catalog.json"}, *children],
    })  # fmt: skip
    return home


def _remove_at_exit(folder: Path) -> None:
    import atexit

    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def scene(day: date, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Digital numbers of a scene, without any offset: reflectance × 10⁴, and the classification at 20 m."""
    forest = tree_cover() >= 10
    season = np.cos(2 * np.pi * (day.timetuple().tm_yday - 190) / 365.25)
    red = np.where(forest, 330 - 60 * season, 1300.0)
    nir = np.where(forest, 3000 + 500 * season, 2100.0)
    for first, rows, cols in CLEARINGS:
        if day >= first:
            where = slice(TOP + rows.start, TOP + rows.stop), slice(LEFT + cols.start, LEFT + cols.stop)
            red[where], nir[where] = 1500, 2300
    if day == HAZE:
        red += 1700
        nir -= 300
    scl = np.full((RASTER // 2, RASTER // 2), 4)
    if day == CLOUD:
        scl[:, :] = 9
    elif day.month == 6:
        scl[2 : 2 + day.year % 5, 13:16] = 8
    noisy = {"red": red, "nir": nir, "blue": np.where(forest, 220, 800.0), "green": np.where(forest, 400, 1000.0)}
    found = {BANDS[band]: np.rint(v + rng.normal(0, 12, v.shape)).astype(np.uint16) for band, v in noisy.items()}
    return {**found, "SCL": scl.astype(np.uint8)}


def tree_cover() -> np.ndarray:
    """Tree cover, %, at 10 m (in blocks of 20 m); a strip in the east and a glade have none."""
    cover = np.full((RASTER, RASTER), 80, np.uint8)
    cover[:, 30:] = 0
    cover[26:30, 12:16] = 5
    cover[0:2, 0:2] = 255
    return cover


def _truth() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    days, inside = np.zeros((RASTER, RASTER), np.int32), np.zeros((RASTER, RASTER), bool)
    for first, rows, cols in CLEARINGS:
        days[TOP + rows.start : TOP + rows.stop, LEFT + cols.start : LEFT + cols.stop] = (first - date(1970, 1, 1)).days
    inside[TOP : TOP + SIZE, LEFT : LEFT + SIZE] = True
    cover = tree_cover()
    forest = (cover >= 10) & (cover <= 100)
    return days[WINDOW] * forest[WINDOW], forest[WINDOW], inside[WINDOW]


def boundary(inset_m: float = 2.0) -> dict[str, Any]:
    """GeoJSON of the project area: the centres of exactly ``SIZE`` × ``SIZE`` pixels lie in it."""
    from pyproj import Transformer

    to_lonlat = Transformer.from_crs(f"EPSG:{EPSG}", "EPSG:4326", always_xy=True)
    west, north = ANCHOR_X + LEFT * RES + inset_m, ANCHOR_Y - TOP * RES - inset_m
    east, south = west + SIZE * RES - 2 * inset_m, north - SIZE * RES + 2 * inset_m
    ring = [to_lonlat.transform(x, y) for x, y in ((west, north), (west, south), (east, south), (east, north))]
    ring = [[round(x, 8), round(y, 8)] for x, y in ring]
    geometry = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    return {"type": "Feature", "properties": {"name": "tiny"}, "geometry": geometry}


def bbox() -> list[float]:
    """West, south, east, north of the rasters, degrees."""
    from pyproj import Transformer

    to_lonlat = Transformer.from_crs(f"EPSG:{EPSG}", "EPSG:4326", always_xy=True)
    edge = RASTER * RES
    return list(to_lonlat.transform_bounds(ANCHOR_X, ANCHOR_Y - edge, ANCHOR_X + edge, ANCHOR_Y))


def _encode(band: str, pixels: np.ndarray, offset_dn: int) -> bytes:
    values = pixels if band in {"SCL", "tcd"} else pixels + np.uint16(offset_dn)
    return encode(values, nodata=255 if band == "tcd" else 0)


def encode(
    pixels: np.ndarray, *, crs: str = f"EPSG:{EPSG}", shift_m: tuple[float, float] = (0, 0), nodata: int | None = 0,
    res: float | None = None,
) -> bytes:  # fmt: skip
    """Pixels as the bytes of a tiled, deflated GeoTIFF, its north-west corner at the anchor (plus ``shift_m``)."""
    from affine import Affine
    from rasterio.io import MemoryFile

    size = res or RES * RASTER / pixels.shape[1]
    transform = Affine(size, 0, ANCHOR_X + shift_m[0], 0, -size, ANCHOR_Y + shift_m[1])
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", height=pixels.shape[0], width=pixels.shape[1], count=1, dtype=pixels.dtype, crs=crs,
            transform=transform, nodata=nodata, compress="deflate", tiled=True, blockxsize=16, blockysize=16,
        ) as target:  # fmt: skip
            target.write(pixels, 1)
        return bytes(memory.read())


def _write_item(
    home: Path, name: str, collection: str, properties: dict[str, Any], files: dict[str, bytes], checksums: bool
) -> None:
    folder = home / name
    folder.mkdir(parents=True)
    assets: dict[str, Any] = {}
    for key, data in files.items():
        (folder / f"{key}.tif").write_bytes(data)
        assets[key] = {"href": f"./{key}.tif", "type": "image/tiff; application=geotiff", "roles": ["data"]}
        if checksums:
            assets[key] |= {"file:checksum": f"1220{hashlib.sha256(data).hexdigest()}", "file:size": len(data)}
    west, south, east, north = bbox()
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    _dump(folder / f"{name}.json", {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [], "id": name, "collection": collection,
        "bbox": bbox(), "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties,
        "assets": assets,
        "links": [
            {"rel": "root", "href": "../../catalog.json"},
            {"rel": "parent", "href": "../collection.json"},
            {"rel": "collection", "href": "../collection.json"},
        ],
    })  # fmt: skip


def _write_collection(build: Path, name: str, items: list[str]) -> None:
    _dump(build / name / "collection.json", {
        "type": "Collection", "stac_version": "1.1.0", "id": name, "description": "made", "license": "CC0-1.0",
        "extent": {"spatial": {"bbox": [bbox()]}, "temporal": {"interval": [["2018-01-01T00:00:00Z", None]]}},
        "links": [
            {"rel": "root", "href": "../catalog.json"},
            {"rel": "parent", "href": "../catalog.json"},
            *({"rel": "item", "href": f"./{item}/{item}.json"} for item in items),
        ],
    })  # fmt: skip


def _dump(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True))


def _set(value: Any, path: list[str], new: Any) -> None:
    for part in path[:-1]:
        value = value[int(part)] if isinstance(value, list) else value.setdefault(part, {})
    key: Any = int(path[-1]) if isinstance(value, list) else path[-1]
    if new is ...:
        del value[key]
    else:
        value[key] = deepcopy(new)


def to_toml(value: dict[str, Any]) -> str:
    """TOML of dicts, lists and scalars; tables inline but for the first level."""
    plain = [f"{_key(k)} = {_inline(v)}" for k, v in value.items() if not isinstance(v, dict)]
    tables = [
        "\n".join([f"\n[{_key(k)}]", *(f"{_key(name)} = {_inline(item)}" for name, item in v.items())])
        for k, v in value.items()
        if isinstance(v, dict)
    ]
    return "\n".join([*plain, *tables]) + "\n"


def _key(name: str) -> str:
    return json.dumps(name)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(item) for item in value) + "]"
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date) else str(value)
