"""Soil carbon stock from cores: bulk density × carbon fraction × thickness, to a stated depth."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mrv.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("core", "cluster", "stratum", "top_cm", "bottom_cm", "bulk_density_g_cm3", "carbon_fraction")
"""Columns of ``soil_cores.csv``: one row a layer."""
DEPTH_CM = Fraction(100)
MINERAL_G_CM3 = Fraction("2.65")
"""Density of quartz: no dry soil is denser."""
FRACTION_MAX = Fraction("0.6")
"""More than any organic matter holds; a fraction above is a percentage."""
T_C_HA = 100
"""t C/ha in 1 g C/cm² ."""

Extension = Literal["deepest-layer"]


@dataclass(frozen=True, slots=True)
class Layer:
    """One increment of a core."""

    top_cm: Fraction
    """Upper depth, cm."""
    bottom_cm: Fraction
    """Lower depth, cm."""
    bulk_density_g_cm3: Fraction
    """Dry bulk density, g/cm³."""
    carbon_fraction: Fraction
    """Organic carbon, g C / g dry soil."""

    def t_c_ha(self, to_cm: Fraction) -> Fraction:
        """Carbon of the layer above a depth, t C/ha."""
        thickness = max(min(self.bottom_cm, to_cm) - self.top_cm, Fraction(0))
        return thickness * self.bulk_density_g_cm3 * self.carbon_fraction * T_C_HA


@dataclass(frozen=True, slots=True)
class Core:
    """One core."""

    name: str
    """Name, as its file has it."""
    cluster: str
    """Primary sampling unit."""
    stratum: str
    """Stratum."""
    layers: tuple[Layer, ...]
    """Its increments, from the surface down, without gap or overlap."""

    @property
    def depth_cm(self) -> Fraction:
        """How deep it was measured, cm."""
        return self.layers[-1].bottom_cm


@dataclass(frozen=True, slots=True)
class SoilStock:
    """Carbon of one core."""

    core: str
    """Core."""
    t_c_ha: Fraction
    """Carbon to ``depth_cm``, t C/ha, with what was extrapolated."""
    depth_cm: Fraction
    """Depth that the stock reaches, cm."""
    asked_cm: Fraction
    """Depth that was asked for, cm."""
    extrapolated_t_c_ha: Fraction
    """Part of the stock below the measured layers, t C/ha."""
    method: str
    """``measured``, or how it was extrapolated."""

    @property
    def complete(self) -> bool:
        """Whether it reaches the depth that was asked for; if not, it is a lower bound."""
        return self.depth_cm >= self.asked_cm

    @property
    def findings(self) -> tuple[tuple[str, str], ...]:
        """Code and value of what its reader should know."""
        if not self.complete:
            return (("soil.short-core", f"{self.core}: {float(self.depth_cm):g} of {float(self.asked_cm):g} cm"),)
        if self.extrapolated_t_c_ha:
            return (("soil.extrapolated", f"{self.core}: {float(self.extrapolated_t_c_ha):.1f} t C/ha by {self.method}"),)
        return ()


def core_stock(core: Core, *, to_cm: Fraction = DEPTH_CM, extend: Extension | None = None) -> SoilStock:
    """Carbon stock of a core to a depth; a core that is too short is not stretched unless a method is named.

    Args:
        core: The core.
        to_cm: Depth, cm; a layer that crosses it counts in part.
        extend: ``deepest-layer`` lets the density of the last layer go on; None stops where the core stops.

    Raises:
        PlanError: A depth that is not positive, or an unknown method.
    """
    if to_cm <= 0:
        raise PlanError(f"a stock to {float(to_cm):g} cm", code="soil.depth", field="to_cm", hint="a depth above 0")
    if extend not in {None, "deepest-layer"}:
        raise PlanError(f"no method {extend}", code="soil.extend", field="extend", hint="deepest-layer, or none")
    measured = sum((layer.t_c_ha(to_cm) for layer in core.layers), Fraction(0))
    missing = max(to_cm - core.depth_cm, Fraction(0))
    if extend is None or not missing:
        return SoilStock(core.name, measured, min(core.depth_cm, to_cm), to_cm, Fraction(0), "measured")
    last = core.layers[-1]
    more = missing * last.bulk_density_g_cm3 * last.carbon_fraction * T_C_HA
    return SoilStock(core.name, measured + more, to_cm, to_cm, more, extend)


def parse_cores(data: bytes, *, file: str = "soil_cores.csv") -> tuple[Core, ...]:
    """Cores of a project, sorted by name.

    Args:
        data: The file's bytes, UTF-8.
        file: Its name, for errors.

    Raises:
        PlanError: A missing column, a value that is not a number or outside its range, a layer that overlaps or leaves a gap,
            a core that does not start at the surface or is in two clusters or strata.
    """
    try:
        rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    except UnicodeDecodeError as error:
        raise PlanError("not UTF-8", code="soil.core", file=file, hint="save the table as UTF-8") from error
    if not rows or (missing := [name for name in COLUMNS if name not in rows[0]]):
        raise PlanError(f"no rows, or no column {missing[0] if rows else COLUMNS[0]}", code="soil.core", file=file,
                        hint=f"columns: {', '.join(COLUMNS)}")  # fmt: skip
    layers: dict[str, list[tuple[int, Layer]]] = {}
    homes: dict[str, tuple[str, str]] = {}
    for line, row in enumerate(rows, start=2):
        home = (row["cluster"], row["stratum"])
        if not row["core"] or homes.setdefault(row["core"], home) != home:
            raise PlanError("a layer without a core, or of a core in another cluster or stratum", code="soil.core", file=file,
                            field=f"line {line}", hint="one cluster and stratum for a core")  # fmt: skip
        layers.setdefault(row["core"], []).append((line, _layer(row, file, line)))
    return tuple(Core(name, *homes[name], _stacked(name, layers[name], file)) for name in sorted(layers))


def _layer(row: dict[str, str], file: str, line: int) -> Layer:
    values: dict[str, Fraction] = {}
    for name in COLUMNS[3:]:
        try:
            # Decimal and exponent forms only: "1/3" is not a measurement.
            values[name] = Fraction(row[name]) if "/" not in row[name] else Fraction("x")
        except (ValueError, TypeError) as error:
            raise PlanError(f"{row[name]!r} is not a number", code="soil.core", file=file, field=f"line {line}, {name}",
                            hint="a decimal number; leave out layers that were not measured") from error  # fmt: skip
    layer = Layer(**values)
    limits = (
        (0 <= layer.top_cm < layer.bottom_cm, "bottom_cm", "depths in cm, downward from 0"),
        (0 < layer.bulk_density_g_cm3 <= MINERAL_G_CM3, "bulk_density_g_cm3", "g/cm³ (not kg/m³), at most 2.65"),
        (0 <= layer.carbon_fraction <= FRACTION_MAX, "carbon_fraction", "a fraction (not percent), at most 0.6"),
    )
    for holds, name, hint in limits:
        if not holds:
            raise PlanError(f"{name} is {row[name]}", code="soil.core", file=file, field=f"line {line}, {name}", hint=hint)
    return layer


def _stacked(name: str, layers: Sequence[tuple[int, Layer]], file: str) -> tuple[Layer, ...]:
    reached, ordered = Fraction(0), sorted(layers, key=lambda item: item[1].top_cm)
    for line, layer in ordered:
        if layer.top_cm != reached:
            what = "overlaps the layer above" if layer.top_cm < reached else "leaves a gap below the layer above"
            raise PlanError(f"core {name}: the layer from {float(layer.top_cm):g} cm {what}", code="soil.core-layers",
                            file=file, field=f"line {line}, top_cm", hint="layers join, from 0 cm down")  # fmt: skip
        reached = layer.bottom_cm
    return tuple(layer for _, layer in ordered)
