"""Charts: maps, their legends and ranges as inline SVG; equal input, equal bytes.

Pixels travel inside the SVG as PNG data, outlines as vectors; nothing is fetched and nothing runs.
"""

from __future__ import annotations

import base64
import struct
import zlib
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import numpy as np

from mrv.activity.strata import BUFFER, FOREST, GAIN, LOSS, LOST, LOW, NON_FOREST, OUTSIDE
from mrv.page import Html, esc, number, svg, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from mrv.views import Views

Rgb = tuple[int, int, int]
LETTERS = "ABC"
STRATA_RGB: dict[int, Rgb] = {
    OUTSIDE: (250, 250, 250),
    LOSS: (213, 94, 0),
    LOW: (240, 160, 60),
    BUFFER: (245, 205, 130),
    FOREST: (70, 145, 120),
    NON_FOREST: (222, 214, 198),
    GAIN: (86, 180, 233),
}
LAND_RGB: dict[int, Rgb] = STRATA_RGB | dict.fromkeys((*LOST, BUFFER, FOREST), (214, 226, 208)) | {GAIN: STRATA_RGB[NON_FOREST]}
"""Quiet ground for the years of loss and of gain."""
KIND_RGB: tuple[Rgb, ...] = ((204, 76, 2), (117, 38, 122), (227, 160, 120), (8, 81, 156), (130, 180, 215))
"""Kinds of change in the order of their codes, from 1 on: three of loss, two of gain."""
_YEARS: tuple[Rgb, ...] = ((45, 10, 94), (143, 36, 105), (216, 67, 78), (245, 145, 43))
_GAINS: tuple[Rgb, ...] = ((8, 48, 107), (33, 113, 181), (86, 165, 219), (158, 202, 235))
_RAMP: tuple[Rgb, ...] = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Viridis: even to every eye."""
MAX_EDGE = 1200
"""Rasters are thinned to this many pixels a side before they are drawn."""


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


def year_colours(years: Iterable[int], *, gain: bool = False) -> dict[int, Rgb]:
    """A colour a year, dark to bright; blues for gain."""
    ordered = sorted(set(years))
    last = max(len(ordered) - 1, 1)
    return {year: _between(_GAINS if gain else _YEARS, at / last) for at, year in enumerate(ordered)}


def paint(codes: NDArray[np.generic], colours: Mapping[int, Rgb]) -> NDArray[np.uint8]:
    """Codes (y, x) as colours (y, x, 3); codes without a colour stay white."""
    out = np.full((*codes.shape, 3), 255, np.uint8)
    for code, colour in colours.items():
        out[codes == code] = colour
    return out


def loss_rgb(views: Views, colours: Mapping[int, Rgb]) -> NDArray[np.uint8]:
    """Year of loss over quiet ground."""
    return years_rgb(views, views.loss_year, colours)


def years_rgb(views: Views, years: NDArray[np.int32], colours: Mapping[int, Rgb]) -> NDArray[np.uint8]:
    """Years (y, x), 0 without, over quiet ground."""
    ground = paint(views.strata, LAND_RGB)
    return np.where((years > 0)[..., np.newaxis], paint(years, colours), ground).astype(np.uint8)


def kinds_rgb(views: Views, kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Kinds of change (y, x), 0 without, over quiet ground."""
    ground = paint(views.strata, LAND_RGB)
    return np.where((kinds > 0)[..., np.newaxis], paint(kinds, dict(enumerate(KIND_RGB, start=1))), ground).astype(np.uint8)


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
    down = unit * views.pixel_high_m / views.pixel_m
    data = base64.b64encode(png(rgb[::thin, ::thin])).decode()
    path = " ".join("M" + "L".join(f"{x * unit:.1f} {y * down:.1f}" for x, y in ring) + "Z" for ring in views.outline)
    high = rows * down
    parts = [
        f'<image href="data:image/png;base64,{data}" width="480" height="{high:.1f}" preserveAspectRatio="none"/>',
        f'<path d="{path}" class="halo"/><path d="{path}" class="edge"/>',
        *(
            _mark(letter, (col + 0.5) * unit, (row + 0.5) * down)
            for letter, (row, col) in zip(LETTERS, views.marks if marks else (), strict=False)
        ),
        _scale(views, unit, high + 20),
    ]
    return svg(480, high + 32, parts, alt)


def _mark(letter: str, x: float, y: float) -> str:
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


def _between(anchors: Sequence[Rgb], share: float) -> Rgb:
    at = min(max(share, 0.0), 1.0) * (len(anchors) - 1)
    low = min(int(at), len(anchors) - 2)
    red, green, blue = (round(a + (b - a) * (at - low)) for a, b in zip(anchors[low], anchors[low + 1], strict=True))
    return red, green, blue
