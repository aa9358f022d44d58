"""Sample: from the frozen frame to the areas that are signed, and what the sample says of the map."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mrv.page import Html, hectares, join, number, table, tag
from mrv.report.parts import Range, between, label, ranges

if TYPE_CHECKING:
    from mrv.sections.activity import AccuracySection, AreaEstimate, GoldSection, SampleSection
    from mrv.statement import Statement

NON_RESPONSE = {"refuse": "refuse the sample: none may be missing"}


def sample_section(s: Statement) -> Html:
    """The reference sample; empty without one."""
    sample = s.activity.sample
    if sample is None:
        return Html()
    return join([
        label(s.activity.label),
        tag("p", f"The map only stratifies: the frame of {number(sum(row.units for row in sample.strata))} pixels was "
            f"frozen, its digest published on {sample.committed_at}, and {number(sum(row.drawn for row in sample.strata))} "
            f"units drawn with a value that became known afterwards ({sample.beacon_source}: {sample.beacon}). Every area "
            f"below is the estimate of Stehman 2014 from their labels, with {'' if sample.fpc else 'no '}finite-population "
            "correction."),
        table("Design strata of the frozen frame", ("Stratum", "Units N", "ha", "Drawn n", "Interpreted"),
              [(row.stratum, number(row.units), hectares(row.area_m2), number(row.drawn), number(row.responded))
               for row in sample.strata], figures=range(1, 5)),
        _loss_chart(s, sample),
        _estimates(s.activity.estimates, sample),
        _accuracy(sample, s.activity.accuracy) if s.activity.accuracy else "",
        _gold(sample.gold),
        table("The draw", ("What", "Value"), _facts(sample)),
    ])  # fmt: skip


def _facts(sample: SampleSection) -> list[tuple[object, ...]]:
    return [
        ("Response design", sample.response_design),
        ("Units that cannot be interpreted", NON_RESPONSE.get(sample.non_response, sample.non_response)),
        ("Frame digest, committed before the draw", tag("span", sample.frame_digest, class_="digest")),
        ("Strata map, pixel digest", tag("span", sample.map_digest, class_="digest")),
        ("Seed = sha256(frame digest, line feed, beacon)", tag("span", sample.seed, class_="digest")),
    ]


def _loss_chart(s: Statement, sample: SampleSection) -> Html:
    """Estimated loss by year with the signed interval, and where the map stands in it."""
    mapped = {row.year: row.area_m2 for row in s.activity.loss}
    rows = [
        Range(
            name=str(row.year), low=row.ci90_m2[0], middle=row.area_m2, high=row.ci90_m2[1], mark=mapped.get(row.year),
            words=f"{hectares(row.area_m2)} ha ({between(row.ci90_m2)}); "
            f"mapped {hectares(mapped.get(row.year, 0))}",
        )
        for row in s.activity.estimates
        if row.activity == "loss"
    ]  # fmt: skip
    return tag(
        "figure", ranges(rows, "Loss of forest by year: estimate, its 90 % interval, and the mapped area."),
        tag("figcaption", f"Loss by year, from zero: bar is the signed 90 % interval ({sample.interval}), line the estimate, "
            "diamond the mapped area."),
    )  # fmt: skip


def _estimates(rows: list[AreaEstimate], sample: SampleSection) -> Html:
    corrected = sample.gold is not None
    head = ("Year", "Activity", "Units, by stratum", *(("As labelled, ha",) if corrected else ()), "Estimate, m²", "ha",
            "SE, ha", f"90 % interval signed ({sample.interval}), ha", "Wald's, ha")  # fmt: skip

    def line(row: AreaEstimate) -> tuple[object, ...]:
        return (
            row.year, row.activity, " + ".join(map(str, row.hits)), *((hectares(row.reported_m2),) if corrected else ()),
            number(row.area_m2), hectares(row.area_m2), hectares(row.se_m2), between(row.ci90_m2), between(row.wald90_m2),
        )  # fmt: skip

    seen = [row for row in rows if any(row.hits) or row.activity == "loss"]
    unseen = [row for row in rows if row not in seen]
    figures = range(3, 9 if corrected else 8)
    parts = [
        table("Areas estimated from the sample", head, [line(row) for row in seen], figures=figures),
        tag("p", "Wald's interval is printed for comparison and enters nothing: where few units of a large stratum are hits, "
            "it is too short.", class_="small"),
    ]  # fmt: skip
    if unseen:
        found = table("Activities of which no unit was found", head, [line(row) for row in unseen], figures=figures)
        parts.append(tag("details", tag("summary", f"{len(unseen)} activities of which no unit was found"), found))
    return join(parts)


def _accuracy(sample: SampleSection, accuracy: AccuracySection) -> Html:
    matrix = [
        (row.stratum, *(number(count) for count in counts), number(row.responded))
        for row, counts in zip(sample.strata, accuracy.counts, strict=True)
    ]
    total = ("All", *(number(sum(column)) for column in zip(*accuracy.counts, strict=True)),
             number(sum(row.responded for row in sample.strata)))  # fmt: skip
    by_class = [
        (row.reference_class, _share(row.users, "nothing mapped"), _share(row.producers, "none there"))
        for row in accuracy.by_class
    ]
    return join([
        table("Error matrix in units: stratum of the map (rows) against what interpreters saw over the period",
              ("Stratum", *accuracy.classes, "Interpreted"), [*matrix, total], figures=range(1, len(accuracy.classes) + 2),
              foot=1),
        table("Accuracy of the map, area-weighted", ("Class", "User's: mapped and right", "Producer's: there and mapped"),
              by_class, figures=(1, 2)),
        tag("p", f"Overall accuracy {_share(accuracy.overall, '')} ± {_share(accuracy.overall_se, '')} (standard error). "
            "The counts are not area-weighted; no area follows from them by division."),
    ])  # fmt: skip


def _share(value: str | None, missing: str) -> str:
    return missing if value is None else f"{100 * Decimal(value):.1f} %"


def _gold(gold: GoldSection | None) -> Html:
    if gold is None:
        return tag("p", tag("b", "Interpreters' errors are in these areas. "), "No expert read a part of the units again, "
            "so their error rates are not known.", class_="note")  # fmt: skip
    rows = [(true, *(number(n) for n in counts)) for true, counts in zip(gold.classes, gold.counts, strict=True)]
    return table(
        f"Units that {gold.expert} read as well: what they are (rows) and what was reported; the areas are corrected with "
        "these rates",
        ("Truth", *gold.classes), rows, figures=range(1, len(gold.classes) + 1),
    )  # fmt: skip
