"""Each verb by hand: run, explain, check, replay, diff, keys; and the three tamperings, three different codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from decimal import Decimal

import pytest
from support.answers import failed

from mrv import cli
from mrv.attest import credential, proof
from mrv.attest.keys import load_signer
from mrv.inputs import seed_of
from mrv.plan import plan_from_json
from mrv.statement import parse_statement
from mrv.units import sha256_json

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


@pytest.fixture
def done(tiny, keys, mrv, tmp_path):
    """A run: ``(output folder, key, trust list)``."""
    key, trust = keys
    status, out, _ = mrv("run", tiny.folder, "--key", key, "--out", tmp_path / "out")
    assert status == 0, out
    return tmp_path / "out", key, trust


def check(mrv, folder, trust, *more):
    return mrv("check", folder / "attestation.json", "--trust", trust, "--no-asset", "--json", *more)


def test_a_run_checks_and_replays(done, mrv, tmp_path):
    folder, _, trust = done
    assert sorted(path.name for path in folder.iterdir()) == ["attestation.json", "evidence", "items.json", "report.html"]
    status, out, _ = check(mrv, folder, trust, "--evidence", folder / "evidence")
    assert (status, failed(out)) == (0, [])
    status, out, _ = mrv("replay", folder / "attestation.json", "--store", folder / "evidence", "--json")
    assert status == 0
    assert json.loads(out)["differences"] == []


def test_a_flipped_byte_of_the_attestation_fails_the_proof(done, mrv):
    folder, _, trust = done
    path = folder / "attestation.json"
    data = path.read_bytes()
    at = data.index(b'"project_emissions_kg": ') + len(b'"project_emissions_kg": ')
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    status, out, _ = check(mrv, folder, trust)
    assert status == 1
    assert "proof.valid" in failed(out)


def test_a_changed_pixel_of_the_evidence_fails_its_digest(done, mrv):
    import rasterio

    folder, _, trust = done
    path = min((folder / "evidence" / "pixels").glob("*/*.tif"))
    with rasterio.open(path, "r+") as raster:
        pixels = raster.read(1)
        pixels[5, 5] ^= 1
        raster.write(pixels, 1)
    status, out, _ = check(mrv, folder, trust, "--evidence", folder / "evidence")
    assert status == 1
    assert set(failed(out)) <= {"evidence.digest", "evidence.size"}
    status, out, _ = mrv("replay", folder / "attestation.json", "--store", folder / "evidence")
    assert status == 1
    assert "replay.evidence" in out
    assert path.name in out


@pytest.mark.parametrize("consistent", [False, True], ids=["digests left", "digests mended"])
def test_a_changed_plan_signed_again_by_a_trusted_key_fails_the_replay(done, mrv, consistent):
    """Even where the forger mends every digest, so that ``check`` has nothing to say, the evidence does."""
    folder, key, trust = done
    document = json.loads((folder / "attestation.json").read_text())
    subject = document["credentialSubject"]
    method = subject["statement"]["method"]
    if consistent:
        method["plan"]["method"]["change"]["threshold_sigma"] = "4"
        plan = plan_from_json(method["plan"])
        method["plan_digest"], method["method_digest"] = plan.digest(), plan.method_digest()
        statement = parse_statement(subject["statement"])
        read = [
            statement.project.boundary_digest, *(row.digest for row in statement.inputs),
            *(band.pixels for scene in statement.evidence for band in scene.bands),
        ]  # fmt: skip
        subject["statement"]["uncertainty"]["seed"] = seed_of(plan.digest(), read)
    else:
        factor = method["plan"]["factors"]
        factor.setdefault("overrides", {})[factor["agb"]] = "260"
    forged = credential.build(
        statement=subject["statement"], binding=subject["binding"], materials=subject["materials"],
        provenance=subject["provenance"], issuer=document["issuer"], valid_from=document["validFrom"],
    )  # fmt: skip
    forged = proof.sign(forged, load_signer(key), document["validFrom"])
    (folder / "attestation.json").write_bytes(credential.encode(forged))
    status, out, _ = check(mrv, folder, trust)
    assert "proof.valid" not in failed(out)
    assert (status == 0) is consistent, failed(out)
    status, out, _ = mrv("replay", folder / "attestation.json", "--store", folder / "evidence", "--json")
    assert status == 1
    assert failed(out) == ["replay.statement"]
    assert json.loads(out)["differences"]


def test_other_code_is_reported_apart_and_everything_else_compared(done, mrv, monkeypatch):
    from mrv import pipeline

    folder, _, _ = done
    monkeypatch.setattr(pipeline, "code_digest", lambda: "sha256:" + "0" * 64)
    status, out, _ = mrv("replay", folder / "attestation.json", "--store", folder / "evidence", "--json")
    notes = [entry["detail"] for entry in json.loads(out)["checks"] if entry["code"] == "replay.code"]
    assert (status, notes) == (0, ["code-differs"])


def test_replay_fetches_again_and_notices_a_source_that_changed(done, tiny, mrv):
    import rasterio

    folder, _, _ = done
    words = ("replay", folder / "attestation.json", "--store", folder / "evidence", "--refetch", "--project", tiny.folder)
    assert mrv(*words)[0] == 0
    with rasterio.open(tiny.asset(tiny.days[0], "B04"), "r+") as raster:
        raster.write(raster.read(1) + 1, 1)
    status, out, _ = mrv(*words)
    assert status == 1
    assert "replay.evidence" in out
    assert "other pixels than were attested" in out


def test_diff_names_what_differs(done, tiny, keys, mrv, tmp_path):
    folder, key, _ = done
    status, _, _ = mrv("diff", folder / "attestation.json", folder / "attestation.json")
    assert status == 0
    tiny.set_plan({"random.draws": 2000})
    assert mrv("run", tiny.folder, "--key", key, "--out", tmp_path / "other")[0] == 0
    status, out, _ = mrv("diff", folder / "attestation.json", tmp_path / "other" / "attestation.json", "--json")
    paths = {entry["path"] for entry in json.loads(out)["differences"]}
    assert status == 1
    assert "credentialSubject.statement.uncertainty.draws" in paths


def test_explain_fetches_nothing(tiny, mrv):
    status, out, _ = mrv("explain", tiny.folder, "--json")
    told = json.loads(out)
    assert status == 0
    assert told["scenes"]["s2"] == len(tiny.days)
    assert told["gates"]["dual evidence"].startswith("fails")
    assert not (tiny.folder / "store" / "pixels").exists()


def test_a_run_over_http_gives_the_same_statement(done, tiny, keys, mrv, tmp_path):
    from support.range_server import RangeServer

    folder, key, _ = done
    with RangeServer(tiny.build) as server:
        address = server.url("catalog.json")
        tiny.set_settings(sources={"s2": address, "cover": address}, store="another-store")
        status, _, err = mrv("run", tiny.folder, "--key", key, "--out", tmp_path / "http")
        assert status == 0, err
    read = [json.loads((place / "attestation.json").read_text()) for place in (folder, tmp_path / "http")]
    assert read[0]["credentialSubject"]["id"] == read[1]["credentialSubject"]["id"]
    assert read[1]["credentialSubject"]["materials"][-1]["href"].startswith("http://127.0.0.1")


def test_an_override_is_a_finding(tiny, keys, mrv, tmp_path):
    tiny.set_plan({"factors.overrides": {tiny.load().plan.factors.agb: Decimal(100)}})
    assert mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")[0] == 0
    statement = json.loads((tmp_path / "out" / "attestation.json").read_text())["credentialSubject"]["statement"]
    assert "factor.overridden" in {finding["code"] for finding in statement["findings"]}


def test_keys_are_private_and_never_overwritten(keys, mrv, tmp_path):
    status, _, err = mrv("keys", "new", tmp_path / "key.pem")
    assert status == 2
    assert str(tmp_path / "key.pem") in err
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    status, out, _ = mrv("keys", "show", keys[0], "--json")
    assert json.loads(out)["issuer"].startswith("did:key:z6Mk")


def test_the_output_folder_keeps_what_a_run_did_not_write(done, tiny, keys, mrv):
    folder, key, _ = done
    (folder / "notes.txt").write_text("mine")
    (folder / "evidence" / "stray.txt").write_text("an old run's")
    assert mrv("run", tiny.folder, "--key", key, "--out", folder)[0] == 0
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "evidence" / "stray.txt").exists()
    assert not list(folder.glob(".partial-*"))


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["check", "--help"], ["keys", "new", "--help"]])
def test_help_imports_nothing_heavy(words):
    code = (
        "import sys\nfrom mrv.cli import main\n"
        f"try:\n main({words!r})\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'pydantic', 'rasterio', 'dask', 'rich') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_check_imports_no_arrays(done, tmp_path):
    folder, _, trust = done
    words = [
        "check",
        str(folder / "attestation.json"),
        "--trust",
        str(trust),
        "--no-asset",
        "--evidence",
        str(folder / "evidence"),
    ]
    code = (
        f"import sys\nfrom mrv.cli import main\nassert main({words!r}) == 0\n"
        "print([m for m in ('numpy', 'rasterio', 'dask', 'xarray', 'shapely', 'jsonschema', 'rich') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_the_statement_digest_is_that_of_its_canonical_json(done):
    folder, _, _ = done
    subject = json.loads((folder / "attestation.json").read_text())["credentialSubject"]
    assert subject["id"] == f"urn:mrv:{sha256_json(subject['statement'])}"
    shutil.rmtree(folder)


def test_a_verbs_parser_made_alone_is_the_one_made_among_all():
    def helps(words):
        action = next(action for action in cli._parser(words)._actions if action.choices)
        return {name: parser.format_help() for name, parser in action.choices.items()}

    every = helps([])
    assert {name: helps([name]) for name in every} == {name: {name: text} for name, text in every.items()}
    assert helps(["no-such-verb"]) == helps(["--json"]) == every
