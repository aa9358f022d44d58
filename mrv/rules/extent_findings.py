"""Findings about extent maps: what was put aside, and which way that errs."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.sections.extents import ExtentsSection
    from mrv.statement import Statement

_ERRS = "emissions are understated by what of the difference was real"
_ASSUMED_WATER = (
    "the maps class no water: it is taken to be all other land that is joined to the window's border, so that change along dry "
    "land may be called the shore's"
)


def extent_findings(s: Statement) -> Iterator[tuple[str, str, str]]:
    """Code, item and value of each; none where change was read from the maps as they came.

    Args:
        s: The statement.
    """
    found, rules = s.activity.extents, s.method.plan["method"]["change"]
    if found is None:
        return
    if methods := [rules[name]["method"] for name in ("version_step", "cleaning") if name in rules]:
        yield from _put_aside(found, " and ".join(methods))
    yield from _version_steps(found)
    for what in ("loss", "gain"):
        if pixels := getattr(found.pending, f"{what}_pixels"):
            seen = f"{getattr(found.pending, f'{what}_m2')} m² that the last maps show"
            yield "extent.pending", f"{pixels} pixels of {what}", f"{seen} and the rules do not believe: not counted"
    if "kinds" in rules:
        assumed = _ASSUMED_WATER if rules["kinds"]["water"] == "border" else "water is as the maps class it"
        yield "extent.kinds", rules["kinds"]["method"], f"shapes, not causes; {assumed}"


def _put_aside(found: ExtentsSection, methods: str) -> Iterator[tuple[str, str, str]]:
    for what in ("loss", "gain"):
        came, counted = (sum(getattr(row, f"{what}_m2") for row in rows) for rows in (found.as_mapped, found.as_counted))
        errs = f"; {_ERRS}" if what == "loss" and counted < came else ""
        told = f"{came} m² as the maps came, {counted} m² counted after {methods}{errs}"
        yield "extent.cleaned", f"{what} since the project's start", told


def _version_steps(found: ExtentsSection) -> Iterator[tuple[str, str, str]]:
    came, counted = ({row.year: row for row in rows} for rows in (found.as_mapped, found.as_counted))
    for one, two in pairwise(found.epochs):
        step = next((row for row in found.version_steps if row.year == two.year), None)
        if step is None:
            continue
        width = f"the edge moved by up to {step.width_px} px, laid aside" if step.width_px else "no step along the edge"
        told = f"version {one.version} to {two.version}: {width}"
        if two.year in counted:
            raw, kept = came[two.year], counted[two.year]
            told += (
                f"; loss {raw.loss_m2} m² as the maps came, {kept.loss_m2} m² counted; gain {raw.gain_m2} and {kept.gain_m2} m²"
            )
            told += f"; {_ERRS}; what is counted away from the edge may be the version's"
        yield "extent.version-step", f"{one.year} to {two.year}", told
