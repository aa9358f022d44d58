"""Content-addressed store: one band of one item on the plan's window, lossless, named by the digest of its pixels.

Layout, the same in a store and in an attestation's ``evidence/`` folder::

    pixels/ab/<sha256 of the decoded pixels>.tif      inputs/ab/<sha256 of the bytes>.<suffix>

A store adds ``index/ab/<key>.json``, which remembers what a source window decoded to, so that an interrupted fetch goes
on where it stopped.  Every file appears whole, by rename.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.errors import StoreError
from mrv.units import sha256_bytes, sha256_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

BLOCK = 256


def pixel_digest(pixels: NDArray[Any], grid: GeoBox) -> str:
    """Digest of decoded pixels on their grid: independent of file format, compression and chunks.

    Args:
        pixels: Integers or float32 (y, x); a float's bits count, so that one NaN is not another.
        grid: Their grid.

    Returns:
        ``sha256:`` over a JSON header (dtype, shape, CRS, transform) and the pixels, little-endian, in blocks of
        256 × 256 in row order.
    """
    little = pixels.dtype.newbyteorder("<")
    header = {
        "schema": "mrv.pixels/1",
        "dtype": little.str.replace("|", "<"),
        "shape": list(pixels.shape),
        "crs": str(grid.crs),
        "transform": [float(value).hex() for value in tuple(grid.affine)[:6]],
    }
    digest = hashlib.sha256(sha256_json(header).encode())
    for row in range(0, pixels.shape[0], BLOCK):
        for col in range(0, pixels.shape[1], BLOCK):
            block = pixels[row : row + BLOCK, col : col + BLOCK]
            digest.update(np.ascontiguousarray(block, dtype=little).tobytes())
    return f"sha256:{digest.hexdigest()}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store."""

    path: str
    """Relative to the store's root."""
    size: int
    """Bytes."""
    sha256: str
    """Hex digest of the bytes."""
    digest: str
    """What it is named by: pixel digest, or digest of the bytes."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store under a folder."""

    root: Path
    """The folder; made when first written."""

    def pixels_path(self, digest: str) -> Path:
        """Where pixels of a digest are, or would be."""
        name = digest.removeprefix("sha256:")
        return self.root / "pixels" / name[:2] / f"{name}.tif"

    def put_pixels(self, pixels: NDArray[Any], grid: GeoBox) -> StoredFile:
        """Keep pixels.

        Args:
            pixels: Integers or float32 (y, x).
            grid: Their grid.

        Raises:
            StoreError: The disk is full or cannot be written.
        """
        digest = pixel_digest(pixels, grid)
        return self._put(self.pixels_path(digest), encode_tiff(pixels, grid), digest)

    def put_bytes(self, data: bytes, suffix: str) -> StoredFile:
        """Keep an input file under the digest of its bytes."""
        digest = sha256_bytes(data)
        name = digest.removeprefix("sha256:")
        return self._put(self.root / "inputs" / name[:2] / f"{name}{suffix}", data, digest)

    def get_bytes(self, digest: str, suffix: str) -> bytes:
        """An input file, checked against its digest.

        Raises:
            StoreError: Absent or changed.
        """
        name = digest.removeprefix("sha256:")
        path = self.root / "inputs" / name[:2] / f"{name}{suffix}"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _absent(path) from error
        if sha256_bytes(data) != digest:
            raise _changed(path)
        return data

    def verify_pixels(self, digest: str) -> None:
        """Decode pixels and compare their digest.

        Raises:
            StoreError: Absent, unreadable or changed.
        """
        from odc.geo.geobox import GeoBox
        from rasterio.errors import RasterioError

        path = self.pixels_path(digest)
        if not path.is_file():
            raise _absent(path)
        try:
            with open_tiff(path) as source:
                pixels = source.read(1)
                grid = GeoBox(source.shape, source.transform, str(source.crs))
        except RasterioError as error:
            raise _changed(path) from error
        if pixel_digest(pixels, grid) != digest:
            raise _changed(path)

    def recall(self, key: str) -> StoredFile | None:
        """What a source window decoded to earlier, if that file is still whole."""
        path = self._index_path(key)
        try:
            stored = StoredFile(**json.loads(path.read_text()))
            data = (self.root / stored.path).read_bytes()
        except (OSError, ValueError, TypeError):
            return None
        return stored if hashlib.sha256(data).hexdigest() == stored.sha256 else None

    def remember(self, key: str, stored: StoredFile) -> None:
        """Note what a source window decoded to."""
        value = {name: getattr(stored, name) for name in StoredFile.__slots__}
        self._write(self._index_path(key), json.dumps(value, sort_keys=True).encode())

    def _index_path(self, key: str) -> Path:
        name = key.removeprefix("sha256:")
        return self.root / "index" / name[:2] / f"{name}.json"

    def _put(self, path: Path, data: bytes, digest: str) -> StoredFile:
        self._write(path, data)
        return StoredFile(path.relative_to(self.root).as_posix(), len(data), hashlib.sha256(data).hexdigest(), digest)

    def _write(self, path: Path, data: bytes) -> None:
        write_whole(path, data)

    def copy_to(self, target: Path, paths: list[str]) -> None:
        """Copy files into an evidence folder."""
        for relative in sorted(set(paths)):
            source, goal = self.root / relative, target / relative
            goal.parent.mkdir(parents=True, exist_ok=True)
            if goal.exists():
                continue
            try:
                shutil.copyfile(source, goal)
            except OSError as error:
                goal.unlink(missing_ok=True)
                raise disk_error(error, goal) from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all.

    Raises:
        StoreError: The disk is full or cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        temporary.chmod(0o644)
        temporary.replace(path)
        temporary = None
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        if temporary is not None:
            temporary.unlink()


def disk_error(error: OSError, path: Path) -> StoreError:
    """A failed write, with what to do about it."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return StoreError(
        "the disk is full" if full else f"cannot be written: {error.strerror or error}",
        code="store.full" if full else "store.write",
        file=path,
        hint="free space or choose another folder, and run again: what was fetched is kept"
        if full
        else "check the folder and its permissions",
    )


@contextmanager
def open_tiff(path: Path) -> Iterator[Any]:
    """Open a stored raster by its own bytes alone: files beside it (``.aux.xml``, ``.msk``) are not looked at."""
    import rasterio

    with (
        rasterio.Env(GDAL_PAM_ENABLED="NO", GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
        rasterio.open(path, driver="GTiff") as source,
    ):
        yield source


def encode_tiff(pixels: NDArray[Any], grid: GeoBox) -> bytes:
    """Pixels as a lossless, tiled GeoTIFF."""
    from rasterio.io import MemoryFile

    rows, cols = pixels.shape
    tiled = rows > BLOCK or cols > BLOCK
    profile: dict[str, Any] = {
        "driver": "GTiff", "height": rows, "width": cols, "count": 1, "dtype": pixels.dtype, "crs": str(grid.crs),
        "transform": grid.affine, "compress": "deflate", "predictor": 3 if pixels.dtype.kind == "f" else 2,
    }  # fmt: skip
    if tiled:
        profile |= {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    with MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(pixels, 1)
        data: bytes = memory.read()
        return data


def _absent(path: Path) -> StoreError:
    return StoreError(
        "is not in the store",
        code="store.absent",
        file=path,
        hint="give the evidence folder, or fetch again (--refetch)",
    )


def _changed(path: Path) -> StoreError:
    return StoreError(
        "its pixels are not the ones that were attested",
        code="store.digest",
        file=path,
        hint="the evidence was altered or damaged: fetch it again from the source",
    )
