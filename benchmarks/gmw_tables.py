"""The tables of the change-site analysis, as Markdown."""

from __future__ import annotations

from typing import Any

_VERDICT = {"site": "whole raster", "mapped change": "mapped change only", "no": "not established"}


def as_markdown(result: dict[str, Any]) -> str:
    """All tables."""
    refs = [row for row in result["pairs"] if row["frame"] == "acc_ref"]
    about = (
        f"{result['sites']} sites, {result['points']:,} interpreted points, {len(result['pairs'])} surveys (frame × site × "
        "pair of years). Written by `python benchmarks/gmw_sites.py`; how to read it: `../README.md`."
    )
    parts = [
        "# Global Mangrove Watch change sites: design, area, agreement",
        about,
        "## Design\n\n" + _design(result["pairs"]),
        _corners(refs),
        f"## Area, {result['pooled_sites']} sites pooled (sites are strata; each between its own two years)\n\n"
        + _pooled(result),
        "## Area by site, map classes as post-strata\n\n" + _by_site(result["pairs"]),
        "## Area by site from the reference alone (score 95 %)\n\n" + _direct(result["pairs"]),
        "## Sample agreement (counts, not area)\n\n" + _agreement(result),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" if i == 0 else "--:" for i in range(len(head))) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _p(value: float | None) -> str:
    return "" if value is None else "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def _design(pairs: list[dict[str, Any]]) -> str:
    head = ["survey", "points (sets)", "n_h mangrove, other, loss, gain", "N_h, thousand", "drawn again (with class)",
            "equal prob. p", "equal n_h p", "loss : gain p", "spread p", "sets p", "probabilities known for"]  # fmt: skip
    rows = []
    for row in pairs:
        d = row["design"]
        again = f"{d['reproduced']}" + ("" if d["reproduced_class"] is None else f" ({d['reproduced_class']})")
        rows.append([
            f"{row['frame']} {row['site']}, {row['y0']}–{row['y1']}", f"{row['n']} ({row['sets']})",
            ", ".join(str(v) for v in d["sampled"].values()), ", ".join(f"{v / 1e3:.1f}" for v in d["population"].values()),
            again, _p(d["p_equal_probability"]), _p(d["p_equal_allocation"]), _p(d["p_loss_to_gain"]), _p(d["p_spread"]),
            _p(d["p_sets"]), _VERDICT[d["established"]],
        ])  # fmt: skip
    return _table(head, rows)


def _corners(refs: list[dict[str, Any]]) -> str:
    differs, odd = (sum(row["differs"][i] for row in refs) for i in (0, 1))
    points = sum(row["n"] for row in refs)
    return (
        f"The recorded class of {differs} of {points:,} acc_ref points ({100 * differs / points:.1f} %) is not that of the "
        f"raster at the printed coordinate. {odd} of them are left when any of the four pixels that meet there may be meant, "
        "and drawing again gives point and class of all: the maps are the same, the points lie on corners of pixels. "
        f"{sum(row['outside_roi'] for row in refs)} points lie outside the region of interest: the frame is the raster."
    )


def _ha(value: float) -> str:
    return f"{value:,.0f}"


def _range(value: list[float]) -> str:
    return f"{_ha(value[0])} to {_ha(value[1])}"


def _area(row: dict[str, Any]) -> list[str]:
    half = (row["wald95_ha"][1] - row["wald95_ha"][0]) / 2
    points, estimate = f"{row['points_mapped']}, {row['points_reference']}", f"{_ha(row['estimate_ha'])} ± {_ha(half)}"
    return [points, _ha(row["mapped_ha"]), estimate, _range(row["score95_ha"])]


_AREA_HEAD = ["points mapped, reference", "mapped ha", "estimate ± 95 % (Wald), ha", "95 % (score), ha"]


def _pooled(result: dict[str, Any]) -> str:
    rows = [
        [f"{name}, {row['name']}" + (f" (slope {row['slope']:.2f})" if row["name"] == "regression" else ""), *_area(row)]
        for name, part in result["pooled"].items() for row in part
    ]  # fmt: skip
    near = "; ".join(f"{name} {both} of {mapped}" for name, (both, mapped) in result["any_of_four"].items())
    return (
        _table(["class, estimator", *_AREA_HEAD], rows)
        + "\n\nThe half pixel between point and mapped pixel does not explain it: of the points where any of the four pixels "
        f"is mapped as changed the reference confirms: {near}."
    )


def _by_site(pairs: list[dict[str, Any]]) -> str:
    good = [
        [f"{row['frame']} {row['site']}, {row['y0']}–{row['y1']}, {part['name']}", *_area(part)]
        for row in pairs for part in row["post_stratified"] or []
    ]  # fmt: skip
    shares = [
        f"- {row['frame']} {row['site']}, {row['y0']}–{row['y1']}: of {_ha(part['mapped_ha'])} ha mapped {part['name']}, "
        f"{_ha(part['estimate_ha'])} ({_range(part['score95_ha'])}) confirmed, "
        f"{part['points_reference']} of {part['points_mapped']} points"
        for row in pairs for part in row["confirmed"] or []
    ]  # fmt: skip
    why: dict[str, list[str]] = {}
    for row in pairs:
        if row["insufficient"]:
            reason = "fewer than 10 points in a class" if row["insufficient"].startswith("fewer") else row["insufficient"]
            why.setdefault(reason, []).append(f"{row['frame']} {row['site']}")
    lines = [f"- {reason}: {', '.join(names)}" for reason, names in sorted(why.items(), key=lambda item: -len(item[1]))]
    return (
        _table(["survey, class", *_AREA_HEAD], good)
        + "\n\nInsufficient or not established:\n\n"
        + "\n".join(lines)
        + ("\n\nMapped change that is real, where nothing else was drawn from (95 %, score):\n\n" + "\n".join(shares))
    )


def _direct(pairs: list[dict[str, Any]]) -> str:
    rows = []
    for row in (row for row in pairs if row["direct"]):
        loss, gain = row["direct"]
        rows.append([
            f"{row['frame']} {row['site']}, {row['y0']}–{row['y1']}", str(row["n"]),
            *_brief(loss), *_brief(gain),
        ])  # fmt: skip
    head = ["survey", "n", "mapped loss ha", "estimate", "95 %", "mapped gain ha", "estimate", "95 %"]
    return _table(head, rows)


def _brief(row: dict[str, Any]) -> list[str]:
    return [_ha(row["mapped_ha"]), _ha(row["estimate_ha"]), _range(row["score95_ha"])]


def _agreement(result: dict[str, Any]) -> str:
    rows = []
    for name, part in result["agreement"].items():
        for row in part:
            low, high = row["f1_bootstrap95"]
            rows.append([
                f"{name}, {row['class']}", f"{row['points']:,}", f"{row['both']}, {row['mapped']}, {row['reference']}",
                f"{row['users_percent']:.1f}", f"{row['producers_percent']:.1f}",
                f"{row['f1_percent']:.1f} ({low:.1f}–{high:.1f})",
            ])  # fmt: skip
    for name, (value, low, high) in result["published_f1"].items():
        rows.append([f"published, all 38 sites, {name}", "", "", "", "", f"{value} ({low}–{high})"])
    head = ["frame, class", "points", "both, mapped, reference", "user's %", "producer's %", "F1 % (bootstrap 95 %)"]
    return _table(head, rows)


def rounded(value: Any) -> Any:
    """A result as JSON takes it: names as keys, four decimals."""
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return round(value, 4) if isinstance(value, float) else value
