"""Page: HTML built by escaping, tables and numbers as a person reads them; equal input, equal bytes."""

from __future__ import annotations

import html
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Content security policy: the browser itself refuses scripts and requests."""
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\ufffd")
"""Bidirectional controls, by which a name in a plan could turn a sentence around."""


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


def figure(image: Html, *caption: object) -> Html:
    """A picture and its caption."""
    return tag("figure", image, tag("figcaption", *caption))


def bullets(items: list[str]) -> Html:
    """Items one below the other."""
    return tag("ul", *(tag("li", item) for item in items))


def svg(wide: float, high: float, parts: Iterable[str], alt: str) -> Html:
    """A picture with the words that stand for it."""
    return Html(f'<svg viewBox="0 0 {wide} {high:.0f}" role="img" aria-label="{esc(alt)}">{"".join(parts)}</svg>')


def whole(title: str, body: str) -> str:
    """A page around its body; the browser is told to run and fetch nothing."""
    style = files("mrv").joinpath("report.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{esc(title)}</title>\n'
        f"<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def number(value: int | None, missing: str = "not known") -> str:
    """An integer with thin spaces between thousands and a true minus."""
    return missing if value is None else f"{value:,}".replace(",", "\u202f").replace("-", "−")


def hectares(m2: int) -> str:
    """Square metres as hectares, with thin spaces and a true minus."""
    return f"{Decimal(m2) / 10_000:,.2f}".replace(",", "\u202f").replace("-", "−")


def tonnes(kg: int, places: int = 1) -> str:
    """Kilograms as tonnes, with thin spaces and a true minus."""
    return f"{Decimal(kg) / 1000:,.{places}f}".replace(",", "\u202f").replace("-", "−")


def percent(value: str | None) -> str:
    """A share, or why there is none."""
    return "not meaningful: the mean is near or below zero" if value is None else f"{Decimal(value):.1f} %"


def lonlat(lon: float, lat: float) -> str:
    """A place, latitude first, as a person writes it."""
    return f"{abs(lat):.5f}° {'N' if lat >= 0 else 'S'}, {abs(lon):.5f}° {'E' if lon >= 0 else 'W'}"
