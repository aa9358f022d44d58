"""The verb that makes a world: simulate."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import need, pixels, verb
from mrv.errors import MRVError, UsageError

_OPTIONS = {
    "size_px": "--size", "history_years": "--history", "project_years": "--years", "scenes_per_year": "--scenes",
    "units": "--units", "n": "--units", "clusters": "--size",
}  # fmt: skip
"""The option by the field that a refusal names."""
EVIDENCE = ("optical", "radar", "optical+radar")
"""What ``--evidence`` may combine."""


def add_verbs(verbs: Any) -> None:
    """Add ``simulate``."""
    simulate = verb(verbs, "simulate", _simulate, "make a project from a seed, and the truth beside it; nothing in it is real")
    simulate.add_argument("out", type=Path, help="folder to make")
    simulate.add_argument("--kind", choices=("mangrove", "forest"), default="mangrove", help="default, mangrove")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed, the same bytes; default, 1")
    simulate.add_argument(
        "--size", type=pixels, metavar="PX", help="edge of the project area, 12 to 420; default, 60 px of 10 m"
    )
    simulate.add_argument("--history", type=pixels, metavar="YEARS", help="years of imagery before the project; default, 3")
    simulate.add_argument("--years", type=pixels, metavar="YEARS", help="years of the project; default, 2")
    simulate.add_argument("--scenes", type=pixels, metavar="N", help="scenes a year; default, 5")
    simulate.add_argument(
        "--evidence", choices=EVIDENCE, help="sensors that bayes-fusion/1 combines; default, optical by harmonic-monitor/1"
    )
    simulate.add_argument(
        "--second-optical", action="store_true",
        help="a second optical sensor from the project's first year on, harmonised with the first and merged by day",
    )  # fmt: skip
    simulate.add_argument("--units", type=int, default=400, help="reference units to draw and interpret; 0, none; default, 400")


def _simulate(args: argparse.Namespace) -> int:
    """A refusal of what an option gave names the option."""
    try:
        return _made(args)
    except MRVError as error:
        error.field = _OPTIONS.get(error.field or "", error.field)
        raise


def _made(args: argparse.Namespace) -> int:
    need("rasterio")
    from mrv.simulate import Parts, PlanChoices, Scenario, forest_scenario, simulate
    from mrv.simulate.backscatter import SENTINEL_1_SPECKLE_PERCENT

    evidence = tuple(args.evidence.split("+")) if args.evidence else ()
    if evidence and args.second_optical:
        raise UsageError(
            "bayes-fusion/1 merges no sensors", code="usage", field="--second-optical", hint="leave out --evidence"
        )
    asked = {
        "size_px": args.size, "history_years": args.history, "project_years": args.years, "scenes_per_year": args.scenes,
    }  # fmt: skip
    scenario = Scenario() if args.kind == "mangrove" else forest_scenario()
    if "radar" in evidence:
        asked |= {"radar": True, "speckle_percent": SENTINEL_1_SPECKLE_PERCENT}
    if args.second_optical:
        asked |= {"second_optical": True}
    given = scenario.with_(**{name: value for name, value in asked.items() if value is not None})
    parts = Parts(plan=PlanChoices(evidence=evidence, merge="hls-bandpass/1" if args.second_optical else None))
    written = simulate(args.out, scenario=given, seed=args.seed, units=args.units, parts=parts)
    say_json(written.summary()) if args.json else say(written.describe())
    return 0
