"""Rows: a programme's own uncertainty, its worked example and what the registry said, as a statement lists them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mrv.programme import art_trees
from mrv.programme.steps import NO_UNCERTAINTY, TEXT_VERIFIED
from mrv.units import decimal_str

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mrv.plan import MonitoringPlan
    from mrv.programme.authorisation import RegistryExtract
    from mrv.programme.steps import Issuance


def programme_row(plan: MonitoringPlan, issued: Issuance | None) -> dict[str, Any]:
    """The programme's own uncertainty, as a statement lists it."""
    uncertainty = issued.uncertainty if issued else NO_UNCERTAINTY
    return {
        "id": plan.programme.id,
        "text_verified": TEXT_VERIFIED[plan.programme.id],
        "uncertainty_percent": None if uncertainty.percent is None else decimal_str(uncertainty.percent, places=6),
        "uncertainty_numerator": uncertainty.numerator,
        "uncertainty_denominator": uncertainty.denominator,
        "factor_left": None if issued is None or issued.factor is None else decimal_str(issued.factor, places=9),
        "notes": list(issued.notes) if issued else [],
    }


def worked_example(plan: MonitoringPlan, emission_kg: int, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """ART TREES' uncertainty step on indicative tonnes, where the plan asks for it."""
    (period,) = (row for row in rows if (row["quantity"], row["span"]) == ("project", "period"))
    if not plan.programme.worked_example or min(emission_kg, period["mean_kg"]) <= 0:
        return None
    steps = art_trees.worked_example(emission_kg, mean_kg=period["mean_kg"], half_width_90_kg=period["hw90_kg"])
    return {
        "label": "worked example, not a quantity",
        "text_verified": TEXT_VERIFIED["art-trees-2.0"],
        "steps": [asdict(step) for step in steps],
    }


def authorisation_row(extract: RegistryExtract | None) -> dict[str, Any] | None:
    """What the registry said, as a statement lists it."""
    if extract is None:
        return None
    letter, label = extract.article6, extract.ccp
    return {
        "registry": extract.registry, "as_of": extract.as_of, "project": extract.project,
        "quantity_t": letter.quantity_t if letter else None,
        "vintages": list(letter.vintages) if letter else [],
        "corresponding_adjustment": letter.corresponding_adjustment if letter else None,
        "label_claimed": bool(label and label.claimed),
        "label_methods": list(label.methods) if label else [],
    }  # fmt: skip
