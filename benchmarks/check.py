"""What a verification costs: ``mrv check`` from the shell, and verifications a second in a process, part by part.

The attestation is the simulated mangrove project's (``data-samples/delta``), signed with a key made for it, without white
space: 243 kB, 376 materials, every table that a statement can have.  Seconds are the processor's (user and system), of
commands that take turns, so that a busy machine troubles all alike; the lowest and the median of some repeats are told.
``--against`` names another checkout, which takes its turns in the same rounds.  From the shell, Python's compiled files are
there, as after an installation; without them (a container that writes none) every module is compiled again, which is told too.

Run ``python benchmarks/check.py [--against FOLDER]``; it writes ``results/check.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mrv.attest import credential, proof, strict_json
from mrv.attest.status import check_status
from mrv.attest.trust import load_trust
from mrv.attest.verify import check
from mrv.cli import main as mrv
from mrv.pipeline import code_digest
from mrv.rules import arithmetic
from mrv.rules.gates import check_gates
from mrv.rules.tables import Tables
from mrv.statement import parse_statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "check.json"
REPEATS, ROUNDS = 15, 40
TABLES = {
    "arithmetic": (
        "plan",
        "observation",
        "areas",
        "sample",
        "factors",
        "stocks",
        "quantities",
        "uncertainty",
        "programme",
        "words",
    ),
    "consistency": ("seed", "grid", "scenes", "record", "cohort", "plots", "stated", "draws"),
}
"""Questions put to a statement: those that recompute its tables, and those that hold tables against each other."""

_IN_PROCESS = """
import json, sys, time
from pathlib import Path
from mrv.attest.trust import load_trust
from mrv.attest.verify import check
data, trust, now = Path(sys.argv[1]).read_bytes(), load_trust(sys.argv[2]), sys.argv[3]
times = []
for _ in range(9):
    started = time.process_time()
    checks = check(data, trust=trust, now=now, asset=None, evidence=None)
    times.append(time.process_time() - started)
assert all(one.status != "fails" for one in checks)
print(json.dumps(times[1:]))
"""


def make(folder: Path) -> tuple[Path, Path]:
    """An attestation of the sample, as its canonical bytes, and a trust list beside it."""
    key, trust = folder / "key.pem", folder / "trust.json"
    assert mrv(["keys", "new", str(key), "--trust", str(trust)]) == 0
    assert mrv(["run", str(ROOT / "data-samples" / "delta"), "--key", f"file:{key}", "--out", str(folder / "out")]) == 0
    document = credential.parse((folder / "out" / "attestation.json").read_bytes())
    attestation = folder / "attestation.json"
    attestation.write_bytes(strict_json.canonical(document))
    return attestation, trust


def spent(command: list[str], *, home: Path, compiled: Path | None) -> tuple[float, str]:
    """Processor seconds of a command, and what it printed.

    Args:
        command: Words after Python's name.
        home: The checkout whose package is imported.
        compiled: Folder of compiled files; None writes none, and reads those that lie beside their source.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(home)}
    environment |= {"PYTHONPYCACHEPREFIX": str(compiled)} if compiled else {"PYTHONDONTWRITEBYTECODE": "1"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, *command], env=environment, cwd=tempfile.gettempdir(), capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def told(times: list[float], digits: int = 3) -> dict[str, float]:
    """The lowest and the median, seconds."""
    return {"lowest_s": round(min(times), digits), "median_s": round(median(times), digits)}


def shell(attestation: Path, trust: Path, now: str, *, homes: dict[str, Path], repeats: int, folder: Path) -> dict[str, Any]:
    """Seconds of commands that take turns, and of verifications in processes of their own, by checkout."""
    words = ["-m", "mrv.cli", "check", str(attestation), "--trust", str(trust), "--no-asset"]
    commands: dict[str, tuple[list[str], Path, bool]] = {
        "python -c pass": (["-c", "pass"], ROOT, True),
        "import pydantic's models": (["-c", "import pydantic; pydantic.BaseModel"], ROOT, True),
        "import cryptography's Ed25519": (["-c", "import cryptography.hazmat.primitives.asymmetric.ed25519"], ROOT, True),
    }
    for name, home in homes.items():
        commands[f"{name}: import mrv.cli"] = (["-c", "import mrv.cli"], home, True)
        commands[f"{name}: mrv check"] = (words, home, True)
        bare = folder / name
        shutil.copytree(home / "mrv", bare / "mrv", ignore=shutil.ignore_patterns("__pycache__"))
        commands[f"{name}: mrv check, mrv not compiled"] = (words, bare, False)
    times: dict[str, list[float]] = {name: [] for name in commands}
    inside: dict[str, list[float]] = {name: [] for name in homes}
    for turn in range(repeats + 1):
        for name, (command, home, compiled) in commands.items():
            seconds, _ = spent(command, home=home, compiled=folder / "compiled" if compiled else None)
            times[name] += [seconds] if turn else []  # the first turn compiles
        for name, home in homes.items():
            _, printed = spent(["-c", _IN_PROCESS, str(attestation), str(trust), now], home=home, compiled=folder / "compiled")
            inside[name] += json.loads(printed) if turn else []
    return {
        "shell": {name: told(values) for name, values in times.items()},
        "in_process": {
            name: {**told(values, 4), "a_second": round(1 / median(values), 1), "a_second_at_best": round(1 / min(values), 1)}
            for name, values in inside.items()
        },
    }


def timed(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Lowest processor milliseconds of each of some calls that take turns; the first turn builds what is built once."""
    found = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            started = time.process_time()
            call()
            found[name] = min(found[name], time.process_time() - started)
    return {name: round(1000 * seconds, 3) for name, seconds in found.items()}


def parts(data: bytes, trust_path: Path, now: str) -> dict[str, float]:
    """Milliseconds of each part of one verification, in the order of the checks."""
    trust, document = load_trust(trust_path), credential.parse(data)
    subject = document["credentialSubject"]
    key = trust.key(document["issuer"], document["proof"]["verificationMethod"])
    assert key is not None
    statement = parse_statement(subject["statement"])
    found = timed({
        "strict parse": lambda: strict_json.loads(data),
        "schema": lambda: credential.Credential.of_checked(data),
        "JCS and SHA-256, attestation": lambda: credential.attestation_digest(document, checked=True),
        "signature, with a JCS and SHA-256 of its own": lambda: proof.verify(document, key.public_key, checked=True),
        "status": lambda: check_status(document, trust=trust, folder=None, now=now),
        "JCS and SHA-256, statement": lambda: strict_json.digest(subject["statement"], checked=True),
        "statement's schema": lambda: parse_statement(subject["statement"]),
        **{name: partial(_ask, statement, asked) for name, asked in TABLES.items()},
        "gates and conclusion": lambda: check_gates(statement),
        "whole": lambda: check(data, trust=trust, now=now, asset=None, evidence=None),
    })  # fmt: skip
    whole = found.pop("whole")
    return {**found, "all else": round(whole - sum(found.values()), 3), "whole": whole}


def _ask(statement: Any, names: tuple[str, ...]) -> None:
    tables = Tables(statement)
    assert all(arithmetic.ask(name, tables).status == "holds" for name in names)


def scale(data: bytes) -> dict[str, float]:
    """Milliseconds of what others' libraries do, on the same bytes: what no verifier can go below by much."""
    document, key = json.loads(data), Ed25519PrivateKey.generate()
    signature, public = key.sign(b"m" * 64), key.public_key()
    return timed({
        "cryptography: Ed25519 verify, 64 bytes": lambda: public.verify(signature, b"m" * 64),
        "rfc8785.dumps": lambda: rfc8785.dumps(document),
        "json.loads": lambda: json.loads(data),
        "json.dumps, sorted": lambda: json.dumps(document, sort_keys=True),
        "SHA-256": lambda: hashlib.sha256(data).digest(),
    })  # fmt: skip


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, measured in the same rounds")
    parser.add_argument("--name", default="against", help="what to call it, such as its commit")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    args = parser.parse_args()
    homes = {"this": ROOT, **({args.name: args.against.resolve()} if args.against else {})}
    assert set(arithmetic.QUESTIONS) == {name for names in TABLES.values() for name in names}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        attestation, trust = make(folder)
        data = attestation.read_bytes()
        now = credential.parse(data)["validFrom"]
        result = {
            "schema": "mrv.check-cost/1", "code_digest": code_digest(), "python": sys.version.split()[0],
            "attestation_bytes": len(data), "repeats": args.repeats, "parts_ms": parts(data, trust, now),
            "scale_ms": scale(data), **shell(attestation, trust, now, homes=homes, repeats=args.repeats, folder=folder),
        }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
