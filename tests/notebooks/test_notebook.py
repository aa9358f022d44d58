"""The audit notebook: stored without outputs, and executed on a fresh attestation of the sample project."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
PROJECT = ROOT / "data-samples" / "romania"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_clean(path: Path) -> None:
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    for cell in notebook.cells:
        assert not cell.get("attachments")
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            ast.parse(cell.source, filename=f"{path.name}:{cell.id}")


def test_there_is_one() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01-inspect-and-replay.ipynb"]


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (PROJECT / "build" / "catalog.json").exists():
        pytest.skip("the sample data is not built: python data-samples/make.py romania")
    from mrv.attest.keys import new_key
    from mrv.attest.trust import trust_for, write_trust
    from mrv.project import load_project
    from mrv.run import verify_period
    from mrv.units import utc_now

    folder = tmp_path_factory.mktemp("notebook")
    (folder / "keys").mkdir()
    signer = new_key(folder / "keys" / "auditee.pem")
    write_trust(trust_for(signer, now=utc_now()), folder / "keys" / "trust.json")
    verify_period(load_project(PROJECT), period=None, signer=signer, out=folder / "run")
    return folder


def _execute(folder: Path, attestation: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MRV_TRUST"}
    return subprocess.run(
        [sys.executable, FOLDER / "execute.py", folder / "executed"], env=environment | {"MRV_ATTESTATION": str(attestation)},
        capture_output=True, text=True, timeout=600, check=False, cwd=folder,
    )  # fmt: skip


def test_executes_and_replays_exactly(attested: Path) -> None:
    done = _execute(attested, Path("run"))  # relative to where execute.py is run
    assert done.returncode == 0, done.stderr
    assert "the attestation holds" in done.stdout
    statement = json.loads((attested / "run" / "attestation.json").read_text())["credentialSubject"]["id"]
    assert f"holds  replay.statement  exact: {statement.removeprefix('urn:mrv:')}" in done.stdout
    assert "every forgery is refused" in done.stdout
    executed = nbformat.read(attested / "executed" / "01-inspect-and-replay.executed.ipynb", as_version=4)
    outputs = [output for cell in executed.cells for output in cell.get("outputs", ())]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 3
    assert not [output.text for output in outputs if output.get("name") == "stderr"]


def test_a_failing_cell_is_an_error(tmp_path: Path) -> None:
    done = _execute(tmp_path, tmp_path / "absent")
    assert done.returncode == 1
    assert "cannot read" in done.stderr
