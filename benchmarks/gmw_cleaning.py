"""Global Mangrove Watch change sites: change after the clean-up of extent maps, held against the interpreted points.

``python benchmarks/gmw_cleaning.py --choose`` seeks the rules on the choosing half of the sites and writes
``results/gmw-cleaning-rules.json``; without it the rules are read from there and both maps are scored on the other half:
``results/gmw-cleaning.json``, ``.md`` and ``.png``.  The folder of the data is ``$MRV_SHARED_DATA/gmw-change-sites``.
"""

from __future__ import annotations

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gmw_cleaning_tables import as_markdown, draw_picture
from gmw_data import CHANGE, GAIN, LOSS, REF, SHORT, Raster, class_areas_m2, read_points, read_raster, row_areas_mm2
from gmw_design import SITE, examine
from gmw_scores import Judged, class_at_points, compare
from gmw_split import CHOOSING, REPORTING
from gmw_tables import rounded

from mrv.change.extent_cleaning import CleaningRules, clean_stack

if TYPE_CHECKING:
    from collections.abc import Collection

    from gmw_data import Codes, Points

ROOT = Path(__file__).resolve().parents[1]
OUT = Path(__file__).resolve().parent / "results"
SENSORS = ("JERS-1", *["PALSAR"] * 4, *["PALSAR-2"] * 6)
"""Radar of each epoch. All maps are of one version of the algorithm, so this is the only step that they can have."""
SEARCH: dict[str, tuple[Any, ...]] = {
    "persist": (1, 2, 3),
    "minimum_px": (1, 4, 16),
    "rim_px": (0, 1, 2),
    "rim_persist": (3, 12),
    "settle": (1, 2),
    "last_loss": (True, False),
    "last_gain": (True, False),
    "window": (1, 3),
    "sensors": (False, True),
}
"""Values that are tried."""
STARTS = tuple(
    {**asdict(rules), "sensors": False}
    for rules in (CleaningRules(), CleaningRules(persist=2, minimum_px=4, rim_px=1, rim_persist=3))
)
"""Where the search starts from."""
PICTURED = 14


def data_folder() -> Path:
    """Where the change sites are."""
    return Path(os.environ.get("MRV_SHARED_DATA") or ROOT.parent / "shared" / "data") / "gmw-change-sites"


def cleaned(raster: Raster, rules: dict[str, Any]) -> Raster:
    """The maps of a site after the clean-up."""
    fixed = CleaningRules(**{key: value for key, value in rules.items() if key != "sensors"})
    found = clean_stack(raster.stack, fixed, versions=SENSORS if rules["sensors"] else None)
    return replace(raster, stack=found.states)


@lru_cache(maxsize=1)
def _all_points(folder: Path) -> tuple[Points, ...]:
    return tuple(read_points(folder))


@lru_cache(maxsize=32)
def _raster(folder: Path, site: int) -> Raster:
    return read_raster(folder, site)


@lru_cache(maxsize=64)
def _weight_ha(folder: Path, frame: str, site: int) -> float:
    """Area that a point stands for, where the frame is the whole raster at equal probability."""
    one = next(one for one in _all_points(folder) if (one.frame, one.site) == (frame, site))
    raster = read_raster(folder, site)
    if examine(one, raster).established != SITE:
        return 1.0
    valid = class_areas_m2(raster.change(one.y0, one.y1), row_areas_mm2(folder, site))
    return sum(valid.values()) / 1e4 / one.n


@lru_cache(maxsize=32)
def _cleaned(folder: Path, site: int, rules: str) -> Raster:
    return cleaned(_raster(folder, site), json.loads(rules))


def judge(folder: Path, sites: Collection[int], rules: dict[str, Any], *, weighted: bool) -> dict[str, list[Judged]]:
    """The points of the sites under both maps, by frame."""
    found: dict[str, list[Judged]] = {REF: [], CHANGE: []}
    for site in sorted(sites):
        raster = _raster(folder, site)
        after = _cleaned(folder, site, json.dumps(rules))
        for one in (one for one in _all_points(folder) if one.site == site):
            classes = [class_at_points(one, raster, maps.change(one.y0, one.y1)) for maps in (raster, after)]
            known = weighted and one.frame == REF
            found[one.frame].append(Judged(one, _weight_ha(folder, one.frame, site) if known else 1.0, *classes))
    return found


def objective(folder: Path, rules: dict[str, Any]) -> float:
    """Mean of four F1: loss and gain on the choosing sites, design-weighted for one frame, counted for the other."""
    total = 0.0
    for group in judge(folder, CHOOSING, rules, weighted=True).values():
        for code in (LOSS, GAIN):
            table = [(one.weight, one.cleaned == code, one.points.reference == code) for one in group]
            both = sum(weight * (a & b).sum() for weight, a, b in table)
            total += 200 * both / sum(weight * (int(a.sum()) + int(b.sum())) for weight, a, b in table)
    return float(total / 4)


def choose(folder: Path) -> dict[str, Any]:
    """The better end of two searches, one from rules that ask nothing and one from rules that ask something of each kind."""
    with ProcessPoolExecutor(len(STARTS)) as pool:
        found = list(pool.map(_climb, [folder] * len(STARTS), STARTS))
    best = max(found, key=lambda one: one["mean_f1"])
    return {"sites": list(CHOOSING), "rules": best["rules"], "mean_f1": best["mean_f1"], "searches": found}


def _climb(folder: Path, start: dict[str, Any]) -> dict[str, Any]:
    """Change one rule after another while that helps, in a fixed order; ties keep the value that is there."""
    best, rules = objective(folder, start), dict(start)
    trace: list[dict[str, Any]] = [{"start": start, "mean_f1": round(best, 3)}]
    moved = True
    while moved:
        moved = False
        for name, values in SEARCH.items():
            for value in values:
                if value == rules[name] or (name == "rim_persist" and rules["rim_px"] == 0):
                    continue
                tried = {**rules, name: value}
                score = objective(folder, tried)
                print(name, value, round(score, 3), flush=True)
                trace.append({name: value, "mean_f1": round(score, 3), "kept": bool(score > best + 1e-9)})
                if score > best + 1e-9:
                    best, rules, moved = score, tried, True
    return {"rules": rules, "mean_f1": round(best, 3), "trace": trace}


def areas(folder: Path, sites: Collection[int], rules: dict[str, Any]) -> dict[str, Any]:
    """Mapped area of change under both maps and the area that the equal-probability points find, summed over sites."""
    sums = {SHORT[code]: [0.0, 0.0, 0.0] for code in (LOSS, GAIN)}
    for one in (one for one in _all_points(folder) if one.frame == REF and one.site in sites):
        rows = row_areas_mm2(folder, one.site)
        for at, maps in enumerate((_raster(folder, one.site), _cleaned(folder, one.site, json.dumps(rules)))):
            mapped = class_areas_m2(maps.change(one.y0, one.y1), rows)
            for code in (LOSS, GAIN):
                sums[SHORT[code]][at] += mapped[code] / 1e4
        for code in (LOSS, GAIN):
            sums[SHORT[code]][2] += int((one.reference == code).sum()) * _weight_ha(folder, REF, one.site)
    return {name: dict(zip(("raw_ha", "cleaned_ha", "sample_ha"), values, strict=True)) for name, values in sums.items()}


def moved_maps(stack: Codes, *, half: bool) -> Codes:
    """Every map moved right and down by a pixel, or by half of one (the majority of the four it then covers)."""
    whole = np.roll(stack, (1, 1), axis=(1, 2))
    if not half:
        return whole
    four = [np.roll(stack, (down, right), axis=(1, 2)) for down in (0, 1) for right in (0, 1)]
    forest = np.sum([one == 1 for one in four], axis=0)
    valid = np.all([one != 0 for one in four], axis=0)
    return np.where(valid, np.where(forest > 2, 1, np.where(forest < 2, 2, stack)), 0).astype(np.uint8)


def version_steps(folder: Path, sites: Collection[int]) -> list[dict[str, Any]]:
    """A step of version laid over the real maps of 2015 on: change from 2010 to 2015 as mapped, and under the rule."""
    names, rules, rows = ["a"] * 5 + ["b"] * 6, CleaningRules(), []
    for label, half in (("none", None), ("half a pixel", True), ("one pixel", False)):
        row: dict[str, Any] = {"shift": label, "raw_px": 0, "rule_px": 0, "symmetric_px": 0, "net_px": 0, "stepped_sites": 0}
        for site in sorted(sites):
            stack = _raster(folder, site).stack
            if half is not None:
                stack = np.concatenate([stack[:5], moved_maps(stack[5:], half=half)])
            found = clean_stack(stack, rules, versions=names)
            valid = (stack[4] != 0) & (stack[5] != 0)
            row["raw_px"] += int((valid & (stack[4] != stack[5])).sum())
            row["rule_px"] += int((valid & (found.states[4] != found.states[5])).sum())
            row["symmetric_px"] += found.steps[0].symmetric_px
            row["net_px"] += found.steps[0].net_px
            row["stepped_sites"] += found.steps[0].width_px > 0
        rows.append(row)
    return rows


def report(folder: Path, rules: dict[str, Any]) -> dict[str, Any]:
    """All that the tables show."""

    def scores(sites: Collection[int]) -> list[dict[str, Any]]:
        rows = []
        for weighted in (True, False):
            for frame, group in judge(folder, sites, rules, weighted=weighted).items():
                if weighted and frame != REF:
                    continue
                rows += [{"frame": frame, "weighted": weighted, **compare(group, code)} for code in (LOSS, GAIN)]
        return rows

    return {
        "choosing": list(CHOOSING), "reporting": list(REPORTING), "rules": rules,
        "scores": {"reporting": scores(REPORTING), "choosing": scores(CHOOSING)},
        "areas": {"reporting": areas(folder, REPORTING, rules), "choosing": areas(folder, CHOOSING, rules)},
        "version_step": version_steps(folder, REPORTING),
    }  # fmt: skip


def main() -> None:
    """Choose the rules, or report under them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--choose", action="store_true", help="seek the rules on the choosing half")
    folder = data_folder()
    if not folder.is_dir():
        print(f"skipped: no {folder} (third-party data; set MRV_SHARED_DATA)")
        return
    chosen = OUT / "gmw-cleaning-rules.json"
    if parser.parse_args().choose:
        chosen.write_text(json.dumps(choose(folder), indent=1) + "\n")
        print(chosen.read_text())
        return
    rules = json.loads(chosen.read_text())["rules"]
    result = report(folder, rules)
    (OUT / "gmw-cleaning.json").write_text(json.dumps(rounded(result), indent=1) + "\n")
    text = as_markdown(result)
    (OUT / "gmw-cleaning.md").write_text(text)
    raster = _raster(folder, PICTURED)
    points = next(one for one in _all_points(folder) if (one.site, one.frame) == (PICTURED, CHANGE))
    draw_picture(raster, _cleaned(folder, PICTURED, json.dumps(rules)), points, OUT / "gmw-cleaning.png")
    print(text)


if __name__ == "__main__":
    main()
