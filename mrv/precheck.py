"""Precheck: the project's tables read before anything is fetched, so that a wrong cell is told in seconds, not hours."""

from __future__ import annotations

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
from mrv.errors import AttestationError, PlanError
from mrv.observe.window import window_of
from mrv.registry.serials import SerialError, clashes, parse

if TYPE_CHECKING:
    from mrv.accounts.claimed import Claimed
    from mrv.plan import Claim
    from mrv.project import Project


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
    _check_serials(project)
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


def _check_serials(project: Project) -> None:
    """Before a serial is signed: it parses, and no unit is bound twice."""
    try:
        shared = next(clashes([parse(text) for text in project.binding.serials]), None)
    except SerialError as error:
        raise PlanError(
            error.message, code=error.error_code, file=project.folder / "binding.toml", field="serials", hint=error.hint
        ) from error
    if shared is not None:
        raise PlanError(
            f"{shared[0].text} and {shared[1].text} share a unit", code="binding.serials-distinct",
            file=project.folder / "binding.toml", field="serials", hint="bind each unit once",
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
