"""Fetch the plan's window of every band into the store: file, HTTP(S) with range requests, or S3; many at once."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

from mrv.errors import GridMismatch, SourceError
from mrv.grid import coarsen
from mrv.plan.evidence import POLARISATIONS
from mrv.sources.items import Material, Scene
from mrv.units import sha256_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.plan import MonitoringPlan
    from mrv.sources.items import Asset, Item, ItemList
    from mrv.sources.store import Store, StoredFile

ALIGNMENT_PX = 1e-3
"""How far, in pixels, a raster may lie off the plan's grid (files round their coordinates)."""
INTEGERS = frozenset({"uint8", "int8", "uint16", "int16", "int32", "uint32"})
"""Types of digital numbers."""
_DTYPE_HINTS = {
    "integers": "give digital numbers",
    "float32": "gamma0-power is linear γ0 as float32; digital numbers of a mosaic are gamma0-amplitude",
    "uint16": "gamma0-amplitude is digital numbers as uint16; linear power is gamma0-power",
}
GDAL_OPTIONS: dict[str, Any] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_CONNECTTIMEOUT": 10,
    "GDAL_HTTP_TIMEOUT": 60,
    # Only what can be retried is: 429, 5xx and dropped connections, not 403 or 404.
    "GDAL_HTTP_MAX_RETRY": 4,
    "GDAL_HTTP_RETRY_DELAY": 0.25,
    "GDAL_HTTP_RETRY_CODES": "429,500,502,503,504",
    "CPL_VSIL_CURL_USE_HEAD": "YES",
    # What a source answered earlier in this process, a 404 among it, says nothing about now.
    "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/:/vsis3/",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch gave: scenes without addresses, and materials with them."""

    scenes: tuple[Scene, ...]
    """Evidence, sorted as the item list was."""
    materials: tuple[Material, ...]
    """Where it came from."""


@dataclass(frozen=True, slots=True)
class _Job:
    item: Item
    band: str
    asset: Asset


def fetch(
    plan: MonitoringPlan,
    items: ItemList,
    *,
    grid: GeoBox,
    store: Store,
    connections: int = 16,
    refetch: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Fetched:
    """Fetch every band of every item on the plan's window.

    Args:
        plan: The plan.
        items: What the search found.
        grid: The plan's window.
        store: Where pixels go; what it holds already is not read again.
        connections: Reads at once.
        refetch: Read again what the store holds.
        progress: Called with bands done and bands in all.

    Raises:
        SourceError: A band cannot be read, is not what its checksum says, or does not lie on the grid.
        StoreError: The disk is full.
    """
    jobs = [_Job(item, band, asset) for item in items.items for band, asset in item.assets.items()]
    stop = threading.Event()
    done: list[tuple[StoredFile, bool]] = []

    def work(job: _Job) -> tuple[StoredFile, bool]:
        if stop.is_set():
            raise SourceError("stopped", code="source.stopped", file=job.item.id)
        return _fetch_one(plan, job, grid, store, refetch=refetch)

    with ThreadPoolExecutor(max_workers=connections) as pool:
        futures = [pool.submit(work, job) for job in jobs]
        try:
            for count, future in enumerate(futures, 1):
                done.append(future.result())
                if progress is not None:
                    progress(count, len(jobs))
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
    return _gather(items, jobs, done)


def _gather(items: ItemList, jobs: Sequence[_Job], done: Sequence[tuple[StoredFile, bool]]) -> Fetched:
    bands: dict[tuple[str, str], dict[str, str]] = {}
    materials = []
    for job, (stored, verified) in zip(jobs, done, strict=True):
        bands.setdefault((job.item.source, job.item.id), {})[job.band] = stored.digest
        materials.append(
            Material(
                path=stored.path,
                href=job.asset.href,
                size=stored.size,
                sha256=stored.sha256,
                role="pixels",
                item=job.item.id,
                band=job.band,
                source_sha256=job.asset.sha256,
                source_verified=verified,
            )
        )
    scenes = tuple(
        Scene(
            id=item.id,
            source=item.source,
            day=date.fromisoformat(item.day),
            baseline=item.baseline,
            bands=bands[item.source, item.id],
            geometry=item.geometry,
            sensor=item.sensor,
        )
        for item in items.items
    )
    return Fetched(scenes, tuple(materials))


def _fetch_one(plan: MonitoringPlan, job: _Job, grid: GeoBox, store: Store, *, refetch: bool) -> tuple[StoredFile, bool]:
    local = _local_path(job.asset.href)
    key = _index_key(job.asset, local, grid)
    if not refetch and (stored := store.recall(key)) is not None:
        return stored, local is not None and job.asset.sha256 is not None
    verified = local is not None and _verify_whole(local, job)
    dtypes = _dtypes(plan, job)
    pixels, box = read_window(plan, job.asset.href, grid, item=job.item.id, band=job.band, dtypes=dtypes)
    stored = store.put_pixels(pixels, box)
    store.remember(key, stored)
    return stored, verified


def _dtypes(plan: MonitoringPlan, job: _Job) -> frozenset[str]:
    """What a band may hold: a number read as another quantity would be wrong without a word."""
    source = next(source for source in plan.sources if source.id == job.item.source)
    if source.radar is None or job.band not in POLARISATIONS:
        return INTEGERS
    return frozenset({"uint16"}) if source.radar.is_mosaic else frozenset({"float32"})


def _local_path(href: str) -> Path | None:
    """The path of a local address: a plain path, in which ``#``, ``?`` and ``%`` are letters, or a ``file:`` URI."""
    if href.startswith("/"):
        return Path(href)
    parsed = urlparse(href)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    return None if parsed.scheme else Path(href)


def _index_key(asset: Asset, local: Path | None, grid: GeoBox) -> str:
    """What must be unchanged for earlier pixels to stand: the address, what is known of the file, the window."""
    seen: list[Any] = [asset.href, asset.sha256, asset.size]
    if local is not None and local.exists():
        status = local.stat()
        seen += [status.st_size, str(status.st_mtime_ns)]
    window = [str(grid.crs), *grid.shape, *(float(value).hex() for value in tuple(grid.affine)[:6])]
    return sha256_json([seen, window])


def _verify_whole(path: Path, job: _Job) -> bool:
    if job.asset.sha256 is None:
        return False
    try:
        with path.open("rb") as file:
            actual = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(
            f"cannot be read: {error.strerror}",
            code="source.unreadable",
            file=path,
            field=f"{job.item.id}.{job.band}",
            hint="fetch it again",
        ) from error
    if actual != job.asset.sha256:
        raise SourceError(
            f"its sha256 is {actual[:12]}…, the catalog states {job.asset.sha256[:12]}…",
            code="source.checksum",
            file=path,
            field=f"{job.item.id}.{job.band}",
            hint="the file is damaged or was replaced: fetch it again, or correct file:checksum in the item",
        )
    return True


def vsi_path(href: str) -> str:
    """The path by which GDAL reads an address.

    Raises:
        SourceError: The scheme is none of file, http, https, s3.
    """
    local = _local_path(href)
    if local is not None:
        return str(local)
    parsed = urlparse(href)
    if parsed.scheme in {"http", "https"}:
        return f"/vsicurl/{href}"
    if parsed.scheme == "s3":
        return f"/vsis3/{parsed.netloc}{parsed.path}"
    raise SourceError(f"cannot read {parsed.scheme}:", code="source.scheme", file=href, hint="use a path, http(s):// or s3://")


def read_window(
    plan: MonitoringPlan, href: str, grid: GeoBox, *, item: str, band: str, dtypes: frozenset[str] = INTEGERS
) -> tuple[NDArray[Any], GeoBox]:
    """Read the plan's window of one band, in native pixels.

    Args:
        plan: The plan; its grid is where the raster must lie.
        href: Address.
        grid: The plan's window.
        item: Item id, for messages.
        band: Role of the band, for messages.
        dtypes: What the raster may hold.

    Returns:
        Pixels (y, x) as they are stored, and their grid: the window grown to whole native pixels.

    Raises:
        SourceError: It cannot be read, or holds another type.
        GridMismatch: Another CRS, pixels that do not line up, or a window that reaches outside.
    """
    import rasterio
    from rasterio.errors import RasterioError
    from rasterio.windows import Window

    where = {"file": href, "field": f"{item}.{band}"}
    try:
        with rasterio.Env(**GDAL_OPTIONS), rasterio.open(vsi_path(href), driver="GTiff") as source:
            if source.dtypes[0] not in dtypes:
                wanted = "integers" if dtypes == INTEGERS else " or ".join(sorted(dtypes))
                raise SourceError(
                    f"holds {source.dtypes[0]}, not {wanted}", code="source.dtype", hint=_DTYPE_HINTS.get(wanted), **where
                )
            box, row, col = _place(plan, source, grid, where)
            pixels: NDArray[Any] = source.read(1, window=Window(col, row, box.shape[1], box.shape[0]))
            empty = source.nodata is not None and bool((pixels == source.nodata).all())
    except RasterioError as error:
        raise SourceError(
            f"cannot be read: {error}",
            code="source.unreadable",
            hint="the file is truncated, not a GeoTIFF, or out of reach: check it, or fetch it again",
            **where,
        ) from error
    if empty or _no_number(pixels):
        raise SourceError(
            "every pixel of the window is nodata",
            code="source.empty",
            hint="remove the item from the catalog: it does not observe the project",
            **where,
        )
    return pixels, box


def _no_number(pixels: NDArray[Any]) -> bool:
    """Whether floats hold no number at all."""
    import numpy as np

    return pixels.dtype.kind == "f" and not np.isfinite(pixels).any()


def _place(plan: MonitoringPlan, source: Any, grid: GeoBox, where: dict[str, str]) -> tuple[GeoBox, int, int]:
    """The native window, and its first row and column in the raster."""
    crs = f"EPSG:{source.crs.to_epsg()}" if source.crs and source.crs.to_epsg() else str(source.crs)
    if crs != plan.grid.crs:
        raise GridMismatch(
            f"is in {crs}, the plan's grid in {plan.grid.crs}",
            code="source.crs",
            hint="nothing is resampled: set [grid] to the scenes' own CRS, or fetch scenes in it",
            **where,
        )
    resolution = float(plan.grid.resolution)
    ratio = round(source.transform.a / resolution)
    box, _, _ = coarsen(grid, plan.grid, max(ratio, 1))
    inverse = ~source.transform
    col = inverse.a * box.affine.c + inverse.b * box.affine.f + inverse.c
    row = inverse.d * box.affine.c + inverse.e * box.affine.f + inverse.f
    aligned = (
        ratio >= 1
        and abs(source.transform.a / resolution - ratio) < ALIGNMENT_PX / 100
        and abs(source.transform.a + source.transform.e) < ALIGNMENT_PX * min(resolution, 1.0)
        and source.transform.b == source.transform.d == 0
        and abs(col - round(col)) < ALIGNMENT_PX
        and abs(row - round(row)) < ALIGNMENT_PX
    )
    if not aligned:
        raise GridMismatch(
            "its pixels do not lie on the plan's grid",
            code="source.grid",
            hint="set grid.anchor_x, anchor_y and resolution_m (or resolution_deg) to the scenes' own; "
            "coarser bands need a whole ratio",
            **where,
        )
    row, col = round(row), round(col)
    if row < 0 or col < 0 or row + box.shape[0] > source.height or col + box.shape[1] > source.width:
        raise GridMismatch(
            "the project's window reaches outside the raster",
            code="source.outside",
            hint="the boundary (and grid.margin_px around it) must lie inside every scene: check the boundary, "
            "or search a mosaic that covers it",
            **where,
        )
    return box, row, col
