"""Fusion in words: how ``bayes-fusion/1`` comes to a break, and what a reader sees in its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.units import epoch_day

if TYPE_CHECKING:
    from mrv.views import OpticalViews, PixelSeries

DETECTOR = "bayes-fusion/1"


def method_words(seen: OpticalViews) -> str:
    """How the detector comes to a break."""
    return (
        "The probability of forest, of all sensors together: each dot is one observation, by densities of forest and "
        "non-forest around the pixel's own history (shaded) and held away from 0 and 1, so that no one observation decides. "
        "The line is the probability after Bayes' rule has combined a flagged change with every observation since; it is 1 "
        "where nothing is flagged. A change is flagged where non-forest is likelier than forest (the threshold), dropped where "
        f"that ends, and counts once its probability reaches {seen.anomaly.sigmas}."
    )


def pixel_words(pixel: PixelSeries, seen: OpticalViews) -> str:
    """What the reader sees in a curve."""
    observed = np.isfinite(pixel.observed) & (pixel.days > epoch_day(seen.history_end))
    if pixel.break_date is None:
        against = int(pixel.anomalous[observed].sum())
        return (
            f"{int(observed.sum())} observations follow the history; by {against} non-forest is likelier. No change was "
            "confirmed."
        )
    after = observed & (pixel.days >= epoch_day(pixel.break_date))
    return (
        f"Loss happened between {pixel.last_clear}, the last observation before, and {pixel.break_date}, the first that flags "
        f"it (orange band). From then on non-forest is likelier by {int(pixel.anomalous[after].sum())} of {int(after.sum())} "
        f"observations. Confidence {pixel.confidence_percent} %: the probability of non-forest when it was confirmed, as good "
        "as the densities fit this forest."
    )


def picture_words(word: str, scenes: int) -> tuple[str, str]:
    """Alternative text and caption of a picture of backscatter."""
    alt = f"Radar backscatter {word.lower()} the loss, with the project's outline."
    return alt, f": median backscatter of {scenes} radar images, "


SCALE = "One scale of decibels serves both, so that they compare: the brighter, the more the ground sends back. "
"""How pictures of backscatter are drawn."""
