"""The chart of the growth curve: stock by year and pool, with its 90 % band, as inline SVG."""

from __future__ import annotations

from math import ceil, floor, log10
from typing import TYPE_CHECKING

from mrv.charts import css
from mrv.page import Html, svg, tonnes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mrv.charts import Rgb
    from mrv.sections.quantities import GrowthInterval, GrowthSection

POOLS: dict[str, Rgb] = {
    "above-ground biomass": (122, 176, 148),
    "below-ground biomass": (178, 150, 110),
    "dead wood": (166, 160, 172),
    "litter": (214, 197, 120),
    "soil organic carbon": (140, 110, 90),
    "harvested wood products": (110, 140, 180),
}
_OTHER: Rgb = (150, 150, 150)
_WIDE, _HIGH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 310, 92, 16, 42, 36
_STEPS = (1, 2, 5, 10)


def pool_colour(pool: str) -> Rgb:
    """Colour of a pool."""
    return POOLS.get(pool, _OTHER)


def growth_chart(intervals: Sequence[GrowthInterval], standing: Sequence[GrowthSection]) -> Html:
    """Stock by year: columns by pool, a line for all pools, band and whiskers of 90 % of draws.

    Args:
        intervals: All pools, a year each, in order; at least one.
        standing: The same by pool.
    """
    frame = _Frame(intervals)
    parts = [*frame.axis(), *frame.columns(standing), *frame.band(), *frame.line()]
    told = "; ".join(f"{row.year} {_span(row)}" for row in intervals)
    return svg(_WIDE, _HIGH, parts, f"Stock of standing forest at the end of each year, t CO₂e with 90 % of draws: {told}.")


class _Frame:
    """Where years and kilograms lie in the picture."""

    def __init__(self, intervals: Sequence[GrowthInterval]) -> None:
        self.rows = intervals
        self.top, self.step = axis(max(1000, *(max(row.ci90_kg[1], row.kg_co2e) for row in intervals)))
        self.across = (_WIDE - _LEFT - _RIGHT) / len(intervals)

    def x(self, at: int) -> float:
        return _LEFT + (at + 0.5) * self.across

    def y(self, kg: float) -> float:
        return _HIGH - _BOTTOM - max(kg, 0) / self.top * (_HIGH - _TOP - _BOTTOM)

    def axis(self) -> Iterator[str]:
        yield '<text x="12" y="18">t CO₂e</text>'
        for tick in range(0, self.top + 1, self.step):
            y, words = self.y(tick), tonnes(tick, 0 if self.step % 1000 == 0 else 1)
            yield f'<line x1="{_LEFT}" x2="{_WIDE - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
            yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{words}</text>'
        for at, row in enumerate(self.rows):
            yield f'<text x="{self.x(at):.1f}" y="{_HIGH - 12}" text-anchor="middle">{row.year}</text>'

    def columns(self, standing: Sequence[GrowthSection]) -> Iterator[str]:
        wide = min(self.across * 0.36, 64)
        for at, row in enumerate(self.rows):
            below = 0
            for pool in (pool for pool in standing if pool.year == row.year):
                high, low = self.y(below + pool.kg_co2e), self.y(below)
                below += pool.kg_co2e
                yield (
                    f'<rect x="{self.x(at) - wide / 2:.1f}" width="{wide:.1f}" y="{high:.1f}" '
                    f'height="{max(low - high, 0):.1f}" fill="{css(pool_colour(pool.pool))}"/>'
                )

    def band(self) -> Iterator[str]:
        over = [f"{self.x(at):.1f},{self.y(row.ci90_kg[1]):.1f}" for at, row in enumerate(self.rows)]
        under = [f"{self.x(at):.1f},{self.y(row.ci90_kg[0]):.1f}" for at, row in enumerate(self.rows)]
        yield f'<polygon points="{" ".join([*over, *reversed(under)])}" class="band"/>'
        for at, row in enumerate(self.rows):
            x, low, high = self.x(at), self.y(row.ci90_kg[0]), self.y(row.ci90_kg[1])
            path = f"M{x - 7:.1f} {high:.1f}h14M{x:.1f} {high:.1f}V{low:.1f}M{x - 7:.1f} {low:.1f}h14"
            yield f'<path d="{path}" class="whisker"/>'

    def line(self) -> Iterator[str]:
        places = [(self.x(at), self.y(row.kg_co2e), row) for at, row in enumerate(self.rows)]
        yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)}" class="model"/>'
        for x, y, row in places:
            words = f"<title>{row.year}: {_span(row)} t CO₂e</title>"
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="seen">{words}</circle>'


def axis(highest: int) -> tuple[int, int]:
    """Top of an axis from zero, and its step: three to five steps of 1, 2 or 5 times a power of ten."""
    rough = highest / 4
    ten = 10 ** floor(log10(rough))
    step = next(times * ten for times in _STEPS if times * ten >= rough)
    return step * ceil(highest / step), step


def _span(row: GrowthInterval) -> str:
    return f"{tonnes(row.kg_co2e, 0)} ({tonnes(row.ci90_kg[0], 0)} to {tonnes(row.ci90_kg[1], 0)})"
