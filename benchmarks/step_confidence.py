"""The confidence of ``matched-step/1``: fitted on simulated worlds, then held against others.

A reported loss is true if its pixel was disturbed and its day is at most 16 days before the break.  On the training worlds
the share of true ones is taken by quarter of a standard error of the step and made monotone; that is the table that the
detector carries.  On the test worlds, which share no seed with them, ten bins of reported confidence are held against the
share that is true.  Both have the four regimes of :mod:`mrv.simulate.reflectance` in equal parts.

Run ``python benchmarks/step_confidence.py [--fit]``; it writes ``results/step-confidence.json`` and ``.png``, and with
``--fit`` the table.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mrv.change.loss_filter import calibrate_on
from mrv.change.matched_step import StepModel, StepRules, confidence_table
from mrv.kernels.step_monitor import CLASS, CONFIDENCE, DAY
from mrv.kernels.steps import CLEARING, DEGRADATION
from mrv.simulate.reflectance import BANDS, HISTORY, REGIMES, reflectance_cube

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.reflectance import ReflectanceCube

TRAINING, TEST = tuple(range(3001, 3006)), tuple(range(4001, 4006))
"""Seeds."""
SIZE, TOLERANCE_DAYS, ROWS, FEWEST = 256, 16, 41, 50
RESULTS = Path(__file__).parent / "results"
TABLE = Path(__file__).parents[1] / "mrv" / "change" / "tables" / "step_confidence.csv"


def detect(cube: ReflectanceCube, confidence: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Run the detector on a cube, calibrated on a sample of its own pixels."""
    whole = np.ones(cube.break_day.shape, np.bool_)
    loss_filter = calibrate_on(whole, cube.bands, cube.clear, cube.days, roles=BANDS, history=HISTORY)
    return StepModel(StepRules(), loss_filter, cube.days, HISTORY, confidence=confidence).block(cube.bands, cube.clear)


def reported(seeds: tuple[int, ...], confidence: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Confidence of every reported loss, and whether it is true."""
    values, truths = [], []
    for name, regime in REGIMES.items():
        for seed in seeds:
            cube = reflectance_cube(regime, seed=seed, size=SIZE)
            found = detect(cube, confidence)
            loss = (found[CLASS] == CLEARING) | (found[CLASS] == DEGRADATION)
            true = (cube.break_day > 0) & (found[DAY] >= cube.break_day - TOLERANCE_DAYS)
            values.append(found[CONFIDENCE][loss].astype(np.int64))
            truths.append(true[loss])
            print(f"{name} {seed}: {loss.sum()} losses, {true[loss].mean():.4f} true", flush=True)
    return np.concatenate(values), np.concatenate(truths)


def monotone(counts: NDArray[np.int64], true: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shares made non-decreasing by pooling adjacent violators; empty bins take the value of the one before."""
    blocks: list[list[float]] = []
    for n, k in zip(counts.tolist(), true.tolist(), strict=True):
        blocks.append([float(n), float(k), 1.0])
        while len(blocks) > 1 and blocks[-1][1] * blocks[-2][0] <= blocks[-2][1] * blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [one + two for one, two in zip(blocks[-1], last, strict=True)]
    return np.concatenate([np.full(int(width), k / max(n, 1.0)) for n, k, width in blocks])


def fit_table() -> None:
    """Write the detector's table."""
    quarters, true = reported(TRAINING, np.arange(ROWS, dtype=np.uint8))
    counts = np.bincount(quarters, minlength=ROWS)
    hits = np.bincount(quarters, weights=true, minlength=ROWS).astype(np.int64)
    shares = monotone(counts, hits)
    lines = [
        "# Share of true losses among reported ones, percent, by standard errors of the step; fitted by",
        f"# benchmarks/step_confidence.py on simulated worlds, seeds {', '.join(map(str, TRAINING))}, {len(true)} losses.",
        "score,percent,losses",
        *(f"{i / 4:g},{min(int(100 * share), 99)},{n}" for i, (share, n) in enumerate(zip(shares, counts, strict=True))),
    ]
    TABLE.write_text("\n".join(lines) + "\n")


def reliability() -> dict[str, object]:
    """Ten bins of reported confidence on the test worlds."""
    values, true = reported(TEST, confidence_table())
    rows = []
    for low in range(0, 100, 10):
        inside = (values >= low) & (values < low + 10)
        if inside.any():
            said, found = float(values[inside].mean()), float(100 * true[inside].mean())
            rows.append({"from": low, "losses": int(inside.sum()), "said": round(said, 2), "true": round(found, 2)})
    worst = max(abs(row["said"] - row["true"]) for row in rows if row["losses"] >= FEWEST)
    return {"bins": rows, "maximum_deviation": round(worst, 2), "losses": len(true), "fewest_in_a_bin": FEWEST}


def draw(result: dict[str, object], path: Path) -> None:
    """The reliability curve."""
    from matplotlib.figure import Figure

    rows = [row for row in result["bins"] if row["losses"] >= FEWEST]  # type: ignore[attr-defined]
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color="0.7")
    axes.plot([row["said"] for row in rows], [row["true"] for row in rows], "o-", color="#1b6e53")
    for row in rows:
        axes.annotate(f"{row['losses']:,}", (row["said"], row["true"]), (6, -10), textcoords="offset points", fontsize=7)
    axes.set(xlabel="confidence reported, %", ylabel="true, %", title="matched-step/1 on worlds it was not fitted on")
    figure.savefig(path, dpi=120)


def main() -> None:
    """Fit if asked, then test."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fit", action="store_true", help="fit the table first")
    if parser.parse_args().fit:
        fit_table()
    result = reliability()
    (RESULTS / "step-confidence.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(result, RESULTS / "step-confidence.png")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
