"""`mrv sample`: freeze, publish, draw; whole or not at all, and never twice."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from mrv import sampling
from mrv.activity.panel import read_panel
from mrv.activity.strata import BUFFER, FOREST, LOSS, NON_FOREST, STRATA
from mrv.errors import StoreError
from mrv.grid import grid_for
from mrv.grid import inside as inside_of
from mrv.units import sha256_bytes

REFERENCE = {
    "interval": "score",
    "response_design": "State of the pixel at the end of the year, from the scenes of that year.",
    "classes": {"forest": "forest", "thinned": "degraded:moderate", "other": "non-forest"},
}
DRAW = ("--beacon", "5E4F1C", "--beacon-source", "a made beacon", "--committed-at", "2022-01-03", "--beacon-at", "2022-01-05")
FILES = ("frame.json", "frame_strata.tif", "sample.json", "reference.csv")


class Stand:
    """In place of the detector: strata from what is true of the tiny project."""

    optical = None
    names = STRATA

    def __init__(self, tiny):
        project = tiny.load()
        self.grid = grid_for(project.plan.grid, project.boundary)
        lost = tiny.break_day > 0
        strata = np.where(tiny.forest, FOREST, NON_FOREST).astype(np.uint8)
        strata[8:14, 7:14] = BUFFER
        strata[lost] = LOSS
        self.strata = np.where(inside_of(self.grid, project.boundary), strata, 0).astype(np.uint8)
        self.asked = 0

    def __call__(self, *_, **__):
        self.asked += 1
        return self


@pytest.fixture
def stand(tiny, monkeypatch):
    tiny.set_plan({"reference": REFERENCE})
    made = Stand(tiny)
    monkeypatch.setattr(sampling, "stratified", made)
    return made


def there(folder):
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def rows_of(folder):
    with (folder / "reference.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def interpret(folder):
    rows = rows_of(folder)
    for row in rows:
        row.update(dict.fromkeys((name for name in row if name.isdecimal()), "forest"), interpreter="ana")
    with (folder / "reference.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_freeze_draw_interpret_read(tiny, stand, mrv):
    status, out, _ = mrv("sample", tiny.folder, "--n", 90, "--floor", 20, "--json")
    told = json.loads(out)
    assert status == 0
    assert sorted(there(tiny.folder)) == ["frame.json", "frame_strata.tif"]
    assert told["frame"] == sha256_bytes((tiny.folder / "frame.json").read_bytes())
    assert sum(row["sample"] for row in told["strata"]) == 90
    status, out, _ = mrv("sample", tiny.folder, *DRAW, "--json")
    drawn = json.loads(out)
    assert status == 0
    assert drawn["frame"] == told["frame"]
    assert drawn["seed"] == sha256_bytes(f"{told['frame']}\n5E4F1C".encode())
    assert (drawn["units"], drawn["chips"], stand.asked) == (90, 0, 1)
    rows = rows_of(tiny.folder)
    assert [name for name in rows[0] if name.isdecimal()] == ["2019", "2020", "2021"]
    assert "stratum" not in rows[0]
    interpret(tiny.folder)
    panel = read_panel(
        there(tiny.folder), project="tiny", grid=stand.grid, inside=stand.strata > 0, classes=REFERENCE["classes"]
    )
    assert sum(stratum.responded for stratum in panel.reference.strata) == 90


def test_a_person_is_told_the_digest_and_what_comes_next(tiny, stand, mrv):
    status, out, err = mrv("sample", tiny.folder, "--n", 90, "--floor", 20)
    assert (status, err) == (0, "")
    assert f"frame   {sha256_bytes((tiny.folder / 'frame.json').read_bytes())}" in out
    assert "--beacon VALUE" in out
    status, out, _ = mrv("sample", tiny.folder, *DRAW)
    assert status == 0
    assert "90 units drawn" in out
    assert "forest, thinned, other" in out


def test_the_same_words_write_the_same_bytes(tiny, stand, mrv):
    for words in (("--n", 90, "--floor", 20), DRAW):
        assert mrv("sample", tiny.folder, *words)[0] == 0
    before = there(tiny.folder)
    assert mrv("sample", tiny.folder, *DRAW)[0] == 0
    assert there(tiny.folder) == before
    assert sorted(before) == sorted(FILES)


def test_another_frame_replaces_only_when_asked_and_never_after_the_draw(tiny, stand, mrv):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    before = there(tiny.folder)
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    status, _, err = mrv("sample", tiny.folder, "--n", 100, "--floor", 20)
    assert status == 2
    assert "error[sample.frozen]" in err
    assert there(tiny.folder) == before
    assert mrv("sample", tiny.folder, "--n", 100, "--floor", 20, "--replace")[0] == 0
    assert there(tiny.folder) != before
    assert mrv("sample", tiny.folder, *DRAW)[0] == 0
    asked, before = stand.asked, there(tiny.folder)
    for more in ((), ("--replace",)):
        status, _, err = mrv("sample", tiny.folder, "--n", 90, "--floor", 20, *more)
        assert status == 2
        assert "error[sample.drawn]" in err
        assert "archive" in err
    assert there(tiny.folder) == before
    assert stand.asked == asked  # refused before anything long is done


def test_nobody_draws_again_with_another_beacon(tiny, stand, mrv):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    assert mrv("sample", tiny.folder, *DRAW)[0] == 0
    before = there(tiny.folder)
    status, _, err = mrv("sample", tiny.folder, "--beacon", "5E4F1D", *DRAW[2:])
    assert status == 2
    assert "error[sample.drawn]" in err
    assert there(tiny.folder) == before


@pytest.mark.parametrize("with_sample", [True, False])
def test_labels_are_never_overwritten(tiny, stand, mrv, with_sample):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    assert mrv("sample", tiny.folder, *DRAW)[0] == 0
    interpret(tiny.folder)
    if not with_sample:
        (tiny.folder / "sample.json").unlink()
    before = there(tiny.folder)
    status, _, err = mrv("sample", tiny.folder, *DRAW)
    assert status == 2
    assert "error[sample.interpreted]" in err
    assert "holds interpretations" in err
    assert there(tiny.folder) == before


def forget(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


def flip(folder):
    import rasterio

    with rasterio.open(folder / "frame_strata.tif", "r+") as raster:
        pixels = raster.read(1)
        pixels[10, 10] = 4 if pixels[10, 10] != 4 else 3
        raster.write(pixels, 1)


def edit(folder):
    path = folder / "frame.json"
    path.write_bytes(path.read_bytes().replace(b'"project":"tiny"', b'"project":"tine"'))


def pretty(folder):
    path = folder / "frame.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()), indent=1))


SPOILT = {
    "no frame": (forget("frame.json"), "frame.missing", "frame.json"),
    "no map": (forget("frame_strata.tif"), "frame.missing", "frame_strata.tif"),
    "a changed pixel": (flip, "frame.map", "frame_strata.tif"),
    "another project": (edit, "frame.project", "frame.json"),
    "a reformatted frame": (pretty, "frame.canonical", "frame.json"),
}


@pytest.mark.parametrize("case", SPOILT, ids=str)
def test_nothing_is_drawn_from_a_spoilt_frame(tiny, stand, mrv, case):
    spoil, code, named = SPOILT[case]
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    spoil(tiny.folder)
    before = there(tiny.folder)
    status, _, err = mrv("sample", tiny.folder, *DRAW)
    assert status == 2
    assert f"error[{code}]" in err
    assert named in err
    assert "what to do: " in err
    assert there(tiny.folder) == before
    assert not list(tiny.folder.glob(".partial-*"))


def test_classes_and_boundary_are_frozen_too(tiny, stand, mrv):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    tiny.set_plan({"reference.classes": {**REFERENCE["classes"], "thinned": "non-forest"}})
    assert "error[frame.classes]" in mrv("sample", tiny.folder, *DRAW)[2]
    tiny.set_plan({"reference": {**REFERENCE, "response_design": "Whatever it looks like."}})
    assert "error[frame.response-design]" in mrv("sample", tiny.folder, *DRAW)[2]
    tiny.set_plan({"reference": REFERENCE})
    path = tiny.folder / "boundary.geojson"
    value = json.loads(path.read_text())
    ring = value["geometry"]["coordinates"][0]
    ring[1][0] += 0.00014  # one corner, a pixel inwards
    path.write_text(json.dumps(value))
    assert "error[frame.boundary]" in mrv("sample", tiny.folder, *DRAW)[2]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--n", 3), "sample.size"),
        (("--n", 100000), "sample.size"),
        (("--n", 90, "--expect", "loss=0.5"), "usage"),
        (("--n", 90, "--expect", "tree-cover loss"), "usage"),
        (("--n", 90, "--expect", "tree-cover loss=1"), "usage"),
        (("--n", 90, "--floor", 20, "--first-year", 2021), "frame.syntax"),
        (("--n", 90, "--floor", 20, "--max-missing", 51), "frame.syntax"),
        (("--n", 90, "--period", "1999"), "plan.period"),
        (("--beacon", "5E4F1C"), "usage"),
        (("--beacon", "5E4F1C", "--beacon-source", "x", "--committed-at", "2022-01-03"), "usage"),
        (("--beacon", "5E4F1C", "--beacon-source", "x", "--committed-at", "3.1.22", "--beacon-at", "2022-01-05"), "usage"),
    ],
)
def test_words_that_make_no_sample_are_refused(tiny, stand, mrv, words, code):
    status, _, err = mrv("sample", tiny.folder, *words)
    assert status == 2
    assert f"error[{code}]" in err
    assert there(tiny.folder) == {}


def test_a_beacon_known_before_the_commitment_is_refused(tiny, stand, mrv):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    status, _, err = mrv("sample", tiny.folder, *DRAW[:-1], "2022-01-03")
    assert status == 2
    assert "error[sample.beacon-early]" in err
    assert sorted(there(tiny.folder)) == ["frame.json", "frame_strata.tif"]


def test_a_plan_that_says_no_classes_is_refused_before_anything_long(tiny, stand, mrv):
    tiny.set_plan({"reference": ...})
    status, _, err = mrv("sample", tiny.folder, "--n", 90)
    assert status == 2
    assert "error[sample.classes]" in err
    assert stand.asked == 0


@pytest.mark.parametrize("words", [(), ("--n", "90", "--beacon", "x"), ("--n", "0"), ("--n", "90", "--allocation", "best")])
def test_the_parser_asks_for_one_step(tiny, mrv, words):
    with pytest.raises(SystemExit) as caught:
        mrv("sample", tiny.folder, *words)
    assert caught.value.code == 2


def test_what_is_expected_is_written_into_the_frame(tiny, stand, mrv):
    words = ("--n", 90, "--floor", 20, "--expect", "tree-cover loss=0.7", "--max-missing", 5, "--first-year", 2018)
    assert mrv("sample", tiny.folder, *words)[0] == 0
    frame = json.loads((tiny.folder / "frame.json").read_bytes())
    assert frame["allocation"]["expected"]["tree-cover loss"] == "0.7"
    assert frame["non_response"] == {"max_percent": 5, "rule": "missing at random within the stratum"}
    assert frame["label_years"] == [2018, 2019, 2020, 2021]


def test_a_full_disk_leaves_nothing_half_written(tiny, stand, mrv, monkeypatch):
    write, seen = sampling.write_whole, []

    def full(path, data):
        seen.append(path)
        if len(seen) == 2:
            raise StoreError("the disk is full", code="store.full", file=path, hint="free space")
        write(path, data)

    monkeypatch.setattr(sampling, "write_whole", full)
    status, _, err = mrv("sample", tiny.folder, "--n", 90, "--floor", 20)
    assert status == 2
    assert "error[store.full]" in err
    assert there(tiny.folder) == {}
    assert not list(tiny.folder.glob(".partial-*"))


def test_chips_without_scenes_are_refused(tiny, stand, mrv):
    assert mrv("sample", tiny.folder, "--n", 90, "--floor", 20)[0] == 0
    status, _, err = mrv("sample", tiny.folder, *DRAW, "--chips")
    assert status == 2
    assert "error[sample.chips]" in err
    assert sorted(there(tiny.folder)) == ["frame.json", "frame_strata.tif"]


@pytest.mark.filterwarnings("default:.*:DeprecationWarning")
def test_through_the_detector_with_pictures(tiny, mrv):
    tiny.set_plan({"reference": REFERENCE})
    status, _, err = mrv("sample", tiny.folder, "--n", 90, "--floor", 20)
    assert status == 0, err
    frame = json.loads((tiny.folder / "frame.json").read_bytes())
    assert next(row["units"] for row in frame["strata"] if row["code"] == LOSS) == 25 + 12
    status, _, err = mrv("sample", tiny.folder, *DRAW, "--chips")
    assert status == 0, err
    chips = sorted(path.name for path in (tiny.folder / "chips").iterdir())
    assert chips == sorted([*(f"{row['unit']}.png" for row in rows_of(tiny.folder)), "legend.txt"])
    assert "left to right: 2019 (" in (tiny.folder / "chips" / "legend.txt").read_text()


def test_help_imports_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys\nfrom mrv.cli import main\n"
        "try:\n main(['sample', '--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'pydantic', 'rasterio', 'dask', 'rich') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
