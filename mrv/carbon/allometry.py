"""Allometric equations: a tree's biomass from its diameter, wood density and height.

Every form is linear in logarithms, ``ln B = Σ βⱼ xⱼ + e · ln ρ``, so that one draw of its parameters serves all trees.
Logarithms and exponentials are those of ``decimal``, which rounds them correctly: the same grams on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Literal

from mrv.committed import committed_rows
from mrv.errors import PlanError

Pool = Literal["above-ground", "below-ground"]
POWER_VOLUME = "a*(rho*D^2*H)^b"
POWER_DENSITY = "a*rho^c*D^b"
CUBIC = "rho*exp(a+b*lnD+c*lnD^2+d*lnD^3)"
FORMS = (POWER_VOLUME, POWER_DENSITY, CUBIC)
"""The closed set of forms: B in kg, D in cm, H in m, ρ in g/cm³."""
_COLUMNS = (
    "id", "pool", "form", "a", "b", "c", "d", "bias_corrected", "rse", "rse_source", "covariance", "covariance_source",
    "covariance_site", "site_sd", "site_source", "dbh_min_cm", "dbh_max_cm", "height_min_m", "height_max_m", "region", "group",
    "source", "verified", "note",
)  # fmt: skip
_CONTEXT = Context(prec=28)
_GRAMS = 1000


@dataclass(frozen=True, slots=True)
class Equation:
    """One published equation."""

    id: str
    """Id in its table."""
    pool: Pool
    """What it gives: oven-dry biomass above or below ground."""
    form: str
    """One of ``FORMS``."""
    coefficients: tuple[Fraction, ...]
    """The published a, b, c, d of the form."""
    bias_corrected: str
    """Whether the correction for the logarithm's back-transformation is inside: yes, no, unknown."""
    rse_ln: Fraction | None
    """Residual standard error of ln B; None where it is not known, and then left out of the uncertainty."""
    covariance: tuple[tuple[Fraction, ...], ...] | None
    """Covariance of (ln a, b) or (a, b, c, d), trees taken as independent; None where it is not known."""
    covariance_site: tuple[tuple[Fraction, ...], ...] | None
    """The same, trees of one site taken together."""
    site_sd_ln: Fraction | None
    """Standard deviation between sites of the mean residual of ln B: an equation carries it whole to one place."""
    dbh_cm: tuple[Fraction | None, Fraction | None]
    """Smallest and largest diameter it was fitted to, cm."""
    height_m: tuple[Fraction | None, Fraction | None]
    """Smallest and largest height it was fitted to, m."""
    region: str
    """Where its trees were weighed."""
    group: str
    """Which trees they were."""
    source: str
    """Publication and equation."""
    verified: bool
    """The coefficients were checked against the publication, its reference code or its data."""
    note: str
    """What its reader should know."""

    @property
    def needs_height(self) -> bool:
        """Whether a tree without a height has no biomass under it."""
        return self.form == POWER_VOLUME

    @property
    def density_power(self) -> Fraction:
        """Exponent of wood density."""
        if self.form == CUBIC:
            return Fraction(1)
        return self.coefficients[1] if self.form == POWER_VOLUME else self.coefficients[2]

    @property
    def height_power(self) -> Fraction:
        """Exponent of height."""
        return self.coefficients[1] if self.form == POWER_VOLUME else Fraction(0)

    @property
    def parameters(self) -> int:
        """Columns of the linear predictor, the intercept included."""
        return 4 if self.form == CUBIC else 2

    def dbh_power(self, ln_dbh: Fraction) -> Fraction:
        """Elasticity d ln B / d ln D.

        Args:
            ln_dbh: ln of the diameter in cm.
        """
        if self.form == POWER_VOLUME:
            return 2 * self.coefficients[1]
        if self.form == POWER_DENSITY:
            return self.coefficients[1]
        _, b, c, d = self.coefficients
        return b + 2 * c * ln_dbh + 3 * d * ln_dbh * ln_dbh


@lru_cache(maxsize=65536)
def ln(value: Fraction) -> Decimal:
    """Natural logarithm to 28 digits, correctly rounded from a correctly rounded quotient."""
    return _CONTEXT.ln(_decimal(value))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def predictor(equation: Equation, *, dbh_cm: Fraction, height_m: Fraction | None, density_g_cm3: Fraction) -> Decimal:
    """The covariate x of the linear predictor: ln(ρD²H) or ln D.

    Raises:
        PlanError: The equation needs a height and the tree has none.
    """
    if equation.form != POWER_VOLUME:
        return ln(dbh_cm)
    if height_m is None:
        raise PlanError(
            f"{equation.id} needs the height of every tree",
            code="allometry.height-missing",
            field="height_m",
            hint="measure or model heights beforehand, or name an equation without height",
        )
    return ln(density_g_cm3 * dbh_cm * dbh_cm * height_m)


@lru_cache(maxsize=65536)
def biomass_g(equation: Equation, *, dbh_cm: Fraction, height_m: Fraction | None, density_g_cm3: Fraction) -> int:
    """Oven-dry biomass of one tree, whole grams; arguments and errors as ``biomass_kg``."""
    kg = biomass_kg(equation, dbh_cm=dbh_cm, height_m=height_m, density_g_cm3=density_g_cm3)
    return round(Fraction(kg) * _GRAMS)


def biomass_kg(equation: Equation, *, dbh_cm: Fraction, height_m: Fraction | None, density_g_cm3: Fraction) -> Decimal:
    """Oven-dry biomass of one tree, kg, to 25 digits or more.

    Args:
        equation: The equation.
        dbh_cm: Diameter at breast height, cm.
        height_m: Total height, m; None where not measured.
        density_g_cm3: Wood density, g/cm³.

    Raises:
        PlanError: The equation needs a height and the tree has none.
    """
    x = predictor(equation, dbh_cm=dbh_cm, height_m=height_m, density_g_cm3=density_g_cm3)
    a, b = (_decimal(value) for value in equation.coefficients[:2])
    context = _CONTEXT
    if equation.form == CUBIC:
        c, d = (_decimal(value) for value in equation.coefficients[2:])
        exponent = context.fma(context.fma(context.fma(d, x, c), x, b), x, a)
    else:
        exponent = context.fma(b, x, context.ln(a))
    if equation.form != POWER_VOLUME:
        exponent = context.fma(_decimal(equation.density_power), ln(density_g_cm3), exponent)
    return context.exp(exponent)


@cache
def load_allometries(name: str = "allometries") -> dict[str, Equation]:
    """A table of equations by id.

    Raises:
        PlanError: No such table.
    """
    if name != "allometries":
        raise PlanError(f"no table {name}", code="allometry.table", hint="tables: allometries")
    return {row["id"]: _equation(row) for row in committed_rows("mrv.carbon", name, _COLUMNS)}


def equation(name: str, *, table: str = "allometries") -> Equation:
    """One equation of a table.

    Raises:
        PlanError: No such equation.
    """
    known = load_allometries(table)
    if name not in known:
        raise PlanError(f"no equation {name}", code="allometry.unknown", hint=f"equations: {', '.join(sorted(known))}")
    return known[name]


def _equation(row: dict[str, str]) -> Equation:
    if row["form"] not in FORMS or row["pool"] not in {"above-ground", "below-ground"}:
        raise PlanError(f"{row['id']}: unknown form or pool", code="allometry.form", field="form", hint=", ".join(FORMS))
    count = {POWER_VOLUME: 2, POWER_DENSITY: 3, CUBIC: 4}[row["form"]]
    return Equation(
        id=row["id"],
        pool="above-ground" if row["pool"] == "above-ground" else "below-ground",
        form=row["form"],
        coefficients=tuple(Fraction(row[name]) for name in "abcd"[:count]),
        bias_corrected=row["bias_corrected"],
        rse_ln=_optional(row["rse"]),
        covariance=_covariance(row["covariance"]),
        covariance_site=_covariance(row["covariance_site"]),
        site_sd_ln=_optional(row["site_sd"]),
        dbh_cm=(_optional(row["dbh_min_cm"]), _optional(row["dbh_max_cm"])),
        height_m=(_optional(row["height_min_m"]), _optional(row["height_max_m"])),
        region=row["region"],
        group=row["group"],
        source=row["source"],
        verified=row["verified"] == "yes",
        note=row["note"],
    )


def _optional(text: str) -> Fraction | None:
    return Fraction(text) if text else None


def _covariance(text: str) -> tuple[tuple[Fraction, ...], ...] | None:
    """A symmetric matrix from its upper triangle, row by row."""
    if not text:
        return None
    values = [Fraction(part) for part in text.split()]
    size = {3: 2, 10: 4}[len(values)]
    upper = {(i, j): values.pop(0) for i in range(size) for j in range(i, size)}
    return tuple(tuple(upper[min(i, j), max(i, j)] for j in range(size)) for i in range(size))
