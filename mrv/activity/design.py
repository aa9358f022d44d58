"""Design: a frozen frame from a strata map, a number of units and a rule that shares them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from mrv.activity.allocation import PlannedStratum, equal, neyman, proportional
from mrv.activity.draw import METHOD
from mrv.activity.frame import FRAME_FILE, Frame
from mrv.activity.frozen_frame import check_frame
from mrv.activity.frozen_map import grid_section, stratum_sizes
from mrv.errors import PlanError
from mrv.misfit import misfit
from mrv.sources.store import pixel_digest
from mrv.units import Period, decimal_str

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from mrv.activity.frame import ConfidenceSplit

Rule = Literal["neyman", "equal", "proportional"]
REFUSE, AT_RANDOM = "refuse", "missing at random within the stratum"


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many units, and how they are shared."""

    n: int
    """Units in all."""
    rule: Rule = "neyman"
    """Rule."""
    floor: int = 50
    """Fewest units a stratum; of a smaller one, all."""
    expected: Mapping[str, Decimal] = field(default_factory=dict)
    """For ``neyman``: share of the target class expected in each stratum, by name."""


@dataclass(frozen=True, slots=True)
class ResponseDesign:
    """What is interpreted."""

    text: str
    """What the interpreter sees and decides."""
    classes: Mapping[str, str]
    """Role by label."""
    label_years: tuple[int, ...]
    """Years to interpret, the first the year before the first vintage."""
    max_missing_percent: int = 0
    """Largest share of a stratum that may stay without label, %; 0 refuses any."""


def design_frame(
    strata: NDArray[np.uint8],
    grid: GeoBox,
    *,
    project: str,
    period: tuple[str, Period],
    names: Mapping[int, str],
    size: SampleSize,
    response: ResponseDesign,
    confidence: ConfidenceSplit | None = None,
) -> Frame:
    """A frame, checked.

    Args:
        strata: Strata map (y, x), 0 outside the project area.
        grid: Its grid.
        project: Id of the project.
        period: Name and days of the map's period.
        names: Names of the strata, by code.
        size: How many units, and how they are shared.
        response: What is interpreted.
        confidence: How confidence split the loss of the map; None: it did not.

    Raises:
        PlanError: ``sample.size`` (too many or too few units), ``frame.strata``, or what :func:`check_frame` finds.
    """
    sizes = dict(sorted(stratum_sizes(strata, grid).items()))
    if not sizes or (stray := sorted(set(sizes) - set(names))):
        told = f"code {stray[0]} has no name" if sizes else "the map has no stratum"
        raise PlanError(told, code="frame.strata", field="strata", hint="give the strata map of the project area")
    shares = share_out([_planned(names[code], *sizes[code], size) for code in sizes], size)
    rows = [
        {"code": code, "name": names[code], "units": units, "area_m2": area_m2, "sample": n, "inclusion": f"{n}/{units}"}
        for n, (code, (units, area_m2)) in zip(shares, sizes.items(), strict=True)
    ]
    frame = _validated({
        "schema": "mrv.frame/1", "project": project,
        "period": {"name": period[0], "start": period[1].start.isoformat(), "end": period[1].end.isoformat()},
        "grid": grid_section(grid), "map": pixel_digest(strata, grid), "strata": tuple(rows),
        "confidence": confidence,
        "allocation": {"rule": size.rule, "n": size.n, "floor": size.floor, "expected": _expected(size, sizes, names)},
        "draw": METHOD, "replacement": "none", "response_design": response.text,
        "classes": tuple({"label": label, "role": role} for label, role in response.classes.items()),
        "label_years": tuple(response.label_years),
        "non_response": {
            "rule": AT_RANDOM if response.max_missing_percent else REFUSE, "max_percent": response.max_missing_percent,
        },
    })  # fmt: skip
    check_frame(frame)
    return frame


def share_out(strata: Sequence[PlannedStratum], size: SampleSize) -> tuple[int, ...]:
    """Units to draw in each stratum: two at least, for of one nobody knows the variance.

    Args:
        strata: Strata, with the share of the target class expected in each.
        size: How many units, and by which rule.

    Raises:
        PlanError: ``sample.size``, ``sample.expected``.
    """
    rules = {"neyman": neyman, "equal": equal, "proportional": proportional}
    return rules[size.rule](strata, size.n, floor=max(2, size.floor))


def _planned(name: str, units: int, area_m2: int, size: SampleSize) -> PlannedStratum:
    if size.rule == "neyman" and name not in size.expected:
        raise PlanError(
            f"nothing is expected of {name}", code="sample.expected", field=name,
            hint="say what share of each stratum you expect to find changed",
        )  # fmt: skip
    return PlannedStratum(name, area_m2, units, Fraction(size.expected.get(name, 0)))


def _validated(value: dict[str, Any]) -> Frame:
    try:
        return Frame.model_validate(value)
    except ValidationError as error:
        found = misfit(error, Frame)
        raise PlanError(found.message, code="frame.syntax", file=FRAME_FILE, field=found.field, hint=found.hint) from error


def _expected(size: SampleSize, sizes: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, str]:
    return {names[code]: decimal_str(size.expected[names[code]]) for code in sizes} if size.rule == "neyman" else {}
