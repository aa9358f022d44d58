"""The golden projects under different settings, on a crippled CPU and on another Python: one statement digest each.

``romania`` is real and mapped; ``delta`` is simulated and has all that makes a result creditable.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "data-samples" / "romania"
DELTA = ROOT / "data-samples" / "delta"
BOTH = pytest.mark.parametrize("project", [PROJECT, DELTA], ids=lambda path: path.name)
CHILD = Path(__file__).with_name("child.py")

pytestmark = pytest.mark.skipif(
    not all((project / "build" / "catalog.json").exists() for project in (PROJECT, DELTA)),
    reason="the samples are not built: make samples",
)


@cache
def child(
    where: str,
    chunk: int,
    *,
    project: Path = PROJECT,
    python: str = sys.executable,
    environment: tuple[tuple[str, str], ...] = (),
) -> dict:
    process = subprocess.run(
        [python, str(CHILD), str(project), where, str(chunk)],
        env={**os.environ, **dict(environment)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


@BOTH
def test_the_statement_is_the_one_pinned_when_it_was_last_looked_at(project):
    """Pinned without the code digest; when it changes, look at the report and say why in the changelog."""
    golden = json.loads(Path(__file__).with_name(f"{project.name}.json").read_text())
    found = child("none", 100, project=project)
    assert {name: found[name] for name in golden} == golden


def test_delta_with_processes_and_other_chunks():
    assert child("local:processes=2", 37, project=DELTA)["statement"] == child("none", 100, project=DELTA)["statement"]


@pytest.mark.parametrize(
    ("where", "chunk"),
    [
        ("none", 17),
        ("none", 50),
        ("local:threads=1", 50),
        ("local:threads=2", 17),
        ("local", 100),
        ("local:processes=2", 50),
    ],
)
def test_settings_change_nothing(where, chunk):
    assert child(where, chunk)["statement"] == child("none", 100)["statement"]


@BOTH
def test_a_crippled_cpu_changes_nothing(project):
    from numpy._core._multiarray_umath import __cpu_dispatch__

    crippled = child(
        "none",
        100,
        project=project,
        environment=(
            ("NPY_DISABLE_CPU_FEATURES", " ".join(__cpu_dispatch__)),
            ("NUMBA_CPU_NAME", "generic"),
            ("OPENBLAS_CORETYPE", "Prescott"),
            # The C library picks its cosine and logarithm by CPU as well.
            ("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-FMA,-FMA4"),
        ),
    )
    assert crippled["dispatched_on"] == [], "NumPy still dispatches to newer instructions"
    assert crippled["numba_cpu"] == "generic"
    assert crippled["wide"] == 0, "the kernel still uses registers a generic CPU has not"
    assert crippled["statement"] == child("none", 100, project=project)["statement"]


def test_the_kernel_fuses_no_multiplication_with_an_addition():
    assert child("none", 100)["fused"] == 0


@BOTH
def test_another_python_changes_nothing(project):
    """Name another interpreter that has the requirements in MRV_OTHER_PYTHON."""
    other = os.environ.get("MRV_OTHER_PYTHON")
    if not other:
        pytest.skip("MRV_OTHER_PYTHON names no second interpreter")
    found = child("none", 100, project=project, python=other)
    assert found["python"] != ".".join(map(str, sys.version_info[:2]))
    assert found["statement"] == child("none", 100, project=project)["statement"]


def test_the_sample_pulled_over_http_gives_the_same_statement(tmp_path):
    from support.range_server import RangeServer

    for name in ("plan.toml", "boundary.geojson"):
        shutil.copy(PROJECT / name, tmp_path / name)
    with RangeServer(PROJECT / "build") as server:
        catalog = server.url("catalog.json")
        (tmp_path / "settings.toml").write_text(f'[sources]\nsentinel-2 = "{catalog}"\ntree-cover = "{catalog}"\n')
        found = child("none", 100, project=tmp_path)
        assert server.count(r"\.tif$") >= 696
        assert 0 < server.bytes_sent < 40_000_000
    assert found["statement"] == child("none", 100)["statement"]
