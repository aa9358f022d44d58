"""The tiny project with radar beside its optical scenes, or alone: detector ``bayes-fusion/1``.

    radar_project(tmp_path)                                      # optical and radar
    radar_project(tmp_path, evidence=("radar",))                 # radar alone
    radar_project(tmp_path, evidence=("optical",))               # optical alone
    radar_project(tmp_path, evidence=("mosaic",))                # yearly mosaics of L-band
    radar_project(tmp_path, evidence=("optical", "second"))      # two optical sensors, the second two days later

Sentinel-1 images of two orbits every 15 days, linear power with speckle of 16 looks, the second orbit 2 dB darker; mosaics of
digital numbers with JAXA's mask.  Clearings are those of the tiny project.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from support import tiny_project as tiny_module
from support.tiny_project import CLEARINGS, LEFT, RASTER, TOP, TinyProject, edit_json, encode, tiny_project, tree_cover

if TYPE_CHECKING:
    from pathlib import Path

COLLECTION, MOSAICS = "sentinel-1-rtc", "alos-palsar-mosaic"
ORBITS = ((33, "ascending"), (141, "descending"))
EVERY, FIRST, LAST = 15, date(2018, 1, 5), date(2021, 12, 28)
IMAGES = tuple(FIRST + timedelta(days=EVERY * k) for k in range((LAST - FIRST).days // EVERY + 1))
YEARS = range(2013, 2022)
SOURCES: dict[str, Any] = {
    "second": {
        "id": "l30", "role": "optical", "collection": "hls-l30",
        "bands": {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "classification": "SCL"},
        "radiometry": {"scale": Decimal("0.0001")},
    },
    "radar": {
        "id": "s1", "role": "radar", "collection": COLLECTION, "bands": {"vv": "vv"},
        "radar": {"quantity": "gamma0-power", "speckle_window_px": 3},
    },
    "mosaic": {
        "id": "alos", "role": "radar", "collection": MOSAICS, "bands": {"hv": "HV", "mask": "mask"},
        "radar": {
            "quantity": "gamma0-amplitude", "calibration_db": Decimal("-83.0"), "masked_codes": [0, 50, 100, 150],
        },
    },
}  # fmt: skip
EVIDENCE: dict[str, Any] = {
    "second": {"source": "l30", "index": "ndvi", "density": "reiche-2018.ndvi"},
    "optical": {"source": "s2", "index": "ndvi", "density": "reiche-2018.ndvi"},
    "radar": {"source": "s1", "index": "vv", "density": "reiche-2018.vv"},
    "mosaic": {"source": "alos", "index": "hv", "trained": {
        "shift": -500, "spread": 100, "floor": 50, "reason": "the made world's own levels",
    }},
}  # fmt: skip


def radar_plan(value: dict[str, Any], evidence: tuple[str, ...]) -> dict[str, Any]:
    """A tiny plan with the fusion of some evidence (in place)."""
    optical, cover = value["sources"]
    value["sources"] = [optical if name == "optical" else SOURCES[name] for name in evidence] + [cover]
    method = value["method"]
    method["change"] = {
        "detector": "bayes-fusion/1",
        "evidence": [EVIDENCE[name] for name in evidence],
        "chi": Decimal("0.975"),
    }
    if not {"optical", "second"} & set(evidence):
        del method["observation"]
        method["record"] = {"max_gap_days": 400}
    if set(evidence) & {"radar", "mosaic"}:
        method["radar"] = {"min_seen_percent": 80, "max_shift_db": 3}
    return value


def radar_project(
    folder: Path, *, evidence: tuple[str, ...] = ("optical", "radar"), plan: dict[str, Any] | None = None
) -> TinyProject:
    """Write the project into ``folder / "tiny"``.

    Args:
        folder: An existing folder.
        evidence: ``optical``, ``radar``, ``mosaic``: what the fusion combines.
        plan: Further changes to the plan, dotted paths to values; ``...`` removes.
    """
    import tomllib

    tiny = tiny_project(folder)
    path = tiny.folder / "plan.toml"
    value = radar_plan(tomllib.loads(path.read_text(), parse_float=Decimal), evidence)
    path.write_text(tiny_module.to_toml(value))
    tiny.set_plan(plan or {})
    ids = {"optical": "s2", "second": "l30", "radar": "s1", "mosaic": "alos"}
    tiny.set_settings(sources=dict.fromkeys(("cover", *(ids[name] for name in evidence)), "build/catalog.json"))
    children = []
    if "second" in evidence:
        rng, days = np.random.default_rng(30), [day + timedelta(days=2) for day in tiny_module.DAYS]
        for day in days:
            stamp = {"datetime": f"{day}T15:00:00Z", "processing:version": "02.12"}
            bands = {key: encode(pixels) for key, pixels in tiny_module.scene(day, rng).items()}
            tiny_module._write_item(tiny.build / "hls-l30", f"L30_{day:%Y%m%d}", "hls-l30", stamp, bands, True)
        tiny_module._write_collection(tiny.build, "hls-l30", [f"L30_{day:%Y%m%d}" for day in days])
        children.append("hls-l30")
    if "radar" in evidence:
        rng = np.random.default_rng(20180105)
        for at, day in enumerate(IMAGES):
            orbit, direction = ORBITS[at % 2]
            stamp = {"datetime": f"{day}T05:00:00Z", "sat:orbit_state": direction, "sat:relative_orbit": orbit}
            data = {"vv": encode(image(day, at % 2, rng), nodata=-32_768)}
            tiny_module._write_item(tiny.build / COLLECTION, image_id(day), COLLECTION, stamp, data, True)
        tiny_module._write_collection(tiny.build, COLLECTION, [image_id(day) for day in IMAGES])
        children.append(COLLECTION)
    if "mosaic" in evidence:
        for year in YEARS:
            stamp = {name: f"{year}-{end}" for name, end in (("datetime", "01-01T00:00:00Z"),
                     ("start_datetime", "01-01T00:00:00Z"), ("end_datetime", "12-31T23:59:59Z"))}  # fmt: skip
            bands = {name: encode(pixels) for name, pixels in mosaic(year).items()}
            tiny_module._write_item(tiny.build / MOSAICS, f"ALOS_{year}", MOSAICS, stamp, bands, True)
        tiny_module._write_collection(tiny.build, MOSAICS, [f"ALOS_{year}" for year in YEARS])
        children.append(MOSAICS)

    def add(catalog: dict[str, Any]) -> None:
        catalog["links"] += [{"rel": "child", "href": f"./{name}/collection.json"} for name in children]

    edit_json(tiny.build / "catalog.json", add)
    return tiny


def image_id(day: date) -> str:
    """Id of an image."""
    return f"S1_TINY_{day:%Y%m%d}"


def edit_image(tiny: TinyProject, day: date, change: Any) -> None:
    """Apply a function to an image's STAC document."""
    edit_json(tiny.build / COLLECTION / image_id(day) / f"{image_id(day)}.json", change)


def replace_band(tiny: TinyProject, day: date, data: bytes) -> None:
    """Put other bytes in the place of an image, and let its checksum follow."""
    import hashlib

    home = tiny.build / COLLECTION / image_id(day)
    (home / "vv.tif").write_bytes(data)

    def change(document: dict[str, Any]) -> None:
        document["assets"]["vv"] |= {"file:checksum": f"1220{hashlib.sha256(data).hexdigest()}", "file:size": len(data)}

    edit_json(home / f"{image_id(day)}.json", change)


def standing(day: date) -> np.ndarray:
    """Forest on the rasters on a day."""
    forest = (tree_cover() >= 10) & (tree_cover() <= 100)
    for first, rows, cols in CLEARINGS:
        if day >= first:
            forest[TOP + rows.start : TOP + rows.stop, LEFT + cols.start : LEFT + cols.stop] = False
    return forest


def image(day: date, orbit: int, rng: np.random.Generator) -> np.ndarray:
    """Linear γ0 of an image: −7 dB over forest, −11.5 dB elsewhere, the second orbit 2 dB darker."""
    level = np.where(standing(day), 0.1995, 0.0708) * (1.0, 0.631)[orbit]
    power = (level * rng.gamma(16, 1 / 16, level.shape)).astype(np.float32)
    power[0, :] = -32_768
    return power


def mosaic(year: int) -> dict[str, np.ndarray]:
    """A year's mosaic: γ0 of −13 dB over forest, −18 dB elsewhere, as digital numbers; a lake in the mask."""
    decibels = np.where(standing(date(year, 12, 1)), -13.0, -18.0) + 0.3 * np.sin(np.arange(RASTER) + year)
    mask = np.full((RASTER, RASTER), 255, np.uint8)
    mask[4:6, 4:8] = 50
    return {"HV": np.rint(10 ** ((decibels + 83) / 20)).astype(np.uint16), "mask": mask}
