"""The mangrove dossier's builder, on made-up inputs and, where it is there, on the published data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import gmw_densities
import gmw_dossier
import make
import numpy as np
import pystac
import pytest
import rasterio
from rasterio.transform import Affine

from mrv.errors import MRVError
from mrv.plan import load_plan

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "data-samples"
DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(
    not (DATA / gmw_dossier.RASTER).is_file(), reason="the published data (third parties') are not beside this checkout"
)


def write_plots(folder: Path, trees: list[tuple[str, str, str, float]], transects: int = 3) -> None:
    """Transects of two plots; trees as (transect_plot, status, radius, t/ha)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / gmw_densities.PLOTS).open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["site_id", "transect_id", "plot_id"])
        rows.writerows(["A", t, p] for t in range(1, transects + 1) for p in (1, 2))
    with (folder / gmw_densities.PLANTS).open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        columns = [column for column, _ in gmw_densities.COLUMNS.values()]
        rows.writerow(["site_id", "plot_id", "alive_or_dead", "plot_radius", *columns])
        rows.writerows(["A", plot, status, radius, *[value] * len(columns)] for plot, status, radius, value in trees)


@pytest.fixture
def source(tmp_path):
    home = tmp_path / "published"
    (home / gmw_dossier.MAPS / "maps").mkdir(parents=True)
    stack = np.random.default_rng(1).integers(0, 3, (11, 40, 50)).astype(np.uint8)
    profile = {
        "driver": "GTiff", "width": 50, "height": 40, "count": 11, "dtype": "uint8", "crs": "EPSG:4326", "nodata": 0,
        "transform": Affine(0.0002, 0, 117.4, 0, -0.0002, -0.4),
    }  # fmt: skip
    with rasterio.open(home / gmw_dossier.RASTER, "w", **profile) as dst:
        dst.write(stack)
        dst.descriptions = tuple(map(str, gmw_dossier.YEARS))
    write_plots(home / gmw_dossier.PLOT_DATA, [("1_1", "alive", "7", 60.0), ("2_2", "alive", "7", 120.0)])
    return home, stack


def build(source: Path, out: Path, *more: str) -> int:
    return make.main(["gmw", "--from", str(source), "--out", str(out), *more])


def test_one_item_an_epoch_with_the_pixels_unchanged(source, tmp_path, capsys):
    home, stack = source
    out = tmp_path / "build"
    assert build(home, out) == 0
    assert "11 scenes" in capsys.readouterr().out
    catalog = pystac.read_file(str(out / "catalog.json"))
    items = sorted(catalog.get_items(recursive=True), key=lambda item: item.datetime)
    assert [item.datetime.year for item in items] == list(gmw_dossier.YEARS)
    for band, item in enumerate(items):
        href = item.assets["extent"].get_absolute_href()
        with rasterio.open(href) as raster:
            assert (raster.read(1) == stack[band]).all()
            assert raster.crs.to_epsg() == 4326
            assert raster.transform == Affine(0.0002, 0, 117.4, 0, -0.0002, -0.4)
        assert item.assets["extent"].extra_fields["file:size"] == Path(href).stat().st_size


def test_two_runs_give_the_same_bytes_and_a_current_folder_is_left(source, tmp_path, capsys):
    home, _ = source
    one, two = tmp_path / "one", tmp_path / "two"
    assert build(home, one) == build(home, two) == 0
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)
    capsys.readouterr()
    assert build(home, one) == 0
    assert "up to date" in capsys.readouterr().out


def test_changed_inputs_rebuild(source, tmp_path, capsys):
    home, _ = source
    assert build(home, tmp_path / "out") == 0
    write_plots(home / gmw_dossier.PLOT_DATA, [("1_1", "alive", "7", 61.0)])
    capsys.readouterr()
    assert build(home, tmp_path / "out") == 0
    assert capsys.readouterr().out.startswith("built")


@pytest.mark.parametrize("name", gmw_dossier.INPUTS)
def test_a_missing_input_is_named(source, tmp_path, capsys, name):
    home, _ = source
    (home / name).unlink()
    assert build(home, tmp_path / "out") == 2
    told = capsys.readouterr().err
    assert name in told
    assert "hint:" in told
    assert not (tmp_path / "out").exists()


def test_a_raster_of_other_epochs_is_refused(source, tmp_path, capsys):
    home, _ = source
    with rasterio.open(home / gmw_dossier.RASTER, "r+") as raster:
        raster.descriptions = tuple(map(str, range(1990, 2001)))
    assert build(home, tmp_path / "out") == 2
    assert "bands are" in capsys.readouterr().err


def test_a_folder_of_somebody_else_is_not_replaced(source, tmp_path, capsys):
    home, _ = source
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    assert build(home, tmp_path / "mine") == 2
    assert "did not make" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["gmw"], ["romania", "--from", "x"], ["gmw", "--from", "x", "--only-until", "2018-01-01"]])
def test_arguments_that_do_not_go_together_are_refused(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        make.main(argv)
    assert caught.value.code == 2
    assert "--from" in capsys.readouterr().err


# ── densities ────────────────────────────────────────────────────────────────


def test_means_are_of_transects_and_empty_plots_count(tmp_path):
    write_plots(tmp_path, [("1_1", "alive", "7", 60.0), ("1_1", "alive", "7", 60.0), ("2_2", "alive", "7", 120.0)])
    found = gmw_densities.densities(tmp_path)["agb"]
    assert (found.transects, found.plots) == (3, 6)
    assert found.mean_t_ha == pytest.approx(40.0)  # transects 60, 60, 0
    assert found.se_t_ha == pytest.approx(20.0)
    assert found.se_plots_t_ha == pytest.approx(25.2982)


def test_the_dead_and_saplings_do_not_count(tmp_path):
    write_plots(tmp_path, [("1_1", "alive", "7", 60.0), ("1_2", "dead", "7", 500.0), ("2_1", "NA", "2", 500.0)])
    assert gmw_densities.densities(tmp_path)["agb"].mean_t_ha == pytest.approx(10.0)


def test_a_tree_without_its_plot_is_refused(tmp_path):
    write_plots(tmp_path, [("9_1", "alive", "7", 60.0)])
    with pytest.raises(MRVError) as caught:
        gmw_densities.densities(tmp_path)
    assert caught.value.error_code == "samples.plots"


def test_transects_of_unequal_size_are_refused(tmp_path):
    write_plots(tmp_path, [("1_1", "alive", "7", 60.0)])
    with (tmp_path / gmw_densities.PLOTS).open("a", encoding="utf-8") as file:
        file.write("A,3,3\r\n")
    with pytest.raises(MRVError, match="differ in size"):
        gmw_densities.densities(tmp_path)


@needs_data
def test_cifuentes_2024_plot_means():
    """89.9 and 122.9 Mg/ha over 140 plots (science.md §2); between transects the error is half as large again."""
    found = gmw_densities.densities(DATA / gmw_dossier.PLOT_DATA)
    assert round(found["agb"].mean_t_ha, 1) == 89.9
    assert round(found["agb_komiyama"].mean_t_ha, 1) == 122.9
    assert (found["agb"].transects, found["agb"].plots) == (28, 140)
    assert found["agb"].se_t_ha == pytest.approx(6.957, abs=0.001)
    assert found["agb"].se_t_ha > 1.5 * found["agb"].se_plots_t_ha


@needs_data
def test_the_committed_plan_says_what_the_data_say():
    """Grid of the raster, borrowed mean, window inside; and no claim."""
    plan = load_plan(SAMPLES / "gmw" / "plan.toml")
    with rasterio.open(DATA / gmw_dossier.RASTER) as raster:
        assert float(plan.grid.resolution) == raster.transform.a
        assert (float(plan.grid.anchor_x), float(plan.grid.anchor_y)) == (raster.transform.c, raster.transform.f)
        bounds = raster.bounds
    mean = gmw_densities.densities(DATA / gmw_dossier.PLOT_DATA)["agb"].mean_t_ha
    assert [float(value) for value in plan.factors.overrides.values()] == [round(mean, 1)]
    ring = json.loads((SAMPLES / "gmw" / "boundary.geojson").read_text())["geometry"]["coordinates"][0]
    lons, lats = zip(*ring, strict=True)
    assert bounds.left < min(lons)
    assert max(lons) < bounds.right
    assert bounds.bottom < min(lats)
    assert max(lats) < bounds.top
    assert set(plan.claim[0].vintages.values()) == {0}


# ── the dossier, computed ────────────────────────────────────────────────────


@needs_data
def test_the_dossier_through_the_pipeline(tmp_path):
    """Areas against the raster read by hand, tonnes by hand, nothing issuable, a disclaimer."""
    from mrv.areas import pixel_areas_mm2
    from mrv.grid import grid_for
    from mrv.pipeline import compute
    from mrv.project import load_project
    from mrv.run import fetch_scenes, read_fetched, search_scenes
    from mrv.sources.store import Store

    home = tmp_path / "gmw"
    home.mkdir()
    for name in ("plan.toml", "boundary.geojson", "settings.toml"):
        (home / name).write_bytes((SAMPLES / "gmw" / name).read_bytes())
    assert build(DATA, home / "build") == 0
    project = load_project(home)
    plan, claim = project.plan, project.plan.claim_for(None)
    fetched = read_fetched(fetch_scenes(project, search_scenes(project, claim)))
    statement = compute(plan, claim, project.boundary, fetched.scenes, store=Store(project.store_folder)).statement

    with rasterio.open(DATA / gmw_dossier.RASTER) as raster:
        maps = {year: raster.read(gmw_dossier.YEARS.index(year) + 1) for year in range(2015, 2020)}
        grid = grid_for(plan.grid, project.boundary)
        rows, cols = (
            round((a - b) / raster.transform.a)
            for a, b in ((raster.transform.f, grid.affine.f), (grid.affine.c, raster.transform.c))
        )
    cut = {year: values[rows : rows + grid.shape[0], cols : cols + grid.shape[1]] for year, values in maps.items()}
    sizes = pixel_areas_mm2(grid)
    # Forest through 2017 as its neighbours in time hold it, then gone in 2018 and still in 2019, or gone in 2019.
    state = np.where((cut[2016] != cut[2015]) & (cut[2017] == cut[2015]), cut[2015], cut[2016])
    state = np.where((cut[2017] != state) & (cut[2018] == state), state, cut[2017])
    west, south, east, north = project.boundary.geometry.bounds
    lon = grid.affine.c + grid.affine.a * (np.arange(grid.shape[1]) + 0.5)
    lat = grid.affine.f + grid.affine.e * (np.arange(grid.shape[0]) + 0.5)
    whole = ((lat > south) & (lat < north))[:, None] & ((lon > west) & (lon < east))[None, :]
    lost = {
        2018: whole & (state == 1) & (cut[2018] == 2) & (cut[2019] == 2),
        2019: whole & (state == 1) & (cut[2018] == 1) & (cut[2019] == 2),
    }
    told = {row.year: row.area_m2 for row in statement.activity.loss}
    assert told == {year: round(int(sizes[mask].sum()) / 1e6) for year, mask in lost.items()}

    density = 89.9 * 0.451 * (1 + 0.49) * 44 / 12
    total = sum(row.project_emissions_kg for row in statement.quantities.vintages)
    assert total == pytest.approx(sum(told.values()) / 1e4 * density * 1e3, abs=10)
    assert statement.quantities.issuable_t == 0
    assert statement.conclusion.computed == "disclaimer"
    assert statement.activity.label == "mapped area, not an estimate"


@needs_data
@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("anchor_x = 117.4162570470638", "anchor_x = 117.4163681581749"),  # half a pixel
        ("resolution_deg = 0.000222222222222", "resolution_deg = 0.0002222"),  # a tenth of a pixel over the window
    ],
)
def test_a_geographic_grid_that_is_not_the_maps_is_refused(tmp_path, line, wrong):
    from mrv.project import load_project
    from mrv.run import fetch_scenes, search_scenes

    home = tmp_path / "gmw"
    home.mkdir()
    for name in ("plan.toml", "boundary.geojson", "settings.toml"):
        text = (SAMPLES / "gmw" / name).read_text(encoding="utf-8")
        (home / name).write_text(text.replace(line, wrong), encoding="utf-8")
    assert build(DATA, home / "build") == 0
    project = load_project(home)
    with pytest.raises(MRVError) as caught:
        fetch_scenes(project, search_scenes(project, project.plan.claim_for(None)))
    assert caught.value.error_code == "source.grid"
    assert "resolution_deg" in caught.value.hint
