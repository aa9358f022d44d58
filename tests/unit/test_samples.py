"""The sample builder, on real data, and the loopback server that tests serve it with."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import date
from http.client import IncompleteRead
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import make
import numpy as np
import pytest
import rasterio
import romania_cube
import romania_stac as stac
from support.range_server import RangeServer

from mrv.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
UNTIL = date(2016, 3, 18)
SCENES = 4
SCENE = "S2_L2A_DERIVED_ROMANIA_20150811"


def _has(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


needs_nrt = pytest.mark.skipif(not (_has("nrt") and _has("netCDF4")), reason="nrt is not installed: pip install 'mrv[samples]'")


@pytest.fixture(scope="module")
def cube() -> romania_cube.Cube:
    return romania_cube.read_cube()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("samples") / "build"
    assert make.build(out, until=UNTIL).fresh
    return out


@pytest.fixture
def server(built: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with RangeServer(built) as running:
        yield running


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


# --- the build -------------------------------------------------------------------------------------------------------


@needs_nrt
def test_two_builds_have_the_same_bytes(built: Path, tmp_path: Path) -> None:
    make.build(tmp_path / "again", until=UNTIL)
    assert _tree(tmp_path / "again") == _tree(built)


@needs_nrt
def test_building_more_scenes_keeps_the_bytes_of_those_that_were_there(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "build"
    assert make.build(out, until=date(2015, 8, 11)).scenes == 2
    early = _tree(out / stac.S2)
    assert make.build(out, until=UNTIL).scenes == SCENES
    late = _tree(out / stac.S2)
    assert {name for name in early if early[name] != late[name]} == {"collection.json"}
    assert _tree(out) == _tree(built)


@needs_nrt
def test_an_up_to_date_build_is_left_alone_and_a_changed_one_is_not(tmp_path: Path) -> None:
    out = tmp_path / "build"
    make.build(out, until=date(2015, 8, 1))
    inode, whole = out.stat().st_ino, _tree(out)
    assert not make.build(out, until=date(2015, 8, 1)).fresh
    assert out.stat().st_ino == inode
    (out / "catalog.json").write_bytes(b"{}")
    assert make.build(out, until=date(2015, 8, 1)).fresh
    assert _tree(out) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


@needs_nrt
def test_a_build_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "build"
    make.build(out, until=date(2015, 8, 1))
    before = _tree(out)
    monkeypatch.setattr(make, "_encode", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert make.main(["--out", str(out), "--only-until", "2015-08-11"]) == 2
    assert _tree(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


@needs_nrt
def test_a_folder_of_someone_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(UsageError, match="did not make") as caught:
        make.build(tmp_path, until=UNTIL)
    assert caught.value.hint
    assert (tmp_path / "thesis.txt").exists()


@needs_nrt
def test_the_command_line_says_what_it_built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "build"
    assert make.main(["romania", "--out", str(out), "--only-until", "2015-08-01"]) == 0
    assert "1 scenes" in capsys.readouterr().out
    assert make.main(["romania", "--out", str(out), "--only-until", "2015-08-01"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert make.main(["--out", str(tmp_path / "none"), "--only-until", "2015-07-31"]) == 2
    assert "hint: the first one is of 2015-08-01" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_without_nrt_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    monkeypatch.setattr(metadata, "distribution", absent)
    assert make.main(["--out", str(tmp_path / "build")]) == 2
    err = capsys.readouterr().err
    assert "nrt" in err
    assert "pip install 'mrv[samples]'" in err
    with pytest.raises(UsageError, match="not installed"):
        romania_cube.locate(romania_cube.CUBE_10M)


@needs_nrt
def test_other_bytes_under_the_same_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(romania_cube.SHA256, romania_cube.TREE_COVER, "0" * 64)
    with pytest.raises(SourceError, match="not those of nrt's release"):
        romania_cube.locate(romania_cube.TREE_COVER)


@needs_nrt
def test_nrt_itself_is_never_imported(cube: romania_cube.Cube) -> None:
    assert len(cube.dates) == 140
    assert "nrt" not in sys.modules


# --- pixels and files ------------------------------------------------------------------------------------------------


@needs_nrt
def test_pixels_are_those_of_the_netcdf(built: Path) -> None:
    netcdf = pytest.importorskip("netCDF4")
    names = {"B02": "B2", "B03": "B3", "B04": "B4", "B08": "B8", "SCL": "SCL", "B8A": "B8A", "B11": "B11"}
    for band, variable in names.items():
        file = romania_cube.CUBE_20M if band in ("B8A", "B11") else romania_cube.CUBE_10M
        with (
            netcdf.Dataset(romania_cube.locate(file)) as source,
            rasterio.open(built / stac.S2 / SCENE / f"{band}.tif") as out,
        ):
            source.set_auto_maskandscale(False)
            assert np.array_equal(out.read(1), source[variable][1])
            # The centre of the first pixel, and rows running south.
            assert out.xy(0, 0) == pytest.approx((source["x"][0], source["y"][0]), abs=1e-6)
            assert out.xy(out.height - 1, 0)[1] == pytest.approx(float(source["y"][-1]), abs=1e-6)


@needs_nrt
def test_a_cube_stored_from_south_to_north_comes_out_north_up(tmp_path: Path, cube: romania_cube.Cube) -> None:
    netcdf = pytest.importorskip("netCDF4")
    path = tmp_path / "south.nc"
    with netcdf.Dataset(romania_cube.locate(romania_cube.CUBE_20M)) as source, netcdf.Dataset(path, "w") as flipped:
        source.set_auto_maskandscale(False)
        for name in ("time", "y", "x"):
            flipped.createDimension(name, source.dimensions[name].size)
        for name, dims in {"time": ("time",), "y": ("y",), "x": ("x",), "B11": ("time", "y", "x")}.items():
            values = source[name][:]
            variable = flipped.createVariable(name, values.dtype, dims)
            variable[:] = np.flip(values, dims.index("y")) if "y" in dims else values
        flipped["time"].units = source["time"].units
        flipped.createVariable("spatial_ref", "i4").spatial_ref = source["spatial_ref"].spatial_ref
    dates, grid, bands = romania_cube._read_netcdf(path, {"B11": "B11"}, pixel_m=20.0)
    assert (dates, grid) == (cube.dates, cube.grid_20m)
    assert np.array_equal(bands["B11"], cube.bands["B11"])


@needs_nrt
@pytest.mark.parametrize(("band", "dtype", "shape"), [("B04", "uint16", 100), ("B11", "uint16", 50), ("SCL", "uint8", 100)])
def test_files_are_cloud_optimised(built: Path, band: str, dtype: str, shape: int) -> None:
    with rasterio.open(built / stac.S2 / SCENE / f"{band}.tif") as src:
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert src.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "DEFLATE"
        assert (src.dtypes, src.shape, src.nodata, src.crs.to_epsg()) == ((dtype,), (shape, shape), 0, 3035)
        assert src.overviews(1) == []
        assert src.profile["tiled"]
        assert src.profile["blockxsize"] < shape, "a window must be less than the file"
        assert (src.scales, src.offsets) == (((0.0001,), (0.0,)) if band != "SCL" else ((1.0,), (0.0,)))


@needs_nrt
def test_tree_cover_lies_on_the_grid_of_the_cube(built: Path, cube: romania_cube.Cube) -> None:
    with rasterio.open(built / stac.TCD / stac.TCD_ITEM / "tcd.tif") as src:
        assert (src.nodata, src.dtypes, src.crs.to_epsg()) == (255, ("uint8",), 3035)
        assert list(src.transform)[:6] == cube.grid_20m.transform
        with rasterio.open(romania_cube.locate(romania_cube.TREE_COVER)) as source:
            assert np.array_equal(src.read(1), source.read(1))
    moved = dataclasses.replace(cube.grid_20m, left_m=cube.grid_20m.left_m + 0.0012)
    with pytest.raises(SourceError, match="off the cube's 20 m grid"):
        romania_cube.read_tree_cover(moved)


# --- STAC ------------------------------------------------------------------------------------------------------------


@needs_nrt
def test_pystac_walks_the_catalog(built: Path) -> None:
    pystac = pytest.importorskip("pystac")
    catalog = pystac.Catalog.from_file(str(built / "catalog.json"))
    assert {child.id for child in catalog.get_children()} == {stac.S2, stac.TCD}
    items = list(catalog.get_items(recursive=True))
    assert len(items) == SCENES + 1
    for item in items:
        assert item.get_root() is catalog
        assert item.get_collection().id == item.get_parent().id
        for asset in item.get_assets().values():
            data = Path(asset.get_absolute_href()).read_bytes()
            assert asset.extra_fields["file:checksum"] == "1220" + hashlib.sha256(data).hexdigest()
            assert asset.extra_fields["file:size"] == len(data)
    dated = sorted(item.datetime.date() for item in items if item.datetime is not None)
    assert dated[-1] <= UNTIL
    assert catalog.get_child(stac.S2).extent.temporal.to_dict()["interval"][0][1].startswith(dated[-1].isoformat())


@needs_nrt
def test_documents_fit_the_core_schemas(built: Path) -> None:
    pystac = pytest.importorskip("pystac")
    pytest.importorskip("jsonschema")
    pytest.importorskip("referencing")
    catalog = pystac.Catalog.from_file(str(built / "catalog.json"))
    for thing in [catalog, *catalog.get_children(), *catalog.get_items(recursive=True)]:
        thing.stac_extensions.clear()  # their schemas are on the network
        thing.validate()


@needs_nrt
def test_hrefs_are_relative_and_exist(built: Path) -> None:
    for path in built.rglob("*.json"):
        document = _read_json(path)
        links = [link for link in document.get("links", []) if link["rel"] not in ("license", "via")]
        assert not any(link["rel"] == "self" for link in links)
        for href in [link["href"] for link in links] + [a["href"] for a in document.get("assets", {}).values()]:
            assert href.startswith("."), href
            assert (path.parent / href).is_file(), href


@needs_nrt
def test_an_item_says_what_is_known_and_what_is_not(built: Path, cube: romania_cube.Cube) -> None:
    item = _read_json(built / stac.S2 / SCENE / f"{SCENE}.json")
    properties = item["properties"]
    assert item["stac_version"] == "1.1.0"
    assert properties["datetime"] == "2015-08-11T00:00:00Z"
    assert properties["proj:code"] == "EPSG:3035"
    assert properties["eo:cloud_cover"] == 100.0
    assert properties["mrv:processing_baseline"] == "unknown"
    assert "processing:version" not in properties
    assert "dates only" in properties["processing:lineage"]
    red = item["assets"]["B04"]["bands"][0]
    assert (red["eo:common_name"], red["raster:scale"], red["raster:offset"]) == ("red", 0.0001, 0)
    assert item["assets"]["B11"]["proj:transform"] == cube.grid_20m.transform
    west, south, east, north = item["bbox"]
    assert west < 22.152 < east
    assert south < 45.205 < north
    ring = item["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0, "counter-clockwise"


@needs_nrt
def test_json_is_written_in_one_way(built: Path) -> None:
    for path in built.rglob("*.json"):
        assert path.read_bytes() == stac.dump(_read_json(path))


# --- the radiometric offset ------------------------------------------------------------------------------------------


@needs_nrt
def test_the_evidence_for_offset_zero_is_in_the_collection(built: Path) -> None:
    radiometry = _read_json(built / stac.S2 / "collection.json")["mrv:radiometry"]
    assert (radiometry["processing_baseline"], radiometry["offset_dn"]) == ("unknown", 0)
    assert "Collection-1" in radiometry["reason"]
    evidence = radiometry["evidence"]
    assert (evidence["scenes"], evidence["scenes_judged"], evidence["scenes_without_evidence"]) == (140, 106, 34)
    assert [found["scenes_p1_below_1000"] for found in evidence["bands"].values()] == [105, 105, 105]
    assert evidence["bands"]["B02"]["p1_dn_median"] == 146
    assert [found["date"] for found in evidence["exceptions"]] == ["2020-09-03"]
    assert evidence["exceptions"][0]["b11_step_dn"] == -137


@needs_nrt
@pytest.mark.parametrize("band", ["B02", "B03", "B04"])
def test_an_offset_in_a_band_is_refused_by_name(
    cube: romania_cube.Cube,
    band: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shifted = dataclasses.replace(cube, bands={**cube.bands, band: cube.bands[band] + np.uint16(1000)})
    monkeypatch.setattr(make, "read_cube", lambda: shifted)
    assert make.main(["--out", str(tmp_path / "build")]) == 2
    err = capsys.readouterr().err
    assert f"error: {band}: " in err
    assert "hint: " in err
    assert not (tmp_path / "build").exists()


@needs_nrt
def test_one_reprocessed_scene_among_many_is_refused(cube: romania_cube.Cube) -> None:
    at = cube.dates.index(date(2020, 9, 8))
    bands = {band: values.copy() for band, values in cube.bands.items()}
    for band in bands.keys() - {"SCL"}:
        bands[band][at] += 1000
    with pytest.raises(SourceError, match="2020-09-08") as caught:
        romania_cube.offset_evidence(dataclasses.replace(cube, bands=bands))
    assert caught.value.field == "B11"


@needs_nrt
def test_a_cube_without_vegetation_proves_nothing(cube: romania_cube.Cube) -> None:
    bare = dataclasses.replace(cube, bands={**cube.bands, "SCL": np.full_like(cube.bands["SCL"], 9)})
    with pytest.raises(SourceError, match="enough vegetation"):
        romania_cube.offset_evidence(bare)


# --- the range server ------------------------------------------------------------------------------------------------


def _get(url: str, **headers: str) -> tuple[int, bytes, Any]:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.status, answer.read(), answer.headers


def _status(url: str, **headers: str) -> int:
    try:
        return _get(url, **headers)[0]
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code


@pytest.fixture
def letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "abc.txt").write_bytes(b"abcdefghij")
    (tmp_path / "secret.txt").write_bytes(b"no")
    with RangeServer(tmp_path / "served") as running:
        yield running


@pytest.mark.parametrize(
    ("asked", "body", "content_range"),
    [
        ("bytes=0-2", b"abc", "bytes 0-2/10"),
        ("bytes=7-", b"hij", "bytes 7-9/10"),
        ("bytes=8-99", b"ij", "bytes 8-9/10"),
        ("bytes=-4", b"ghij", "bytes 6-9/10"),
        ("bytes=-99", b"abcdefghij", "bytes 0-9/10"),
    ],
)
def test_ranges(letters: RangeServer, asked: str, body: bytes, content_range: str) -> None:
    status, found, headers = _get(letters.url("abc.txt"), Range=asked)
    assert (status, found, headers["Content-Range"]) == (206, body, content_range)
    assert headers["Content-Length"] == str(len(body))
    assert letters.bytes_sent == len(body)


def test_whole_files_heads_and_refusals(letters: RangeServer) -> None:
    status, body, headers = _get(letters.url("abc.txt"))
    assert (status, body, headers["Accept-Ranges"]) == (200, b"abcdefghij", "bytes")
    assert _status(letters.url("abc.txt"), If_None_Match=headers["ETag"]) == 304
    assert _status(letters.url("abc.txt"), Range="bytes=10-12") == 416
    assert _status(letters.url("none.txt")) == 404
    assert _status(letters.url("../secret.txt")) == 404
    with urllib.request.urlopen(urllib.request.Request(letters.url("abc.txt"), method="HEAD"), timeout=5) as head:
        assert (head.headers["Content-Length"], head.read()) == ("10", b"")
    assert letters.count(r"abc\.txt$") == 4
    assert letters.count(method="HEAD") == 1
    letters.reset()
    assert letters.count() == letters.bytes_sent == 0


def test_faults_hit_what_they_name_as_often_as_they_say(letters: RangeServer) -> None:
    letters.fail(r"abc", status=503, times=2, headers={"Retry-After": "1"})
    letters.fail(r"other", status=500)
    assert [_status(letters.url("abc.txt")) for _ in range(3)] == [503, 503, 200]
    letters.truncate(r"abc")
    with pytest.raises(IncompleteRead) as caught:
        _get(letters.url("abc.txt"))
    assert caught.value.partial == b"abcde"
    letters.heal()
    assert _status(letters.url("abc.txt")) == 200


@needs_nrt
def test_rasterio_reads_a_window_by_ranges(built: Path, server: RangeServer) -> None:
    path = f"{stac.S2}/{SCENE}/B04.tif"
    with rasterio.open(built / path) as local:
        whole = local.read(1)
    # GDAL reads the chunk size once a process.
    options = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_INGESTED_BYTES_AT_OPEN": "1024",
        "CPL_VSIL_CURL_CHUNK_SIZE": "1024",
        "VSI_CACHE": "FALSE",
    }
    code = (
        "import rasterio, sys; from rasterio.windows import Window; "
        f"remote = rasterio.open('/vsicurl/{server.url(path)}'); "
        "sys.stdout.buffer.write(remote.read(1, window=Window(70, 70, 20, 20)).tobytes())"
    )
    told = subprocess.run([sys.executable, "-c", code], env=os.environ | options, capture_output=True, check=True)
    assert told.stdout == whole[70:90, 70:90].tobytes()
    assert any(request.status == 206 for request in server.requests)
    assert 0 < server.bytes_sent < (built / path).stat().st_size


@needs_nrt
def test_rasterio_retries_a_fault_and_reports_a_lasting_one(server: RangeServer) -> None:
    path = f"{stac.S2}/{SCENE}/B03.tif"
    server.fail(r"B03", status=503, times=1)
    options = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_HTTP_MAX_RETRY": 2, "GDAL_HTTP_RETRY_DELAY": 0.01}
    with rasterio.Env(**options), rasterio.open(f"/vsicurl/{server.url(path)}") as remote:
        assert remote.read(1).shape == (100, 100)
    server.fail(r"B02", status=404)
    with rasterio.Env(**options), pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open(f"/vsicurl/{server.url(path.replace('B03', 'B02'))}")


@needs_nrt
def test_the_folder_is_an_s3_bucket_as_well(server: RangeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = {
        "AWS_S3_ENDPOINT": server.netloc,
        "AWS_HTTPS": "NO",
        "AWS_VIRTUAL_HOSTING": "FALSE",
        "AWS_NO_SIGN_REQUEST": "YES",
    }
    with rasterio.Env(**options), rasterio.open(f"/vsis3/{stac.S2}/{SCENE}/SCL.tif") as remote:
        assert remote.read(1).dtype == np.uint8
    body = _get(server.url(stac.S2) + f"?list-type=2&prefix={SCENE}/&delimiter=/")[1].decode()
    assert body.count("<Contents>") == 8
    assert f"<Key>{SCENE}/SCL.tif</Key>" in body


@needs_nrt
def test_the_catalog_walks_over_http(server: RangeServer) -> None:
    pystac = pytest.importorskip("pystac")
    catalog = pystac.Catalog.from_file(server.url("catalog.json"))
    items = list(catalog.get_items(recursive=True))
    assert len(items) == SCENES + 1
    assert all(asset.get_absolute_href().startswith(server.url()) for item in items for asset in item.assets.values())
