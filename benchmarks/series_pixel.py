"""Two pixels with a documented clearing: dates found by optical alone, radar alone, and both.

The densities of forest and non-forest are those that the method's authors give for the first pixel (dry forest, Santa Cruz,
Bolivia): VV −7 ± 0.75 dB and −11.5 ± 1 dB, NDVI 0.85 ± 0.075 and 0.4 ± 0.125.  Only differences of means, spreads and floors
are taken from them; the mean of forest is the pixel's own history.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from mrv.change.fusion import Evidence, FusionRules, Sensor, fuse
from mrv.kernels.harmonic import harmonic_basis
from mrv.kernels.looks import NODATA
from mrv.units import epoch_day, from_epoch_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

VV = Sensor("VV", shift=-450, spread=100, floor=75)
NDVI = Sensor("NDVI", shift=-4500, spread=1250, floor=750)
STARTS = (date(2015, 1, 1), date(2015, 7, 1))
CHIS = (0.9, 0.975)
CLASSES = ("none", "low", "high")


@dataclass(frozen=True)
class Series:
    """One index of a pixel."""

    days: NDArray[np.int32]
    value: NDArray[np.int16]
    """dB × 100 or NDVI × 10⁴, ``NODATA``."""

    def as_evidence(self, sensor: Sensor) -> Evidence:
        """As a block of one pixel."""
        return Evidence(sensor, self.days, self.value.reshape(-1, 1, 1))


def _series(rows: list[tuple[date, float]], scale: float) -> Series:
    days = np.array([epoch_day(day) for day, _ in rows], np.int32)
    value = np.array([NODATA if np.isnan(one) else round(one * scale) for _, one in rows], np.int16)
    return Series(days, value)


def read_pair(folder: Path) -> tuple[Series, Series]:
    """NDVI and VV of the pixel cleared in early 2016."""
    with (folder / "bayts_pixel.csv").open() as text:
        rows = list(csv.DictReader(text))

    def of(sensor: str, scale: float) -> Series:
        mine = [
            (date.fromisoformat(r["date"]), float("nan" if r["value"] == "NA" else r["value"]))
            for r in rows
            if r["sensor"] == sensor
        ]
        return _series(sorted(mine, key=lambda one: one[0]), scale)

    return of("Landsat_NDVI", 10_000), of("S1_VV_dB", 100)


def read_harvest(folder: Path) -> Series:
    """NDVI of a plantation, every 16 days."""
    with (folder / "bfast_harvest.csv").open() as text:
        rows = list(csv.DictReader(text))
    dated = []
    for row in rows:
        year, part = divmod(float(row["t"]), 1)
        dated.append((date(int(year), 1, 1) + timedelta(days=round(part * 365)), float(row["ndvi"])))
    return _series(dated, 10_000)


def deseasonalised(series: Series, start: int, harmonics: int = 2) -> Series:
    """Less the harmonics of its history; nodata stays."""
    basis = harmonic_basis(series.days, harmonics)
    past = (series.days < start) & (series.value != NODATA)
    beta = np.linalg.lstsq(basis[past], series.value[past].astype(float), rcond=None)[0]
    rest = np.rint(series.value - basis @ beta)
    return Series(series.days, np.where(series.value == NODATA, NODATA, rest).astype(np.int16))


def _found(evidence: list[Evidence], chi: float, start: int) -> dict[str, Any]:
    day, confirmed, percent, kind = (int(one) for one in fuse(evidence, FusionRules(chi=chi), start=start)[:, 0, 0])
    return {
        "break": from_epoch_day(day).isoformat() if day > 0 else None,
        "confirmed": from_epoch_day(confirmed).isoformat() if confirmed > 0 else None,
        "percent": percent, "class": CLASSES[kind],
    }  # fmt: skip


def table(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """Dates of both pixels."""
    ndvi, vv = read_pair(folder)
    rows: list[dict[str, Any]] = []
    for start in STARTS:
        day = epoch_day(start)
        for chi in CHIS:
            for name, used in (
                ("optical", [ndvi.as_evidence(NDVI)]), ("radar", [vv.as_evidence(VV)]),
                ("both", [ndvi.as_evidence(NDVI), vv.as_evidence(VV)]),
            ):  # fmt: skip
                rows.append({"from": start.isoformat(), "chi": chi, "evidence": name, **_found(used, chi, day)})
    harvest, day = read_harvest(folder), epoch_day(date(2003, 1, 1))
    flat = deseasonalised(harvest, day)
    rows += [
        {"from": "2003-01-01", "chi": chi, "evidence": "plantation NDVI", **_found([flat.as_evidence(NDVI)], chi, day)}
        for chi in CHIS
    ]
    for row in rows:
        tell(
            f"  from {row['from']} chi {row['chi']:<5} {row['evidence']:16s} break {row['break']} confirmed {row['confirmed']} "
            f"{row['percent']} % {row['class']}"
        )
    return {"rows": rows}


def picture(folder: Path, out: Path) -> None:
    """Both series, their probabilities of non-forest, and what each found."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    start, rules = epoch_day(STARTS[0]), FusionRules()
    figure, axes = plt.subplots(3, 1, figsize=(9, 7), sharex=True, layout="constrained")
    both = []
    for axis, (series, sensor, scale, label) in zip(
        axes, [(*pair, *rest) for pair, rest in zip(
            zip(read_pair(folder), (NDVI, VV), strict=True), ((1e4, "Landsat NDVI"), (100, "Sentinel-1 VV, dB")), strict=True,
        )], strict=False,
    ):  # fmt: skip
        evidence = series.as_evidence(sensor)
        both.append(evidence)
        seen = series.value != NODATA
        dates = series.days.astype("datetime64[D]")
        axis.plot(dates[seen], series.value[seen] / scale, "o-", ms=3, lw=0.8, color="0.3")
        axis.set_ylabel(label)
        chance = evidence.probability(rules, start)[:, 0] / 1024
        axes[2].plot(dates[seen], chance[seen], "o", ms=4, label=label)
    for axis, used in zip(axes, ([both[0]], [both[1]], both), strict=True):
        found = fuse(used, rules, start=start)[:2, 0, 0]
        for day, colour, name in zip(found, ("tab:orange", "tab:red"), ("flagged", "confirmed"), strict=True):
            if day > 0:
                axis.axvline(np.datetime64(int(day), "D"), color=colour, lw=1.2, label=f"{name} {from_epoch_day(int(day))}")
        axis.axvline(np.datetime64(start, "D"), color="0.7", lw=1, ls=":")
        axis.legend(loc="lower left", fontsize=8)
    axes[2].set_ylabel("probability of non-forest")
    axes[2].axhline(0.5, color="0.7", lw=0.8)
    figure.savefig(out, dpi=90)
    plt.close(figure)
