"""A made world seen by two optical sensors of one series: simulate, run, check, replay, and the truth."""

from __future__ import annotations

import json
import tomllib

import pytest

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")

WORDS = ("--kind", "forest", "--size", "24", "--scenes", "8", "--units", "0", "--json")


def test_simulate_run_check_replay(attested, mrv, tmp_path):
    folder = tmp_path / "world"
    status, out, err = mrv("simulate", folder, "--second-optical", *WORDS)
    assert status == 0, err
    plan = tomllib.loads((folder / "plan.toml").read_text())
    assert plan["method"]["observation"]["merge"] == {"harmonise": "hls-bandpass/1", "same_day": "mean-of-clear/1"}
    status, out, _ = mrv("explain", folder, "--json")
    assert status == 0
    assert 0 < json.loads(out)["scenes"]["optical-2"] < json.loads(out)["scenes"]["optical"]

    attestation, _ = attested(folder)

    statement = json.loads(attestation.read_text())["credentialSubject"]["statement"]
    merged = statement["observation"]["merged"]
    assert merged["shared_days"] > 0
    assert merged["observations"] + merged["shared_days"] == statement["observation"]["scenes_used"]
    assert {row.get("sensor") for row in statement["evidence"]} == {"simulated-1", "simulated-2", None}
    report = (tmp_path / "out" / "report.html").read_text()
    assert "one observation a day" in report
    assert "Bandpass coefficients" in report


def test_the_fusion_merges_no_sensors(mrv, tmp_path):
    status, _, err = mrv("simulate", tmp_path / "world", "--second-optical", "--evidence", "optical", *WORDS)
    assert status == 2
    assert "--second-optical" in err
    assert not (tmp_path / "world").exists()
