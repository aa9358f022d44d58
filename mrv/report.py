"""The verification report a person reads: one HTML page, drawn from a signed document and its views.

The page is not signed and proves nothing by itself: it shows what the document says, and how to check it.
"""

from __future__ import annotations

import shlex
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv import charts, curves
from mrv.activity.strata import STRATA
from mrv.attest.credential import attestation_digest
from mrv.errors import StatementError
from mrv.page import Html, bullets, figure, hectares, join, lonlat, number, percent, table, tag, tonnes, whole
from mrv.statement import parse_statement
from mrv.units import epoch_day

if TYPE_CHECKING:
    from mrv.quantities import Step, WorkedExample
    from mrv.statement import Statement
    from mrv.views import PixelSeries, Views

VERDICTS = {
    "disclaimer": (
        "DISCLAIMER: no conclusion can be formed",
        "The evidence cannot say whether the claim holds. That is no finding against the project; no tonne is issuable.",
    ),
    "adverse": ("ADVERSE: the claim does not hold", "The evidence was enough to form a conclusion, and it is no."),
    "qualified": ("QUALIFIED: the claim holds, except for what is named below", "Read the basis before relying on it."),
    "unmodified": ("UNMODIFIED: nothing was found against the claim", "Every gate that could be assessed passed."),
}
CAPTIONS = {
    "loss": "A clear loss: the earliest among the period's most confident.",
    "weakest loss": "The weakest loss that was counted: the least confident of the period. Judge the method by it.",
    "stable forest": "Stable forest: the pixel of that stratum nearest the middle of the project.",
}
SCENE_STATUS = {
    "used": "monitored for change",
    "history": "from before the project; fits the first model of each pixel",
    "off season": "outside the growing season; left out",
    "too cloudy": "too few clear forest pixels; left out",
    "index step": "forest median far off the history's (haze, shadow, wrong offset); left out",
    "layer": "a map, not a scene",
}
GATE_MARKS = {"passed": "✓ passed", "failed": "✗ failed", "not assessed": "? not assessed"}


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
    statement = parse_statement(subject["statement"])
    if statement.digest() != views.statement_digest:
        raise StatementError(
            "the pictures belong to another statement",
            code="report.mismatch",
            hint="compute the views from the result that was signed",
        )
    sections = [
        ("figures", "Key figures", _figures(statement)),
        ("seen", "Before and after", _true_colour(views)),
        ("maps", "What was mapped", _maps(statement, views)),
        ("pixels", "Three pixels through time", _curves(statement, views)),
        ("tonnes", "From area to tonnes", _tonnes(statement)),
        ("factors", "Emission factors", _factors(statement)),
        ("uncertainty", "Uncertainty", _uncertainty(statement)),
        ("gates", "Gates", _gates(statement)),
        ("basis", "Basis of the conclusion", bullets(statement.conclusion.basis)),
        ("missing", "What is missing, and how to get there", _missing(statement)),
        ("not-verified", "Not verified here", bullets(statement.not_verified)),
        ("findings", "Findings about the data", _findings(statement)),
        ("evidence", "Evidence", _evidence(statement, subject["materials"])),
        ("check", "Check it yourself", _check(document, statement, attestation_name)),
    ]
    if statement.programme.worked_example:
        sections.insert(-2, ("example", "Worked example", _example(statement.programme.worked_example)))
    contents = tag("ol", *(tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in sections))
    main = (
        tag("section", tag("h2", title, id=f"{name}-title"), body, id=name, aria_labelledby=f"{name}-title")
        for name, title, body in sections
    )
    return whole(
        f"{statement.project.name} · {statement.period.name} · verification report",
        tag("header", _header(statement)) + tag("nav", contents, aria_label="Contents") + tag("main", *main),
    )


def _header(s: Statement) -> Html:
    headline, words = VERDICTS[s.conclusion.computed]
    lost = sum(row.area_m2 for row in s.activity.loss if row.year >= int(s.period.start[:4]))
    claimed = sum(vintage.t_co2e for vintage in s.claim.vintages)
    simulated = tag("p", tag("strong", "SIMULATED"), " This world is made, not measured: no such forest exists.",
                    class_="simulated", role="note")  # fmt: skip
    plain = (
        f"From {s.period.start} to {s.period.end}, {hectares(lost)} ha of tree-cover loss were mapped in a project area of "
        f"{hectares(s.project.area_m2)} ha. With the factors below that is {tonnes(s.quantities.period_project_kg)} t CO₂e "
        f"emitted. {number(claimed)} t are claimed; {number(s.quantities.issuable_t)} t are issuable."
    )
    return join([
        simulated if s.project.simulated else "",
        tag("p", "Verification report · forest carbon from satellite and factors", class_="kind"),
        tag("h1", s.project.name),
        tag("p", f"{s.project.id} · {s.project.country} · period {s.period.name}, {s.period.start} to {s.period.end}",
            class_="sub"),
        tag("div", tag("p", headline, class_="verdict"), tag("p", words), tag("p", plain),
            tag("p", tag("b", s.activity.label), tag("b", s.quantities.label), class_="labels"),
            class_=f"banner {s.conclusion.computed}", role="region", aria_label="Computed conclusion"),
        tag("p", "Computed by a program after ISO 14064-3. The opinion and the level of assurance belong to a human "
            f"verifier; assurance agreed in the plan: {s.claim.assurance}. This page is not signed: see ",
            tag("a", "how to check it", href="#check"), ".", class_="small"),
    ])  # fmt: skip


def _figures(s: Statement) -> Html:
    lost = sum(row.area_m2 for row in s.activity.loss if row.year >= int(s.period.start[:4]))
    kg, u = s.quantities.period_project_kg, s.uncertainty
    cards = (
        ("Project area", f"{hectares(s.project.area_m2)} ha", f"{number(s.project.area_m2)} m², geodesic"),
        ("Tree-cover loss", f"{hectares(lost)} ha", f"{number(lost)} m²; {s.activity.label}"),
        ("Project emissions", f"{tonnes(kg)} t CO₂e", f"{number(kg)} kg signed; {s.quantities.label}"),
        ("90 % range", f"{tonnes(u.q05_kg, 0)} to {tonnes(u.q95_kg, 0)} t CO₂e", "from the factors alone"),
        ("Claimed", f"{number(sum(v.t_co2e for v in s.claim.vintages))} t CO₂e", f"Article 6: {s.claim.article6}"),
        ("Issuable", f"{number(s.quantities.issuable_t)} t CO₂e", "after the programme's steps"),
    )
    return tag("dl", *(tag("div", tag("dt", a), tag("dd", b), tag("dd", c)) for a, b, c in cards), class_="cards")


def _true_colour(views: Views) -> Html:
    pairs = (("Before", views.before, views.before_dates), ("After", views.after, views.after_dates))
    figures = []
    for word, image, days in pairs:
        span = tag("span", f"{days[0]} to {days[-1]}" if days else "none", class_="whole")
        alt = f"True colour composite {word.lower()} the loss, with the project's outline."
        text = f": median of clear observations in {len(days)} growing-season scenes, "
        figures.append(figure(charts.picture(views, image, alt=alt), tag("b", word), text, span))
    return join([
        tag("div", *figures, class_="pair"),
        tag("p", "Haze (each image's darkest 2 % of each band) is taken off, then one stretch serves both, so that they "
            f"compare. The white line is the edge of the project's pixels. Centre {lonlat(*views.centre)}; "
            f"pixels of {views.pixel_m:g} m.", class_="small"),
    ])  # fmt: skip


def _maps(s: Statement, views: Views) -> Html:
    years = [row for row in s.activity.loss if row.pixels]
    colours = charts.year_colours(row.year for row in s.activity.loss)
    first, area = int(s.period.start[:4]), {str(row.stratum): row.area_m2 for row in s.activity.strata}
    low, high = s.observation.clear_min, s.observation.clear_max
    breaks = charts.key(
        (colours[row.year], f"{row.year}: {hectares(row.area_m2)} ha{'' if row.year >= first else ' (before the period)'}")
        for row in years
    )
    figures = (
        figure(charts.picture(views, charts.loss_rgb(views, colours), alt="Map of the year of tree-cover loss."),
                tag("b", "Year of loss"), ": year of the first anomalous observation.", breaks),
        figure(charts.picture(views, charts.count_rgb(views.clear_count, low, high), marks=False,
                               alt=f"Map of clear observations by pixel, {low} to {high} in the project's forest."),
                tag("b", "Clear observations"), f": what the detector had to go on; median {s.observation.clear_median} "
                "in the project's forest.", charts.ramp_bar(low, high)),
        figure(charts.picture(views, charts.paint(views.strata, charts.STRATA_RGB), marks=False,
                               alt="Map of the strata: loss, buffer, stable forest, stable non-forest."),
                tag("b", "Strata"), " at the end of the period.",
                charts.key((charts.STRATA_RGB[code], f"{name}: {hectares(area.get(name, 0))} ha")
                           for code, name in STRATA.items())),
    )  # fmt: skip
    return tag("div", *figures, class_="maps") + _season_note(s, views)


def _season_note(s: Statement, views: Views) -> Html:
    """How much of the period's loss may be older than the period."""
    total = sum(row.pixels for row in s.activity.loss if row.year >= int(s.period.start[:4]))
    before, after = views.season_gap
    if not views.gap_loss_px or not total or str(before) >= s.period.start:
        return Html()
    return tag(
        "p", tag("b", "Read this with the year of loss. "),
        f"{number(views.gap_loss_px)} of the {number(total)} loss pixels mapped in the period "
        f"({100 * views.gap_loss_px // total} %) were first anomalous on {after}, the first scene used after {before}. "
        "That loss happened somewhere between the two days, perhaps before the period began.", class_="note",
    )  # fmt: skip


def _curves(s: Statement, views: Views) -> Html:
    period = date.fromisoformat(s.period.start), date.fromisoformat(s.period.end)
    figures = (
        tag("figure",
            tag("div", curves.curve(pixel, letter=letter, history_end=views.history_end, period=period,
                                    among=views.series),
                class_="scroll", role="region", aria_label=f"Curve of pixel {letter}", tabindex="0"),
            tag("figcaption", tag("h3", f"Pixel {letter}: {pixel.kind}"), tag("p", CAPTIONS[pixel.kind]),
                tag("p", _told(pixel, views)),
                tag("p", f"{lonlat(pixel.lon, pixel.lat)}; row {pixel.row}, column {pixel.col}", class_="small")),
            class_="curve")
        for letter, pixel in zip(charts.LETTERS, views.series, strict=False)
    )  # fmt: skip
    refit = ", and fitted again before each later year on all that came before, until a break" if views.refit_yearly else ""
    flat = all(np.ptp(pixel.fitted) == 0 for pixel in views.series)
    intro = (
        "NDVI as the detector sees it: each scene is first shifted so that the forest's median matches the history's. "
        f"The model is fitted to the history (shaded) and carried forward{refit}. {views.consecutive} observations in a row "
        f"more than {views.threshold_sigma} standard deviations below it are a break. "
        + ("These histories are too short for a seasonal curve, so the model is a constant. " if flat else "")
        + "Between seasons nothing was used, so no line is drawn."
    )
    return join([tag("p", intro), curves.curve_key(), *figures])


def _told(pixel: PixelSeries, views: Views) -> str:
    """What the reader sees in a curve, in words."""
    clear = np.isfinite(pixel.observed)
    if pixel.break_date is None:
        verdicts = pixel.anomalous[clear & (pixel.days > epoch_day(views.history_end))]
        return (
            f"{verdicts.size} clear observations follow the history; {verdicts.sum()} lie below the threshold, never "
            f"{views.consecutive} in a row. No break."
        )
    verdicts = pixel.anomalous[clear & (pixel.days >= epoch_day(pixel.break_date))]
    below, after, again = int(verdicts.sum()), verdicts.size, int(np.argmax(verdicts[::-1]))
    greened = f" The last {again} lie above it again: the ground is green, whatever grows there." if again else ""
    return (
        f"Loss happened between {pixel.last_clear}, the last clear observation before, and {pixel.break_date}, the first "
        f"anomalous one (orange band). From then on {below} of {after} clear observations lie below the threshold.{greened} "
        f"Confidence {pixel.confidence_percent} %: the share of anomalies among the first eight, not a probability."
    )


def _tonnes(s: Statement) -> Html:
    before = sum((Decimal(row.t_c_ha) for row in s.stocks if row.state == "before"), Decimal(0))
    after = sum((Decimal(row.t_c_ha) for row in s.stocks if row.state == "after"), Decimal(0))
    q, kg = s.quantities, {row.year: row.project_kg for row in s.quantities.vintages}
    net = f"× ({before:f} − {after:f})"
    rows: list[tuple[object, ...]] = [
        (row.year, number(row.area_m2), hectares(row.area_m2),
         "no loss" if row.mean_confidence_percent is None else f"{row.mean_confidence_percent} %",
         net if row.year in kg else "before the period",
         number(kg[row.year]) if row.year in kg else "", tonnes(kg[row.year]) if row.year in kg else "")
        for row in s.activity.loss
    ]  # fmt: skip
    for words, total, years in (
        ("Period", q.period_project_kg, set(kg)),
        ("Since project start", q.cumulative_project_kg, {row.year for row in s.activity.loss}),
    ):
        area = sum(row.area_m2 for row in s.activity.loss if row.year in years)
        rows.append((words, number(area), hectares(area), "", "", number(total), tonnes(total)))
    head = ("Year of loss", "Mapped loss, m²", "ha", "Mean confidence", "× (before − after), t C/ha", "= kg CO₂e", "t CO₂e")
    names = ("baseline_kg", "project_kg", "leakage_kg", "gross_benefit_kg", "reductions_kg", "removals_kg")
    return join([
        _labelled(q.label),
        table("Stocks, carbon by pool", ("Pool", "State", "t C/ha"),
              [(row.pool, f"{row.state} loss", row.t_c_ha) for row in s.stocks], figures=(2,)),
        tag("p", f"Carbon lost per hectare: {before:f} − {after:f} = {before - after:f} t C/ha. Times 44/12 it is CO₂e "
            f"({q.gwp}). All of it counts in the year of loss; kilograms are rounded once and signed."),
        table("Project emissions: area by year to kilograms", head, rows, figures=(1, 2, 3, 4, 5, 6), foot=2),
        table("Quantities, kg CO₂e, positive to the atmosphere",
              ("Vintage", "Baseline B", "Project P", "Leakage L", "Gross benefit B − P", "Reductions", "Removals"),
              [(v.year, *(number(getattr(v, name)) for name in names)) for v in q.vintages], figures=range(1, 7)),
        _steps(f"Programme {s.programme.id}: steps to issuable tonnes", q.steps),
        tag("p", "Issuable: ", tag("strong", f"{number(q.issuable_t)} t CO₂e"), f". Credited before: "
            f"{number(q.cumulative_credited_t)} t.", class_="result"),
        tag("details", tag("summary", "Stock at the end of each year"),
            table("Stock at the end of each year", ("Year", "Stratum", "Pool", "Area, m²", "kg CO₂e", "t CO₂e"),
                  [(g.year, g.stratum, g.pool, number(g.area_m2), number(g.kg_co2e), tonnes(g.kg_co2e)) for g in s.growth],
                  figures=(3, 4, 5))),
    ])  # fmt: skip


def _steps(caption: str, steps: list[Step]) -> Html:
    rows = [
        (step.equation, number(step.base), step.input, number(step.result), step.unit.replace(" ", "\u00a0")) for step in steps
    ]
    return table(caption, ("Equation", "Base", "Input", "Result", "Unit"), rows, figures=(1, 3))


def _factors(s: Statement) -> Html:
    rows = [
        (f.id, f.value, f"{f.low} to {f.high}", f.unit, f.interval, f.distribution, f.source,
         _pill("yes" if f.verified else "no", good=f.verified), "yes" if f.overridden else "no")
        for f in s.factors
    ]  # fmt: skip
    unread = sum(not f.verified for f in s.factors)
    head = ("Factor", "Value", "Interval", "Unit", "Interval is", "Distribution", "Source", "Verified", "Changed in plan")
    return table("Factors used", head, rows, figures=(1, 2)) + tag(
        "p", f"Verified says whether the number was checked against the publication itself: {unread} of "
        f"{len(s.factors)} were not.", class_="small",
    )  # fmt: skip


def _uncertainty(s: Statement) -> Html:
    u = s.uncertainty
    rows = (
        ("Approach 1 (IPCC 2006 V1 Eq. 3.1, 3.2)", "95 % half-width", percent(u.approach1_half_width_percent)),
        ("Monte Carlo", "5th percentile", f"{number(u.q05_kg)} kg ({tonnes(u.q05_kg)} t)"),
        ("", "mean", f"{number(u.mean_kg)} kg ({tonnes(u.mean_kg)} t), ± {number(u.mean_se_kg)} kg standard error"),
        ("", "95th percentile", f"{number(u.q95_kg)} kg ({tonnes(u.q95_kg)} t)"),
        ("", "90 % half-width", f"{number(u.hw90_kg)} kg ({percent(u.hw90_percent)} of the mean)"),
    )
    ranked = sorted(u.contributions, key=lambda row: (-Decimal(row.variance_percent), row.factor))
    bars = [
        (row.factor, tag("span", class_="share", style=f"width:{_share(row.variance_percent)}%"), row.variance_percent)
        for row in ranked
    ]
    return join([
        _labelled("Covers the " + u.scope),
        tag("p", "Not covered: errors of the map (missed and false loss), the date of loss, growth, degradation, and "
            "whether the default factors suit this forest. The true uncertainty is larger."),
        tag("figure", charts.interval(u.q05_kg, u.mean_kg, u.q95_kg, s.quantities.period_project_kg),
            tag("figcaption", f"Project emissions of the period from zero: bar from the 5th ({tonnes(u.q05_kg, 0)} t CO₂e) to "
                f"the 95th percentile ({tonnes(u.q95_kg, 0)} t CO₂e), line at the mean, diamond at the signed value.")),
        table("Uncertainty of project emissions, per mapped area", ("Method", "Measure", "Value"), rows, figures=(2,)),
        table("Which factor to improve first: share of the variance", ("Factor", "", "%"), bars, figures=(2,)),
        tag("p", f"{number(u.draws)} draws of {u.generator}, seed {u.seed}.", class_="small digest"),
    ])  # fmt: skip


def _gates(s: Statement) -> Html:
    good = {"passed": True, "failed": False, "not assessed": None}
    rows = [(g.id, _pill(GATE_MARKS[g.status], good=good[g.status]), g.measured, g.limit) for g in s.gates]
    return table("Plausibility gates", ("Gate", "Outcome", "Measured", "Limit"), rows) + tag(
        "p", "Not assessed is never passed: the input is missing.", class_="small"
    )


def _missing(s: Statement) -> Html:
    rows = [(row.input, row.consequence, row.remedy) for row in s.absent]
    return table("Inputs the project does not give", ("Missing", "So", "To get there"), rows)


def _findings(s: Statement) -> Html:
    found = table("Findings", ("Code", "Concerns", "Found"), [(f.code, f.item, f.value) for f in s.findings])
    return found if s.findings else tag("p", "None.")


def _example(example: WorkedExample) -> Html:
    read = "was read" if example.text_verified else "was not read: the constants come from secondary sources"
    return tag(
        "div", _labelled(example.label),
        tag("p", "A programme's arithmetic on the indicative tonnes above, to show what it would do. Nothing here is "
            f"claimed, issuable or part of the quantities. The programme's own text {read}."),
        _steps("Worked example, not a quantity", example.steps), class_="example",
    )  # fmt: skip


def _evidence(s: Statement, materials: list[dict[str, Any]]) -> Html:
    counts, o = Counter(str(scene.status) for scene in s.evidence), s.observation
    rows = [(status, number(counts[status]), words) for status, words in SCENE_STATUS.items() if counts[status]]
    head = ("Date", "Item", "Status", "Clear forest px", "Median NDVI × 10⁴", "Offset, DN", "Offset by", "Offset check",
            "Dark blue, DN", "Baseline", "Bands")  # fmt: skip
    scenes = [
        (e.date, e.id, e.status, number(e.clear_px), number(e.median_index, "none"), number(e.offset_dn), e.offset_rule,
         e.offset_check, number(e.dark_dn, "none"), e.processing_baseline or "not stated", len(e.bands))
        for e in s.evidence
    ]  # fmt: skip
    return join([
        table("Scenes by status", ("Status", "Scenes", "Meaning"), rows, figures=(1,)),
        tag("p", f"Record from {o.first} to {o.last} ({number(o.record_days)} days), longest gap {o.longest_gap_days} days. "
            f"A forest pixel of the project was clear {o.clear_min} to {o.clear_max} times (median {o.clear_median}). "
            f"{number(o.unmonitored_px)} forest pixels have too short a history and count as stable."),
        tag("p", f"The attestation lists {number(len(materials))} evidence files with their digests, "
            f"{number(sum(m['size'] for m in materials))} bytes."),
        tag("details", tag("summary", f"All {len(scenes)} scenes and layers"),
            table("Every scene found", head, scenes, figures=(3, 4, 5, 8, 10))),
    ])  # fmt: skip


def _check(document: dict[str, Any], s: Statement, name: str) -> Html:
    subject, binding = document["credentialSubject"], document["credentialSubject"]["binding"]
    asset = f"--asset {shlex.quote(binding['assets'][0])}" if binding["assets"] else "--no-asset"
    quoted = shlex.quote(name)
    commands = f"mrv check {quoted} --trust trust.json {asset} --evidence evidence\nmrv replay {quoted} --store evidence"
    p, m = subject["provenance"], s.method
    software = ", ".join(f"{key} {value}" for key, value in sorted(p["software"].items()))
    facts: list[tuple[str, object]] = [
        ("Statement digest", s.digest()),
        ("Attestation digest", attestation_digest(document)),
        ("Issuer", document["issuer"]),
        ("Verification method", document.get("proof", {}).get("verificationMethod", "not signed")),
        ("Valid from", document["validFrom"]),
        ("Bound assets", ", ".join(binding["assets"]) or "none"),
        ("Serial blocks", ", ".join(binding["serials"]) or "none"),
        ("Supersedes", ", ".join(binding["supersedes"]) or "nothing"),
        ("Plan digest", m.plan_digest),
        ("Method digest", m.method_digest),
        ("Code digest", m.code_digest),
        ("Boundary digest", s.project.boundary_digest),
        *((f"Map {entry.name}", entry.pixels) for entry in s.activity.maps),
        ("Run", f"{p['started']} to {p['ended']}, {p['where']}"),
        ("Software", software),
        ("Library warnings", "; ".join(p["warnings"]) or "none"),
    ]
    return join([
        tag("pre", tag("code", commands)),
        tag("p", "The first verifies signature, trust, digests, arithmetic and gates; the second computes everything again "
            "from the evidence and must give the same digits. trust.json is yours: it names the keys you accept. "
            "Compare the digests printed with these:"),
        table("Identity", ("What", "Value"), facts),
    ])  # fmt: skip


def _labelled(label: str) -> Html:
    return tag("p", tag("b", label), class_="labels")


def _pill(words: str, *, good: bool | None) -> Html:
    return tag("span", words, class_=f"pill {'unknown' if good is None else 'good' if good else 'bad'}")


def _share(percent: str) -> str:
    return f"{min(max(Decimal(percent), Decimal(0)), Decimal(100)):.2f}"
