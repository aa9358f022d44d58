"""Verbs on a project folder: run, explain."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mrv.cli.printing import say, say_json
from mrv.cli.verb import ISSUER, KEY, compute_options, need, verb
from mrv.errors import UsageError

if TYPE_CHECKING:
    from mrv.run import Record
    from mrv.statement import Statement


def add_verbs(verbs: Any) -> None:
    """Add ``run`` and ``explain``."""
    run = verb(verbs, "run", _run, "verify a project's claim for a period and sign it")
    run.add_argument("project", type=Path, help="folder with plan.toml")
    run.add_argument("--period", help="name of a [[claim]]; default, the last")
    run.add_argument("--key", metavar="URI", help=f"{KEY}; default, $MRV_KEY")
    run.add_argument("--issuer", metavar="URI", help=ISSUER)
    run.add_argument("--out", type=Path, metavar="DIR", help="output folder; default, PROJECT/out/PERIOD")
    run.add_argument("--supersedes", action="append", default=[], metavar="DIGEST", help="attestation this one replaces")
    run.add_argument(
        "--register", type=Path, metavar="DIR", help="register of status lists; the attestation can then be revoked"
    )
    run.add_argument("--refetch", action="store_true", help="read again what the store holds")
    run.add_argument("--strict", action="store_true", help="library warnings are errors; an adverse conclusion exits 1")
    compute_options(run)
    explain = verb(verbs, "explain", _explain, "dry run: scenes, bytes, gates that would fail, time")
    explain.add_argument("project", type=Path, help="folder with plan.toml")
    explain.add_argument("--period", help="name of a [[claim]]; default, the last")


def _run(args: argparse.Namespace) -> int:
    need("rasterio")
    from mrv.attest.keys import load_signer
    from mrv.progress import progress_bar
    from mrv.project import load_project
    from mrv.run import out_folder, verify_period

    key = args.key or os.environ.get("MRV_KEY")
    if not key:
        raise UsageError(
            "no key to sign with", code="keys.none", field="--key", hint="mrv keys new KEY.pem, then --key file:KEY.pem"
        )
    signer = load_signer(key, args.issuer)
    register = None
    if args.register is not None:
        from mrv.attest.register import open_register

        register = open_register(args.register)
        register.signer(signer)  # refuses before the work, not after it
    project = load_project(args.project)
    out = out_folder(project, project.plan.claim_for(args.period), args.out)
    with progress_bar() as progress:
        record = verify_period(
            project, period=args.period, signer=signer, out=out, where=args.where, chunk=args.chunk,
            refetch=args.refetch, supersedes=tuple(args.supersedes), register=register, strict=args.strict,
            progress=progress,
        )  # fmt: skip
    say_json(summary(record)) if args.json else say(describe(record))
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
    need("rasterio")
    from mrv.explain import explain
    from mrv.project import load_project

    project = load_project(args.project)
    found = explain(project, project.plan.claim_for(args.period))
    if args.json:
        say_json(found.as_dict())
        return 0
    say(
        f"{found.project}, period {found.period}: window {found.window_px[0]} × {found.window_px[1]} px, "
        f"project {found.project_px} px"
    )
    say(
        "scenes   " + ", ".join(f"{n} from {source}" for source, n in found.scenes.items()) + f"; {found.first} to {found.last}"
    )
    say("         " + ", ".join(f"{year}: {n}" for year, n in found.scenes_by_year.items()))
    say(f"to read  {found.bands} bands, at most {found.stated_bytes / 1e6:.1f} MB ({found.unsized} of unstated size)")
    say(f"time     about {found.seconds} s on one core")
    say("tables   " + (", ".join(found.inputs) or "none"))
    say(
        "gates    "
        + ("\n         ".join(f"{name}: {why}" for name, why in found.gates.items()) or "none that fails beforehand")
    )
    say("missing  " + ("\n         ".join(f"{name}: {remedy}" for name, remedy in found.absent.items()) or "nothing"))
    return 0
