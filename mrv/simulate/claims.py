"""Claim inputs of a made project: reference level, leakage, risk report, earlier credits, registry extract.

The reference level is what the same land does in the same years without the project, with an error of the stated size.
Every table names a document by its digest; the documents are written beside them and say that they are simulated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mrv.errors import UsageError
from mrv.simulate.dice import Dice
from mrv.simulate.truth import counterfactual, truth
from mrv.units import KG_PER_T, M2_PER_HA, decimal_str, sha256_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mrv.simulate.truth import YearTruth
    from mrv.simulate.world import World


@dataclass(frozen=True, slots=True)
class Claims:
    """What the project says of its baseline, leakage and risk."""

    unit: Literal["ha", "t CO2e"] = "ha"
    """Unit of the reference level's emissions; ``ha`` shares the project's own emission factor and leaves thinning out."""
    removals: bool = True
    """State the removals of the reference level too."""
    se_percent: int = 8
    """Standard error of the reference level, %."""
    leakage_percent: int = 5
    """Leakage, % of the reference level's emissions."""
    rating_percent: int = 12
    """Risk rating."""
    buffer_percent: int = 12
    """Buffer contribution; a programme wants it to be the rating."""
    registry: bool = True
    """Bring a registry extract, which knows of no authorisation and no label."""
    exact: bool = False
    """Leave the errors out: the stated quantity is the true one."""

    def __post_init__(self) -> None:
        if min(self.se_percent, self.leakage_percent) < 0 or not (0 <= self.rating_percent <= 100 >= self.buffer_percent >= 0):
            raise UsageError("no such claim inputs", code="simulate.claims", field="se_percent", hint="percentages of 0 to 100")


def claim_files(world: World, claims: Claims, *, project: str) -> dict[str, bytes]:
    """Files of the claim inputs by path in the project folder.

    Args:
        world: The world.
        claims: What the project says.
        project: Identifier of the project in the plan.
    """
    without = [entry for entry in truth(counterfactual(world)) if entry.year in world.scenario.project]
    papers = {
        "emissions": _document(world, "reference level, emissions", "What this land would have emitted without the project."),
        "removals": _document(world, "reference level, removals", "What this land would have taken up without the project."),
        "leakage": _document(world, "leakage assessment", f"Made: {claims.leakage_percent} percent of the reference level."),
        "risk": _document(world, "risk report", f"Made: a rating of {claims.rating_percent} percent."),
    }
    digests = {name: sha256_bytes(data) for name, data in papers.items()}
    extract = {"registry_extract.json": _extract(world, project)} if claims.registry else {}
    return {
        **extract,
        **{f"documents/{name}.md": data for name, data in papers.items()},
        "reference_level.csv": _level(world, claims, without, digests),
        "leakage.toml": _leakage(world, claims, without, digests["leakage"]),
        "risk_report.toml": _risk(world, claims, digests["risk"]),
    }


def _document(world: World, what: str, text: str) -> bytes:
    return f"# {what.capitalize()} (simulated)\n\nSeed {world.seed}, {world.scenario.kind} world. {text}\n".encode()


def _level(world: World, claims: Claims, without: Sequence[YearTruth], digests: Mapping[str, str]) -> bytes:
    """Mean of the project's years without the project: one number for every year, as reference levels are set.

    All years of a flow come from one document and share one error.
    """
    rows = ["year,flow,quantity,unit,se,method,document"]
    dice = Dice(world.seed, "reference level").normal(2)
    for flow, quantity, unit in level_truth(without, claims.unit)[: 2 if claims.removals else 1]:
        error = 0.0 if claims.exact else float(dice[0 if flow == "emissions" else 1])
        stated = quantity * (1 + Fraction(round(error * 10_000), 10_000) * claims.se_percent / 100)
        se = decimal_str(abs(quantity) * claims.se_percent / 100, places=4)
        rows += [
            f"{year},{flow},{decimal_str(stated, places=4)},{unit},{se},"
            f"mean of the same land without the project (simulated),{digests[flow]}"
            for year in world.scenario.project
        ]
    return ("\n".join(rows) + "\n").encode()


def level_truth(without: Sequence[YearTruth], unit: str) -> list[tuple[str, Fraction, str]]:
    """Flow, true quantity a year and unit of the reference level, positive to the atmosphere.

    Args:
        without: The project's years without the project.
        unit: Unit of emissions: ``ha`` of loss alone, or ``t CO2e`` of loss and degradation.
    """
    years = len(without)
    loss_ha = Fraction(sum(entry.loss_m2 for entry in without), M2_PER_HA * years)
    emissions_t = Fraction(sum(entry.emissions_kg_co2e for entry in without), KG_PER_T * years)
    standing = sum(entry.standing_kg_co2e + entry.standing_soil_kg_co2e for entry in without)
    return [
        ("emissions", loss_ha if unit == "ha" else emissions_t, unit),
        ("removals", Fraction(standing, KG_PER_T * years), "t CO2e"),
    ]


def _leakage(world: World, claims: Claims, without: Sequence[YearTruth], document: str) -> bytes:
    quantity = level_truth(without, "t CO2e")[0][1] * claims.leakage_percent / 100
    tables = [
        f'[[leakage]]\nyear = {year}\nquantity = {decimal_str(quantity, places=3)}\nunit = "t CO2e"\n'
        f"se = {decimal_str(quantity / 4, places=3)}\n"
        f'method = "share of the reference level (simulated)"\ndocument = "{document}"\n'
        for year in world.scenario.project
    ]
    return "\n".join(tables).encode()


def _extract(world: World, project: str) -> bytes:
    value = {
        "schema": "mrv.registry-extract/1", "registry": "no registry (simulated)", "as_of": f"{world.scenario.end}",
        "project": project, "article6": None, "ccp": None,
    }  # fmt: skip
    return (json.dumps(value, indent=1) + "\n").encode()


def _risk(world: World, claims: Claims, document: str) -> bytes:
    return (
        f"# Simulated.\nrisk_rating_percent = {claims.rating_percent}\nbuffer_percent = {claims.buffer_percent}\n"
        f'loss_event_threshold_percent = 5\ndocument = "{document}"\nas_of = {world.scenario.end}\n'
    ).encode()
