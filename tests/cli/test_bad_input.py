"""Bad input: each refused with code, file, field and what to do; nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from support.tiny_project import RES, boundary, edit_json

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


def truncate(tiny):
    path = tiny.asset(tiny.days[3], "B04")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite(tiny, *, band="B04", **profile):
    import rasterio

    path = tiny.asset(tiny.days[3], band)
    with rasterio.open(path) as source:
        pixels, old = source.read(1), dict(source.profile)
    change = profile.pop("pixels", None)
    pixels = change(pixels) if change else pixels
    path.unlink()
    with rasterio.open(path, "w", **{**old, "dtype": pixels.dtype, **profile}) as target:
        target.write(pixels, 1)


def not_a_number(tiny):
    rewrite(tiny, pixels=lambda p: np.full(p.shape, np.nan, np.float32), nodata=None, predictor=1)


def all_nodata(tiny):
    rewrite(tiny, pixels=np.zeros_like, nodata=0)


def wrong_crs(tiny):
    rewrite(tiny, crs="EPSG:32635")


def off_grid(tiny):
    from affine import Affine

    rewrite(tiny, transform=Affine(RES, 0, 600_003, 0, -RES, 5_000_000))


def twins(tiny):
    def change(collection):
        link = next(link for link in collection["links"] if link["rel"] == "item")
        collection["links"].append(dict(link))

    edit_json(tiny.build / "sentinel-2-l2a" / "collection.json", change)


def draw(tiny, ring):
    geometry = boundary()
    geometry = geometry["features"][0]["geometry"] if "features" in geometry else geometry.get("geometry", geometry)
    value = {"type": "Polygon", "coordinates": [ring(geometry["coordinates"][0])]}
    (tiny.folder / "boundary.geojson").write_text(json.dumps(value))


def crossing(tiny):
    draw(tiny, lambda r: [r[0], r[2], r[1], r[3], r[0]])


def elsewhere(tiny):
    draw(tiny, lambda r: [[x + 3, y] for x, y in r])


def half_outside(tiny):
    draw(tiny, lambda r: [[x + 0.002, y] for x, y in r])


def unknown_field(tiny):
    tiny.set_plan({"method.change.sensitivty": 3})


def empty_period(tiny):
    tiny.set_plan({"claim.1.start": date(2031, 1, 1), "claim.1.end": date(2031, 12, 31), "claim.1.vintages": {"2031": 0}})


def no_baseline(tiny):
    for day in tiny.days:
        tiny.edit_item(day, lambda item: item["properties"].pop("processing:version"))


def missing_band(tiny):
    tiny.edit_item(tiny.days[2], lambda item: item["assets"].pop("B08"))


def no_catalog(tiny):
    shutil.rmtree(tiny.build)


CASES = {
    "a truncated COG": (truncate, "source.unreadable", "B04.tif"),
    "a scene of NaN": (not_a_number, "source.dtype", "B04.tif"),
    "a scene of nodata": (all_nodata, "source.empty", "B04.tif"),
    "another CRS": (wrong_crs, "source.crs", "B04.tif"),
    "pixels off the grid": (off_grid, "source.grid", "B04.tif"),
    "two items of one id": (twins, "source.duplicate-id", "S2_TINY_"),
    "a boundary that crosses itself": (crossing, "boundary.invalid", "boundary.geojson"),
    "a boundary outside the scenes": (elsewhere, "source.none", "catalog.json"),
    "a boundary half outside": (half_outside, "source.outside", ".tif"),
    "a plan with an unknown field": (unknown_field, "plan.unknown-field", "method.change.sensitivty"),
    "a period without scenes": (empty_period, "source.period", "claim"),
    "no baseline and no declared offset": (no_baseline, "source.offset-unknown", "processing:version"),
    "an item without a band": (missing_band, "source.asset", "B08"),
    "no catalog": (no_catalog, "source.missing", "catalog.json"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_refused_by_name_and_nothing_half_written(case, tiny, keys, mrv, tmp_path):
    spoil, code, named = CASES[case]
    spoil(tiny)
    status, out, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert f"error[{code}]" in err
    assert named in err
    assert "what to do: " in err
    assert not (tmp_path / "out").exists()
    assert not list(tiny.folder.rglob(".partial-*"))


def test_a_refusal_leaves_an_earlier_output_as_it_was(tiny, keys, mrv, tmp_path):
    words = ("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert mrv(*words)[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    wrong_crs(tiny)
    assert mrv(*words)[0] == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_json_errors_are_json(tiny, mrv):
    unknown_field(tiny)
    status, out, _ = mrv("explain", tiny.folder, "--json")
    assert status == 2
    assert json.loads(out)["error"]["field"] == "method.change.sensitivty"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "nowhere", "--key", "KEY"], "plan.missing"),
        (["run", "TINY"], "keys.none"),
        (["run", "TINY", "--key", "vault:x"], "key."),
        (["run", "TINY", "--key", "KEY", "--where", "moon"], "compute.where"),
        (["run", "TINY", "--key", "KEY", "--period", "1999"], "plan.period"),
        (["check", "nowhere.json", "--trust", "TRUST", "--no-asset"], "usage.file"),
        (["replay", "nowhere.json", "--store", "."], "usage.file"),
    ],
)
def test_bad_usage_says_what_to_do(words, code, tiny, keys, mrv, monkeypatch):
    monkeypatch.delenv("MRV_KEY", raising=False)
    named = {"TINY": str(tiny.folder), "KEY": keys[0], "TRUST": str(keys[1])}
    status, _, err = mrv(*(named.get(word, word) for word in words))
    assert status == 2
    assert f"error[{code}" in err
    assert "what to do: " in err


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    ).returncode
    if mounted != 0:
        pytest.skip("no right to mount a small tmpfs here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("full", ["store", "out"])
def test_a_full_disk_is_refused_and_leaves_nothing_half_written(full, small_disk, tiny, keys, mrv, tmp_path):
    (small_disk / "ballast").write_bytes(bytes(200_000))
    if full == "store":
        tiny.set_settings(store=str(small_disk / "store"))
    out = small_disk / "out" if full == "out" else tmp_path / "out"
    words = ("run", tiny.folder, "--key", keys[0], "--out", out)
    status, _, err = mrv(*words)
    assert status == 2
    assert "error[store.full]" in err
    assert "free space" in err
    assert not list(small_disk.rglob(".partial-*"))
    assert not (out / "attestation.json").exists()
    (small_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert mrv(*words)[0] == 0


def heed_interrupts():
    """A job in the background of a shell starts with SIGINT ignored, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_where_it_stopped(how, tiny, keys, mrv, tmp_path):
    from support.range_server import RangeServer

    words = [sys.executable, "-m", "mrv.cli", "run", str(tiny.folder), "--key", keys[0], "--out", str(tmp_path / "out")]
    with RangeServer(tiny.build, latency_s=0.02) as server:
        address = server.url("catalog.json")
        tiny.set_settings(sources={"s2": address, "cover": address}, connections=2)
        process = subprocess.Popen(
            words,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "GDAL_HTTP_PROXY": ""},
            preexec_fn=heed_interrupts,  # noqa: PLW1509  # no threads here
        )
        pixels = tiny.folder / "store" / "pixels"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(list(pixels.glob("*/*.tif"))) < 20:
            time.sleep(0.02)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        kept = len(list(pixels.glob("*/*.tif")))
        assert process.returncode == 130, err
        assert "interrupted" in err
        assert 20 <= kept < 120
        assert not (tmp_path / "out").exists()
        assert not list(tiny.folder.rglob(".partial-*"))
        server.reset()
        status, _, err = mrv(*words[3:])
        assert status == 0, err
        bands = 5 * len(tiny.days) + 1
        assert server.count(r"\.tif$", method="HEAD") + server.count(r"\.tif$", method="GET") <= 3 * (bands - kept + 4)
    assert (tmp_path / "out" / "attestation.json").exists()
    assert Path(tmp_path / "out" / "report.html").stat().st_size > 10_000
