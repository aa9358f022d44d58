"""Growth: the stock of standing forest at the end of each year, by pool, with its 90 % band."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from mrv.charts import css, key
from mrv.page import Html, join, number, svg, table, tag, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mrv.charts import Rgb
    from mrv.quantities import GrowthInterval, GrowthSection
    from mrv.statement import Statement

POOLS: dict[str, Rgb] = {
    "above-ground biomass": (122, 176, 148),
    "below-ground biomass": (178, 150, 110),
    "dead wood": (166, 160, 172),
    "litter": (214, 197, 120),
    "soil organic carbon": (140, 110, 90),
    "harvested wood products": (110, 140, 180),
}
_OTHER: Rgb = (150, 150, 150)
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 300, 92, 16, 30, 36


def growth_section(s: Statement) -> Html:
    """The growth curve and its table."""
    standing = [row for row in s.growth if row.stratum == "forest"]
    pools = list(dict.fromkeys(row.pool for row in standing))
    parts: list[object] = []
    if s.growth_intervals:
        chart = tag("div", growth_chart(s.growth_intervals, standing), class_="chart")
        words = _soil(s, pools) + (
            "Columns: stock of standing forest by pool. Line: all pools together. Band and whiskers: 90 % of draws. Areas, stocks "
            "per hectare and growth are drawn together, so years share their errors: the band says how sure the level is, not the "
            "change from year to year."
        )
        entries: Iterable[tuple[Rgb, object]] = [(POOLS.get(pool, _OTHER), pool) for pool in pools]
        parts.append(tag("figure", chart, key(entries), tag("figcaption", words)))
        parts.append(_yearly(s.growth_intervals, standing, pools))
    rows = [
        (g.year, g.stratum, g.pool, number(g.area_m2), number(g.kg_co2e), tonnes(g.kg_co2e)) for g in s.growth
    ]  # fmt: skip
    parts.append(
        tag("details", tag("summary", "Stock at the end of each year, by stratum and pool"),
            table("Stock at the end of each year", ("Year", "Stratum", "Pool", "Area, m²", "kg CO₂e", "t CO₂e"), rows,
                  figures=(3, 4, 5)))
    )  # fmt: skip
    return join(parts)


def _soil(s: Statement, pools: list[str]) -> str:
    """Soil that is counted by its yearly accumulation has no stock to start from."""
    methods = {entry["pool"]: entry["method"] for entry in s.method.plan["pools"]}
    name = "soil organic carbon"
    if name not in pools or methods.get(name) == "stock-loss":
        return ""
    return f"Soil organic carbon: only what accumulated since the end of {s.quantities.stock_year}, not what was there. "


def _yearly(intervals: list[GrowthInterval], standing: list[GrowthSection], pools: list[str]) -> Html:
    by_pool = {(row.year, row.pool): row.kg_co2e for row in standing}
    rows = [
        (row.year, *(tonnes(by_pool.get((row.year, pool), 0)) for pool in pools), tonnes(row.kg_co2e),
         f"{tonnes(row.ci90_kg[0])} to {tonnes(row.ci90_kg[1])}")
        for row in intervals
    ]  # fmt: skip
    head = ("End of", *(f"{pool.capitalize()}, t CO₂e" for pool in pools), "All, t CO₂e", "90 % of draws")
    return table("Stock of standing forest", head, rows, figures=range(1, len(pools) + 3))


def growth_chart(intervals: Sequence[GrowthInterval], standing: Sequence[GrowthSection]) -> Html:
    """Stock by year as inline SVG.

    Args:
        intervals: All pools, a year each, in order.
        standing: The same by pool.
    """
    highest = max(max(row.ci90_kg[1], row.kg_co2e) for row in intervals)
    top, step = _axis(max(highest, 1000))
    across = (_WIDE - _LEFT - _RIGHT) / len(intervals)

    def x(at: int) -> float:
        return _LEFT + (at + 0.5) * across

    def y(kg: float) -> float:
        return _HIGH - _BOTTOM - max(kg, 0) / top * (_HIGH - _TOP - _BOTTOM)

    parts = [f'<text x="12" y="{_TOP - 12}">t CO₂e</text>']
    for tick in range(0, top + 1, step):
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" class="grid"/>'
            f'<text x="{_LEFT - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{_tick(tick, step)}</text>'
        )
    wide = min(across * 0.36, 64)
    for at, row in enumerate(intervals):
        below = 0.0
        for one in (one for one in standing if one.year == row.year):
            parts.append(
                f'<rect x="{x(at) - wide / 2:.1f}" width="{wide:.1f}" y="{y(below + one.kg_co2e):.1f}" '
                f'height="{max(y(below) - y(below + one.kg_co2e), 0):.1f}" fill="{css(POOLS.get(one.pool, _OTHER))}"/>'
            )
            below += one.kg_co2e
        parts.append(f'<text x="{x(at):.1f}" y="{_HIGH - 12}" text-anchor="middle">{row.year}</text>')
    over = [f"{x(at):.1f},{y(row.ci90_kg[1]):.1f}" for at, row in enumerate(intervals)]
    under = [f"{x(at):.1f},{y(row.ci90_kg[0]):.1f}" for at, row in enumerate(intervals)]
    parts.append(f'<polygon points="{" ".join([*over, *reversed(under)])}" class="band"/>')
    for at, row in enumerate(intervals):
        low, high = y(row.ci90_kg[0]), y(row.ci90_kg[1])
        parts.append(f'<path d="M{x(at) - 7:.1f} {high:.1f}h14M{x(at):.1f} {high:.1f}V{low:.1f}M{x(at) - 7:.1f} {low:.1f}h14" '
                     'class="whisker"/>')  # fmt: skip
    line = " ".join(f"{x(at):.1f},{y(row.kg_co2e):.1f}" for at, row in enumerate(intervals))
    parts.append(f'<polyline points="{line}" class="model"/>')
    parts += [
        f'<circle cx="{x(at):.1f}" cy="{y(row.kg_co2e):.1f}" r="4.5" class="seen"><title>{row.year}: {tonnes(row.kg_co2e)} t CO₂e, '
        f"90 % {tonnes(row.ci90_kg[0])} to {tonnes(row.ci90_kg[1])}</title></circle>"
        for at, row in enumerate(intervals)
    ]
    told = "; ".join(
        f"{row.year} {tonnes(row.kg_co2e, 0)} ({tonnes(row.ci90_kg[0], 0)} to {tonnes(row.ci90_kg[1], 0)})" for row in intervals
    )
    return svg(_WIDE, _HIGH, parts, f"Stock of standing forest at the end of each year, t CO₂e with 90 % of draws: {told}.")


def _axis(highest: int) -> tuple[int, int]:
    """Top of the axis and its step, kg: about five steps of 1, 2 or 5 times a power of ten."""
    rough = highest / 4
    ten = 10 ** floor(log10(rough))
    step = next(int(times * ten) for times in (1, 2, 5, 10) if times * ten >= rough)
    return step * ceil(highest / step), step


def _tick(kg: int, step: int) -> str:
    return tonnes(kg, 0 if step % 1000 == 0 else 1 if step % 100 == 0 else 2)
