"""The verb that freezes a sampling frame and draws from it: sample."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import WHERE, need, pixels, verb
from mrv.errors import UsageError


def add_verbs(verbs: Any) -> None:
    """Add ``sample``."""
    sample = verb(verbs, "sample", _sample, "freeze a sampling frame (--n), then draw the reference sample (--beacon)")
    sample.add_argument("project", type=Path, help="folder with plan.toml")
    sample.add_argument("--period", help="name of a [[claim]]; default, the last")
    step = sample.add_mutually_exclusive_group(required=True)
    step.add_argument("--n", type=pixels, metavar="N", help="freeze a frame for N units and print the digest to publish")
    step.add_argument(
        "--beacon", metavar="VALUE", help="draw with this public value, known only after the digest was published"
    )
    frame = sample.add_argument_group("with --n")
    frame.add_argument("--allocation", choices=("neyman", "equal", "proportional"), default="neyman")
    frame.add_argument("--floor", type=int, default=50, metavar="UNITS", help="fewest units a stratum; default, 50")
    frame.add_argument("--expect", action="append", default=[], metavar="STRATUM=SHARE", help="share expected to be changed")
    frame.add_argument("--first-year", type=int, metavar="Y", help="first label year; default, the year before the project's")
    frame.add_argument("--max-missing", type=int, default=0, metavar="%", help="non-response allowed in a stratum; default, 0")
    frame.add_argument("--replace", action="store_true", help="replace a frame from which nothing was drawn")
    draw = sample.add_argument_group("with --beacon")
    draw.add_argument("--beacon-source", metavar="TEXT", help="where anyone can read the value")
    draw.add_argument("--committed-at", metavar="DATE", help="day on which the digest was published")
    draw.add_argument("--beacon-at", metavar="DATE", help="day on which the value became known")
    draw.add_argument("--chips", action="store_true", help="a picture around each unit, in chips/")
    sample.add_argument("--where", help=f"{WHERE}; cannot change the answer")


def _sample(args: argparse.Namespace) -> int:
    need("rasterio")
    from mrv import sampling
    from mrv.progress import progress_bar
    from mrv.project import load_project

    project = load_project(args.project)
    with progress_bar() as progress:
        if args.n is None:
            drawn = sampling.draw_sample(
                project, beacon=args.beacon, beacon_source=_given(args.beacon_source, "--beacon-source"),
                committed_at=_day(args.committed_at, "--committed-at"), beacon_at=_day(args.beacon_at, "--beacon-at"),
                chips=args.chips, where=args.where, progress=progress,
            )  # fmt: skip
            say_json(drawn.summary()) if args.json else say(drawn.describe())
            return 0
        size = sampling.sample_size(project.plan, args.n, rule=args.allocation, floor=args.floor, expected=args.expect)
        frozen = sampling.freeze(
            project, project.plan.claim_for(args.period), size=size, first_year=args.first_year,
            max_missing_percent=args.max_missing, replace=args.replace, where=args.where, progress=progress,
        )  # fmt: skip
    say_json(frozen.summary()) if args.json else say(frozen.describe())
    return 0


def _given(value: str | None, option: str) -> str:
    if value is None:
        raise UsageError("is needed with --beacon", code="usage", field=option, hint="mrv sample --help")
    return value


def _day(text: str | None, option: str) -> date:
    try:
        return date.fromisoformat(_given(text, option))
    except ValueError as error:
        raise UsageError(f"not a date: {text}", code="usage", field=option, hint="YYYY-MM-DD") from error
