"""A schedule for one project: run again only when there are new scenes, a new period, or another plan or code.

``python -m flows.schedule PROJECT --key URI`` starts Prefect's server on this machine, where none is configured, and serves
the flow on the cron of the project's ``settings.toml``.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import flow, get_run_logger

from flows.verify import verify
from mrv.attest import credential
from mrv.cli.printing import refused
from mrv.errors import MRVError, UsageError
from mrv.pipeline import code_digest
from mrv.project import load_project
from mrv.run import out_folder, relative_items, search_scenes
from mrv.sources.items import read_items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrv.plan import Claim
    from mrv.project import Project

SERVER_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a run is due, and why."""

    due: bool
    """True where something is new."""
    why: str
    """For the log."""
    supersedes: tuple[str, ...] = ()
    """The attestation a run would replace."""


def need(project: Project, claim: Claim, out: Path) -> Need:
    """Compare a fresh search with what the last attestation of the period was made from.

    Args:
        project: The project.
        claim: The claim of the period.
        out: Output folder of the period.
    """
    found = relative_items(search_scenes(project, claim), project.folder)
    if not (out / "attestation.json").exists():
        return Need(True, f"period {claim.period} has no attestation yet")
    document = credential.parse((out / "attestation.json").read_bytes())
    statement = document["credentialSubject"]["statement"]
    method = statement["method"]
    if statement["period"]["name"] != claim.period:
        raise UsageError(
            f"holds the attestation of period {statement['period']['name']}",
            code="schedule.period", file=out, field="--out", hint="give each period a folder of its own",
        )  # fmt: skip
    old = (credential.attestation_digest(document),)
    if method["plan_digest"] != project.plan.digest():
        return Need(True, "the plan changed", old)
    if [(row["name"], row["digest"]) for row in statement["inputs"]] != list(project.inputs.digests.items()):
        return Need(True, "the project's tables changed", old)
    if method["code_digest"] != code_digest():
        return Need(True, "the code changed", old)
    last = read_items(out / "items.json")
    if found.digest == last.digest:
        return Need(False, f"nothing new: {len(found.items)} items, the same as attested in {old[0]}")
    new = {item.id for item in found.items} - {item.id for item in last.items}
    why = f"{len(new)} new scenes" if new else "items changed at their source"
    return Need(True, why, old)


@flow(name="verify-if-new")
def verify_if_new(
    project: str, key: str, period: str | None = None, out: str | None = None, status_register: str | None = None
) -> dict[str, Any]:
    """Verify a period if something is new; say why, either way.

    Args:
        project: Project folder.
        key: Key URI of the signer.
        period: Name of the period; None takes the plan's last, so that a new claim starts a new period.
        out: Folder of the output folders, one a period; None takes ``out`` in the project folder.
        status_register: The issuer's register of status lists; None signs without status.

    Returns:
        ``{"ran": bool, "why": str}`` and, after a run, its summary.
    """
    loaded = load_project(Path(project))
    claim = loaded.plan.claim_for(period)
    folder = out_folder(loaded, claim, None if out is None else Path(out) / claim.period)
    state = need(loaded, claim, folder)
    get_run_logger().info("%s %s: %s", loaded.plan.project.id, claim.period, state.why)
    if not state.due:
        return {"ran": False, "why": state.why}
    result = verify(
        project, key, claim.period, str(folder), None, state.supersedes, strict=True, status_register=status_register
    )
    return {"ran": True, "why": state.why, **result}


@contextmanager
def server() -> Iterator[None]:
    """A Prefect server on the loopback address for as long as this lasts, unless one is configured."""
    if os.environ.get("PREFECT_API_URL"):
        yield
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # this interpreter
    try:
        _await(f"{address}/health", process)
        os.environ["PREFECT_API_URL"] = address
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310  # loopback
                return
        except OSError:
            time.sleep(0.5)
    raise UsageError("Prefect's server did not start", code="schedule.server", hint="run `prefect server start` to see why")


def main() -> int:
    """Serve the schedule until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m flows.schedule", description="Serve a project's schedule.")
    parser.add_argument("project")
    parser.add_argument("--key", required=True, metavar="URI")
    parser.add_argument("--period")
    parser.add_argument("--out", help="folder of the output folders, one a period; default, PROJECT/out")
    parser.add_argument("--register", help="register of status lists; attestations can then be revoked")
    parser.add_argument("--cron", help="default, that of settings.toml")
    args = parser.parse_args()
    try:
        project = load_project(Path(args.project))
        with server():
            cron = args.cron or project.settings.cron
            print(f"serving {project.plan.project.id} at {os.environ['PREFECT_API_URL']}, cron {cron}", flush=True)
            _serve(args, cron)
    except MRVError as error:
        return refused(error)
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(args: argparse.Namespace, cron: str) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    parameters = {
        "project": str(Path(args.project).resolve()), "key": args.key, "period": args.period, "out": args.out,
        "status_register": args.register and str(Path(args.register).resolve()),
    }  # fmt: skip
    with temporary_settings({PREFECT_API_URL: os.environ["PREFECT_API_URL"]}):
        verify_if_new.serve(name="mrv", cron=cron, parameters=parameters, pause_on_shutdown=True)


if __name__ == "__main__":
    sys.exit(main())
