from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_fusion import bayes, plain_fusion, plain_probability

from mrv.change.fusion import HIGH, LOW, NONE, UNMONITORED, Evidence, FusionRules, Sensor, fuse
from mrv.errors import SourceError
from mrv.kernels.evidence import exponential, posterior

NODATA = -32768
NDVI = Sensor("ndvi", shift=-4000, spread=1200, floor=200)
VV = Sensor("vv", shift=-250, spread=130, floor=60)
START = 16_800


def days(count, step=12, first=16_300):
    return (first + step * np.arange(count)).astype(np.int32)


def evidence(sensor, values, when=None):
    block = np.asarray(values, np.int16).reshape(len(values), 1, -1)
    return Evidence(sensor, days(len(values)) if when is None else when, block)


def made(sensor, level, count, step, cut_day, seed, *, sigma, holes=0.2, shape=(5, 6)):
    rng = np.random.default_rng(seed)
    when = days(count, step)
    values = level + rng.normal(0, sigma, (count, *shape))
    values[when >= cut_day, :, :3] += sensor.shift
    values[rng.random(values.shape) < holes] = NODATA
    return Evidence(sensor, when, np.rint(values).astype(np.int16))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rules", [FusionRules(), FusionRules(chi=0.975, within_days=90), FusionRules(0.99, 0.2, 0.7)])
def test_the_kernel_is_the_oracle(seed, rules):
    rng = np.random.default_rng(seed)
    blocks = [
        made(NDVI, 8400, 50, 16, START + 100, seed, sigma=300 + 1500 * (seed % 2), holes=0.5),
        made(VV, -700, 70, 11, START + 100, seed + 9, sigma=60 + 60 * (seed % 2)),
    ]
    blocks[0].index[:, 0, 0] = NODATA
    blocks[1].index[:35, 0, 1] = NODATA
    blocks[0].index[int(rng.integers(5, 20)), 2, :] = 100
    found = fuse(blocks, rules, start=START)
    for y in range(5):
        for x in range(6):
            dated = []
            for one in blocks:
                history = int((one.days < START).sum())
                chances = plain_probability(
                    one.index[:, y, x], history, one.sensor, lowest=rules.lowest, highest=rules.highest,
                    fewest=rules.min_history,
                )  # fmt: skip
                dated += zip(one.days.tolist(), chances, strict=True)
            dated.sort(key=lambda pair: pair[0])
            wanted = plain_fusion(dated, start=START, chi=rules.chi, within=rules.within_days)
            assert tuple(found[:, y, x].tolist()) == wanted


def test_a_clearing_is_confirmed_sooner_with_both():
    cut = START + 96
    optical = made(NDVI, 8400, 60, 16, cut, 1, sigma=300, holes=0.6)
    radar = made(VV, -700, 80, 12, cut, 2, sigma=60, holes=0.1)
    alone = [fuse([one], FusionRules(chi=0.95), start=START) for one in (optical, radar)]
    both = fuse([optical, radar], FusionRules(chi=0.95), start=START)
    assert (both[3, :, :3] == HIGH).all()
    assert (both[3, :, 3:] != HIGH).all()
    assert both[1, :, :3].mean() <= min(one[1, :, :3][one[3, :, :3] == HIGH].mean() for one in alone)
    assert (both[0, :, :3] >= cut).all()


def test_one_odd_observation_is_dropped():
    values = np.full(60, 8400)
    values[::2] += 90
    values[45] = 3000
    assert fuse([evidence(NDVI, values)], FusionRules(), start=START)[:, 0, 0].tolist() == [0, 0, 0, NONE]


def test_a_last_odd_observation_is_a_change_of_low_confidence():
    values = np.full(60, 8400)
    values[-1] = 3000
    found = fuse([evidence(NDVI, values)], FusionRules(), start=START)[:, 0, 0]
    assert found.tolist() == [int(days(60)[-1]), 0, 50, LOW]


def test_the_date_is_the_flag_and_the_confirmation_follows():
    values = np.full(60, 8400)
    values[50:] = 4000
    found = fuse([evidence(NDVI, values)], FusionRules(chi=0.98), start=START)[:, 0, 0]
    belief, step = bayes(round(102.4) / 1024, round(921.6) / 1024), 50
    while belief < 0.98:
        step, belief = step + 1, bayes(belief, round(921.6) / 1024)
    assert found.tolist() == [int(days(60)[50]), int(days(60)[step]), int(100 * belief), HIGH]


def test_a_flag_that_is_not_confirmed_in_time_is_dropped():
    values = np.full(60, 8400)
    values[50], values[51:] = 4000, 6380
    slow = Sensor("slow", shift=-4000, spread=1200, floor=1200)
    kept = fuse([evidence(slow, values)], FusionRules(chi=0.99), start=START)[:, 0, 0]
    again = fuse([evidence(slow, values)], FusionRules(chi=0.99, within_days=24), start=START)[:, 0, 0]
    assert (kept[0], kept[3]) == (days(60)[50], LOW)
    assert (again[0], again[3]) == (days(60)[59], LOW)


def test_a_pixel_that_no_sensor_knows_is_not_monitored():
    values = np.full(60, NODATA)
    values[50:] = 4000
    assert fuse([evidence(NDVI, values)], FusionRules(), start=START)[0, 0, 0] == UNMONITORED
    both = fuse([evidence(NDVI, values), evidence(VV, np.full(60, -700))], FusionRules(), start=START)
    assert both[0, 0, 0] == 0


def test_an_absent_sensor_is_as_one_that_saw_nothing():
    radar = made(VV, -700, 80, 12, START + 50, 3, sigma=80)
    blind = Evidence(NDVI, days(40, 16), np.full((40, 5, 6), NODATA, np.int16))
    assert np.array_equal(fuse([radar], FusionRules(), start=START), fuse([blind, radar], FusionRules(), start=START))


def test_a_value_beyond_forest_is_forest():
    values = np.full(60, 5000)
    values[50:] = 9900
    wide = Sensor("wide", shift=-1000, spread=4000, floor=200)
    assert fuse([evidence(wide, values)], FusionRules(), start=START)[0, 0, 0] == 0


@given(st.floats(0.05, 0.95), st.lists(st.floats(0.1, 0.9), min_size=1, max_size=8))
@settings(deadline=None)
def test_the_order_of_evidence_does_not_matter(prior, chances):
    one = other = prior
    for chance in chances:
        one = posterior(one, chance)
    for chance in reversed(chances):
        other = posterior(other, chance)
    assert one == pytest.approx(other)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_chunks_do_not_show(seed):
    block = made(VV, -700, 70, 12, START + 60, seed, sigma=150)
    whole = fuse([block], FusionRules(), start=START)
    part = fuse([Evidence(VV, block.days, block.index[:, 1:4, 2:5])], FusionRules(), start=START)
    assert np.array_equal(whole[:, 1:4, 2:5], part)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lowest": 0.6}, "fusion.bounds"), ({"highest": 1.0}, "fusion.bounds"), ({"lowest": 0.0}, "fusion.bounds"),
        ({"lowest": 0.0004}, "fusion.bounds"), ({"highest": 0.9996}, "fusion.bounds"),
        ({"chi": 0.5}, "fusion.chi"), ({"chi": 1.0}, "fusion.chi"), ({"min_history": 1}, "fusion.rules"),
        ({"within_days": -1}, "fusion.rules"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_are_refused(change, code):
    with pytest.raises(SourceError) as caught:
        FusionRules(**change)
    assert caught.value.error_code == code
    assert caught.value.hint


@pytest.mark.parametrize("change", [{"shift": 0}, {"shift": float("nan")}, {"spread": 0}, {"floor": -1}, {"cut": 0}])
def test_sensors_that_cannot_be_are_refused(change):
    with pytest.raises(SourceError) as caught:
        Sensor(**{"name": "x", "shift": -1, "spread": 1, "floor": 1, **change})
    assert caught.value.error_code == "fusion.sensor"


def test_blocks_that_do_not_fit_are_refused():
    values = np.full(60, 8400)
    for build, code in [
        (lambda: fuse([], FusionRules(), start=START), "fusion.shape"),
        (lambda: Evidence(NDVI, days(3), np.zeros((3, 2), np.int16)), "fusion.shape"),
        (lambda: Evidence(NDVI, days(3), np.zeros((4, 2, 2), np.int16)), "fusion.shape"),
        (lambda: Evidence(NDVI, days(3), np.zeros((3, 2, 2), np.int32)), "fusion.shape"),
        (lambda: Evidence(NDVI, days(3)[::-1], np.zeros((3, 2, 2), np.int16)), "fusion.days"),
        (
            lambda: fuse(
                [evidence(NDVI, values), evidence(VV, np.zeros((60, 2)))], FusionRules(), start=START
            ), "fusion.shape",
        ),
    ]:  # fmt: skip
        with pytest.raises(SourceError) as caught:
            build()
        assert caught.value.error_code == code


def test_the_exponential_is_one():
    every = np.concatenate([np.linspace(-700, 700, 20_001), np.linspace(-1, 1, 2001)])
    found = np.array([exponential(x) for x in every.tolist()])
    assert np.allclose(found, np.exp(every), rtol=1e-14, atol=0)
    assert exponential(0.0) == 1.0
    assert (exponential(1e9), exponential(-1e9)) == (exponential(700.0), exponential(-700.0))
    assert exponential(-700.0) > 0
