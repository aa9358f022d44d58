"""Build the sample data: ``python data-samples/make.py``.

Turns the real Sentinel-2 L2A cube that the wheel of nrt carries into what a user really has: one Cloud-Optimised
GeoTIFF a band and date, with STAC 1.1 items, collections and a catalog.  Two runs give the same bytes.  A folder that
is up to date is left as it is; any other is replaced as a whole, and only if this script made it.

``python data-samples/make.py gmw --from FOLDER`` does the same for the mangrove dossier, from published data that are given by
argument and never committed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import romania_stac as stac
from romania_cube import (
    BANDS_10M,
    BANDS_20M,
    EPSG,
    INSTALL,
    NRT_VERSION,
    Grid,
    offset_evidence,
    read_cube,
    read_tree_cover,
)

from mrv.errors import MRVError, SourceError, UsageError

HERE = Path(__file__).resolve().parent
STAMP = "build.json"
MODULES = ("make.py", "romania_cube.py", "romania_stac.py")
BANDS = (*(band for band in BANDS_10M if band != "SCL"), *BANDS_20M, "SCL")
REFLECTANCE_SCALE = 0.0001
BLOCK_10M, BLOCK_20M = 64, 32
"""Small on purpose: 2 × 2 blocks a raster, so that a windowed range read differs from reading the file."""

Tick = Callable[[], None]


@dataclass(frozen=True)
class Built:
    """What a call of :func:`build` left behind."""

    out: Path
    scenes: int
    files: int
    size: int
    """Bytes of all files."""
    fresh: bool
    """False where the folder was up to date and nothing was written."""


def build(out: Path, *, until: date | None = None) -> Built:
    """Build the Romanian sample into ``out``.

    Args:
        out: The folder to make or to replace.
        until: Leave later scenes out.

    Raises:
        UsageError: a package is missing, no scene is left, or ``out`` holds something else.
        SourceError: the cube is not what it should be, or its radiometric offset is not proven to be 0.
    """
    return _build(out, _stamp(until), lambda folder: write_romania(folder, until=until), scenes=f"{stac.S2}/S2_")


def build_gmw(out: Path, *, source: Path) -> Built:
    """Build the mangrove dossier's evidence into ``out``.

    Args:
        out: The folder to make or to replace.
        source: The folder that holds the published data.

    Raises:
        UsageError: ``source`` lacks a file, or ``out`` holds something else.
        SourceError: The plots are not what they should be.
    """
    import gmw_dossier as gmw

    options = {"sample": "gmw", "inputs": gmw.input_digests(source)}
    stamp = _stamp_of(("make.py", "romania_stac.py", *gmw.MODULES), options, ("numpy", "rasterio"))
    return _build(out, stamp, lambda folder: gmw.write_gmw(folder, source, _encode_extent), scenes=f"{gmw.COLLECTION}/GMW_")


def build_delta(out: Path) -> Built:
    """Build the rasters of the simulated delta into ``out``, after its committed tables are held against its world.

    Args:
        out: The folder to make or to replace.

    Raises:
        UsageError: ``out`` holds something else.
        SourceError: A committed table is not of the world that makes the rasters.
    """
    from delta_world import MODULES, check_tables, delta_world

    from mrv.simulate.rasters import OPTICAL, write_rasters

    world = delta_world()
    check_tables(world)
    stamp = _stamp_of(("make.py", *MODULES), {"sample": "delta"}, ("numpy", "rasterio"))
    return _build(out, stamp, lambda folder: write_rasters(world, folder), scenes=f"{OPTICAL}/SIM_")


def _build(out: Path, stamp: dict[str, Any], write: Callable[[Path], None], *, scenes: str) -> Built:
    before = _read_stamp(out)
    if before is not None and _is_current(out, before, stamp):
        return _built(out, before["files"], scenes, fresh=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    with _swapped_in(out) as folder:
        write(folder)
        files = {path.relative_to(folder).as_posix(): _sha256(path) for path in _files_of(folder)}
        (folder / STAMP).write_bytes(stac.dump({**stamp, "files": files}))
    return _built(out, files, scenes, fresh=True)


def write_romania(folder: Path, *, until: date | None) -> None:
    """Write the rasters and the STAC documents into an empty folder."""
    cube = read_cube()
    # Always judged on the whole cube, so that a scene's item does not depend on which other scenes were asked for.
    evidence = offset_evidence(cube)
    chosen = [at for at, day in enumerate(cube.dates) if until is None or day <= until]
    if not chosen:
        raise UsageError(f"no scene on or before {until}", code="samples.no-scene", hint=f"the first one is of {cube.dates[0]}")
    tree_cover = read_tree_cover(cube.grid_20m)
    with _progress(len(chosen)) as tick:
        for at in chosen:
            files = {band: _encode(cube.bands[band][at], band, cube.grid(band)) for band in BANDS}
            document = stac.s2_item(cube, at, files=files, evidence=evidence)
            _write_item(folder / stac.S2, document, files)
            tick()
    data = _encode(tree_cover, "tcd", cube.grid_20m)
    _write_item(folder / stac.TCD, stac.tcd_item(cube.grid_20m, data=data), {"tcd": data})
    days = [cube.dates[at] for at in chosen]
    (folder / stac.S2 / "collection.json").write_bytes(stac.dump(stac.s2_collection(cube, days, evidence)))
    (folder / stac.TCD / "collection.json").write_bytes(stac.dump(stac.tcd_collection(cube.grid_20m)))
    (folder / "catalog.json").write_bytes(stac.dump(stac.catalog()))


def _write_item(collection: Path, document: dict[str, Any], files: dict[str, bytes]) -> None:
    folder = collection / str(document["id"])
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / f"{name}.tif").write_bytes(data)
    (folder / f"{document['id']}.json").write_bytes(stac.dump(document))


def _encode(values: Any, band: str, grid: Grid) -> bytes:
    """One band as the bytes of a Cloud-Optimised GeoTIFF: single-threaded and free of dates, so always the same."""
    from rasterio.transform import Affine

    reflectance = band not in ("SCL", "tcd")
    dtype = "uint16" if reflectance else "uint8"
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": 1,
        "dtype": dtype,
        "crs": f"EPSG:{EPSG}",
        "transform": Affine(*grid.transform),
        "nodata": 255 if band == "tcd" else 0,
    }
    block = BLOCK_10M if grid.width > BLOCK_10M else BLOCK_20M
    return _cog(values.astype(dtype), profile, band, block=block, scale=REFLECTANCE_SCALE if reflectance else None)


def _encode_extent(values: Any, transform: tuple[float, ...]) -> bytes:
    """One epoch of a classified map in longitude and latitude."""
    from rasterio.transform import Affine

    rows, cols = values.shape
    profile = {
        "driver": "GTiff", "width": cols, "height": rows, "count": 1, "dtype": "uint8", "crs": "EPSG:4326",
        "transform": Affine(*transform), "nodata": 0,
    }  # fmt: skip
    return _cog(values, profile, "extent", block=256, scale=None)


def _cog(values: Any, profile: dict[str, Any], band: str, *, block: int, scale: float | None) -> bytes:
    import rasterio.shutil
    from rasterio.io import MemoryFile

    with MemoryFile() as plain, MemoryFile(ext=".tif") as cog:
        with plain.open(**profile) as dst:
            dst.write(values, 1)
            dst.set_band_description(1, band)
            if scale is not None:
                dst.scales, dst.offsets = (scale,), (0.0,)
        rasterio.shutil.copy(
            plain.name,
            cog.name,
            driver="COG",
            COMPRESS="DEFLATE",
            LEVEL="9",
            PREDICTOR="YES",
            BLOCKSIZE=str(block),
            OVERVIEWS="NONE",
            NUM_THREADS="1",
        )
        return bytes(cog.read())


@contextmanager
def _swapped_in(out: Path) -> Iterator[Path]:
    """A new sibling of ``out`` that takes its place if the block ends well, and is removed if it does not."""
    if out.exists() and not (out / STAMP).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            "holds something that this script did not make",
            code="samples.not-ours",
            hint="name another folder with --out, or move this one away",
            file=out,
        )
    folder, old = (out.with_name(f".{out.name}.{kind}-{os.getpid()}") for kind in ("new", "old"))
    folder.mkdir()
    try:
        yield folder
        if out.exists():
            out.rename(old)
        folder.rename(out)
    finally:
        if old.exists() and not out.exists():
            old.rename(out)
        for leftover in (folder, old):
            shutil.rmtree(leftover, ignore_errors=True)


def _stamp(until: date | None) -> dict[str, Any]:
    """What decides every byte of the output: this builder, its options, and the packages that encode."""
    options = {"sample": "romania", "only_until": None if until is None else until.isoformat()}
    return _stamp_of(MODULES, options, ("nrt", "numpy", "rasterio"))


def _stamp_of(modules: Sequence[str], options: dict[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    builder = hashlib.sha256()
    for name in modules:
        builder.update((HERE / name).read_bytes())
    return {
        "schema": "mrv.samples/1",
        "builder_sha256": builder.hexdigest(),
        "options": options,
        "packages": {name: _version(name) for name in packages},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as exc:
        why = f"{package} is not installed"
        if package == "nrt":
            why = f"the sample data come from the wheel of nrt {NRT_VERSION}, which is not installed"
        raise UsageError(why, code=f"samples.{package}-missing", hint=INSTALL) from exc


def _read_stamp(out: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((out / STAMP).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_current(out: Path, before: dict[str, Any], stamp: dict[str, Any]) -> bool:
    """Whether the folder has this stamp and every file still has the digest written in it."""
    files = before.get("files")
    if not isinstance(files, dict) or {**stamp, "files": files} != before:
        return False
    return all((out / name).is_file() and _sha256(out / name) == digest for name, digest in files.items())


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _built(out: Path, files: dict[str, str], prefix: str, *, fresh: bool) -> Built:
    scenes = sum(name.startswith(prefix) and name.endswith(".json") for name in files)
    return Built(out, scenes, len(files), sum((out / name).stat().st_size for name in files), fresh)


@contextmanager
def _progress(total: int) -> Iterator[Tick]:
    """A bar on a terminal, a line every twenty scenes elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("scenes", total=total)
            yield lambda: bar.advance(task)
        return
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done % 20 == 0 or done == total:
            print(f"{done} of {total} scenes", file=sys.stderr)

    yield tick


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="data-samples/make.py", description=str(__doc__).splitlines()[0])
    parser.add_argument(
        "sample", nargs="?", default="romania", choices=["romania", "gmw", "delta"], help="which sample (%(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to build into (default: data-samples/SAMPLE/build)")
    parser.add_argument("--only-until", type=_day, metavar="YYYY-MM-DD", help="leave later scenes out")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="gmw: folder of the published data")
    args = parser.parse_args(argv)
    if (args.source is None) == (args.sample == "gmw") or (args.only_until is not None and args.sample != "romania"):
        parser.error("--from FOLDER goes with gmw, --only-until with romania")
    out = Path(os.path.abspath(args.out or HERE / args.sample / "build"))  # noqa: PTH100 - resolve() would follow links
    try:
        if args.sample == "delta":
            built = build_delta(out)
        else:
            built = build(out, until=args.only_until) if args.source is None else build_gmw(out, source=args.source)
    except MRVError as exc:
        print(f"error: {exc}", file=sys.stderr)
        if exc.hint:
            print(f"hint: {exc.hint}", file=sys.stderr)
        return exc.exit_status
    except OSError as exc:
        return _report_os_error(exc)
    verb = "built" if built.fresh else "up to date:"
    print(f"{verb} {out}: {built.scenes} scenes, {built.files} files, {built.size / 1e6:.1f} MB")
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2018-12-31") from exc


def _report_os_error(exc: OSError) -> int:
    error = SourceError(str(exc.strerror or exc), code="samples.io", file=exc.filename)
    print(f"error: {error}", file=sys.stderr)
    return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
