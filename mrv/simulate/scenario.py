"""Scenario: what kind of world, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Literal, Self

from mrv.errors import UsageError

MARGIN_PX = 3
"""Pixels the plan reads around the project area."""
PAD_PX = 2
"""Pixels by which every raster reaches beyond that."""
_MOST = {"scenes_per_year": 60, "size_px": 420}
"""Biomass × area of a larger world would not fit in 63 bits."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The world's climate and people.  Every rate is a whole number, so that a scenario is its own exact record."""

    kind: Literal["mangrove", "forest"] = "mangrove"
    """Kind of forest."""
    size_px: int = 60
    """Edge of the project area, pixels of 10 m."""
    first_year: int = 2018
    """First year of imagery."""
    history_years: int = 3
    """Years before the project starts."""
    project_years: int = 2
    """Years of the project."""
    scenes_per_year: int = 5
    """Optical scenes a year."""
    forest_percent: int = 65
    """Forest at the start of the imagery, % of all pixels."""
    water_percent: int = 10
    """Water, % of all pixels; mangrove worlds only."""
    agb_mg_ha: int = 150
    """Mean above-ground biomass of forest at the start of the imagery, Mg d.m./ha."""
    agb_cv_percent: int = 30
    """Its variation between pixels, %; three quarters of the variance lies between patches."""
    growth_kg_ha_yr: int = 4_000
    """Mean growth of above-ground biomass of standing forest, kg d.m./ha/yr."""
    young_kg_ha: int = 8_000
    """Above-ground biomass of new and regrown forest at the end of its first year, kg d.m./ha."""
    after_kg_ha: int = 3_000
    """Above-ground biomass left by a clearing, kg d.m./ha."""
    history_loss_permille: int = 25
    """Forest cleared a year before the project, ‰ of the forest that stands."""
    project_loss_permille: int = 10
    """Forest cleared a year since then, ‰."""
    loss_radius_px: int = 3
    """Reach of a clearing; 0 scatters it by single pixels."""
    fire_percent: int = 20
    """Clearings by fire, % of their area; fire leaves a tenth of the biomass."""
    erosion_permille: int = 2
    """Forest lost at the shoreline a year, ‰; mangrove worlds only, and nothing grows there again."""
    degradation_permille: int = 10
    """Forest thinned a year, ‰."""
    thinned_percent: int = 30
    """Biomass that a moderate thinning takes, %; a heavy one takes twice as much."""
    heavy_percent: int = 0
    """Thinnings that are heavy, % of their area."""
    gain_permille: int = 20
    """Open land that becomes forest a year since the project started (restoration), ‰."""
    regrowth_percent: int = 15
    """Cleared land that is forest again three years later, %."""
    cloud_percent: int = 15
    """Mean cloud, %; single scenes have up to three times as much."""
    missed_cloud_percent: int = 4
    """Cloudy pixels that the scene classification calls clear, %, by patches."""
    haze_percent: int = 4
    """Scenes under haze, %."""
    noise_dn: int = 60
    """Standard deviation of a pixel's reflectance from one scene to the next, digital numbers."""
    speckle_percent: int = 20
    """Relative speckle of radar images, %: 100 / √looks."""
    cover_error_permille: int = 10
    """Pixels whose tree cover is mapped wrongly at the start, ‰."""
    radar: bool = False
    """Write a collection of radar images as well."""
    second_optical: bool = False
    """Write the scenes of a second optical sensor as well, of another bandpass, from the project's first year on."""
    biomass_map: bool = False
    """Write an external map of above-ground biomass as well."""
    map_bias_percent: int = 20
    """Bias of that map, %."""
    map_noise_percent: int = 25
    """Its error from pixel to pixel, %."""
    root_shoot_permille: int = 490
    """True ratio of below-ground to above-ground biomass, ‰."""
    carbon_permille: int = 451
    """True carbon fraction, ‰."""
    soil_g_c_m2_yr: int = 146
    """True carbon that the soil of standing mangrove takes up, g C/m²/yr (1.46 t C/ha/yr)."""
    allometry_permille: int = 1_000
    """True biomass over what the chosen equation says of the same trees, ‰."""

    def __post_init__(self) -> None:
        wrong = [
            *(f.name for f in fields(self) if isinstance(v := getattr(self, f.name), int) and v < 0),
            *(name for name in _shares() if getattr(self, name) > (100 if name.endswith("_percent") else 1_000)),
            *(name for name, low in _LEAST.items() if getattr(self, name) < low),
            *(name for name, most in _MOST.items() if getattr(self, name) > most),
            *(["kind"] if self.kind not in {"mangrove", "forest"} else []),
            *(["forest_percent"] if self.forest_percent + self.water_percent > 100 else []),
            *(["heavy_percent"] if self.heavy_percent and self.thinned_percent > 50 else []),
        ]
        if wrong:
            low, most = _LEAST.get(wrong[0], 0), _MOST.get(wrong[0])
            bounds = f"{low} to {most}" if most else f"at least {low}; see mrv.simulate.scenario.Scenario for what it means"
            raise UsageError(
                f"{wrong[0]} = {getattr(self, wrong[0])} makes no world",
                code="simulate.scenario", field=wrong[0], hint=f"give {bounds}",
            )  # fmt: skip

    @property
    def start(self) -> date:
        """First day of the project."""
        return date(self.first_year + self.history_years, 1, 1)

    @property
    def end(self) -> date:
        """Last day of the project's years."""
        return date(self.first_year + self.history_years + self.project_years - 1, 12, 31)

    @property
    def years(self) -> tuple[int, ...]:
        """All years with imagery."""
        return tuple(range(self.first_year, self.end.year + 1))

    @property
    def project(self) -> tuple[int, ...]:
        """Years of the project: its vintages."""
        return tuple(range(self.start.year, self.end.year + 1))

    def with_(self, **changes: int | str | bool) -> Self:
        """The scenario with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]


_LEAST = {
    "size_px": 12, "first_year": 1985, "history_years": 2, "project_years": 1, "scenes_per_year": 3, "forest_percent": 5,
    "agb_mg_ha": 20, "carbon_permille": 1, "allometry_permille": 100,
}  # fmt: skip


def _shares() -> tuple[str, ...]:
    free = {"map_bias_percent", "allometry_permille", "root_shoot_permille"}
    return tuple(f.name for f in fields(Scenario) if f.name.endswith(("_percent", "_permille")) and f.name not in free)


def forest_scenario() -> Scenario:
    """An inland forest: heavier, without water, with the clearings of farms."""
    return Scenario(
        kind="forest", forest_percent=75, water_percent=0, agb_mg_ha=180, growth_kg_ha_yr=3_000, after_kg_ha=10_000,
        erosion_permille=0, gain_permille=10, root_shoot_permille=240, carbon_permille=470, soil_g_c_m2_yr=0,
    )  # fmt: skip
