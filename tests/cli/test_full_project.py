"""The verbs on a project that gives everything: sample, plots, reference level, leakage, risk report, extract."""

from __future__ import annotations

import json

import pytest
from support.full_project import full_project

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


@pytest.fixture
def run(tmp_path, keys, mrv):
    """``(project folder, output folder, what was printed, trust list)``."""
    tiny = full_project(tmp_path)
    status, out, err = mrv("run", tiny.folder, "--key", keys[0], "--out", tmp_path / "out")
    assert status == 0, err
    return tiny.folder, tmp_path / "out", out, keys[1]


def test_a_whole_project_runs_checks_and_replays(run, mrv):
    folder, out, told, trust = run
    statement = json.loads((out / "attestation.json").read_text())["credentialSubject"]["statement"]
    q = statement["quantities"]
    assert f"issuable {q['issuable_t']:,} t, buffer {q['buffer_t']:,} t" in told
    assert "areas: estimate from a probability sample" in told
    assert "computed conclusion: unmodified" in told
    assert "net benefit of the period" in told
    lost = [row["area_m2"] for row in statement["activity"]["estimates"] if row["activity"] == "loss"]
    for v, area in zip(q["vintages"], lost, strict=True):
        assert f"{area / 10_000:.2f} ha lost" in told
        assert f"B − P {v['gross_benefit_kg'] / 1000:>12,.1f} t" in told
    words = ("check", out / "attestation.json", "--trust", trust, "--no-asset", "--evidence", out / "evidence", "--json")
    status, answer, _ = mrv(*words)
    assert (status, [c for c in json.loads(answer)["checks"] if c["status"] == "fails"]) == (0, [])
    status, answer, _ = mrv("replay", out / "attestation.json", "--store", out / "evidence", "--json")
    assert status == 0
    assert json.loads(answer)["differences"] == []
    status, answer, _ = mrv("explain", folder)
    assert status == 0
    assert "none that fails beforehand" in answer
    assert "missing  nothing" in answer


def test_a_relabelled_unit_is_another_statement(run, keys, mrv, tmp_path):
    folder, out, _, trust = run
    sheet = folder / "reference.csv"
    lines = sheet.read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if ",forest,forest,forest," in line)
    sheet.write_text(
        "".join([*lines[:at], lines[at].replace(",forest,forest,forest,", ",forest,forest,other,"), *lines[at + 1 :]])
    )
    status, told, _ = mrv("run", folder, "--key", keys[0], "--out", tmp_path / "again", "--json")
    assert status == 0
    first = json.loads((out / "attestation.json").read_text())["credentialSubject"]["id"]
    assert f"urn:mrv:{json.loads(told)['statement']}" != first
    assert mrv("check", tmp_path / "again" / "attestation.json", "--trust", trust, "--no-asset")[0] == 0
    status, answer, _ = mrv("diff", out / "attestation.json", tmp_path / "again" / "attestation.json", "--json")
    assert status == 1
    paths = {entry["path"] for entry in json.loads(answer)["differences"]}
    assert any("activity.estimates" in path for path in paths)


def test_a_table_that_the_statement_does_not_name_fails_the_check(run, mrv):
    """The evidence folder of one project cannot pass for that of another: every table is held to its digest."""
    from mrv.attest.evidence import check_materials

    subject = json.loads((run[1] / "attestation.json").read_text())["credentialSubject"]
    statement, materials = subject["statement"], subject["materials"]
    assert check_materials(statement, materials).status == "holds"
    fewer = {**statement, "inputs": statement["inputs"][1:]}
    assert "1 not named by the statement" in check_materials(fewer, materials).detail
    without = [row for row in materials if row["href"] != "plots.csv"]
    assert "1 not listed" in check_materials(statement, without).detail
