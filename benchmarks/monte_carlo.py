"""The Monte Carlo beside the plain way of writing it, and the closed-form zone covariance beside simulated fields.

- *engine*: ``mrv.uncertainty.propagation``: 50 strata × 6 pools, one draw of each shared factor, integers out;
- *plain*: the same fluxes with a Python loop over draws, which is how spreadsheets and many scripts do it (measured on
  a part of the draws, scaled);
- *contributions*: which component to improve first, for all 56 of them;
- *zones*: 1024² pixels in 50 zones on blocks of 8 and 16 pixels, beside fields simulated by FFT (measured on a few).

Run ``python benchmarks/monte_carlo.py``; it prints a table and writes ``results/monte-carlo.json``.
"""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from mrv.uncertainty.contributions import contributions
from mrv.uncertainty.montecarlo import normal_quantile, uniforms
from mrv.uncertainty.propagation import Component, Term, combine, index, propagate, spread
from mrv.uncertainty.spatial import Variogram, zone_covariance
from mrv.units import KG_PER_M2_T_HA

if TYPE_CHECKING:
    from collections.abc import Callable

OUT = Path(__file__).resolve().parent / "results" / "monte-carlo.json"
SEED = "sha256:" + "0" * 64
DRAWS, STRATA, POOLS = 10_000, 50, 6
PLAIN_DRAWS, FIELDS = 100, 3
SIDE, ZONES = 1024, (5, 10)
RANGE_M = Fraction(223)
GROUP = ("project", "2021")


def best(work: Callable[[], object], repeats: int = 3) -> float:
    """Best wall time of a few runs, seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def world() -> tuple[list[Term], dict[str, Component]]:
    """50 strata × 6 pools, each pool's two factors shared by all strata."""

    def drawn(name: str, point: int, percent: int) -> Component:
        z = normal_quantile(uniforms(SEED, name, DRAWS))
        return Component(name, Fraction(point), point * (1 + percent / 196 * z))

    areas = [drawn(f"area {stratum}", 10_000_000 + stratum, 10) for stratum in range(STRATA)]
    held = [Component(area.name, area.point, np.rint(area.draws).astype(np.int64)) for area in areas]
    held += [drawn(f"stock {pool}", 20 + 10 * pool, 25) for pool in range(POOLS)]
    held.append(drawn("carbon fraction", 1, 5))
    terms = [
        Term(GROUP, f"area {stratum}", (f"stock {pool}", "carbon fraction"), KG_PER_M2_T_HA)
        for stratum in range(STRATA)
        for pool in range(POOLS)
    ]
    return terms, index(held)


def plain(terms: list[Term], components: dict[str, Component], draws: int) -> list[int]:
    """One draw after the other."""
    totals = []
    for draw in range(draws):
        total = 0
        for term in terms:
            value = float(term.kg_per_unit)
            for name in term.names:
                value *= components[name].draws[draw]
            total += round(value)
        totals.append(total)
    return totals


def simulated_field_seconds() -> float:
    """Wall time of one correlated field by circulant embedding, and its zone totals."""
    offsets = np.minimum(np.arange(2 * SIDE), 2 * SIDE - np.arange(2 * SIDE)) * 10.0
    spectrum = fft.fft2(np.exp(-np.hypot(offsets[:, None], offsets[None, :]) / float(RANGE_M))).real.clip(0)
    random, amplitude = np.random.default_rng(1), np.sqrt(spectrum).astype(np.float32)

    def two() -> None:
        real, imaginary = random.standard_normal((2, 2 * SIDE, 2 * SIDE), np.float32)
        # The real and the imaginary part are two independent fields.
        fields = fft.fft2(amplitude * (real + np.complex64(1j) * imaginary), workers=2)[:SIDE, :SIDE]
        fields.sum()

    return best(two, FIELDS) / 2


def zone_rows() -> dict[str, float]:
    """Seconds and standard errors of the closed form."""
    zones = np.arange(SIDE)[:, None] * ZONES[0] // SIDE * ZONES[1] + np.arange(SIDE)[None, :] * ZONES[1] // SIDE + 1
    weights = np.random.default_rng(3).integers(80, 120, (SIDE, SIDE)).astype(np.int64)
    rows: dict[str, float] = {}
    for block in (8, 16):
        found = []
        rows[f"zones, blocks of {block}: s"] = best(
            lambda block=block, found=found: found.append(
                zone_covariance(
                    zones, weights, Variogram("exponential", RANGE_M), pixel_m=(Fraction(10), Fraction(10)), block=block
                )
            ),
            2,
        )
        rows[f"zones, blocks of {block}: SE over independent SE"] = float(found[0].total_se / found[0].independent_total_se)
    rows["zones, 1,000 simulated fields: s (scaled)"] = 1000 * simulated_field_seconds()
    return rows


def main() -> None:
    """Measure, print, write."""
    terms, components = world()
    engine = propagate(terms, components)[GROUP]
    # The plain loop multiplies in another order: it may differ by a kilogram a term.
    assert np.abs(engine[:PLAIN_DRAWS] - np.array(plain(terms, components, PLAIN_DRAWS))).max() <= len(terms)
    found = contributions(terms, components, {GROUP: 1})
    rows = {
        "engine, 10,000 draws × 50 strata × 6 pools: s": best(lambda: propagate(terms, components)),
        "engine and summary: s": best(lambda: spread(combine(propagate(terms, components), {GROUP: 1}))),
        "contributions of 57 components: s": best(lambda: contributions(terms, components, {GROUP: 1}), 1),
        "plain loop: s (scaled)": best(lambda: plain(terms, components, PLAIN_DRAWS), 1) * DRAWS / PLAIN_DRAWS,
        **zone_rows(),
    }
    for name, value in rows.items():
        print(f"{name:60s} {value:10.3f}")
    print("first to improve:", ", ".join(f"{row.label} {float(row.one_at_a_time_percent):.1f} %" for row in found.rows[:3]))
    OUT.write_text(json.dumps({name: round(value, 4) for name, value in rows.items()}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
