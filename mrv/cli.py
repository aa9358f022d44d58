"""The command line: one library call a verb, plus printing.

Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv import __version__
from mrv.errors import MRVError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mrv.checks import Check
    from mrv.run import Record
    from mrv.statement import Statement

INTERRUPTED = 130
MARKS = {"holds": "✓", "fails": "✗", "note": "·"}
WHERE = "none | local | local:threads=N | local:processes=N | tcp://host:port"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Words after ``mrv``; default, the process's own.

    Returns:
        Exit status.
    """
    args = _parser().parse_args(argv)
    with suppress(ValueError):  # only the main thread may
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        status: int = args.call(args)
    except MRVError as error:
        return refused(error, as_json=args.json)
    except KeyboardInterrupt:
        print("interrupted: nothing half-written; run again to go on from what was fetched", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mrv",
        description="Verify forest and mangrove carbon from space, and sign what was found.",
        epilog="Exit status: 0 holds; 1 the evidence says no; 2 bad usage or bad input.",
    )
    parser.add_argument("--version", action="version", version=f"mrv {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    run = _verb(verbs, "run", _run, "verify a project's claim for a period and sign it")
    run.add_argument("project", type=Path, help="folder with plan.toml")
    run.add_argument("--period", help="name of a [[claim]]; default, the last")
    run.add_argument("--key", metavar="URI", help="file:PATH or env:NAME; default, $MRV_KEY")
    run.add_argument("--out", type=Path, metavar="DIR", help="output folder; default, PROJECT/out/PERIOD")
    run.add_argument("--supersedes", action="append", default=[], metavar="DIGEST", help="attestation this one replaces")
    run.add_argument("--refetch", action="store_true", help="read again what the store holds")
    run.add_argument("--strict", action="store_true", help="library warnings are errors; an adverse conclusion exits 1")
    _compute_options(run)
    explain = _verb(verbs, "explain", _explain, "dry run: scenes, bytes, gates that would fail, time")
    explain.add_argument("project", type=Path, help="folder with plan.toml")
    explain.add_argument("--period", help="name of a [[claim]]; default, the last")
    _sample_verb(verbs)
    check = _verb(verbs, "check", _check, "verify a signed attestation: a list of checks, never a bare yes")
    check.add_argument("attestation", type=Path)
    check.add_argument("--trust", type=Path, required=True, help="trust list: whose keys count")
    asset = check.add_mutually_exclusive_group(required=True)
    asset.add_argument("--asset", metavar="CAIP-19", help="the token asset you hold")
    asset.add_argument("--no-asset", action="store_true", help="you hold none")
    check.add_argument("--evidence", type=Path, metavar="DIR", help="evidence folder; its files are hashed")
    check.add_argument("--status", type=Path, metavar="DIR", help="folder of status lists")
    check.add_argument("--now", metavar="T", help="judge at this time, YYYY-MM-DDThh:mm:ssZ; default, now")
    check.add_argument("--min-trust-version", type=int, metavar="N", help="last trust-list version you accepted")
    replay = _verb(verbs, "replay", _replay, "recompute an attestation from its evidence; exact on integers and digests")
    replay.add_argument("attestation", type=Path)
    replay.add_argument("--store", type=Path, required=True, metavar="DIR", help="a store, or the evidence folder")
    replay.add_argument("--refetch", action="store_true", help="fetch every band again from its address first")
    replay.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="where relative addresses start")
    _compute_options(replay)
    diff = _verb(verbs, "diff", _diff, "what differs between two attestations")
    diff.add_argument("left", type=Path)
    diff.add_argument("right", type=Path)
    _simulate_verb(verbs)
    _keys_verbs(verbs)
    return parser


def _verb(verbs: Any, name: str, call: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=help_text, description=help_text.capitalize() + ".")
    verb.add_argument("--json", action="store_true", help="print JSON")
    verb.set_defaults(call=call)
    return verb


def _compute_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--where", help=f"{WHERE}; cannot change the answer")
    verb.add_argument("--chunk", type=pixels, metavar="PX", help="edge of a chunk; cannot change the answer")


def pixels(text: str) -> int:
    """A positive number of pixels, as the parser names it in its messages."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _sample_verb(verbs: Any) -> None:
    sample = _verb(verbs, "sample", _sample, "freeze a sampling frame (--n), then draw the reference sample (--beacon)")
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


def _simulate_verb(verbs: Any) -> None:
    simulate = _verb(verbs, "simulate", _simulate, "make a project from a seed, and the truth beside it; nothing in it is real")
    simulate.add_argument("out", type=Path, help="folder to make")
    simulate.add_argument("--kind", choices=("mangrove", "forest"), default="mangrove", help="default, mangrove")
    simulate.add_argument("--seed", type=int, default=1, help="the same seed, the same bytes; default, 1")
    simulate.add_argument("--size", type=pixels, metavar="PX", help="edge of the project area; default, 60 pixels of 10 m")
    simulate.add_argument("--history", type=pixels, metavar="YEARS", help="years of imagery before the project; default, 3")
    simulate.add_argument("--years", type=pixels, metavar="YEARS", help="years of the project; default, 2")
    simulate.add_argument("--scenes", type=pixels, metavar="N", help="scenes a year; default, 5")
    simulate.add_argument("--units", type=int, default=400, help="reference units to draw and interpret; 0, none; default, 400")


def _keys_verbs(verbs: Any) -> None:
    keys = verbs.add_parser("keys", help="make and show keys and trust lists", description="Keys and trust lists.")
    of_keys = keys.add_subparsers(metavar="WHAT", required=True)
    new = _verb(of_keys, "new", _keys_new, "make a signing key, and a trust list that trusts it")
    new.add_argument("path", type=Path, help="private key file to make (PEM, mode 0600)")
    new.add_argument("--trust", type=Path, help="trust list to write; default, none")
    show = _verb(of_keys, "show", _keys_show, "show the issuer and verification method of a key")
    show.add_argument("key", metavar="URI", help="file:PATH or env:NAME")


def refused(error: MRVError, *, as_json: bool = False) -> int:
    """Tell a refusal on standard error, and as JSON where asked; its exit status."""
    if as_json:
        print(json.dumps({"error": error.as_dict()}, indent=1, ensure_ascii=False))
    print(f"error[{error.error_code}]: {error}", file=sys.stderr)
    if error.hint:
        print(f"  what to do: {error.hint}", file=sys.stderr)
    return error.exit_status


def _need(module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise UsageError(f"{module} is not installed", code="install", hint="pip install 'mrv[pipeline]'")


def _print(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def _run(args: argparse.Namespace) -> int:
    _need("rasterio")
    from mrv.attest.keys import load_signer
    from mrv.progress import progress_bar
    from mrv.project import load_project
    from mrv.run import out_folder, verify_period

    key = args.key or os.environ.get("MRV_KEY")
    if not key:
        raise UsageError(
            "no key to sign with", code="keys.none", field="--key", hint="mrv keys new KEY.pem, then --key file:KEY.pem"
        )
    signer = load_signer(key)
    project = load_project(args.project)
    out = out_folder(project, project.plan.claim_for(args.period), args.out)
    with progress_bar() as progress:
        record = verify_period(
            project, period=args.period, signer=signer, out=out, where=args.where, chunk=args.chunk,
            refetch=args.refetch, supersedes=tuple(args.supersedes), strict=args.strict, progress=progress,
        )  # fmt: skip
    _print(summary(record)) if args.json else print(describe(record))
    adverse = record.result.statement.conclusion.computed == "adverse"
    return 1 if args.strict and adverse else 0


def summary(record: Record) -> dict[str, Any]:
    """A run's result, for ``--json``."""
    statement = record.result.statement
    return {
        "statement": record.statement_digest,
        "attestation": record.attestation_digest,
        "conclusion": statement.conclusion.computed,
        "areas": statement.activity.label,
        "creditable_t": statement.conclusion.creditable_t,
        "issuable_t": statement.quantities.issuable_t,
        "buffer_t": statement.quantities.buffer_t,
        "project_kg_co2e": {str(v.year): v.project_emissions_kg + v.project_removals_kg for v in statement.quantities.vintages},
        "gross_benefit_kg_co2e": {str(v.year): v.gross_benefit_kg for v in statement.quantities.vintages},
        "out": str(record.out),
    }


def describe(record: Record) -> str:
    """A run's result, for a person."""
    s, out = record.result.statement, record.out
    return "\n".join(
        [
            f"{s.project.name}, {s.period.start} to {s.period.end}" + (" — SIMULATED" if s.project.simulated else ""),
            f"  {s.observation.scenes_used} of {s.observation.scenes_available} scenes used; areas: {s.activity.label}",
            *_by_vintage(s),
            *_with_interval(s),
            f"  issuable {s.quantities.issuable_t:,} t, buffer {s.quantities.buffer_t:,} t ({s.quantities.label})",
            f"  computed conclusion: {s.conclusion.computed}; creditable {s.conclusion.creditable_t:,} t",
            "  gates " + ", ".join(f"{gate.id} {gate.status}" for gate in s.gates),
            f"  statement   {record.statement_digest}",
            f"  attestation {record.attestation_digest}",
            f"  {out / 'attestation.json'}\n  {out / 'report.html'}\n  {out / 'evidence'}/",
        ]
    )


def loss_m2(statement: Statement) -> dict[int, int]:
    """Loss by year: estimated where there is a sample, else mapped."""
    if statement.activity.sample is not None:
        return {row.year: row.area_m2 for row in statement.activity.estimates if row.activity == "loss"}
    return {row.year: row.area_m2 for row in statement.activity.loss}


def _by_vintage(s: Statement) -> list[str]:
    lost = loss_m2(s)
    rows = []
    for v in s.quantities.vintages:
        net = v.project_emissions_kg + v.project_removals_kg
        benefit = "" if v.gross_benefit_kg is None else f"   B − P {v.gross_benefit_kg / 1000:>12,.1f} t"
        rows.append(f"  {v.year}   {lost[v.year] / 10_000:>9.2f} ha lost   {net / 1000:>12,.1f} t CO2e{benefit}")
    return rows


def _with_interval(s: Statement) -> list[str]:
    """Quantities of the period with 90 % of their draws."""
    signed = {"project": s.quantities.period_project_kg}
    rows = [row for row in s.uncertainty.drawn if row.span == "period" and row.quantity in {"project", "net benefit"}]
    told = [
        f"  {row.quantity} of the period " + (f"{signed[row.quantity]:,} kg CO2e, " if row.quantity in signed else "")
        + f"90 % of draws {row.q05_kg:,} to {row.q95_kg:,} kg"
        for row in rows
    ]  # fmt: skip
    return [*told, f"  (interval: {s.uncertainty.scope})"]


def _explain(args: argparse.Namespace) -> int:
    _need("rasterio")
    from mrv.explain import explain
    from mrv.project import load_project

    project = load_project(args.project)
    found = explain(project, project.plan.claim_for(args.period))
    if args.json:
        _print(found.as_dict())
        return 0
    print(
        f"{found.project}, period {found.period}: window {found.window_px[0]} × {found.window_px[1]} px, "
        f"project {found.project_px} px"
    )
    print(
        "scenes   " + ", ".join(f"{n} from {source}" for source, n in found.scenes.items()) + f"; {found.first} to {found.last}"
    )
    print("         " + ", ".join(f"{year}: {n}" for year, n in found.scenes_by_year.items()))
    print(f"to read  {found.bands} bands, at most {found.stated_bytes / 1e6:.1f} MB ({found.unsized} of unstated size)")
    print(f"time     about {found.seconds} s on one core")
    print("tables   " + (", ".join(found.inputs) or "none"))
    print(
        "gates    "
        + ("\n         ".join(f"{name}: {why}" for name, why in found.gates.items()) or "none that fails beforehand")
    )
    print("missing  " + ("\n         ".join(f"{name}: {remedy}" for name, remedy in found.absent.items()) or "nothing"))
    return 0


def _sample(args: argparse.Namespace) -> int:
    _need("rasterio")
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
            _print(drawn.summary()) if args.json else print(drawn.describe())
            return 0
        size = sampling.sample_size(args.n, rule=args.allocation, floor=args.floor, expected=args.expect)
        frozen = sampling.freeze(
            project, project.plan.claim_for(args.period), size=size, first_year=args.first_year,
            max_missing_percent=args.max_missing, replace=args.replace, where=args.where, progress=progress,
        )  # fmt: skip
    _print(frozen.summary()) if args.json else print(frozen.describe())
    return 0


def _simulate(args: argparse.Namespace) -> int:
    _need("rasterio")
    from mrv.simulate import Scenario, forest_scenario, simulate

    asked = {
        "size_px": args.size, "history_years": args.history, "project_years": args.years, "scenes_per_year": args.scenes,
    }  # fmt: skip
    scenario = Scenario() if args.kind == "mangrove" else forest_scenario()
    given = scenario.with_(**{name: value for name, value in asked.items() if value is not None})
    written = simulate(args.out, scenario=given, seed=args.seed, units=args.units)
    _print(written.summary()) if args.json else print(written.describe())
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


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", code="usage.file", file=path, hint="check the path") from error


def _answer(checks: list[Check], *, as_json: bool, what: str, more: dict[str, Any] | None = None) -> int:
    failed = [check for check in checks if check.status == "fails"]
    if as_json:
        _print({"holds": not failed, "checks": [check.as_dict() for check in checks], **(more or {})})
    else:
        for check in checks:
            print(f"{MARKS[check.status]} {check.code:<32} {check.detail}")
        codes = dict.fromkeys(check.code for check in failed)
        print(f"{what} fails: {', '.join(codes)}" if failed else f"{what} holds")
    return 1 if failed else 0


def _check(args: argparse.Namespace) -> int:
    from mrv.attest.trust import load_trust
    from mrv.attest.verify import check
    from mrv.units import utc_now

    if args.evidence is not None and not args.evidence.is_dir():
        raise UsageError("no such folder", code="usage.file", file=args.evidence, hint="give the evidence folder")
    trust = load_trust(args.trust, min_version=args.min_trust_version)
    checks = check(
        _read(args.attestation), trust=trust, now=args.now or utc_now(), asset=args.asset, evidence=args.evidence,
        status=args.status,
    )  # fmt: skip
    return _answer(checks, as_json=args.json, what="the attestation")


def _replay(args: argparse.Namespace) -> int:
    _need("rasterio")
    from mrv.attest.credential import parse
    from mrv.checks import Check
    from mrv.progress import progress_bar
    from mrv.replay import replay
    from mrv.sources.store import Store

    document = parse(_read(args.attestation))
    if not args.store.is_dir():
        raise UsageError("no such store", code="store.missing", file=args.store, hint="give the evidence folder")
    comparison, told = None, ""
    try:
        with progress_bar() as progress:
            comparison = replay(
                document, store=Store(args.store), where=args.where or "local", chunk=args.chunk or 256,
                refetch_from=args.project.resolve() if args.refetch else None,
                progress=lambda stage: progress(stage, 0, 0),
            )  # fmt: skip
    except StoreError as error:
        if error.error_code not in {"store.digest", "store.absent", "replay.source-changed"}:
            raise
        told = f"{error} ({error.hint})"
    if comparison is None:
        return _answer([Check("replay.evidence", "fails", told)], as_json=args.json, what="the replay")
    if not args.json:
        for entry in comparison.differing:
            print(f"  attested ≠ recomputed  {entry}")
    differing = {"differences": [str(entry) for entry in comparison.differing]}
    return _answer(comparison.checks, as_json=args.json, what="the replay", more=differing)


def _diff(args: argparse.Namespace) -> int:
    from mrv.attest.credential import parse
    from mrv.differences import differences

    left, right = parse(_read(args.left)), parse(_read(args.right))
    found = list(differences(left, right))
    if args.json:
        _print({"same": not found, "differences": [{"path": d.path, "left": d.left, "right": d.right} for d in found]})
    else:
        for entry in found:
            print(entry)
        same = left["credentialSubject"]["statement"] == right["credentialSubject"]["statement"]
        print(f"{len(found)} differences; the statements are {'the same' if same else 'not the same'}")
    return 1 if found else 0


def _keys_new(args: argparse.Namespace) -> int:
    from mrv.attest.keys import new_key
    from mrv.attest.trust import trust_for, write_trust
    from mrv.units import utc_now

    if args.trust and args.trust.exists():
        raise UsageError("exists", code="trust.exists", file=args.trust, hint="name another, or add the key to it by hand")
    signer = new_key(args.path)
    if args.trust:
        write_trust(trust_for(signer, now=utc_now()), args.trust)
    return _tell_key(signer, as_json=args.json)


def _keys_show(args: argparse.Namespace) -> int:
    from mrv.attest.keys import load_signer

    return _tell_key(load_signer(args.key), as_json=args.json)


def _tell_key(signer: Any, *, as_json: bool) -> int:
    if as_json:
        _print({"issuer": signer.issuer, "verificationMethod": signer.verification_method})
    else:
        print(f"issuer              {signer.issuer}\nverification method {signer.verification_method}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
