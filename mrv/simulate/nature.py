"""Nature: true factors of a world drawn from the intervals its plan quotes, so that an interval can be put to the test.

With the scenario's own numbers every factor is exactly what the plan says, and intervals that allow for its error cover too
often; drawn, they should cover as often as they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrv.carbon.tables import load_table
from mrv.simulate.dice import Dice
from mrv.simulate.plan_text import FACTOR_TABLE

if TYPE_CHECKING:
    from fractions import Fraction

    from mrv.simulate.scenario import Scenario

_Z95 = 1.959964


def drawn_nature(scenario: Scenario, seed: int, *, allometry_cv_percent: int = 0) -> Scenario:
    """A scenario whose root-to-shoot ratio, carbon fraction, soil uptake and thinning are drawn.

    Args:
        scenario: The scenario.
        seed: Seed of the draw; the world's own serves.
        allometry_cv_percent: Standard deviation of the true biomass over what the equation says, %; 0: the equation is true.
    """
    table, z = load_table(FACTOR_TABLE), Dice(seed, "nature").normal(5)

    def draw(name: str, at: int, scale: int) -> int:
        factor = table[name]
        half: Fraction = (factor.high - factor.low) / 2
        return max(round((float(factor.value) + float(z[at]) * float(half) / _Z95) * scale), 1)

    changes = {
        "root_shoot_permille": draw(f"root-shoot.{scenario.kind}", 0, 1_000),
        "carbon_permille": draw(f"carbon-fraction.{scenario.kind}", 1, 1_000),
        "thinned_percent": min(draw("degraded.moderate", 2, 100), 50),
        "allometry_permille": max(round(1_000 + 10 * allometry_cv_percent * float(z[3])), 100),
    }
    if scenario.kind == "mangrove":
        changes["soil_g_c_m2_yr"] = draw("soil-accumulation.mangrove", 4, 100)
    return scenario.with_(**changes)
