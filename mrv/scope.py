"""Scope: what this version reads and verifies, and what it does not; the same in every statement."""

from __future__ import annotations

ABSENT = (
    ("plots", "stocks are Tier 1 defaults; dual evidence fails", "measure field plots by a probability design (plots.csv)"),
    (
        "reference sample",
        "areas are mapped, not estimated; nothing is issuable",
        "draw and interpret a probability sample of the strata map (reference.csv)",
    ),
    ("reference level", "no baseline, so no benefit", "give reference_level.csv with its standard error"),
    ("leakage", "leakage is not counted", "give leakage.toml"),
    ("risk report", "buffer and permanence are not assessed", "give risk_report.toml"),
    ("registry extract", "authorisation is not assessed", "give registry_extract.json"),
)
"""Inputs this version does not read: input, consequence, remedy."""
NOT_VERIFIED = (
    "additionality and the validity of the baseline",
    "completeness of the scene list: that the catalog held no other scene",
    "land use after loss: loss of tree cover is not called deforestation",
    "tree height, and the accuracy of the tree-cover layer",
    "the day of loss: it lies between the last clear observation before and the first anomalous one, often a winter apart",
    "loss after the last scenes of the period: a break takes several anomalies in a row, and is then found in the next period",
    "degradation without loss of cover, and regrowth after loss: every mapped pixel is counted as lost in full",
)
