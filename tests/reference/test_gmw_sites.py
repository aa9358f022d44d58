"""Global Mangrove Watch change sites (science.md §1): the producers' draws repeated, and what follows for area."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import gmw_design
import gmw_draws
import gmw_sites
import numpy as np
import pytest
from gmw_data import (
    CHANGE,
    GAIN,
    LOSS,
    NODATA,
    REF,
    Points,
    Raster,
    class_areas_m2,
    lattice_class,
    read_points,
    read_raster,
    row_areas_mm2,
)

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "gmw-change-sites"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the change sites (third-party data) are not beside this checkout")


@pytest.fixture(scope="module")
def points():
    return read_points(DATA)


@pytest.fixture(scope="module")
def ref(points):
    return [one for one in points if one.frame == REF]


@pytest.fixture(scope="module")
def surveys(points):
    return [gmw_sites.survey(DATA, one) for one in points]


def at(surveys, frame, site):
    return next(one for one in surveys if (one.points.frame, one.points.site) == (frame, site))


# ── the generators, against published outputs ────────────────────────────────


def test_glibc_rand_after_srand_42():
    """First values of rand() after srand(42) with the GNU C library."""
    assert list(islice(gmw_draws.c_rand(42), 5)) == [71876166, 708592740, 1483128881, 907283241, 442951012]
    assert next(gmw_draws.c_rand(1)) == 1804289383


def test_matsumoto_nishimura_1998_mt19937():
    """First outputs of init_genrand(5489), the reference implementation's default, and of 42."""
    assert list(islice(gmw_draws.mersenne(5489), 3)) == [3499211612, 581869302, 3890346734]
    assert next(gmw_draws.mersenne(42)) == 1608637542


@pytest.mark.parametrize("high", [0, 1, 9, 10918, 2**31])
def test_uniform_int_stays_inside_and_fills_its_range(high):
    words = gmw_draws.mersenne(3)
    drawn = [gmw_draws.uniform_int(words, high) for _ in range(2000)]
    assert min(drawn) >= 0
    assert max(drawn) <= high
    assert abs(np.mean(drawn) - high / 2) <= 4 * high / np.sqrt(12 * 2000) + 1e-9


# ── the data, as science.md describes them ───────────────────────────────────


@needs_data
def test_gmw_change_sites_counts(points):
    assert sum(one.n for one in points) == 11_239
    assert len({one.site for one in points}) == 26
    assert {one.frame for one in points} == {REF, CHANGE}
    assert sum(one.n for one in points if one.frame == REF) == 9_000
    assert len(read_raster(DATA, 1).stack) == 11


@needs_data
def test_acc_chng_points_match_the_shipped_maps_at_every_point(points):
    for one in (one for one in points if one.frame == CHANGE):
        raster = read_raster(DATA, one.site)
        rows, cols = one.position(raster)
        assert (raster.change(one.y0, one.y1)[rows.astype(int), cols.astype(int)] == one.at_sampling).all(), one.name


@needs_data
def test_acc_ref_points_differ_from_the_maps_only_because_they_lie_on_corners(ref):
    """286 of 9,000 differ at the printed coordinate (31 of 82 mapped gains); none from all four pixels that meet there."""
    differs, unexplained = np.sum([gmw_design.shipped_class_differs(one, read_raster(DATA, one.site)) for one in ref], axis=0)
    assert (differs, unexplained) == (286, 0)
    gains = [(one.at_sampling == GAIN, one.at_point != GAIN) for one in ref]
    assert (sum(a.sum() for a, _ in gains), sum((a & b).sum() for a, b in gains)) == (82, 31)


@needs_data
def test_four_pixels_further_off_do_not_explain_them(ref):
    """Must-fail control: the four pixels around a corner two pixels away miss hundreds."""
    missed = 0
    for one in ref:
        raster = read_raster(DATA, one.site)
        moved = Raster(np.roll(raster.stack, 2, axis=2), raster.west, raster.north, raster.step)
        missed += int((~(gmw_design.around_point(one, moved) == one.at_sampling[:, None]).any(axis=1)).sum())
    assert missed > 200


# ── the design ───────────────────────────────────────────────────────────────


@needs_data
def test_every_acc_ref_point_and_its_class_is_drawn_again(ref):
    found = np.zeros(2, int)
    for one in ref:
        raster = read_raster(DATA, one.site)
        found += gmw_draws.corners_reproduced(one, raster, raster.change(one.y0, one.y1))
    assert found.tolist() == [9_000, 9_000]


@needs_data
@pytest.mark.parametrize("what", ["seed", "map", "year"])
def test_a_wrong_draw_is_not_taken_for_the_producers(ref, what, monkeypatch):
    """Must-fail controls: another seed finds next to nothing; another map or year breaks classes."""
    one = next(one for one in ref if one.site == 1)
    raster = read_raster(DATA, 1)
    change = raster.change(one.y0, one.y1)
    if what == "seed":
        monkeypatch.setattr(gmw_draws, "SEED", 43)
        places, _ = gmw_draws.corners_reproduced(one, raster, change)
        assert places < 5
        return
    other = change[:, ::-1] if what == "map" else raster.change(1996, 2020)
    _, with_class = gmw_draws.corners_reproduced(one, raster, np.ascontiguousarray(other))
    assert with_class < 450


@needs_data
@pytest.mark.parametrize(
    ("site", "established"), [(1, "site"), (5, "mapped change"), *((site, "no") for site in (3, 4, 7, 8, 13, 14, 17))]
)
def test_acc_chng_designs(surveys, site, established):
    design = at(surveys, CHANGE, site).design
    assert design.established == established
    assert design.place == "centre"
    if established == "no":
        assert design.p_equal_probability < 0.001, "not equal probability over the raster either"


@needs_data
def test_acc_ref_designs_are_equal_probability_over_the_raster(surveys):
    designs = [one.design for one in surveys if one.points.frame == REF]
    assert len(designs) == 26
    assert {(one.established, one.place) for one in designs} == {("site", "corner")}
    # Tests that knew nothing of the generator agree: class counts, spread, sets; equal allocation is refused everywhere.
    assert sum(one.p_equal_probability < 0.05 for one in designs) <= 3
    assert sum(one.p_spread < 0.05 for one in designs) <= 3
    assert sum((one.p_sets or 1) < 0.05 for one in designs) <= 2
    assert all(one.p_equal_allocation < 0.001 for one in designs)


def toy(codes_at, n=300):
    """A raster of four equal bands of classes and points drawn by a rule."""
    stack = np.ones((11, 400, 400), np.uint8)
    stack[9, 200:], stack[10, 100:300] = 2, 2  # 2019: other in the south; 2020: other in the middle
    raster = Raster(stack, 10.0, 5.0, 0.0002)
    change = raster.change(2019, 2020)
    rows, cols = codes_at(np.random.default_rng(5), n)
    lon, lat = raster.west + (cols + 0.5) * raster.step, raster.north - (rows + 0.5) * raster.step
    codes = change[rows, cols]
    return gmw_design.examine(Points(1, 2019, 2020, CHANGE, ("a",) * n, lon, lat, codes, codes, codes), raster)


def test_the_tests_pass_on_a_simple_random_sample():
    design = toy(lambda rng, n: (rng.integers(0, 400, n), rng.integers(0, 400, n)))
    assert design.p_equal_probability > 0.05
    assert design.p_spread > 0.05
    assert design.established == "no", "another generator's points are not the producers'"


def test_the_tests_refuse_a_clustered_sample():
    """Must-fail control: the same class counts, but all in the west."""
    design = toy(lambda rng, n: (rng.integers(0, 400, n), rng.integers(0, 200, n)))
    assert design.p_equal_probability > 0.01

    def spread(rng, n):
        return gmw_design._p_spread(
            np.full((400, 400), LOSS, np.uint8), np.full(n, LOSS, np.uint8), rng.integers(0, 400, n), rng.integers(0, 200, n)
        )

    assert spread(np.random.default_rng(1), 300) < 0.001


def test_the_tests_refuse_a_sample_that_favours_change():
    """Must-fail control: twice as many points in change as chance gives."""

    def favour(rng, n):
        rows = np.concatenate([rng.integers(100, 200, n // 2), rng.integers(0, 400, n - n // 2)])
        return rows, rng.integers(0, 400, n)

    assert toy(favour).p_equal_probability < 0.001


def test_the_look_up_at_corners_is_one_of_four_pixels_and_keeps_every_unit():
    rng = np.random.default_rng(2)
    change = rng.integers(0, 5, (300, 310)).astype(np.uint8)
    raster = Raster(np.zeros((11, 300, 310), np.uint8), 34.786670446507685, -20.616760538004147, 0.000222222222222)
    found = lattice_class(raster, change)
    padded = np.pad(change, ((1, 0), (1, 0)))
    around = np.stack([padded[i : i + 300, j : j + 310] for i in (0, 1) for j in (0, 1)])
    assert (around == found).any(axis=0).all()
    assert (found != change).any(), "truncation does move some"


# ── area and agreement ───────────────────────────────────────────────────────


@needs_data
def test_areas_of_classes_add_up_to_the_raster(surveys):
    one = at(surveys, REF, 1)
    rows = row_areas_mm2(DATA, 1)
    raster = read_raster(DATA, 1)
    change = raster.change(2017, 2019)
    whole = int((change != NODATA).sum(axis=1) @ rows)
    assert abs(sum(class_areas_m2(change, rows).values()) - whole / 1e6) <= 2
    # 25 m by name; 24.7 m by 24.6 m on the ellipsoid at the equator.
    assert sum(one.mapped_m2.values()) / (change != NODATA).sum() == pytest.approx(607.85, abs=0.05)


@needs_data
def test_mapped_change_of_26_sites_is_three_to_four_times_what_the_sample_finds(surveys):
    usable = [one for one in surveys if one.points.frame == REF]
    loss, gain = ({row["name"]: row for row in gmw_sites.pooled(usable, code)} for code in (LOSS, GAIN))
    assert loss["direct"]["mapped_ha"] == pytest.approx(11_824, abs=1)
    assert gain["direct"]["mapped_ha"] == pytest.approx(9_646, abs=1)
    assert (loss["direct"]["points_mapped"], loss["direct"]["points_reference"]) == (92, 38)
    assert (gain["direct"]["points_mapped"], gain["direct"]["points_reference"]) == (82, 20)
    assert loss["direct"]["estimate_ha"] == pytest.approx(3_645, abs=1)
    assert gain["direct"]["estimate_ha"] == pytest.approx(2_231, abs=1)
    for name in ("direct", "regression"):
        assert loss[name]["score95_ha"][1] < loss[name]["mapped_ha"] / 2
        assert gain[name]["score95_ha"][1] < gain[name]["mapped_ha"] / 2


@needs_data
def test_pooled_direct_estimate_by_hand(surveys):
    """Σ A p and Σ A² p (1 − p) / (n − 1), in floating point, from the points alone."""
    usable = [one for one in surveys if one.points.frame == REF]
    value = variance = 0.0
    for one in usable:
        area, p = sum(one.frame_m2.values()) / 1e4, float((one.points.reference == LOSS).mean())
        value += area * p
        variance += area**2 * p * (1 - p) / (one.points.n - 1)
    row = gmw_sites.pooled(usable, LOSS)[0]
    assert row["estimate_ha"] == pytest.approx(value, rel=1e-9)
    assert row["se_ha"] == pytest.approx(variance**0.5, rel=1e-9)


@needs_data
def test_post_strata_need_ten_points_each(surveys):
    good = [one.points.name for one in surveys if isinstance(gmw_sites.post_strata(one), list)]
    assert good == ["1 2017-2019"]
    loss, gain = gmw_sites.post_strata(at(surveys, REF, 1))
    assert (loss["points_mapped"], gain["points_mapped"]) == (19, 14)
    assert loss["estimate_ha"] == pytest.approx(1_597, abs=1)
    assert gain["estimate_ha"] == pytest.approx(343, abs=1)
    assert gmw_sites.post_strata(at(surveys, CHANGE, 4)).startswith("mapped change and regions drawn by hand")


@needs_data
def test_no_interval_of_area_where_the_design_is_not_established(surveys):
    report = gmw_sites.report(DATA)
    for row in report["pairs"]:
        assert (row["direct"] is None) == (row["design"]["established"] != "site")
    assert report["verdicts"] == {"site": 27, "mapped change": 1, "no": 7}


AGREEMENT = {
    # frame: (both, mapped, reference, F1 %) of loss, of gain
    "acc_ref": ((17, 92, 38, 26.2), (12, 82, 20, 23.5)),
    "acc_chng": ((190, 402, 268, 56.7), (156, 284, 222, 61.7)),
    "both": ((207, 494, 306, 51.8), (168, 366, 242, 55.3)),
}


@needs_data
@pytest.mark.parametrize("frame", AGREEMENT)
def test_gmw_v3_sample_agreement_by_frame(surveys, frame):
    part = [one for one in surveys if frame in {one.points.frame, "both"}]
    for code, expected in zip((LOSS, GAIN), AGREEMENT[frame], strict=True):
        row = gmw_sites.agreement(part, code)
        assert (row["both"], row["mapped"], row["reference"]) == expected[:3]
        assert round(row["f1_percent"], 1) == expected[3]
        low, high = row["f1_bootstrap95"]
        assert low < row["f1_percent"] < high


@needs_data
def test_gmw_published_f1_is_that_of_points_chosen_on_change(surveys):
    """60.6 and 58.1 % lie in the intervals of the surveys drawn on change; the equal-probability one has 26 and 24 %."""
    chosen = [one for one in surveys if one.points.frame == CHANGE]
    equal = [one for one in surveys if one.points.frame == REF]
    for code, (published, _, _) in gmw_sites.PUBLISHED.items():
        low, high = gmw_sites.agreement(chosen, code)["f1_bootstrap95"]
        assert low < published < high
        assert gmw_sites.agreement(equal, code)["f1_bootstrap95"][1] < published


def test_gmw_accuracy_file_swaps_producers_and_users():
    """Its v3.12 matrix (rows reference, columns map): what it calls producer's accuracy of loss is hits over mapped: user's."""
    matrix = np.array([[3834, 193, 339, 116], [107, 514, 79, 2], [296, 307, 10998, 168], [57, 2, 67, 287]])
    users, producers = 100 * matrix[1, 1] / matrix[:, 1].sum(), 100 * matrix[1, 1] / matrix[1].sum()
    assert users == pytest.approx(50.59055118110236)  # their "producer_accuracy"
    assert producers == pytest.approx(73.21937321937322)  # their "user_accuracy"
    assert 2 * users * producers / (users + producers) == pytest.approx(59.83701979045402)
