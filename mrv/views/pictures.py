"""Pictures: medians of scenes as colours, and of radar images as greys, two that compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mrv.kernels.looks import NODATA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.cube import Layer, Reader
    from mrv.observe.radar_survey import RadarSurvey

STRIP_ROWS = 512
NO_PICTURE = np.uint8(236)
"""Grey where no scene of a composite was clear."""
GAMMA = 0.65
"""Below 1 lifts the dark tones of forest."""


def colours(reader: Reader, shape: tuple[int, int], *lots: Sequence[Layer]) -> tuple[NDArray[np.uint8], ...]:
    """A true-colour picture of each lot of scenes.

    Args:
        reader: Where tiles come from.
        shape: Rows and columns of the window.
        lots: Scenes.

    Returns:
        uint8 (y, x, 3) each, under one stretch.
    """
    return stretch(*(composite(reader, shape, layers) for layers in lots))


def greys(survey: RadarSurvey, shape: tuple[int, int], *lots: Sequence[Layer]) -> tuple[NDArray[np.uint8], ...]:
    """A picture of backscatter of each lot of images.

    Args:
        survey: Where they come from.
        shape: Rows and columns of the window.
        lots: Images.

    Returns:
        uint8 (y, x, 3) each, under one scale.
    """
    return _grey(*(_backscatter(survey, shape, layers) for layers in lots))


def stretch(*composites: NDArray[np.int16]) -> tuple[NDArray[np.uint8], ...]:
    """Reflectance as colours that compare: haze is taken off each, then one stretch serves all images and bands.

    Args:
        composites: int16 (y, x, 3), reflectance × 10⁴, ``NODATA`` where nothing was clear.

    Returns:
        uint8 of the same shapes: 0 at each image's own 2nd percentile of a band, full at the 98th of everything.

    References:
        Chavez 1988, RSE 24:459–479 (dark-object subtraction).
    """
    seen = [(image != NODATA).all(axis=2) for image in composites]
    lifted = [
        image - (np.percentile(image[mask], 2, axis=0) if mask.any() else 0.0)
        for image, mask in zip(composites, seen, strict=True)
    ]
    values = np.concatenate([image[mask].ravel() for image, mask in zip(lifted, seen, strict=True)])
    span = max(float(np.percentile(values, 98)), 1.0) if values.size else 1.0
    return tuple(
        np.where(mask[..., np.newaxis], np.rint(255 * np.clip(image / span, 0, 1) ** GAMMA), NO_PICTURE).astype(np.uint8)
        for image, mask in zip(lifted, seen, strict=True)
    )


def lower_median(stack: NDArray[np.int16]) -> NDArray[np.int16]:
    """Median over time of int16 (time, y, x) without ``NODATA``; of two middle values the lower."""
    ordered = np.sort(stack, axis=0)  # NODATA is the lowest value there is
    clear = (stack != NODATA).sum(axis=0)
    rank = stack.shape[0] - clear + (clear - 1) // 2
    middle: NDArray[np.int16] = np.take_along_axis(ordered, rank[np.newaxis], axis=0)[0]
    return middle


def composite(reader: Reader, shape: tuple[int, int], layers: Sequence[Layer]) -> NDArray[np.int16]:
    """Median reflectance × 10⁴ of the clear observations (y, x, red green blue), ``NODATA``, strip by strip."""
    rows, cols = shape
    out = np.full((rows, cols, 3), NODATA, np.int16)
    for top in range(0, rows if layers else 0, STRIP_ROWS):
        tile = slice(top, min(top + STRIP_ROWS, rows)), slice(0, cols)
        clear = [reader.clear(layer, tile) for layer in layers]
        for band, role in enumerate(("red", "green", "blue")):
            values = [
                np.where(seen, reader.reflectance(layer, role, tile), NODATA) for layer, seen in zip(layers, clear, strict=True)
            ]
            out[tile[0], :, band] = lower_median(np.stack(values))
    return out


def _backscatter(survey: RadarSurvey, shape: tuple[int, int], layers: Sequence[Layer]) -> NDArray[np.int16]:
    """Median of unfiltered images, dB × 100 (y, x), strip by strip."""
    out = np.full(shape, NODATA, np.int16)
    for top in range(0, shape[0] if layers else 0, STRIP_ROWS):
        tile = slice(top, min(top + STRIP_ROWS, shape[0])), slice(0, shape[1])
        out[tile[0]] = lower_median(np.stack([survey.backscatter.image(layer, tile) for layer in layers]))
    return out


def _grey(*images: NDArray[np.int16]) -> tuple[NDArray[np.uint8], ...]:
    """Backscatter as greys that compare: black at the 2nd percentile of both, white at the 98th."""
    seen = np.concatenate([image[image != NODATA] for image in images])
    low, high = np.percentile(seen, (2, 98)) if seen.size else (0.0, 1.0)
    span = max(float(high - low), 1.0)
    greys = (
        np.where(image == NODATA, NO_PICTURE, np.rint(255 * np.clip((image - low) / span, 0, 1))).astype(np.uint8)
        for image in images
    )
    return tuple(np.repeat(grey[:, :, np.newaxis], 3, axis=2) for grey in greys)
