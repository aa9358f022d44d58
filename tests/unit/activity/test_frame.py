from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import rfc8785
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from support.made_sample import CLASSES, EXPECTED, GRID, NAMES, YEARS, design, made_sample, strata_map

from mrv.activity.allocation import PlannedStratum
from mrv.activity.design import ResponseDesign, SampleSize, share_out
from mrv.activity.frozen_frame import parse_frame
from mrv.activity.frozen_map import check_map, grid_of, read_map
from mrv.activity.panel import check_project, read_panel
from mrv.areas import pixel_areas_mm2
from mrv.errors import PlanError
from mrv.sources.store import encode_tiff, pixel_digest


def refused(code, call, *args, **options):
    with pytest.raises(PlanError) as caught:
        call(*args, **options)
    assert caught.value.error_code == code
    assert caught.value.hint
    return caught.value


def edited(change) -> bytes:
    """The made frame's bytes after a change to its JSON, canonical again."""
    value = json.loads(design().encoded())
    return rfc8785.dumps(change(value) or value)


def test_the_file_is_the_frame_and_its_sha256_the_digest():
    frame = design()
    data = frame.encoded()
    assert parse_frame(data) == frame
    assert frame.digest() == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert data == rfc8785.dumps(json.loads(data))


def test_no_float_and_no_clock_in_a_frame():
    def leaves(value):
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                yield from leaves(item)
        else:
            yield value

    found = list(leaves(json.loads(design().encoded())))
    assert not [leaf for leaf in found if isinstance(leaf, float)]
    assert not [leaf for leaf in found if isinstance(leaf, str) and str(date.today().year) in leaf and "T" in leaf]  # noqa: DTZ011
    assert design().digest() == design().digest()


def test_counts_and_areas_against_a_loop_over_pixels():
    strata, frame, areas = strata_map(), design(), pixel_areas_mm2(GRID)
    for stratum in frame.strata:
        here = [int(areas[at]) for at in np.ndindex(strata.shape) if strata[at] == stratum.code]
        assert stratum.units == len(here)
        assert abs(Fraction(sum(here), 10**6) - stratum.area_m2) <= Fraction(1, 2)
        assert Fraction(stratum.inclusion) * stratum.units == stratum.sample
    assert sum(stratum.sample for stratum in frame.strata) == frame.allocation.n == 120
    assert {stratum.code for stratum in frame.strata} == {1, 2, 3, 4}


def test_the_grid_comes_back_exactly():
    odd = GeoBox((3, 4), Affine(0.8 / 3600, 0, 0.1 + 0.2, 0, -0.8 / 3600, 1 / 3), "EPSG:4326")
    for grid in (GRID, odd):
        strata = np.ones(grid.shape, np.uint8)
        if grid is GRID:
            assert grid_of(design(strata, size=SampleSize(10, "equal", 2))) == grid
        else:
            from mrv.activity.frozen_map import grid_section

            assert tuple(float(number) for number in grid_section(grid).transform) == tuple(grid.affine)[:6]


def test_another_frame_has_another_digest():
    assert len({
        design().digest(),
        design(project="other").digest(),
        design(size=SampleSize(121, "neyman", 20, EXPECTED)).digest(),
        design(response=ResponseDesign("x", CLASSES, YEARS)).digest(),
    }) == 4  # fmt: skip


def first(key, new):
    def change(value):
        value["strata"][0][key] = new

    return change


def top(key, new):
    return lambda value: value.update({key: new})


def swap(value):
    value["strata"].reverse()


def one_unit(value):
    value["strata"][0] |= {"sample": 1, "inclusion": "1/60"}
    value["allocation"]["n"] -= 19


def census(value):
    value["strata"][0] |= {"sample": 60, "inclusion": "60/60"}
    value["allocation"]["n"] += 40


def none_drawn(value):
    value["strata"][0] |= {"sample": 0, "inclusion": "0/60"}
    value["allocation"]["n"] -= 20


def too_many(value):
    value["strata"][0] |= {"sample": 61, "inclusion": "61/60"}
    value["allocation"]["n"] += 41


SPOILT = {
    "a probability that is not n/N": (first("inclusion", "21/60"), "frame.probabilities"),
    "a probability that is reduced": (first("inclusion", "1/3"), "frame.probabilities"),
    "a probability of another N": (first("inclusion", "20/61"), "frame.probabilities"),
    "samples that do not add up": (lambda v: v["allocation"].update(n=121), "frame.probabilities"),
    "one unit in a stratum": (one_unit, "frame.one-unit"),
    "no unit in a stratum": (none_drawn, "frame.unsampled"),
    "more units than pixels": (too_many, "frame.allocation"),
    "strata out of order": (swap, "frame.strata"),
    "two strata of one name": (first("name", "stable forest"), "frame.strata"),
    "years with a gap": (top("label_years", [2019, 2021]), "frame.years"),
    "one year": (top("label_years", [2019]), "frame.syntax"),
    "an unknown role": (lambda v: v["classes"][0].update(role="wood"), "frame.syntax"),
    "no label of forest": (lambda v: v["classes"][0].update(role="degraded:light"), "frame.classes"),
    "a label twice": (lambda v: v["classes"][1].update(label="forest"), "frame.classes"),
    "a label with a comma": (lambda v: v["classes"][1].update(label="cut, old"), "frame.classes"),
    "a rule that refuses and allows": (lambda v: v["non_response"].update(rule="refuse"), "frame.non-response"),
    "an unknown field": (top("extra", 1), "frame.syntax"),
    "another schema": (top("schema", "mrv.frame/2"), "frame.syntax"),
    "another draw": (top("draw", "draw/2"), "frame.syntax"),
    "replacement of units": (top("replacement", "neighbour"), "frame.syntax"),
    "a digest that is none": (top("map", "sha256:12"), "frame.syntax"),
    "a number as text": (first("units", "60"), "frame.syntax"),
    "a negative area": (first("area_m2", -1), "frame.syntax"),
    "a stratum outside": (first("code", 0), "frame.syntax"),
}


@pytest.mark.parametrize("case", SPOILT, ids=str)
def test_a_spoilt_frame_is_refused(case):
    change, code = SPOILT[case]
    error = refused(code, parse_frame, edited(change), file="frame.json")
    assert error.file == "frame.json"
    assert error.field


def test_a_census_of_a_stratum_is_no_error():
    """The control of the refusals above: the same change with every unit drawn passes."""
    frame = parse_frame(edited(census))
    assert frame.stratum(1).sample == frame.stratum(1).units


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(json.loads(design().encoded()), indent=1, sort_keys=True).encode(),
        design().encoded() + b"\n",
        design().encoded().replace(b'"draw":"draw/1"', b'"draw":"draw/1","draw":"draw/1"'),
        design().encoded().replace(b'"project":"made"', b'"project":"m\\u0061de"'),
    ],
    ids=["pretty", "line feed", "a member twice", "an escape"],
)
def test_only_the_canonical_bytes_are_the_frame(data):
    refused("frame.canonical", parse_frame, data)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"null", b'{"schema":"mrv.frame/1"}', b"[" * 50_000, b" " * 2**21])
def test_what_is_no_frame_is_refused(data):
    refused("frame.syntax", parse_frame, data)


def test_a_float_is_refused_even_where_it_is_whole():
    refused("frame.syntax", parse_frame, design().encoded().replace(b'"n":120', b'"n":120.0'))


def test_the_map_fits_its_frame_and_a_changed_pixel_does_not():
    strata, frame = strata_map(), design()
    decoded, grid = read_map(encode_tiff(strata, GRID))
    check_map(frame, decoded, grid, inside=strata > 0)
    decoded[0, 0] = 4
    refused("frame.map", check_map, frame, decoded, grid)


@pytest.mark.parametrize("key", ["units", "area_m2"])
def test_sizes_that_are_not_the_maps_are_refused(key):
    """A frame that lies about N_h (or A_h) consistently, down to the inclusion probability."""
    strata, frame = strata_map(), design()
    rows = [stratum.model_dump() for stratum in frame.strata]
    rows[2][key] += 1
    rows[2]["inclusion"] = f"{rows[2]['sample']}/{rows[2]['units']}"
    value = json.loads(frame.encoded()) | {"strata": rows}
    liar = parse_frame(rfc8785.dumps(value))
    error = refused("frame.units" if key == "units" else "frame.area", check_map, liar, strata, GRID)
    assert "stable forest" in error.field


def test_a_map_with_another_stratum_or_without_one_is_refused():
    strata, frame = strata_map(), design()
    for new in (9, 3):
        other = np.where(strata == 1, new, strata).astype(np.uint8)
        mended = parse_frame(rfc8785.dumps(json.loads(frame.encoded()) | {"map": pixel_digest(other, GRID)}))
        refused("frame.strata", check_map, mended, other, GRID)


def test_a_map_on_another_grid_is_refused():
    moved = GeoBox(GRID.shape, Affine(10, 0, 600_010, 0, -10, 5_000_000), GRID.crs)
    refused("frame.grid", check_map, design(), strata_map(), moved)


def test_a_boundary_that_changed_is_refused():
    strata = strata_map()
    error = refused("frame.boundary", check_map, design(), strata, GRID, inside=np.ones(strata.shape, bool))
    assert str(int((strata == 0).sum())) in error.message


@pytest.mark.parametrize("pixels", [strata_map().astype(np.int16), np.stack([strata_map()] * 2)], ids=["int16", "two bands"])
def test_what_is_no_strata_map_is_refused(pixels):
    from rasterio.io import MemoryFile

    bands = pixels if pixels.ndim == 3 else pixels[np.newaxis]
    with MemoryFile() as memory:
        profile = {"driver": "GTiff", "height": 40, "width": 50, "count": len(bands), "dtype": pixels.dtype}
        with memory.open(**profile, crs="EPSG:32634", transform=GRID.affine) as target:
            target.write(bands)
        refused("frame.map", read_map, bytes(memory.read()))


@pytest.mark.parametrize("data", [b"", b"II*\x00", b"not a raster", encode_tiff(strata_map(), GRID)[:300]])
def test_what_cannot_be_decoded_is_refused(data):
    refused("frame.map", read_map, data)


def test_a_frame_of_another_project_grid_or_plan_is_refused():
    frame, strata = design(), strata_map()
    check_project(frame, project="made", grid=GRID, classes=dict(reversed(CLASSES.items())))
    refused("frame.project", check_project, frame, project="other", grid=GRID, classes=None)
    refused("frame.classes", check_project, frame, project="made", grid=GRID, classes={**CLASSES, "cut": "non-forest"})
    smaller = GeoBox((39, 50), GRID.affine, GRID.crs)
    refused("frame.grid", check_project, frame, project="made", grid=smaller, classes=None)
    assert strata.shape == (40, 50)


@pytest.mark.parametrize("name", ["frame.json", "frame_strata.tif", "sample.json", "reference.csv"])
def test_a_panel_needs_all_its_files(name):
    made = made_sample()
    files = made.files()
    whole = read_panel(files, project="made", grid=GRID, inside=made.strata > 0)
    assert (whole.frame, whole.sample, whole.drawn) == (made.frame, made.sample, made.drawn)
    del files[name]
    error = refused("panel.incomplete", read_panel, files, project="made", grid=GRID, inside=made.strata > 0)
    assert error.file == name


def planned(units, expected=None):
    shares = expected or dict.fromkeys(units, "0.1")
    return [PlannedStratum(name, 100 * count, count, Fraction(shares[name])) for name, count in units.items()]


SHARES = st.dictionaries(
    st.sampled_from([*"abcdefgh"]), st.tuples(st.integers(1, 10**7), st.sampled_from(["0.5", "0.1", "0.004", "0.000001"])),
    min_size=1,
)  # fmt: skip


@given(SHARES, st.sampled_from(["neyman", "equal", "proportional"]), st.integers(0, 60), st.data())
@settings(deadline=None, max_examples=300)
def test_shares_add_up_between_floor_and_all(strata, rule, floor, data):
    units = {name: count for name, (count, _) in strata.items()}
    low = [min(max(2, floor), count) for count in units.values()]
    n = data.draw(st.integers(sum(low), min(sum(units.values()), sum(low) + 5000)))
    shares = share_out(planned(units, {name: share for name, (_, share) in strata.items()}), SampleSize(n, rule, floor))
    assert sum(shares) == n
    assert all(least <= share <= most for least, share, most in zip(low, shares, units.values(), strict=True))


def test_shares_by_rule():
    """Cochran 1977, Eq. 5.26, by hand: N·S = 2000·.4 and 8000·.1 are equal."""
    strata = planned({"a": 2000, "b": 8000}, {"a": "0.2", "b": "0.010102051443364380"})
    assert share_out(strata, SampleSize(200, "neyman", 2)) == (100, 100)
    assert share_out(strata, SampleSize(200, "proportional", 2)) == (40, 160)
    assert share_out(strata, SampleSize(200, "equal", 2)) == (100, 100)


def test_a_ceiling_gives_back_to_a_stratum_that_stood_at_its_floor():
    strata = planned({"wide": 1000, "small": 60}, {"wide": "0.0001", "small": "0.5"})
    assert share_out(strata, SampleSize(500, "neyman", 50)) == (440, 60)


@pytest.mark.parametrize("n", [0, 79, 1701])
def test_a_sample_that_cannot_be_drawn_is_refused(n):
    refused("sample.size", design, size=SampleSize(n, "equal", 20))


@pytest.mark.parametrize("share", ["-0.1", "1.5", None])
def test_an_expectation_that_is_no_share_is_refused(share):
    expected = {name: value for name, value in EXPECTED.items() if name != "stable forest"}
    if share is not None:
        expected["stable forest"] = Decimal(share)
    refused("sample.expected", design, size=SampleSize(120, "neyman", 20, expected))
    assert design(size=SampleSize(120, "equal", 20)).allocation.expected == {}


def test_a_map_without_strata_or_with_one_unnamed_is_refused():
    refused("frame.strata", design, np.zeros((40, 50), np.uint8))
    refused("frame.strata", design, names={code: name for code, name in NAMES.items() if code != 3})


def test_an_absent_stratum_is_left_out():
    strata = strata_map()
    strata[strata == 2] = 3
    assert [row.code for row in design(strata).strata] == [1, 3, 4]
