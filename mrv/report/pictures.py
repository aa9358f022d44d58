"""Pictures: true colour, maps, and single pixels through time."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from mrv import charts, curves
from mrv.page import Html, figure, hectares, join, lonlat, number, table, tag
from mrv.report import fusion_words
from mrv.report.parts import period_years
from mrv.units import epoch_day

if TYPE_CHECKING:
    from mrv.statement import Statement
    from mrv.views import OpticalViews, PixelSeries, Views

CAPTIONS = {
    "loss": "A clear loss: the earliest among the period's most confident.",
    "weakest loss": "The weakest loss that was counted: the least confident of the period. Judge the method by it.",
    "stable forest": "Stable forest: the pixel of that stratum nearest the middle of the project.",
}


def true_colour_section(views: Views) -> Html:
    """Before and after; empty without scenes."""
    seen = views.optical
    if seen is None:
        return Html()
    pairs = (("Before", seen.before, seen.before_dates), ("After", seen.after, seen.after_dates))
    figures = []
    for word, image, days in pairs:
        span = tag("span", f"{days[0]} to {days[-1]}" if days else "none", class_="whole")
        alt, text = _picture_words(word, len(days), seen)
        figures.append(figure(charts.picture(views, image, alt=alt), tag("b", word), text, span))
    return join([
        tag("div", *figures, class_="pair"),
        tag("p", f"{_SCALES[seen.picture]}The white line is the edge of the project's pixels. {_place(views)}",
            class_="small"),
    ])  # fmt: skip


_SCALES = {
    "true colour": "Haze (each image's darkest 2 % of each band) is taken off, then one stretch serves both, so that they "
    "compare. ",
    "radar backscatter": fusion_words.SCALE,
}


def _picture_words(word: str, scenes: int, seen: OpticalViews) -> tuple[str, str]:
    if seen.picture == "radar backscatter":
        return fusion_words.picture_words(word, scenes)
    alt = f"True colour composite {word.lower()} the loss, with the project's outline."
    return alt, f": median of clear observations in {scenes} growing-season scenes, "


def _place(views: Views) -> str:
    size = f"{views.pixel_m:.4g} m"
    if f"{views.pixel_high_m:.4g}" != f"{views.pixel_m:.4g}":
        size = f"{views.pixel_m:.4g} × {views.pixel_high_m:.4g} m"
    return f"Centre {lonlat(*views.centre)}; pixels of {size}."


def maps_section(s: Statement, views: Views) -> Html:
    """Year of loss, year of gain where it is mapped, observations, strata; and the mapped loss by year."""
    figures = [_loss_map(s, views)]
    if views.gain_year is not None and (views.gain_year > 0).any():
        figures.append(_gain_map(views))
    if views.optical is not None:
        figures.append(_count_map(s, views, views.optical))
    figures.append(_strata_map(s, views))
    parts = [tag("div", *figures, class_="maps")]
    if views.optical is None:
        parts.append(tag("p", "The maps are a publisher's, compared epoch by epoch; there are no scenes to look at. The line "
                         f"is the edge of the project's pixels. {_place(views)}", class_="small"))  # fmt: skip
    else:
        parts.append(_season_note(s, views.optical))
    return join([*parts, _loss_table(s)])


def _loss_map(s: Statement, views: Views) -> Html:
    colours, first = charts.year_colours(row.year for row in s.activity.loss), period_years(s)[0]
    key = charts.key(
        (colours[row.year], f"{row.year}: {hectares(row.area_m2)} ha{'' if row.year >= first else ' (before the period)'}")
        for row in s.activity.loss
        if row.pixels
    )
    dated = "year of the first anomalous observation." if views.optical else "year of the first map without the forest."
    return figure(
        charts.picture(views, charts.loss_rgb(views, colours), alt="Map of the year of tree-cover loss."),
        tag("b", "Year of loss"), f": {dated}", key,
    )  # fmt: skip


def _gain_map(views: Views) -> Html:
    assert views.gain_year is not None
    years, pixels = np.unique(views.gain_year[views.gain_year > 0], return_counts=True)
    colours = charts.year_colours(years.tolist(), gain=True)
    key = charts.key(
        (colours[year], f"{year}: {number(n)} px") for year, n in zip(years.tolist(), pixels.tolist(), strict=True)
    )
    return figure(
        charts.picture(views, charts.years_rgb(views, views.gain_year, colours), marks=False, alt="Map of the year of gain."),
        tag("b", "Year of gain"), ": year of the first map with forest where there was none.", key,
    )  # fmt: skip


def _count_map(s: Statement, views: Views, seen: OpticalViews) -> Html:
    low, high = s.observation.clear_min, s.observation.clear_max
    return figure(
        charts.picture(views, charts.count_rgb(seen.clear_count, low, high), marks=False,
                       alt=f"Map of clear observations by pixel, {low} to {high} in the project's forest."),
        tag("b", "Observations" if seen.picture == "radar backscatter" else "Clear observations"),
        f": what the detector had to go on; median {s.observation.clear_median} in the project's forest.",
        charts.ramp_bar(low, high),
    )  # fmt: skip


def _strata_map(s: Statement, views: Views) -> Html:
    area = {str(row.stratum): row.area_m2 for row in s.activity.strata}
    return figure(
        charts.picture(views, charts.paint(views.strata, charts.STRATA_RGB), marks=False,
                       alt=f"Map of the strata: {', '.join(views.names.values())}."),
        tag("b", "Strata"), " at the end of the period.",
        charts.key(
            (charts.STRATA_RGB[code], f"{name}: {hectares(area.get(name, 0))} ha") for code, name in views.names.items()
        ),
    )  # fmt: skip


def _loss_table(s: Statement) -> Html:
    rows: list[tuple[object, ...]] = [
        (row.year, number(row.pixels), number(row.area_m2), hectares(row.area_m2),
         "no loss" if not row.pixels else "" if row.mean_confidence_percent is None else f"{row.mean_confidence_percent} %",
         number(row.weak_pixels), number(row.undated_pixels))
        for row in s.activity.loss
    ]  # fmt: skip
    head = ("Year of loss", "Pixels", "Mapped loss, m²", "ha", "Mean confidence", "Weak, px", "Date uncertain, px")
    return table("Mapped loss by year", head, rows, figures=range(1, 7))


def _season_note(s: Statement, seen: OpticalViews) -> Html:
    """How much of the period's loss may be older than the period."""
    total = sum(row.pixels for row in s.activity.loss if row.year in period_years(s))
    before, after = seen.season_gap
    if not seen.gap_loss_px or not total or str(before) >= s.period.start:
        return Html()
    return tag(
        "p", tag("b", "Read this with the year of loss. "),
        f"{number(seen.gap_loss_px)} of the {number(total)} loss pixels mapped in the period "
        f"({100 * seen.gap_loss_px // total} %) were first anomalous on {after}, the first scene used after {before}. That "
        "loss happened somewhere between the two days, perhaps before the period began.", class_="note",
    )  # fmt: skip


def curves_section(s: Statement, views: Views) -> Html:
    """Three pixels through time; empty without scenes."""
    seen = views.optical
    if seen is None:
        return Html()
    period = date.fromisoformat(s.period.start), date.fromisoformat(s.period.end)
    figures = (
        tag("figure",
            tag("div", curves.curve(pixel, letter=letter, history_end=seen.history_end, period=period,
                                    among=seen.series),
                class_="scroll", role="region", aria_label=f"Curve of pixel {letter}", tabindex="0"),
            tag("figcaption", tag("h3", f"Pixel {letter}: {pixel.kind}"), tag("p", CAPTIONS[pixel.kind]),
                tag("p", _told(pixel, seen)),
                tag("p", f"{lonlat(pixel.lon, pixel.lat)}; row {pixel.row}, column {pixel.col}", class_="small")),
            class_="curve")
        for letter, pixel in zip(charts.LETTERS, seen.series, strict=False)
    )  # fmt: skip
    return join([tag("p", _method(seen)), curves.curve_key(), *figures])


_CONFIDENCE = {
    "harmonic-monitor/1": "the share of anomalies among the first eight, not a probability",
    "matched-step/1": "the share of such steps that were losses in simulated worlds",
}


def _method(seen: OpticalViews) -> str:
    """How the detector comes to a break, in words."""
    if seen.anomaly.detector == fusion_words.DETECTOR:
        return fusion_words.method_words(seen)
    anomaly, gaps = seen.anomaly, "Between seasons nothing was used, so no line is drawn."
    flat = "These histories are too short for a seasonal curve, so the model is a constant. "
    constant = flat if all(np.ptp(pixel.fitted) == 0 for pixel in seen.series) else ""
    if anomaly.detector.startswith("matched-step"):
        return (
            "The canopy index as the detector sees it: all bands, weighted so that a clearing stands out of what this forest's "
            "pixels do anyway; 0 is closed forest, −1 cleared ground. The model is fitted to the history (shaded) and carried "
            "forward. A break is a step that the observations of the months after it hold, tested together; the threshold "
            f"drawn lies {anomaly.sigmas} standard deviations below the model. {constant}{gaps}"
        )
    refit = ", and fitted again before each later year on all that came before, until a break" if anomaly.refit_yearly else ""
    return (
        "NDVI as the detector sees it: each scene is first shifted so that the forest's median matches the history's. The "
        f"model is fitted to the history (shaded) and carried forward{refit}. {anomaly.consecutive} observations in a row more "
        f"than {anomaly.sigmas} standard deviations below it are a break. {constant}{gaps}"
    )


def _told(pixel: PixelSeries, seen: OpticalViews) -> str:
    """What the reader sees in a curve, in words."""
    if seen.anomaly.detector == fusion_words.DETECTOR:
        return fusion_words.pixel_words(pixel, seen)
    clear = np.isfinite(pixel.observed)
    if pixel.break_date is None:
        verdicts = pixel.anomalous[clear & (pixel.days > epoch_day(seen.history_end))]
        return (
            f"{verdicts.size} clear observations follow the history; {verdicts.sum()} lie below the threshold, never "
            f"{seen.anomaly.consecutive} in a row. No break."
        )
    verdicts = pixel.anomalous[clear & (pixel.days >= epoch_day(pixel.break_date))]
    below, after, again = int(verdicts.sum()), verdicts.size, int(np.argmax(verdicts[::-1]))
    greened = f" The last {again} lie above it again: the ground is green, whatever grows there." if again else ""
    before = clear & (pixel.days < epoch_day(pixel.break_date))
    already = bool(before.any()) and bool(pixel.anomalous[before][-1])
    when = (
        f"First called anomalous on {pixel.break_date}, but the last clear observation before, of {pixel.last_clear}, lies "
        "below the threshold as well: the loss is older, perhaps from before the project, and was screened out of the history."
        if already
        else f"Loss happened between {pixel.last_clear}, the last clear observation before, and {pixel.break_date}, the first "
        "anomalous one (orange band)."
    )
    return (
        f"{when} From then on {below} of {after} clear observations lie below the threshold.{greened} "
        f"Confidence {pixel.confidence_percent} %: {_CONFIDENCE[seen.anomaly.detector]}."
    )
