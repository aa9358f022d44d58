"""Simulated worlds: a landscape whose truth is known to the pixel, and everything a project would bring to a verifier.

    world = make_world(Scenario(kind="mangrove", size_px=60), seed=7)
    write_project(world, folder)              # plan, boundary, rasters with STAC, plots, trees, claim inputs, truth.json
    interpret(folder, world, beacon="…")      # frame on the detector's map, draw, labels from the truth
    truth(world)                              # what the verifier should have found

``scenario`` is the climate and the people (``nature`` draws its true factors), ``world`` what happened, ``truth`` its areas
and tonnes; ``scenes`` and ``rasters`` are what satellites saw, ``ground``, ``trees`` and ``labels`` what people measured,
``claims`` what the project says; ``folder`` writes it down.  All random numbers come from ``dice``: the same seed gives the
same bytes.  Every output says that it is simulated.
"""

from mrv.simulate.claims import Claims
from mrv.simulate.folder import Parts, Written, interpret, simulate, truth_json, usual_size, write_project
from mrv.simulate.ground import PlotDesign, plot_tables
from mrv.simulate.labels import Interpreter
from mrv.simulate.nature import drawn_nature
from mrv.simulate.plan_text import PlanChoices
from mrv.simulate.scenario import Scenario, forest_scenario
from mrv.simulate.truth import YearTruth, co2e_kg, counterfactual, mean_agb_kg_ha, truth
from mrv.simulate.world import World, make_world

__all__ = [
    "Claims",
    "Interpreter",
    "Parts",
    "PlanChoices",
    "PlotDesign",
    "Scenario",
    "World",
    "Written",
    "YearTruth",
    "co2e_kg",
    "counterfactual",
    "drawn_nature",
    "forest_scenario",
    "interpret",
    "make_world",
    "mean_agb_kg_ha",
    "plot_tables",
    "simulate",
    "truth",
    "truth_json",
    "usual_size",
    "write_project",
]
