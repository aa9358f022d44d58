"""Wood density of species: the table's value and how far a place may lie from it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mrv.committed import committed_rows
from mrv.errors import PlanError

_COLUMNS = ("species", "density_g_cm3", "sd_g_cm3", "sd_source", "source", "verified", "note")
DEFAULT_SD = Fraction("0.054")
"""Pooled between-site standard deviation of a species' density, g/cm³: 35 species at three or more sites of the harvest
deposited with Chave et al. 2014."""


@dataclass(frozen=True, slots=True)
class WoodDensity:
    """Basic density of one species: oven-dry mass over fresh volume."""

    species: str
    """Binomial."""
    density_g_cm3: Fraction
    """Mean, g/cm³."""
    sd_g_cm3: Fraction
    """Standard deviation of a place's mean about it, g/cm³: shared by every tree of the species, so it does not average out."""
    source: str
    """Publication or data set."""
    verified: bool
    """The value was read in its source's own measurements."""
    note: str
    """What its reader should know."""


def load_densities(name: str = "wood_density") -> dict[str, WoodDensity]:
    """A table of wood densities by species.

    Raises:
        PlanError: No such table.
    """
    if name != "wood_density":
        raise PlanError(f"no table {name}", code="plots.density-table", hint="tables: wood_density")
    return {row["species"]: _density(row) for row in committed_rows("mrv.carbon", name, _COLUMNS)}


def _density(row: dict[str, str]) -> WoodDensity:
    return WoodDensity(
        species=row["species"],
        density_g_cm3=Fraction(row["density_g_cm3"]),
        sd_g_cm3=Fraction(row["sd_g_cm3"]),
        source=row["source"],
        verified=row["verified"] == "yes",
        note=row["note"],
    )
