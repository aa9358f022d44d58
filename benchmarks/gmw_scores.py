"""Two maps of change held against the same interpreted points: F1 of each, and the paired interval of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from gmw_data import REF, SHORT, lattice_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gmw_data import Codes, Points, Raster
    from numpy.typing import NDArray

RESAMPLES = 4000
_SEED = 20261121


@dataclass(frozen=True)
class Judged:
    """The points of one survey with their class in two maps; a survey is a stratum."""

    points: Points
    """The points."""
    weight: float
    """Area that a point stands for, ha, where inclusion probabilities are known; else 1."""
    raw: Codes
    """Class of each point in the maps as shipped."""
    cleaned: Codes
    """Class in the cleaned maps."""


def class_at_points(points: Points, raster: Raster, change: Codes) -> Codes:
    """Class that a map of change has at each point, looked up as its frame was: corners, or centres of pixels."""
    rows, cols = points.position(raster)
    if points.frame == REF:
        found: Codes = lattice_class(raster, change)[np.rint(rows).astype(int), np.rint(cols).astype(int)]
        return found
    return change[np.floor(rows).astype(int), np.floor(cols).astype(int)]


def compare(judged: Sequence[Judged], code: int) -> dict[str, Any]:
    """F1 of a class in both maps, the difference, and its 95 % interval by resampling points within surveys.

    Each resample draws the points of every survey anew and scores both maps on the same draw.  The exact test of McNemar asks
    whether the points judged rightly by one map alone favour it (weights play no part there).
    """
    tables = [_table(one, code) for one in judged]
    weights = np.array([one.weight for one in judged])
    sums = np.array([table.sum(axis=0) for table in tables], float)
    rng = np.random.default_rng(_SEED)
    drawn = np.zeros((RESAMPLES, len(judged), 5))
    for i, table in enumerate(tables):
        patterns, counts = np.unique(table, axis=0, return_counts=True)
        drawn[:, i] = rng.multinomial(len(table), counts / len(table), RESAMPLES) @ patterns
    raw, cleaned = _f1(weights @ sums)
    again = np.array([_f1(row) for row in weights @ drawn])
    differences = np.sort((again[:, 1] - again[:, 0])[np.isfinite(again).all(axis=1)])
    joined = np.concatenate(tables)
    right = [joined[:, column] == joined[:, 2] for column in (0, 1)]
    gained, lost = int((~right[0] & right[1]).sum()), int((right[0] & ~right[1]).sum())
    counts = joined.sum(axis=0).tolist()
    return {
        "class": SHORT[code], "surveys": len(judged), "points": len(joined), "reference": counts[2],
        "raw": {"mapped": counts[0], "both": counts[3], "f1_percent": raw, "users": _share(sums, weights, 3, 0),
                "producers": _share(sums, weights, 3, 2)},
        "cleaned": {"mapped": counts[1], "both": counts[4], "f1_percent": cleaned, "users": _share(sums, weights, 4, 1),
                    "producers": _share(sums, weights, 4, 2)},
        "difference": cleaned - raw, "difference95": [_quantile(differences, 0.025), _quantile(differences, 0.975)],
        "resamples": len(differences), "right_only_cleaned": gained, "right_only_raw": lost,
        "mcnemar_p": mcnemar_p(gained, lost),
    }  # fmt: skip


def _table(one: Judged, code: int) -> NDArray[np.int64]:
    """Of each point: in the raw map, in the cleaned map, in the reference, raw and reference, cleaned and reference."""
    raw, cleaned, real = (values == code for values in (one.raw, one.cleaned, one.points.reference))
    return np.stack([raw, cleaned, real, raw & real, cleaned & real], axis=1).astype(np.int64)


def _f1(sums: NDArray[np.float64]) -> tuple[float, float]:
    raw, cleaned, real, both_raw, both_cleaned = sums
    if real <= 0:
        return float("nan"), float("nan")
    return 200 * both_raw / (raw + real), 200 * both_cleaned / (cleaned + real)


def _share(sums: NDArray[np.float64], weights: NDArray[np.float64], part: int, whole: int) -> float | None:
    total = weights @ sums
    return float(100 * total[part] / total[whole]) if total[whole] else None


def _quantile(ordered: NDArray[np.float64], share: float) -> float | None:
    return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)]) if len(ordered) else None


def mcnemar_p(gained: int, lost: int) -> float:
    """Two-sided exact p of as uneven a split of discordant points (McNemar 1947; the binomial of one half)."""
    n, tail = gained + lost, min(gained, lost)
    return min(1.0, 2 * sum(comb(n, k) for k in range(tail + 1)) / 2**n)
