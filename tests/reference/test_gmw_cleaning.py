"""Clean-up of extent maps on the Global Mangrove Watch change sites: the split, the scores, the rule of versions."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import gmw_cleaning
import gmw_scores
import gmw_split
import numpy as np
import pytest
from gmw_data import CHANGE, GAIN, LOSS, REF, Points, Raster, read_points, read_raster
from scipy import stats

from mrv.change.extent_cleaning import CleaningRules, clean_stack

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("MRV_SHARED_DATA") or ROOT.parent / "shared" / "data") / "gmw-change-sites"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the change sites (third-party data) are not beside this checkout")


def test_the_split_was_fixed_beforehand():
    assert gmw_split.CHOOSING == (1, 3, 4, 8, 9, 11, 13, 17, 22, 23, 27, 28, 30)
    assert gmw_split.REPORTING == (5, 7, 14, 15, 19, 20, 25, 31, 33, 34, 35, 37, 38)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 1), (12, 30), (200, 150)])
def test_mcnemar_against_scipy(gained, lost):
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert gmw_scores.mcnemar_p(gained, lost) == pytest.approx(expected, rel=1e-9)


def judged(raw, cleaned, reference, weight=1.0, site=1):
    n = len(reference)
    points = Points(site, 2019, 2020, REF, ("a",) * n, np.zeros(n), np.zeros(n), raw, raw, reference)
    return gmw_scores.Judged(points, weight, np.array(raw, np.uint8), np.array(cleaned, np.uint8))


def test_f1_and_paired_interval_by_hand():
    reference = np.array([LOSS] * 10 + [1] * 90, np.uint8)
    raw = np.array([LOSS] * 5 + [1] * 5 + [LOSS] * 10 + [1] * 80, np.uint8)
    cleaned = np.array([LOSS] * 5 + [1] * 5 + [LOSS] * 2 + [1] * 88, np.uint8)
    row = gmw_scores.compare([judged(raw, cleaned, reference)], LOSS)
    assert row["raw"]["f1_percent"] == pytest.approx(200 * 5 / 25)
    assert row["cleaned"]["f1_percent"] == pytest.approx(200 * 5 / 17)
    assert row["difference95"][0] <= row["difference"] <= row["difference95"][1]
    assert row["difference95"][0] > 0
    assert (row["right_only_raw"], row["right_only_cleaned"]) == (0, 8)
    assert row["mcnemar_p"] == pytest.approx(2 / 2**8)


def test_weights_are_areas():
    reference = np.array([LOSS, 1], np.uint8)
    good, bad = judged(reference, reference, reference, 3.0), judged(reference[::-1], reference, reference, 1.0, 2)
    row = gmw_scores.compare([good, bad], LOSS)
    assert row["raw"]["f1_percent"] == pytest.approx(200 * 3 / 8)
    assert row["cleaned"]["f1_percent"] == 100.0


def test_equal_maps_differ_by_nothing():
    reference = np.array([LOSS] * 4 + [1] * 40, np.uint8)
    row = gmw_scores.compare([judged(reference[::-1], reference[::-1], reference)], LOSS)
    assert row["difference"] == 0.0
    assert row["difference95"] == [0.0, 0.0]
    assert row["mcnemar_p"] == 1.0


def test_half_a_pixel_and_a_pixel():
    stack = np.full((1, 40, 40), 2, np.uint8)
    stack[0, 10:30, 10:30] = 1
    whole, half = (gmw_cleaning.moved_maps(stack, half=half) for half in (False, True))
    assert (whole[0] == np.roll(stack[0], (1, 1), (0, 1))).all()
    assert 0 < (half != stack).sum() < (whole != stack).sum()


def test_without_data_it_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MRV_SHARED_DATA", str(tmp_path / "nothing"))
    monkeypatch.setattr(sys, "argv", ["gmw_cleaning.py"])
    gmw_cleaning.main()
    assert "skipped" in capsys.readouterr().out


@needs_data
def test_classes_at_points_are_the_producers():
    for one in read_points(DATA):
        if one.site in {1, 4, 14}:
            raster = read_raster(DATA, one.site)
            found = gmw_scores.class_at_points(one, raster, raster.change(one.y0, one.y1))
            assert (found == one.at_sampling).all(), one.name


@needs_data
def test_rules_that_ask_nothing_leave_the_maps_and_the_scores():
    rules = {**gmw_cleaning.STARTS[0]}
    group = gmw_cleaning.judge(DATA, (14,), rules, weighted=False)[CHANGE]
    row = gmw_scores.compare(group, LOSS)
    assert row["difference"] == 0.0
    assert row["raw"]["mapped"] == 122


@needs_data
@pytest.mark.parametrize(("half", "px"), [(True, 5_581), (False, 26_274)])
def test_a_step_laid_over_real_maps_vanishes(half, px):
    """Site 19: the map of 2015 repeated, and moved by half a pixel or one under another version: what the step adds goes."""
    raster = read_raster(DATA, 19)
    same = np.concatenate([raster.stack[:6], raster.stack[5:6], raster.stack[5:6]])
    moved = same.copy()
    moved[6:] = gmw_cleaning.moved_maps(same[6:], half=half)
    found = clean_stack(moved, CleaningRules(), versions=["a"] * 6 + ["b"] * 2)
    valid = (moved[5] > 0) & (moved[6] > 0)
    assert int(((moved[5] != moved[6]) & valid).sum()) == px
    assert int(((found.states[5] != found.states[6]) & valid).sum()) <= 0.001 * px
    assert found.steps[0].symmetric_px > 6 * abs(found.steps[0].net_px)


@needs_data
def test_erosion_laid_over_real_maps_remains():
    """Site 19: forest recedes by a pixel an epoch from all its edges, six times; the clean-up keeps it whole."""
    from scipy import ndimage

    forest = read_raster(DATA, 19).stack[0] == 1
    maps = [forest]
    for _ in range(6):
        maps.append(ndimage.binary_erosion(maps[-1], np.ones((3, 3), bool), border_value=1))
    stack = np.where(np.stack([*maps, maps[-1]]), 1, 2).astype(np.uint8)
    rules = CleaningRules(persist=2, minimum_px=4, rim_px=1, rim_persist=99)
    states = clean_stack(stack, rules).states
    truth, found = (int((one[0] == 1).sum() - (one[-1] == 1).sum()) for one in (stack, states))
    assert found >= 0.97 * truth


@needs_data
def test_cleaning_keeps_nodata_and_takes_change_away():
    raster = read_raster(DATA, 14)
    found = gmw_cleaning.cleaned(raster, gmw_cleaning.STARTS[1])
    assert ((found.stack == 0) == (raster.stack == 0)).all()
    assert isinstance(replace(raster, stack=found.stack), Raster)
    for y0, y1 in ((1996, 2020), (2010, 2015), (2019, 2020)):
        for code in (LOSS, GAIN):
            assert (found.change(y0, y1) == code).sum() <= (raster.change(y0, y1) == code).sum()


def test_the_committed_results_are_of_the_committed_rules_and_halves():
    results = gmw_cleaning.OUT
    rules = json.loads((results / "gmw-cleaning-rules.json").read_text())
    shown = json.loads((results / "gmw-cleaning.json").read_text())
    assert shown["rules"] == rules["rules"]
    assert max(search["mean_f1"] for search in rules["searches"]) == rules["mean_f1"]
    assert (tuple(shown["choosing"]), tuple(shown["reporting"])) == (gmw_split.CHOOSING, gmw_split.REPORTING)
    assert tuple(rules["sites"]) == gmw_split.CHOOSING
    for row in shown["scores"]["reporting"]:
        low, high = row["difference95"]
        assert low <= row["difference"] <= high


@needs_data
def test_the_reported_counts_come_again_at_one_site():
    rules = json.loads((gmw_cleaning.OUT / "gmw-cleaning-rules.json").read_text())["rules"]
    row = gmw_scores.compare(gmw_cleaning.judge(DATA, (14,), rules, weighted=False)[CHANGE], LOSS)
    assert row["reference"] == 105
    assert row["cleaned"]["mapped"] < row["raw"]["mapped"]
    assert row["difference"] > 0
