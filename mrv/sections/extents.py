"""Extent sections: the publisher's maps beside what was made of them; where the plan asks for it."""

from typing import Literal, get_args

from mrv.sections import Count, Section, Text

LossKind = Literal["shore erosion", "compact, straight-edged loss", "other loss"]
GainKind = Literal["shore accretion", "other gain"]
Kind = LossKind | GainKind
LOSS_KINDS: tuple[LossKind, ...] = get_args(LossKind)
GAIN_KINDS: tuple[GainKind, ...] = get_args(GainKind)
"""In the order of their codes in the map of kinds, from 1 on."""


class EpochArea(Section):
    """Forest of the project in one map."""

    year: Count
    """Year that the map describes."""
    version: Text | None
    """Version of the algorithm that made it; null where nobody states any."""
    mapped_pixels: Count
    """Forest as the map came, pixels."""
    mapped_m2: Count
    """The same, m²."""
    followed_pixels: Count
    """Forest in the map that change was read from, pixels."""
    followed_m2: Count
    """The same, m²."""


class YearOfChange(Section):
    """Change mapped in one year: of forest at the project's start lost, and of other land gained."""

    year: Count
    """Year of the first map that shows it."""
    loss_pixels: Count
    """Loss, pixels."""
    loss_m2: Count
    """Loss, m²."""
    gain_pixels: Count
    """Gain that a later map holds, pixels."""
    gain_m2: Count
    """Gain, m²."""


class PendingChange(Section):
    """What the last maps show against the state that is believed: it is not counted."""

    loss_pixels: Count
    """Forest that they show as other land, pixels."""
    loss_m2: Count
    """The same, m²."""
    gain_pixels: Count
    """Other land that they show as forest, pixels."""
    gain_m2: Count
    """The same, m²."""


class EdgeRing(Section):
    """A ring along the edge of the forest, in the whole window."""

    forest_pixels: Count
    """Forest of the earlier map."""
    lost_pixels: Count
    """Other land there in the later one."""
    other_pixels: Count
    """Other land of the earlier map."""
    gained_pixels: Count
    """Forest there in the later one."""


class VersionStepRow(Section):
    """A change of version between two maps, measured along the edge."""

    year: Count
    """Year of the first map of the later version."""
    rings: list[EdgeRing]
    """Rings from the edge outwards and inwards, the nearest first."""
    width_px: Count
    """Rings that belong to the step: differences within them, without a core of change behind, are not counted."""


class KindArea(Section):
    """Change of one kind in one year, by the shape of its patches."""

    year: Count
    """Year of the first map that shows it."""
    kind: Kind
    """Which."""
    pixels: Count
    """Pixels."""
    m2: Count
    """Geodesic area, m²."""
    water_pixels: Count | None
    """Of them, what the map of that year classes as water; null where the maps class none."""


class ExtentsSection(Section):
    """Maps as they came and as they were followed. All areas are mapped, none is an estimate."""

    epochs: list[EpochArea]
    """Forest by map, in order."""
    as_mapped: list[YearOfChange]
    """Change by year as the same detector reads it from the maps as they came."""
    as_counted: list[YearOfChange]
    """Change by year that entered the strata."""
    pending: PendingChange
    """Seen at the end, and not counted."""
    version_steps: list[VersionStepRow]
    """Changes of version, in order; empty where all maps are of one."""
    restated_pixels: Count
    """Pixels of the project whose earlier maps were given the later version's edge."""
    restated_m2: Count
    """The same, m²."""
    kinds: list[KindArea]
    """Change as counted by year and kind; empty where kinds are not told apart."""
