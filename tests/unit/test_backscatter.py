from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

from mrv.change.radar import despeckle
from mrv.cube import Layer
from mrv.errors import SourceError
from mrv.kernels.decibels import NODATA, decibels_of_power
from mrv.observe.backscatter import Backscatter, stack
from mrv.plan import RadarLayer
from mrv.sources.geometry import Geometry

SHAPE = (23, 19)
WHOLE = (slice(0, SHAPE[0]), slice(0, SHAPE[1]))
ONE, OTHER = Geometry(33, "ascending"), Geometry(141, "descending")
MOSAIC = RadarLayer(quantity="gamma0-amplitude", calibration_db=Decimal("-83.0"), masked_codes=(0, 50, 100, 150))


class Arrays:
    """A reader of arrays in memory, by the digest that a layer names."""

    def __init__(self, **arrays):
        self.arrays, self.grid = arrays, SimpleNamespace(shape=SHAPE)

    def band(self, layer, role, tile):
        return self.arrays[layer.bands[role]][tile]


def power(window):
    return RadarLayer(quantity="gamma0-power", speckle_window_px=window)


def series(count=8, seed=1):
    rng = np.random.default_rng(seed)
    images = (0.2 * rng.gamma(4.4, 1 / 4.4, (count, *SHAPE))).astype(np.float32)
    images[2, 4:9, 3] = [0, -32_768, np.nan, np.inf, -0.001]
    layers = [Layer(18_000 + 12 * k, {"vv": f"i{k}"}, 0) for k in range(count)]
    return images, layers, Arrays(**{f"i{k}": image for k, image in enumerate(images)})


def test_an_image_is_its_exact_decibels():
    images, layers, reader = series()
    found = Backscatter(reader, power(1), "vv").image(layers[2], WHOLE)
    assert (found[4:9, 3] == NODATA).all()
    rest = np.isfinite(images[2]) & (images[2] > 0)
    assert np.array_equal(found[rest], decibels_of_power(images[2][rest]))


def test_what_is_too_bright_to_be_an_echo_is_nodata():
    images, layers, reader = series()
    images[0, 0, :2] = [1000.0, 1001.0]
    found = Backscatter(reader, power(1), "vv").image(layers[0], WHOLE)
    assert found[0, :2].tolist() == [3000, NODATA]


def test_the_filter_runs_within_each_geometry():
    images, layers, reader = series()
    geometries = [ONE, OTHER] * 4
    found = Backscatter(reader, power(3), "vv").series(layers, geometries, WHOLE)
    clean = np.where((images > 0) & np.isfinite(images), images, np.float32(np.nan))
    for first in (0, 1):
        own = clean[first::2]
        assert np.array_equal(found[first::2], decibels_of_power(despeckle(np.ascontiguousarray(own), half=1)))


@pytest.mark.parametrize("window", [1, 3, 5])
@pytest.mark.parametrize("chunk", [4, 7, 64])
def test_chunks_change_nothing(window, chunk):
    _, layers, reader = series()
    backscatter, geometries = Backscatter(reader, power(window), "vv"), [ONE, ONE, OTHER, ONE] * 2
    whole = backscatter.series(layers, geometries, WHOLE)
    found = stack(backscatter, layers, geometries, chunk=chunk).compute(scheduler="synchronous")
    assert np.array_equal(found, whole)


def test_a_later_image_changes_nothing_before_it():
    _, layers, reader = series()
    backscatter, geometries = Backscatter(reader, power(3), "vv"), [ONE] * 8
    whole = backscatter.series(layers, geometries, WHOLE)
    assert np.array_equal(backscatter.series(layers[:5], geometries[:5], WHOLE), whole[:5])


def test_a_mosaic_shows_ground_alone():
    dn, mask = np.full(SHAPE, 3000, np.uint16), np.full(SHAPE, 255, np.uint8)
    mask[0, :4] = [0, 50, 100, 150]
    dn[1, :3] = [0, 1, 2]
    reader = Arrays(dn=dn, mask=mask)
    found = Backscatter(reader, MOSAIC, "hv").image(Layer(18_000, {"hv": "dn", "mask": "mask"}, 0), WHOLE)
    assert (found[0, :4] == NODATA).all()
    assert found[1, :3].tolist() == [NODATA, NODATA, -7698]
    assert found[2, 2] == -1346


def test_a_mask_that_is_not_jaxas_is_refused():
    reader = Arrays(dn=np.full(SHAPE, 3000, np.uint16), mask=np.full(SHAPE, 4, np.uint8))
    with pytest.raises(SourceError) as caught:
        Backscatter(reader, MOSAIC, "hv").image(Layer(18_000, {"hv": "dn", "mask": "mask"}, 0), WHOLE)
    assert caught.value.error_code == "radar.mask"
