"""ART TREES 2.0: reductions plus removals, less uncertainty, leakage and buffer; and a worked example on indicative tonnes.

The constants are t(.70) and t(.95) at 10,000 degrees of freedom, as quoted by secondary sources; the standard's own text
was not read, and every statement says so.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from mrv.equations import percentage_speaks, round_up, trees_uncertainty_adjustment
from mrv.programme.steps import TEXT_VERIFIED as _READ
from mrv.programme.steps import Buffer, Chain, Issuance, Stated, Step, Uncertainty, issue_net
from mrv.units import decimal_str

if TYPE_CHECKING:
    from mrv.programme.accounts import Accounts

ID = "art-trees-2.0"
TEXT_VERIFIED = _READ[ID]
"""The standard's own text was not read."""
TEXT = (
    "TREES 2.0 Eq. 10 and 11 (p. 46) as several public reports quote them; the standard's own text was not read. Leakage and "
    "buffer are the project's inputs; that the buffer is taken of the gross sum is how a public national calculation does it, "
    "and never takes less than a buffer of the net would"
)
_UADJ = (
    "Eq. 11 UAdj = 0.524417 × HW90 / 1.645006, HW90 as a fraction of the mean of gross emissions; Eq. 10 UNC, up to whole kg"
)


def worked_example(emission_kg: int, *, mean_kg: int, half_width_90_kg: int) -> tuple[Step, ...]:
    """UAdj on an emission and its 90 % half-width, as if it were a gross reduction.

    Args:
        emission_kg: kg CO2e, above zero.
        mean_kg: Mean of the draws, above zero.
        half_width_90_kg: Half-width of their 90 % interval.

    Returns:
        Two steps: the adjustment rounded up to whole kilograms and capped at the base, and what it leaves.
    """
    share = Fraction(half_width_90_kg, mean_kg)
    factor = trees_uncertainty_adjustment(share)
    adjustment = min(round_up(emission_kg * factor), emission_kg)
    left = emission_kg - adjustment
    return (
        Step(
            "ART TREES 2.0 UAdj = 0.524417 × HW90 / 1.645006, HW90 as a fraction of the draws' mean; rounded up, capped at 1",
            emission_kg,
            f"HW90 {decimal_str(share, places=6)}, UAdj {decimal_str(factor, places=6)}",
            adjustment,
            "kg CO2e",
        ),
        Step("base less adjustment", emission_kg, f"{adjustment} kg", left, "kg CO2e"),
    )


def adjustment_factor(accounts: Accounts) -> Fraction | None:
    """UAdj of the period, at most 1; None where the percentage of gross emissions says nothing.

    Args:
        accounts: The project's accounts.
    """
    mean, half = accounts.gross.mean_kg, accounts.gross.half_width_90_kg
    return min(Fraction(1), trees_uncertainty_adjustment(Fraction(half, mean))) if percentage_speaks(mean, half) else None


def issue(accounts: Accounts) -> Issuance:
    """Credits of a period.

    Args:
        accounts: The project's accounts.

    References:
        TREES 2.0 Eq. 10, 11; see :data:`TEXT`.
    """
    emitted = accounts.total_kg("baseline_emissions_kg")
    chain = Chain([Stated("baseline emissions of the period", emitted)])
    gross = _gross(chain, accounts)
    factor = adjustment_factor(accounts)
    certain = _certain(chain, gross, factor, accounts)
    leakage = accounts.total_kg("leakage_kg")
    left = chain.kg("less leakage", certain, f"leakage {leakage} kg", certain - leakage)
    # The standard counts years; a loss or an over-issuance before them is brought forward, or it would never be made good.
    credited, within = accounts.credited_kg(), accounts.credited_within_kg
    owed = max(0, credited - accounts.before.net_kg) + within
    net = chain.kg(
        "less what earlier years owe",
        left,
        f"net up to the period {accounts.before.net_kg} kg, credited and buffered {credited} kg, of these vintages {within} kg",
        left - owed,
    )
    half, mean = "90 % half-width of the period's gross emissions", "their mean"
    percent = Fraction(100 * accounts.gross.half_width_90_kg, accounts.gross.mean_kg) if factor is not None else None
    return issue_net(
        chain,
        net,
        accounts,
        programme=ID,
        buffer=Buffer("buffer of the risk report, of gross reductions plus removals", gross),
        uncertainty=Uncertainty(percent, half, mean),
        factor=None if factor is None else 1 - factor,
        notes=(TEXT,),
    )


def _gross(chain: Chain, accounts: Accounts) -> int:
    emitted, project = accounts.total_kg("baseline_emissions_kg"), accounts.total_kg("project_emissions_kg")
    removals = accounts.total_kg("removals_kg")
    reductions = chain.kg("gross emission reductions", emitted, f"project emissions {project} kg", emitted - project)
    return chain.kg("gross reductions plus removals", reductions, f"removals {removals} kg", reductions + removals)


def _certain(chain: Chain, gross: int, factor: Fraction | None, accounts: Accounts) -> int:
    if gross <= 0:
        return chain.kg(_UADJ, gross, "the gross sum is not positive: nothing to deduct from", gross)
    if factor is None:
        return chain.kg(_UADJ, gross, "the mean is near or below zero: HW90 has no percentage, and nothing is left", 0)
    share = Fraction(accounts.gross.half_width_90_kg, accounts.gross.mean_kg)
    deduction = round_up(gross * factor)
    entering = f"HW90 {decimal_str(share, places=6)}, UAdj {decimal_str(factor, places=6)}, UNC {deduction} kg"
    return chain.kg(_UADJ, gross, entering, gross - deduction)
