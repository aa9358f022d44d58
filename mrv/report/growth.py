"""Growth: the stock of standing forest at the end of each year, by pool, with its 90 % band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.charts import key
from mrv.page import Html, join, number, table, tag, tonnes
from mrv.report.growth_chart import growth_chart, pool_colour
from mrv.report.parts import is_mapped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mrv.charts import Rgb
    from mrv.sections.quantities import GrowthInterval, GrowthSection
    from mrv.statement import Statement


def growth_section(s: Statement) -> Html:
    """The growth curve and its table."""
    standing = [row for row in s.growth if row.stratum == "forest"]
    pools = list(dict.fromkeys(row.pool for row in standing))
    parts: list[object] = []
    if s.growth_intervals:
        chart = tag("div", growth_chart(s.growth_intervals, standing), class_="chart")
        words = _soil(s, pools) + "Columns: stock of standing forest by pool. Line: all pools together. " + _band(s)
        entries: Iterable[tuple[Rgb, object]] = [(pool_colour(pool), pool) for pool in pools]
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


def _band(s: Statement) -> str:
    if is_mapped(s):
        return "Band and whiskers: 90 % of draws of the factors alone; the mapped area has no error estimate."
    return (
        "Band and whiskers: 90 % of draws. Areas, stocks per hectare and growth are drawn together, so years share their "
        "errors: the band says how sure the level is, not the change from year to year."
    )


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
