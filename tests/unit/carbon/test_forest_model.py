from __future__ import annotations

import json

import numpy as np
import pytest
import rfc8785

from mrv.carbon.forest_model import FEATURE_MAX, parse_forest, store
from mrv.errors import PlanError


def tree(fold=0, value=(10, 20, 30), **changes):
    low, middle, high = value
    return {
        "fold": fold,
        "feature": [0, -1, 1, -1, -1],
        "threshold": [5, 0, -2, 0, 0],
        "left": [1, -1, 3, -1, -1],
        "right": [2, -1, 4, -1, -1],
        "value": [0, low, 0, middle, high],
    } | changes


def document(**changes):
    return {
        "schema": "mrv.forest/1",
        "kind": "extra-trees",
        "features": ["red", "nir"],
        "unit": "kg d.m./ha",
        "leaf_scale": 2,
        "averaged": 1,
        "offsets": [0, 0],
        "trees": [tree(0), tree(1, (100, 200, 300))],
        "folds": {"a": 0, "b": 1},
        "applicability": {"weight": [1, 2], "points": [[0, 0], [10, 10]], "limit_squared": 8},
        "training": {"library": "by hand"},
    } | changes


PIXELS = np.array([[5, 0], [6, -2], [6, 4]])


def refused(code, **changes):
    with pytest.raises(PlanError) as caught:
        store(document(**changes))
    assert caught.value.error_code == code
    assert caught.value.hint


def test_folds_are_averaged_and_halves_round_up():
    model = store(document())
    assert model.predict(PIXELS, fold=0).tolist() == [5, 10, 15]
    assert model.predict(PIXELS, fold=1).tolist() == [50, 100, 150]
    # (10 + 100) / 4 = 27.5, (20 + 200) / 4 = 55, (30 + 300) / 4 = 82.5
    assert model.predict(PIXELS).tolist() == [28, 55, 83]


def test_boosted_trees_start_from_their_offset():
    model = store(document(kind="gradient-boosting", offsets=[1000, 2000]))
    assert model.predict(PIXELS, fold=0).tolist() == [505, 510, 515]
    assert model.predict(PIXELS[:1]).tolist() == [-(-(1000 + 2000 + 10 + 100) // 4)]


def test_plots_are_predicted_by_the_trees_that_have_not_seen_them():
    model = store(document())
    assert model.out_of_fold(PIXELS, ["a", "b", "a"]).tolist() == [5, 100, 15]


def test_out_of_fold_needs_folds_and_known_clusters():
    single = store(document(offsets=[0], trees=[tree(0)], folds={"a": 0}))
    for model, clusters, code in ((single, ["a"] * 3, "biomass.in-sample"), (store(document()), ["z"] * 3, "biomass.cluster")):
        with pytest.raises(PlanError) as caught:
            model.out_of_fold(PIXELS, clusters)
        assert caught.value.error_code == code


def test_the_area_of_applicability_ends_at_the_limit():
    model = store(document())
    # Squared: (2·1)² + (1·2)² = 8 is inside, (3·1)² = 9 is not.
    assert model.applicable(np.array([[2, 1], [3, 0], [10, 12], [10, 11], [500, 500]])).tolist() == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_the_digest_is_that_of_the_bytes_and_the_bytes_come_back():
    model = store(document())
    again = parse_forest(model.data)
    assert again.digest == model.digest
    assert again.predict(PIXELS).tolist() == model.predict(PIXELS).tolist()
    assert store(document(training={"library": "by foot"})).digest != model.digest


@pytest.mark.parametrize(
    "features",
    [
        PIXELS.astype(float),
        PIXELS[:, :1],
        PIXELS[0],
        np.array([[FEATURE_MAX + 1, 0]]),
        np.array([[0, -FEATURE_MAX - 1]]),
    ],
)
def test_features_that_are_no_integers_of_the_model_are_refused(features):
    with pytest.raises(PlanError) as caught:
        store(document()).predict(features)
    assert caught.value.error_code == "biomass.features"


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "mrv.forest/2"},
        {"kind": "neural"},
        {"unit": "t/ha"},
        {"leaf_scale": 0},
        {"leaf_scale": 2.5},
        {"averaged": 0},
        {"averaged": 7},
        {"trees": []},
        {"features": []},
        {"stray": 1},
        {"offsets": []},
        {"offsets": [0, 0, 0]},
        {"folds": {"a": 2}},
        {"folds": {"a": "0"}},
        {"applicability": {"weight": [1], "points": [[0, 0]], "limit_squared": 1}},
        {"applicability": {"weight": [1, 1], "points": [], "limit_squared": 1}},
        {"applicability": {"weight": [1, 1], "points": [[0]], "limit_squared": 1}},
        {"applicability": {"weight": [1, -1], "points": [[0, 0]], "limit_squared": 1}},
        {"applicability": {"weight": [1, 1], "points": [[0, 2**25]], "limit_squared": 1}},
        {"applicability": {"weight": [1, 1], "points": [[0, 0]], "limit_squared": -1}},
    ],
)
def test_another_schema_is_refused(changes):
    refused("biomass.schema", **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"left": [0, -1, 3, -1, -1]},
        {"left": [1, -1, 2, -1, -1]},
        {"left": [1, -1, 1, -1, -1]},
        {"right": [9, -1, 4, -1, -1]},
        {"left": [1, 2, 3, -1, -1]},
        {"feature": [2, -1, 1, -1, -1]},
        {"feature": [-2, -1, 1, -1, -1]},
        {"feature": [0, -1, 1, -1]},
        {"threshold": [5, 1, -2, 0, 0]},
        {"value": [3, 10, 0, 20, 30]},
        {"value": [0, 2**41, 0, 20, 30]},
        {"fold": 2},
        {"feature": [], "threshold": [], "left": [], "right": [], "value": []},
    ],
)
def test_a_tree_that_does_not_end_is_refused(changes):
    refused("biomass.tree", trees=[tree(0) | changes, tree(1)])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04pickle",
        b"[" * 100_000,
        json.dumps(document()).encode(),
        rfc8785.dumps(document()).replace(b'"leaf_scale":2,', b'"leaf_scale":2,"leaf_scale":2,'),
        rfc8785.dumps(document()) + b"\n",
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data):
    with pytest.raises(PlanError) as caught:
        parse_forest(data)
    assert caught.value.error_code == "biomass.json"
