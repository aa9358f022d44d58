"""Biomass maps: plots and pixel features → a forest of decision trees, cross-fitted by cluster.

scikit-learn only trains.  What is stored, scored and signed is integers (``forest_model``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mrv.carbon.forest_model import FEATURE_MAX, MAX_FEATURES, SCHEMA, ForestModel, checked_features, store
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Kind = Literal["extra-trees", "random-forest", "gradient-boosting"]
LEAF_SCALE = 1024
_WEIGHT_SCALE = 2**22
"""A training standard deviation of the most important feature; the kernel cuts at 64 of them."""


@dataclass(frozen=True, slots=True)
class Learner:
    """How a model is trained."""

    kind: Kind = "extra-trees"
    """Extremely randomised trees, random forest or gradient boosting."""
    trees: int = 300
    """Trees a fold."""
    min_leaf: int = 5
    """Plots a leaf holds at least."""
    seed: int = 0
    """Seed of scikit-learn."""


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """How well plots are predicted by models that have not seen their block: transfer error, not the error of a mean."""

    predictions: NDArray[np.int64]
    """int64 (plots,), kg d.m./ha."""
    bias_kg_ha: Fraction
    """Mean of prediction less plot."""
    rmse_kg_ha: Fraction
    """Root of the mean squared difference."""
    r2: Fraction | None
    """1 − squared differences over squares about the plots' mean; None where the plots are all alike."""


def train(
    features: NDArray[Any],
    target_kg_ha: Sequence[int],
    *,
    names: Sequence[str],
    clusters: Sequence[str],
    folds: int = 5,
    learner: Learner | None = None,
) -> ForestModel:
    """Train a biomass model, one forest a fold of clusters.

    The map is the mean of the folds' forests; a plot's residual uses the forest that has not seen its cluster.

    Args:
        features: Integers (plots, features).
        target_kg_ha: Biomass of each plot, kg d.m./ha.
        names: Names of the features.
        clusters: Cluster (or spatial block) of each plot: it never lies in two folds.
        folds: Folds; 1 trains on all plots at once and gives no residuals.
        learner: How.

    Raises:
        PlanError: Features that are no integers, too few plots or clusters.
        UsageError: scikit-learn is not installed.
    """
    how = learner or Learner()
    table = checked_features(np.asarray(features), len(names))
    target = np.array([int(value) for value in target_kg_ha], dtype=np.int64)
    if not 1 <= len(names) <= MAX_FEATURES or len(set(names)) != len(names):
        raise PlanError(f"{len(names)} features", code="biomass.features", hint=f"1 to {MAX_FEATURES}, each named once")
    if not len(table) == len(target) == len(clusters) or len(target) < 2 * how.min_leaf:
        raise PlanError("too few plots, or columns of different lengths", code="biomass.plots", hint="one value a plot")
    fold_of = assign_folds(clusters, folds)
    of_plot = np.array([fold_of[cluster] for cluster in clusters])
    trees: list[dict[str, Any]] = []
    offsets, importance = [], np.zeros(len(names))
    for fold in range(folds):
        seen = np.ones(len(target), dtype=bool) if folds == 1 else of_plot != fold
        model = _fit(how, table[seen], target[seen])
        offset, own = _extract(model, how, fold)
        trees += own
        offsets.append(offset)
        importance = importance + np.asarray(model.feature_importances_)
    return store({
        "schema": SCHEMA,
        "kind": how.kind,
        "features": list(names),
        "unit": "kg d.m./ha",
        "leaf_scale": LEAF_SCALE,
        "averaged": 1 if how.kind == "gradient-boosting" else how.trees,
        "offsets": offsets,
        "trees": trees,
        "folds": fold_of,
        "applicability": _applicability(table, of_plot, importance, folds),
        "training": {
            "library": f"scikit-learn {_sklearn().__version__}",
            "trees": str(how.trees),
            "min_leaf": str(how.min_leaf),
            "seed": str(how.seed),
            "plots": str(len(target)),
        },
    })  # fmt: skip


def assign_folds(clusters: Sequence[str], folds: int) -> dict[str, int]:
    """Fold of each cluster: in the order of their hashes, each to the fold with fewest plots.

    Raises:
        PlanError: Fewer clusters than folds.
    """
    count: dict[str, int] = {}
    for cluster in clusters:
        count[cluster] = count.get(cluster, 0) + 1
    if not 1 <= folds <= len(count):
        message = f"{folds} folds of {len(count)} clusters"
        raise PlanError(message, code="biomass.folds", hint="at least one cluster a fold")
    load, fold_of = [0] * folds, {}
    for cluster in sorted(count, key=lambda name: hashlib.sha256(name.encode()).digest()):
        fold = load.index(min(load))
        fold_of[cluster] = fold
        load[fold] += count[cluster]
    return fold_of


def spatial_blocks(x_m: Sequence[int], y_m: Sequence[int], size_m: int) -> list[str]:
    """Name of the square block each plot lies in, for cross-validation across space.

    Args:
        x_m: Easting, m.
        y_m: Northing, m.
        size_m: Side of a block, m: beyond the range of spatial correlation.
    """
    return [f"{x // size_m}_{y // size_m}" for x, y in zip(x_m, y_m, strict=True)]


def cross_validate(
    model: ForestModel, features: NDArray[Any], target_kg_ha: Sequence[int], blocks: Sequence[str]
) -> CrossValidation:
    """Error of a model at plots whose block it has not seen.

    Args:
        model: Trained with the same blocks as clusters.
        features: Integers (plots, features).
        target_kg_ha: Biomass of each plot, kg d.m./ha.
        blocks: Block of each plot.
    """
    predicted = model.out_of_fold(np.asarray(features), list(blocks))
    target = [int(value) for value in target_kg_ha]
    apart = [int(p) - t for p, t in zip(predicted, target, strict=True)]
    n, squares = len(apart), sum(value * value for value in apart)
    about_mean = Fraction(n * sum(t * t for t in target) - sum(target) ** 2, n)
    return CrossValidation(
        predictions=predicted,
        bias_kg_ha=Fraction(sum(apart), n),
        rmse_kg_ha=sqrt_fraction(Fraction(squares, n), places=3),
        r2=1 - squares / about_mean if about_mean else None,
    )


def _sklearn() -> Any:
    try:
        import sklearn
    except ImportError as error:
        raise UsageError("scikit-learn is not installed", hint="install the optional packages that train maps") from error
    return sklearn


def _fit(how: Learner, features: NDArray[np.int32], target: NDArray[np.int64]) -> Any:
    _sklearn()
    from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor

    common = {"n_estimators": how.trees, "min_samples_leaf": how.min_leaf, "random_state": how.seed}
    kinds = {
        "extra-trees": lambda: ExtraTreesRegressor(**common, n_jobs=1),
        "random-forest": lambda: RandomForestRegressor(**common, n_jobs=1),
        "gradient-boosting": lambda: GradientBoostingRegressor(**common),
    }
    return kinds[how.kind]().fit(features.astype(np.float32), target.astype(np.float64))


def _extract(model: Any, how: Learner, fold: int) -> tuple[int, list[dict[str, Any]]]:
    """Integer trees of a fitted ensemble, and the value they start from."""
    boosted = how.kind == "gradient-boosting"
    estimators = [row[0] for row in model.estimators_] if boosted else list(model.estimators_)
    offset = round(float(model.init_.constant_.ravel()[0]) * LEAF_SCALE) if boosted else 0
    rate = float(model.learning_rate) if boosted else 1.0
    return offset, [_tree(estimator.tree_, rate, fold) for estimator in estimators]


def _tree(tree: Any, rate: float, fold: int) -> dict[str, Any]:
    leaf = tree.children_left < 0
    values = np.rint(tree.value[:, 0, 0] * rate * LEAF_SCALE).astype(np.int64)
    return {
        "fold": fold,
        "feature": [int(x) for x in np.where(leaf, -1, tree.feature)],
        # For whole numbers x ≤ t is x ≤ ⌊t⌋.
        "threshold": [int(x) for x in np.where(leaf, 0, np.floor(tree.threshold))],
        "left": [int(x) for x in tree.children_left],
        "right": [int(x) for x in tree.children_right],
        "value": [int(x) for x in np.where(leaf, values, 0)],
    }


def _applicability(
    table: NDArray[np.int32], fold_of: NDArray[np.int64], importance: NDArray[np.float64], folds: int
) -> dict[str, Any]:
    """Weights, training points and the limit: the largest distance between folds that is no outlier."""
    spread = table.astype(np.float64).std(axis=0)
    share = importance / max(float(importance.max()), 1e-12)
    weight = np.where(spread > 0, np.rint(share * _WEIGHT_SCALE / np.maximum(spread, 1e-12)), 0.0)
    weight = np.minimum(weight, float(FEATURE_MAX)).astype(np.int64)
    points = [[int(x) for x in row] for row in table]
    nearest = []
    for i, own in enumerate(points):
        others = [points[j] for j in range(len(points)) if j != i and (folds == 1 or fold_of[j] != fold_of[i])]
        nearest.append(
            min(sum(((a - b) * int(w)) ** 2 for a, b, w in zip(own, other, weight, strict=True)) for other in others)
        )
    roots = sorted(isqrt(value) for value in nearest)
    low, high = roots[len(roots) // 4], roots[3 * len(roots) // 4]
    fence = high + 3 * (high - low) // 2
    inside = max(value for value in nearest if isqrt(value) <= fence)
    return {"weight": [int(w) for w in weight], "points": points, "limit_squared": inside}
