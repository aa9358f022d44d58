"""The flow and the schedule, under one Prefect test server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "data-samples" / "romania"

pytestmark = [
    pytest.mark.skipif(
        not (PROJECT / "build" / "catalog.json").exists(), reason="the sample is not built: python data-samples/make.py romania"
    ),
    # Prefect's own libraries warn of their own affairs.
    pytest.mark.filterwarnings("default"),
]


@pytest.fixture(scope="session")
def prefect(tmp_path_factory):
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))
    pytest.importorskip("prefect", reason="Prefect is not installed")
    from prefect.testing.utilities import prefect_test_harness

    import flows  # noqa: F401  # sets what Prefect needs before it is imported

    with prefect_test_harness(server_startup_timeout=180):
        yield


def build(out: Path, *options: str) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "data-samples" / "make.py"), "romania", "--out", str(out), *options],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )


@pytest.fixture
def project(tmp_path):
    """The sample project with a catalog of its own that ends on 31 July 2020."""
    folder = tmp_path / "romania"
    folder.mkdir()
    for name in ("plan.toml", "boundary.geojson", "settings.toml"):
        shutil.copy(PROJECT / name, folder / name)
    build(folder / "build", "--only-until", "2020-07-31")
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text().replace('store = "build/store"', 'store = "store"'))
    return folder


@pytest.fixture
def key(tmp_path):
    from mrv.attest.keys import new_key

    new_key(tmp_path / "key.pem")
    return f"file:{tmp_path / 'key.pem'}"


def test_the_schedule_runs_only_when_something_is_new(prefect, project, key, tmp_path):
    from flows.schedule import verify_if_new
    from mrv.attest import credential, register
    from mrv.attest.keys import load_signer
    from mrv.project import load_project
    from mrv.run import verify_period

    base, out = tmp_path / "out", tmp_path / "out" / "2019-2020"
    book = register.new_register(tmp_path / "register", issuer="did:web:verifier.example", url="https://status.example/v1")
    first = verify_if_new(str(project), key, None, str(base), str(book.folder))
    assert first["ran"]
    assert "no attestation yet" in first["why"]
    assert json.loads((out / "attestation.json").read_text())["credentialSubject"]["binding"]["supersedes"] == []

    # The flow and the plain run give the same statement.
    plain = verify_period(load_project(project), period=None, signer=load_signer(key), out=tmp_path / "plain")
    assert plain.statement_digest == first["statement"]

    before = (out / "attestation.json").read_bytes()
    again = verify_if_new(str(project), key, None, str(base), str(book.folder))
    assert again == {"ran": False, "why": again["why"]}
    assert "nothing new" in again["why"]
    assert (out / "attestation.json").read_bytes() == before

    build(project / "build")
    third = verify_if_new(str(project), key, None, str(base), str(book.folder))
    assert third["ran"]
    assert "new scenes" in third["why"]
    document = credential.parse((out / "attestation.json").read_bytes())
    assert document["credentialSubject"]["binding"]["supersedes"] == [first["attestation"]]
    assert third["statement"] != first["statement"]
    assert sorted(book.states().values()) == ["issued"] * 2
    assert document["credentialStatus"] == book.entries(book.index_of(third["attestation"]))


def test_the_flow_caches_by_digest_and_publishes_artifacts(prefect, project, key, tmp_path):
    from prefect.client.orchestration import get_client

    from flows.verify import verify

    out = tmp_path / "out"
    one = verify(str(project), key, None, str(out))
    written = (out / "attestation.json").stat().st_mtime_ns
    verify(str(project), key, None, str(out))  # keyed now that an attestation lies there
    stamped = (out / "attestation.json").stat().st_mtime_ns
    three = verify(str(project), key, None, str(out))
    assert (out / "attestation.json").stat().st_mtime_ns == stamped >= written
    assert three["statement"] == one["statement"]
    with get_client(sync_client=True) as client:
        artifacts = {artifact.key: artifact for artifact in client.read_artifacts()}
    assert any(name.startswith("result-") for name in artifacts)
    assert any(name.startswith("report-") for name in artifacts)


def test_a_refusal_is_not_retried(prefect, project, key, tmp_path):
    from flows.verify import verify
    from mrv.errors import SourceError

    band = next((project / "build" / "sentinel-2-l2a").glob("*/B04.tif"))
    band.write_bytes(band.read_bytes()[:-100])
    with pytest.raises(SourceError) as caught:
        verify(str(project), key, None, str(tmp_path / "out"))
    assert caught.value.error_code == "source.checksum"
    assert not (tmp_path / "out").exists()
