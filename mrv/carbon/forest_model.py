"""A trained biomass map as evidence: plain integer arrays under a closed schema, named by their digest, never pickled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mrv.errors import PlanError
from mrv.kernels.trees import nearest_squared, score_trees
from mrv.misfit import misfit
from mrv.nesting import check_nesting
from mrv.units import sha256_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCHEMA = "mrv.forest/1"
FEATURE_MAX = 2**24 - 1
"""Features are whole numbers that single precision holds exactly: training and scoring see the same splits."""
MAX_FEATURES = 64
_CLOSED = ConfigDict(extra="forbid", frozen=True, strict=True)


class TreeArrays(BaseModel):
    """One decision tree, a node an entry; node 0 is the root and children come after their parent."""

    model_config = _CLOSED
    fold: int = Field(ge=0)
    """Fold whose plots it has not seen."""
    feature: list[int]
    """Feature asked for; −1 in a leaf."""
    threshold: list[int]
    """At or below goes left; 0 in a leaf."""
    left: list[int]
    """Node to the left; −1 in a leaf."""
    right: list[int]
    """Node to the right; −1 in a leaf."""
    value: list[int]
    """Leaf value × ``leaf_scale``; 0 elsewhere."""


class Applicability(BaseModel):
    """Area of applicability: how far from its training plots the model may be asked."""

    model_config = _CLOSED
    weight: list[int]
    """Weight of a feature: importance over standard deviation, scaled."""
    points: list[list[int]]
    """Features of the training plots."""
    limit_squared: int = Field(ge=0)
    """Largest squared weighted distance to the nearest training plot."""


class ForestDocument(BaseModel):
    """The stored model."""

    model_config = _CLOSED
    schema_: Literal["mrv.forest/1"] = Field(alias="schema")
    kind: Literal["extra-trees", "random-forest", "gradient-boosting"]
    """What trained it."""
    features: list[str] = Field(min_length=1, max_length=MAX_FEATURES)
    """Names of the features, in order."""
    unit: Literal["kg d.m./ha"]
    """Unit of a prediction."""
    leaf_scale: int = Field(gt=0)
    """Leaf values are multiples of 1 / ``leaf_scale``."""
    averaged: int = Field(gt=0)
    """Trees a fold whose mean is the prediction; 1 where they add up."""
    offsets: list[int] = Field(min_length=1)
    """Start value of each fold × ``leaf_scale`` × ``averaged``."""
    trees: list[TreeArrays] = Field(min_length=1)
    """All trees."""
    folds: dict[str, int]
    """Fold of each cluster of training plots."""
    applicability: Applicability
    """Where the model may be asked."""
    training: dict[str, str]
    """How it was trained: evidence, never repeated by a replay."""


@dataclass(frozen=True, slots=True)
class ForestModel:
    """A model that can be asked."""

    document: ForestDocument
    """What is stored."""
    data: bytes
    """The stored bytes: canonical JSON."""

    @property
    def digest(self) -> str:
        """``sha256:<hex>`` of the stored bytes."""
        return sha256_bytes(self.data)

    def predict(self, features: NDArray[Any], *, fold: int | None = None) -> NDArray[np.int64]:
        """Biomass, kg d.m./ha.

        Args:
            features: Integers (pixels, features), within ± 2²⁴ − 1, without nodata.
            fold: Only the trees that have not seen this fold; None: the mean over folds.

        Returns:
            int64 (pixels,), rounded half up.

        Raises:
            PlanError: Features that are not such integers.
        """
        doc = self.document
        trees = [tree for tree in doc.trees if fold is None or tree.fold == fold]
        offsets = doc.offsets if fold is None else doc.offsets[fold : fold + 1]
        starts = np.cumsum([0] + [len(tree.feature) for tree in trees])
        sides = [
            _joined([[int(at) + node for node in getattr(tree, side)] for at, tree in zip(starts, trees, strict=False)])
            for side in ("left", "right")
        ]
        feature = _joined([tree.feature for tree in trees]).astype(np.int32)
        threshold, value = _joined([tree.threshold for tree in trees]), _joined([tree.value for tree in trees])
        roots = starts[:-1].astype(np.int64)
        total = score_trees(self._checked(features), roots, feature, threshold, *sides, value) + sum(offsets)
        divisor = doc.leaf_scale * doc.averaged * len(offsets)
        rounded: NDArray[np.int64] = (2 * total + divisor) // (2 * divisor)
        return rounded

    def out_of_fold(self, features: NDArray[Any], clusters: list[str]) -> NDArray[np.int64]:
        """Prediction of each plot by the trees that have not seen its cluster.

        Args:
            features: Integers (plots, features).
            clusters: Cluster of each plot.

        Raises:
            PlanError: The model has one fold, or does not know a cluster.
        """
        if len(self.document.offsets) == 1:
            hint = "train with folds ≥ 2: in-sample residuals of a forest understate the error"
            raise PlanError("the model was trained on all plots at once", code="biomass.in-sample", hint=hint)
        if stray := sorted(set(clusters) - set(self.document.folds)):
            hint = "the model was trained on other plots: its predictions are external, use `predict`"
            raise PlanError(f"cluster {stray[0]} is in no fold", code="biomass.cluster", field=stray[0], hint=hint)
        folds = np.array([self.document.folds[cluster] for cluster in clusters])
        out = np.zeros(len(clusters), dtype=np.int64)
        for fold in range(len(self.document.offsets)):
            out[folds == fold] = self.predict(features[folds == fold], fold=fold)
        return out

    def applicable(self, features: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each pixel is as near to a training plot as the plots of other folds are to each other.

        Args:
            features: Integers (pixels, features).

        References:
            Meyer & Pebesma 2021, Methods in Ecology and Evolution 12:1620 (dissimilarity index; here squared and unscaled,
            which does not move its threshold).
        """
        area = self.document.applicability
        distance = nearest_squared(
            self._checked(features), np.array(area.points, dtype=np.int64), np.array(area.weight, dtype=np.int64)
        )
        return np.asarray(distance <= area.limit_squared)

    def _checked(self, features: NDArray[Any]) -> NDArray[np.int32]:
        return checked_features(features, len(self.document.features))


def checked_features(features: NDArray[Any], count: int) -> NDArray[np.int32]:
    """Features as the kernel takes them.

    Raises:
        PlanError: Not integers, out of range, or another number of columns.
    """
    hint = f"whole numbers within ±{FEATURE_MAX}, one column a feature; mask nodata beforehand"
    if features.ndim != 2 or features.shape[1] != count or features.dtype.kind not in "iu":
        message = f"features of shape {features.shape} and type {features.dtype}, not (pixels, {count}) integers"
        raise PlanError(message, code="biomass.features", hint=hint)
    if features.size and (int(features.min()) < -FEATURE_MAX or int(features.max()) > FEATURE_MAX):
        raise PlanError("a feature is out of range", code="biomass.features", hint=hint)
    return np.ascontiguousarray(features, dtype=np.int32)


def _joined(parts: list[list[int]]) -> NDArray[np.int64]:
    return np.concatenate([np.array(part, dtype=np.int64) for part in parts])


def store(document: dict[str, Any]) -> ForestModel:
    """A model from its document: through the bytes, so that what is used is what is stored."""
    return parse_forest(rfc8785.dumps(document))


def parse_forest(data: bytes, *, file: str = "forest.json") -> ForestModel:
    """Read a stored model.

    Args:
        data: Canonical JSON (RFC 8785).
        file: Name for messages.

    Raises:
        PlanError: Not canonical JSON, another schema, or trees that do not end.
    """
    try:
        text = data.decode()
        check_nesting(text)
        document = json.loads(text)
        canonical = rfc8785.dumps(document) == data
        parsed = ForestDocument.model_validate(document)
    except ValidationError as error:
        found = misfit(error, ForestDocument)
        hint = f"schema {SCHEMA}; there: {found.hint}"
        raise PlanError(found.message, code="biomass.schema", file=file, field=found.field or None, hint=hint) from error
    except (ValueError, RecursionError) as error:
        raise PlanError("not canonical JSON", code="biomass.json", file=file, hint="store it with `mrv`") from error
    if not canonical:
        raise PlanError("not canonical JSON", code="biomass.json", file=file, hint="a model is stored once and never edited")
    for index, tree in enumerate(parsed.trees):
        _check_tree(tree, parsed, file, f"trees.{index}")
    _check_shape(parsed, file)
    return ForestModel(document=parsed, data=data)


def _check_tree(tree: TreeArrays, document: ForestDocument, file: str, field: str) -> None:
    columns = [np.array(getattr(tree, name), dtype=np.int64) for name in ("feature", "left", "right", "threshold", "value")]
    feature, left, right, threshold, value = columns
    n, own = len(feature), np.arange(len(feature))
    message = ""
    if n == 0 or any(len(column) != n for column in columns):
        message = "columns of different lengths"
    elif tree.fold >= len(document.offsets):
        message = "a fold that has no offset"
    elif (feature < -1).any() or (feature >= len(document.features)).any():
        message = "a feature that is not listed"
    else:
        leaf = feature < 0
        children = np.concatenate([left[~leaf], right[~leaf]])
        after = (left[~leaf] > own[~leaf]).all() and (right[~leaf] > own[~leaf]).all() and (children < n).all()
        # Each node but the root is one node's child: a tree, and no walk in it turns back.
        if not after or not np.array_equal(np.sort(children), own[1:]):
            message = "nodes that are no tree"
        elif (left[leaf] != -1).any() or (right[leaf] != -1).any() or threshold[leaf].any() or value[~leaf].any():
            message = "a leaf with children or a branch with a value"
        elif np.abs(value).max() > 2**40:
            message = "a leaf value out of range"
    if message:
        raise PlanError(message, code="biomass.tree", file=file, field=field, hint="the stored model is damaged")


def _check_shape(document: ForestDocument, file: str) -> None:
    area, count, folds = document.applicability, len(document.features), len(document.offsets)
    per_fold = [sum(tree.fold == fold for tree in document.trees) for fold in range(folds)]
    message = ""
    if not area.points or len(area.weight) != count or any(len(point) != count for point in area.points):
        message = "points or weights of another number of features"
    elif any(not 0 <= weight <= FEATURE_MAX for weight in area.weight):
        message = "a weight out of range"
    elif any(abs(x) > FEATURE_MAX for point in area.points for x in point):
        message = "a training point out of range"
    elif document.averaged != 1 and set(per_fold) != {document.averaged}:
        message = "folds with other numbers of trees than `averaged`"
    elif 0 in per_fold or any(not 0 <= fold < folds for fold in document.folds.values()):
        message = "a fold without trees, or a cluster in a fold that is not there"
    if message:
        raise PlanError(message, code="biomass.schema", file=file, hint="the stored model is damaged")
