"""VM0033 2.1, tidal wetland and seagrass restoration: §8.5, from net emission reductions to verified carbon units.

Cumulative: every equation takes totals since the project's start, and what was accounted for before is subtracted.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.equations import absolute_sum_percent, allowed_uncertainty_factor, round_up
from mrv.programme.steps import TEXT_VERIFIED as _READ
from mrv.programme.steps import Buffer, Chain, Issuance, Stated, Uncertainty, difference, issue_net
from mrv.units import decimal_str

if TYPE_CHECKING:
    from mrv.programme.accounts import Accounts, Spread

ID = "vm0033-2.1"
TEXT_VERIFIED = _READ[ID]
"""§8.4.1 to §8.5.3 were read."""
TEXT = (
    "VM0033 version 2.1 of 4 September 2023, §8.4.1–8.5.3 (Eq. 85–94), read in a public machine conversion of the published "
    "document. It prints × for the − of Eq. 93 and the same index for every stratum of Eq. 88 and 90; both are read as the "
    "sentences around them say. 'Denominators must be expressed in absolute values' is read as Σ|·|"
)
ALLOWABLE = {90: Fraction(20, 100), 95: Fraction(30, 100)}
"""Allowable uncertainty by confidence level, %; the accounts carry 90 % half-widths."""


def error_percent(accounts: Accounts) -> Fraction | None:
    """NER_ERROR: √((U_B G_B)² + (U_P G_P)²) / (|G_B| + |G_P|), % at 90 % confidence, up to the end of the period.

    Args:
        accounts: The project's accounts. U is the half-width over the mean of the draws, G the accounted total.

    Returns:
        Percent; None where both totals are zero or a total's draws have mean zero.

    References:
        VM0033 2.1 Eq. 91.
    """
    sides = ((accounts.baseline, "baseline_kg"), (accounts.project, "project_kg"))
    terms = [(Fraction(accounts.cumulative_kg(name)), _percent(spread)) for spread, name in sides]
    # A side that is nothing, surely, has no percentage and needs none.
    known = [(total, percent) for total, percent in terms if percent is not None]
    if any(
        percent is None and (total or spread.half_width_90_kg)
        for (total, percent), (spread, _) in zip(terms, sides, strict=True)
    ):
        return None
    return absolute_sum_percent(*known)


def _percent(spread: Spread) -> Fraction | None:
    return Fraction(100 * spread.half_width_90_kg, abs(spread.mean_kg)) if spread.mean_kg else None


def issue(accounts: Accounts) -> Issuance:
    """Verified carbon units of a period.

    Args:
        accounts: The project's accounts.

    References:
        VM0033 2.1 §8.5.1 Eq. 85–86, §8.5.2 Eq. 91–92, §8.5.3 Eq. 93–94.
    """
    chain = Chain(
        [
            Stated("GHG_BSL: baseline since the project's start", accounts.cumulative_kg("baseline_kg")),
            Stated("stock part of the period's net benefit", accounts.stock_benefit_kg),
        ]
    )
    capped, before, notes = _reductions(chain, accounts)
    percent = error_percent(accounts)
    uncertainty = Uncertainty(
        percent,
        "√((U_BSL·GHG_BSL)² + (U_WPS·GHG_WPS)²), U from 90 % half-widths since the project's start",
        "|GHG_BSL| + |GHG_WPS| since the project's start",
    )
    factor = Fraction(0) if percent is None else allowed_uncertainty_factor(percent / 100, ALLOWABLE[90])
    adjusted = _adjusted(chain, capped, percent, factor)
    accounted = round_up(before * factor) if before > 0 else before
    net = difference(chain, adjusted, accounted, accounts, equation="§8.5.3 Eq. 93 adjusted NER_t2 − adjusted NER_t1")
    buffer = Buffer("§8.5.3 Eq. 94 buffer of (NER_stock,t2 − NER_stock,t1)", accounts.stock_benefit_kg)
    return issue_net(
        chain, net, accounts, programme=ID, buffer=buffer, uncertainty=uncertainty, factor=factor, notes=(*notes, TEXT)
    )


def _reductions(chain: Chain, accounts: Accounts) -> tuple[int, int, tuple[str, ...]]:
    """NER up to the end of the period and up to its start, both capped."""
    baseline, project = accounts.cumulative_kg("baseline_kg"), accounts.cumulative_kg("project_kg")
    leakage = accounts.cumulative_kg("leakage_kg")
    net = chain.kg(
        "§8.5.1 Eq. 85 NER = GHG_BSL − GHG_WPS + FRP − GHG_LK",
        baseline,
        f"GHG_WPS {project} kg, FRP 0 (no fire reduction premium is claimed), GHG_LK {leakage} kg, since the project's start",
        baseline - project - leakage,
    )
    cap = accounts.net_at_year_100_kg
    if cap is None:
        chain.kg("§8.5.1 Eq. 86 cap at NER of year 100", net, "not assessed: no projection to year 100 is given", net)
        return net, accounts.before.net_kg, ("the cap of Eq. 86 was not assessed: no projection to year 100",)
    capped = chain.kg("§8.5.1 Eq. 86 cap at NER of year 100", net, f"NER at t = 100: {cap} kg", min(net, cap))
    return capped, min(accounts.before.net_kg, cap), ()


def _adjusted(chain: Chain, net_kg: int, percent: Fraction | None, factor: Fraction) -> int:
    equation = "§8.5.2 Eq. 91–92 adjusted NER = NER × min(1, 100 % − NER_ERROR + 20 %), rounded down"
    if net_kg <= 0:
        return chain.kg(equation, net_kg, "NER is not positive: nothing to deduct from", net_kg)
    if percent is None:
        return chain.kg(equation, net_kg, "NER_ERROR has no denominator: nothing is left", 0)
    entering = f"NER_ERROR {decimal_str(percent, places=6)} % at 90 %, factor {decimal_str(factor, places=9)}"
    return chain.kg(equation, net_kg, entering, net_kg - round_up(net_kg * (1 - factor)))
