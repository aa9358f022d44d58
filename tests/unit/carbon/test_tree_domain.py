from __future__ import annotations

from fractions import Fraction

import pytest
from support.forest_plots import made, number, shared_rows

from mrv.carbon.allometry import equation
from mrv.carbon.tree_domain import SLENDER, domain_findings, refuse_wrong_unit
from mrv.errors import PlanError

EQ4, MANGROVE = equation("chave-2014-eq4"), equation("chave-2005-mangrove")
PLOTS = [{}, {"plot": "p2", "cluster": "c2", "positional_error_m": ""}]


def stand(dbh, height, *, scale="1"):
    """Trees with diameters in cm, or in another unit by ``scale``."""
    rows = [
        {"tree": index, "dbh_cm": f"{float(Fraction(d) * Fraction(scale)):.4f}", "height_m": h}
        for index, (d, h) in enumerate(zip(dbh, height, strict=True))
    ]
    return made(PLOTS, rows).trees


DBH = [str(value) for value in range(10, 40)]
HEIGHT = [f"{3.3 * float(d) ** 0.6:.2f}" for d in DBH]


def test_diameters_in_inches_are_refused_by_their_heights():
    refuse_wrong_unit(stand(DBH, HEIGHT), EQ4)
    with pytest.raises(PlanError) as caught:
        refuse_wrong_unit(stand(DBH, HEIGHT, scale="50/127"), EQ4)
    assert caught.value.error_code == "plots.dbh-unit"
    assert "inch" in str(caught.value.hint)


def test_diameters_in_inches_are_refused_by_the_equations_range():
    small = [str(5 + value / 10) for value in range(30)]
    refuse_wrong_unit(stand(small, [""] * 30), MANGROVE)
    with pytest.raises(PlanError) as caught:
        refuse_wrong_unit(stand(small, [""] * 30, scale="50/127"), MANGROVE)
    assert caught.value.error_code == "plots.dbh-unit"


def test_diameters_in_millimetres_are_refused():
    with pytest.raises(PlanError) as caught:
        refuse_wrong_unit(stand(DBH, [""] * 30, scale="10"), MANGROVE)
    assert caught.value.error_code == "plots.dbh-unit"


def test_the_rule_cannot_see_stout_trees_in_inches_without_heights():
    refuse_wrong_unit(stand(DBH, [""] * 30, scale="50/127"), MANGROVE)


def test_no_harvested_site_is_refused_and_half_of_them_would_be_in_inches():
    sites: dict[str, list[float]] = {}
    for row in shared_rows("chave2014-harvest", "Allometry-database-2012m_data.csv"):
        dbh, height = number(row["Trunk.diameter..cm."]), number(row["Total.height..m."])
        if dbh >= 5 and height > 0 and number(row["Dry.total.AGB..kg."]) > 0 and number(row["Wood.specific.gravity"]) > 0:
            sites.setdefault(row["Locality"], []).append(height / dbh**0.6)
    medians = [sorted(own)[len(own) // 2] for own in sites.values()]
    assert len(medians) == 58
    assert max(medians) < float(SLENDER)
    caught = sum(median * 2.54**0.6 > float(SLENDER) for median in medians) / 58
    assert 0.5 < caught < 0.75


def codes(inventory, *equations, **options):
    return {(finding.code, finding.item) for finding in domain_findings(inventory, equations, **options)}


def test_trees_outside_the_domain_are_listed():
    got = made(PLOTS, [{}, {"tree": "7", "dbh_cm": "48.2"}, {"tree": "8", "dbh_cm": "3"}, {"tree": "9", "height_m": "80"}])
    found = {finding.code: finding for finding in domain_findings(got, [MANGROVE])}
    assert found["allometry.dbh-domain"].item == "chave-2005-mangrove"
    assert "2 of 4 trees outside 5 to 42: p1/1/7 (48.2), p1/1/8 (3)" in found["allometry.dbh-domain"].value
    (height,) = (finding for finding in domain_findings(got, [EQ4]) if finding.code == "allometry.height-domain")
    assert "p1/1/9 (80)" in height.value
    assert ("allometry.dbh-domain", "chave-2014-eq4") in codes(got, EQ4)
    assert ("allometry.dbh-domain", "chave-2014-eq4") not in codes(made(PLOTS, [{}]), EQ4)


def test_what_is_not_known_of_an_equation_is_said():
    got = made(PLOTS, [{}])
    assert ("allometry.unverified", "comley-2005-avicennia-marina-above") in codes(
        got, equation("comley-2005-avicennia-marina-above")
    )
    below = codes(got, equation("komiyama-2005-below"))
    for code in ("allometry.rse-unknown", "allometry.covariance-unknown", "allometry.site-unknown"):
        assert (code, "komiyama-2005-below") in below
    assert not {item for code, item in codes(got, EQ4) if item == "chave-2014-eq4"}


def test_region_and_group_are_compared():
    got = made(PLOTS, [{}])
    assert ("allometry.region", "komiyama-2005-above") in codes(got, equation("komiyama-2005-above"), region="Americas")
    assert ("allometry.region", "chave-2005-mangrove") not in codes(got, MANGROVE, region="Americas")
    assert ("allometry.region", "chave-2014-eq4") not in codes(got, EQ4, region="Americas")
    assert ("allometry.group", "chave-2014-eq4") in codes(got, EQ4, group="mangrove")


def test_dead_stems_and_unknown_positions_are_counted():
    found = {f.code: f.value for f in domain_findings(made(PLOTS, [{}, {"tree": "2", "status": "dead"}]), [EQ4])}
    assert found["plots.dead"].startswith("1 dead")
    assert found["plots.position"] == "not stated for 1 of 2 visits"


def test_an_equation_of_one_species_on_others_is_said():
    own = equation("comley-2005-avicennia-marina-above")
    got = made(PLOTS, [{"species": "Avicennia marina"}, {"tree": "2"}])
    (finding,) = (f for f in domain_findings(got, [own]) if f.code == "allometry.species")
    assert finding.value == "made for Avicennia marina, applied to 1 of 2 trees of other species: Rhizophora mangle"
    assert ("allometry.species", own.id) not in codes(made(PLOTS, [{"species": "Avicennia marina"}]), own)
    assert ("allometry.species", EQ4.id) not in codes(got, EQ4)
