"""The run as a Prefect flow: search, fetch, attest; retried where that can help, cached by digest, with artifacts.

``python -m flows.verify PROJECT --key URI`` gives the same statement digest as ``mrv run``: both call the same functions.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_link_artifact, create_table_artifact

from mrv.attest.keys import load_signer
from mrv.attest.register import open_register
from mrv.cli.printing import refused
from mrv.cli.project import describe, loss_m2, summary
from mrv.errors import MRVError
from mrv.pipeline import code_digest
from mrv.precheck import check_supersedes, precheck
from mrv.project import Project, load_project
from mrv.run import Record, attest, fetch_scenes, out_folder, search_scenes
from mrv.units import sha256_json, slug

RETRYABLE = frozenset({"source.catalog", "source.unreadable"})
"""Codes that another try may cure, when the address is remote; a wrong file stays wrong."""


def _may_pass(_task: Any, _run: Any, state: Any) -> bool:
    try:
        state.result()
    except MRVError as error:
        return error.error_code in RETRYABLE and (error.file or "").startswith(("http://", "https://", "s3://"))
    return False


def _fetch_key(_context: Any, parameters: dict[str, Any]) -> str | None:
    """The item list (named by its digest) and the plan decide what is fetched."""
    project = load_project(Path(parameters["project"]))
    store = project.store_folder
    if not store.exists():
        return None
    return sha256_json(["fetch", str(store.resolve()), Path(parameters["items"]).name, project.plan.method_digest()])


def _attest_key(_context: Any, parameters: dict[str, Any]) -> str | None:
    """Plan, boundary, tables, evidence, code, key and place; no key, so no cache, where no attestation lies."""
    project, out = load_project(Path(parameters["project"])), Path(parameters["out"])
    if not (out / "attestation.json").exists():
        return None
    signer = load_signer(parameters["key"]).verification_method
    inputs = [project.plan.digest(), project.boundary.digest, *project.inputs.digests.items(),
              Path(parameters["fetched"]).name, code_digest()]  # fmt: skip
    wanted = [parameters["period"] or "", *parameters["supersedes"], str(out.resolve()), parameters["status_register"] or ""]
    return sha256_json(["attest", *inputs, signer, *wanted])


@task(retries=3, retry_delay_seconds=[2, 10, 30], retry_condition_fn=_may_pass, task_run_name="search")
def search_task(project: str, period: str | None) -> str:
    """Search once; the path of the item list."""
    loaded = load_project(Path(project))
    claim = loaded.plan.claim_for(period)
    precheck(loaded, claim)
    return str(search_scenes(loaded, claim))


@task(
    retries=3,
    retry_delay_seconds=[2, 10, 30],
    retry_condition_fn=_may_pass,
    cache_key_fn=_fetch_key,
    persist_result=True,
    task_run_name="fetch",
)
def fetch_task(project: str, items: str) -> str:
    """Fetch into the store; the path of the list of what was fetched."""
    return str(fetch_scenes(load_project(Path(project)), Path(items)))


@task(cache_key_fn=_attest_key, persist_result=True, task_run_name="attest")
def attest_task(
    project: str,
    period: str | None,
    items: str,
    fetched: str,
    key: str,
    out: str,
    where: str | None,
    supersedes: tuple[str, ...],
    status_register: str | None,
    strict: bool,
) -> dict[str, Any]:
    """Compute, sign and write; the summary of the record."""
    loaded = load_project(Path(project))
    claim = loaded.plan.claim_for(period)
    record = attest(
        loaded, claim, items=Path(items), fetched=Path(fetched), signer=load_signer(key), out=Path(out), where=where,
        supersedes=supersedes, strict=strict,
        register=None if status_register is None else open_register(Path(status_register)),
    )  # fmt: skip
    _publish(loaded, record)
    return summary(record) | {"text": describe(record)}


def _publish(project: Project, record: Record) -> None:
    """A table of the result and a link to the report, in Prefect's interface."""
    statement = record.result.statement
    name = slug(f"{project.plan.project.id}-{statement.period.name}").lower().replace(".", "-").replace("_", "-")
    lost = loss_m2(statement)
    create_table_artifact(
        key=f"result-{name}",
        table=[
            {
                "year": v.year,
                f"loss ha ({statement.activity.label})": lost[v.year] / 10_000,
                "project emissions kg CO2e": v.project_emissions_kg,
                "project removals kg CO2e": v.project_removals_kg,
                "gross benefit kg CO2e": "no reference level" if v.gross_benefit_kg is None else v.gross_benefit_kg,
                "issuable t": v.issuable_t,
                "conclusion": statement.conclusion.computed,
            }
            for v in statement.quantities.vintages
        ],
        description=f"Statement {record.statement_digest}, attestation {record.attestation_digest}",
    )
    create_link_artifact(key=f"report-{name}", link=(record.out / "report.html").resolve().as_uri(), link_text="report")


@flow(name="verify-period", log_prints=False)
def verify(
    project: str,
    key: str,
    period: str | None = None,
    out: str | None = None,
    where: str | None = None,
    supersedes: tuple[str, ...] = (),
    strict: bool = False,
    status_register: str | None = None,
) -> dict[str, Any]:
    """Verify a project's claim for a period.

    Args:
        project: Project folder.
        key: Key URI of the signer.
        period: Name of the period; None takes the last.
        out: Output folder; None takes ``out/<period>`` in the project folder.
        where: Where Dask runs; None takes the settings'.
        supersedes: Attestation digests this one replaces.
        strict: Library warnings are errors.
        status_register: The issuer's register of status lists; None signs without status.

    Returns:
        Summary of the record, and its text.
    """
    check_supersedes(supersedes)
    loaded = load_project(Path(project))
    folder = out_folder(loaded, loaded.plan.claim_for(period), None if out is None else Path(out))
    items = search_task(project, period)
    fetched = fetch_task(project, items)
    get_run_logger().info("%s scenes listed in %s", project, items)
    result: dict[str, Any] = attest_task(
        project, period, items, fetched, key, str(folder), where, supersedes, status_register, strict
    )  # fmt: skip
    return result


def main() -> int:
    """Run the flow once from the command line."""
    parser = argparse.ArgumentParser(prog="python -m flows.verify", description="Verify a period as a Prefect flow.")
    parser.add_argument("project")
    parser.add_argument("--key", required=True, metavar="URI")
    parser.add_argument("--period")
    parser.add_argument("--out")
    parser.add_argument("--where")
    parser.add_argument("--register", help="register of status lists; the attestation can then be revoked")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    began = time.monotonic()
    try:
        result = verify(args.project, args.key, args.period, args.out, args.where, status_register=args.register)
    except MRVError as error:
        return refused(error)
    text = result.pop("text")
    print(json.dumps(result, indent=1) if args.json else text)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  the run took {time.monotonic() - began:.1f} s, Prefect's start included; peak memory {peak:.0f} MB",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
