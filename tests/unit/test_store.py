from __future__ import annotations

import errno
import hashlib
import json
import os

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from mrv.errors import StoreError
from mrv.sources.store import Store, encode_tiff, pixel_digest, write_whole


def grid(shape=(30, 20), x=600_000.0, y=5_000_000.0, res=10.0, crs="EPSG:32634"):
    return GeoBox(shape, Affine(res, 0, x, 0, -res, y), crs)


def pixels(shape=(30, 20), dtype=np.uint16, seed=1):
    return np.random.default_rng(seed).integers(0, 120, shape).astype(dtype)


def by_hand(values, crs, transform):
    """mrv.pixels/1 in a few lines: sha256(digest of the JCS header, then little-endian 256 × 256 blocks in row order)."""
    kind = {"u": "u", "i": "i", "b": "b"}[values.dtype.kind]
    header = (
        f'{{"crs":"{crs}","dtype":"<{kind}{values.dtype.itemsize}","schema":"mrv.pixels/1",'
        f'"shape":[{values.shape[0]},{values.shape[1]}],"transform":[{",".join(json.dumps(v.hex()) for v in transform)}]}}'
    )
    digest = hashlib.sha256(f"sha256:{hashlib.sha256(header.encode()).hexdigest()}".encode())
    for top in range(0, values.shape[0], 256):
        for left in range(0, values.shape[1], 256):
            for row in values[top : top + 256, left : left + 256]:
                digest.update(b"".join(int(v).to_bytes(values.dtype.itemsize, "little", signed=kind == "i") for v in row))
    return "sha256:" + digest.hexdigest()


@pytest.mark.parametrize("shape", [(1, 1), (30, 20), (256, 256), (257, 300), (300, 513)])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32])
def test_digest_against_an_independent_implementation(shape, dtype):
    values = pixels(shape, dtype) - (60 if dtype in {np.int16, np.int32} else 0)
    values = values.astype(dtype)
    expected = by_hand(values, "EPSG:32634", (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_000_000.0))
    assert pixel_digest(values, grid(shape)) == expected


def test_golden_digest():
    values = (np.arange(300 * 520, dtype=np.int64).reshape(300, 520) * 7919 % 65_521).astype(np.uint16)
    assert pixel_digest(values, grid((300, 520))) == GOLDEN


GOLDEN = "sha256:0528869d1ba210ec54b9fdd1bafe93d531dbcae826a4b37228afe768613c14eb"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_memory_layout_does_not_matter(rows, cols, seed):
    values, box = pixels((rows, cols), seed=seed), grid((rows, cols))
    digest = pixel_digest(values, box)
    assert pixel_digest(np.asfortranarray(values), box) == digest
    assert pixel_digest(values.astype(">u2"), box) == digest
    assert pixel_digest(np.repeat(values, 2, axis=1)[:, ::2], box) == digest
    assert pixel_digest(values[::-1][::-1], box) == digest


def test_file_format_does_not_matter(tmp_path):
    import rasterio

    values, box = pixels((300, 280)), grid((300, 280))
    digest = pixel_digest(values, box)
    for name, options in {
        "plain": {}, "lzw": {"compress": "lzw"}, "tiled": {"tiled": True, "blockxsize": 64, "blockysize": 64},
        "big": {"ENDIANNESS": "BIG", "BIGTIFF": "YES"},
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.tif"
        with rasterio.open(
            path, "w", driver="GTiff", height=300, width=280, count=1, dtype="uint16", crs="EPSG:32634",
            transform=box.affine, **options,
        ) as target:  # fmt: skip
            target.write(values, 1)
        with rasterio.open(path) as source:
            found = pixel_digest(source.read(1), GeoBox(source.shape, source.transform, str(source.crs)))
        assert found == digest, name


def test_everything_that_matters_changes_the_digest():
    values, box = pixels(), grid()
    changed = values.copy()
    changed[29, 19] += 1
    others = [
        pixel_digest(changed, box), pixel_digest(values.astype(np.int16), box), pixel_digest(values.astype(np.uint32), box),
        pixel_digest(values, grid(crs="EPSG:32635")), pixel_digest(values, grid(x=600_000.0000001)),
        pixel_digest(values, grid(y=5_000_010.0)), pixel_digest(values, grid(res=20.0)),
        pixel_digest(values.reshape(20, 30), grid((20, 30))), pixel_digest(values.T, grid((20, 30))),
    ]  # fmt: skip
    assert len({pixel_digest(values, box), *others}) == len(others) + 1


def test_shape_and_block_order_cannot_be_confused():
    """Two arrays of the same bytes in row order, and of the same bytes in block order, have other digests."""
    wide = pixels((256, 512))
    stacked = np.vstack([wide[:, :256], wide[:, 256:]])
    assert pixel_digest(wide, grid((256, 512))) != pixel_digest(stacked, grid((512, 256)))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32])
@pytest.mark.parametrize("shape", [(1, 1), (30, 20), (300, 280)])
def test_put_and_verify(tmp_path, dtype, shape):
    import rasterio

    store, values = Store(tmp_path), pixels(shape, dtype)
    stored = store.put_pixels(values, grid(shape))
    path = tmp_path / stored.path
    assert path == store.pixels_path(stored.digest)
    assert stored.size == path.stat().st_size
    assert stored.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    store.verify_pixels(stored.digest)
    with rasterio.open(path) as source:
        assert (source.read(1) == values).all()
        assert source.dtypes[0] == np.dtype(dtype).name
    assert store.put_pixels(values, grid(shape)) == stored


def test_awkward_transforms_come_back_exactly(tmp_path):
    store, box = Store(tmp_path), grid(x=5_271_982.576551932, y=2_533_004.2149151857, crs="EPSG:3035")
    store.verify_pixels(store.put_pixels(pixels(), box).digest)


def test_every_flipped_byte_of_the_pixels_is_caught(tmp_path):
    store = Store(tmp_path)
    stored = store.put_pixels(pixels(), grid())
    path = tmp_path / stored.path
    whole = path.read_bytes()
    strip = _strip(path)
    for at in range(strip[0], strip[0] + strip[1], 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(StoreError) as caught:
            store.verify_pixels(stored.digest)
        assert caught.value.error_code == "store.digest"
        assert caught.value.hint


def _strip(path):
    """Offset and length of the first strip, by reading the TIFF directory."""
    data = path.read_bytes()
    assert data[:4] == b"II*\0"
    at = int.from_bytes(data[4:8], "little")
    tags = {}
    for n in range(int.from_bytes(data[at : at + 2], "little")):
        entry = data[at + 2 + 12 * n : at + 14 + 12 * n]
        tags[int.from_bytes(entry[:2], "little")] = entry
    values = []
    for tag in (273, 279):
        entry = tags[tag]
        size = {3: 2, 4: 4}[int.from_bytes(entry[2:4], "little")]
        count = int.from_bytes(entry[4:8], "little")
        first = entry[8 : 8 + size] if count * size <= 4 else data[(p := int.from_bytes(entry[8:12], "little")) : p + size]
        values.append(int.from_bytes(first, "little"))
    return values


def test_other_pixels_under_the_same_name_are_caught(tmp_path):
    store = Store(tmp_path)
    stored = store.put_pixels(pixels(), grid())
    (tmp_path / stored.path).write_bytes(encode_tiff(pixels(seed=2), grid()))
    with pytest.raises(StoreError) as caught:
        store.verify_pixels(stored.digest)
    assert caught.value.error_code == "store.digest"


@pytest.mark.parametrize("junk", [b"", b"II*\0", b"not a tiff"])
def test_unreadable_pixels_are_caught(tmp_path, junk):
    store = Store(tmp_path)
    stored = store.put_pixels(pixels(), grid())
    (tmp_path / stored.path).write_bytes(junk)
    with pytest.raises(StoreError) as caught:
        store.verify_pixels(stored.digest)
    assert caught.value.error_code == "store.digest"


def test_a_file_beside_the_pixels_changes_nothing(tmp_path):
    store = Store(tmp_path)
    stored = store.put_pixels(pixels(), grid())
    aside = tmp_path / (stored.path + ".aux.xml")
    aside.write_text("<PAMDataset><SRS>EPSG:4326</SRS></PAMDataset>")
    store.verify_pixels(stored.digest)


def test_absent_pixels_are_named(tmp_path):
    with pytest.raises(StoreError) as caught:
        Store(tmp_path).verify_pixels("sha256:" + "0" * 64)
    assert caught.value.error_code == "store.absent"
    assert caught.value.hint


def test_bytes_go_there_and_back_and_are_checked(tmp_path):
    store = Store(tmp_path)
    stored = store.put_bytes(b"boundary", ".geojson")
    assert store.get_bytes(stored.digest, ".geojson") == b"boundary"
    (tmp_path / stored.path).write_bytes(b"Boundary")
    with pytest.raises(StoreError) as caught:
        store.get_bytes(stored.digest, ".geojson")
    assert caught.value.error_code == "store.digest"
    (tmp_path / stored.path).unlink()
    with pytest.raises(StoreError) as caught:
        store.get_bytes(stored.digest, ".geojson")
    assert caught.value.error_code == "store.absent"


KEY = "sha256:" + "ab" * 32


def test_recall(tmp_path):
    store = Store(tmp_path)
    assert store.recall(KEY) is None
    stored = store.put_pixels(pixels(), grid())
    store.remember(KEY, stored)
    assert store.recall(KEY) == stored


@pytest.mark.parametrize("damage", ["flip", "cut", "gone", "index junk", "index list", "index field"])
def test_a_damaged_file_is_not_recalled(tmp_path, damage):
    store = Store(tmp_path)
    stored = store.put_pixels(pixels(), grid())
    store.remember(KEY, stored)
    path = tmp_path / stored.path
    (index,) = (tmp_path / "index").rglob("*.json")
    data = path.read_bytes()
    match damage:
        case "flip":
            path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        case "cut":
            path.write_bytes(data[:-5])
        case "gone":
            path.unlink()
        case "index junk":
            index.write_text("{")
        case "index list":
            index.write_text("[]")
        case "index field":
            index.write_text(json.dumps({**json.loads(index.read_text()), "more": 1}))
    assert store.recall(KEY) is None


def full(*_args, **_kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["os.replace", "os.chmod", "os.fdopen"])
def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, where):
    target = tmp_path / "a" / "b.json"
    real_fdopen = os.fdopen

    class Wrapped:
        def __init__(self, handle, mode):
            self.file = real_fdopen(handle, mode)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        write = staticmethod(full)

    monkeypatch.setattr(where, Wrapped if where == "os.fdopen" else full)
    with pytest.raises(StoreError) as caught:
        write_whole(target, b"data")
    assert caught.value.error_code == "store.full"
    assert caught.value.file == str(target)
    assert caught.value.hint
    assert list(target.parent.iterdir()) == []


def test_a_failed_overwrite_keeps_what_was_there(tmp_path, monkeypatch):
    target = tmp_path / "b.json"
    write_whole(target, b"old")
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StoreError):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupt_leaves_nothing_either(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "b.json", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path / "file").put_bytes(b"x", ".json")
    assert caught.value.error_code == "store.write"
    assert caught.value.hint


def test_copies_to_an_evidence_folder(tmp_path, monkeypatch):
    store, out = Store(tmp_path / "store"), tmp_path / "out"
    stored = store.put_pixels(pixels(), grid())
    store.copy_to(out, [stored.path, stored.path])
    Store(out).verify_pixels(stored.digest)
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(StoreError) as caught:
        store.copy_to(tmp_path / "other", [stored.path])
    assert caught.value.error_code == "store.full"
    assert not [path for path in (tmp_path / "other").rglob("*") if path.is_file()]
