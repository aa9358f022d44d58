"""Truth: areas, stocks, emissions and removals of a world, year by year, over its project area."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.areas import total_m2
from mrv.simulate.world import CUT, FOREST, OTHER, THINNED, make_world
from mrv.units import CO2_PER_C, MM2_PER_M2, round_half_even

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mrv.simulate.world import World

_MM2_PER_HA = 10_000 * MM2_PER_M2
INTENSITIES = {THINNED: "moderate", CUT: "heavy"}
"""Intensity of degradation by state."""


@dataclass(frozen=True, slots=True)
class YearTruth:
    """What truly happened in a year. Areas are geodesic; biomass is above-ground dry matter; emissions are positive."""

    year: int
    """The year."""
    loss_m2: int
    """Forest at the end of the year before, not forest at the end of this one."""
    degradation_m2: dict[str, int]
    """Forest that was thinned, by intensity."""
    gain_m2: int
    """New forest, on open or once cleared land."""
    forest_m2: int
    """Forest at the end of the year, thinned or not."""
    other_m2: int
    """The rest of the project area."""
    agb_kg: int
    """Above-ground biomass of forest at the end of the year, kg d.m."""
    loss_kg: int
    """Biomass lost with forest."""
    degradation_kg: int
    """Biomass lost to thinning."""
    growth_kg: int
    """Growth of forest that stood through the year."""
    gain_kg: int
    """Biomass that new forest has put on by the end of its first year."""
    standing_m2: int
    """Forest since before the project (before the year, in its history), thinned then or not, that stands and was left alone
    until the end of the year."""
    standing_kg: int
    """Growth of that forest: what plots that were never disturbed show."""
    emissions_kg_co2e: int
    """Of loss and degradation, above and below ground."""
    removals_kg_co2e: int
    """By growth and new forest, above and below ground; negative."""
    standing_kg_co2e: int
    """The part of it by the growth of standing forest; negative."""
    soil_kg_co2e: int
    """Uptake by the soil under all forest at the end of the year; negative."""
    standing_soil_kg_co2e: int
    """The part of it under standing forest; negative."""
    stocks_kg_co2e: dict[str, int]
    """Stock of forest at the end of the year by pool."""

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return asdict(self)


def truth(world: World) -> tuple[YearTruth, ...]:
    """The truth of every year with imagery."""
    return tuple(_year(world, year) for year in world.scenario.years)


def counterfactual(world: World) -> World:
    """The same land without the project: cleared at the rate of its history, nothing planted."""
    s = world.scenario
    return make_world(s.with_(project_loss_permille=s.history_loss_permille, gain_permille=0), world.seed)


def co2e_kg(world: World, agb_kg: int) -> int:
    """Mass of CO2e in above- and below-ground biomass, kg, by the world's own factors.

    Args:
        world: The world.
        agb_kg: Above-ground biomass, kg d.m.
    """
    s = world.scenario
    return round_half_even(
        agb_kg * (1 + Fraction(s.root_shoot_permille, 1_000)) * Fraction(s.carbon_permille, 1_000) * CO2_PER_C
    )


def _year(world: World, year: int) -> YearTruth:
    before, after, inside = world.state(year - 1), world.state(year), world.inside
    old, new = world.agb(year - 1).astype(np.int64), world.agb(year).astype(np.int64)
    loss = inside & (before != OTHER) & (after == OTHER)
    gain = inside & (before == OTHER) & (after != OTHER)
    thinned = {name: inside & (before == FOREST) & (after == code) for code, name in INTENSITIES.items()}
    forest = inside & (after != OTHER)
    degraded: NDArray[np.bool_] = np.logical_or.reduce(list(thinned.values()))
    grown = forest & (before != OTHER) & ~degraded
    area = world.areas_mm2
    lost_kg, thinned_kg = _kg(old - new, area, loss), _kg(old - new, area, degraded)
    growth_kg, gain_kg, stock = _kg(new - old, area, grown), _kg(new - old, area, gain), _kg(new, area, forest)
    standing = inside & _standing(world, year)
    standing_kg = _kg(new - old, area, standing)
    soil = Fraction(world.scenario.soil_g_c_m2_yr, 1_000) * CO2_PER_C
    all_kg = co2e_kg(world, stock)
    above = round_half_even(stock * Fraction(world.scenario.carbon_permille, 1_000) * CO2_PER_C)
    return YearTruth(
        year=year,
        loss_m2=total_m2(area, loss),
        degradation_m2={name: total_m2(area, mask) for name, mask in thinned.items()},
        gain_m2=total_m2(area, gain),
        forest_m2=total_m2(area, forest),
        other_m2=total_m2(area, inside & ~forest),
        agb_kg=stock,
        loss_kg=lost_kg,
        degradation_kg=thinned_kg,
        growth_kg=growth_kg,
        gain_kg=gain_kg,
        standing_m2=total_m2(area, standing),
        standing_kg=standing_kg,
        emissions_kg_co2e=co2e_kg(world, lost_kg + thinned_kg),
        removals_kg_co2e=-co2e_kg(world, growth_kg + gain_kg),
        standing_kg_co2e=-co2e_kg(world, standing_kg),
        soil_kg_co2e=-round_half_even(soil * total_m2(area, forest)),
        standing_soil_kg_co2e=-round_half_even(soil * total_m2(area, standing)),
        stocks_kg_co2e={"above-ground biomass": above, "below-ground biomass": all_kg - above},
    )


def _standing(world: World, year: int) -> NDArray[np.bool_]:
    first = min(world.scenario.start.year, year) - 1
    states = world.states[world.at(first) : world.at(year) + 1]
    standing: NDArray[np.bool_] = ((states[0] != OTHER) & np.all(states == states[0], axis=0))[world.window]
    return standing


def _kg(kg_ha: NDArray[np.int64], area_mm2: NDArray[np.int64], mask: NDArray[np.bool_]) -> int:
    """Σ density × area, kg, rounded once; a scenario's size keeps the sum within 63 bits."""
    return round_half_even(Fraction(int((kg_ha * area_mm2)[mask].sum(dtype=np.int64)), _MM2_PER_HA))


def mean_agb_kg_ha(world: World, year: int) -> Fraction:
    """True mean above-ground biomass of the project's forest at the end of a year, kg d.m./ha."""
    forest = world.inside & (world.state(year) != OTHER)
    total = int((world.agb(year).astype(np.int64) * world.areas_mm2)[forest].sum(dtype=np.int64))
    return Fraction(total, int(world.areas_mm2[forest].sum(dtype=np.int64)))
