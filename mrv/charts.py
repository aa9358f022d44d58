"""Charts: the pieces of a page: escaped HTML, tables, maps and curves as inline SVG; equal input, equal bytes.

Pixels travel inside the SVG as PNG data, outlines and curves as vectors; nothing is fetched and nothing runs.
"""

from __future__ import annotations

import base64
import html
import struct
import zlib
from datetime import date
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity import BUFFER, FOREST, LOSS, NON_FOREST, OUTSIDE
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mrv.views import PixelSeries, Views

Rgb = tuple[int, int, int]
LETTERS = "ABC"
STRATA_RGB: dict[int, Rgb] = {
    OUTSIDE: (250, 250, 250),
    LOSS: (213, 94, 0),
    BUFFER: (245, 205, 130),
    FOREST: (70, 145, 120),
    NON_FOREST: (222, 214, 198),
}
LAND_RGB: dict[int, Rgb] = STRATA_RGB | dict.fromkeys((LOSS, BUFFER, FOREST), (214, 226, 208))
"""Quiet ground for the years of loss."""
_YEARS: tuple[Rgb, ...] = ((45, 10, 94), (143, 36, 105), (216, 67, 78), (245, 145, 43))
_RAMP: tuple[Rgb, ...] = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Viridis: even to every eye."""
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""Bidirectional controls, by which a name in a plan could turn a sentence around."""
MAX_EDGE = 1200
"""Rasters are thinned to this many pixels a side before they are drawn."""
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 300, 50, 12, 34, 34


class Html(str):
    """Text that is markup already; anything else is escaped where it enters a page."""

    __slots__ = ()

    def __add__(self, other: str) -> Html:
        return Html(str.__add__(self, esc(other)))


def esc(value: object) -> Html:
    """A value as markup: escaped, unless it is markup; nothing in it can reorder the text around it."""
    return value if isinstance(value, Html) else Html(html.escape(str(value).translate(_REORDERING)))


def join(parts: Iterable[object], between: str = "\n") -> Html:
    """Parts as markup, one after the other."""
    return Html(between.join(esc(part) for part in parts))


def tag(name: str, *body: object, **attributes: object) -> Html:
    """An element; ``class_`` is ``class``, an underscore a hyphen, None leaves an attribute out."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    opening = "".join(f' {key}="{esc(str(value))}"' for key, value in pairs)
    return Html(f"<{name}{opening}>{join(body, '')}</{name}>")


def number(value: int | None, missing: str = "not known") -> str:
    """An integer with thin spaces between thousands and a true minus."""
    return missing if value is None else f"{value:,}".replace(",", "\u202f").replace("-", "−")


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, figures: Iterable[int] = (), foot: int = 0
) -> Html:
    """A table that scrolls on a narrow screen.

    Args:
        caption: What it shows.
        head: Column titles; the first column heads its rows.
        rows: Cells.
        figures: Columns set to the right.
        foot: How many of the last rows are totals.
    """
    right, lines = set(figures), [tuple(row) for row in rows]

    def line(index: int, row: Sequence[object]) -> Html:
        cells = (
            tag("td" if at else "th", cell, scope=None if at else "row", class_="n" if at in right else None)
            for at, cell in enumerate(row)
        )
        return tag("tr", *cells, class_="total" if index >= len(lines) - foot else None)

    titles = (tag("th", text, scope="col", class_="n" if at in right else None) for at, text in enumerate(head))
    body = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *titles)),
        tag("tbody", *(line(at, row) for at, row in enumerate(lines))),
    )
    return tag("div", body, class_="scroll", role="region", aria_label=caption, tabindex="0")


def png(rgb: NDArray[np.uint8]) -> bytes:
    """An 8-bit RGB image (y, x, 3) as PNG, without metadata."""
    rows, cols, _ = rgb.shape

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = np.concatenate([np.zeros((rows, 1), np.uint8), rgb.reshape(rows, cols * 3)], axis=1)
    header = struct.pack(">IIBBBBB", cols, rows, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
        + chunk(b"IEND", b"")
    )  # fmt: skip


def css(rgb: Rgb) -> str:
    """A colour as CSS writes it."""
    return "#" + "".join(f"{part:02x}" for part in rgb)


def year_colours(years: Iterable[int]) -> dict[int, Rgb]:
    """A colour a year, dark to bright."""
    ordered = sorted(set(years))
    last = max(len(ordered) - 1, 1)
    return {year: _between(_YEARS, at / last) for at, year in enumerate(ordered)}


def paint(codes: NDArray[np.generic], colours: Mapping[int, Rgb]) -> NDArray[np.uint8]:
    """Codes (y, x) as colours (y, x, 3); codes without a colour stay white."""
    out = np.full((*codes.shape, 3), 255, np.uint8)
    for code, colour in colours.items():
        out[codes == code] = colour
    return out


def loss_rgb(views: Views, colours: Mapping[int, Rgb]) -> NDArray[np.uint8]:
    """Year of loss over quiet ground."""
    years = paint(views.loss_year, colours)
    ground = paint(views.strata, LAND_RGB)
    return np.where((views.loss_year > 0)[..., np.newaxis], years, ground).astype(np.uint8)


def count_rgb(counts: NDArray[np.uint16], low: int, high: int) -> NDArray[np.uint8]:
    """Counts (y, x) on the ramp from ``low`` to ``high``."""
    ladder = np.array([_between(_RAMP, step / 255) for step in range(256)], np.uint8)
    step = (np.clip(counts.astype(np.int64), low, high) - low) * 255 // max(high - low, 1)
    shown: NDArray[np.uint8] = ladder[step]
    return shown


def ramp_bar(low: int, high: int) -> Html:
    """The colour bar of :func:`count_rgb`."""
    stops = ", ".join(css(colour) for colour in _RAMP)
    bar = tag("span", class_="bar", style=f"background:linear-gradient(90deg,{stops})")
    return tag("p", tag("span", number(low)), bar, tag("span", f"{number(high)} clear observations"), class_="ramp")


def key(entries: Iterable[tuple[Rgb, object]]) -> Html:
    """A legend: a swatch and its words."""
    return tag(
        "ul", *(tag("li", tag("i", style=f"background:{css(rgb)}"), tag("span", text)) for rgb, text in entries),
        class_="key",
    )  # fmt: skip


def picture(views: Views, rgb: NDArray[np.uint8], *, alt: str, marks: bool = True) -> Html:
    """A map with the project's outline, the pixels of the curves and a scale bar.

    Args:
        views: What the map is of.
        rgb: uint8 (y, x, 3) on the window.
        alt: What a person who cannot see it is told.
        marks: Whether to mark the pixels whose curves are shown.
    """
    rows, cols = views.strata.shape
    thin = max(1, ceil(max(rows, cols) / MAX_EDGE))
    unit = 480 / cols
    data = base64.b64encode(png(rgb[::thin, ::thin])).decode()
    path = " ".join("M" + "L".join(f"{x * unit:.1f} {y * unit:.1f}" for x, y in ring) + "Z" for ring in views.outline)
    high = rows * unit
    parts = [
        f'<image href="data:image/png;base64,{data}" width="480" height="{high:.1f}" preserveAspectRatio="none"/>',
        f'<path d="{path}" class="halo"/><path d="{path}" class="edge"/>',
        *(_mark(letter, pixel, unit) for letter, pixel in zip(LETTERS, views.series if marks else (), strict=False)),
        _scale(views, unit, high + 20),
    ]
    return _svg(480, high + 32, parts, alt)


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
    alt = f"Pixel {letter}, {series.kind}: {len(shown)} clear observations of NDVI and the model of the history, {end}."
    return _svg(_WIDE, _HIGH, parts, alt)


def interval(low: int, mean: int, high: int, signed: int) -> Html:
    """The 90 % range of a Monte Carlo, its mean and the signed value on one line from zero."""
    top = max(high, mean, signed, 1) * 1.04
    start, middle, end, central = (f"{100 * max(kg, 0) / top:.2f}%" for kg in (low, mean, high, signed))
    parts = (
        tag("span", class_="ninety", style=f"left:{start};width:calc({end} - {start})"),
        tag("span", class_="mean", style=f"left:{middle}"),
        tag("span", class_="central", style=f"left:{central}"),
    )
    alt = f"5th percentile {number(low)} kg, mean {number(mean)} kg, 95th percentile {number(high)} kg."
    return tag("div", *parts, class_="span", role="img", aria_label=alt)


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
        self.days = among[0].days
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
            [Html(f'<text x="12" y="{_TOP - 8}">NDVI</text>')]
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
    side = "end" if frame.x(day) > _WIDE * 0.6 else "start"
    return (
        frame.band(epoch_day(series.last_clear), day, "between")
        + frame.band(day, day + 3, "break")
        + frame.words(day, f"first anomalous {series.break_date}", side, "found")
    )


def _mark(letter: str, pixel: PixelSeries, unit: float) -> str:
    x, y = (pixel.col + 0.5) * unit, (pixel.row + 0.5) * unit
    away = -1 if x > 440 else 1
    return (
        f'<g class="mark"><circle cx="{x:.1f}" cy="{y:.1f}" r="6"/><circle cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
        f'<text x="{x + away * 11:.1f}" y="{y - 5:.1f}" text-anchor="{"start" if away > 0 else "end"}">{letter}</text></g>'
    )


def _scale(views: Views, unit: float, y: float) -> str:
    whole = views.strata.shape[1] * views.pixel_m / 3
    metres = 10 ** floor(log10(max(whole, 1)))
    metres *= max((times for times in (1, 2, 5) if metres * times <= whole), default=1)
    wide = metres / views.pixel_m * unit
    length = f"{metres} m" if metres < 1000 else f"{metres // 1000} km"
    return (
        f'<path d="M1 {y - 6:.1f}v6h{wide:.1f}v-6" class="axis"/>'
        f'<text x="{wide + 8:.1f}" y="{y:.1f}">{length}</text>'
        f'<text x="479" y="{y:.1f}" text-anchor="end">grid north ↑ · {esc(views.crs)}</text>'
    )


def _svg(wide: float, high: float, parts: Iterable[str], alt: str) -> Html:
    return Html(f'<svg viewBox="0 0 {wide} {high:.0f}" role="img" aria-label="{esc(alt)}">{"".join(parts)}</svg>')


def _between(anchors: Sequence[Rgb], share: float) -> Rgb:
    at = min(max(share, 0.0), 1.0) * (len(anchors) - 1)
    low = min(int(at), len(anchors) - 2)
    red, green, blue = (round(a + (b - a) * (at - low)) for a, b in zip(anchors[low], anchors[low + 1], strict=True))
    return red, green, blue
