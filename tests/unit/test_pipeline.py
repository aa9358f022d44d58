"""What the pipeline refuses: unseen is not unharmed, and one acquisition counts once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from support.run_tiny import fetch_tiny, run_tiny
from support.tiny_project import tiny_project

from mrv.errors import PlanError, SourceError


def clear_everything(tiny, since):
    """Fell the whole window: red rises, near infrared falls, in every scene from a day on."""
    import rasterio

    for day in tiny.days:
        if day >= since:
            for band, dn in (("B04", 1500), ("B08", 2200)):
                with rasterio.open(tiny.asset(day, band), "r+") as raster:
                    raster.write(np.full(raster.shape, dn, np.uint16), 1)


def test_a_forest_that_is_gone_is_not_reported_as_standing(tmp_path):
    """The screen leaves every scene after it out as a step of the whole forest; the period is then unobserved."""
    tiny = tiny_project(tmp_path, checksums=False)
    clear_everything(tiny, date(2021, 1, 1))
    with pytest.raises(SourceError) as caught:
        run_tiny(tiny)
    assert caught.value.error_code == "source.unobserved"
    assert "index step" in caught.value.message


def test_a_forest_that_goes_within_the_last_summer_is_not_reported_as_standing(tmp_path):
    """Either too few usable scenes are left of the year, or the steps in a row fail input integrity."""
    tiny = tiny_project(tmp_path, checksums=False)
    clear_everything(tiny, [day for day in tiny.days if day.year == 2021][-3])
    statement = run_tiny(tiny).result.statement
    assert {gate.id: gate.status for gate in statement.gates}["input integrity"] == "failed"


def test_a_year_without_scenes_is_refused(tmp_path):
    claim = {"claim.1.end": date(2023, 12, 31)}
    with pytest.raises(SourceError) as caught:
        run_tiny(tiny_project(tmp_path, plan=claim))
    assert caught.value.error_code == "source.unobserved"
    assert "2022" in caught.value.message


def test_one_acquisition_under_two_ids_is_refused(tmp_path):
    from mrv.pipeline import compute

    tiny = tiny_project(tmp_path)
    project, _, _, store, fetched = fetch_tiny(tiny)
    twin = replace(next(scene for scene in fetched.scenes if scene.source == "s2"), id="COPY")
    with pytest.raises(SourceError) as caught:
        compute(
            project.plan, project.plan.claim_for(None), project.boundary, [*fetched.scenes, twin], store=store, where="none"
        )
    assert caught.value.error_code == "source.same-day"
    assert "COPY" in str(caught.value)


def test_an_area_smaller_than_a_pixel_is_refused(tmp_path):
    tiny = tiny_project(tmp_path)
    west, south, _, _ = tiny.load().boundary.geometry.bounds
    ring = [[west + 1e-3, south + 1e-3], [west + 1.00001e-3, south + 1e-3], [west + 1e-3, south + 1.00001e-3]]
    value = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    (tiny.folder / "boundary.geojson").write_text(json.dumps(value))
    with pytest.raises((PlanError, SourceError)) as caught:
        run_tiny(tiny)
    assert caught.value.error_code == "boundary.empty"
