"""Two-date differencing beside the detector, on the Romania sample: the cuts of 2017–2020 by year.

Two rivals that need nothing but two pictures:

- *annual*: loss in year Y where the median NDVI of summer Y lies more than a threshold below that of summer Y − 1;
- *two scenes*: one clear late-summer scene of 2016 against one of 2020, the plain before and after of the period.

Both get what the detector gets: the same scenes, masks, forest, boundary and minimum mapping unit.  The site has no
labels, so nothing here is an accuracy: it is agreement, and what the disagreements look like.

Run ``python benchmarks/two_date.py``; it writes ``results/two-date.json`` and ``results/two-date.png``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from mrv.activity.strata import EIGHT_NEIGHBOURS, loss_years
from mrv.change.change_map import ChangeMap
from mrv.cube import ndvi
from mrv.kernels.looks import NODATA
from mrv.pipeline import Result, compute
from mrv.project import load_project
from mrv.run import fetch_scenes, read_fetched, search_scenes
from mrv.sources.store import Store
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Index = NDArray[np.int16]
    Years = NDArray[np.int32]

ROOT = Path(__file__).resolve().parents[1]
OUT = Path(__file__).resolve().parent / "results"
YEARS = (2017, 2018, 2019, 2020)
SUMMER = (152, 243)
"""Days of the year in a composite: June to August."""
THRESHOLDS = (500, 750, 1000, 1500)
"""NDVI × 10⁴."""
SCENES = (date(2016, 8, 15), date(2020, 8, 29))
FLOOR = 900
"""Three times the detector's smallest scatter, NDVI × 10⁴: what counts as low here."""
RUN = 3


@dataclass(frozen=True)
class Cube:
    """All scenes of the window, screened or not."""

    days: NDArray[np.int32]
    """Days since 1970-01-01 (time,)."""
    doy: NDArray[np.int32]
    """Day of the year (time,)."""
    year: NDArray[np.int32]
    """Year (time,)."""
    used: Bools
    """Scenes that entered the detector (time,)."""
    shift: NDArray[np.int32]
    """What the detector took off each scene, NDVI × 10⁴ (time,)."""
    index: Index
    """NDVI × 10⁴ (time, y, x), ``NODATA`` where masked; not normalised."""
    colour: Index
    """Reflectance × 10⁴ (time, y, x, red green blue), ``NODATA`` where masked."""

    def summer(self, year: int) -> Bools:
        """Used scenes of a summer (time,)."""
        inside: Bools = self.used & (self.year == year) & (self.doy >= SUMMER[0]) & (self.doy <= SUMMER[1])
        return inside

    def composite(self, year: int, *, normalised: bool) -> Index:
        """Median NDVI × 10⁴ of a summer (y, x)."""
        chosen = self.index[self.summer(year)]
        if normalised:
            shift = self.shift[self.summer(year)][:, np.newaxis, np.newaxis]
            chosen = np.where(chosen == NODATA, NODATA, chosen - shift).astype(np.int16)
        return middle(chosen)


def middle(stack: Index) -> Index:
    """Median over time of int16 (time, …) without ``NODATA``; of two middle values the mean, rounded down."""
    ordered = np.sort(stack, axis=0).astype(np.int32)  # NODATA is the lowest value there is
    clear = (stack != NODATA).sum(axis=0)
    first = stack.shape[0] - clear
    low, high = (
        np.take_along_axis(ordered, np.minimum(first + rank, stack.shape[0] - 1)[np.newaxis], axis=0)[0]
        for rank in (np.maximum(clear - 1, 0) // 2, clear // 2)
    )
    return np.where(clear > 0, (low + high) // 2, NODATA).astype(np.int16)


def verify() -> Result:
    """Run the detector on the sample project, for the period that ends in 2020."""
    project = load_project(ROOT / "data-samples" / "romania")
    claim = project.plan.claim_for(None)
    fetched = read_fetched(fetch_scenes(project, search_scenes(project, claim)))
    return compute(project.plan, claim, project.boundary, fetched.scenes, store=Store(project.store_folder))


def read_cube(result: Result) -> Cube:
    """Every scene of a result as arrays."""
    rows, cols = result.grid.shape
    tile, reader = (slice(0, rows), slice(0, cols)), result.optical.survey.reader
    index, colour = [], []
    for layer in result.optical.survey.layers:
        clear = reader.clear(layer, tile)
        bands = {role: reader.reflectance(layer, role, tile) for role in ("red", "green", "blue", "nir")}
        index.append(ndvi(bands["red"], bands["nir"], clear))
        picture = np.stack([bands[role] for role in ("red", "green", "blue")], axis=2)
        colour.append(np.where(clear[..., np.newaxis], picture, NODATA))
    dates = [from_epoch_day(layer.day) for layer in result.optical.survey.layers]
    return Cube(
        days=np.array([layer.day for layer in result.optical.survey.layers], np.int32),
        doy=np.array([day.timetuple().tm_yday for day in dates], np.int32),
        year=np.array([day.year for day in dates], np.int32),
        used=np.array([status in {"used", "history"} for status in result.optical.survey.screened.status]),
        shift=np.array(result.optical.survey.screened.shift, np.int32),
        index=np.stack(index),
        colour=np.stack(colour).astype(np.int16),
    )


def as_loss(years: Years, result: Result) -> Years:
    """Put a map of years through the detector's own forest mask, mapping unit and boundary."""
    days = np.zeros(years.shape, np.int32)
    for year in YEARS:
        days[years == year] = epoch_day(date(year, 7, 1))
    change = ChangeMap(days, result.optical.change.confidence, result.optical.change.clear_count)
    loss = loss_years(
        change, result.forest, start=date(YEARS[0], 1, 1), end=date(YEARS[-1], 12, 31),
        minimum_px=result.statement.method.plan["project"]["forest"]["minimum_mapping_unit_px"],
    )  # fmt: skip
    return np.where(result.inside, loss, 0).astype(np.int32)


def annual(cube: Cube, result: Result, threshold: int, *, normalised: bool = False) -> Years:
    """First year in which the summer's median fell by more than a threshold (y, x); 0 without."""
    out = np.zeros(cube.index.shape[1:], np.int32)
    for year in YEARS:
        before, after = (cube.composite(which, normalised=normalised).astype(np.int32) for which in (year - 1, year))
        fell = (before != NODATA) & (after != NODATA) & (after - before < -threshold)
        out[(out == 0) & fell] = year
    return as_loss(out, result)


def two_scenes(cube: Cube, result: Result, threshold: int) -> Bools:
    """Loss between the two scenes (y, x)."""
    before, after = (cube.index[int(np.searchsorted(cube.days, epoch_day(day)))].astype(np.int32) for day in SCENES)
    fell = (before != NODATA) & (after != NODATA) & (after - before < -threshold)
    return as_loss(np.where(fell, YEARS[-1], 0).astype(np.int32), result) > 0


def longest_run(low: Bools, seen: Bools, since: Years, year: NDArray[np.int32]) -> NDArray[np.int32]:
    """Longest run of low clear observations from each pixel's year on (y, x)."""
    best = np.zeros(since.shape, np.int32)
    now = np.zeros(since.shape, np.int32)
    for low_t, seen_t, year_t in zip(low, seen, year, strict=True):
        counts = seen_t & (year_t >= since)
        now = np.where(counts, np.where(low_t, now + 1, 0), now).astype(np.int32)
        best = np.maximum(best, now)
    return best


@dataclass(frozen=True)
class Second:
    """A second look at every pixel that owes nothing to the detector: no screen, no normalisation, no model."""

    run_mean: NDArray[np.int32]
    """Longest run below the history's mean − 3 standard deviations (y, x)."""
    run_median: NDArray[np.int32]
    """Longest run more than 0.09 below the history's median (y, x)."""


def second_look(cube: Cube, since: Years) -> Second:
    """Summers only, every scene whether screened or not, since each pixel's year."""
    season = (cube.doy >= SUMMER[0]) & (cube.doy <= SUMMER[1])
    history, later = season & (cube.year < YEARS[0]), season & (cube.year >= YEARS[0])
    values = np.ma.masked_equal(cube.index[history].astype(np.float64), float(NODATA))
    strict = (values.mean(axis=0) - 3 * values.std(axis=0, ddof=1)).filled(-np.inf)
    plain = middle(cube.index[history]).astype(np.int32) - FLOOR
    index, year = cube.index[later], cube.year[later]
    runs = [longest_run(index < limit, index != NODATA, since, year) for limit in (strict, plain)]
    return Second(runs[0], runs[1])


def recovered(cube: Cube, years: Years) -> Bools:
    """Whether the last used observation of the loss's own year is back within 0.09 of the history's median (y, x)."""
    index = np.where(cube.index == NODATA, NODATA, cube.index - cube.shift[:, np.newaxis, np.newaxis])
    history = middle(index[cube.used & (cube.year < YEARS[0])].astype(np.int16))
    last = np.full(years.shape, NODATA, np.int32)
    for picture, year, used in zip(index, cube.year, cube.used, strict=True):
        seen = (picture != NODATA) & (years == year) & used
        last[seen] = picture[seen]
    back: Bools = last >= history.astype(np.int32) - FLOOR
    return back


def margin(cube: Cube, result: Result, years: Years) -> NDArray[np.int32]:
    """How far below the model an observation was anomalous when each pixel's year began, NDVI × 10⁴ (y, x)."""
    index = np.ascontiguousarray(cube.index[cube.used].transpose(1, 2, 0))
    starts = {year: int(np.argmax(cube.year[cube.used] >= year)) for year in (*YEARS, 0)}
    starts[0] = result.optical.model.history
    out = np.zeros(index.shape[:2], np.int32)
    for row, col in np.argwhere(result.forest & result.inside):
        fitted, limit = result.optical.model.fitted(index[row, col])
        at = starts[int(years[row, col])]
        out[row, col] = round(fitted[at] - limit[at])
    return out


def patches(mask: Bools) -> int:
    """Patches of a mask, eight neighbours."""
    return int(ndimage.label(mask, EIGHT_NEIGHBOURS)[1])


def alone(mask: Bools, other: Bools) -> Bools:
    """Pixels of the patches of ``mask`` that no pixel of ``other`` touches or overlaps."""
    labels, _ = ndimage.label(mask, EIGHT_NEIGHBOURS)
    met = np.unique(labels[ndimage.binary_dilation(other, EIGHT_NEIGHBOURS)])
    free: Bools = mask & ~np.isin(labels, met)
    return free


def quartiles(values: NDArray[Any]) -> list[int] | None:
    """Lower quartile, median, upper quartile; None of nothing."""
    return [int(value) for value in np.percentile(values, (25, 50, 75), method="lower")] if values.size else None


def describe(cube: Cube, group: Bools, years: Years, found: tuple[Second, Bools, NDArray[np.int32]]) -> dict[str, Any]:
    """What the pixels of a group look like; ``years`` says when each was lost."""
    second, back, below = found
    drop = np.zeros(years.shape, np.int32)
    for year in YEARS:
        fell = cube.composite(year, normalised=True).astype(np.int32) - cube.composite(year - 1, normalised=True)
        drop = np.where(years == year, fell, drop)
    return {
        "pixels": int(group.sum()),
        "patches": patches(group),
        "drop_ndvi_e4_quartiles": quartiles(drop[group & (years > 0)]),
        "margin_e4_quartiles": quartiles(below[group]),
        "run_of_3_below_mean_less_3_sd": int((group & (second.run_mean >= RUN)).sum()),
        "run_of_3_below_median_less_0.09": int((group & (second.run_median >= RUN)).sum()),
        "recovered_by_season_end": int((group & back & (years > 0)).sum()),
    }


def compare(cube: Cube, result: Result) -> dict[str, Any]:
    """The whole comparison, as JSON."""
    detector = np.where(result.activity.strata == 1, as_years(result.optical.change.break_day), 0).astype(np.int32)
    forest = result.forest & result.inside
    sweep = [row for normalised in (False, True) for row in _sweep(cube, result, detector, normalised=normalised)]
    pick = max((row for row in sweep if not row["normalised"]), key=lambda row: row["agreement_percent"])["threshold_e4"]
    rival = annual(cube, result, pick)
    either = np.where(detector > 0, detector, rival).astype(np.int32)
    both = (detector > 0) & (rival > 0)
    groups = {"both": both, "only detector": (detector > 0) & ~both, "only two-date": (rival > 0) & ~both,
              "neither": forest & (either == 0)}  # fmt: skip
    found = second_look(cube, either), recovered(cube, either), margin(cube, result, either)
    return {
        "schema": "mrv.bench.two-date/1",
        "statement": result.statement.digest(),
        "code_digest": result.statement.method.code_digest,
        "forest_px": int(forest.sum()),
        "summer_scenes": {str(year): int(cube.summer(year).sum()) for year in (YEARS[0] - 1, *YEARS)},
        "sweep": sweep,
        "pick_e4": pick,
        "years": [_year(year, detector, rival) for year in YEARS],
        "groups": {name: describe(cube, mask, either, found) for name, mask in groups.items()},
        "groups_by_year": {
            str(year): {name: describe(cube, mask & (either == year), either, found)
                        for name, mask in groups.items() if name != "neither"}
            for year in YEARS
        },
        "alone": {"detector": _alone(detector, rival), "two-date": _alone(rival, detector)},
        "beside_agreed_px": {name: int((mask & _near(both)).sum()) for name, mask in groups.items() if name != "both"},
        "found_after_summer": [_late(cube, result, detector, rival, year) for year in YEARS[:-1]],
        "two_scenes": {
            "dates": [str(day) for day in SCENES],
            "sweep": [_two_scenes(two_scenes(cube, result, threshold), threshold, detector) for threshold in THRESHOLDS],
        },
    }  # fmt: skip


def as_years(days: NDArray[np.int32]) -> Years:
    """Days since 1970-01-01 as years."""
    return (days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970).astype(np.int32)


def _sweep(cube: Cube, result: Result, detector: Years, *, normalised: bool) -> Iterable[dict[str, Any]]:
    for threshold in THRESHOLDS:
        rival = annual(cube, result, threshold, normalised=normalised)
        both = (rival > 0) & (detector > 0)
        yield {
            "threshold_e4": threshold,
            "normalised": normalised,
            "pixels": {str(year): int((rival == year).sum()) for year in YEARS},
            "both": int(both.sum()),
            "same_year": int((both & (rival == detector)).sum()),
            "only_detector": int(((detector > 0) & ~both).sum()),
            "only_two_date": int(((rival > 0) & ~both).sum()),
            "agreement_percent": int(100 * both.sum() // ((rival > 0) | (detector > 0)).sum()),
        }


def _year(year: int, detector: Years, rival: Years) -> dict[str, int]:
    mine, other = detector == year, rival == year
    return {
        "year": year,
        "detector_px": int(mine.sum()),
        "detector_patches": patches(mine),
        "two_date_px": int(other.sum()),
        "two_date_patches": patches(other),
        "both_same_year_px": int((mine & other).sum()),
        "both_other_year_px": int((mine & (rival > 0) & ~other).sum()),
        "only_detector_px": int((mine & (rival == 0)).sum()),
        "only_two_date_px": int((other & (detector == 0)).sum()),
    }


def _alone(mine: Years, other: Years) -> dict[str, Any]:
    by_year = {str(year): alone(mine == year, other > 0) for year in YEARS}
    return {year: {"pixels": int(mask.sum()), "patches": patches(mask)} for year, mask in by_year.items()}


def _near(mask: Bools) -> Bools:
    grown: Bools = ndimage.binary_dilation(mask, EIGHT_NEIGHBOURS)
    return grown


def _late(cube: Cube, result: Result, detector: Years, rival: Years, year: int) -> dict[str, int]:
    """What the detector dates after a summer, and whether the next summer is still low."""
    late = (detector == year) & (result.optical.change.break_day > epoch_day(date(year, 1, 1)) + SUMMER[1] - 1)
    before, after = (cube.composite(which, normalised=True).astype(np.int32) for which in (YEARS[0] - 1, year + 1))
    low = after < before - FLOOR
    mine = late & (rival == 0)
    return {
        "year": year,
        "pixels": int(late.sum()),
        "low_next_summer": int((late & low).sum()),
        "only_detector": int(mine.sum()),
        "only_detector_low_next_summer": int((mine & low).sum()),
    }


def _two_scenes(found: Bools, threshold: int, detector: Years) -> dict[str, Any]:
    return {
        "threshold_e4": threshold,
        "pixels": int(found.sum()),
        "both": int((found & (detector > 0)).sum()),
        "only_two_scenes": int((found & (detector == 0)).sum()),
        "missed_by_year": {str(year): int(((detector == year) & ~found).sum()) for year in YEARS},
    }


def draw(cube: Cube, result: Result, report: dict[str, Any], path: Path) -> None:
    """One row a year: true colour of the summer, two-date, detector, and who says what."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    detector = np.where(result.activity.strata == 1, as_years(result.optical.change.break_day), 0)
    rival = annual(cube, result, report["pick_e4"])
    pictures = _true_colour(cube, result)
    mpl.rcParams["svg.hashsalt"] = "mrv"
    figure = Figure(figsize=(12.4, 13), dpi=110, layout="constrained")
    axes = figure.subplots(len(YEARS), 4)
    grey, orange, blue, red = (0.55, 0.55, 0.55), (0.84, 0.37, 0.0), (0.0, 0.3, 0.85), (0.85, 0.1, 0.1)
    titles = ("true colour, summer median", f"two-date, fall > {report['pick_e4'] / 1e4:.2f}", "detector", "who says what")
    for row, year in enumerate(YEARS):
        mine, other = detector == year, rival == year
        verdict = _paint(result, {grey: (mine & (rival > 0)) | (other & (detector > 0)), red: mine & (rival == 0),
                                  blue: other & (detector == 0)})  # fmt: skip
        shown = (pictures[year], _paint(result, {orange: other}), _paint(result, {orange: mine}), verdict)
        for col, (axis, image) in enumerate(zip(axes[row], shown, strict=True)):
            axis.imshow(image, interpolation="nearest")
            axis.contour(result.inside, [0.5], colors="black", linewidths=0.8)
            axis.set(xticks=[], yticks=[])
            if row == 0:
                axis.set_title(titles[col], fontsize=11)
        axes[row][0].set_ylabel(f"{year} ({report['summer_scenes'][str(year)]} scenes)", fontsize=12)
    handles = [Patch(color=grey, label="both (in either year)"), Patch(color=red, label="only the detector"),
               Patch(color=blue, label="only two-date")]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=11)
    figure.savefig(path, metadata={"Software": None})


def _true_colour(cube: Cube, result: Result) -> dict[int, NDArray[np.float64]]:
    medians = {
        year: np.stack([middle(cube.colour[cube.summer(year)][..., band]) for band in range(3)], axis=2) for year in YEARS
    }
    seen = np.concatenate([image[result.forest & (image != NODATA).all(axis=2)] for image in medians.values()])
    low, high = np.percentile(seen, (1, 99), axis=0)
    return {year: np.clip((image - low) / (high - low), 0, 1) for year, image in medians.items()}


def _paint(result: Result, layers: dict[tuple[float, float, float], Bools]) -> NDArray[np.float64]:
    image = np.where((result.forest & result.inside)[..., np.newaxis], (0.9, 0.93, 0.88), (1.0, 1.0, 1.0))
    for colour, mask in layers.items():
        image[mask] = colour
    return image


def show(report: dict[str, Any]) -> None:
    """Print the comparison as Markdown."""
    print("| threshold | scenes | two-date px | both | same year | only detector | only two-date | agreement |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for row in report["sweep"]:
        kind, total = "shift taken off" if row["normalised"] else "as they are", sum(row["pixels"].values())
        print(f"| {row['threshold_e4'] / 1e4:.3f} | {kind} | {total} | {row['both']} | {row['same_year']} | "
              f"{row['only_detector']} | {row['only_two_date']} | {row['agreement_percent']} % |")  # fmt: skip
    print(f"\nthreshold {report['pick_e4'] / 1e4:.2f}\n")
    print("| year | detector px (patches) | two-date px (patches) | both | only detector | only two-date |")
    print("|---|--:|--:|--:|--:|--:|")
    for row in report["years"]:
        print(f"| {row['year']} | {row['detector_px']} ({row['detector_patches']}) | {row['two_date_px']} "
              f"({row['two_date_patches']}) | {row['both_same_year_px'] + row['both_other_year_px']} | "
              f"{row['only_detector_px']} | {row['only_two_date_px']} |")  # fmt: skip
    print("\n| group | px | patches | NDVI fall | detector's margin | low run, sd | low run, 0.09 | green by autumn |")
    print("|---|--:|--:|---|---|--:|--:|--:|")
    named = list(report["groups"].items()) + [
        (f"{name}, {year}", row) for year, rows in report["groups_by_year"].items() for name, row in rows.items()
    ]
    for name, row in named:
        print(f"| {name} | {row['pixels']} | {row['patches']} | {_span(row['drop_ndvi_e4_quartiles'])} | "
              f"{_span(row['margin_e4_quartiles'])} | {row['run_of_3_below_mean_less_3_sd']} | "
              f"{row['run_of_3_below_median_less_0.09']} | {row['recovered_by_season_end']} |")  # fmt: skip
    print("\npatches the other never touches:", json.dumps(report["alone"]))
    print("beside agreed loss:", json.dumps(report["beside_agreed_px"]))
    print("dated after the summer:", json.dumps(report["found_after_summer"]))
    print(f"\n| {' to '.join(report['two_scenes']['dates'])}, threshold | px | both | only two scenes | missed by year |")
    print("|---|--:|--:|--:|---|")
    for row in report["two_scenes"]["sweep"]:
        missed = ", ".join(f"{year}: {count}" for year, count in row["missed_by_year"].items())
        print(f"| {row['threshold_e4'] / 1e4:.3f} | {row['pixels']} | {row['both']} | {row['only_two_scenes']} | {missed} |")


def _span(values: list[int] | None) -> str:
    return "–" if values is None else f"{values[1] / 1e4:.2f} ({values[0] / 1e4:.2f} to {values[2] / 1e4:.2f})"


def main() -> None:
    """Compare, print, write."""
    result = verify()
    cube = read_cube(result)
    report = compare(cube, result)
    show(report)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "two-date.json").write_text(json.dumps(report, indent=1) + "\n")
    draw(cube, result, report, OUT / "two-date.png")


if __name__ == "__main__":
    main()
