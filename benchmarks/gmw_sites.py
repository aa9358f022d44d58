"""Global Mangrove Watch change sites: how the points were drawn, and what may be said about area from them.

Mapped loss and gain stand beside error-adjusted areas wherever the inclusion probabilities can be established, pooled with
sites as strata and by site; elsewhere there are sample counts and no interval of an area.  The estimators and intervals are
the product's (:mod:`mrv.activity.estimators`, :mod:`mrv.uncertainty.intervals`).

Run ``python benchmarks/gmw_sites.py [--data FOLDER]``; it writes ``results/gmw_sites.json`` and ``results/gmw_sites.md``.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gmw_data import (
    CHANGE,
    GAIN,
    LOSS,
    NAMES,
    REF,
    SHORT,
    class_areas_m2,
    lattice_class,
    read_points,
    read_raster,
    read_roi,
    row_areas_mm2,
)
from gmw_design import CHANGED, NONE, SITE, Design, around_point, examine, shipped_class_differs
from gmw_tables import as_markdown, rounded

from mrv.activity.estimators import DesignStratum, Estimate, covariance, estimate, post_stratified, total
from mrv.uncertainty.intervals import Z95, interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gmw_data import Points

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "gmw-change-sites"
OUT = Path(__file__).resolve().parent / "results"
FEWEST = 10
"""Points a post-stratum needs."""
PUBLISHED = {LOSS: (60.6, 56.1, 64.8), GAIN: (58.1, 52.4, 63.9)}
"""F1 and its 95 % interval, %, over all 38 sites (sample counts)."""
RESAMPLES = 2000


@dataclass(frozen=True)
class Survey:
    """One frame of points at one site and pair of years, examined."""

    points: Points
    """The points."""
    design: Design
    """How they were drawn."""
    mapped_m2: dict[int, int]
    """Mapped area of each class in the raster."""
    frame_m2: dict[int, int]
    """Area that the units of each class stand for: corners or pixels, each the area of a pixel of its row."""
    outside_roi: int
    """Points outside the region of interest (the raster is a pixel or two wider)."""
    differs: tuple[int, int]
    """Points whose recorded class is not the raster's at the printed coordinate; those that no adjacent pixel explains."""

    def pairs(self) -> Counter[tuple[int, int]]:
        """Points by recorded and interpreted class."""
        return Counter(zip(self.points.at_sampling.tolist(), self.points.reference.tolist(), strict=True))

    def stratum(self) -> DesignStratum:
        """The whole site as one stratum; its draw was with replacement, so no correction for a finite population."""
        units = sum(self.design.population.values())
        return DesignStratum(self.points.name, sum(self.frame_m2.values()), units, self.points.n)

    def transitions(self, code: int) -> dict[tuple[bool, bool], int]:
        """Points by whether the map and whether the reference says a class."""
        found = {(mapped, real): 0 for mapped in (True, False) for real in (True, False)}
        for (mapped, real), count in self.pairs().items():
            found[mapped == code, real == code] += count
        return found


def survey(folder: Path, points: Points) -> Survey:
    """Examine one frame of points."""
    raster, rows = read_raster(folder, points.site), row_areas_mm2(folder, points.site)
    design, change = examine(points, raster), raster.change(points.y0, points.y1)
    units = lattice_class(raster, change) if design.place == "corner" else change
    west, south, east, north = read_roi(folder, points.site)
    edge = 1e-6
    inside = (west - edge < points.lon) & (points.lon < east + edge) & (south - edge < points.lat) & (points.lat < north + edge)
    mapped, frame = (class_areas_m2(classes, rows) for classes in (change, units))
    differs = shipped_class_differs(points, raster) if points.frame == REF else (0, 0)
    return Survey(points, design, mapped, frame, int((~inside).sum()), differs)


def area_row(name: str, mapped_m2: int, result: Estimate, counts: tuple[int, int]) -> dict[str, Any]:
    """One estimated area with its 95 % intervals, ha."""
    score, wald = (interval(result.shape, z=Z95, method=method) for method in ("score", "wald"))
    return {
        "name": name, "mapped_ha": mapped_m2 / 1e4, "estimate_ha": float(result.area_m2) / 1e4,
        "se_ha": float(result.standard_error_m2) / 1e4, "score95_ha": [float(score.low) / 1e4, float(score.high) / 1e4],
        "wald95_ha": [float(wald.low) / 1e4, float(wald.high) / 1e4], "points_mapped": counts[0], "points_reference": counts[1],
    }  # fmt: skip


def pooled(surveys: Sequence[Survey], code: int) -> list[dict[str, Any]]:
    """Area of a class over all sites of a frame: sites are strata.

    *Direct* uses the interpreted class alone; *difference* adds to the map the mean of reference − map (slope 1) and
    *regression* that of reference − slope × map with the combined least-squares slope (Cochran 1977 §7.10): any
    equal-probability sample may, however few points of the class it holds.
    """
    strata = [one.stratum() for one in surveys]
    tables = [one.transitions(code) for one in surveys]
    mapped = sum(one.mapped_m2[code] for one in surveys)
    hits = [table[True, True] + table[False, True] for table in tables]
    seen = (sum(table[True, True] + table[True, False] for table in tables), sum(hits))
    base = sum(one.frame_m2[code] for one in surveys)
    rows = [area_row("direct", mapped, estimate(strata, hits, fpc=False), seen)]
    for name, slope in (("difference", Fraction(1)), ("regression", _slope(strata, tables))):
        residual = {key: int(key[1]) - slope * int(key[0]) for key in tables[0]}
        row = area_row(name, mapped, total(strata, tables, residual, fpc=False), seen) | {"slope": float(slope)}
        for key in ("estimate_ha", "score95_ha", "wald95_ha"):
            value, by = row[key], float(slope * base) / 1e4
            row[key] = [part + by for part in value] if isinstance(value, list) else value + by
        rows.append(row)
    return rows


def _slope(strata: Sequence[DesignStratum], tables: Sequence[dict[tuple[bool, bool], int]]) -> Fraction:
    """Covariance of the two estimated areas over the variance of the mapped one."""
    joint = [table[True, True] for table in tables]
    mapped = [table[True, True] + table[True, False] for table in tables]
    real = [table[True, True] + table[False, True] for table in tables]
    return covariance(strata, joint, mapped, real, fpc=False) / estimate(strata, mapped, fpc=False).variance_m4


def confirmed(one: Survey) -> list[dict[str, Any]] | None:
    """Where only mapped change was drawn from: how much of it is real. Nothing about what the map missed."""
    if one.design.established != CHANGED:
        return None
    rows, pairs = [], one.pairs()
    for code in (LOSS, GAIN):
        n, hit = one.design.sampled[code], pairs[code, code]
        stratum = DesignStratum(SHORT[code], one.frame_m2[code], one.design.population[code], n)
        rows.append(area_row(SHORT[code], one.mapped_m2[code], estimate([stratum], [hit], fpc=False), (n, hit)))
    return rows


def neighbours(folder: Path, surveys: Sequence[Survey]) -> dict[str, list[int]]:
    """By class: points with a pixel of it among the four that meet there, and those of them that the reference confirms."""
    found = {SHORT[code]: [0, 0] for code in (LOSS, GAIN)}
    for one in surveys:
        around = around_point(one.points, read_raster(folder, one.points.site))
        for code in (LOSS, GAIN):
            real = one.points.reference == code
            near = (around == code).any(axis=1)
            found[SHORT[code]][0] += int((real & near).sum())
            found[SHORT[code]][1] += int(near.sum())
    return found


def post_strata(one: Survey) -> list[dict[str, Any]] | str:
    """Olofsson's table of one site, the map's classes as post-strata; or why not."""
    few = [f"{SHORT[code]} {one.design.sampled[code]}" for code in NAMES if one.design.sampled[code] < FEWEST]
    if one.design.established != SITE:
        return one.design.why
    if few:
        return f"fewer than {FEWEST} points in {', '.join(few)}"
    strata = [DesignStratum(SHORT[c], one.frame_m2[c], one.design.population[c], one.design.sampled[c]) for c in NAMES]
    pairs, rows = one.pairs(), []
    for code in (LOSS, GAIN):
        hits = [pairs[mapped, code] for mapped in NAMES]
        result = post_stratified(strata, hits, fpc=False)
        rows.append(area_row(SHORT[code], one.mapped_m2[code], result, (one.design.sampled[code], sum(hits))))
    return rows


def agreement(surveys: Sequence[Survey], code: int) -> dict[str, Any]:
    """User's and producer's accuracy and F1 of a class as sample counts, with a bootstrap over points for F1.

    The producers' file calls the first *producer_accuracy* and the second *user_accuracy*: swapped.
    """
    both = np.concatenate([np.stack([one.points.at_sampling == code, one.points.reference == code]) for one in surveys], axis=1)

    def counts(sample: Any) -> tuple[int, int, int]:
        return int((sample[0] & sample[1]).sum()), int(sample[0].sum()), int(sample[1].sum())

    hit, mapped, real = counts(both)
    rng = np.random.default_rng(7)
    again = [counts(both[:, rng.integers(0, both.shape[1], both.shape[1])]) for _ in range(RESAMPLES)]
    scores = sorted(200 * a / (b + c) for a, b, c in again if b + c)
    return {
        "class": SHORT[code], "points": both.shape[1], "both": hit, "mapped": mapped, "reference": real,
        "users_percent": 100 * hit / mapped, "producers_percent": 100 * hit / real, "f1_percent": 200 * hit / (mapped + real),
        "f1_bootstrap95": [scores[int(0.025 * len(scores))], scores[int(0.975 * len(scores))]],
    }  # fmt: skip


def report(folder: Path) -> dict[str, Any]:
    """Everything the tables show."""
    surveys = [survey(folder, points) for points in read_points(folder)]
    frames = {frame: [one for one in surveys if one.points.frame == frame] for frame in (REF, CHANGE)}
    usable = [one for one in frames[REF] if one.design.established == SITE]
    rows = []
    for one in surveys:
        strata = post_strata(one)
        rows.append({
            "frame": one.points.frame, "site": one.points.site, "y0": one.points.y0, "y1": one.points.y1, "n": one.points.n,
            "sets": len(set(one.points.sets)), "outside_roi": one.outside_roi, "differs": list(one.differs),
            "design": asdict(one.design), "mapped_ha": {SHORT[c]: one.mapped_m2[c] / 1e4 for c in NAMES},
            "frame_ha": {SHORT[c]: one.frame_m2[c] / 1e4 for c in NAMES},
            "post_stratified": strata if isinstance(strata, list) else None,
            "confirmed": confirmed(one),
            "insufficient": strata if isinstance(strata, str) else None,
            "direct": [area_row(SHORT[c], one.mapped_m2[c], *_direct(one, c)) for c in (LOSS, GAIN)]
            if one.design.established == SITE else None,
        })  # fmt: skip
    return {
        "sites": len({one.points.site for one in surveys}), "points": sum(one.points.n for one in surveys),
        "verdicts": {v: sum(one.design.established == v for one in surveys) for v in (SITE, CHANGED, NONE)},
        "pairs": rows,
        "pooled": {SHORT[code]: pooled(usable, code) for code in (LOSS, GAIN)},
        "pooled_sites": len(usable),
        "any_of_four": neighbours(folder, frames[REF]),
        "agreement": {
            name: [agreement(part, code) for code in (LOSS, GAIN)] for name, part in {**frames, "both": surveys}.items()
        },
        "published_f1": {SHORT[code]: list(value) for code, value in PUBLISHED.items()},
    }  # fmt: skip


def _direct(one: Survey, code: int) -> tuple[Estimate, tuple[int, int]]:
    table = one.transitions(code)
    real = table[True, True] + table[False, True]
    return estimate([one.stratum()], [real], fpc=False), (table[True, True] + table[True, False], real)


def main() -> None:
    """Write the results and print the tables."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER", help="folder of the change sites")
    result = report(parser.parse_args().data)
    OUT.mkdir(exist_ok=True)
    (OUT / "gmw_sites.json").write_text(json.dumps(rounded(result), indent=1) + "\n")
    text = as_markdown(result)
    (OUT / "gmw_sites.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
