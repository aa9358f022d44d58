"""Annual segments on simulated series of 40 years, beside other implementations of the same paper where they are at hand.

``python benchmarks/annual_segments.py [--peer PYTHON]``: ``PYTHON`` is an interpreter that has zeit and cdts (GPL; run apart,
and never imported here).  Writes ``results/annual-segments.json``.  Series, seeds and parameters are the same for all: an index
of 0.8 with noise of 0.02, a tenth of the pixels with a sharp loss (0.4, or weak: 0.12) that recovers with a time constant of
six years.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Found = tuple[NDArray[np.int64], NDArray[np.int64], list[float]]

OUT = Path(__file__).resolve().parent / "results" / "annual-segments.json"
YEARS = np.arange(1985, 2025)
SEEDS = (5, 11, 23)
REPEATS = 5
LEAST = 600
"""A loss of 0.06 or more, three times the noise, is a detection."""
WORLDS = {"sharp": 0.4, "weak": 0.12}
"""Height of the loss."""
PEER = """
import sys, time, json, numpy as np
folder, repeats = sys.argv[1], int(sys.argv[2])
from zeit._landtrendr import run_landtrendr_batch as zeit
from cdts.landtrendr import run_landtrendr_batch as cdts
for name, run in (("zeit", zeit), ("cdts", cdts)):
    for seed in sys.argv[3:]:
        values = np.load(f"{folder}/{seed}.npy").transpose(1, 2, 0).astype(np.float64)
        years = np.arange(1985, 2025)
        run(years, values[:16, :16], n_jobs=1, modifier=-1.0)
        took = []
        for _ in range(repeats):
            start = time.perf_counter()
            out = run(years, values, n_jobs=1, modifier=-1.0)
            took.append(time.perf_counter() - start)
        np.savez(f"{folder}/{name}-{seed}.npz", vertices=out[0], counts=out[1], seconds=np.array(took))
"""


def series(seed: int, size: int, height: float) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.bool_]]:
    """Index × 10⁴ (year, y, x), the first year of the loss, and which pixels have one."""
    rng = np.random.default_rng(seed)
    values = 0.8 + 0.02 * rng.standard_normal((size, size, len(YEARS)))
    first, lost = rng.integers(5, 35, (size, size)), rng.random((size, size)) < 0.1
    age = np.arange(len(YEARS)) - first[..., None]
    values -= np.where(lost[..., None] & (age >= 0), height * np.exp(-age / 6), 0)
    return np.ascontiguousarray(np.rint(values * 1e4).astype(np.int16).transpose(2, 0, 1)), YEARS[0] + first, lost


def own(values: NDArray[np.int16]) -> Found:
    """Vertex years and values (vertex, pixel), and seconds of each repeat."""
    from mrv.change.annual_segments import segment_years

    segment_years(values[:, :8, :8], YEARS.tolist())
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = segment_years(values, YEARS.tolist())
        seconds.append(time.perf_counter() - start)
    flat = found.vertex_years.reshape(len(found.vertex_years), -1)
    return flat.astype(np.int64), found.vertex_values.reshape(flat.shape).astype(np.int64), seconds


def peer(folder: Path, name: str, seed: int) -> Found:
    """The same of another implementation."""
    with np.load(folder / f"{name}-{seed}.npz") as found:
        used = np.arange(found["vertices"].shape[1]) < found["counts"][:, None]
        years = np.where(used, np.nan_to_num(found["vertices"][..., 0]), 0).astype(np.int64)
        values = np.where(used, np.rint(np.nan_to_num(found["vertices"][..., 1])), -32768).astype(np.int64)
        return years.T, values.T, found["seconds"].tolist()


def greatest(years: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First year and magnitude of the greatest loss, 0 without."""
    falls = np.where(years[1:] > 0, values[:-1] - values[1:], 0)
    at, pixels = falls.argmax(axis=0), np.arange(years.shape[1])
    magnitude = np.maximum(falls[at, pixels], 0)
    return np.where(magnitude > 0, years[at, pixels] + 1, 0), magnitude


def score(found: Found, first: NDArray[np.int64], lost: NDArray[np.bool_], height: float) -> dict[str, float]:
    """Right years among the pixels with a loss, false detections among the others, and speed."""
    year, magnitude = greatest(found[0], found[1])
    lost, first = lost.ravel(), first.ravel()
    return {
        "loss_found": float((magnitude >= LEAST)[lost].mean()),
        "year_right": float(((year == first) & (magnitude >= LEAST))[lost].mean()),
        "year_right_within_1": float(((abs(year - first) <= 1) & (magnitude >= LEAST))[lost].mean()),
        "false_detections": float((magnitude >= LEAST)[~lost].mean()),
        "magnitude_bias": float((magnitude - 1e4 * height)[lost].mean()),
        "flat_where_stable": float(((found[0] > 0).sum(axis=0) <= 2)[~lost].mean()),
        "vertices_where_lost": float((found[0] > 0).sum(axis=0)[lost].mean()),
        "px_per_s": len(lost) / float(np.median(found[2])),
    }


def agreement(mine: Found, theirs: Found, lost: NDArray[np.bool_]) -> dict[str, float]:
    """Shares of pixels with the same vertices, the same greatest-loss year, and the same segment of greatest loss."""
    depth = max(len(mine[0]), len(theirs[0]))
    a, b = (np.pad(one[0], ((0, depth - len(one[0])), (0, 0))) for one in (mine, theirs))
    same, year = (a == b).all(axis=0), greatest(mine[0], mine[1])[0] == greatest(theirs[0], theirs[1])[0]
    lost = lost.ravel()
    return {
        "same_vertices": float(same.mean()), "same_vertices_lost": float(same[lost].mean()),
        "same_vertices_stable": float(same[~lost].mean()), "same_year_lost": float(year[lost].mean()),
    }  # fmt: skip


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(float(np.mean([row[key] for row in rows])), 4) for key in rows[0]}


def main() -> None:
    """Run all and write the results."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter with zeit and cdts")
    parser.add_argument("--size", type=int, default=128, help="pixels of a side")
    args = parser.parse_args()
    result: dict[str, Any] = {"size": args.size, "years": len(YEARS), "seeds": list(SEEDS), "least": LEAST}
    if not args.peer:
        print("no --peer: zeit and cdts are left out", file=sys.stderr)
    for name, height in WORLDS.items():
        rows: dict[str, list[dict[str, float]]] = {}
        with tempfile.TemporaryDirectory() as folder:
            worlds = {seed: series(seed, args.size, height) for seed in SEEDS}
            for seed, (values, _, _) in worlds.items():
                np.save(Path(folder) / f"{seed}.npy", values)
            mine = {seed: own(values) for seed, (values, _, _) in worlds.items()}
            if args.peer:
                subprocess.run([args.peer, "-c", PEER, folder, str(REPEATS), *map(str, SEEDS)], check=True)  # noqa: S603
            for seed, (_, first, lost) in worlds.items():
                rows.setdefault("own", []).append(score(mine[seed], first, lost, height))
                for other in ("zeit", "cdts") if args.peer else ():
                    theirs = peer(Path(folder), other, seed)
                    rows.setdefault(other, []).append(score(theirs, first, lost, height) | agreement(mine[seed], theirs, lost))
        result[name] = {who: _mean(part) for who, part in rows.items()}
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    print(OUT.read_text())


if __name__ == "__main__":
    main()
