"""Map and plots together: a biased map cannot bias the mean, because the plots correct it.

Exact on integers.  The plots must be a probability sample, and their residuals must come from a map that has not seen them:
an external one, or the cross-fitted predictions of ``ForestModel.out_of_fold``.

References:
    Särndal, Swensson & Wretman 1992, Model Assisted Survey Sampling, ch. 6 (difference and regression estimators);
    McConville et al. 2020, Forest Science 66:1 (the same for inventories).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from mrv.carbon.plot_design import Unit, cluster_means
from mrv.carbon.plot_draws import sampling_draws
from mrv.equations import sqrt_fraction
from mrv.errors import PlanError
from mrv.uncertainty.student import student_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Predictions = Literal["external", "cross-fitted", "in-sample"]
_SAFE = 2**62


@dataclass(frozen=True, slots=True)
class MapMean:
    """A map over the forest that the plots stand for."""

    weighted_sum: int
    """Σ value × area, kg d.m./ha × mm²."""
    area_mm2: int
    """Σ area, mm²."""
    pixels: int
    """Pixels."""

    @property
    def kg_ha(self) -> Fraction:
        """Area-weighted mean, kg d.m./ha."""
        return Fraction(self.weighted_sum, self.area_mm2)


@dataclass(frozen=True, slots=True)
class PlotPair:
    """A plot and the map at its place."""

    unit: Unit
    """Place in the design."""
    plot_kg_ha: Fraction
    """Biomass from its trees, kg d.m./ha."""
    map_kg_ha: int
    """The map's value there, kg d.m./ha."""


@dataclass(frozen=True, slots=True)
class ModelAssisted:
    """A model-assisted mean."""

    estimator: Literal["difference", "regression"]
    """Which estimator."""
    value_kg_ha: Fraction
    """Mean biomass, kg d.m./ha."""
    variance: Fraction
    """Of the mean, from residuals of clusters, kg²/ha²."""
    se_kg_ha: Fraction
    """Its root."""
    df: int
    """Clusters less strata (less one for a fitted slope)."""
    correction_kg_ha: Fraction
    """What the plots added to the map's mean."""
    slope: Fraction
    """Of plots on map; 1 in the difference estimator."""
    plot_mean_kg_ha: Fraction
    """Hájek mean of the plots alone."""
    plot_variance: Fraction
    """Its variance: what the map saved is the ratio of the two."""
    predictions: Predictions
    """Where the map's values at the plots came from."""

    def interval(self, confidence: Fraction) -> tuple[Fraction, Fraction]:
        """Two-sided interval of the mean, kg d.m./ha.

        Args:
            confidence: Such as 9/10.
        """
        half = student_quantile((1 + confidence) / 2, self.df) * self.se_kg_ha
        return self.value_kg_ha - half, self.value_kg_ha + half

    def draws(self, allometry_kg_ha: NDArray[np.int64], *, seed: str, name: str) -> NDArray[np.int64]:
        """Draws of the mean: sampling, times the allometry's draws of the plots it was made from.

        A map trained on plots carries their allometry, so plots and map move together.

        Args:
            allometry_kg_ha: ``Estimate.allometry_draws`` of those plots.
            seed: Seed of the statement.
            name: Of the forest, for its stream.

        Returns:
            int64 (draws,), kg d.m./ha.
        """
        if self.plot_mean_kg_ha <= 0:
            raise PlanError("plots without biomass scale nothing", code="biomass.zero", hint="use the plots alone")
        stream, n = [f"plots/{name}/model-assisted/sampling"], len(allometry_kg_ha)
        (apart,) = sampling_draws(((self.variance,),), (self.df,), names=stream, seed=seed, draws=n)
        scale = allometry_kg_ha.astype(np.float64) / float(self.plot_mean_kg_ha)
        return np.rint(np.maximum(scale * (float(self.value_kg_ha) + apart), 0.0)).astype(np.int64)


def map_mean(kg_ha: NDArray[np.int64], area_mm2: NDArray[np.int64], forest: NDArray[np.bool_]) -> MapMean:
    """Area-weighted sum of a map.

    Args:
        kg_ha: Map, kg d.m./ha (y, x).
        area_mm2: Geodesic area of each pixel, mm² (y, x).
        forest: The forest that the plots stand for (y, x).

    Raises:
        PlanError: No pixel, or values whose sum does not fit.
    """
    if not forest.any():
        raise PlanError("no pixel of forest", code="biomass.empty", hint="the map and the plots' forest do not meet")
    values = np.where(forest, kg_ha, 0).astype(np.int64)
    areas = np.where(forest, area_mm2, 0).astype(np.int64)
    largest = int(np.abs(values).max()) * int(areas.max()) * values.shape[1]
    if largest >= _SAFE or int(areas.min()) < 0:
        raise PlanError("values out of range", code="biomass.range", hint="kg d.m./ha and mm² a pixel")
    rows = (values * areas).sum(axis=1, dtype=np.int64)
    return MapMean(
        weighted_sum=sum(map(int, rows)),
        area_mm2=sum(map(int, areas.sum(axis=1, dtype=np.int64))),
        pixels=int(np.count_nonzero(forest)),
    )


def difference(of_map: MapMean, pairs: Sequence[PlotPair], *, predictions: Predictions) -> ModelAssisted:
    """Difference estimator: the map's mean, and the Hájek mean of plot less map.

    Args:
        of_map: The map over the forest.
        pairs: Plots with the map at their place.
        predictions: Where those values came from.

    Raises:
        PlanError: In-sample predictions; a stratum with one cluster.
    """
    _refuse_in_sample(predictions)
    return _assemble("difference", of_map.kg_ha, pairs, Fraction(1), predictions)


def regression(of_map: MapMean, pairs: Sequence[PlotPair], *, predictions: Predictions) -> ModelAssisted:
    """Regression estimator (GREG): the slope of plots on map is fitted, so that a map off by a factor still helps.

    Args:
        of_map: The map over the forest.
        pairs: Plots with the map at their place.
        predictions: Where those values came from.

    Raises:
        PlanError: In-sample predictions, a map without contrast at the plots, too few clusters.
    """
    _refuse_in_sample(predictions)
    units = [pair.unit for pair in pairs]
    weight = sum((unit.weight for unit in units), Fraction(0))
    x = sum((pair.unit.weight * pair.map_kg_ha for pair in pairs), Fraction(0)) / weight
    y = sum((pair.unit.weight * pair.plot_kg_ha for pair in pairs), Fraction(0)) / weight
    spread = sum((pair.unit.weight * (pair.map_kg_ha - x) ** 2 for pair in pairs), Fraction(0))
    if spread == 0:
        raise PlanError("the map is the same at every plot", code="biomass.constant", hint="use the difference estimator")
    cross = sum((pair.unit.weight * (pair.map_kg_ha - x) * (pair.plot_kg_ha - y) for pair in pairs), Fraction(0))
    return _assemble("regression", of_map.kg_ha, pairs, cross / spread, predictions)


def _refuse_in_sample(predictions: Predictions) -> None:
    if predictions == "in-sample":
        raise PlanError(
            "the map has seen the plots that are to correct it",
            code="biomass.in-sample",
            hint="train with folds by cluster and use the out-of-fold predictions",
        )


def _assemble(
    estimator: Literal["difference", "regression"],
    map_kg_ha: Fraction,
    pairs: Sequence[PlotPair],
    slope: Fraction,
    predictions: Predictions,
) -> ModelAssisted:
    residuals = [pair.plot_kg_ha - slope * pair.map_kg_ha for pair in pairs]
    both = cluster_means([pair.unit for pair in pairs], [residuals, [pair.plot_kg_ha for pair in pairs]])
    df = both.df[0] - (estimator == "regression")
    if df < 1:
        raise PlanError("no degree of freedom is left", code="plots.one-cluster", hint="measure more clusters")
    value = slope * map_kg_ha + both.means[0]
    return ModelAssisted(
        estimator=estimator,
        value_kg_ha=value,
        variance=both.covariance[0][0],
        se_kg_ha=sqrt_fraction(both.covariance[0][0], places=6),
        df=df,
        correction_kg_ha=value - map_kg_ha,
        slope=slope,
        plot_mean_kg_ha=both.means[1],
        plot_variance=both.covariance[1][1],
        predictions=predictions,
    )
