"""Curves: one pixel through time as inline SVG, in vectors."""

from __future__ import annotations

from datetime import date
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING

import numpy as np

from mrv.page import Html, esc, join, svg, tag
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mrv.views import PixelSeries

_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 300, 50, 12, 34, 34
_FOUND_WIDE = 180
"""Room for the words above a break, which must not run into those above the history."""


def curve(
    series: PixelSeries, *, letter: str, history_end: date, period: tuple[date, date], among: Sequence[PixelSeries]
) -> Html:
    """One pixel through time: history shaded, observations, model, threshold and break.

    Args:
        series: The pixel.
        letter: Its name on the maps.
        history_end: Last scene of the history.
        period: First and last day of the monitoring period.
        among: Pixels shown beside it, on the same axes.
    """
    frame = _Frame(among)
    seen = [(int(d), float(v), bool(a)) for d, v, a in zip(series.days, series.observed, series.anomalous, strict=True)]
    shown = [(d, v, a and d > epoch_day(history_end)) for d, v, a in seen if isfinite(v)]
    parts = [
        frame.band(frame.first, epoch_day(history_end), "history"),
        frame.words(frame.first, "history: the first model is fitted here", "start"),
        frame.axes(),
        frame.period(period),
        frame.line(series.threshold, "threshold"),
        frame.line(series.fitted, "model"),
        _break(frame, series),
        *(frame.dot(day, value, anomalous=below) for day, value, below in shown),
    ]
    end = f"break on {series.break_date}" if series.break_date else "no break"
    alt = (
        f"Pixel {letter}, {series.kind}: {len(shown)} clear observations of {series.index} and the model of the history, {end}."
    )
    return svg(_WIDE, _HIGH, parts, alt)


def curve_key() -> Html:
    """The legend of the curves."""
    entries = (
        ('<circle cx="16" cy="8" r="4" class="seen"/>', "clear observation"),
        ('<path d="M16 2l6 6-6 6-6-6z" class="anomaly"/>', "below the threshold, after the history"),
        ('<path d="M0 8H32" class="model"/>', "model"),
        ('<path d="M0 8H32" class="threshold"/>', "threshold"),
        ('<path d="M0 0H32V16H0z" class="history"/>', "history"),
        ('<path d="M0 0H32V16H0z" class="between"/>', "loss happened in here"),
        ('<path d="M14 0H18V16H14z" class="break"/>', "break: first anomalous observation"),
    )
    items = (tag("li", Html(f'<svg viewBox="0 0 32 16" aria-hidden="true">{shape}</svg>'), words)
             for shape, words in entries)  # fmt: skip
    return tag("ul", *items, class_="key")


class _Frame:
    """Where days and index values lie in a curve's picture."""

    def __init__(self, among: Sequence[PixelSeries]) -> None:
        self.days, self.index = among[0].days, among[0].index
        self.first, self.last = int(self.days[0]) - 30, int(self.days[-1]) + 30
        values = np.concatenate([line for one in among for line in (one.observed, one.threshold, one.fitted)])
        values = values[np.isfinite(values)] / 10_000
        self.low, self.high = floor(float(values.min()) * 5) / 5, ceil(float(values.max()) * 10) / 10

    def x(self, day: int) -> float:
        return _LEFT + (day - self.first) / (self.last - self.first) * (_WIDE - _LEFT - _RIGHT)

    def y(self, index: float) -> float:
        share = (index / 10_000 - self.low) / (self.high - self.low)
        return _HIGH - _BOTTOM - share * (_HIGH - _TOP - _BOTTOM)

    def band(self, start: int, end: int, kind: str) -> str:
        wide = self.x(end) - self.x(start)
        return f'<rect x="{self.x(start):.1f}" y="{_TOP}" width="{wide:.1f}" height="{_HIGH - _TOP - _BOTTOM}" class="{kind}"/>'

    def words(self, day: int, text: str, anchor: str, kind: str = "note") -> str:
        return f'<text x="{self.x(day):.1f}" y="{_TOP - 8}" text-anchor="{anchor}" class="{kind}">{esc(text)}</text>'

    def axes(self) -> str:
        steps = range(round(self.low * 5), int(self.high * 5 + 1e-9) + 1)
        rows = [(self.y(step * 2000), f"{step / 5:.1f}") for step in steps]
        years = range(from_epoch_day(self.first).year + 1, from_epoch_day(self.last).year + 1)
        cols = [(self.x(epoch_day(date(year, 1, 1))), str(year)) for year in years]
        bottom = _HIGH - _BOTTOM
        return join(
            [Html(f'<text x="12" y="{_TOP - 8}">{self.index}</text>')]
            + [
                Html(
                    f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
                    f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>'
                )
                for y, text in rows
            ]
            + [
                Html(
                    f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom + 5}" class="grid"/>'
                    f'<text x="{x + 3:.1f}" y="{bottom + 17}">{text}</text>'
                )
                for x, text in cols
            ],
            "",
        )

    def period(self, period: tuple[date, date]) -> str:
        start, end = (min(max(epoch_day(day), self.first), self.last) for day in period)
        y, middle = _HIGH - _BOTTOM, (self.x(start) + self.x(end)) / 2
        return (
            f'<line x1="{self.x(start):.1f}" x2="{self.x(end):.1f}" y1="{y}" y2="{y}" class="period"/>'
            f'<text x="{middle:.1f}" y="{_HIGH - 3}" text-anchor="middle" class="note">monitoring period</text>'
        )

    def line(self, values: NDArray[np.float64], kind: str) -> str:
        """A line a season: between seasons nothing was seen, so nothing is drawn."""
        years: dict[int, list[str]] = {}
        for day, value in zip(self.days, values, strict=True):
            point = f"{self.x(int(day)):.1f},{self.y(float(value)):.1f}"
            years.setdefault(from_epoch_day(int(day)).year, []).append(point)
        return "".join(
            f'<polyline points="{" ".join(points if len(points) > 1 else points * 2)}" class="{kind}"/>'
            for points in years.values()
        )

    def dot(self, day: int, value: float, *, anomalous: bool) -> str:
        x, y = self.x(day), self.y(value)
        words = f"<title>{from_epoch_day(day)}: {value / 10_000:.2f}</title>"
        if anomalous:
            return f'<path d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z" class="anomaly">{words}</path>'
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" class="seen">{words}</circle>'


def _break(frame: _Frame, series: PixelSeries) -> str:
    if series.break_date is None or series.last_clear is None:
        return ""
    day = epoch_day(series.break_date)
    side = "start" if frame.x(day) < _WIDE - _RIGHT - _FOUND_WIDE else "end"
    kind = "found late" if frame.x(day) > _WIDE * 0.45 else "found"  # a narrow page writes larger: to the left of the break
    return (
        frame.band(epoch_day(series.last_clear), day, "between")
        + frame.band(day, day + 3, "break")
        + frame.words(day, f"first anomalous {series.break_date}", side, kind)
    )
