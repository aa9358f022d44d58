from __future__ import annotations

import errno
import os
from dataclasses import replace

import numpy as np
import pytest
from support.range_server import RangeServer
from support.run_tiny import fetch_tiny, search_tiny
from support.tiny_project import DAYS, LEFT, RASTER, TOP, encode, item_id, tiny_project

from mrv.errors import GridMismatch, MRVError, SourceError, StoreError
from mrv.sources.fetch import GDAL_OPTIONS, fetch, vsi_path
from mrv.sources.items import ItemList
from mrv.sources.store import Store

FIRST = DAYS[0]
BANDS = len(DAYS) * 5 + 1


@pytest.fixture
def quick(monkeypatch):
    """Retries without the wait."""
    monkeypatch.setitem(GDAL_OPTIONS, "GDAL_HTTP_RETRY_DELAY", 0.01)


@pytest.fixture
def server(tmp_path, quick):
    """A tiny project whose assets are served over HTTP, and the server."""
    tiny = tiny_project(tmp_path)
    with RangeServer(tiny.build) as running:
        tiny.rebase(running.url().rstrip("/"))
        yield tiny, running


def few(items, *days):
    """An item list of the scenes of some days."""
    names = {item_id(day) for day in days}
    return ItemList(tuple(item for item in items.items if item.id in names))


def digests(fetched):
    return [(scene.id, scene.bands) for scene in fetched.scenes]


def fetch_days(tiny, *days, store=None, **options):
    project, grid, items = search_tiny(tiny)
    return fetch(
        project.plan, few(items, *(days or (FIRST,))), grid=grid, store=store or Store(project.store_folder), **options
    )


def refusal(tiny, *days, **options):
    with pytest.raises(MRVError) as caught:
        fetch_days(tiny, *days, **options)
    assert caught.value.hint
    assert caught.value.exit_status == 2
    return caught.value


@pytest.fixture(scope="module")
def from_files(tmp_path_factory):
    return fetch_tiny(tiny_project(tmp_path_factory.mktemp("files")))


# The three ways to the same pixels.


def test_files(from_files):
    project, _, items, store, fetched = from_files
    assert len(fetched.scenes) == len(DAYS) + 1
    assert len(fetched.materials) == BANDS
    assert [scene.id for scene in fetched.scenes] == [item.id for item in items.items]
    for scene in fetched.scenes:
        for digest in scene.bands.values():
            store.verify_pixels(digest)
    assert all(row.source_verified and row.source_sha256 for row in fetched.materials)
    assert not any(str(project.folder) in str(scene) for scene in fetched.scenes)


def test_windows_are_native_pixels(from_files):
    import rasterio

    _, grid, _, store, fetched = from_files
    scene = next(scene for scene in fetched.scenes if scene.id == item_id(FIRST))
    with rasterio.open(store.pixels_path(scene.bands["red"])) as source:
        assert source.shape == tuple(grid.shape) == (30, 30)
        assert source.transform == grid.affine
    with rasterio.open(store.pixels_path(scene.bands["classification"])) as source:
        # Rows 4 to 34, columns 6 to 36 of the 10 m raster.
        assert (TOP - 3, LEFT - 3) == (4, 6)
        assert source.shape == (15, 15)
        assert source.transform.a == 20


def test_http_gives_the_same_scenes_by_range_requests(server, from_files):
    tiny, running = server
    fetched = fetch_tiny(tiny)[4]
    assert digests(fetched) == digests(from_files[4])
    gets = [request for request in running.requests if request.method == "GET" and request.path.endswith(".tif")]
    assert all(request.range for request in gets)
    assert all(request.status == 206 for request in gets)
    # Stated by the publisher, but the whole file was not read.
    assert all(row.source_sha256 and not row.source_verified for row in fetched.materials)


def test_s3_gives_the_same_scenes(tmp_path, monkeypatch, quick, from_files):
    tiny = tiny_project(tmp_path)
    with RangeServer(tiny.folder) as running:
        for name, value in {
            "AWS_S3_ENDPOINT": running.netloc, "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE",
            "AWS_NO_SIGN_REQUEST": "YES", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_DEFAULT_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        tiny.rebase("s3://build")
        fetched = fetch_tiny(tiny)[4]
        assert running.count(r"^/build/.*\.tif$", method="GET") >= BANDS
    assert digests(fetched) == digests(from_files[4])


def test_a_catalog_over_http(tmp_path, from_files):
    tiny = tiny_project(tmp_path)
    with RangeServer(tiny.build) as running:
        tiny.set_settings(sources=dict.fromkeys(("s2", "cover"), running.url("catalog.json")))
        fetched = fetch_tiny(tiny)[4]
    assert digests(fetched) == digests(from_files[4])


# Trouble on the way.


def test_503_twice_then_fine(server, from_files):
    tiny, running = server
    running.fail(r"B04\.tif$", status=503, times=2)
    scenes = digests(fetch_days(tiny))
    assert scenes[0] in digests(from_files[4])
    assert sum(request.status == 503 for request in running.requests) == 2


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_cannot_be_mended_is_refused_at_once(server, status):
    tiny, running = server
    running.fail(r"B04\.tif$", status=status)
    error = refusal(tiny)
    assert error.error_code == "source.unreadable"
    assert error.field == f"{item_id(FIRST)}.red"
    assert error.file.endswith("B04.tif")
    assert running.count(r"B04\.tif$") <= 3


def test_503_for_good_is_refused_after_a_few(server):
    tiny, running = server
    running.fail(r"B04\.tif$", status=503)
    error = refusal(tiny)
    assert error.error_code == "source.unreadable"
    assert 3 <= running.count(r"B04\.tif$") <= 20


def test_a_hang_up_is_tried_again_or_refused_never_believed(server, from_files):
    tiny, running = server
    running.truncate(r"B04\.tif$", times=1)
    try:
        assert digests(fetch_days(tiny))[0] in digests(from_files[4])
    except SourceError as error:
        assert error.error_code == "source.unreadable"  # noqa: PT017


def test_nobody_listens(tmp_path, quick):
    tiny = tiny_project(tmp_path)
    with RangeServer(tiny.build) as running:
        address = running.url().rstrip("/")
    tiny.rebase(address)
    assert refusal(tiny).error_code == "source.unreadable"


def test_one_failure_stops_the_rest(server):
    tiny, running = server
    running.fail(r"\.tif$", status=404)
    with pytest.raises(SourceError):
        fetch_tiny(tiny, connections=2)
    assert running.count(r"\.tif$") < BANDS


# Files that are not what they should be.


def replace_band(tiny, pixels=None, *, band="B04", day=FIRST, data=None, **options):
    tiny.asset(day, band).write_bytes(encode(pixels, **options) if data is None else data)


def plain(value=3, dtype=np.uint16, size=RASTER):
    return np.full((size, size), value, dtype)


def float_nan():
    values = plain(0.5, np.float32)
    values[3, 3] = np.nan
    return encode(values)


WRONG = {
    "wrong crs": (lambda: encode(plain(), crs="EPSG:32635"), GridMismatch, "source.crs"),
    "geographic": (lambda: encode(plain(), crs="EPSG:4326"), GridMismatch, "source.crs"),
    "no crs": (lambda: encode(plain(), crs=None), GridMismatch, "source.crs"),
    "half a pixel off": (lambda: encode(plain(), shift_m=(5, 0)), GridMismatch, "source.grid"),
    "a centimetre and a half off": (lambda: encode(plain(), shift_m=(0, 0.015)), GridMismatch, "source.grid"),
    "finer pixels": (lambda: encode(plain(size=80)), GridMismatch, "source.grid"),
    "15 m pixels": (lambda: encode(plain(), res=15), GridMismatch, "source.grid"),
    "outside": (lambda: encode(plain(), shift_m=(200, 0)), GridMismatch, "source.outside"),
    "far away": (lambda: encode(plain(), shift_m=(0, 90_000)), GridMismatch, "source.outside"),
    "too small": (lambda: encode(plain(size=20), res=10), GridMismatch, "source.outside"),
    "float with nan": (float_nan, SourceError, "source.dtype"),
    "float": (lambda: encode(plain(0.5, np.float64)), SourceError, "source.dtype"),
    "all nodata": (lambda: encode(plain(0)), SourceError, "source.empty"),
    "truncated": (lambda: encode(np.random.default_rng(1).integers(1, 9999, (40, 40)).astype(np.uint16))[:1500], SourceError,
                  "source.unreadable"),
    "empty file": (lambda: b"", SourceError, "source.unreadable"),
    "a web page": (lambda: b"<html>sign in</html>", SourceError, "source.unreadable"),
    "a png": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, SourceError, "source.unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_wrong_rasters_are_refused_by_item_and_band(tmp_path, name):
    make, kind, code = WRONG[name]
    tiny = tiny_project(tmp_path, checksums=False)
    replace_band(tiny, data=make())
    error = refusal(tiny)
    assert isinstance(error, kind)
    assert error.error_code == code
    assert error.field == f"{item_id(FIRST)}.red"
    assert error.file == str(tiny.asset(FIRST, "B04"))
    assert not list((tiny.folder / "store").rglob(".partial-*"))


def test_offsets_of_rounding_are_forgiven(tmp_path):
    tiny = tiny_project(tmp_path, checksums=False)
    replace_band(tiny, plain(), shift_m=(0.004, -0.004))
    assert fetch_days(tiny)


def test_some_nodata_is_fine(tmp_path):
    tiny = tiny_project(tmp_path, checksums=False)
    values = plain(0)
    values[15, 15] = 7
    replace_band(tiny, values)
    assert fetch_days(tiny)


def test_south_up_is_refused(tmp_path):
    import rasterio
    from affine import Affine
    from support.tiny_project import ANCHOR_X, ANCHOR_Y

    tiny = tiny_project(tmp_path, checksums=False)
    with rasterio.open(
        tiny.asset(FIRST, "B04"), "w", driver="GTiff", height=40, width=40, count=1, dtype="uint16", crs="EPSG:32634",
        transform=Affine(10, 0, ANCHOR_X, 0, 10, ANCHOR_Y - 400),
    ) as target:  # fmt: skip
        target.write(plain(), 1)
    assert refusal(tiny).error_code == "source.grid"


def test_a_missing_file_is_named(tmp_path):
    tiny = tiny_project(tmp_path, checksums=False)
    tiny.asset(FIRST, "B08").unlink()
    error = refusal(tiny)
    assert (error.error_code, error.field) == ("source.unreadable", f"{item_id(FIRST)}.nir")


def test_a_missing_file_with_a_checksum_is_named_by_item_and_band(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.asset(FIRST, "B08").unlink()
    error = refusal(tiny)
    assert (error.error_code, error.field) == ("source.unreadable", f"{item_id(FIRST)}.nir")


def test_a_wrong_checksum_is_refused(tmp_path):
    tiny = tiny_project(tmp_path)
    replace_band(tiny, plain())
    error = refusal(tiny)
    assert (error.error_code, error.field) == ("source.checksum", f"{item_id(FIRST)}.red")


def test_a_checksum_of_another_kind_is_not_believed(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.edit_item(FIRST, lambda item: item["assets"]["B04"].update({"file:checksum": "1114" + "0" * 40}))
    fetched = fetch_days(tiny)
    (red,) = (row for row in fetched.materials if row.band == "red")
    assert red.source_sha256 is None
    assert not red.source_verified


def test_a_checksum_in_capitals_is_the_same(tmp_path):
    tiny = tiny_project(tmp_path)
    tiny.edit_item(
        FIRST, lambda item: item["assets"]["B04"].update({"file:checksum": item["assets"]["B04"]["file:checksum"].upper()})
    )
    assert fetch_days(tiny)


@pytest.mark.parametrize("href", ["ftp://host/a.tif", "gs://bucket/a.tif", "javascript:alert(1)"])
def test_other_schemes_are_refused(href):
    with pytest.raises(SourceError) as caught:
        vsi_path(href)
    assert caught.value.error_code == "source.scheme"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("href", "path"),
    [
        ("/a/b.tif", "/a/b.tif"), ("file:///a/b.tif", "/a/b.tif"), ("https://h/a.tif?sig=1", "/vsicurl/https://h/a.tif?sig=1"),
        ("s3://bucket/key/a.tif", "/vsis3/bucket/key/a.tif"), ("file:///a/b%20c.tif", "/a/b c.tif"),
        ("/a/b#1.tif", "/a/b#1.tif"), ("/a/b?c.tif", "/a/b?c.tif"),
    ],
)  # fmt: skip
def test_addresses(href, path):
    assert vsi_path(href) == path


def test_a_folder_with_a_hash_or_a_space(tmp_path):
    odd = tmp_path / "a #1 b?"
    odd.mkdir()
    assert fetch_days(tiny_project(odd))


def test_a_path_cannot_smuggle_a_gdal_handler(tmp_path):
    """A catalog that names ``/vsi…`` or an XML must not make GDAL run it."""
    tiny = tiny_project(tmp_path, checksums=False)
    tiny.edit_item(FIRST, lambda item: item["assets"]["B04"].update(href="/vsistdin/"))
    error = refusal(tiny)
    assert error.error_code in {"source.unreadable", "source.scheme"}


# Going on where it stopped.


def test_what_is_held_is_not_read_again(server):
    tiny, running = server
    first = fetch_days(tiny, *DAYS[:3])
    running.reset()
    again = fetch_days(tiny, *DAYS[:3])
    assert running.count(r"\.tif$") == 0
    assert digests(again) == digests(first)
    assert again.materials == first.materials


def test_an_interrupted_fetch_goes_on(server):
    tiny, running = server
    running.fail(rf"{item_id(DAYS[2])}/B08\.tif$", status=404)
    refusal(tiny, *DAYS[:3], connections=1)
    read = {request.path for request in running.requests if request.status == 206}
    assert read
    running.heal()
    running.reset()
    fetch_days(tiny, *DAYS[:3])
    assert not read & {request.path for request in running.requests}


def test_refetch_reads_again(tmp_path):
    tiny = tiny_project(tmp_path, checksums=False)
    before = fetch_days(tiny)
    assert digests(fetch_days(tiny, refetch=True)) == digests(before)
    replace_band(tiny, plain())
    assert digests(fetch_days(tiny, refetch=True)) != digests(before)


def test_a_replaced_local_file_is_read_again(tmp_path):
    tiny = tiny_project(tmp_path, checksums=False)
    before = fetch_days(tiny)
    replace_band(tiny, plain())
    os.utime(tiny.asset(FIRST, "B04"), ns=(1, 1))
    assert digests(fetch_days(tiny)) != digests(before)


def test_a_damaged_store_is_mended(tmp_path):
    tiny = tiny_project(tmp_path)
    first = fetch_days(tiny)
    store = Store(tiny.folder / "store")
    victim = store.pixels_path(first.scenes[0].bands["red"])
    victim.write_bytes(victim.read_bytes()[:-9])
    fetch_days(tiny)
    store.verify_pixels(first.scenes[0].bands["red"])


def test_another_window_is_another_read(tmp_path):
    tiny = tiny_project(tmp_path)
    before = fetch_days(tiny)
    tiny.set_plan({"grid.margin_px": 2})
    assert digests(fetch_days(tiny)) != digests(before)


def test_a_full_disk_is_told_and_what_was_fetched_is_kept(tmp_path, monkeypatch):
    tiny = tiny_project(tmp_path)
    real, left = os.replace, iter([True] * 4)

    def replace_or_fail(*args):
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "full")
        return real(*args)

    monkeypatch.setattr("os.replace", replace_or_fail)
    with pytest.raises(StoreError) as caught:
        fetch_days(tiny, connections=1)
    assert caught.value.error_code == "store.full"
    monkeypatch.setattr("os.replace", real)
    assert not list((tiny.folder / "store").rglob(".partial-*"))
    assert len(list((tiny.folder / "store" / "index").rglob("*.json"))) == 2
    assert fetch_days(tiny)


def test_progress_counts_every_band(tmp_path):
    seen = []
    fetch_days(tiny_project(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 5) for n in range(1, 6)]


def test_connections_do_not_show(tmp_path, from_files):
    one = fetch_days(tiny_project(tmp_path), *DAYS[:2], connections=1)
    assert all(entry in digests(from_files[4]) for entry in digests(one))


def test_an_item_list_from_nowhere_is_refused(tmp_path):
    tiny = tiny_project(tmp_path)
    project, grid, items = search_tiny(tiny)
    item = items.items[-1]
    gone = replace(item, assets={"red": replace(item.assets["red"], href="/nowhere/a.tif", sha256=None)})
    with pytest.raises(SourceError) as caught:
        fetch(project.plan, ItemList((gone,)), grid=grid, store=Store(tmp_path / "s"))
    assert caught.value.field == f"{item.id}.red"


def test_a_source_that_changed_is_seen_in_the_same_process(server):
    """A scheduler lives long: what GDAL remembers of an address must not stand in for what is there now."""
    tiny, running = server
    before = fetch_days(tiny)
    replace_band(tiny, plain(4321))
    after = fetch_days(tiny, refetch=True)
    assert after.scenes[0].bands["red"] != before.scenes[0].bands["red"]
    assert running.requests


@pytest.mark.parametrize("status", [503, 404])
def test_a_source_that_comes_back_is_read_in_the_same_process(server, status):
    tiny, running = server
    running.fail(r"B04\.tif$", status=status)
    refusal(tiny)
    running.heal()
    assert fetch_days(tiny)
