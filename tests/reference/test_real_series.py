"""Detectors on third-party series: values that others published, or that the series themselves fix."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import real_series
import series_ccdc
import series_harvard
import series_palsar
import series_pixel
import series_rondonia
from series_split import trains

from mrv.change.ccdc import CcdcRules
from mrv.change.fusion import LOW, NONE, FusionRules, fuse
from mrv.change.radar import alos_power
from mrv.kernels.decibels import decibels_of_power
from mrv.units import epoch_day

DATA = real_series.data_folder()


def data(name):
    if not (DATA / name).is_dir():
        pytest.skip(f"{name} (third-party data) is not beside this checkout")
    return DATA / name


def silent(_line):
    pass


# ── L-band ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("dn", "decibels"), [(1000, -2300), (14125, 0), (316, -3301), (65535, 1333)])
def test_jaxas_calibration(dn, decibels):
    """10 · log10(DN²) − 83.0 (the product's own metadata say so)."""
    found = decibels_of_power(alos_power(np.array([[dn]], np.uint16), np.array([[255]], np.uint8)))
    assert found[0, 0] == decibels


def test_the_mosaic_of_kauai():
    folder = data("palsar-kauai")
    mask, hv = series_palsar.read_layer(folder, "mask"), series_palsar.read_layer(folder, "sl_HV")
    assert {int(code): int((mask == code).sum()) for code in np.unique(mask)} == {
        0: 19_350_016, 50: 897_321, 150: 202, 255: 2_461,
    }  # fmt: skip
    assert (hv[mask == 0] == 1).all()
    power = alos_power(hv, mask)
    assert np.isfinite(power).sum() == 2_461
    water = alos_power(hv, mask, keep=(50,))
    assert np.nanmean(power.astype(float)) > 10 * np.nanmean(water.astype(float))


# ── fusion ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def pixel_rows():
    return {(row["from"], row["chi"], row["evidence"]): row for row in series_pixel.table(data("bayts-pixel"), silent)["rows"]}


@pytest.mark.parametrize("start", ["2015-01-01", "2015-07-01"])
@pytest.mark.parametrize("chi", [0.9, 0.975])
def test_the_clearing_of_early_2016_is_found_by_each_and_sooner_by_both(pixel_rows, start, chi):
    one, two, both = (pixel_rows[start, chi, name] for name in ("optical", "radar", "both"))
    assert one["break"] == "2016-01-18"
    assert two["break"] == both["break"] == "2016-01-05"
    assert both["confirmed"] <= min(one["confirmed"], two["confirmed"])
    assert {row["class"] for row in (one, two, both)} == {"high"}


def test_one_missed_cloud_is_flagged_and_dropped():
    """NDVI of 2015-03-20 is 0.44 between 0.84 and 0.87."""
    ndvi, _ = series_pixel.read_pair(data("bayts-pixel"))
    for last, kind in ((date(2015, 4, 1), LOW), (date(2015, 12, 31), NONE)):
        kept = ndvi.days <= epoch_day(last)
        evidence = series_pixel.Series(ndvi.days[kept], ndvi.value[kept]).as_evidence(series_pixel.NDVI)
        assert fuse([evidence], FusionRules(), start=epoch_day(date(2015, 1, 1)))[3, 0, 0] == kind


def test_the_harvest_is_dated_in_its_season(pixel_rows):
    row = pixel_rows["2003-01-01", 0.9, "plantation NDVI"]
    assert "2004-08-01" < row["break"] < "2005-01-01"


# ── CCDC ─────────────────────────────────────────────────────────────────────


def test_published_models_are_reproduced():
    folder = data("ccdc-reference")
    pixel = series_ccdc.read_pixel(folder / "test_3657_3610_observations.csv")
    published = series_ccdc.read_published(folder / "test_3657_3610_coefficients.csv")
    assert len(published) == 8
    for which in (0, 6):
        _, apart = series_ccdc.refitted(pixel, published[which])
        assert (apart < series_ccdc.SAME).all()


@pytest.mark.parametrize("name", list(series_ccdc.LCMAP))
def test_every_break_of_lcmaps_program_is_found(name):
    found = series_ccdc.breaks(series_ccdc.detected(series_ccdc.read_pixel(data("ccdc-reference") / name), CcdcRules()))
    wanted = series_ccdc.LCMAP[name]
    assert len(found) <= len(wanted) + 1
    for day in wanted:
        assert min(abs(day - other) for other in found) <= series_ccdc.NEAR


# ── labelled series ──────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def samples():
    return series_rondonia.read_samples(data("rondonia-s2-series"))


def test_the_halves_are_decided_by_the_id():
    assert [one for one in range(1, 21) if trains(one)] == [3, 4, 11, 12, 13, 18]


def test_the_halves_do_not_meet(samples):
    training, test = samples.halves()
    assert not set(training.ids) & set(test.ids)
    assert (int(training.lost.sum()), int((~training.lost).sum())) == (20, 70)
    assert (int(test.lost.sum()), int((~test.lost).sum())) == (22, 74)


def test_column_b07_is_red(samples):
    import csv
    import gzip

    with gzip.open(data("rondonia-s2-series") / "rondonia_s2_T20LKP_samples.csv.gz", "rt") as text:
        row = next(csv.DictReader(text))
    nir, red = float(row["B08"]), float(row["B07"])
    assert round((nir - red) / (nir + red), 4) == pytest.approx(float(row["NDVI"]), abs=2e-3)


def test_half_of_the_values_lie_between_their_neighbours(samples):
    share = 1 - samples.observed.mean()
    assert 0.5 < share < 0.6
    assert samples.observed[[0, -1]].all()


def test_an_interpolated_value_is_told_from_an_observed_one():
    bands = np.array([[[100], [400]], [[150], [500]], [[200], [600]], [[900], [600]]], np.int16)
    assert series_rondonia.interpolated(bands)[:, 0].tolist() == [False, True, False, False]


def test_scores_of_known_tables():
    lost = np.array([True] * 4 + [False] * 6)
    said = np.array([True] * 3 + [False] * 6 + [True])
    assert series_rondonia.f1(lost, said) == pytest.approx(0.75)
    assert series_rondonia.f1(lost, ~lost & False) == 0
    same = series_rondonia.paired(lost, said, said)
    assert (same["difference"], same["low_95"], same["high_95"], same["mcnemar_p"]) == (0, 0, 0, 1)


# ── a row of forest ──────────────────────────────────────────────────────────


def test_no_training_pixel_is_on_the_row():
    folder = data("harvard-forest-landsat")
    row = series_harvard.read_row(folder)
    assert row.bands.shape == (423, 6, 300)
    assert series_harvard.labelled(folder) == 0
    lowest = row.lowest_summer()
    assert np.isfinite(lowest).all()
    assert 100 < (lowest >= series_harvard.CLOSED).sum() < 200


def test_a_folder_without_data_is_skipped_and_said_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MRV_SHARED_DATA", str(tmp_path))
    monkeypatch.setattr(real_series, "OUT", tmp_path)
    real_series.main()
    told = capsys.readouterr().out
    assert told.count("skipped:") == len(real_series.PARTS)
    assert "nothing is written" in told
    assert not list(tmp_path.iterdir())
