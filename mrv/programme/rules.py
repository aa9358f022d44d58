"""Rules: every programme by the id a plan names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.errors import PlanError
from mrv.programme import ar_tool14, art_trees, ipcc_only, vm0033

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrv.programme.accounts import Accounts
    from mrv.programme.steps import Issuance

RULES: dict[str, Callable[[Accounts], Issuance]] = {
    module.ID: module.issue for module in (ipcc_only, art_trees, vm0033, ar_tool14)
}
"""Programme id → its rules."""
TEXTS = {module.ID: module.TEXT for module in (ipcc_only, art_trees, vm0033, ar_tool14)}
"""Programme id → what of its text was read."""


def issue(programme: str, accounts: Accounts) -> Issuance:
    """Apply a programme's rules.

    Args:
        programme: Its id.
        accounts: The project's accounts.

    Raises:
        PlanError: No such programme.
    """
    if programme not in RULES:
        raise PlanError(
            f"no rules of programme {programme}",
            code="programme.unknown",
            field="programme.id",
            hint=f"programmes: {', '.join(RULES)}",
        )
    return RULES[programme](accounts)
