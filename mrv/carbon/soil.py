"""Mangrove soil: accumulation by cover, allochthonous carbon, methane by salinity (VM0033 v2.1).

Everything per hectare and exact; positive is to the atmosphere, so uptake is negative.  One stratum's soil has one method
a scenario.  Section and equation numbers are those of VM0033 v2.1 (4 September 2023), whose text was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mrv.errors import PlanError
from mrv.units import CO2_PER_C

if TYPE_CHECKING:
    from collections.abc import Iterable

Scenario = Literal["baseline", "project"]

ACCUMULATION_T_C_HA_YR = Fraction("-1.46")
"""Default soil carbon flux of tidal marsh and mangrove at full credit (Eq. 33; Chmura et al. 2003, median)."""
COVER_NONE, COVER_FULL = Fraction(15), Fraction(50)
"""Crown or vegetation cover, %, below which nothing and from which all of the default may be claimed (8.1.4.2.3)."""
ORGANIC_LAYER_CM = Fraction(10)
"""An organic surface layer above this makes the soil organic (8.2.4.2.2)."""
SEDIMENT_ORGANIC_PERCENT = Fraction("1.5")
"""Organic matter of deposited sediment, % (8.1.4.2.7; Mayer 1994)."""
METHANE_BRACKISH, METHANE_SALINE = Fraction("0.011"), Fraction("0.0056")
"""t CH4/ha/yr above 18 ppt, and from 20 ppt on (Eq. 60, 61; Poffenbarger et al. 2011)."""


def default_flux_t_co2_ha_yr(cover_percent: Fraction) -> Fraction:
    """Default soil flux by crown or vegetation cover, t CO2/ha/yr; negative is uptake.

    Before the allochthonous deduction, which the project scenario owes.

    Raises:
        PlanError: A cover outside 0 to 100 %.

    References:
        VM0033 v2.1 8.1.4.2.3, Eq. 33: all from 50 % cover, none below 15 %, linear between.
    """
    if not 0 <= cover_percent <= 100:
        raise PlanError(f"a cover of {float(cover_percent):g} %", code="soil.cover", field="cover_percent",
                        hint="percent of crown or vegetation cover, 0 to 100")  # fmt: skip
    share = (cover_percent - COVER_NONE) / (COVER_FULL - COVER_NONE)
    return ACCUMULATION_T_C_HA_YR * CO2_PER_C * min(max(share, Fraction(0)), Fraction(1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """What decides whether carbon from elsewhere is deducted from a soil's uptake."""

    scenario: Scenario
    """Scenario."""
    organic_layer_cm: Fraction = Fraction(0)
    """Thickness of the organic surface layer, cm."""
    mineral_sedimentation: bool = True
    """Mineral sediment can settle on it during the crediting period."""
    after_start: bool = True
    """The layer was deposited after the project's start."""
    autochthonous_only: bool = False
    """The method estimates autochthonous carbon directly, or accounts for the rest otherwise."""
    would_have_returned: bool = False
    """It was shown that the carbon would have become CO2 without the project."""


@dataclass(frozen=True, slots=True)
class Deduction:
    """A deduction for allochthonous carbon and why it is what it is."""

    t_co2_ha_yr: Fraction
    """Deduction (Eq. 38), t CO2/ha/yr; of the sign of the flux."""
    flux_t_co2_ha_yr: Fraction
    """Flux less deduction (Eq. 79)."""
    rule: str
    """Rule that decided."""


def allochthonous_deduction(flux_t_co2_ha_yr: Fraction, percent: Fraction | None, deposit: Deposit) -> Deduction:
    """Take carbon that came from elsewhere out of a soil's uptake.

    Args:
        flux_t_co2_ha_yr: Soil flux, negative for uptake.
        percent: Share of the soil carbon that is allochthonous, %; None where it is not known.
        deposit: The circumstances.

    Raises:
        PlanError: The deduction is owed and the share is missing, or the share is outside 0 to 100.

    References:
        VM0033 v2.1 8.1.4.2.7 Eq. 38 (only where the flux is negative; organic soil none; baseline may be zero),
        8.2.4.2.2 (mandatory in the project scenario unless shown otherwise; layers after the start; 10 cm).
    """
    exempt = _exemption(flux_t_co2_ha_yr, deposit)
    if exempt is None and percent is None and deposit.scenario == "baseline":
        exempt = "set to zero in the baseline, conservatively"
    if exempt is not None:
        return Deduction(Fraction(0), flux_t_co2_ha_yr, exempt)
    if percent is None:
        raise PlanError(
            "no share of allochthonous carbon, and the project scenario owes the deduction",
            code="soil.allochthonous",
            field="allochthonous_percent",
            hint="measure it (VM0033 Eq. 39-40), or state the exemption",
        )
    if not 0 <= percent <= 100:
        raise PlanError(f"{float(percent):g} % of the soil carbon is allochthonous", code="soil.allochthonous",
                        field="allochthonous_percent", hint="0 to 100")  # fmt: skip
    part = flux_t_co2_ha_yr * percent / 100
    return Deduction(part, flux_t_co2_ha_yr - part, "applied")


def _exemption(flux: Fraction, deposit: Deposit) -> str | None:
    rules = (
        (flux >= 0, "the flux is not an uptake"),
        (deposit.autochthonous_only, "the estimate holds autochthonous carbon only"),
        (deposit.organic_layer_cm > ORGANIC_LAYER_CM, "organic soil: surface layer above 10 cm"),
        (deposit.organic_layer_cm > 0 and not deposit.mineral_sedimentation, "organic layer without mineral sedimentation"),
        (not deposit.after_start, "deposited before the project's start"),
        (deposit.scenario == "project" and deposit.would_have_returned, "shown to return to the air without the project"),
    )
    return next((reason for holds, reason in rules if holds), None)


def allochthonous_percent(soil_carbon_percent: Fraction, autochthonous_carbon_percent: Fraction) -> Fraction:
    """Share of the soil carbon that came from elsewhere, % (VM0033 v2.1 Eq. 39).

    Raises:
        PlanError: No soil carbon, or more autochthonous carbon than carbon.
    """
    if not 0 <= autochthonous_carbon_percent <= soil_carbon_percent or soil_carbon_percent <= 0:
        raise PlanError(
            "autochthonous carbon is not a part of the soil's carbon",
            code="soil.allochthonous",
            field="autochthonous_carbon_percent",
            hint="both in % of dry soil; the part within the whole",
        )
    return 100 * (soil_carbon_percent - autochthonous_carbon_percent) / soil_carbon_percent


def mangrove_allochthonous_percent(
    soil_carbon_percent: Fraction, sediment_organic_percent: Fraction = SEDIMENT_ORGANIC_PERCENT
) -> Fraction:
    """The same from the carbon of a mangrove's mineral soil and of the sediment that settles on it, %.

    Args:
        soil_carbon_percent: Carbon of the soil, % of dry mass; above what Eq. 43 gives for the sediment.
        sediment_organic_percent: Organic matter of the deposited sediment, %.

    Raises:
        PlanError: The soil holds no more organic matter than the sediment: the equation does not reach that far.

    References:
        VM0033 v2.1 Eq. 40, 43 (%OM = (%C − 2.8857) / 0.415; Kauffman et al. 2011) and 39.
    """
    organic = (soil_carbon_percent - Fraction("2.8857")) / Fraction("0.415")
    if not 0 <= sediment_organic_percent < organic <= 100:
        raise PlanError(
            f"{float(soil_carbon_percent):g} % carbon is outside the reach of the mangrove equation",
            code="soil.allochthonous", field="soil_carbon_percent", hint="measure organic matter, or use a published share",
        )  # fmt: skip
    own = (organic - sediment_organic_percent) / (1 - sediment_organic_percent / 100)
    return allochthonous_percent(soil_carbon_percent, own * Fraction("0.415") + Fraction("2.8857"))


def methane_t_co2e_ha_yr(salinity_ppt: Fraction, *, gwp: Fraction) -> Fraction:
    """Default methane of a tidal wetland soil, t CO2e/ha/yr.

    Args:
        salinity_ppt: Salinity average, or low point, parts per thousand.
        gwp: Global warming potential of methane in the plan's set.

    Raises:
        PlanError: At or below 18 ppt, where there is no default.

    References:
        VM0033 v2.1 8.1.4.5.4, Eq. 60 (above 18 ppt), 61 (from 20 ppt).
    """
    if salinity_ppt >= 20:
        return METHANE_SALINE * gwp
    if salinity_ppt > 18:
        return METHANE_BRACKISH * gwp
    raise PlanError(f"no default for methane at {float(salinity_ppt):g} ppt", code="soil.methane", field="salinity_ppt",
                    hint="above 18 ppt only: give a measured or published factor")  # fmt: skip


def methane_difference_t_co2e_ha_yr(*, baseline_ppt: Fraction, project_ppt: Fraction, gwp: Fraction) -> Fraction:
    """Methane of the project less that of the baseline, both by default, t CO2e/ha/yr.

    Raises:
        PlanError: The two defaults would make a reduction, which VM0033 v2.1 8.1.4.5.4 forbids.
    """
    baseline, project = (methane_t_co2e_ha_yr(ppt, gwp=gwp) for ppt in (baseline_ppt, project_ppt))
    if project < baseline:
        raise PlanError("a methane reduction made of two default factors", code="soil.methane-difference",
                        field="salinity_ppt", hint="use one default for both scenarios, or measure")  # fmt: skip
    return project - baseline


@dataclass(frozen=True, slots=True, order=True)
class SoilMethod:
    """How one pool of one stratum is estimated in one scenario."""

    pool: str
    """Pool."""
    stratum: str
    """Stratum."""
    scenario: Scenario
    """Scenario."""
    method: str
    """Method, such as ``vm0033-default`` or ``cores``."""


def one_method(methods: Iterable[SoilMethod]) -> dict[tuple[str, str, str], str]:
    """The method of each pool, stratum and scenario.

    Raises:
        PlanError: Two methods for one of them: its carbon would count twice.
    """
    chosen: dict[tuple[str, str, str], str] = {}
    for entry in methods:
        key = (entry.pool, entry.stratum, entry.scenario)
        if chosen.setdefault(key, entry.method) != entry.method:
            raise PlanError(f"two methods, {chosen[key]} and {entry.method}", code="soil.two-methods", field=" / ".join(key),
                            hint="one method for a pool of a stratum in a scenario")  # fmt: skip
    return chosen
