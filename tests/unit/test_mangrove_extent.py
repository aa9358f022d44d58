"""``mangrove-extent/1`` on a shore where the water level varies by scene and the forest does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.change.extent_maps import FOREST, NODATA, OTHER, detect
from mrv.change.mangrove_extent import MangroveRules, greenest, mangrove_extent
from mrv.errors import MRVError

RULES = MangroveRules(min_mvi=3_500, min_ndvi=4_000)
SIZE = 60
ROWS = np.mgrid[0:SIZE, 0:SIZE][0]
GROUND = {  # green, red, near and short-wave infrared × 10⁴
    "water": (500, 300, 100, 50),
    "mud": (1000, 1100, 1300, 1050),
    "mangrove": (450, 300, 3000, 950),
    "upland": (500, 330, 3300, 1700),
}
CLEARED = slice(24, 34), slice(20, 40)


@dataclass(frozen=True)
class Year:
    """Scenes of a year: bands (time, y, x) in the order of the method's arguments, and what is clear."""

    bands: tuple[np.ndarray, ...]
    clear: np.ndarray


def truth(*, cleared: bool = False) -> np.ndarray:
    """From the sea inland: 10 rows of water, 10 of mud, 20 of mangrove, 20 of upland forest."""
    found = np.where((ROWS >= 20) & (ROWS < 40), FOREST, OTHER).astype(np.uint8)
    if cleared:
        found[CLEARED] = OTHER
    return found


def year(seed: int, *, tides=None, scenes: int = 24, cloud: float = 0.3, noise: float = 40.0, cleared: bool = False) -> Year:
    """The shore under tides from 0 (low) to 1; mud and the lower crowns are flooded when the water stands above them."""
    rng = np.random.default_rng(seed)
    tides = rng.uniform(0, 1, scenes) if tides is None else np.asarray(tides)
    kinds = np.where(ROWS < 10, "water", np.where(ROWS < 20, "mud", np.where(ROWS < 40, "mangrove", "upland")))
    if cleared:
        kinds[CLEARED] = "mud"
    height = np.clip((ROWS - 8) / 32, 0, 2)
    water = np.array([np.clip((tide - height) / 0.3, 0, 0.9) for tide in tides])
    bands = []
    for at in range(4):
        dry = np.vectorize({kind: values[at] for kind, values in GROUND.items()}.get)(kinds).astype(float)
        mixed = dry * (1 - water) + GROUND["water"][at] * water
        bands.append(np.clip(mixed + rng.normal(0, noise, mixed.shape), 1, 10_000).astype(np.int16))
    return Year(tuple(bands), rng.random(water.shape) >= cloud)


def extent(one: Year) -> np.ndarray:
    return mangrove_extent(*one.bands, one.clear, RULES)


def agreement(found, wanted) -> float:
    return float((found == wanted).mean())


def single(one: Year, at: int) -> dict[str, int]:
    """Pixels of mangrove that single scenes show, by thresholds that are right at low water."""
    g, r, n, s = (band[at].astype(float) for band in one.bands)
    ndvi, ndwi, mvi = (n - r) / (n + r), (g - n) / (g + n), abs(n - g) / np.maximum(abs(s - g), 1)
    marsh = ROWS < 40
    return {
        "ndvi": int(((ndvi > 0.7) & marsh).sum()), "ndwi": int(((ndwi < -0.6) & marsh).sum()),
        "mvi": int(((mvi > 3.5) & (ndvi > 0.4) & (n > g) & marsh).sum()),
    }  # fmt: skip


def test_single_scenes_follow_the_tide():
    """Must-fail control: at low water every index finds the forest, at high water each loses a tenth of it and more."""
    low, high = (single(year(1, tides=[tide] * 2, cloud=0, noise=0), 0) for tide in (0.0, 1.0))
    forest = int((truth() == FOREST).sum())
    for name in low:
        assert low[name] == forest, name
        assert high[name] < 0.9 * forest, name


@pytest.mark.parametrize("seed", range(6))
def test_the_extent_does_not_change_with_the_tide(seed):
    one, two = extent(year(seed)), extent(year(100 + seed))
    assert agreement(one, truth()) > 0.998
    assert agreement(one, two) > 0.998
    areas = [single(year(seed), at)["ndvi"] for at in range(24)]
    assert max(areas) - min(areas) > 100 * abs(int((one == FOREST).sum()) - int((two == FOREST).sum())) / 3


def test_without_noise_it_is_the_truth_to_the_pixel():
    for tides in (np.linspace(0, 1, 12), np.linspace(0, 0.7, 9), [0.1, 0.2, 0.9, 1.0, 0.95, 0.15, 0.97]):
        assert (extent(year(3, tides=tides, noise=0, cloud=0)) == truth()).all()


def test_what_is_cleared_is_seen_at_any_tide_and_nothing_else_is():
    stack = np.stack([extent(year(1)), extent(year(2)), extent(year(3, cleared=True)), extent(year(4, cleared=True))])
    change = detect(stack, (2018, 2019, 2020, 2021), baseline=2019)
    lost = change.loss_year == 2020
    assert agreement(lost[CLEARED], 1) > 0.98
    lost[CLEARED] = False
    assert lost.mean() < 0.002


def test_scenes_that_never_saw_low_water_cannot_show_it():
    """The limit of the method: where every overpass meets high water the lower forest is missed."""
    found = extent(year(5, tides=np.linspace(0.9, 1.0, 20), cloud=0))
    missed = (found != truth()) & (truth() == FOREST)
    assert missed.sum() > 0.1 * (truth() == FOREST).sum()
    assert not (found[40:] == FOREST).any()


def test_too_few_clear_observations_are_no_value():
    one = year(6, scenes=8, cloud=0)
    clear = one.clear.copy()
    clear[4:, :, :30] = False
    found = mangrove_extent(*one.bands, clear, RULES)
    assert (found[:, :30] == NODATA).all()
    assert (found[:, 30:] != NODATA).all()


def test_mud_is_no_mangrove_though_its_index_has_no_bound():
    """Green and short-wave infrared of mud are alike: the index divides by nothing, and greenness says no."""
    flat = [np.full((6, 2, 2), value, np.int16) for value in (1000, 1100, 1300, 1000)]
    clear = np.ones((6, 2, 2), bool)
    assert (mangrove_extent(*flat, clear, RULES) == OTHER).all()
    assert (mangrove_extent(*flat, clear, MangroveRules(min_mvi=3_500, min_ndvi=0)) == FOREST).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_pixel_does_not_know_its_neighbours(seed):
    rng = np.random.default_rng(seed)
    bands = [rng.integers(1, 4_000, (7, 5, 4)).astype(np.int16) for _ in range(4)]
    clear = rng.random((7, 5, 4)) < 0.8
    whole = mangrove_extent(*bands, clear, RULES)
    part = mangrove_extent(*(band[:, 1:4, 2:] for band in bands), clear[:, 1:4, 2:], RULES)
    assert (whole[1:4, 2:] == part).all()
    assert whole.dtype == np.uint8


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9), st.data())
@settings(max_examples=100, deadline=None)
def test_the_greenest_share_in_words(values, data):
    usable = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    percent = data.draw(st.integers(1, 100))
    found = greenest(np.array(values)[:, None, None], np.array(usable)[:, None, None], percent)[:, 0, 0]
    ranked = sorted((value, at) for at, (value, use) in enumerate(zip(values, usable, strict=True)) if use)
    count = -(-len(ranked) * percent // 100)
    assert {at for at in range(len(values)) if found[at]} == {at for _, at in ranked[len(ranked) - count :]}


ONE = np.full((6, 2, 2), 100, np.int16)
CLEAR = np.ones((6, 2, 2), bool)


@pytest.mark.parametrize(
    ("call", "code", "field"),
    [
        (lambda: MangroveRules(min_mvi=-1, min_ndvi=0), "mangrove.rules", "min_mvi"),
        (lambda: MangroveRules(min_mvi=1, min_ndvi=10_001), "mangrove.rules", "min_ndvi"),
        (lambda: MangroveRules(min_mvi=1, min_ndvi=0, driest_percent=0), "mangrove.rules", "driest_percent"),
        (lambda: MangroveRules(min_mvi=1, min_ndvi=0, fewest=0), "mangrove.rules", "fewest"),
        (lambda: mangrove_extent(ONE.astype(float), ONE, ONE, ONE, CLEAR, RULES), "mangrove.shape", "green"),
        (lambda: mangrove_extent(ONE, ONE[:5], ONE, ONE, CLEAR, RULES), "mangrove.shape", "red"),
        (lambda: mangrove_extent(ONE, ONE, ONE, ONE.astype(np.int32), CLEAR, RULES), "mangrove.shape", "swir1"),
        (lambda: mangrove_extent(ONE, ONE, ONE, ONE, CLEAR.astype(np.uint8), RULES), "mangrove.shape", "clear"),
        (lambda: mangrove_extent(ONE, ONE, ONE, ONE, CLEAR[0], RULES), "mangrove.shape", "clear"),
    ],
)
def test_bad_input_is_refused(call, code, field):
    with pytest.raises(MRVError) as refused:
        call()
    assert (refused.value.error_code, refused.value.field) == (code, field)
    assert refused.value.hint
