from __future__ import annotations

import json

import numpy as np
import pytest

from mrv.carbon import biomass
from mrv.carbon.biomass import Learner, assign_folds, cross_validate, spatial_blocks, train
from mrv.errors import PlanError, UsageError

pytest.importorskip("sklearn")
KINDS = ("extra-trees", "random-forest", "gradient-boosting")
NAMES = ["red", "nir", "swir"]


def world(n=200, seed=4, per_cluster=5):
    """Plots whose biomass follows two of three features, in clusters with a level of their own."""
    rng = np.random.default_rng(seed)
    features = rng.integers(-500, 8000, (n, 3))
    clusters = [f"c{i // per_cluster}" for i in range(n)]
    level = np.repeat(rng.normal(0, 15_000, -(-n // per_cluster)), per_cluster)[:n]
    target = 60_000 + 8 * features[:, 0] - 5 * features[:, 1] + level + rng.normal(0, 15_000, n)
    return features, np.maximum(target, 0).astype(np.int64), clusters


@pytest.mark.parametrize("kind", KINDS)
def test_stored_integers_predict_what_scikit_learn_does(kind):
    features, target, clusters = world()
    how = Learner(kind, trees=40, min_leaf=3, seed=9)
    model = train(features, target, names=NAMES, clusters=clusters, folds=1, learner=how)
    pixels = np.random.default_rng(1).integers(-3000, 12_000, (5000, 3))
    theirs = biomass._fit(how, features.astype(np.int32), target).predict(pixels.astype(np.float32))
    # Half a kilogram of rounding, and at most half a 1024th for each boosted tree.
    assert np.abs(model.predict(pixels) - theirs).max() <= 0.5 + 41 / 2048


@pytest.mark.parametrize("kind", KINDS)
def test_no_float_and_no_pickle_is_stored(kind):
    features, target, clusters = world()
    model = train(features, target, names=NAMES, clusters=clusters, folds=2, learner=Learner(kind, trees=5))

    def refuse(text):
        raise AssertionError(f"a float is stored: {text}")

    assert json.loads(model.data, parse_float=refuse)["schema"] == "mrv.forest/1"
    assert (
        train(features, target, names=NAMES, clusters=clusters, folds=2, learner=Learner(kind, trees=5)).digest == model.digest
    )


def test_cross_validation_is_worse_than_the_plots_a_model_has_seen():
    features, target, clusters = world()
    model = train(features, target, names=NAMES, clusters=clusters, learner=Learner(trees=60, min_leaf=2))
    apart = cross_validate(model, features, target, clusters)
    seen = train(features, target, names=NAMES, clusters=clusters, folds=1, learner=Learner(trees=60, min_leaf=2))
    in_sample = np.sqrt(np.mean((seen.predict(features) - target) ** 2))
    assert float(apart.rmse_kg_ha) > 1.5 * in_sample
    assert apart.r2 is not None
    assert 0 < apart.r2 < 1
    assert float(apart.bias_kg_ha) == pytest.approx(np.mean(apart.predictions - target))


def test_a_cluster_never_lies_in_two_folds():
    features, target, clusters = world(per_cluster=7)
    folds = assign_folds(clusters, 4)
    assert set(folds) == set(clusters)
    load = [sum(folds[cluster] == fold for cluster in clusters) for fold in range(4)]
    assert max(load) - min(load) <= 7
    assert assign_folds(clusters[::-1], 4) == folds
    assert train(features, target, names=NAMES, clusters=clusters, folds=4, learner=Learner(trees=5)).document.folds == folds


def test_what_lies_far_from_every_plot_is_outside_the_area_of_applicability():
    features, target, clusters = world()
    model = train(features, target, names=NAMES, clusters=clusters, learner=Learner(trees=30))
    rng = np.random.default_rng(2)
    like, unlike = rng.integers(-500, 8000, (2000, 3)), rng.integers(60_000, 70_000, (200, 3))
    assert model.applicable(features).all()
    assert model.applicable(like).mean() > 0.9
    assert not model.applicable(unlike).any()
    # A feature that explains nothing may differ more before it counts.
    weight = model.document.applicability.weight
    assert weight[0] > weight[1] > weight[2] > 0


def test_the_limit_is_the_largest_distance_between_folds_that_is_no_outlier():
    features, target, clusters = world(n=60)
    model = train(features, target, names=NAMES, clusters=clusters, folds=3, learner=Learner(trees=20))
    area = model.document.applicability
    scaled = np.array(area.points) * np.array(area.weight)
    fold = np.array([model.document.folds[cluster] for cluster in clusters])
    nearest = []
    for i in range(60):
        others = scaled[fold != fold[i]]
        nearest.append(np.sqrt(((others - scaled[i]) ** 2).sum(axis=1).astype(float)).min())
    q25, q75 = sorted(nearest)[15], sorted(nearest)[45]
    inside = max(d for d in nearest if d <= q75 + 1.5 * (q75 - q25))
    assert area.limit_squared**0.5 == pytest.approx(inside, rel=1e-9)


def test_blocks_are_squares():
    assert spatial_blocks([0, 999, 1000, -1], [0, 0, 0, 0], 1000) == ["0_0", "0_0", "1_0", "-1_0"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"folds": 41}, "biomass.folds"),
        ({"folds": 0}, "biomass.folds"),
        ({"names": ["a", "b"]}, "biomass.features"),
        ({"names": ["a", "b", "b"]}, "biomass.features"),
        ({"clusters": ["c"] * 3}, "biomass.plots"),
        ({"learner": Learner(min_leaf=101)}, "biomass.plots"),
        ({"features": np.zeros((200, 3))}, "biomass.features"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, code):
    features, target, clusters = world()
    arguments = {"features": features, "target_kg_ha": target, "names": NAMES, "clusters": clusters} | change
    with pytest.raises(PlanError) as caught:
        train(arguments.pop("features"), arguments.pop("target_kg_ha"), **arguments)
    assert caught.value.error_code == code
    assert caught.value.hint


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn", None)
    features, target, clusters = world()
    with pytest.raises(UsageError) as caught:
        train(features, target, names=NAMES, clusters=clusters)
    assert caught.value.hint
