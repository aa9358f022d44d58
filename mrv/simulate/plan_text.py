"""``plan.toml`` and ``settings.toml`` of a made project, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mrv.simulate.labels import classes
from mrv.simulate.rasters import RADAR, SECOND, SOURCES
from mrv.simulate.scenario import MARGIN_PX
from mrv.simulate.scenes import BANDS
from mrv.simulate.world import RES_M

if TYPE_CHECKING:
    from mrv.simulate.world import World

NAMES = {
    "mangrove": ("simulated-delta", "Delta mangrove conservation and restoration (simulated)", "TZ"),
    "forest": ("simulated-forest", "Inland forest conservation (simulated)", "PE"),
}
"""Identifier, name and country of the made projects."""


@dataclass(frozen=True, slots=True)
class PlanChoices:
    """What of the plan is chosen, not given by the world."""

    reference: bool = True
    """Estimate areas from an interpreted sample."""
    plots: bool = True
    """Measure biomass by plots."""
    soil: bool = True
    """Count soil carbon, where the world is a mangrove."""
    programme: Literal["ipcc-only", "art-trees-2.0", "vm0033-2.1", "ar-tool14"] | None = None
    """Crediting programme; None: VM0033 for mangrove, ART TREES for forest."""
    interval: Literal["score", "wilson", "logit"] = "score"
    """Interval of areas that is signed."""
    detector: Literal["harmonic-monitor/1", "matched-step/1"] = "harmonic-monitor/1"
    """Change detector."""
    high_percent: int | None = None
    """Confidence that splits the strata of loss, %; None: loss is one stratum."""
    expert: str | None = None
    """Interpreter of ``interpreters.csv`` whose readings are held true."""
    draws: int = 10_000
    """Monte Carlo draws."""
    evidence: tuple[Literal["optical", "radar"], ...] = ()
    """Sensors that ``bayes-fusion/1`` combines in the place of ``detector``; none: that one, on the optical scenes."""
    merge: Literal["hls-bandpass/1", "none"] | None = None
    """Make one series of both optical sensors, harmonised or not; None reads the first alone."""
    claimed_t: tuple[int, ...] = ()
    """Claimed in each vintage of the project, in order, t CO2e; nothing where it ends."""
    name: str | None = None
    """Name a person reads; it ends with "(simulated)" whatever is given."""
    id: str | None = None
    """Project id."""
    store: str = ".cache/mrv/store"
    """Where fetched pixels go."""


def plan_toml(world: World, choices: PlanChoices) -> str:
    """The plan of a made project.

    Args:
        world: The world.
        choices: What of the plan is chosen.
    """
    parts = [
        _project(world, choices),
        _grid(world),
        _sources(world, choices),
        _fusion(choices) if choices.evidence else _method(world, choices),
        _reference(world, choices) if choices.reference else "",
        _biomass(world) if choices.plots else "",
        _pools(world, choices),
        _factors(world, choices),
        f'[random]\ngenerator = "philox4x64/1"\ndraws = {choices.draws}\n',
        f'[programme]\nid = "{choices.programme or _PROGRAMMES[world.scenario.kind]}"\n',
        _claim(world, choices),
    ]
    return "\n".join(part for part in parts if part)


def project_id(world: World, choices: PlanChoices) -> str:
    """Identifier of the project."""
    return choices.id or NAMES[world.scenario.kind][0]


def settings_toml(choices: PlanChoices) -> str:
    """Settings of a made project: every source is in the built catalog."""
    roles = [*SOURCES, *(["radar"] if "radar" in choices.evidence else []), *(["optical-2"] if choices.merge else [])]
    addresses = "\n".join(f'{role} = "build/catalog.json"' for role in roles)
    return (
        "# Addresses and machinery: nothing here can change the answer.\n"
        f'store = "{choices.store}"\nwhere = "none"\n\n[sources]\n{addresses}\n'
    )


FACTOR_TABLE = "simulated"
"""Table of factors that are true in made worlds, and nowhere else."""
_DENSE = 8
_PROGRAMMES = {"mangrove": "vm0033-2.1", "forest": "art-trees-2.0"}


def _project(world: World, choices: PlanChoices) -> str:
    s = world.scenario
    _, name, country = NAMES[s.kind]
    told = choices.name or name
    if "(simulated)" not in told:
        told = f"{told} (simulated)"
    return f"""# Simulated: drawn from seed {world.seed} by mrv simulate. No such place, no such forest, no such credit.
schema = "mrv.plan/1"

[project]
id = "{project_id(world, choices)}"
name = "{told}"
country = "{country}"
start = {s.start}
kind = "{s.kind}"
simulated = true

[project.forest]
min_area_ha = 0.05
min_cover_percent = 30
min_height_m = 2
minimum_mapping_unit_px = 3
unstocking_rule = "simulated: cleared land that is forest again within the period is loss and then gain"
"""


def _grid(world: World) -> str:
    x, y = world.corner
    return f"""[grid]
crs = "{world.crs}"
resolution_m = {RES_M}
anchor_x = {x}
anchor_y = {y}
margin_px = {MARGIN_PX}
area_formula = "authalic-shoelace/1"
"""


def _sources(world: World, choices: PlanChoices) -> str:
    bands = ", ".join(f'{role} = "{key}"' for role, key in BANDS.items())
    platform = 'sensor = "platform"\n' if choices.merge == "hls-bandpass/1" else ""

    def optical(name: str, collection: str) -> str:
        return f"""[[sources]]
id = "{name}"
role = "optical"
collection = "{collection}"
bands = {{ {bands} }}
{platform}
[sources.radiometry]
scale = 0.0001

"""

    sensors = {
        "optical": optical("optical", SOURCES["optical"]),
        "optical-2": optical("optical-2", SECOND),
        "radar": f"""[[sources]]
id = "radar"
role = "radar"
collection = "{RADAR}"
bands = {{ vv = "vv" }}

[sources.radar]
quantity = "gamma0-power"
speckle_window_px = 3

""",
    }
    read: tuple[str, ...] = choices.evidence or (("optical", "optical-2") if choices.merge else ("optical",))
    text = "".join(sensors[name] for name in read)
    text += f"""[[sources]]
id = "tree-cover"
role = "tree-cover"
collection = "{SOURCES["tree-cover"]}"
bands = {{ tree_cover = "tcd" }}
"""
    if world.scenario.biomass_map:
        text += f"""
[[sources]]
id = "biomass"
role = "biomass"
collection = "{SOURCES["biomass"]}"
bands = {{ agb = "agb" }}

[sources.biomass]
scale = 0.1
"""
    return text


_OBSERVATION = """[method.observation]
# Scene classification: no data, saturated, cloud shadow, cloud (medium, high), cirrus, snow.
masked_classes = [0, 1, 3, 8, 9, 10, 11]
dilation_px = 1
season_start_doy = 1
season_end_doy = 366
min_clear_percent = 40
max_shift = 1500
max_gap_days = 240
min_record_years = 3
"""
_RECORD = "[method.record]\nmax_gap_days = 240\nmin_record_years = 3\n"
_RADAR = "[method.radar]\nmin_seen_percent = 90\nmax_shift_db = 3\n"
_EVIDENCE = {"optical": ("ndvi", "reiche-2018.ndvi"), "radar": ("vv", "reiche-2018.vv")}


def _fusion(choices: PlanChoices) -> str:
    entries = "\n".join(
        f'[[method.change.evidence]]\nsource = "{name}"\nindex = "{_EVIDENCE[name][0]}"\ndensity = "{_EVIDENCE[name][1]}"\n'
        for name in choices.evidence
    )
    return f"""{_OBSERVATION if "optical" in choices.evidence else _RECORD}
{_RADAR if "radar" in choices.evidence else ""}
[method.change]
detector = "bayes-fusion/1"
chi = 0.975
min_history = 5

{entries}
[method.activity]
buffer_px = 2
{_split(choices)}"""


def _method(world: World, choices: PlanChoices) -> str:
    merge = f'merge = {{ harmonise = "{choices.merge}", same_day = "mean-of-clear/1" }}\n' if choices.merge else ""
    return f"""{_OBSERVATION}{merge}
[method.change]
{_change(world, choices)}
[method.activity]
buffer_px = 2
{_split(choices)}"""


def _split(choices: PlanChoices) -> str:
    return "" if choices.high_percent is None else f"confidence = {{ high_percent = {choices.high_percent} }}\n"


def _change(world: World, choices: PlanChoices) -> str:
    if choices.detector == "matched-step/1":
        bands = ", ".join(f'"{role}"' for role in BANDS if role != "classification")
        return f'detector = "matched-step/1"\nbands = [{bands}]\n'
    few = world.scenario.history_years * world.scenario.scenes_per_year < 18
    return f"""detector = "harmonic-monitor/1"
index = "ndvi"
harmonics = {0 if few else 1}
observations_per_coefficient = {3 if few else 5}
refit_yearly = true
min_history = 5
threshold_sigma = 3
sigma_floor = 600
consecutive = {3 if world.scenario.scenes_per_year >= _DENSE else 2}
"""


def _reference(world: World, choices: PlanChoices) -> str:
    rows = "\n".join(f'{label} = "{role}"' for label, role in classes(world.scenario).items())
    expert = "" if choices.expert is None else f'expert = "{choices.expert}"\n'
    return f"""[reference]
interval = "{choices.interval}"
response_design = "simulated interpreter: the state of one pixel at the end of each year"
{expert}
[reference.classes]
{rows}
"""


def _biomass(world: World) -> str:
    if world.scenario.kind == "mangrove":
        equations = 'above_ground = "komiyama-2005-above"'
    else:
        equations = 'above_ground = "chave-2014-eq4"'
    estimator = "difference" if world.scenario.biomass_map else "expansion"
    return f'[biomass]\ndesign = "probability"\n{equations}\nestimator = "{estimator}"\n'


def _pools(world: World, choices: PlanChoices) -> str:
    pools = {"above-ground biomass": "plots" if choices.plots else "factor", "below-ground biomass": "root-shoot"}
    text = ""
    if counts_soil(world, choices):
        pools["soil organic carbon"] = "vm0033-default"
        text = "\n[soil]\ncover_percent = 80\norganic = true\n"
    return "\n".join(f'[[pools]]\npool = "{pool}"\nmethod = "{method}"\n' for pool, method in pools.items()) + text


def counts_soil(world: World, choices: PlanChoices) -> bool:
    """Whether the plan counts soil carbon."""
    return choices.soil and world.scenario.kind == "mangrove"


def _factors(world: World, choices: PlanChoices) -> str:
    kind = world.scenario.kind
    ids = {
        "agb": f"agb.{kind}", "root_shoot": f"root-shoot.{kind}", "carbon_fraction": f"carbon-fraction.{kind}",
        "after_biomass": f"biomass-after.{kind}", "after_carbon_fraction": f"carbon-fraction.{kind}",
    } | ({"soil_accumulation": "soil-accumulation.mangrove"} if counts_soil(world, choices) else {})  # fmt: skip
    rows = "\n".join(f'{role} = "{factor}"' for role, factor in ids.items())
    intensities = ["moderate", *(["heavy"] if world.scenario.heavy_percent else [])]
    degradation = ", ".join(f'{name} = "degraded.{name}"' for name in intensities)
    return f"""[factors]
table = "{FACTOR_TABLE}"
{rows}
degradation = {{ {degradation} }}
ceiling_t_co2e_ha_yr = 60
"""


def _claim(world: World, choices: PlanChoices) -> str:
    s = world.scenario
    claimed = [*choices.claimed_t, *([0] * len(s.project))]
    vintages = ", ".join(f"{year} = {tonnes}" for year, tonnes in zip(s.project, claimed, strict=False))
    return f"""[[claim]]
period = "{s.start.year}-{s.end.year}"
start = {s.start}
end = {s.end}
vintages = {{ {vintages} }}
assurance = "limited"
"""
