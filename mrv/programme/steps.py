"""Steps: what a programme does to tonnes, one integer each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MISSING = ("reference sample", "reference level")
"""Inputs this version reads none of, and without which nothing is issuable."""
TEXT_VERIFIED = {"ipcc-only": True, "art-trees-2.0": False}
"""Programme → whether its text was read when its rules were written."""


@dataclass(frozen=True, slots=True)
class Step:
    """One ordered step."""

    equation: str
    """Section and equation."""
    base: int
    """What it starts from."""
    input: str
    """What enters."""
    result: int
    """What comes out."""
    unit: Literal["kg CO2e", "t CO2e"]
    """Unit of base and result."""


def scope_limitation(missing: tuple[str, ...]) -> tuple[Step, ...]:
    """The one step of a project whose evidence cannot support a credit: nothing is issuable.

    Args:
        missing: Inputs that are absent.
    """
    return (
        Step(
            equation="scope limitation: no credit without a probability sample and a reference level",
            base=0,
            input="missing: " + ", ".join(missing),
            result=0,
            unit="t CO2e",
        ),
    )
