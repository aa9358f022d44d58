"""The page: which sections there are, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mrv.errors import StatementError
from mrv.page import Html, bullets, tag, whole
from mrv.report.accounts import example_section, levels_section, programme_section, tonnes_section
from mrv.report.check import check_section
from mrv.report.doubt import factors_section, uncertainty_section
from mrv.report.evidence import evidence_section
from mrv.report.extents import as_came_section, kinds_section
from mrv.report.growth import growth_section
from mrv.report.header import figures_section, header
from mrv.report.pictures import curves_section, maps_section, true_colour_section
from mrv.report.plots import plots_section
from mrv.report.sample import sample_section
from mrv.report.verdicts import findings_section, gates_section, missing_section
from mrv.statement import parse_statement

if TYPE_CHECKING:
    from mrv.views import Views


def render(document: dict[str, Any], views: Views, *, attestation_name: str = "attestation.json") -> str:
    """The report as one self-contained page; the same arguments give the same bytes.

    Args:
        document: The signed document.
        views: Pictures and curves of the same statement.
        attestation_name: File name of the document, for the commands.

    Raises:
        StatementError: The statement is malformed, or the views belong to another one.
    """
    subject = document["credentialSubject"]
    s = parse_statement(subject["statement"])
    if s.digest() != views.statement_digest:
        raise StatementError(
            "the pictures belong to another statement",
            code="report.mismatch",
            hint="compute the views from the result that was signed",
        )
    sections: tuple[tuple[str, str, Html], ...] = (
        ("figures", "Key figures", figures_section(s)),
        ("seen", "Before and after", true_colour_section(views)),
        ("maps", "What was mapped", maps_section(s, views)),
        ("as-came", "As the maps came, and as counted", as_came_section(s, views)),
        ("kinds", "Kinds of change", kinds_section(s, views)),
        ("pixels", "Pixels through time", curves_section(s, views)),
        ("sample", "The reference sample", sample_section(s)),
        ("plots", "Field plots", plots_section(s)),
        ("growth", "The growth curve", growth_section(s)),
        ("tonnes", "From area to tonnes", tonnes_section(s)),
        ("levels", "Reference level and leakage", levels_section(s)),
        ("programme", "The programme's steps", programme_section(s)),
        ("uncertainty", "Uncertainty", uncertainty_section(s)),
        ("factors", "Emission factors", factors_section(s)),
        ("gates", "Gates", gates_section(s)),
        ("basis", "Basis of the conclusion", bullets(s.conclusion.basis)),
        ("missing", "What is missing, and how to get there", missing_section(s)),
        ("not-verified", "Not verified here", bullets(s.not_verified)),
        ("findings", "Findings about the data", findings_section(s)),
        ("example", "Worked example", example_section(s.programme.worked_example)),
        ("evidence", "Evidence", evidence_section(s, subject["materials"])),
        ("check", "Check it yourself", check_section(document, s, attestation_name)),
    )
    shown = [entry for entry in sections if entry[2]]
    contents = tag("ol", *(tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in shown))
    main = (
        tag("section", tag("h2", title, id=f"{name}-title"), body, id=name, aria_labelledby=f"{name}-title")
        for name, title, body in shown
    )
    return whole(
        f"{s.project.name} · {s.period.name} · verification report",
        tag("header", header(s)) + tag("nav", contents, aria_label="Contents") + tag("main", *main),
    )
