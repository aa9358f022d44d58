"""Radar sources of a plan: what a catalog and a raster must say, and what is kept of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.radar_project import COLLECTION, IMAGES, MOSAICS, SOURCES, YEARS, edit_image, image_id, radar_project, replace_band
from support.run_tiny import fetch_tiny, search_tiny
from support.tiny_project import RASTER, edit_json, encode

from mrv.errors import MRVError, SourceError
from mrv.plan import Source
from mrv.run import fetch_scenes, read_fetched, search_scenes
from mrv.sources.geometry import Geometry, stated_geometry
from mrv.sources.items import ItemList, read_items
from mrv.sources.store import Store, open_tiff

FIRST = IMAGES[0]


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """``(tiny, items)`` of a plan with radar alone."""
    tiny = radar_project(tmp_path_factory.mktemp("radar"), evidence=("radar",))
    return tiny, search_tiny(tiny)[2]


def radar(tmp_path):
    return radar_project(tmp_path, evidence=("radar",))


def one(tmp_path):
    """A project of one image and the tree cover."""
    tiny = radar(tmp_path)

    def change(document):
        links = [link for link in document["links"] if link["rel"] != "item" or image_id(FIRST) in link["href"]]
        document["links"] = links

    edit_json(tiny.build / COLLECTION / "collection.json", change)
    return tiny


# ── the catalog ──────────────────────────────────────────────────────────────


def test_an_image_keeps_its_orbit(searched):
    found = {item.id: item for item in searched[1].items}
    assert found[image_id(IMAGES[0])].geometry == Geometry(33, "ascending")
    assert found[image_id(IMAGES[1])].geometry == Geometry(141, "descending")
    assert [item.geometry for item in searched[1].items if item.source == "cover"] == [None]


def test_an_item_list_keeps_it_and_says_nothing_where_there_is_none(searched, tmp_path):
    path = tmp_path / "items.json"
    path.write_bytes(searched[1].encoded())
    assert read_items(path) == searched[1]
    value = searched[1].as_json()["items"]
    assert ["geometry" in row for row in value] == [row["source"] == "s1" for row in value]


def test_a_fetched_list_keeps_it(tmp_path):
    project = one(tmp_path).load()
    fetched = read_fetched(fetch_scenes(project, search_scenes(project, project.plan.claim_for(None))))
    assert {scene.id: scene.geometry for scene in fetched.scenes}[image_id(FIRST)] == Geometry(33, "ascending")


BAD_ORBITS = {
    "no relative orbit": ({"sat:relative_orbit": None}, "radar.orbit-unknown"),
    "no pass": ({"sat:orbit_state": None}, "radar.orbit-unknown"),
    "an absolute orbit": ({"sat:relative_orbit": 43_068}, "radar.orbit"),
    "an orbit in words": ({"sat:relative_orbit": "33"}, "radar.orbit"),
    "an orbit that is true": ({"sat:relative_orbit": True}, "radar.orbit"),
    "another pass": ({"sat:orbit_state": "geostationary"}, "radar.pass"),
}


@pytest.mark.parametrize(("changes", "code"), BAD_ORBITS.values(), ids=BAD_ORBITS)
def test_an_image_without_an_orbit_is_refused(tmp_path, changes, code):
    tiny = radar(tmp_path)
    edit_image(tiny, FIRST, lambda item: item["properties"].update(changes))
    with pytest.raises(SourceError) as caught:
        search_tiny(tiny)
    assert (caught.value.error_code, caught.value.file) == (code, image_id(FIRST))
    assert caught.value.hint


def test_stated_geometry_names_the_item():
    assert stated_geometry({"sat:orbit_state": "descending", "sat:relative_orbit": 5}, item="x") == Geometry(5, "descending")


def test_a_mosaic_is_dated_by_its_last_day_and_has_no_orbit(tmp_path):
    _, _, items = search_tiny(radar_project(tmp_path, evidence=("mosaic",)))
    found = [item for item in items.items if item.source == "alos"]
    assert [item.day for item in found] == [f"{year}-12-31" for year in YEARS]
    assert {item.geometry for item in found} == {None}


def test_an_image_without_the_polarisation_is_refused(tmp_path):
    tiny = radar(tmp_path)
    edit_image(tiny, FIRST, lambda item: item["assets"].update(hh=item["assets"].pop("vv")))
    with pytest.raises(SourceError) as caught:
        search_tiny(tiny)
    assert caught.value.error_code == "source.asset"


# ── the raster ───────────────────────────────────────────────────────────────


def test_power_is_kept_as_it_is_stored(tmp_path):
    tiny = one(tmp_path)
    power = np.full((RASTER, RASTER), 0.2, np.float32)
    power[10, 12:18] = [np.nan, np.inf, 0, -0.0, 1e-38, -32_768]
    replace_band(tiny, FIRST, encode(power, nodata=-32_768))
    _, grid, _, store, fetched = fetch_tiny(tiny)
    digest = next(scene for scene in fetched.scenes if scene.source == "s1").bands["vv"]
    store.verify_pixels(digest)
    with open_tiff(store.pixels_path(digest)) as source:
        kept = source.read(1)
    assert kept.dtype == np.float32
    row, col = 10 - round((5_000_000 - grid.affine.f) / 10), 12 - round((grid.affine.c - 600_000) / 10)
    assert kept[row, col : col + 6].tobytes() == power[10, 12:18].tobytes()


def test_a_float_that_changes_its_last_bit_is_another_pixel(tmp_path):
    from affine import Affine
    from odc.geo.geobox import GeoBox

    store, grid = Store(tmp_path), GeoBox((4, 4), Affine(10, 0, 0, 0, -10, 40), "EPSG:32634")
    pixels = np.full((4, 4), 0.2, np.float32)
    other = pixels.copy()
    other[2, 2] = np.nextafter(other[2, 2], np.float32(1))
    first, second = store.put_pixels(pixels, grid), store.put_pixels(other, grid)
    assert first.digest != second.digest
    store.verify_pixels(first.digest)
    store.verify_pixels(second.digest)


BAD_RASTERS = {
    "digital numbers": (np.full((RASTER, RASTER), 3000, np.uint16), "source.dtype", "gamma0-amplitude"),
    "double precision": (np.full((RASTER, RASTER), 0.2), "source.dtype", "float32"),
    "nodata alone": (np.full((RASTER, RASTER), -32_768, np.float32), "source.empty", "does not observe"),
    "no number at all": (np.full((RASTER, RASTER), np.nan, np.float32), "source.empty", "does not observe"),
}


@pytest.mark.parametrize(("pixels", "code", "told"), BAD_RASTERS.values(), ids=BAD_RASTERS)
def test_a_raster_of_another_kind_is_refused(tmp_path, pixels, code, told):
    tiny = one(tmp_path)
    replace_band(tiny, FIRST, encode(pixels, nodata=-32_768 if pixels.dtype.kind == "f" else 0))
    with pytest.raises(SourceError) as caught:
        fetch_tiny(tiny)
    assert caught.value.error_code == code
    assert told in caught.value.hint
    assert image_id(FIRST) in caught.value.field


def test_floats_are_refused_where_digital_numbers_are_wanted(tmp_path):
    tiny = radar_project(tmp_path, evidence=("mosaic",))
    home = tiny.build / MOSAICS / f"ALOS_{YEARS[0]}"
    (home / "HV.tif").write_bytes(encode(np.full((RASTER, RASTER), 0.1, np.float32)))
    edit_json(home / f"{home.name}.json", lambda item: item["assets"]["HV"].pop("file:checksum"))
    with pytest.raises(SourceError) as caught:
        fetch_tiny(tiny)
    assert caught.value.error_code == "source.dtype"
    assert "gamma0-power" in caught.value.hint


def test_a_window_off_the_grid_is_refused(tmp_path):
    tiny = one(tmp_path)
    replace_band(tiny, FIRST, encode(np.full((RASTER, RASTER), 0.2, np.float32), shift_m=(3, 0)))
    with pytest.raises(MRVError) as caught:
        fetch_tiny(tiny)
    assert caught.value.error_code == "source.grid"


def test_an_item_list_of_another_orbit_is_another_list(searched):
    items = searched[1].items
    turned = ItemList(tuple(replace(i, geometry=Geometry(34, "ascending")) if i.geometry else i for i in items))
    assert turned.digest != searched[1].digest


# ── the plan ─────────────────────────────────────────────────────────────────

POWER, AMPLITUDE = SOURCES["radar"], SOURCES["mosaic"]
BAD_SOURCES = {
    "no table": ({"radar": None}, POWER, r"needs \[sources.radar\]"),
    "an optical table": ({"radiometry": {"scale": "0.0001"}}, POWER, r"has no use for \[sources.radiometry\]"),
    "no polarisation": ({"bands": {"angle": "linci"}}, POWER, "needs one of the bands vv, vh, hh, hv"),
    "a band nobody reads": ({"bands": {"vv": "vv", "angle": "linci"}}, POWER, "no use for the band angle"),
    "a mask of power": ({"bands": {"vv": "vv", "mask": "mask"}}, POWER, "has no use for the band mask"),
    "no mask of amplitudes": ({"bands": {"hv": "HV"}}, AMPLITUDE, "needs the band mask"),
    "an even window": ({"radar": {"quantity": "gamma0-power", "speckle_window_px": 4}}, POWER, "odd"),
    "no window": ({"radar": {"quantity": "gamma0-power"}}, POWER, "needs speckle_window_px"),
    "power with a calibration": (
        {"radar": POWER["radar"] | {"calibration_db": "-83"}}, POWER, "has no use for calibration_db",
    ),
    "amplitudes without": (
        {"radar": {"quantity": "gamma0-amplitude", "masked_codes": [0]}}, AMPLITUDE, "needs calibration_db",
    ),
    "an unknown code": ({"radar": AMPLITUDE["radar"] | {"masked_codes": [7]}}, AMPLITUDE, "masked code 7"),
    "every code": (
        {"radar": AMPLITUDE["radar"] | {"masked_codes": [0, 50, 100, 150, 255]}}, AMPLITUDE, "nothing is left",
    ),
    "decibels": ({"radar": {"quantity": "gamma0-decibels", "speckle_window_px": 3}}, POWER, "gamma0-power"),
    "an optical source with radar": ({"role": "tree-cover", "bands": {"tree_cover": "x"}}, POWER, "has no use for"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "base", "told"), BAD_SOURCES.values(), ids=BAD_SOURCES)
def test_a_source_that_is_none_is_refused(changes, base, told):
    with pytest.raises(ValueError, match=told):
        Source.model_validate(base | changes)


def test_both_kinds_are_read():
    assert Source.model_validate(POWER).is_image_radar
    mosaic = Source.model_validate(AMPLITUDE)
    assert mosaic.radar is not None
    assert mosaic.radar.is_mosaic
    assert not mosaic.is_image_radar
