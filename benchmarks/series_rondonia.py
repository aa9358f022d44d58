"""Deforestation against forest on labelled Sentinel-2 series of Rondônia: a step search beside a single threshold.

The table holds a year of ten-day composites, and more than half of its values are straight lines between two others: cloud
gaps filled in.  They are recognised (a value within rounding of the middle of its neighbours in all bands) and need not
count.  Its column ``B07`` holds the red band: NDVI is (B08 − B07) / (B08 + B07).

There is no history to fit a season to, so the season is the median of the training half's forest on each date.  What is left
is searched for a step by the project's own search (:func:`mrv.kernels.steps.find_step`) in its own loss index.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from series_split import trains

from mrv.change.loss_filter import LossFilter, calibrate
from mrv.change.matched_step import StepModel, StepRules
from mrv.kernels.steps import CLEARING, DEGRADATION, find_step

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

COLUMNS = {"B02": "blue", "B03": "green", "B07": "red", "B08": "nir", "B11": "swir1", "B12": "swir2"}
"""Column → role."""
ROUNDING = 3
"""Twice the middle of two neighbours is missed by at most this where a value was interpolated, reflectance × 10⁴."""
INDICES = {"NDVI": ("nir", "red"), "NBR": ("nir", "swir2"), "NDMI": ("nir", "swir1")}
DRAWS, SEED = 20_000, 20_260_101


@dataclass(frozen=True)
class Samples:
    """Labelled series."""

    ids: tuple[int, ...]
    label: tuple[str, ...]
    days: NDArray[np.int32]
    """(time,)."""
    bands: NDArray[np.int16]
    """Reflectance × 10⁴ (time, band, sample)."""
    observed: Bools
    """False where interpolated (time, sample)."""

    def part(self, chosen: Bools) -> Samples:
        """Some of them."""
        return Samples(
            tuple(one for one, kept in zip(self.ids, chosen, strict=True) if kept),
            tuple(one for one, kept in zip(self.label, chosen, strict=True) if kept),
            self.days, np.ascontiguousarray(self.bands[..., chosen]), np.ascontiguousarray(self.observed[:, chosen]),
        )  # fmt: skip

    def halves(self) -> tuple[Samples, Samples]:
        """Training and test, forest and deforestation alone."""
        wanted = np.array([one in {"Forest", "Deforestation"} for one in self.label])
        training = np.array([trains(one) for one in self.ids])
        return self.part(wanted & training), self.part(wanted & ~training)

    @property
    def lost(self) -> Bools:
        """Labelled as deforestation (sample,)."""
        return np.array([one == "Deforestation" for one in self.label])


def read_samples(folder: Path) -> Samples:
    """Read the table."""
    with gzip.open(folder / "rondonia_s2_T20LKP_samples.csv.gz", "rt") as text:
        rows = list(csv.DictReader(text))
    ids = tuple(dict.fromkeys(int(row["id"]) for row in rows))
    dates = sorted({row["Index"] for row in rows})
    days = np.array(dates, "datetime64[D]").astype(np.int32)
    bands = np.zeros((len(dates), len(COLUMNS), len(ids)), np.int16)
    place, when = {one: k for k, one in enumerate(ids)}, {one: k for k, one in enumerate(dates)}
    label = dict.fromkeys(ids, "")
    for row in rows:
        sample = int(row["id"])
        label[sample] = row["label"]
        bands[when[row["Index"]], :, place[sample]] = [round(float(row[name]) * 10_000) for name in COLUMNS]
    return Samples(ids, tuple(label[one] for one in ids), days, bands, ~interpolated(bands))


def interpolated(bands: NDArray[np.int16]) -> Bools:
    """Where every band lies on the line between its neighbours (time, sample)."""
    out = np.zeros((bands.shape[0], bands.shape[2]), np.bool_)
    wide = bands.astype(np.int32)
    out[1:-1] = (np.abs(2 * wide[1:-1] - wide[:-2] - wide[2:]) <= ROUNDING).all(axis=1)
    return out


# ── a single threshold ───────────────────────────────────────────────────────


def lowest(samples: Samples, index: str) -> Floats:
    """The lowest value of a normalised difference in the year (sample,)."""
    roles = list(COLUMNS.values())
    one, two = (samples.bands[:, roles.index(role)].astype(float) for role in INDICES[index])
    return np.asarray(((one - two) / (one + two)).min(axis=0))


def best_threshold(training: Samples) -> tuple[float, str, float]:
    """F1 on the training half, index and threshold of the best single rule."""
    options = []
    for index in INDICES:
        value = lowest(training, index)
        ordered = np.unique(value)
        cuts = (ordered[1:] + ordered[:-1]) / 2
        options += [(f1(training.lost, value < cut), index, float(cut)) for cut in cuts]
    return max(options)


# ── the step search ──────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Search:
    """What the training half chooses."""

    own: float | None
    """Quantile of a series taken for its forest; None: the region's forest is."""
    window_days: int
    fewest: int
    least: float
    """Smallest height of a step, in clearings."""
    filled: bool
    """Whether interpolated values count."""


GRID = tuple(
    Search(*one)
    for one in product(
        (None, 0.1, 0.25), (30, 60, 120, 330), (1, 2, 3), [round(0.05 * k, 2) for k in range(2, 12)], (True, False)
    )
)


@dataclass(frozen=True)
class Season:
    """Loss index, and what the training half's forest does in a year."""

    filter: LossFilter
    median: Floats
    """(time,)."""
    sigma: float
    """Robust standard deviation of the training half's forest about it."""

    def residual(self, samples: Samples) -> Floats:
        """Loss index less the season (time, sample)."""
        return np.einsum("b,tbp->tp", self.filter.weights[0].astype(float), samples.bands) - self.median[:, None]


def learn(training: Samples) -> Season:
    """Weigh the bands and take the season of the training half's forest."""
    forest = training.part(~training.lost)
    every = np.ones_like(forest.observed)
    found = calibrate(forest.bands, every, forest.days, roles=tuple(COLUMNS.values()), history=len(forest.days))
    season = Season(found, np.zeros(len(forest.days)), 0.0)
    index = season.residual(forest)
    season = replace(season, median=np.median(index, axis=1))
    return replace(season, sigma=float(1.4826 * np.median(np.abs(season.residual(forest)))))


def searched(samples: Samples, season: Season, search: Search) -> Bools:
    """Where a step is found (sample,)."""
    packed = replace(StepRules(), least=search.least).packed
    residual, out = season.residual(samples), np.zeros(len(samples.ids), np.bool_)
    angle = 2 * np.pi * samples.days / 365.25
    waves = np.stack([np.cos(angle), np.sin(angle)])
    size = len(samples.days)
    for p in range(len(samples.ids)):
        counted = np.ones(size, np.bool_) if search.filled else samples.observed[:, p]
        value = residual[counted, p]
        if search.own is not None:
            value = value - np.quantile(value, search.own)
        step, _, _ = find_step(
            samples.days[counted], np.ascontiguousarray(waves[:, counted]), np.ascontiguousarray(value), len(value), 1.0,
            season.sigma, packed, search.window_days, search.fewest, np.empty(size), np.empty(size), np.empty(size, np.int32),
            np.empty((8, size + 1)),
        )  # fmt: skip
        out[p] = step >= 0
    return out


def best_search(training: Samples, season: Season) -> tuple[float, Search]:
    """The search whose F1, averaged with those of the next lower and higher ``least``, is the highest on the training half."""
    score = {one: f1(training.lost, searched(training, season, one)) for one in GRID}

    def smooth(one: Search) -> float:
        near = [replace(one, least=round(one.least + step, 2)) for step in (-0.05, 0.0, 0.05)]
        return float(np.mean([score[other] for other in near if other in score]))

    chosen = max(GRID, key=lambda one: (round(smooth(one), 6), -one.fewest, one.window_days, one.least))
    return score[chosen], chosen


def shipped(samples: Samples, season: Season, history: int) -> Bools:
    """``matched-step/1`` as it is, the first dates for history: where it reports a loss (sample,)."""
    model = StepModel(StepRules(), season.filter, samples.days, history)
    found = model.block(samples.bands[:, :, None, :], samples.observed[:, None, :])
    return np.isin(found[2, 0], (CLEARING, DEGRADATION))


# ── scores ───────────────────────────────────────────────────────────────────


def f1(lost: Bools, said: Bools) -> float:
    """2 TP / (2 TP + FP + FN); 0 without a true positive."""
    return float(2 * (lost & said).sum() / max(int(lost.sum() + said.sum()), 1))


def scores(lost: Bools, said: Bools) -> dict[str, Any]:
    """Counts and F1."""
    return {
        "f1": round(f1(lost, said), 4), "true_positive": int((lost & said).sum()), "false_positive": int((~lost & said).sum()),
        "false_negative": int((lost & ~said).sum()),
    }  # fmt: skip


def paired(lost: Bools, one: Bools, other: Bools) -> dict[str, Any]:
    """95 % interval of the difference in F1 by a stratified bootstrap of the samples, and McNemar's exact test."""
    from scipy.stats import binomtest

    rng = np.random.default_rng(SEED)
    strata = [np.flatnonzero(lost), np.flatnonzero(~lost)]
    differences = np.empty(DRAWS)
    for k in range(DRAWS):
        drawn = np.concatenate([rng.choice(part, len(part)) for part in strata])
        differences[k] = f1(lost[drawn], one[drawn]) - f1(lost[drawn], other[drawn])
    only, not_only = int(((one == lost) & (other != lost)).sum()), int(((one != lost) & (other == lost)).sum())
    test = binomtest(only, only + not_only).pvalue if only + not_only else 1.0
    low, high = np.quantile(differences, [0.025, 0.975])
    return {
        "difference": round(f1(lost, one) - f1(lost, other), 4),
        "low_95": round(float(low), 4), "high_95": round(float(high), 4),
        "right_where_the_other_is_wrong": only, "wrong_where_the_other_is_right": not_only, "mcnemar_p": round(float(test), 4),
    }  # fmt: skip


def table(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Choose on one half, score on the other."""
    samples = read_samples(folder)
    training, test = samples.halves()
    season = learn(training)
    trained, index, cut = best_threshold(training)
    searched_f1, search = best_search(training, season)
    single, step = lowest(test, index) < cut, searched(test, season, search)
    plain = shipped(test, season, history=12)
    tell(f"  interpolated values: {100 * (1 - samples.observed.mean()):.0f} %")
    out = {
        "interpolated_share": round(1 - float(samples.observed.mean()), 4),
        "training": {"deforestation": int(training.lost.sum()), "forest": int((~training.lost).sum())},
        "test": {"deforestation": int(test.lost.sum()), "forest": int((~test.lost).sum())},
        "threshold": {"rule": f"lowest {index} below {cut:.4f}", "training_f1": round(trained, 4), **scores(test.lost, single)},
        "search": {"rule": str(search), "training_f1": round(searched_f1, 4), **scores(test.lost, step)},
        "matched-step/1, 12 dates of history": scores(test.lost, plain),
        "search_less_threshold": paired(test.lost, step, single),
    }
    for name in ("threshold", "search", "matched-step/1, 12 dates of history"):
        row: Any = out[name]
        tell(f"  {name:36s} F1 {row['f1']:.3f}  TP {row['true_positive']} FP {row['false_positive']} FN {row['false_negative']}"
             f"  {row.get('rule', '')}")  # fmt: skip
    gap: Any = out["search_less_threshold"]
    tell(f"  difference {gap['difference']:+.3f} ({gap['low_95']:+.3f} to {gap['high_95']:+.3f}), McNemar p {gap['mcnemar_p']}")
    return out
