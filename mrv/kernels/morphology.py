"""Morphology of masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import ndimage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def dilate(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Grow a mask by a square of ``2 · radius + 1`` pixels.

    Args:
        mask: Boolean (y, x).
        radius: Pixels; 0 leaves the mask as it is.
    """
    if radius == 0:
        return mask
    grown: NDArray[np.bool_] = ndimage.maximum_filter(mask, size=2 * radius + 1, mode="constant", cval=False)
    return grown
