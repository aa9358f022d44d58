"""Tables and picture of the clean-up held against the change sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gmw_data import GAIN, LOSS, NODATA, OTHER, STABLE

if TYPE_CHECKING:
    from pathlib import Path

    from gmw_data import Codes, Points, Raster

_COLOURS = {NODATA: (255, 255, 255), STABLE: (190, 214, 180), OTHER: (222, 232, 240), LOSS: (196, 30, 40), GAIN: (40, 70, 190)}

_READING = """\
`acc_ref` points are an equal-probability sample of each raster, so they can be weighted by area. `acc_chng` points were mostly
drawn from what the raw maps call change and from outlines that the data do not hold: counts, not area, and a frame that favours
the raw maps. The interval of the difference comes from drawing the points of each survey anew, the same draw for both maps;
*right alone* counts the points that only one of the two maps judges rightly."""
_STEP = """\
The maps of 2015 on are moved by half a pixel or a pixel, right and down, and named as another version. The rule takes away what
such a step adds; at *none* it shows what it costs of the change between 2010 and 2015, which two sensors saw."""


def as_markdown(result: dict[str, Any]) -> str:
    """All tables."""
    numbers = {name: ", ".join(map(str, result[name])) for name in ("choosing", "reporting")}
    rules = ", ".join(f"`{name}` {value}" for name, value in result["rules"].items())
    about = (
        "Written by `python benchmarks/gmw_cleaning.py`. The halves were fixed by the SHA-256 of the site numbers before any "
        f"score was computed (`gmw_split.py`). Rules chosen on sites {numbers['choosing']}: {rules}."
    )
    parts = [
        "# Global Mangrove Watch change sites: raw maps beside cleaned ones",
        about,
        f"## Reported on sites {numbers['reporting']}\n\n" + _scores(result["scores"]["reporting"]),
        _READING,
        "## Mapped area on the reporting sites, beside what the equal-probability points find\n\n"
        + _areas(result["areas"]["reporting"]),
        "![mapped change of one site, raw and cleaned](gmw-cleaning.png)",
        "## The half that chose the rules (not evidence)\n\n" + _scores(result["scores"]["choosing"]),
        _areas(result["areas"]["choosing"]),
        "## A version step laid over the real maps\n\n" + _steps(result["version_step"]),
        _STEP,
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.1f}"  # noqa: PLR0124 - NaN


def _scores(rows: list[dict[str, Any]]) -> str:
    head = ["frame, class", "points", "reference", "both, mapped: raw", "cleaned", "user's % raw → cleaned", "producer's %",
            "F1 % raw", "cleaned", "difference (95 %)", "right alone: raw, cleaned", "McNemar p"]  # fmt: skip
    lines = []
    for row in rows:
        raw, cleaned = row["raw"], row["cleaned"]
        low, high = row["difference95"]
        lines.append([
            f"{row['frame']}, {row['class']}, {'weighted by area' if row['weighted'] else 'counts'}", f"{row['points']:,}",
            str(row["reference"]), f"{raw['both']}, {raw['mapped']}", f"{cleaned['both']}, {cleaned['mapped']}",
            f"{_number(raw['users'])} → {_number(cleaned['users'])}",
            f"{_number(raw['producers'])} → {_number(cleaned['producers'])}",
            _number(raw["f1_percent"]), _number(cleaned["f1_percent"]),
            f"{row['difference']:+.1f} ({_number(low)} to {_number(high)})",
            f"{row['right_only_raw']}, {row['right_only_cleaned']}",
            "< .001" if row["mcnemar_p"] < 0.001 else f"{row['mcnemar_p']:.3f}",
        ])  # fmt: skip
    return _table(head, lines)


def _areas(areas: dict[str, dict[str, float]]) -> str:
    rows = [
        [name, *(f"{one[key]:,.0f}" for key in ("raw_ha", "cleaned_ha", "sample_ha"))]
        for name, one in areas.items()
    ]  # fmt: skip
    return _table(["class", "mapped raw, ha", "mapped cleaned, ha", "sample, ha"], rows)


def _steps(rows: list[dict[str, Any]]) -> str:
    head = ["shift", "changed px, as mapped", "under the rule", "balanced at the rim px", "net px", "sites with a step"]
    keys = ("raw_px", "rule_px", "symmetric_px", "net_px", "stepped_sites")
    return _table(head, [[row["shift"], *(f"{row[key]:,}" for key in keys)] for row in rows])


def draw_picture(raw: Raster, cleaned: Raster, points: Points, path: Path) -> None:
    """Change between the points' two years in both maps, whole and in a window of most change, and the points."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    maps = [one.change(points.y0, points.y1) for one in (raw, cleaned)]
    rows, cols = points.position(raw)
    top, left = _busiest(maps[0], 200)
    figure, axes = plt.subplots(2, 2, figsize=(11, 11), layout="constrained")
    for column, (title, change) in enumerate(zip(("as mapped", "cleaned"), maps, strict=True)):
        for row, (a, b, size) in enumerate(((0, 0, max(change.shape)), (top, left, 200))):
            axis = axes[row, column]
            axis.imshow(_picture(change), interpolation="nearest")
            for code, colour in ((LOSS, "#ff8c00"), (GAIN, "#00c8ff")):
                real = points.reference == code
                axis.scatter(
                    cols[real] - 0.5, rows[real] - 0.5, s=14 if row else 5, c=colour, edgecolors="black", linewidths=0.4
                )
            axis.set_xlim(b, min(b + size, change.shape[1]))
            axis.set_ylim(min(a + size, change.shape[0]), a)
            axis.set_xticks([])
            axis.set_yticks([])
            lost, gained = int((change == LOSS).sum()), int((change == GAIN).sum())
            axis.set_title(f"{title}: loss {lost:,} px, gain {gained:,} px" if row == 0 else f"{title}, part")
    figure.suptitle(
        f"Site {points.site}, {points.y0}–{points.y1}: loss red, gain blue, mangrove green; interpreted loss orange, gain cyan"
    )
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _picture(change: Codes) -> Codes:
    table = np.zeros((GAIN + 1, 3), np.uint8)
    for code, colour in _COLOURS.items():
        table[code] = colour
    return table[change]


def _busiest(change: Codes, size: int) -> tuple[int, int]:
    """Upper left corner of the window, on a lattice of half its size, with most mapped change."""
    moved = (change == LOSS) | (change == GAIN)
    half = size // 2
    corners = [(a, b) for a in range(0, change.shape[0] - size, half) for b in range(0, change.shape[1] - size, half)]
    return max(corners, key=lambda at: int(moved[at[0] : at[0] + size, at[1] : at[1] + size].sum()))
