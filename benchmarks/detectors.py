"""``matched-step/1`` beside its peers, on the same cubes, in one run: accuracy, dates, speed, memory.

Peers are run by the benchmark harness (``MRV_BENCH``, a folder with ``run_peer.py``; default ``../shared/bench``), each in an
environment of its own (``MRV_PEERS``, a folder with ``zeit``, ``nrt`` and ``ccd``).  What is absent is left out, with a line
that says so.  A hit is a detection not earlier than 16 days before the break; *oracle* knows every break and sees only what
the mask calls clear; its date error is also given on each method's own hits, and ours (≥ 3.5 se) on the breaks that a peer
finds too: who misses the hard ones dates the rest well.  Times are medians of repeats that take turns, one core each.

    python benchmarks/detectors.py shared      # the shared cube, 512² and its 64² window, and the trade-off curve
    python benchmarks/detectors.py worlds      # three other seeds and three harsher regimes, 256², and 64² for pyccd
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.loss_filter import calibrate_on
from mrv.change.matched_step import StepModel, StepRules
from mrv.kernels.step_monitor import CLASS, CONFIDENCE, DAY
from mrv.kernels.steps import CLEARING, DEGRADATION
from mrv.simulate.reflectance import BANDS, HISTORY, REGIMES, ReflectanceCube, reflectance_cube

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
HARNESS = Path(os.environ.get("MRV_BENCH", ROOT.parent / "shared" / "bench")) / "run_peer.py"
PEERS = Path(os.environ.get("MRV_PEERS", "peers"))
SEED, OTHER_SEEDS = 20260101, (20260102, 20260103, 20260104)
TOLERANCE_DAYS, STRONG = 16, 0.3
CERTAIN, HIGH = 3.5, 4.0
"""Standard errors of the step: the detector's own limit, and a stricter one."""
QUARTERS = np.arange(41, dtype=np.uint8)
"""A table that reports quarters of a standard error in place of a confidence."""
WHOLE = ("zeit.sccd", "zeit.ccdc", "nrt.ccdc", "nrt.ccdc-noscreen", "nrt.iqr", "nrt.ewma-s5-notrend", "nrt.cusum-ols-k8",
         "nrt.mosum-ols-k8", "zeit.bfm-engine", "cdts.bfm-engine")  # fmt: skip
CORNER = ("zeit.sccd", "zeit.ccdc", "cdts.ccdc", "nrt.ccdc", "pyccd")
WORLD = ("zeit.sccd", "zeit.ccdc", "nrt.ccdc", "nrt.iqr")


def score(day: NDArray[np.int32], cube: ReflectanceCube) -> dict[str, float]:
    """Precision, recall, false alarms and mean error of the date; the harness's rule.

    Args:
        day: Detections (y, x), days since 1970-01-01; 0 none.
        cube: The truth.
    """
    found, broken, hit = day > 0, cube.break_day > 0, hits(day, cube)
    strong = broken & (cube.severity >= STRONG)
    precision, recall = hit.sum() / max(found.sum(), 1), hit.sum() / max(broken.sum(), 1)
    return {
        "precision": float(precision), "recall": float(recall),
        "f1": float(2 * precision * recall / max(precision + recall, 1e-9)),
        "recall_strong": float((hit & strong).sum() / max(strong.sum(), 1)),
        "false_alarms": float((found & ~broken).sum() / (~broken).sum()),
        "early": float((found & broken & ~hit).sum() / max(broken.sum(), 1)),
        "date_mae_d": date_error(day, cube, hit), "oracle_same_d": date_error(oracle(cube), cube, hit),
    }  # fmt: skip


def date_error(day: NDArray[np.int32], cube: ReflectanceCube, among: NDArray[np.bool_]) -> float:
    """Mean error of the date over some pixels, days; 0 without any."""
    return float(np.abs(day - cube.break_day)[among].mean()) if among.any() else 0.0


def hits(day: NDArray[np.int32], cube: ReflectanceCube) -> NDArray[np.bool_]:
    """Where a break is found, and not too early."""
    found: NDArray[np.bool_] = (day > 0) & (cube.break_day > 0) & (day >= cube.break_day - TOLERANCE_DAYS)
    return found


def oracle(cube: ReflectanceCube) -> NDArray[np.int32]:
    """The first clear date at or after every break."""
    seen = cube.clear & (cube.days[:, None, None] >= cube.break_day) & (cube.break_day > 0)
    return np.where(seen.any(axis=0), cube.days[seen.argmax(axis=0)], 0).astype(np.int32)


def set_up(cube: ReflectanceCube, rules: StepRules | None = None) -> StepModel:
    """The detector, calibrated on a sample of the cube."""
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    return StepModel(rules or StepRules(), loss_filter, cube.days, HISTORY, confidence=QUARTERS)


def losses(found: NDArray[np.int32], least: float) -> NDArray[np.int32]:
    """Days of losses of at least so many standard errors."""
    loss = ((found[CLASS] == CLEARING) | (found[CLASS] == DEGRADATION)) & (found[CONFIDENCE] >= 4 * least)
    return np.where(loss, found[DAY], 0).astype(np.int32)


def time_ours(cube: ReflectanceCube, model: StepModel) -> float:
    """Processor seconds of one run over the cube, sample and calibration included; peers are timed the same way."""
    started = time.process_time()
    set_up(cube)
    model.block(cube.bands, cube.clear)
    return time.process_time() - started


_KEEPING = """
import pathlib, runpy, sys
import numpy
program, kept, *rest = sys.argv[1:]
sys.path.insert(0, str(pathlib.Path(program).parent))
import harness
score = harness.score
def keeping(days, *more):
    numpy.save(kept, numpy.asarray(days))
    return score(days, *more)
harness.score = keeping
sys.argv = [program, *rest]
runpy.run_path(program, run_name="__main__")
"""
"""Runs the harness and keeps the days that it scores."""


class Harness:
    """Runs peers on one cube."""

    def __init__(self, cube: ReflectanceCube, folder: Path) -> None:
        self.folder = folder
        index = cube.index
        np.save(folder / "ndvi_f32.npy", index)
        np.save(folder / "ndvi_i16.npy", np.where(np.isnan(index), -32768, np.round(index * 10000)).astype(np.int16))
        np.save(folder / "bands_i16.npy", cube.bands)
        np.save(folder / "qa_u8.npy", np.where(cube.clear, 0, 4).astype(np.uint8))
        np.savez(
            folder / "truth.npz", break_day=cube.break_day, severity=cube.severity, dates=cube.days.astype(np.int64),
            h0=HISTORY, break_idx=np.searchsorted(cube.days, cube.break_day).astype(np.int16),
        )  # fmt: skip

    def run(self, peer: str, size: int) -> dict[str, Any] | None:
        """One peer once, on one core; None, with a line, where it is not installed."""
        family = peer.split(".", maxsplit=1)[0]
        python = PEERS / {"pyccd": "ccd", "cdts": "zeit"}.get(family, family) / "bin" / "python"
        if not python.exists() or not HARNESS.exists():
            print(f"{peer}: left out, no {python if HARNESS.exists() else HARNESS}")
            return None
        results = self.folder / "results.jsonl"
        days = self.folder / "days.npy"
        results.unlink(missing_ok=True)
        quiet = dict.fromkeys(("NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        subprocess.run(  # noqa: S603 - a program that the user named
            [python, "-c", _KEEPING, HARNESS, days, peer, "1", str(size), "1"], check=True, capture_output=True,
            env=os.environ | quiet | {"MRV_BENCH_DATA": f"{self.folder}/", "RESULTS": str(results), "MAXWAIT": "0"},
        )  # fmt: skip
        record: dict[str, Any] = json.loads(results.read_text().splitlines()[-1])
        quality = record.pop("quality")
        p, r = quality["precision"], quality["recall"]
        return {
            "px_per_s": record["npix"] / record["cpu_s"], "delta_mb": record["delta_mb"], "precision": p, "recall": r,
            "f1": 2 * p * r / max(p + r, 1e-9), "recall_strong": quality["recall_strong"],
            "false_alarms": quality["false_alarm_rate"], "early": quality["early_rate"], "date_mae_d": quality["date_mae_d"],
            "day": np.maximum(np.load(days), 0).astype(np.int32),
        }  # fmt: skip


def beside(day: NDArray[np.int32], ours: NDArray[np.int32], cube: ReflectanceCube) -> dict[str, float]:
    """Dates of a peer beside the oracle's on the same hits, and beside ours on the breaks that both find."""
    hit = hits(day, cube)
    both = hit & hits(ours, cube)
    return {
        "oracle_same_d": date_error(oracle(cube), cube, hit),
        "both_d": date_error(day, cube, both), "both_ours_d": date_error(ours, cube, both),
    }  # fmt: skip


def compare(cube: ReflectanceCube, peers: tuple[str, ...], *, repeats: int = 1) -> dict[str, dict[str, Any]]:
    """Ours, the oracle and the peers on one cube; ours and the first peer take turns, ``repeats`` times."""
    model = set_up(cube)
    found = model.block(cube.bands, cube.clear)
    rows: dict[str, dict[str, Any]] = {
        "oracle": score(oracle(cube), cube),
        f"matched-step, ≥ {HIGH} se": score(losses(found, HIGH), cube),
        f"matched-step, ≥ {CERTAIN} se": score(losses(found, CERTAIN), cube),
    }
    size, ours, first = cube.break_day.shape[0], [], []
    with tempfile.TemporaryDirectory() as folder:
        harness = Harness(cube, Path(folder))
        for turn in range(repeats):
            ours += [time_ours(cube, model) for _ in range(3)]
            for peer in peers if turn == 0 else peers[:1]:
                row = harness.run(peer, size)
                if row is not None:
                    row |= beside(row.pop("day"), losses(found, CERTAIN), cube)
                    rows[peer] = rows.get(peer, row)
                    first += [row["px_per_s"]] if peer == peers[0] else []
    speed = size * size / median(ours)
    for name, row in rows.items():
        if name.startswith("matched"):
            row["px_per_s"] = speed
    if first:
        rows[peers[0]]["px_per_s"] = median(first)
        rows[f"matched-step, ≥ {CERTAIN} se"]["times_first_peer"] = speed / median(first)
    return rows


def trade_off(cube: ReflectanceCube) -> list[dict[str, float]]:
    """Precision and recall over the score that makes a step certain."""
    model = set_up(cube)
    state = model.fit(cube.bands, cube.clear)
    points = []
    for quarter in range(8, 33):
        rules = replace(model.rules, certain=quarter / 4, possible=99.0)
        found = replace(state, model=replace(model, rules=rules)).decide()
        points.append({"score": quarter / 4} | score(losses(found, 0), cube))
    return points


def draw(curve: list[dict[str, float]], rows: dict[str, dict[str, Any]], path: Path) -> None:
    """The trade-off with the peers as points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([p["recall"] for p in curve], [p["precision"] for p in curve], ".-", color="#1b6e53", label="matched-step/1")
    for point in curve:
        if point["score"] in {2.0, 3.0, 4.0, 5.0, 6.0}:
            where = (point["recall"], point["precision"])
            axes.annotate(f"{point['score']:g} se", where, (4, -11), textcoords="offset points", fontsize=7)
    for name, row in rows.items():
        if not name.startswith(("matched", "oracle")) and row["precision"] > 0.7:
            axes.plot(row["recall"], row["precision"], "o", color="#b5532a")
            axes.annotate(name, (row["recall"], row["precision"]), (5, 3), textcoords="offset points", fontsize=8)
    axes.set(xlabel="recall", ylabel="precision", title="Shared cube, 512 × 512; peers below .7 precision are not shown")
    axes.legend(loc="lower left")
    figure.savefig(path, dpi=130)


def table(rows: dict[str, dict[str, Any]]) -> str:
    """As text."""
    keys = (("prec.", 8), ("recall", 8), ("strong", 8), ("F1", 8), ("false", 9), ("early", 8), ("date d", 8), ("oracle", 8),
            ("both", 8), ("ours", 8))  # fmt: skip
    lines = [f"{'':34}{'px/s':>10}" + "".join(f"{key:>{width}}" for key, width in keys)]
    for name, row in rows.items():
        speed = f"{row['px_per_s']:,.0f}" if "px_per_s" in row else ""
        figures = "".join(f"{row[key]:8.4f}" for key in ("precision", "recall", "recall_strong", "f1"))
        lag = row["date_mae_d"] if row["date_mae_d"] is not None else float("nan")
        same = "".join(f"{row[key]:8.2f}" for key in ("oracle_same_d", "both_d", "both_ours_d") if key in row)
        lines.append(f"{name:34}{speed:>10}{figures}{row['false_alarms']:9.5f}{row['early']:8.4f}{lag:8.2f}{same}")
    return "\n".join(lines)


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("part", choices=["shared", "worlds"])
    parser.add_argument("--corner-only", action="store_true", help="shared: only the 64² window")
    parser.add_argument("--without", action="append", default=[], metavar="PEER", help="leave a peer out")
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    corner, whole, world = (tuple(p for p in peers if p not in arguments.without) for peers in (CORNER, WHOLE, WORLD))
    target = RESULTS / f"detectors-{arguments.part}.json"

    def keep(name: str, rows: dict[str, dict[str, Any]]) -> None:
        """Print and write what there is so far: a run takes an hour."""
        found[name] = rows
        print(f"\n{name}\n{table(rows)}", flush=True)
        target.write_text(json.dumps(found, indent=1) + "\n")

    if arguments.part == "shared":
        cube = reflectance_cube(seed=SEED)
        keep("64²", compare(cube.window(64), corner))
        if not arguments.corner_only:
            keep("512²", compare(cube, whole, repeats=3))
            found["curve"] = trade_off(cube)
            draw(found["curve"], found["512²"], RESULTS / "detectors.png")
    else:
        for seed in OTHER_SEEDS:
            keep(f"usual, seed {seed}", compare(reflectance_cube(seed=seed, size=256), world))
        for name, regime in REGIMES.items():
            if name != "usual":
                cube = reflectance_cube(regime, seed=SEED, size=256)
                keep(name, compare(cube, world))
                small = tuple(peer for peer in ("zeit.sccd", "pyccd") if peer not in arguments.without)
                keep(f"{name}, 64²", compare(cube.window(64), small))
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    target.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
