"""The tiny project with everything a project can give: reference sample, plots, reference level, leakage, risk report, extract.

    full = full_project(tmp_path)                           # plan, tables, sample; nothing run but the strata map
    full = full_project(tmp_path, files={"leakage.toml": None, "risk_report.toml": risk_toml(buffer=13)})
    full = full_project(tmp_path, plan={"programme.id": "art-trees-2.0"}, units=0)      # no sample
    run_full(full).result.statement                         # search, fetch, compute

The plan has one claim, 2020-2021.  Labels are read from the world's truth; one unit of forest in twenty-three is thinned in
2021, so that degradation is estimated too.  Plots stand in two strata, their trees grow between two visits.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.units import sha256_bytes
from support.tiny_project import bbox, tiny_project

if TYPE_CHECKING:
    from pathlib import Path

    from support.run_tiny import TinyRun
    from support.tiny_project import TinyProject

YEARS = (2019, 2020, 2021)
"""Label years."""
CLASSES = {"forest": "forest", "thinned": "degraded:moderate", "other": "non-forest"}
EXPECTED = {"tree-cover loss": "0.8", "buffer around loss": "0.05", "stable forest": "0.02", "stable non-forest": "0.02"}
VISITS = {1: date(2019, 11, 15), 2: date(2021, 11, 20)}
CLUSTERS, PLOTS_PER_CLUSTER = 12, 2
PLAN: dict[str, Any] = {
    "reference": {
        "interval": "score", "response_design": "The state of the pixel at the end of each year, from the made world.",
        "classes": CLASSES,
    },
    "biomass": {"design": "probability", "above_ground": "chave-2014-eq4"},
    "pools": [
        {"pool": "above-ground biomass", "method": "plots"},
        {"pool": "below-ground biomass", "method": "root-shoot"},
    ],
    "programme": {"id": "vm0033-2.1"},
    "claim": [
        {
            "period": "2020-2021", "start": date(2020, 1, 1), "end": date(2021, 12, 31),
            "vintages": {"2020": 20, "2021": 20}, "assurance": "limited",
        }
    ],
}  # fmt: skip


def full_project(
    folder: Path, *, plan: dict[str, Any] | None = None, files: dict[str, bytes | None] | None = None, units: int = 160,
    settings: dict[str, Any] | None = None,
) -> TinyProject:  # fmt: skip
    """Write the project into ``folder / "tiny"``.

    Args:
        folder: An existing folder.
        plan: Further changes to the plan, dotted paths to values; ``...`` removes.
        files: Other bytes for a table, by name; None leaves it out.  Applied before the sample is drawn, but for
            ``reference.csv`` and ``interpreters.csv``.
        units: Reference units to draw and label; 0 leaves the sample out (the plan keeps its table).
        settings: Entries of ``settings.toml``.
    """
    tiny = tiny_project(folder, plan=PLAN, settings=settings)
    tiny.set_plan(plan or {})
    given: dict[str, bytes | None] = {
        "plots.csv": plots_csv(), "trees.csv": trees_csv(), "reference_level.csv": level_csv(),
        "leakage.toml": leakage_toml(), "risk_report.toml": risk_toml(), "registry_extract.json": extract_json(),
    }  # fmt: skip
    late = {name: (files or {}).get(name) for name in ("reference.csv", "interpreters.csv") if name in (files or {})}
    _write(tiny.folder, given | (files or {}))
    if units:
        draw_and_label(tiny, units)
        _write(tiny.folder, late)
    return tiny


def run_full(tiny: TinyProject, *, period: str | None = None) -> TinyRun:
    """Search, fetch and compute, with the tables."""
    from support.run_tiny import run_tiny

    return run_tiny(tiny, period=period)


def draw_and_label(tiny: TinyProject, units: int) -> None:
    """Freeze a frame, draw from it, and label every unit from the truth."""
    from mrv.activity.design import SampleSize
    from mrv.sampling import draw_sample, freeze

    project = tiny.load()
    size = SampleSize(n=units, rule="neyman", floor=20, expected={name: Decimal(share) for name, share in EXPECTED.items()})
    freeze(project, project.plan.claim_for(None), size=size)
    draw_sample(
        project, beacon="8F2C11AE", beacon_source="a made beacon, round 7", committed_at=date(2022, 1, 3),
        beacon_at=date(2022, 1, 4),
    )  # fmt: skip
    sheet = tiny.folder / "reference.csv"
    rows = list(csv.DictReader(io.StringIO(sheet.read_text())))
    for row in rows:
        told = labels(tiny, int(row["row"]), int(row["col"]))
        row.update(zip(map(str, YEARS), told, strict=True), interpreter="ana", confidence="high")
    sheet.write_bytes(_csv(list(rows[0]), rows))


def labels(tiny: TinyProject, row: int, col: int) -> list[str]:
    """What a perfect interpreter sees at the end of each label year, (row, col) on the plan's window."""
    lost, thinned = int(tiny.break_day[row, col]), (7 * row + col) % 23 == 0
    found = []
    for year in YEARS:
        gone = 0 < lost <= (date(year, 12, 31) - date(1970, 1, 1)).days
        found.append("other" if gone or not tiny.forest[row, col] else "thinned" if thinned and year == YEARS[-1] else "forest")
    return found


def plots_csv(*, clusters: int = CLUSTERS, visits: dict[int, date] | None = None) -> bytes:
    """Plots of 400 m² in two strata, the clusters at random in the forest of the project."""
    rng = np.random.default_rng(11)
    west, south, east, north = bbox()
    rows = []
    for cluster in range(clusters):
        lon, lat = (low + (high - low) * rng.uniform(0.3, 0.6) for low, high in ((west, east), (south, north)))
        for plot in range(PLOTS_PER_CLUSTER):
            rows += [
                {
                    "plot": f"p{cluster}-{plot}", "cluster": f"c{cluster}", "stratum": "north" if cluster % 2 else "south",
                    "visit": visit, "date": day, "lon": f"{lon:.7f}", "lat": f"{lat + 0.0001 * plot:.7f}", "area_m2": 400,
                    "weight": 1, "positional_error_m": 3,
                }
                for visit, day in (VISITS if visits is None else visits).items()
            ]  # fmt: skip
    return _csv(list(rows[0]), rows)


def trees_csv(*, clusters: int = CLUSTERS, visits: dict[int, date] | None = None, scale: float = 1.0) -> bytes:
    """About 130 t d.m./ha of beech, which grow by half a centimetre a year.

    Args:
        clusters: As the plots'.
        visits: As the plots'.
        scale: Diameters times this.
    """
    rng = np.random.default_rng(12)
    rows = []
    for cluster in range(clusters):
        rich = rng.normal(0, 2)
        for plot in range(PLOTS_PER_CLUSTER):
            for tree in range(int(rng.integers(11, 17))):
                first = max(8.0, rng.normal(23 + rich, 5)) * scale
                rows += [
                    {
                        "plot": f"p{cluster}-{plot}", "visit": visit, "tree": tree, "species": "Fagus sylvatica",
                        "dbh_cm": f"{first + grown:.1f}", "height_m": f"{8 + 0.5 * (first + grown):.1f}",
                        "wood_density_g_cm3": "0.585", "status": "alive",
                    }
                    for visit, grown in zip(VISITS if visits is None else visits, (0.0, 1.0), strict=False)
                ]  # fmt: skip
    return _csv(list(rows[0]), rows)


def document(name: str) -> str:
    """Digest of a made document."""
    return sha256_bytes(name.encode())


def level_csv(*, hectares: str = "0.6", se: str = "0.05", unit: str = "ha", removals_t: str = "-20") -> bytes:
    """Loss that would have been in each year, and growth that would have been."""
    rows = [
        {"year": year, "flow": flow, "quantity": quantity, "unit": of, "se": error, "method": "mean of ten years before",
         "document": document("reference level")}
        for year in YEARS[1:]
        for flow, quantity, of, error in (("emissions", hectares, unit, se), ("removals", removals_t, "t CO2e", "2"))
    ]  # fmt: skip
    return _csv(list(rows[0]), rows)


def leakage_toml(*, quantity: str = "4", se: str = "1") -> bytes:
    """Leakage of each year."""
    return "\n".join(
        f'[[leakage]]\nyear = {year}\nquantity = {quantity}\nunit = "t CO2e"\nse = {se}\nmethod = "survey of the neighbours"\n'
        f'document = "{document("leakage")}"\n'
        for year in YEARS[1:]
    ).encode()


def risk_toml(*, rating: str = "12", buffer: str = "12", threshold: str = "20") -> bytes:
    """A risk report."""
    return (
        f"risk_rating_percent = {rating}\nbuffer_percent = {buffer}\nloss_event_threshold_percent = {threshold}\n"
        f'document = "{document("risk")}"\nas_of = 2022-02-01\n'
    ).encode()


def extract_json(**changes: Any) -> bytes:
    """A registry extract that claims and authorises nothing."""
    value = {
        "schema": "mrv.registry-extract/1", "registry": "a made registry", "as_of": "2022-03-01", "project": "tiny",
        "article6": None, "ccp": None,
    }  # fmt: skip
    return json.dumps(value | changes).encode()


def _csv(columns: list[str], rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _write(folder: Path, files: dict[str, bytes | None]) -> None:
    for name, data in files.items():
        if data is None:
            (folder / name).unlink(missing_ok=True)
        else:
            (folder / name).write_bytes(data)
