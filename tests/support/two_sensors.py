"""The tiny project seen by two optical sensors of one series, the second from the project's first day on.

    two_sensors(tmp_path)                                    # harmonised, merged by day
    two_sensors(tmp_path, harmonise="none")                  # not harmonised
    two_sensors(tmp_path, alter=lambda day, sensor, bands: …)  # change digital numbers, before the bandpass

The second sees every band as the table's ``simulated-2`` says.  A third of its scenes are of days of the first.
"""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from decimal import Decimal
from shutil import rmtree
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.bandpass import lines_of
from support import tiny_project as tiny_module
from support.tiny_project import BANDS, COLLECTION, DAYS, RASTER, START, TinyProject, edit_json, encode, item_id, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, SECOND = "simulated-1", "simulated-2"
OTHER = "other-l2a"
LATER = [day for day in DAYS if day >= START]
SECOND_DAYS = tuple(day if k % 3 == 0 else day + timedelta(days=2) for k, day in enumerate(LATER))
SHARED = tuple(LATER[::3])
MERGE = {"harmonise": "hls-bandpass/1", "same_day": "mean-of-clear/1"}
STEP = {"detector": "matched-step/1", "bands": ["blue", "green", "red", "nir"], "min_history": 6}


def two_plan(value: dict[str, Any], harmonise: str = "hls-bandpass/1") -> dict[str, Any]:
    """A tiny plan with both sensors (in place)."""
    first, cover = value["sources"]
    second = first | {"id": "other", "collection": OTHER}
    value["sources"] = [first, second, cover]
    value["method"]["observation"]["merge"] = MERGE | {"harmonise": harmonise}
    if harmonise != "none":
        first["sensor"], second["sensor"] = "platform", SECOND
    return value


def two_sensors(
    folder: Path,
    *,
    harmonise: str = "hls-bandpass/1",
    days: tuple[date, ...] = SECOND_DAYS,
    alter: Callable[[date, str, dict[str, np.ndarray]], None] = lambda *_: None,
    plan: dict[str, Any] | None = None,
    coarse: bool = False,
) -> TinyProject:
    """Write the project into ``folder / "tiny"``.

    Args:
        folder: An existing folder.
        harmonise: As in the plan.
        days: Days of the second sensor.
        alter: Changes day, sensor and digital numbers by asset key, in place.
        plan: Further changes to the plan, dotted paths to values; ``...`` removes.
        coarse: Whether pixels of the second sensor are 30 m wide, each of what lies in its middle.
    """
    tiny = tiny_project(folder)
    path = tiny.folder / "plan.toml"
    path.write_text(tiny_module.to_toml(two_plan(tomllib.loads(path.read_text(), parse_float=Decimal), harmonise)))
    tiny.set_plan(plan or {})
    tiny.set_settings(sources=dict.fromkeys(("s2", "other", "cover"), "build/catalog.json"))
    for collection, sensor, of in ((COLLECTION, FIRST, DAYS), (OTHER, SECOND, days)):
        rmtree(tiny.build / collection, ignore_errors=True)
        rng, ids = np.random.default_rng(len(collection)), []
        for day in of:
            bands = tiny_module.scene(day, rng)
            alter(day, sensor, bands)
            ids.append(scene_id(day, sensor))
            stamp = {"datetime": f"{day}T10:00:00Z", "processing:version": "02.12", "platform": sensor}
            wide = coarse and sensor == SECOND
            seen = {key: middles(pixels) if wide else pixels for key, pixels in seen_by(sensor, bands).items()}
            files = {key: encode(pixels, res=30.0 if wide else None) for key, pixels in seen.items()}
            tiny_module._write_item(tiny.build / collection, ids[-1], collection, stamp, files, False)
        tiny_module._write_collection(tiny.build, collection, ids)

    def add(catalog: dict[str, Any]) -> None:
        catalog["links"].append({"rel": "child", "href": f"./{OTHER}/collection.json"})

    edit_json(tiny.build / "catalog.json", add)
    return tiny


def middles(pixels: np.ndarray) -> np.ndarray:
    """Every third pixel of 10 m: what a pixel of 30 m shows of its middle."""
    fine = pixels if len(pixels) == RASTER else np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)
    return np.ascontiguousarray(fine[1:-1:3, 1:-1:3])


def scene_id(day: date, sensor: str) -> str:
    """Id of a scene."""
    return item_id(day) if sensor == FIRST else f"OTHER_TINY_{day:%Y%m%d}"


def item_of(tiny: TinyProject, day: date) -> Path:
    """The STAC document of a scene of the second sensor."""
    name = scene_id(day, SECOND)
    return tiny.build / OTHER / name / f"{name}.json"


def seen_by(sensor: str, bands: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Digital numbers as a sensor has them: the table's line turned round."""
    lines, roles = lines_of(sensor), {key: role for role, key in BANDS.items()}
    if not lines:
        return bands
    found = dict(bands)
    for key, pixels in bands.items():
        if (line := lines.get(roles[key])) is not None:
            dn = (pixels.astype(float) - line.offset / 1e4) / (line.slope / 1e4)
            found[key] = np.rint(np.clip(dn, 1, 60_000)).astype(np.uint16)
    return found
