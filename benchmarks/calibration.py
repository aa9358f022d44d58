"""Calibration: simulated worlds through the whole of ``mrv run``, their signed 90 % intervals held against the truth.

Every world is drawn anew: land, clearings, clouds, plots, sample, and the *true* factors, each from the interval that the
factor table states, so that what is tested is the whole interval and not the sampling alone.

    python benchmarks/calibration.py --worlds 100 --jobs 2
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

FIRST_SEED = 90_000
"""Fixed before the first run."""
RESULTS = Path(__file__).resolve().parent / "results" / "calibration.json"
DENSITY_SD = 0.035
"""Relative standard error that wood densities leave in the mean biomass of such plots, as the product computes it."""


@dataclass(frozen=True)
class Outcome:
    """One quantity of one world, m² or kg CO2e."""

    seed: int
    """World."""
    quantity: str
    """Which."""
    truth: float
    """True value."""
    estimate: float
    """Signed value."""
    low: float
    """Lower end of the signed 90 % interval."""
    high: float
    """Upper end."""

    @property
    def covered(self) -> bool:
        """Whether the signed interval holds the truth."""
        return self.low <= self.truth <= self.high


def scenario_of(seed: int) -> Any:
    """A small mangrove world whose true factors are drawn from the intervals of the table ``simulated``."""
    from mrv.carbon.tables import load_table
    from mrv.simulate import Scenario

    rng, table = np.random.default_rng(seed), load_table("simulated")

    def drawn(name: str) -> float:
        factor = table[name]
        return float(factor.value) + rng.normal() * float(factor.high - factor.low) / (2 * 1.959964)

    ratio = drawn("root-shoot.mangrove")
    return Scenario(
        kind="mangrove",
        size_px=60,
        agb_cv_percent=30,
        history_loss_permille=45,
        project_loss_permille=15,
        degradation_permille=10,
        root_shoot_permille=round(1000 * ratio),
        carbon_permille=round(1000 * drawn("carbon-fraction.mangrove")),
        soil_g_c_m2_yr=round(100 * drawn("soil-accumulation.mangrove")),
        thinned_percent=round(100 * drawn("degraded.moderate")),
        # Wood density is stated for each species and true only within its error.
        allometry_permille=round(1000 * (1 + DENSITY_SD * rng.normal())),
        after_kg_ha=max(0, round(1000 * drawn("biomass-after.mangrove") / (1 + ratio))),
    )


def true_cohort(world: Any) -> dict[str, float]:
    """What became of the forest at the project's start, from the world's own states and biomass; m² and kg CO2e."""
    from mrv.simulate.truth import co2e_kg
    from mrv.simulate.world import FOREST, OTHER
    from mrv.units import CO2_PER_C

    years, area = world.scenario.project, world.areas_mm2 / 1e6
    start = world.state(years[0] - 1)
    cohort = world.inside & (start != OTHER)
    standing, found = cohort.copy(), {"forest at the start": float(area[cohort].sum())}
    alive, emitted, grown, soil = cohort.copy(), 0.0, 0.0, 0.0
    for year in years:
        before, now = world.agb(year - 1).astype(float), world.agb(year).astype(float)
        state = world.state(year)
        lost = alive & (state == OTHER)
        thinned = standing & (start == FOREST) & (state != FOREST) & (state != OTHER)
        found[f"loss {year}"] = float(area[lost].sum())
        emitted += float(((before - now) * area)[lost | thinned].sum()) / 1e4
        standing &= ~lost & ~thinned & (state != OTHER)
        grown += float(((now - before) * area)[standing].sum()) / 1e4
        soil += float(area[standing].sum()) / 1e4 * world.scenario.soil_g_c_m2_yr * 10 * float(CO2_PER_C)
        alive &= ~lost
    last = world.agb(years[-1]).astype(float)
    stock = float((last * area)[standing].sum()) / 1e4
    years_of_soil = len(years) * float(area[standing].sum()) / 1e4
    found["stock"] = co2e_kg(world, round(stock)) + years_of_soil * world.scenario.soil_g_c_m2_yr * 10 * float(CO2_PER_C)
    found["emissions"] = float(co2e_kg(world, round(emitted)))
    found["removals"] = -float(co2e_kg(world, round(grown))) - soil
    found["project"] = found["emissions"] + found["removals"]
    return found


def true_level(world: Any) -> tuple[float, float]:
    """True baseline and leakage of the period, kg CO2e."""
    from mrv.simulate.claims import Claims, level_truth
    from mrv.simulate.truth import counterfactual, truth

    without = [entry for entry in truth(counterfactual(world)) if entry.year in world.scenario.project]
    (emissions, removals) = (row[1] for row in level_truth(without, "t CO2e"))
    years = len(without)
    return float((emissions + removals) * years * 1000), float(emissions * years * 10 * Claims().leakage_percent)


def run_world(seed: int, *, units: int = 400, errors: int = 0, double: int = 200) -> list[Outcome]:
    """Make, sample, interpret and run one world.

    Args:
        seed: Its seed.
        units: Reference units.
        errors: Labels misread, per mille a year, each year anew; 0 reads perfectly.
        double: With errors: units that an expert reads as well; the world is then run without and with the correction.
    """
    from mrv.pipeline import compute
    from mrv.project import load_project
    from mrv.run import fetch_scenes, read_fetched, search_scenes
    from mrv.simulate import Claims, Interpreter, Parts, PlanChoices, interpret, make_world
    from mrv.simulate.folder import usual_size, write_project
    from mrv.sources.store import Store

    world = make_world(scenario_of(seed), seed)
    confusion = {"mangrove": {"other": errors}, "other": {"mangrove": errors}} if errors else None
    people = [Interpreter("ana", confusion, persistent=False), *([Interpreter("expert")] if errors else [])]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "world"
        choices = PlanChoices(expert="expert" if errors else None)
        write_project(world, folder, parts=Parts(claims=Claims(unit="t CO2e"), plan=choices))
        interpret(folder, world, beacon=f"calibration {seed}", size=usual_size(units), interpreters=people,
                  double=double if errors else 0)  # fmt: skip
        project = load_project(folder)
        claim, store = project.plan.claim_for(None), Store(project.store_folder)
        scenes = read_fetched(fetch_scenes(project, search_scenes(project, claim))).scenes

        def run(plan: Any, note: str) -> list[Outcome]:
            statement = compute(
                plan, claim, project.boundary, scenes, store=store, inputs=project.inputs, where="none"
            ).statement  # fmt: skip
            return [replace(entry, quantity=entry.quantity + note) for entry in outcomes(seed, world, statement)]

        if not errors:
            return run(project.plan, "")
        blind = project.plan.model_copy(update={"reference": project.plan.reference.model_copy(update={"expert": None})})
        return [*run(blind, ", uncorrected"), *run(project.plan, ", corrected")]


def outcomes(seed: int, world: Any, statement: Any) -> Any:
    """Signed estimates and intervals beside the truth."""
    truth = true_cohort(world)
    for row in statement.activity.estimates:
        name = row.activity if row.activity == "forest at the start" else f"{row.activity} {row.year}"
        if name in truth:
            kind = row.activity if row.activity == "forest at the start" else "loss of a year"
            yield Outcome(seed, kind, truth[name], row.area_m2, *row.ci90_m2)
    end = statement.growth_intervals[-1]
    yield Outcome(seed, "stock of standing forest", truth["stock"], end.kg_co2e, *end.ci90_kg)
    drawn = {row.quantity: row for row in statement.uncertainty.drawn if row.span == "period"}
    q = statement.quantities
    gross = sum(v.project_emissions_kg for v in q.vintages)
    yield _outcome(seed, "project emissions", truth["emissions"], gross, drawn["gross emissions"])
    yield _outcome(seed, "project net", truth["project"], q.period_project_kg, drawn["project"])
    baseline, leakage = true_level(world)
    benefit = sum(v.gross_benefit_kg - v.leakage_kg for v in q.vintages)
    yield _outcome(seed, "net benefit", baseline - leakage - truth["project"], benefit, drawn["net benefit"])


def _outcome(seed: int, quantity: str, truth: float, estimate: float, row: Any) -> Outcome:
    return Outcome(seed, quantity, truth, estimate, row.q05_kg, row.q95_kg)


def table(found: list[Outcome]) -> list[dict[str, Any]]:
    """Coverage, bias and width by quantity."""
    from scipy.stats import binomtest

    rows = []
    for quantity in dict.fromkeys(entry.quantity for entry in found):
        mine = [entry for entry in found if entry.quantity == quantity]
        hits = sum(entry.covered for entry in mine)
        exact = binomtest(hits, len(mine)).proportion_ci(0.99, method="exact")
        errors = np.array([entry.estimate - entry.truth for entry in mine])
        scale = abs(np.mean([entry.truth for entry in mine]))
        rows.append(
            {
                "quantity": quantity,
                "intervals": len(mine),
                "covered": hits,
                "coverage": round(hits / len(mine), 4),
                "low_99": round(float(exact.low), 4),
                "high_99": round(float(exact.high), 4),
                "below": sum(entry.truth < entry.low for entry in mine),
                "above": sum(entry.truth > entry.high for entry in mine),
                "bias_percent": round(100 * float(errors.mean()) / scale, 2),
                "bias_se_percent": round(100 * float(errors.std(ddof=1)) / np.sqrt(len(mine)) / scale, 2),
                "half_width_percent": round(100 * float(np.mean([(e.high - e.low) / 2 for e in mine])) / scale, 1),
            }
        )
    return rows


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--units", type=int, default=400)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument(
        "--errors", type=int, default=0, help="labels misread a year, per mille; runs with and without correction"
    )
    asked = parser.parse_args()
    found: list[Outcome] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        seeds = range(asked.first, asked.first + asked.worlds)
        for done, rows in enumerate(pool.map(partial(run_world, units=asked.units, errors=asked.errors), seeds), 1):
            found += rows
            print(f"\r{done} of {asked.worlds} worlds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rows = table(found)
    head = ("quantity", "n", "cover", "exact 99 %", "below/above", "bias % ± se", "half-width %")
    print("{:26} {:>4} {:>6}  {:15} {:>11} {:>14} {:>12}".format(*head))
    for row in rows:
        exact = f"{row['low_99']:.3f}–{row['high_99']:.3f}"
        bias = f"{row['bias_percent']:.2f} ± {row['bias_se_percent']:.2f}"
        print(f"{row['quantity']:26} {row['intervals']:4} {row['coverage']:6.3f}  {exact:15} "
              f"{row['below']:5}/{row['above']:<5} {bias:>14} {row['half_width_percent']:12}")  # fmt: skip
    results = RESULTS.with_stem(f"calibration-errors-{asked.errors}") if asked.errors else RESULTS
    told = {"worlds": asked.worlds, "units": asked.units, "first_seed": asked.first, "rows": rows}
    results.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
