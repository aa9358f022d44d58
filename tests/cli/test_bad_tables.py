"""Bad tables: each refused by code, file and place before anything is fetched; nothing written."""

from __future__ import annotations

import csv
import io
import json

import pytest
from support.full_project import full_project

pytestmark = pytest.mark.filterwarnings("default:.*:DeprecationWarning")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A project that runs, with every table."""
    return full_project(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def full(whole, tmp_path):
    """A copy of it, to spoil."""
    import shutil
    from dataclasses import replace

    home = tmp_path / "tiny"
    shutil.copytree(whole.folder, home)
    return replace(whole, folder=home)


def edit(name, change):
    """A change of the rows of a CSV file."""

    def spoil(tiny):
        path = tiny.folder / name
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        rows = change(rows) or rows
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue())

    return spoil


def cell(name, column, value, line=0):
    return edit(name, lambda rows: rows[line].update({column: value}))


def stratum(rows):
    """A recorded stratum that is not the design's."""
    for row in rows:
        row["stratum"] = "stable non-forest"


def probabilities(tiny):
    """An inclusion probability that is not n/N, in a frame otherwise in canonical form."""
    import rfc8785

    path = tiny.folder / "frame.json"
    frame = json.loads(path.read_bytes())
    part, whole = frame["strata"][0]["inclusion"].split("/")
    frame["strata"][0]["inclusion"] = f"{int(part) + 1}/{whole}"
    path.write_bytes(rfc8785.dumps(frame))


def gold(tiny):
    """Fewer readings than an expert must give."""
    tiny.set_plan({"reference.expert": "erin"})
    (tiny.folder / "interpreters.csv").write_text("unit,interpreter,2019,2020,2021\n")


def inches(rows):
    """Diameters in inches, heights still in metres."""
    for row in rows:
        row["dbh_cm"] = f"{float(row['dbh_cm']) / 2.54:.1f}"


CASES = {
    "a plot without area": (cell("plots.csv", "area_m2", ""), "plots.area", "plots.csv", "area_m2, line 2"),
    "diameters in inches": (edit("trees.csv", inches), "plots.dbh-unit", "trees.csv", "dbh_cm"),
    "a species without density": (
        edit("trees.csv", lambda rows: [row | {"species": "Nullius nullius", "wood_density_g_cm3": ""} for row in rows]),
        "plots.density", "trees.csv", "wood_density_g_cm3",
    ),
    "a stratum that is not the frame's": (edit("reference.csv", stratum), "reference.stratum", "reference.csv", "stratum"),
    "a drawn point that is missing": (
        edit("reference.csv", lambda rows: rows[1:]), "reference.missing-unit", "reference.csv", "unit",
    ),
    "a point that was moved": (cell("reference.csv", "lon", "1.5"), "reference.moved", "reference.csv", "column lon"),
    "a class unknown to the plan": (
        cell("reference.csv", "2020", "savanna"), "reference.class", "reference.csv", "column 2020",
    ),
    "a pool counted by two methods": (
        lambda tiny: tiny.set_plan({"pools": [
            {"pool": "above-ground biomass", "method": "plots"}, {"pool": "above-ground biomass", "method": "factor"},
        ]}), "plan.field", "plan.toml", "",
    ),
    "inclusion probabilities that are not n/N": (probabilities, "frame.probabilities", "frame.json", "inclusion"),
    "a removal with the sign of an emission": (
        edit("reference_level.csv", lambda rows: rows[1].update(quantity="20")), "reference-level.sign",
        "reference_level.csv", "quantity",
    ),
    "a year without a reference level": (
        edit("reference_level.csv", lambda rows: rows[:2]), "reference-level.year-missing", "reference_level.csv", "2021",
    ),
    "growth that the baseline does not have": (
        edit("reference_level.csv", lambda rows: [row for row in rows if row["flow"] == "emissions"]),
        "reference-level.removals-missing", "reference_level.csv", "year 2020",
    ),
    "plots of another place": (cell("plots.csv", "lon", "1.5"), "plots.outside", "plots.csv", "p0-0"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_tables(full, keys, mrv, tmp_path, name):
    spoil, code, file, field = CASES[name]
    spoil(full)
    out = tmp_path / "out"
    status, _, told = mrv("run", full.folder, "--key", keys[0], "--out", out, "--json")
    error = json.loads(told)["error"] if told.lstrip().startswith("{") else None
    status, _, words = mrv("run", full.folder, "--key", keys[0], "--out", out)
    assert status == 2
    assert f"error[{code}]" in words, words
    assert file in words
    assert field in words
    assert "what to do" in words
    assert "fetch" not in words, "a wrong cell is told before anything is fetched"
    assert not out.exists() or not list(out.iterdir())
    assert error is None or error["code"] == code


def test_the_same_project_unspoilt_runs(full, keys, mrv, tmp_path):
    status, printed, _ = mrv("run", full.folder, "--key", keys[0], "--out", tmp_path / "out", "--json")
    assert status == 0
    assert json.loads(printed)["issuable_t"] > 0
