"""The radiometric offset of a scene: decided from metadata, checked against the pixels, refused when unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mrv.errors import SourceError

if TYPE_CHECKING:
    from mrv.plan import Radiometry
    from mrv.sources.items import Scene

OFFSET_SINCE_BASELINE = (4, 0)
"""ESA baseline 04.00 (25 January 2022) adds 1000 digital numbers to every band."""
OFFSET_DN = -1000
_BASELINE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class OffsetDecision:
    """The offset of one scene, and who says so."""

    offset_dn: int
    """Added to every digital number."""
    rule: Literal["metadata", "declared"]
    """``metadata``: the item's processing baseline; ``declared``: the plan, for items without one."""


def decide_offset(scene: Scene, radiometry: Radiometry) -> OffsetDecision:
    """Decide a scene's offset.

    The date is no proxy for the baseline: reprocessed scenes carry the offset for old dates.

    Raises:
        SourceError: The baseline is unknown and the plan declares nothing, or it does not parse.
    """
    return offset_for(scene.baseline, radiometry, item=scene.id)


def offset_for(baseline: str | None, radiometry: Radiometry, *, item: str) -> OffsetDecision:
    """The same from a processing baseline, as an item or a statement states it."""
    if baseline is None:
        if radiometry.unknown_baseline_offset_dn is None:
            raise SourceError(
                "the processing baseline is unknown, so the radiometric offset is",
                code="source.offset-unknown",
                file=item,
                field="processing:version",
                hint="use a catalog that states it, or declare sources.radiometry.unknown_baseline_offset_dn with its reason",
            )
        return OffsetDecision(radiometry.unknown_baseline_offset_dn, "declared")
    match = _BASELINE.fullmatch(baseline)
    if match is None:
        raise SourceError(
            f"processing baseline {baseline!r} does not parse",
            code="source.offset-unknown",
            file=item,
            field="processing:version",
            hint="expected NN.NN, such as 02.12",
        )
    since = (int(match[1]), int(match[2])) >= OFFSET_SINCE_BASELINE
    return OffsetDecision(OFFSET_DN if since else 0, "metadata")


def offset_agrees(decision: OffsetDecision, dark_dn: int | None, limit_dn: int) -> bool | None:
    """Whether dark vegetation agrees with a decision.

    Args:
        decision: The decision.
        dark_dn: 1st percentile of the blue band over clear forest, digital numbers; None with too few pixels.
        limit_dn: An added offset leaves nothing darker than this.

    Returns:
        None where it cannot be assessed.  A dark scene refutes a decision that it carries the added offset; a scene
        with nothing dark refutes the opposite only together with its neighbours, so it is left to the index step.
    """
    if dark_dn is None:
        return None
    if decision.offset_dn <= OFFSET_DN:
        return dark_dn >= limit_dn
    return dark_dn < limit_dn
