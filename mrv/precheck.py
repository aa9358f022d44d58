"""Precheck: the project's tables read before anything is fetched, so that a wrong cell is told in seconds, not hours.

What only the result can tell of the binding, :func:`check_bound` asks before anything is signed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mrv.accounts.claimed import read_claimed
from mrv.accounts.ground import check_panel, panel_of
from mrv.accounts.measured import read_field
from mrv.activity.panel import PANEL_FILES
from mrv.attest import caip19
from mrv.carbon.soil_factor import soil_factor
from mrv.carbon.tables import factors_for
from mrv.change.bandpass import check_sensors
from mrv.change.densities import check_densities
from mrv.errors import AttestationError, PlanError, UsageError
from mrv.observe.window import window_of
from mrv.registry.binding import check_serials
from mrv.registry.serials import SerialError, clashes, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mrv.accounts.claimed import Claimed
    from mrv.plan import Claim
    from mrv.project import Project
    from mrv.statement import Statement

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def precheck(project: Project, claim: Claim) -> Claimed:
    """Read every table that needs no raster of the evidence.

    Args:
        project: The project.
        claim: The claim of the period.

    Returns:
        What the project states.

    Raises:
        PlanError: Names file, place and remedy.
    """
    plan, inputs = project.plan, project.inputs
    _check_serials(project, claim)
    _check_assets(project)
    factors_for(plan.factors)
    check_densities(plan)
    check_sensors(plan)
    soil_factor(plan)
    claimed = read_claimed(plan, claim, inputs)
    window = window_of(plan, project.boundary)
    if plan.biomass is not None:
        read_field(plan.biomass, inputs, window)
    if plan.reference is not None and all(name in inputs for name in PANEL_FILES):
        check_panel(plan, claim, panel_of(plan, claim, inputs, window), inputs)
    return claimed


def check_supersedes(digests: Sequence[str]) -> None:
    """Refuse, before anything is computed, a name that is no attestation's.

    Args:
        digests: What ``--supersedes`` names.

    Raises:
        UsageError: ``binding.supersedes``.
    """
    wrong = next((text for text in digests if not _DIGEST.fullmatch(text)), None)
    if wrong is not None:
        raise UsageError(
            f"{wrong!a:.90} is no attestation digest", code="binding.supersedes", field="--supersedes",
            hint="give sha256: and 64 hexadecimal digits in lower case, as mrv run and mrv check tell it",
        )  # fmt: skip


def check_bound(project: Project, statement: Statement) -> None:
    """Refuse to sign serial blocks that ``mrv check`` would refuse: what they hold is known once the tonnes are.

    Args:
        project: The project.
        statement: What was computed.

    Raises:
        PlanError: ``binding.serials-quantity``, or another code of :func:`mrv.registry.binding.check_serials`.
    """
    for check in check_serials(project.binding.serials, statement.as_json()):
        if check.status == "fails":
            raise PlanError(
                check.detail, code=check.code, file=project.folder / "binding.toml", field="serials",
                hint="bind no more than the creditable tonnes, each of a vintage of the period, and run again",
            )  # fmt: skip


def _check_serials(project: Project, claim: Claim) -> None:
    """Before a serial is signed: it parses, no unit is bound twice, and its vintage is of the period."""
    try:
        blocks = [parse(text) for text in project.binding.serials]
    except SerialError as error:
        raise PlanError(
            error.message, code=error.error_code, file=project.folder / "binding.toml", field="serials", hint=error.hint
        ) from error
    shared = next(clashes(blocks), None)
    if shared is not None:
        raise PlanError(
            f"{shared[0].text} and {shared[1].text} share a unit", code="binding.serials-distinct",
            file=project.folder / "binding.toml", field="serials", hint="bind each unit once",
        )  # fmt: skip
    first, last = claim.start.year, claim.end.year
    strange = next((b for b in blocks if b.vintages and not first <= b.vintages[0] <= b.vintages[1] <= last), None)
    if strange is not None:
        raise PlanError(
            f"{strange.text} is of a vintage outside the period {claim.period}, {claim.start} to {claim.end}",
            code="binding.serials-vintage", file=project.folder / "binding.toml", field="serials",
            hint="bind blocks of the period's vintages alone, or name the period they are of (--period)",
        )  # fmt: skip


def _check_assets(project: Project) -> None:
    """Before a token is signed: it is one, its address was not mistyped, and it is named once."""
    try:
        assets = [caip19.normalise(text) for text in project.binding.assets]
    except AttestationError as error:
        raise PlanError(
            error.message, code=error.error_code, file=project.folder / "binding.toml", field="assets", hint=error.hint
        ) from error
    twice = next((asset for place, asset in enumerate(assets) if asset in assets[:place]), None)
    if twice is not None:
        raise PlanError(
            f"{twice} is named twice", code="binding.assets-distinct", file=project.folder / "binding.toml", field="assets",
            hint="name each token once, in whatever spelling",
        )  # fmt: skip
