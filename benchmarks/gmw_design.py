"""Sampling design of the change-site points: what can be established, and by which evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from gmw_data import GAIN, LOSS, NAMES, NODATA, REF, lattice_class
from gmw_draws import corners_reproduced, pixels_reproduced

if TYPE_CHECKING:
    from gmw_data import Codes, Points, Raster
    from numpy.typing import NDArray

SITE, CHANGED, NONE = "site", "mapped change", "no"
"""What the inclusion probabilities are known for: the whole raster, its mapped change alone, or nothing that can be shown."""
BLOCKS = 4
DRAWS = 5000
_SEED = 20250101


@dataclass(frozen=True)
class Design:
    """Evidence on one frame of points at one site and pair of years."""

    established: str
    """:data:`SITE`, :data:`CHANGED` or :data:`NONE`."""
    why: str
    """In words."""
    place: str
    """``corner`` or ``centre`` of pixels."""
    distinct: int
    """Distinct places among the points."""
    reproduced: int
    """Points that drawing again on the shipped map gives."""
    reproduced_class: int | None
    """… together with their recorded class; None for frames whose class is plain."""
    population: dict[int, int]
    """N_h: units of each class in the raster (corners or pixels)."""
    sampled: dict[int, int]
    """n_h: points of each recorded class."""
    p_equal_probability: float
    """Chance of class counts this uneven if each valid unit of the raster were as likely as any other."""
    p_equal_allocation: float
    """… if each class that exists had been given as many points."""
    p_loss_to_gain: float | None
    """… of loss to gain, if each unit of mapped change were as likely; None without both."""
    p_spread: float
    """Chance of points this unevenly spread over 4 × 4 blocks, by class, under the hypothesis of ``established``."""
    p_sets: float | None
    """Chance of sets this different in class, if they are random parts of one draw; None with one set."""


def examine(points: Points, raster: Raster) -> Design:
    """All evidence on one frame of points."""
    change = raster.change(points.y0, points.y1)
    rows, cols = points.position(raster)
    corner = bool(np.abs(rows - np.rint(rows)).max() < 0.01)
    classes = lattice_class(raster, change) if corner else change
    population, sampled = _counts(classes), _counts(points.at_sampling)
    established, why, again, again_class = _established(points, raster, change)
    kept = np.isin(points.at_sampling, (LOSS, GAIN)) if established != SITE else np.full(points.n, fill_value=True)
    cell = np.rint if corner else np.floor
    spread = _p_spread(classes, points.at_sampling[kept], cell(rows[kept]).astype(int), cell(cols[kept]).astype(int))
    rng = np.random.default_rng(_SEED)
    both = [(population[code], sampled[code]) for code in (LOSS, GAIN)]
    existing = [code for code in NAMES if population[code]]
    return Design(
        established=established,
        why=why,
        place="corner" if corner else "centre",
        distinct=len(set(zip(points.lon.tolist(), points.lat.tolist(), strict=True))),
        reproduced=again,
        reproduced_class=again_class,
        population=population,
        sampled=sampled,
        p_equal_probability=_p_counts(rng, list(population.values()), list(sampled.values())),
        p_equal_allocation=_p_counts(rng, [1] * len(existing), [sampled[code] for code in existing]),
        p_loss_to_gain=_p_counts(rng, *map(list, zip(*both, strict=True))) if all(a and b for a, b in both) else None,
        p_spread=spread,
        p_sets=_p_sets(rng, points) if len(set(points.sets)) > 1 else None,
    )


def _established(points: Points, raster: Raster, change: Codes) -> tuple[str, str, int, int | None]:
    if points.frame == REF:
        again, again_class = corners_reproduced(points, raster, change)
        if again == again_class == points.n:
            return SITE, "each corner of the raster with a class, equal probability, with replacement", again, again_class
        return NONE, "the draw cannot be repeated", again, again_class
    frames = {
        SITE: (np.ones(change.shape, np.bool_), "each pixel of the raster, equal probability; points without class dropped"),
        CHANGED: (change >= LOSS, "each pixel of mapped change, none outside: omission was never looked for"),
    }
    for name, (frame, why) in frames.items():
        if (again := pixels_reproduced(points, raster, frame)) == points.n:
            return name, why, again, None
    return (
        NONE,
        "mapped change and regions drawn by hand, which are not in the data; outside them the probability is 0",
        0,
        None,
    )


def _counts(classes: Codes) -> dict[int, int]:
    found = np.bincount(classes.ravel(), minlength=GAIN + 1)
    return {code: int(found[code]) for code in NAMES}


def _p_counts(rng: np.random.Generator, weights: list[int], observed: list[int]) -> float:
    """Simulated p-value of Pearson's statistic: some expected counts are below one."""
    share = np.array(weights, float) / sum(weights)
    n, live = sum(observed), share > 0
    if any(count and not ok for count, ok in zip(observed, live, strict=True)):
        return 0.0
    expected = (n * share)[live]
    drawn = rng.multinomial(n, share[live], DRAWS)
    statistics = ((drawn - expected) ** 2 / expected).sum(axis=1)
    mine = float(((np.array(observed)[live] - expected) ** 2 / expected).sum())
    return (1 + int((statistics >= mine - 1e-9).sum())) / (DRAWS + 1)


def _p_spread(classes: Codes, codes: Codes, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> float:
    """Pearson's statistic over blocks within each class, against as many units of the class drawn at random."""
    rng = np.random.default_rng(_SEED + 1)
    block_rows = np.arange(classes.shape[0]) * BLOCKS // classes.shape[0]
    block_cols = np.arange(classes.shape[1]) * BLOCKS // classes.shape[1]
    blocks = block_rows[:, None] * BLOCKS + block_cols[None, :]
    mine, drawn = 0.0, np.zeros(DRAWS)
    for code in (code for code in NAMES if (codes == code).any()):
        share = np.bincount(blocks[classes == code], minlength=BLOCKS**2).astype(float)
        share /= share.sum()
        picked = codes == code
        seen = np.bincount(blocks[np.minimum(rows[picked], len(block_rows) - 1), np.minimum(cols[picked], len(block_cols) - 1)],
                           minlength=BLOCKS**2)  # fmt: skip
        live = share > 0
        if seen[~live].any():
            return 0.0
        expected = (picked.sum() * share)[live]
        mine += float(((seen[live] - expected) ** 2 / expected).sum())
        drawn += ((rng.multinomial(int(picked.sum()), share[live], DRAWS) - expected) ** 2 / expected).sum(axis=1)
    return (1 + int((drawn >= mine - 1e-9).sum())) / (DRAWS + 1)


def _p_sets(rng: np.random.Generator, points: Points) -> float:
    """Permutation test of sets against classes."""
    sets = np.unique(points.sets, return_inverse=True)[1]
    table = np.zeros((sets.max() + 1, GAIN + 1))
    np.add.at(table, (sets, points.at_sampling), 1)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / points.n
    live = expected > 0

    def statistic(codes: Codes) -> float:
        seen = np.zeros_like(table)
        np.add.at(seen, (sets, codes), 1)
        return float(((seen - expected)[live] ** 2 / expected[live]).sum())

    mine = statistic(points.at_sampling)
    above = sum(statistic(rng.permutation(points.at_sampling)) >= mine - 1e-9 for _ in range(DRAWS // 5))
    return (1 + above) / (DRAWS // 5 + 1)


def shipped_class_differs(points: Points, raster: Raster) -> tuple[int, int]:
    """Points whose recorded class is not the raster's at the printed coordinate, and those no pixel meeting there explains."""
    differs = points.at_point != points.at_sampling
    explained = (around_point(points, raster) == points.at_sampling[:, None]).any(axis=1)
    return int(differs.sum()), int((differs & ~explained).sum())


def around_point(points: Points, raster: Raster) -> Codes:
    """Map classes of the four pixels that meet at each point on a corner (point, 4)."""
    change = np.pad(raster.change(points.y0, points.y1), 1, constant_values=NODATA)
    rows, cols = (np.rint(values).astype(int) + 1 for values in points.position(raster))
    return np.stack([change[rows + i, cols + j] for i in (-1, 0) for j in (-1, 0)], axis=1)
