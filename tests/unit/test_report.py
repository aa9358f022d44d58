from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.extent_project import extent_project
from support.run_tiny import run_tiny

from mrv import charts
from mrv.activity.strata import STRATA
from mrv.attest import credential, keys, proof
from mrv.attest.strict_json import digest
from mrv.change.change_map import Anomaly
from mrv.errors import StatementError
from mrv.page import esc, hectares, number, tonnes
from mrv.report import render
from mrv.report.growth_chart import axis
from mrv.report.parts import Range, ranges
from mrv.report.plots import DESIGNS
from mrv.units import epoch_day
from mrv.views import OpticalViews, PixelSeries, Views, look

NOW = "2026-01-02T03:04:05Z"
NASTY = "</title><script>alert(1)</script><img src=x onerror='y'>\"&"
VOID = {"meta"}


def series(kind="loss", *, broken=True):
    days = np.array([epoch_day(date(year, month, 10)) for year in (2019, 2020, 2021) for month in (6, 7, 8)], np.int32)
    observed = np.full(9, 8500.0)
    observed[3] = np.nan
    if broken:
        observed[6:] = 4000
    return PixelSeries(
        kind=kind, row=2, col=3, lon=22.15, lat=-45.2, days=days, observed=observed, fitted=np.full(9, 8600.0),
        threshold=np.full(9, 7700.0), index="NDVI", break_date=date(2021, 6, 10) if broken else None,
        last_clear=date(2020, 8, 10) if broken else None, confidence_percent=100 if broken else 0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def views():
    strata = np.full((5, 6), 3, np.uint8)
    strata[0], strata[2, 3] = 0, 1
    years = np.where(strata == 1, 2021, 0).astype(np.int32)
    rng = np.random.default_rng(3)
    seen = OpticalViews(
        before=rng.integers(0, 256, (5, 6, 3), dtype=np.uint8), after=rng.integers(0, 256, (5, 6, 3), dtype=np.uint8),
        before_dates=(date(2019, 6, 10), date(2019, 8, 10)), after_dates=(date(2021, 6, 10),),
        clear_count=np.full((5, 6), 8, np.uint16),
        series=(series(), series("weakest loss"), series("stable forest", broken=False)),
        history_end=date(2019, 8, 10), anomaly=Anomaly("harmonic-monitor/1", "3", 3, refit_yearly=True),
        season_gap=(date(2020, 8, 10), date(2021, 6, 10)), gap_loss_px=1,
    )  # fmt: skip
    return Views(
        statement_digest="", crs="EPSG:32634", pixel_m=10.0, pixel_high_m=10.0, centre=(22.15, 45.2),
        outline=(np.array([[0, 1], [0, 5], [6, 5], [6, 1], [0, 1]], np.float64),),
        loss_year=years, strata=strata, names=STRATA, optical=seen,
    )  # fmt: skip


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    return keys.new_key(tmp_path_factory.mktemp("key") / "key.pem")


@pytest.fixture
def page(tiny_result, views, signer):
    """Render the tiny project's statement, after a change to it."""

    def make(change=lambda _: None, *, software="1", binding=None, **options):
        statement = tiny_result.result.statement.as_json()
        change(statement)
        document = credential.build(
            statement=statement, binding=binding or {"supersedes": [], "assets": [], "serials": []}, materials=[],
            provenance={"started": NOW, "ended": NOW, "software": {"mrv": software}, "platform": {}, "where": "local",
                        "warnings": []},
            issuer=signer.issuer, valid_from=NOW,
        )  # fmt: skip
        document = proof.sign(document, signer, NOW)
        return document, render(document, replace(views, statement_digest=digest(statement)), **options)

    return make


class Outline(HTMLParser):
    """Every element with its attributes, and whether the nesting holds."""

    def __init__(self, text):
        super().__init__()
        self.found, self.stack = [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def words(html):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)))


def plain(text):
    return re.sub(r"\s+", " ", text)


def test_the_page_fetches_nothing_and_runs_nothing(page):
    _, html = page()
    for tag, attributes in Outline(html).found:
        assert tag not in {"script", "link", "iframe", "object", "base", "form"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "action", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,"))
    assert "url(" not in html
    assert "@import" not in html
    assert "Content-Security-Policy" in html
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html


def test_the_same_arguments_give_the_same_bytes(page, views):
    document, html = page()
    again = replace(views, statement_digest=digest(document["credentialSubject"]["statement"]))
    assert render(document, again) == html


def test_names_in_a_plan_stay_text(page):
    def change(s):
        s["project"]["name"] = s["project"]["id"] = NASTY
        s["evidence"][0]["id"] = s["factors"][0]["source"] = s["factors"][0]["id"] = NASTY
        s["absent"][0]["remedy"] = s["gates"][0]["measured"] = s["conclusion"]["basis"][0] = NASTY
        s["findings"].append({"code": NASTY, "item": NASTY, "value": NASTY})
        s["not_verified"][0] = s["uncertainty"]["generator"] = s["programme"]["id"] = NASTY

    _, html = page(change, software=NASTY)
    tags = [tag for tag, _ in Outline(html).found]
    assert "script" not in tags
    assert "img" not in tags
    assert "<script" not in html
    assert unescape(html).count(NASTY) > 10


def test_a_file_name_cannot_leave_its_command(page):
    _, html = page(attestation_name="a b; rm -rf <~>.json")
    assert "mrv check 'a b; rm -rf <~>.json' --trust trust.json --no-asset --evidence evidence" in unescape(html)
    assert "rm -rf <~>" not in html


@given(st.text())
def test_escaped_text_is_neither_markup_nor_reordered(text):
    found = esc(text)
    assert not set("<>\"'") & set(found)
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(found)
    assert esc(found) is found
    assert esc("a") + "<" == "a&lt;"


def test_the_disclaimer_and_the_labels_are_plain(page):
    text = words(page()[1])
    for wanted in (
        "DISCLAIMER: no conclusion can be formed",
        "indicative, not creditable",
        "mapped area, not an estimate",
        "factors only; the mapped area has no error estimate",
        "worked example, not a quantity",
        "Issuable: 0 t CO₂e",
        "Not assessed is never passed",
        "This page is not signed",
        "between 2020-08-10, the last clear observation before, and 2021-06-10",
        "perhaps before the period began",
        "fitted again before each later year",
    ):
        assert wanted in text


@pytest.mark.parametrize("verdict", ["adverse", "qualified", "unmodified", "disclaimer"])
def test_every_conclusion_has_its_own_banner(page, verdict):
    _, html = page(lambda s: s["conclusion"].update(computed=verdict))
    assert f'class="banner {verdict}"' in html
    assert f"{verdict.upper()}:" in words(html)


def test_a_simulated_world_says_so_first(page):
    text = words(page(lambda s: s["project"].update(simulated=True))[1])
    assert "SIMULATED This world is made" in text[:400]
    assert "SIMULATED" not in words(page(lambda s: s["project"].update(simulated=False))[1])


def test_the_worked_example_stands_apart_and_may_be_absent(page):
    _, html = page()
    assert html.index('id="tonnes"') < html.index('id="example"')
    assert "UAdj" not in html[html.index('id="tonnes"') : html.index('id="example"')]
    _, without = page(lambda s: s["programme"].update(worked_example=None))
    assert 'id="example"' not in without
    assert "UAdj" not in without


def test_signed_kilograms_stand_beside_tonnes(page, tiny_result):
    kg = tiny_result.result.statement.quantities.period_project_kg
    text = words(page()[1].replace("\u202f", ""))
    assert f"{kg} kg signed" in text
    assert f"{kg / 1000:.1f} t CO₂e" in text


def test_how_to_check_it_names_every_digest(page):
    document, html = page()
    text = unescape(html)
    statement = document["credentialSubject"]["statement"]
    for wanted in (
        "mrv check attestation.json --trust trust.json --no-asset --evidence evidence",
        "mrv replay attestation.json --store evidence",
        digest(statement),
        credential.attestation_digest(document),
        document["issuer"],
        document["proof"]["verificationMethod"],
        statement["method"]["plan_digest"],
        *(entry["pixels"] for entry in statement["activity"]["maps"]),
    ):
        assert wanted in text


def test_a_bound_asset_is_in_the_command(page):
    asset = "eip155:1/erc721:0x06012c8cf97bead5deae237070f9587f8e7a266d/771769"
    _, html = page(binding={"supersedes": [], "assets": [asset], "serials": []})
    assert f"--asset {asset}" in unescape(html)
    assert "--no-asset" not in html


def test_pictures_of_another_statement_are_refused(page, views):
    document, _ = page()
    with pytest.raises(StatementError, match="another statement"):
        render(document, replace(views, statement_digest="sha256:" + "0" * 64))


def test_every_scene_gate_and_missing_input_is_listed(page, tiny_result):
    text, statement = words(page()[1]), tiny_result.result.statement
    for wanted in (
        *(scene.id for scene in statement.evidence),
        *(gate.measured for gate in statement.gates),
        *(row.remedy for row in statement.absent),
        *statement.conclusion.basis,
        *statement.not_verified,
    ):
        assert re.sub(r"\s+", " ", wanted) in text


def test_pictures_tell_what_they_show_and_tables_have_captions(page):
    found = Outline(page()[1]).found
    pictures = [attributes for tag, attributes in found if tag == "svg"]
    assert all(attributes.get("aria-label") or attributes.get("aria-hidden") for attributes in pictures)
    tags = [tag for tag, _ in found]
    assert tags.count("caption") == tags.count("table") > 8
    assert tags.count("h1") == 1
    anchors = {attributes["id"] for _, attributes in found if "id" in attributes}
    assert {attributes["href"][1:] for tag, attributes in found if tag == "a"} <= anchors


def test_a_project_without_loss_still_has_a_page(page, views, monkeypatch):
    def change(s):
        for row in s["activity"]["loss"]:
            row.update(pixels=0, area_m2=0, mean_confidence_percent=None)
        for row in s["uncertainty"]["drawn"]:
            row.update(mean_kg=0, q05_kg=0, q95_kg=0, hw90_kg=0, hw90_percent=None)
        s["findings"].clear()

    text = words(page(change)[1])
    assert "no loss" in text
    assert "not meaningful" in text
    assert "Read this with the year of loss" not in text


def test_no_series_no_curve(page, views, tiny_result):
    document, _ = page()
    seen = replace(views.optical, series=(), before_dates=())
    empty = replace(views, optical=seen, statement_digest=digest(document["credentialSubject"]["statement"]))
    assert "Curve of pixel" in render(document, replace(empty, optical=views.optical))
    assert "Curve of pixel" not in render(document, empty)


@pytest.fixture(scope="module")
def full_views(full_result):
    return look(full_result.result)


@pytest.fixture
def full_page(full_result, full_views, signer):
    """Render the full project's statement, after a change to it."""

    def make(change=lambda _: None):
        statement = full_result.result.statement.as_json()
        change(statement)
        document = credential.build(
            statement=statement, binding={"supersedes": [], "assets": [], "serials": []}, materials=[],
            provenance={"started": NOW, "ended": NOW, "software": {}, "platform": {}, "where": "local", "warnings": []},
            issuer=signer.issuer, valid_from=NOW,
        )  # fmt: skip
        signed = proof.sign(document, signer, NOW)
        return render(signed, replace(full_views, statement_digest=digest(statement)))

    return make


def test_an_estimated_project_is_told_from_frame_to_issuable_tonnes(full_page, full_result):
    s, html = full_result.result.statement, full_page()
    text = words(html)
    q, sample = s.quantities, s.activity.sample
    lost = sum(row.area_m2 for row in s.activity.estimates if row.activity == "loss")
    for wanted in (
        f"{lost / 10_000:.2f} ha of forest were lost",
        f"from {sum(row.responded for row in sample.strata)} interpreted units",
        f"stocks measured on {s.biomass.plots} plots",
        f"the programme's steps come to {number(q.issuable_t)} t, after {number(q.buffer_t)} t for the buffer",
        "estimate from a probability sample",
        sample.frame_digest,
        sample.seed,
        "Interpreters' errors are in these areas.",
        "design-based",
        "What the standard error of the mean is made of",
        "Which component to improve first: share of the variance of the net benefit",
        *(row.equation for row in q.steps),
        *(row.method for row in (*q.reference_level, *q.leakage)),
        *s.programme.notes,
        *(row.name for row in s.inputs),
        *(row.component for row in s.uncertainty.contributions),
    ):
        assert re.sub(r"\s+", " ", wanted) in text, wanted
    found = [attributes["id"] for tag, attributes in Outline(html).found if tag == "section"]
    order = ["figures", "sample", "plots", "growth", "tonnes", "levels", "programme", "uncertainty", "gates", "check"]
    assert [name for name in found if name in order] == order


def test_every_signed_interval_stands_beside_walds(full_page, full_result):
    text = words(full_page())
    rows = full_result.result.statement.activity.estimates
    assert rows
    for row in rows:
        signed, wald = (f"{hectares(low)} to {hectares(high)}" for low, high in (row.ci90_m2, row.wald90_m2))
        units = " + ".join(map(str, row.hits))
        assert plain(f"{row.year} {row.activity} {units} {number(row.area_m2)} {hectares(row.area_m2)} ") in text
        assert plain(f"{signed} {wald}") in text


def test_the_error_matrix_and_its_strata_are_whole(full_page, full_result):
    text, activity = words(full_page()), full_result.result.statement.activity
    for row, counts in zip(activity.sample.strata, activity.accuracy.counts, strict=True):
        assert f"{row.stratum} {' '.join(map(str, counts))} {row.responded}" in text
        assert plain(f"{row.stratum} {number(row.units)} {hectares(row.area_m2)} {row.drawn} {row.responded}") in text


def test_flows_add_up_to_the_signed_totals(full_page, full_result):
    q, html = full_result.result.statement.quantities, full_page()
    totals = re.findall(r'<tr class="total"><th scope="row">(Period|Since project start)</th>(.*?)</tr>', html)
    assert [name for name, _ in totals] == ["Period", "Since project start"]
    for (_, cells), kg in zip(totals, (q.period_project_kg, q.cumulative_project_kg), strict=True):
        told = [text.replace("\u202f", "").replace("−", "-") for text in re.findall(r'<td class="n">(.*?)</td>', cells)]
        *pools, total, in_tonnes = (text for text in told if text)
        assert sum(map(int, pools)) == int(total) == kg
        assert float(in_tonnes) == pytest.approx(kg / 1000, abs=0.05)


def test_the_growth_chart_tells_every_year(full_page, full_result):
    html = full_page()
    chart = next(attributes for tag, attributes in Outline(html).found
                 if tag == "svg" and "Stock of standing forest" in attributes.get("aria-label", ""))  # fmt: skip
    for row in full_result.result.statement.growth_intervals:
        assert f"{row.year} {tonnes(row.kg_co2e, 0)} ({tonnes(row.ci90_kg[0], 0)}" in chart["aria-label"]
    assert html.count('class="band"') == 1


def test_corrected_areas_show_the_rates_and_the_labels_as_they_are(full_page):
    def change(s):
        s["activity"]["sample"]["gold"] = {"expert": "eva", "classes": ["loss", "other"], "counts": [[20, 2], [1, 60]]}

    text = words(full_page(change))
    assert "Units that eva read as well" in text
    assert "As labelled, ha" in text
    assert "Interpreters' errors are in these areas" not in text


@pytest.mark.parametrize("design", ["design-based", "model-assisted", "model-based"])
def test_every_design_of_plots_says_what_it_means(full_page, design):
    text = words(full_page(lambda s: s["biomass"].update(label=design)))
    assert DESIGNS[design].split(":", maxsplit=1)[0] in text
    assert f"{design}: " in text


def test_prior_credits_are_listed(full_page):
    prior = {"attestation": "sha256:" + "7" * 64, "vintage": 2020, "t_co2e": 1234, "buffer_t": 99}
    text = words(full_page(lambda s: s["quantities"].update(prior=[prior], cumulative_credited_t=1234)))
    assert f"{prior['attestation']} 2020 1 234 99" in text
    assert "Credited before Attestation" in text
    assert "Credited before Attestation" not in words(full_page())


def test_a_mapped_project_has_no_section_of_what_it_lacks(page):
    found = [attributes["id"] for tag, attributes in Outline(page()[1]).found if tag == "section"]
    assert not {"sample", "plots", "levels"} & set(found)
    assert {"seen", "maps", "pixels", "growth", "tonnes"} <= set(found)


def test_extent_maps_have_maps_and_no_curves(tmp_path, signer):
    run = run_tiny(extent_project(tmp_path))
    statement = run.result.statement.as_json()
    document = credential.build(
        statement=statement, binding={"supersedes": [], "assets": [], "serials": []}, materials=[],
        provenance={"started": NOW, "ended": NOW, "software": {}, "platform": {}, "where": "none", "warnings": []},
        issuer=signer.issuer, valid_from=NOW,
    )  # fmt: skip
    html = render(proof.sign(document, signer, NOW), look(run.result))
    text, found = words(html), [attributes["id"] for tag, attributes in Outline(html).found if tag == "section"]
    assert "maps" in found
    assert not {"seen", "pixels"} & set(found)
    assert "Year of gain" in text
    assert "gain of forest: 0.16 ha" in text
    assert "NDVI" not in text
    assert all(name in text for name in ("EXTENT_2017", "EXTENT_2021"))


@given(st.integers(1000, 10**15))
def test_an_axis_ends_above_and_has_few_steps(highest):
    top, step = axis(highest)
    assert highest <= top < highest + step
    assert 2 <= top // step <= 5
    assert top % step == 0


def test_a_range_below_zero_stays_in_its_track():
    html = ranges([Range("a", -50, -20, 10, None, "x"), Range("b", 5, 20, 100, 30, "y")], "alt")
    places = [float(value) for value in re.findall(r"left:([0-9.]+)%", html)]
    assert all(0 <= place <= 100 for place in places)
    assert places[0] == places[3] == pytest.approx(2 + 96 * 50 / 150, abs=0.01)
    assert html.count("central") == 1


def test_png_holds_the_pixels():
    rgb = np.random.default_rng(5).integers(0, 256, (7, 4, 3), dtype=np.uint8)
    data = charts.png(rgb)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)] == [4, 7]
    start = data.index(b"IDAT") + 4
    lines = np.frombuffer(zlib.decompressobj().decompress(data[start:]), np.uint8).reshape(7, 13)
    assert (lines[:, 0] == 0).all()
    assert (lines[:, 1:].reshape(7, 4, 3) == rgb).all()


def test_large_windows_are_thinned(views):
    big = replace(views, strata=np.zeros((10, 3000), np.uint8), optical=None)
    svg = charts.picture(big, np.zeros((10, 3000, 3), np.uint8), alt="x")
    data = base64.b64decode(re.search(r"base64,([^\"]+)", svg).group(1))
    assert int.from_bytes(data[16:20], "big") == 1000


def test_colours_of_years_differ_and_the_ramp_is_bounded():
    colours = charts.year_colours(range(2017, 2029))
    assert len(set(colours.values())) == 12
    assert list(charts.year_colours([2020])) == [2020]
    shades = charts.count_rgb(np.array([[0, 5, 10, 99]], np.uint16), 5, 10)
    assert (shades[0, 0] == shades[0, 1]).all()
    assert (shades[0, 2] == shades[0, 3]).all()
    assert charts.count_rgb(np.array([[4]], np.uint16), 4, 4).shape == (1, 1, 3)


@pytest.mark.parametrize(("value", "text"), [(1234567, "1\u202f234\u202f567"), (-1000, "−1\u202f000"), (None, "not known")])
def test_numbers_are_grouped(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("before", "told"), [(8000.0, "Loss happened between"), (2000.0, "the loss is older")])
def test_a_loss_that_was_there_before_its_break_is_not_dated(before, told):
    """What the history's screening dropped comes back as a break; the report must not say that it happened then."""
    from types import SimpleNamespace

    from mrv.report.pictures import _told

    days = np.array([epoch_day(date(2020, month, 1)) for month in (6, 7, 8, 9)] + [epoch_day(date(2021, 6, 1))], np.int32)
    pixel = PixelSeries(
        kind="loss", row=0, col=0, lon=0.0, lat=0.0, days=days, index="NDVI",
        observed=np.array([8100.0, 8050.0, before, 2100.0, 2000.0]), fitted=np.full(5, 8000.0), threshold=np.full(5, 7000.0),
        break_date=date(2020, 9, 1), last_clear=date(2020, 8, 1), confidence_percent=100,
    )  # fmt: skip
    assert told in _told(
        pixel, SimpleNamespace(anomaly=Anomaly("harmonic-monitor/1", "3", 3, refit_yearly=True), history_end=date(2020, 7, 31))
    )
