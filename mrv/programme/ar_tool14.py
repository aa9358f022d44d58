"""AR-TOOL14 04.2 (CDM, afforestation and reforestation): conservative means of carbon stocks in trees and shrubs.

A tool for estimates, not a programme: the discount makes project and baseline conservative, each by its own uncertainty; the
buffer follows the risk report, as a programme that uses the tool would ask.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.equations import ar_tool14_discount, round_up
from mrv.programme.steps import TEXT_VERIFIED as _READ
from mrv.programme.steps import Buffer, Chain, Issuance, Stated, Uncertainty, difference, issue_net
from mrv.units import decimal_str

if TYPE_CHECKING:
    from mrv.programme.accounts import Accounts, Spread

ID = "ar-tool14"
TEXT_VERIFIED = _READ[ID]
"""The tool's own text was not read."""
TEXT = (
    "AR-TOOL14 version 04.2, Appendix 2: table and worked example (60 ± 9 → baseline 62.25, project 57.75) as two public "
    "transcriptions quote them; the tool's own text was not read, and its use for issuance is this program's"
)


def discount_kg(spread: Spread) -> int:
    """Discount of one side: the band's share of its 90 % half-width, rounded up.

    Args:
        spread: Mean and half-width. Where the mean is zero, U is beyond every band and the whole half-width is discounted.

    References:
        AR-TOOL14 04.2, Appendix 2, Table 1.
    """
    if spread.mean_kg == 0:
        return spread.half_width_90_kg
    mean = abs(spread.mean_kg)
    return round_up(ar_tool14_discount(Fraction(spread.half_width_90_kg, mean)) * mean)


def issue(accounts: Accounts) -> Issuance:
    """Net removals of a period from conservative totals since the project's start.

    Args:
        accounts: The project's accounts.
    """
    baseline = accounts.cumulative_kg("baseline_kg")
    chain = Chain([Stated("baseline since the project's start", baseline)])
    low = chain.kg(
        "Appendix 2, Table 1: conservative baseline (removes more, emits less)",
        baseline,
        _entering(accounts.baseline),
        baseline - discount_kg(accounts.baseline),
    )
    project, discount = accounts.cumulative_kg("project_kg"), discount_kg(accounts.project)
    gross = chain.kg(
        "Appendix 2, Table 1: less conservative project (removes less, emits more)",
        low,
        f"project {project} kg + discount {discount} kg; {_entering(accounts.project)}",
        low - project - discount,
    )
    leakage = accounts.cumulative_kg("leakage_kg")
    net = chain.kg("less leakage", gross, f"leakage {leakage} kg", gross - leakage)
    whole = accounts.cumulative_kg("net_kg")
    factor = max(Fraction(0), Fraction(net, whole)) if whole > 0 else None
    earlier = accounts.before.net_kg
    accounted = round_up(earlier * factor) if earlier > 0 and factor is not None else earlier
    added = difference(chain, net, accounted, accounts, equation="stock difference: net since the start less accounted for")
    return issue_net(
        chain,
        added,
        accounts,
        programme=ID,
        buffer=Buffer("buffer of the risk report, of the net", added),
        uncertainty=_uncertainty(accounts.project),
        factor=factor,
        notes=(TEXT,),
    )


def _uncertainty(spread: Spread) -> Uncertainty:
    percent = Fraction(100 * spread.half_width_90_kg, abs(spread.mean_kg)) if spread.mean_kg else None
    return Uncertainty(percent, "90 % half-width of the project since its start", "|mean| of the project since its start")


def _entering(spread: Spread) -> str:
    if spread.mean_kg == 0:
        return f"U has no denominator: the whole half-width, {spread.half_width_90_kg} kg"
    share = Fraction(spread.half_width_90_kg, abs(spread.mean_kg))
    band = ar_tool14_discount(share) / share if share else Fraction(0)
    return f"U {decimal_str(100 * share, places=6)} %, {decimal_str(100 * band, places=0)} % of U, {discount_kg(spread)} kg"
