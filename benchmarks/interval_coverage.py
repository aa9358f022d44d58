"""How often the intervals of an area cover the truth, over worlds that were fixed before any coverage was looked at.

A world is a map of four strata (loss, buffer, stable forest, non-forest), a sample of each, and the share of each that is
truly loss.  Labels are perfect and samples small beside the strata, so hits are independent binomial counts: coverage is
the sum of their probabilities over every table of counts whose interval holds the truth.  No simulation error: the tables
left out have less than 10⁻⁶ of the probability together.  A simulation of 10,000 samples a world stands beside the sum,
as its check, and is how the bootstrap is judged.

The sweep asks what happens between the worlds: 504 more, all with rare omissions.  Smoothing, degrees of freedom and the
parting by direction were chosen with all of these in view (and with sixty random worlds, since retired); sixty other random
worlds, drawn after the last choice, are held out.

Run ``python benchmarks/interval_coverage.py`` (a minute); it writes ``results/interval-coverage.json``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import binom

from mrv.activity import parts
from mrv.activity.estimators import DesignStratum, Estimate, estimate
from mrv.uncertainty.intervals import METHODS, Z90, interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Limits = tuple[Array, Array]

Z, SMOOTHING = float(Z90), float(parts.SMOOTHING)
WHOLE_M2 = 10**10
SEED = 20140828
REPLICATES = 10_000
BOOTSTRAP_REPLICATES, BOOTSTRAP_DRAWS = 2_000, 1_000
STRATA = ("loss", "buffer", "stable forest", "non-forest")


@dataclass(frozen=True, slots=True)
class World:
    """A stratified sample of a known truth."""

    name: str
    """Name."""
    weights: tuple[float, ...]
    """Share of each stratum in the area."""
    sampled: tuple[int, ...]
    """n_h."""
    truth: tuple[float, ...]
    """Share of each stratum that is loss."""

    @property
    def true_share(self) -> float:
        """Share of the area that is loss."""
        return sum(w * p for w, p in zip(self.weights, self.truth, strict=True))

    @property
    def omissions(self) -> float:
        """Omitted loss expected in the sample of stable forest, units."""
        return self.sampled[2] * self.truth[2]


FREQUENT = (
    World("low deforestation", (0.02, 0.03, 0.60, 0.35), (100, 100, 600, 200), (0.88, 0.15, 0.010, 0.001)),
    World("like Colombia", (0.0137, 0.0287, 0.551, 0.4066), (75, 75, 500, 250), (0.90, 0.23, 0.012, 0.004)),
    World("like Olofsson 2014", (0.02, 0.03, 0.32, 0.63), (75, 75, 200, 300), (0.88, 0.30, 0.030, 0.006)),
    World("mangrove", (0.05, 0.10, 0.45, 0.40), (120, 120, 300, 160), (0.80, 0.25, 0.020, 0.005)),
    World("much commission", (0.04, 0.06, 0.70, 0.20), (150, 100, 800, 100), (0.70, 0.10, 0.0065, 0.0)),
    World("high deforestation", (0.15, 0.05, 0.50, 0.30), (200, 100, 400, 150), (0.92, 0.35, 0.015, 0.005)),
)
"""At least five omissions expected: the signed interval is to cover 89 to 91 %."""
RARE = (
    World("0.1 % of 165", (0.02, 0.03, 0.60, 0.35), (75, 75, 165, 165), (0.88, 0.15, 0.001, 0.0)),
    World("0.6 % of 165", (0.02, 0.03, 0.60, 0.35), (75, 75, 165, 165), (0.88, 0.15, 0.006, 0.0)),
    World("0.3 % of 300", (0.02, 0.03, 0.60, 0.35), (75, 75, 300, 150), (0.88, 0.15, 0.003, 0.001)),
    World("0.2 % of 325", (0.0137, 0.0287, 0.551, 0.4066), (50, 50, 325, 200), (0.90, 0.23, 0.002, 0.0005)),
    World("0.1 % of 500", (0.02, 0.03, 0.60, 0.35), (75, 75, 500, 150), (0.88, 0.15, 0.001, 0.0)),
    World("0.6 % of 500", (0.02, 0.03, 0.60, 0.35), (75, 75, 500, 150), (0.88, 0.15, 0.006, 0.0)),
    World("0.4 % of 400", (0.05, 0.10, 0.45, 0.40), (100, 100, 400, 100), (0.80, 0.25, 0.004, 0.0)),
)
"""Fewer: the signed interval is to cover 88 % at least."""


OPPOSED = (
    World("forest, 1.5 % wrong both ways", (0.02, 0.04, 0.53, 0.41), (60, 60, 300, 150), (0.97, 0.995, 0.985, 0.015)),
    World("forest, 1 % wrong both ways", (0.02, 0.04, 0.53, 0.41), (60, 60, 400, 300), (0.97, 0.995, 0.990, 0.010)),
    World("forest, 0.5 % wrong both ways", (0.02, 0.04, 0.53, 0.41), (60, 60, 400, 300), (0.97, 0.995, 0.995, 0.005)),
    World("forest, 3 % and 2 % wrong", (0.05, 0.10, 0.45, 0.40), (50, 50, 200, 120), (0.90, 0.980, 0.970, 0.020)),
)
"""The forest at the start: rare misses where it is mapped, rare hits where it is not.  Added after runs of whole projects
(``calibration.py``) had shown that the interval fell short there (.83 to .89); it is to cover 88 % at least."""


def sweep() -> Iterator[World]:
    """Rare omissions in every combination."""
    maps = ((0.02, 0.03, 0.60, 0.35), (0.0137, 0.0287, 0.551, 0.4066), (0.05, 0.10, 0.45, 0.40))
    rates = (0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.006)
    for forest, rate, weights, small, buffer in product((165, 200, 250, 300, 400, 500), rates, maps, (50, 100), (0.02, 0.15)):
        name = f"{rate:.2%} of {forest}, loss {weights[0]:.2%}, {small} in loss and buffer, {buffer:.0%} of buffer"
        yield World(name, weights, (small, small, forest, 150), (0.88, buffer, rate, 0.0))


def held_out(count: int = 60) -> Iterator[World]:
    """Random worlds with 5 to 20 omissions expected, drawn after the interval was chosen."""
    rng = np.random.default_rng(8)
    while count:
        loss = rng.uniform(0.005, 0.12)
        buffer = loss * rng.uniform(0.7, 2.5)
        other = rng.uniform(0.05, 0.5) * (1 - loss - buffer)
        sampled = tuple(int(rng.integers(*ends)) for ends in ((50, 200), (50, 200), (165, 900), (75, 300)))
        rate = rng.uniform(5, 20) / sampled[2]
        truth = (rng.uniform(0.6, 0.95), rng.uniform(0.03, 0.4), rate, float(rng.choice([0, 0.001, 0.003, 0.008])))
        if rate < 0.06:
            count -= 1
            yield World(f"random {count}", (loss, buffer, 1 - loss - buffer - other, other), sampled, truth)


@dataclass(frozen=True, slots=True)
class Moments:
    """What the product's ``Shape`` holds, for many tables of counts at once, as shares of the area."""

    value: Array
    variance: Array
    skew_down: Array
    skew_up: Array
    noise: Array
    smooth_value: Array
    smooth_variance: Array
    rising: Moments | None = None
    falling: Moments | None = None


def moments(world: World, hits: list[Array]) -> Moments:
    """The estimator of ``mrv.activity.estimators``, vectorised over tables (checked against it by :func:`check`)."""
    rows = list(zip(world.weights, world.sampled, hits, strict=True))
    high = [2 * k > n for _, n, k in rows]
    falling = [(np.where(mask, w, 0.0), n, k) for mask, (w, n, k) in zip(high, rows, strict=True)]
    rising = [(np.where(mask, 0.0, w), n, k) for mask, (w, n, k) in zip(high, rows, strict=True)]
    return replace(_moments(rows), rising=_moments(rising), falling=_moments(falling))


def _moments(rows: list[tuple[Any, int, Array]]) -> Moments:
    value = sum(w * k / n for w, n, k in rows)
    variance = sum(w * w * (k / n) * (1 - k / n) / (n - 1) for w, n, k in rows)
    smooth = [(w, n, (k + 0.5) / (n + 1)) for w, n, k in rows]
    down = _skewness([(w, n, k / (n + SMOOTHING)) for w, n, k in rows])
    up = _skewness([(w, n, (k + SMOOTHING) / (n + SMOOTHING)) for w, n, k in rows])
    return Moments(
        np.asarray(value), np.asarray(variance), down, np.maximum(down, up), _noise([(w, n, k / n) for w, n, k in rows]),
        np.asarray(sum(w * p for w, _, p in smooth)), np.asarray(sum(w * w * p * (1 - p) / n for w, n, p in smooth)),
    )  # fmt: skip


def _skewness(rows: list[tuple[float, int, Array]]) -> Array:
    third = sum(w**3 * p * (1 - p) * (1 - 2 * p) / n**2 for w, n, p in rows)
    second = np.asarray(sum(w * w * p * (1 - p) / n for w, n, p in rows))
    return np.where(second > 0, third / np.where(second > 0, second, 1), 0.0)


def _noise(rows: list[tuple[float, int, Array]]) -> Array:
    second = np.asarray(sum(w * w * p * (1 - p) / n for w, n, p in rows))
    third = sum(w**3 * p * (1 - p) * (1 - 2 * p) / n**2 for w, n, p in rows)
    spread = sum(w**4 * p * (1 - p) * (1 - 2 * p) ** 2 / n**3 for w, n, p in rows)
    some = np.where(second > 0, second, 1)
    return np.where(second > 0, np.clip((spread - third**2 / some) / (2 * some**2), 0, 0.2), 0.0)


def _clipped(low: Array, high: Array) -> Limits:
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def wald(m: Moments) -> Limits:
    """Wald's."""
    half = Z * np.sqrt(m.variance)
    return m.value - half, m.value + half


def score(m: Moments) -> Limits:
    """Score corrected for skewness."""

    def step(part: Moments, z: float) -> Array:
        t, skew = z + (z**3 + z) / 4 * part.noise, part.skew_up if z > 0 else part.skew_down
        root = np.sqrt(part.variance + skew**2 * (t * t + 2) / 12)
        edge = -part.variance / np.where(skew == 0, 1, skew)
        moved = np.where(t * skew / 2 + root < 0, edge, skew * (2 * t * t + 1) / 6 + t * root)
        return np.maximum(np.sign(z) * moved, 0)

    assert m.rising is not None
    assert m.falling is not None
    low, high = (np.sqrt(step(m.rising, z) ** 2 + step(m.falling, z) ** 2) for z in (-Z, Z))
    return _clipped(m.value - low, m.value + high)


def wilson(m: Moments) -> Limits:
    """Wilson's with the effective sample size."""
    size = m.smooth_value * (1 - m.smooth_value) / m.smooth_variance
    half = Z * np.sqrt(m.value * (1 - m.value) / size + Z * Z / (4 * size**2))
    centre, shrunk = m.value + Z * Z / (2 * size), 1 + Z * Z / size
    return _clipped(np.minimum((centre - half) / shrunk, m.value), np.maximum((centre + half) / shrunk, m.value))


def logit(m: Moments) -> Limits:
    """Wald's on the logit."""
    p = np.where((m.value > 0) & (m.value < 1), m.value, m.smooth_value)
    half = Z * np.sqrt(m.smooth_variance) / (p * (1 - p))
    odds = p / (1 - p)
    low, high = (odds * np.exp(sign * half) for sign in (-1, 1))
    return _clipped(np.minimum(low / (1 + low), m.value), np.maximum(high / (1 + high), m.value))


VECTORISED: dict[str, Callable[[Moments], Limits]] = {"score": score, "wilson": wilson, "logit": logit, "wald": wald}


def tables(world: World, *, left_out: float = 1e-7) -> tuple[list[Array], Array]:
    """Every table of counts that matters, and its probability; the axes are the strata."""
    hits, chance = [], np.ones((1, 1, 1, 1))
    for axis, (n, p) in enumerate(zip(world.sampled, world.truth, strict=True)):
        counts = np.arange(n + 1)
        mass = binom.pmf(counts, n, p)
        kept = mass > left_out / (n + 1)
        shape = [1, 1, 1, 1]
        shape[axis] = -1
        hits.append(counts[kept].reshape(shape).astype(np.float64))
        chance = chance * mass[kept].reshape(shape)
    return hits, chance


def exact(world: World, method: str, *, left_out: float = 1e-7) -> dict[str, float]:
    """Coverage, misses on each side and mean width, %, by summing over tables."""
    hits, chance = tables(world, left_out=left_out)
    low, high = VECTORISED[method](moments(world, hits))
    return _told(world, low, high, chance / chance.sum())


def simulated(world: World, method: str, replicates: int = REPLICATES) -> dict[str, float]:
    """The same from a simulation."""
    rng = np.random.default_rng(SEED)
    hits = [rng.binomial(n, p, replicates).astype(np.float64) for n, p in zip(world.sampled, world.truth, strict=True)]
    low, high = _bootstrap(world, hits, rng) if method == "bootstrap" else VECTORISED[method](moments(world, hits))
    return _told(world, low, high, np.full(replicates, 1 / replicates))


def _bootstrap(world: World, hits: list[Array], rng: np.random.Generator) -> Limits:
    totals = np.zeros((len(hits[0]), BOOTSTRAP_DRAWS))
    for w, n, k in zip(world.weights, world.sampled, hits, strict=True):
        totals += w * rng.binomial(n - 1, (k / n)[:, None], totals.shape) / (n - 1)
    low, high = np.quantile(totals, (0.05, 0.95), axis=1, method="inverted_cdf")
    return low, high


def _told(world: World, low: Array, high: Array, chance: Array) -> dict[str, float]:
    true, close = world.true_share, 1e-12
    above, below = (chance * (low > true + close)).sum(), (chance * (high < true - close)).sum()
    width = (chance * (high - low)).sum()
    return {
        "coverage": round(100 * float(1 - above - below), 2), "too_high": round(100 * float(above), 2),
        "too_low": round(100 * float(below), 2), "width_of_truth": round(100 * float(width) / true, 1),
    }  # fmt: skip


def product_estimate(world: World, hits: tuple[int, ...]) -> Estimate:
    """The product's own estimate of one table of counts, without finite-population correction."""
    strata = [
        DesignStratum(name, round(w * WHOLE_M2), 10**8, n)
        for name, w, n in zip(STRATA, world.weights, world.sampled, strict=True)
    ]
    return estimate(strata, hits, fpc=False)


def check(world: World, count: int = 40) -> float:
    """Largest relative difference between the product's limits and the vectorised ones, over some tables."""
    rng = np.random.default_rng(SEED)
    worst = 0.0
    for _ in range(count):
        hits = tuple(int(rng.binomial(n, p)) for n, p in zip(world.sampled, world.truth, strict=True))
        shape = product_estimate(world, hits).shape.scaled(Fraction(1, WHOLE_M2))
        spread = moments(world, [np.array(float(k)) for k in hits])
        for method in METHODS:
            mine, theirs = interval(shape, method=method), VECTORISED[method](spread)
            for one, other in ((mine.low, theirs[0]), (mine.high, theirs[1])):
                worst = max(worst, abs(float(one) - float(other)) / float(mine.high))
    return worst


def bias(world: World) -> float:
    """Bias of the estimate, % of the truth, by summing over tables; the rounding of what is left out."""
    hits, chance = tables(world)
    return round(100 * (float((moments(world, hits).value * chance).sum() / chance.sum()) / world.true_share - 1), 4)


def measure() -> dict[str, Any]:
    """Everything."""
    report: dict[str, Any] = {"schema": "mrv.bench.coverage/1", "nominal": 90, "seed": SEED, "replicates": REPLICATES}
    for group, worlds in (("frequent", FREQUENT), ("rare", RARE), ("opposed", OPPOSED)):
        report[group] = [
            {
                "world": world.name, "omissions": round(world.omissions, 2), "true_percent": round(100 * world.true_share, 3),
                "bias_percent": bias(world), "twin_difference": check(world) < 1e-9,
                "exact": {method: exact(world, method) for method in METHODS},
                "simulated": {method: simulated(world, method) for method in METHODS}
                | {"bootstrap": simulated(world, "bootstrap", BOOTSTRAP_REPLICATES)},
            }
            for world in worlds
        ]  # fmt: skip
    swept = sorted((exact(world, "score")["coverage"], world.name) for world in sweep())
    report["sweep"] = {
        "worlds": len(swept), "median": swept[len(swept) // 2][0], "below_88": sum(one < 88 for one, _ in swept),
        "worst": swept[:5],
        "wald_below_88": sum(exact(world, "wald")["coverage"] < 88 for world in sweep()),
    }  # fmt: skip
    report["held_out"] = {method: _spread([exact(world, method, left_out=1e-5) for world in held_out()]) for method in METHODS}
    return report


def _spread(told: list[dict[str, float]]) -> dict[str, float]:
    coverage = np.array([one["coverage"] for one in told])
    return {
        "worlds": len(told), "within_89_91": int(((coverage >= 89) & (coverage <= 91)).sum()),
        "mean": round(float(coverage.mean()), 2),
        "lowest": float(coverage.min()), "highest": float(coverage.max()),
        "most_too_high": max(one["too_high"] for one in told), "most_too_low": max(one["too_low"] for one in told),
    }  # fmt: skip


def main() -> None:
    """Measure, print, write."""
    report = measure()
    for group in ("frequent", "rare", "opposed"):
        print(f"\n{group}: coverage % (missed: interval above truth / below truth; width, % of truth)")
        for row in report[group]:
            print(f"{row['world']} ({row['omissions']} omissions expected, truth {row['true_percent']} %)")
            for method, told in (row["exact"] | {"bootstrap": row["simulated"]["bootstrap"]}).items():
                print(
                    f"  {method:10s} {told['coverage']:6.2f}  ({told['too_high']:5.2f} / {told['too_low']:5.2f};"
                    f" {told['width_of_truth']:5.1f})  simulated {row['simulated'][method]['coverage']:6.2f}"
                )
    print("\nsweep:", json.dumps(report["sweep"]))
    print("held out:", *(f"\n  {method} {json.dumps(told)}" for method, told in report["held_out"].items()))
    (Path(__file__).parent / "results" / "interval-coverage.json").write_text(
        json.dumps(report, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
