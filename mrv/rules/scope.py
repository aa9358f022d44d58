"""Scope: which inputs a project lacks and what follows, and what no statement verifies."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

INPUTS = (
    (
        "plots", "plots.csv", "stocks are published factors; dual evidence fails",
        "measure field plots by a probability design (plots.csv, trees.csv)",
    ),
    (
        "reference sample", "reference.csv", "areas are mapped, not estimated; nothing is issuable",
        "freeze a frame, draw and interpret a probability sample (mrv sample)",
    ),
    ("reference level", "reference_level.csv", "no baseline, so no benefit", "give reference_level.csv with standard errors"),
    ("leakage", "leakage.toml", "leakage is not counted; nothing is issuable", "give leakage.toml"),
    (
        "risk report", "risk_report.toml", "no buffer can be set; nothing is issuable, permanence is not assessed",
        "give risk_report.toml",
    ),
    (
        "prior credits", "prior_credits.csv", "what was credited before the period is unknown; nothing is issuable",
        "give prior_credits.csv; nothing credited is its header alone",
    ),
    ("registry extract", "registry_extract.json", "authorisation is not assessed", "give registry_extract.json"),
)  # fmt: skip
"""Input, its file, what follows where it is absent, and the remedy."""
_ALWAYS = (
    "additionality and the validity of the baseline",
    "completeness of the scene list: that the catalog held no other scene",
    "land use after loss: loss of tree cover is not called deforestation",
    "documents that reference level, leakage, risk report and registry name by digest: they are not read",
)
_OPTICAL = (
    "tree height, and the accuracy of the tree-cover layer",
    "the day of loss: it lies between the last clear observation before and the first anomalous one, often a winter apart",
)
_RADAR = (
    "tree height, and the accuracy of the tree-cover layer",
    "that the densities of forest and non-forest fit this forest: they are published for another, or the project's own",
    "the day of loss: it lies between the last observation before and the first that makes loss likelier than not",
    "radar calibration and terrain correction: they are the publisher's; rain and floods change backscatter too",
)
_EXTENT = (
    "how the extent maps were made: they are a publisher's, taken as they are",
    "the day of loss: it lies between two maps",
)
_MAPPED = (
    "loss after the last scenes of the period: a break takes several anomalies in a row, and is then found in the next period",
    "degradation without loss of cover, and regrowth after loss: every mapped pixel is counted as lost in full",
)
_ESTIMATED = (
    "the interpretation of the reference sample: a replay reproduces the arithmetic, not the labels",
    "degradation of a unit beyond its first: until it is lost, it counts at the intensity seen first",
    "that the frame was committed before the draw, and that the beacon was unknown then: dates and sources are as stated",
)
_PLOTS = ("the measurements in plots.csv and trees.csv, and that the plots were drawn as their weights say",)


def absent(given: Collection[str], *, later: bool) -> list[dict[str, str]]:
    """Inputs that a project does not give.

    Args:
        given: Names of the files it gives.
        later: The period is not the project's first, so that something may have been credited before.
    """
    return [
        {"input": name, "consequence": consequence, "remedy": remedy}
        for name, file, consequence, remedy in INPUTS
        if file not in given and (later or file != "prior_credits.csv")
    ]


def not_verified(given: Collection[str], *, monitors: Collection[str]) -> list[str]:
    """What is not verified, whatever the gates say.

    Args:
        given: Names of the files the project gives.
        monitors: Roles of the scenes that were monitored; none where extent maps were compared.
    """
    sample, plots = "reference.csv" in given, "plots.csv" in given
    seen = _RADAR if "radar" in monitors else _OPTICAL if monitors else _EXTENT
    parts = (_ALWAYS, seen, _ESTIMATED if sample else _MAPPED, _PLOTS if plots else ())
    return [words for part in parts for words in part]
