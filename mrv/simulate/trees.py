"""Trees: a list of stems whose biomass, by a published equation, is what a plot holds.

The two equations stand here on their own, written from their papers, so that the product's are tested against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.dice import Dice

ALIVE, DEAD = "alive", "dead"
SPECIES = {
    "mangrove": (
        ("Rhizophora mucronata", 0.84), ("Avicennia marina", 0.65), ("Sonneratia alba", 0.51), ("Ceriops tagal", 0.85),
        ("Bruguiera gymnorhiza", 0.81),
    ),
    "forest": (
        ("Eschweilera coriacea", 0.84), ("Inga alba", 0.59), ("Pourouma minor", 0.43), ("Virola sebifera", 0.46),
        ("Brosimum lactescens", 0.66),
    ),
}  # fmt: skip
"""Species of the made plots and the wood density recorded for each stem, g/cm³."""
_MEAN_TREE_KG = 180.0
_CANOPY = {"mangrove": (18.0, 12.0), "forest": (38.0, 25.0)}
_STEPS = 32
_MORTALITY = 0.02


@dataclass(frozen=True)
class Stand:
    """Stems of one plot at one visit; arrays (stem,)."""

    species: NDArray[np.int64]
    """Index in :data:`SPECIES`."""
    agb_kg: NDArray[np.float64]
    """What the equation says of each stem, kg d.m."""
    height_factor: NDArray[np.float64]
    """Height over the height usual for the diameter."""
    alive: NDArray[np.bool_]
    """Dead stems stand, and hold no living biomass."""


def komiyama_2005(dbh_cm: NDArray[np.float64], density: NDArray[np.float64]) -> NDArray[np.float64]:
    """Above-ground biomass of mangroves, kg (Komiyama et al. 2005, J Trop Ecol 21:471)."""
    result: NDArray[np.float64] = 0.251 * density * dbh_cm**2.46
    return result


def chave_2014(dbh_cm: NDArray[np.float64], density: NDArray[np.float64], height_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Above-ground biomass of tropical trees, kg (Chave et al. 2014, GCB 20:3177, Eq. 4)."""
    result: NDArray[np.float64] = 0.0673 * (density * dbh_cm * dbh_cm * height_m) ** 0.976
    return result


def density_of(kind: str, species: NDArray[np.int64]) -> NDArray[np.float64]:
    """Wood density of each stem, g/cm³."""
    result: NDArray[np.float64] = np.array([density for _, density in SPECIES[kind]])[species]
    return result


def usual_height_m(kind: str, dbh_cm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height usual for a diameter, m."""
    most, half = _CANOPY[kind]
    result: NDArray[np.float64] = 1.3 + most * dbh_cm / (half + dbh_cm)
    return result


def grow_stand(kind: str, total_kg: float, dice: Dice) -> Stand:
    """Stems whose biomass adds up to ``total_kg``.

    Args:
        kind: ``mangrove`` or ``forest``.
        total_kg: Living above-ground biomass of the plot by the equation, kg d.m.; above 0.
        dice: Random numbers.
    """
    count = max(2, round(total_kg / _MEAN_TREE_KG))
    share = 0.3 + 2.5 * dice.uniform(count) ** 2
    species = (dice.uniform(count) * len(SPECIES[kind])).astype(np.int64)
    masses = share * (total_kg / sum(share.tolist()))
    return Stand(species, masses, 1 + 0.1 * dice.normal(count), np.ones(count, np.bool_))


def revisit(stand: Stand, total_kg: float, dice: Dice) -> tuple[Stand, NDArray[np.int64]]:
    """The same stems later: a few died, some were cut where biomass fell, the others grew.

    Args:
        stand: The first visit.
        total_kg: Living biomass now; above 0.
        dice: Random numbers.

    Returns:
        The stand now, and the index of each stem in the first visit's.
    """
    count = len(stand.species)
    alive = dice.uniform(count) >= _MORTALITY
    order = np.argsort(dice.raw(count), kind="stable").tolist()
    alive[order[0]] = True
    kept, living = set(range(count)), [i for i in order if alive[i]]
    while len(living) > 1 and sum(stand.agb_kg[i] for i in living) > total_kg:
        kept.discard(living.pop())
    now = sum(float(stand.agb_kg[i]) for i in living)
    index = np.array(sorted(kept), np.int64)
    masses = np.where(alive, stand.agb_kg * (total_kg / now), stand.agb_kg)[index]
    return Stand(stand.species[index], masses, stand.height_factor[index], alive[index]), index


def measure(kind: str, stand: Stand) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Diameters, cm, and heights, m, as a tape and a clinometer give them: to one decimal.

    The diameter is found by bisection, so that the equation gives each stem's biomass at its own height.
    """
    density = density_of(kind, stand.species)
    low, high = np.full(len(density), 0.05), np.full(len(density), 400.0)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        heights = usual_height_m(kind, middle) * stand.height_factor
        by_equation = komiyama_2005(middle, density) if kind == "mangrove" else chave_2014(middle, density, heights)
        short = by_equation < stand.agb_kg
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    diameters = (low + high) / 2
    heights = usual_height_m(kind, diameters) * stand.height_factor
    return np.maximum(np.rint(diameters * 10), 1) / 10, np.maximum(np.rint(heights * 10), 13) / 10
