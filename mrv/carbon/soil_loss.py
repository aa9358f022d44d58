"""Soil carbon lost on conversion: drained, dug out for ponds, or washed away; never more than is there (VM0033 v2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mrv.errors import PlanError
from mrv.units import CO2_PER_C

Environment = Literal[
    "normal marine", "deltaic fluidized muds", "oxygen depletion", "small mountainous rivers", "extreme accumulation"
]

ERODED_EMITTED: dict[Environment, Fraction] = {
    "normal marine": Fraction(80),
    "deltaic fluidized muds": Fraction(80),
    "oxygen depletion": Fraction(53),
    "small mountainous rivers": Fraction(39),
    "extreme accumulation": Fraction(49),
}
"""Share of eroded carbon that reaches the atmosphere, %, where a river or estuary carries it on (Eq. 51–54)."""


def eroded_emitted_percent(environment: Environment | None, *, baseline_erodes_more: bool) -> Fraction:
    """Share of eroded carbon that is emitted, %.

    Args:
        environment: Where a river, estuary or the sea takes it; None where nothing does.
        baseline_erodes_more: The baseline erodes more mass than the project.

    References:
        VM0033 v2.1 8.1.4.3.3, Eq. 51–55: unconnected, 0 % where the baseline erodes more, else 100 %.
    """
    if environment is not None:
        return ERODED_EMITTED[environment]
    return Fraction(0) if baseline_erodes_more else Fraction(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """What opens a soil to the air."""

    kind: Literal["drainage", "excavation", "erosion"]
    """How: drained in place, dug out (ponds), or washed away."""
    exposed_t_c_ha: Fraction
    """Carbon in the soil that is exposed, t C/ha."""
    emitted_percent: Fraction
    """Share of it that ends in the atmosphere, %."""
    rate_t_c_ha_yr: Fraction | None = None
    """Yearly emission, t C/ha; None spreads the emitted carbon evenly."""
    years: int = 1
    """Years over which it is emitted."""


@dataclass(frozen=True, slots=True)
class SoilLoss:
    """Emission of a converted soil."""

    t_co2_ha_by_year: tuple[Fraction, ...]
    """t CO2/ha in the first, second … year after conversion."""
    findings: tuple[tuple[str, str], ...]
    """Code and value of what its reader should know."""


def soil_loss(conversion: Conversion, *, present_t_c_ha: Fraction) -> SoilLoss:
    """Emission of a converted soil by year, never more than the carbon that is there and exposed.

    Args:
        conversion: What happened.
        present_t_c_ha: Carbon that the soil holds, t C/ha, to the depth that was measured.

    Raises:
        PlanError: More carbon exposed than present, a share outside 0 to 100 %, a negative rate, or no years.

    References:
        VM0033 v2.1 Eq. 28–29 (in situ), 48–49 (eroded), 56–57 (excavated): carbon exposed × share emitted.
    """
    _check_conversion(conversion, present_t_c_ha)
    left = conversion.exposed_t_c_ha * conversion.emitted_percent / 100
    rate = left / conversion.years if conversion.rate_t_c_ha_yr is None else conversion.rate_t_c_ha_yr
    years, claimed = [], rate * conversion.years
    findings: tuple[tuple[str, str], ...] = ()
    if claimed > left:
        findings = (("soil.loss-clamped", f"{float(claimed):g} t C/ha claimed, {float(left):g} exposed and emitted"),)
    for _ in range(conversion.years):
        emitted = min(rate, left)
        left -= emitted
        years.append(emitted * CO2_PER_C)
    return SoilLoss(tuple(years), findings)


def _check_conversion(conversion: Conversion, present: Fraction) -> None:
    if conversion.exposed_t_c_ha > present:
        raise PlanError(
            f"{float(conversion.exposed_t_c_ha):g} t C/ha exposed of {float(present):g} present",
            code="soil.loss-beyond-stock", field="exposed_t_c_ha", hint="a soil cannot lose what it does not hold",
        )  # fmt: skip
    rate = conversion.rate_t_c_ha_yr
    if conversion.exposed_t_c_ha < 0 or not 0 <= conversion.emitted_percent <= 100 or (rate is not None and rate < 0):
        raise PlanError("a loss of soil carbon is negative or above all of it", code="soil.loss", field="emitted_percent",
                        hint="exposed carbon and rate from 0, share emitted 0 to 100")  # fmt: skip
    if conversion.years < 1:
        raise PlanError("a loss over no years", code="soil.loss", field="years", hint="1 or more")
