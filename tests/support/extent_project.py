"""The tiny project seen through yearly extent maps instead of scenes: detector ``extent-epochs/1``.

    extent = extent_project(tmp_path)                # maps of 2017 to 2021, clearings as in the tiny project
    run_tiny(extent).result.detail                   # an ExtentChange

A glade of the tiny project becomes forest in 2020 and stays so: gain.
"""

from __future__ import annotations

import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from support import tiny_project as tiny_module
from support.tiny_project import CLEARINGS, LEFT, SIZE, TOP, TinyProject, encode, tiny_project, tree_cover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

EPOCHS = (2017, 2018, 2019, 2020, 2021)
COLLECTION = "mangrove-extent"
GLADE = slice(26, 30), slice(12, 16)
"""Rows and columns of the rasters that become forest in 2020."""
PLAN: dict[str, Any] = {
    "project.kind": "mangrove",
    "sources": [
        {
            "id": "gmw", "role": "extent", "collection": COLLECTION, "bands": {"extent": "extent"},
            "extent": {"forest": [1], "other": [2]},
        }
    ],
    "method": {
        "record": {"max_gap_days": 400, "min_record_years": 3}, "change": {"detector": "extent-epochs/1"},
        "activity": {"buffer_px": 2},
    },
}  # fmt: skip


def extent_project(
    folder: Path,
    *,
    plan: dict[str, Any] | None = None,
    maps: Callable[[int], np.ndarray] | None = None,
    versions: Mapping[int, str] | None = None,
) -> TinyProject:
    """Write the project into ``folder / "tiny"``.

    Args:
        folder: An existing folder.
        plan: Further changes to the plan, dotted paths to values; ``...`` removes.
        maps: The map of a year; absent: :func:`extent_map`.
        versions: Year → ``processing:version`` that its item states.
    """
    tiny = tiny_project(folder, plan=PLAN | (plan or {}))
    tiny.set_settings(sources={"gmw": "build/catalog.json"})
    shutil.rmtree(tiny.build)
    names = []
    for year in EPOCHS:
        name = f"EXTENT_{year}"
        names.append(name)
        properties = {"datetime": f"{year}-07-01T00:00:00Z"}
        if versions and year in versions:
            properties["processing:version"] = versions[year]
        files = {"extent": encode((maps or extent_map)(year))}
        tiny_module._write_item(tiny.build / COLLECTION, name, COLLECTION, properties, files, True)
    tiny_module._write_collection(tiny.build, COLLECTION, names)
    tiny_module._dump(tiny.build / "catalog.json", {
        "type": "Catalog", "stac_version": "1.1.0", "id": "tiny", "description": "made",
        "links": [
            {"rel": "root", "href": "./catalog.json"}, {"rel": "child", "href": f"./{COLLECTION}/collection.json"},
        ],
    })  # fmt: skip
    return tiny


def extent_map(year: int) -> np.ndarray:
    """The map of a year: 1 forest, 2 other, 0 no value."""
    cover = tree_cover()
    found = np.where(cover > 100, 0, np.where(cover >= 10, 1, 2)).astype(np.uint8)
    for first, rows, cols in CLEARINGS:
        if first <= date(year, 12, 31):
            found[TOP + rows.start : TOP + rows.stop, LEFT + cols.start : LEFT + cols.stop] = 2
    if year >= 2020:
        found[GLADE] = 1
    assert found[TOP : TOP + SIZE, LEFT : LEFT + SIZE].all()
    return found
