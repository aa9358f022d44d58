"""IPCC inventory without a programme: shows the net benefit and issues nothing, for there are no crediting rules to apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.programme.steps import NO_UNCERTAINTY, Chain, Issuance, Stated, Step
from mrv.programme.steps import TEXT_VERIFIED as _READ

if TYPE_CHECKING:
    from mrv.programme.accounts import Accounts

ID = "ipcc-only"
TEXT_VERIFIED = _READ[ID]
"""Nothing of a programme's text is applied."""
TEXT = "no crediting rules apply: quantities follow IPCC 2006 V4 Eq. 2.4, 2.5, 2.8b and V1 ch. 3"


def issue(accounts: Accounts) -> Issuance:
    """Baseline less project less leakage, and no credit.

    Args:
        accounts: The project's accounts.
    """
    baseline, project = accounts.total_kg("baseline_kg"), accounts.total_kg("project_kg")
    leakage = accounts.total_kg("leakage_kg")
    chain = Chain([Stated("net baseline of the period", baseline)])
    gross = chain.kg("gross benefit B − P", baseline, f"project {project} kg", baseline - project)
    chain.kg("net benefit B − P − L", gross, f"leakage {leakage} kg", gross - leakage)
    chain.steps.append(Step("no crediting programme: nothing is issuable", 0, "ipcc-only has no crediting rules", 0, "t CO2e"))
    return Issuance(
        programme=ID,
        inputs=tuple(chain.inputs),
        steps=tuple(chain.steps),
        issuable_t_by_vintage={vintage.year: 0 for vintage in accounts.vintages},
        issuable_t=0,
        buffer_t=0,
        uncertainty=NO_UNCERTAINTY,
        factor=None,
        carried_forward_kg=0,
    )
