from __future__ import annotations

import json

import pytest
from support.tiny_project import boundary, tiny_project

from mrv.errors import PlanError
from mrv.project import Boundary, load_project
from mrv.units import sha256_bytes

SQUARE = [[[20, 45], [20.01, 45], [20.01, 45.01], [20, 45.01], [20, 45]]]


def geojson(value):
    return Boundary(json.dumps(value).encode(), "area.geojson")


def feature(geometry):
    return {"type": "Feature", "properties": {}, "geometry": geometry}


POLYGON = {"type": "Polygon", "coordinates": SQUARE}


@pytest.mark.parametrize(
    "value",
    [
        POLYGON, feature(POLYGON), {"type": "FeatureCollection", "features": [feature(POLYGON)]},
        {"type": "MultiPolygon", "coordinates": [SQUARE]},
        {"type": "Polygon", "coordinates": [[[*point, 812.5] for point in SQUARE[0]]]},
    ],
    ids=["polygon", "feature", "collection", "multipolygon", "heights"],
)  # fmt: skip
def test_boundaries_that_are_read(value):
    assert geojson(value).geometry.area == pytest.approx(1e-4)


def test_the_digest_is_of_the_bytes():
    data = json.dumps(POLYGON).encode()
    assert Boundary(data).digest == sha256_bytes(data)
    assert Boundary(data + b"\n").digest != Boundary(data).digest


BAD = {
    "not json": (b"{", "boundary.syntax"),
    "not utf-8": (b'{"type": "\xff"}', "boundary.syntax"),
    "a list": (b"[]", "boundary.syntax"),
    "a number": (b"7", "boundary.syntax"),
    "null": (b"null", "boundary.syntax"),
    "no type": (b"{}", "boundary.syntax"),
    "no geometry": (feature(None), "boundary.syntax"),
    "two features": ({"type": "FeatureCollection", "features": [feature(POLYGON)] * 2}, "boundary.syntax"),
    "no features": ({"type": "FeatureCollection", "features": []}, "boundary.syntax"),
    "point": ({"type": "Point", "coordinates": [20, 45]}, "boundary.type"),
    "line": ({"type": "LineString", "coordinates": SQUARE[0]}, "boundary.type"),
    "unknown type": ({"type": "Circle", "coordinates": SQUARE}, "boundary.syntax"),
    "empty": ({"type": "Polygon", "coordinates": []}, "boundary.type"),
    "two points": ({"type": "Polygon", "coordinates": [[[20, 45], [21, 45]]]}, "boundary.syntax"),
    "text for numbers": ({"type": "Polygon", "coordinates": [[["a", "b"], ["c", "d"], ["e", "f"]]]}, "boundary.syntax"),
    "metres": ({"type": "Polygon", "coordinates": [[[6e5, 5e6], [6e5, 5.1e6], [6.1e5, 5e6], [6e5, 5e6]]]}, "boundary.crs"),
    "crosses itself": (
        {"type": "Polygon", "coordinates": [[[20, 45], [20.1, 45.1], [20.1, 45], [20, 45.1], [20, 45]]]},
        "boundary.invalid",
    ),
    "crs member": ({**POLYGON, "crs": {"type": "name", "properties": {"name": "EPSG:3035"}}}, "boundary.crs"),
    "nan": (b'{"type":"Polygon","coordinates":[[[NaN,45],[20.1,45.1],[20.1,45],[NaN,45]]]}', "boundary.syntax"),
    "a flat line": ({"type": "Polygon", "coordinates": [[[20, 45], [20.1, 45], [20.2, 45], [20, 45]]]}, "boundary.invalid"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_boundaries_are_refused(name):
    value, code = BAD[name]
    area = Boundary(value, "area.geojson") if isinstance(value, bytes) else geojson(value)
    with pytest.raises(PlanError) as caught:
        _ = area.geometry
    assert caught.value.error_code == code
    assert caught.value.file == "area.geojson"
    assert caught.value.field
    assert caught.value.hint


def test_a_folder_is_read(tmp_path):
    tiny = tiny_project(tmp_path)
    project = load_project(tiny.folder)
    assert project.boundary.data == json.dumps(boundary()).encode()
    assert project.store_folder == tiny.folder / "store"
    assert project.binding.assets == ()


def test_settings_and_binding_are_optional(tmp_path):
    tiny = tiny_project(tmp_path)
    (tiny.folder / "settings.toml").unlink()
    assert load_project(tiny.folder).settings.where == "local"


@pytest.mark.parametrize(
    ("file", "text", "code", "field"),
    [
        ("settings.toml", "draws = 5", "plan.field", "draws"),
        ("settings.toml", "chunk = 'many'", "plan.field", "chunk"),
        ("settings.toml", "chunk = 0", "plan.field", "chunk"),
        ("settings.toml", "connections = 0", "plan.field", "connections"),
        ("settings.toml", "= 5", "plan.syntax", None),
        ("binding.toml", "supersedes = ['sha256:1']", "plan.field", "supersedes.0"),
        ("binding.toml", "token = 'x'", "plan.field", "token"),
    ],
)
def test_bad_settings_and_bindings_are_refused(tmp_path, file, text, code, field):
    tiny = tiny_project(tmp_path)
    (tiny.folder / file).write_text(text)
    with pytest.raises(PlanError) as caught:
        load_project(tiny.folder)
    assert (caught.value.error_code, caught.value.file) == (code, str(tiny.folder / file))
    assert caught.value.field == field
    assert caught.value.hint


def test_absent_things_are_named(tmp_path):
    with pytest.raises(PlanError) as caught:
        load_project(tmp_path / "nowhere")
    assert caught.value.error_code == "plan.missing"
    tiny = tiny_project(tmp_path)
    (tiny.folder / "boundary.geojson").unlink()
    with pytest.raises(PlanError) as caught:
        load_project(tiny.folder)
    assert caught.value.error_code == "boundary.missing"
    assert caught.value.hint
